//! Requests: what was wished for, by whom, and which of them ask something first?

use axum::extract::State;
use domain::TenantId;
use domain::access::Role;
use store::{RequestFilter, RequestLine, RequestStatus};

use super::lists::{self, Asked, Line, List, Mark};
use super::shell::Shell;
use super::shell::initials;
use super::zones::Zones;
use super::{Answer, Caller, Needs, Routes, Web};
use crate::web::extract::{Path, Query};

/// The states to filter by, with what they are called.
const STATES: [(&str, &str); 3] = [
    ("asks", "Asks"),
    ("new", "No plan yet"),
    ("planned", "Planned"),
];

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/requests", Needs::Somewhere(Role::Viewer), show)
        .get("/t/{tenant}/requests", Needs::There(Role::Viewer), show)
}

async fn show(
    State(web): State<Web>,
    caller: Caller,
    tenant: Option<Path<TenantId>>,
    Query(asked): Query<Asked>,
) -> Answer {
    let tenant = tenant.map(|Path(tenant)| tenant);
    let scope = caller.scope_at(tenant.as_ref());
    let filter = RequestFilter {
        status: RequestStatus::parse(&asked.state),
        kind: asked.kind(),
        upn: asked.name(),
    };
    let found = web
        .wiring
        .store
        .list_requests(&scope, &filter, asked.after());
    let found = found.await.map_err(lists::of_list)?;
    let tenants: Vec<TenantId> = found.lines.iter().map(|line| line.tenant.clone()).collect();
    let zones = Zones::of(&web, &caller, tenants).await;
    let lines = found
        .lines
        .iter()
        .map(|one| line(one, &zones, tenant.is_some()));
    let path = lists::path(tenant.as_ref(), "requests");
    let shell = Shell::new(&web, &caller, "requests", "Requests", tenant.as_ref()).await?;
    let mut list =
        List::new("Requests", path, &asked, &STATES, found.next.as_ref()).lines(lines.collect());
    list.lead = lead(shell.counts.asks);
    list.empty = empty(&asked, &lists::path(tenant.as_ref(), "requests/new"));
    lists::show(shell, list)
}

/// A request as a line.
pub(super) fn line(line: &RequestLine, zones: &Zones, one: bool) -> Line {
    let name = line
        .name
        .as_deref()
        .or(line.upn.as_deref())
        .unwrap_or("somebody not named yet");
    let mut marks = vec![match line.status {
        RequestStatus::Asks => Mark::new(
            "asks",
            lists::many(
                usize::try_from(line.asks).unwrap_or(0),
                "question",
                "questions",
            ),
        ),
        RequestStatus::New => Mark::new("queued", "No plan yet"),
        RequestStatus::Planned => Mark::plain("Planned"),
    }];
    let source = match &line.reference {
        Some(reference) => format!("{} {reference}", line.channel),
        None => line.channel.clone(),
    };
    marks.push(Mark::plain(format!("by {}, {source}", line.requester)));
    if line.confidential {
        marks.push(Mark::plain("confidential"));
    }
    Line {
        href: format!("/t/{}/requests/{}", line.tenant, line.id),
        initials: initials(name),
        name: lists::deed(line.kind, name),
        sub: lists::whose(
            &line.tenant,
            line.upn.as_deref().unwrap_or(line.id.as_str()),
            one,
        ),
        marks,
        moment: zones.moment(&line.tenant, line.at),
        ..Line::default()
    }
}

fn lead(asks: u64) -> (String, String) {
    match asks {
        0 => (
            "No request asks anything.".to_owned(),
            "Each becomes a plan before anything changes.".to_owned(),
        ),
        1 => (
            "1 request asks something.".to_owned(),
            "Nothing is planned for it until it is answered.".to_owned(),
        ),
        many => (
            format!("{many} requests ask something."),
            "Nothing is planned for them until they are answered.".to_owned(),
        ),
    }
}

fn empty(asked: &Asked, new: &str) -> (String, String, &'static str) {
    if asked.is_filtered() {
        return ("No request is like this.".to_owned(), String::new(), "");
    }
    (
        "Nobody asked for anything yet.".to_owned(),
        new.to_owned(),
        "New request",
    )
}
