//! Where a run's time went: from approval to the end, with the waits that were the vendor's, a person's or the calendar's itemised.

use domain::StepKey;
use domain::plan::Plan;
use jiff::Timestamp;

use crate::state::{RunState, StepRun};

/// Waits shorter than this are not worth a line, in milliseconds.
const SHORT_MS: i64 = 1_000;

/// What a run waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The vendor had accepted a change and did not show it yet.
    Vendor,
    /// A person was asked to do something by hand.
    Person,
    /// The moment had not come.
    Calendar,
}

/// One wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The step that waited.
    pub step: StepKey,
    /// For what.
    pub cause: Cause,
    /// From when, epoch milliseconds.
    pub from_ms: i64,
    /// Until when, epoch milliseconds.
    pub until_ms: i64,
}

impl Wait {
    /// How long, in milliseconds.
    #[must_use]
    pub fn lasted_ms(&self) -> i64 {
        self.until_ms - self.from_ms
    }
}

/// Where the time of a run went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// From the approval, or the start that was planned for later, to the last verification, in milliseconds.
    pub total_ms: i64,
    /// The part of it in which nothing was done but waiting for others, in milliseconds; waits at the same time count once.
    pub waited_ms: i64,
    /// The waits, longest first.
    pub waits: Vec<Wait>,
}

/// Where the time went, once something is verified.
#[must_use]
pub fn timing(plan: &Plan, state: &RunState) -> Option<Timing> {
    let approved_ms = state.approved_ms.or(state.started_ms)?;
    let from_ms = approved_ms.max(plan.at.map_or(i64::MIN, Timestamp::as_millisecond));
    let verified = state
        .steps
        .iter()
        .filter_map(|(_, step)| step.receipt.verified_ms);
    let until_ms = verified.max()?;
    let mut waits: Vec<Wait> = plan
        .steps
        .iter()
        .zip(&state.steps)
        .filter_map(|(spec, (key, step))| {
            let (cause, from_ms, until_ms) = if spec.by_hand.is_some() {
                (
                    Cause::Person,
                    step.receipt.intended_ms?,
                    step.receipt.verified_ms?,
                )
            } else if let Some(moment) = spec.not_before {
                let idle_since = last_before(state, moment.as_millisecond()).unwrap_or(from_ms);
                (Cause::Calendar, idle_since, moment.as_millisecond())
            } else {
                vendor(step)?
            };
            let step = key.clone();
            (until_ms - from_ms >= SHORT_MS).then_some(Wait {
                step,
                cause,
                from_ms,
                until_ms,
            })
        })
        .collect();
    waits.sort_by_key(|wait| std::cmp::Reverse(wait.lasted_ms()));
    Some(Timing {
        total_ms: until_ms - from_ms,
        waited_ms: covered(&waits),
        waits,
    })
}

fn vendor(step: &StepRun) -> Option<(Cause, i64, i64)> {
    let receipt = &step.receipt;
    // A step that only awaits has no answer; it waits from its first look.
    let from_ms = receipt.accepted_ms.or(receipt.intended_ms)?;
    Some((Cause::Vendor, from_ms, receipt.verified_ms?))
}

/// The last verification before a moment.
fn last_before(state: &RunState, moment_ms: i64) -> Option<i64> {
    let verified = state
        .steps
        .iter()
        .filter_map(|(_, step)| step.receipt.verified_ms);
    verified.filter(|at| *at < moment_ms).max()
}

/// How much time the waits cover together.
fn covered(waits: &[Wait]) -> i64 {
    let mut spans: Vec<(i64, i64)> = waits
        .iter()
        .map(|wait| (wait.from_ms, wait.until_ms))
        .collect();
    spans.sort_unstable();
    let mut covered = 0;
    let mut reached = i64::MIN;
    for (from_ms, until_ms) in spans {
        covered += (until_ms - from_ms.max(reached)).max(0);
        reached = reached.max(until_ms);
    }
    covered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(from_ms: i64, until_ms: i64) -> Wait {
        Wait {
            step: StepKey::from("s"),
            cause: Cause::Vendor,
            from_ms,
            until_ms,
        }
    }

    #[test]
    fn waits_at_the_same_time_count_once() {
        assert_eq!(covered(&[wait(0, 10), wait(5, 20), wait(30, 31)]), 21);
        assert_eq!(covered(&[wait(0, 30), wait(5, 20)]), 30);
        assert_eq!(covered(&[]), 0);
    }
}
