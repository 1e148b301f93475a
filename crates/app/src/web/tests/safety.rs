//! What a browser is told with every answer, and what the doors refuse whoever knocks: sizes, redirects, planted sessions, guessing.

use std::path::Path;

use axum::http::{StatusCode, header};
use domain::OperatorId;
use domain::access::{Grant, Role};
use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};
use store::{NewLink, NewOperator, Purpose, Secret};

use super::{Reply, Session, TestApp};
use crate::clock;
use crate::config::Config;
use crate::sign_in::token::{self, Kind};
use crate::web::{Needs, routes};

const PASSWORD: &str = "four words of wood";

/// The path with something in every part.
fn filled(path: &str) -> String {
    let part = |part: &str| match part {
        "{tenant}" => "contoso".to_owned(),
        part if part.starts_with('{') => "nothing".to_owned(),
        part => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_every_route_tells_the_browser_what_protects_its_reader() {
    let app = TestApp::new().await;
    let admin = app.holder(Role::Admin, None).await;
    for route in routes().list() {
        // What only reads may be looked at by whoever may, what changes by nobody: both answer.
        let session = (route.method == "GET").then_some(&admin);
        let request = app.request(route.method, &filled(route.path), session);
        let reply = app.call(request, String::new()).await;
        let at = format!("{} {}", route.method, route.path);
        let policy = &reply.headers["content-security-policy"];
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{at}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{at}");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{at}");
        assert_eq!(reply.headers["x-frame-options"], "DENY", "{at}");
        assert_eq!(reply.headers["referrer-policy"], "same-origin", "{at}");
        assert_eq!(reply.headers["cache-control"], "no-store", "{at}");
    }
}

/// The one place that lets a cache keep anything is the one that serves what is the same for everybody.
#[test]
fn only_assets_are_ever_kept_by_a_cache() {
    fn walk(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if !path.to_string_lossy().contains("tests") {
                let text = std::fs::read_to_string(&path).unwrap();
                let lower = text.to_lowercase();
                if lower.contains("max-age=")
                    || lower.contains("\"public")
                    || lower.contains("immutable")
                {
                    found.push(path.file_name().unwrap().to_string_lossy().into_owned());
                }
            }
        }
    }
    let mut found = Vec::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    walk(&source.join("web"), &mut found);
    walk(&source.join("api"), &mut found);
    found.sort();
    // `answer.rs` says for how long browsers keep to https.
    assert_eq!(found, ["answer.rs", "assets.rs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_long_is_refused_on_every_route_that_takes_one() {
    let app = TestApp::new().await;
    let admin = app.holder(Role::Admin, None).await;
    let much = "a".repeat(600 * 1024);
    for route in routes().list() {
        if route.method == "GET" {
            continue;
        }
        let at = format!("{} {}", route.method, route.path);
        let request = app
            .request(route.method, &filled(route.path), Some(&admin))
            .header("x-csrf-token", &admin.csrf);
        let request = super::walk::with_token(request, route.needs);
        let reply = app.call(request, much.clone()).await;
        assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE, "{at}");
        assert!(reply.text.contains("512 KB"), "{at}: {}", reply.text);
        if route.path.starts_with("/api/") {
            assert_eq!(
                reply.headers["content-type"], "application/problem+json",
                "{at}"
            );
        }
        if route.needs != Needs::Nothing {
            // From nobody it is not even read.
            let request = app.request(route.method, &filled(route.path), None);
            let reply = app.call(request, much.clone()).await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{at}");
        }
    }
}

/// Somebody with a local account.
async fn local(app: &TestApp) {
    let new = NewOperator {
        id: OperatorId::new(clock::short_id('o')),
        name: "Local".to_owned(),
        email: "local@provider.example".to_owned(),
        zone: None,
        at: clock::now(),
    };
    let hash = app.web.passwords.hash(&SecretString::from(PASSWORD)).await;
    let grant = Grant {
        tenant: None,
        role: Role::Viewer,
    };
    let store = &app.web.wiring.store;
    store
        .invite(&new, Some(&hash.unwrap()), &[grant], "test")
        .await
        .unwrap();
}

/// Signs in with a cookie the browser has already, and goes on where the link says.
async fn sign_in(app: &TestApp, cookie: Option<&str>, to: &str) -> Reply {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("email", "local@provider.example")
        .append_pair("password", PASSWORD)
        .append_pair("to", to)
        .finish();
    let mut request = app.request("POST", "/sign-in", None);
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    let reply = app.call(request, body).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    reply
}

fn cookie_of(reply: &Reply) -> String {
    let cookie = &reply.headers["set-cookie"];
    cookie.split(';').next().unwrap().to_owned()
}

async fn is_somebody(app: &TestApp, cookie: &str) -> bool {
    let request = app
        .request("GET", "/today", None)
        .header(header::COOKIE, cookie);
    app.call(request, String::new()).await.status == StatusCode::OK
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_planted_is_worth_nothing_after_the_sign_in() {
    let app = TestApp::new().await;
    local(&app).await;
    // A made-up one is not taken up.
    let (value, _) = token::make(Kind::Session, |bytes| rand::fill(bytes));
    let planted = format!("tenure={}", value.expose_secret());
    let first = cookie_of(&sign_in(&app, Some(&planted), "/").await);
    assert_ne!(first, planted);
    assert!(is_somebody(&app, &first).await && !is_somebody(&app, &planted).await);
    // A real one of before is dead.
    let second = cookie_of(&sign_in(&app, Some(&first), "/").await);
    assert_ne!(second, first);
    assert!(is_somebody(&app, &second).await && !is_somebody(&app, &first).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_sent_to_another_site_and_no_line_into_a_header() {
    let app = TestApp::new().await;
    local(&app).await;
    for (n, to) in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/today\r\nset-cookie: a=b",
        "/today%0d%0aset-cookie:%20a=b",
        "javascript:alert(1)",
        "/@evil.example//",
    ]
    .into_iter()
    .enumerate()
    {
        let reply = sign_in(&app, None, to).await;
        assert_eq!(reply.headers["location"], "/", "{n}: {to}");
        assert!(!reply.headers["set-cookie"].contains("a=b"), "{to}");
    }
    let kept = sign_in(&app, None, "/plans?status=waiting").await;
    assert_eq!(kept.headers["location"], "/plans?status=waiting");
    // Whoever is sent to sign in comes back to a path of ours.
    let sent = app.get("//evil.example/today", None).await;
    assert!(sent.status == StatusCode::NOT_FOUND || !sent.headers["location"].starts_with("//"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sessions_cookie_is_held_to_its_host_and_seen_by_no_script() {
    let app = TestApp::new().await;
    local(&app).await;
    let open = sign_in(&app, None, "/").await.headers["set-cookie"].clone();
    assert!(open.starts_with("tenure="), "{open}");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(open.contains(part), "{open}");
    }
    let mut config = Config::default();
    config.server.url = Some(url::Url::parse("https://tenure.provider.example").unwrap());
    let app = TestApp::over(config).await;
    local(&app).await;
    let reply = sign_in(&app, None, "/").await;
    let held = &reply.headers["set-cookie"];
    assert!(held.starts_with("__Host-tenure="), "{held}");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Secure"] {
        assert!(held.contains(part), "{held}");
    }
    assert!(!held.contains("Domain"), "{held}");
    assert!(reply.headers["strict-transport-security"].contains("max-age"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_time_links_are_not_guessed_at_speed() {
    let app = TestApp::new().await;
    let call = async |method: &str, last: u8| {
        let (value, _) = token::make(Kind::Link, |bytes| rand::fill(bytes));
        let peer = std::net::SocketAddr::from(([192, 0, 2, last], 1));
        let path = format!("/link/{}", value.expose_secret());
        let request = app
            .request(method, &path, None)
            .extension(axum::extract::ConnectInfo(peer));
        app.call(request, String::new()).await.status
    };
    for n in 0..30 {
        let method = if n % 2 == 0 { "GET" } else { "POST" };
        assert_eq!(call(method, 1).await, StatusCode::GONE, "{n}");
    }
    assert_eq!(call("GET", 1).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(call("POST", 1).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        call("GET", 2).await,
        StatusCode::GONE,
        "others are not concerned"
    );
}

/// Everything that a secret could have been written to: the store's file, its log, and what else lies there.
fn kept(app: &TestApp) -> Vec<(String, Vec<u8>)> {
    std::fs::read_dir(app.folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_that_came_through_a_door_lies_in_the_store() {
    let app = TestApp::new().await;
    let admin: Session = app.holder(Role::Admin, None).await;
    local(&app).await;
    let mut secrets = vec![("password", PASSWORD.to_owned())];
    let session = cookie_of(&sign_in(&app, None, "/").await);
    secrets.push(("session", session.split_once('=').unwrap().1.to_owned()));
    let connect = [
        ("name", "northwind"),
        ("directory", sim::worlds::NORTHWIND),
        ("cloud", "global"),
        ("client", sim::worlds::CLIENT_ID),
        ("secret", "planted~client~secret"),
        ("certificate", ""),
        ("key", ""),
    ];
    let reply = app.post("/tenants/connect", &admin, &connect).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    secrets.push(("client secret", "planted~client~secret".to_owned()));
    let client = [("name", "Tickets"), ("role", "viewer"), ("tenant", "")];
    let reply = app.post("/settings/clients", &admin, &client).await;
    secrets.push(("API token", word_of(&reply.text, "tnr_")));
    let hook = [("url", "https://203.0.112.9/hook"), ("events", "run-ended")];
    let reply = app.post("/settings/webhooks", &admin, &hook).await;
    secrets.push(("webhook secret", word_of(&reply.text, "whsec_")));
    let (value, _) = token::make(Kind::Link, |bytes| rand::fill(bytes));
    let value = value.expose_secret().to_owned();
    let link = NewLink {
        id: clock::short_id('l'),
        purpose: Purpose::Password,
        tenant: None,
        token: Secret::new(value.as_str()),
        payload: Secret::new("planted first password"),
        views: 2,
        expires_at: clock::now() + SignedDuration::from_hours(1),
        passphrase: None,
        by: "test".to_owned(),
        at: clock::now(),
    };
    app.web.wiring.store.add_link(&link).await.unwrap();
    let request = app.request("POST", &format!("/link/{value}"), None);
    let reply = app.call(request, String::new()).await;
    assert!(
        reply.text.contains("planted first password"),
        "{}",
        reply.text
    );
    secrets.push(("what a link shows", "planted first password".to_owned()));
    secrets.push(("a link's token", value));

    let files = kept(&app);
    assert!(
        files.iter().any(|(name, _)| name.ends_with("-wal")),
        "the log is searched too"
    );
    let holds = |bytes: &[u8], text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    // The search finds what is there.
    assert!(files.iter().any(|(_, bytes)| holds(bytes, "Tickets")));
    for (what, secret) in &secrets {
        assert!(secret.len() >= 8, "{what}: {secret}");
        for (name, bytes) in &files {
            assert!(!holds(bytes, secret), "{what} lies in {name}");
        }
    }
}

/// The word of a page that begins so.
fn word_of(text: &str, begin: &str) -> String {
    let at = text
        .find(begin)
        .unwrap_or_else(|| panic!("no {begin} in {text}"));
    let is_part = |c: &char| c.is_ascii_alphanumeric() || "_-+/=".contains(*c);
    text[at..].chars().take_while(is_part).collect()
}
