//! Who is protected, asked again before the first write: the policy may have changed since the plan was made.
//!
//! DESIGN.md section 9. A plan is bound to the policy that it was made under; protection is not: it follows the policy in force.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::plan::Plan;
use domain::policy::Policy;
use domain::protect::{self, listed};
use domain::spec::StepSpec;
use engine::hands::{Applied, Class, Hands, Problem as StepProblem, Purpose, Seen, Task};
use jiff::{SignedDuration, Timestamp};

use crate::clock;
use crate::planning;
use crate::problem::{Exit, Problem};
use crate::wiring::Wiring;

/// Whether the policy in force lets this plan be carried out.
///
/// # Errors
/// Every reason against it, and what to do.
pub(crate) async fn may_begin(wiring: &Wiring, plan: &Plan) -> Result<(), Problem> {
    let (_, policy) = planning::policy(wiring, &plan.tenant).await?;
    let reasons = against(&policy, plan);
    if reasons.is_empty() {
        return Ok(());
    }
    Err(Problem {
        code: "protected".to_owned(),
        what: reasons
            .into_iter()
            .map(|reason| format!("{} of {}: {reason}", plan.upn, plan.tenant))
            .collect(),
        hint: Some("correct the policy if that is a mistake, and apply it".to_owned()),
        exit: Exit::Refused,
    })
}

/// Everything that a policy says against carrying out this plan; nothing where it may be.
pub(crate) fn against(policy: &Policy, plan: &Plan) -> Vec<String> {
    let mut reasons = person(policy, plan);
    reasons.extend(plan.steps.iter().filter_map(|spec| step(policy, spec)));
    reasons.dedup();
    reasons
}

/// What the policy in force says against touching the plan's person.
fn person(policy: &Policy, plan: &Plan) -> Vec<String> {
    let protected = &policy.protected;
    let upn = &plan.upn;
    let mut reasons = Vec::new();
    if !protected.break_glass_confirmed {
        reasons.push(format!(
            "the emergency accounts of {} are not confirmed: list them under [protected] break-glass, and set break-glass-confirmed = true",
            plan.tenant
        ));
    }
    if listed(&protected.break_glass, upn) {
        reasons.push("is listed as an emergency account since, and is never touched".to_owned());
    }
    if listed(&protected.service_accounts, upn) {
        reasons.push("is listed as a service account since, and is never touched".to_owned());
    }
    if policy.pilot.on && !listed(&policy.pilot.persons, upn) {
        reasons.push(
            "the tenant is in pilot mode, and this is not one of its test persons".to_owned(),
        );
    }
    reasons
}

/// What the policy in force says against a step.
fn step(policy: &Policy, spec: &StepSpec) -> Option<String> {
    let allowed = policy.steps.allowed.as_ref()?;
    (!allowed.contains(&spec.step)).then(|| {
        format!(
            "{} is not on the tenant's list of allowed steps any more",
            spec.step
        )
    })
}

/// How long a refusal stands without a new look: replicas lag, and the next one may know less.
const STANDS: SignedDuration = SignedDuration::from_secs(10);

/// What looking at a run's person said, by run.
type Looked = HashMap<String, (Timestamp, Vec<String>)>;

/// Hands that ask before they write.
pub(crate) struct Guarded {
    hands: Arc<dyn Hands>,
    wiring: Arc<Wiring>,
    /// Runs whose person was looked at: when, and what spoke against touching him.
    looked: Mutex<Looked>,
}

impl Guarded {
    /// These hands, guarded by the policies kept there.
    pub(crate) fn new(hands: Arc<dyn Hands>, wiring: Arc<Wiring>) -> Self {
        Self {
            hands,
            wiring,
            looked: Mutex::default(),
        }
    }

    fn looked(&self) -> MutexGuard<'_, Looked> {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why this step must not be written, if so.
    async fn against(&self, task: &Task<'_>) -> Result<(), StepProblem> {
        let (_, policy) = planning::policy(&self.wiring, &task.plan.tenant)
            .await
            .map_err(|problem| of_problem(&problem))?;
        let mut reasons = person(&policy, task.plan);
        reasons.extend(step(&policy, task.spec));
        if reasons.is_empty() && task.plan.approval.because.is_some() {
            reasons = self.look(&policy, task).await?;
        }
        if reasons.is_empty() {
            return Ok(());
        }
        Err(StepProblem {
            class: Class::Denied,
            message: format!(
                "Nothing was done: {}. Correct the policy if that is a mistake, then retry the run.",
                reasons.join("; ")
            ),
            request_id: None,
        })
    }
}

impl Guarded {
    /// Reads the tenant again for somebody who holds roles: by now he may be one of the last who do. Nobody else is worth the
    /// reads before access is closed.
    async fn look(&self, policy: &Policy, task: &Task<'_>) -> Result<Vec<String>, StepProblem> {
        let now = clock::now();
        if let Some((at, reasons)) = self.looked().get(task.run)
            && (reasons.is_empty() || now.duration_since(*at) < STANDS)
        {
            return Ok(reasons.clone());
        }
        let ground = planning::ground(&self.wiring, task.run, task.plan)
            .await
            .map_err(|problem| of_problem(&problem))?;
        let refusals = protect::refusals(&ground.request, policy, &ground.facts, &task.plan.steps);
        let reasons: Vec<String> = refusals.into_iter().map(|refusal| refusal.text).collect();
        self.looked()
            .insert(task.run.to_owned(), (now, reasons.clone()));
        Ok(reasons)
    }
}

/// A problem of ours, met before any call was made or while something was read: reads do no harm, so they may be tried again.
pub(crate) fn of_problem(problem: &Problem) -> StepProblem {
    let class = match problem.exit {
        Exit::Refused => Class::Invalid,
        _ => Class::RetryAfter { after_ms: None },
    };
    StepProblem {
        class,
        message: problem.sentence(),
        request_id: None,
    }
}

#[async_trait]
impl Hands for Guarded {
    fn knows(&self, step: &str, version: u32) -> bool {
        self.hands.knows(step, version)
    }

    async fn observe(&self, task: Task<'_>, purpose: Purpose) -> Result<Vec<Seen>, StepProblem> {
        self.hands.observe(task, purpose).await
    }

    async fn apply(&self, task: Task<'_>, todo: &[usize]) -> Applied {
        match self.against(&task).await {
            Ok(()) => self.hands.apply(task, todo).await,
            Err(problem) => Applied {
                problems: todo.iter().map(|at| (*at, problem.clone())).collect(),
                ..Applied::default()
            },
        }
    }

    async fn propose_again(&self, run: &str, plan: &Plan) -> Result<Vec<StepSpec>, StepProblem> {
        self.hands.propose_again(run, plan).await
    }
}
