//! Rules 7, 8, 9, 12 and 16: licences by group and directly, usage location, numbers and seats.

use std::collections::BTreeSet;

use crate::ObjectId;
use crate::facts::Facts;
use crate::plan::is_containment;
use crate::request::Kind;
use crate::spec::{Effect, Route};

use super::mailbox::hangs_on_licence;
use super::{Broken, Ground, Order, Pair, Rule, Strength};

fn licence_groups(facts: &Facts) -> BTreeSet<&ObjectId> {
    facts
        .licenses
        .iter()
        .filter_map(|held| match &held.route {
            Route::Group(group) => Some(group),
            Route::Direct => None,
        })
        .collect()
}

/// Rule 7.
pub(super) const GROUP_LICENCES: Rule = Rule {
    number: 7,
    says: "direct licences go only together with all licence groups, and licence groups belong to licence removal alone",
    pairs: &[],
    ban: group_licences,
};

fn group_licences(ground: &Ground<'_>, _: &Order) -> Broken {
    let mut broken = Vec::new();
    let groups = licence_groups(ground.facts);
    let left: Vec<&&ObjectId> = groups
        .iter()
        .filter(|group| !ground.any(|e| matches!(e, Effect::FreesLicense { route: Route::Group(g), .. } if g == **group)))
        .collect();
    if !left.is_empty() {
        for spec in ground.with(|e| {
            matches!(
                e,
                Effect::FreesLicense {
                    route: Route::Direct,
                    ..
                }
            )
        }) {
            broken.push((
                Some(spec.key.clone()),
                format!(
                    "{} takes direct licences while {} licence group(s) stay; take both or none",
                    spec.key,
                    left.len()
                ),
            ));
        }
    }
    for spec in ground.specs {
        let frees = spec.has(|e| matches!(e, Effect::FreesLicense { .. }));
        for effect in &spec.effects {
            if let Effect::RemovesMembership { group } = effect
                && !frees
                && ground
                    .facts
                    .memberships
                    .iter()
                    .any(|m| m.id == *group && !m.licenses.is_empty())
            {
                broken.push((
                    Some(spec.key.clone()),
                    format!(
                        "{} removes a licence group; that belongs to licence removal alone",
                        spec.key
                    ),
                ));
            }
        }
    }
    broken
}

/// Rule 8.
pub(super) const NO_DIRECT_BESIDE_GROUP: Rule = Rule {
    number: 8,
    says: "a group-licensed person gets no direct licence, and a dynamic licence group that reads what the plan changes brings conversion forward",
    pairs: &[],
    ban: no_direct_beside_group,
};

/// Licence groups whose rule reads something that this plan changes, by name.
#[must_use]
pub fn touchy_licence_groups(ground: &Ground<'_>) -> Vec<String> {
    let closes = ground.any(|e| *e == Effect::ClosesSignIn);
    ground
        .facts
        .memberships
        .iter()
        .filter(|group| !group.licenses.is_empty())
        .filter(|group| {
            group.rule.as_ref().is_some_and(|rule| {
                let rule = rule.to_lowercase();
                (closes && rule.contains("accountenabled"))
                    || ground
                        .specs
                        .iter()
                        .flat_map(|spec| &spec.changes)
                        .any(|change| {
                            change.property == "department" && rule.contains("department")
                        })
            })
        })
        .map(|group| group.name.clone())
        .collect()
}

fn no_direct_beside_group(ground: &Ground<'_>, order: &Order) -> Broken {
    let mut broken = Vec::new();
    // A reverse plan puts back what stood side by side before.
    let becomes = ground.kind != Kind::Restore
        && ground.any(|e| {
            matches!(
                e,
                Effect::AssignsLicense {
                    route: Route::Group(_),
                    ..
                }
            )
        });
    if becomes || !licence_groups(ground.facts).is_empty() {
        for spec in ground.with(|e| {
            matches!(
                e,
                Effect::AssignsLicense {
                    route: Route::Direct,
                    ..
                }
            )
        }) {
            broken.push((
                Some(spec.key.clone()),
                format!("{} would give a direct licence to a person who is licensed by group; name a group instead", spec.key),
            ));
        }
    }
    let touchy = touchy_licence_groups(ground);
    let kept = ground.any(|e| {
        matches!(
            e,
            Effect::ConvertsMailbox | Effect::LetsMailboxGo | Effect::KeepsMailboxLicense { .. }
        )
    });
    let carries_mailbox = ground
        .facts
        .licenses
        .iter()
        .any(|held| held.carries.mailbox && held.route != Route::Direct);
    if !touchy.is_empty() && carries_mailbox && hangs_on_licence(ground.facts) && !kept {
        broken.push((
            None,
            format!("{} takes the licence by itself when sign-in is blocked, and the mailbox would be lost with it: convert the mailbox as well", touchy.join(", ")),
        ));
    }
    if !touchy.is_empty() {
        for spec in ground.with(|e| *e == Effect::ConvertsMailbox) {
            let late = order.before(&spec.key).into_iter().find(|key| {
                ground.specs.iter().any(|other| {
                    other.key == *key
                        && !is_containment(other)
                        && !other.has(|e| matches!(e, Effect::KeepsMailboxLicense { .. }))
                })
            });
            if let Some(late) = late {
                broken.push((Some(spec.key.clone()), format!("{} waits for {late}, but a dynamic licence group may take the licence at any moment", spec.key)));
            }
        }
    }
    broken
}

