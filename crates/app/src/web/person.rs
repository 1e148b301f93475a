//! A person: what they have now, what Tenure did, and whether it can come back.

pub(crate) mod has;
mod story;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use connectors::facts::{self, Scan, Wanted, Who};
use connectors::{Ctx, Purpose};
use domain::TenantId;
use domain::access::Role;
use domain::request::Kind;
use store::{FindingFilter, FindingLine, PlanLine, RunLine, RunStatus, TenantScope};

use self::has::Group;
use self::story::{Dot, Event};
use super::answer::page;
use super::run::site;
use super::shell::Shell;
use super::{Answer, Caller, Needs, Routes, Web, when};
use crate::clock;
use crate::problem::Problem;
use crate::web::extract::Path;
use crate::wiring::of_store;

/// The routes of a person.
pub(crate) fn routes(routes: Routes) -> Routes {
    let reads = Needs::There(Role::Viewer);
    routes.get("/t/{tenant}/people/{id}", reads, show).get(
        "/t/{tenant}/people/{id}/now",
        reads,
        now,
    )
}

/// An action that makes a plan of one step.
struct Action {
    name: &'static str,
    purpose: &'static str,
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    shell: Shell,
    base: String,
    tenant: String,
    id: String,
    name: String,
    upn: String,
    kind: &'static str,
    word: String,
    dots: Vec<Dot>,
    events: Vec<Event>,
    from: String,
    until: String,
    /// The run that would be taken back.
    undo: String,
    certificate: String,
    certificate_name: &'static str,
    may_ask: bool,
    actions: Vec<Action>,
    /// Others of the same name in the tenant: address and sign-in name.
    namesakes: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "person-now.html")]
struct NowPart {
    groups: Vec<Group>,
    facts: Vec<(String, String)>,
    read: String,
    unchecked: Vec<String>,
    problem: String,
    base: String,
}

async fn show(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, id)): Path<(TenantId, String)>,
) -> Answer {
    let scope = caller.scope_of(&tenant);
    let store = &web.wiring.store;
    let person = id.to_lowercase();
    let runs = store
        .runs_of_person(&scope, &tenant, &person)
        .await
        .map_err(of_store)?;
    let plans = store
        .plans_of_person(&scope, &tenant, &person)
        .await
        .map_err(of_store)?;
    could_be(&id, runs.is_empty() && plans.is_empty())?;
    let site = site(&web, &tenant).await;
    let at = clock::now();
    let (name, upn) = called(&runs, &plans, &id);
    let (kind, word) = story::stands(&runs, &plans, &site, at);
    let ended = runs.iter().find(|run| run.ended_at.is_some());
    let findings = findings(&web, &scope, &upn, &person).await?;
    let (dots, events) = story::story(&runs, &plans, &findings, &site, at);
    let namesakes = namesakes(&web, &scope, &tenant, &person, &name, &upn).await?;
    let actions = steps::catalogue()
        .entries
        .into_iter()
        .filter(|entry| entry.not_alone.is_none() && entry.kinds.contains(&Kind::Offboard))
        .map(|entry| Action {
            name: entry.name,
            purpose: entry.purpose,
        });
    page(&PersonPage {
        shell: Shell::new(&web, &caller, "people", &name, Some(&tenant)).await?,
        base: format!("/t/{tenant}/people/{id}"),
        tenant: tenant.to_string(),
        kind,
        word,
        from: events
            .last()
            .map(|event| event.at.clone())
            .unwrap_or_default(),
        until: "now".to_owned(),
        dots,
        events,
        certificate_name: match ended {
            Some(run) if run.status == RunStatus::Completed && run.open_findings == 0 => {
                "Certificate"
            }
            _ => "Statement",
        },
        undo: ended.map(|run| run.id.to_string()).unwrap_or_default(),
        certificate: ended.map_or_else(String::new, |run| {
            format!("/t/{tenant}/runs/{}/certificate", run.id)
        }),
        may_ask: caller.may(Role::Requester, &tenant),
        actions: actions.collect(),
        namesakes,
        name,
        upn,
        id,
    })
}

/// What a person had to look at about them.
async fn findings(
    web: &Web,
    scope: &TenantScope,
    upn: &str,
    person: &str,
) -> Result<Vec<FindingLine>, Problem> {
    if upn.is_empty() {
        return Ok(Vec::new());
    }
    let filter = FindingFilter {
        upn: Some(upn.to_owned()),
        ..FindingFilter::default()
    };
    let found = web.wiring.store.list_findings(scope, &filter, None).await;
    let mut lines = found.map_err(of_store)?.lines;
    lines.retain(|line| line.person == person);
    Ok(lines)
}

