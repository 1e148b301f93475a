//! The tenant, read again before anything but containment is touched.

use domain::drift::{Difference, DifferenceKind};
use domain::spec::StepSpec;

use super::turn::{LAG_MS, Turn};
use crate::hands::{Class, Problem};
use crate::state::{Command, Hold, Phase, Status};

/// How many reads may fail before a person has to look.
const FAILURES: u32 = 6;

/// Asks for the read, once.
pub(super) fn go(turn: &mut Turn<'_>) {
    let asked = turn
        .state
        .open
        .iter()
        .any(|open| open.command == Command::ReadDrift);
    if !asked && turn.state.drift.due_ms.is_none() && !turn.state.paused {
        turn.issue(Command::ReadDrift);
    }
}

/// The tenant was read again.
pub(super) fn read(turn: &mut Turn<'_>, differences: &Result<Vec<Difference>, Problem>) -> bool {
    if !turn.settle(|command| *command == Command::ReadDrift) {
        return false;
    }
    turn.state.drift_reads += 1;
    match differences {
        Ok(differences) => compared(turn, differences),
        Err(problem) => failed(turn, problem),
    }
    true
}

fn failed(turn: &mut Turn<'_>, problem: &Problem) {
    turn.state.drift.failures += 1;
    let failures = turn.state.drift.failures;
    if failures >= FAILURES || matches!(problem.class, Class::Denied | Class::Invalid) {
        let text = format!(
            "The tenant could not be read again, so nothing but containment was begun. {} Then retry the run.",
            problem.message
        );
        stop(turn, "the tenant could not be read again", text);
        return;
    }
    let seed = turn.state.run.to_string();
    let wait = turn.back_off(&seed, failures, Some(problem));
    turn.state.drift.due_ms = Some(turn.now + wait);
}

fn compared(turn: &mut Turn<'_>, differences: &[Difference]) {
    let relevant: Vec<&Difference> = differences
        .iter()
        .filter(|difference| concerns(turn, difference))
        .collect();
    if !relevant.is_empty() && !turn.state.drift.again {
        turn.state.drift.again = true;
        turn.state.drift.due_ms = Some(turn.now + LAG_MS);
        return;
    }
    let grows = |difference: &&&Difference| {
        matches!(difference.kind, DifferenceKind::Growth { .. }) && difference.step.is_some()
    };
    let void: Vec<String> = relevant
        .iter()
        .filter(|difference| !grows(difference))
        .map(|difference| difference.text.clone())
        .collect();
    if !void.is_empty() {
        let text = format!(
            "The tenant changed after the plan was made: {}. Nothing but containment was begun. Make a new plan and approve it.",
            void.join("; ")
        );
        stop(turn, "the tenant changed after the plan was made", text);
        return;
    }
    for difference in relevant {
        if let (Some(key), DifferenceKind::Growth { grown }) = (&difference.step, &difference.kind)
            && let Some(at) = turn.position(key)
        {
            adopt(turn, at, grown);
        }
    }
    turn.state.drift.clean_ms = Some(turn.now);
    turn.state.phase = Phase::Running;
}

/// A difference counts for what is still to be begun.
fn concerns(turn: &Turn<'_>, difference: &Difference) -> bool {
    match &difference.step {
        None => true,
        Some(key) => turn
            .state
            .step(key)
            .is_some_and(|step| step.status == Status::Waiting),
    }
}

/// Takes on more of the same to remove. Changes that the step had keep their places, because calls refer to them.
fn adopt(turn: &mut Turn<'_>, at: usize, fresh: &StepSpec) {
    let had = turn.spec(at).clone();
    let added: Vec<_> = fresh
        .changes
        .iter()
        .filter(|change| {
            !had.changes
                .iter()
                .any(|own| own.object.id == change.object.id && own.property == change.property)
        })
        .cloned()
        .collect();
    if added.is_empty() {
        return;
    }
    let names: Vec<String> = added.iter().map(|c| c.object.name.clone()).collect();
    let first = turn.step(at).receipt.attempts == 0;
    let mut grown = fresh.clone();
    grown.key = had.key.clone();
    if !first {
        grown.changes = had.changes;
        grown.changes.extend(added);
    }
    let count = grown.changes.len();
    let step = turn.step_mut(at);
    if first {
        step.todo = (0..count).collect();
    } else {
        step.todo.extend(count - names.len()..count);
    }
    step.receipt.grown.extend(names);
    step.grown = Some(Box::new(grown));
}

/// Nothing that has not begun will begin in this run as it is approved.
fn stop(turn: &mut Turn<'_>, because: &str, text: String) {
    for at in 0..turn.len() {
        if turn.step(at).status == Status::Waiting {
            turn.hold(at, Hold::Drift, because.to_owned());
        }
    }
    turn.find(None, "drift", text);
    turn.state.phase = Phase::Running;
}
