//! What people do with the findings of an ended run: settle one without it, open it again, look again. How the run ended stays.

use domain::drift::short;
use domain::protect::may_review;
use domain::{StepKey, spec::Change};

use super::human::moment;
use super::probe::{Judged, judge, values};
use super::turn::Turn;
use crate::hands::{Problem, Purpose, Seen};
use crate::state::{
    Command, Finding, LEAST_REASON, Mark, MarkKind, Outcome, Phase, REVIEW, Status,
};

/// Somebody has settled it without this run.
pub(super) fn handled(turn: &mut Turn<'_>, by: &str, number: u32, reason: &str) -> bool {
    let (plan, now) = (turn.plan, turn.now);
    let Some((by, reason)) = said(turn, by, reason) else {
        return false;
    };
    let Some(finding) = of_number(turn, number).filter(|finding| finding.closed.is_none()) else {
        return false;
    };
    if finding.kind == REVIEW && may_review(plan, by).is_err() {
        return false;
    }
    finding.closed = Some((now, format!("handled by {by}: {reason}")));
    finding.marks.push(mark(now, by, MarkKind::Handled, reason));
    true
}

/// What was handled is open again. What a retry or a look has closed was seen to be done, and stays closed.
pub(super) fn reopened(turn: &mut Turn<'_>, by: &str, number: u32, reason: &str) -> bool {
    let now = turn.now;
    let completed = Phase::Ended {
        outcome: Outcome::Completed,
    };
    if turn.state.phase == completed {
        return false;
    }
    let Some((by, reason)) = said(turn, by, reason) else {
        return false;
    };
    let Some(finding) = of_number(turn, number).filter(|finding| finding.handled().is_some())
    else {
        return false;
    };
    finding.closed = None;
    finding
        .marks
        .push(mark(now, by, MarkKind::Reopened, reason));
    true
}

/// Who says what, where the run has ended and both are fit for the record.
fn said<'t>(turn: &Turn<'_>, by: &'t str, reason: &'t str) -> Option<(&'t str, &'t str)> {
    let (by, reason) = (by.trim(), reason.trim());
    let fits = has_ended(turn) && !by.is_empty() && reason.chars().count() >= LEAST_REASON;
    fits.then_some((by, reason))
}

fn has_ended(turn: &Turn<'_>) -> bool {
    matches!(turn.state.phase, Phase::Ended { .. })
}

fn of_number<'t>(turn: &'t mut Turn<'_>, number: u32) -> Option<&'t mut Finding> {
    let mut all = turn.state.findings.iter_mut();
    all.find(|finding| finding.number == number)
}

fn mark(at_ms: i64, by: &str, what: MarkKind, text: &str) -> Mark {
    Mark {
        at_ms,
        by: by.to_owned(),
        what,
        text: text.to_owned(),
    }
}

/// Somebody wants a step to be read once more because of a finding about it.
pub(super) fn look(turn: &mut Turn<'_>, by: &str, key: &StepKey) -> bool {
    let by = by.trim();
    let Some(at) = turn.position(key).filter(|_| has_ended(turn)) else {
        return false;
    };
    let step = turn.step(at);
    let fits = matches!(step.status, Status::Verified | Status::Failed)
        && step.looking.is_none()
        && turn.planned(at).by_hand.is_none()
        && turn
            .state
            .open_findings()
            .any(|finding| finding.step.as_ref() == Some(key));
    if !fits || by.is_empty() {
        return false;
    }
    turn.step_mut(at).looking = Some(by.to_owned());
    read(turn, key);
    true
}

fn read(turn: &mut Turn<'_>, key: &StepKey) {
    turn.issue(Command::Observe {
        step: key.clone(),
        purpose: Purpose::Look,
    });
}

/// A process took an ended run up again: looks that were under way are made anew.
pub(super) fn recovered(turn: &mut Turn<'_>) -> bool {
    let lost = turn.withdraw(|_| true);
    for command in &lost {
        if let Command::Observe { step, .. } = command {
            read(turn, step);
        }
    }
    !lost.is_empty()
}

