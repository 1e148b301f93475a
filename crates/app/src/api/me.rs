//! Who calls, what waits for them, and their own account.

use axum::extract::State;
use domain::access::{Grant, Role};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Counts;

use super::{Api, At, Doc, Done, Sent, data, done};
use crate::acts::account;
use crate::web::{Answer, Caller, Needs, Web, waits};
use crate::wiring::of_store;

pub(super) fn calls(api: Api) -> Api {
    let me = Needs::SignedIn;
    api.get(
        "/api/v1/me",
        me,
        Doc::new("me", "Who calls, what they may do, and what waits for them").gives::<Me>(),
        show,
    )
    .get(
        "/api/v1/me/sessions",
        me,
        Doc::new("me", "Your open sessions")
            .for_people()
            .gives::<Vec<SessionOut>>(),
        sessions,
    )
    .delete(
        "/api/v1/me/sessions",
        me,
        Doc::new("me", "End all of your sessions but this one")
            .for_people()
            .gives::<Done>(),
        end_others,
    )
    .delete(
        "/api/v1/me/sessions/{session}",
        me,
        Doc::new("me", "End one of your sessions")
            .for_people()
            .gives::<Done>(),
        end,
    )
    .put(
        "/api/v1/me/zone",
        me,
        Doc::new("me", "Set the time zone that you live in")
            .for_people()
            .takes::<Zone>(|| json!({ "zone": "Europe/London" }))
            .codes(&["zone"])
            .gives::<Done>(),
        zone,
    )
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

async fn show(State(web): State<Web>, caller: Caller) -> Answer {
    let scope = caller.scope(Role::Viewer);
    let mut counts = web.wiring.store.counts(&scope).await.map_err(of_store)?;
    counts.plans_waiting = waits::count(&web.wiring, &caller, &scope, counts.plans_waiting).await?;
    data(&Me {
        id: caller.id,
        name: caller.name,
        address: caller.address,
        grants: caller.grants,
        counts,
    })
}

/// A session, as its owner sees it.
#[derive(Serialize, JsonSchema)]
struct SessionOut {
    /// Its id.
    id: String,
    /// Whether it is the one that asks.
    current: bool,
    /// When it began.
    created_at: Timestamp,
    /// When it was last used.
    seen_at: Timestamp,
    /// When it ends by itself.
    expires_at: Timestamp,
    /// What the browser called itself.
    agent: String,
    /// From which network.
    network: String,
}

async fn sessions(State(web): State<Web>, caller: Caller) -> Answer {
    let sessions = account::sessions(&web.wiring, &caller).await?;
    let sessions = sessions.into_iter().map(|session| SessionOut {
        current: caller.session.as_deref() == Some(session.id.as_str()),
        id: session.id,
        created_at: session.created_at,
        seen_at: session.seen_at,
        expires_at: session.expires_at,
        agent: session.agent,
        network: session.network,
    });
    data(&sessions.collect::<Vec<_>>())
}

async fn end(State(web): State<Web>, caller: Caller, At(session): At<String>) -> Answer {
    account::end(&web.wiring, &caller, &session).await?;
    done(session)
}

async fn end_others(State(web): State<Web>, caller: Caller) -> Answer {
    account::end_others(&web.wiring, &caller).await?;
    done(caller.id)
}

/// Where somebody lives.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Zone {
    /// A zone of the IANA database, like `Europe/London`; empty for the provider's.
    #[schemars(length(max = 64))]
    zone: String,
}

async fn zone(State(web): State<Web>, caller: Caller, Sent(sent): Sent<Zone>) -> Answer {
    account::set_zone(&web.wiring, &caller, &sent.zone).await?;
    done(caller.id)
}
