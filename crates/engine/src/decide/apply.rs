//! Writes: beginning one, and judging its answer item by item and by class of failure.

use domain::StepKey;

use super::turn::{FRESH_MS, Turn, kind_of};
use super::{by_hand, close, probe, verify};
use crate::hands::{Applied, Class, Problem};
use crate::state::{Command, Status};

/// A first "come back later" that is this short keeps containment in its order; a longer one does not hold up the rest of it.
const CONTAINMENT_WAITS_MS: i64 = 10_000;

/// Begins a step whose edges hold: by a write where the tenant was just read, else by a probe.
pub(super) fn begin(turn: &mut Turn<'_>, at: usize) {
    if let Some(work) = &turn.planned(at).by_hand {
        by_hand::ask(turn, at, work);
        return;
    }
    close::tell(turn, at);
    let fresh = turn
        .state
        .drift
        .clean_ms
        .is_some_and(|clean| turn.now - clean <= FRESH_MS);
    if turn.attempts(at) == 0 && !turn.step(at).probe && (turn.contains(at) || fresh) {
        write(turn, at);
    } else {
        probe::round(turn, at);
    }
}

/// Persists the intent to write what is still to be written.
pub(super) fn write(turn: &mut Turn<'_>, at: usize) {
    assert!(
        !turn.step(at).todo.is_empty(),
        "a write has something to do"
    );
    if turn.attempts(at) >= turn.spec(at).budget.attempts {
        give_up_todo(turn, at);
        return;
    }
    let now = turn.now;
    let key = turn.planned(at).key.clone();
    let step = turn.step_mut(at);
    step.status = Status::Applying;
    step.probe = false;
    step.receipt.attempts += 1;
    step.receipt.intended_ms.get_or_insert(now);
    let command = Command::Apply {
        step: key,
        attempt: step.receipt.attempts,
        todo: step.todo.clone(),
    };
    turn.issue(command);
}

/// A write was answered.
pub(super) fn answered(
    turn: &mut Turn<'_>,
    key: &StepKey,
    attempt: u32,
    applied: &Applied,
) -> bool {
    let Some(at) = turn.position(key) else {
        return false;
    };
    let asked = |command: &Command| matches!(command, Command::Apply { step, attempt: a, .. } if step == key && *a == attempt);
    if !turn.settle(asked) {
        return false;
    }
    let todo = std::mem::take(&mut turn.step_mut(at).todo);
    let mut open: Vec<(usize, Problem)> = Vec::new();
    let mut refused: Vec<(usize, Problem)> = Vec::new();
    for index in &todo {
        let problem = applied.problems.iter().find(|(of, _)| of == index);
        match problem {
            Some((_, p)) if matches!(p.class, Class::Denied | Class::Invalid) => {
                refused.push((*index, p.clone()));
            }
            Some((_, p)) => open.push((*index, p.clone())),
            None => {}
        }
    }
    let now = turn.now;
    let step = turn.step_mut(at);
    step.receipt.calls.extend(applied.calls.iter().cloned());
    step.receipt.evidence.extend(applied.evidence.clone());
    step.receipt.problem = open.last().or(refused.last()).map(|(_, p)| p.clone());
    if todo.len() > open.len() + refused.len() {
        step.receipt.accepted_ms = Some(now);
    }
    step.todo = open.iter().map(|(index, _)| *index).collect();
    step.unsure = open.iter().any(|(_, p)| p.class == Class::Unknown);
    step.probes = 0;
    step.misses = 0;
    refuse(turn, at, &refused);
    if open.is_empty() {
        turn.step_mut(at).answered = true;
        accepted(turn, at);
    } else {
        again(turn, at, &open);
    }
    true
}

