//! What people ask of a run: wait, go on, stop, try again, a line approved later, a step done by hand, a plan to take it back.

use std::time::Duration;

use axum::extract::State;
use domain::request::When;
use domain::{RunId, StepKey, TenantId};
use engine::state::Event;
use serde::Deserialize;

use super::line;
use crate::acts::approve::{Decision, Read, approve as decide};
use crate::acts::{steer, undo as reverse};
use crate::problem::Problem;
use crate::web::answer::see;
use crate::web::extract::Path;
use crate::web::{Answer, Caller, Posted, Web};
use crate::wiring::of_store;

/// How long an answer waits for the run to take up what was asked, so that the page that follows shows it.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// How often it looks meanwhile.
const LOOK: Duration = Duration::from_millis(100);

/// `POST …/pause`: nothing new begins.
pub(super) async fn pause(
    State(web): State<Web>,
    caller: Caller,
    at: Path<(TenantId, RunId)>,
) -> Answer {
    let by = caller.address.clone();
    steered(&web, &caller, at.0, Event::Paused { by }).await
}

/// `POST …/resume`: it goes on.
pub(super) async fn resume(
    State(web): State<Web>,
    caller: Caller,
    at: Path<(TenantId, RunId)>,
) -> Answer {
    let by = caller.address.clone();
    steered(&web, &caller, at.0, Event::Resumed { by }).await
}

/// `POST …/stop`: nothing new begins, and what is under way settles.
pub(super) async fn stop(
    State(web): State<Web>,
    caller: Caller,
    at: Path<(TenantId, RunId)>,
) -> Answer {
    let by = caller.address.clone();
    steered(&web, &caller, at.0, Event::Cancelled { by }).await
}

/// `POST …/retry`: what is open of an ended run is tried again.
pub(super) async fn retry(
    State(web): State<Web>,
    caller: Caller,
    at: Path<(TenantId, RunId)>,
) -> Answer {
    let by = caller.address.clone();
    steered(&web, &caller, at.0, Event::Retried { by }).await
}

async fn steered(web: &Web, caller: &Caller, at: (TenantId, RunId), event: Event) -> Answer {
    let (tenant, run) = at;
    submit(web, caller, &tenant, &run, &event).await?;
    see(&format!("/t/{tenant}/runs/{run}"))
}

/// Hands an event over, and waits a moment for it to be taken up.
async fn submit(
    web: &Web,
    caller: &Caller,
    tenant: &TenantId,
    run: &RunId,
    event: &Event,
) -> Result<(), Problem> {
    let scope = caller.scope_of(tenant);
    let row = steer::submit(&web.wiring, &scope, run, event).await?;
    settle(web, caller, tenant, run, row.seq).await
}

/// Waits until the run has moved on from this event, at most for a moment: whoever has no script sees what they asked for.
pub(crate) async fn settle(
    web: &Web,
    caller: &Caller,
    tenant: &TenantId,
    run: &RunId,
    seq: u64,
) -> Result<(), Problem> {
    let scope = caller.scope_of(tenant);
    let mut waited = Duration::ZERO;
    while waited < PATIENCE {
        tokio::time::sleep(LOOK).await;
        waited += LOOK;
        let row = web.wiring.store.run(&scope, run).await.map_err(of_store)?;
        if row.seq > seq {
            break;
        }
    }
    Ok(())
}

/// What somebody says who did a step by hand.
#[derive(Deserialize)]
pub(super) struct Done {
    #[serde(default)]
    note: String,
}

/// `POST …/steps/{step}/done`: it was done by hand.
pub(super) async fn done(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, run, step)): Path<(TenantId, RunId, StepKey)>,
    Posted(form): Posted<Done>,
) -> Answer {
    let note = form.note.trim();
    let event = Event::DoneByHand {
        by: caller.address.clone(),
        step: step.clone(),
        note: (!note.is_empty()).then(|| note.to_owned()),
    };
    submit(&web, &caller, &tenant, &run, &event).await?;
    see(&format!(
        "/t/{tenant}/runs/{run}?step={}",
        line::path(&step)
    ))
}

/// The digest that the approver has seen.
#[derive(Deserialize)]
pub(super) struct Line {
    digest: String,
}

/// `POST …/steps/{step}/approve`: a line that cannot be undone, approved while the run waits for it.
pub(super) async fn approve(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, run, step)): Path<(TenantId, RunId, StepKey)>,
    Posted(form): Posted<Line>,
) -> Answer {
    let scope = caller.scope_of(&tenant);
    let row = web.wiring.store.run(&scope, &run).await.map_err(of_store)?;
    let decision = Decision {
        plan: &row.plan,
        by: &caller.address,
        read: Read::Whole(&form.digest),
        lines: &[step.to_string()],
    };
    decide(&web.wiring, &scope, &decision).await?;
    settle(&web, &caller, &tenant, &run, row.seq).await?;
    see(&format!(
        "/t/{tenant}/runs/{run}?step={}",
        line::path(&step)
    ))
}

/// `POST …/undo`: the plan that takes the run back, to be read and approved like any other.
pub(super) async fn undo(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, run)): Path<(TenantId, RunId)>,
) -> Answer {
    let scope = caller.scope_of(&tenant);
    let stored = reverse::undo(
        &web.wiring,
        &scope,
        &run,
        When::Now,
        &caller.address,
        "page",
    )
    .await?;
    see(&format!("/t/{tenant}/plans/{}", stored.id))
}
