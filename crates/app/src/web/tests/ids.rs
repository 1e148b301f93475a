//! Every route with ids that are none: the answer is that nothing is there, in the form of the page or the call.

use axum::http::StatusCode;
use domain::access::Role;

use super::{Reply, Session, TestApp};
use crate::web::routes;

/// Text, too long, negative and unknown, rubbish behind the percent sign, and bytes that are no text.
fn bad() -> Vec<String> {
    vec![
        "no-such-thing".to_owned(),
        "x".repeat(2_000),
        "-9223372036854775809".to_owned(),
        "%0D%0Aset-cookie:%20a=b".to_owned(),
        "%FF%FE".to_owned(),
    ]
}

/// The path with this in its last part in braces, and with what is there in the others.
fn filled(path: &str, id: &str) -> Option<String> {
    let last = path.split('/').rfind(|part| part.starts_with('{'))?;
    let part = |part: &str| match part {
        part if part == last => id.to_owned(),
        "{tenant}" => "contoso".to_owned(),
        part if part.starts_with('{') => "nothing".to_owned(),
        part => part.to_owned(),
    };
    Some(path.split('/').map(part).collect::<Vec<_>>().join("/"))
}

async fn call(app: &TestApp, method: &str, path: &str, session: &Session) -> Reply {
    let request = app
        .request(method, path, Some(session))
        .header("x-csrf-token", &session.csrf);
    app.call(request, String::new()).await
}

/// The links that are their own proof say the same of a token that never was as of one that was used: gone.
const GONE: [&str; 2] = ["/link/{token}", "/set-up/{token}"];

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_none_is_an_address_where_nothing_is() {
    let app = TestApp::new().await;
    let session = app.holder(Role::Admin, None).await;
    let mut wrong = Vec::new();
    let mut walked = 0;
    for route in routes().list() {
        for id in bad() {
            let Some(path) = filled(route.path, &id) else {
                continue;
            };
            walked += 1;
            let reply = call(&app, route.method, &path, &session).await;
            let could_be = id.len() < 100 && !id.contains('%');
            // A form that is read before its object is looked for may be refused for itself, where the id could be one.
            let of_form = route.method != "GET"
                && could_be
                && reply.status.is_client_error()
                && [
                    "the form cannot be read",
                    "\"code\":\"json\"",
                    "\"code\":\"content-type\"",
                ]
                .iter()
                .any(|said| reply.text.contains(said));
            let gone = GONE.contains(&route.path) && could_be && reply.status == StatusCode::GONE;
            let is_fine = reply.status == StatusCode::NOT_FOUND || of_form || gone;
            let kind = reply.headers.get("content-type").map_or("", String::as_str);
            let form = if route.path.starts_with("/api/") {
                "application/problem+json"
            } else {
                "text/html; charset=utf-8"
            };
            if !is_fine || kind != form {
                let short: String = id.chars().take(24).collect();
                wrong.push(format!(
                    "{} {} with {short}: {} {kind}",
                    route.method, route.path, reply.status
                ));
            }
        }
    }
    assert!(walked > 300, "{walked} calls");
    assert!(
        wrong.is_empty(),
        "{} of {walked}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_behind_the_question_mark_is_refused_in_our_own_form() {
    let app = TestApp::new().await;
    let session = app.holder(Role::Admin, None).await;
    let page = app
        .get("/settings/sign-ins?before=soon", Some(&session))
        .await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert!(page.text.contains("question mark"), "{}", page.text);
}
