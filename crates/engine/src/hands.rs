//! What the engine asks of whoever can touch the outside: observe, apply, read everything again.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::StepKey;
use domain::plan::Plan;
use domain::spec::StepSpec;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What kind of failure it was; the engine acts on nothing else. The classes of DESIGN.md section 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "class", rename_all = "kebab-case")]
pub enum Class {
    /// Not done; worth asking again after this long, or after a back-off.
    RetryAfter {
        /// The vendor's own wait in milliseconds, if it gave one.
        after_ms: Option<u64>,
    },
    /// Not done; a permission or credential is missing.
    Denied,
    /// Not done; the object is not there.
    Missing,
    /// Not done; the object's state forbids it.
    Conflict,
    /// Not done; the request was wrong.
    Invalid,
    /// It may have happened: probe before any second write.
    Unknown,
}

/// A failure as it is stored with the run: data, read again after a restart, free of secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What it means for the engine.
    pub class: Class,
    /// What happened, to which object, and what to do now: for the person who has to act.
    pub message: String,
    /// The vendor's request id, for a support case.
    pub request_id: Option<String>,
}

/// One call that was answered, as a receipt keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The index of the change it was for, within the step.
    pub change: usize,
    /// Our id of the call.
    pub client_request_id: String,
    /// The vendor's id of the call.
    pub request_id: Option<String>,
    /// The status the vendor answered with.
    pub status: u16,
    /// The vendor's clock when it answered.
    pub vendor_time: Option<String>,
}

/// What became of an attempt to write. Items that failed do not hide items that were accepted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// Calls that were accepted.
    pub calls: Vec<Call>,
    /// What a later read needs in order to judge (never a secret), by name.
    pub evidence: BTreeMap<String, Value>,
    /// Changes that were not accepted, by index, and why.
    pub problems: Vec<(usize, Problem)>,
}

/// What an independent read of one change showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "seen", rename_all = "kebab-case")]
pub enum Seen {
    /// The value read; `null` for absent.
    Value {
        /// The value.
        value: Value,
    },
    /// The world is as the change wants it, though the value cannot be compared by itself (a time, a queued job).
    Done {
        /// What was read.
        value: Value,
    },
    /// The world is as before, though the value cannot be compared by itself.
    Todo {
        /// What was read.
        value: Value,
    },
    /// The change can never happen, for this reason.
    Impossible {
        /// Why.
        because: String,
    },
}

/// What a step is given besides its spec. No secret is ever in it.
#[derive(Clone, Debug)]
pub struct Task<'a> {
    /// The run, which also marks its calls.
    pub run: &'a str,
    /// The operation id: the same for every attempt of one intent.
    pub operation: &'a str,
    /// 1 for the first attempt; for a read that of the last attempt, 0 when nothing has been written yet.
    pub attempt: u32,
    /// When the first write was persisted as intended; absent while nothing has been written.
    pub intended: Option<Timestamp>,
    /// The plan.
    pub plan: &'a Plan,
    /// The step.
    pub spec: &'a StepSpec,
    /// Evidence of the run's steps so far.
    pub evidence: &'a BTreeMap<StepKey, BTreeMap<String, Value>>,
    /// How the run stands, for the steps that tell people (completion notices): filled when everything else is settled.
    pub outcome: Option<&'a str>,
}

/// Why a read is made; connectors count by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Before a write.
    Probe,
    /// The first read after a write.
    Verify,
    /// A repeated read while the vendor converges.
    Poll,
    /// A read that somebody asked for after the run's end.
    Look,
}

/// Touches the outside on the engine's behalf. Kept by `steps`.
#[async_trait]
pub trait Hands: Send + Sync {
    /// Whether this version of this step can be carried out.
    fn knows(&self, step: &str, version: u32) -> bool;

    /// Reads each change of the step directly on its object, in the order of `spec.changes`.
    ///
    /// # Errors
    /// When nothing could be read; one unreadable change makes the whole read fail with its problem.
    async fn observe(&self, task: Task<'_>, purpose: Purpose) -> Result<Vec<Seen>, Problem>;

    /// Writes the changes at these indices. Never reads first: the engine has probed where a probe is due.
    async fn apply(&self, task: Task<'_>, todo: &[usize]) -> Applied;

    /// Reads the tenant again and proposes afresh, for the drift check.
    ///
    /// # Errors
    /// When the facts could not be read.
    async fn propose_again(&self, run: &str, plan: &Plan) -> Result<Vec<StepSpec>, Problem>;
}
