//! What a plan's pages say, and what they refuse.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use domain::access::{Grant, Role};
use domain::plan::{ApprovalNeed, FORMAT, Plan, Remark, StoredPlan, Weight};
use domain::request::{Cited, Kind, Origin, PersonHint, Request, When};
use domain::spec::{
    Budget, Change, Edge, Effect, Expect, ObjectKind, ObjectRef, Reversal, StepSpec,
};
use domain::{ObjectId, PlanId, RequestId, StepKey, TenantId};
use serde_json::{Value, json};
use store::TenantScope;

use super::{brief, compare, lead, lines};
use crate::clock;
use crate::web::tests::{Session, TestApp};

const POLICY: &str = r#"version = 1
[sites.default]
usage-location = "DE"
time-zone = "Europe/Berlin"
[requesters]
addresses = ["hr@contoso.example"]
[approvals]
people = 1
[protected]
break-glass-confirmed = true
[offboard]
block-sign-in = true
"#;

fn step(
    key: &str,
    kind: ObjectKind,
    name: &str,
    change: (&str, Value, Expect),
    reversal: Reversal,
) -> StepSpec {
    let (property, now, after) = change;
    StepSpec {
        key: StepKey::from(key),
        step: key.to_owned(),
        version: 1,
        summary: format!("{name} is changed by {key}."),
        params: json!({}),
        changes: vec![Change {
            object: ObjectRef::new(kind, &ObjectId::new(name), name),
            property: property.to_owned(),
            now,
            after,
            reversal,
        }],
        effects: vec![Effect::ClosesSignIn],
        edges: Vec::new(),
        budget: Budget::DIRECTORY,
        permissions: vec!["User.EnableDisableAccount.All".to_owned()],
        may_grow: false,
        not_before: None,
        by_hand: None,
    }
}

/// A plan of three steps, of which one waits for an approval of its own.
pub(crate) fn plan(requester: &str) -> Plan {
    let nora = "nora.lindqvist@contoso.example";
    let block = step(
        "block-sign-in",
        ObjectKind::Person,
        nora,
        ("sign-in", json!("allowed"), Expect::Is(json!("blocked"))),
        Reversal::Return,
    );
    let mut sessions = step(
        "revoke-sessions",
        ObjectKind::Person,
        nora,
        ("sessions", json!("2025-11-21T19:38:00Z"), Expect::Later),
        Reversal::CannotReturn("a session does not come back".to_owned()),
    );
    sessions.effects = vec![Effect::EndsSessions];
    sessions.edges = vec![Edge::Needs(StepKey::from("block-sign-in"))];
    let mut wipe = step(
        "wipe-device",
        ObjectKind::Device,
        "LEE-LT-0412",
        ("device", json!("in use"), Expect::absent()),
        Reversal::ApprovedApart("what is on it is gone".to_owned()),
    );
    wipe.effects = vec![Effect::WipesDevice {
        device: ObjectId::new("LEE-LT-0412"),
        company: true,
    }];
    Plan {
        format: FORMAT,
        tenant: TenantId::from("contoso"),
        directory: "11111111-1111-4111-8111-111111111111".to_owned(),
        request: RequestId::new(clock::short_id('q')),
        kind: Kind::Offboard,
        person: ObjectRef::new(ObjectKind::Person, &ObjectId::new(nora), "Nora Lindqvist"),
        upn: nora.to_owned(),
        at: None,
        steps: vec![block, sessions, wipe],
        remarks: vec![Remark::new(
            Weight::Caution,
            "The ticket asks for <b>more</b>.",
        )],
        policy: domain::plan::Digest::of(POLICY.as_bytes()).to_string(),
        requester: requester.to_owned(),
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
    }
}

pub(crate) fn request(plan: &Plan, confidential: &[&str]) -> Request {
    Request {
        id: plan.request.clone(),
        tenant: plan.tenant.clone(),
        kind: plan.kind,
        person: PersonHint {
            address: Some(Cited::typed(plan.upn.clone())),
            ..PersonHint::default()
        },
        when: Some(Cited::typed(When::Now)),
        fields: BTreeMap::new(),
        switches: BTreeMap::new(),
        origin: Origin {
            channel: "form".to_owned(),
            requester: plan.requester.clone(),
            reference: None,
            received_at: clock::now(),
            subject: None,
            body: None,
        },
        asks: Vec::new(),
        confidential: confidential.iter().map(|&one| one.to_owned()).collect(),
        only: None,
    }
}

