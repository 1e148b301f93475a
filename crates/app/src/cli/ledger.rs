//! `tenure ledger`: verify an export without any server, export a tenant's ledger, prove one entry.

use std::path::PathBuf;

use clap::Subcommand;
use domain::TenantId;
use domain::ledger::{End, Report};
use serde_json::json;
use store::TenantScope;

use super::Cx;
use crate::acts::ledger;
use crate::problem::{Exit, Outcome, Problem};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Check an export: needs no server, no store and no key
    Verify {
        /// The export
        file: PathBuf,
        /// A signed head that was kept elsewhere: without it the end is not proven
        #[arg(long, value_name = "FILE")]
        head: Option<PathBuf>,
    },
    /// Write a tenant's whole ledger to a file
    Export {
        /// The tenant
        name: String,
        /// Where to
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Write the newest signed head apart, to be kept elsewhere
        #[arg(long, value_name = "FILE")]
        head: Option<PathBuf>,
    },
    /// Prove that one entry is in the ledger
    Prove {
        /// The tenant
        name: String,
        /// The entry's number
        entry: u64,
    },
}

pub(super) async fn run(cx: &Cx, command: Command) -> Outcome<Exit> {
    match command {
        Command::Verify { file, head } => check(cx, &file, head.as_deref()),
        Command::Export { name, out, head } => {
            let wiring = cx.open().await?;
            let tenant = wiring.tenant(&name).await?.name;
            let scope = TenantScope::of(&tenant);
            let text = ledger::export(&wiring, &scope, &tenant).await?;
            write(&out, &text)?;
            if let Some(file) = &head {
                write(file, &ledger::head(&wiring, &scope, &tenant).await?.note)?;
            }
            let lines = text.lines().count();
            cx.show(&json!({ "tenant": name, "file": out, "head": head }), format!("Wrote the ledger of {name} ({lines} lines) to {}. Check it:  tenure ledger verify {}", out.display(), out.display()));
            Ok(Exit::Done)
        }
        Command::Prove { name, entry } => {
            let wiring = cx.open().await?;
            let tenant: TenantId = wiring.tenant(&name).await?.name;
            let scope = TenantScope::of(&tenant);
            let proof = ledger::prove(&wiring, &scope, &tenant, entry).await?;
            super::out(&format!("{:#}", json!(proof)));
            Ok(Exit::Done)
        }
    }
}

fn write(file: &std::path::Path, text: &str) -> Result<(), Problem> {
    std::fs::write(file, text).map_err(|error| {
        Problem::failed(
            "file",
            format!("{} cannot be written: {error}", file.display()),
        )
        .hint("check the folder, its permissions and the disk")
    })
}

fn check(cx: &Cx, file: &std::path::Path, head: Option<&std::path::Path>) -> Outcome<Exit> {
    let export =
        std::fs::read(file).map_err(|error| Problem::unreadable("export", file, &error))?;
    let outside = head
        .map(|head| {
            std::fs::read_to_string(head).map_err(|error| Problem::unreadable("head", head, &error))
        })
        .transpose()?;
    let report = ledger::check(&export, outside.as_deref());
    cx.show(&json!(report), said(&report));
    if !report.holds() {
        // The report is out already, and it is one document.
        return Ok(super::tell(&Problem::failed("ledger", "the ledger does not verify: the first thing that is wrong stands above")
            .hint("keep the file as evidence, export again, and compare with a head that was kept elsewhere")));
    }
    Ok(Exit::Done)
}

/// What an auditor reads.
fn said(report: &Report) -> String {
    let tenant = report.tenant.as_ref().map_or("?", TenantId::as_str);
    let mut lines = vec![match &report.fault {
        None => format!(
            "The ledger of {tenant} holds: {} entries, {} signed heads, nothing changed, cut or reordered.",
            report.entries, report.heads
        ),
        Some(fault) => format!("The ledger of {tenant} does not hold. First thing wrong: {fault}"),
    }];
    let end = match report.end {
        End::ProvenTo { entries } => format!("The head kept elsewhere vouches for the first {entries} entries."),
        End::NotProven => "The end is not proven: without a head kept elsewhere, entries may have been cut off it. Check again with --head FILE.".to_owned(),
    };
    // Of a ledger that does not hold, the end says nothing.
    lines.extend(report.fault.is_none().then_some(end));
    if !report.erased.is_empty() {
        lines.push(format!(
            "{} entries have had their content erased; their commitments still hold.",
            report.erased.len()
        ));
    }
    if let Some(root) = &report.root {
        lines.push(format!("root {root}"));
    }
    lines.join("\n")
}
