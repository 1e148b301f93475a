//! Who may come in, as the settings and the sign-in are used from outside: operators, API clients, passwords, the provider's door.

use axum::http::{StatusCode, header};
use domain::OperatorId;
use domain::access::{Grant, Role};
use secrecy::SecretString;
use store::NewOperator;

use super::{Reply, Session, TestApp};
use crate::clock;
use crate::config::Config;
use crate::sign_in::oidc::OidcConfig;

const PASSWORD: &str = "four words of wood";

async fn admin(app: &TestApp) -> Session {
    app.holder(Role::Admin, None).await
}

/// Somebody with a local account.
async fn local(app: &TestApp, name: &str, role: Role) -> OperatorId {
    let new = NewOperator {
        id: OperatorId::new(clock::short_id('o')),
        name: name.to_owned(),
        email: format!("{name}@provider.example"),
        zone: None,
        at: clock::now(),
    };
    let hash = app.web.passwords.hash(&SecretString::from(PASSWORD)).await;
    let grant = Grant { tenant: None, role };
    let store = &app.web.wiring.store;
    store
        .invite(&new, Some(&hash.unwrap()), &[grant], "test")
        .await
        .unwrap();
    new.id
}

async fn sign_in(app: &TestApp, from: [u8; 4], name: &str, password: &str) -> Reply {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("email", &format!("{name}@provider.example"))
        .append_pair("password", password)
        .finish();
    let peer = std::net::SocketAddr::from((from, 1));
    let request = app
        .request("POST", "/sign-in", None)
        .extension(axum::extract::ConnectInfo(peer));
    app.call(request, body).await
}

