//! One pump for each watched run: it reads the run when it has moved, and renders it once for everybody who watches.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use domain::plan::StoredPlan;
use domain::{RunId, TenantId};
use jiff::tz::TimeZone;
use store::TenantScope;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::paint::Painted;
use crate::clock;
use crate::problem::Problem;
use crate::web::Web;
use crate::web::run::load::{self, View};
use crate::wiring::of_store;

/// At most four paints a second: more than that nobody can read.
const BREATH: Duration = Duration::from_millis(250);
/// How often the store is asked when this process hears nothing: another process may carry the run.
const ASK: Duration = Duration::from_secs(2);

type Said = watch::Sender<Option<Arc<Painted>>>;

/// The pumps of this process.
#[derive(Clone, Default)]
pub(crate) struct Pumps(Arc<Mutex<HashMap<RunId, Weak<Said>>>>);

impl Pumps {
    /// Joins those who watch a run. The first brings a pump into being; it ends when nobody is left, or the run has ended.
    pub(crate) fn watch(
        &self,
        web: &Web,
        tenant: &TenantId,
        run: &RunId,
    ) -> watch::Receiver<Option<Arc<Painted>>> {
        let mut pumps = self.all();
        if let Some(said) = pumps.get(run).and_then(Weak::upgrade) {
            return said.subscribe();
        }
        pumps.retain(|_, said| said.strong_count() > 0);
        let (said, heard) = watch::channel(None);
        let said = Arc::new(said);
        pumps.insert(run.clone(), Arc::downgrade(&said));
        let pump = Pump {
            web: web.clone(),
            tenant: tenant.clone(),
            run: run.clone(),
            said,
            pumps: self.clone(),
        };
        tokio::spawn(pump.go());
        heard
    }

    /// Lets go of a pump that nobody watches. While this is decided nobody can join it.
    fn leave(&self, run: &RunId, said: &Said) -> bool {
        let mut pumps = self.all();
        let is_over = said.receiver_count() == 0;
        if is_over {
            pumps.remove(run);
        }
        is_over
    }

    /// Lets go of a pump whose run has ended: whoever comes later is given one of their own.
    fn end(&self, run: &RunId) {
        self.all().remove(run);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<RunId, Weak<Said>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Pump {
    web: Web,
    tenant: TenantId,
    run: RunId,
    said: Arc<Said>,
    pumps: Pumps,
}

impl Pump {
    async fn go(self) {
        if let Err(problem) = self.pump().await {
            tracing::warn!(run = %self.run, "the pages of this run are not live: {problem}");
            self.pumps.end(&self.run);
        }
    }

    async fn pump(&self) -> Result<(), Problem> {
        let mut told = self.web.live.watch(&self.run);
        let scope = TenantScope::of(&self.tenant);
        let store = &self.web.wiring.store;
        let row = store.run(&scope, &self.run).await.map_err(of_store)?;
        let stored = store.plan(&scope, &row.plan).await.map_err(of_store)?;
        let site = load::site(&self.web, &self.tenant).await;
        let mut painted = self.paint(&stored, &site, &row, None)?;
        loop {
            let next = Instant::now() + BREATH;
            let ended = painted.ended;
            self.said.send_replace(Some(Arc::clone(&painted)));
            if ended {
                self.pumps.end(&self.run);
                return Ok(());
            }
            sleep_until(next).await;
            painted = loop {
                // Whether it was told or asks by itself, the store says what is true.
                let _ = timeout(ASK, told.changed()).await;
                if self.pumps.leave(&self.run, &self.said) {
                    return Ok(());
                }
                let row = store.run(&scope, &self.run).await.map_err(of_store)?;
                if row.seq != painted.seq {
                    break self.paint(&stored, &site, &row, Some(&painted))?;
                }
            };
        }
    }

    fn paint(
        &self,
        stored: &StoredPlan,
        site: &TimeZone,
        row: &store::RunRow,
        before: Option<&Painted>,
    ) -> Result<Arc<Painted>, Problem> {
        let view = View {
            plan: &stored.plan,
            state: &row.state,
            site,
            now: clock::now(),
        };
        let base = format!("/t/{}/runs/{}", self.tenant, self.run);
        Painted::of(view, &base, row.seq, before)
            .map(Arc::new)
            .map_err(|error| {
                Problem::failed("page", format!("a line could not be written: {error}"))
            })
    }
}
