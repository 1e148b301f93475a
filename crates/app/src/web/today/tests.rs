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
        through: None,
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

fn everywhere(role: Role) -> [domain::access::Grant; 1] {
    [domain::access::Grant { tenant: None, role }]
}

/// Somebody lets somebody else decide, by the form under their account.
async fn lend(
    app: &TestApp,
    from: &crate::web::tests::Session,
    to: &str,
) -> crate::web::tests::Reply {
    let store = &app.web.wiring.store;
    let to = store.operator_by_email(to).await.unwrap().unwrap().id;
    let day = |days: i64| {
        let at = clock::now() + jiff::SignedDuration::from_hours(24 * days);
        at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
    };
    let (to, first, last) = (to.to_string(), day(-1), day(7));
    let fields = [
        ("to", to.as_str()),
        ("first", first.as_str()),
        ("last", last.as_str()),
        ("reason", "On holiday"),
    ];
    app.post("/settings/account/delegations", from, &fields)
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delegate_decides_in_the_others_name_and_both_count_as_one() {
    let app = TestApp::new().await;
    let ann = app.operator("ann", &everywhere(Role::Approver)).await;
    let bob = app.operator("bob", &everywhere(Role::Viewer)).await;
    let cyd = app.operator("cyd", &everywhere(Role::Viewer)).await;
    let plan = Wish::of("contoso", "p-1", "Mara Lindqvist")
        .keep(&app)
        .await;
    let path = format!("/t/contoso/plans/{}", plan.id);
    assert!(
        app.get("/today", Some(&bob))
            .await
            .text
            .contains("Nothing waits for you.")
    );
    let reply = lend(&app, &ann, "bob@provider.example").await;
    assert_eq!(
        reply.status,
        axum::http::StatusCode::SEE_OTHER,
        "{}",
        reply.text
    );
    let text = app.get("/settings/account", Some(&bob)).await.text;
    assert!(text.contains("You decide for ann"), "{text}");
    let text = app.get("/today", Some(&bob)).await.text;
    assert!(
        text.contains("1 plan waits for you.") && text.contains("for ann"),
        "{text}"
    );
    assert!(
        text.contains("<span class=\"n\">1<span"),
        "the count beside Today: {text}"
    );
    let text = app.get(&path, Some(&bob)).await.text;
    assert!(text.contains("Approve for ann"), "{text}");
    // What was lent is not lent on.
    let reply = lend(&app, &bob, "cyd@provider.example").await;
    assert!(reply.text.contains("nothing to lend"), "{}", reply.text);
    assert!(
        app.get("/today", Some(&cyd))
            .await
            .text
            .contains("Nothing waits for you.")
    );
    let fields = [("digest", plan.digest.as_str())];
    let reply = app.post(&format!("{path}/approve"), &bob, &fields).await;
    assert_eq!(
        reply.status,
        axum::http::StatusCode::SEE_OTHER,
        "{}",
        reply.text
    );
    let store = &app.web.wiring.store;
    let kept = store
        .approvals(&TenantScope::provider(), &plan.id)
        .await
        .unwrap();
    assert_eq!(kept[0].approval.by, "ann@provider.example");
    assert_eq!(
        kept[0].approval.through.as_deref(),
        Some("bob@provider.example")
    );
    // Neither of the two counts a second time, by whatever way.
    for one in [&ann, &bob] {
        app.post(&format!("{path}/approve"), one, &fields).await;
    }
    let kept = store
        .approvals(&TenantScope::provider(), &plan.id)
        .await
        .unwrap();
    assert_eq!(kept.len(), 1);
    assert!(app.get(&path, Some(&ann)).await.text.contains("for ann"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_delegation_leads_round_the_separation_of_duties() {
    let app = TestApp::new().await;
    let ann = app.operator("ann", &everywhere(Role::Approver)).await;
    let asker = app.operator("asker", &everywhere(Role::Requester)).await;
    let asked = Wish {
        requester: "asker@provider.example",
        ..Wish::of("contoso", "p-1", "Mara Lindqvist")
    };
    let plan = asked.keep(&app).await;
    lend(&app, &ann, "asker@provider.example").await;
    assert!(
        app.get("/today", Some(&asker))
            .await
            .text
            .contains("Nothing waits for you.")
    );
    let path = format!("/t/contoso/plans/{}", plan.id);
    let fields = [("digest", plan.digest.as_str())];
    let reply = app.post(&format!("{path}/approve"), &asker, &fields).await;
    assert!(reply.text.contains("asked for"), "{}", reply.text);
    let store = &app.web.wiring.store;
    let kept = store
        .approvals(&TenantScope::provider(), &plan.id)
        .await
        .unwrap();
    assert!(kept.is_empty());
    // Ended, it opens nothing any more.
    let bob = app.operator("bob", &everywhere(Role::Viewer)).await;
    lend(&app, &ann, "bob@provider.example").await;
    assert!(
        app.get("/today", Some(&bob))
            .await
            .text
            .contains("1 plan waits")
    );
    let all = store
        .delegations(&TenantScope::provider(), clock::now())
        .await
        .unwrap();
    for one in all {
        let path = format!("/settings/account/delegations/{}/end", one.id);
        let reply = app.post(&path, &bob, &[]).await;
        assert_eq!(reply.status, axum::http::StatusCode::NOT_FOUND);
        app.post(&path, &ann, &[]).await;
    }
    assert!(
        app.get("/today", Some(&bob))
            .await
            .text
            .contains("Nothing waits for you.")
    );
    let reply = app.post(&format!("{path}/approve"), &bob, &fields).await;
    assert_eq!(reply.status, axum::http::StatusCode::FORBIDDEN);
}
