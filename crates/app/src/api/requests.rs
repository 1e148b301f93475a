//! Requests: asking for a plan, looking at what was asked, and answering what a request asks back.

use std::collections::BTreeMap;

use axum::extract::State;
use domain::access::Role;
use domain::request::{Cited, Kind, When};
use domain::{PlanId, RequestId, TenantId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{Page, RequestFilter, RequestLine, RequestStatus};

use super::codes::PLANNING;
use super::shapes::RequestShape;
use super::{Api, Asked, At, Doc, Part, Sent, data, list_params};
use crate::acts::request::{self, Answered, Wish, person};
use crate::problem::{Exit, Problem};
use crate::web::extract::Path;
use crate::web::request_form::draft;
use crate::web::{Answer, Caller, Needs, Web};
use crate::wiring::of_store;

fn statuses() -> Vec<&'static str> {
    RequestStatus::ALL.iter().map(|one| one.word()).collect()
}

pub(super) fn calls(api: Api) -> Api {
    let asks = Needs::There(Role::Requester);
    let leaver = || json!({ "person": "mara.lindqvist@contoso.example", "at": "2026-11-28T17:00+01:00", "forward-to": "henrik.dahl@contoso.example", "switches": { "wipe-devices": false } });
    let joiner = || json!({ "fields": { "given-name": "Ada", "family-name": "Okafor", "start": "2026-12-01", "department": "Sales", "manager": "henrik.dahl@contoso.example" } });
    let api = api
        .list(
            ["/api/v1/requests", "/api/v1/tenants/{tenant}/requests"],
            Doc::new("requests", "Requests, the newest first")
                .query(const { &list_params(statuses) })
                .gives::<Page<RequestLine>>(),
            list,
        )
        .get(
            "/api/v1/tenants/{tenant}/requests/{request}",
            Needs::There(Role::Viewer),
            Doc::new(
                "requests",
                "A request as it was kept, with what it asks and the plans that were made for it",
            )
            .gives::<RequestOut>(),
            show,
        );
    let planned = |summary| {
        Doc::new("requests", summary)
            .codes(PLANNING)
            .gives::<Planned>()
    };
    api.post(
        "/api/v1/tenants/{tenant}/requests/offboard",
        asks,
        planned("Plan that a person leaves").takes::<Leaver>(leaver),
        offboard,
    )
    .post(
        "/api/v1/tenants/{tenant}/requests/onboard",
        asks,
        planned("Plan that a person comes; the fields are those of a joiner's file")
            .takes::<Joiner>(joiner),
        onboard,
    )
    .post(
        "/api/v1/tenants/{tenant}/requests/action",
        asks,
        planned("Plan one step for a person, and nothing else").takes::<Action>(
            || json!({ "person": "mara.lindqvist@contoso.example", "step": "revoke-sessions" }),
        ),
        action,
    )
    .post(
        "/api/v1/tenants/{tenant}/requests/{request}/answers",
        asks,
        planned("Answer what a request asks; with the last answer it becomes a plan")
            .takes::<Answers>(|| json!({ "answers": { "when": "2026-11-28" } }))
            .codes(&["contract-end", "kind"])
            .gives::<AnsweredOut>(),
        answer,
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
    let filter = RequestFilter {
        status: part.status(RequestStatus::ALL, RequestStatus::word)?,
        kind: part.kind()?,
        upn: part.upn,
    };
    let store = &web.wiring.store;
    let page = store
        .list_requests(&scope, &filter, part.after.as_deref())
        .await;
    data(&page.map_err(of_store)?)
}

/// A request.
#[derive(Serialize, JsonSchema)]
struct RequestOut {
    /// What was asked, and where it came from.
    #[schemars(with = "RequestShape")]
    request: domain::request::Request,
    /// Whether something must be answered before it is planned.
    asks: bool,
    /// The plans that were made for it, the oldest first.
    plans: Vec<PlanId>,
}

async fn show(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, id)): At<(TenantId, RequestId)>,
) -> Answer {
    let (request, asks) = draft::find(&web, &caller, &tenant, &id).await?;
    let versions = web
        .wiring
        .store
        .versions(&caller.scope_of(&tenant), &id)
        .await;
    let versions = versions.map_err(of_store)?.into_iter();
    data(&RequestOut {
        request,
        asks,
        plans: versions.map(|version| version.id).collect(),
    })
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
    /// The page where people read it and decide on it.
    page: String,
}

