//! A request as it was kept: the source beside what was read, and the questions that are open.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use domain::access::Role;
use domain::request::{Kind, Request};
use domain::{RequestId, TenantId};

use crate::acts::request::{self, Answered};
use crate::problem::{Exit, Problem};
use crate::web::answer::{page, see};
use crate::web::extract::Path;
use crate::web::shell::Shell;
use crate::web::ticket::{self, Source};
use crate::web::{Answer, Caller, Posted, Web, error, reading, when};
use crate::wiring::of_store;

/// A question that is open.
pub(crate) struct Question {
    pub(crate) field: String,
    pub(crate) question: String,
    /// How it is answered: `kind`, `date` or `text`.
    pub(crate) sort: &'static str,
    pub(crate) hint: &'static str,
    pub(crate) value: String,
}

/// A plan that was made for it.
struct Made {
    id: String,
    spaced: String,
    made: String,
}

#[derive(Template)]
#[template(path = "request-show.html")]
struct RequestPage {
    shell: Shell,
    tenant: String,
    id: String,
    title: String,
    kind: &'static str,
    word: String,
    lead: String,
    source: Source,
    has_text: bool,
    questions: Vec<Question>,
    plans: Vec<Made>,
    can_answer: bool,
    confidential: Vec<String>,
    wrong: Vec<String>,
    hint: String,
}

pub(super) async fn show(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, id)): Path<(TenantId, RequestId)>,
) -> Answer {
    page(&made(&web, &caller, &tenant, &id, &BTreeMap::new()).await?)
}

/// A request or a draft, and which.
///
/// # Errors
/// `not-found`, and store errors.
pub(crate) async fn find(
    web: &Web,
    caller: &Caller,
    tenant: &TenantId,
    id: &RequestId,
) -> Result<(Request, bool), Problem> {
    let (store, scope) = (&web.wiring.store, caller.scope_of(tenant));
    match store.request(&scope, id).await {
        Ok(request) => return Ok((request, false)),
        Err(store::Error::Missing { .. }) => {}
        Err(other) => return Err(of_store(other)),
    }
    match store.draft(&scope, id).await {
        Ok(draft) => Ok((draft, true)),
        Err(store::Error::Missing { .. }) => Err(error::no_page()),
        Err(other) => Err(of_store(other)),
    }
}

async fn made(
    web: &Web,
    caller: &Caller,
    tenant: &TenantId,
    id: &RequestId,
    answers: &BTreeMap<String, String>,
) -> Result<RequestPage, Problem> {
    let (request, is_draft) = find(web, caller, tenant, id).await?;
    let store = &web.wiring.store;
    let versions = store
        .versions(&caller.scope_of(tenant), id)
        .await
        .map_err(of_store)?;
    let (zone, now) = (caller.here(web), crate::clock::now());
    let title = title(&request);
    let source = ticket::source(&request);
    let (kind, word) = match (is_draft, versions.len()) {
        (true, _) => ("asks", "Asks".to_owned()),
        (false, 0) => ("queued", "No plan yet".to_owned()),
        (false, _) => ("verified", "Planned".to_owned()),
    };
    Ok(RequestPage {
        shell: Shell::new(web, caller, "requests", &title, Some(tenant)).await?,
        tenant: tenant.to_string(),
        id: id.to_string(),
        lead: lead(&request, is_draft),
        title,
        kind,
        word,
        has_text: !source.pieces.is_empty(),
        source,
        questions: request
            .asks
            .iter()
            .map(|ask| question(ask, answers))
            .collect(),
        plans: versions
            .iter()
            .rev()
            .map(|row| Made {
                id: row.id.to_string(),
                spaced: reading::digest_groups(row.digest.as_str()),
                made: when::day(row.made_at, &zone, now),
            })
            .collect(),
        can_answer: is_draft && caller.may(Role::Requester, tenant),
        confidential: request.confidential,
        wrong: Vec::new(),
        hint: String::new(),
    })
}

/// What a request asks for, as a title says it.
fn title(request: &Request) -> String {
    let verb = match request.kind {
        Kind::Onboard => "Onboard",
        Kind::Offboard => "Offboard",
        Kind::Transfer => "Transfer",
        Kind::Restore => "Restore",
    };
    let hint = &request.person;
    let written = hint.name.as_ref().or(hint.address.as_ref());
    let names = ["given-name", "family-name"].map(|field| request.field(field).unwrap_or_default());
    let name = written.map_or_else(
        || names.join(" ").trim().to_owned(),
        |cited| cited.value.clone(),
    );
    if name.is_empty() {
        format!("{verb} somebody")
    } else {
        format!("{verb} {name}")
    }
}

fn lead(request: &Request, is_draft: bool) -> String {
    let by = &request.origin.requester;
    let place = ticket::place(request);
    match (is_draft, request.asks.len()) {
        (true, 1) => format!(
            "One thing is missing or contradictory in what {by} asked for ({place}). Nothing is planned until it is answered."
        ),
        (true, open) => format!(
            "{open} things are missing or contradictory in what {by} asked for ({place}). Nothing is planned until they are answered."
        ),
        (false, _) => format!("{by} asked for it ({place})."),
    }
}

fn question(ask: &domain::request::Ask, answers: &BTreeMap<String, String>) -> Question {
    let (sort, hint) = match ask.field.as_str() {
        "kind" => ("kind", ""),
        "contract-end" => ("date", ""),
        "when" => (
            "text",
            "A date like 2026-11-28, a time with its zone like 2026-11-28T17:00+01:00, or now",
        ),
        "person" => ("text", "The sign-in name is never ambiguous"),
        _ => ("text", ""),
    };
    Question {
        field: ask.field.clone(),
        question: ask.question.clone(),
        sort,
        hint,
        value: answers.get(&ask.field).cloned().unwrap_or_default(),
    }
}

/// The answers, each under its field's name.
pub(super) async fn answer(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, id)): Path<(TenantId, RequestId)>,
    Posted(mut answers): Posted<BTreeMap<String, String>>,
) -> Answer {
    answers.remove("csrf");
    find(&web, &caller, &tenant, &id).await?;
    match request::answer(&web.wiring, &caller.scope_of(&tenant), &id, &answers).await {
        Ok(Answered::Planned(stored)) => see(&format!("/t/{tenant}/plans/{}", stored.id)),
        Ok(Answered::Open) => see(&format!("/t/{tenant}/requests/{id}")),
        Err(problem) if problem.exit == Exit::Refused => {
            let mut again = made(&web, &caller, &tenant, &id, &answers).await?;
            again.hint = problem.hint.clone().unwrap_or_default();
            let status: StatusCode = problem.status();
            again.wrong = problem.what;
            Ok((status, page(&again)?).into_response())
        }
        Err(problem) => Err(problem),
    }
}