/// Items that were not accepted and are worth another try.
fn again(turn: &mut Turn<'_>, at: usize, open: &[(usize, Problem)]) {
    let unsure = turn.step(at).unsure;
    if turn.cancelling() && !unsure {
        turn.step_mut(at).answered = true;
        abandon(turn, at);
        return;
    }
    if turn.attempts(at) >= turn.spec(at).budget.attempts && !unsure {
        turn.step_mut(at).answered = true;
        give_up_todo(turn, at);
        return;
    }
    let doubtful = open
        .iter()
        .any(|(_, p)| matches!(p.class, Class::Missing | Class::Conflict));
    let later = open
        .iter()
        .any(|(_, p)| matches!(p.class, Class::RetryAfter { .. }));
    let seed = turn.seed(at).to_owned();
    let attempts = turn.attempts(at);
    let wait = open
        .iter()
        .filter(|(_, p)| p.class != Class::Unknown)
        .map(|(_, p)| turn.back_off(&seed, attempts, Some(p)))
        .max();
    let brief = later
        && !doubtful
        && !unsure
        && attempts == 1
        && wait.is_some_and(|wait| wait <= CONTAINMENT_WAITS_MS);
    turn.step_mut(at).answered |= !brief;
    let now = turn.now;
    // What was not done needs no probe, unless somebody had time to change it meanwhile.
    let stale = !turn.contains(at) && wait.is_some_and(|wait| wait > FRESH_MS);
    let step = turn.step_mut(at);
    step.probe = doubtful || unsure || stale;
    match wait {
        Some(wait) => step.status = Status::Resting { due_ms: now + wait },
        None => probe::round(turn, at),
    }
}

/// Opens findings for items that were refused, one for each reason, and wants them no more.
fn refuse(turn: &mut Turn<'_>, at: usize, refused: &[(usize, Problem)]) {
    let mut left = refused.to_vec();
    while let Some((_, problem)) = left.first().cloned() {
        let (same, others): (Vec<_>, Vec<_>) = left
            .into_iter()
            .partition(|(_, p)| p.class == problem.class && p.message == problem.message);
        left = others;
        let items: Vec<usize> = same.iter().map(|(index, _)| *index).collect();
        let text = format!("{}: {}", turn.name(at, &items), problem.message);
        turn.find(Some(at), kind_of(&problem), text);
        turn.step_mut(at).refused.extend(items);
    }
}

/// Gives up what could not be written within the budget, and verifies the rest.
pub(super) fn give_up_todo(turn: &mut Turn<'_>, at: usize) {
    let items = std::mem::take(&mut turn.step_mut(at).todo);
    let why = match &turn.step(at).receipt.problem {
        Some(problem) => problem.message.clone(),
        None => "no attempt was answered".to_owned(),
    };
    let text = format!(
        "{}: not done after {} attempts. {why} Put that right, then retry the run.",
        turn.name(at, &items),
        turn.attempts(at)
    );
    turn.find(Some(at), "failed", text);
    turn.step_mut(at).refused.extend(items);
    accepted(turn, at);
}

/// Stops a step that was begun when the run is cancelled: what is not written stays unwritten, what was is verified.
pub(super) fn abandon(turn: &mut Turn<'_>, at: usize) {
    let step = turn.step_mut(at);
    let items = std::mem::take(&mut step.todo);
    if items.is_empty() {
        accepted(turn, at);
        return;
    }
    let untouched = step.refused.is_empty();
    step.refused.extend(items.iter().copied());
    if untouched && turn.wanted(at).is_empty() {
        let step = turn.step_mut(at);
        step.status = Status::Unstarted;
        step.todo = std::mem::take(&mut step.refused);
        return;
    }
    let text = format!(
        "{}: not done, because the run was cancelled in the middle of this step. Retry the run to finish it, or restore what it did.",
        turn.name(at, &items)
    );
    turn.find(Some(at), "cancelled", text);
    accepted(turn, at);
}

/// Every item is accepted or given up.
pub(super) fn accepted(turn: &mut Turn<'_>, at: usize) {
    if turn.wanted(at).is_empty() {
        turn.step_mut(at).status = Status::Failed;
    } else if turn.contains(at) {
        turn.step_mut(at).status = Status::Accepted;
    } else {
        verify::first(turn, at);
    }
}

/// The rest before another try is over.
pub(super) fn rested(turn: &mut Turn<'_>, at: usize) {
    if turn.step(at).probe {
        if turn.state.paused && turn.attempts(at) == 0 {
            // Nothing was written yet, so this would be something new.
            turn.step_mut(at).status = Status::Waiting;
        } else {
            probe::again(turn, at);
        }
    } else {
        write(turn, at);
    }
}
