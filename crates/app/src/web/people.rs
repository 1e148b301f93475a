//! People: for whom was a plan ever made, and where do they stand?

use axum::extract::State;
use domain::TenantId;
use domain::access::Role;
use domain::request::Kind;
use store::{PersonLine, RunStatus};

use super::lists::{self, Asked, Line, List, Mark};
use super::shell::{Shell, initials};
use super::zones::{Moment, Zones};
use super::{Answer, Caller, Needs, Routes, Web};
use crate::web::extract::{Path, Query};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/people", Needs::Somewhere(Role::Viewer), show)
        .get("/t/{tenant}/people", Needs::There(Role::Viewer), show)
}

async fn show(
    State(web): State<Web>,
    caller: Caller,
    tenant: Option<Path<TenantId>>,
    Query(asked): Query<Asked>,
) -> Answer {
    let tenant = tenant.map(|Path(tenant)| tenant);
    let scope = caller.scope_at(tenant.as_ref());
    let name = asked.name();
    let found = web
        .wiring
        .store
        .list_people(&scope, name.as_deref(), asked.after());
    let found = found.await.map_err(lists::of_list)?;
    let tenants: Vec<TenantId> = found.lines.iter().map(|line| line.tenant.clone()).collect();
    let zones = Zones::of(&web, &caller, tenants).await;
    let lines = found
        .lines
        .iter()
        .map(|one| line(one, &zones, tenant.is_some()));
    let path = lists::path(tenant.as_ref(), "people");
    let mut list =
        List::new("People", path, &asked, &[], found.next.as_ref()).lines(lines.collect());
    list.kinds = Vec::new();
    list.lead = (
        "Everybody that a plan was made for.".to_owned(),
        "By sign-in name; others are found in the tenant when a request names them.".to_owned(),
    );
    list.empty = if name.is_some() {
        (
            "No plan was made for anybody of this name.".to_owned(),
            String::new(),
            "",
        )
    } else {
        (
            "No plan was made for anybody yet.".to_owned(),
            lists::path(tenant.as_ref(), "requests/new"),
            "New request",
        )
    };
    let shell = Shell::new(&web, &caller, "people", "People", tenant.as_ref()).await?;
    lists::show(shell, list)
}

/// A person as a line: what was done last, and what is next.
pub(super) fn line(person: &PersonLine, zones: &Zones, one: bool) -> Line {
    let mut line = Line {
        href: format!("/t/{}/people/{}", person.tenant, person.person),
        initials: initials(&person.name),
        name: person.name.clone(),
        sub: lists::whose(&person.tenant, &person.upn, one),
        ..Line::default()
    };
    if let Some(run) = &person.run {
        line.marks.push(stand(run.kind, run.status));
        if run.status != RunStatus::Completed {
            line.marks.push(Mark::plain(lists::does(run.kind)));
        }
        let at = run.ended_at.or(run.started_at).unwrap_or(run.created_at);
        line.moment = zones.moment(&person.tenant, at);
    }
    // A plan that no run belongs to is what comes next.
    if let Some(plan) = person.plan.as_ref().filter(|plan| plan.run.is_none()) {
        let planned = lists::plan(plan, zones, one);
        line.marks.extend(planned.marks.into_iter().take(1));
        line.marks.push(Mark::plain(lists::does(plan.kind)));
        line.moment = planned.moment;
    }
    if line.moment == Moment::default() {
        line.marks.push(Mark::plain("nothing was carried out"));
    }
    line
}

fn stand(kind: Kind, status: RunStatus) -> Mark {
    match (status, kind) {
        (RunStatus::Completed, Kind::Offboard) => Mark::new("verified", "Left"),
        (RunStatus::Completed, Kind::Onboard) => Mark::new("verified", "Started"),
        (RunStatus::Completed, Kind::Transfer) => Mark::new("verified", "Moved"),
        (RunStatus::Completed, Kind::Restore) => Mark::new("verified", "Restored"),
        (RunStatus::NeedsReview, _) => Mark::new("finding", "Needs review"),
        (RunStatus::Scheduled, _) => Mark::new("scheduled", "Scheduled"),
        (RunStatus::Paused | RunStatus::Cancelling, _) => Mark::new("waiting", "Waits"),
        (RunStatus::Containing | RunStatus::Running, _) => Mark::new("running", "Running"),
    }
}
