//! Reports: how long does it take until access is closed, and who took longest, and why?

mod waste;

use askama::Template;
use axum::extract::State;
use domain::TenantId;
use domain::access::Role;
use domain::request::Kind;
use serde::Deserialize;
use store::{RunLine, TenantScope};

use super::answer::page;
use super::lists::{self, Mark, many};
use super::shell::Shell;
use super::strips::{self, Share, Strip};
use super::zones::Zones;
use super::{Answer, Caller, Needs, Routes, Web, when};
use crate::clock;
use crate::problem::Problem;
use crate::web::extract::{Path, Query};
use crate::wiring::of_store;

/// How far back a report looks, in days, and over how many runs at most.
const DAYS: i64 = 30;
const MOST: u32 = 1_000;
/// How many of the slowest are named.
const SLOWEST: usize = 5;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/reports", Needs::Somewhere(Role::Viewer), show)
        .get("/t/{tenant}/reports", Needs::There(Role::Viewer), show)
}

/// One of the slowest.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Slow {
    href: String,
    name: String,
    sub: String,
    took: String,
    mark: Mark,
    why: String,
}

/// The strips of a report, under the name that Today's part knows them by.
struct Month {
    access: Strip,
    fully: Strip,
    share: Share,
}

#[derive(Template)]
#[template(path = "reports.html")]
struct ReportsPage {
    shell: Shell,
    lead: (String, String),
    month: Option<Month>,
    slow: Vec<Slow>,
    /// The seats of people who left, where somebody pressed for it.
    waste: Option<(String, Vec<waste::Waste>)>,
    /// When this was made, where the reader is.
    made: String,
}

#[derive(Deserialize)]
struct Wanted {
    read: Option<u8>,
}

async fn show(
    State(web): State<Web>,
    caller: Caller,
    tenant: Option<Path<TenantId>>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let tenant = tenant.map(|Path(tenant)| tenant);
    let scope = caller.scope_at(tenant.as_ref());
    let since = clock::now() - jiff::SignedDuration::from_hours(24 * DAYS);
    let ended = web
        .wiring
        .store
        .ended_since(&scope, since, MOST)
        .await
        .map_err(of_store)?;
    let leavers: Vec<&RunLine> = ended
        .iter()
        .filter(|run| run.kind == Kind::Offboard)
        .collect();
    let tenants = leavers.iter().map(|run| run.tenant.clone()).collect();
    let zones = Zones::of(&web, &caller, tenants).await;
    let mut slow = Vec::new();
    for run in slowest(&leavers) {
        slow.push(named(&web, &scope, run, &zones, tenant.is_some()).await?);
    }
    let month = (!leavers.is_empty()).then(|| {
        let lengths = |of: fn(&RunLine) -> Option<i64>| {
            leavers.iter().filter_map(|run| of(run)).collect::<Vec<_>>()
        };
        Month {
            access: strips::strip(&lengths(RunLine::contained_after_ms)),
            fully: strips::strip(&lengths(RunLine::closed_after_ms)),
            share: strips::share(&leavers),
        }
    });
    let waste = if wanted.read.is_some() {
        let tenants = web.wiring.store.tenants(&scope).await.map_err(of_store)?;
        let parts = waste::read(&web, &caller, &tenants).await;
        Some((waste::lead(&parts), parts))
    } else {
        None
    };
    let shell = Shell::new(&web, &caller, "reports", "Reports", tenant.as_ref()).await?;
    page(&ReportsPage {
        waste,
        made: zones
            .now
            .to_zoned(zones.here.clone())
            .strftime("%-d %b %Y %H:%M")
            .to_string(),
        shell,
        lead: lead(&leavers),
        month,
        slow,
    })
}

/// The slowest of them to be fully closed, the slowest first.
fn slowest<'a>(leavers: &[&'a RunLine]) -> Vec<&'a RunLine> {
    let mut all: Vec<&RunLine> = leavers
        .iter()
        .copied()
        .filter(|run| run.closed_after_ms().is_some())
        .collect();
    all.sort_by_key(|run| std::cmp::Reverse(run.closed_after_ms()));
    all.truncate(SLOWEST);
    all
}

fn lead(leavers: &[&RunLine]) -> (String, String) {
    if leavers.is_empty() {
        return ("Nobody left in the last 30 days.".to_owned(), String::new());
    }
    let review = leavers.iter().filter(|run| run.open_findings > 0).count();
    let rest = match review {
        0 => "None of them has an open finding.".to_owned(),
        review => format!(
            "{} an open finding.",
            many(review, "of them has", "of them have")
        ),
    };
    (
        format!(
            "{} in the last 30 days.",
            many(leavers.len(), "person left", "people left")
        ),
        rest,
    )
}

/// A slow run with what it waited for longest: the step whose verification came last after it was accepted.
async fn named(
    web: &Web,
    scope: &TenantScope,
    line: &RunLine,
    zones: &Zones,
    one: bool,
) -> Result<Slow, Problem> {
    let row = web
        .wiring
        .store
        .run(scope, &line.id)
        .await
        .map_err(of_store)?;
    let waited = row.state.steps.iter().filter_map(|(key, step)| {
        let receipt = &step.receipt;
        let (from, to) = (
            receipt.intended_ms?,
            receipt.verified_ms.or(row.state.ended_ms)?,
        );
        Some((to - from, key.to_string(), receipt.verified_ms.is_some()))
    });
    let why = waited.max().map_or_else(
        || "no step was begun".to_owned(),
        |(ms, key, verified)| {
            let end = if verified {
                "until it was verified"
            } else {
                "and was not verified"
            };
            format!("{key} took {} {end}", when::lasted(ms))
        },
    );
    let shown = lists::run(line, zones, one);
    Ok(Slow {
        href: shown.href,
        name: shown.name,
        sub: shown.sub,
        took: line.closed_after_ms().map(when::lasted).unwrap_or_default(),
        mark: shown
            .progress
            .map_or_else(|| Mark::plain(""), |progress| progress.mark),
        why,
    })
}
