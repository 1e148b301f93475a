//! What mails and cards say. Pure: everything that is told is handed in.

use askama::Template;
use connectors::card::{Card, Line, Mode};
use domain::plan::{Plan, Weight};
use engine::state::{Outcome, RunState};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::asking::Asking;
use super::letter::{Letter, line, short};
use super::whom::Reader;
use crate::problem::Problem;
use crate::web::plan::{brief, lead};
use crate::web::{reading, when};

/// The longest name of a person in a subject, in characters.
pub(super) const NAME: usize = 80;
/// The longest sentence of a list, in characters; the page has it whole.
pub(super) const SENTENCE: usize = 400;
/// How many lines of a list stand in a mail.
const LINES: usize = 10;

/// The clocks that a mail names.
#[derive(Clone, Debug)]
pub(super) struct Clocks {
    /// At the person's site.
    pub(super) site: TimeZone,
    /// Where the reader is.
    pub(super) here: TimeZone,
    /// Now.
    pub(super) now: Timestamp,
}

impl Clocks {
    pub(super) fn both(&self, at: Timestamp) -> String {
        when::both(at, &self.site, &self.here, self.now)
    }
}

/// Why somebody is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// They may decide.
    Asked,
    /// The policy names them for when nobody decides.
    Escalated,
    /// They were asked, and it still waits.
    Reminded,
}

/// A list that is cut where it is too long.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) lines: Vec<String>,
    pub(super) more: usize,
}

impl List {
    pub(super) fn of<'a>(all: impl IntoIterator<Item = &'a str>) -> Self {
        let mut lines: Vec<String> = all.into_iter().map(|text| short(text, SENTENCE)).collect();
        let more = lines.len().saturating_sub(LINES);
        lines.truncate(LINES);
        Self { lines, more }
    }
}

/// What an approver is asked.
#[derive(Debug)]
struct Ask {
    title: String,
    tenant: String,
    lead: String,
    asked_by: String,
    until: String,
    /// Why it is asked again, or of others.
    note: String,
    remarks: List,
    never: List,
    changes: Vec<String>,
    digest: String,
    url: String,
}

#[derive(Template)]
#[template(path = "mail/approve.txt")]
struct AskText<'a> {
    ask: &'a Ask,
}

#[derive(Template)]
#[template(path = "mail/approve.html")]
struct AskHtml<'a> {
    ask: &'a Ask,
}

impl Ask {
    fn of(asking: &Asking<'_>, clocks: &Clocks) -> Self {
        let (case, plan) = (asking.case, &asking.case.stored.plan);
        let start = lead::start(plan.at, &clocks.site, &clocks.here, clocks.now);
        let what = lead::what(plan);
        Self {
            title: short(&reading::title(plan), NAME),
            tenant: line(plan.tenant.as_str()),
            lead: line(&format!("{}{}: {what}", start.site, start.here)),
            asked_by: short(&asking.asked_by, NAME),
            until: case
                .expires_at()
                .map_or_else(String::new, |at| clocks.both(at)),
            note: String::new(),
            remarks: List::of(remarks(plan)),
            never: List::of(never(plan).map(|(_, text)| text)),
            changes: brief::of(plan)
                .into_iter()
                .map(|brief| match brief.more.as_str() {
                    "" => line(&brief.title),
                    more => line(&format!("{} ({more})", brief.title)),
                })
                .collect(),
            digest: reading::digest_groups(case.stored.digest.as_str()),
            url: asking.url.clone(),
        }
    }
}

fn remarks(plan: &Plan) -> impl Iterator<Item = &str> {
    let remarks = plan.remarks.iter();
    remarks
        .filter(|remark| remark.weight != Weight::Note)
        .map(|remark| remark.text.as_str())
}

fn never(plan: &Plan) -> impl Iterator<Item = (&str, &str)> {
    let steps = plan.steps.iter().filter(|spec| spec.approved_apart());
    steps.map(|spec| (spec.key.as_str(), spec.summary.as_str()))
}

/// `offboard Mara Lindqvist, contoso`.
pub(super) fn matter(plan: &Plan) -> String {
    let name = short(&plan.person.name, NAME);
    format!(
        "{} {name}, {}",
        plan.kind.word(),
        short(plan.tenant.as_str(), NAME)
    )
}

