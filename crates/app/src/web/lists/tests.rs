//! Lists as they are asked for: whose lines, which filters, and where a page ends.

use domain::access::Role;
use domain::plan::{ApprovalNeed, FORMAT, Plan, StoredPlan};
use domain::request::{Kind, Origin, PersonHint, Request};
use domain::spec::{ObjectKind, ObjectRef};
use domain::{ObjectId, PlanId, RequestId, TenantId};
use store::TenantScope;

use super::*;
use crate::clock;
use crate::web::tests::TestApp;

/// What a list of these tests is about.
pub(in crate::web) struct Wish<'a> {
    pub(in crate::web) tenant: &'a str,
    pub(in crate::web) id: &'a str,
    pub(in crate::web) name: &'a str,
    pub(in crate::web) requester: &'a str,
    pub(in crate::web) confidential: &'a [&'a str],
}

impl<'a> Wish<'a> {
    pub(in crate::web) fn of(tenant: &'a str, id: &'a str, name: &'a str) -> Self {
        Self {
            tenant,
            id,
            name,
            requester: "hr@contoso.example",
            confidential: &[],
        }
    }

    /// Keeps a request with a plan that waits for one approval.
    pub(in crate::web) async fn keep(&self, app: &TestApp) -> StoredPlan {
        let request = Request {
            id: RequestId::new(format!("q-{}", self.id)),
            tenant: TenantId::from(self.tenant),
            kind: Kind::Offboard,
            person: PersonHint::default(),
            when: None,
            fields: Default::default(),
            switches: Default::default(),
            origin: Origin {
                channel: "ticket".to_owned(),
                requester: self.requester.to_owned(),
                reference: Some(format!("#{}", self.id)),
                received_at: clock::now(),
                subject: None,
                body: None,
            },
            asks: Vec::new(),
            confidential: self.confidential.iter().map(ToString::to_string).collect(),
            only: None,
        };
        let upn = format!(
            "{}@{}.example",
            self.name.to_lowercase().replace(' ', "."),
            self.tenant
        );
        let plan = Plan {
            format: FORMAT,
            tenant: request.tenant.clone(),
            directory: "d".to_owned(),
            request: request.id.clone(),
            kind: Kind::Offboard,
            person: ObjectRef::new(ObjectKind::Person, &ObjectId::new(upn.clone()), self.name),
            upn,
            at: None,
            steps: Vec::new(),
            remarks: Vec::new(),
            policy: "p".to_owned(),
            requester: self.requester.to_owned(),
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
        let now = clock::now();
        let stored = StoredPlan::seal(PlanId::from(self.id), plan, now, now);
        let store = &app.web.wiring.store;
        store
            .add_request_with_plan(&TenantScope::provider(), &request, &stored, now)
            .await
            .unwrap();
        stored
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_of_one_tenant_sees_it_alone_in_every_list_and_count() {
    let app = TestApp::new().await;
    Wish::of("contoso", "p-ours", "Mara Ours").keep(&app).await;
    Wish::of("fabrikam", "p-theirs", "Noor Theirs")
        .keep(&app)
        .await;
    let viewer = app.holder(Role::Viewer, Some("contoso")).await;
    let all = app.holder(Role::Viewer, None).await;
    for path in [
        "/plans",
        "/people",
        "/requests",
        "/find?q=",
        "/find/hits?q=p-",
        "/find/hits?q=%23p-",
        "/tenants",
        "/policies",
        "/ledger",
        "/reports",
        "/runs",
        "/today",
        "/seats",
        "/sandbox",
    ] {
        let reply = app.get(path, Some(&viewer)).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(
            !reply.text.contains("Theirs") && !reply.text.contains("fabrikam"),
            "{path}: {}",
            reply.text
        );
    }
    for path in ["/plans", "/people", "/requests?q=q-", "/ledger"] {
        let reply = app.get(path, Some(&all)).await;
        assert_eq!(reply.status, 200, "{path}");
    }
    let own = app.get("/plans", Some(&viewer)).await.text;
    assert!(
        own.contains("No plan waits for your decision.") && own.contains("Offboard Mara Ours"),
        "{own}"
    );
    let both = app.get("/plans", Some(&all)).await.text;
    assert!(both.contains("No plan waits for your decision.") && both.contains("Noor Theirs"));
    let decides = app.holder(Role::Approver, None).await;
    let both = app.get("/plans", Some(&decides)).await.text;
    assert!(both.contains("2 plans wait for your decision."), "{both}");
    let there = app.get("/t/fabrikam/plans", Some(&all)).await.text;
    assert!(there.contains("Noor Theirs") && !there.contains("Mara Ours"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_confidential_or_about_oneself_is_in_no_list() {
    let app = TestApp::new().await;
    let secret = Wish {
        confidential: &["boss@provider.example"],
        ..Wish::of("contoso", "p-quiet", "Quiet One")
    };
    secret.keep(&app).await;
    let viewer = app.holder(Role::Admin, None).await;
    for path in [
        "/plans",
        "/people",
        "/requests",
        "/today",
        "/ledger",
        "/find/hits?q=p-quiet",
        "/find/hits?q=%23p-quiet",
    ] {
        let text = app.get(path, Some(&viewer)).await.text;
        assert!(
            !text.contains("Quiet") && !text.contains("quiet.one"),
            "{path}: {text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn older_lines_are_reached_by_a_cursor_and_no_cursor_is_guessed() {
    let app = TestApp::new().await;
    for n in 0..51 {
        Wish::of("contoso", &format!("p-{n:02}"), &format!("Person {n:02}"))
            .keep(&app)
            .await;
    }
    let viewer = app.holder(Role::Viewer, None).await;
    let first = app.get("/plans?kind=offboard", Some(&viewer)).await.text;
    assert_eq!(first.matches("data-row").count(), 50);
    let older = first
        .split("rel=\"next\" href=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let older = older.replace("&#38;", "&").replace("&amp;", "&");
    assert!(older.starts_with("/plans?kind=offboard&before="), "{older}");
    let second = app.get(&older, Some(&viewer)).await.text;
    assert_eq!(second.matches("data-row").count(), 1);
    assert!(second.contains("Newest") && !second.contains("rel=\"next\""));
    for (path, before) in [
        ("/plans", "nonsense"),
        ("/runs", "%00"),
        ("/people", "e30"),
        ("/requests", "W10"),
        ("/ledger", ".."),
    ] {
        let reply = app
            .get(&format!("{path}?before={before}"), Some(&viewer))
            .await;
        assert_eq!(reply.status, 422, "{path}");
        assert!(reply.text.contains("first page"), "{path}: {}", reply.text);
    }
}

#[test]
fn an_address_keeps_its_filters_and_leaves_out_what_is_empty() {
    let asked = Asked {
        kind: "offboard".to_owned(),
        q: " ann ".to_owned(),
        ..Asked::default()
    };
    assert_eq!(
        asked.with_state("/plans", "waiting"),
        "/plans?state=waiting&kind=offboard&q=ann"
    );
    assert_eq!(Asked::default().with_state("/plans", ""), "/plans");
    assert!(asked.is_filtered() && !Asked::default().is_filtered());
}
