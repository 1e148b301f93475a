//! The engine's hands in one tenant: every step of the list, over one connection.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use connectors::{Connection, Ctx, Purpose as CallPurpose};
use domain::facts::{AccountKind, Facts, MailboxFacts};
use domain::plan::Plan;
use domain::planner::Proposal;
use domain::policy::Policy;
use domain::protect;
use domain::request::Request;
use domain::spec::{Effect, StepSpec};
use engine::hands::{Applied, Class, Hands, Problem, Purpose, Seen, Task};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::cx::Cx;
use crate::step::Step;
use crate::taking_back::hold_against;
use crate::vault::Vault;
use crate::wish::Switches;
use crate::{create_user, find, propose, proposed};

/// How long a first read waits for writes of its run that are still on their way, so that all are read back together.
const GATHER: Duration = Duration::from_secs(15);

/// What a plan was made from, read afresh.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The request that the plan answers.
    pub request: Request,
    /// The policy that the plan was made under.
    pub policy: Policy,
    /// The steps that were on, as they were resolved for the plan.
    pub switches: Switches,
    /// The live tenant, read now.
    pub facts: Facts,
    /// What a reverse plan takes back, where it is one: nothing is proposed from the facts then.
    pub reverse: Option<Proposal>,
}

/// Gives what a plan was made from, with the tenant read again.
#[async_trait]
pub trait Source: Send + Sync {
    /// Reads for this run of this plan.
    ///
    /// # Errors
    /// When something could not be read.
    async fn read(&self, run: &str, plan: &Plan) -> Result<Ground, Problem>;
}

/// Fills with bytes that nobody can guess.
pub type Random = dyn Fn(&mut [u8]) + Send + Sync;
/// The wall clock.
pub type Now = dyn Fn() -> Timestamp + Send + Sync;

/// The engine's hands in one tenant.
pub struct TenantHands {
    connection: Connection,
    source: Arc<dyn Source>,
    now: Arc<Now>,
    random: Arc<Random>,
    vault: Arc<dyn Vault>,
    writing: Mutex<HashMap<String, watch::Sender<usize>>>,
}

impl fmt::Debug for TenantHands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TenantHands")
    }
}

impl TenantHands {
    /// Hands over this connection; clones of the connection share its budgets.
    #[must_use]
    pub fn new(
        connection: Connection,
        source: Arc<dyn Source>,
        now: Arc<Now>,
        random: Arc<Random>,
        vault: Arc<dyn Vault>,
    ) -> Self {
        Self {
            connection,
            source,
            now,
            random,
            vault,
            writing: Mutex::default(),
        }
    }

    fn cx(&self, run: &str, purpose: CallPurpose) -> Cx<'_> {
        Cx {
            connection: &self.connection,
            ctx: Ctx::of_run(run, purpose),
            now: (self.now)(),
            random: &*self.random,
            vault: &*self.vault,
        }
    }

    /// Counts a write of this run as on its way until the guard is dropped.
    fn begin(&self, run: &str) -> Writing<'_> {
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        writing
            .entry(run.to_owned())
            .or_insert_with(|| watch::Sender::new(0))
            .send_modify(|count| *count += 1);
        Writing {
            hands: self,
            run: run.to_owned(),
        }
    }

    fn end(&self, run: &str) {
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(count) = writing.get(run) else {
            return;
        };
        count.send_modify(|count| *count = count.saturating_sub(1));
        if *count.borrow() == 0 {
            writing.remove(run);
        }
    }

    /// Waits, but not for long, until no write of this run is on its way.
    async fn quiet(&self, run: &str) {
        let counting = {
            let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
            writing.get(run).map(watch::Sender::subscribe)
        };
        if let Some(mut counting) = counting {
            // Whatever ends the wait, the read is made: waiting only saves requests.
            let _ = timeout(GATHER, counting.wait_for(|count| *count == 0)).await;
        }
    }
}

/// A write on its way.
struct Writing<'a> {
    hands: &'a TenantHands,
    run: String,
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.hands.end(&self.run);
    }
}

fn step_of(task: &Task<'_>) -> Result<&'static dyn Step, Problem> {
    let known = find(&task.spec.step).filter(|step| step.about().version == task.spec.version);
    known.ok_or_else(|| Problem {
        class: Class::Invalid,
        message: format!(
            "This version of Tenure has no step {} of version {}. Use the version that made the plan, or make a new plan.",
            task.spec.step, task.spec.version
        ),
        request_id: None,
    })
}

/// A shared mailbox that the plan gives rights on and that cannot be read now, and why. It would look as if nothing were left to do.
fn unread<'f>(plan: &Plan, facts: &'f Facts) -> Option<(&'f str, &'f str)> {
    let given = |written: &str| {
        let mut changes = plan.steps.iter().flat_map(|spec| &spec.changes);
        changes.any(|change| change.object.name.eq_ignore_ascii_case(written))
    };
    let mut mailboxes = facts.joiner.iter().flat_map(|joiner| &joiner.mailboxes);
    mailboxes.find_map(|named| {
        let because = named.unread.as_deref()?;
        given(named.written.trim()).then_some((named.written.as_str(), because))
    })
}

