//! Rule 17: what is mastered on premises is changed there, after the cloud was closed at once.

use crate::spec::Effect;

use super::{Broken, Ground, Order, Pair, Rule, Strength};

fn on_premises(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::DisablesOnPremises
            | Effect::ResetsPasswordOnPremises
            | Effect::ChangesOnPremises
            | Effect::CreatesOnPremises
    )
}

/// Rule 17.
pub(super) const HYBRID: Rule = Rule {
    number: 17,
    says: "the cloud is closed at once, then the on-premises account, then the block is read again after sync",
    pairs: &[
        Pair {
            first: on_premises,
            second: |_, e| *e == Effect::AwaitsSync,
            strength: Strength::Needs,
        },
        Pair {
            first: on_premises,
            second: |_, e| *e == Effect::ReadsBlockAgain,
            strength: Strength::Needs,
        },
        Pair {
            first: |e| *e == Effect::AwaitsSync,
            second: |_, e| {
                matches!(
                    e,
                    Effect::ReadsBlockAgain
                        | Effect::ClearsImmutableId
                        | Effect::AssignsLicense { .. }
                )
            },
            strength: Strength::Needs,
        },
        Pair {
            first: |e| *e == Effect::ChangesOnPremises,
            second: |_, e| *e == Effect::ChangesSyncedAttribute,
            strength: Strength::Needs,
        },
    ],
    ban: hybrid,
};

fn hybrid(ground: &Ground<'_>, _: &Order) -> Broken {
    let mut broken = Vec::new();
    if ground.any(|e| *e == Effect::DisablesOnPremises)
        && !ground.any(|e| *e == Effect::ReadsBlockAgain)
    {
        broken.push((
            None,
            "after the on-premises account is disabled the block has to be read again".to_owned(),
        ));
    }
    if !ground.facts.person.synced {
        return broken;
    }
    if !ground.any(|e| *e == Effect::ChangesOnPremises) {
        for spec in ground.with(|e| *e == Effect::ChangesSyncedAttribute) {
            broken.push((
                Some(spec.key.clone()),
                format!(
                    "{} changes what is mastered on premises; it has to be changed there",
                    spec.key
                ),
            ));
        }
    }
    for spec in ground.with(|e| *e == Effect::ClearsImmutableId) {
        broken.push((
            Some(spec.key.clone()),
            "the immutable id is cleared only when the person is no longer synced".to_owned(),
        ));
    }
    broken
}