impl Planned {
    fn of(stored: &domain::plan::StoredPlan) -> Self {
        Self {
            request: stored.plan.request.clone(),
            plan: stored.id.clone(),
            digest: stored.digest.to_string(),
            needs: stored.plan.approval.people,
            page: format!("/t/{}/plans/{}", stored.plan.tenant, stored.id),
        }
    }
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
    /// Who looks after what they leave.
    delegate: Option<String>,
    /// Where their mail goes.
    #[serde(rename = "forward-to")]
    forward_to: Option<String>,
    /// Who takes over.
    successor: Option<String>,
    /// What whoever approves shall read.
    note: Option<String>,
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

fn named(person: &str) -> Result<(), Problem> {
    if person.trim().is_empty() {
        return Err(
            Problem::refused("person", "person: it is not said who it is about")
                .hint("give the sign-in name, like jane.roe@contoso.example"),
        );
    }
    Ok(())
}

async fn offboard(
    State(web): State<Web>,
    caller: Caller,
    At(tenant): At<TenantId>,
    Sent(leaver): Sent<Leaver>,
) -> Answer {
    named(&leaver.person)?;
    let given = [
        ("delegate", leaver.delegate),
        ("forward-to", leaver.forward_to),
        ("successor", leaver.successor),
        ("note", leaver.note),
    ];
    let field = |(name, value): (&str, Option<String>)| {
        let value = value?.trim().to_owned();
        (!value.is_empty()).then(|| (name.to_owned(), Cited::typed(value)))
    };
    let wish = Wish {
        person: request::hint(&leaver.person),
        when: request::when("at", &leaver.at)?,
        fields: given.into_iter().filter_map(field).collect(),
        switches: leaver.switches.into_iter().collect(),
        only: leaver.only,
        confidential: leaver.confidential,
        ..empty(tenant, Kind::Offboard, &caller)
    };
    plan(&web, wish, true).await
}

/// One step for somebody.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Action {
    /// The sign-in name, object id or display name.
    person: String,
    /// The step, one of `/api/v1/actions`.
    step: String,
    /// A time with its zone, a date for the end of that working day, or `now`.
    #[serde(default = "now")]
    at: String,
}

async fn action(
    State(web): State<Web>,
    caller: Caller,
    At(tenant): At<TenantId>,
    Sent(action): Sent<Action>,
) -> Answer {
    named(&action.person)?;
    let wish = Wish {
        person: request::hint(&action.person),
        when: request::when("at", &action.at)?,
        only: Some(vec![action.step]),
        ..empty(tenant, Kind::Offboard, &caller)
    };
    plan(&web, wish, false).await
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
    At(tenant): At<TenantId>,
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
    plan(&web, wish, false).await
}

fn empty(tenant: TenantId, kind: Kind, caller: &Caller) -> Wish {
    Wish {
        tenant,
        kind,
        person: domain::request::PersonHint::default(),
        when: When::Now,
        fields: BTreeMap::new(),
        switches: BTreeMap::new(),
        only: None,
        confidential: Vec::new(),
        channel: "api",
        requester: caller.address.clone(),
        reference: None,
    }
}

async fn plan(web: &Web, wish: Wish, scan: bool) -> Answer {
    let stored = request::make(&web.wiring, wish, scan).await?;
    data(&Planned::of(&stored))
}

/// Answers to a request's questions.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Answers {
    /// Each under the field that the question is about.
    answers: BTreeMap<String, String>,
}

/// What answers came to.
#[derive(Serialize, JsonSchema)]
struct AnsweredOut {
    /// The plan, once nothing is open any more.
    planned: Option<Planned>,
}

async fn answer(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, id)): At<(TenantId, RequestId)>,
    Sent(sent): Sent<Answers>,
) -> Answer {
    let scope = caller.scope_of(&tenant);
    let planned = match request::answer(&web.wiring, &scope, &id, &sent.answers).await? {
        Answered::Planned(stored) => Some(Planned::of(&stored)),
        Answered::Open => None,
    };
    data(&AnsweredOut { planned })
}
