//! Beginnings, restarts, and what people ask for in the middle: stop, wait, go on, try again, approve.

use domain::StepKey;
use domain::plan::Weight;
use jiff::Timestamp;

use super::turn::{FRESH_MS, Turn, tells};
use super::{Decision, apply, by_hand, close, findings, leaves, probe};
use crate::hands::Purpose;
use crate::state::{
    Command, DriftCheck, Event, Finding, Hold, Outcome, Phase, REVIEW, RunState, Status, StepRun,
    operation,
};

/// The kind of a finding about something that no step can do: no retry closes it.
const BY_HAND: &str = "by-hand";

/// The run begins to exist. Its time may still have to come.
pub(super) fn started(turn: &mut Turn<'_>, apart: &[StepKey], approved_until_ms: i64) -> bool {
    if !matches!(turn.state.phase, Phase::Scheduled { .. }) || turn.state.retries > 0 {
        return false;
    }
    for key in apart {
        if !turn.state.apart.contains(key) {
            turn.state.apart.push(key.clone());
        }
    }
    turn.state.approved_until_ms = approved_until_ms;
    true
}

/// Its time has come.
pub(super) fn begin(turn: &mut Turn<'_>) {
    if turn.now > turn.state.approved_until_ms {
        for at in 0..turn.len() {
            if turn.step(at).status == Status::Waiting {
                turn.step_mut(at).status = Status::Unstarted;
            }
        }
        let text = format!(
            "The approval ran out at {} before the run began, so nothing was done. Make a new plan and approve it.",
            moment(turn.state.approved_until_ms)
        );
        turn.find(None, "approval", text);
        close::end(turn);
        return;
    }
    turn.state.started_ms = Some(turn.now);
    turn.state.phase = Phase::Containing;
    let by_hand: Vec<String> = turn
        .plan
        .remarks
        .iter()
        .filter(|remark| remark.weight == Weight::ByHand)
        .map(|remark| remark.text.clone())
        .collect();
    for text in by_hand {
        turn.find(None, BY_HAND, text);
    }
    if let Some(review) = &turn.plan.review {
        turn.find(None, REVIEW, review.text.clone());
    }
}

pub(super) fn moment(ms: i64) -> String {
    Timestamp::from_millisecond(ms)
        .map_or_else(|_| "an unknown time".to_owned(), |at| at.to_string())
}

/// A process took the run up again. Writes in flight may have happened; reads and timers are asked for again.
pub(super) fn recovered(turn: &mut Turn<'_>) -> bool {
    if matches!(turn.state.phase, Phase::Ended { .. }) {
        return findings::recovered(turn);
    }
    let lost = turn.withdraw(|_| true);
    turn.state.drift.clean_ms = None;
    for at in 0..turn.len() {
        match turn.step(at).status {
            Status::Applying => {
                turn.step_mut(at).unsure = true;
                probe::round(turn, at);
            }
            Status::Probing => probe::again(turn, at),
            Status::Resting { .. } => turn.step_mut(at).probe = true,
            Status::Verifying => {
                let key = &turn.planned(at).key;
                let purpose = lost
                    .iter()
                    .find_map(|command| match command {
                        Command::Observe { step, purpose } if step == key => Some(*purpose),
                        _ => None,
                    })
                    .unwrap_or(Purpose::Poll);
                turn.issue(Command::Observe {
                    step: key.clone(),
                    purpose,
                });
            }
            _ => {}
        }
    }
    true
}

/// Nothing new begins; what is in flight settles.
pub(super) fn cancelled(turn: &mut Turn<'_>, by: &str) -> bool {
    if matches!(turn.state.phase, Phase::Ended { .. } | Phase::Cancelling) {
        return false;
    }
    turn.state.phase = Phase::Cancelling;
    turn.state.paused = false;
    turn.state.drift = DriftCheck::default();
    turn.withdraw(|command| matches!(command, Command::ReadDrift));
    for at in 0..turn.len() {
        stop(turn, at);
    }
    let left: Vec<String> = (0..turn.len())
        .filter(|at| turn.step(*at).status == Status::Unstarted)
        .map(|at| turn.planned(at).key.to_string())
        .collect();
    let left = if left.is_empty() {
        "Every step had begun.".to_owned()
    } else {
        format!("Not begun: {}.", left.join(", "))
    };
    let text = format!(
        "The run was cancelled by {by}. {left} Retry the run to go on, or restore what it did."
    );
    turn.find(None, "cancelled", text);
    true
}