/// Whether the person's account comes about by this very plan.
fn creates(plan: &Plan) -> bool {
    let mut steps = plan.steps.iter();
    steps.any(|spec| spec.has(|effect| *effect == Effect::CreatesPerson))
}

/// Takes out of the facts what this very run has brought about, so that a retry is judged by what others have changed.
fn forget_own_work(plan: &Plan, facts: &mut Facts) {
    let does = |effect: &Effect| plan.steps.iter().any(|spec| spec.effects.contains(effect));
    if does(&Effect::ConvertsMailbox) && facts.person.kind == AccountKind::SharedMailbox {
        // Else the person would be taken for somebody protected.
        facts.person.kind = AccountKind::Human;
    }
    if facts
        .person
        .upn
        .eq_ignore_ascii_case(plan.person.id.as_str())
    {
        // The account was created by the run, and the plan knows the person by the sign-in name alone.
        facts.person.id = plan.person.id.clone();
    }
    if does(&Effect::AwaitsMailbox) && matches!(facts.mailbox, MailboxFacts::Cloud(_)) {
        // It is the one that the run waits for.
        facts.mailbox = MailboxFacts::None;
    }
    let registered = plan
        .steps
        .iter()
        .filter(|spec| spec.has(|effect| *effect == Effect::RegistersMethod));
    for change in registered.flat_map(|spec| &spec.changes) {
        facts.methods.retain(|method| method.id != change.object.id);
    }
}

#[async_trait]
impl Hands for TenantHands {
    fn knows(&self, step: &str, version: u32) -> bool {
        find(step).is_some_and(|step| step.about().version == version)
    }

    async fn observe(&self, task: Task<'_>, purpose: Purpose) -> Result<Vec<Seen>, Problem> {
        let step = step_of(&task)?;
        if purpose == Purpose::Verify {
            self.quiet(task.run).await;
        }
        let purpose = match purpose {
            Purpose::Probe => CallPurpose::Apply,
            Purpose::Verify => CallPurpose::Verify,
            Purpose::Poll | Purpose::Look => CallPurpose::Poll,
        };
        step.observe(&self.cx(task.run, purpose), &task).await
    }

    async fn apply(&self, task: Task<'_>, todo: &[usize]) -> Applied {
        let step = match step_of(&task) {
            Ok(step) => step,
            Err(problem) => {
                return Applied {
                    problems: todo.iter().map(|&index| (index, problem.clone())).collect(),
                    ..Applied::default()
                };
            }
        };
        let _writing = self.begin(task.run);
        step.apply(&self.cx(task.run, CallPurpose::Apply), &task, todo)
            .await
    }

    /// What the steps would propose now; and who is protected is asked again before the first write.
    async fn propose_again(&self, run: &str, plan: &Plan) -> Result<Vec<StepSpec>, Problem> {
        let Ground {
            request,
            policy,
            switches,
            mut facts,
            reverse,
        } = self.source.read(run, plan).await?;
        if let MailboxFacts::Unread { because } = &facts.mailbox {
            // Otherwise it would look as if the mailbox's steps had nothing left to do.
            return Err(Problem {
                class: Class::Denied,
                message: format!(
                    "The mailbox of {} cannot be read any more: {because}",
                    plan.upn
                ),
                request_id: None,
            });
        }
        if let Some((mailbox, because)) = unread(plan, &facts) {
            return Err(Problem {
                class: Class::Denied,
                message: format!("The mailbox {mailbox} cannot be read any more: {because}"),
                request_id: None,
            });
        }
        forget_own_work(plan, &mut facts);
        let proposal = match reverse {
            Some(reverse) => hold_against(self, run, plan, reverse).await?,
            None if creates(plan) => {
                let mut fresh = proposed(&request, &policy, &facts, &switches);
                create_user::hold_on(plan, &facts, &mut fresh.specs);
                fresh
            }
            None => propose(&request, &policy, &facts, &switches),
        };
        let protected = protect::refusals(&request, &policy, &facts, &proposal.specs);
        let refusals: Vec<String> = proposal
            .refusals
            .iter()
            .chain(&protected)
            .map(|refusal| refusal.text.clone())
            .collect();
        if refusals.is_empty() {
            return Ok(proposal.specs);
        }
        Err(Problem {
            class: Class::Invalid,
            message: format!(
                "The plan could not be made today: {}. Make a new plan once that is settled.",
                refusals.join("; ")
            ),
            request_id: None,
        })
    }
}
