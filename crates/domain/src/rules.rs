//! The order rules of DESIGN.md section 5, expressed over effects and checked on every plan, also for effects whose steps come
//! later. A rule has pairs (what must come before what) and bans (what must not stand in one plan at all).
//!
//! The planner takes its edges from the pairs; [`check`] holds a finished plan against pairs and bans alike, so a plan from
//! elsewhere, or a step's own edges, are judged by the same words.

mod containment;
mod danger;
mod hybrid;
mod licence;
mod mailbox;
mod order;
mod ownership;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeSet;

use crate::StepKey;
use crate::facts::Facts;
use crate::request::Kind;
use crate::spec::{Edge, Effect, StepSpec};

pub use licence::touchy_licence_groups;
pub use mailbox::{LARGE_BYTES, needs_licence};
pub use order::Order;

/// What rules look at: the proposed steps and the live tenant.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// What is wished for.
    pub kind: Kind,
    /// The steps.
    pub specs: &'a [StepSpec],
    /// The facts they were proposed on.
    pub facts: &'a Facts,
}

impl Ground<'_> {
    /// Whether any step has such an effect.
    pub fn any(&self, question: impl Fn(&Effect) -> bool + Copy) -> bool {
        self.specs.iter().any(|spec| spec.has(question))
    }

    /// The steps that have such an effect.
    pub fn with(
        &self,
        question: impl Fn(&Effect) -> bool + Copy,
    ) -> impl Iterator<Item = &StepSpec> {
        self.specs.iter().filter(move |spec| spec.has(question))
    }
}

/// How strongly one step waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Until it was answered.
    Answered,
    /// Until it is settled.
    After,
    /// Until it is verified.
    Needs,
}

/// Two effects that may not be in any order.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// The effect that comes first.
    pub first: fn(&Effect) -> bool,
    /// Whether the second effect has to wait for that first one.
    pub second: fn(&Effect, &Effect) -> bool,
    /// How strongly.
    pub strength: Strength,
}

/// A plan that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule's number in DESIGN.md section 5.
    pub rule: u8,
    /// The step at fault, where it is one.
    pub step: Option<StepKey>,
    /// What is wrong and what to do about it, for the person who set the switches.
    pub text: String,
}

/// What is wrong with a plan as one rule sees it: the step at fault, where it is one, and what to tell.
pub type Broken = Vec<(Option<StepKey>, String)>;

/// One order rule.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Its number in DESIGN.md section 5.
    pub number: u8,
    /// What it asks, in one sentence.
    pub says: &'static str,
    /// What must come before what.
    pub pairs: &'static [Pair],
    /// What must not be, and shape checks that are no mere pair.
    pub ban: fn(&Ground<'_>, &Order) -> Broken,
}

/// All rules, in the order of DESIGN.md section 5.
pub const ALL: [&Rule; 19] = [
    &containment::PRE_IMAGE,
    &containment::CONTAINMENT,
    &containment::ROLES,
    &mailbox::MEETINGS,
    &mailbox::CONVERT,
    &mailbox::LIVING_MAILBOX,
    &licence::GROUP_LICENCES,
    &licence::NO_DIRECT_BESIDE_GROUP,
    &licence::LOCATION,
    &ownership::SUCCESSOR,
    &ownership::METHODS,
    &licence::NUMBER,
    &danger::DELETE,
    &danger::DEVICES,
    &danger::APART,
    &licence::SEATS,
    &hybrid::HYBRID,
    &danger::OPEN_DOOR,
    &containment::LAST,
];

/// The edges that the rules ask for, with the step that has to wait. Each pair of steps gets its strongest edge only.
#[must_use]
pub fn edges(ground: &Ground<'_>) -> Vec<(StepKey, Edge)> {
    let mut asked: BTreeSet<(StepKey, StepKey, Strength)> = BTreeSet::new();
    for rule in ALL {
        for pair in rule.pairs {
            for (first, second) in couples(ground, pair) {
                asked.insert((second.key.clone(), first.key.clone(), pair.strength));
            }
        }
    }
    let strongest = |waits: &StepKey, of: &StepKey, strength: Strength| {
        !asked
            .iter()
            .any(|(w, o, s)| w == waits && o == of && *s > strength)
    };
    asked
        .iter()
        .filter(|(waits, of, strength)| strongest(waits, of, *strength))
        .map(|(waits, of, strength)| (waits.clone(), edge(of.clone(), *strength)))
        .collect()
}

fn edge(of: StepKey, strength: Strength) -> Edge {
    match strength {
        Strength::Answered => Edge::Answered(of),
        Strength::After => Edge::After(of),
        Strength::Needs => Edge::Needs(of),
    }
}

fn couples<'a>(
    ground: &'a Ground<'_>,
    pair: &'a Pair,
) -> impl Iterator<Item = (&'a StepSpec, &'a StepSpec)> {
    let firsts = ground
        .specs
        .iter()
        .filter(move |first| first.has(pair.first));
    firsts.flat_map(move |first| {
        ground
            .specs
            .iter()
            .filter(move |second| second.key != first.key)
            .filter(move |second| {
                first
                    .effects
                    .iter()
                    .filter(|effect| (pair.first)(effect))
                    .any(|before| {
                        second
                            .effects
                            .iter()
                            .any(|after| (pair.second)(before, after))
                    })
            })
            .map(move |second| (first, second))
    })
}

/// Holds a plan's steps, with the edges they carry, against all rules.
#[must_use]
pub fn check(ground: &Ground<'_>) -> Vec<Violation> {
    let order = Order::of(ground.specs);
    let mut violations: Vec<Violation> = order
        .faults()
        .iter()
        .map(|text| Violation {
            rule: 1,
            step: None,
            text: text.clone(),
        })
        .collect();
    for rule in ALL {
        for pair in rule.pairs {
            for (first, second) in couples(ground, pair) {
                if !order.holds(&first.key, &second.key, pair.strength) {
                    violations.push(Violation {
                        rule: rule.number,
                        step: Some(second.key.clone()),
                        text: format!("{} must wait for {}: {}", second.key, first.key, rule.says),
                    });
                }
            }
        }
        let broken = (rule.ban)(ground, &order);
        violations.extend(broken.into_iter().map(|(step, text)| Violation {
            rule: rule.number,
            step,
            text,
        }));
    }
    violations
}

/// For rules that are pairs alone.
fn no_ban(_: &Ground<'_>, _: &Order) -> Broken {
    Vec::new()
}
