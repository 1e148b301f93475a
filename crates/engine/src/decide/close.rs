//! The end of a turn: phases, timers, the end of the run, and the words people are told.

use std::fmt::Write as _;

use domain::plan::Plan;
use domain::request::Kind;
use domain::spec::StepSpec;
use jiff::Timestamp;

use super::turn::{GATHER_MS, Turn, tells};
use super::{apply, by_hand, containment, drift, human, ready, verify};
use crate::state::{Command, Hold, Outcome, Phase, RunState, Status, StepRun};

/// Carries the run as far as it goes by itself, and sees to it that it is woken.
pub(super) fn settle(turn: &mut Turn<'_>) {
    if let Phase::Scheduled { due_ms } = turn.state.phase
        && due_ms <= turn.now
        && !turn.state.paused
    {
        human::begin(turn);
    }
    if turn.state.phase == Phase::Containing {
        containment::go(turn);
    }
    if turn.state.phase == Phase::CheckingDrift {
        drift::go(turn);
    }
    if turn.state.phase == Phase::Running {
        ready::sweep(turn, |turn, at| !tells(turn.planned(at)));
        last_look(turn);
        ready::sweep(turn, |_, _| true);
    }
    if !matches!(turn.state.phase, Phase::Ended { .. }) {
        // Containment may still settle while the run is cancelled, or begin late under an approval of its own.
        containment::read(turn);
    }
    let settled = (0..turn.len()).all(|at| turn.step(at).status.is_settled());
    if settled && matches!(turn.state.phase, Phase::Running | Phase::Cancelling) {
        end(turn);
    }
    wake(turn);
}

/// Before a run that closes access tells how it ended, everything it verified is read once more: somebody may have undone it
/// meanwhile, and a run that does not look would say `completed` of an open account.
fn last_look(turn: &mut Turn<'_>) {
    let closes_access = (0..turn.len()).any(|at| turn.contains(at));
    let open =
        |turn: &Turn<'_>, at: usize| !tells(turn.planned(at)) && !turn.step(at).status.is_settled();
    if turn.state.looked
        || turn.state.paused
        || !closes_access
        || (0..turn.len()).any(|at| open(turn, at))
    {
        return;
    }
    turn.state.looked = true;
    for at in 0..turn.len() {
        let spec = turn.planned(at);
        if turn.step(at).status == Status::Verified && !tells(spec) && spec.by_hand.is_none() {
            verify::again(turn, at);
        }
    }
}

/// A timer is due: everything whose time has come goes on.
pub(super) fn due(turn: &mut Turn<'_>) -> bool {
    let now = turn.now;
    let woken =
        turn.settle(|command| matches!(command, Command::Timer { due_ms } if *due_ms <= now));
    if !woken {
        return false;
    }
    for at in 0..turn.len() {
        match turn.step(at).status {
            Status::Resting { due_ms } if due_ms <= now => apply::rested(turn, at),
            Status::Converging { due_ms } if due_ms <= now + GATHER_MS => verify::poll(turn, at),
            Status::WithPerson { due_ms } if due_ms <= now => by_hand::late(turn, at),
            _ => {}
        }
    }
    if turn.state.drift.due_ms.is_some_and(|due_ms| due_ms <= now) {
        turn.state.drift.due_ms = None;
    }
    true
}

