//! The loop: it persists every decision, then carries out its commands, and turns their outcomes into the next event.

mod carry;
mod drift;
mod lease;
mod points;
mod serve;
mod work;

use std::future::Future;
use std::sync::Arc;

use domain::plan::Plan;
use domain::{RunId, TenantId};

use crate::hands::{Hands, Problem};
use crate::journal::{Error, Journal};
use crate::state::{Event, RunState};

/// Finds the hands for a tenant: credentials, connectors and steps.
pub trait HandsFor: Send + Sync {
    /// The hands for this tenant.
    ///
    /// # Errors
    /// When they cannot be had, for instance because a credential cannot be opened.
    fn for_tenant(&self, tenant: &TenantId) -> Result<Arc<dyn Hands>, Problem>;
}

/// Two clocks: dates are told by the one, time spent is measured by the other.
pub trait Clock: Send + Sync {
    /// Epoch milliseconds.
    fn now_ms(&self) -> i64;

    /// Milliseconds since any fixed moment; it never goes back.
    fn monotonic_ms(&self) -> u64;
}

/// Watches runs, after each commit.
pub trait Observer: Send + Sync {
    /// This event was committed, and led to this state.
    fn committed(&self, plan: &Plan, state: &RunState, event: &Event);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn committed(&self, _: &Plan, _: &RunState, _: &Event) {}
}

/// How far a run is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// To its end, whatever it has to wait for.
    Ended,
    /// Until nothing is in flight and the next thing is due after this moment, in epoch milliseconds.
    Due(i64),
    /// Until nothing is in flight and the next thing is due later than so many milliseconds from then.
    Ahead(i64),
}

/// Carries runs. Cheap to clone.
#[derive(Clone)]
pub struct Driver {
    /// The engine's memory.
    pub journal: Arc<dyn Journal>,
    /// Who touches the outside.
    pub hands: Arc<dyn HandsFor>,
    /// The clocks.
    pub clock: Arc<dyn Clock>,
    /// The name under which the lease is held: one for each process.
    pub name: String,
    /// How long to wait for a lease that another process holds, in milliseconds. A process that was killed gives nothing back, so
    /// this should outlast a lease unless somebody is better told at once.
    pub patience_ms: i64,
    /// How many runs of one tenant go on at a time.
    pub runs_per_tenant: usize,
}

impl Driver {
    /// A driver with the usual patience and limits.
    #[must_use]
    pub fn new(
        journal: Arc<dyn Journal>,
        hands: Arc<dyn HandsFor>,
        clock: Arc<dyn Clock>,
        name: impl Into<String>,
    ) -> Self {
        Self {
            journal,
            hands,
            clock,
            name: name.into(),
            patience_ms: lease::LASTS_MS + 1_000,
            runs_per_tenant: 8,
        }
    }

    /// Carries one run, and takes up what others submit for it meanwhile.
    ///
    /// # Errors
    /// Store errors, and [`Error::LeaseLost`] as soon as another process has taken over. Whatever was committed stays; the run
    /// goes on from there when it is driven again.
    pub async fn drive(
        &self,
        run: &RunId,
        until: Until,
        observer: Arc<dyn Observer>,
    ) -> Result<RunState, Error> {
        let lease = lease::take(self).await?;
        let carried = carry::carry(self.clone(), lease.epoch(), run.clone(), until, observer);
        let outcome = tokio::select! {
            biased;
            lost = lease.keep() => Err(lost),
            carried = carried => carried,
        };
        if !matches!(outcome, Err(Error::LeaseLost)) {
            lease.give_back().await;
        }
        outcome
    }

    /// Carries every run that is open, now and later, until `shutdown` is done. A run that fails is left for a while; the others go on.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] as soon as another process has taken over.
    pub async fn serve(
        &self,
        observer: Arc<dyn Observer>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), Error> {
        let lease = lease::take(self).await?;
        let outcome = tokio::select! {
            biased;
            lost = lease.keep() => Err(lost),
            outcome = serve::serve(self, lease.epoch(), observer) => outcome,
            () = shutdown => Ok(()),
        };
        if !matches!(outcome, Err(Error::LeaseLost)) {
            lease.give_back().await;
        }
        outcome
    }
}
