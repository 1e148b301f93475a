//! One person in a sandbox, and hands that carry out one spec at a time as the engine would.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use connectors::facts::{FactsError, JoinerWanted, Scan, Wanted, Who};
use connectors::{
    Account, Cloud, Connection, Credential, Ctx, Endpoints, Purpose as CallPurpose, Sources,
    connect,
};
use domain::StepKey;
use domain::facts::Facts;
use domain::plan::Plan;
use domain::planner::{Ask, plan};
use domain::request::Kind;
use domain::spec::{Edge, Expect, StepSpec};
use engine::hands::{Applied, Hands, Problem, Purpose, Seen, Task};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;
use sim::worlds::{CLIENT_ID, CLIENT_SECRET, demo};
use sim::{Faults, Sandbox, Temper, World};
use steps::{Ground, Source, TenantHands};

use crate::leavers::{Leaver, START};
use crate::vault::InMemory;

/// A world and a plan for one leaver in it.
pub(crate) struct Bench {
    leaver: Leaver,
    world: World,
    pub(crate) plan: Plan,
}

impl Bench {
    pub(crate) async fn of(leaver: Leaver) -> Self {
        let mut world = demo(Timestamp::from_second(START).unwrap());
        (leaver.furnish)(world.tenants.get_mut(leaver.tenant).unwrap());
        let source = Live::on(leaver, sandbox(&world, calm(), 7));
        let facts = source.facts(CallPurpose::Plan, None, None).await.unwrap();
        let (request, policy) = (leaver.request(), leaver.policy());
        let proposal = steps::propose(&request, &policy, &facts, &leaver.switches());
        let ask = Ask {
            request: &request,
            directory: leaver.tenant,
            policy: &policy,
            policy_digest: "policy",
            facts: &facts,
            at: None,
            around: domain::planner::Around::default(),
        };
        let plan = plan(&ask, proposal).unwrap_or_else(|refusals| panic!("{refusals:#?}"));
        Self {
            leaver,
            world,
            plan,
        }
    }

    /// The keys that the case is about, in the plan's order.
    pub(crate) fn keys(&self) -> Vec<StepKey> {
        let keys = self.plan.steps.iter().map(|spec| spec.key.clone());
        let keys: Vec<StepKey> = keys
            .filter(|key| self.leaver.about.is_empty() || self.leaver.about.contains(&key.as_str()))
            .collect();
        assert!(
            keys.len() >= self.leaver.about.len(),
            "{keys:?} misses some of {:?}",
            self.leaver.about
        );
        keys
    }

    /// A fresh sandbox with that world, as kind as can be.
    pub(crate) fn lab(&self) -> Lab {
        self.lab_with(calm(), 7)
    }

    /// A fresh sandbox with that world, as unkind as this.
    pub(crate) fn lab_with(&self, faults: Faults, seed: u64) -> Lab {
        let sandbox = sandbox(&self.world, faults, seed);
        let source = Arc::new(Live::on(self.leaver, sandbox.clone()));
        let connection = source.connection.clone();
        let clock = sandbox.clone();
        let counter = AtomicU64::new(1);
        let random = move |bytes: &mut [u8]| {
            for byte in bytes {
                let n = counter
                    .fetch_add(1, Ordering::SeqCst)
                    .wrapping_mul(0x9E37_79B9_7F4A_7C15);
                *byte = n.to_be_bytes()[1];
            }
        };
        let vault = Arc::new(InMemory::default());
        let hands = TenantHands::new(
            connection.clone(),
            source,
            Arc::new(move || clock.now()),
            Arc::new(random),
            vault.clone(),
        );
        Lab {
            leaver: self.leaver,
            sandbox,
            connection,
            plan: self.plan.clone(),
            hands: Arc::new(hands),
            vault,
            evidence: Mutex::default(),
            intended: Mutex::default(),
            receipts: Mutex::default(),
        }
    }

    /// A fresh sandbox in which everything that the step needs is done.
    pub(crate) async fn ready(&self, key: &StepKey) -> (Lab, StepSpec) {
        let lab = self.lab();
        // Tokens are taken now, so that a fault meant for a step's own call does not hit the one for its token.
        lab.connection.granted().await.unwrap();
        for needed in lab.needs(key) {
            lab.carry(&lab.spec(&needed)).await;
        }
        let spec = lab.spec(key);
        (lab, spec)
    }
}

/// Hands on a sandbox.
pub(crate) struct Lab {
    pub(crate) leaver: Leaver,
    pub(crate) sandbox: Sandbox,
    pub(crate) connection: Connection,
    pub(crate) plan: Plan,
    pub(crate) hands: Arc<TenantHands>,
    pub(crate) vault: Arc<InMemory>,
    pub(crate) evidence: Mutex<BTreeMap<StepKey, BTreeMap<String, Value>>>,
    intended: Mutex<BTreeMap<StepKey, Timestamp>>,
    pub(crate) receipts: Mutex<Vec<Applied>>,
}

