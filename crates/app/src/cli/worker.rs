//! `tenure worker`: carries out scheduled and detached runs until stopped.

use std::sync::Arc;

use domain::plan::Plan;
use engine::Observer;
use engine::state::{Event, RunState};

use super::{Cx, talk};
use crate::problem::{Exit, Outcome, Problem};
use crate::running;

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

pub(super) async fn run(cx: &Cx, _: Args) -> Outcome<Exit> {
    let wiring = Arc::new(cx.open().await?);
    talk(
        "The worker carries out scheduled and detached runs. Stop it with Ctrl-C; what is open goes on when it is started again.",
    );
    running::worker(&wiring)
        .serve(Arc::new(Lines), super::asked_to_stop())
        .await
        .map_err(|error| {
            Problem::failed("worker", error.to_string())
                .hint("one worker drives a store; stop the other, or let it go on")
        })?;
    Ok(Exit::Done)
}
