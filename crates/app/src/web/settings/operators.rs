//! Operators: who works with Tenure, and what each may do where.

use askama::Template;
use axum::extract::State;
use domain::OperatorId;
use domain::access::{Grant, Role};
use serde::Deserialize;
use store::{Changed, Operator, OperatorChange};

use super::{Tab, grant, in_words, tabs};
use crate::acts::operators;
use crate::clock;
use crate::problem::Exit;
use crate::web::answer::{page, see};
use crate::web::extract::Path;
use crate::web::shell::Shell;
use crate::web::{Answer, Caller, Needs, Posted, Routes, Web, when};
use crate::wiring::of_store;

const HERE: &str = "/settings/operators";

pub(super) fn routes(routes: Routes) -> Routes {
    let admin = Needs::Everywhere(Role::Admin);
    routes
        .get(HERE, admin, list)
        .post(HERE, admin, invite)
        .get("/settings/operators/{operator}", admin, show)
        .post("/settings/operators/{operator}/roles", admin, add_role)
        .post(
            "/settings/operators/{operator}/roles/remove",
            admin,
            remove_role,
        )
        .post("/settings/operators/{operator}/disable", admin, disable)
        .post("/settings/operators/{operator}/enable", admin, enable)
}

struct Line {
    id: String,
    name: String,
    address: String,
    roles: String,
    state: &'static str,
}

impl Line {
    fn of(operator: Operator) -> Self {
        let state = match (operator.disabled, operator.local) {
            (true, _) => "disabled",
            (false, true) => "local account",
            (false, false) => "identity provider",
        };
        Self {
            roles: in_words(&operator.grants),
            id: operator.id.to_string(),
            name: operator.name,
            address: operator.email,
            state,
        }
    }
}

#[derive(Template)]
#[template(path = "settings/operators.html")]
struct OperatorsPage {
    shell: Shell,
    tabs: Vec<Tab>,
    lines: Vec<Line>,
    tenants: Vec<String>,
    wrong: Option<String>,
    called: String,
    address: String,
}

async fn list(State(web): State<Web>, caller: Caller) -> Answer {
    list_page(&web, &caller, None, &Invitation::default()).await
}

async fn list_page(web: &Web, caller: &Caller, wrong: Option<String>, form: &Invitation) -> Answer {
    let operators = web.wiring.store.operators().await.map_err(of_store)?;
    let shell = Shell::new(web, caller, "settings", "Operators", None).await?;
    page(&OperatorsPage {
        tabs: tabs(true, HERE),
        tenants: shell.tenants.iter().map(|(name, _)| name.clone()).collect(),
        shell,
        lines: operators.into_iter().map(Line::of).collect(),
        wrong,
        called: form.name.clone(),
        address: form.address.clone(),
    })
}

#[derive(Default, Deserialize)]
struct Invitation {
    name: String,
    address: String,
    role: String,
    tenant: String,
}

/// Makes an operator who signs in with the identity provider under this address.
async fn invite(
    State(web): State<Web>,
    caller: Caller,
    Posted(form): Posted<Invitation>,
) -> Answer {
    let wrong = |what: String| list_page(&web, &caller, Some(what), &form);
    let given = match grant(&web, &form.role, &form.tenant).await? {
        Ok(given) => given,
        Err(what) => return wrong(what).await,
    };
    let by = &caller.address;
    match operators::invite(&web.wiring, &form.name, &form.address, &[given], by).await {
        Ok(operator) => see(&format!("{HERE}/{}", operator.id)),
        Err(problem) if problem.exit == Exit::Refused => wrong(problem.what.join(" ")).await,
        Err(problem) => Err(problem),
    }
}

struct RoleLine {
    words: String,
    role: String,
    tenant: String,
}

#[derive(Template)]
#[template(path = "settings/operator.html")]
struct OperatorPage {
    shell: Shell,
    line: Line,
    roles: Vec<RoleLine>,
    tenants: Vec<String>,
    is_self: bool,
    disabled: bool,
    /// What was changed, by whom and when, the newest first.
    changes: Vec<(String, String)>,
}

async fn show(State(web): State<Web>, caller: Caller, Path(id): Path<OperatorId>) -> Answer {
    let operator = web.wiring.store.operator(&id).await.map_err(of_store)?;
    let shell = Shell::new(&web, &caller, "settings", &operator.name, None).await?;
    let roles = operator
        .grants
        .iter()
        .map(|grant| RoleLine {
            words: in_words(std::slice::from_ref(grant)),
            role: grant.role.word().to_owned(),
            tenant: grant
                .tenant
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
        })
        .collect();
    let changes = web.wiring.store.operator_changes(&id).await;
    let (here, now) = (caller.here(&web), clock::now());
    let changes = changes
        .map_err(of_store)?
        .iter()
        .map(|change| (said(change), when::short(change.at, &here, now)))
        .collect();
    page(&OperatorPage {
        changes,
        tenants: shell.tenants.iter().map(|(name, _)| name.clone()).collect(),
        shell,
        roles,
        is_self: operator.id.as_str() == caller.id,
        disabled: operator.disabled,
        line: Line::of(operator),
    })
}

/// A change in words.
fn said(change: &OperatorChange) -> String {
    let by = &change.by;
    match change.what {
        Changed::Added => format!("Added by {by} as {}", in_words(&change.grants)),
        Changed::Roles => format!("Roles set by {by}: {}", in_words(&change.grants)),
        Changed::Disabled => format!("Disabled by {by}"),
        Changed::Enabled => format!("Let in again by {by}"),
    }
}

#[derive(Deserialize)]
struct RoleForm {
    role: String,
    tenant: String,
}

async fn add_role(
    State(web): State<Web>,
    caller: Caller,
    Path(id): Path<OperatorId>,
    Posted(form): Posted<RoleForm>,
) -> Answer {
    let new = super::needs(grant(&web, &form.role, &form.tenant).await?)?;
    let give = |grants: &mut Vec<Grant>| {
        grants.retain(|old| old.tenant != new.tenant);
        grants.push(new);
    };
    operators::change(&web.wiring, &id, &caller.address, give).await?;
    see(&format!("{HERE}/{id}"))
}

async fn remove_role(
    State(web): State<Web>,
    caller: Caller,
    Path(id): Path<OperatorId>,
    Posted(form): Posted<RoleForm>,
) -> Answer {
    let old = super::needs(grant(&web, &form.role, &form.tenant).await?)?;
    let take = |grants: &mut Vec<Grant>| grants.retain(|own| *own != old);
    operators::change(&web.wiring, &id, &caller.address, take).await?;
    see(&format!("{HERE}/{id}"))
}

async fn disable(State(web): State<Web>, caller: Caller, Path(id): Path<OperatorId>) -> Answer {
    operators::set_disabled(&web.wiring, &id, true, &caller.address).await?;
    see(&format!("{HERE}/{id}"))
}

async fn enable(State(web): State<Web>, caller: Caller, Path(id): Path<OperatorId>) -> Answer {
    operators::set_disabled(&web.wiring, &id, false, &caller.address).await?;
    see(&format!("{HERE}/{id}"))
}
