//! What people do with a finding of an ended run: settle it with a reason, open it again, have the step read once more.

use domain::RunId;
use domain::plan::Plan;
use domain::protect;
use engine::state::{Event, Finding, LEAST_REASON, Outcome, REVIEW, Status};
use store::{RunRow, TenantScope};

use crate::clock;
use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// A finding, and who acts on it.
pub(crate) struct Of<'a> {
    /// The run.
    pub(crate) run: &'a RunId,
    /// The finding's number in the run.
    pub(crate) number: u32,
    /// Who acts.
    pub(crate) by: &'a str,
}

/// Closes a finding that was settled without the run. How the run ended stays what it was.
///
/// # Errors
/// When the reason is too short, the run goes on, the finding is closed already, or this person may not close it.
pub(crate) async fn handle(
    wiring: &Wiring,
    scope: &TenantScope,
    of: &Of<'_>,
    reason: &str,
) -> Result<RunRow, Problem> {
    let reason = fit(reason)?;
    let (row, finding) = ended(wiring, scope, of).await?;
    if let Some((_, how)) = &finding.closed {
        return Err(Problem::refused(
            "handled",
            format!("finding {} is closed already: {how}", of.number),
        )
        .hint("there is nothing to do; open it again if it is not settled"));
    }
    if finding.kind == REVIEW {
        let stored = wiring
            .store
            .plan(scope, &row.plan)
            .await
            .map_err(of_store)?;
        may_review(&stored.plan, of.by)?;
    }
    let event = Event::FindingHandled {
        by: of.by.to_owned(),
        number: of.number,
        reason,
    };
    submit(wiring, scope, row, &event).await
}

/// Opens a finding again that somebody handled.
///
/// # Errors
/// When the reason is too short, the run is completed, or the finding was not handled by a person.
pub(crate) async fn reopen(
    wiring: &Wiring,
    scope: &TenantScope,
    of: &Of<'_>,
    reason: &str,
) -> Result<RunRow, Problem> {
    let reason = fit(reason)?;
    let (row, finding) = ended(wiring, scope, of).await?;
    if row.outcome() == Some(Outcome::Completed) {
        return Err(Problem::refused(
            "completed",
            format!("run {} is completed: its findings stay closed", of.run),
        )
        .hint("what is wrong now belongs to a plan of its own"));
    }
    if finding.handled().is_none() {
        return Err(Problem::refused(
            "not-handled",
            format!(
                "finding {} was not closed by a person, or is open",
                of.number
            ),
        )
        .hint("only what somebody handled can be opened again"));
    }
    let event = Event::FindingReopened {
        by: of.by.to_owned(),
        number: of.number,
        reason,
    };
    submit(wiring, scope, row, &event).await
}

/// Has the step of a finding read once more. Nothing is written.
///
/// # Errors
/// When the finding is about no step, or about one that cannot be read by itself.
pub(crate) async fn look_again(
    wiring: &Wiring,
    scope: &TenantScope,
    of: &Of<'_>,
) -> Result<RunRow, Problem> {
    let (row, finding) = ended(wiring, scope, of).await?;
    let Some(step) = finding.step.clone().filter(|_| can_look(&row, &finding)) else {
        return Err(Problem::refused(
            "look",
            format!(
                "what finding {} is about cannot be read by itself",
                of.number
            ),
        )
        .hint("look at it in the tenant, then mark the finding handled"));
    };
    let event = Event::LookAgain {
        by: of.by.to_owned(),
        step,
    };
    submit(wiring, scope, row, &event).await
}

/// Whether a finding's step can be read once more.
pub(crate) fn can_look(row: &RunRow, finding: &Finding) -> bool {
    let step = finding.step.as_ref().and_then(|key| row.state.step(key));
    let reads = step.is_some_and(|step| {
        matches!(step.status, Status::Verified | Status::Failed) && step.looking.is_none()
    });
    reads && finding.closed.is_none() && row.outcome().is_some()
}

/// Whether this person may look at what a policy approved beforehand.
///
/// # Errors
/// The reason when not.
pub(crate) fn may_review(plan: &Plan, by: &str) -> Result<(), Problem> {
    protect::may_review(plan, by).map_err(|why| {
        Problem::refused("reviewer", why).hint("an approver who did not ask for it has to look")
    })
}

/// A reason that says something to whoever reads it in a year.
fn fit(reason: &str) -> Result<String, Problem> {
    let reason = reason.trim();
    if reason.chars().count() >= LEAST_REASON {
        return Ok(reason.to_owned());
    }
    Err(Problem::refused(
        "reason",
        format!("the reason has fewer than {LEAST_REASON} characters"),
    )
    .hint("say what was done about it, or why nothing has to be"))
}

async fn ended(
    wiring: &Wiring,
    scope: &TenantScope,
    of: &Of<'_>,
) -> Result<(RunRow, Finding), Problem> {
    let row = wiring.store.run(scope, of.run).await.map_err(of_store)?;
    let finding = row
        .state
        .findings
        .iter()
        .find(|finding| finding.number == of.number)
        .cloned();
    let finding = finding.ok_or_else(|| {
        Problem::refused(
            "not-found",
            format!("run {} has no finding {}", of.run, of.number),
        )
        .hint("open it from the list of findings")
    })?;
    if row.outcome().is_none() {
        return Err(
            Problem::refused("not-ended", format!("run {} has not ended", of.run))
                .hint("wait for its end: it may still close the finding by itself"),
        );
    }
    Ok((row, finding))
}

async fn submit(
    wiring: &Wiring,
    scope: &TenantScope,
    row: RunRow,
    event: &Event,
) -> Result<RunRow, Problem> {
    let submitted = wiring
        .store
        .submit(scope, &row.run, event, clock::now())
        .await;
    submitted.map_err(of_store)?;
    Ok(row)
}
