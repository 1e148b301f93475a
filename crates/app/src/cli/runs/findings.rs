//! `tenure runs findings`, `handle`, `reopen`, `look`: what people do about findings after a run has ended.

use std::sync::Arc;

use domain::RunId;
use engine::Silent;
use serde_json::json;
use store::TenantScope;

use crate::acts::handle::{self, Of};
use crate::cli::{Cx, name};
use crate::problem::{Exit, Outcome};
use crate::running::{self, Patience};
use crate::wiring::{Wiring, of_store};

#[derive(clap::Args)]
pub(crate) struct Said {
    /// The run
    run: String,
    /// The finding's number, as `tenure runs findings` lists it
    number: u32,
    /// Who says so
    #[arg(long = "as", value_name = "NAME")]
    by: String,
    /// What was done about it, or why: a sentence for whoever reads it in a year
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(clap::Args)]
pub(crate) struct Look {
    /// The run
    run: String,
    /// The finding's number, as `tenure runs findings` lists it
    number: u32,
    /// Who asks
    #[arg(long = "as", value_name = "NAME")]
    by: String,
}

pub(super) async fn list(cx: &Cx, wiring: &Wiring, tenant: Option<String>) -> Outcome<Exit> {
    let scope = wiring.scope(tenant.as_deref()).await?;
    let open = wiring.store.open_findings(&scope).await.map_err(of_store)?;
    let mut table = comfy_table::Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_header(["run", "number", "tenant", "kind", "step", "finding"]);
    for row in &open {
        let step = row.finding.step.as_ref();
        table.add_row([
            row.run.to_string(),
            row.finding.number.to_string(),
            row.tenant.to_string(),
            row.finding.kind.clone(),
            step.map_or_else(|| "—".to_owned(), ToString::to_string),
            row.finding.text.clone(),
        ]);
    }
    cx.show(&json!(open), table.to_string());
    Ok(Exit::Done)
}

pub(super) async fn handle(cx: &Cx, wiring: &Arc<Wiring>, said: Said) -> Outcome<Exit> {
    let (run, by) = (RunId::new(said.run), name("--as", &said.by)?);
    let of = Of {
        run: &run,
        number: said.number,
        by: &by,
    };
    handle::handle(wiring, &TenantScope::provider(), &of, &said.reason).await?;
    shown(cx, wiring, &of).await
}

pub(super) async fn reopen(cx: &Cx, wiring: &Arc<Wiring>, said: Said) -> Outcome<Exit> {
    let (run, by) = (RunId::new(said.run), name("--as", &said.by)?);
    let of = Of {
        run: &run,
        number: said.number,
        by: &by,
    };
    handle::reopen(wiring, &TenantScope::provider(), &of, &said.reason).await?;
    shown(cx, wiring, &of).await
}

pub(super) async fn look(cx: &Cx, wiring: &Arc<Wiring>, look: Look) -> Outcome<Exit> {
    let (run, by) = (RunId::new(look.run), name("--as", &look.by)?);
    let of = Of {
        run: &run,
        number: look.number,
        by: &by,
    };
    handle::look_again(wiring, &TenantScope::provider(), &of).await?;
    shown(cx, wiring, &of).await
}

/// Waits until the run has taken it up, and shows the finding as it stands then.
async fn shown(cx: &Cx, wiring: &Arc<Wiring>, of: &Of<'_>) -> Outcome<Exit> {
    let state =
        running::to_its_end(wiring, of.run, Patience::WhileItMoves, Arc::new(Silent)).await?;
    let mut findings = state.findings.iter();
    let finding = findings.find(|finding| finding.number == of.number);
    let closed = finding.and_then(|finding| finding.closed.as_ref());
    let (words, exit) = match closed {
        Some((_, how)) => (format!("is closed: {how}"), Exit::Done),
        None => ("is open".to_owned(), Exit::NeedsReview),
    };
    let text = finding.map_or("", |finding| &finding.text);
    cx.show(
        &json!({ "run": of.run, "finding": finding }),
        format!("Finding {} of run {} {words}\n{text}", of.number, of.run),
    );
    Ok(exit)
}
