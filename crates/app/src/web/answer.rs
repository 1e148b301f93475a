//! Answers: a page from its template, a redirect after a change, and every problem in the form its reader wants.

use askama::Template;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde_json::json;
use tracing::Instrument as _;

use super::{Answer, Caller, Web, error, shell};
use crate::clock;
use crate::problem::{Exit, Problem};

/// A page from its template.
///
/// # Errors
/// When the template fails, which only a fault of ours makes it.
pub(crate) fn page(template: &impl Template) -> Answer {
    let text = template.render().map_err(|error| {
        Problem::failed("page", format!("the page could not be written: {error}"))
    })?;
    Ok(Html(text).into_response())
}

/// Where to go on after a change.
pub(crate) fn see(path: &str) -> Answer {
    Ok(Redirect::to(path).into_response())
}

impl Problem {
    /// The status that says the same to a program.
    pub(crate) fn status(&self) -> StatusCode {
        match self.code.as_str() {
            "json" | "parameter" => StatusCode::BAD_REQUEST,
            "sign-in" | "client-token" => StatusCode::UNAUTHORIZED,
            "role" | "cross-site" | "token" | "protected" | "people-only" => StatusCode::FORBIDDEN,
            "not-found" => StatusCode::NOT_FOUND,
            "method" => StatusCode::METHOD_NOT_ALLOWED,
            "not-acceptable" => StatusCode::NOT_ACCEPTABLE,
            "content-type" => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "gone" => StatusCode::GONE,
            "fault" => StatusCode::INTERNAL_SERVER_ERROR,
            "too-slow" => StatusCode::REQUEST_TIMEOUT,
            "too-large" => StatusCode::PAYLOAD_TOO_LARGE,
            "too-many" => StatusCode::TOO_MANY_REQUESTS,
            "has-run" | "digest" | "ended" | "not-ended" | "completed" | "superseded"
            | "already-approved" | "idempotency" | "exists" | "refused" | "reserved"
            | "unapproved" | "taken-back" | "started" | "busy" | "last-admin" | "drift" => {
                StatusCode::CONFLICT
            }
            _ if self.exit == Exit::Refused => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// A problem on its way out; [`dress`] gives it the form its reader wants.
#[derive(Clone, Debug)]
struct Bare(std::sync::Arc<Problem>);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response
            .extensions_mut()
            .insert(Bare(std::sync::Arc::new(self)));
        response
    }
}

/// Puts on every answer what protects its reader, and turns a problem into a page or into `application/problem+json`.
pub(crate) async fn dress(State(web): State<Web>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let wanted = request.uri().path_and_query().map(ToString::to_string);
    let is_read = request.method() == axum::http::Method::GET;
    let is_part = request.headers().contains_key("hx-request");
    let is_call = path.starts_with("/api/");
    let id = clock::short_id('q');
    // What a handler logs, and where it panics, is found by the id that its reader was given.
    let span = tracing::error_span!("request", %id);
    let mut response = if is_call && !takes_json(request.headers()) {
        Problem::refused(
            "not-acceptable",
            "this is answered as JSON, and Accept leaves it out",
        )
        .hint("leave Accept out, or let it have application/json")
        .into_response()
    } else {
        next.run(request).instrument(span).await
    };
    if is_call {
        response = told(response);
    }
    if let Some(Bare(problem)) = response.extensions_mut().remove::<Bare>() {
        let caller = response.extensions().get::<Caller>().cloned();
        if problem.exit == Exit::Failed {
            let path = nameable(&path);
            tracing::error!(request = %id, path, code = %problem.code, "{problem}");
        }
        response = if is_call {
            let mut answer = data(&problem, &id);
            if let Some(allow) = response.headers_mut().remove(header::ALLOW) {
                answer.headers_mut().insert(header::ALLOW, allow);
            }
            answer
        } else if problem.code == "sign-in" && is_read && !is_part {
            let back = wanted.as_deref().unwrap_or("/");
            Redirect::to(&format!("/sign-in?{}", back_to(back))).into_response()
        } else {
            error::page(&shell::provider(&web).await, caller.as_ref(), &problem, &id)
        };
    }
    protect(&web, response)
}

/// Whether a program takes what the API answers (RFC 9110, section 12.5.1). Who says nothing takes everything.
fn takes_json(headers: &HeaderMap) -> bool {
    const FIT: [&str; 5] = [
        "*/*",
        "application/*",
        "application/json",
        "application/jsonl",
        "application/problem+json",
    ];
    let mut said = headers.get_all(header::ACCEPT).iter().peekable();
    if said.peek().is_none() {
        return true;
    }
    said.filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| {
            let mut words = part.split(';').map(str::trim);
            let kind = words.next().unwrap_or_default().to_ascii_lowercase();
            let is_none = words.any(|word| matches!(word, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
            FIT.contains(&kind.as_str()) && !is_none
        })
}

/// What the router refused by itself, said as everything else is: who calls is a program.
fn told(mut response: Response) -> Response {
    if response.extensions().get::<Bare>().is_some() {
        return response;
    }
    let (code, what, hint) = match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => (
            "method",
            "this address does not take that method",
            "the header Allow names those that it takes",
        ),
        StatusCode::BAD_REQUEST if !is_problem(&response) => (
            "parameter",
            "the address has a part that it cannot have",
            "see /api/openapi.json for what it can be",
        ),
        _ => return response,
    };
    let allow = response.headers_mut().remove(header::ALLOW);
    let mut told = Problem::refused(code, what).hint(hint).into_response();
    if let Some(allow) = allow {
        told.headers_mut().insert(header::ALLOW, allow);
    }
    if let Some(caller) = response.extensions_mut().remove::<Caller>() {
        told.extensions_mut().insert(caller);
    }
    told
}

fn is_problem(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind == "application/problem+json")
}

/// The path as it may be logged: where an address is a secret of its own, only its kind.
fn nameable(path: &str) -> &str {
    const SECRET: [&str; 2] = ["/link/", "/set-up/"];
    let kind = SECRET.into_iter().find(|kind| path.starts_with(kind));
    kind.unwrap_or(path)
}

fn back_to(path: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("to", path)
        .finish()
}

/// RFC 9457. The sentence is ours; what a vendor said stays in the log.
fn data(problem: &Problem, id: &str) -> Response {
    let status = problem.status();
    let body = json!({
        "type": format!("/docs/errors/{}", problem.code),
        "title": problem.what.first(),
        "status": status.as_u16(),
        "detail": problem.what.join("\n"),
        "code": problem.code,
        "hint": problem.hint,
        "request": id,
    });
    let mut response = (status, Json(body)).into_response();
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// No script and no style but ours, no frame, no guessing of types, nothing told to other sites, nothing kept by caches.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

fn protect(web: &Web, mut response: Response) -> Response {
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(
        "cross-origin-opener-policy",
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        "permissions-policy",
        HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
    );
    if web.server.is_https() {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    let never = HeaderValue::from_static("no-store");
    headers.entry(header::CACHE_CONTROL).or_insert(never);
    response
}
