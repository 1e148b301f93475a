//! Who calls, and what waits for them.

use axum::extract::State;
use domain::access::{Grant, Role};
use schemars::JsonSchema;
use serde::Serialize;
use store::Counts;

use super::{Api, Doc, data};
use crate::web::{Answer, Caller, Needs, Web};
use crate::wiring::of_store;

pub(super) fn calls(api: Api) -> Api {
    let doc = Doc::new("me", "Who calls, what they may do, and what waits for them").gives::<Me>();
    api.get("/api/v1/me", Needs::SignedIn, doc, me)
}

/// Whoever calls.
#[derive(Serialize, JsonSchema)]
struct Me {
    /// The operator's or client's id.
    id: String,
    /// The name people read.
    name: String,
    /// The name under which decisions are kept.
    address: String,
    /// What they may do, and where.
    grants: Vec<Grant>,
    /// What waits in their tenants.
    counts: Counts,
}

async fn me(State(web): State<Web>, caller: Caller) -> Answer {
    let scope = caller.scope(Role::Viewer);
    let counts = web.wiring.store.counts(&scope).await.map_err(of_store)?;
    data(&Me {
        id: caller.id,
        name: caller.name,
        address: caller.address,
        grants: caller.grants,
        counts,
    })
}
