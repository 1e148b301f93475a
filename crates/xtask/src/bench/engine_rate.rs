//! How many durable step transitions the engine makes in a second: the real driver on a real store, with hands that do nothing.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use domain::plan::{Approval, Plan, StoredPlan};
use domain::spec::{ObjectRef, StepSpec};
use domain::{ObjectId, PlanId, RequestId, RunId, StepKey, TenantId};
use engine::hands::{Applied, Call, Hands, Problem, Purpose, Seen, Task};
use engine::state::{Event, Outcome, RunState, Status};
use engine::{Clock, Driver, HandsFor, Observer};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use store::{Key, NewRun, Store, TenantScope};
use tokio::sync::Notify;

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Rate {
    /// Runs carried, each of the reference leaver's plan.
    runs: usize,
    /// Steps in each.
    steps: usize,
    /// Decisions, each a transaction that was on disk before anything followed it.
    commits: usize,
    /// Times that a step went from one status to another.
    transitions: usize,
    /// Time for all of it, in seconds.
    seconds: f64,
}

impl Rate {
    /// What to print.
    pub(super) fn lines(&self) -> Vec<String> {
        vec![format!(
            "{:.0} step transitions and {:.0} commits per second: {} runs of {} steps, {} at a time, on SQLite with synchronous=FULL",
            self.transitions as f64 / self.seconds,
            self.commits as f64 / self.seconds,
            self.runs,
            self.steps,
            RUNS_AT_A_TIME,
        )]
    }
}

const RUNS_AT_A_TIME: usize = 8;

/// Measures on a folder with a store and an approved plan that has no run.
///
/// # Errors
/// When the store refuses something or a run does not complete.
pub(super) fn measure(folder: &Path, plan: &str, runs: usize) -> anyhow::Result<Rate> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(carried(folder, plan, runs))
}

async fn carried(folder: &Path, plan: &str, runs: usize) -> anyhow::Result<Rate> {
    let key = Key::from_bytes(&std::fs::read(folder.join("tenure.key"))?)?;
    let store = Store::open(&folder.join("tenure.db"), key).await?;
    let base = store
        .plan(&TenantScope::provider(), &PlanId::from(plan))
        .await?;
    for n in 0..runs {
        begin(&store, &base, n).await?;
    }
    let counter = Arc::new(Counter::new(runs));
    let mut driver = Driver::new(
        Arc::new(store),
        Arc::new(Idle),
        Arc::new(Since(base.made_at, Instant::now())),
        "bench",
    );
    driver.runs_per_tenant = RUNS_AT_A_TIME;
    let begun = Instant::now();
    let ended = Arc::clone(&counter);
    let observer: Arc<dyn Observer> = Arc::<Counter>::clone(&counter);
    driver
        .serve(observer, async move { ended.all_ended.notified().await })
        .await?;
    let seconds = begun.elapsed().as_secs_f64();
    let tally = counter.tally.lock().unwrap_or_else(PoisonError::into_inner);
    ensure!(
        tally.completed == runs,
        "{} of {runs} runs completed: {}",
        tally.completed,
        tally.trouble.join("; ")
    );
    Ok(Rate {
        runs,
        steps: base.plan.steps.len(),
        commits: tally.commits,
        transitions: tally.transitions,
        seconds,
    })
}

