//! Where a person stands, and what Tenure did about them, on one line of time.

use domain::request::Kind;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use store::{FindingGroup, FindingLine, PlanLine, PlanStatus, RunLine, RunStatus};

use crate::web::when;

/// A run on the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dot {
    /// Where, of 100.
    pub(super) x: String,
    /// `ok`, `warn`, or nothing.
    pub(super) class: &'static str,
    /// What a listener hears.
    pub(super) said: String,
}

/// An event of the story, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) class: &'static str,
    pub(super) text: String,
    pub(super) href: String,
    pub(super) at: String,
    pub(super) note: String,
    at_ms: i64,
}

fn verb(kind: Kind) -> &'static str {
    match kind {
        Kind::Onboard => "Joined",
        Kind::Offboard => "Left",
        Kind::Transfer => "Moved",
        Kind::Restore => "Came back",
    }
}

/// Shape and words of how a person stands: what the newest run that says so has done.
pub(super) fn stands(
    runs: &[RunLine],
    plans: &[PlanLine],
    site: &TimeZone,
    now: Timestamp,
) -> (&'static str, String) {
    let waits = plans.iter().find(|plan| {
        plan.kind == Kind::Offboard
            && matches!(
                plan.status,
                PlanStatus::Waiting | PlanStatus::Approved | PlanStatus::Scheduled
            )
    });
    let Some(run) = runs.first() else {
        return match waits.and_then(|plan| plan.starts_at) {
            Some(at) => (
                "scheduled",
                format!("Leaves {}", when::day_inside(at, site, now)),
            ),
            None => ("", "Works here".to_owned()),
        };
    };
    let at = run.ended_at.unwrap_or(run.created_at);
    let day = when::day_inside(at, site, now);
    match (run.kind, run.status) {
        (Kind::Offboard, RunStatus::Scheduled) => (
            "scheduled",
            format!("Leaves {}", when::day_inside(run.counts_from, site, now)),
        ),
        (_, RunStatus::Scheduled) => (
            "scheduled",
            format!(
                "Scheduled, {}",
                when::day_inside(run.counts_from, site, now)
            ),
        ),
        (Kind::Offboard, RunStatus::Completed) => ("verified", format!("Left, {day}")),
        (Kind::Offboard, RunStatus::NeedsReview) => {
            ("finding", format!("Left, {day}, needs review"))
        }
        (Kind::Restore, RunStatus::Completed) => ("verified", format!("Restored, {day}")),
        (_, RunStatus::Completed) => (
            "verified",
            format!("Works here, {} {day}", verb(run.kind).to_lowercase()),
        ),
        (_, RunStatus::NeedsReview) => (
            "finding",
            format!("{}, {day}, needs review", verb(run.kind)),
        ),
        (
            _,
            RunStatus::Containing | RunStatus::Running | RunStatus::Paused | RunStatus::Cancelling,
        ) => ("running", "A run is under way".to_owned()),
    }
}

/// The line of time and the list under it.
pub(super) fn story(
    runs: &[RunLine],
    plans: &[PlanLine],
    findings: &[FindingLine],
    site: &TimeZone,
    now: Timestamp,
) -> (Vec<Dot>, Vec<Event>) {
    let mut events: Vec<Event> = runs.iter().map(|run| of_run(run, site, now)).collect();
    let without = plans.iter().filter(|plan| plan.run.is_none());
    events.extend(without.map(|plan| Event {
        class: "",
        text: format!("Plan {}, {}", plan.id, plan.status.word()),
        href: format!("/t/{}/plans/{}", plan.tenant, plan.id),
        at: when::short(plan.made_at, site, now),
        note: format!("asked for by {}", plan.requester),
        at_ms: plan.made_at.as_millisecond(),
    }));
    events.extend(findings.iter().flat_map(|line| of_finding(line, site, now)));
    events.extend(runs.iter().flat_map(|run| checks_of(run, site, now)));
    events.sort_by_key(|event| std::cmp::Reverse(event.at_ms));
    let now_ms = now.as_millisecond();
    let first = events.last().map_or(now_ms, |event| event.at_ms);
    let length = (now_ms - first).max(1);
    let dots = events
        .iter()
        .map(|event| {
            let part = (event.at_ms - first).clamp(0, length) as f64 / length as f64;
            Dot {
                x: format!("{:.1}", 1.0 + part * 98.0),
                class: event.class,
                said: format!("{}, {}", event.text, event.at),
            }
        })
        .collect();
    (dots, events)
}

fn of_run(run: &RunLine, site: &TimeZone, now: Timestamp) -> Event {
    // What is still to come stands where it was asked for: the line ends now.
    let at = run.ended_at.or(run.started_at).unwrap_or(run.created_at);
    let class = match run.status {
        RunStatus::Completed => "ok",
        RunStatus::NeedsReview => "warn",
        _ => "",
    };
    let findings = match run.open_findings {
        0 => String::new(),
        1 => ", 1 open finding".to_owned(),
        more => format!(", {more} open findings"),
    };
    let words = match run.status {
        _ if run.ended_at.is_some() => verb(run.kind).to_owned(),
        RunStatus::Scheduled => format!("Begins {}", when::day_inside(run.counts_from, site, now)),
        _ => "Under way".to_owned(),
    };
    Event {
        class,
        text: format!("{words}: run {}", run.id),
        href: format!("/t/{}/runs/{}", run.tenant, run.id),
        at: when::short(at, site, now),
        note: format!("{} of {} steps verified{findings}", run.verified, run.steps),
        at_ms: at.as_millisecond(),
    }
}

/// A finding: when it was opened, and when it was closed.
fn of_finding(line: &FindingLine, site: &TimeZone, now: Timestamp) -> Vec<Event> {
    let href = format!("/t/{}/findings/{}/{}", line.tenant, line.run, line.number);
    let class = match line.group {
        FindingGroup::AccessOpen => "stop",
        _ => "warn",
    };
    let first = line.text.split(". ").next().unwrap_or(&line.text);
    let event = |class, text: String, at: Timestamp, note: String| Event {
        class,
        text,
        href: href.clone(),
        at: when::short(at, site, now),
        note,
        at_ms: at.as_millisecond(),
    };
    let mut events = vec![event(
        class,
        format!("Finding: {}", first.trim_end_matches('.')),
        line.opened_at,
        format!("finding {} of run {}", line.number, line.run),
    )];
    if let Some((at, how)) = &line.closed {
        events.push(event("ok", "Finding closed".to_owned(), *at, how.clone()));
    }
    events
}

/// What was looked at besides the steps: that access was closed, and everything once more at the end.
fn checks_of(run: &RunLine, site: &TimeZone, now: Timestamp) -> Vec<Event> {
    let Some(at) = run.contained_at.filter(|_| run.kind == Kind::Offboard) else {
        return Vec::new();
    };
    let after = run.contained_after_ms().map(when::lasted);
    vec![Event {
        class: "check",
        text: "Access verified as closed".to_owned(),
        href: format!("/t/{}/runs/{}", run.tenant, run.id),
        at: when::short(at, site, now),
        note: after.map_or_else(String::new, |after| format!("{after} after the start")),
        at_ms: at.as_millisecond(),
    }]
}
