//! A run with its plan and the clock of its site, as every page about it needs them.

use domain::plan::{Plan, StoredPlan};
use domain::{RunId, TenantId};
use engine::state::RunState;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use store::{RunRow, TenantScope};

use crate::clock;
use crate::planning;
use crate::problem::Problem;
use crate::web::{Web, when};
use crate::wiring::of_store;

/// A run, its plan, and the moment at which they are looked at.
pub(crate) struct Loaded {
    /// The plan.
    pub(crate) stored: StoredPlan,
    /// The run.
    pub(crate) row: RunRow,
    /// The zone of the tenant's site.
    pub(crate) site: TimeZone,
    /// The moment.
    pub(crate) now: Timestamp,
}

impl Loaded {
    /// Reads a run of a tenant.
    ///
    /// # Errors
    /// When there is no such run for whoever looks, and store errors.
    pub(crate) async fn read(
        web: &Web,
        scope: &TenantScope,
        tenant: &TenantId,
        run: &RunId,
    ) -> Result<Self, Problem> {
        let store = &web.wiring.store;
        let row = store.run(scope, run).await.map_err(of_store)?;
        let stored = store.plan(scope, &row.plan).await.map_err(of_store)?;
        Ok(Self {
            stored,
            row,
            site: site(web, tenant).await,
            now: clock::now(),
        })
    }

    /// The plan.
    pub(crate) fn plan(&self) -> &Plan {
        &self.stored.plan
    }

    /// How the run stands.
    pub(crate) fn state(&self) -> &RunState {
        &self.row.state
    }

    /// Where the run's pages are.
    pub(crate) fn base(&self) -> String {
        format!("/t/{}/runs/{}", self.row.tenant, self.row.run)
    }

    /// The same for whoever makes lines and bands of it.
    pub(crate) fn view(&self) -> View<'_> {
        View {
            plan: self.plan(),
            state: self.state(),
            site: &self.site,
            now: self.now,
        }
    }
}

/// The zone of a tenant's first site; the server's where no policy names one.
pub(crate) async fn site(web: &Web, tenant: &TenantId) -> TimeZone {
    let policy = planning::policy(&web.wiring, tenant).await.ok();
    let zone = policy
        .as_ref()
        .and_then(|(_, policy)| policy.default_site())
        .map(|site| site.time_zone.clone());
    when::zone(zone.as_deref().unwrap_or(&web.server.zone))
}

/// What the lines, bands and bars of a page are made from. It knows nothing of its reader, so that one rendering serves all.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    /// The plan.
    pub(crate) plan: &'a Plan,
    /// How the run stands.
    pub(crate) state: &'a RunState,
    /// The zone of the tenant's site.
    pub(crate) site: &'a TimeZone,
    /// The moment.
    pub(crate) now: Timestamp,
}

impl View<'_> {
    /// From when its seconds count: the approval, or the start that was planned for later. Epoch milliseconds.
    pub(crate) fn origin_ms(&self) -> i64 {
        let begun = self.state.approved_ms.or(self.state.started_ms);
        let planned = self.plan.at.map(Timestamp::as_millisecond);
        let now_ms = self.now.as_millisecond();
        begun.max(planned).unwrap_or(now_ms)
    }

    /// The seconds since then, as a tick says them: `5.8 s`, `14 min 2 s`.
    pub(crate) fn since(&self, at_ms: i64) -> String {
        super::words::span(at_ms - self.origin_ms())
    }

    /// A moment by the site's clock, with seconds where it is of today.
    pub(crate) fn clock(&self, at_ms: i64) -> String {
        let Ok(at) = Timestamp::from_millisecond(at_ms) else {
            return "an unknown time".to_owned();
        };
        let (local, today) = (
            at.to_zoned(self.site.clone()),
            self.now.to_zoned(self.site.clone()),
        );
        if local.date() == today.date() {
            return local.strftime("%H:%M:%S").to_string();
        }
        when::short(at, self.site, self.now)
    }

    /// The place whose clock that is.
    pub(crate) fn place(&self) -> String {
        when::place(self.site)
    }
}
