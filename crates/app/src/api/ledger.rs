//! The ledger: what happened, in order, and the proof of it.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse as _;
use domain::TenantId;
use domain::access::Role;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{EntryFilter, EntryLine, Page};

use super::{Api, Asked, At, Doc, Form, Param, bounded, data};
use crate::acts::ledger as acts;
use crate::acts::webhooks::events;
use crate::problem::Problem;
use crate::web::extract::Path;
use crate::web::{Answer, Caller, Needs, Web};
use crate::wiring::of_store;

const LIST: &[Param] = &[
    Param::new("after", "`next` of the page before", Form::Text(1_000)),
    Param::new("kind", "Only entries of this kind", Form::Words(events)),
    Param::new(
        "upn",
        "Only people whose sign-in name begins like this; the list is then in its order",
        Form::Text(256),
    ),
];

pub(super) fn calls(api: Api) -> Api {
    let there = Needs::There(Role::Viewer);
    api.list(
        ["/api/v1/ledger", "/api/v1/tenants/{tenant}/ledger"],
        Doc::new("ledger", "Entries of the ledger, the newest first")
            .query(LIST)
            .gives::<Page<EntryLine>>(),
        list,
    )
    .get(
        "/api/v1/tenants/{tenant}/ledger/head",
        there,
        Doc::new(
            "ledger",
            "The newest signed head: keep it elsewhere, and the record can be checked against it",
        )
        .codes(&["ledger"])
        .gives::<HeadOut>(),
        head,
    )
    .get(
        "/api/v1/tenants/{tenant}/ledger/export",
        there,
        Doc::new("ledger", "The whole ledger as a file that `tenure ledger verify` checks without us")
            .about("What you may not see is left out as if it were erased: the ledger still verifies.")
            .gives_file("application/jsonl"),
        export,
    )
    .post(
        "/api/v1/tenants/{tenant}/ledger/verify",
        there,
        Doc::new("ledger", "Walk the whole ledger as the store holds it").codes(&["ledger"]).gives::<Verified>(),
        verify,
    )
    .get(
        "/api/v1/tenants/{tenant}/ledger/{entry}",
        there,
        Doc::new("ledger", "An entry of the ledger").gives::<EntryLine>(),
        entry,
    )
    .get(
        "/api/v1/tenants/{tenant}/ledger/{entry}/proof",
        there,
        Doc::new("ledger", "The entry, its way up to the root and the signed head: what anybody can check without us").gives::<ProofOut>(),
        proof,
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    after: Option<String>,
    kind: Option<String>,
    upn: Option<String>,
}

async fn list(
    State(web): State<Web>,
    caller: Caller,
    tenant: Option<Path<TenantId>>,
    Asked(part): Asked<Part>,
) -> Answer {
    bounded(part.after.as_deref(), part.upn.as_deref())?;
    let known = events();
    let kind = super::word("kind", part.kind.as_deref(), &known, |word| word)?;
    let filter = EntryFilter {
        kind: kind.map(str::to_owned),
        upn: part.upn,
    };
    let scope = caller.scope_at(tenant.as_deref());
    let store = &web.wiring.store;
    let page = store.list_entries(&scope, &filter, part.after.as_deref());
    data(&page.await.map_err(of_store)?)
}

/// A signed head.
#[derive(Serialize, JsonSchema)]
struct HeadOut {
    /// The tenant.
    tenant: TenantId,
    /// The note as it was signed.
    head: String,
    /// The key that verifies it.
    verifier: String,
    /// How many entries it covers.
    size: u64,
    /// The root over them, in hex.
    root: String,
}

async fn head(State(web): State<Web>, caller: Caller, At(tenant): At<TenantId>) -> Answer {
    let signed = acts::head(&web.wiring, &caller.scope_of(&tenant), &tenant).await?;
    data(&HeadOut {
        tenant,
        head: signed.note,
        verifier: signed.key,
        size: signed.head.size,
        root: signed.head.root.to_string(),
    })
}

async fn export(State(web): State<Web>, caller: Caller, At(tenant): At<TenantId>) -> Answer {
    let text = acts::export(&web.wiring, &caller.scope_of(&tenant), &tenant).await?;
    Ok(([(header::CONTENT_TYPE, "application/jsonl")], text).into_response())
}

/// What a walk over a ledger found.
#[derive(Serialize, JsonSchema)]
struct Verified {
    /// Whether all of it is as it was recorded.
    holds: bool,
    /// How many entries there are.
    entries: u64,
    /// How many of them a signed head covers.
    signed: u64,
    /// Entries whose content was erased.
    erased: Vec<u64>,
    /// The first fault, in words.
    fault: Option<String>,
}

async fn verify(State(web): State<Web>, caller: Caller, At(tenant): At<TenantId>) -> Answer {
    let report = acts::walk(&web.wiring, &tenant, &caller.address).await?;
    data(&Verified {
        holds: report.holds(),
        entries: report.entries,
        signed: report.signed,
        erased: report.erased,
        fault: report.fault.map(|fault| fault.what),
    })
}

async fn seen(
    web: &Web,
    caller: &Caller,
    tenant: &TenantId,
    entry: i64,
) -> Result<(EntryLine, u64), Problem> {
    let seq = u64::try_from(entry).map_err(|_| super::sent::outside("entry", "from 0 on"))?;
    let scope = caller.scope_of(tenant);
    let line = web.wiring.store.entry_line(&scope, tenant, seq).await;
    Ok((line.map_err(of_store)?, seq))
}

async fn entry(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, entry)): At<(TenantId, i64)>,
) -> Answer {
    data(&seen(&web, &caller, &tenant, entry).await?.0)
}

/// The proof of an entry, as `tenure ledger verify` takes it.
#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
struct ProofOut(
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")] domain::ledger::Proof,
);

async fn proof(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, entry)): At<(TenantId, i64)>,
) -> Answer {
    let (_, seq) = seen(&web, &caller, &tenant, entry).await?;
    let scope = caller.scope_of(&tenant);
    data(&ProofOut(
        acts::prove(&web.wiring, &scope, &tenant, seq).await?,
    ))
}
