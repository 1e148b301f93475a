//! Rules 13, 14, 15 and 18: deletion, devices, what is approved apart, and what is refused whatever the switches say.

use crate::plan::is_containment;
use crate::spec::{Effect, Reversal, StepSpec};

use super::mailbox::hangs_on_licence;
use super::{Broken, Ground, Order, Pair, Rule, Strength};

/// Rule 13.
pub(super) const DELETE: Rule = Rule {
    number: 13,
    says: "deleting a person is a plan of its own",
    pairs: &[],
    ban: delete,
};

fn delete(ground: &Ground<'_>, _: &Order) -> Broken {
    let Some(deletes) = ground.with(|e| *e == Effect::DeletesPerson).next() else {
        return Vec::new();
    };
    let allowed = |spec: &&StepSpec| {
        spec.key == deletes.key
            || is_containment(spec)
            || spec.has(|e| {
                matches!(
                    e,
                    Effect::Notifies | Effect::ClosesTicket | Effect::EndsSessionsAgain
                )
            })
    };
    ground
        .specs
        .iter()
        .filter(|spec| !allowed(spec))
        .map(|spec| {
            (Some(spec.key.clone()), format!("{} and {} contradict each other: deletion is a plan of its own, made when the retention time ends", deletes.key, spec.key))
        })
        .collect()
}

fn device(effect: &Effect) -> Option<&crate::ObjectId> {
    match effect {
        Effect::WipesDevice { device, .. }
        | Effect::RetiresDevice { device }
        | Effect::DisablesDevice { device }
        | Effect::RemovesDevice { device }
        | Effect::SecuresRecoveryKey { device } => Some(device),
        _ => None,
    }
}

fn clears(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::WipesDevice { .. } | Effect::RetiresDevice { .. }
    )
}

fn puts_away(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::DisablesDevice { .. } | Effect::RemovesDevice { .. }
    )
}

/// Rule 14.
pub(super) const DEVICES: Rule = Rule {
    number: 14,
    says: "a device is cleared before it is disabled or removed or loses its licence, and its recovery key is secured first",
    pairs: &[
        Pair {
            first: clears,
            second: |first, e| {
                (puts_away(e) && device(first) == device(e))
                    || matches!(e, Effect::FreesLicense { carries, .. } if carries.devices)
            },
            strength: Strength::After,
        },
        Pair {
            first: |e| matches!(e, Effect::SecuresRecoveryKey { .. }),
            second: |first, e| (clears(e) || puts_away(e)) && device(first) == device(e),
            strength: Strength::Needs,
        },
    ],
    ban: devices,
};

fn devices(ground: &Ground<'_>, _: &Order) -> Broken {
    let mut broken = Vec::new();
    for spec in ground.specs {
        for effect in &spec.effects {
            let Effect::WipesDevice { device, company } = effect else {
                continue;
            };
            if !company {
                broken.push((
                    Some(spec.key.clone()),
                    format!(
                        "{} would wipe a device that is not known to be the company's",
                        spec.key
                    ),
                ));
            }
            if ground.any(|e| matches!(e, Effect::RetiresDevice { device: d } if d == device)) {
                broken.push((
                    Some(spec.key.clone()),
                    format!(
                        "{} wipes a device that another step retires; choose one",
                        spec.key
                    ),
                ));
            }
        }
    }
    broken
}

/// Rule 15.
pub(super) const APART: Rule = Rule {
    number: 15,
    says: "what can never be taken back is approved on a line of its own",
    pairs: &[],
    ban: apart,
};

fn apart(ground: &Ground<'_>, _: &Order) -> Broken {
    let mut broken = Vec::new();
    for spec in ground.specs {
        let grave = spec.has(|e| {
            matches!(
                e,
                Effect::WipesDevice { .. }
                    | Effect::DeletesPerson
                    | Effect::ReducesSeats { .. }
                    | Effect::LetsMailboxGo
            )
        });
        if grave && !spec.approved_apart() {
            broken.push((
                Some(spec.key.clone()),
                format!(
                    "{} can never be taken back and must be approved on a line of its own",
                    spec.key
                ),
            ));
        }
        let marked = spec
            .changes
            .iter()
            .all(|change| change.reversal != Reversal::Return);
        let lasting = spec.has(|e| {
            matches!(
                e,
                Effect::CancelsMeetings | Effect::RemovesMethod | Effect::ResetsPassword
            )
        });
        if lasting && !marked {
            broken.push((
                Some(spec.key.clone()),
                format!("{} cannot return and must say so", spec.key),
            ));
        }
    }
    broken
}

/// Rule 18.
pub(super) const OPEN_DOOR: Rule = Rule {
    number: 18,
    says: "sign-in methods stay and the mailbox is not converted while sign-in is open, and no mailbox is lost with its licence",
    pairs: &[Pair {
        first: |e| *e == Effect::ClosesSignIn,
        second: |_, e| matches!(e, Effect::RemovesMethod | Effect::ConvertsMailbox),
        strength: Strength::Needs,
    }],
    ban: open_door,
};

fn open_door(ground: &Ground<'_>, _: &Order) -> Broken {
    let mut broken = Vec::new();
    let closed = !ground.facts.person.sign_in_allowed || ground.any(|e| *e == Effect::ClosesSignIn);
    if !closed {
        for spec in ground.with(|e| matches!(e, Effect::RemovesMethod | Effect::ConvertsMailbox)) {
            broken.push((
                Some(spec.key.clone()),
                format!(
                    "{} while sign-in stays open; switch the block on as well",
                    spec.key
                ),
            ));
        }
    }
    if ground.any(|e| *e == Effect::ChangesConditionalAccess) {
        broken.push((
            None,
            "Conditional Access is never changed from here".to_owned(),
        ));
    }
    let covered = ground.any(|e| matches!(e, Effect::ConvertsMailbox | Effect::LetsMailboxGo))
        || keeps_mailbox_licence(ground);
    if hangs_on_licence(ground.facts) && !covered {
        for spec in
            ground.with(|e| matches!(e, Effect::FreesLicense { carries, .. } if carries.mailbox))
        {
            broken.push((
                Some(spec.key.clone()),
                format!(
                    "{} would lose the mailbox with its licence: convert it, or declare it let go",
                    spec.key
                ),
            ));
        }
    }
    broken
}

/// Whether another licence that carries the mailbox stays.
fn keeps_mailbox_licence(ground: &Ground<'_>) -> bool {
    ground.facts.licenses.iter().filter(|held| held.carries.mailbox).any(|held| {
        !ground.any(|e| matches!(e, Effect::FreesLicense { sku, route, .. } if *sku == held.sku && *route == held.route))
    })
}
