//! A run in a store of its own, moved by hand.

use domain::plan::{Approval, ApprovalNeed, FORMAT, Plan, StoredPlan};
use domain::request::{Kind, Origin, PersonHint, Request};
use domain::spec::{
    Budget, Change, Edge, Effect, Expect, ObjectKind, ObjectRef, Reversal, StepSpec,
};
use domain::{ObjectId, PlanId, RequestId, RunId, StepKey, TenantId};
use engine::Observer as _;
use engine::journal::{Commit, Journal as _};
use engine::state::{Event, RunState, Status};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use store::{NewRun, TenantScope};

use crate::clock;
use crate::web::run::load::View;
use crate::web::tests::TestApp;

/// A run and how far it has come.
pub(crate) struct Ride {
    pub(crate) run: RunId,
    pub(crate) stored: StoredPlan,
    pub(crate) state: RunState,
    pub(crate) seq: u64,
    site: TimeZone,
}

impl Ride {
    /// When it was approved, epoch milliseconds.
    pub(crate) const BEGAN: i64 = 1_800_000_000_000;

    /// A run of three steps in a tenant: a block, rules that need it, and a line that is approved apart.
    pub(crate) async fn new(app: &TestApp, tenant: &str) -> Self {
        let scope = TenantScope::of(&TenantId::from(tenant));
        let store = &app.web.wiring.store;
        let request = request(tenant);
        let stored = plan(tenant, &request.id);
        store
            .add_request_with_plan(&scope, &request, &stored, clock::now())
            .await
            .unwrap();
        let approval = Approval {
            plan: stored.id.clone(),
            digest: stored.digest.clone(),
            by: "boss@provider.example".to_owned(),
            at: clock::now(),
            through: None,
            apart: Vec::new(),
        };
        store.approve(&scope, &approval).await.unwrap();
        let run = RunId::new(clock::short_id('r'));
        let new = NewRun {
            run: run.clone(),
            plan: stored.id.clone(),
            at: clock::now(),
        };
        let mut state = store.begin_run(&scope, &new).await.unwrap();
        state.approved_ms = Some(Self::BEGAN);
        Self {
            run,
            stored,
            state,
            seq: 0,
            site: TimeZone::UTC,
        }
    }

    /// So long after the approval, epoch milliseconds.
    pub(crate) fn at(&self, ms: i64) -> i64 {
        Self::BEGAN + ms
    }

    /// The run as it is looked at so long after its approval.
    pub(crate) fn view(&self, after_ms: i64) -> View<'_> {
        View {
            plan: &self.stored.plan,
            state: &self.state,
            site: &self.site,
            now: Timestamp::from_millisecond(Self::BEGAN + after_ms).unwrap(),
        }
    }

    /// A step is verified.
    pub(crate) fn verified(&mut self, index: usize, accepted_ms: i64, verified_ms: i64) {
        let step = &mut self.state.steps[index].1;
        step.receipt.intended_ms = Some(Self::BEGAN);
        step.receipt.accepted_ms = Some(Self::BEGAN + accepted_ms);
        step.receipt.effective_ms = Some(Self::BEGAN + verified_ms);
        step.receipt.verified_ms = Some(Self::BEGAN + verified_ms);
        step.status = Status::Verified;
    }

    /// Writes the state as it stands, and tells those who watch.
    pub(crate) async fn commit(&mut self, app: &TestApp) {
        let store = &app.web.wiring.store;
        let now_ms = clock::now().as_millisecond();
        let epoch = store.lease("test", now_ms, 60_000).await.unwrap();
        let event = Event::Due;
        let commit = Commit {
            run: &self.run,
            expected_seq: self.seq,
            epoch,
            event: &event,
            now_ms,
            settles: None,
            inbox: None,
            state: &self.state,
            commands: &[],
            withdrawn: &[],
            leaves: &[],
        };
        store.commit(commit).await.unwrap();
        self.seq += 1;
        app.web
            .live
            .committed(&self.stored.plan, &self.state, &event);
    }
}

fn request(tenant: &str) -> Request {
    Request {
        id: RequestId::new(clock::short_id('q')),
        tenant: TenantId::from(tenant),
        kind: Kind::Offboard,
        person: PersonHint::default(),
        when: None,
        fields: std::collections::BTreeMap::new(),
        switches: std::collections::BTreeMap::new(),
        origin: Origin {
            channel: "page".to_owned(),
            requester: "hr@provider.example".to_owned(),
            reference: None,
            received_at: clock::now(),
            subject: None,
            body: None,
        },
        asks: Vec::new(),
        confidential: Vec::new(),
        only: None,
    }
}

fn plan(tenant: &str, request: &RequestId) -> StoredPlan {
    let needs = |key: &str| vec![Edge::Needs(StepKey::from(key))];
    let plan = Plan {
        format: FORMAT,
        tenant: TenantId::from(tenant),
        directory: "d1".to_owned(),
        request: request.clone(),
        kind: Kind::Offboard,
        person: ObjectRef::new(
            ObjectKind::Person,
            &ObjectId::new(clock::uuid().to_string()),
            "Mara Lindqvist",
        ),
        upn: format!("mara@{tenant}.example"),
        at: None,
        steps: vec![
            step(
                "block-sign-in",
                Effect::ClosesSignIn,
                Reversal::Return,
                Vec::new(),
            ),
            step(
                "remove-rules",
                Effect::RemovesRules,
                Reversal::Return,
                needs("block-sign-in"),
            ),
            step(
                "let-go",
                Effect::LetsMailboxGo,
                Reversal::ApprovedApart("it is gone".to_owned()),
                needs("remove-rules"),
            ),
        ],
        remarks: Vec::new(),
        policy: "p".to_owned(),
        requester: "hr@provider.example".to_owned(),
        approval: ApprovalNeed {
            people: 1,
            holds_for_hours: 72,
            ..ApprovalNeed::default()
        },
        removals_may_grow: false,
        reserves: Vec::new(),
        follow_up: None,
        only: None,
        review: None,
    };
    StoredPlan::seal(
        PlanId::new(clock::short_id('p')),
        plan,
        clock::now(),
        clock::now(),
    )
}

fn step(key: &str, effect: Effect, reversal: Reversal, edges: Vec<Edge>) -> StepSpec {
    StepSpec {
        key: StepKey::from(key),
        step: key.to_owned(),
        version: 1,
        summary: format!("Do {key} for Mara Lindqvist"),
        params: json!({}),
        changes: vec![Change {
            object: ObjectRef::new(ObjectKind::Person, &ObjectId::from("o1"), "Mara Lindqvist"),
            property: "sign-in".to_owned(),
            now: json!("allowed"),
            after: Expect::Is(json!("blocked")),
            reversal,
        }],
        effects: vec![effect],
        edges,
        budget: Budget::MAIL,
        permissions: vec!["Mail.ReadWrite".to_owned()],
        may_grow: false,
        not_before: None,
        by_hand: None,
    }
}
