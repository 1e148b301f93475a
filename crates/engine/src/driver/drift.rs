//! The drift check's comparison: what this run has not brought about itself, against what a fresh reading proposes.

use std::collections::BTreeSet;

use domain::ObjectId;
use domain::drift::{Difference, DifferenceKind, compare};
use domain::plan::Plan;
use domain::request::Kind;
use domain::spec::StepSpec;

use crate::state::{RunState, Status, StepRun};

/// Compares what is still to be done with a fresh proposal.
pub(super) fn differences(plan: &Plan, state: &RunState, fresh: Vec<StepSpec>) -> Vec<Difference> {
    let mut fresh = fresh;
    let mut planned = Vec::new();
    for (spec, (key, step)) in plan.steps.iter().zip(&state.steps) {
        if step.status == Status::Verified {
            fresh.retain(|other| other.key != *key);
            continue;
        }
        let mut own = step.effective(spec).clone();
        let brought = brought_about(&own, step);
        strip(&mut own, &brought);
        for other in fresh.iter_mut().filter(|other| other.key == *key) {
            strip(other, &brought);
        }
        if !own.changes.is_empty() {
            planned.push(own);
        }
        if !brought.is_empty() {
            fresh.retain(|other| other.key != *key || !other.changes.is_empty());
        }
    }
    let mut differences = compare(&planned, &fresh, plan.removals_may_grow);
    if plan.kind == Kind::Restore {
        // What somebody has put back already is as the plan wants it.
        differences.retain(|difference| difference.kind != DifferenceKind::Gone);
    }
    differences
}

/// Changes that this run has written, or may have written: the probe judges them, not the drift check.
fn brought_about(spec: &StepSpec, step: &StepRun) -> BTreeSet<(ObjectId, String)> {
    if step.receipt.attempts == 0 {
        return BTreeSet::new();
    }
    let written = spec
        .changes
        .iter()
        .enumerate()
        .filter(|(index, _)| step.unsure || !step.todo.contains(index));
    written
        .map(|(_, change)| (change.object.id.clone(), change.property.clone()))
        .collect()
}

fn strip(spec: &mut StepSpec, brought: &BTreeSet<(ObjectId, String)>) {
    spec.changes
        .retain(|change| !brought.contains(&(change.object.id.clone(), change.property.clone())));
}

#[cfg(test)]
mod tests {
    use domain::RunId;
    use serde_json::json;

    use super::*;
    use crate::decide::tests::{ordinary, plan};

    /// A run of two steps whose first has written `a`, and not `b`.
    fn half_done() -> (Plan, RunState) {
        let plan = plan(vec![ordinary("one", &["a", "b"]), ordinary("two", &["c"])]);
        let mut state = RunState::new(RunId::from("run"), &plan, Vec::new(), 0);
        let one = &mut state.steps[0].1;
        one.receipt.attempts = 1;
        one.todo = vec![1];
        (plan, state)
    }

    fn kinds(fresh: Vec<StepSpec>) -> Vec<DifferenceKind> {
        let (plan, state) = half_done();
        let differences = differences(&plan, &state, fresh);
        differences.into_iter().map(|found| found.kind).collect()
    }

    #[test]
    fn what_the_run_has_written_is_no_drift_whether_it_shows_or_not() {
        let two = ordinary("two", &["c"]);
        assert_eq!(kinds(vec![ordinary("one", &["b"]), two.clone()]), []);
        assert_eq!(kinds(vec![ordinary("one", &["a", "b"]), two]), []);
    }

    #[test]
    fn what_somebody_else_did_is_drift() {
        let mut two = ordinary("two", &["c"]);
        two.changes[0].now = json!("owner");
        assert_eq!(
            kinds(vec![two]),
            [DifferenceKind::Gone, DifferenceKind::Value]
        );
    }

    #[test]
    fn a_verified_step_is_compared_no_more() {
        let (plan, mut state) = half_done();
        state.steps[1].1.status = Status::Verified;
        let fresh = vec![ordinary("one", &["b"]), ordinary("two", &["c", "d"])];
        assert_eq!(differences(&plan, &state, fresh), []);
        let fresh = vec![ordinary("one", &["b"])];
        assert_eq!(differences(&plan, &state, fresh), []);
    }
}
