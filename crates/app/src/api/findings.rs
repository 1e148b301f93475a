//! Findings: what a person must look at.

use axum::extract::{Path, Query, State};
use domain::TenantId;
use domain::access::Role;
use serde::Deserialize;
use store::{FindingFilter, FindingGroup, FindingLine, FindingStatus, Page};

use super::{Api, Doc, data, word};
use crate::web::{Answer, Caller, Needs, Web};
use crate::wiring::of_store;

const PART: &[(&str, &str)] = &[
    ("after", "`next` of the page before"),
    ("status", "`open` or `handled`"),
    ("group", "Only those under this head"),
    ("upn", "Only people whose sign-in name begins like this"),
];

pub(super) fn calls(api: Api) -> Api {
    api.get(
        "/api/v1/findings",
        Needs::Somewhere(Role::Viewer),
        Doc::new("findings", "Findings of all tenants, the worst first")
            .query(PART)
            .gives::<Page<FindingLine>>(),
        list,
    )
    .get(
        "/api/v1/tenants/{tenant}/findings",
        Needs::There(Role::Viewer),
        Doc::new("findings", "Findings of a tenant, the worst first")
            .query(PART)
            .gives::<Page<FindingLine>>(),
        list_there,
    )
}

#[derive(Deserialize)]
struct Part {
    after: Option<String>,
    status: Option<String>,
    group: Option<String>,
    upn: Option<String>,
}

async fn list(State(web): State<Web>, caller: Caller, Query(part): Query<Part>) -> Answer {
    of(&web, &caller.scope(Role::Viewer), part).await
}

async fn list_there(
    State(web): State<Web>,
    caller: Caller,
    Path(tenant): Path<TenantId>,
    Query(part): Query<Part>,
) -> Answer {
    of(&web, &caller.scope_of(&tenant), part).await
}

async fn of(web: &Web, scope: &store::TenantScope, part: Part) -> Answer {
    let statuses: Vec<&str> = FindingStatus::ALL
        .iter()
        .map(|status| status.word())
        .collect();
    let groups: Vec<&str> = FindingGroup::ALL.iter().map(|group| group.word()).collect();
    let filter = FindingFilter {
        status: word(
            "status",
            part.status.as_deref(),
            FindingStatus::parse,
            &statuses,
        )?,
        group: word("group", part.group.as_deref(), FindingGroup::parse, &groups)?,
        upn: part.upn,
        ..FindingFilter::default()
    };
    let page = web
        .wiring
        .store
        .list_findings(scope, &filter, part.after.as_deref())
        .await;
    data(&page.map_err(of_store)?)
}
