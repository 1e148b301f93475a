//! Rules 10 and 11: owners are replaced before they go, and sign-in methods go as a whole.

use crate::spec::Effect;

use super::{Broken, Ground, Order, Pair, Rule, Strength};

/// Rule 10.
pub(super) const SUCCESSOR: Rule = Rule {
    number: 10,
    says: "an owner goes only when the successor is in place, and the last owner never",
    pairs: &[Pair {
        first: |e| matches!(e, Effect::AddsOwner { .. }),
        second: |first, e| match (first, e) {
            (Effect::AddsOwner { group }, Effect::RemovesOwner { group: other }) => group == other,
            _ => *e == Effect::DeletesPerson,
        },
        strength: Strength::Needs,
    }],
    ban: successor,
};

fn successor(ground: &Ground<'_>, _: &Order) -> Broken {
    let mut broken = Vec::new();
    let person = &ground.facts.person.id;
    for deletes in ground.with(|e| *e == Effect::DeletesPerson) {
        let alone = ground
            .facts
            .owned_groups
            .iter()
            .filter(|owned| owned.owners.iter().all(|owner| owner == person));
        for owned in alone {
            broken.push((
                Some(deletes.key.clone()),
                format!("{} would be left without an owner; name a successor before the person is deleted", owned.group.name),
            ));
        }
    }
    for spec in ground.specs {
        for effect in &spec.effects {
            let Effect::RemovesOwner { group } = effect else {
                continue;
            };
            let replaced =
                ground.any(|e| matches!(e, Effect::AddsOwner { group: g } if g == group));
            let owned = ground
                .facts
                .owned_groups
                .iter()
                .find(|owned| owned.group.id == *group);
            let alone = owned.is_none_or(|owned| {
                owned
                    .owners
                    .iter()
                    .all(|owner| *owner == ground.facts.person.id)
            });
            if alone && !replaced {
                let name = owned.map_or(group.as_str(), |owned| owned.group.name.as_str());
                broken.push((
                    Some(spec.key.clone()),
                    format!("{name} would be left without an owner; name a successor"),
                ));
            }
        }
    }
    broken
}

/// Rule 11.
pub(super) const METHODS: Rule = Rule {
    number: 11,
    says: "sign-in methods go in one step that takes the default last and repeats until none is left",
    pairs: &[],
    ban: |ground, _| {
        ground
            .with(|e| *e == Effect::RemovesMethod)
            .skip(1)
            .map(|spec| {
                (
                    Some(spec.key.clone()),
                    format!(
                        "{} removes sign-in methods apart from the step that must take them all",
                        spec.key
                    ),
                )
            })
            .collect()
    },
};
