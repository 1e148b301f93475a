//! `tenure run`: carries out an approved plan and waits with a live view.

use std::sync::Arc;

use domain::plan::{Plan, StoredPlan};
use domain::{PlanId, RunId};
use engine::state::{Outcome as RunOutcome, RunState};
use serde_json::{Value, json};
use store::TenantScope;

use super::{Cx, talk};
use crate::acts::begin::{Begun, begin};
use crate::clock;
use crate::guard;
use crate::problem::{Exit, Outcome, Problem};
use crate::running::{self, Patience};
use crate::view;
use crate::view::live::Live;
use crate::wiring::{Wiring, of_store};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The approved plan
    plan: String,
    /// Return at once; a worker carries it out
    #[arg(long, conflicts_with = "wait")]
    detach: bool,
    /// Wait here for a start that lies ahead, without a worker
    #[arg(long)]
    wait: bool,
}

pub(super) async fn run(cx: &Cx, args: Args) -> Outcome<Exit> {
    let wiring = Arc::new(cx.open().await?);
    let stored = wiring
        .store
        .plan(&TenantScope::provider(), &PlanId::new(args.plan))
        .await
        .map_err(of_store)?;
    guard::may_begin(&wiring, &stored.plan).await?;
    let scheduled = stored.plan.at.is_some_and(|at| at > clock::now());
    let later = later(&stored.plan);
    let stays = args.wait || !(scheduled || later.is_some());
    if (args.detach || !stays) && !running::has_worker(&wiring).await? {
        let what = match (stored.plan.at.filter(|_| scheduled), later) {
            (Some(at), _) => format!("a run scheduled for {at}"),
            (None, Some(later)) => later,
            (None, None) => "a detached run".to_owned(),
        };
        return Err(Problem::refused(
            "no-worker",
            format!("{what} needs a worker, and none drives this store"),
        )
        .hint("start `tenure worker`, then run again; or wait here with --wait"));
    }
    let Begun { run, new } = begin(&wiring, &stored).await?;
    if !new {
        talk(&format!(
            "Run {run} was begun before; it goes on from where it stood."
        ));
    }
    if args.detach || (scheduled && !args.wait) {
        cx.show(
            &json!({ "run": run, "plan": stored.id }),
            format!("Run {run} is with the worker. Look at it:  tenure runs show {run}"),
        );
        return Ok(Exit::Done);
    }
    talk(&format!(
        "Run {run} carries out plan {} (digest {}) for {}.",
        stored.id,
        stored.digest.short(),
        stored.plan.upn
    ));
    let patience = if args.wait {
        Patience::ToItsEnd
    } else {
        Patience::WhileItMoves
    };
    let state = running::to_its_end(&wiring, &run, patience, Arc::new(Live::new(cx.json))).await?;
    Ok(ended(cx, &wiring, &stored, &state).await)
}

/// What of the plan goes on long after the command, if anything.
fn later(plan: &Plan) -> Option<String> {
    let now = clock::now();
    plan.steps.iter().find_map(|spec| {
        let moment = spec.not_before.filter(|moment| *moment > now);
        match (&spec.by_hand, moment) {
            (Some(work), _) => Some(format!(
                "a run that waits for {} ({})",
                work.assignee, spec.key
            )),
            (None, Some(moment)) => {
                Some(format!("a run that waits until {moment:.0} ({})", spec.key))
            }
            (None, None) => None,
        }
    })
}

/// Requests of a run by purpose: repeat polls and the scan of other mailboxes apart from the rest.
fn requests(wiring: &Wiring, stored: &StoredPlan, run: &RunId) -> Option<Value> {
    let counts = wiring.counts(&stored.plan.tenant, run)?;
    use connectors::Purpose;
    let of = |purposes: &[Purpose]| counts.of(purposes).requests();
    Some(json!({
        "drift": of(&[Purpose::Drift]),
        "probe-and-apply": of(&[Purpose::Apply]),
        "first-reads": of(&[Purpose::Verify]),
        "total": of(&[Purpose::Plan, Purpose::Drift, Purpose::Apply, Purpose::Verify]),
        "repeat-polls": of(&[Purpose::Poll]),
        "scan": of(&[Purpose::Scan]),
    }))
}

/// Shows how a run ended, and turns it into an exit status.
pub(crate) async fn ended(cx: &Cx, wiring: &Wiring, stored: &StoredPlan, state: &RunState) -> Exit {
    let requests = requests(wiring, stored, &state.run);
    let mut text = String::new();
    if !std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        text = format!("{}\n", view::run::table(&stored.plan, state));
    }
    text.push_str(&view::run::ending(&stored.plan, state));
    if let Some(requests) = &requests {
        text.push_str(&view::run::requests(requests));
    }
    cx.show(&json!({ "run": state.run, "plan": stored.id, "outcome": state.outcome(), "state": state, "requests": requests }), text);
    match state.outcome() {
        Some(RunOutcome::Completed) => Exit::Done,
        Some(RunOutcome::NeedsReview) => Exit::NeedsReview,
        None => {
            talk(&format!(
                "Run {} waits and goes on by itself while a worker runs. Look at it:  tenure runs show {}",
                state.run, state.run
            ));
            Exit::Done
        }
    }
}