/// Others of the same name, as sign-in names are given to them: the same letters before the @ and what tells them apart.
async fn namesakes(
    web: &Web,
    scope: &TenantScope,
    tenant: &TenantId,
    person: &str,
    name: &str,
    upn: &str,
) -> Result<Vec<(String, String)>, Problem> {
    let local = upn.split('@').next().unwrap_or_default();
    let stem = local.trim_end_matches(|letter: char| letter.is_ascii_digit());
    if stem.is_empty() {
        return Ok(Vec::new());
    }
    let found = web.wiring.store.list_people(scope, Some(stem), None).await;
    let others = found.map_err(of_store)?.lines.into_iter().filter(|other| {
        other.tenant == *tenant && other.person != person && other.name.eq_ignore_ascii_case(name)
    });
    Ok(others
        .map(|other| (format!("/t/{tenant}/people/{}", other.person), other.upn))
        .collect())
}

/// The name and the sign-in name, as the newest of what concerns the person has them.
fn called(runs: &[RunLine], plans: &[PlanLine], id: &str) -> (String, String) {
    let run = runs.first().map(|run| (run.name.clone(), run.upn.clone()));
    let plan = plans
        .first()
        .map(|plan| (plan.name.clone(), plan.upn.clone()));
    plan.or(run)
        .unwrap_or_else(|| (id.to_owned(), String::new()))
}

/// Whether somebody can be there: whoever Tenure never had to do with is asked of the tenant by the id of an object.
fn could_be(id: &str, is_unknown: bool) -> Result<(), Problem> {
    if is_unknown && uuid::Uuid::try_parse(id).is_err() {
        return Err(super::error::no_page());
    }
    Ok(())
}

/// `GET /t/{tenant}/people/{id}/now`: what the tenant says of them at this moment.
async fn now(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, id)): Path<(TenantId, String)>,
) -> Answer {
    let base = format!("/t/{tenant}/people/{id}");
    let site = site(&web, &tenant).await;
    let part = match read_now(&web, &caller, &tenant, &id).await {
        Ok(facts) => NowPart {
            groups: has::groups(&facts),
            facts: has::head(&facts),
            read: facts
                .read_at
                .to_zoned(site)
                .strftime("%H:%M:%S")
                .to_string(),
            unchecked: facts.unchecked.iter().map(has::unchecked).collect(),
            problem: String::new(),
            base,
        },
        // An id that nobody can have is no part of a page.
        Err(problem) if problem.status() == StatusCode::NOT_FOUND => return Err(problem),
        Err(problem) => NowPart {
            groups: Vec::new(),
            facts: Vec::new(),
            read: when::short(clock::now(), &site, clock::now()),
            unchecked: Vec::new(),
            problem: problem.sentence(),
            base,
        },
    };
    page(&part)
}

/// What the tenant says of somebody now, under the sign-in name by which Tenure knows them.
///
/// # Errors
/// What the tenant refuses, and store errors.
pub(crate) async fn read_now(
    web: &Web,
    caller: &Caller,
    tenant: &TenantId,
    id: &str,
) -> Result<domain::facts::Facts, Problem> {
    let scope = caller.scope_of(tenant);
    let (store, person) = (&web.wiring.store, id.to_lowercase());
    let runs = store.runs_of_person(&scope, tenant, &person).await;
    let plans = store.plans_of_person(&scope, tenant, &person).await;
    let (runs, plans) = (runs.map_err(of_store)?, plans.map_err(of_store)?);
    could_be(id, runs.is_empty() && plans.is_empty())?;
    let (_, upn) = called(&runs, &plans, id);
    read(web, tenant, id, &upn).await
}

/// Reads a person from the tenant, their rights on other mailboxes left out: that would take a look into every mailbox.
async fn read(
    web: &Web,
    tenant: &TenantId,
    id: &str,
    upn: &str,
) -> Result<domain::facts::Facts, Problem> {
    let row = web.wiring.tenant(tenant.as_str()).await?;
    let connection = web.wiring.connection(&row).await?;
    let person = if upn.is_empty() {
        Who::Written(id)
    } else {
        Who::Known { id, upn }
    };
    let wanted = Wanted {
        person,
        names: &[],
        scan: Scan::Skip,
        owned: &[],
        now: clock::now(),
    };
    facts::read(&connection, &Ctx::of(Purpose::Plan), wanted)
        .await
        .map_err(|error| crate::planning::of_facts(tenant, error))
}
