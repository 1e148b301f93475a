//! Plans made of effects that no step has yet, for the order rules whose steps come later.

use domain::facts::MailboxFacts;
use domain::request::Kind;
use domain::spec::{
    Budget, Carries, Change, Effect, Expect, ObjectKind, ObjectRef, Reversal, Route, StepSpec,
};
use domain::{ObjectId, StepKey};
use serde_json::Value;

use super::parts::held;
use super::shapes::{Mail, Shape, Takes, USUAL, shape};

/// A tenant and what is proposed in it.
pub(super) struct Scene {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) kind: Kind,
    pub(super) specs: Vec<StepSpec>,
}

/// A step of these effects that changes an object of its own.
pub(super) fn step(key: &str, effects: Vec<Effect>) -> StepSpec {
    let reversal = effects.iter().find_map(|effect| match effect {
        Effect::WipesDevice { .. }
        | Effect::DeletesPerson
        | Effect::ReducesSeats { .. }
        | Effect::LetsMailboxGo => Some(Reversal::ApprovedApart("it is gone".to_owned())),
        Effect::CancelsMeetings | Effect::RemovesMethod | Effect::ResetsPassword => {
            Some(Reversal::CannotReturn("it is known".to_owned()))
        }
        _ => None,
    });
    StepSpec {
        key: StepKey::new(key),
        step: key.to_owned(),
        version: 1,
        summary: String::new(),
        params: Value::Null,
        changes: vec![Change {
            object: ObjectRef::new(ObjectKind::Manual, &ObjectId::new(key), key),
            property: "state".to_owned(),
            now: Value::Null,
            after: Expect::Is(Value::Bool(true)),
            reversal: reversal.unwrap_or(Reversal::Return),
        }],
        effects,
        edges: Vec::new(),
        budget: Budget::DIRECTORY,
        permissions: Vec::new(),
        may_grow: false,
        not_before: None,
        by_hand: None,
    }
}

/// A licence taken, with what hangs on it.
pub(super) fn frees(sku: &str, route: Route) -> Effect {
    Effect::FreesLicense {
        sku: sku.into(),
        carries: held(sku, Route::Direct).carries,
        route,
    }
}

/// A licence given.
pub(super) fn assigns(sku: &str, route: Route) -> Effect {
    Effect::AssignsLicense {
        sku: sku.into(),
        carries: held(sku, Route::Direct).carries,
        route,
    }
}

/// Closing access, ending sessions again, telling: what stands in every leaver's plan.
pub(super) fn frame(more: Vec<StepSpec>) -> Vec<StepSpec> {
    let mut specs = vec![
        step("block", vec![Effect::ClosesSignIn]),
        step("end-sessions", vec![Effect::EndsSessions]),
    ];
    specs.extend(more);
    specs.push(step("end-sessions-again", vec![Effect::EndsSessionsAgain]));
    specs.push(step("tell", vec![Effect::Notifies]));
    specs.push(step("close-ticket", vec![Effect::ClosesTicket]));
    specs
}

/// Devices are cleared, then put away; then the licence that manages them goes.
pub(super) fn devices() -> Scene {
    let laptop = || ObjectId::new("laptop");
    let phone = || ObjectId::new("phone");
    Scene {
        name: "devices",
        shape: shape("a leaver with devices", USUAL, |_| {}),
        kind: Kind::Offboard,
        specs: frame(vec![
            step("free", vec![frees("SPE_E3", Route::Direct)]),
            step("disable", vec![Effect::DisablesDevice { device: laptop() }]),
            step(
                "remove-record",
                vec![Effect::RemovesDevice { device: phone() }],
            ),
            step(
                "wipe",
                vec![Effect::WipesDevice {
                    device: laptop(),
                    company: true,
                }],
            ),
            step("retire", vec![Effect::RetiresDevice { device: phone() }]),
            step(
                "secure-key",
                vec![Effect::SecuresRecoveryKey { device: laptop() }],
            ),
            step("convert", vec![Effect::ConvertsMailbox]),
        ]),
    }
}

