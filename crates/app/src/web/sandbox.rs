//! The sandbox: what a rehearsal is, whether this process is on one, and how one is started.

use askama::Template;
use axum::extract::State;
use domain::TenantId;
use domain::access::Role;

use super::answer::page;
use super::shell::Shell;
use super::{Answer, Caller, Needs, Routes, Web};
use crate::acts::tenant as acts;
use crate::web::extract::Path;
use crate::wiring::of_store;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/sandbox", Needs::Somewhere(Role::Viewer), show)
        .get("/t/{tenant}/sandbox", Needs::There(Role::Viewer), show)
}

#[derive(Template)]
#[template(path = "sandbox.html")]
struct SandboxPage {
    shell: Shell,
    /// Whether this process is a rehearsal as a whole.
    on: bool,
    /// The tenants that live in a cloud on this machine.
    rehearsals: Vec<String>,
    /// The others, which are real.
    real: usize,
}

async fn show(State(web): State<Web>, caller: Caller, tenant: Option<Path<TenantId>>) -> Answer {
    let tenant = tenant.map(|Path(tenant)| tenant);
    let scope = caller.scope_at(tenant.as_ref());
    let tenants = web.wiring.store.tenants(&scope).await.map_err(of_store)?;
    let (rehearsals, real): (Vec<_>, Vec<_>) = tenants
        .into_iter()
        .partition(|tenant| acts::is_rehearsal(&web.wiring.config, tenant));
    page(&SandboxPage {
        shell: Shell::new(&web, &caller, "sandbox", "Sandbox", tenant.as_ref()).await?,
        on: web.server.sandbox,
        rehearsals: rehearsals
            .into_iter()
            .map(|tenant| tenant.name.to_string())
            .collect(),
        real: real.len(),
    })
}