/// What became of carrying out a spec.
pub(crate) struct Carried {
    /// The values read before.
    pub(crate) before: Vec<Value>,
    /// How many writes were attempted.
    pub(crate) attempts: u32,
}

/// What the plan was made from, with the tenant as it is.
struct Live {
    leaver: Leaver,
    connection: Connection,
    sandbox: Sandbox,
}

impl Live {
    fn on(leaver: Leaver, sandbox: Sandbox) -> Self {
        Self {
            leaver,
            connection: connection(leaver, &sandbox),
            sandbox,
        }
    }

    /// The facts; those for a plan that is there already look at its own person and objects.
    async fn facts(
        &self,
        purpose: CallPurpose,
        run: Option<&str>,
        plan: Option<&Plan>,
    ) -> Result<Facts, FactsError> {
        let ctx = Ctx {
            run: run.map(str::to_owned),
            purpose,
        };
        let names = steps::names(&self.leaver.request(), &self.leaver.switches());
        if self.leaver.kind == Kind::Onboard {
            let chosen = plan.map(|plan| plan.upn.as_str());
            return self.facts_of_joiner(&ctx, &names, chosen).await;
        }
        let (id, upn) = (self.leaver.id(), self.leaver.upn());
        let owned = plan.map(steps::owned_of).unwrap_or_default();
        let wanted = Wanted {
            person: Who::Known { id: &id, upn: &upn },
            names: &names,
            scan: plan.map_or(Scan::Everywhere, |plan| Scan::Known(steps::rights_of(plan))),
            owned: &owned,
            now: self.sandbox.now(),
        };
        connectors::facts::read(&self.connection, &ctx, wanted).await
    }

    async fn facts_of_joiner(
        &self,
        ctx: &Ctx,
        names: &[String],
        chosen: Option<&str>,
    ) -> Result<Facts, FactsError> {
        let policy = self.leaver.policy();
        let asked = domain::joiner::wanted(&self.leaver.request(), &policy);
        let groups = asked.groups.iter().chain(&asked.licence_groups);
        let groups: Vec<String> = groups.map(|one| one.wish.clone()).collect();
        let mailboxes = asked.mailboxes.iter();
        let mailboxes: Vec<String> = mailboxes.map(|one| one.wish.address().to_owned()).collect();
        let wanted = JoinerWanted {
            candidates: &asked.candidates,
            domain: policy.naming.domain.as_deref(),
            address: asked.address.as_deref(),
            reserved: &[],
            employee_id: asked.profile.get("employee-id").map(String::as_str),
            display_name: &asked.display_name,
            groups: &groups,
            mailboxes: &mailboxes,
            copy_from: asked.copy_from.as_deref(),
            names,
            chosen,
            now: self.sandbox.now(),
        };
        connectors::facts::read_joiner(&self.connection, ctx, wanted).await
    }
}

#[async_trait]
impl Source for Live {
    async fn read(&self, run: &str, plan: &Plan) -> Result<Ground, Problem> {
        let facts = self.facts(CallPurpose::Drift, Some(run), Some(plan)).await;
        Ok(Ground {
            request: self.leaver.request(),
            policy: self.leaver.policy(),
            switches: self.leaver.switches(),
            facts: facts.map_err(|error| steps::of_facts(&error))?,
            reverse: None,
        })
    }
}

impl Lab {
    pub(crate) fn spec(&self, key: &StepKey) -> StepSpec {
        self.plan.step(key).unwrap().clone()
    }

    /// Everything that the step needs, directly or not, in the plan's order.
    fn needs(&self, key: &StepKey) -> Vec<StepKey> {
        let mut needed = vec![key.clone()];
        // A step's edges point at steps before it, so one pass from the end finds them all.
        for spec in self.plan.steps.iter().rev() {
            if needed.contains(&spec.key) {
                needed.extend(
                    spec.edges
                        .iter()
                        .filter(|edge| matches!(edge, Edge::Needs(_)))
                        .map(|edge| edge.key().clone()),
                );
            }
        }
        let keys = self.plan.steps.iter().map(|spec| spec.key.clone());
        keys.filter(|other| other != key && needed.contains(other))
            .collect()
    }

    /// The facts as they are now, and what would be proposed on them.
    pub(crate) async fn propose_again(&self) -> Vec<StepSpec> {
        self.hands.propose_again("run", &self.plan).await.unwrap()
    }

    pub(crate) async fn observe(
        &self,
        spec: &StepSpec,
        attempt: u32,
        purpose: Purpose,
    ) -> Vec<Seen> {
        let evidence = self.evidence.lock().unwrap().clone();
        self.hands
            .observe(self.task(spec, attempt, &evidence), purpose)
            .await
            .unwrap_or_else(|problem| panic!("{}: {problem:?}", spec.key))
    }

