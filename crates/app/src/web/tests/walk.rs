//! Every route, called by those who must not: nobody, a role too few, another tenant's admin, another site's page.

use axum::http::StatusCode;
use axum::http::request::Builder;
use domain::access::Role;

use super::{Reply, Session, TestApp};
use crate::web::Needs;
use crate::web::routes;

/// The path with something in every part: the tenant that is there, and ids of nothing.
fn filled(path: &str) -> String {
    let part = |part: &str| match part {
        "{tenant}" => "contoso".to_owned(),
        part if part.starts_with('{') => "nothing".to_owned(),
        part => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// A request with some token, where the route proves one itself.
pub(super) fn with_token(request: Builder, needs: Needs) -> Builder {
    if needs == Needs::OwnProof {
        return request.header("authorization", "Bearer not.a.token");
    }
    request
}

async fn call(app: &TestApp, method: &str, path: &str, session: Option<&Session>) -> Reply {
    let csrf = session.map_or("", |session| session.csrf.as_str());
    let request = app
        .request(method, &filled(path), session)
        .header("x-csrf-token", csrf);
    app.call(request, String::new()).await
}

fn below(role: Role) -> Option<Role> {
    Role::ALL.into_iter().filter(|other| *other < role).max()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_past_a_gate() {
    let app = TestApp::new().await;
    for route in routes().list() {
        if route.needs == Needs::Nothing {
            continue;
        }
        let reply = call(&app, route.method, route.path, None).await;
        let is_refused = reply.status == StatusCode::UNAUTHORIZED
            || (reply.status == StatusCode::SEE_OTHER
                && reply.headers["location"].starts_with("/sign-in?"));
        assert!(
            is_refused,
            "{} {}: {}",
            route.method, route.path, reply.status
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_too_few_gets_past_no_gate() {
    let app = TestApp::new().await;
    for route in routes().list() {
        let (role, tenant) = match route.needs {
            Needs::Nothing | Needs::OwnProof | Needs::SignedIn => continue,
            Needs::Somewhere(role) | Needs::There(role) => (role, Some("contoso")),
            Needs::Everywhere(role) => (role, None),
        };
        let session = match below(role) {
            Some(role) => app.holder(role, tenant).await,
            None => {
                app.operator(&format!("none-{}", crate::clock::short_id('n')), &[])
                    .await
            }
        };
        let reply = call(&app, route.method, route.path, Some(&session)).await;
        let expected = if below(role).is_none() && matches!(route.needs, Needs::There(_)) {
            StatusCode::NOT_FOUND
        } else {
            StatusCode::FORBIDDEN
        };
        assert_eq!(reply.status, expected, "{} {}", route.method, route.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_admin_sees_nothing_here() {
    let app = TestApp::new().await;
    let session = app.holder(Role::Admin, Some("fabrikam")).await;
    for route in routes().list() {
        let expected = match route.needs {
            Needs::There(_) => StatusCode::NOT_FOUND,
            Needs::Everywhere(_) => StatusCode::FORBIDDEN,
            _ => continue,
        };
        let reply = call(&app, route.method, route.path, Some(&session)).await;
        assert_eq!(reply.status, expected, "{} {}", route.method, route.path);
        assert!(
            !reply.text.contains("contoso"),
            "{} {}",
            route.method,
            route.path
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_comes_from_another_site_or_without_the_sessions_token() {
    let app = TestApp::new().await;
    let session = app.holder(Role::Admin, None).await;
    for route in routes().list() {
        if route.method == "GET" {
            continue;
        }
        let path = filled(route.path);
        // A call that brings its own proof is in nobody's session.
        if !matches!(route.needs, Needs::Nothing | Needs::OwnProof) {
            let without = app.request(route.method, &path, Some(&session));
            let reply = app.call(without, String::new()).await;
            assert_eq!(
                reply.status,
                StatusCode::FORBIDDEN,
                "{} {}",
                route.method,
                route.path
            );
        }
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let foreign = app
                .request(route.method, &path, Some(&session))
                .header("x-csrf-token", &session.csrf)
                .header(name, value);
            let foreign = with_token(foreign, route.needs);
            let reply = app.call(foreign, String::new()).await;
            assert_eq!(
                reply.status,
                StatusCode::FORBIDDEN,
                "{} {} {value}",
                route.method,
                route.path
            );
        }
    }
}

/// Whoever adds a route says here what it needs: the list is read by a person at every change of it.
#[test]
fn the_routes_are_these() {
    let lines: Vec<String> = routes()
        .list()
        .iter()
        .map(|route| format!("{:6} {:48} {:?}", route.method, route.path, route.needs))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_protected() {
    let app = TestApp::new().await;
    for path in [
        "/sign-in",
        "/today",
        "/nowhere",
        "/healthz",
        "/t/contoso/plans",
        "/api/v1/plans",
    ] {
        let reply = app.get(path, None).await;
        let policy = &reply.headers["content-security-policy"];
        assert!(policy.contains("default-src 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(reply.headers["cache-control"], "no-store", "{path}");
    }
}