/// The run goes on: what it does now says more than a look.
pub(super) fn stop_looking(turn: &mut Turn<'_>) {
    turn.withdraw(
        |command| matches!(command, Command::Observe { purpose, .. } if *purpose == Purpose::Look),
    );
    for at in 0..turn.len() {
        turn.step_mut(at).looking = None;
    }
}

/// The step was read once more.
pub(super) fn looked(turn: &mut Turn<'_>, at: usize, seen: &Result<Vec<Seen>, Problem>) {
    let by = turn.step_mut(at).looking.take().unwrap_or_default();
    turn.step_mut(at).receipt.reads += 1;
    let expected = turn.spec(at).changes.len();
    match seen {
        Err(problem) => {
            let what = format!("it could not be read. {}", problem.message);
            refresh(turn, at, &by, &what);
        }
        Ok(seen) if seen.len() != expected => {
            let what = format!(
                "{} values were read for {expected} changes, so nothing can be said of it. This is a fault of Tenure: report it, and check the step by hand.",
                seen.len()
            );
            refresh(turn, at, &by, &what);
        }
        Ok(seen) => {
            turn.step_mut(at).receipt.after = Some(values(seen));
            match differs(turn, at, seen) {
                None => agrees(turn, at, &by),
                Some(what) => {
                    turn.step_mut(at).status = Status::Failed;
                    refresh(turn, at, &by, &what);
                }
            }
        }
    }
}

/// What is not as the step wants it, all its changes counted, also those that were given up.
fn differs(turn: &Turn<'_>, at: usize, seen: &[Seen]) -> Option<String> {
    let changes = &turn.spec(at).changes;
    let open: Vec<String> = changes
        .iter()
        .zip(seen)
        .filter_map(|(change, seen)| still(change, seen))
        .collect();
    (!open.is_empty()).then(|| format!("{}.", open.join("; ")))
}

fn still(change: &Change, seen: &Seen) -> Option<String> {
    let object = format!("{}: {}", change.object, change.property);
    match judge(change, seen) {
        Judged::Done => None,
        Judged::Todo => Some(format!("{object} is still {}", short(&change.now))),
        Judged::Other(text) => Some(text),
        Judged::Impossible(because) => Some(format!("{object} can never be so, because {because}")),
    }
}

/// The tenant is as the step wants it: its findings are closed, and it counts as verified from now on.
fn agrees(turn: &mut Turn<'_>, at: usize, by: &str) {
    let (key, now) = (turn.planned(at).key.clone(), turn.now);
    let step = turn.step_mut(at);
    if step.status == Status::Failed {
        step.status = Status::Verified;
        step.todo.clear();
        step.refused.clear();
        step.unsure = false;
        step.probe = false;
        step.receipt.problem = None;
        step.receipt.effective_ms.get_or_insert(now);
        step.receipt.verified_ms = Some(now);
        step.receipt.note = Some(format!(
            "It was found as wanted when {by} looked again after the run's end."
        ));
    }
    let text = "it reads as wanted";
    for finding in of_step(turn, &key) {
        noted(finding, mark(now, by, MarkKind::Looked, text));
        finding.closed = Some((now, format!("looked at again by {by}: {text}")));
    }
}

/// It is not, or nobody can tell: the findings say what the last look showed.
fn refresh(turn: &mut Turn<'_>, at: usize, by: &str, what: &str) {
    let (key, now) = (turn.planned(at).key.clone(), turn.now);
    for finding in of_step(turn, &key) {
        noted(finding, mark(now, by, MarkKind::Looked, what));
        let opened = finding
            .opened_as
            .get_or_insert_with(|| finding.text.clone());
        finding.text = format!("{opened} Looked at again at {}: {what}", moment(now));
    }
}

fn of_step<'t>(turn: &'t mut Turn<'_>, key: &StepKey) -> impl Iterator<Item = &'t mut Finding> {
    let all = turn.state.findings.iter_mut();
    all.filter(move |finding| finding.closed.is_none() && finding.step.as_ref() == Some(key))
}

/// Keeps a look in the place of the look before: any number of them says no more than the last.
fn noted(finding: &mut Finding, look: Mark) {
    finding.marks.retain(|mark| mark.what != MarkKind::Looked);
    finding.marks.push(look);
}
