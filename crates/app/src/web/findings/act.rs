//! What people do with a finding: mark it handled, open it again, look again, plan what is left.

use axum::extract::State;
use domain::{RunId, TenantId};
use serde::Deserialize;

use super::detail::Said;
use super::list::{self, Asked};
use crate::acts::handle::{self as acts, Of};
use crate::planning;
use crate::problem::Problem;
use crate::web::answer::see;
use crate::web::extract::Path;
use crate::web::run::settle;
use crate::web::{Answer, Caller, Posted, Web};
use crate::wiring::of_store;

type At = (TenantId, RunId, u32);

/// A reason, as it was written.
#[derive(Deserialize)]
pub(super) struct Reason {
    #[serde(default)]
    reason: String,
}

/// `POST …/handle`.
pub(super) async fn handle(
    State(web): State<Web>,
    caller: Caller,
    Path(at): Path<At>,
    Posted(form): Posted<Reason>,
) -> Answer {
    let scope = caller.scope_of(&at.0);
    let done = acts::handle(&web.wiring, &scope, &of(&at, &caller), &form.reason).await;
    after(&web, &caller, at, done, form).await
}

/// `POST …/reopen`.
pub(super) async fn reopen(
    State(web): State<Web>,
    caller: Caller,
    Path(at): Path<At>,
    Posted(form): Posted<Reason>,
) -> Answer {
    let scope = caller.scope_of(&at.0);
    let done = acts::reopen(&web.wiring, &scope, &of(&at, &caller), &form.reason).await;
    after(&web, &caller, at, done, form).await
}

/// `POST …/look`.
pub(super) async fn look(State(web): State<Web>, caller: Caller, Path(at): Path<At>) -> Answer {
    let scope = caller.scope_of(&at.0);
    let row = acts::look_again(&web.wiring, &scope, &of(&at, &caller)).await?;
    settle(&web, &caller, &at.0, &at.1, row.seq).await?;
    see(&place(&at))
}

/// `POST …/plan`: what is left, planned anew from the tenant as it is.
pub(super) async fn plan(State(web): State<Web>, caller: Caller, Path(at): Path<At>) -> Answer {
    let scope = caller.scope_of(&at.0);
    let row = web
        .wiring
        .store
        .run(&scope, &at.1)
        .await
        .map_err(of_store)?;
    let stored = planning::again(&web.wiring, &row.plan, true).await?;
    see(&format!("/t/{}/plans/{}", at.0, stored.id))
}

fn of<'a>(at: &'a At, caller: &'a Caller) -> Of<'a> {
    Of {
        run: &at.1,
        number: at.2,
        by: &caller.address,
    }
}

fn place((tenant, run, number): &At) -> String {
    format!("/t/{tenant}/findings/{run}/{number}")
}

/// The finding again; with what was written, where the reason was too short.
async fn after(
    web: &Web,
    caller: &Caller,
    at: At,
    done: Result<store::RunRow, Problem>,
    form: Reason,
) -> Answer {
    match done {
        Ok(row) => {
            settle(web, caller, &at.0, &at.1, row.seq).await?;
            see(&place(&at))
        }
        Err(problem) if problem.code == "reason" => {
            let said = Said {
                reason: form.reason,
                wrong: problem.sentence(),
            };
            let mut response = list::at(web, caller, at, Asked::default(), said).await?;
            *response.status_mut() = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(problem) => Err(problem),
    }
}
