//! People: finding somebody, what they have now, what was done about them, and what can be done alone.

use axum::extract::State;
use domain::TenantId;
use domain::access::Role;
use domain::request::Kind;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Page, PersonLine, PlanLine, RunLine};

use super::codes::CLOUD;
use super::{Api, Asked, At, Doc, Form, Param, bounded, data, short};
use crate::problem::Problem;
use crate::web::extract::Path;
use crate::web::person::{self, has};
use crate::web::request_form::found::{self, Person};
use crate::web::{Answer, Caller, Needs, Web};
use crate::wiring::of_store;

const LIST: &[Param] = &[
    Param::new("after", "`next` of the page before", Form::Text(1_000)),
    Param::new(
        "upn",
        "Only people whose sign-in name begins like this",
        Form::Text(256),
    ),
];
const SEARCH: &[Param] = &[Param::new(
    "q",
    "The beginning of a name; two letters at least",
    Form::Text(256),
)
.required()];

pub(super) fn calls(api: Api) -> Api {
    let there = Needs::There;
    api.list(
        ["/api/v1/people", "/api/v1/tenants/{tenant}/people"],
        Doc::new("people", "People that plans were made for, by sign-in name")
            .query(LIST)
            .gives::<Page<PersonLine>>(),
        list,
    )
    .get(
        "/api/v1/tenants/{tenant}/people/search",
        there(Role::Requester),
        Doc::new(
            "people",
            "Find people in the live tenant by the beginning of a name",
        )
        .query(SEARCH)
        .codes(CLOUD)
        .gives::<Vec<Person>>(),
        search,
    )
    .get(
        "/api/v1/tenants/{tenant}/people/{person}",
        there(Role::Viewer),
        Doc::new(
            "people",
            "What was planned and done about somebody, the newest first",
        )
        .gives::<Story>(),
        show,
    )
    .get(
        "/api/v1/tenants/{tenant}/people/{person}/now",
        there(Role::Viewer),
        Doc::new("people", "What somebody has in the tenant at this moment")
            .codes(CLOUD)
            .codes(&["ambiguous-person", "unknown-person"])
            .gives::<Now>(),
        now,
    )
    .get(
        "/api/v1/actions",
        Needs::SignedIn,
        Doc::new("people", "The steps that can be asked for alone").gives::<Vec<Action>>(),
        actions,
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    after: Option<String>,
    upn: Option<String>,
}

async fn list(
    State(web): State<Web>,
    caller: Caller,
    tenant: Option<Path<TenantId>>,
    Asked(part): Asked<Part>,
) -> Answer {
    bounded(part.after.as_deref(), part.upn.as_deref())?;
    let scope = caller.scope_at(tenant.as_deref());
    let store = &web.wiring.store;
    let page = store.list_people(&scope, part.upn.as_deref(), part.after.as_deref());
    data(&page.await.map_err(of_store)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    q: String,
}

async fn search(
    State(web): State<Web>,
    _: Caller,
    At(tenant): At<TenantId>,
    Asked(Wanted { q }): Asked<Wanted>,
) -> Answer {
    short("q", Some(&q), 256)?;
    data(&found::of(&web, &tenant, &q).await?.people)
}

/// What was planned and done about somebody.
#[derive(Serialize, JsonSchema)]
struct Story {
    /// Plans, at most 200.
    plans: Vec<PlanLine>,
    /// Runs, at most 200.
    runs: Vec<RunLine>,
}

async fn show(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, id)): At<(TenantId, String)>,
) -> Answer {
    let (scope, person) = (caller.scope_of(&tenant), id.to_lowercase());
    let store = &web.wiring.store;
    let plans = store.plans_of_person(&scope, &tenant, &person).await;
    let runs = store.runs_of_person(&scope, &tenant, &person).await;
    let story = Story {
        plans: plans.map_err(of_store)?,
        runs: runs.map_err(of_store)?,
    };
    if story.plans.is_empty() && story.runs.is_empty() {
        return Err(Problem::refused(
            "not-found",
            format!("no plan was made for {id} in {tenant}"),
        )
        .hint("look for them by name in the list of people"));
    }
    data(&story)
}

/// What somebody has.
#[derive(Serialize, JsonSchema)]
struct Now {
    /// When it was read.
    read_at: Timestamp,
    /// The sign-in name.
    upn: String,
    /// The name.
    name: String,
    /// What they have, under the heads of the person's page.
    groups: Vec<has::Group>,
    /// What was not read, and why.
    unchecked: Vec<String>,
}

async fn now(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, id)): At<(TenantId, String)>,
) -> Answer {
    let facts = person::read_now(&web, &caller, &tenant, &id).await?;
    data(&Now {
        groups: has::groups(&facts),
        unchecked: facts.unchecked.iter().map(has::unchecked).collect(),
        read_at: facts.read_at,
        upn: facts.person.upn,
        name: facts.person.display_name,
    })
}

/// A step that can be asked for alone.
#[derive(Serialize, JsonSchema)]
struct Action {
    /// Its name.
    step: &'static str,
    /// What it is for.
    purpose: &'static str,
}

async fn actions(_: Caller) -> Answer {
    let entries = steps::catalogue().entries.into_iter();
    let alone = entries
        .filter(|entry| entry.not_alone.is_none() && entry.kinds.contains(&Kind::Offboard))
        .map(|entry| Action {
            step: entry.name,
            purpose: entry.purpose,
        });
    data(&alone.collect::<Vec<_>>())
}
