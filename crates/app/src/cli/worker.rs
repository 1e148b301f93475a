//! `tenure worker`: carries out scheduled and detached runs until stopped.

use std::sync::Arc;

use domain::plan::Plan;
use engine::Observer;
use engine::state::{Event, RunState};

use super::{Cx, talk};
use crate::background;
use crate::problem::{Exit, Outcome};

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
    background::go_on(&wiring, Arc::new(Lines), talk, super::asked_to_stop()).await?;
    Ok(Exit::Done)
}
