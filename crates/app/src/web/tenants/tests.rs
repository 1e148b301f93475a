//! A tenant's page as it is sent: what may be renewed, and that no secret comes back.

use axum::http::StatusCode;
use domain::access::Role;

use crate::web::tests::TestApp;

const TYPED: &str = "planted-secret-0123456789";

#[tokio::test(flavor = "multi_thread")]
async fn a_new_secret_is_kept_and_shown_nowhere() {
    let app = TestApp::new().await;
    let admin = app.holder(Role::Admin, Some("contoso")).await;
    let reply = app
        .post("/t/contoso/renew", &admin, &[("secret", TYPED)])
        .await;
    assert_eq!(
        (reply.status, reply.headers["location"].as_str()),
        (StatusCode::SEE_OTHER, "/t/contoso?renewed=1")
    );
    let page = app.get("/t/contoso?renewed=1", Some(&admin)).await.text;
    assert!(page.contains("The new credential is kept.") && !page.contains(TYPED));
    let both = app
        .post(
            "/t/contoso/renew",
            &admin,
            &[("secret", TYPED), ("certificate", "x"), ("key", "y")],
        )
        .await;
    assert!(
        both.status.is_client_error() && !both.text.contains(TYPED),
        "{}",
        both.text
    );
    let none = app
        .post("/t/contoso/renew", &admin, &[("secret", " ")])
        .await;
    assert!(
        none.status.is_client_error() && none.text.contains("Neither a secret nor a certificate"),
        "{}",
        none.text
    );
    let half = app
        .post(
            "/t/contoso/renew",
            &admin,
            &[("certificate", "no certificate"), ("key", TYPED)],
        )
        .await;
    assert!(
        half.status.is_client_error() && !half.text.contains(TYPED),
        "{}",
        half.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_waits_for_the_tenant_and_offers_renewal_to_admins_alone() {
    let app = TestApp::new().await;
    let viewer = app.holder(Role::Viewer, Some("contoso")).await;
    let page = app.get("/t/contoso", Some(&viewer)).await.text;
    assert!(
        page.contains("hx-get=\"/t/contoso/live\"") && page.contains("Read now"),
        "{page}"
    );
    assert!(!page.contains("/renew"));
    let list = app.get("/tenants", Some(&viewer)).await.text;
    assert!(
        list.contains("/t/contoso/connect/policy") && list.contains("Waits for a policy"),
        "{list}"
    );
}
