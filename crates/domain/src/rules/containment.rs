//! Rules 1, 2, 3 and 19: the pre-image, closing access first, roles next, and telling people last.

use crate::plan::is_containment;
use crate::request::Kind;
use crate::spec::{Effect, Expect};

use super::{Broken, Ground, Order, Pair, Rule, Strength, no_ban};

fn contains(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::ClosesSignIn | Effect::ResetsPassword | Effect::EndsSessions
    )
}

fn tells(effect: &Effect) -> bool {
    matches!(effect, Effect::Notifies | Effect::ClosesTicket)
}

/// Rule 1.
pub(super) const PRE_IMAGE: Rule = Rule {
    number: 1,
    says: "the pre-image of each object is recorded before its first change",
    pairs: &[],
    ban: pre_image,
};

/// Two steps that change one property leave no single pre-image to go back to.
fn pre_image(ground: &Ground<'_>, _: &Order) -> Broken {
    let mut broken = Vec::new();
    for (index, spec) in ground.specs.iter().enumerate() {
        if spec.changes.is_empty() {
            broken.push((
                Some(spec.key.clone()),
                format!(
                    "{} names no change, so nothing can be recorded before it",
                    spec.key
                ),
            ));
        }
        for change in spec
            .changes
            .iter()
            .filter(|change| change.after != Expect::Later)
        {
            let twin = ground.specs[..index].iter().find(|other| {
                other.changes.iter().any(|c| {
                    c.object.kind == change.object.kind
                        && c.object.id == change.object.id
                        && c.property == change.property
                })
            });
            if let Some(twin) = twin {
                broken.push((
                    Some(spec.key.clone()),
                    format!(
                        "{} and {} both change the {} of {}; switch one of them off",
                        twin.key, spec.key, change.property, change.object
                    ),
                ));
            }
        }
    }
    broken
}

/// Rule 2.
pub(super) const CONTAINMENT: Rule = Rule {
    number: 2,
    says: "sign-in is blocked, then the password reset, then sessions end, before anything else",
    pairs: &[
        Pair {
            first: |e| *e == Effect::ClosesSignIn,
            second: |_, e| matches!(e, Effect::ResetsPassword | Effect::EndsSessions),
            strength: Strength::Answered,
        },
        Pair {
            first: |e| *e == Effect::ResetsPassword,
            second: |_, e| *e == Effect::EndsSessions,
            strength: Strength::Answered,
        },
        Pair {
            first: contains,
            second: |_, e| !contains(e),
            strength: Strength::After,
        },
        Pair {
            first: |e| !tells(e) && *e != Effect::EndsSessionsAgain,
            second: |_, e| *e == Effect::EndsSessionsAgain,
            strength: Strength::After,
        },
    ],
    ban: containment,
};

fn containment(ground: &Ground<'_>, order: &Order) -> Broken {
    let mut broken = Vec::new();
    for spec in ground.specs.iter().filter(|spec| is_containment(spec)) {
        if spec.effects.len() > 1 {
            broken.push((
                Some(spec.key.clone()),
                format!("{} must be a call of its own and do nothing else", spec.key),
            ));
        }
        for before in order.before(&spec.key) {
            if ground
                .specs
                .iter()
                .any(|other| other.key == before && !is_containment(other))
            {
                broken.push((
                    Some(spec.key.clone()),
                    format!(
                        "{} waits for {before}; closing access waits for nothing",
                        spec.key
                    ),
                ));
            }
        }
    }
    let ends = ground.any(|e| *e == Effect::EndsSessions);
    if ends && ground.kind == Kind::Offboard && !ground.any(|e| *e == Effect::EndsSessionsAgain) {
        broken.push((
            None,
            "sessions are ended at the start but not once more at the end of the run".to_owned(),
        ));
    }
    broken
}

/// Rule 3.
pub(super) const ROLES: Rule = Rule {
    number: 3,
    says: "administrative roles go directly after containment",
    pairs: &[],
    ban: roles,
};

fn roles(ground: &Ground<'_>, order: &Order) -> Broken {
    let mut broken = Vec::new();
    for spec in ground.with(|e| matches!(e, Effect::RemovesRole { .. })) {
        for before in order.before(&spec.key) {
            let slow = ground
                .specs
                .iter()
                .find(|other| other.key == before && !is_containment(other));
            if let Some(slow) = slow.filter(|slow| {
                !slow.has(|e| matches!(e, Effect::CreatesPerson | Effect::RemovesRole { .. }))
            }) {
                broken.push((
                    Some(spec.key.clone()),
                    format!(
                        "{} waits for {}; roles go directly after containment",
                        spec.key, slow.key
                    ),
                ));
            }
        }
    }
    broken
}

/// Rule 19.
pub(super) const LAST: Rule = Rule {
    number: 19,
    says: "completion notices and the closing of the ticket come last",
    pairs: &[Pair {
        first: |e| !tells(e),
        second: |_, e| tells(e),
        strength: Strength::After,
    }],
    ban: no_ban,
};
