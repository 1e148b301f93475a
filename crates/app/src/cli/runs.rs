//! `tenure runs`: look at runs; cancel, pause, resume or retry one.

mod findings;

use std::sync::Arc;

use clap::Subcommand;
use domain::{RunId, StepKey};
use engine::state::{Event, Phase};
use serde_json::{Value, json};
use store::{RunRow, TenantScope};

use super::{Cx, talk};
use crate::acts::steer;
use crate::problem::{Exit, Outcome};
use crate::running::{self, Patience};
use crate::view;
use crate::view::live::Live;
use crate::wiring::{Wiring, of_store};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the newest runs
    List {
        /// Of one tenant alone
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Show a run: its steps, receipts and findings
    Show {
        /// The run
        run: String,
    },
    /// Stop a run: start nothing new, settle what is in flight, end as needs review
    Cancel(Who),
    /// Start nothing new in a run until it is resumed
    Pause(Who),
    /// Go on with a run that was paused, or whose line was approved since
    Resume(Who),
    /// Try again what is open of an ended run
    Retry(Who),
    /// Say that a step which was asked of a person is done
    Done(Done),
    /// List the findings that nobody has closed
    Findings {
        /// Of one tenant alone
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Close a finding of an ended run that was settled without it; how the run ended stays
    Handle(findings::Said),
    /// Open a finding again that somebody has handled
    Reopen(findings::Said),
    /// Read a step of an ended run once more, because of a finding about it; nothing is written
    Look(findings::Look),
}

#[derive(clap::Args)]
pub(crate) struct Done {
    /// The run
    run: String,
    /// The step, as `tenure runs show` names it
    step: String,
    /// Who says so
    #[arg(long = "as", value_name = "NAME")]
    by: String,
    /// What is to stand on record about it, such as a change number
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Return at once; whoever carries the run goes on
    #[arg(long)]
    detach: bool,
}

#[derive(clap::Args)]
pub(crate) struct Who {
    /// The run
    run: String,
    /// Who says so
    #[arg(long = "as", value_name = "NAME")]
    by: String,
    /// Return at once; whoever carries the run goes on
    #[arg(long)]
    detach: bool,
}

pub(super) async fn run(cx: &Cx, command: Command) -> Outcome<Exit> {
    let wiring = Arc::new(cx.open().await?);
    match command {
        Command::List { tenant } => list(cx, &wiring, tenant).await,
        Command::Show { run } => show(cx, &wiring, &RunId::new(run)).await,
        Command::Cancel(who) => {
            submit(cx, &wiring, &who, Event::Cancelled { by: who.by.clone() }).await
        }
        Command::Pause(who) => {
            submit(cx, &wiring, &who, Event::Paused { by: who.by.clone() }).await
        }
        Command::Resume(who) => {
            submit(cx, &wiring, &who, Event::Resumed { by: who.by.clone() }).await
        }
        Command::Retry(who) => {
            submit(cx, &wiring, &who, Event::Retried { by: who.by.clone() }).await
        }
        Command::Findings { tenant } => findings::list(cx, &wiring, tenant).await,
        Command::Handle(said) => findings::handle(cx, &wiring, said).await,
        Command::Reopen(said) => findings::reopen(cx, &wiring, said).await,
        Command::Look(look) => findings::look(cx, &wiring, look).await,
        Command::Done(done) => {
            let event = Event::DoneByHand {
                by: done.by.clone(),
                step: StepKey::new(done.step),
                note: done.note,
            };
            let who = Who {
                run: done.run,
                by: done.by,
                detach: done.detach,
            };
            submit(cx, &wiring, &who, event).await
        }
    }
}

fn phase(row: &RunRow) -> String {
    match &row.state.phase {
        Phase::Scheduled { .. } | Phase::Containing | Phase::CheckingDrift | Phase::Running
            if row.state.paused =>
        {
            "paused".to_owned()
        }
        Phase::Scheduled { due_ms: 0 } => "about to begin".to_owned(),
        Phase::Scheduled { due_ms } => jiff::Timestamp::from_millisecond(*due_ms).map_or_else(
            |_| "scheduled".to_owned(),
            |at| format!("scheduled for {at:.0}"),
        ),
        Phase::Ended { outcome } => outcome.words().to_owned(),
        Phase::Containing => "closing access".to_owned(),
        Phase::CheckingDrift => "looking for drift".to_owned(),
        Phase::Running => "running".to_owned(),
        Phase::Cancelling => "cancelling".to_owned(),
    }
}

async fn list(cx: &Cx, wiring: &Wiring, tenant: Option<String>) -> Outcome<Exit> {
    let scope = wiring.scope(tenant.as_deref()).await?;
    let runs = wiring.store.runs(&scope, 50).await.map_err(of_store)?;
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header([
        "run",
        "tenant",
        "person",
        "plan",
        "begun",
        "state",
        "open findings",
    ]);
    for row in &runs {
        table.add_row([
            row.run.to_string(),
            row.tenant.to_string(),
            row.upn.clone(),
            row.plan.to_string(),
            format!("{:.0}", row.created_at),
            phase(row),
            row.state.open_findings().count().to_string(),
        ]);
    }
    let data: Vec<Value> = runs
        .iter()
        .map(|row| json!({ "run": row.run, "tenant": row.tenant, "upn": row.upn, "plan": row.plan, "created_at": row.created_at, "state": phase(row), "outcome": row.outcome(), "open_findings": row.state.open_findings().count() }))
        .collect();
    cx.show(&json!(data), table.to_string());
    Ok(Exit::Done)
}

async fn show(cx: &Cx, wiring: &Wiring, run: &RunId) -> Outcome<Exit> {
    let scope = TenantScope::provider();
    let row = wiring.store.run(&scope, run).await.map_err(of_store)?;
    let stored = wiring
        .store
        .plan(&scope, &row.plan)
        .await
        .map_err(of_store)?;
    let text = format!(
        "{}\n{}",
        view::run::table(&stored.plan, &row.state),
        view::run::ending(&stored.plan, &row.state)
    );
    cx.show(
        &json!({ "run": run, "tenant": row.tenant, "plan": row.plan, "upn": row.upn, "seq": row.seq, "outcome": row.outcome(), "state": row.state }),
        text,
    );
    Ok(Exit::Done)
}

/// Hands an event to whoever drives the run: the worker, or this process when there is none.
async fn submit(cx: &Cx, wiring: &Arc<Wiring>, who: &Who, event: Event) -> Outcome<Exit> {
    super::name("--as", &who.by)?;
    let run = RunId::new(who.run.clone());
    let scope = TenantScope::provider();
    let row = steer::submit(wiring, &scope, &run, &event).await?;
    let pausing = matches!(event, Event::Paused { .. });
    if who.detach {
        cx.show(
            &json!({ "run": run, "submitted": event }),
            format!("Told run {run}; whoever carries it goes on."),
        );
        return Ok(Exit::Done);
    }
    if pausing {
        cx.show(
            &json!({ "run": run, "submitted": event }),
            format!(
                "Run {run} starts nothing new. Go on with:  tenure runs resume {run} --as NAME"
            ),
        );
        return Ok(Exit::Done);
    }
    talk(&format!("Told run {run}."));
    let observer = Arc::new(Live::new(cx.json));
    let state = running::to_its_end(wiring, &run, Patience::WhileItMoves, observer).await?;
    let stored = wiring
        .store
        .plan(&scope, &row.plan)
        .await
        .map_err(of_store)?;
    Ok(super::run::ended(cx, wiring, &stored, &state).await)
}
