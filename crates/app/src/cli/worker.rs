//! `tenure worker`: carries out scheduled and detached runs until stopped.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::plan::Plan;
use engine::Observer;
use engine::state::{Event, RunState};

use super::{Cx, talk};
use crate::clock;
use crate::planning::dated;
use crate::problem::{Exit, Outcome, Problem};
use crate::running;
use crate::wiring::Wiring;

#[derive(clap::Args)]
pub(crate) struct Args {}

/// Says one line when a run begins and when it ends.
struct Lines;

impl Observer for Lines {
    fn committed(&self, plan: &Plan, state: &RunState, event: &Event) {
        if matches!(event, Event::Started { .. }) {
            talk(&format!(
                "{} {} {}: begun",
                state.run, plan.tenant, plan.upn
            ));
        } else if let Some(outcome) = state.outcome() {
            talk(&format!(
                "{} {} {}: {}, {} open finding(s)",
                state.run,
                plan.tenant,
                plan.upn,
                outcome.words(),
                state.open_findings().count()
            ));
        }
    }
}

/// How often requests for later are looked at.
const LOOK: Duration = Duration::from_secs(60);

/// Plans what runs have asked for later, a week ahead. What cannot be planned is said once and tried again each time.
async fn plan_dated(wiring: &Wiring) -> std::convert::Infallible {
    let mut said: BTreeSet<String> = BTreeSet::new();
    loop {
        let lines = match dated::plan_due(wiring, clock::now()).await {
            Ok(told) => told
                .into_iter()
                .map(|(request, planned)| match planned {
                    Ok(plan) => format!(
                        "{} {}: plan {} waits for approval",
                        request.id, request.tenant, plan.id
                    ),
                    Err(problem) => format!(
                        "{} {}: cannot be planned: {problem}",
                        request.id, request.tenant
                    ),
                })
                .collect(),
            Err(problem) => vec![problem.to_string()],
        };
        for line in lines {
            if said.insert(line.clone()) {
                talk(&line);
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

pub(super) async fn run(cx: &Cx, _: Args) -> Outcome<Exit> {
    let wiring = Arc::new(cx.open().await?);
    talk(
        "The worker carries out scheduled and detached runs. Stop it with Ctrl-C; what is open goes on when it is started again.",
    );
    let worker = running::worker(&wiring);
    let served = tokio::select! {
        served = worker.serve(Arc::new(Lines), super::asked_to_stop()) => served,
        never = plan_dated(&wiring) => match never {},
    };
    served.map_err(|error| {
        Problem::failed("worker", error.to_string())
            .hint("one worker drives a store; stop the other, or let it go on")
    })?;
    Ok(Exit::Done)
}
