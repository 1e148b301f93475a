//! Sessions: reading who calls from a cookie or a token, opening one after a sign-in, ending it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use askama::Template;
use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Redirect};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use domain::OperatorId;
use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use store::{NewSession, Operator, Secret, SignIn};

use super::answer::page;
use super::{Answer, Caller, Needs, Posted, Routes, Web, shell};
use crate::acts::judge;
use crate::clock;
use crate::problem::Problem;
use crate::sign_in::return_to::ReturnTo;
use crate::sign_in::token::{self, Kind, TokenHash};
use crate::web::extract::Query;
use crate::wiring::of_store;

/// How long a session lasts, whatever happens: a working day and a half.
const LASTS: Duration = Duration::from_secs(12 * 3_600);
/// The most that is kept of what a browser calls itself.
const AGENT_MAX: usize = 200;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/sign-in", Needs::Nothing, show)
        .post("/sign-in", Needs::Nothing, local)
        .post("/sign-out", Needs::SignedIn, sign_out)
}

/// The cookie's name. Over TLS the browser holds it to this host (RFC 6265bis, cookie name prefixes).
fn cookie(web: &Web) -> &'static str {
    if web.server.is_https() {
        "__Host-tenure"
    } else {
        "tenure"
    }
}

/// Whoever calls: an API client by its token, an operator by the session.
///
/// # Errors
/// A token that opens nothing, and store errors. A session that has ended is nobody.
pub(super) async fn caller(
    web: &Web,
    jar: &CookieJar,
    headers: &HeaderMap,
) -> Result<Option<Caller>, Problem> {
    if let Some(given) = headers.get(header::AUTHORIZATION) {
        return client(web, given.to_str().unwrap_or_default())
            .await
            .map(Some);
    }
    let Some(given) = jar.get(cookie(web)) else {
        return Ok(None);
    };
    if TokenHash::of(Kind::Session, given.value()).is_none() {
        return Ok(None);
    }
    let store = &web.wiring.store;
    let network = network_of(web, headers, None);
    let secret = Secret::new(given.value());
    let session = store.session(&secret, &network, clock::now()).await;
    let Some(session) = session.map_err(of_store)? else {
        return Ok(None);
    };
    let operator = store.operator(&session.operator).await.map_err(of_store)?;
    let mut grants = operator.grants;
    grants.extend(judge::lent(&web.wiring, &operator.id, clock::now()).await?);
    Ok(Some(Caller {
        id: operator.id.to_string(),
        name: operator.name,
        address: operator.email,
        zone: operator.zone,
        grants,
        csrf: session.csrf.expose_str().unwrap_or_default().to_owned(),
        session: Some(session.id),
        is_client: false,
    }))
}

async fn client(web: &Web, given: &str) -> Result<Caller, Problem> {
    let refuse = || {
        Problem::refused("client-token", "this token opens nothing")
            .hint("make one under Settings, API clients; a revoked one stays revoked")
    };
    let token = given.strip_prefix("Bearer ").ok_or_else(refuse)?.trim();
    TokenHash::of(Kind::Api, token).ok_or_else(refuse)?;
    let found = web
        .wiring
        .store
        .client(&Secret::new(token), clock::now())
        .await;
    let client = found.map_err(of_store)?.ok_or_else(refuse)?;
    Ok(Caller {
        id: client.id.to_string(),
        address: format!("api:{}", client.name),
        name: client.name,
        zone: None,
        grants: client.grants,
        csrf: String::new(),
        session: None,
        is_client: true,
    })
}

/// Whether both are the same, in a time that tells nothing.
pub(super) fn same(given: &str, kept: &str) -> bool {
    !kept.is_empty() && token::same(given.as_bytes(), kept.as_bytes())
}

/// Where a request comes from: the address behind our own proxies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network(pub(crate) IpAddr);

impl FromRequestParts<Web> for Network {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(address)| address.ip());
        let text = network_of(web, &parts.headers, peer);
        let unknown = IpAddr::from([0, 0, 0, 0]);
        Ok(Self(text.parse().unwrap_or(unknown)))
    }
}

/// Each proxy of ours appends the address it saw; what stands before those was written by the sender.
fn network_of(web: &Web, headers: &HeaderMap, peer: Option<IpAddr>) -> String {
    let said: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let behind = web.server.proxies;
    let seen = (behind > 0)
        .then(|| said.len().checked_sub(behind).and_then(|at| said.get(at)))
        .flatten()
        .and_then(|text| text.parse::<IpAddr>().ok());
    seen.or(peer)
        .map_or_else(String::new, |address| address.to_string())
}

#[derive(Template)]
#[template(path = "sign-in.html")]
struct SignInPage {
    title: &'static str,
    provider: String,
    card: bool,
    to: String,
    email: String,
    wrong: Option<String>,
    oidc: Option<String>,
}

#[derive(Deserialize)]
struct To {
    to: Option<String>,
}

async fn show(State(web): State<Web>, Query(To { to }): Query<To>) -> Answer {
    sign_in_page(&web, ReturnTo::wished(to.as_deref()), String::new(), None).await
}

async fn sign_in_page(web: &Web, to: ReturnTo, email: String, wrong: Option<String>) -> Answer {
    page(&SignInPage {
        title: "Sign in",
        provider: shell::provider(web).await,
        card: true,
        to: to.into(),
        email,
        wrong,
        oidc: web.oidc_name(),
    })
}

#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: SecretString,
    to: Option<String>,
}

