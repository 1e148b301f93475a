//! Seats and numbers: which licences are paid for, and which of their seats do people hold who left?

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use domain::TenantId;
use domain::access::Role;
use serde::Deserialize;

use super::answer::page;
use super::shell::Shell;
use super::tenants::live;
use super::zones::Zones;
use super::{Answer, Caller, Needs, Routes, Web};
use crate::problem::Problem;
use crate::web::extract::{Path, Query};
use crate::wiring::of_store;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/seats", Needs::Somewhere(Role::Viewer), all)
        .get("/t/{tenant}/seats", Needs::There(Role::Viewer), one)
}

#[derive(Template)]
#[template(path = "seats.html")]
struct SeatsPage {
    shell: Shell,
    parts: Vec<Part>,
}

/// A tenant's part: what was read, or where it is read.
#[derive(Template)]
#[template(path = "seats-part.html")]
struct Part {
    tenant: String,
    live: Option<live::Shown>,
}

#[derive(Deserialize)]
struct Wanted {
    read: Option<u8>,
}

async fn all(State(web): State<Web>, caller: Caller, Query(wanted): Query<Wanted>) -> Answer {
    let tenants = web
        .wiring
        .store
        .tenants(&caller.scope(Role::Viewer))
        .await
        .map_err(of_store)?;
    let mut parts = Vec::new();
    for tenant in tenants {
        parts.push(part(&web, &caller, &tenant.name, wanted.read.is_some()).await?);
    }
    let shell = Shell::new(&web, &caller, "seats", "Seats and numbers", None).await?;
    page(&SeatsPage { shell, parts })
}

async fn one(
    State(web): State<Web>,
    caller: Caller,
    Path(tenant): Path<TenantId>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Answer {
    let is_part = headers.contains_key("hx-request");
    let part = part(&web, &caller, &tenant, is_part || wanted.read.is_some()).await?;
    if is_part {
        return page(&part);
    }
    let shell = Shell::new(&web, &caller, "seats", "Seats and numbers", Some(&tenant)).await?;
    page(&SeatsPage {
        shell,
        parts: vec![part],
    })
}

async fn part(web: &Web, caller: &Caller, id: &TenantId, is_read: bool) -> Result<Part, Problem> {
    let live = if is_read {
        let tenant = web.wiring.tenant(id.as_str()).await?;
        let zones = Zones::of(web, caller, vec![id.clone()]).await;
        Some(live::read(web, caller, &tenant, &zones).await)
    } else {
        None
    };
    Ok(Part {
        tenant: id.to_string(),
        live,
    })
}
