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
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
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

#[test]
fn the_document_describes_every_call() {
    let api = super::calls();
    let document = api.document();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    for entry in super::calls().into_routes().list() {
        let method = entry.method.to_lowercase();
        let operation = &paths[entry.path][&method];
        assert!(operation["summary"].is_string(), "{method} {}", entry.path);
        for part in entry.path.split('/').filter(|part| part.starts_with('{')) {
            let name = part.trim_matches(['{', '}']);
            let parameters = operation["parameters"].as_array().unwrap();
            assert!(
                parameters.iter().any(|parameter| parameter["name"] == name),
                "{method} {}",
                entry.path
            );
        }
    }
}
