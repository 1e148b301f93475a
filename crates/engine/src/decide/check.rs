//! What is always true of a run's state: asserted before and after every decision, so that stored nonsense stops one run only.

use std::collections::BTreeSet;

use domain::StepKey;
use domain::plan::Plan;

use crate::hands::Purpose;
use crate::state::{Command, FORMAT, Outcome, Phase, RunState, Status};

/// Holds a state against its plan.
///
/// # Panics
/// When they contradict each other.
pub(super) fn holds(plan: &Plan, state: &RunState) {
    assert_eq!(
        state.format, FORMAT,
        "this version of Tenure does not know the format of run {}",
        state.run
    );
    let planned = plan.steps.iter().map(|spec| &spec.key);
    assert!(
        planned.eq(state.steps.iter().map(|(key, _)| key)),
        "run {} has other steps than its plan",
        state.run
    );
    edges(plan);
    for (spec, (key, step)) in plan.steps.iter().zip(&state.steps) {
        let changes = step.effective(spec).changes.len();
        assert!(
            step.todo
                .iter()
                .chain(&step.refused)
                .all(|index| *index < changes),
            "{key} refers to changes it does not have"
        );
        assert!(
            step.receipt.attempts >= step.attempts_before,
            "{key} has fewer attempts than before"
        );
        in_flight(state, key, &step.status, step.receipt.attempts);
    }
    let ids: BTreeSet<u64> = state.open.iter().map(|open| open.id).collect();
    assert!(
        ids.len() == state.open.len() && ids.last().is_none_or(|last| *last < state.next_command),
        "run {} has given one command id twice",
        state.run
    );
    ended(state);
}

fn edges(plan: &Plan) {
    let mut before: BTreeSet<&StepKey> = BTreeSet::new();
    for spec in &plan.steps {
        assert!(
            spec.edges.iter().all(|edge| before.contains(edge.key())),
            "{} waits for a step that does not stand before it",
            spec.key
        );
        assert!(
            before.insert(&spec.key),
            "{} stands twice in the plan",
            spec.key
        );
    }
}

/// A step has a command in flight exactly when its status says so.
fn in_flight(state: &RunState, key: &StepKey, status: &Status, attempts: u32) {
    let mut mine = state.open.iter().filter(|open| match &open.command {
        Command::Observe { step, .. } | Command::Apply { step, .. } => step == key,
        _ => false,
    });
    let fits = match (status, mine.next().map(|open| &open.command)) {
        (Status::Applying, Some(Command::Apply { attempt, .. })) => *attempt == attempts,
        (Status::Probing, Some(Command::Observe { purpose, .. })) => *purpose == Purpose::Probe,
        (Status::Verifying, Some(Command::Observe { purpose, .. })) => {
            matches!(purpose, Purpose::Verify | Purpose::Poll)
        }
        (Status::Verified | Status::Failed, Some(command)) => is_look(command),
        (Status::Applying | Status::Probing | Status::Verifying, _) => false,
        (_, command) => command.is_none(),
    };
    assert!(
        fits && mine.next().is_none(),
        "{key} is {status:?}, and its open commands do not fit"
    );
}

/// A read that somebody asked for after the end.
fn is_look(command: &Command) -> bool {
    matches!(command, Command::Observe { purpose, .. } if *purpose == Purpose::Look)
}

fn ended(state: &RunState) {
    let Phase::Ended { outcome } = state.phase else {
        assert!(
            !state.open.iter().any(|open| is_look(&open.command)),
            "a run that has not ended is looked at as if it had"
        );
        return;
    };
    assert!(
        state.open.iter().all(|open| is_look(&open.command)),
        "an ended run has open commands"
    );
    let mut statuses = state.steps.iter().map(|(_, step)| &step.status);
    assert!(
        statuses.clone().all(Status::is_settled),
        "an ended run has steps under way"
    );
    assert!(
        outcome == Outcome::NeedsReview
            || statuses.all(|status| *status == Status::Verified)
                && state.open_findings().next().is_none(),
        "a run is called completed that is not"
    );
}

/// Holds a state after a decision against standing still.
///
/// # Panics
/// When nothing would ever move the run again.
pub(super) fn moves(state: &RunState) {
    let moving = !state.open.is_empty() || state.paused || state.outcome().is_some();
    assert!(moving, "run {} would stand still for ever", state.run);
}
