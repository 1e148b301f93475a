//! Gives the engine its hands in each tenant, and carries runs: in this process, or by the worker that holds the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::plan::Plan;
use domain::{RunId, TenantId};
use engine::hands::{Hands, Problem as StepProblem};
use engine::journal::{Error, Journal as _};
use engine::state::{Command, Event, Phase, RunState};
use engine::{Driver, HandsFor, Observer, Until};
use steps::{Ground, Source, TenantHands};
use store::TenantScope;

use crate::clock::{self, Clocks};
use crate::guard::{Guarded, of_problem};
use crate::problem::Problem;
use crate::vault::Sealed;
use crate::wiring::{Wiring, of_store};
use crate::{cli, planning};

/// Hands for every tenant of the store, made when first asked for and kept as long as its credential stays, so that budgets
/// are shared.
struct Everywhere {
    wiring: Arc<Wiring>,
    hands: Mutex<HashMap<TenantId, Made>>,
}

/// Hands, and the mark of the credential they were made with.
#[derive(Clone)]
struct Made {
    seal: String,
    hands: Arc<dyn Hands>,
}

impl HandsFor for Everywhere {
    fn for_tenant(&self, tenant: &TenantId) -> Result<Arc<dyn Hands>, StepProblem> {
        // The engine asks when it takes up a run; reading the tenant then is worth a blocked moment.
        let wiring = Arc::clone(&self.wiring);
        let (seal, connection) = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let row = wiring.tenant(tenant.as_str()).await?;
                let connection = wiring.connection(&row).await?;
                Ok((row.seal, connection))
            })
        })
        .map_err(|problem: Problem| of_problem(&problem))?;
        let kept = {
            let hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
            hands.get(tenant).cloned()
        };
        if let Some(kept) = kept.filter(|kept| kept.seal == seal) {
            return Ok(kept.hands);
        }
        let hands = TenantHands::new(
            connection,
            Arc::new(Rereads(Arc::clone(&self.wiring))),
            Arc::new(clock::now),
            Arc::new(|bytes: &mut [u8]| rand::fill(bytes)),
            Arc::new(Sealed::of(&self.wiring)),
        );
        let made: Arc<dyn Hands> =
            Arc::new(Guarded::new(Arc::new(hands), Arc::clone(&self.wiring)));
        let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = Made {
            seal,
            hands: Arc::clone(&made),
        };
        hands.insert(tenant.clone(), kept);
        Ok(made)
    }
}

/// Reads again what a plan was made from.
struct Rereads(Arc<Wiring>);

#[async_trait]
impl Source for Rereads {
    async fn read(&self, run: &str, plan: &Plan) -> Result<Ground, StepProblem> {
        planning::ground(&self.0, run, plan)
            .await
            .map_err(|problem| of_problem(&problem))
    }
}

/// How a worker's driver is called, and what tells it from a command that carries one run.
const WORKER: &str = "worker";

/// The driver of a worker.
pub(crate) fn worker(wiring: &Arc<Wiring>) -> Driver {
    driver(wiring, WORKER)
}

fn driver(wiring: &Arc<Wiring>, kind: &str) -> Driver {
    let hands = Everywhere {
        wiring: Arc::clone(wiring),
        hands: Mutex::default(),
    };
    let name = format!("{kind}-{}-{}", std::process::id(), clock::short_id('d'));
    let mut driver = Driver::new(
        Arc::new(wiring.store.clone()),
        Arc::new(hands),
        Arc::new(Clocks::new()),
        name,
    );
    driver.runs_per_tenant = wiring.config.engine.runs_per_tenant;
    driver
}

/// The name of the process that drives this store now.
async fn holder(wiring: &Wiring) -> Result<Option<String>, Problem> {
    let holder = wiring.store.lease_holder().await.map_err(of_store)?;
    let now_ms = clock::now().as_millisecond();
    Ok(holder
        .filter(|holder| holder.until_ms > now_ms)
        .map(|holder| holder.driver))
}

/// Whether some process drives this store now.
pub(crate) async fn is_driven(wiring: &Wiring) -> Result<bool, Problem> {
    Ok(holder(wiring).await?.is_some())
}

/// Whether a worker drives this store now: somebody who carries every run, also when this command is gone.
pub(crate) async fn has_worker(wiring: &Wiring) -> Result<bool, Problem> {
    Ok(holder(wiring)
        .await?
        .is_some_and(|name| name.starts_with(WORKER)))
}

/// How long a command stays with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Until it has ended, however long a person or the calendar takes.
    ToItsEnd,
    /// Until it has ended, or does nothing but wait for a person or a moment that is far off.
    WhileItMoves,
}

