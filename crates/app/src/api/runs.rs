//! Runs: looking at them, and steering them.

use axum::extract::State;
use domain::access::Role;
use domain::{RunId, StepKey, TenantId};
use engine::state::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Page, RunFilter, RunLine, RunStatus};

use super::{Api, Doc, PART, Part, Sent, data, kind, word};
use crate::acts::steer;
use crate::problem::Problem;
use crate::web::extract::{Path, Query};
use crate::web::{Answer, Caller, Needs, Web};
use crate::wiring::of_store;

pub(super) fn calls(api: Api) -> Api {
    let there = Needs::There;
    api.list(
        ["/api/v1/runs", "/api/v1/tenants/{tenant}/runs"],
        Doc::new("runs", "Runs, the newest first")
            .query(PART)
            .gives::<Page<RunLine>>(),
        list,
    )
    .get(
        "/api/v1/tenants/{tenant}/runs/{run}",
        there(Role::Viewer),
        Doc::new("runs", "A run with every receipt and finding").gives::<Value>(),
        show,
    )
    .post(
        "/api/v1/tenants/{tenant}/runs/{run}/steering",
        there(Role::Approver),
        Doc::new(
            "runs",
            "Pause a run, go on with it, stop it, or try an ended one again",
        )
        .takes::<Steering>()
        .gives::<Told>(),
        steering,
    )
    .post(
        "/api/v1/tenants/{tenant}/runs/{run}/done",
        there(Role::Requester),
        Doc::new(
            "runs",
            "Say that a step which was asked of a person is done",
        )
        .takes::<Done>()
        .gives::<Told>(),
        done,
    )
}

async fn list(
    State(web): State<Web>,
    caller: Caller,
    tenant: Option<Path<TenantId>>,
    Query(part): Query<Part>,
) -> Answer {
    let scope = caller.scope_at(tenant.as_deref());
    let filter = RunFilter {
        status: word(
            "status",
            part.status.as_deref(),
            RunStatus::ALL,
            RunStatus::word,
        )?,
        kind: kind(part.kind.as_deref())?,
        upn: part.upn,
    };
    let page = web
        .wiring
        .store
        .list_runs(&scope, &filter, part.after.as_deref())
        .await;
    data(&page.map_err(of_store)?)
}

async fn show(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, run)): Path<(TenantId, RunId)>,
) -> Answer {
    let scope = caller.scope_of(&tenant);
    let store = &web.wiring.store;
    let line = store.run_line(&scope, &run).await.map_err(of_store)?;
    let row = store.run(&scope, &run).await.map_err(of_store)?;
    data(&json!({ "line": line, "seq": row.seq, "outcome": row.outcome(), "state": row.state }))
}

/// What is asked of a run.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Wish {
    /// Start nothing new until it is resumed.
    Pause,
    /// Go on.
    Resume,
    /// Start nothing new, settle what is in flight, end as needs review.
    Cancel,
    /// Try again what is open of an ended run.
    Retry,
}

/// Steering a run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Steering {
    /// What is asked.
    wish: Wish,
}

/// That whoever carries the run was told.
#[derive(Serialize, JsonSchema)]
struct Told {
    /// The run.
    run: RunId,
}

async fn steering(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, run)): Path<(TenantId, RunId)>,
    Sent(steering): Sent<Steering>,
) -> Answer {
    let by = caller.address.clone();
    let event = match steering.wish {
        Wish::Pause => Event::Paused { by },
        Wish::Resume => Event::Resumed { by },
        Wish::Cancel => Event::Cancelled { by },
        Wish::Retry => Event::Retried { by },
    };
    tell(&web, &caller, &tenant, run, &event).await
}

/// A step that somebody did.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Done {
    /// The step's key.
    step: String,
    /// What is to stand on record about it.
    note: Option<String>,
}

async fn done(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, run)): Path<(TenantId, RunId)>,
    Sent(done): Sent<Done>,
) -> Answer {
    let event = Event::DoneByHand {
        by: caller.address.clone(),
        step: StepKey::new(done.step),
        note: done.note,
    };
    tell(&web, &caller, &tenant, run, &event).await
}

async fn tell(
    web: &Web,
    caller: &Caller,
    tenant: &TenantId,
    run: RunId,
    event: &Event,
) -> Result<axum::response::Response, Problem> {
    steer::submit(&web.wiring, &caller.scope_of(tenant), &run, event).await?;
    data(&Told { run })
}
