//! One run, carried: event, decision, commit, commands, and again. One decision at a time, however many calls are under way.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use domain::plan::StoredPlan;
use domain::{RunId, StepKey};
use tokio::task::{AbortHandle, JoinError, JoinSet};

use super::points::point;
use super::work::{Bench, Done};
use super::{Driver, Observer, Until, lease};
use crate::decide::{Decision, decide, park};
use crate::hands::{Class, Hands, Problem, Purpose};
use crate::journal::{Commit, Error, Pending};
use crate::state::{Command, Event, Phase, RunState};

/// How often events that others submitted are looked for.
const LOOK: Duration = Duration::from_millis(500);

struct Carry {
    driver: Driver,
    epoch: u64,
    observer: Arc<dyn Observer>,
    run: RunId,
    plan: Arc<StoredPlan>,
    state: Arc<RunState>,
    seq: u64,
    hands: Result<Arc<dyn Hands>, Problem>,
    tasks: JoinSet<Done>,
    /// The command that a task carries out.
    commands: HashMap<tokio::task::Id, Pending>,
    /// How to stop the task of a command.
    aborts: HashMap<u64, AbortHandle>,
    /// When a step was last answered or read, by the monotonic clock.
    marks: BTreeMap<StepKey, u64>,
    skew_told: bool,
}

/// Carries a run.
pub(super) async fn carry(
    driver: Driver,
    epoch: u64,
    run: RunId,
    until: Until,
    observer: Arc<dyn Observer>,
) -> Result<RunState, Error> {
    let loaded = driver.journal.load(&run).await?;
    if loaded
        .state
        .digest
        .as_ref()
        .is_some_and(|approved| *approved != loaded.plan.digest)
    {
        return Err(Error::Store(format!(
            "run {run} was approved for the plan with digest {}, and the stored plan has {}: somebody changed the store. Nothing more is done; keep the file as evidence",
            loaded
                .state
                .digest
                .as_ref()
                .map_or("", |digest| digest.short()),
            loaded.plan.digest.short()
        )));
    }
    let hands = driver.hands.for_tenant(&loaded.tenant);
    let fresh = loaded.seq == 0;
    let mut carry = Carry {
        driver,
        epoch,
        observer,
        run,
        plan: Arc::new(loaded.plan),
        state: Arc::new(loaded.state),
        seq: loaded.seq,
        hands,
        tasks: JoinSet::new(),
        commands: HashMap::new(),
        aborts: HashMap::new(),
        marks: BTreeMap::new(),
        skew_told: false,
    };
    carry.take_up(fresh).await?;
    carry.go_on(until).await?;
    Ok(carry.state.as_ref().clone())
}

impl Carry {
    /// Begins a run, or takes up one that another process, or this one, has left.
    async fn take_up(&mut self, fresh: bool) -> Result<(), Error> {
        if self.state.outcome().is_some() {
            // Nothing is left to do but looks that somebody asked for and that a process took with it.
            return self.happened(Event::Recovered, None, None).await;
        }
        self.park_unknown().await?;
        if self.state.started_ms.is_none() {
            // Somebody may have cancelled it, or taken an approval back, before it began.
            self.take_inbox().await?;
            if !matches!(self.state.phase, Phase::Scheduled { .. }) {
                return Ok(());
            }
        }
        if fresh {
            let event = Event::Started {
                apart: self.state.apart.clone(),
                approved_until_ms: self.state.approved_until_ms,
            };
            return self.happened(event, None, None).await;
        }
        point!("recovery");
        self.happened(Event::Recovered, None, None).await?;
        point!("recovery");
        Ok(())
    }

    /// Parks steps that this version of Tenure does not know.
    async fn park_unknown(&mut self) -> Result<(), Error> {
        let Ok(hands) = self.hands.clone() else {
            return Ok(());
        };
        let plan = Arc::clone(&self.plan);
        for spec in &plan.plan.steps {
            let settled = self
                .state
                .step(&spec.key)
                .is_none_or(|step| step.status.is_settled());
            if settled || hands.knows(&spec.step, spec.version) {
                continue;
            }
            let because = format!(
                "this version of Tenure does not know version {} of the step {}. Install a version that does, then retry the run; or make a new plan.",
                spec.version, spec.step
            );
            let event = Event::Parked {
                step: Some(spec.key.clone()),
                because,
            };
            self.happened(event, None, None).await?;
        }
        Ok(())
    }

