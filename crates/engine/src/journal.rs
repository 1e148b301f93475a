//! What the engine asks of whoever keeps its memory: one transaction per decision, before anything is done about it.

use async_trait::async_trait;
use domain::plan::StoredPlan;
use domain::{RunId, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::state::{Command, Event, RunState};

/// A command that was persisted and has no outcome yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Its id, unique in the run.
    pub id: u64,
    /// What to do.
    pub command: Command,
}

/// A ledger leaf that belongs to a decision: kind and payload; the store salts, hashes and appends it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leaf {
    /// `run-started`, `receipt`, `finding`, `run-ended`, …
    pub kind: String,
    /// The payload, free of secrets.
    pub payload: Value,
}

/// One decision, to be written as one transaction.
#[derive(Clone, Debug)]
pub struct Commit<'a> {
    /// The run.
    pub run: &'a RunId,
    /// The sequence number of the state this decision was made on; another writer's progress makes the commit fail.
    pub expected_seq: u64,
    /// The lease epoch of the driver.
    pub epoch: u64,
    /// What happened.
    pub event: &'a Event,
    /// When it happened, epoch milliseconds; ledger entries carry it.
    pub now_ms: i64,
    /// The command whose outcome the event is, if any: it is done with this commit.
    pub settles: Option<u64>,
    /// The number of the inbox event this commit takes up, if it came from there.
    pub inbox: Option<u64>,
    /// The state after.
    pub state: &'a RunState,
    /// Commands to carry out after the commit.
    pub commands: &'a [Pending],
    /// Commands that no longer matter.
    pub withdrawn: &'a [u64],
    /// Ledger leaves of this decision.
    pub leaves: &'a [Leaf],
}

/// A run as loaded.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The run.
    pub run: RunId,
    /// The tenant.
    pub tenant: TenantId,
    /// The approved plan, opened from its stored bytes.
    pub plan: StoredPlan,
    /// The state.
    pub state: RunState,
    /// The number of events so far.
    pub seq: u64,
    /// Commands without an outcome.
    pub pending: Vec<Pending>,
}

/// Why memory failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another driver holds the lease, or took it over: stop at once.
    #[error("another Tenure process has taken over this store; this one stops")]
    LeaseLost,
    /// Somebody else moved the run on.
    #[error("run {0} was moved on by somebody else")]
    Stale(RunId),
    /// The run does not exist.
    #[error("there is no run {0}")]
    NoRun(RunId),
    /// Another run of the same person is going on.
    #[error("run {0} is already going on for this person; wait for it, or cancel it")]
    PersonBusy(RunId),
    /// The store failed; nothing was written.
    #[error("the store could not be written: {0}")]
    Store(String),
}

/// Keeps events, states, commands, locks and ledger leaves. Kept by `store`.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Takes or renews the lease as this driver and returns its epoch; a lease that lasts 0 ms is given back.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] while another driver's lease has not run out.
    async fn lease(&self, driver: &str, now_ms: i64, lasts_ms: i64) -> Result<u64, Error>;

    /// Loads a run.
    ///
    /// # Errors
    /// [`Error::NoRun`] and store errors.
    async fn load(&self, run: &RunId) -> Result<Loaded, Error>;

    /// Writes one decision: event, state, commands, leaves, and for a start the person's lock, or nothing of it.
    /// When the state has ended the person's lock is released in the same transaction; a retry takes it again.
    ///
    /// # Errors
    /// [`Error::Stale`], [`Error::LeaseLost`], [`Error::PersonBusy`] and store errors.
    async fn commit(&self, commit: Commit<'_>) -> Result<(), Error>;

    /// Events that others (a command line on the same store, the web) have submitted for this run and that no decision has taken up yet.
    ///
    /// # Errors
    /// Store errors.
    async fn inbox(&self, run: &RunId) -> Result<Vec<(u64, Event)>, Error>;

    /// Runs that have not ended, with their next due time in epoch milliseconds, and ended runs for which the inbox holds an
    /// event (a retry, an approval) or a look is pending, without one. For every open run the due time is that of its earliest timer; absent when
    /// something else is pending, when an event waits in the inbox, or when nothing is.
    ///
    /// # Errors
    /// Store errors.
    async fn open_runs(&self) -> Result<Vec<(RunId, Option<i64>)>, Error>;

    /// Signs the ledger heads that grew since they were last signed.
    ///
    /// # Errors
    /// Store errors.
    async fn sign_heads(&self, now_ms: i64) -> Result<(), Error>;
}