fn came_in(reply: &Reply) -> bool {
    reply.status == StatusCode::SEE_OTHER && reply.headers.contains_key("set-cookie")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_that_is_wrong_keeps_nothing_and_names_the_field() {
    let app = TestApp::new().await;
    let session = admin(&app).await;
    let form = |address: &'static str, role: &'static str, tenant: &'static str| {
        [
            ("name", "Eve"),
            ("address", address),
            ("role", role),
            ("tenant", tenant),
        ]
    };
    for (form, field) in [
        (
            form("eve@provider.example", "viewer", "nowhere"),
            "Tenant: there is no tenant",
        ),
        (
            form("eve@provider.example", "owner", ""),
            "Role: there is no role",
        ),
        (form("eve", "viewer", ""), "Work address:"),
    ] {
        let reply = app.post("/settings/operators", &session, &form).await;
        assert!(reply.text.contains(field), "{}", reply.text);
        assert_eq!(app.web.wiring.store.operators().await.unwrap().len(), 1);
    }
    let right = form("eve@provider.example", "viewer", "contoso");
    let reply = app.post("/settings/operators", &session, &right).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    let page = app.get(&reply.headers["location"], Some(&session)).await;
    assert!(page.text.contains("What was changed"), "{}", page.text);
    assert!(page.text.contains("as viewer of contoso"), "{}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_admin_who_can_sign_in_is_neither_disabled_nor_demoted() {
    let app = TestApp::new().await;
    // An admin who was invited and never came: nobody knows whether they can.
    let session = admin(&app).await;
    let last = local(&app, "last", Role::Admin).await;
    let at = format!("/settings/operators/{last}");
    let demoted = [("role", "viewer"), ("tenant", "")];
    let taken = [("role", "admin"), ("tenant", "")];
    for (act, form) in [
        ("disable", &[][..]),
        ("roles", &demoted[..]),
        ("roles/remove", &taken[..]),
    ] {
        let reply = app.post(&format!("{at}/{act}"), &session, form).await;
        assert_eq!(reply.status, StatusCode::CONFLICT, "{act}: {}", reply.text);
        assert!(
            reply
                .text
                .contains("last admin of all tenants who can sign in"),
            "{}",
            reply.text
        );
    }
    local(&app, "next", Role::Admin).await;
    let reply = app.post(&format!("{at}/disable"), &session, &[]).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    let page = app.get(&at, Some(&session)).await;
    assert!(page.text.contains("Disabled by"), "{}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_is_written_and_nothing_else() {
    let app = TestApp::new().await;
    let session = admin(&app).await;
    let store = &app.web.wiring.store;
    let before = store.operators().await.unwrap().remove(0);
    let form = [("zone", "Europe/Paris")];
    let reply = app.post("/settings/account/zone", &session, &form).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    let after = store.operators().await.unwrap().remove(0);
    let expected = store::Operator {
        zone: Some("Europe/Paris".to_owned()),
        ..before
    };
    assert_eq!(after, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_of_one_name_are_refused_at_the_door() {
    let app = TestApp::new().await;
    let session = admin(&app).await;
    let form = |name: &'static str| [("name", name), ("role", "viewer"), ("tenant", "contoso")];
    let first = app
        .post("/settings/clients", &session, &form("Ticket system"))
        .await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    let again = app
        .post("/settings/clients", &session, &form(" TICKET  system"))
        .await;
    assert!(
        again.text.contains("Name: there is or was a client called"),
        "{}",
        again.text
    );
    assert_eq!(app.web.wiring.store.clients().await.unwrap().len(), 1);
    let nowhere = [("name", "Other"), ("role", "viewer"), ("tenant", "nowhere")];
    let reply = app.post("/settings/clients", &session, &nowhere).await;
    assert!(
        reply.text.contains("Tenant: there is no tenant"),
        "{}",
        reply.text
    );
    assert_eq!(app.web.wiring.store.clients().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_slow_each_other_and_the_owner_still_comes_in_from_home() {
    let app = TestApp::new().await;
    local(&app, "owner", Role::Admin).await;
    let home = [192, 0, 2, 7];
    assert!(came_in(&sign_in(&app, home, "owner", PASSWORD).await));
    let mut refused = None;
    for last in 1..=12 {
        let reply = sign_in(&app, [198, 51, 100, last], "owner", "a guess that is long").await;
        assert!(!came_in(&reply));
        if reply.status == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(reply);
        }
    }
    let refused = refused.expect("strangers are slowed");
    assert!(
        refused.headers[header::RETRY_AFTER.as_str()]
            .parse::<u64>()
            .unwrap()
            >= 1
    );
    // A stranger who knows the password waits like every stranger; the owner at home does not.
    let stranger = sign_in(&app, [198, 51, 100, 99], "owner", PASSWORD).await;
    assert_eq!(stranger.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(came_in(&sign_in(&app, home, "owner", PASSWORD).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_providers_door_is_throttled_both_ways() {
    let mut config = Config::default();
    let oidc = r#"{ "issuer": "https://127.0.0.1:1/", "client_id": "tenure" }"#;
    config.server.oidc = Some(serde_json::from_str::<OidcConfig>(oidc).unwrap());
    let app = TestApp::over(config).await;
    let from = |last: u8| std::net::SocketAddr::from(([192, 0, 2, last], 1));
    let call = async |path: &str, last: u8| {
        let request = app
            .request("GET", path, None)
            .extension(axum::extract::ConnectInfo(from(last)));
        app.call(request, String::new()).await.status
    };
    let mut answers = Vec::new();
    for _ in 0..130 {
        answers.push(call("/sign-in/oidc/back?code=x&state=y", 1).await);
    }
    assert!(
        answers[..100]
            .iter()
            .all(|status| *status == StatusCode::UNPROCESSABLE_ENTITY)
    );
    assert_eq!(answers[129], StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        call("/sign-in/oidc", 1).await,
        StatusCode::TOO_MANY_REQUESTS
    );
    assert_ne!(
        call("/sign-in/oidc/back", 2).await,
        StatusCode::TOO_MANY_REQUESTS
    );
}
