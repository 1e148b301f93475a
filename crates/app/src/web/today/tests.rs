//! Today as it is read: what waits for whom.

use domain::access::Role;
use domain::plan::Approval;
use store::TenantScope;

use crate::clock;
use crate::web::lists::tests::Wish;
use crate::web::tests::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_waits_for_those_alone_who_may_decide_on_it() {
    let app = TestApp::new().await;
    Wish::of("contoso", "p-1", "Mara Lindqvist")
        .keep(&app)
        .await;
    let approver = app.holder(Role::Approver, Some("contoso")).await;
    let text = app.get("/today", Some(&approver)).await.text;
    assert!(
        text.contains("1 plan waits for you.") && text.contains("Review"),
        "{text}"
    );
    let viewer = app.holder(Role::Viewer, Some("contoso")).await;
    let text = app.get("/today", Some(&viewer)).await.text;
    assert!(text.contains("Nothing waits for you."), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asked_or_approved_has_nothing_to_decide() {
    let app = TestApp::new().await;
    let grants = [domain::access::Grant {
        tenant: None,
        role: Role::Approver,
    }];
    let ann = app.operator("ann", &grants).await;
    let bob = app.operator("bob", &grants).await;
    let asked = Wish {
        requester: "ann@provider.example",
        ..Wish::of("contoso", "p-1", "Mara Lindqvist")
    };
    let plan = asked.keep(&app).await;
    assert!(
        app.get("/today", Some(&ann))
            .await
            .text
            .contains("Nothing waits for you.")
    );
    assert!(
        app.get("/t/contoso/today", Some(&bob))
            .await
            .text
            .contains("1 plan waits for you.")
    );
    let approval = Approval {
        plan: plan.id.clone(),
        digest: plan.digest.clone(),
        by: "bob@provider.example".to_owned(),
        at: clock::now(),
        apart: Vec::new(),
    };
    app.web
        .wiring
        .store
        .approve(&TenantScope::provider(), &approval)
        .await
        .unwrap();
    assert!(
        app.get("/today", Some(&bob))
            .await
            .text
            .contains("Nothing waits for you.")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_is_for_admins_and_has_its_ticks() {
    let app = TestApp::new().await;
    let admin = app.holder(Role::Admin, None).await;
    let text = app.get("/today", Some(&admin)).await.text;
    // Two tenants are connected, neither has a policy, nobody else can approve.
    assert!(
        text.contains("First start") && text.contains("1 of 4"),
        "{text}"
    );
    let viewer = app.holder(Role::Viewer, None).await;
    assert!(
        !app.get("/today", Some(&viewer))
            .await
            .text
            .contains("First start")
    );
}
