//! The certificate of a run that has ended, for paper; a statement where a finding is open. It says what was not done as plainly as
//! what was.

mod sheet;

use askama::Template;
use axum::extract::State;
use domain::access::Role;
use domain::ledger::{Head, Key};
use domain::{RunId, TenantId};
use schemars::JsonSchema;
use serde::Serialize;
use store::Ed25519;

use self::sheet::Sheet;
use super::answer::page;
use super::plan::people;
use super::run::Loaded;
use super::{Answer, Caller, Needs, Routes, Web};
use crate::clock;
use crate::problem::Problem;
use crate::web::extract::Path;
use crate::wiring::of_store;

/// The route of the certificate.
pub(crate) fn routes(routes: Routes) -> Routes {
    routes.get(
        "/t/{tenant}/runs/{run}/certificate",
        Needs::There(Role::Viewer),
        show,
    )
}

#[derive(Template)]
#[template(path = "certificate.html")]
struct CertificatePage {
    title: String,
    sheet: Sheet,
    proof: Option<Proof>,
    qr: Qr,
    command: String,
}

/// Where the run's end stands in the ledger.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CertificateProof")]
struct Proof {
    entry: u64,
    size: u64,
    root: String,
    signed: String,
    signature: String,
}

async fn show(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, run)): Path<(TenantId, RunId)>,
) -> Answer {
    let read = read(&web, &caller, &tenant, &run).await?;
    let (sheet, proof) = (read.sheet, read.proof);
    let command = format!("tenure ledger verify {tenant}-ledger.jsonl --head {tenant}-ledger.head");
    page(&CertificatePage {
        title: format!("{}, {}", sheet.title, sheet.name),
        proof,
        qr: Qr::of(&command),
        sheet,
        command,
    })
}

/// What a certificate says, and where that is proven.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Certificate {
    /// What it says.
    sheet: Sheet,
    /// Where the run's end stands in the ledger.
    proof: Option<Proof>,
}

/// The certificate of a run that has ended.
///
/// # Errors
/// `not-ended`, and store errors.
pub(crate) async fn read(
    web: &Web,
    caller: &Caller,
    tenant: &TenantId,
    run: &RunId,
) -> Result<Certificate, Problem> {
    let scope = caller.scope_of(tenant);
    let store = &web.wiring.store;
    let loaded = Loaded::read(web, &scope, tenant, run).await?;
    if loaded.row.outcome().is_none() {
        let what = format!("run {run} has not ended, so there is nothing to certify yet");
        return Err(Problem::refused("not-ended", what).hint("come back when it has"));
    }
    let request = store
        .request(&scope, &loaded.plan().request)
        .await
        .map_err(of_store)?;
    let approvals = store
        .approvals(&scope, &loaded.row.plan)
        .await
        .map_err(of_store)?;
    Ok(Certificate {
        sheet: Sheet::of(&loaded, &request, &approvals, &people(web).await?),
        proof: proof(web, caller, &loaded).await?,
    })
}

async fn proof(web: &Web, caller: &Caller, loaded: &Loaded) -> Result<Option<Proof>, Problem> {
    let tenant = &loaded.row.tenant;
    let scope = caller.scope_of(tenant);
    let store = &web.wiring.store;
    let ends = store
        .entries_of_run(&scope, &loaded.row, "run-ended")
        .await
        .map_err(of_store)?;
    let Some(entry) = ends.last() else {
        return Ok(None);
    };
    let note = store
        .ledger_head(&scope, tenant, clock::now())
        .await
        .map_err(of_store)?;
    let key = Key::parse(&store.verifier_key(tenant));
    let head = key.and_then(|key| Head::open(&note, &key, &Ed25519).ok());
    let head = head.ok_or_else(|| {
        Problem::failed(
            "ledger",
            format!("the newest head of the ledger of {tenant} does not hold"),
        )
        .hint("keep the store as it is, and compare with a head that was kept elsewhere")
    })?;
    let signature = note.lines().rev().find(|line| line.starts_with('\u{2014}'));
    Ok(Some(Proof {
        entry: entry.seq,
        size: head.size,
        root: head.root.to_string(),
        signed: head.time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        signature: signature.unwrap_or_default().to_owned(),
    }))
}

/// A QR code, as the path of its dark modules.
pub(super) struct Qr {
    /// How many modules it is wide, its quiet zone counted.
    size: usize,
    /// The path.
    path: String,
}

/// The empty modules around it that ISO/IEC 18004 asks for.
const QUIET: usize = 4;

impl Qr {
    /// The code of a text; empty where it is too long for one.
    fn of(text: &str) -> Self {
        let Ok(code) = qrcode::QrCode::new(text) else {
            return Self {
                size: 0,
                path: String::new(),
            };
        };
        let width = code.width();
        let dark = code.to_colors().into_iter().enumerate();
        let path = dark
            .filter(|(_, color)| *color == qrcode::Color::Dark)
            .map(|(at, _)| format!("M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET))
            .collect();
        Self {
            size: width + 2 * QUIET,
            path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_three_corners_and_room_around_it() {
        let qr = Qr::of("tenure ledger verify contoso-ledger.jsonl --head contoso-ledger.head");
        let far = qr.size - QUIET - 7;
        for (x, y) in [(QUIET, QUIET), (far, QUIET), (QUIET, far)] {
            assert!(
                qr.path.contains(&format!("M{x} {y}h1")),
                "no corner at {x} {y}"
            );
        }
        assert!(!qr.path.contains("M3 "), "{}", qr.path);
    }
}
