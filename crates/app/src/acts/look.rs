//! A look at the tenant for a plan that waits: whether it could run now, and how the tenant differs from it. It reads and changes nothing;
//! what it saw is kept beside the plan, so that lists need no look of their own.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use connectors::Connection;
use domain::approval::Standing;
use domain::drift::{self, Difference, DifferenceKind};
use domain::facts::Facts;
use domain::plan::{Plan, StoredPlan, is_containment};
use domain::readiness::{self, Check, Checked};
use domain::request::Kind;
use domain::spec::{Change, StepSpec};
use domain::{PlanId, StepKey, TenantId};
use engine::hands::{Hands as _, Problem as StepProblem};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use steps::{Ground, Source, TenantHands};
use store::TenantScope;

use crate::clock;
use crate::guard::of_problem;
use crate::planning;
use crate::problem::Problem;
use crate::vault::Sealed;
use crate::wiring::{Wiring, of_call, of_store};

/// A line of a plan that the tenant does not fit any more, or that it asks for besides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Drifted {
    /// The step.
    pub(crate) step: StepKey,
    /// What the step is about, in one sentence.
    pub(crate) summary: String,
    /// The line as it was planned; absent for one that the plan does not have.
    pub(crate) planned: Option<Change>,
    /// The line as it would be planned now; absent for one that has nothing left to do.
    pub(crate) fresh: Option<Change>,
}

/// What a look saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// The checks that rest on the tenant: all but the approval, which is told of now.
    pub(crate) checks: Vec<Checked>,
    /// The lines that differ.
    pub(crate) drifted: Vec<Drifted>,
    /// Whether that keeps a run from beginning anything but containment.
    pub(crate) voids: bool,
}

/// Looks at the tenant for a plan, and keeps what it saw beside it.
///
/// # Errors
/// When the plan is not in scope, and store errors. A tenant that cannot be read is what was seen.
pub(crate) async fn look(
    wiring: &Arc<Wiring>,
    scope: &TenantScope,
    plan: &PlanId,
) -> Result<Seen, Problem> {
    let stored = wiring.store.plan(scope, plan).await.map_err(of_store)?;
    let row = wiring.tenant(stored.plan.tenant.as_str()).await?;
    let seen = match wiring.connection(&row).await {
        Ok(connection) => read(wiring, &stored, connection).await,
        Err(problem) => {
            let because = problem.sentence();
            seen(&stored.plan, Err(&because), Err(&because), Err(&because))
        }
    };
    keep(wiring, scope, plan, &seen).await?;
    Ok(seen)
}

/// Keeps what was known when a plan was made: its facts are of that moment, and nothing differs yet.
///
/// # Errors
/// Store errors.
pub(crate) async fn of_new(
    wiring: &Wiring,
    scope: &TenantScope,
    stored: &StoredPlan,
    facts: &Facts,
    connection: &Connection,
) -> Result<(), Problem> {
    let missing = missing(&stored.plan, connection).await;
    let missing = missing.as_deref().map_err(String::as_str);
    let seen = seen(&stored.plan, missing, Ok(facts), Ok(&stored.plan.steps));
    keep(wiring, scope, &stored.id, &seen).await
}

/// All six checks: those of the last look, and the approval as it stands now.
pub(crate) fn ready(
    seen: &Seen,
    tenant: &TenantId,
    standing: &Standing,
    approved_until: Option<Timestamp>,
    due: Timestamp,
) -> Vec<Checked> {
    let mut checks = seen.checks.clone();
    checks.push(Checked {
        check: Check::Approval,
        problem: readiness::of_approval(tenant, standing, approved_until, due),
    });
    checks.sort_by_key(|one| one.check);
    checks
}

async fn keep(
    wiring: &Wiring,
    scope: &TenantScope,
    plan: &PlanId,
    seen: &Seen,
) -> Result<(), Problem> {
    let said = serde_json::to_string(seen)
        .map_err(|error| Problem::failed("look", format!("what was seen: {error}")))?;
    let look = store::Look {
        plan: plan.clone(),
        said,
        at: clock::now(),
    };
    wiring.store.put_look(scope, &look).await.map_err(of_store)
}

/// What the last look saw, and when, for each of these plans that was looked at.
///
/// # Errors
/// Store errors.
pub(crate) async fn last(
    wiring: &Wiring,
    scope: &TenantScope,
    plans: &[PlanId],
) -> Result<Vec<(PlanId, Timestamp, Seen)>, Problem> {
    let looks = wiring.store.looks(scope, plans).await.map_err(of_store)?;
    // What another version of Tenure has written and this one cannot read is as good as never seen.
    let read = looks.into_iter().filter_map(|look| {
        let seen = serde_json::from_str(&look.said).ok()?;
        Some((look.plan, look.at, seen))
    });
    Ok(read.collect())
}

/// The source of a look: it reads what a run would read, and keeps the facts.
struct Reads {
    wiring: Arc<Wiring>,
    facts: Mutex<Option<Facts>>,
}