/// Carries a run to its end, or as far as it moves by itself: here, or by watching the process that drives the store.
///
/// # Errors
/// Store errors; what was committed stays, and the run goes on from there when it is run again.
pub(crate) async fn to_its_end(
    wiring: &Arc<Wiring>,
    run: &RunId,
    patience: Patience,
    observer: Arc<dyn Observer>,
) -> Result<RunState, Problem> {
    let driver = driver(wiring, "command");
    loop {
        if let Some(name) = holder(wiring).await? {
            let who = if name.starts_with(WORKER) {
                "The worker carries it"
            } else {
                "Another command drives this store; this run goes on after it (`tenure worker` carries many at once)"
            };
            cli::talk(&format!("{who}; watching."));
            if let Some(state) = watch(wiring, run, patience, observer.as_ref()).await? {
                return Ok(state);
            }
        }
        let until = if rests(wiring, run).await? {
            Until::Due(clock::now().as_millisecond())
        } else {
            Until::Ahead(REST_MS)
        };
        match driver.drive(run, until, Arc::clone(&observer)).await {
            Ok(state) if state.outcome().is_some() => return Ok(state),
            Ok(state) if patience == Patience::WhileItMoves && waits(&state) => return Ok(state),
            Ok(state) => rest(wiring, run, &state).await?,
            // Another process was quicker; it is watched from now on.
            Err(Error::LeaseLost) => {}
            Err(error) => {
                return Err(Problem::failed("run", error.to_string()).hint(format!(
                    "nothing is lost: `tenure runs show {run}` says how far it came, and the same command goes on from there"
                )));
            }
        }
    }
}

/// A wait that is longer than this is made without holding the store, so that others can go on meanwhile.
const REST_MS: i64 = 60_000;
/// How often a run that waits, or is carried elsewhere, is looked at.
const LOOK: Duration = Duration::from_millis(300);

/// Whether the run does nothing but wait for a person, or for a moment that is far off.
pub(crate) fn waits(state: &RunState) -> bool {
    let idle = state
        .open
        .iter()
        .all(|open| matches!(open.command, Command::Timer { .. }));
    let far_ms = clock::now().as_millisecond() + REST_MS;
    let by_calendar = state.next_due_ms().is_some_and(|due_ms| due_ms > far_ms);
    state.started_ms.is_some() && !state.paused && idle && by_calendar
}

/// Whether the run has not begun, and its time is still to come.
async fn rests(wiring: &Wiring, run: &RunId) -> Result<bool, Problem> {
    let row = wiring
        .store
        .run(&TenantScope::provider(), run)
        .await
        .map_err(of_store)?;
    let now_ms = clock::now().as_millisecond();
    Ok(matches!(row.state.phase, Phase::Scheduled { due_ms } if due_ms > now_ms))
}

/// Waits until the run's next time has come, somebody asks something of it, or somebody else has carried it on.
async fn rest(wiring: &Wiring, run: &RunId, state: &RunState) -> Result<(), Problem> {
    let scope = TenantScope::provider();
    let due = state.next_due_ms().unwrap_or(i64::MAX);
    loop {
        let left = due.saturating_sub(clock::now().as_millisecond());
        let row = wiring.store.run(&scope, run).await.map_err(of_store)?;
        let moved = row.state.outcome().is_some() || row.state.paused != state.paused;
        if left <= 0 || moved || is_asked(wiring, run).await? {
            return Ok(());
        }
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(u64::MAX));
        tokio::time::sleep(left.min(LOOK)).await;
    }
}

/// Whether somebody has submitted something that no driver has taken up.
async fn is_asked(wiring: &Wiring, run: &RunId) -> Result<bool, Problem> {
    let inbox = wiring.store.inbox(run).await.map_err(|error| {
        Problem::failed("store", error.to_string()).hint("try again, or run tenure doctor")
    })?;
    Ok(!inbox.is_empty())
}

/// Watches a run that another process carries, until it ends. `None` when that process is gone and the run is nobody's.
async fn watch(
    wiring: &Wiring,
    run: &RunId,
    patience: Patience,
    observer: &dyn Observer,
) -> Result<Option<RunState>, Problem> {
    let scope = TenantScope::provider();
    let mut seen = 0;
    loop {
        let row = wiring.store.run(&scope, run).await.map_err(of_store)?;
        if row.seq > seen {
            let plan = wiring
                .store
                .plan(&scope, &row.plan)
                .await
                .map_err(of_store)?
                .plan;
            observer.committed(&plan, &row.state, &Event::Due);
            seen = row.seq;
        }
        let over = row.state.outcome().is_some() && row.state.open.is_empty();
        if over && !is_asked(wiring, run).await? {
            return Ok(Some(row.state));
        }
        if patience == Patience::WhileItMoves && waits(&row.state) && !is_asked(wiring, run).await?
        {
            return Ok(Some(row.state));
        }
        if holder(wiring).await?.is_none() {
            return Ok(None);
        }
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use store::{Credential, Secret};

    use super::*;
    use crate::web::tests::TestApp;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_renewed_credential_is_used_by_the_next_run_whoever_renewed_it() {
        let app = TestApp::new().await;
        let wiring = Arc::clone(&app.web.wiring);
        let tenant = TenantId::from("contoso");
        let hands = Everywhere {
            wiring: Arc::clone(&wiring),
            hands: Mutex::default(),
        };
        let first = hands.for_tenant(&tenant).ok().unwrap();
        let same = hands.for_tenant(&tenant).ok().unwrap();
        assert!(Arc::ptr_eq(&first, &same));
        let row = wiring.tenant("contoso").await.unwrap();
        // As another process does it: nothing here is told.
        let renewed = Credential::Secret(Secret::new("renewed"));
        wiring
            .store
            .set_credential(
                &TenantScope::of(&tenant),
                &tenant,
                &row.client,
                &renewed,
                clock::now(),
            )
            .await
            .unwrap();
        let next = hands.for_tenant(&tenant).ok().unwrap();
        assert!(!Arc::ptr_eq(&first, &next));
    }
}
