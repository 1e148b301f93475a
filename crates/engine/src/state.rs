//! A run's state, the events that move it and the commands it gives: versioned data, free of secrets.

mod finding;

use std::collections::BTreeMap;

use domain::drift::Difference;
use domain::plan::{Digest, Plan};
use domain::spec::StepSpec;
use domain::{RunId, StepKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::hands::{Applied, Call, Problem, Purpose, Seen};
use crate::journal::Pending;

pub use finding::{Finding, LEAST_REASON, Mark, MarkKind, REVIEW};

/// The format of stored states; raised with a migration.
pub const FORMAT: u32 = 1;

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "kebab-case")]
pub enum Phase {
    /// Approved and waiting for its start.
    Scheduled {
        /// Epoch milliseconds.
        due_ms: i64,
    },
    /// Access is being closed.
    Containing,
    /// The tenant is read again before anything else is touched.
    CheckingDrift,
    /// Steps are carried out.
    Running,
    /// Nothing new is started; what is in flight settles.
    Cancelling,
    /// It ended.
    Ended {
        /// How.
        outcome: Outcome,
    },
}

/// How a run ends. There is no third outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every step is verified, or skipped by policy.
    Completed,
    /// At least one finding is open.
    NeedsReview,
}

impl Outcome {
    /// The words people read.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::NeedsReview => "needs review",
        }
    }
}

/// Where a step stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Status {
    /// Not begun.
    Waiting,
    /// Being probed before a write.
    Probing,
    /// A write is on its way.
    Applying,
    /// A write is to be tried again when its timer is due.
    Resting {
        /// Epoch milliseconds.
        due_ms: i64,
    },
    /// Accepted, and its answer is in; the common read of containment is still to come.
    Accepted,
    /// Being read.
    Verifying,
    /// To be read again when its timer is due.
    Converging {
        /// Epoch milliseconds.
        due_ms: i64,
    },
    /// A person has been asked to do it, and has not said yet that it is done.
    WithPerson {
        /// When it becomes a finding, epoch milliseconds.
        due_ms: i64,
    },
    /// Reads agree, or the person who was asked has said that it is done.
    Verified,
    /// It failed, and a finding says why.
    Failed,
    /// It was not begun, because something it needs failed or the run was cancelled; a finding says so.
    Unstarted,
    /// It waits for an approval: an irreversible line of its own, or a new digest after drift.
    Held {
        /// Why.
        because: String,
    },
}

impl Status {
    /// Whether nothing more will happen to the step by itself.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        matches!(
            self,
            Self::Verified | Self::Failed | Self::Unstarted | Self::Held { .. }
        )
    }
}

/// The evidence of a step done by hand under which the moment stands, for the steps that read what follows from it.
pub const DONE: &str = "done";
/// The evidence of a step done by hand under which the name stands of who said so.
pub const BY: &str = "by";

/// What one step did: the receipt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The operation id, the same for every attempt.
    pub operation: String,
    /// How many times a write was attempted.
    pub attempts: u32,
    /// How many reads were made after the write.
    pub reads: u32,
    /// Calls that were accepted.
    pub calls: Vec<Call>,
    /// Evidence that later reads need.
    pub evidence: BTreeMap<String, Value>,
    /// The values read before the write, where it was probed.
    pub before: Option<Vec<Value>>,
    /// The values read last.
    pub after: Option<Vec<Value>>,
    /// When the write was first persisted as intended, epoch milliseconds.
    pub intended_ms: Option<i64>,
    /// When the API had answered.
    pub accepted_ms: Option<i64>,
    /// When a read first showed every change.
    pub effective_ms: Option<i64>,
    /// When the step's own check agreed.
    pub verified_ms: Option<i64>,
    /// The last problem.
    pub problem: Option<Problem>,
    /// Time spent converging, in milliseconds: what the budget counts.
    pub spent_ms: u64,
    /// Removals that grew under the policy, by name of object.
    pub grown: Vec<String>,
    /// What a reader of the receipt has to know besides, such as that nothing had to be written.
    #[serde(default)]
    pub note: Option<String>,
}

/// What a held step waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hold {
    /// An approval of its own, or that of a step it comes after.
    Approval,
    /// A new plan: the tenant is not as it was approved.
    Drift,
    /// A version of Tenure that knows the step, or somebody who looks at a failure of ours.
    Parked,
}

/// What the last look at a verified step has spent. It has a budget of its own: what the step needed to converge says nothing of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Reads so far.
    pub reads: u32,
    /// Time spent so far, in milliseconds.
    pub spent_ms: u64,
}

