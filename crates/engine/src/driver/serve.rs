//! All open runs of a store: looked for again and again, so many at a time for each tenant.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::{RunId, TenantId};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Driver, Observer, Until, carry};
use crate::journal::Error;
use crate::state::RunState;

/// How often open runs are looked for.
const LOOK: Duration = Duration::from_secs(1);
/// A run that waits longer than this for a timer is put away until then.
const PUT_AWAY_MS: i64 = 60_000;
/// How long a run is left alone after it failed.
const LEAVE_MS: i64 = 10_000;

struct Serving<'d> {
    driver: &'d Driver,
    epoch: u64,
    observer: Arc<dyn Observer>,
    tasks: JoinSet<(RunId, Result<RunState, Error>)>,
    ids: HashMap<tokio::task::Id, RunId>,
    active: HashSet<RunId>,
    /// Runs that wait for nobody but a person: paused, with nothing in flight.
    still: HashSet<RunId>,
    /// Runs that failed, and until when they are left alone.
    left: HashMap<RunId, i64>,
    tenants: HashMap<TenantId, Arc<Semaphore>>,
}

/// Carries all open runs, for ever.
pub(super) async fn serve(
    driver: &Driver,
    epoch: u64,
    observer: Arc<dyn Observer>,
) -> Result<(), Error> {
    let mut serving = Serving {
        driver,
        epoch,
        observer,
        tasks: JoinSet::new(),
        ids: HashMap::new(),
        active: HashSet::new(),
        still: HashSet::new(),
        left: HashMap::new(),
        tenants: HashMap::new(),
    };
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            Some(done) = serving.tasks.join_next_with_id() => match done {
                Ok((id, (run, outcome))) => {
                    serving.ids.remove(&id);
                    serving.carried(run, outcome)?;
                }
                Err(error) => serving.fell(&error),
            },
            _ = look.tick() => serving.look().await?,
        }
    }
}

impl Serving<'_> {
    async fn look(&mut self) -> Result<(), Error> {
        let open = match self.driver.journal.open_runs().await {
            Ok(open) => open,
            Err(Error::LeaseLost) => return Err(Error::LeaseLost),
            Err(error) => {
                tracing::error!(%error, "open runs could not be read; trying again");
                return Ok(());
            }
        };
        let now_ms = self.driver.clock.now_ms();
        self.left.retain(|_, until_ms| *until_ms > now_ms);
        for (run, due_ms) in open {
            if self.active.contains(&run) || self.left.contains_key(&run) {
                continue;
            }
            let waits = due_ms.is_some_and(|due_ms| due_ms > now_ms.saturating_add(PUT_AWAY_MS));
            if (waits || self.still.contains(&run)) && !self.is_asked(&run).await {
                continue;
            }
            self.still.remove(&run);
            self.begin(run).await;
        }
        Ok(())
    }

    /// Whether somebody has submitted an event for the run.
    async fn is_asked(&self, run: &RunId) -> bool {
        match self.driver.journal.inbox(run).await {
            Ok(events) => !events.is_empty(),
            Err(error) => {
                tracing::error!(%run, %error, "the inbox could not be read; trying again");
                false
            }
        }
    }

    async fn begin(&mut self, run: RunId) {
        let tenant = match self.driver.journal.load(&run).await {
            Ok(loaded) => loaded.tenant,
            Err(error) => {
                self.leave(&run, &error);
                return;
            }
        };
        let limit = self.driver.runs_per_tenant.max(1);
        let places = self
            .tenants
            .entry(tenant)
            .or_insert_with(|| Arc::new(Semaphore::new(limit)));
        let places = Arc::clone(places);
        let driver = self.driver.clone();
        let observer = Arc::clone(&self.observer);
        let epoch = self.epoch;
        let id = run.clone();
        let task = self.tasks.spawn(async move {
            let _place = places.acquire_owned().await;
            let carried = carry::carry(
                driver,
                epoch,
                id.clone(),
                Until::Ahead(PUT_AWAY_MS),
                observer,
            );
            let outcome = carried.await;
            (id, outcome)
        });
        self.ids.insert(task.id(), run.clone());
        self.active.insert(run);
    }

    fn carried(&mut self, run: RunId, outcome: Result<RunState, Error>) -> Result<(), Error> {
        self.active.remove(&run);
        match outcome {
            Ok(state) => {
                if state.outcome().is_none() && state.open.is_empty() {
                    self.still.insert(run);
                }
            }
            Err(Error::LeaseLost) => return Err(Error::LeaseLost),
            Err(error) => self.leave(&run, &error),
        }
        Ok(())
    }

    /// A run's task failed by itself: no decision and no call, those are caught before.
    fn fell(&mut self, error: &tokio::task::JoinError) {
        if let Some(run) = self.ids.remove(&error.id()) {
            self.active.remove(&run);
            self.leave(&run, error);
        }
    }

    fn leave(&mut self, run: &RunId, error: &(dyn std::error::Error + Send)) {
        tracing::error!(%run, %error, "the run could not be carried on; trying again soon");
        let until_ms = self.driver.clock.now_ms().saturating_add(LEAVE_MS);
        self.left.insert(run.clone(), until_ms);
    }
}
