//! The API as a program calls it.

use axum::http::{StatusCode, header};
use domain::access::{Grant, Role};
use domain::{ClientId, TenantId};
use serde_json::Value;
use store::{NewClient, Secret};

use crate::clock;
use crate::sign_in::token::{self, Kind};
use crate::web::tests::{Reply, TestApp};

async fn client(app: &TestApp, role: Role, tenant: Option<&str>) -> String {
    let (value, _) = token::make(Kind::Api, |bytes| rand::fill(bytes));
    let value = secrecy::ExposeSecret::expose_secret(&value).to_owned();
    let new = NewClient {
        id: ClientId::new(clock::short_id('c')),
        name: format!("test {}", clock::short_id('n')),
        token: Secret::new(value.as_str()),
        grants: vec![Grant {
            tenant: tenant.map(TenantId::from),
            role,
        }],
        by: "test".to_owned(),
        at: clock::now(),
    };
    app.web.wiring.store.add_client(&new).await.unwrap();
    value
}

async fn get(app: &TestApp, path: &str, token: &str) -> Reply {
    let request = app
        .request("GET", path, None)
        .header(header::AUTHORIZATION, format!("Bearer {token}"));
    app.call(request, String::new()).await
}

fn json(reply: &Reply) -> Value {
    serde_json::from_str(&reply.text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_what_its_grants_say_and_nothing_else() {
    let app = TestApp::new().await;
    let own = client(&app, Role::Viewer, Some("contoso")).await;
    let reply = get(&app, "/api/v1/tenants", &own).await;
    assert_eq!(reply.status, StatusCode::OK);
    let names: Vec<String> = json(&reply)
        .as_array()
        .unwrap()
        .iter()
        .map(|tenant| tenant["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["contoso"]);
    let other = get(&app, "/api/v1/tenants/fabrikam/plans", &own).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    assert_eq!(other.headers["content-type"], "application/problem+json");
    assert_eq!(json(&other)["code"], "not-found");
    for wrong in ["tnr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "x", ""] {
        let reply = get(&app, "/api/v1/me", wrong).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_parameter_is_named_with_what_there_is() {
    let app = TestApp::new().await;
    let own = client(&app, Role::Viewer, None).await;
    let reply = get(&app, "/api/v1/plans?status=done", &own).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    let problem = json(&reply);
    assert!(
        problem["detail"].as_str().unwrap().contains("“done”"),
        "{problem}"
    );
    assert!(
        problem["hint"].as_str().unwrap().contains("waiting"),
        "{problem}"
    );
    let cursor = get(&app, "/api/v1/plans?after=nonsense", &own).await;
    assert_eq!(
        cursor.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        cursor.text
    );
}

/// Sends JSON with a token and an idempotency key.
async fn send(
    app: &TestApp,
    (method, path): (&str, &str),
    (token, key): (&str, &str),
    body: &str,
) -> Reply {
    let request = axum::http::Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", key);
    app.call(request, body.to_owned()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_holds_for_every_change_and_a_secret_is_given_once() {
    let app = TestApp::new().await;
    let admin = client(&app, Role::Admin, None).await;
    let clients = ("POST", "/api/v1/clients");
    let new = r#"{"name":"hr","grants":[{"tenant":"contoso","role":"viewer"}]}"#;
    let first = send(&app, clients, (&admin, "a"), new).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    let token = json(&first)["token"].as_str().unwrap().to_owned();
    let again = send(&app, clients, (&admin, "a"), new).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert!(json(&again)["token"].is_null() && !again.text.contains(&token));
    assert_eq!(json(&again)["id"], json(&first)["id"]);

    let other = send(&app, clients, (&admin, "a"), &new.replace("hr", "erp")).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(json(&other)["code"], "idempotency-reused");

    let path = format!("/api/v1/clients/{}", json(&first)["id"].as_str().unwrap());
    let revoke = ("DELETE", path.as_str());
    for replayed in [false, true] {
        let reply = send(&app, revoke, (&admin, "b"), "").await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        assert_eq!(reply.headers.contains_key("idempotency-replayed"), replayed);
    }
    // Without the key the second one finds nothing to revoke.
    let reply = send(&app, revoke, (&admin, "c"), "").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND, "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_one_key_at_the_same_time_are_one() {
    let app = TestApp::new().await;
    let admin = client(&app, Role::Admin, None).await;
    let new = r#"{"name":"hr","grants":[{"tenant":null,"role":"viewer"}]}"#;
    let one = || send(&app, ("POST", "/api/v1/clients"), (&admin, "k"), new);
    let replies = futures::future::join_all((0..6).map(|_| one())).await;
    for reply in &replies {
        let is_told = reply.status == StatusCode::OK
            || (reply.status == StatusCode::CONFLICT && json(reply)["code"] == "idempotency");
        assert!(is_told, "{} {}", reply.status, reply.text);
    }
    let made = app.web.wiring.store.clients().await.unwrap();
    assert_eq!(made.iter().filter(|client| client.name == "hr").count(), 1);
    let secrets = replies.iter().filter(|reply| reply.text.contains("tnr_"));
    assert_eq!(secrets.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_answers_for_no_client_does() {
    let app = TestApp::new().await;
    let admin = client(&app, Role::Admin, None).await;
    for call in super::calls()
        .calls
        .iter()
        .filter(|call| call.doc.is_for_people)
    {
        let path = call
            .path
            .replace("{tenant}", "contoso")
            .replace(['{', '}'], "");
        let reply = send(&app, (call.method, &path), (&admin, "k"), "{}").await;
        assert_eq!(
            reply.status,
            StatusCode::FORBIDDEN,
            "{} {path}",
            call.method
        );
        assert_eq!(
            json(&reply)["code"],
            "people-only",
            "{} {path}",
            call.method
        );
    }
}

/// A call that cannot be read: method, path, a header, the body, and what is answered.
type Unread = (
    &'static str,
    &'static str,
    Option<(&'static str, &'static str)>,
    String,
    u16,
    &'static str,
);

fn unread() -> Vec<Unread> {
    const CLIENTS: &str = "/api/v1/clients";
    const JSON: Option<(&str, &str)> = Some(("content-type", "application/json"));
    let body = |body: &str, status, code| ("POST", CLIENTS, JSON, body.to_owned(), status, code);
    let accept = |kind| {
        (
            "GET",
            CLIENTS,
            Some(("accept", kind)),
            String::new(),
            406,
            "not-acceptable",
        )
    };
    let other = |kind| ("POST", CLIENTS, kind, "{}".to_owned(), 415, "content-type");
    let get = |path, status, code| ("GET", path, None, String::new(), status, code);
    vec![
        ("PATCH", CLIENTS, None, String::new(), 405, "method"),
        accept("text/html"),
        accept("application/json;q=0"),
        other(Some(("content-type", "text/plain"))),
        other(None),
        body("", 400, "json"),
        body(&"[".repeat(100_000), 400, "json"),
        body(r#"{"name":1e999,"grants":[]}"#, 400, "json"),
        body("{\"name\":\"\\ud800\",\"grants\":[]}", 400, "json"),
        get(
            "/api/v1/tenants/contoso/ledger/99999999999999999999",
            404,
            "not-found",
        ),
        get("/api/v1/tenants/contoso/ledger/x", 404, "not-found"),
        get("/api/v1/tenants/contoso/plans/%FF", 404, "not-found"),
        get("/api/v1/plans?status=%FF", 400, "parameter"),
        get("/api/v1/plans?kind=onboard&kind=offboard", 400, "parameter"),
        get("/api/v1/tenants/contoso/plans/none", 404, "not-found"),
        get("/api/v1/nowhere", 404, "not-found"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_refused_by_name() {
    let app = TestApp::new().await;
    let admin = client(&app, Role::Admin, None).await;
    for (method, path, with, body, status, code) in unread() {
        let said = format!("{method} {path} {with:?} {code}");
        let mut request = axum::http::Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {admin}"));
        if let Some((name, value)) = with {
            request = request.header(name, value);
        }
        let reply = app.call(request, body).await;
        assert_eq!(reply.status.as_u16(), status, "{said}: {}", reply.text);
        assert_eq!(
            reply.headers["content-type"], "application/problem+json",
            "{said}"
        );
        assert_eq!(json(&reply)["code"], code, "{said}");
        assert_eq!(reply.headers.contains_key("allow"), status == 405, "{said}");
    }
}

#[test]
fn the_document_describes_every_call() {
    let document = super::document();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    let mut ids = std::collections::BTreeSet::new();
    for entry in super::calls().into_routes().list() {
        let method = entry.method.to_lowercase();
        let said = format!("{method} {}", entry.path);
        let operation = &paths[entry.path][&method];
        assert!(operation["summary"].is_string(), "{said}");
        assert!(
            !operation["description"].as_str().unwrap().is_empty(),
            "{said}"
        );
        assert!(
            ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
            "{said}"
        );
        assert!(
            !operation["security"].as_array().unwrap().is_empty(),
            "{said}"
        );
        for part in entry.path.split('/').filter(|part| part.starts_with('{')) {
            let name = part.trim_matches(['{', '}']);
            let parameters = operation["parameters"].as_array().unwrap();
            assert!(
                parameters.iter().any(|parameter| parameter["name"] == name),
                "{said}"
            );
        }
        let good = &operation["responses"]["200"]["content"];
        let schema = good.as_object().unwrap().values().next().unwrap();
        assert!(
            schema["schema"]
                .as_object()
                .is_some_and(|schema| !schema.is_empty()),
            "{said}"
        );
        if let Some(body) = operation.get("requestBody") {
            let body = &body["content"]["application/json"];
            assert_eq!(body["schema"]["additionalProperties"], false, "{said}");
            assert!(body["examples"]["one"]["value"].is_object(), "{said}");
        }
    }
}
