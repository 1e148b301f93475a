//! The list of findings in its fixed groups, beside the one that is looked at.

use askama::Template;
use axum::extract::State;
use domain::access::Role;
use domain::{RunId, TenantId};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use store::{FindingFilter, FindingGroup, FindingLine, FindingStatus, TenantScope};

use super::detail::{self, Detail};
use crate::clock;
use crate::problem::Problem;
use crate::web::answer::page;
use crate::web::extract::{Path, Query};
use crate::web::shell::Shell;
use crate::web::{Answer, Caller, Web, when};
use crate::wiring::of_store;

/// What is asked of the list.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    after: Option<String>,
    /// `all` where the list beside a finding shall be that of all tenants.
    #[serde(default)]
    of: Option<String>,
}

impl Asked {
    fn is_handled(&self) -> bool {
        self.state.as_deref() == Some("handled")
    }
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) href: String,
    pub(super) kind: &'static str,
    pub(super) word: &'static str,
    pub(super) name: String,
    pub(super) sub: String,
    pub(super) age: String,
    pub(super) current: bool,
}

/// A head with its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) old: bool,
    pub(super) rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "findings.html")]
struct FindingsPage {
    shell: Shell,
    groups: Vec<Group>,
    handled: bool,
    /// Where the tabs lead.
    base: String,
    open: String,
    oldest: String,
    older: String,
    detail: Option<Detail>,
    /// Whether somebody asked for the one that is shown; else it is shown on wide screens alone.
    asked: bool,
}

/// `GET /findings`.
pub(super) async fn everywhere(
    State(web): State<Web>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Answer {
    let look = Look {
        tenant: None,
        scope: caller.scope(Role::Viewer),
        asked,
    };
    show(&web, &caller, look, None, detail::Said::default()).await
}

/// `GET /t/{tenant}/findings`.
pub(super) async fn of_tenant(
    State(web): State<Web>,
    caller: Caller,
    Path(tenant): Path<TenantId>,
    Query(asked): Query<Asked>,
) -> Answer {
    let look = Look {
        scope: caller.scope_of(&tenant),
        tenant: Some(tenant),
        asked,
    };
    show(&web, &caller, look, None, detail::Said::default()).await
}

/// `GET /t/{tenant}/findings/{run}/{number}`.
pub(super) async fn one(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, run, number)): Path<(TenantId, RunId, u32)>,
    Query(asked): Query<Asked>,
) -> Answer {
    at(
        &web,
        &caller,
        (tenant, run, number),
        asked,
        detail::Said::default(),
    )
    .await
}

/// The page of one finding, with what was said in a form that could not be taken.
pub(super) async fn at(
    web: &Web,
    caller: &Caller,
    id: (TenantId, RunId, u32),
    asked: Asked,
    said: detail::Said,
) -> Answer {
    let (tenant, run, number) = id;
    let wide = asked.of.as_deref() == Some("all");
    let look = Look {
        scope: if wide {
            caller.scope(Role::Viewer)
        } else {
            caller.scope_of(&tenant)
        },
        tenant: Some(tenant),
        asked,
    };
    show(web, caller, look, Some((run, number)), said).await
}

/// From where the list is looked at.
struct Look {
    tenant: Option<TenantId>,
    scope: TenantScope,
    asked: Asked,
}

async fn show(
    web: &Web,
    caller: &Caller,
    look: Look,
    chosen: Option<(RunId, u32)>,
    said: detail::Said,
) -> Answer {
    let now = clock::now();
    let wide = look.tenant.is_none() || look.asked.of.as_deref() == Some("all");
    let handled = look.asked.is_handled();
    let (lines, next) = lines(web, &look).await?;
    let first = lines
        .iter()
        .find(|line| line.status == FindingStatus::Open || handled);
    let asked = chosen.is_some();
    let chosen = match (chosen, look.tenant.as_ref()) {
        (Some((run, number)), Some(tenant)) => Some((tenant.clone(), run, number)),
        _ => first.map(|line| (line.tenant.clone(), line.run.clone(), line.number)),
    };
    let detail = match &chosen {
        Some((tenant, run, number)) => {
            Some(Detail::read(web, caller, tenant, run, *number, said).await?)
        }
        None => None,
    };
    let current = chosen.as_ref().map(|(_, run, number)| (run, *number));
    let shell = Shell::new(web, caller, "findings", "Findings", look.tenant.as_ref()).await?;
    let base = match &look.tenant {
        Some(tenant) if !wide => format!("/t/{tenant}/findings"),
        _ => "/findings".to_owned(),
    };
    let oldest = lines
        .iter()
        .filter(|line| line.status == FindingStatus::Open)
        .map(|line| line.opened_at)
        .min();
    let state = if handled { "state=handled&" } else { "" };
    page(&FindingsPage {
        open: shell.counts.open_findings.to_string(),
        groups: groups(&lines, handled, wide, current, now),
        older: next.map_or_else(String::new, |next| format!("{base}?{state}after={next}")),
        oldest: oldest.map_or_else(String::new, |at| format!("oldest {}", ago(at, now))),
        handled,
        base,
        detail,
        asked,
        shell,
    })
}

