//! Reads after a write: the first at once, then with growing waits until every change shows or the budget is spent.

use domain::StepKey;

use super::findings;
use super::probe::{self, Judged, judge, values};
use super::turn::{Turn, kind_of};
use crate::hands::{Class, Problem, Purpose, Seen};
use crate::state::{Command, Look, Status};

/// The longest wait between two reads, where the whole budget is not far longer.
const LONGEST_POLL_MS: u64 = 30_000;
/// A budget of hours is not spent on thousands of reads: a wait may be this part of it.
const PART_OF_BUDGET: u64 = 100;

/// Reads for the first time after the write.
pub(super) fn first(turn: &mut Turn<'_>, at: usize) {
    read(turn, at, Purpose::Verify);
}

/// How long the last look waits for replicas to agree, in milliseconds.
const LAST_LOOK_MS: u64 = 15_000;

/// How long the last look goes on when it cannot read at all, in milliseconds: a throttled or broken read says nothing of the object.
const LAST_READ_MS: u64 = 120_000;

/// Reads what was verified once more, at the end of the run.
pub(super) fn again(turn: &mut Turn<'_>, at: usize) {
    turn.step_mut(at).look = Some(Look::default());
    read(turn, at, Purpose::Poll);
}

/// Reads once more.
pub(super) fn poll(turn: &mut Turn<'_>, at: usize) {
    read(turn, at, Purpose::Poll);
}

fn read(turn: &mut Turn<'_>, at: usize, purpose: Purpose) {
    let step = turn.planned(at).key.clone();
    turn.step_mut(at).status = Status::Verifying;
    turn.issue(Command::Observe { step, purpose });
}

/// A step's changes were read.
pub(super) fn observed(
    turn: &mut Turn<'_>,
    key: &StepKey,
    purpose: Purpose,
    seen: &Result<Vec<Seen>, Problem>,
    spent_ms: u64,
) -> bool {
    let Some(at) = turn.position(key) else {
        return false;
    };
    let asked = |command: &Command| matches!(command, Command::Observe { step, purpose: p } if step == key && *p == purpose);
    if !turn.settle(asked) {
        return false;
    }
    if purpose == Purpose::Look {
        findings::looked(turn, at, seen);
        return true;
    }
    let expected = turn.spec(at).changes.len();
    if let Ok(seen) = seen
        && seen.len() != expected
    {
        let text = format!(
            "{}: {} values were read for {expected} changes, so nothing can be said of it. This is a fault of Tenure: report it, and check the step by hand.",
            turn.spec(at).summary,
            seen.len()
        );
        turn.fail(at, "failed", text);
        return true;
    }
    match (purpose, seen) {
        (Purpose::Probe, Ok(seen)) => probe::seen(turn, at, seen),
        (Purpose::Probe, Err(problem)) => probe::missed(turn, at, problem),
        (_, Ok(seen)) => {
            spend(turn, at, spent_ms);
            verified(turn, at, seen);
        }
        (_, Err(problem)) => {
            spend(turn, at, spent_ms);
            unread(turn, at, problem);
        }
    }
    true
}

fn spend(turn: &mut Turn<'_>, at: usize, spent_ms: u64) {
    let step = turn.step_mut(at);
    step.receipt.reads += 1;
    let spent = match &mut step.look {
        Some(look) => {
            look.reads += 1;
            &mut look.spent_ms
        }
        None => &mut step.receipt.spent_ms,
    };
    *spent = spent.saturating_add(spent_ms);
}

