//! Whole runs by the real engine in the unkind sandbox: throttled, lagging, converting slowly.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use connectors::Purpose;
use domain::plan::StoredPlan;
use domain::{PlanId, RunId, TenantId};
use engine::hands::{Hands, Problem};
use engine::journal::{Commit, Error, Journal, Loaded, Pending};
use engine::state::{Event, Outcome, RunState};
use engine::{Clock, Driver, HandsFor, Silent, Until};
use sim::world::RecipientKind;
use sim::{Effect, Faults, Rule, Sandbox};
use tokio::time::Instant;

use crate::lab::{Bench, Lab};
use crate::leavers::{LARGE, LARGE_BY_GROUP, Leaver, MARIA, NORA, START};

/// Memory that lasts as long as the test.
struct Memory {
    plan: StoredPlan,
    kept: Mutex<(RunState, u64, Vec<Pending>)>,
    inbox: Inbox,
}

#[async_trait]
impl Journal for Memory {
    async fn lease(&self, _: &str, _: i64, _: i64) -> Result<u64, Error> {
        Ok(1)
    }

    async fn load(&self, run: &RunId) -> Result<Loaded, Error> {
        let (state, seq, pending) = self.kept.lock().unwrap().clone();
        Ok(Loaded {
            run: run.clone(),
            tenant: TenantId::new("tenant"),
            plan: self.plan.clone(),
            state,
            seq,
            pending,
        })
    }

    async fn commit(&self, commit: Commit<'_>) -> Result<(), Error> {
        let mut kept = self.kept.lock().unwrap();
        let (state, seq, pending) = &mut *kept;
        assert_eq!(*seq, commit.expected_seq);
        *seq += 1;
        state.clone_from(commit.state);
        pending
            .retain(|open| Some(open.id) != commit.settles && !commit.withdrawn.contains(&open.id));
        pending.extend(commit.commands.iter().cloned());
        let mut inbox = self.inbox.lock().unwrap();
        inbox.retain(|(number, _)| Some(*number) != commit.inbox);
        Ok(())
    }

    async fn inbox(&self, _: &RunId) -> Result<Vec<(u64, Event)>, Error> {
        Ok(self.inbox.lock().unwrap().clone())
    }

    async fn open_runs(&self) -> Result<Vec<(RunId, Option<i64>)>, Error> {
        Ok(Vec::new())
    }

    async fn sign_heads(&self, _: i64) -> Result<(), Error> {
        Ok(())
    }
}

struct Same(Arc<dyn Hands>);

impl HandsFor for Same {
    fn for_tenant(&self, _: &TenantId) -> Result<Arc<dyn Hands>, Problem> {
        Ok(Arc::clone(&self.0))
    }
}

struct VendorClock(Sandbox, Instant);

impl Clock for VendorClock {
    fn now_ms(&self) -> i64 {
        self.0.now().as_millisecond()
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.1.elapsed().as_millis()).unwrap()
    }
}

async fn run(leaver: Leaver, seed: u64) -> (Lab, RunState) {
    among(leaver, seed, Faults::default()).await
}

async fn among(leaver: Leaver, seed: u64, faults: Faults) -> (Lab, RunState) {
    let bench = Bench::of(leaver).await;
    let lab = bench.lab_with(faults, seed);
    let state = drive(&bench, &lab, &Inbox::default()).await;
    (lab, state)
}

/// What people say to a run while it goes on.
pub(crate) type Inbox = Arc<Mutex<Vec<(u64, Event)>>>;

/// Runs the plan in this sandbox to its end.
pub(crate) async fn drive(bench: &Bench, lab: &Lab, inbox: &Inbox) -> RunState {
    let now = jiff::Timestamp::from_second(START).unwrap();
    let id = RunId::new("run");
    let state = RunState::new(id.clone(), &bench.plan, Vec::new(), i64::MAX);
    let plan = StoredPlan::seal(PlanId::new("p1"), bench.plan.clone(), now, now);
    let journal = Arc::new(Memory {
        plan,
        kept: Mutex::new((state, 0, Vec::new())),
        inbox: Arc::clone(inbox),
    });
    let hands = Arc::new(Same(lab.hands.clone()));
    let driver = Driver::new(
        journal,
        hands,
        Arc::new(VendorClock(lab.sandbox.clone(), Instant::now())),
        "test",
    );
    driver
        .drive(&id, Until::Ended, Arc::new(Silent))
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn leavers_are_closed_in_the_unkind_cloud() {
    for (leaver, seed) in [
        (NORA, 1),
        (NORA, 2),
        (MARIA, 3),
        (LARGE, 4),
        (LARGE_BY_GROUP, 5),
    ] {
        let (lab, state) = run(leaver, seed).await;
        let findings: Vec<_> = state.open_findings().collect();
        let name = format!("{} with seed {seed}", leaver.upn());
        assert_eq!(
            (state.outcome(), findings),
            (Some(Outcome::Completed), Vec::new()),
            "{name}"
        );
        let world = lab.sandbox.world();
        let tenant = &world.tenants[leaver.tenant];
        assert!(!tenant.users[&leaver.id()].account_enabled, "{name}");
        assert_eq!(
            tenant.mailboxes[&leaver.id()].kind,
            RecipientKind::SharedMailbox,
            "{name}"
        );
        assert_eq!(tenant.mailboxes[&leaver.id()].lost_at, None, "{name}");
        let sent = lab.connection.meter.counts_of_run("run");
        // Repeated reads while the vendor converges are counted apart.
        let requests = sent
            .of(&[Purpose::Drift, Purpose::Apply, Purpose::Verify])
            .requests();
        assert!(requests <= 30, "{name} took {requests} requests: {sent:?}");
    }
}

/// What a lagging replica shows, an answer that was lost, and a server that gave up, all at once.
#[tokio::test(start_paused = true)]
async fn a_leaver_is_closed_among_faults() {
    let rule = |effect: Effect, probability: f64| Rule {
        probability,
        ..Rule::always(effect)
    };
    let rules = vec![
        rule(Effect::LoseReply, 0.02),
        rule(Effect::LoseRequest, 0.01),
        rule(Effect::FailAfter { status: 504 }, 0.01),
        rule(
            Effect::FailBefore {
                status: 503,
                retry_after_s: Some(2.0),
            },
            0.01,
        ),
    ];
    for seed in 0..3 {
        let (lab, state) = among(
            NORA,
            seed,
            Faults {
                rules: rules.clone(),
                token_dies_after_s: Some(25),
                ..Faults::default()
            },
        )
        .await;
        let findings: Vec<_> = state.open_findings().collect();
        assert_eq!(
            (state.outcome(), findings),
            (Some(Outcome::Completed), Vec::new()),
            "seed {seed}"
        );
        let mails = &lab.sandbox.world().tenants[NORA.tenant].messages;
        assert_eq!(
            mails.len(),
            1,
            "seed {seed}: one notice, sent once: {mails:?}"
        );
    }
}