/// Rule 9.
pub(super) const LOCATION: Rule = Rule {
    number: 9,
    says: "a licence needs a usage location, everything needs the person, and grants need a provisioned mailbox",
    pairs: &[
        Pair {
            first: |e| *e == Effect::SetsUsageLocation,
            second: |_, e| {
                matches!(
                    e,
                    Effect::AssignsLicense { .. } | Effect::KeepsMailboxLicense { .. }
                )
            },
            strength: Strength::Needs,
        },
        Pair {
            first: |e| *e == Effect::CreatesPerson,
            second: |_, e| *e != Effect::CreatesPerson && !may_precede_the_person(e),
            strength: Strength::Needs,
        },
        Pair {
            first: |e| matches!(e, Effect::AssignsLicense { carries, .. } if carries.mailbox),
            second: |_, e| *e == Effect::AwaitsMailbox,
            strength: Strength::Needs,
        },
        Pair {
            first: |e| *e == Effect::AwaitsMailbox,
            second: |_, e| *e == Effect::NeedsMailbox,
            strength: Strength::Needs,
        },
    ],
    ban: location,
};

/// What needs no account in the cloud yet.
fn may_precede_the_person(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Notifies
            | Effect::ClosesTicket
            | Effect::CreatesOnPremises
            | Effect::AwaitsSync
            | Effect::BuysSeat { .. }
    )
}

fn location(ground: &Ground<'_>, _: &Order) -> Broken {
    let mut broken = Vec::new();
    let sets = ground.any(|e| *e == Effect::SetsUsageLocation);
    if ground.kind == Kind::Offboard && sets {
        broken.push((
            None,
            "the usage location is left alone when a person leaves".to_owned(),
        ));
    }
    let absent = ground
        .facts
        .joiner
        .as_ref()
        .is_some_and(|joiner| joiner.new)
        && !ground.any(|e| *e == Effect::CreatesPerson);
    for spec in ground.specs.iter().filter(|_| absent) {
        if spec.has(|e| !may_precede_the_person(e)) {
            broken.push((
                Some(spec.key.clone()),
                format!(
                    "{} needs the person, who is not in the directory, and no step creates the account",
                    spec.key
                ),
            ));
        }
    }
    if ground.facts.person.usage_location.is_none() && !sets {
        for spec in ground.with(|e| {
            matches!(
                e,
                Effect::AssignsLicense { .. }
                    | Effect::KeepsMailboxLicense {
                        route: Route::Direct
                    }
            )
        }) {
            broken.push((
                Some(spec.key.clone()),
                format!(
                    "{} gives a licence, and the person has no usage location",
                    spec.key
                ),
            ));
        }
    }
    broken
}

/// Rule 12.
pub(super) const NUMBER: Rule = Rule {
    number: 12,
    says: "the number is unassigned before the licence that carries telephony goes, and returns to the inventory when that is verified",
    pairs: &[Pair {
        first: |e| *e == Effect::UnassignsNumber,
        second: |_, e| {
            *e == Effect::ReturnsNumber
                || matches!(e, Effect::FreesLicense { carries, .. } if carries.voice)
        },
        strength: Strength::Needs,
    }],
    ban: |ground, _| {
        let returned = ground.with(|e| *e == Effect::ReturnsNumber).next();
        match returned {
            Some(spec) if !ground.any(|e| *e == Effect::UnassignsNumber) => {
                vec![(
                    Some(spec.key.clone()),
                    "a number that is still assigned cannot enter the inventory".to_owned(),
                )]
            }
            _ => Vec::new(),
        }
    },
};

fn same_sku(first: &Effect, second: &Effect) -> bool {
    fn sku(effect: &Effect) -> Option<&ObjectId> {
        match effect {
            Effect::BuysSeat { sku }
            | Effect::ReducesSeats { sku, .. }
            | Effect::AssignsLicense { sku, .. }
            | Effect::FreesLicense { sku, .. } => Some(sku),
            _ => None,
        }
    }
    sku(first) == sku(second)
}

/// Rule 16.
pub(super) const SEATS: Rule = Rule {
    number: 16,
    says: "a seat is bought before it is assigned, and given back only when the removal is verified and no commitment is broken",
    pairs: &[
        Pair {
            first: |e| matches!(e, Effect::BuysSeat { .. }),
            second: |first, e| matches!(e, Effect::AssignsLicense { .. }) && same_sku(first, e),
            strength: Strength::Needs,
        },
        Pair {
            first: |e| matches!(e, Effect::FreesLicense { .. }),
            second: |first, e| matches!(e, Effect::ReducesSeats { .. }) && same_sku(first, e),
            strength: Strength::Needs,
        },
    ],
    ban: |ground, _| {
        ground
            .with(|e| {
                matches!(
                    e,
                    Effect::ReducesSeats {
                        breaks_commitment: true,
                        ..
                    }
                )
            })
            .map(|spec| {
                (
                    Some(spec.key.clone()),
                    format!("{} would break a commitment with the distributor", spec.key),
                )
            })
            .collect()
    },
};
