//! The editor as it is sent: errors with their lines, versions that somebody overtook, and who may apply.

use axum::http::StatusCode;
use domain::TenantId;
use domain::access::Role;
use store::TenantScope;

use crate::acts::policy::Start;
use crate::clock;
use crate::web::tests::TestApp;

fn text() -> String {
    Start::of("cloud-only").unwrap().text()
}

async fn applied(app: &TestApp) -> u64 {
    let tenant = TenantId::from("contoso");
    let store = &app.web.wiring.store;
    let versions = store
        .policies(&TenantScope::of(&tenant), &tenant)
        .await
        .unwrap();
    versions.first().map_or(0, |version| version.version)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_said_with_its_line_and_the_way_to_it() {
    let app = TestApp::new().await;
    let viewer = app.holder(Role::Viewer, Some("contoso")).await;
    let wrong = text().replacen("people = 1", "people = \"one\"", 1);
    let line = wrong
        .lines()
        .position(|line| line.contains("\"one\""))
        .unwrap()
        + 1;
    let reply = app
        .post(
            "/t/contoso/policy/check",
            &viewer,
            &[("text", &wrong), ("base", "0")],
        )
        .await;
    assert_eq!(reply.status, StatusCode::OK);
    assert!(
        reply
            .text
            .contains(&format!("href=\"#L{line}\">Line {line}<")),
        "{}",
        reply.text
    );
    assert!(reply.text.contains(&format!("id=\"L{line}\"")));
    assert!(reply.text.contains("1 error. Nothing can be applied."));
    // What was written is still there.
    assert!(reply.text.contains("&#34;one&#34;") || reply.text.contains("&quot;one&quot;"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_somebody_overtook_is_not_applied() {
    let app = TestApp::new().await;
    let admin = app.holder(Role::Admin, Some("contoso")).await;
    let first = text();
    let send = |text: String, base: &'static str| {
        let (app, admin) = (&app, &admin);
        async move {
            app.post(
                "/t/contoso/policy/apply",
                admin,
                &[("text", &text), ("base", base), ("comment", "why")],
            )
            .await
        }
    };
    let reply = send(first.clone(), "0").await;
    assert_eq!(
        (reply.status, reply.headers["location"].as_str()),
        (StatusCode::SEE_OTHER, "/t/contoso/policy?applied=1")
    );
    let second = first.replacen("people = 1", "people = 2", 1);
    let reply = send(second.clone(), "0").await;
    assert_eq!(reply.status, StatusCode::CONFLICT);
    assert!(
        reply.text.contains("policy version 1 by now") && reply.text.contains("people = 2"),
        "{}",
        reply.text
    );
    assert_eq!(applied(&app).await, 1);
    assert_eq!(send(second, "1").await.status, StatusCode::SEE_OTHER);
    assert_eq!(applied(&app).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_applied_with_errors_without_a_comment_or_without_the_role() {
    let app = TestApp::new().await;
    let admin = app.holder(Role::Admin, Some("contoso")).await;
    let wrong = text().replacen("people = 1", "people = \"one\"", 1);
    let reply = app
        .post(
            "/t/contoso/policy/apply",
            &admin,
            &[("text", &wrong), ("base", "0"), ("comment", "why")],
        )
        .await;
    assert!(
        reply.status.is_client_error() && reply.text.contains("Nothing can be applied"),
        "{}",
        reply.status
    );
    let reply = app
        .post(
            "/t/contoso/policy/apply",
            &admin,
            &[("text", &text()), ("base", "0"), ("comment", " ")],
        )
        .await;
    assert!(
        reply.status.is_client_error() && reply.text.contains("no comment"),
        "{}",
        reply.status
    );
    let approver = app.holder(Role::Approver, Some("contoso")).await;
    let reply = app
        .post(
            "/t/contoso/policy/apply",
            &approver,
            &[("text", &text()), ("base", "0"), ("comment", "why")],
        )
        .await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert_eq!(applied(&app).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_version_comes_back_as_a_draft_and_the_history_says_why() {
    let app = TestApp::new().await;
    let tenant = TenantId::from("contoso");
    let scope = TenantScope::of(&tenant);
    let store = &app.web.wiring.store;
    store
        .apply_policy(&scope, &tenant, &text(), "Ann", clock::now())
        .await
        .unwrap();
    let second = text().replacen("people = 1", "people = 2", 1);
    store
        .apply_policy(&scope, &tenant, &second, "Bob", clock::now())
        .await
        .unwrap();
    let admin = app.holder(Role::Admin, Some("contoso")).await;
    let reply = app
        .post(
            "/t/contoso/policy",
            &admin,
            &[
                ("text", &second),
                ("base", "2"),
                ("tab", "history"),
                ("restore", "1"),
            ],
        )
        .await;
    assert_eq!(reply.status, StatusCode::OK);
    assert!(
        reply.text.contains("people = 1") && reply.text.contains("Nothing is applied yet."),
        "{}",
        reply.text
    );
    assert!(
        reply.text.contains("name=\"base\" value=\"2\"")
            && reply.text.contains("Back to version 1")
    );
    let reply = app
        .post(
            "/t/contoso/policy",
            &admin,
            &[("text", &second), ("base", "2"), ("restore", "9")],
        )
        .await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
}