/// Those that are asked for; below the open ones those of the last week that are handled.
async fn lines(web: &Web, look: &Look) -> Result<(Vec<FindingLine>, Option<String>), Problem> {
    let store = &web.wiring.store;
    let handled = look.asked.is_handled();
    let filter = |status, since: Option<Timestamp>| FindingFilter {
        status: Some(status),
        since,
        ..FindingFilter::default()
    };
    let after = look.asked.after.as_deref();
    let status = if handled {
        FindingStatus::Handled
    } else {
        FindingStatus::Open
    };
    let page = store
        .list_findings(&look.scope, &filter(status, None), after)
        .await
        .map_err(of_store)?;
    let mut lines = page.lines;
    if !handled && page.next.is_none() {
        let week = clock::now() - SignedDuration::from_hours(7 * 24);
        let lately = filter(FindingStatus::Handled, Some(week));
        let lately = store
            .list_findings(&look.scope, &lately, None)
            .await
            .map_err(of_store)?;
        lines.extend(lately.lines.into_iter().take(LATELY));
    }
    Ok((lines, page.next))
}

/// How many handled ones stand under the open ones.
const LATELY: usize = 5;

/// How long ago, in one unit.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    let ms = now.as_millisecond() - at.as_millisecond();
    match ms / 60_000 {
        0 => "now".to_owned(),
        minutes @ 1..60 => format!("{minutes}\u{202f}min"),
        _ => when::lasted(ms),
    }
}

fn groups(
    lines: &[FindingLine],
    handled: bool,
    wide: bool,
    current: Option<(&RunId, u32)>,
    now: Timestamp,
) -> Vec<Group> {
    let rows = |of: &dyn Fn(&FindingLine) -> bool| -> Vec<Row> {
        let of = lines.iter().filter(|line| of(line));
        of.map(|line| row(line, wide, current, now)).collect()
    };
    let is_open = |line: &FindingLine| line.status == FindingStatus::Open;
    let mut groups: Vec<Group> = FindingGroup::ALL
        .iter()
        .map(|group| Group {
            name: detail::head(*group),
            old: false,
            rows: rows(&|line| is_open(line) && line.group == *group),
        })
        .collect();
    groups.push(Group {
        name: if handled {
            "Handled"
        } else {
            "Handled this week"
        },
        old: true,
        rows: rows(&|line| !is_open(line)),
    });
    groups.retain(|group| !group.rows.is_empty());
    groups
}

fn row(line: &FindingLine, wide: bool, current: Option<(&RunId, u32)>, now: Timestamp) -> Row {
    let is_open = line.status == FindingStatus::Open;
    let (kind, word) = if is_open {
        detail::mark(line.group, &line.kind)
    } else {
        ("verified", "Handled")
    };
    let mut sub = vec![line.name.clone()];
    if wide {
        sub.push(line.tenant.to_string());
    }
    sub.extend(line.step.as_ref().map(ToString::to_string));
    let all = if wide { "?of=all" } else { "" };
    Row {
        href: format!(
            "/t/{}/findings/{}/{}{all}",
            line.tenant, line.run, line.number
        ),
        kind,
        word,
        name: detail::short(&line.text),
        sub: sub.join(" · "),
        age: ago(
            line.closed.as_ref().map_or(line.opened_at, |(at, _)| *at),
            now,
        ),
        current: current == Some((&line.run, line.number)),
    }
}