/// A run of the same plan for another person, approved and begun.
async fn begin(store: &Store, base: &StoredPlan, n: usize) -> anyhow::Result<()> {
    let all = TenantScope::provider();
    let mut request = store.request(&all, &base.plan.request).await?;
    request.id = RequestId::new(format!("bench-{n}"));
    let person = &base.plan.person;
    let plan = Plan {
        request: request.id.clone(),
        person: ObjectRef::new(
            person.kind,
            &ObjectId::new(format!("{}-{n}", person.id)),
            &person.name,
        ),
        upn: format!("{n}.{}", base.plan.upn),
        ..base.plan.clone()
    };
    let made = StoredPlan::seal(
        PlanId::new(format!("p-bench{n}")),
        plan,
        base.made_at,
        base.read_at,
    );
    store.add_request(&all, &request, base.made_at).await?;
    store.add_plan(&all, &made).await?;
    let approval = Approval {
        plan: made.id.clone(),
        digest: made.digest.clone(),
        by: "approver@provider.example".to_owned(),
        at: base.made_at,
        through: None,
        apart: made
            .plan
            .steps
            .iter()
            .map(|spec| spec.key.clone())
            .collect(),
    };
    store.approve(&all, &approval).await?;
    let new = NewRun {
        run: RunId::new(format!("run-bench{n}")),
        plan: made.id.clone(),
        at: base.made_at,
    };
    store
        .begin_run(&all, &new)
        .await
        .with_context(|| format!("run {n} cannot be begun"))?;
    Ok(())
}

/// The time of the plan and what has passed since.
struct Since(Timestamp, Instant);

impl Clock for Since {
    fn now_ms(&self) -> i64 {
        self.0.as_millisecond() + i64::try_from(self.monotonic_ms()).unwrap_or(i64::MAX)
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.1.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

struct Idle;

impl HandsFor for Idle {
    fn for_tenant(&self, _: &TenantId) -> Result<Arc<dyn Hands>, Problem> {
        Ok(Arc::new(Nothing::default()))
    }
}

/// Hands that do nothing and remember that they did it.
#[derive(Default)]
struct Nothing {
    done: Mutex<HashSet<String>>,
}

#[async_trait]
impl Hands for Nothing {
    fn knows(&self, _: &str, _: u32) -> bool {
        true
    }

    async fn observe(&self, task: Task<'_>, _: Purpose) -> Result<Vec<Seen>, Problem> {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let value = Value::Null;
        let seen = if done.contains(task.operation) {
            Seen::Done { value }
        } else {
            Seen::Todo { value }
        };
        Ok(vec![seen; task.spec.changes.len()])
    }

    async fn apply(&self, task: Task<'_>, todo: &[usize]) -> Applied {
        self.done
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(task.operation.to_owned());
        let call = |change: &usize| Call {
            change: *change,
            client_request_id: task.operation.to_owned(),
            request_id: None,
            status: 204,
            vendor_time: None,
        };
        Applied {
            calls: todo.iter().map(call).collect(),
            ..Applied::default()
        }
    }

    async fn propose_again(&self, _: &str, plan: &Plan) -> Result<Vec<StepSpec>, Problem> {
        Ok(plan.steps.clone())
    }
}

/// Counts what is committed.
struct Counter {
    tally: Mutex<Tally>,
    runs: usize,
    all_ended: Notify,
}

#[derive(Default)]
struct Tally {
    commits: usize,
    transitions: usize,
    ended: usize,
    completed: usize,
    trouble: Vec<String>,
    stood: BTreeMap<RunId, BTreeMap<StepKey, Status>>,
}

impl Counter {
    fn new(runs: usize) -> Self {
        Self {
            tally: Mutex::default(),
            runs,
            all_ended: Notify::new(),
        }
    }
}

impl Observer for Counter {
    fn committed(&self, _: &Plan, state: &RunState, _: &Event) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.commits += 1;
        let stood = tally.stood.entry(state.run.clone()).or_default();
        let mut moved = 0;
        for (key, step) in &state.steps {
            let before = stood.insert(key.clone(), step.status.clone());
            moved += usize::from(before.unwrap_or(Status::Waiting) != step.status);
        }
        tally.transitions += moved;
        let Some(outcome) = state.outcome() else {
            return;
        };
        tally.ended += 1;
        tally.completed += usize::from(outcome == Outcome::Completed);
        for finding in state.findings.iter().filter(|found| found.closed.is_none()) {
            tally.trouble.push(finding.text.clone());
        }
        if tally.ended >= self.runs {
            self.all_ended.notify_one();
        }
    }
}
