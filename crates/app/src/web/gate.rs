//! What stands before every route: who calls, whether they may, and whether a change comes from one of our own pages.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;
use domain::TenantId;
use domain::access::Role;
use tower_http::timeout::TimeoutError;

use super::routes::Needs;
use super::{Answer, Caller, Web, extract, session};
use crate::api::once::{self, Before};
use crate::problem::Problem;

/// The most that a request may carry, in bytes: a policy is the longest thing anybody sends.
const MOST: usize = 512 * 1024;

/// A route's gate.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) web: Web,
    pub(crate) needs: Needs,
}

/// Lets a caller through who may, and nobody else. Whoever calls is noted on the answer, so that a refusal can be written for them.
pub(crate) async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let jar = CookieJar::from_headers(&parts.headers);
    // The token of such a call is not ours to read: the route proves it.
    let caller = if gate.needs == Needs::OwnProof {
        None
    } else {
        match session::caller(&gate.web, &jar, &parts.headers).await {
            Ok(caller) => caller,
            Err(problem) => return problem.into_response(),
        }
    };
    let mut response = match admit(&gate, caller.as_ref(), parts, body).await {
        Ok(request) => carry_out(&gate.web, caller.as_ref(), request, next).await,
        Err(problem) => Err(problem),
    }
    .unwrap_or_else(IntoResponse::into_response);
    if let Some(caller) = caller {
        response.extensions_mut().insert(caller);
    }
    response
}

/// Carries a call out once, where it has a key of its own.
async fn carry_out(web: &Web, caller: Option<&Caller>, request: Request, next: Next) -> Answer {
    let changes = matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::DELETE
    );
    let is_call = changes && request.uri().path().starts_with("/api/");
    let Some(caller) = caller.filter(|_| is_call) else {
        return Ok(next.run(request).await);
    };
    let (parts, body) = request.into_parts();
    let bytes = whole(body).await?;
    let before = once::before(web, caller, &parts, &bytes).await?;
    let request = Request::from_parts(parts, Body::from(bytes));
    match before {
        Before::Nothing => Ok(next.run(request).await),
        Before::Answer(answer) => Ok(*answer),
        Before::First(once) => once.after(web, next.run(request).await).await,
    }
}

/// The request, once nothing speaks against it.
async fn admit(
    gate: &Gate,
    caller: Option<&Caller>,
    mut parts: Parts,
    body: Body,
) -> Result<Request, Problem> {
    let ids = extract::ids(&mut parts).await?;
    let tenant = ids
        .into_iter()
        .find_map(|(name, value)| (name == "tenant").then(|| TenantId::new(value)));
    match caller {
        Some(caller) => {
            parts.extensions.insert(caller.clone());
            may(&gate.web, gate.needs, caller, tenant.as_ref()).await?;
        }
        None if gate.needs == Needs::Nothing => {}
        // Without any token there is nothing to prove: what is sent is not even read.
        None if gate.needs == Needs::OwnProof && has_bearer(&parts.headers) => {}
        None => {
            return Err(
                Problem::refused("sign-in", "nobody is signed in").hint("sign in, then try again")
            );
        }
    }
    if parts.method == Method::GET || parts.method == Method::HEAD {
        return Ok(Request::from_parts(parts, body));
    }
    let bytes = whole(body).await?;
    if caller.is_none_or(|caller| !caller.is_client) {
        ours(&gate.web, &parts.headers)?;
    }
    // What is open to everybody does nothing in the session's name: its forms carry no token of it.
    let in_session = gate.needs != Needs::Nothing;
    if let Some(caller) = caller.filter(|caller| in_session && !caller.is_client) {
        token(caller, &parts.headers, &bytes)?;
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// Whether the call carries a token at all.
fn has_bearer(headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION);
    let scheme = given.and_then(|value| value.as_bytes().get(..7));
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer "))
}

/// Whether the caller's grants are enough. A tenant where they hold nothing is not there for them.
async fn may(
    web: &Web,
    needs: Needs,
    caller: &Caller,
    tenant: Option<&TenantId>,
) -> Result<(), Problem> {
    let has = |own: Option<Role>, role: Role| own.is_some_and(|own| own >= role);
    match needs {
        Needs::Nothing | Needs::OwnProof | Needs::SignedIn => Ok(()),
        Needs::Somewhere(role) if has(caller.role(), role) => Ok(()),
        Needs::Everywhere(role) if has(caller.role_everywhere(), role) => Ok(()),
        Needs::Somewhere(role) => Err(missing(role, "any tenant")),
        Needs::Everywhere(role) => Err(missing(role, "all tenants")),
        Needs::There(role) => {
            let Some(tenant) = tenant else {
                return Err(Problem::failed("route", "this address names no tenant"));
            };
            let Some(own) = caller.role_in(tenant) else {
                return Err(super::error::no_page());
            };
            // Somebody with a role everywhere may ask for a tenant that is not there.
            if caller.role_everywhere().is_some() {
                web.wiring.tenant(tenant.as_str()).await?;
            }
            if own >= role {
                Ok(())
            } else {
                Err(missing(role, tenant.as_str()))
            }
        }
    }
}

fn missing(role: Role, place: &str) -> Problem {
    Problem::refused(
        "role",
        format!("this needs the role {} in {place}", role.word()),
    )
    .hint("an admin gives roles under Settings, Operators")
}

/// The whole body, within the limit and in time.
async fn whole(body: Body) -> Result<Bytes, Problem> {
    axum::body::to_bytes(body, MOST).await.map_err(|error| {
        if is_late(&error) {
            return Problem::refused("too-slow", "what was sent did not arrive in time")
                .hint("send it again, over a line that holds");
        }
        Problem::refused(
            "too-large",
            format!(
                "more than {} KB was sent, or it did not arrive whole",
                MOST / 1024
            ),
        )
        .hint("send less")
    })
}

/// Whether the server's own patience with a body came to its end.
fn is_late(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    causes.any(|cause| cause.is::<TimeoutError>())
}

/// A browser says where a request comes from: only our own pages may change anything.
fn ours(web: &Web, headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let site = text("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    let origin =
        text(header::ORIGIN.as_str()).is_none_or(|origin| origin == web.server.origin().as_str());
    if site && origin {
        return Ok(());
    }
    Err(
        Problem::refused("cross-site", "this was sent from a page that is not ours")
            .hint("open the page here, and send it from there"),
    )
}

/// The session's token, in a field or a header.
fn token(caller: &Caller, headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
    let header = headers
        .get("x-csrf-token")
        .and_then(|value| value.to_str().ok().map(str::to_owned));
    let given = header.or_else(|| {
        url::form_urlencoded::parse(body)
            .find_map(|(name, value)| (name == "csrf").then(|| value.into_owned()))
    });
    if given.is_some_and(|given| session::same(&given, &caller.csrf)) {
        return Ok(());
    }
    Err(Problem::refused(
        "token",
        "this form is from an older session, or was not ours",
    )
    .hint("load the page again, and send it from there"))
}