    async fn go_on(&mut self, until: Until) -> Result<(), Error> {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // The first tick is at once: what waits in the inbox is taken up before anything else.
        look.tick().await;
        self.take_inbox().await?;
        while !self.is_over() && !self.far(until) {
            tokio::select! {
                Some(done) = self.tasks.join_next_with_id() => self.done(done).await?,
                _ = look.tick() => self.take_inbox().await?,
            }
        }
        Ok(())
    }

    /// Whether it has ended, and nobody waits for a look any more.
    fn is_over(&self) -> bool {
        self.state.outcome().is_some() && self.state.open.is_empty()
    }

    /// Whether nothing is in flight and the next thing is too far away to wait for it here.
    fn far(&self, until: Until) -> bool {
        let limit = match until {
            Until::Ended => return false,
            Until::Due(limit) => limit,
            Until::Ahead(ahead) => self.driver.clock.now_ms().saturating_add(ahead),
        };
        let waits =
            |open: &Pending| matches!(open.command, Command::Timer { due_ms } if due_ms > limit);
        self.state.open.iter().all(waits)
    }

    async fn take_inbox(&mut self) -> Result<(), Error> {
        for (number, event) in self.driver.journal.inbox(&self.run).await? {
            self.happened(event, None, Some(number)).await?;
        }
        Ok(())
    }

