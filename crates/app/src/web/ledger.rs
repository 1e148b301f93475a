//! The ledger: is the record whole, and where is this entry?

mod path;
mod view;

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse as _;
use domain::TenantId;
use domain::access::Role;
use serde_json::json;
use store::{EntryFilter, TenantScope};

use super::answer::page;
use super::lists::{self, Asked, List};
use super::shell::Shell;
use super::zones::Zones;
use super::{Answer, Caller, Needs, Routes, Web};
use crate::acts;
use crate::problem::Problem;
use crate::web::extract::{Path, Query};
use crate::wiring::of_store;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/ledger", Needs::Somewhere(Role::Viewer), all)
        .get("/t/{tenant}/ledger", Needs::There(Role::Viewer), show)
        .post(
            "/t/{tenant}/ledger/verify",
            Needs::There(Role::Viewer),
            verify,
        )
        .get(
            "/t/{tenant}/ledger/export",
            Needs::There(Role::Viewer),
            export,
        )
        .get("/t/{tenant}/ledger/head", Needs::There(Role::Viewer), head)
        .get(
            "/t/{tenant}/ledger/{entry}",
            Needs::There(Role::Viewer),
            entry,
        )
        .get(
            "/t/{tenant}/ledger/{entry}/proof",
            Needs::There(Role::Viewer),
            proof,
        )
}

#[derive(Template)]
#[template(path = "ledger.html")]
struct LedgerPage {
    shell: Shell,
    /// The ledgers of all tenants; empty on the page of one.
    heads: Vec<view::Head>,
    /// The ledger of the one tenant.
    own: Option<view::Head>,
    verified: Option<view::Verified>,
    list: List,
    lines: Vec<view::Line>,
}

async fn all(State(web): State<Web>, caller: Caller, Query(asked): Query<Asked>) -> Answer {
    let scope = caller.scope(Role::Viewer);
    let tenants = web.wiring.store.tenants(&scope).await.map_err(of_store)?;
    let zones = Zones::of(&web, &caller, Vec::new()).await;
    let mut heads = Vec::new();
    for tenant in &tenants {
        heads.push(head_of(&web, &scope, &tenant.name, &zones).await?);
    }
    let (list, lines) = entries(&web, &scope, None, &asked, &zones).await?;
    let shell = Shell::new(&web, &caller, "ledger", "Ledger", None).await?;
    page(&LedgerPage {
        shell,
        heads,
        own: None,
        verified: None,
        list,
        lines,
    })
}

async fn show(
    State(web): State<Web>,
    caller: Caller,
    Path(tenant): Path<TenantId>,
    Query(asked): Query<Asked>,
) -> Answer {
    one(&web, &caller, &tenant, &asked, None).await
}

async fn one(
    web: &Web,
    caller: &Caller,
    tenant: &TenantId,
    asked: &Asked,
    verified: Option<view::Verified>,
) -> Answer {
    let scope = caller.scope_of(tenant);
    let zones = Zones::of(web, caller, Vec::new()).await;
    let own = head_of(web, &scope, tenant, &zones).await?;
    let (list, lines) = entries(web, &scope, Some(tenant), asked, &zones).await?;
    let shell = Shell::new(web, caller, "ledger", "Ledger", Some(tenant)).await?;
    page(&LedgerPage {
        shell,
        heads: Vec::new(),
        own: Some(own),
        verified,
        list,
        lines,
    })
}

/// A ledger's head. One that does not hold is said on the page, and the page stays.
async fn head_of(
    web: &Web,
    scope: &TenantScope,
    tenant: &TenantId,
    zones: &Zones,
) -> Result<view::Head, Problem> {
    let signed = acts::ledger::head(&web.wiring, &scope.only(tenant), tenant).await;
    let kept = web
        .wiring
        .store
        .setting(&acts::ledger::verified_key(tenant))
        .await
        .map_err(of_store)?;
    Ok(view::head(
        tenant,
        signed,
        kept.map(|kept| kept.value),
        zones,
    ))
}