#[async_trait]
impl Source for Reads {
    async fn read(&self, run: &str, plan: &Plan) -> Result<Ground, StepProblem> {
        let ground = planning::ground(&self.wiring, run, plan)
            .await
            .map_err(|problem| of_problem(&problem))?;
        let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        *facts = Some(ground.facts.clone());
        Ok(ground)
    }
}

async fn read(wiring: &Arc<Wiring>, stored: &StoredPlan, connection: Connection) -> Seen {
    let plan = &stored.plan;
    let missing = missing(plan, &connection).await;
    let source = Arc::new(Reads {
        wiring: Arc::clone(wiring),
        facts: Mutex::default(),
    });
    let hands = TenantHands::new(
        connection,
        Arc::clone(&source) as Arc<dyn Source>,
        Arc::new(clock::now),
        Arc::new(|bytes: &mut [u8]| rand::fill(bytes)),
        Arc::new(Sealed::of(wiring)),
    );
    let fresh = hands.propose_again(stored.id.as_str(), plan).await;
    let fresh = fresh.map_err(|problem| problem.message);
    let facts = source
        .facts
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let because = fresh.as_ref().err().cloned().unwrap_or_default();
    seen(
        plan,
        missing.as_deref().map_err(String::as_str),
        facts.as_ref().ok_or(because.as_str()),
        fresh.as_deref().map_err(String::as_str),
    )
}

/// The permissions that the plan's steps need and the tokens in hand do not carry.
async fn missing(plan: &Plan, connection: &Connection) -> Result<Vec<String>, String> {
    let needed = needed(plan);
    let with_exchange = needed.iter().any(|name| name.starts_with("Exchange."));
    let granted = connection.held(with_exchange).await;
    let granted = granted.map_err(|error| of_call(&plan.tenant, &error).sentence())?;
    Ok(granted.missing(&needed))
}

fn needed(plan: &Plan) -> Vec<&'static str> {
    let entries = steps::catalogue().entries.into_iter();
    let mut needed: Vec<&str> = entries
        .filter(|entry| plan.steps.iter().any(|spec| spec.step == entry.name))
        .flat_map(|entry| entry.permissions)
        .copied()
        .collect();
    needed.sort_unstable();
    needed.dedup();
    needed
}

/// What was seen, from what was read; `fresh` is what the steps would propose now.
fn seen(
    plan: &Plan,
    missing: Result<&[String], &str>,
    facts: Result<&Facts, &str>,
    fresh: Result<&[StepSpec], &str>,
) -> Seen {
    let (differences, drifted) = match fresh {
        Err(because) => (Err(because), Vec::new()),
        Ok(fresh) => (Ok(differences(plan, fresh)), drifted(plan, fresh)),
    };
    let now = clock::now();
    let known = readiness::Known {
        plan,
        missing,
        facts,
        differences: differences.as_deref().map_err(|because| *because),
        standing: &Standing::Approved,
        approved_until: None,
        due: plan.at.unwrap_or(now),
        now,
    };
    let mut checks = readiness::check(&known);
    checks.retain(|one| one.check != Check::Approval);
    let grows = |difference: &Difference| matches!(difference.kind, DifferenceKind::Growth { .. });
    let voids = differences.is_ok_and(|all| all.iter().any(|one| !grows(one)));
    Seen {
        checks,
        drifted: if voids { drifted } else { Vec::new() },
        voids,
    }
}

fn differences(plan: &Plan, fresh: &[StepSpec]) -> Vec<Difference> {
    let mut all = drift::compare(&plan.steps, fresh, plan.removals_may_grow);
    if plan.kind == Kind::Restore {
        // What somebody has put back already is as the plan wants it.
        all.retain(|difference| difference.kind != DifferenceKind::Gone);
    }
    all
}

/// The lines in which a plan and what would be planned now differ. Containment is bound to person and moment and is left out.
fn drifted(plan: &Plan, fresh: &[StepSpec]) -> Vec<Drifted> {
    let same = |one: &Change, other: &Change| {
        one.object.id == other.object.id && one.property == other.property
    };
    let mut lines = Vec::new();
    for spec in plan.steps.iter().filter(|spec| !is_containment(spec)) {
        let twin = fresh.iter().find(|other| other.key == spec.key);
        for change in &spec.changes {
            let now = twin.and_then(|twin| twin.changes.iter().find(|one| same(one, change)));
            let fits = now.is_some_and(|now| now.now == change.now && now.after == change.after);
            if fits || (now.is_none() && plan.kind == Kind::Restore) {
                continue;
            }
            lines.push(Drifted {
                step: spec.key.clone(),
                summary: spec.summary.clone(),
                planned: Some(change.clone()),
                fresh: now.cloned(),
            });
        }
    }
    for spec in fresh.iter().filter(|spec| !is_containment(spec)) {
        let twin = plan.step(&spec.key);
        let had = |change: &Change| {
            twin.is_some_and(|twin| twin.changes.iter().any(|one| same(one, change)))
        };
        for change in spec.changes.iter().filter(|change| !had(change)) {
            lines.push(Drifted {
                step: spec.key.clone(),
                summary: spec.summary.clone(),
                planned: None,
                fresh: Some(change.clone()),
            });
        }
    }
    lines
}

#[cfg(test)]
mod tests;
