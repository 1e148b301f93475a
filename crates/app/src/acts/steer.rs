//! Steering a run that exists: pausing, going on, stopping, trying again, saying that something was done by hand.

use domain::{RunId, StepKey};
use engine::state::{Event, Outcome, Status, StepRun};
use store::{RunRow, TenantScope};

use crate::clock;
use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// Hands an event to whoever drives the run, when it makes sense for the run as it stands.
///
/// # Errors
/// When there is no such run, or what is asked does not fit it: said at once instead of silently ignored later.
pub(crate) async fn submit(
    wiring: &Wiring,
    scope: &TenantScope,
    run: &RunId,
    event: &Event,
) -> Result<RunRow, Problem> {
    let row = wiring.store.run(scope, run).await.map_err(of_store)?;
    fits(&row, event)?;
    let submitted = wiring.store.submit(scope, run, event, clock::now()).await;
    submitted.map_err(of_store)?;
    Ok(row)
}

/// Whether the step has been asked of a person and not been answered yet.
fn is_with_a_person(row: &RunRow, step: &StepKey) -> Result<(), Problem> {
    let is_asked = |step: &StepRun| matches!(step.status, Status::WithPerson { .. });
    if row.state.step(step).is_some_and(is_asked) {
        return Ok(());
    }
    let asked: Vec<&str> = row
        .state
        .steps
        .iter()
        .filter(|(_, step)| is_asked(step))
        .map(|(key, _)| key.as_str())
        .collect();
    let hint = if asked.is_empty() {
        format!(
            "run {} waits for nobody; look at it: tenure runs show {}",
            row.run, row.run
        )
    } else {
        format!("it waits for: {}", asked.join(", "))
    };
    Err(Problem::refused(
        "step",
        format!("{step} is not with a person in run {}", row.run),
    )
    .hint(hint))
}

/// Whether what is asked makes sense for the run as it stands; said at once instead of silently ignored later.
fn fits(row: &RunRow, event: &Event) -> Result<(), Problem> {
    let ended = row.outcome();
    let look = format!("look at it: tenure runs show {}", row.run);
    match (event, ended) {
        (Event::DoneByHand { step, .. }, None) => is_with_a_person(row, step),
        (Event::Retried { .. }, None) => Err(Problem::refused(
            "not-ended",
            format!("run {} has not ended", row.run),
        )
        .hint("resume or cancel it instead")),
        (Event::Retried { .. }, Some(Outcome::Completed)) => Err(Problem::refused(
            "completed",
            format!(
                "run {} is completed: there is nothing to try again",
                row.run
            ),
        )
        .hint(look)),
        // A line that was approved after the end is taken up by resuming.
        (Event::Retried { .. }, _)
        | (Event::Resumed { .. }, Some(Outcome::NeedsReview))
        | (_, None) => Ok(()),
        (_, Some(outcome)) => Err(Problem::refused(
            "ended",
            format!("run {} has ended: {}", row.run, outcome.words()),
        )
        .hint(look)),
    }
}
