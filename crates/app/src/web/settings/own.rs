//! Your account: your time zone, your sessions, and how this device looks.

use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse as _;
use serde::Deserialize;

use super::delegates::{self, Delegates};
use super::{Tab, tabs};
use crate::acts::account;
use crate::clock;
use crate::problem::Problem;
use crate::web::answer::{page, see};
use crate::web::extract::Path;
use crate::web::shell::Shell;
use crate::web::{Answer, Caller, Needs, Posted, Routes, Web, when};

/// Where it is.
pub(super) const HERE: &str = "/settings/account";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get(HERE, Needs::SignedIn, show)
        .post("/settings/account/zone", Needs::SignedIn, set_zone)
        .post(
            "/settings/account/sessions/{session}/end",
            Needs::SignedIn,
            end,
        )
        .post(
            "/settings/account/sessions/end-others",
            Needs::SignedIn,
            end_others,
        )
}

struct SessionLine {
    id: String,
    agent: String,
    network: String,
    since: String,
    seen: String,
    is_this: bool,
}

#[derive(Template)]
#[template(path = "settings/account.html")]
struct AccountPage {
    shell: Shell,
    tabs: Vec<Tab>,
    address: String,
    roles: String,
    zone: String,
    default_zone: String,
    sessions: Vec<SessionLine>,
    delegates: Delegates,
    now_ms: i64,
}

async fn show(State(web): State<Web>, caller: Caller) -> Answer {
    people_only(&caller)?;
    let delegates = delegates::read(&web, &caller).await?;
    page(&made(&web, caller, delegates).await?)
}

/// The page with the form as it was sent, and what is wrong with it.
pub(super) async fn again(
    web: &Web,
    caller: Caller,
    form: delegates::Form,
    problem: &Problem,
) -> Answer {
    let delegates = Delegates {
        form,
        wrong: problem.sentence(),
        ..delegates::read(web, &caller).await?
    };
    let page = page(&made(web, caller, delegates).await?)?;
    Ok((problem.status(), page).into_response())
}

async fn made(web: &Web, caller: Caller, delegates: Delegates) -> Result<AccountPage, Problem> {
    let now = clock::now();
    let here = caller.here(web);
    let sessions = account::sessions(&web.wiring, &caller).await?;
    let sessions = sessions
        .into_iter()
        .map(|session| SessionLine {
            is_this: caller.session.as_deref() == Some(session.id.as_str()),
            since: when::short(session.created_at, &here, now),
            seen: when::short(session.seen_at, &here, now),
            agent: browser(&session.agent),
            network: session.network,
            id: session.id,
        })
        .collect();
    let shell = Shell::new(web, &caller, "settings", "Settings", None).await?;
    Ok(AccountPage {
        delegates,
        tabs: tabs(shell.operator.is_admin, HERE),
        shell,
        roles: super::in_words(&caller.grants),
        zone: caller.zone.unwrap_or_default(),
        address: caller.address,
        default_zone: web.server.zone.clone(),
        sessions,
        now_ms: now.as_millisecond(),
    })
}

/// Programs have no account of this kind.
///
/// # Errors
/// For them the page is not there.
pub(super) fn people_only(caller: &Caller) -> Result<(), Problem> {
    if caller.is_client {
        return Err(crate::web::error::no_page());
    }
    Ok(())
}

/// A browser as a person knows it, from the line it sends.
fn browser(agent: &str) -> String {
    const KNOWN: [(&str, &str); 5] = [
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    let name = KNOWN.iter().find(|(mark, _)| agent.contains(mark));
    let name = name.map_or("Another browser", |(_, name)| *name);
    let system = ["Android", "iPhone", "iPad", "Windows", "Macintosh", "Linux"]
        .into_iter()
        .find(|system| agent.contains(system));
    system.map_or_else(|| name.to_owned(), |system| format!("{name} on {system}"))
}

#[derive(Deserialize)]
struct ZoneForm {
    zone: String,
}

async fn set_zone(
    State(web): State<Web>,
    caller: Caller,
    Posted(form): Posted<ZoneForm>,
) -> Answer {
    people_only(&caller)?;
    account::set_zone(&web.wiring, &caller, &form.zone).await?;
    see(HERE)
}

async fn end(State(web): State<Web>, caller: Caller, Path(session): Path<String>) -> Answer {
    people_only(&caller)?;
    account::end(&web.wiring, &caller, &session).await?;
    see(HERE)
}

async fn end_others(State(web): State<Web>, caller: Caller) -> Answer {
    people_only(&caller)?;
    account::end_others(&web.wiring, &caller).await?;
    see(HERE)
}