/// A number returns to the inventory, its licence goes, and the seat is given up.
pub(super) fn number() -> Scene {
    Scene {
        name: "number and seat",
        shape: shape("a leaver with a number", USUAL, |facts| {
            facts.licenses.push(held("MCOEV", Route::Direct));
        }),
        kind: Kind::Offboard,
        specs: frame(vec![
            step(
                "reduce",
                vec![Effect::ReducesSeats {
                    sku: "MCOEV".into(),
                    breaks_commitment: false,
                }],
            ),
            step("free", vec![frees("MCOEV", Route::Direct)]),
            step("return-number", vec![Effect::ReturnsNumber]),
            step("unassign", vec![Effect::UnassignsNumber]),
        ]),
    }
}

/// The account is mastered on premises.
pub(super) fn hybrid() -> Scene {
    let traits = super::shapes::Traits {
        synced: true,
        ..USUAL
    };
    Scene {
        name: "on premises",
        shape: shape("a synced leaver", traits, |facts| {
            facts.person.synced = true
        }),
        kind: Kind::Offboard,
        specs: frame(vec![
            step("change-in-cloud", vec![Effect::ChangesSyncedAttribute]),
            step("read-block", vec![Effect::ReadsBlockAgain]),
            step("await-sync", vec![Effect::AwaitsSync]),
            step("change-on-premises", vec![Effect::ChangesOnPremises]),
            step("reset-on-premises", vec![Effect::ResetsPasswordOnPremises]),
            step("disable-on-premises", vec![Effect::DisablesOnPremises]),
        ]),
    }
}

/// The retention time is over.
pub(super) fn deletion() -> Scene {
    let traits = super::shapes::Traits {
        mail: Mail::Shared,
        ..USUAL
    };
    Scene {
        name: "deletion",
        shape: shape("a leaver whose retention ends", traits, |facts| {
            if let MailboxFacts::Cloud(mailbox) = &mut facts.mailbox {
                mailbox.kind = "SharedMailbox".to_owned();
            }
        }),
        kind: Kind::Offboard,
        specs: frame(vec![step("delete", vec![Effect::DeletesPerson])]),
    }
}

/// The person who is created is nobody yet.
fn nobody(name: &'static str) -> Shape {
    let traits = super::shapes::Traits {
        mail: Mail::None,
        located: false,
        takes: Takes::Nothing,
        ..USUAL
    };
    shape(name, traits, |facts| {
        facts.person.usage_location = None;
        facts.licenses.clear();
        facts.methods.clear();
        facts.meetings.clear();
        facts.mailbox = MailboxFacts::None;
    })
}

/// Somebody joins.
pub(super) fn joiner() -> Scene {
    Scene {
        name: "joiner",
        shape: nobody("a joiner"),
        kind: Kind::Onboard,
        specs: vec![
            step("tell", vec![Effect::Notifies]),
            step("grant", vec![Effect::NeedsMailbox]),
            step("await-mailbox", vec![Effect::AwaitsMailbox]),
            step("assign", vec![assigns("SPE_E3", Route::Direct)]),
            step(
                "buy",
                vec![Effect::BuysSeat {
                    sku: "SPE_E3".into(),
                }],
            ),
            step("locate", vec![Effect::SetsUsageLocation]),
            step("create", vec![Effect::CreatesPerson]),
        ],
    }
}

/// Somebody joins who is created on premises.
pub(super) fn hybrid_joiner() -> Scene {
    Scene {
        name: "joiner on premises",
        shape: nobody("a joiner on premises"),
        kind: Kind::Onboard,
        specs: vec![
            step("assign", vec![assigns("SPE_E3", Route::Direct)]),
            step("locate", vec![Effect::SetsUsageLocation]),
            step("await-sync", vec![Effect::AwaitsSync]),
            step("create-on-premises", vec![Effect::CreatesOnPremises]),
        ],
    }
}

/// Every scene whose plan must be made, and must do no damage.
pub(super) fn scenes() -> Vec<Scene> {
    vec![
        devices(),
        number(),
        hybrid(),
        deletion(),
        joiner(),
        hybrid_joiner(),
    ]
}

/// What hangs on nothing, for a licence that is not of this tenant.
pub(super) const NOTHING: Carries = Carries {
    mailbox: false,
    voice: false,
    devices: false,
};
