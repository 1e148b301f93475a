//! A store in a temporary file, an approved plan in it, hands over a small world, and a clock that never makes anybody wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use domain::plan::{Approval, ApprovalNeed, FORMAT, Plan, StoredPlan};
use domain::request::{Kind, Origin, PersonHint, Request};
use domain::spec::{
    Budget, Change, Edge, Effect, Expect, ObjectKind, ObjectRef, Reversal, StepSpec,
};
use domain::{ObjectId, PlanId, RequestId, RunId, StepKey, TenantId};
use engine::hands::{Applied, Call, Class, Hands, Problem, Purpose, Seen, Task};
use engine::journal::{Commit, Error, Journal, Loaded};
use engine::state::{Command, Event, RunState};
use engine::{Clock, Driver, HandsFor, Observer};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{Credential, Key, NewRun, NewTenant, Secret, Store, TenantScope};
use tempfile::TempDir;
use tokio::sync::Notify;

pub(crate) const START_MS: i64 = 1_795_201_200_000;

fn start() -> Timestamp {
    Timestamp::from_millisecond(START_MS).unwrap()
}

/// A step that removes these members.
pub(crate) fn step(key: &str, effect: Effect, items: &[&str]) -> StepSpec {
    let change = |item: &&str| Change {
        object: ObjectRef::new(
            ObjectKind::Group,
            &ObjectId::new(format!("{key}/{item}")),
            item,
        ),
        property: "member".to_owned(),
        now: json!("in"),
        after: Expect::absent(),
        reversal: Reversal::Return,
    };
    StepSpec {
        key: StepKey::from(key),
        step: key.to_owned(),
        version: 1,
        summary: format!("Do {key}"),
        params: Value::Null,
        changes: items.iter().map(change).collect(),
        effects: vec![effect],
        edges: Vec::new(),
        budget: Budget::DIRECTORY,
        permissions: Vec::new(),
        may_grow: true,
        not_before: None,
        by_hand: None,
    }
}

pub(crate) fn needs(mut spec: StepSpec, key: &str) -> StepSpec {
    spec.edges.push(Edge::Needs(StepKey::from(key)));
    spec
}

/// A leaver's plan: the account is closed, a group goes, and then a licence.
pub(crate) fn leaver() -> Vec<StepSpec> {
    vec![
        step("block", Effect::ClosesSignIn, &["ada"]),
        needs(step("groups", Effect::RemovesRules, &["a", "b"]), "block"),
        needs(step("licence", Effect::RemovesRules, &["e5"]), "groups"),
    ]
}

/// A clock that jumps to whatever a run waits for next.
#[derive(Default)]
pub(crate) struct Jumping {
    passed_ms: AtomicI64,
}

impl Clock for Jumping {
    fn now_ms(&self) -> i64 {
        START_MS + self.passed_ms.load(Ordering::SeqCst)
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.passed_ms.load(Ordering::SeqCst)).unwrap()
    }
}

/// Makes the clock jump when nothing but a timer is open, and remembers what happened.
pub(crate) struct Watch {
    pub(crate) clock: Arc<Jumping>,
    pub(crate) events: Mutex<Vec<Event>>,
}

impl Observer for Watch {
    fn committed(&self, _: &Plan, state: &RunState, event: &Event) {
        self.events.lock().unwrap().push(event.clone());
        let timers =
            |open: &engine::journal::Pending| matches!(open.command, Command::Timer { .. });
        if state.open.iter().all(timers)
            && let Some(due_ms) = state.next_due_ms()
        {
            let passed = (due_ms - START_MS).max(0);
            self.clock.passed_ms.fetch_max(passed, Ordering::SeqCst);
        }
    }
}

/// What the hands do wrong, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// The write is done, and nobody ever hears of it.
    Hang,
    /// Our own code fails.
    Panic,
    /// The vendor's clock is an hour behind.
    Skew,
    /// The vendor says no.
    Refuse,
}

/// Hands over a small world.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) written: Mutex<BTreeMap<String, u32>>,
    pub(crate) probes: Mutex<Vec<String>>,
    pub(crate) mishaps: Mutex<BTreeMap<String, Mishap>>,
    pub(crate) unknown: Mutex<BTreeSet<String>>,
    pub(crate) fresh: Mutex<Option<Vec<StepSpec>>>,
    /// Told when a write hangs.
    pub(crate) hung: Notify,
    /// Where a write looks whether it was persisted before it was sent.
    journal: Mutex<Option<Arc<dyn Journal>>>,
}

impl World {
    fn shows(&self, change: &Change) -> Value {
        let written = self.written.lock().unwrap();
        if written.contains_key(change.object.id.as_str()) {
            Value::Null
        } else {
            change.now.clone()
        }
    }

