//! A run as it happens: per step what is accepted, effective and verified, and what is being waited for.

use std::fmt::Write as _;

use domain::plan::{Plan, is_containment};
use engine::state::{Outcome, Phase, RunState, Status, StepRun};
use engine::timing::{Cause, timing};

use super::style::{CARE, DANGER, DIM, GOOD, HEAD, pad, paint, plain};

/// The column heads over [`line`].
pub(crate) fn heads() -> String {
    paint(
        DIM,
        &format!(
            "    {} {} {} {}",
            pad("step", 30),
            pad("accepted", 9),
            pad("effective", 10),
            pad("verified", 9)
        ),
    )
}

/// One step as one line; `width` of the terminal cuts what is waited for.
pub(crate) fn line(plan: &Plan, state: &RunState, index: usize) -> String {
    let (key, step) = &state.steps[index];
    let (mark, style, word) = mark(step);
    let start = state.started_ms;
    let seconds = |at: Option<i64>| match (at, start) {
        (Some(at), Some(start)) => format!("{:.1} s", (at - start) as f64 / 1000.0),
        _ => String::new(),
    };
    let receipt = &step.receipt;
    let text = waiting_for(plan, step, index).unwrap_or(word);
    format!(
        "  {} {} {} {} {} {}",
        paint(style, mark),
        pad(key.as_str(), 30),
        pad(&seconds(receipt.accepted_ms), 9),
        pad(&seconds(receipt.effective_ms), 10),
        pad(&seconds(receipt.verified_ms), 9),
        paint(
            if step.status == Status::Verified {
                DIM
            } else {
                style
            },
            &text
        )
    )
}

fn mark(step: &StepRun) -> (&'static str, anstyle::Style, String) {
    match &step.status {
        Status::Waiting => ("·", DIM, String::new()),
        Status::Probing => ("?", CARE, "looking before writing".to_owned()),
        Status::Applying => ("›", CARE, "writing".to_owned()),
        Status::Resting { .. } => ("…", CARE, "asked to wait before trying again".to_owned()),
        Status::Accepted => (
            "›",
            CARE,
            "accepted; to be read with the rest of containment".to_owned(),
        ),
        Status::Verifying => ("›", CARE, "reading back".to_owned()),
        Status::Converging { .. } => ("…", CARE, "waiting until a read shows it".to_owned()),
        Status::WithPerson { .. } => ("☞", CARE, "with a person".to_owned()),
        Status::Verified => ("✓", GOOD, String::new()),
        Status::Failed => ("✗", DANGER, "failed; see the finding".to_owned()),
        Status::Unstarted => ("✗", DANGER, "not begun; see the finding".to_owned()),
        Status::Held { because } => ("‖", DANGER, format!("held: {because}")),
    }
}

fn waiting_for(plan: &Plan, step: &StepRun, index: usize) -> Option<String> {
    let spec = &plan.steps[index];
    match &step.status {
        Status::Converging { .. } => {
            let what = spec
                .changes
                .first()
                .map_or("the change", |change| change.property.as_str());
            let spent = step.receipt.spent_ms / 1000;
            Some(format!(
                "waiting until a read shows “{what}” ({spent} of {} s, read {})",
                spec.budget.converge_ms / 1000,
                step.receipt.reads
            ))
        }
        Status::Resting { .. } => step
            .receipt
            .problem
            .as_ref()
            .map(|problem| format!("will try again: {}", problem.message)),
        Status::WithPerson { due_ms } => spec.by_hand.as_ref().map(|work| {
            format!(
                "{} is asked to do it until {}; then: tenure runs done RUN {} --as NAME",
                work.assignee,
                moment(*due_ms),
                spec.key
            )
        }),
        Status::Waiting => spec
            .not_before
            .map(|at| format!("not before {}", moment(at.as_millisecond()))),
        Status::Verified if step.receipt.note.is_some() => step.receipt.note.clone(),
        Status::Verified if step.receipt.reads > 1 => Some(format!("{} reads", step.receipt.reads)),
        _ => None,
    }
}