/// The mail that asks somebody to decide. Its link opens a page; reading decides nothing.
///
/// # Errors
/// A fault in a template.
pub(super) fn ask(
    asking: &Asking<'_>,
    why: Why,
    to: &Reader,
    clocks: &Clocks,
) -> Result<Letter, Problem> {
    let (case, plan) = (asking.case, &asking.case.stored.plan);
    let hours = plan.approval.escalation.as_ref();
    let hours = hours.map_or(0, |escalation| escalation.after_hours as usize);
    let (verb, note) = match why {
        Why::Asked => ("Approve", String::new()),
        Why::Escalated => (
            "Nobody has decided, approve",
            format!(
                "Too few have decided within {}, so the policy asks you as well.",
                lead::number(hours, "hour", "hours")
            ),
        ),
        Why::Reminded => (
            "Still waits, approve",
            "You were asked before, and it still waits.".to_owned(),
        ),
    };
    let ask = Ask {
        note,
        ..Ask::of(asking, clocks)
    };
    let until = case
        .expires_at()
        .map(|at| format!(" by {}", when::short(at, &clocks.here, clocks.now)));
    let subject = format!(
        "{verb}{}: {} ({})",
        until.unwrap_or_default(),
        matter(plan),
        ask.digest
    );
    Ok(Letter {
        name: short(&to.name, NAME),
        subject,
        text: AskText { ask: &ask }.render().map_err(broken)?,
        html: AskHtml { ask: &ask }.render().map_err(broken)?,
    })
}

/// The card that shows a channel what waits. It opens the same page.
pub(super) fn card(asking: &Asking<'_>, clocks: &Clocks) -> Card {
    let plan = &asking.case.stored.plan;
    let ask = Ask::of(asking, clocks);
    let start = lead::start(plan.at, &clocks.site, &clocks.here, clocks.now);
    let mut facts = vec![
        ("Tenant".to_owned(), ask.tenant),
        ("Asked by".to_owned(), ask.asked_by),
        ("Steps".to_owned(), plan.steps.len().to_string()),
    ];
    if !ask.until.is_empty() {
        facts.push(("Decide by".to_owned(), ask.until));
    }
    Card {
        title: ask.title,
        when: format!("{}{}", start.site, start.here),
        facts,
        remarks: remarks(plan).map(line).collect(),
        irreversible: never(plan)
            .map(|(key, text)| Line {
                id: key.to_owned(),
                text: line(text),
            })
            .collect(),
        url: ask.url,
        digest: ask.digest,
        mode: Mode::Workflow,
    }
}

/// How a run ended.
#[derive(Debug)]
struct Done {
    outcome: String,
    tenant: String,
    /// What, and when.
    times: Vec<(&'static str, String)>,
    findings: List,
    url: String,
    button: &'static str,
}

#[derive(Template)]
#[template(path = "mail/done.txt")]
struct DoneText<'a> {
    done: &'a Done,
}

#[derive(Template)]
#[template(path = "mail/done.html")]
struct DoneHtml<'a> {
    done: &'a Done,
}

/// The mail that says how a run ended.
///
/// # Errors
/// A fault in a template.
pub(super) fn done(
    plan: &Plan,
    state: &RunState,
    outcome: Outcome,
    to: &Reader,
    run_url: &str,
    clocks: &Clocks,
) -> Result<Letter, Problem> {
    let open: Vec<&str> = state.open_findings().map(|one| one.text.as_str()).collect();
    let title = short(&reading::title(plan), NAME);
    let findings = lead::number(open.len(), "finding is open", "findings are open");
    let (head, said, url, button) = match outcome {
        Outcome::Completed => (
            "Completed".to_owned(),
            format!("{title} is complete. Every step is verified, or skipped by policy."),
            format!("{run_url}/certificate"),
            "Open the certificate",
        ),
        Outcome::NeedsReview => (
            format!("Needs review, {findings}"),
            format!("{title} has ended and needs review: {findings}."),
            run_url.to_owned(),
            "Open the run",
        ),
    };
    let moment = |ms: Option<i64>| {
        let at = ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
        at.map(|at| clocks.both(at))
    };
    let ended = match outcome {
        Outcome::Completed => "Fully closed",
        Outcome::NeedsReview => "Ended",
    };
    let times = [
        ("Access closed", moment(state.contained_ms)),
        (ended, moment(state.ended_ms)),
    ];
    let done = Done {
        outcome: said,
        tenant: line(plan.tenant.as_str()),
        times: times
            .into_iter()
            .filter_map(|(what, at)| Some((what, at?)))
            .collect(),
        findings: List::of(open),
        url,
        button,
    };
    Ok(Letter {
        name: short(&to.name, NAME),
        subject: format!("{head}: {}", matter(plan)),
        text: DoneText { done: &done }.render().map_err(broken)?,
        html: DoneHtml { done: &done }.render().map_err(broken)?,
    })
}

pub(super) fn broken(error: askama::Error) -> Problem {
    Problem::failed("mail", format!("a mail could not be written: {error}"))
        .hint("this is a fault of Tenure; report it")
}
