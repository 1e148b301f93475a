//! Runs: looking at them, steering them, taking them back, and the certificate of one that has ended.

use axum::extract::State;
use domain::access::Role;
use domain::{RunId, StepKey, TenantId};
use engine::state::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{Page, RunFilter, RunLine, RunStatus};

use super::codes::{PLANNING, STEERING};
use super::shapes::{NewPlan, RunStateShape};
use super::{Api, Asked, At, Doc, Part, Sent, data, list_params};
use crate::acts::{request, steer, undo as reverse};
use crate::problem::Problem;
use crate::web::certificate::{self, Certificate};
use crate::web::extract::Path;
use crate::web::{Answer, Caller, Needs, Web};
use crate::wiring::of_store;

fn statuses() -> Vec<&'static str> {
    RunStatus::ALL.iter().map(|one| one.word()).collect()
}

pub(super) fn calls(api: Api) -> Api {
    let there = Needs::There;
    let api = api
        .list(
            ["/api/v1/runs", "/api/v1/tenants/{tenant}/runs"],
            Doc::new("runs", "Runs, the newest first")
                .query(const { &list_params(statuses) })
                .gives::<Page<RunLine>>(),
            list,
        )
        .get(
            "/api/v1/tenants/{tenant}/runs/{run}",
            there(Role::Viewer),
            Doc::new("runs", "A run with every receipt and finding").gives::<RunOut>(),
            show,
        )
        .get(
            "/api/v1/tenants/{tenant}/runs/{run}/steps/{step}",
            there(Role::Viewer),
            Doc::new("runs", "A step of a run with its receipt").gives::<StepOut>(),
            step,
        )
        .get(
            "/api/v1/tenants/{tenant}/runs/{run}/certificate",
            there(Role::Viewer),
            Doc::new(
                "runs",
                "The certificate of a run that has ended; a statement where a finding is open",
            )
            .about("`page` is the same for paper.")
            .codes(&["ledger", "not-ended"])
            .gives::<CertificateOut>(),
            certified,
        );
    acting(api)
}

fn acting(api: Api) -> Api {
    let there = Needs::There;
    api.post(
        "/api/v1/tenants/{tenant}/runs/{run}/steering",
        there(Role::Approver),
        Doc::new(
            "runs",
            "Pause a run, go on with it, stop it, or try an ended one again",
        )
        .takes::<Steering>(|| json!({ "wish": "pause" }))
        .codes(STEERING)
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
        .takes::<StepDone>(|| json!({ "step": "disable-on-premises", "note": "CHG-4711" }))
        .codes(STEERING)
        .gives::<Told>(),
        done,
    )
    .post(
        "/api/v1/tenants/{tenant}/runs/{run}/undo",
        there(Role::Requester),
        Doc::new(
            "runs",
            "Plan to take back what a run did; approved and carried out like any plan",
        )
        .takes::<Undoing>(|| json!({ "at": "now" }))
        .codes(PLANNING)
        .codes(&["not-ended"])
        .gives::<NewPlan>(),
        undo,
    )
}

async fn list(
    State(web): State<Web>,
    caller: Caller,
    tenant: Option<Path<TenantId>>,
    Asked(part): Asked<Part>,
) -> Answer {
    part.check()?;
    let scope = caller.scope_at(tenant.as_deref());
    let filter = RunFilter {
        status: part.status(RunStatus::ALL, RunStatus::word)?,
        kind: part.kind()?,
        upn: part.upn,
    };
    let store = &web.wiring.store;
    let page = store
        .list_runs(&scope, &filter, part.after.as_deref())
        .await;
    data(&page.map_err(of_store)?)
}

/// A run.
#[derive(Serialize, JsonSchema)]
struct RunOut {
    /// Where it stands.
    line: RunLine,
    /// How many decisions were made in it: it changes with every one.
    seq: u64,
    /// How it ended; none while it goes on.
    #[schemars(with = "Option<String>")]
    outcome: Option<engine::state::Outcome>,
    /// Every step with its receipt, every finding.
    #[schemars(with = "RunStateShape")]
    state: engine::state::RunState,
}

async fn show(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, run)): At<(TenantId, RunId)>,
) -> Answer {
    let scope = caller.scope_of(&tenant);
    let store = &web.wiring.store;
    let line = store.run_line(&scope, &run).await.map_err(of_store)?;
    let row = store.run(&scope, &run).await.map_err(of_store)?;
    data(&RunOut {
        line,
        seq: row.seq,
        outcome: row.outcome(),
        state: row.state,
    })
}

/// A step of a run.
#[derive(Serialize, JsonSchema)]
struct StepOut {
    /// Its key.
    step: StepKey,
    /// Where it stands, and its receipt.
    #[schemars(with = "Map<String, Value>")]
    state: engine::state::StepRun,
}

async fn step(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, run, key)): At<(TenantId, RunId, StepKey)>,
) -> Answer {
    let row = web.wiring.store.run(&caller.scope_of(&tenant), &run).await;
    let row = row.map_err(of_store)?;
    let state = row.state.step(&key).cloned().ok_or_else(|| {
        Problem::refused("not-found", format!("run {run} has no step {key}"))
            .hint("look at the run for the steps it has")
    })?;
    data(&StepOut { step: key, state })
}

/// What a run came to, and where that is proven.
#[derive(Serialize, JsonSchema)]
struct CertificateOut {
    /// What it says.
    certificate: Certificate,
    /// The page for paper.
    page: String,
}

async fn certified(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, run)): At<(TenantId, RunId)>,
) -> Answer {
    data(&CertificateOut {
        certificate: certificate::read(&web, &caller, &tenant, &run).await?,
        page: format!("/t/{tenant}/runs/{run}/certificate"),
    })
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
    At((tenant, run)): At<(TenantId, RunId)>,
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
struct StepDone {
    /// The step's key.
    step: String,
    /// What is to stand on record about it.
    note: Option<String>,
}

async fn done(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, run)): At<(TenantId, RunId)>,
    Sent(done): Sent<StepDone>,
) -> Answer {
    let event = Event::DoneByHand {
        by: caller.address.clone(),
        step: StepKey::new(done.step),
        note: done.note.filter(|note| !note.trim().is_empty()),
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

/// When a run is to be taken back.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Undoing {
    /// A time with its zone, a date, or `now`.
    #[serde(default = "now")]
    at: String,
}

fn now() -> String {
    "now".to_owned()
}

async fn undo(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, run)): At<(TenantId, RunId)>,
    Sent(sent): Sent<Undoing>,
) -> Answer {
    let when = request::when("at", &sent.at)?;
    let (scope, by) = (caller.scope_of(&tenant), &caller.address);
    let stored = reverse::undo(&web.wiring, &scope, &run, when, by, "api").await?;
    data(&NewPlan::of(&stored))
}