    async fn assert_persisted(&self, task: &Task<'_>) {
        let journal = self.journal.lock().unwrap().clone().unwrap();
        let loaded = journal.load(&RunId::from(task.run)).await.unwrap();
        let intended = loaded.pending.iter().any(|pending| {
            matches!(&pending.command, Command::Apply { step, attempt, .. } if *step == task.spec.key && *attempt == task.attempt)
        });
        assert!(
            intended,
            "{} was sent before it was persisted",
            task.spec.key
        );
    }
}

#[async_trait::async_trait]
impl Hands for World {
    fn knows(&self, step: &str, _: u32) -> bool {
        !self.unknown.lock().unwrap().contains(step)
    }

    async fn observe(&self, task: Task<'_>, purpose: Purpose) -> Result<Vec<Seen>, Problem> {
        if purpose == Purpose::Probe {
            self.probes.lock().unwrap().push(task.spec.key.to_string());
        }
        let changes = task.spec.changes.iter();
        let seen = changes.map(|change| Seen::Value {
            value: self.shows(change),
        });
        Ok(seen.collect())
    }

    async fn apply(&self, task: Task<'_>, todo: &[usize]) -> Applied {
        self.assert_persisted(&task).await;
        let mishap = self.mishaps.lock().unwrap().remove(task.spec.key.as_str());
        assert!(mishap != Some(Mishap::Panic), "the hands slipped");
        if mishap == Some(Mishap::Refuse) {
            let no = Problem {
                class: Class::Denied,
                message: "The cloud said no.".to_owned(),
                request_id: None,
            };
            return Applied {
                problems: todo.iter().map(|at| (*at, no.clone())).collect(),
                ..Applied::default()
            };
        }
        for index in todo {
            let id = task.spec.changes[*index].object.id.to_string();
            *self.written.lock().unwrap().entry(id).or_default() += 1;
        }
        if mishap == Some(Mishap::Hang) {
            self.hung.notify_one();
            std::future::pending::<()>().await;
        }
        let vendor_time = match mishap {
            Some(Mishap::Skew) => "Fri, 20 Nov 2026 18:00:00 GMT",
            _ => "Fri, 20 Nov 2026 19:00:00 GMT",
        };
        let call = |index: &usize| Call {
            change: *index,
            client_request_id: task.operation.to_owned(),
            request_id: None,
            status: 204,
            vendor_time: Some(vendor_time.to_owned()),
        };
        Applied {
            calls: todo.iter().map(call).collect(),
            ..Applied::default()
        }
    }

    async fn propose_again(&self, _: &str, plan: &Plan) -> Result<Vec<StepSpec>, Problem> {
        if let Some(fresh) = self.fresh.lock().unwrap().clone() {
            return Ok(fresh);
        }
        let mut fresh = plan.steps.clone();
        for spec in &mut fresh {
            spec.changes
                .retain(|change| self.shows(change) == change.now);
        }
        fresh.retain(|spec| !spec.changes.is_empty());
        Ok(fresh)
    }
}

/// The same hands for every tenant, or none.
pub(crate) struct Same(pub(crate) Option<Arc<World>>);

impl HandsFor for Same {
    fn for_tenant(&self, _: &TenantId) -> Result<Arc<dyn Hands>, Problem> {
        match &self.0 {
            Some(world) => Ok(Arc::clone(world) as Arc<dyn Hands>),
            None => Err(Problem {
                class: Class::Denied,
                message: "The credential cannot be opened.".to_owned(),
                request_id: None,
            }),
        }
    }
}

/// The real store, with a disk that is full for one commit.
pub(crate) struct FullDisk {
    pub(crate) store: Store,
    /// How many commits still succeed; then one fails.
    pub(crate) left: AtomicI64,
}

#[async_trait::async_trait]
impl Journal for FullDisk {
    async fn lease(&self, driver: &str, now_ms: i64, lasts_ms: i64) -> Result<u64, Error> {
        self.store.lease(driver, now_ms, lasts_ms).await
    }

    async fn load(&self, run: &RunId) -> Result<Loaded, Error> {
        self.store.load(run).await
    }

    async fn commit(&self, commit: Commit<'_>) -> Result<(), Error> {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 0 {
            return Err(Error::Store("the disk is full".to_owned()));
        }
        self.store.commit(commit).await
    }

    async fn inbox(&self, run: &RunId) -> Result<Vec<(u64, Event)>, Error> {
        self.store.inbox(run).await
    }

    async fn open_runs(&self) -> Result<Vec<(RunId, Option<i64>)>, Error> {
        self.store.open_runs().await
    }

    async fn sign_heads(&self, now_ms: i64) -> Result<(), Error> {
        self.store.sign_heads(now_ms).await
    }
}

