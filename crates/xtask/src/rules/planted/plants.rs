//! Every way in which a good plan is broken, and the good plan that it breaks.

use domain::StepKey;
use domain::plan::Plan;
use domain::spec::{Edge, Effect, Reversal, Route, StepSpec};

use super::super::damage::Damage;
use super::super::switches::{
    ASSIGN, ASSIGN_REPLACES, BLOCK, CONVERT, CREATE, CREATE_THERE, DISABLE, LICENSES,
    LICENSES_LET_GO, METHODS, OFF, READ_BLOCK,
};
use super::super::synthetic::{self, NOTHING, step};
use super::Base::{self, Scene as Made, Steps};
use super::Plant;
use Damage as D;

const RICH: &str = "cloud only";
const EVERYTHING: Base = Steps(RICH, &[]);

// The ways to break a plan.

fn of<'a>(plan: &'a mut Plan, key: &str) -> &'a mut StepSpec {
    let found = plan.steps.iter_mut().find(|step| step.key.as_str() == key);
    found.expect("a plant names a step of its own good plan")
}

/// A step no longer waits for these.
fn cut(plan: &mut Plan, key: &str, others: &[&str]) {
    of(plan, key)
        .edges
        .retain(|edge| !others.contains(&edge.key().as_str()));
}

/// A step waits until another is settled, no longer until it is verified.
fn loosen(plan: &mut Plan, key: &str, other: &str) {
    cut(plan, key, &[other]);
    wait(plan, key, other);
}

/// A step waits for another.
fn wait(plan: &mut Plan, key: &str, other: &str) {
    of(plan, key).edges.push(Edge::After(StepKey::new(other)));
}

/// Nothing waits for anything that this step waits for.
fn free(plan: &mut Plan, key: &str) {
    of(plan, key).edges.clear();
}

fn add(plan: &mut Plan, key: &str, effect: Effect) {
    of(plan, key).effects.push(effect);
}

fn lose(plan: &mut Plan, key: &str, effect: fn(&Effect) -> bool) {
    of(plan, key).effects.retain(|other| !effect(other));
}

/// Another step, beside the others: after containment and before the end, as far as the good plan's own steps are.
fn beside(plan: &mut Plan, key: &str, effects: Vec<Effect>, like: &str) {
    let mut spec = step(key, effects);
    spec.edges.clone_from(&of(plan, like).edges);
    for other in &mut plan.steps {
        let ends = other.effects.iter().any(|effect| {
            matches!(
                effect,
                Effect::EndsSessionsAgain | Effect::Notifies | Effect::ClosesTicket
            )
        });
        if ends {
            other.edges.push(Edge::After(spec.key.clone()));
        }
    }
    plan.steps.push(spec);
}

/// Conversion and licence removal in a mailbox that needs a licence of its own.
const BIG: Base = Steps("60 GB, a seat", &[]);
/// Licences by group and directly.
const MIXED: Base = Steps("licensed directly and by two", &[]);
/// Licences by a rule.
const TOUCHY: Base = Steps(
    "licensed by a rule that reads accountEnabled, and directly",
    &[],
);
/// The mailbox is let go.
const LET_GO: Base = Steps(RICH, &[(CONVERT, OFF), (LICENSES, LICENSES_LET_GO)]);
/// Sign-in stays open.
const OPEN: Base = Steps(
    RICH,
    &[
        (BLOCK, OFF),
        (METHODS, OFF),
        (CONVERT, OFF),
        (LICENSES, OFF),
    ],
);
/// Somebody comes: licensed directly, by group and later, on premises and later, or is there already.
const JOINER: Base = Steps("a joiner, licensed directly", &[]);
const BY_GROUP: Base = Steps("a joiner, licensed by group", &[]);
const THERE: Base = Steps("a joiner, licensed by group", &[(CREATE, CREATE_THERE)]);
const IN_PLACE: Base = Steps("in place, sign-in blocked", &[]);
const EXCHANGED: Base = Steps("in place, another licence", &[(ASSIGN, ASSIGN_REPLACES)]);
/// Somebody leaves whose account is mastered on premises.
const HYBRID: Base = Steps("synced, mailbox in the cloud", &[]);
/// The same, and nobody is asked to close the account there.
const UNASKED: Base = Steps(
    "synced, mailbox in the cloud",
    &[(DISABLE, OFF), (READ_BLOCK, OFF)],
);
/// Nothing can be done to the mailbox.
const PREMISES: Base = Steps("synced, mailbox on premises", &[]);

