//! Today: what needs me now? What waits for me, then what runs, then what is wrong, then the figures.

mod first;
mod view;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect};
use domain::TenantId;
use domain::access::Role;
use store::{
    FindingFilter, FindingLine, FindingStatus, PlanFilter, PlanLine, PlanStatus, RequestFilter,
    RequestLine, RequestStatus, RunFilter, RunLine, RunStatus, TenantScope,
};

use super::answer::page;
use super::lists::{self, Line};
use super::shell::Shell;
use super::waits::{self, Waiting};
use super::zones::Zones;
use super::{Answer, Caller, Needs, Routes, Web};
use crate::acts;
use crate::clock;
use crate::problem::Problem;
use crate::web::extract::Path;
use crate::wiring::of_store;

/// How many lines of each kind are shown; the lists have the rest.
const SHOWN: usize = 8;
/// How far back the strips look.
const DAYS: i64 = 30;
/// The most dots on a strip.
const DOTS: u32 = 400;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/", Needs::SignedIn, first_page)
        .get("/today", Needs::SignedIn, show)
        .get("/t/{tenant}/today", Needs::There(Role::Viewer), show)
}

/// The first page is Today, under an address of its own.
async fn first_page() -> Answer {
    Ok(Redirect::to("/today").into_response())
}

#[derive(Template)]
#[template(path = "today.html")]
struct TodayPage {
    shell: Shell,
    one: bool,
    lead: (String, String),
    first: Option<first::FirstStart>,
    waits: Vec<Line>,
    waiting: String,
    running: Vec<Line>,
    under_way: String,
    findings: Vec<view::Slim>,
    open: String,
    month: Option<view::Month>,
    asks: Vec<view::Ask>,
    coming: Vec<view::Day>,
    head: Option<view::LedgerHead>,
}

/// Everything that Today is made of, as read.
struct Read {
    waits: Vec<Waiting>,
    /// Whether there may be more that wait than were looked through.
    more: bool,
    running: Vec<RunLine>,
    findings: Vec<FindingLine>,
    asks: Vec<RequestLine>,
    coming: Vec<PlanLine>,
    ended: Vec<RunLine>,
}

impl Read {
    /// The tenants whose clocks are needed.
    fn tenants(&self) -> Vec<TenantId> {
        let waits = self.waits.iter().map(|waiting| &waiting.line.tenant);
        let running = self.running.iter().map(|run| &run.tenant);
        let coming = self.coming.iter().map(|plan| &plan.tenant);
        waits.chain(running).chain(coming).cloned().collect()
    }
}

async fn show(State(web): State<Web>, caller: Caller, tenant: Option<Path<TenantId>>) -> Answer {
    let tenant = tenant.map(|Path(tenant)| tenant);
    let scope = caller.scope_at(tenant.as_ref());
    let read = read(&web, &caller, &scope).await?;
    let shell = Shell::new(&web, &caller, "today", "Today", tenant.as_ref()).await?;
    let counts = shell.counts;
    let one = tenant.is_some();
    let zones = Zones::of(&web, &caller, read.tenants()).await;
    let first = first::read(&web, &caller, &scope).await?;
    let looks = looks(&web, &scope, &read.coming, &zones).await?;
    let head = newest_head(&web, &scope, &zones).await?;
    page(&TodayPage {
        lead: view::lead(&read, &counts, &zones),
        first,
        waiting: view::count(read.waits.len(), read.more),
        waits: read
            .waits
            .iter()
            .take(SHOWN)
            .map(|waiting| view::waiting(waiting, &zones, one))
            .collect(),
        running: read
            .running
            .iter()
            .take(SHOWN)
            .map(|run| lists::run(run, &zones, one))
            .collect(),
        under_way: counts.runs_under_way.to_string(),
        findings: read
            .findings
            .iter()
            .take(SHOWN)
            .map(|finding| view::slim(finding, &zones, one))
            .collect(),
        open: format!("{} open", counts.open_findings),
        month: view::month(&read.ended),
        asks: read.asks.iter().take(SHOWN).map(view::ask).collect(),
        coming: view::coming(&read.coming, &looks, &zones),
        head,
        one,
        shell,
    })
}

/// What the last look saw of the plans that start next: no tenant is asked for a list.
async fn looks(
    web: &Web,
    scope: &TenantScope,
    plans: &[PlanLine],
    zones: &Zones,
) -> Result<view::Looks, Problem> {
    let next = view::next(plans, zones.now).into_iter();
    let ids: Vec<_> = next.map(|(_, plan)| plan.id.clone()).collect();
    let last = acts::look::last(&web.wiring, scope, &ids).await?;
    Ok(last.into_iter().map(|(id, _, seen)| (id, seen)).collect())
}

async fn read(web: &Web, caller: &Caller, scope: &TenantScope) -> Result<Read, Problem> {
    let store = &web.wiring.store;
    let (waits, more) = waits::of(&web.wiring, caller, scope).await?;
    let running = under_way(web, scope).await?;
    let filter = FindingFilter {
        status: Some(FindingStatus::Open),
        ..FindingFilter::default()
    };
    let findings = store
        .list_findings(scope, &filter, None)
        .await
        .map_err(of_store)?
        .lines;
    let filter = RequestFilter {
        status: Some(RequestStatus::Asks),
        ..RequestFilter::default()
    };
    let asks = store
        .list_requests(scope, &filter, None)
        .await
        .map_err(of_store)?
        .lines;
    let mut coming = Vec::new();
    for status in [
        PlanStatus::Scheduled,
        PlanStatus::Approved,
        PlanStatus::Waiting,
    ] {
        let filter = PlanFilter {
            status: Some(status),
            ..PlanFilter::default()
        };
        coming.extend(
            store
                .list_plans(scope, &filter, None)
                .await
                .map_err(of_store)?
                .lines,
        );
    }
    let since = clock::now() - jiff::SignedDuration::from_hours(24 * DAYS);
    let ended = store
        .ended_since(scope, since, DOTS)
        .await
        .map_err(of_store)?;
    Ok(Read {
        waits,
        more,
        running,
        findings,
        asks,
        coming,
        ended,
    })
}

/// The runs under way, by where they stand.
async fn under_way(web: &Web, scope: &TenantScope) -> Result<Vec<RunLine>, Problem> {
    let store = &web.wiring.store;
    let mut running = Vec::new();
    for status in [
        RunStatus::Containing,
        RunStatus::Running,
        RunStatus::Paused,
        RunStatus::Cancelling,
    ] {
        let filter = RunFilter {
            status: Some(status),
            ..RunFilter::default()
        };
        running.extend(
            store
                .list_runs(scope, &filter, None)
                .await
                .map_err(of_store)?
                .lines,
        );
    }
    Ok(running)
}

/// The head of the ledger that grew last.
async fn newest_head(
    web: &Web,
    scope: &TenantScope,
    zones: &Zones,
) -> Result<Option<view::LedgerHead>, Problem> {
    let store = &web.wiring.store;
    let entries = store
        .list_entries(scope, &store::EntryFilter::default(), None)
        .await
        .map_err(of_store)?;
    let Some(newest) = entries.lines.first() else {
        return Ok(None);
    };
    let head = acts::ledger::head(&web.wiring, &scope.only(&newest.tenant), &newest.tenant).await?;
    Ok(Some(view::head(&newest.tenant, &head, zones)))
}

#[cfg(test)]
mod tests;