fn verified(turn: &mut Turn<'_>, at: usize, seen: &[Seen]) {
    let now = turn.now;
    turn.step_mut(at).receipt.after = Some(values(seen));
    let mut open = Vec::new();
    for index in turn.wanted(at) {
        match judge(&turn.spec(at).changes[index], &seen[index]) {
            Judged::Done => {}
            Judged::Todo | Judged::Other(_) => open.push(index),
            Judged::Impossible(because) => {
                let name = turn.name(at, &[index]);
                let text = format!(
                    "{name}: it was accepted, but can never be seen, because {because}. Check it by hand."
                );
                turn.fail(at, "failed", text);
                return;
            }
        }
    }
    if !open.is_empty() {
        converge(turn, at, &open, None);
        return;
    }
    let complete = turn.step(at).refused.is_empty();
    let step = turn.step_mut(at);
    step.receipt.effective_ms.get_or_insert(now);
    if step.look.is_none() {
        step.receipt.verified_ms = complete.then_some(now);
    }
    if complete {
        step.receipt.problem = None;
        step.status = Status::Verified;
    } else {
        step.status = Status::Failed;
    }
}

/// A read that failed is another poll, unless it will never work.
fn unread(turn: &mut Turn<'_>, at: usize, problem: &Problem) {
    turn.step_mut(at).receipt.problem = Some(problem.clone());
    if matches!(problem.class, Class::Denied | Class::Invalid) {
        let text = format!(
            "{}: it was accepted, but cannot be read back. {} Then retry the run, which reads it again.",
            turn.spec(at).summary,
            problem.message
        );
        turn.fail(at, kind_of(problem), text);
        return;
    }
    let wanted = turn.wanted(at);
    converge(turn, at, &wanted, Some(problem));
}

fn converge(turn: &mut Turn<'_>, at: usize, open: &[usize], problem: Option<&Problem>) {
    let budget = turn.spec(at).budget;
    let step = turn.step(at);
    let (allowed, spent, reads) = match (step.look, problem) {
        (Some(look), None) => (LAST_LOOK_MS, look.spent_ms, look.reads),
        (Some(look), Some(_)) => (LAST_READ_MS, look.spent_ms, look.reads),
        (None, _) => (
            budget.converge_ms,
            step.receipt.spent_ms,
            step.receipt.reads,
        ),
    };
    let left = allowed.saturating_sub(spent);
    if left == 0 {
        let (kind, text) = gave_up(turn, at, open, problem);
        turn.fail(at, kind, text);
        return;
    }
    let asked = match problem.map(|problem| problem.class) {
        Some(Class::RetryAfter { after_ms }) => after_ms.unwrap_or(0),
        _ => 0,
    };
    let longest = LONGEST_POLL_MS.max(allowed / PART_OF_BUDGET);
    let wait = wait_ms(budget.poll_ms, reads, longest).min(left).max(asked);
    let due_ms = turn.now + i64::try_from(wait).unwrap_or(i64::MAX / 4);
    turn.step_mut(at).status = Status::Converging { due_ms };
}

/// The kind and the words of the finding when a budget of reads is spent.
fn gave_up(
    turn: &Turn<'_>,
    at: usize,
    open: &[usize],
    problem: Option<&Problem>,
) -> (&'static str, String) {
    let name = turn.name(at, open);
    match (turn.step(at).look, problem) {
        (Some(_), None) => (
            "residual",
            format!(
                "{name}: it was read back, and at the end of the run it is not so any more. Find out who changed it; retry the run to do it again."
            ),
        ),
        (Some(_), Some(problem)) => (
            "budget",
            format!(
                "{name}: it was read back, but could not be read once more at the end of the run. The last read failed: {} Look at the object by hand, or retry the run, which reads it again.",
                problem.message
            ),
        ),
        (None, problem) => {
            let last = match problem {
                Some(problem) => format!("The last read failed: {}", problem.message),
                None => "The last read still showed the old value.".to_owned(),
            };
            let text = format!(
                "{name}: accepted, but not seen within {} s. {last} Look at the object by hand; retry the run to read it again.",
                turn.spec(at).budget.converge_ms / 1000
            );
            ("budget", text)
        }
    }
}

/// The wait after this many reads: it grows by half each time.
fn wait_ms(poll_ms: u64, reads: u32, longest_ms: u64) -> u64 {
    let mut wait = poll_ms.max(1);
    for _ in 1..reads {
        wait = wait.saturating_add(wait / 2);
        if wait >= longest_ms {
            break;
        }
    }
    wait.min(longest_ms)
}
