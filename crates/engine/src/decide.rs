//! The pure decision: what a run does next, given what happened. No clock, no randomness, no IO, no vendor and no step by name.
//!
//! [`decide`] may be called again for the same event; an event that is out of date, or that was taken up before, changes
//! nothing. It panics only when the run's state contradicts itself, and the driver then parks that run alone.

mod apply;
mod by_hand;
mod check;
mod close;
mod containment;
mod drift;
mod findings;
mod human;
mod leaves;
mod probe;
mod ready;
#[cfg(test)]
pub(crate) mod tests;
mod turn;
mod verify;

use domain::plan::Plan;

use crate::journal::{Leaf, Pending};
use crate::state::{Event, RunState};

pub use close::outcome_words;
pub(crate) use human::park;
use turn::Turn;

/// What follows from an event: to be persisted as one, before any command is carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The state after.
    pub state: RunState,
    /// Commands to carry out once the decision is persisted.
    pub commands: Vec<Pending>,
    /// Commands of before that no longer matter.
    pub withdrawn: Vec<u64>,
    /// What the ledger keeps of it.
    pub leaves: Vec<Leaf>,
}

impl Decision {
    /// Whether the event changed nothing.
    #[must_use]
    pub fn is_nothing(&self, before: &RunState) -> bool {
        self.commands.is_empty() && self.withdrawn.is_empty() && &self.state == before
    }
}

/// Decides what a run does next.
///
/// # Panics
/// When the state contradicts itself or the plan: stored data that no version of this function has written.
#[must_use]
pub fn decide(plan: &Plan, state: &RunState, event: &Event, now_ms: i64) -> Decision {
    check::holds(plan, state);
    let mut turn = Turn::new(plan, state, now_ms);
    if !take(&mut turn, event) {
        return Decision {
            state: state.clone(),
            commands: Vec::new(),
            withdrawn: Vec::new(),
            leaves: Vec::new(),
        };
    }
    close::settle(&mut turn);
    let decision = turn.finish(state);
    check::holds(plan, &decision.state);
    check::moves(&decision.state);
    decision
}

/// Takes the event up; false when it is out of date.
fn take(turn: &mut Turn<'_>, event: &Event) -> bool {
    match event {
        Event::Started {
            apart,
            approved_until_ms,
        } => human::started(turn, apart, *approved_until_ms),
        Event::Recovered => human::recovered(turn),
        Event::Due => close::due(turn),
        Event::Observed {
            step,
            purpose,
            seen,
            spent_ms,
        } => verify::observed(turn, step, *purpose, seen, *spent_ms),
        Event::Applied {
            step,
            attempt,
            applied,
        } => apply::answered(turn, step, *attempt, applied),
        Event::DriftRead { differences } => drift::read(turn, differences),
        Event::Cancelled { by } => human::cancelled(turn, by),
        Event::Paused { by: _ } => human::paused(turn),
        Event::Resumed { by: _ } => human::resumed(turn),
        Event::Retried { by } => human::retried(turn, by),
        Event::ApprovedApart { by, step } => human::approved_apart(turn, by, step),
        Event::DoneByHand { by, step, note } => by_hand::done(turn, by, step, note.as_deref()),
        Event::FindingHandled { by, number, reason } => {
            findings::handled(turn, by, *number, reason)
        }
        Event::FindingReopened { by, number, reason } => {
            findings::reopened(turn, by, *number, reason)
        }
        Event::LookAgain { by, step } => findings::look(turn, by, step),
        Event::ClockSkew { seconds } => human::clock_skew(turn, *seconds),
        Event::Parked { step, because } => human::parked(turn, step.as_ref(), because),
    }
}
