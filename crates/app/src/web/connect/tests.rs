//! Connecting as it is sent: each field that is wrong is named, nothing sealed comes back, and it goes on where it stood.

use axum::http::StatusCode;
use domain::access::Role;

use crate::web::tests::TestApp;

const TYPED: &str = "planted-secret-0123456789";
const FREE: &str = "44444444-4444-4444-8444-444444444444";

fn form<'a>(name: &'a str, directory: &'a str, cloud: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("how", "secret"),
        ("name", name),
        ("directory", directory),
        ("client", FREE),
        ("cloud", cloud),
        ("secret", TYPED),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_wrong_is_named_and_the_rest_is_kept() {
    let app = TestApp::new().await;
    let admin = app.holder(Role::Admin, None).await;
    for (sent, expected) in [
        (form("north", "no guid", "global"), "f-directory"),
        (form("north", FREE, "nowhere"), "f-cloud"),
        (form("contoso", FREE, "global"), "f-name"),
        (
            form("north", "11111111-1111-4111-8111-111111111111", "global"),
            "f-name",
        ),
    ] {
        let reply = app.post("/tenants/connect", &admin, &sent).await;
        assert!(
            reply.status.is_client_error(),
            "{expected}: {}",
            reply.status
        );
        assert!(
            reply.text.contains(&format!("href=\"#{expected}\"")),
            "{expected}: {}",
            reply.text
        );
        assert!(
            reply.text.contains(sent[1].1) && !reply.text.contains(TYPED),
            "{expected}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_was_kept_is_gone_on_with_at_its_check_and_then_its_policy() {
    let app = TestApp::new().await;
    let admin = app.holder(Role::Admin, None).await;
    let reply = app
        .post("/tenants/connect", &admin, &form("north", FREE, "global"))
        .await;
    assert_eq!(
        (reply.status, reply.headers["location"].as_str()),
        (StatusCode::SEE_OTHER, "/t/north/connect")
    );
    let check = app.get("/t/north/connect", Some(&admin)).await.text;
    assert!(
        check.contains("hx-get=\"/t/north/connect\"") && check.contains("Check now"),
        "{check}"
    );
    let policy = app.get("/t/north/connect/policy", Some(&admin)).await.text;
    assert!(policy.contains("/t/north/policy?start=hybrid"), "{policy}");
    let text = crate::acts::policy::Start::of("hybrid").unwrap().text();
    let sent = [
        ("text", text.as_str()),
        ("base", "0"),
        ("comment", "the first"),
    ];
    assert_eq!(
        app.post("/t/north/policy/apply", &admin, &sent)
            .await
            .status,
        StatusCode::SEE_OTHER
    );
    let done = app.get("/t/north/connect/policy", Some(&admin)).await;
    assert_eq!(done.headers["location"], "/t/north");
}
