//! A tenant's page as it is sent: what may be renewed, and that no secret comes back.

use axum::http::StatusCode;
use domain::TenantId;
use domain::access::Role;
use sim::{Faults, Sandbox};
use store::TenantScope;

use crate::clock;
use crate::config::{CloudConfig, Config};
use crate::web::tests::TestApp;

/// An app whose `contoso` is the sandbox's, with a secret that it does not take.
async fn with_a_cloud() -> TestApp {
    let sandbox = Sandbox::new(
        sim::worlds::demo(clock::now()),
        Faults::calm(),
        1,
        clock::now(),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    // Ends with the test.
    tokio::spawn(sim::serve(listener, sandbox, None, std::future::pending()));
    let mut config = Config::default();
    let cloud = CloudConfig {
        login: format!("{base}/login"),
        graph: format!("{base}/graph"),
        exchange: format!("{base}/exchange"),
        graph_scope: None,
        exchange_scope: None,
    };
    config.clouds.insert("sandbox".to_owned(), cloud);
    TestApp::at(config, "sandbox", sim::worlds::CONTOSO).await
}

const TYPED: &str = "planted-secret-0123456789";

#[tokio::test(flavor = "multi_thread")]
async fn a_new_secret_is_kept_once_the_tenant_took_it_and_shown_nowhere() {
    let app = with_a_cloud().await;
    let admin = app.holder(Role::Admin, Some("contoso")).await;
    // The one in place is tried with every call; this one the tenant does not take.
    let store = &app.web.wiring.store;
    let scope = TenantScope::of(&TenantId::from("contoso"));
    let before = store.credential(&scope, &TenantId::from("contoso")).await;
    let wrong = app
        .post("/t/contoso/renew", &admin, &[("secret", TYPED)])
        .await;
    assert!(wrong.status.is_client_error(), "{}", wrong.text);
    assert!(
        wrong.text.contains("tried and not kept") && wrong.text.contains("client secret is wrong"),
        "{}",
        wrong.text
    );
    assert!(!wrong.text.contains(TYPED), "{}", wrong.text);
    let after = store.credential(&scope, &TenantId::from("contoso")).await;
    assert_eq!(before.unwrap(), after.unwrap());
    let right = [("secret", sim::worlds::CLIENT_SECRET)];
    let reply = app.post("/t/contoso/renew", &admin, &right).await;
    assert_eq!(
        (reply.status, reply.headers["location"].as_str()),
        (StatusCode::SEE_OTHER, "/t/contoso?renewed=1")
    );
    let page = app.get("/t/contoso?renewed=1", Some(&admin)).await.text;
    assert!(
        page.contains("The new credential is kept.") && !page.contains(sim::worlds::CLIENT_SECRET)
    );
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