/// Signs in with the local account, which is there for the first start and for when the identity provider is not.
async fn local(
    State(web): State<Web>,
    Network(from): Network,
    headers: HeaderMap,
    jar: CookieJar,
    Posted(given): Posted<Credentials>,
) -> Answer {
    let to = ReturnTo::wished(given.to.as_deref());
    let email = given.email.trim().to_owned();
    let store = &web.wiring.store;
    let operator = store.operator_by_email(&email).await.map_err(of_store)?;
    let before = networks(&web, operator.as_ref()).await?;
    if let Err(wait) = web.patience.attempt(from, &email, &before, web.uptime_ms()) {
        let wrong = format!(
            "There were too many tries. Try again in {} seconds.",
            wait.seconds
        );
        return Ok((
            axum::http::StatusCode::TOO_MANY_REQUESTS,
            [(header::RETRY_AFTER, wait.seconds.to_string())],
            sign_in_page(&web, to, email, Some(wrong)).await?,
        )
            .into_response());
    }
    let operator = operator.filter(|operator| !operator.disabled);
    let kept = match &operator {
        Some(operator) => store.password_hash(&operator.id).await.map_err(of_store)?,
        None => None,
    };
    let right = web.passwords.verify(&given.password, kept.as_deref()).await;
    let right = right.map_err(|error| Problem::failed("password", error.to_string()))?;
    let Some(operator) = operator.filter(|_| right) else {
        note(&web, None, &email, "local", "refused", from).await?;
        let wrong = "The address or the password is not right.".to_owned();
        return sign_in_page(&web, to, email, Some(wrong)).await;
    };
    web.patience.succeeded(from, &email);
    open(&web, jar, &headers, from, &operator, "local", to.as_str()).await
}

/// The networks from which an operator signed in lately: strangers cannot slow them there.
async fn networks(web: &Web, operator: Option<&Operator>) -> Result<Vec<IpAddr>, Problem> {
    /// How many sign-ins are looked through.
    const LAST: u32 = 100;
    let Some(operator) = operator else {
        return Ok(Vec::new());
    };
    let own = web.wiring.store.sign_ins(Some(&operator.id), None, LAST);
    let own = own.await.map_err(of_store)?;
    Ok(own
        .iter()
        .filter(|(_, entry)| entry.outcome == "signed in")
        .filter_map(|(_, entry)| entry.network.parse().ok())
        .collect())
}

/// Opens a fresh session for an operator who has proven who they are, and ends the one the browser had: an id that somebody
/// planted is worth nothing.
pub(super) async fn open(
    web: &Web,
    jar: CookieJar,
    headers: &HeaderMap,
    from: IpAddr,
    operator: &Operator,
    method: &str,
    to: &str,
) -> Answer {
    if let Some(old) = caller(web, &jar, &HeaderMap::new()).await?
        && let Some(session) = &old.session
    {
        let own = OperatorId::from(old.id.as_str());
        let ended = web.wiring.store.revoke_session(&own, session).await;
        ended.map_err(of_store)?;
    }
    let (value, _) = token::make(Kind::Session, |bytes| rand::fill(bytes));
    let (csrf, _) = token::make(Kind::Session, |bytes| rand::fill(bytes));
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default();
    let now = clock::now();
    let lasts = SignedDuration::try_from(LASTS).unwrap_or(SignedDuration::ZERO);
    let session = NewSession {
        id: clock::short_id('s'),
        token: Secret::new(value.expose_secret()),
        csrf: Secret::new(csrf.expose_secret()),
        operator: operator.id.clone(),
        at: now,
        expires_at: now + lasts,
        agent: agent.chars().take(AGENT_MAX).collect(),
        network: from.to_string(),
    };
    web.wiring
        .store
        .open_session(&session)
        .await
        .map_err(of_store)?;
    note(
        web,
        Some(operator),
        &operator.email,
        method,
        "signed in",
        from,
    )
    .await?;
    let cookie = Cookie::build((cookie(web), value.expose_secret().to_owned()))
        .path("/")
        .http_only(true)
        .secure(web.server.is_https())
        // A link in a mail opens a page with the session; nothing changes by it.
        .same_site(SameSite::Lax)
        .build();
    Ok((jar.add(cookie), Redirect::to(to)).into_response())
}

/// Keeps who came in, and who tried.
pub(super) async fn note(
    web: &Web,
    operator: Option<&Operator>,
    email: &str,
    method: &str,
    outcome: &str,
    from: IpAddr,
) -> Result<(), Problem> {
    let entry = SignIn {
        at: clock::now(),
        operator: operator.map(|operator| operator.id.clone()),
        email: Some(email.chars().take(AGENT_MAX).collect()),
        method: method.to_owned(),
        outcome: outcome.to_owned(),
        network: from.to_string(),
    };
    web.wiring
        .store
        .record_sign_in(&entry)
        .await
        .map_err(of_store)
}

async fn sign_out(State(web): State<Web>, jar: CookieJar, caller: Caller) -> Answer {
    if let Some(session) = &caller.session {
        let own = OperatorId::from(caller.id.as_str());
        let ended = web.wiring.store.revoke_session(&own, session).await;
        ended.map_err(of_store)?;
    }
    let gone = Cookie::build((cookie(&web), ""))
        .path("/")
        // A browser drops what would take a `__Host-` cookie away without it.
        .secure(web.server.is_https())
        .build();
    Ok((jar.remove(gone), Redirect::to("/sign-in")).into_response())
}