/// Every way to break a plan.
pub(super) fn plants() -> Vec<Plant> {
    let mut all = plants_of_leavers();
    all.extend(plants_of_joiners());
    all
}

#[rustfmt::skip]
fn plants_of_leavers() -> Vec<Plant> {
    let plant = |damage: Damage, base: Base, breaks: fn(&mut Plan)| Plant { damage, base, breaks };
    vec![
        plant(D::EffectsLie, EVERYTHING, |p| lose(p, "convert-mailbox", |_| true)),
        plant(D::NeverBegins, EVERYTHING, |p| wait(p, "convert-mailbox", "notify")),
        plant(D::PreImageLost, EVERYTHING, |p| {
            let changes = of(p, "convert-mailbox").changes.clone();
            of(p, "hide-from-address-lists").changes.extend(changes);
        }),
        plant(D::NothingRecorded, EVERYTHING, |p| of(p, "convert-mailbox").changes.clear()),
        plant(D::AccessOpen, EVERYTHING, |p| add(p, "cancel-meetings", Effect::OpensSignIn)),
        plant(D::AccessOpenUnsaid, OPEN, |p| p.remarks.clear()),
        plant(D::SessionsBeforeBlock, EVERYTHING, |p| free(p, "revoke-sessions")),
        plant(D::SessionsNotLast, EVERYTHING, |p| cut(p, "revoke-sessions:again", &["remove-licenses"])),
        plant(D::SlowBeforeContainment, EVERYTHING, |p| free(p, "remove-from-lists")),
        plant(D::ContainmentWaits, EVERYTHING, |p| {
            free(p, "remove-from-lists");
            wait(p, "reset-password", "remove-from-lists");
        }),
        plant(D::ContainmentNotApart, EVERYTHING, |p| add(p, "reset-password", Effect::RemovesRules)),
        plant(D::RolesLate, EVERYTHING, |p| wait(p, "remove-admin-roles", "convert-mailbox")),
        plant(D::MeetingsLeft, EVERYTHING, |p| cut(p, "remove-licenses", &["cancel-meetings"])),
        plant(D::MailLost, EVERYTHING, |p| loosen(p, "remove-licenses", "convert-mailbox")),
        plant(D::KeeperMissing, BIG, |p| {
            loosen(p, "remove-licenses", "convert-mailbox:keep-licence");
            loosen(p, "convert-mailbox", "convert-mailbox:keep-licence");
        }),
        plant(D::ConvertedBlindly, PREMISES, |p| beside(p, "convert", vec![Effect::ConvertsMailbox], "remove-licenses")),
        plant(D::MailboxGone, EVERYTHING, |p| cut(p, "remove-licenses", &["set-forwarding"])),
        plant(D::LicenceStuck, MIXED, |p| lose(p, "remove-licenses", |e| matches!(e, Effect::FreesLicense { route: Route::Group(g), .. } if g.as_str() == "licence-list"))),
        plant(D::LicenceGroupTaken, MIXED, |p| add(p, "hide-from-address-lists", Effect::RemovesMembership { group: "licences".into() })),
        plant(D::LicenceTakenUnasked, EVERYTHING, |_| {}),
        plant(D::DirectBesideGroup, MIXED, |p| {
            let given = Effect::AssignsLicense { sku: "VISIO".into(), route: Route::Direct, carries: NOTHING };
            beside(p, "assign", vec![given], "hide-from-address-lists");
        }),
        plant(D::ConvertLate, TOUCHY, |p| wait(p, "convert-mailbox", "grant-mailbox-access")),
        plant(D::MailTakenByRule, TOUCHY, |p| lose(p, "convert-mailbox", |e| *e == Effect::ConvertsMailbox)),
        plant(D::RuleUnsaid, TOUCHY, |p| p.remarks.clear()),
        plant(D::LocationTouched, EVERYTHING, |p| beside(p, "locate", vec![Effect::SetsUsageLocation], "hide-from-address-lists")),
        plant(D::TooEarly, Made(synthetic::joiner), |p| cut(p, "assign", &["locate"])),
        plant(D::TooEarly, Made(synthetic::joiner), |p| loosen(p, "grant", "await-mailbox")),
        plant(D::OwnerGone, EVERYTHING, |p| loosen(p, "remove-from-groups:ownerships", "transfer-ownership")),
        plant(D::MethodsSplit, EVERYTHING, |p| add(p, "remove-mailbox-permissions", Effect::RemovesMethod)),
        plant(D::NumberLost, Made(synthetic::number), |p| loosen(p, "free", "unassign")),
        plant(D::NumberLost, Made(synthetic::number), |p| cut(p, "return-number", &["unassign"])),
        plant(D::DeletionBesideOthers, Made(synthetic::deletion), |p| beside(p, "forward", vec![Effect::SetsForwarding], "delete")),
        plant(D::DeviceUncleared, Made(synthetic::devices), |p| cut(p, "disable", &["wipe"])),
        plant(D::DeviceUncleared, Made(synthetic::devices), |p| cut(p, "free", &["retire"])),
        plant(D::PersonalWiped, Made(synthetic::devices), |p| of(p, "wipe").effects = vec![Effect::WipesDevice { device: "laptop".into(), company: false }]),
        plant(D::WipedAndRetired, Made(synthetic::devices), |p| add(p, "wipe", Effect::RetiresDevice { device: "laptop".into() })),
        plant(D::KeyLost, Made(synthetic::devices), |p| loosen(p, "wipe", "secure-key")),
        plant(D::NoLineOfItsOwn, LET_GO, |p| for change in &mut of(p, "remove-licenses").changes { change.reversal = Reversal::Return; }),
        plant(D::LastingUnmarked, EVERYTHING, |p| of(p, "cancel-meetings").changes[0].reversal = Reversal::Return),
        plant(D::SeatUnbought, Made(synthetic::joiner), |p| loosen(p, "assign", "buy")),
        plant(D::SeatReducedEarly, Made(synthetic::number), |p| loosen(p, "reduce", "free")),
        plant(D::CommitmentBroken, Made(synthetic::number), |p| of(p, "reduce").effects = vec![Effect::ReducesSeats { sku: "MCOEV".into(), breaks_commitment: true }]),
        plant(D::PremisesOrder, Made(synthetic::hybrid), |p| loosen(p, "read-block", "await-sync")),
        plant(D::PremisesOrder, Made(synthetic::hybrid_joiner), |p| cut(p, "assign", &["await-sync"])),
        plant(D::PremisesUnsaid, UNASKED, |p| p.remarks.clear()),
        plant(D::SyncedChanged, Made(synthetic::hybrid), |p| loosen(p, "change-in-cloud", "change-on-premises")),
        plant(D::LinkCleared, Made(synthetic::hybrid), |p| beside(p, "unlink", vec![Effect::ClearsImmutableId], "read-block")),
        plant(D::DoorOpen, EVERYTHING, |p| loosen(p, "remove-auth-methods", "block-sign-in")),
        plant(D::MailGivenUp, LET_GO, |p| lose(p, "remove-licenses", |e| *e == Effect::LetsMailboxGo)),
        plant(D::ConditionalAccess, EVERYTHING, |p| add(p, "hide-from-address-lists", Effect::ChangesConditionalAccess)),
        plant(D::NoticeEarly, EVERYTHING, |p| cut(p, "notify", &["revoke-sessions:again"])),
    ]
}