/// A moment to the minute, in universal time.
fn moment(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(
        |_| "an unknown time".to_owned(),
        |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

/// All steps as a table.
pub(crate) fn table(plan: &Plan, state: &RunState) -> String {
    let mut out = heads();
    for index in 0..state.steps.len() {
        let _ = write!(out, "\n{}", line(plan, state, index));
    }
    out
}

/// How it ended, and what a human has to look at.
pub(crate) fn ending(plan: &Plan, state: &RunState) -> String {
    let mut out = String::new();
    let verified = state
        .steps
        .iter()
        .filter(|(_, step)| step.status == Status::Verified)
        .count();
    let (style, words) = match &state.phase {
        Phase::Ended {
            outcome: Outcome::Completed,
        } => (GOOD, "completed".to_owned()),
        Phase::Ended {
            outcome: Outcome::NeedsReview,
        } => (DANGER, "needs review".to_owned()),
        _ if state.paused => (CARE, "paused".to_owned()),
        _ => (CARE, "waiting".to_owned()),
    };
    let _ = writeln!(
        out,
        "\n{}  {} of {} steps verified{}{}",
        paint(
            style,
            &format!("Run {} of {}: {words}", state.run, plan.upn)
        ),
        verified,
        state.steps.len(),
        elapsed(
            " · access closed and read back after",
            state.started_ms,
            state
                .contained_ms
                .filter(|_| plan.steps.iter().any(is_containment))
        ),
        elapsed(" · ended after", state.started_ms, state.ended_ms),
    );
    out.push_str(&time(plan, state));
    let open: Vec<_> = state
        .findings
        .iter()
        .filter(|finding| finding.closed.is_none())
        .collect();
    if !open.is_empty() {
        let _ = writeln!(out, "{}", paint(HEAD, "A human must look at"));
        for finding in open {
            let step = finding
                .step
                .as_ref()
                .map(|step| format!("{step}: "))
                .unwrap_or_default();
            let _ = writeln!(
                out,
                "  {} {step}{}",
                paint(DANGER, &format!("#{}", finding.number)),
                plain(&finding.text)
            );
        }
    }
    out
}

/// From approval to verified, with what was waited for itemised.
fn time(plan: &Plan, state: &RunState) -> String {
    let Some(timing) = timing(plan, state).filter(|_| state.outcome().is_some()) else {
        return String::new();
    };
    let mut words = format!(
        "approval to verified {}, of it {} our own work",
        span(timing.total_ms),
        span(timing.total_ms - timing.waited_ms)
    );
    for wait in timing.waits.iter().take(LONGEST_WAITS) {
        let whom = match wait.cause {
            Cause::Vendor => "Microsoft",
            Cause::Person => "a person",
            Cause::Calendar => "its moment",
        };
        let _ = write!(
            words,
            " · {} waited {} for {whom}",
            wait.step,
            span(wait.lasted_ms())
        );
    }
    format!("{}\n", paint(DIM, &words))
}

/// A length of time as people say it.
fn span(ms: i64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..60 => format!("{:.1} s", ms as f64 / 1000.0),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// How many waits are worth reading.
const LONGEST_WAITS: usize = 3;

fn elapsed(words: &str, from: Option<i64>, to: Option<i64>) -> String {
    match (from, to) {
        (Some(from), Some(to)) => format!("{words} {:.1} s", (to - from) as f64 / 1000.0),
        _ => String::new(),
    }
}

/// How many requests it took, polls and scans apart.
pub(crate) fn requests(counts: &serde_json::Value) -> String {
    let n = |key: &str| counts[key].as_u64().unwrap_or_default();
    paint(
        DIM,
        &format!(
            "{} requests: {} to look for drift, {} to write, {} to read back; {} repeated reads while waiting, {} to scan mailboxes\n",
            n("total"),
            n("drift"),
            n("probe-and-apply"),
            n("first-reads"),
            n("repeat-polls"),
            n("scan")
        ),
    )
}