/// Everything a run needs.
pub(crate) struct House {
    _dir: TempDir,
    pub(crate) store: Store,
    pub(crate) world: Arc<World>,
    pub(crate) watch: Arc<Watch>,
}

impl House {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = Key::from_bytes(&[7; 32]).unwrap();
        let store = Store::open(&dir.path().join("tenure.db"), key)
            .await
            .unwrap();
        let tenant = NewTenant {
            name: TenantId::from("contoso"),
            directory: "11111111-1111-1111-1111-111111111111".to_owned(),
            cloud: "sandbox".to_owned(),
            client: "22222222-2222-2222-2222-222222222222".to_owned(),
            credential: Credential::Secret(Secret::new("not a real one")),
            at: start(),
        };
        store
            .add_tenant(&TenantScope::provider(), &tenant)
            .await
            .unwrap();
        let world = Arc::new(World::default());
        *world.journal.lock().unwrap() = Some(Arc::new(store.clone()));
        let watch = Arc::new(Watch {
            clock: Arc::new(Jumping::default()),
            events: Mutex::new(Vec::new()),
        });
        Self {
            _dir: dir,
            store,
            world,
            watch,
        }
    }

    /// An approved run for a person of this name.
    pub(crate) async fn run(&self, person: &str, steps: Vec<StepSpec>) -> RunId {
        let scope = TenantScope::provider();
        let request = request(person);
        self.store
            .add_request(&scope, &request, start())
            .await
            .unwrap();
        let plan = plan(person, steps);
        let stored = StoredPlan::seal(PlanId::new(person), plan, start(), start());
        self.store.add_plan(&scope, &stored).await.unwrap();
        let approval = Approval {
            plan: stored.id.clone(),
            digest: stored.digest.clone(),
            by: "Kim".to_owned(),
            at: start(),
            through: None,
            apart: Vec::new(),
        };
        self.store.approve(&scope, &approval).await.unwrap();
        let run = RunId::new(format!("run-{person}"));
        let new = NewRun {
            run: run.clone(),
            plan: stored.id,
            at: start(),
        };
        self.store.begin_run(&scope, &new).await.unwrap();
        run
    }

    pub(crate) async fn submit(&self, run: &RunId, event: Event) {
        let scope = TenantScope::provider();
        self.store
            .submit(&scope, run, &event, start())
            .await
            .unwrap();
    }

    pub(crate) fn driver(&self) -> Driver {
        self.driver_on(Arc::new(self.store.clone()))
    }

    pub(crate) fn driver_on(&self, journal: Arc<dyn Journal>) -> Driver {
        let hands = Arc::new(Same(Some(Arc::clone(&self.world))));
        let clock = Arc::clone(&self.watch.clock);
        Driver::new(journal, hands, clock, "test")
    }

    pub(crate) fn observer(&self) -> Arc<dyn Observer> {
        Arc::clone(&self.watch) as Arc<dyn Observer>
    }

    /// What was written, and how often.
    pub(crate) fn written(&self) -> Vec<(String, u32)> {
        let written = self.world.written.lock().unwrap();
        written
            .iter()
            .map(|(id, times)| (id.clone(), *times))
            .collect()
    }

    /// How often events of a sort were committed.
    pub(crate) fn count(&self, sort: impl Fn(&Event) -> bool) -> usize {
        self.watch
            .events
            .lock()
            .unwrap()
            .iter()
            .filter(|event| sort(event))
            .count()
    }
}

fn request(person: &str) -> Request {
    Request {
        id: RequestId::new(person),
        tenant: TenantId::from("contoso"),
        kind: Kind::Offboard,
        person: PersonHint::default(),
        when: None,
        fields: BTreeMap::new(),
        switches: BTreeMap::new(),
        origin: Origin {
            channel: "cli".to_owned(),
            requester: "hr".to_owned(),
            reference: None,
            received_at: start(),
            subject: None,
            body: None,
        },
        asks: Vec::new(),
        confidential: Vec::new(),
        only: None,
    }
}

fn plan(person: &str, steps: Vec<StepSpec>) -> Plan {
    Plan {
        format: FORMAT,
        tenant: TenantId::from("contoso"),
        directory: "11111111-1111-1111-1111-111111111111".to_owned(),
        request: RequestId::new(person),
        kind: Kind::Offboard,
        person: ObjectRef::new(ObjectKind::Person, &ObjectId::new(person), person),
        upn: format!("{person}@contoso.example"),
        at: None,
        steps,
        remarks: Vec::new(),
        policy: "policy".to_owned(),
        requester: "hr".to_owned(),
        approval: ApprovalNeed {
            people: 1,
            approvers: Vec::new(),
            because: None,
            holds_for_hours: 48,
            ..ApprovalNeed::default()
        },
        removals_may_grow: true,
        reserves: Vec::new(),
        follow_up: None,
        only: None,
        review: None,
    }
}
