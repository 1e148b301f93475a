//! API clients: programs that call Tenure, each with a token that is shown once.

use askama::Template;
use axum::extract::State;
use domain::ClientId;
use domain::access::Role;
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::{Tab, grant, in_words, tabs};
use crate::acts::clients;
use crate::clock;
use crate::problem::Exit;
use crate::web::answer::{page, see};
use crate::web::extract::Path;
use crate::web::shell::Shell;
use crate::web::{Answer, Caller, Needs, Posted, Routes, Web, when};
use crate::wiring::of_store;

const HERE: &str = "/settings/clients";

pub(super) fn routes(routes: Routes) -> Routes {
    let admin = Needs::Everywhere(Role::Admin);
    routes.get(HERE, admin, list).post(HERE, admin, make).post(
        "/settings/clients/{client}/revoke",
        admin,
        revoke,
    )
}

struct Line {
    id: String,
    name: String,
    roles: String,
    by: String,
    used: String,
    revoked: Option<String>,
}

#[derive(Template)]
#[template(path = "settings/clients.html")]
struct ClientsPage {
    shell: Shell,
    tabs: Vec<Tab>,
    lines: Vec<Line>,
    tenants: Vec<String>,
    wrong: Option<String>,
    /// The token that was just made, and for whom: on this answer alone.
    made: Option<(String, String)>,
}

async fn list(State(web): State<Web>, caller: Caller) -> Answer {
    list_page(&web, &caller, None, None).await
}

async fn list_page(
    web: &Web,
    caller: &Caller,
    wrong: Option<String>,
    made: Option<(String, String)>,
) -> Answer {
    let (now, here) = (clock::now(), caller.here(web));
    let clients = web.wiring.store.clients().await.map_err(of_store)?;
    let lines = clients
        .into_iter()
        .map(|client| Line {
            id: client.id.to_string(),
            roles: in_words(&client.grants),
            used: client
                .used_at
                .map_or_else(|| "never".to_owned(), |at| when::short(at, &here, now)),
            revoked: client
                .revoked
                .map(|(at, by)| format!("revoked {} by {by}", when::short(at, &here, now))),
            name: client.name,
            by: client.by,
        })
        .collect();
    let shell = Shell::new(web, caller, "settings", "API clients", None).await?;
    page(&ClientsPage {
        tabs: tabs(true, HERE),
        tenants: shell.tenants.iter().map(|(name, _)| name.clone()).collect(),
        shell,
        lines,
        wrong,
        made,
    })
}

#[derive(Deserialize)]
struct New {
    name: String,
    role: String,
    tenant: String,
}

/// Makes a client. Its token stands on this answer, and nowhere afterwards.
async fn make(State(web): State<Web>, caller: Caller, Posted(form): Posted<New>) -> Answer {
    let wrong = |what: String| list_page(&web, &caller, Some(what), None);
    let given = match grant(&web, &form.role, &form.tenant).await? {
        Ok(given) => given,
        Err(what) => return wrong(what).await,
    };
    match clients::make(&web.wiring, &form.name, vec![given], &caller.address).await {
        Ok(made) => {
            let made = (made.name, made.token.expose_secret().to_owned());
            list_page(&web, &caller, None, Some(made)).await
        }
        Err(problem) if problem.exit == Exit::Refused => wrong(problem.what.join(" ")).await,
        Err(problem) => Err(problem),
    }
}

async fn revoke(State(web): State<Web>, caller: Caller, Path(id): Path<ClientId>) -> Answer {
    clients::revoke(&web.wiring, &id, &caller.address).await?;
    see(HERE)
}
