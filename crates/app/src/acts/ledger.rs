//! A tenant's ledger: its signed head, whether all of it holds, and the proof of one entry.

use domain::TenantId;
use domain::ledger::{Head, Key, Proof, Report, verify};
use serde_json::json;
use store::{Ed25519, TenantScope};

use crate::clock;
use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// A signed head, after its signature was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignedHead {
    /// What it says.
    pub(crate) head: Head,
    /// The note as it was signed, to be kept elsewhere.
    pub(crate) note: String,
    /// The key that signed it.
    pub(crate) key: String,
}

/// The newest signed head of a tenant's ledger; what is not signed yet is signed first.
///
/// # Errors
/// A head that does not carry our own signature, and store errors.
pub(crate) async fn head(
    wiring: &Wiring,
    scope: &TenantScope,
    tenant: &TenantId,
) -> Result<SignedHead, Problem> {
    let note = wiring
        .store
        .ledger_head(scope, tenant, clock::now())
        .await
        .map_err(of_store)?;
    let text = wiring.store.verifier_key(tenant);
    let broken = |why: String| {
        Problem::failed(
            "ledger",
            format!("the newest head of the ledger of {tenant} does not hold: {why}"),
        )
        .hint("keep the store as it is, and compare with a head that was kept elsewhere")
    };
    let key =
        Key::parse(&text).ok_or_else(|| broken("the store's key cannot be read".to_owned()))?;
    let head = Head::open(&note, &key, &Ed25519).map_err(|fault| broken(fault.to_string()))?;
    Ok(SignedHead {
        head,
        note,
        key: text,
    })
}

/// A tenant's whole ledger as it is exported: without the content of what the scope's viewer may not see, which counts as erased there.
///
/// # Errors
/// Store errors.
pub(crate) async fn export(
    wiring: &Wiring,
    scope: &TenantScope,
    tenant: &TenantId,
) -> Result<String, Problem> {
    wiring
        .store
        .export_ledger(scope, tenant, clock::now())
        .await
        .map_err(of_store)
}

/// Walks an export, as anybody can who has one; `outside` is a head that was kept elsewhere.
pub(crate) fn check(export: &[u8], outside: Option<&str>) -> Report {
    verify(export, outside, &Ed25519)
}

/// Under which setting the last walk of a ledger is kept.
pub(crate) fn verified_key(tenant: &TenantId) -> String {
    format!("ledger-verified.{tenant}")
}

/// Walks a tenant's whole ledger as the store holds it, and keeps how far it held.
///
/// # Errors
/// Store errors; what does not hold is in the report.
pub(crate) async fn walk(wiring: &Wiring, tenant: &TenantId, by: &str) -> Result<Report, Problem> {
    let export = export(wiring, &TenantScope::of(tenant), tenant).await?;
    let report = tokio::task::spawn_blocking(move || check(export.as_bytes(), None));
    let report = report
        .await
        .map_err(|error| Problem::failed("ledger", format!("the walk did not end: {error}")))?;
    let now = clock::now();
    if report.holds() {
        let value = json!({ "at": now, "entries": report.entries }).to_string();
        let key = verified_key(tenant);
        let put = wiring.store.put_setting(&key, &value, by, now);
        put.await.map_err(of_store)?;
    }
    Ok(report)
}

/// Shows that one entry is in a tenant's ledger.
///
/// # Errors
/// Where there is no such entry, and store errors.
pub(crate) async fn prove(
    wiring: &Wiring,
    scope: &TenantScope,
    tenant: &TenantId,
    entry: u64,
) -> Result<Proof, Problem> {
    wiring
        .store
        .prove_entry(scope, tenant, entry, clock::now())
        .await
        .map_err(of_store)
}
