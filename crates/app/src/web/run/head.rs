//! The head of a run: the state with its time, and the sentence that answers how far it is.

use domain::plan::is_containment;
use engine::state::{Outcome, Phase, Status};
use engine::timing::{Cause, timing};

use super::load::View;
use super::words::{self, Mark, many, span};

/// What stands on top of the page and in each event of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Shape and word of the run.
    pub(crate) mark: Mark,
    /// From when the seconds in the chip count, epoch milliseconds; not while nothing moves.
    pub(crate) counts_from_ms: Option<i64>,
    /// How long it takes, or took.
    pub(crate) lasted: String,
    /// The first words, in bold.
    pub(crate) first: String,
    /// The rest of the sentence.
    pub(crate) rest: String,
    /// What a listener hears once, when it ends.
    pub(crate) say: String,
    /// The letter in front of the tab's title.
    pub(crate) tab: &'static str,
}

/// The head.
pub(crate) fn head(view: View<'_>) -> Head {
    let state = view.state;
    let mark = words::of_run(state);
    let moves = matches!(
        state.phase,
        Phase::Containing | Phase::CheckingDrift | Phase::Running | Phase::Cancelling
    );
    let from_ms = view.origin_ms();
    let until_ms = state.ended_ms.unwrap_or_else(|| view.now.as_millisecond());
    let (first, rest) = sentence(view);
    let (say, tab) = match state.outcome() {
        Some(Outcome::Completed) => (format!("The run is completed. {rest}"), "✓"),
        Some(Outcome::NeedsReview) => (format!("The run needs review. {rest}"), "!"),
        None => (String::new(), "▸"),
    };
    Head {
        mark,
        counts_from_ms: moves.then_some(from_ms),
        lasted: if state.started_ms.is_some() {
            span(until_ms - from_ms)
        } else {
            String::new()
        },
        first,
        rest,
        say,
        tab,
    }
}

/// `Access closed after 5.8 s.` and `11 of 22 steps are verified; one needs a person.`
fn sentence(view: View<'_>) -> (String, String) {
    let state = view.state;
    let all = state.steps.len();
    if let Phase::Scheduled { due_ms } = state.phase {
        let when = if due_ms == 0 {
            "It is about to begin.".to_owned()
        } else {
            format!("It begins at {} in {}.", view.clock(due_ms), view.place())
        };
        return (when, format!("{} wait.", many(all, "step", "steps")));
    }
    let closes = view.plan.steps.iter().any(is_containment);
    let first = match state.contained_ms.filter(|_| closes) {
        Some(ms) => format!("Access closed after {}.", view.since(ms)),
        None if closes && state.outcome().is_none() => "Access is being closed.".to_owned(),
        None if closes => "Access was not closed.".to_owned(),
        None => String::new(),
    };
    let verified = state
        .steps
        .iter()
        .filter(|(_, step)| words::of_step(step).kind == "verified")
        .count();
    let mut rest = if verified == all {
        format!("All {all} steps are verified")
    } else {
        format!("{verified} of {all} steps are verified")
    };
    let open = state.open_findings().count();
    let asked = state
        .steps
        .iter()
        .filter(|(_, step)| matches!(step.status, Status::WithPerson { .. } | Status::Held { .. }))
        .count();
    let needs = open.max(asked);
    match needs {
        0 => rest.push('.'),
        1 => rest.push_str("; one needs a person."),
        more => rest.push_str(&format!("; {more} need a person.")),
    }
    (first, rest)
}

/// Where the time went, from the approval to the last verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    /// From approval to verified.
    pub(crate) total: String,
    /// What of it was our own work.
    pub(crate) own: String,
    /// What was waited for, the longest first.
    pub(crate) waits: Vec<WaitLine>,
}

/// One wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WaitLine {
    /// The step.
    pub(crate) step: String,
    /// The step as part of an address.
    pub(crate) path: String,
    /// For whom.
    pub(crate) whom: &'static str,
    /// How long.
    pub(crate) lasted: String,
}

/// How many waits are itemised.
const WAITS: usize = 6;

/// Where the time went, once something is verified.
pub(crate) fn times(view: View<'_>) -> Option<Times> {
    let timing = timing(view.plan, view.state)?;
    let waits = timing.waits.iter().take(WAITS).map(|wait| WaitLine {
        step: wait.step.to_string(),
        path: super::line::path(&wait.step),
        whom: match wait.cause {
            Cause::Vendor => "Microsoft",
            Cause::Person => "a person",
            Cause::Calendar => "its moment",
        },
        lasted: span(wait.lasted_ms()),
    });
    Some(Times {
        total: span(timing.total_ms),
        own: span(timing.total_ms - timing.waited_ms),
        waits: waits.collect(),
    })
}
