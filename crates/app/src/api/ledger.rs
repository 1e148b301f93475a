//! The ledger: what happened, in order, and the proof of it.

use axum::extract::State;
use domain::TenantId;
use domain::access::Role;
use serde::Deserialize;
use serde_json::{Value, json};
use store::{EntryFilter, EntryLine, Page};

use super::{Api, Doc, data};
use crate::clock;
use crate::web::extract::{Path, Query};
use crate::web::{Answer, Caller, Needs, Web};
use crate::wiring::of_store;

pub(super) fn calls(api: Api) -> Api {
    api.get(
        "/api/v1/tenants/{tenant}/ledger",
        Needs::There(Role::Viewer),
        Doc::new("ledger", "Entries of a tenant's ledger, the newest first")
            .query(&[
                ("after", "`next` of the page before"),
                ("kind", "Only entries of this kind"),
                ("upn", "Only people whose sign-in name begins like this"),
            ])
            .gives::<Page<EntryLine>>(),
        list,
    )
    .get(
        "/api/v1/tenants/{tenant}/ledger/head",
        Needs::There(Role::Viewer),
        Doc::new(
            "ledger",
            "The newest signed head: keep it elsewhere, and the record can be checked against it",
        )
        .gives::<Value>(),
        head,
    )
    .get(
        "/api/v1/tenants/{tenant}/ledger/export",
        Needs::There(Role::Approver),
        Doc::new("ledger", "The whole ledger as a file that `tenure ledger verify` checks without us; confidential requests are in it").gives::<String>(),
        export,
    )
}

async fn export(State(web): State<Web>, caller: Caller, Path(tenant): Path<TenantId>) -> Answer {
    let scope = caller.scope_of(&tenant);
    let text = web
        .wiring
        .store
        .export_ledger(&scope, &tenant, clock::now())
        .await;
    data(&text.map_err(of_store)?)
}

#[derive(Deserialize)]
struct Part {
    after: Option<String>,
    kind: Option<String>,
    upn: Option<String>,
}

async fn list(
    State(web): State<Web>,
    caller: Caller,
    Path(tenant): Path<TenantId>,
    Query(part): Query<Part>,
) -> Answer {
    let filter = EntryFilter {
        kind: part.kind.filter(|kind| !kind.is_empty()),
        upn: part.upn,
    };
    let scope = caller.scope_of(&tenant);
    let page = web
        .wiring
        .store
        .list_entries(&scope, &filter, part.after.as_deref())
        .await;
    data(&page.map_err(of_store)?)
}

async fn head(State(web): State<Web>, caller: Caller, Path(tenant): Path<TenantId>) -> Answer {
    let scope = caller.scope_of(&tenant);
    let head = web
        .wiring
        .store
        .ledger_head(&scope, &tenant, clock::now())
        .await
        .map_err(of_store)?;
    data(
        &json!({ "tenant": tenant, "head": head, "verifier": web.wiring.store.verifier_key(&tenant) }),
    )
}