    /// A command was carried out, or our own code failed on it.
    async fn done(
        &mut self,
        done: Result<(tokio::task::Id, Done), JoinError>,
    ) -> Result<(), Error> {
        let id = match &done {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let Some(pending) = self.commands.remove(&id) else {
            return Ok(());
        };
        self.aborts.remove(&pending.id);
        match done {
            Ok((_, done)) => self.worked(pending, done).await,
            Err(error) if error.is_panic() && self.is_open(pending.id) => {
                let because = said(error.into_panic().as_ref());
                let event = broken(&pending.command, &because);
                self.happened(event, Some(pending.id), None).await
            }
            // It was withdrawn.
            Err(_) => Ok(()),
        }
    }

    async fn worked(&mut self, pending: Pending, done: Done) -> Result<(), Error> {
        if !self.is_open(pending.id) {
            return Ok(());
        }
        let mut event = done.event;
        match &mut event {
            Event::Observed {
                step,
                purpose,
                spent_ms,
                ..
            } if *purpose != Purpose::Probe => {
                let since = self.marks.insert(step.clone(), done.ended_ms);
                *spent_ms = done.ended_ms.saturating_sub(since.unwrap_or(done.began_ms));
            }
            Event::Applied { step, .. } => {
                self.marks.insert(step.clone(), done.ended_ms);
                point!("reply-before-commit");
            }
            Event::Due => {
                point!("timer");
            }
            _ => {}
        }
        self.happened(event, Some(pending.id), None).await?;
        if let Some(seconds) = done.skew
            && !std::mem::replace(&mut self.skew_told, true)
        {
            let event = Event::ClockSkew { seconds };
            self.happened(event, None, None).await?;
        }
        Ok(())
    }

    fn is_open(&self, id: u64) -> bool {
        self.state.open.iter().any(|open| open.id == id)
    }

    /// Decides, persists, and only then acts.
    async fn happened(
        &mut self,
        event: Event,
        settles: Option<u64>,
        inbox: Option<u64>,
    ) -> Result<(), Error> {
        let now_ms = self.now_ms(settles);
        let (event, decision) = self.decide(event, now_ms);
        // Parking withdraws even what has just come back.
        let settles = settles.filter(|id| !decision.withdrawn.contains(id));
        if decision.is_nothing(&self.state) && inbox.is_none() {
            return Ok(());
        }
        #[cfg(feature = "crash-points")]
        let early = crate::crash::planted(crate::crash::Plant::SendBeforeCommit);
        #[cfg(feature = "crash-points")]
        if early {
            self.state = Arc::new(decision.state.clone());
            self.send(&event, &decision);
            // Long enough for the bytes to be out, or the harness would find nothing to catch. It strikes the first commits, on a
            // machine that carries many runs besides.
            let ms = if self.seq < 5 { 2_000 } else { 300 };
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        point!("before-commit");
        let commit = Commit {
            run: &self.run,
            expected_seq: self.seq,
            epoch: self.epoch,
            event: &event,
            now_ms,
            settles,
            inbox,
            state: &decision.state,
            commands: &decision.commands,
            withdrawn: &decision.withdrawn,
            leaves: &decision.leaves,
        };
        self.driver.journal.commit(commit).await?;
        point!("after-commit");
        self.seq += 1;
        self.state = Arc::new(decision.state.clone());
        self.observer
            .committed(&self.plan.plan, &self.state, &event);
        #[cfg(feature = "crash-points")]
        if early {
            return Ok(());
        }
        self.send(&event, &decision);
        if self.state.outcome().is_some() {
            lease::sign(&self.driver).await;
        }
        Ok(())
    }

    /// The moment of an event. A timer was due when it rang, even if the clock was set back since.
    fn now_ms(&self, settles: Option<u64>) -> i64 {
        let rang = self
            .state
            .open
            .iter()
            .filter_map(|open| match open.command {
                Command::Timer { due_ms } if Some(open.id) == settles => Some(due_ms),
                _ => None,
            });
        rang.fold(self.driver.clock.now_ms(), i64::max)
    }

    fn decide(&self, event: Event, now_ms: i64) -> (Event, Decision) {
        let plan = &self.plan.plan;
        let decided = catch_unwind(AssertUnwindSafe(|| {
            decide(plan, &self.state, &event, now_ms)
        }));
        match decided {
            Ok(decision) => (event, decision),
            Err(panic) => {
                let because = said(panic.as_ref());
                tracing::error!(run = %self.run, %because, "a run could not be decided on and is parked");
                let text = format!(
                    "The run was parked, because Tenure contradicted itself ({because}). Look at what was in flight by hand, report this, then retry the run."
                );
                park(plan, &self.state, &text, now_ms)
            }
        }
    }

    /// Hands the commands of a committed decision out.
    fn send(&mut self, event: &Event, decision: &Decision) {
        for id in &decision.withdrawn {
            if let Some(task) = self.aborts.remove(id) {
                task.abort();
            }
        }
        for pending in &decision.commands {
            #[cfg(feature = "crash-points")]
            if matches!(pending.command, Command::Timer { .. })
                && matches!(event, Event::Recovered)
                && crate::crash::planted(crate::crash::Plant::LostTimer)
            {
                continue;
            }
            let bench = Bench {
                hands: self.hands.clone(),
                clock: Arc::clone(&self.driver.clock),
                plan: Arc::clone(&self.plan),
                state: Arc::clone(&self.state),
            };
            let task = self.tasks.spawn(bench.work(pending.command.clone()));
            self.commands.insert(task.id(), pending.clone());
            self.aborts.insert(pending.id, task);
        }
        tracing::debug!(run = %self.run, seq = self.seq, ?event, commands = decision.commands.len(), "committed");
    }
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "no reason was given".to_owned())
}

/// What follows when our own code failed on a command.
fn broken(command: &Command, because: &str) -> Event {
    let text = format!(
        "Tenure itself failed on this ({because}). Look at the object by hand, report this, then retry the run."
    );
    match command {
        Command::Observe {
            step,
            purpose: Purpose::Look,
        } => Event::Observed {
            step: step.clone(),
            purpose: Purpose::Look,
            seen: Err(Problem {
                class: Class::Invalid,
                message: text,
                request_id: None,
            }),
            spent_ms: 0,
        },
        Command::Observe { step, .. } | Command::Apply { step, .. } => Event::Parked {
            step: Some(step.clone()),
            because: text,
        },
        Command::ReadDrift => Event::DriftRead {
            differences: Err(Problem {
                class: Class::Invalid,
                message: text,
                request_id: None,
            }),
        },
        Command::Timer { .. } => Event::Due,
    }
}