/// A step in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRun {
    /// Where it stands.
    pub status: Status,
    /// What it did so far.
    pub receipt: Receipt,
    /// Indices of the changes still to be written.
    pub todo: Vec<usize>,
    /// Indices of the changes that were given up; a finding says why.
    #[serde(default)]
    pub refused: Vec<usize>,
    /// The step as it grew under the policy; it replaces the plan's for writing and for reading.
    #[serde(default)]
    pub grown: Option<Box<StepSpec>>,
    /// Whether a first attempt was answered, whatever the answer (containment goes on by it).
    #[serde(default)]
    pub answered: bool,
    /// Whether it is probed before its next write.
    #[serde(default)]
    pub probe: bool,
    /// Whether a write may have happened whose answer never came.
    #[serde(default)]
    pub unsure: bool,
    /// The look at the end of the run, where it was verified and is being read once more.
    #[serde(default)]
    pub look: Option<Look>,
    /// Probes since it was last decided to probe.
    #[serde(default)]
    pub probes: u32,
    /// Probes that could not be made since then.
    #[serde(default)]
    pub misses: u32,
    /// Attempts before the run was last retried: the budget counts from there.
    #[serde(default)]
    pub attempts_before: u32,
    /// What it waits for, while it is held.
    #[serde(default)]
    pub hold: Option<Hold>,
    /// Who has asked for a look after the run's end, while that look is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looking: Option<String>,
}

impl StepRun {
    /// A step that has not begun.
    #[must_use]
    pub fn new(run: &RunId, spec: &StepSpec) -> Self {
        Self {
            status: Status::Waiting,
            receipt: Receipt {
                operation: operation(run, &spec.key),
                attempts: 0,
                reads: 0,
                calls: Vec::new(),
                evidence: BTreeMap::new(),
                before: None,
                after: None,
                intended_ms: None,
                accepted_ms: None,
                effective_ms: None,
                verified_ms: None,
                problem: None,
                spent_ms: 0,
                grown: Vec::new(),
                note: None,
            },
            todo: (0..spec.changes.len()).collect(),
            refused: Vec::new(),
            grown: None,
            answered: false,
            probe: false,
            unsure: false,
            look: None,
            probes: 0,
            misses: 0,
            attempts_before: 0,
            hold: None,
            looking: None,
        }
    }

    /// The step as it is carried out: as it grew, else as planned.
    #[must_use]
    pub fn effective<'a>(&'a self, planned: &'a StepSpec) -> &'a StepSpec {
        self.grown.as_deref().unwrap_or(planned)
    }
}

/// The operation id of a step in a run: the same for every attempt and after every restart.
#[must_use]
pub fn operation(run: &RunId, step: &StepKey) -> String {
    let name = format!("tenure:{run}/{step}");
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string()
}

/// The state of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// [`FORMAT`] when it was written.
    pub format: u32,
    /// The run.
    pub run: RunId,
    /// Where it stands.
    pub phase: Phase,
    /// Whether nothing new is to be started until it is resumed.
    pub paused: bool,
    /// The steps, in the plan's order.
    pub steps: Vec<(StepKey, StepRun)>,
    /// Findings, open and closed.
    pub findings: Vec<Finding>,
    /// Irreversible lines that are approved.
    pub apart: Vec<StepKey>,
    /// The id that the next command gets.
    pub next_command: u64,
    /// When the approval ran out, epoch milliseconds.
    pub approved_until_ms: i64,
    /// When the run was started.
    pub started_ms: Option<i64>,
    /// When containment was verified.
    pub contained_ms: Option<i64>,
    /// When the run ended.
    pub ended_ms: Option<i64>,
    /// How often drift was read; a difference is read once more before it counts.
    pub drift_reads: u32,
    /// How often the run was retried after it had ended.
    pub retries: u32,
    /// The drift check.
    #[serde(default)]
    pub drift: DriftCheck,
    /// Commands without an outcome: what the journal holds as pending.
    #[serde(default)]
    pub open: Vec<Pending>,
    /// How the run stood when everything was settled but the steps that tell people.
    #[serde(default)]
    pub told: Option<String>,
    /// Whether everything verified was looked at once more.
    #[serde(default)]
    pub looked: bool,
    /// The digest that was approved.
    #[serde(default)]
    pub digest: Option<Digest>,
    /// Who approved.
    #[serde(default)]
    pub approvers: Vec<String>,
    /// When the last approval that was needed was given, epoch milliseconds.
    #[serde(default)]
    pub approved_ms: Option<i64>,
}

/// Where the drift check stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftCheck {
    /// When the tenant is to be read again, epoch milliseconds.
    pub due_ms: Option<i64>,
    /// Whether a difference was seen that has to be read once more.
    pub again: bool,
    /// Reads that failed since the check began.
    pub failures: u32,
    /// When a read last agreed with the plan: for a short while after it steps need no probe.
    pub clean_ms: Option<i64>,
}