async fn entries(
    web: &Web,
    scope: &TenantScope,
    tenant: Option<&TenantId>,
    asked: &Asked,
    zones: &Zones,
) -> Result<(List, Vec<view::Line>), Problem> {
    let kind = (!asked.state.is_empty()).then(|| asked.state.clone());
    let filter = EntryFilter {
        kind,
        upn: asked.name(),
    };
    let found = web.wiring.store.list_entries(scope, &filter, asked.after());
    let found = found.await.map_err(lists::of_list)?;
    let lines: Vec<view::Line> = found
        .lines
        .iter()
        .map(|line| view::line(line, zones, tenant.is_some()))
        .collect();
    let path = lists::path(tenant, "ledger");
    let mut list = List::new("Ledger", path, asked, &view::KINDS, found.next.as_ref());
    if let Some(all) = list.states.first_mut() {
        all.text = "Every kind".to_owned();
    }
    list.shown = lists::many(lines.len(), "line", "lines");
    list.empty.0 = if asked.is_filtered() {
        "No entry is like this.".to_owned()
    } else {
        "Nothing was recorded yet.".to_owned()
    };
    Ok((list, lines))
}

/// Walks the whole ledger as the store holds it, as `tenure ledger verify` walks an export.
async fn verify(State(web): State<Web>, caller: Caller, Path(tenant): Path<TenantId>) -> Answer {
    let report = acts::ledger::walk(&web.wiring, &tenant, &caller.address).await?;
    let zones = Zones::of(&web, &caller, Vec::new()).await;
    let verified = view::verified(&report, &zones);
    one(&web, &caller, &tenant, &Asked::default(), Some(verified)).await
}

#[derive(Template)]
#[template(path = "ledger-entry.html")]
struct EntryPage {
    shell: Shell,
    tenant: String,
    entry: view::Entry,
}

async fn entry(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, entry)): Path<(TenantId, u64)>,
) -> Answer {
    let scope = caller.scope_of(&tenant);
    let line = web
        .wiring
        .store
        .entry_line(&scope, &tenant, entry)
        .await
        .map_err(of_store)?;
    let proof = acts::ledger::prove(&web.wiring, &scope, &tenant, entry).await?;
    let zones = Zones::of(&web, &caller, Vec::new()).await;
    let title = format!("Ledger entry {entry}");
    page(&EntryPage {
        shell: Shell::new(&web, &caller, "ledger", &title, Some(&tenant)).await?,
        tenant: tenant.to_string(),
        entry: view::entry(&line, &proof, &zones),
    })
}

/// The entry, its path and the head: what anybody can check without us.
async fn proof(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, entry)): Path<(TenantId, u64)>,
) -> Answer {
    let scope = caller.scope_of(&tenant);
    web.wiring
        .store
        .entry_line(&scope, &tenant, entry)
        .await
        .map_err(of_store)?;
    let proof = acts::ledger::prove(&web.wiring, &scope, &tenant, entry).await?;
    Ok(file(
        &format!("{tenant}-entry-{entry}.json"),
        "application/json",
        format!("{:#}\n", json!(proof)),
    ))
}

/// The whole ledger. What the reader may not see is left out as if it were erased: the ledger still verifies.
async fn export(State(web): State<Web>, caller: Caller, Path(tenant): Path<TenantId>) -> Answer {
    let text = acts::ledger::export(&web.wiring, &caller.scope_of(&tenant), &tenant).await?;
    Ok(file(
        &format!("{tenant}-ledger.jsonl"),
        "application/jsonl",
        text,
    ))
}

/// The newest signed head, to be kept elsewhere.
async fn head(State(web): State<Web>, caller: Caller, Path(tenant): Path<TenantId>) -> Answer {
    let signed = acts::ledger::head(&web.wiring, &caller.scope_of(&tenant), &tenant).await?;
    Ok(file(
        &format!("{tenant}-ledger.head"),
        "text/plain; charset=utf-8",
        signed.note,
    ))
}

fn file(name: &str, kind: &'static str, text: String) -> axum::response::Response {
    let safe: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "._-".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{safe}\""),
        ),
    ];
    (headers, text).into_response()
}

#[cfg(test)]
mod tests;
