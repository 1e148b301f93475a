//! Proposals that contradict an order rule whatever the order: the planner must refuse each for that rule.

use domain::facts::{Facts, Joiner, MailboxFacts};
use domain::spec::{Effect, Reversal, Route, StepSpec};

use super::parts::{by, held, licence_group, owned};
use super::shapes::{Keeper, Shape, Traits, USUAL, shape};
use super::synthetic::{
    Scene, assigns, deletion, devices, frame, frees, hybrid, joiner, number, step,
};

/// A rule, what contradicts it, and the proposal that does.
pub(super) type Contradiction = (u8, &'static str, Scene);

/// Every contradiction.
pub(super) fn all() -> Vec<Contradiction> {
    let mut all = access();
    all.extend(licences());
    all.extend(lasting());
    all.extend(premises());
    all
}

/// A usual leaver with these steps, between containment and the end.
fn usual(specs: Vec<StepSpec>) -> Scene {
    bare(frame(specs))
}

/// A usual leaver with these steps and no others.
fn bare(specs: Vec<StepSpec>) -> Scene {
    Scene { specs, ..number() }
}

/// A scene in which these steps stand instead of those of the same key, or beside the others.
fn with(mut scene: Scene, more: Vec<StepSpec>) -> Scene {
    scene
        .specs
        .retain(|other| more.iter().all(|spec| spec.key != other.key));
    scene.specs.extend(more);
    scene
}

fn changed(mut scene: Scene, change: fn(&mut Facts)) -> Scene {
    change(&mut scene.shape.facts);
    scene
}

fn one(key: &str, effect: Effect) -> Vec<StepSpec> {
    vec![step(key, vec![effect])]
}

fn access() -> Vec<Contradiction> {
    let first = step("first", vec![Effect::RemovesRules]);
    let mut second = step("second", vec![Effect::RemovesPartnership]);
    second.changes.clone_from(&first.changes);
    let shared = step("both", vec![Effect::ResetsPassword, Effect::RemovesRules]);
    let reopened = [
        one("meet", Effect::CancelsMeetings),
        one("open", Effect::OpensSignIn),
    ]
    .concat();
    let twice = [
        one("one", Effect::RemovesMethod),
        one("two", Effect::RemovesMethod),
    ]
    .concat();
    vec![
        (
            1,
            "two steps change one property",
            usual(vec![first, second]),
        ),
        (
            2,
            "sessions are not ended again",
            bare(one("end", Effect::EndsSessions)),
        ),
        (2, "closing access shares a call", bare(vec![shared])),
        (
            4,
            "sign-in is opened for the sake of meetings",
            usual(reopened),
        ),
        (11, "methods in two steps", usual(twice)),
        (
            18,
            "methods go while the door is open",
            bare(one("methods", Effect::RemovesMethod)),
        ),
        (
            18,
            "the mailbox is converted while the door is open",
            bare(one("convert", Effect::ConvertsMailbox)),
        ),
        (
            18,
            "a licence goes from a mailbox that stays a person's",
            usual(one("free", frees("SPE_E3", Route::Direct))),
        ),
        (
            18,
            "Conditional Access is changed",
            usual(one("policy", Effect::ChangesConditionalAccess)),
        ),
    ]
}

fn nobody_makes() -> Scene {
    let joins = Effect::AddsMembership {
        group: "plain".into(),
    };
    let scene = Scene {
        specs: one("join", joins),
        ..joiner()
    };
    changed(scene, |facts| {
        facts.joiner = Some(Joiner {
            new: true,
            ..Joiner::default()
        });
    })
}

fn by_group(facts: &mut Facts) {
    facts.licenses = vec![held("SPE_E3", by("licences"))];
    facts.memberships = vec![licence_group("licences", &["SPE_E3"])];
}

fn with_archive() -> Shape {
    let traits = Traits {
        large: true,
        keeper: Keeper::Seat,
        ..USUAL
    };
    shape("a leaver with an archive", traits, |facts| {
        if let MailboxFacts::Cloud(mailbox) = &mut facts.mailbox {
            mailbox.archive = true;
        }
    })
}

fn licences() -> Vec<Contradiction> {
    let stuck = changed(usual(one("free", frees("MCOEV", Route::Direct))), |facts| {
        by_group(facts);
        facts.licenses.push(held("MCOEV", Route::Direct));
    });
    let leave = Effect::RemovesMembership {
        group: "licences".into(),
    };
    let given = one("assign", assigns("MCOEV", Route::Direct));
    let convert = one("convert", Effect::ConvertsMailbox);
    let taken = [convert, one("free", frees("SPE_E3", Route::Direct))].concat();
    let homeless = one("assign", assigns("SPE_E3", Route::Direct));
    vec![
        (
            5,
            "a mailbox with archive loses every licence",
            Scene {
                shape: with_archive(),
                ..usual(taken)
            },
        ),
        (7, "a direct licence goes, a licence group stays", stuck),
        (
            7,
            "a licence group is left without its licence",
            changed(usual(one("leave", leave)), by_group),
        ),
        (
            8,
            "a direct licence beside a group's",
            changed(usual(given), by_group),
        ),
        (
            9,
            "a leaver's usage location",
            usual(one("locate", Effect::SetsUsageLocation)),
        ),
        (
            8,
            "a joiner gets one licence by group and another directly",
            with(
                joiner(),
                [
                    one("assign", assigns("SPE_E3", by("licences"))),
                    one("assign-more", assigns("MCOEV", Route::Direct)),
                ]
                .concat(),
            ),
        ),
        (
            9,
            "something is written for a person whom no step makes",
            nobody_makes(),
        ),
        (
            9,
            "a licence without usage location",
            Scene {
                specs: homeless,
                ..joiner()
            },
        ),
        (
            12,
            "a number returns that is still assigned",
            usual(one("return", Effect::ReturnsNumber)),
        ),
    ]
}

fn sole_owner(facts: &mut Facts) {
    facts.owned_groups = vec![owned("owned-alone", &["leaver"])];
}

fn lasting() -> Vec<Contradiction> {
    let drop = Effect::RemovesOwner {
        group: "owned-alone".into(),
    };
    let convert = one("convert", Effect::ConvertsMailbox);
    let personal = Effect::WipesDevice {
        device: "laptop".into(),
        company: false,
    };
    let retired = Effect::RetiresDevice {
        device: "laptop".into(),
    };
    let breaks = Effect::ReducesSeats {
        sku: "MCOEV".into(),
        breaks_commitment: true,
    };
    let mut unlined = deletion();
    for spec in &mut unlined.specs {
        spec.changes[0].reversal = Reversal::Return;
    }
    vec![
        (
            10,
            "the last owner goes",
            changed(usual(one("drop", drop)), sole_owner),
        ),
        (
            10,
            "the last owner is deleted",
            changed(deletion(), sole_owner),
        ),
        (13, "deletion beside conversion", with(deletion(), convert)),
        (
            14,
            "a personal device is wiped",
            with(devices(), one("wipe", personal)),
        ),
        (
            14,
            "a device is wiped and retired",
            with(devices(), one("retire", retired)),
        ),
        (15, "a deletion without a line of its own", unlined),
        (
            16,
            "a commitment is broken",
            with(number(), one("reduce", breaks)),
        ),
    ]
}

fn premises() -> Vec<Contradiction> {
    let alone = one("change", Effect::ChangesSyncedAttribute);
    let unlink = one("unlink", Effect::ClearsImmutableId);
    vec![
        (
            17,
            "the block is not read again",
            usual(one("disable", Effect::DisablesOnPremises)),
        ),
        (
            17,
            "a synced attribute is changed in the cloud alone",
            Scene {
                specs: frame(alone),
                ..hybrid()
            },
        ),
        (
            17,
            "the link is cleared while it syncs",
            with(hybrid(), unlink),
        ),
    ]
}
