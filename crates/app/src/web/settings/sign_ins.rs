//! The sign-in log: who came in, and who tried.

use askama::Template;
use axum::extract::State;
use domain::access::Role;
use serde::Deserialize;

use super::{Tab, tabs};
use crate::clock;
use crate::web::answer::page;
use crate::web::extract::Query;
use crate::web::shell::Shell;
use crate::web::{Answer, Caller, Needs, Routes, Web, when};
use crate::wiring::of_store;

const HERE: &str = "/settings/sign-ins";
const LINES: u32 = 50;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.get(HERE, Needs::Everywhere(Role::Admin), list)
}

struct Line {
    iso: String,
    at: String,
    address: String,
    method: String,
    outcome: String,
    network: String,
    is_refused: bool,
}

#[derive(Template)]
#[template(path = "settings/sign-ins.html")]
struct SignInsPage {
    shell: Shell,
    tabs: Vec<Tab>,
    lines: Vec<Line>,
    older: String,
}

#[derive(Deserialize)]
struct Before {
    before: Option<i64>,
}

async fn list(
    State(web): State<Web>,
    caller: Caller,
    Query(Before { before }): Query<Before>,
) -> Answer {
    let (now, here) = (clock::now(), caller.here(&web));
    let found = web
        .wiring
        .store
        .sign_ins(None, before, LINES)
        .await
        .map_err(of_store)?;
    let is_full = found.len() == LINES as usize;
    let older = found
        .last()
        .filter(|_| is_full)
        .map(|(id, _)| format!("?before={id}"));
    let lines = found
        .into_iter()
        .map(|(_, entry)| Line {
            iso: when::machine(entry.at),
            at: when::short(entry.at, &here, now),
            is_refused: entry.outcome != "signed in",
            address: entry.email.unwrap_or_default(),
            method: entry.method,
            outcome: entry.outcome,
            network: entry.network,
        })
        .collect();
    page(&SignInsPage {
        tabs: tabs(true, HERE),
        shell: Shell::new(&web, &caller, "settings", "Sign-in log", None).await?,
        lines,
        older: older.unwrap_or_default(),
    })
}
