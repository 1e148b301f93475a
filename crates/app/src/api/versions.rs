//! What becomes of a plan before it is decided on: newer ones of it, a look at the tenant, what people say about it.

use axum::extract::State;
use domain::access::Role;
use domain::{PlanId, TenantId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::codes::{CLOUD, PLANNING};
use super::shapes::NewPlan;
use super::{Api, At, Doc, Done, Sent, data, done};
use crate::acts::{look as looking, request, talk};
use crate::problem::Problem;
use crate::web::{Answer, Caller, Needs, Web};
use crate::wiring::of_store;

pub(super) fn calls(api: Api) -> Api {
    let there = Needs::There;
    api.post(
        "/api/v1/tenants/{tenant}/plans/{plan}/again",
        there(Role::Requester),
        Doc::new(
            "plans",
            "Plan the same request again, from the tenant as it is now",
        )
        .about("The new plan takes the place of the old one.")
        .codes(PLANNING)
        .codes(&["has-run"])
        .gives::<NewPlan>(),
        again,
    )
    .post(
        "/api/v1/tenants/{tenant}/plans/{plan}/choose",
        there(Role::Requester),
        Doc::new("plans", "Plan the same request with other switches; the new plan takes the place of the old one")
            .takes::<Choosing>(|| json!({ "switches": { "revoke-sessions": true } }))
            .codes(PLANNING)
            .codes(&["choice", "has-run"])
            .gives::<NewPlan>(),
        choose,
    )
    .post(
        "/api/v1/tenants/{tenant}/plans/{plan}/look",
        there(Role::Requester),
        Doc::new("plans", "Read the tenant again, and say whether the plan still fits; nothing is planned or changed")
            .codes(CLOUD)
            .gives::<Looked>(),
        look,
    )
    .get(
        "/api/v1/tenants/{tenant}/plans/{plan}/comments",
        there(Role::Viewer),
        Doc::new("plans", "What people said about a plan").gives::<Vec<Comment>>(),
        comments,
    )
    .post(
        "/api/v1/tenants/{tenant}/plans/{plan}/comments",
        there(Role::Requester),
        Doc::new("plans", "Say something about a plan")
            .takes::<Saying>(|| json!({ "text": "Her phone is company property." }))
            .codes(&["comment"])
            .gives::<Done>(),
        say,
    )
}

async fn again(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, plan)): At<(TenantId, PlanId)>,
) -> Answer {
    let stored = request::again(&web.wiring, &caller.scope_of(&tenant), &plan).await?;
    data(&NewPlan::of(&stored))
}

/// What is to be otherwise.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Choosing {
    /// Switches for this request alone, by step name, beside those that it has.
    switches: serde_json::Map<String, serde_json::Value>,
}

async fn choose(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, plan)): At<(TenantId, PlanId)>,
    Sent(sent): Sent<Choosing>,
) -> Answer {
    if sent.switches.is_empty() {
        return Err(
            Problem::refused("choice", "nothing was chosen").hint("name a switch and its value")
        );
    }
    let switches = sent.switches.into_iter().collect();
    let scope = caller.scope_of(&tenant);
    let stored = request::otherwise(&web.wiring, &scope, &plan, switches).await?;
    data(&NewPlan::of(&stored))
}

/// What a look at the tenant saw.
#[derive(Serialize, JsonSchema)]
struct Looked {
    /// Whether the plan would not be carried out as it stands, but for closing access.
    voids: bool,
    /// The lines that the tenant does not fit any more.
    drifted: Vec<Drifted>,
}

/// A line that the tenant does not fit any more, or that it asks for besides.
#[derive(Serialize, JsonSchema)]
struct Drifted {
    /// The step.
    step: domain::StepKey,
    /// What the step is about.
    summary: String,
}

async fn look(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, plan)): At<(TenantId, PlanId)>,
) -> Answer {
    let seen = looking::look(&web.wiring, &caller.scope_of(&tenant), &plan).await?;
    let drifted = seen.drifted.into_iter().map(|one| Drifted {
        step: one.step,
        summary: one.summary,
    });
    data(&Looked {
        voids: seen.voids,
        drifted: drifted.collect(),
    })
}

/// Something said about a plan.
#[derive(Serialize, JsonSchema)]
struct Comment {
    /// Who said it.
    by: String,
    /// What.
    text: String,
    /// When.
    at: Timestamp,
}

async fn comments(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, plan)): At<(TenantId, PlanId)>,
) -> Answer {
    let scope = caller.scope_of(&tenant);
    let store = &web.wiring.store;
    store.plan(&scope, &plan).await.map_err(of_store)?;
    let said = store.comments(&scope, &plan).await.map_err(of_store)?;
    let said = said.into_iter().map(|one| Comment {
        by: one.by,
        text: one.text,
        at: one.at,
    });
    data(&said.collect::<Vec<_>>())
}

/// Something to be said about a plan.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Saying {
    /// 1 to 4,000 characters.
    text: String,
}

async fn say(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, plan)): At<(TenantId, PlanId)>,
    Sent(sent): Sent<Saying>,
) -> Answer {
    if sent.text.trim().is_empty() {
        return Err(Problem::refused("comment", "the comment is empty").hint("say something"));
    }
    let scope = caller.scope_of(&tenant);
    let store = &web.wiring.store;
    store.plan(&scope, &plan).await.map_err(of_store)?;
    talk::say(&web.wiring, &scope, &plan, &caller.address, &sent.text).await?;
    done(plan.to_string())
}
