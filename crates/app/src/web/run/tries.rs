//! The attempts and looks of a step, read off the run's events: each with its time and what came back.

use domain::StepKey;
use domain::spec::{Expect, StepSpec};
use engine::hands::{Class, Problem, Purpose, Seen};
use engine::state::Event;
use store::RunEvent;

use super::load::View;
use crate::web::reading;

/// One attempt or look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Try {
    /// When, by the site's clock with tenths of a second.
    pub(crate) at: String,
    /// What was done, and what a look showed.
    pub(crate) what: String,
    /// The status, or how long it took.
    pub(crate) end: String,
    /// `ok`, `bad`, or nothing.
    pub(crate) kind: &'static str,
}

/// How many are shown; of a wait of hours the first and the last say enough.
const SHOWN: usize = 14;

/// What happened to one step, the oldest first.
pub(crate) fn tries(view: View<'_>, spec: &StepSpec, events: &[RunEvent]) -> Vec<Try> {
    let mut looks = 0;
    let mut all: Vec<Try> = events
        .iter()
        .filter_map(|event| one(view, spec, event, &mut looks))
        .collect();
    if all.len() > SHOWN {
        let left = all.len() - SHOWN;
        let half = SHOWN / 2;
        all.drain(half..half + left);
        all.insert(
            half,
            Try {
                at: "…".to_owned(),
                what: format!("{left} more of the same"),
                end: String::new(),
                kind: "",
            },
        );
    }
    all
}

fn one(view: View<'_>, spec: &StepSpec, event: &RunEvent, looks: &mut u32) -> Option<Try> {
    let at = tenths(view, event.at);
    let is = |key: &StepKey| *key == spec.key;
    match &event.event {
        Event::Applied {
            step,
            attempt,
            applied,
        } if is(step) => {
            let mut statuses: Vec<u16> = applied.calls.iter().map(|call| call.status).collect();
            statuses.dedup();
            let codes: Vec<String> = statuses.iter().map(u16::to_string).collect();
            let refused = applied.problems.first().map(|(_, problem)| problem);
            let end = match refused {
                Some(problem) => class(problem).to_owned(),
                None => codes.join(", "),
            };
            let what = match applied.calls.len() {
                0 | 1 => format!("attempt {attempt}"),
                calls => format!("attempt {attempt}, {calls} calls"),
            };
            let kind = if refused.is_some() { "bad" } else { "ok" };
            Some(Try {
                at,
                what,
                end,
                kind,
            })
        }
        Event::Observed {
            step,
            purpose,
            seen,
            ..
        } if is(step) => {
            let name = match purpose {
                Purpose::Probe => "look before writing".to_owned(),
                Purpose::Look => "look after the end".to_owned(),
                Purpose::Verify | Purpose::Poll => {
                    *looks += 1;
                    format!("look {looks}")
                }
            };
            let (what, end, kind) = match seen {
                Err(problem) => (name, class(problem), "bad"),
                Ok(seen) => showed(spec, seen, name),
            };
            Some(Try {
                at,
                what,
                end: end.to_owned(),
                kind,
            })
        }
        Event::DoneByHand { by, step, note } if is(step) => Some(Try {
            at,
            what: match note {
                Some(note) => format!("{by} says it is done: {note}"),
                None => format!("{by} says it is done"),
            },
            end: "by hand".to_owned(),
            kind: "ok",
        }),
        Event::ApprovedApart { by, step } if is(step) => Some(Try {
            at,
            what: format!("{by} approved this line"),
            end: String::new(),
            kind: "ok",
        }),
        _ => None,
    }
}

/// What a look showed, and whether all of it is as wanted.
fn showed(spec: &StepSpec, seen: &[Seen], name: String) -> (String, &'static str, &'static str) {
    let mut open = spec
        .changes
        .iter()
        .zip(seen)
        .filter(|(change, seen)| match seen {
            Seen::Value { value } => match &change.after {
                Expect::Is(wanted) => wanted != value,
                Expect::Later => change.now == *value,
            },
            Seen::Done { .. } => false,
            Seen::Todo { .. } | Seen::Impossible { .. } => true,
        });
    let Some((_, first)) = open.next() else {
        return (name, "as wanted", "ok");
    };
    let text = match first {
        Seen::Value { value } | Seen::Todo { value } | Seen::Done { value } => reading::say(value),
        Seen::Impossible { because } => because.clone(),
    };
    let more = open.count();
    let what = match more {
        0 => format!("{name}: {text}"),
        more => format!("{name}: {text}, and {more} more"),
    };
    (what, "not yet", "")
}

/// A failure in two words.
fn class(problem: &Problem) -> &'static str {
    match problem.class {
        Class::RetryAfter { .. } => "asked to wait",
        Class::Denied => "denied",
        Class::Missing => "not there",
        Class::Conflict => "conflict",
        Class::Invalid => "refused",
        Class::Unknown => "no answer",
    }
}

/// The site's clock with tenths of a second.
fn tenths(view: View<'_>, at: jiff::Timestamp) -> String {
    let tenth = at.as_millisecond().rem_euclid(1_000) / 100;
    format!(
        "{}.{tenth}",
        at.to_zoned(view.site.clone()).strftime("%H:%M:%S")
    )
}
