//! A one-time link: one button, one secret, and then nothing any more. Opening the page shows nothing; previews in mail and chat
//! do not spend it.

use askama::Template;
use axum::extract::State;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use serde::Deserialize;
use store::{Link, LinkState, Passed, Purpose, Secret};

use super::answer::page;
use super::session::Network;
use super::{Answer, Needs, Posted, Routes, Web, shell, when};
use crate::clock;
use crate::problem::Problem;
use crate::sign_in::token::{Kind, TokenHash};
use crate::web::extract::Path;
use crate::wiring::of_store;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/link/{token}", Needs::Nothing, show)
        .post("/link/{token}", Needs::Nothing, reveal)
}

#[derive(Template)]
#[template(path = "link.html")]
struct LinkPage {
    title: &'static str,
    provider: String,
    card: bool,
    token: String,
    /// Whether there is still something behind it.
    open: bool,
    asks_passphrase: bool,
    wrong: Option<String>,
    value: Option<String>,
    until: String,
    gone: String,
}

/// Every token that opens nothing looks the same, whether it was ever made or not.
fn nothing() -> Problem {
    Problem::refused("gone", "there is nothing behind this link")
        .hint("ask whoever sent it for a new one")
}

async fn find(web: &Web, token: &str) -> Result<Link, Problem> {
    TokenHash::of(Kind::Link, token).ok_or_else(nothing)?;
    let link = web
        .wiring
        .store
        .peek_link(&Secret::new(token), clock::now())
        .await;
    link.map_err(of_store)?
        .filter(|link| link.purpose == Purpose::Password)
        .ok_or_else(nothing)
}

async fn show(State(web): State<Web>, Network(from): Network, Path(token): Path<String>) -> Answer {
    patient(&web, from, None)?;
    let link = find(&web, &token).await?;
    link_page(&web, token, &link, None, None).await
}

/// Guessing is slow: tries are counted by network, and by link where one is named.
fn patient(web: &Web, from: std::net::IpAddr, token: Option<&str>) -> Result<(), Problem> {
    web.links
        .attempt(from, token, web.uptime_ms())
        .map_err(|wait| {
            Problem::refused("too-many", "there were too many tries from here")
                .hint(format!("try again in {} seconds", wait.seconds))
        })
}

async fn link_page(
    web: &Web,
    token: String,
    link: &Link,
    wrong: Option<String>,
    value: Option<String>,
) -> Answer {
    page(&LinkPage {
        title: "One-time link",
        provider: shell::provider(web).await,
        card: true,
        token,
        open: link.state == LinkState::Open,
        asks_passphrase: link.attempts_left.is_some(),
        wrong,
        value,
        until: utc(link.expires_at),
        gone: gone(link),
    })
}

fn utc(at: Timestamp) -> String {
    format!("{} UTC", when::short(at, &TimeZone::UTC, clock::now()))
}

/// Why nothing is behind it any more, and by which network it was opened: whoever did not open it has to know.
fn gone(link: &Link) -> String {
    match (link.state, &link.opened) {
        (LinkState::Open, _) => String::new(),
        (LinkState::Opened, Some((at, network))) => {
            format!(
                "It was opened {} from {network}. If that was not you, or nothing was shown, say so at once to whoever sent it.",
                utc(*at)
            )
        }
        (LinkState::Opened, None) => "It was opened.".to_owned(),
        (LinkState::Expired, _) => format!("Its time was over {}.", utc(link.expires_at)),
        (LinkState::Locked, _) => "The passphrase was wrong too often.".to_owned(),
        (LinkState::Revoked, _) => "It was taken back.".to_owned(),
    }
}

#[derive(Deserialize)]
struct Reveal {
    passphrase: Option<SecretString>,
}

async fn reveal(
    State(web): State<Web>,
    Network(from): Network,
    Path(token): Path<String>,
    Posted(given): Posted<Reveal>,
) -> Answer {
    patient(&web, from, Some(&token))?;
    let link = find(&web, &token).await?;
    let secret = Secret::new(token.as_str());
    let passed = if link.attempts_left.is_some() {
        match passphrase(&web, &secret, given.passphrase).await? {
            Ok(()) => Passed::Passphrase,
            Err(wrong) => {
                let link = find(&web, &token).await?;
                return link_page(&web, token, &link, Some(wrong), None).await;
            }
        }
    } else {
        Passed::Nothing
    };
    let store = &web.wiring.store;
    let opened = store
        .open_link(&secret, passed, &from.to_string(), clock::now())
        .await;
    let opened = opened.map_err(of_store)?;
    let link = find(&web, &token).await?;
    let value = opened.and_then(|opened| opened.payload.expose_str().map(str::to_owned));
    link_page(&web, token, &link, None, value).await
}

/// Whether the passphrase is the link's; a wrong one is counted, and after a few nothing is behind the link any more.
async fn passphrase(
    web: &Web,
    token: &Secret,
    given: Option<SecretString>,
) -> Result<Result<(), String>, Problem> {
    let store = &web.wiring.store;
    let taken = store
        .take_attempt(token, clock::now())
        .await
        .map_err(of_store)?;
    let Some((kept, left)) = taken else {
        return Ok(Err("There is nothing to open any more.".to_owned()));
    };
    let given = given.unwrap_or_default();
    let right = web.passwords.verify(&given, Some(&kept)).await;
    if right.map_err(|error| Problem::failed("passphrase", error.to_string()))? {
        return Ok(Ok(()));
    }
    store.missed(token).await.map_err(of_store)?;
    let tries = if left == 1 { "try is" } else { "tries are" };
    Ok(Err(format!(
        "That is not the passphrase. {left} {tries} left."
    )))
}
