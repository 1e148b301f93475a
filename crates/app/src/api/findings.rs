//! Findings: what a person must look at.

use axum::extract::State;
use domain::access::Role;
use domain::{RunId, TenantId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{FindingFilter, FindingGroup, FindingLine, FindingStatus, Page};

use super::{Api, Doc, Sent, data, word};
use crate::acts::handle::{self, Of};
use crate::web::extract::{Path, Query};
use crate::web::{Answer, Caller, Needs, Web};
use crate::wiring::of_store;

const PART: &[(&str, &str)] = &[
    ("after", "`next` of the page before"),
    ("status", "`open` or `handled`"),
    ("group", "Only those under this head"),
    ("upn", "Only people whose sign-in name begins like this"),
];

pub(super) fn calls(api: Api) -> Api {
    api.list(
        ["/api/v1/findings", "/api/v1/tenants/{tenant}/findings"],
        Doc::new("findings", "Findings, the worst first")
            .query(PART)
            .gives::<Page<FindingLine>>(),
        list,
    )
    .post(
        "/api/v1/tenants/{tenant}/runs/{run}/findings/{number}/handled",
        Needs::There(Role::Approver),
        Doc::new(
            "findings",
            "Close a finding that was settled otherwise, with the reason",
        )
        .takes::<Reason>()
        .gives::<Told>(),
        handled,
    )
    .post(
        "/api/v1/tenants/{tenant}/runs/{run}/findings/{number}/open",
        Needs::There(Role::Approver),
        Doc::new(
            "findings",
            "Open a finding again that was handled, with the reason",
        )
        .takes::<Reason>()
        .gives::<Told>(),
        open_again,
    )
    .post(
        "/api/v1/tenants/{tenant}/runs/{run}/findings/{number}/look",
        Needs::There(Role::Approver),
        Doc::new("findings", "Read once more what a finding is about").gives::<Told>(),
        look,
    )
}

/// Why, for whoever reads it in a year.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Reason {
    /// At least ten characters.
    reason: String,
}

/// That whoever carries the run was told.
#[derive(Serialize, JsonSchema)]
struct Told {
    /// The run.
    run: RunId,
    /// The finding's number in it.
    number: u32,
}

type Place = Path<(TenantId, RunId, u32)>;

async fn handled(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, run, number)): Place,
    Sent(Reason { reason }): Sent<Reason>,
) -> Answer {
    let of = Of {
        run: &run,
        number,
        by: &caller.address,
    };
    handle::handle(&web.wiring, &caller.scope_of(&tenant), &of, &reason).await?;
    data(&Told { run, number })
}

async fn open_again(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, run, number)): Place,
    Sent(Reason { reason }): Sent<Reason>,
) -> Answer {
    let of = Of {
        run: &run,
        number,
        by: &caller.address,
    };
    handle::reopen(&web.wiring, &caller.scope_of(&tenant), &of, &reason).await?;
    data(&Told { run, number })
}

async fn look(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, run, number)): Place,
) -> Answer {
    let of = Of {
        run: &run,
        number,
        by: &caller.address,
    };
    handle::look_again(&web.wiring, &caller.scope_of(&tenant), &of).await?;
    data(&Told { run, number })
}

#[derive(Deserialize)]
struct Part {
    after: Option<String>,
    status: Option<String>,
    group: Option<String>,
    upn: Option<String>,
}

async fn list(
    State(web): State<Web>,
    caller: Caller,
    tenant: Option<Path<TenantId>>,
    Query(part): Query<Part>,
) -> Answer {
    let scope = caller.scope_at(tenant.as_deref());
    let filter = FindingFilter {
        status: word(
            "status",
            part.status.as_deref(),
            FindingStatus::ALL,
            FindingStatus::word,
        )?,
        group: word(
            "group",
            part.group.as_deref(),
            FindingGroup::ALL,
            FindingGroup::word,
        )?,
        upn: part.upn,
        ..FindingFilter::default()
    };
    let page = web
        .wiring
        .store
        .list_findings(&scope, &filter, part.after.as_deref())
        .await;
    data(&page.map_err(of_store)?)
}