impl RunState {
    /// A run that has not been started. A journal stores it as it is; the driver starts it.
    #[must_use]
    pub fn new(run: RunId, plan: &Plan, apart: Vec<StepKey>, approved_until_ms: i64) -> Self {
        let steps = plan
            .steps
            .iter()
            .map(|spec| (spec.key.clone(), StepRun::new(&run, spec)))
            .collect();
        Self {
            format: FORMAT,
            run,
            phase: Phase::Scheduled {
                due_ms: plan.at.map_or(0, jiff::Timestamp::as_millisecond),
            },
            paused: false,
            steps,
            findings: Vec::new(),
            apart,
            next_command: 1,
            approved_until_ms,
            started_ms: None,
            contained_ms: None,
            ended_ms: None,
            drift_reads: 0,
            retries: 0,
            drift: DriftCheck::default(),
            open: Vec::new(),
            told: None,
            looked: false,
            digest: None,
            approvers: Vec::new(),
            approved_ms: None,
        }
    }

    /// The same run with what the ledger says of its approval.
    #[must_use]
    pub fn approved(mut self, digest: Digest, approvers: Vec<String>, at_ms: i64) -> Self {
        self.approved_ms = Some(at_ms);
        self.digest = Some(digest);
        self.approvers = approvers;
        self
    }

    /// The step of this key.
    #[must_use]
    pub fn step(&self, key: &StepKey) -> Option<&StepRun> {
        self.steps
            .iter()
            .find_map(|(other, step)| (other == key).then_some(step))
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        match self.phase {
            Phase::Ended { outcome } => Some(outcome),
            _ => None,
        }
    }

    /// Findings that nobody has closed.
    pub fn open_findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.closed.is_none())
    }

    /// When something is next to be done by the clock alone, epoch milliseconds.
    #[must_use]
    pub fn next_due_ms(&self) -> Option<i64> {
        let timers = self
            .open
            .iter()
            .filter_map(|pending| match pending.command {
                Command::Timer { due_ms } => Some(due_ms),
                _ => None,
            });
        timers.min()
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The run begins to exist: approved, now or at its time.
    Started {
        /// Irreversible lines that are approved.
        apart: Vec<StepKey>,
        /// When the approval runs out.
        approved_until_ms: i64,
    },
    /// A process took the run up again; what was in flight has no outcome.
    Recovered,
    /// A timer is due.
    Due,
    /// A step's changes were read.
    Observed {
        /// The step.
        step: StepKey,
        /// Why it was read.
        purpose: Purpose,
        /// What was seen.
        seen: Result<Vec<Seen>, Problem>,
        /// How long the read and the wait before it took, in milliseconds.
        spent_ms: u64,
    },
    /// A step's write was answered, or will never be.
    Applied {
        /// The step.
        step: StepKey,
        /// Which attempt.
        attempt: u32,
        /// What became of it.
        applied: Applied,
    },
    /// The tenant was read again.
    DriftRead {
        /// The differences, or why there are none to tell.
        differences: Result<Vec<Difference>, Problem>,
    },
    /// Somebody wants the run to stop.
    Cancelled {
        /// Who.
        by: String,
    },
    /// Somebody wants nothing new to be started.
    Paused {
        /// Who.
        by: String,
    },
    /// Somebody wants the run to go on.
    Resumed {
        /// Who.
        by: String,
    },
    /// Somebody wants an ended run to be tried again.
    Retried {
        /// Who.
        by: String,
    },
    /// An irreversible line was approved.
    ApprovedApart {
        /// Who.
        by: String,
        /// Which.
        step: StepKey,
    },
    /// A person has done what was asked for by hand.
    DoneByHand {
        /// Who says so.
        by: String,
        /// Which step.
        step: StepKey,
        /// What they want to have on record about it.
        #[serde(default)]
        note: Option<String>,
    },
    /// Somebody has settled a finding of an ended run without this run: it is closed, and how the run ended stays as it is.
    FindingHandled {
        /// Who says so.
        by: String,
        /// The finding.
        number: u32,
        /// What was done about it, or why nothing has to be: [`LEAST_REASON`] characters at least.
        reason: String,
    },
    /// A finding that was handled is open again.
    FindingReopened {
        /// Who says so.
        by: String,
        /// The finding.
        number: u32,
        /// Why: [`LEAST_REASON`] characters at least.
        reason: String,
    },
    /// Somebody wants a step of an ended run to be read once more, because of a finding about it. Nothing is written.
    LookAgain {
        /// Who.
        by: String,
        /// The step.
        step: StepKey,
    },
    /// The vendor's clock and ours differ by more than a minute.
    ClockSkew {
        /// By how much, in seconds.
        seconds: i64,
    },
    /// A step cannot be carried out by this version of Tenure, or our own code failed on it; without a step, on the run.
    Parked {
        /// The step, if it is one.
        step: Option<StepKey>,
        /// Why.
        because: String,
    },
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Command {
    /// Read a step's changes.
    Observe {
        /// The step.
        step: StepKey,
        /// Why.
        purpose: Purpose,
    },
    /// Write a step's changes.
    Apply {
        /// The step.
        step: StepKey,
        /// Which attempt.
        attempt: u32,
        /// Indices of the changes to write.
        todo: Vec<usize>,
    },
    /// Read the tenant again.
    ReadDrift,
    /// Come back then.
    Timer {
        /// Epoch milliseconds.
        due_ms: i64,
    },
}
