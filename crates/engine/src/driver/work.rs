//! Carrying out one command: a call to the hands, or a wait.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::StepKey;
use domain::plan::{Plan, StoredPlan};
use jiff::Timestamp;
use serde_json::Value;

use super::points::point;
use super::{Clock, drift};
use crate::hands::{Applied, Call, Hands, Problem, Purpose, Seen, Task};
use crate::state::{Command, Event, RunState};

/// How far the vendor's clock and ours may differ.
const SKEW_MS: i64 = 60_000;
/// Wall clocks are set and machines sleep, so a long wait looks at the clock this often.
const LOOK: u64 = 1_000;

/// What came of a command.
pub(super) struct Done {
    pub(super) event: Event,
    /// When the work began and ended, by the monotonic clock.
    pub(super) began_ms: u64,
    pub(super) ended_ms: u64,
    /// By how many seconds the vendor's clock is off, if it is.
    pub(super) skew: Option<i64>,
}

/// Everything that work on a command needs, owned, so that it can go on by itself.
pub(super) struct Bench {
    pub(super) hands: Result<Arc<dyn Hands>, Problem>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) plan: Arc<StoredPlan>,
    pub(super) state: Arc<RunState>,
}

impl Bench {
    /// Carries out the command.
    pub(super) async fn work(self, command: Command) -> Done {
        let began_ms = self.clock.monotonic_ms();
        let began = self.clock.now_ms();
        let mut skew = None;
        let event = match command {
            Command::Timer { due_ms } => {
                self.wait(due_ms).await;
                Event::Due
            }
            Command::ReadDrift => Event::DriftRead {
                differences: self.read_drift().await,
            },
            Command::Observe { step, purpose } => Event::Observed {
                seen: self.observe(&step, purpose).await,
                step,
                purpose,
                spent_ms: 0,
            },
            Command::Apply {
                step,
                attempt,
                todo,
            } => {
                let applied = self.apply(&step, attempt, &todo).await;
                skew = self.skew(began, &applied.calls);
                Event::Applied {
                    step,
                    attempt,
                    applied,
                }
            }
        };
        Done {
            event,
            began_ms,
            ended_ms: self.clock.monotonic_ms(),
            skew,
        }
    }

    async fn wait(&self, due_ms: i64) {
        loop {
            let left = due_ms.saturating_sub(self.clock.now_ms());
            match u64::try_from(left) {
                Ok(left) if left > 0 => {
                    tokio::time::sleep(Duration::from_millis(left.min(LOOK))).await;
                }
                _ => return,
            }
        }
    }

    async fn read_drift(&self) -> Result<Vec<domain::drift::Difference>, Problem> {
        let hands = self.hands.clone()?;
        let plan = &self.plan.plan;
        let fresh = hands.propose_again(self.state.run.as_str(), plan).await?;
        Ok(drift::differences(plan, &self.state, fresh))
    }

    async fn observe(&self, step: &StepKey, purpose: Purpose) -> Result<Vec<Seen>, Problem> {
        let evidence = self.evidence();
        let task = self.task(step, None, &evidence);
        #[cfg(feature = "crash-points")]
        if purpose == Purpose::Probe && crate::crash::planted(crate::crash::Plant::NoProbe) {
            return Ok(as_planned(task.spec));
        }
        self.hands.clone()?.observe(task, purpose).await
    }

    async fn apply(&self, step: &StepKey, attempt: u32, todo: &[usize]) -> Applied {
        let evidence = self.evidence();
        let task = self.task(step, Some(attempt), &evidence);
        point!("before-apply");
        match &self.hands {
            Ok(hands) => hands.apply(task, todo).await,
            Err(problem) => Applied {
                problems: todo.iter().map(|at| (*at, problem.clone())).collect(),
                ..Applied::default()
            },
        }
    }

    fn task<'a>(
        &'a self,
        key: &StepKey,
        attempt: Option<u32>,
        evidence: &'a BTreeMap<StepKey, BTreeMap<String, Value>>,
    ) -> Task<'a> {
        let plan: &Plan = &self.plan.plan;
        let planned = plan.step(key).expect("commands name steps of their plan");
        let step = self.state.step(key).expect("a state has its plan's steps");
        let spec = step.effective(planned);
        Task {
            run: self.state.run.as_str(),
            operation: &step.receipt.operation,
            attempt: attempt.unwrap_or(step.receipt.attempts),
            intended: step
                .receipt
                .intended_ms
                .and_then(|ms| Timestamp::from_millisecond(ms).ok()),
            plan,
            spec,
            evidence,
            outcome: self.state.told.as_deref(),
        }
    }

    fn evidence(&self) -> BTreeMap<StepKey, BTreeMap<String, Value>> {
        let told = self
            .state
            .steps
            .iter()
            .filter(|(_, step)| !step.receipt.evidence.is_empty());
        told.map(|(key, step)| (key.clone(), step.receipt.evidence.clone()))
            .collect()
    }

    /// By how many seconds the vendor's clock was outside the time the call took, when that is too many.
    fn skew(&self, began: i64, calls: &[Call]) -> Option<i64> {
        let vendor = calls
            .iter()
            .filter_map(|call| moment(call.vendor_time.as_deref()?))
            .max()?;
        let now = self.clock.now_ms();
        let off = if vendor > now {
            vendor - now
        } else {
            (began - vendor).max(0)
        };
        (off > SKEW_MS).then_some(off / 1_000)
    }
}

/// HTTP dates and RFC 3339 times, in epoch milliseconds.
fn moment(text: &str) -> Option<i64> {
    let parsed = text
        .parse::<Timestamp>()
        .or_else(|_| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text));
    parsed.ok().map(Timestamp::as_millisecond)
}

/// What a probe would say if nobody had touched anything, this run included.
#[cfg(feature = "crash-points")]
fn as_planned(spec: &domain::spec::StepSpec) -> Vec<Seen> {
    let as_planned = |change: &domain::spec::Change| match change.after {
        domain::spec::Expect::Later => Seen::Todo {
            value: change.now.clone(),
        },
        domain::spec::Expect::Is(_) => Seen::Value {
            value: change.now.clone(),
        },
    };
    spec.changes.iter().map(as_planned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendor_times_are_read_in_both_forms() {
        for text in ["Fri, 20 Nov 2026 19:00:00 GMT", "2026-11-20T19:00:00Z"] {
            assert_eq!(moment(text), Some(1_795_201_200_000), "{text}");
        }
        assert_eq!(moment("soon"), None);
    }
}
