//! The first start: a one-time link makes the first operator, and is worth nothing afterwards.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum_extra::extract::CookieJar;
use domain::OperatorId;
use domain::access::{Grant, Role};
use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use store::{LinkState, NewLink, NewOperator, Passed, Purpose, Secret};

use super::answer::page;
use super::session::Network;
use super::{Answer, Needs, Posted, Routes, Web, session};
use crate::clock;
use crate::problem::Problem;
use crate::sign_in::local;
use crate::sign_in::token::{self, Kind};
use crate::web::extract::Path;
use crate::wiring::{Wiring, of_store};

/// How long the printed link holds.
const HOLDS: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn routes(routes: Routes) -> Routes {
    routes.get("/set-up/{token}", Needs::Nothing, show).post(
        "/set-up/{token}",
        Needs::Nothing,
        set_up,
    )
}

/// The set-up link's path while there is no operator; each start makes a new one, and the one before is worth nothing.
///
/// # Errors
/// Store errors.
pub(crate) async fn link(wiring: &Wiring) -> Result<Option<String>, Problem> {
    if !wiring.store.operators().await.map_err(of_store)?.is_empty() {
        return Ok(None);
    }
    let (token, _) = token::make(Kind::SetUp, |bytes| rand::fill(bytes));
    let now = clock::now();
    let new = NewLink {
        id: clock::short_id('l'),
        purpose: Purpose::SetUp,
        tenant: None,
        token: Secret::new(token.expose_secret()),
        payload: Secret::new("set-up"),
        views: 1,
        expires_at: now + HOLDS,
        passphrase: None,
        by: "tenure serve".to_owned(),
        at: now,
    };
    wiring.store.add_link(&new).await.map_err(of_store)?;
    Ok(Some(format!("/set-up/{}", token.expose_secret())))
}

#[derive(Template)]
#[template(path = "set-up.html")]
struct SetUpPage {
    title: &'static str,
    provider: &'static str,
    card: bool,
    token: String,
    organisation: String,
    called: String,
    address: String,
    wrong: Vec<String>,
}

async fn show(State(web): State<Web>, Path(token): Path<String>) -> Answer {
    holds(&web, &token).await?;
    page(&SetUpPage {
        title: "Set up",
        provider: "Tenure",
        card: true,
        token,
        organisation: String::new(),
        called: String::new(),
        address: String::new(),
        wrong: Vec::new(),
    })
}

fn gone() -> Problem {
    Problem::refused(
        "gone",
        "this set-up link was used, has run out, or never was",
    )
    .hint("start tenure serve again: while nobody has an account it prints a new one")
}

/// Whether the link holds, and nobody has come before.
async fn holds(web: &Web, token: &str) -> Result<(), Problem> {
    let store = &web.wiring.store;
    let state = store.peek_link(&Secret::new(token), clock::now()).await;
    let holds = state
        .map_err(of_store)?
        .is_some_and(|link| link.purpose == Purpose::SetUp && link.state == LinkState::Open);
    let first = store.operators().await.map_err(of_store)?.is_empty();
    if holds && first { Ok(()) } else { Err(gone()) }
}

#[derive(Deserialize)]
struct First {
    provider: String,
    name: String,
    email: String,
    password: SecretString,
    again: SecretString,
}

impl First {
    /// What is wrong with the fields, each named.
    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.provider.trim().is_empty() {
            wrong.push("Organisation: say whose Tenure this is.".to_owned());
        }
        if self.name.trim().is_empty() {
            wrong.push("Name: say what colleagues call you.".to_owned());
        }
        if domain::policy::requesters::address(&self.email).is_none() {
            wrong.push("Address: give one mail address, like you@provider.example.".to_owned());
        }
        if let Err(weak) = local::check(&self.password, &self.email, &self.name) {
            wrong.push(format!("Password: {weak}"));
        } else if self.password.expose_secret() != self.again.expose_secret() {
            wrong.push("Password again: the two are not the same.".to_owned());
        }
        wrong
    }
}

/// Makes the first operator, an admin of everything, and signs them in.
async fn set_up(
    State(web): State<Web>,
    Path(token): Path<String>,
    Network(from): Network,
    headers: HeaderMap,
    jar: CookieJar,
    Posted(first): Posted<First>,
) -> Answer {
    holds(&web, &token).await?;
    let wrong = first.wrong();
    if !wrong.is_empty() {
        return page(&SetUpPage {
            title: "Set up",
            provider: "Tenure",
            card: true,
            token,
            organisation: first.provider,
            called: first.name,
            address: first.email,
            wrong,
        });
    }
    let store = &web.wiring.store;
    let hash = web.passwords.hash(&first.password).await;
    let hash = hash.map_err(|error| Problem::failed("password", error.to_string()))?;
    let secret = Secret::new(token);
    let opened = store
        .open_link(&secret, Passed::Nothing, &from.to_string(), clock::now())
        .await;
    if opened.map_err(of_store)?.is_none() {
        return Err(gone());
    }
    let now = clock::now();
    let id = OperatorId::new(clock::short_id('o'));
    let email = first.email.trim().to_lowercase();
    let new = NewOperator {
        id: id.clone(),
        name: first.name,
        email: email.clone(),
        zone: None,
        at: now,
    };
    let all = Grant {
        tenant: None,
        role: Role::Admin,
    };
    store
        .invite(&new, Some(&hash), &[all], &email)
        .await
        .map_err(of_store)?;
    store
        .put_setting("provider", first.provider.trim(), &email, now)
        .await
        .map_err(of_store)?;
    let operator = store.operator(&id).await.map_err(of_store)?;
    session::open(&web, jar, &headers, from, &operator, "set-up", "/").await
}
