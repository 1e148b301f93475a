//! Tests on real files: what they have in common.

mod admins;
mod decisions;
mod ledger;
mod lists;
mod office;
mod outbox;
mod pages;
mod reservations;
mod runs;
mod safety;
mod sight;
mod statements;

use std::path::PathBuf;

use domain::plan::{Approval, ApprovalNeed, FORMAT, Plan, StoredPlan};
use domain::request::{Kind, Origin, PersonHint, Request};
use domain::spec::{Budget, Change, Effect, Expect, ObjectKind, ObjectRef, Reversal, StepSpec};
use domain::{ObjectId, PlanId, RequestId, RunId, StepKey, TenantId};
use engine::journal::{Commit, Error as Refusal, Journal as _};
use engine::state::{Event, RunState};
use engine::{Decision, decide};
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Credential, Key, NewRun, NewTenant, Secret, Store, TenantScope};

/// A moment, in epoch milliseconds.
const NOW: i64 = 1_790_000_000_000;
const PLANTED: &str = "planted-secret-0123456789";

fn at(after_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(NOW + after_ms).unwrap()
}

fn key(byte: u8) -> Key {
    Key::from_bytes(&[byte; 32]).unwrap()
}

fn all() -> TenantScope {
    TenantScope::provider()
}

fn north() -> TenantId {
    TenantId::from("north")
}

fn new_tenant(name: &str, directory: &str) -> NewTenant {
    NewTenant {
        name: TenantId::from(name),
        directory: directory.to_owned(),
        cloud: "sandbox".to_owned(),
        client: "c1".to_owned(),
        credential: Credential::Secret(Secret::new(PLANTED)),
        at: at(0),
    }
}

fn request(id: &str, tenant: &str) -> Request {
    Request {
        id: RequestId::from(id),
        tenant: TenantId::from(tenant),
        kind: Kind::Offboard,
        person: PersonHint::default(),
        when: None,
        fields: Default::default(),
        switches: Default::default(),
        origin: Origin {
            channel: "ticket".to_owned(),
            requester: "hr@north.example".to_owned(),
            reference: None,
            received_at: at(0),
            subject: None,
            body: Some("raw evidence".to_owned()),
        },
        asks: Vec::new(),
        confidential: Vec::new(),
        only: None,
    }
}

fn step(key: &str, effect: Effect, reversal: Reversal) -> StepSpec {
    StepSpec {
        key: StepKey::from(key),
        step: key.to_owned(),
        version: 1,
        summary: format!("Do {key}"),
        params: Value::Null,
        changes: vec![Change {
            object: ObjectRef::new(ObjectKind::Group, &ObjectId::from(key), key),
            property: "member".to_owned(),
            now: json!("in"),
            after: Expect::absent(),
            reversal,
        }],
        effects: vec![effect],
        edges: Vec::new(),
        budget: Budget::DIRECTORY,
        permissions: Vec::new(),
        may_grow: false,
        not_before: None,
        by_hand: None,
    }
}

fn plan(id: &str, tenant: &str, request: &str, person: &str) -> StoredPlan {
    let plan = Plan {
        format: FORMAT,
        tenant: TenantId::from(tenant),
        directory: "d1".to_owned(),
        request: RequestId::from(request),
        kind: Kind::Offboard,
        person: ObjectRef::new(ObjectKind::Person, &ObjectId::from(person), person),
        upn: format!("{person}@{tenant}.example"),
        at: None,
        steps: vec![
            step("close", Effect::ClosesSignIn, Reversal::Return),
            step("rules", Effect::RemovesRules, Reversal::Return),
            step(
                "wipe",
                Effect::RemovesRules,
                Reversal::ApprovedApart("it is gone".to_owned()),
            ),
        ],
        remarks: Vec::new(),
        policy: "p".to_owned(),
        requester: "hr@north.example".to_owned(),
        approval: ApprovalNeed {
            people: 1,
            approvers: Vec::new(),
            because: None,
            holds_for_hours: 72,
            ..ApprovalNeed::default()
        },
        removals_may_grow: false,
        reserves: Vec::new(),
        follow_up: None,
        only: None,
        review: None,
    };
    StoredPlan::seal(PlanId::from(id), plan, at(1), at(0))
}

