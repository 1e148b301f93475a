//! The longest wait of a run: for what, since when, how many looks, when the next is, and when it is given up.

use engine::state::{Phase, Status, StepRun};

use super::load::View;
use super::words::{self, many, span};

/// The band.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Band {
    /// `running` for a system, `waiting` for a time or a person.
    pub(crate) kind: &'static str,
    /// For what, in bold.
    pub(crate) text: String,
    /// Since when and how many looks.
    pub(crate) more: String,
    /// When the next look is, epoch milliseconds.
    pub(crate) next_ms: Option<i64>,
    /// The same as text.
    pub(crate) next: String,
    /// When it is given up.
    pub(crate) gives_up: String,
    /// The step, so that its line can be marked.
    pub(crate) step: Option<usize>,
}

/// What is waited for longest.
pub(crate) fn band(view: View<'_>) -> Option<Band> {
    let state = view.state;
    if state.outcome().is_some() {
        return None;
    }
    if state.paused {
        return Some(plain(
            "Paused: nothing new begins.",
            "What is under way settles. It goes on when somebody says so.",
        ));
    }
    if let Phase::Scheduled { due_ms } = state.phase {
        return (due_ms != 0).then(|| Band {
            text: format!("Waiting for {} in {}.", view.clock(due_ms), view.place()),
            next_ms: Some(due_ms),
            next: span(due_ms - view.now.as_millisecond()),
            ..plain("", "")
        });
    }
    if state.phase == Phase::CheckingDrift {
        return Some(Band {
            kind: "running",
            ..plain(
                "The tenant is read again.",
                "Nothing else begins before it is known to be as approved.",
            )
        });
    }
    let longest = (0..state.steps.len())
        .filter_map(|index| Some((since(&state.steps[index].1)?, index)))
        .min()?;
    Some(of_step(view, longest.1, longest.0))
}

fn plain(text: &str, more: &str) -> Band {
    Band {
        kind: "waiting",
        text: text.to_owned(),
        more: more.to_owned(),
        next_ms: None,
        next: String::new(),
        gives_up: String::new(),
        step: None,
    }
}

/// Since when a step waits for somebody else, epoch milliseconds.
fn since(step: &StepRun) -> Option<i64> {
    let receipt = &step.receipt;
    match step.status {
        // The last look of something verified is no wait worth a band.
        _ if receipt.verified_ms.is_some() => None,
        Status::Converging { .. } | Status::Verifying | Status::Accepted => {
            receipt.accepted_ms.or(receipt.intended_ms)
        }
        Status::Resting { .. } | Status::WithPerson { .. } => receipt.intended_ms,
        _ => None,
    }
}

fn of_step(view: View<'_>, index: usize, since_ms: i64) -> Band {
    let step = &view.state.steps[index].1;
    let spec = step.effective(&view.plan.steps[index]);
    let what = words::brief(view.plan, spec);
    let ago = span(view.now.as_millisecond() - since_ms);
    let receipt = &step.receipt;
    match &step.status {
        Status::WithPerson { due_ms } => {
            let who = spec
                .by_hand
                .as_ref()
                .map_or("a person", |work| work.assignee.as_str());
            Band {
                text: format!("Waiting for {who}: {what}."),
                more: format!("Asked {ago} ago."),
                gives_up: view.clock(*due_ms),
                step: Some(index),
                ..plain("", "")
            }
        }
        Status::Resting { due_ms } => Band {
            kind: "running",
            text: format!("Waiting to try again: {what}."),
            more: receipt
                .problem
                .as_ref()
                .map_or_else(String::new, |problem| problem.message.clone()),
            next_ms: Some(*due_ms),
            next: span(due_ms - view.now.as_millisecond()),
            gives_up: format!(
                "attempt {} of {}",
                receipt.attempts - step.attempts_before,
                spec.budget.attempts
            ),
            step: Some(index),
        },
        status => {
            let next_ms = match status {
                Status::Converging { due_ms } => Some(*due_ms),
                _ => None,
            };
            let left = i64::try_from(spec.budget.converge_ms.saturating_sub(receipt.spent_ms))
                .unwrap_or(i64::MAX / 2);
            let shown = shown(view, index);
            Band {
                kind: "running",
                text: format!("Waiting for Microsoft to show it: {what}."),
                more: format!(
                    "Accepted {ago} ago, {}{shown}.",
                    if receipt.reads == 0 {
                        "no look yet".to_owned()
                    } else {
                        many(receipt.reads as usize, "look", "looks")
                    }
                ),
                next_ms,
                next: next_ms.map_or_else(
                    || "now".to_owned(),
                    |ms| span(ms - view.now.as_millisecond()),
                ),
                gives_up: view.clock(view.now.as_millisecond() + left),
                step: Some(index),
            }
        }
    }
}

/// What the last look has shown of the first change that is not there yet.
fn shown(view: View<'_>, index: usize) -> String {
    let step = &view.state.steps[index].1;
    let spec = step.effective(&view.plan.steps[index]);
    let Some(after) = &step.receipt.after else {
        return String::new();
    };
    let open = spec
        .changes
        .iter()
        .zip(after)
        .find(|(change, value)| match &change.after {
            domain::spec::Expect::Is(wanted) => wanted != *value,
            domain::spec::Expect::Later => change.now == **value,
        });
    open.map_or_else(String::new, |(change, value)| {
        format!(
            ", still {}: {}",
            change.property,
            crate::web::reading::say(value)
        )
    })
}
