//! Operators: who works with Tenure, and what each may do where.

use askama::Template;
use axum::extract::State;
use domain::OperatorId;
use domain::access::{Grant, Role};
use serde::Deserialize;
use store::{Changed, NewOperator, Operator, OperatorChange};

use super::{Tab, grant, in_words, tabs};
use crate::clock;
use crate::problem::Problem;
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
    let Some(email) = domain::policy::requesters::address(&form.address) else {
        let what = "Work address: give one mail address, like jane@provider.example.";
        return wrong(what.to_owned()).await;
    };
    let name = form.name.trim();
    if name.is_empty() || name.chars().count() > 200 || name.contains(char::is_control) {
        let what = "Name: say in 1 to 200 characters what colleagues call them.";
        return wrong(what.to_owned()).await;
    }
    let new = NewOperator {
        id: OperatorId::new(clock::short_id('o')),
        name: name.to_owned(),
        email,
        zone: None,
        at: clock::now(),
    };
    let store = &web.wiring.store;
    match store.invite(&new, None, &[given], &caller.address).await {
        Err(store::Error::Exists { .. }) => {
            wrong(format!(
                "Work address: {} works with Tenure already.",
                new.email
            ))
            .await
        }
        added => {
            added.map_err(of_store)?;
            see(&format!("{HERE}/{}", new.id))
        }
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
    change(&web, &caller, &id, |grants| {
        grants.retain(|old| old.tenant != new.tenant);
        grants.push(new);
    })
    .await
}

async fn remove_role(
    State(web): State<Web>,
    caller: Caller,
    Path(id): Path<OperatorId>,
    Posted(form): Posted<RoleForm>,
) -> Answer {
    let old = super::needs(grant(&web, &form.role, &form.tenant).await?)?;
    change(&web, &caller, &id, |grants| {
        grants.retain(|own| *own != old)
    })
    .await
}

/// Changes somebody's grants, but never so that nobody is left who could give any.
async fn change(
    web: &Web,
    caller: &Caller,
    id: &OperatorId,
    how: impl FnOnce(&mut Vec<Grant>),
) -> Answer {
    let store = &web.wiring.store;
    let mut operator = store.operator(id).await.map_err(of_store)?;
    how(&mut operator.grants);
    let now = clock::now();
    let granted = store
        .set_grants(id, &operator.grants, &caller.address, now)
        .await;
    granted.map_err(|error| left_open(error, &operator.name))?;
    see(&format!("{HERE}/{id}"))
}

/// The store's refusal to leave nobody who could let anybody in, by name.
fn left_open(error: store::Error, name: &str) -> Problem {
    match error {
        store::Error::LastAdmin(_) => Problem::refused(
            "last-admin",
            format!("{name} is the last admin of all tenants who can sign in"),
        )
        .hint("make somebody else an admin of all tenants first, and have them sign in once"),
        error => of_store(error),
    }
}

async fn disable(State(web): State<Web>, caller: Caller, Path(id): Path<OperatorId>) -> Answer {
    set_disabled(&web, &caller, &id, true).await
}

async fn enable(State(web): State<Web>, caller: Caller, Path(id): Path<OperatorId>) -> Answer {
    set_disabled(&web, &caller, &id, false).await
}

/// Whoever is disabled is signed out at once, and cannot sign in.
async fn set_disabled(web: &Web, caller: &Caller, id: &OperatorId, disabled: bool) -> Answer {
    let store = &web.wiring.store;
    let operator = store.operator(id).await.map_err(of_store)?;
    let set = store.set_disabled(id, disabled, &caller.address, clock::now());
    set.await
        .map_err(|error| left_open(error, &operator.name))?;
    see(&format!("{HERE}/{id}"))
}
