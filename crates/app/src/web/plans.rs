//! Plans: which are there, and where does each stand?

use axum::extract::State;
use domain::TenantId;
use domain::access::Role;
use store::{PlanFilter, PlanStatus};

use super::lists::{self, Asked, List};
use super::shell::Shell;
use super::zones::Zones;
use super::{Answer, Caller, Needs, Routes, Web};
use crate::web::extract::{Path, Query};

/// The states to filter by, with what they are called.
const STATES: [(&str, &str); 6] = [
    ("waiting", "Waiting"),
    ("approved", "Approved"),
    ("scheduled", "Scheduled"),
    ("running", "Running"),
    ("ended", "Carried out"),
    ("refused", "Refused"),
];

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/plans", Needs::Somewhere(Role::Viewer), show)
        .get("/t/{tenant}/plans", Needs::There(Role::Viewer), show)
}

async fn show(
    State(web): State<Web>,
    caller: Caller,
    tenant: Option<Path<TenantId>>,
    Query(asked): Query<Asked>,
) -> Answer {
    let tenant = tenant.map(|Path(tenant)| tenant);
    let scope = caller.scope_at(tenant.as_ref());
    let filter = PlanFilter {
        status: PlanStatus::parse(&asked.state),
        kind: asked.kind(),
        upn: asked.name(),
    };
    let found = web.wiring.store.list_plans(&scope, &filter, asked.after());
    let found = found.await.map_err(lists::of_list)?;
    let tenants: Vec<TenantId> = found.lines.iter().map(|line| line.tenant.clone()).collect();
    let zones = Zones::of(&web, &caller, tenants).await;
    let lines = found.lines.iter();
    let lines = lines.map(|line| lists::plan(line, &zones, tenant.is_some()));
    let path = lists::path(tenant.as_ref(), "plans");
    let shell = Shell::new(&web, &caller, "plans", "Plans", tenant.as_ref()).await?;
    let mut list =
        List::new("Plans", path, &asked, &STATES, found.next.as_ref()).lines(lines.collect());
    list.lead = lead(shell.counts.plans_waiting);
    list.empty = empty(&asked, &lists::path(tenant.as_ref(), "requests/new"));
    lists::show(shell, list)
}

fn lead(waiting: u64) -> (String, String) {
    let more =
        "A plan is what will change for one person; a run carries it out once it is approved."
            .to_owned();
    match waiting {
        0 => ("No plan waits for your decision.".to_owned(), more),
        1 => ("1 plan waits for your decision.".to_owned(), more),
        many => (format!("{many} plans wait for your decision."), more),
    }
}

fn empty(asked: &Asked, new: &str) -> (String, String, &'static str) {
    if asked.is_filtered() {
        return ("No plan is like this.".to_owned(), String::new(), "");
    }
    (
        "No plan was made yet. A request makes the first.".to_owned(),
        new.to_owned(),
        "New request",
    )
}
