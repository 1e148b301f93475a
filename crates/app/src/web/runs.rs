//! Runs: what is being carried out, and how did the others end?

use axum::extract::State;
use domain::TenantId;
use domain::access::Role;
use store::{Counts, RunFilter, RunStatus};

use super::lists::{self, Asked, List};
use super::shell::Shell;
use super::zones::Zones;
use super::{Answer, Caller, Needs, Routes, Web};
use crate::web::extract::{Path, Query};

/// The states to filter by, with what they are called.
const STATES: [(&str, &str); 5] = [
    ("running", "Running"),
    ("scheduled", "Scheduled"),
    ("paused", "Paused"),
    ("needs-review", "Needs review"),
    ("completed", "Completed"),
];

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/runs", Needs::Somewhere(Role::Viewer), show)
        .get("/t/{tenant}/runs", Needs::There(Role::Viewer), show)
}

async fn show(
    State(web): State<Web>,
    caller: Caller,
    tenant: Option<Path<TenantId>>,
    Query(asked): Query<Asked>,
) -> Answer {
    let tenant = tenant.map(|Path(tenant)| tenant);
    let scope = caller.scope_at(tenant.as_ref());
    let filter = RunFilter {
        status: RunStatus::parse(&asked.state),
        kind: asked.kind(),
        upn: asked.name(),
    };
    let found = web.wiring.store.list_runs(&scope, &filter, asked.after());
    let found = found.await.map_err(lists::of_list)?;
    let tenants: Vec<TenantId> = found.lines.iter().map(|line| line.tenant.clone()).collect();
    let zones = Zones::of(&web, &caller, tenants).await;
    let lines = found.lines.iter();
    let lines = lines.map(|line| lists::run(line, &zones, tenant.is_some()));
    let path = lists::path(tenant.as_ref(), "runs");
    let shell = Shell::new(&web, &caller, "runs", "Runs", tenant.as_ref()).await?;
    let mut list =
        List::new("Runs", path, &asked, &STATES, found.next.as_ref()).lines(lines.collect());
    list.lead = lead(&shell.counts);
    list.empty = empty(&asked, &lists::path(tenant.as_ref(), "plans"));
    lists::show(shell, list)
}

fn lead(counts: &Counts) -> (String, String) {
    let under_way = match counts.runs_under_way {
        0 => "No run is under way.".to_owned(),
        1 => "1 run is under way.".to_owned(),
        many => format!("{many} runs are under way."),
    };
    let findings = match counts.open_findings {
        0 => "No finding is open.".to_owned(),
        1 => "1 finding is open.".to_owned(),
        many => format!("{many} findings are open."),
    };
    (under_way, findings)
}

fn empty(asked: &Asked, plans: &str) -> (String, String, &'static str) {
    if asked.is_filtered() {
        return ("No run is like this.".to_owned(), String::new(), "");
    }
    (
        "Nothing was carried out yet. An approved plan makes the first run.".to_owned(),
        plans.to_owned(),
        "Plans",
    )
}