fn stop(turn: &mut Turn<'_>, at: usize) {
    let key = turn.planned(at).key.clone();
    let step = turn.step(at);
    let unsure = step.unsure;
    match step.status {
        Status::Waiting => turn.step_mut(at).status = Status::Unstarted,
        Status::Probing if !unsure => {
            turn.withdraw(
                |command| matches!(command, Command::Observe { step, .. } if *step == key),
            );
            apply::abandon(turn, at);
        }
        Status::Resting { .. } if !unsure => apply::abandon(turn, at),
        Status::WithPerson { .. } => by_hand::called_off(turn, at),
        _ => {}
    }
}

/// Nothing new begins until it is resumed.
pub(super) fn paused(turn: &mut Turn<'_>) -> bool {
    let idle = matches!(turn.state.phase, Phase::Ended { .. } | Phase::Cancelling);
    if idle || turn.state.paused {
        return false;
    }
    turn.state.paused = true;
    true
}

/// It goes on.
pub(super) fn resumed(turn: &mut Turn<'_>) -> bool {
    std::mem::take(&mut turn.state.paused)
}

/// An ended run is tried again: under its approval, and never without a probe.
pub(super) fn retried(turn: &mut Turn<'_>, by: &str) -> bool {
    let ended = Phase::Ended {
        outcome: Outcome::NeedsReview,
    };
    if turn.state.phase != ended {
        return false;
    }
    if !approval_lasts(turn) {
        return true;
    }
    turn.close_findings(
        |finding| finding.kind != BY_HAND && finding.kind != REVIEW,
        &format!("retried by {by}"),
    );

    for at in 0..turn.len() {
        if turn.step(at).status != Status::Verified {
            reset(turn, at);
        }
    }
    reopen(turn);
    true
}

/// Whether the approval still holds; a finding says so when it does not.
fn approval_lasts(turn: &mut Turn<'_>) -> bool {
    let lasts = turn.now <= turn.state.approved_until_ms;
    if !lasts {
        let text = format!(
            "The run cannot go on: its approval ran out at {}. Make a new plan and approve it.",
            moment(turn.state.approved_until_ms)
        );
        turn.find(None, "approval", text);
    }
    lasts
}

fn reset(turn: &mut Turn<'_>, at: usize) {
    let now = turn.now;
    let step = turn.step_mut(at);
    // What was written a moment ago may show on one replica and not on the next.
    let written_ms = step.receipt.accepted_ms.max(step.receipt.effective_ms);
    step.unsure |= written_ms.is_some_and(|written_ms| now - written_ms < FRESH_MS);
    step.receipt.effective_ms = None;
    step.look = None;
    step.status = Status::Waiting;
    step.hold = None;
    step.probe = true;
    step.answered = false;
    step.probes = 0;
    step.misses = 0;
    step.attempts_before = step.receipt.attempts;
    step.receipt.spent_ms = 0;
    step.receipt.reads = 0;
    step.todo.append(&mut step.refused);
    step.todo.sort_unstable();
    step.todo.dedup();
}

fn reopen(turn: &mut Turn<'_>) {
    findings::stop_looking(turn);
    turn.state.retries += 1;
    turn.state.told = None;
    turn.state.looked = false;
    turn.state.ended_ms = None;
    turn.state.drift = DriftCheck::default();
    for at in 0..turn.len() {
        if tells(turn.planned(at)) {
            tell_again(turn, at);
        }
    }
    turn.state.phase = if turn.state.started_ms.is_some() {
        Phase::Containing
    } else {
        Phase::Scheduled {
            due_ms: turn.plan.at.map_or(0, Timestamp::as_millisecond),
        }
    };
}

/// Who was told how the run ended is told anew, under an operation of its own: what was said before is not true any more.
fn tell_again(turn: &mut Turn<'_>, at: usize) {
    let (run, spec) = (turn.state.run.clone(), turn.planned(at));
    let anew = StepKey::new(format!("{}#{}", spec.key, turn.state.retries));
    let mut step = StepRun::new(&run, spec);
    step.receipt.operation = operation(&run, &anew);
    step.probe = true;
    *turn.step_mut(at) = step;
}

