//! Requests: asking for a plan, and looking at what was asked.

use axum::extract::State;
use domain::access::Role;
use domain::request::{Kind, When};
use domain::{PlanId, RequestId, TenantId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Page, RequestFilter, RequestLine, RequestStatus};

use super::{Api, Doc, PART, Part, Sent, data, kind, word};
use crate::acts::request::{self, Wish, person};
use crate::problem::{Exit, Problem};
use crate::web::extract::{Path, Query};
use crate::web::{Answer, Caller, Needs, Web};
use crate::wiring::of_store;

pub(super) fn calls(api: Api) -> Api {
    let there = Needs::There;
    api.list(
        ["/api/v1/requests", "/api/v1/tenants/{tenant}/requests"],
        Doc::new("requests", "Requests, the newest first")
            .query(PART)
            .gives::<Page<RequestLine>>(),
        list,
    )
    .post(
        "/api/v1/tenants/{tenant}/requests/offboard",
        there(Role::Requester),
        Doc::new(
            "requests",
            "Plan that a person leaves, or single steps of it",
        )
        .takes::<Leaver>()
        .gives::<Planned>(),
        offboard,
    )
    .post(
        "/api/v1/tenants/{tenant}/requests/onboard",
        there(Role::Requester),
        Doc::new(
            "requests",
            "Plan that a person comes; the fields are those of a joiner's file",
        )
        .takes::<Joiner>()
        .gives::<Planned>(),
        onboard,
    )
}

async fn list(
    State(web): State<Web>,
    caller: Caller,
    tenant: Option<Path<TenantId>>,
    Query(part): Query<Part>,
) -> Answer {
    let scope = caller.scope_at(tenant.as_deref());
    let filter = RequestFilter {
        status: word(
            "status",
            part.status.as_deref(),
            RequestStatus::ALL,
            RequestStatus::word,
        )?,
        kind: kind(part.kind.as_deref())?,
        upn: part.upn,
    };
    let store = &web.wiring.store;
    let page = store
        .list_requests(&scope, &filter, part.after.as_deref())
        .await;
    data(&page.map_err(of_store)?)
}

/// A plan that was made for a request.
#[derive(Serialize, JsonSchema)]
struct Planned {
    /// The request.
    request: RequestId,
    /// The plan, which changes nothing until it is approved.
    plan: PlanId,
    /// What an approval of it has to name.
    digest: String,
    /// How many people have to approve it.
    needs: u32,
}

/// Somebody who leaves.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Leaver {
    /// The sign-in name, object id or display name.
    person: String,
    /// A time with its zone, a date for the end of that working day, or `now`.
    #[serde(default = "now")]
    at: String,
    /// Switches for this request alone, by step name.
    #[serde(default)]
    switches: Map<String, Value>,
    /// Steps that the plan holds, and no other; the whole playbook without them.
    only: Option<Vec<String>>,
    /// Who alone may see it, by address; everybody with the right to without them.
    #[serde(default)]
    confidential: Vec<String>,
}

fn now() -> String {
    "now".to_owned()
}

async fn offboard(
    State(web): State<Web>,
    caller: Caller,
    Path(tenant): Path<TenantId>,
    Sent(leaver): Sent<Leaver>,
) -> Answer {
    if leaver.person.trim().is_empty() {
        return Err(
            Problem::refused("person", "person: it is not said who leaves")
                .hint("give the sign-in name, like jane.roe@contoso.example"),
        );
    }
    let wish = Wish {
        person: request::hint(&leaver.person),
        when: request::when("at", &leaver.at)?,
        switches: leaver.switches.into_iter().collect(),
        only: leaver.only,
        confidential: leaver.confidential,
        ..empty(tenant, Kind::Offboard, &caller)
    };
    plan(&web, wish).await
}

/// Somebody who comes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Joiner {
    /// `given-name`, `family-name`, `start`, `department`, `role`, `manager`, …: the names of a joiner's file.
    fields: Map<String, Value>,
    /// Who alone may see it, by address.
    #[serde(default)]
    confidential: Vec<String>,
}

async fn onboard(
    State(web): State<Web>,
    caller: Caller,
    Path(tenant): Path<TenantId>,
    Sent(joiner): Sent<Joiner>,
) -> Answer {
    let person = person::of(&joiner.fields).map_err(|wrong| Problem {
        code: "person".to_owned(),
        what: wrong
            .into_iter()
            .map(|wrong| format!("fields.{}: {}", wrong.field, wrong.why))
            .collect(),
        hint: Some("correct these fields; nothing was planned".to_owned()),
        exit: Exit::Refused,
    })?;
    let wish = Wish {
        person: person.hint,
        when: person.when.unwrap_or(When::Now),
        fields: person.fields,
        switches: person.switches,
        confidential: joiner.confidential,
        ..empty(tenant, Kind::Onboard, &caller)
    };
    plan(&web, wish).await
}

fn empty(tenant: TenantId, kind: Kind, caller: &Caller) -> Wish {
    Wish {
        tenant,
        kind,
        person: domain::request::PersonHint::default(),
        when: When::Now,
        fields: std::collections::BTreeMap::new(),
        switches: std::collections::BTreeMap::new(),
        only: None,
        confidential: Vec::new(),
        channel: "api",
        requester: caller.address.clone(),
        reference: None,
    }
}

async fn plan(web: &Web, wish: Wish) -> Answer {
    let stored = request::make(&web.wiring, wish, true).await?;
    data(&Planned {
        request: stored.plan.request.clone(),
        plan: stored.id.clone(),
        digest: stored.digest.to_string(),
        needs: stored.plan.approval.people,
    })
}
