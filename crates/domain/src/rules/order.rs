//! What a plan's edges promise, taken together: who certainly waits for whom, and how long.

use std::collections::{BTreeMap, BTreeSet};

use crate::StepKey;
use crate::spec::{Edge, StepSpec};

use super::Strength;

/// What a plan's edges promise.
///
/// A step that is verified had begun, so whatever it waited for is promised to those who need it. A step that is merely
/// settled may never have begun: it promises nothing beyond itself.
#[derive(Debug)]
pub struct Order {
    answered: BTreeMap<StepKey, BTreeSet<StepKey>>,
    settled: BTreeMap<StepKey, BTreeSet<StepKey>>,
    verified: BTreeMap<StepKey, BTreeSet<StepKey>>,
    anyhow: BTreeMap<StepKey, BTreeSet<StepKey>>,
    faults: Vec<String>,
}

impl Order {
    /// Reads the edges of these steps, which stand in their plan's order.
    #[must_use]
    pub fn of(specs: &[StepSpec]) -> Self {
        let mut order = Self {
            answered: BTreeMap::new(),
            settled: BTreeMap::new(),
            verified: BTreeMap::new(),
            anyhow: BTreeMap::new(),
            faults: Vec::new(),
        };
        for spec in specs {
            order.read(spec);
        }
        order
    }

    fn read(&mut self, spec: &StepSpec) {
        let [mut answered, mut settled, mut verified, mut anyhow] = [const { BTreeSet::new() }; 4];
        for edge in &spec.edges {
            let key = edge.key();
            let Some(before) = self.anyhow.get(key) else {
                self.faults.push(format!(
                    "{} waits for {key}, which does not stand before it in the plan",
                    spec.key
                ));
                continue;
            };
            anyhow.extend(before.iter().cloned());
            anyhow.insert(key.clone());
            answered.insert(key.clone());
            if matches!(edge, Edge::After(_) | Edge::Needs(_)) {
                settled.insert(key.clone());
            }
            if matches!(edge, Edge::Needs(_)) {
                verified.insert(key.clone());
                answered.extend(self.answered[key].iter().cloned());
                settled.extend(self.settled[key].iter().cloned());
                verified.extend(self.verified[key].iter().cloned());
            }
        }
        if self.anyhow.insert(spec.key.clone(), anyhow).is_some() {
            self.faults
                .push(format!("the key {} stands twice in the plan", spec.key));
        }
        self.answered.insert(spec.key.clone(), answered);
        self.settled.insert(spec.key.clone(), settled);
        self.verified.insert(spec.key.clone(), verified);
    }

    /// Whether `second` certainly waits for `first` this strongly.
    #[must_use]
    pub fn holds(&self, first: &StepKey, second: &StepKey, strength: Strength) -> bool {
        let reach = match strength {
            Strength::Answered => &self.answered,
            Strength::After => &self.settled,
            Strength::Needs => &self.verified,
        };
        reach
            .get(second)
            .is_some_and(|before| before.contains(first))
    }

    /// Everything that `key` waits for in any way.
    #[must_use]
    pub fn before(&self, key: &StepKey) -> BTreeSet<StepKey> {
        self.anyhow.get(key).cloned().unwrap_or_default()
    }

    /// Edges that point nowhere, and keys that stand twice.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }
}
