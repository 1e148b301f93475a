//! Beginning the run of an approved plan.

use domain::RunId;
use domain::plan::StoredPlan;
use engine::state::Outcome;
use store::{NewRun, TenantScope};

use crate::clock;
use crate::guard;
use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// A run, and whether it is new.
pub(crate) struct Begun {
    /// The run.
    pub(crate) run: RunId,
    /// Whether it was begun now; otherwise it goes on from where it stood.
    pub(crate) new: bool,
}

/// The plan's run: a new one, or the one that was begun before. Whoever drives the store carries it.
///
/// # Errors
/// When the policy in force is against it, approvals are missing, or the run has ended.
pub(crate) async fn begin(wiring: &Wiring, stored: &StoredPlan) -> Result<Begun, Problem> {
    guard::may_begin(wiring, &stored.plan).await?;
    let scope = TenantScope::of(&stored.plan.tenant);
    let new = NewRun {
        run: RunId::new(clock::short_id('r')),
        plan: stored.id.clone(),
        at: clock::now(),
    };
    let run = match wiring.store.begin_run(&scope, &new).await {
        Ok(_) => {
            return Ok(Begun {
                run: new.run,
                new: true,
            });
        }
        Err(store::Error::HasRun { run, .. }) => run,
        Err(error) => return Err(of_store(error)),
    };
    let row = wiring.store.run(&scope, &run).await.map_err(of_store)?;
    let Some(outcome) = row.outcome() else {
        return Ok(Begun { run, new: false });
    };
    let look = format!("look at it with `tenure runs show {run}`");
    let hint = match outcome {
        Outcome::Completed => look,
        Outcome::NeedsReview => {
            format!("{look}, or try what is open again with `tenure runs retry {run} --as NAME`")
        }
    };
    let words = outcome.words();
    let what = format!("run {run} has carried out this plan and ended: {words}");
    Err(Problem::refused("has-run", what).hint(hint))
}
