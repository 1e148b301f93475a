//! Whether the process lives and can work: for a supervisor, without a session and without a word about tenants.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use store::TenantScope;

use super::{Answer, Needs, Routes, Web};
use crate::wiring::of_store;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/healthz", Needs::Nothing, lives)
        .get("/readyz", Needs::Nothing, ready)
}

async fn lives() -> Answer {
    Ok((StatusCode::OK, "ok\n").into_response())
}

/// Ready once the store answers.
async fn ready(State(web): State<Web>) -> Answer {
    let tenants = web.wiring.store.tenants(&TenantScope::provider()).await;
    tenants.map_err(of_store)?;
    Ok((StatusCode::OK, "ready\n").into_response())
}
