//! Signing in with the identity provider: there and back.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use futures::FutureExt as _;
use serde::Deserialize;
use store::Operator;

use super::session::{self, Network};
use super::{Answer, Needs, Routes, Web};
use crate::clock;
use crate::config::ServerConfig;
use crate::problem::Problem;
use crate::sign_in::oidc::{Bounds, Identity, Pending, Provider, Refusal};
use crate::sign_in::return_to::ReturnTo;
use crate::web::extract::Query;
use crate::wiring::of_store;

const COOKIE: &str = "tenure-sign-in";
/// Where the provider sends people back to; registered there.
const BACK: &str = "/sign-in/oidc/back";
/// How many used sign-ins are remembered. Past that nobody comes in this way until some are over: to forget one is to let it be used again.
const USED: usize = 50_000;
/// How long a used sign-in is remembered, in seconds: longer than any can be under way.
const REMEMBERED_S: i64 = 20 * 60;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/sign-in/oidc", Needs::Nothing, begin)
        .get(BACK, Needs::Nothing, back)
}

/// The provider that the configuration names, and what this process keeps for sign-ins under way.
pub(crate) struct Oidc {
    provider: Provider,
    /// What people call the provider.
    pub(crate) name: String,
    key: [u8; 32],
    used: Mutex<HashMap<[u8; 32], i64>>,
}

impl Oidc {
    /// The provider of `[server.oidc]`, where there is one.
    ///
    /// # Errors
    /// A configuration that cannot work.
    pub(crate) fn of(server: &ServerConfig) -> Result<Option<Self>, Problem> {
        let Some(config) = server.oidc.clone() else {
            return Ok(None);
        };
        let name = config.issuer_url().map_err(refused)?;
        let name = name.host_str().unwrap_or("your organisation").to_owned();
        let mut key = [0; 32];
        rand::fill(&mut key);
        Ok(Some(Self {
            provider: Provider::new(config, Bounds::default()).map_err(refused)?,
            name,
            key,
            used: Mutex::default(),
        }))
    }

    /// Whether this sign-in comes back for the first time.
    fn first_use(&self, pending: &Pending, now_s: i64) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= USED {
            used.retain(|_, at_s| *at_s + REMEMBERED_S > now_s);
        }
        used.len() < USED && used.insert(*pending.state_hash(), now_s).is_none()
    }
}

fn refused(refusal: Refusal) -> Problem {
    let text = refusal.to_string();
    match text.split_once(": ") {
        Some((what, act)) => Problem::refused("oidc", what).hint(act),
        None => Problem::refused("oidc", text),
    }
}

fn provider(web: &Web) -> Result<&Oidc, Problem> {
    web.oidc.as_ref().ok_or_else(super::error::no_page)
}

#[derive(Deserialize)]
struct To {
    to: Option<String>,
}

/// Each of these calls the provider, whoever sent it: a network is let through so often.
fn patient(web: &Web, from: IpAddr) -> Result<(), Problem> {
    let tried = web.at_provider.attempt(from, None, web.uptime_ms());
    tried.map_err(|wait| {
        Problem::refused("too-many", "there were too many sign-ins from here")
            .hint(format!("try again in {} seconds", wait.seconds))
    })
}

async fn begin(
    State(web): State<Web>,
    Network(from): Network,
    jar: CookieJar,
    Query(To { to }): Query<To>,
) -> Answer {
    let oidc = provider(&web)?;
    patient(&web, from)?;
    let back = format!("{}{BACK}", web.server.origin());
    let now_s = clock::now().as_second();
    let to = ReturnTo::wished(to.as_deref());
    let began = oidc.provider.begin(&back, to, now_s).boxed();
    let (url, pending) = began.await.map_err(refused)?;
    let sealed = pending.seal(&oidc.key).map_err(refused)?;
    let cookie = Cookie::build((COOKIE, sealed))
        .path("/sign-in/oidc")
        .http_only(true)
        .secure(web.server.is_https())
        // The provider's answer is a navigation from its site.
        .same_site(SameSite::Lax)
        .build();
    Ok((jar.add(cookie), Redirect::to(url.as_str())).into_response())
}

async fn back(
    State(web): State<Web>,
    Network(from): Network,
    headers: HeaderMap,
    jar: CookieJar,
    RawQuery(query): RawQuery,
) -> Answer {
    let oidc = provider(&web)?;
    patient(&web, from)?;
    let now_s = clock::now().as_second();
    let sealed = jar.get(COOKIE).map(|cookie| cookie.value().to_owned());
    let pending = Pending::open(&sealed.unwrap_or_default(), &oidc.key, now_s).map_err(refused)?;
    if !oidc.first_use(&pending, now_s) {
        return Err(refused(Refusal::NotBegun));
    }
    let query = query.unwrap_or_default();
    // The library's future cannot be shown to be `Send` for every lifetime, so this thread carries it out.
    let finished = tokio::task::block_in_place(|| {
        let finishing = oidc.provider.finish(&query, &pending, now_s);
        tokio::runtime::Handle::current().block_on(finishing)
    });
    let identity = match finished {
        Ok(identity) => identity,
        Err(refusal) => {
            session::note(&web, None, "", "provider", "refused", from).await?;
            return Err(refused(refusal));
        }
    };
    let Some(operator) = operator(&web, &identity).await? else {
        let address = identity.email.as_deref().unwrap_or("no address");
        session::note(
            &web,
            None,
            address,
            "provider",
            "refused: not invited",
            from,
        )
        .await?;
        return Err(
            Problem::refused("not-invited", "nobody with this account works with Tenure")
                .hint("ask an admin to invite you under the address that your provider gives you"),
        );
    };
    let gone = Cookie::build((COOKIE, "")).path("/sign-in/oidc").build();
    let to = pending.return_to.as_str();
    session::open(
        &web,
        jar.remove(gone),
        &headers,
        from,
        &operator,
        "provider",
        to,
    )
    .await
}

/// The operator whom this identity is bound to; the first time, the one who was invited under its proven address.
async fn operator(web: &Web, identity: &Identity) -> Result<Option<Operator>, Problem> {
    let store = &web.wiring.store;
    let (issuer, subject) = (identity.issuer.as_str(), identity.subject.as_str());
    let known = store
        .operator_of_identity(issuer, subject)
        .await
        .map_err(of_store)?;
    if let Some(operator) = known {
        return Ok(Some(operator).filter(|operator| !operator.disabled));
    }
    let Some(address) = identity.proven_address() else {
        return Ok(None);
    };
    let invited = store.operator_by_email(address).await.map_err(of_store)?;
    let Some(operator) = invited.filter(|operator| !operator.disabled) else {
        return Ok(None);
    };
    let bound = store
        .add_identity(issuer, subject, &operator.id, clock::now())
        .await;
    bound.map_err(of_store)?;
    Ok(Some(operator))
}