    pub(crate) async fn apply(&self, spec: &StepSpec, attempt: u32, todo: &[usize]) -> Applied {
        let evidence = self.evidence.lock().unwrap().clone();
        let now = self.sandbox.now();
        self.intended
            .lock()
            .unwrap()
            .entry(spec.key.clone())
            .or_insert(now);
        let applied = self
            .hands
            .apply(self.task(spec, attempt, &evidence), todo)
            .await;
        self.evidence
            .lock()
            .unwrap()
            .entry(spec.key.clone())
            .or_default()
            .extend(applied.evidence.clone());
        self.receipts.lock().unwrap().push(applied.clone());
        applied
    }

    fn task<'a>(
        &'a self,
        spec: &'a StepSpec,
        attempt: u32,
        evidence: &'a BTreeMap<StepKey, BTreeMap<String, Value>>,
    ) -> Task<'a> {
        Task {
            run: "run",
            operation: spec.key.as_str(),
            attempt,
            intended: self.intended.lock().unwrap().get(&spec.key).copied(),
            plan: &self.plan,
            spec,
            evidence,
            outcome: Some("Offboarding: completed."),
        }
    }

    /// Carries a spec out as the engine would: probe, write, read, and again until all is as wanted.
    pub(crate) async fn carry(&self, spec: &StepSpec) -> Carried {
        let seen = self.observe(spec, 0, Purpose::Probe).await;
        let before = seen.iter().map(value).collect();
        let attempts = self.finish(spec, 0, &seen).await;
        Carried { before, attempts }
    }

    /// Goes on from what was seen after so many attempts.
    pub(crate) async fn finish(&self, spec: &StepSpec, mut attempt: u32, seen: &[Seen]) -> u32 {
        let mut todo = open(spec, seen);
        while !todo.is_empty() {
            attempt += 1;
            assert!(
                attempt < 8,
                "{} does not come to an end: {todo:?}",
                spec.key
            );
            let applied = self.apply(spec, attempt, &todo).await;
            for (_, problem) in &applied.problems {
                let hopeless = matches!(
                    problem.class,
                    engine::hands::Class::Denied | engine::hands::Class::Invalid
                );
                assert!(!hopeless, "{}: {problem:?}", spec.key);
            }
            for _ in 0..40 {
                tokio::time::sleep(Duration::from_millis(500)).await;
                todo = open(spec, &self.observe(spec, attempt, Purpose::Verify).await);
                if todo.is_empty() || !applied.problems.is_empty() {
                    break;
                }
            }
        }
        attempt
    }
}

/// Indices of the changes that are not as wanted.
pub(crate) fn open(spec: &StepSpec, seen: &[Seen]) -> Vec<usize> {
    assert_eq!(seen.len(), spec.changes.len(), "{}", spec.key);
    let wanted = |index: &usize| match (&seen[*index], &spec.changes[*index].after) {
        (Seen::Done { .. }, _) => true,
        (Seen::Value { value }, Expect::Is(after)) => value == after,
        _ => false,
    };
    (0..seen.len()).filter(|index| !wanted(index)).collect()
}

pub(crate) fn value(seen: &Seen) -> Value {
    match seen {
        Seen::Value { value } | Seen::Done { value } | Seen::Todo { value } => value.clone(),
        Seen::Impossible { because } => panic!("{because}"),
    }
}

pub(crate) fn calm() -> Faults {
    Faults {
        temper: Temper {
            budgets: false,
            ..Temper::calm()
        },
        ..Faults::default()
    }
}

fn sandbox(world: &World, faults: Faults, seed: u64) -> Sandbox {
    Sandbox::new(
        world.clone(),
        faults,
        seed,
        Timestamp::from_second(START).unwrap(),
    )
}

fn connection(leaver: Leaver, sandbox: &Sandbox) -> Connection {
    let endpoints = Endpoints {
        login: "http://localhost/login".to_owned(),
        graph: "http://localhost/graph".to_owned(),
        exchange: "http://localhost/exchange".to_owned(),
        ..Endpoints::default()
    };
    let next = Arc::new(AtomicU64::new(1));
    let clock = sandbox.clone();
    let sources = Sources {
        now: Arc::new(move || clock.now()),
        id: Arc::new(move || {
            uuid::Uuid::from_u128(u128::from(next.fetch_add(1, Ordering::SeqCst)))
        }),
        fraction: Arc::new(|| 0.5),
    };
    let account = Account {
        tenant_id: leaver.tenant.to_owned(),
        client_id: CLIENT_ID.to_owned(),
        credential: Credential::secret(SecretString::from(CLIENT_SECRET)).unwrap(),
    };
    let cloud = Cloud::configured("sandbox", &endpoints).unwrap();
    connect(&cloud, account, Arc::new(sandbox.clone()), sources).unwrap()
}