fn approval(plan: &StoredPlan, by: &str) -> Approval {
    Approval {
        plan: plan.id.clone(),
        digest: plan.digest.clone(),
        by: by.to_owned(),
        at: at(2),
        through: None,
        apart: Vec::new(),
    }
}

/// A store in a folder of its own.
struct Place {
    dir: TempDir,
    store: Store,
}

impl Place {
    fn file(&self) -> PathBuf {
        self.dir.path().join("tenure.db")
    }

    /// A store with the tenant `north`.
    async fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let store = Store::open(&dir.path().join("tenure.db"), key(1))
            .await
            .unwrap();
        store
            .add_tenant(&all(), &new_tenant("north", "D1"))
            .await
            .unwrap();
        Self { dir, store }
    }

    /// The same file as another process would open it.
    async fn again(&self) -> Store {
        Store::open(&self.file(), key(1)).await.unwrap()
    }

    /// A plan for a person, approved.
    async fn approved(&self, id: &str, person: &str) -> StoredPlan {
        let made = self
            .made(plan(id, "north", &format!("r-{id}"), person))
            .await;
        self.store
            .approve(&all(), &approval(&made, "Ann"))
            .await
            .unwrap();
        made
    }

    async fn made(&self, plan: StoredPlan) -> StoredPlan {
        let request = request(plan.plan.request.as_str(), plan.plan.tenant.as_str());
        self.store
            .add_request(&all(), &request, at(0))
            .await
            .unwrap();
        self.store.add_plan(&all(), &plan).await.unwrap();
        plan
    }

    async fn begun(&self, id: &str, person: &str) -> Ride {
        let plan = self.approved(id, person).await;
        let run = RunId::new(format!("run-{id}"));
        let state = self
            .store
            .begin_run(&all(), &new_run(&run, &plan.id))
            .await
            .unwrap();
        let epoch = self.store.lease("d", NOW, 5_000).await.unwrap();
        Ride {
            plan,
            run,
            state,
            seq: 0,
            epoch,
        }
    }
}

fn new_run(run: &RunId, plan: &PlanId) -> NewRun {
    NewRun {
        run: run.clone(),
        plan: plan.clone(),
        at: at(3),
    }
}

/// A run and who drives it, one decision after the other.
struct Ride {
    plan: StoredPlan,
    run: RunId,
    state: RunState,
    seq: u64,
    epoch: u64,
}

impl Ride {
    fn started(&self) -> Event {
        Event::Started {
            apart: Vec::new(),
            approved_until_ms: self.state.approved_until_ms,
        }
    }

    fn decide(&self, event: &Event) -> Decision {
        decide(&self.plan.plan, &self.state, event, NOW + 10)
    }

    fn commit<'a>(&'a self, event: &'a Event, decision: &'a Decision) -> Commit<'a> {
        Commit {
            run: &self.run,
            expected_seq: self.seq,
            epoch: self.epoch,
            event,
            now_ms: NOW + 10,
            settles: None,
            inbox: None,
            state: &decision.state,
            commands: &decision.commands,
            withdrawn: &decision.withdrawn,
            leaves: &decision.leaves,
        }
    }

    async fn happened(&mut self, store: &Store, event: Event) -> Result<Decision, Refusal> {
        self.took(store, event, None, None).await
    }

    async fn took(
        &mut self,
        store: &Store,
        event: Event,
        settles: Option<u64>,
        inbox: Option<u64>,
    ) -> Result<Decision, Refusal> {
        let decision = self.decide(&event);
        let commit = Commit {
            settles,
            inbox,
            ..self.commit(&event, &decision)
        };
        store.commit(commit).await?;
        self.seq += 1;
        self.state = decision.state.clone();
        Ok(decision)
    }
}