/// An app with one plan in it.
struct Desk {
    app: TestApp,
    id: PlanId,
    digest: String,
}

impl Desk {
    async fn of(plan: Plan, confidential: &[&str]) -> Self {
        let app = TestApp::new().await;
        let store = &app.web.wiring.store;
        let scope = TenantScope::of(&plan.tenant);
        let applied = store
            .apply_policy(&scope, &plan.tenant, POLICY, "test", clock::now())
            .await;
        applied.unwrap();
        let id = PlanId::new(clock::short_id('p'));
        let request = request(&plan, confidential);
        let stored = StoredPlan::seal(id.clone(), plan, clock::now(), clock::now());
        store
            .add_request_with_plan(&scope, &request, &stored, clock::now())
            .await
            .unwrap();
        Self {
            app,
            id,
            digest: stored.digest.to_string(),
        }
    }

    async fn approver(&self, name: &str) -> Session {
        let grant = Grant {
            tenant: Some(TenantId::from("contoso")),
            role: Role::Approver,
        };
        self.app.operator(name, &[grant]).await
    }

    fn path(&self, rest: &str) -> String {
        format!("/t/contoso/plans/{}{rest}", self.id)
    }

    async fn approvals(&self) -> usize {
        let scope = TenantScope::provider();
        let kept = self
            .app
            .web
            .wiring
            .store
            .approvals(&scope, &self.id)
            .await
            .unwrap();
        kept.iter().filter(|one| one.taken_back.is_none()).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asked_is_told_why_they_cannot_approve_and_cannot() {
    let desk = Desk::of(plan("ada@provider.example"), &[]).await;
    let ada = desk.approver("ada").await;
    let page = desk.app.get(&desk.path(""), Some(&ada)).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert!(
        page.text
            .contains("You asked for this, so another approver must decide.")
    );
    assert!(!page.text.contains("Approve with"));
    for act in ["/approve", "/refuse"] {
        let form = [("digest", desk.digest.as_str()), ("reason", "no")];
        let reply = desk.app.post(&desk.path(act), &ada, &form).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{act}");
        assert!(
            reply.text.contains("asked for this plan"),
            "{act}: {}",
            reply.text
        );
    }
    assert_eq!(desk.approvals().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_the_whole_digest_approves() {
    let desk = Desk::of(plan("hr@contoso.example"), &[]).await;
    let ben = desk.approver("ben").await;
    let other = "0".repeat(64);
    for digest in ["", &desk.digest[..12], other.as_str()] {
        let reply = desk
            .app
            .post(&desk.path("/approve"), &ben, &[("digest", digest)])
            .await;
        assert_eq!(
            reply.status,
            StatusCode::CONFLICT,
            "{digest}: {}",
            reply.text
        );
    }
    assert_eq!(desk.approvals().await, 0);
    let form = [("digest", desk.digest.as_str()), ("line", "reset-password")];
    let reply = desk.app.post(&desk.path("/approve"), &ben, &form).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(desk.approvals().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_what_a_look_has_found_to_fit_no_more() {
    let desk = Desk::of(plan("hr@contoso.example"), &[]).await;
    let ben = desk.approver("ben").await;
    let look = store::Look {
        plan: domain::PlanId::from(desk.path("").rsplit('/').next().unwrap_or_default()),
        said: r#"{"checks":[],"drifted":[],"voids":true}"#.to_owned(),
        at: clock::now(),
    };
    let store = &desk.app.web.wiring.store;
    store
        .put_look(&store::TenantScope::provider(), &look)
        .await
        .unwrap();
    let form = [("digest", desk.digest.as_str())];
    let reply = desk.app.post(&desk.path("/approve"), &ben, &form).await;
    assert_eq!(reply.status, StatusCode::CONFLICT, "{}", reply.text);
    assert!(reply.text.contains("Plan again"), "{}", reply.text);
    assert_eq!(desk.approvals().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_approval_begins_the_run_and_no_line_is_ticked_for_anybody() {
    let desk = Desk::of(plan("hr@contoso.example"), &[]).await;
    let ben = desk.approver("ben").await;
    for path in ["", "/approve"] {
        let page = desk.app.get(&desk.path(path), Some(&ben)).await;
        assert!(page.text.contains("value=\"wipe-device\""), "{path}");
        assert!(!page.text.contains("checked>"), "{path}");
        assert!(
            page.text.contains("&#60;b&#62;more") || page.text.contains("&lt;b&gt;more"),
            "{path}"
        );
    }
    let form = [("digest", desk.digest.as_str()), ("line", "wipe-device")];
    let reply = desk.app.post(&desk.path("/approve"), &ben, &form).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    assert!(reply.headers["location"].starts_with("/t/contoso/runs/"));
    let scope = TenantScope::provider();
    let kept = desk
        .app
        .web
        .wiring
        .store
        .approvals(&scope, &desk.id)
        .await
        .unwrap();
    assert_eq!(kept[0].approval.apart, [StepKey::from("wipe-device")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_taken_back_before_the_start() {
    let at = clock::now() + jiff::SignedDuration::from_hours(48);
    let later = Plan {
        at: Some(at),
        ..plan("hr@contoso.example")
    };
    let desk = Desk::of(later, &[]).await;
    let ben = desk.approver("ben").await;
    let form = [("digest", desk.digest.as_str()), ("from", "phone")];
    let reply = desk.app.post(&desk.path("/approve"), &ben, &form).await;
    assert_eq!(reply.headers["location"], desk.path("/approve"));
    let page = desk.app.get(&desk.path("/approve"), Some(&ben)).await;
    assert!(page.text.contains("Approved."), "{}", page.text);
    assert!(page.text.contains("Take back"));
    let reply = desk.app.post(&desk.path("/take-back"), &ben, &[]).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    assert_eq!(desk.approvals().await, 0);
    let page = desk.app.get(&desk.path(""), Some(&ben)).await;
    assert!(page.text.contains("taken back by You"), "{}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusing_needs_a_reason_and_ends_it() {
    let desk = Desk::of(plan("hr@contoso.example"), &[]).await;
    let ben = desk.approver("ben").await;
    let digest = desk.digest.as_str();
    let reply = desk
        .app
        .post(
            &desk.path("/refuse"),
            &ben,
            &[("digest", digest), ("reason", " ")],
        )
        .await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(reply.text.contains("not said why"), "{}", reply.text);
    let form = [("digest", digest), ("reason", "She <stays>")];
    let reply = desk.app.post(&desk.path("/refuse"), &ben, &form).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    let page = desk.app.get(&desk.path(""), Some(&ben)).await;
    assert!(page.text.contains("Refused"));
    assert!(!page.text.contains("<stays>"));
    assert!(!page.text.contains("name=\"digest\""));
    let reply = desk
        .app
        .post(&desk.path("/approve"), &ben, &[("digest", digest)])
        .await;
    assert!(reply.status.is_client_error(), "{}", reply.status);
    assert_eq!(desk.approvals().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confidential_plan_is_not_there_for_others() {
    let desk = Desk::of(plan("hr@contoso.example"), &["ben@provider.example"]).await;
    let (ben, eve) = (desk.approver("ben").await, desk.approver("eve").await);
    for path in ["", "/approve", "?tab=facts"] {
        let seen = desk.app.get(&desk.path(path), Some(&ben)).await;
        assert_eq!(seen.status, StatusCode::OK, "{path}");
        let unseen = desk.app.get(&desk.path(path), Some(&eve)).await;
        assert_eq!(unseen.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!unseen.text.contains("Lindqvist"), "{path}");
    }
    for act in [
        "/approve",
        "/refuse",
        "/take-back",
        "/begin",
        "/comment",
        "/again",
    ] {
        let form = [
            ("digest", desk.digest.as_str()),
            ("reason", "x"),
            ("text", "x"),
        ];
        let reply = desk.app.post(&desk.path(act), &eve, &form).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{act}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_stands_on_the_page_as_text() {
    let desk = Desk::of(plan("hr@contoso.example"), &[]).await;
    let ben = desk.approver("ben").await;
    let form = [("text", "<script>alert(1)</script> Daniel confirmed")];
    let reply = desk.app.post(&desk.path("/comment"), &ben, &form).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    let page = desk
        .app
        .get(&desk.path("?tab=discussion"), Some(&ben))
        .await;
    assert!(page.text.contains("Daniel confirmed"));
    assert!(!page.text.contains("<script>alert"));
    for tab in ["ticket", "facts", "order", "discussion", "nonsense"] {
        let page = desk
            .app
            .get(&desk.path(&format!("?tab={tab}")), Some(&ben))
            .await;
        assert_eq!(page.status, StatusCode::OK, "{tab}");
    }
}

#[test]
fn changes_stand_under_their_object_and_what_never_returns_stands_apart() {
    let plan = plan("hr@contoso.example");
    let groups = lines::by_object(&plan);
    let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["Account"]);
    let first = &groups[0].lines[0];
    assert_eq!(
        (
            first.what.as_str(),
            first.now.as_str(),
            first.after.as_str(),
            first.undo
        ),
        ("Sign-in", "allowed", "blocked", "undo")
    );
    let apart = lines::apart(&plan);
    assert_eq!(
        (apart[0].what.as_str(), apart[0].sign, apart[0].undo),
        ("LEE-LT-0412", "-", "never")
    );
    assert_eq!(apart[0].note, "what is on it is gone");
    let returns = lines::returns(&plan);
    assert_eq!((returns.yes, returns.partly, returns.never), (1, 1, 1));
    let phases = lines::by_phase(&plan);
    assert_eq!(phases[0].lines[1].note, "once block-sign-in is verified");
    assert_eq!(
        lead::what(&plan),
        "Nora Lindqvist can no longer sign in, and every session ends."
    );
    assert_eq!(brief::of(&plan)[0].title, "Sign-in blocked, sessions ended");
}

#[test]
fn more_than_six_equal_lines_are_one_that_opens() {
    let mut plan = plan("hr@contoso.example");
    let mut groups = step(
        "remove-from-groups",
        ObjectKind::Group,
        "Group 1",
        ("membership", json!("member"), Expect::absent()),
        Reversal::Return,
    );
    let one = groups.changes[0].clone();
    for number in 2..=9 {
        let name = format!("Group {number}");
        groups.changes.push(Change {
            object: ObjectRef::new(ObjectKind::Group, &ObjectId::new(name.clone()), &name),
            ..one.clone()
        });
    }
    plan.steps.push(groups);
    let shown = lines::by_object(&plan);
    let group = shown
        .iter()
        .find(|group| group.name == "Groups and lists")
        .unwrap();
    assert_eq!((group.count, group.lines.len()), (9, 1));
    assert_eq!(
        (group.lines[0].now.as_str(), group.lines[0].after.as_str()),
        ("9", "none")
    );
    assert_eq!(group.lines[0].all.len(), 9);
}

#[test]
fn two_versions_are_told_apart_by_what_they_do() {
    let (old, mut new) = (plan("hr@contoso.example"), plan("hr@contoso.example"));
    // A time that is only renewed differs between any two reads and says nothing.
    new.steps[1].changes[0].now = json!("2026-01-01T00:00:00Z");
    new.steps.pop();
    let at = clock::now();
    let later = at + jiff::SignedDuration::from_mins(1);
    let old = StoredPlan::seal(PlanId::from("p-1"), old, at, at);
    let new = StoredPlan::seal(PlanId::from("p-2"), new, later, later);
    let differences = compare::of(&new, &old);
    assert_eq!(
        (differences.older.as_str(), differences.newer.as_str()),
        ("p-1", "p-2")
    );
    let lines: Vec<String> = differences
        .lines
        .iter()
        .map(|line| format!("{}{}", line.sign, line.text))
        .collect();
    assert_eq!(lines, ["-wipe-device: LEE-LT-0412, device: in use → none"]);
}