/// What joiners and people mastered on premises bring.
#[rustfmt::skip]
fn plants_of_joiners() -> Vec<Plant> {
    let plant = |damage: Damage, base: Base, breaks: fn(&mut Plan)| Plant { damage, base, breaks };
    vec![
        plant(D::EffectsLie, JOINER, |p| lose(p, "assign-licenses", |_| true)),
        plant(D::EffectsLie, EXCHANGED, |p| lose(p, "assign-licenses", |e| matches!(e, Effect::FreesLicense { .. }))),
        plant(D::EffectsLie, BY_GROUP, |p| lose(p, "assign-licenses:groups", |e| matches!(e, Effect::AssignsLicense { .. }))),
        plant(D::DirectBesideGroup, BY_GROUP, |p| {
            let given = Effect::AssignsLicense { sku: "VISIO".into(), route: Route::Direct, carries: NOTHING };
            beside(p, "assign", vec![given], "add-to-groups");
        }),
        plant(D::LicenceGroupJoined, JOINER, |p| add(p, "add-to-groups", Effect::AddsMembership { group: "licences".into() })),
        plant(D::TooEarly, JOINER, |p| loosen(p, "assign-licenses", "set-usage-location")),
        plant(D::TooEarly, BY_GROUP, |p| cut(p, "assign-licenses:groups", &["set-usage-location"])),
        plant(D::TooEarly, JOINER, |p| loosen(p, "add-to-groups", "create-user")),
        plant(D::TooEarly, JOINER, |p| cut(p, "register-phone-method", &["create-user"])),
        plant(D::TooEarly, BY_GROUP, |p| loosen(p, "create-user:enable", "create-user")),
        plant(D::TooEarly, THERE, |p| loosen(p, "create-temporary-access-pass", "create-user:synced")),
        plant(D::TooEarly, JOINER, |p| loosen(p, "await-mailbox", "assign-licenses")),
        plant(D::TooEarly, JOINER, |p| loosen(p, "mailbox-settings", "await-mailbox")),
        plant(D::TooEarly, BY_GROUP, |p| cut(p, "add-to-lists", &["await-mailbox"])),
        plant(D::TooEarly, JOINER, |p| loosen(p, "send-welcome", "await-mailbox")),
        plant(D::PersonMissing, JOINER, |p| p.steps.retain(|step| step.key.as_str() != "create-user")),
        plant(D::MailboxMissing, JOINER, |p| p.steps.retain(|step| step.key.as_str() != "await-mailbox")),
        plant(D::MailboxNeverComes, JOINER, |p| lose(p, "assign-licenses", |_| true)),
        plant(D::SeatUnbought, JOINER, |p| beside(p, "buy", vec![Effect::BuysSeat { sku: "SPE_E3".into() }], "set-usage-location")),
        plant(D::MailGivenUp, EXCHANGED, |p| lose(p, "assign-licenses", |e| matches!(e, Effect::AssignsLicense { .. }))),
        plant(D::LicenceTakenUnasked, EXCHANGED, |_| {}),
        plant(D::MadeTwice, IN_PLACE, |p| add(p, "create-user", Effect::CreatesPerson)),
        plant(D::MadeBeside, THERE, |p| beside(p, "create-in-cloud", vec![Effect::CreatesPerson], "create-user")),
        plant(D::PremisesOrder, THERE, |p| loosen(p, "create-user:synced", "create-user")),
        plant(D::PremisesOrder, THERE, |p| {
            loosen(p, "assign-licenses:groups", "create-user:synced");
            cut(p, "assign-licenses:groups", &["set-usage-location"]);
        }),
        plant(D::PremisesOrder, HYBRID, |p| loosen(p, "read-block-again", "disable-on-premises")),
        plant(D::PremisesOrder, HYBRID, |p| p.steps.retain(|step| step.key.as_str() != "read-block-again")),
        plant(D::SlowBeforeContainment, HYBRID, |p| free(p, "disable-on-premises")),
        plant(D::ContainmentWaits, HYBRID, |p| {
            free(p, "disable-on-premises");
            wait(p, "revoke-sessions", "disable-on-premises");
        }),
        plant(D::AgainstPolicy, JOINER, |p| add(p, "add-to-groups", Effect::AddsMembership { group: "board".into() })),
        plant(D::BeforeFirstDay, BY_GROUP, |p| of(p, "create-user:enable").not_before = None),
        plant(D::BeforeFirstDay, BY_GROUP, |p| of(p, "create-temporary-access-pass").not_before = None),
        plant(D::PassForNobody, JOINER, |p| p.steps.retain(|step| !step.effects.contains(&Effect::Notifies))),
        plant(D::NoticeEarly, JOINER, |p| cut(p, "notify-manager", &["send-welcome"])),
        plant(D::NoticeEarly, THERE, |p| cut(p, "notify", &["send-welcome"])),
    ]
}
