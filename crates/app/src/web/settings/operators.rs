//! Operators: who works with Tenure, and what each may do where.

use askama::Template;
use axum::extract::{Path, State};
use domain::OperatorId;
use domain::access::{Grant, Role};
use serde::Deserialize;
use store::{NewOperator, Operator};

use super::{Tab, grant, in_words, tabs};
use crate::clock;
use crate::problem::Problem;
use crate::web::answer::{page, see};
use crate::web::shell::Shell;
use crate::web::{Answer, Caller, Needs, Posted, Routes, Web};
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
    list_page(&web, &caller, None, String::new(), String::new()).await
}

async fn list_page(
    web: &Web,
    caller: &Caller,
    wrong: Option<String>,
    name: String,
    address: String,
) -> Answer {
    let operators = web.wiring.store.operators().await.map_err(of_store)?;
    let shell = Shell::new(web, caller, "settings", "Operators", None).await?;
    page(&OperatorsPage {
        tabs: tabs(true, HERE),
        tenants: shell.tenants.iter().map(|(name, _)| name.clone()).collect(),
        shell,
        lines: operators.into_iter().map(Line::of).collect(),
        wrong,
        called: name,
        address,
    })
}

#[derive(Deserialize)]
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
    let given = grant(&form.role, &form.tenant)?;
    let address = domain::policy::requesters::address(&form.address);
    let wrong = match (&address, form.name.trim()) {
        (None, _) => Some("Work address: give one mail address, like jane@provider.example."),
        (_, "") => Some("Name: say what colleagues call them."),
        _ => None,
    };
    if let Some(wrong) = wrong {
        return list_page(
            &web,
            &caller,
            Some(wrong.to_owned()),
            form.name,
            form.address,
        )
        .await;
    }
    let store = &web.wiring.store;
    let new = NewOperator {
        id: OperatorId::new(clock::short_id('o')),
        name: form.name.trim().to_owned(),
        email: address.unwrap_or_default(),
        zone: None,
        at: clock::now(),
    };
    match store.add_operator(&new).await {
        Err(store::Error::Exists { .. }) => {
            let wrong = format!("Work address: {} works with Tenure already.", new.email);
            return list_page(&web, &caller, Some(wrong), form.name, form.address).await;
        }
        added => added.map_err(of_store)?,
    }
    let granted = store
        .set_grants(&new.id, &[given], &caller.address, clock::now())
        .await;
    granted.map_err(of_store)?;
    see(&format!("{HERE}/{}", new.id))
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
    page(&OperatorPage {
        tenants: shell.tenants.iter().map(|(name, _)| name.clone()).collect(),
        shell,
        roles,
        is_self: operator.id.as_str() == caller.id,
        disabled: operator.disabled,
        line: Line::of(operator),
    })
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
    let new = grant(&form.role, &form.tenant)?;
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
    let old = grant(&form.role, &form.tenant)?;
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
    keeps_an_admin(web, &operator).await?;
    let now = clock::now();
    let granted = store
        .set_grants(id, &operator.grants, &caller.address, now)
        .await;
    granted.map_err(of_store)?;
    see(&format!("{HERE}/{id}"))
}

async fn keeps_an_admin(web: &Web, changed: &Operator) -> Result<(), Problem> {
    let all = web.wiring.store.operators().await.map_err(of_store)?;
    let is_admin = |operator: &Operator| {
        !operator.disabled && domain::access::role_everywhere(&operator.grants) == Some(Role::Admin)
    };
    let others = all.iter().filter(|other| other.id != changed.id);
    if is_admin(changed) || others.into_iter().any(is_admin) {
        return Ok(());
    }
    Err(Problem::refused(
        "last-admin",
        format!("{} is the last admin of all tenants", changed.name),
    )
    .hint("make somebody else an admin of all tenants first"))
}

async fn disable(State(web): State<Web>, caller: Caller, Path(id): Path<OperatorId>) -> Answer {
    set_disabled(&web, &caller, &id, true).await
}

async fn enable(State(web): State<Web>, caller: Caller, Path(id): Path<OperatorId>) -> Answer {
    set_disabled(&web, &caller, &id, false).await
}

/// Whoever is disabled is signed out at once, and cannot sign in.
async fn set_disabled(web: &Web, _: &Caller, id: &OperatorId, disabled: bool) -> Answer {
    let store = &web.wiring.store;
    let mut operator = store.operator(id).await.map_err(of_store)?;
    operator.disabled = disabled;
    keeps_an_admin(web, &operator).await?;
    store.change_operator(&operator).await.map_err(of_store)?;
    if disabled {
        store.revoke_sessions(id, None).await.map_err(of_store)?;
    }
    see(&format!("{HERE}/{id}"))
}
