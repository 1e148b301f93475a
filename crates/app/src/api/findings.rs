//! Findings: what a person must look at.

use axum::extract::State;
use domain::access::Role;
use domain::{RunId, TenantId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{FindingFilter, FindingGroup, FindingLine, FindingStatus, Page};

use super::codes::{PLANNING, STEERING};
use super::shapes::NewPlan;
use super::{Api, Asked, At, Doc, Form, Param, Sent, bounded, data, word};
use crate::acts::handle::{self, Of};
use crate::planning;
use crate::problem::Problem;
use crate::web::extract::Path;
use crate::web::{Answer, Caller, Needs, Web};
use crate::wiring::of_store;

fn statuses() -> Vec<&'static str> {
    FindingStatus::ALL.iter().map(|one| one.word()).collect()
}

fn groups() -> Vec<&'static str> {
    FindingGroup::ALL.iter().map(|one| one.word()).collect()
}

const PART: &[Param] = &[
    Param::new("after", "`next` of the page before", Form::Text(1_000)),
    Param::new("status", "Only what stands so", Form::Words(statuses)),
    Param::new("group", "Only those under this head", Form::Words(groups)),
    Param::new(
        "upn",
        "Only people whose sign-in name begins like this; the list is then in its order",
        Form::Text(256),
    ),
];

pub(super) fn calls(api: Api) -> Api {
    let reason = || json!({ "reason": "The licence was removed in the admin center." });
    let acting = |summary| {
        Doc::new("findings", summary)
            .codes(STEERING)
            .gives::<Told>()
    };
    let api = api
        .list(
            ["/api/v1/findings", "/api/v1/tenants/{tenant}/findings"],
            Doc::new("findings", "Findings, the worst first")
                .query(PART)
                .gives::<Page<FindingLine>>(),
            list,
        )
        .get(
            "/api/v1/tenants/{tenant}/runs/{run}/findings/{number}",
            Needs::There(Role::Viewer),
            Doc::new("findings", "A finding").gives::<FindingLine>(),
            show,
        );
    api.post(
        "/api/v1/tenants/{tenant}/runs/{run}/findings/{number}/handled",
        Needs::There(Role::Approver),
        acting("Close a finding that was settled otherwise, with the reason")
            .about("A review of what a policy approved beforehand is for people alone.")
            .takes::<Reason>(reason)
            .codes(&["handled", "people-only", "reason", "reviewer"]),
        handled,
    )
    .post(
        "/api/v1/tenants/{tenant}/runs/{run}/findings/{number}/open",
        Needs::There(Role::Approver),
        acting("Open a finding again that was handled, with the reason")
            .takes::<Reason>(reason)
            .codes(&["not-handled", "reason"]),
        open_again,
    )
    .post(
        "/api/v1/tenants/{tenant}/runs/{run}/findings/{number}/look",
        Needs::There(Role::Requester),
        acting("Read once more what a finding is about").codes(&["look"]),
        look,
    )
    .post(
        "/api/v1/tenants/{tenant}/runs/{run}/findings/{number}/plan",
        Needs::There(Role::Requester),
        Doc::new(
            "findings",
            "Plan what is left anew, from the tenant as it is",
        )
        .codes(PLANNING)
        .codes(&["has-run"])
        .gives::<NewPlan>(),
        plan,
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
#[schemars(rename = "FindingTold")]
struct Told {
    /// The run.
    run: RunId,
    /// The finding's number in it.
    number: u32,
}

type Place = At<(TenantId, RunId, u32)>;

async fn handled(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, run, number)): Place,
    Sent(Reason { reason }): Sent<Reason>,
) -> Answer {
    let of = Of {
        run: &run,
        number,
        by: &caller.address,
    };
    people_review(&web, &caller, &tenant, &run, number).await?;
    handle::handle(&web.wiring, &caller.scope_of(&tenant), &of, &reason).await?;
    data(&Told { run, number })
}

async fn open_again(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, run, number)): Place,
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

async fn look(State(web): State<Web>, caller: Caller, At((tenant, run, number)): Place) -> Answer {
    let of = Of {
        run: &run,
        number,
        by: &caller.address,
    };
    handle::look_again(&web.wiring, &caller.scope_of(&tenant), &of).await?;
    data(&Told { run, number })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
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
    Asked(part): Asked<Part>,
) -> Answer {
    bounded(part.after.as_deref(), part.upn.as_deref())?;
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

async fn show(State(web): State<Web>, caller: Caller, At((tenant, run, number)): Place) -> Answer {
    data(&line(&web, &caller, &tenant, &run, number).await?)
}

async fn line(
    web: &Web,
    caller: &Caller,
    tenant: &TenantId,
    run: &RunId,
    number: u32,
) -> Result<FindingLine, Problem> {
    let scope = caller.scope_of(tenant);
    let filter = FindingFilter {
        run: Some(run.clone()),
        ..FindingFilter::default()
    };
    let mut after = None;
    loop {
        let store = &web.wiring.store;
        let page = store.list_findings(&scope, &filter, after.as_deref()).await;
        let page = page.map_err(of_store)?;
        if let Some(found) = page.lines.into_iter().find(|one| one.number == number) {
            return Ok(found);
        }
        after = page.next;
        if after.is_none() {
            let what = format!("there is no finding {number} of a run {run}");
            return Err(
                Problem::refused("not-found", what).hint("open it from the list of findings")
            );
        }
    }
}

/// What a policy approved beforehand is looked at by a person, whatever the role of a client.
async fn people_review(
    web: &Web,
    caller: &Caller,
    tenant: &TenantId,
    run: &RunId,
    number: u32,
) -> Result<(), Problem> {
    let found = line(web, caller, tenant, run, number).await?;
    if caller.is_client && found.kind == engine::state::REVIEW {
        return Err(Problem::refused(
            "people-only",
            "a review is done by a person, and by no API client",
        )
        .hint("sign in, look at what was closed, and mark it there"));
    }
    Ok(())
}

async fn plan(State(web): State<Web>, caller: Caller, At((tenant, run, number)): Place) -> Answer {
    line(&web, &caller, &tenant, &run, number).await?;
    let row = web.wiring.store.run(&caller.scope_of(&tenant), &run).await;
    let plan = row.map_err(of_store)?.plan;
    let stored = planning::again(&web.wiring, &plan, true).await?;
    data(&NewPlan::of(&stored))
}