/// A line that cannot be taken back was approved.
pub(super) fn approved_apart(turn: &mut Turn<'_>, by: &str, key: &StepKey) -> bool {
    let Some(spec) = turn.plan.step(key) else {
        return false;
    };
    if !spec.approved_apart()
        || turn.state.apart.contains(key)
        || turn.state.phase == Phase::Cancelling
    {
        return false;
    }
    let ended = matches!(turn.state.phase, Phase::Ended { .. });
    if ended && !approval_lasts(turn) {
        return true;
    }
    turn.state.apart.push(key.clone());
    let of_step =
        |finding: &Finding| finding.kind == "approval" && finding.step.as_ref() == Some(key);
    turn.close_findings(of_step, &format!("approved by {by}"));
    let held: Vec<usize> = (0..turn.len())
        .filter(|at| turn.step(*at).hold == Some(Hold::Approval))
        .collect();
    for at in &held {
        reset(turn, *at);
    }
    if ended && !held.is_empty() {
        reopen(turn);
    }
    true
}

/// Clocks differ: times in receipts cannot be trusted.
pub(super) fn clock_skew(turn: &mut Turn<'_>, seconds: i64) -> bool {
    let known = turn.state.open_findings().any(|f| f.kind == "clock");
    if known || matches!(turn.state.phase, Phase::Ended { .. }) {
        return false;
    }
    let text = format!(
        "The vendor's clock and this machine's differ by {seconds} s, so times in receipts are off by as much. Set this machine's clock, then retry the run."
    );
    turn.find(None, "clock", text);
    true
}

/// A step, or the run, cannot be carried on by this process.
pub(super) fn parked(turn: &mut Turn<'_>, step: Option<&StepKey>, because: &str) -> bool {
    if matches!(turn.state.phase, Phase::Ended { .. }) {
        return false;
    }
    let Some(key) = step else {
        return turn.park_all(because);
    };
    let Some(at) = turn.position(key) else {
        return false;
    };
    if turn.step(at).status.is_settled() {
        return false;
    }
    let of_step = |command: &Command| matches!(command, Command::Observe { step, .. } | Command::Apply { step, .. } if step == key);
    turn.withdraw(of_step);
    let step = turn.step_mut(at);
    step.unsure |= step.status == Status::Applying;
    turn.hold(at, Hold::Parked, because.to_owned());
    let text = format!("{}: {because}", turn.spec(at).summary);
    turn.find(Some(at), "parked", text);
    true
}

impl Turn<'_> {
    fn park_all(&mut self, because: &str) -> bool {
        for at in 0..self.len() {
            if !self.step(at).status.is_settled() {
                let step = self.step_mut(at);
                step.unsure |= step.status == Status::Applying;
                self.hold(at, Hold::Parked, because.to_owned());
            }
        }
        self.find(None, "parked", because.to_owned());
        close::end(self);
        true
    }
}

/// Parks a run whose state cannot be decided on: what was in flight is left as it is, for a person. Checks nothing.
pub(crate) fn park(
    plan: &domain::plan::Plan,
    state: &RunState,
    because: &str,
    now_ms: i64,
) -> (Event, Decision) {
    let event = Event::Parked {
        step: None,
        because: because.to_owned(),
    };
    let mut after = state.clone();
    let withdrawn = after.open.drain(..).map(|open| open.id).collect();
    for (_, step) in &mut after.steps {
        step.looking = None;
        if !step.status.is_settled() {
            step.unsure |= step.status == Status::Applying;
            step.hold = Some(Hold::Parked);
            step.status = Status::Held {
                because: because.to_owned(),
            };
        }
    }
    let number = after.findings.len() as u32 + 1;
    let opened = Finding::opened(number, None, "parked", because.to_owned(), now_ms);
    after.findings.push(opened);
    after.phase = Phase::Ended {
        outcome: Outcome::NeedsReview,
    };
    after.paused = false;
    after.ended_ms = Some(now_ms);
    let leaves = leaves::between(plan, state, &after, &[]);
    let decision = Decision {
        state: after,
        commands: Vec::new(),
        withdrawn,
        leaves,
    };
    (event, decision)
}