/// Keeps one timer for whatever is due first. An earlier one may stay: it wakes the run for nothing, once.
fn wake(turn: &mut Turn<'_>) {
    let scheduled = match turn.state.phase {
        Phase::Scheduled { due_ms } if !turn.state.paused => Some(due_ms),
        _ => None,
    };
    let checking = (turn.state.phase == Phase::CheckingDrift)
        .then_some(turn.state.drift.due_ms)
        .flatten();
    let running = turn.state.phase == Phase::Running;
    let steps = (0..turn.len()).filter_map(|at| match turn.step(at).status {
        Status::Resting { due_ms }
        | Status::Converging { due_ms }
        | Status::WithPerson { due_ms } => Some(due_ms),
        Status::Waiting if running && !turn.state.paused => turn
            .planned(at)
            .not_before
            .map(Timestamp::as_millisecond)
            .filter(|moment_ms| *moment_ms > turn.now),
        _ => None,
    });
    let ended = matches!(turn.state.phase, Phase::Ended { .. });
    let next = steps
        .chain(scheduled)
        .chain(checking)
        .min()
        .filter(|_| !ended);
    turn.withdraw(|command| match command {
        Command::Timer { due_ms } => next.is_none_or(|next| *due_ms > next),
        _ => false,
    });
    let kept = turn
        .state
        .open
        .iter()
        .any(|open| matches!(open.command, Command::Timer { .. }));
    if let Some(due_ms) = next
        && !kept
    {
        turn.issue(Command::Timer { due_ms });
    }
}

/// Ends the run.
pub(super) fn end(turn: &mut Turn<'_>) {
    for at in 0..turn.len() {
        let spec = turn.planned(at);
        let missing = turn.step(at).hold == Some(Hold::Approval)
            && spec.approved_apart()
            && !turn.state.apart.contains(&spec.key);
        if missing {
            let text = format!(
                "{}: it waits for an approval of its own, because it cannot be taken back. Approve {} apart, and the run goes on; or leave it undone.",
                spec.summary, spec.key
            );
            turn.find(Some(at), "approval", text);
        }
    }
    let verified = (0..turn.len()).all(|at| turn.step(at).status == Status::Verified);
    let outcome = if verified && turn.state.open_findings().next().is_none() {
        Outcome::Completed
    } else {
        Outcome::NeedsReview
    };
    turn.state.phase = Phase::Ended { outcome };
    turn.state.paused = false;
    turn.state.ended_ms = Some(turn.now);
    turn.withdraw(|_| true);
}

/// Before the first step that tells people begins, what it will tell is written down.
pub(super) fn tell(turn: &mut Turn<'_>, at: usize) {
    if tells(turn.planned(at)) && turn.state.told.is_none() {
        turn.state.told = Some(outcome_words(turn.plan, &turn.state));
    }
}

/// How the run stands, for people: completed, or what a person has to do, one line each. Steps that tell people are not counted.
#[must_use]
pub fn outcome_words(plan: &Plan, state: &RunState) -> String {
    let what = match plan.kind {
        Kind::Onboard => "Onboarding",
        Kind::Offboard => "Offboarding",
        Kind::Transfer => "Transfer",
        Kind::Restore => "Restoring",
    };
    let work: Vec<(&StepSpec, &StepRun)> = plan
        .steps
        .iter()
        .zip(&state.steps)
        .filter(|(spec, _)| !tells(spec))
        .map(|(spec, (_, step))| (spec, step))
        .collect();
    let verified = work
        .iter()
        .filter(|(_, step)| step.status == Status::Verified)
        .count();
    let open: Vec<&str> = state
        .open_findings()
        .filter(|finding| {
            let of = finding.step.as_ref().and_then(|key| plan.step(key));
            !of.is_some_and(tells)
        })
        .map(|finding| finding.text.as_str())
        .collect();
    let whom = &plan.upn;
    let what = match &plan.only {
        None => format!("{what} of {whom}"),
        Some(only) => format!("Action for {whom} ({})", only.join(", ")),
    };
    if verified == work.len() && open.is_empty() {
        return format!("{what}: completed. All {verified} steps were read back.");
    }
    let mut words = format!(
        "{what}: needs review. {verified} of {} steps were read back.",
        work.len()
    );
    for text in open {
        let _ = write!(words, "\n- {text}");
    }
    for (spec, step) in work {
        if let (Status::Held { because }, Some(Hold::Approval)) = (&step.status, step.hold) {
            let _ = write!(words, "\n- {}: {because}", spec.summary);
        }
    }
    words
}
