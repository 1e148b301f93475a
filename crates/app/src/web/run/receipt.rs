//! The receipt of one step: the sentence, before and now and wanted, what was tried, what it holds up, and under which ids.

use domain::spec::{Edge, Reversal};
use engine::state::{Hold, Status};
use store::RunEvent;

use super::line::{self, Tick};
use super::load::View;
use super::tries::{self, Try};
use super::words::{self, Mark};
use crate::web::reading;

/// One change of the step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// The object and its property.
    pub(crate) object: String,
    /// The property.
    pub(crate) property: String,
    /// What was read before the write.
    pub(crate) before: String,
    /// What was read last; nothing where nothing was.
    pub(crate) now: String,
    /// What it shall read as.
    pub(crate) wanted: String,
}

/// Another step by its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Other {
    /// Its key.
    pub(crate) key: String,
    /// The key in an address.
    pub(crate) path: String,
}

/// A finding about the step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    /// Its number.
    pub(crate) number: u32,
    /// What it says.
    pub(crate) text: String,
    /// Whether nobody has closed it.
    pub(crate) open: bool,
}

/// The receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// Its place in the plan.
    pub(crate) index: usize,
    /// The step's key.
    pub(crate) key: String,
    /// The key in an address.
    pub(crate) path: String,
    /// Shape and word.
    pub(crate) mark: Mark,
    /// The sentence of the plan.
    pub(crate) sentence: String,
    /// Accepted, effective, verified, with the time each was reached.
    pub(crate) ticks: [Tick; 3],
    /// What stands in the way, in a sentence.
    pub(crate) problem: String,
    /// What a reader has to know besides.
    pub(crate) note: String,
    /// What changes.
    pub(crate) changes: Vec<Change>,
    /// When it was read before.
    pub(crate) before_at: String,
    /// When it was read last.
    pub(crate) now_at: String,
    /// Attempts and looks.
    pub(crate) tries: Vec<Try>,
    /// When the next look is, epoch milliseconds.
    pub(crate) next_ms: Option<i64>,
    /// The same as text.
    pub(crate) next: String,
    /// What waits for it.
    pub(crate) holds_up: Vec<Other>,
    /// What it waits for.
    pub(crate) after: String,
    /// Findings about it.
    pub(crate) findings: Vec<About>,
    /// The operation id.
    pub(crate) operation: String,
    /// The vendor's request ids.
    pub(crate) requests: Vec<String>,
    /// Permissions that are enough.
    pub(crate) permissions: String,
    /// `yes`, `partly` or `never`.
    pub(crate) undo: &'static str,
    /// Why it cannot return, or how it does.
    pub(crate) undo_why: String,
    /// The ledger entries of its receipt.
    pub(crate) entries: Vec<u64>,
    /// What a person has to do by hand, while they are asked.
    pub(crate) by_hand: Vec<String>,
    /// Who is asked.
    pub(crate) assignee: String,
    /// Whether it waits for an approval of its own line.
    pub(crate) approve: bool,
    /// The step before, for `[`.
    pub(crate) previous: Option<Other>,
    /// The step after, for `]`.
    pub(crate) next_step: Option<Other>,
}

/// The receipt of the step at this place. `events` are the run's; `entries` its ledger entries about this step.
pub(crate) fn receipt(
    view: View<'_>,
    index: usize,
    events: &[RunEvent],
    entries: Vec<u64>,
) -> Receipt {
    let (key, step) = &view.state.steps[index];
    let spec = step.effective(&view.plan.steps[index]);
    let kept = &step.receipt;
    let next_ms = match step.status {
        Status::Converging { due_ms } | Status::Resting { due_ms } => Some(due_ms),
        _ => None,
    };
    let (undo, undo_why) = undo(spec);
    let asked = spec
        .by_hand
        .as_ref()
        .filter(|_| matches!(step.status, Status::WithPerson { .. }));
    let mut requests: Vec<String> = kept
        .calls
        .iter()
        .filter_map(|call| call.request_id.clone())
        .collect();
    requests.extend(
        kept.problem
            .iter()
            .filter_map(|problem| problem.request_id.clone()),
    );
    requests.dedup();
    Receipt {
        index,
        key: key.to_string(),
        path: line::path(key),
        mark: words::of_step(step),
        sentence: format!("{}.", spec.summary.trim_end_matches('.')),
        ticks: plus(line::ticks(view, step)),
        problem: problem(step),
        note: kept.note.clone().unwrap_or_default(),
        changes: changes(view, index),
        before_at: kept
            .intended_ms
            .map_or_else(String::new, |ms| view.clock(ms)),
        now_at: last_look(view, key, events),
        tries: tries::tries(view, spec, events),
        next_ms,
        next: next_ms.map_or_else(String::new, |ms| {
            words::span(ms - view.now.as_millisecond())
        }),
        holds_up: holds_up(view, index),
        after: if step.status == Status::Waiting {
            line::waits_for(view, spec)
        } else {
            String::new()
        },
        findings: findings(view, index),
        operation: kept.operation.clone(),
        requests,
        permissions: spec.permissions.join(", "),
        undo,
        undo_why,
        entries,
        by_hand: asked.map_or_else(Vec::new, |work| work.instructions.clone()),
        assignee: asked.map_or_else(String::new, |work| work.assignee.clone()),
        approve: spec.approved_apart()
            && step.hold == Some(Hold::Approval)
            && !view.state.apart.contains(key),
        previous: index.checked_sub(1).map(|at| other(view, at)),
        next_step: (index + 1 < view.state.steps.len()).then(|| other(view, index + 1)),
    }
}

/// In a receipt a tick says `accepted +6.6 s`.
fn plus(ticks: [Tick; 3]) -> [Tick; 3] {
    let mut names = ["accepted", "effective", "verified"].into_iter();
    ticks.map(|tick| {
        let name = names.next().unwrap_or_default();
        let text = if tick.is_there() {
            format!("{name} +{}", tick.text)
        } else {
            name.to_owned()
        };
        Tick { text, ..tick }
    })
}

fn other(view: View<'_>, index: usize) -> Other {
    let key = &view.state.steps[index].0;
    Other {
        key: key.to_string(),
        path: line::path(key),
    }
}

fn problem(step: &engine::state::StepRun) -> String {
    if let Status::Held { because } = &step.status {
        return because.clone();
    }
    let problem = step.receipt.problem.as_ref();
    problem.map_or_else(String::new, |problem| problem.message.clone())
}

fn changes(view: View<'_>, index: usize) -> Vec<Change> {
    let step = &view.state.steps[index].1;
    let spec = step.effective(&view.plan.steps[index]);
    let of = |values: &Option<Vec<serde_json::Value>>, at: usize| {
        values
            .as_ref()
            .and_then(|values| values.get(at))
            .map(reading::say)
    };
    let changes = spec.changes.iter().enumerate();
    changes
        .map(|(at, change)| Change {
            object: change.object.name.clone(),
            property: reading::property(&change.property),
            before: of(&step.receipt.before, at).unwrap_or_else(|| reading::now(change)),
            now: of(&step.receipt.after, at).unwrap_or_default(),
            wanted: reading::after(change),
        })
        .collect()
}

/// When the step was read last.
fn last_look(view: View<'_>, key: &domain::StepKey, events: &[RunEvent]) -> String {
    use engine::state::Event;
    let looks = |event: &&RunEvent| matches!(&event.event, Event::Observed { step, seen: Ok(_), .. } if step == key);
    let last = events.iter().rfind(looks);
    last.map_or_else(String::new, |event| view.clock(event.at.as_millisecond()))
}

/// What waits for this step: its needs first, while it is not settled.
fn holds_up(view: View<'_>, index: usize) -> Vec<Other> {
    let (key, step) = &view.state.steps[index];
    if step.status == Status::Verified {
        return Vec::new();
    }
    let waits = |at: &usize| {
        let spec = &view.plan.steps[*at];
        let edge = spec.edges.iter().any(|edge| match edge {
            Edge::Needs(of) => of == key,
            Edge::After(of) | Edge::Answered(of) => of == key && !step.status.is_settled(),
        });
        edge && matches!(
            view.state.steps[*at].1.status,
            Status::Waiting | Status::Unstarted
        )
    };
    (0..view.plan.steps.len())
        .filter(waits)
        .map(|at| other(view, at))
        .collect()
}

fn findings(view: View<'_>, index: usize) -> Vec<About> {
    let key = &view.state.steps[index].0;
    let of_step = view
        .state
        .findings
        .iter()
        .filter(|finding| finding.step.as_ref() == Some(key));
    of_step
        .map(|finding| About {
            number: finding.number,
            text: finding.text.clone(),
            open: finding.closed.is_none(),
        })
        .collect()
}

/// Whether the step can be taken back: the worst of its changes says.
fn undo(spec: &domain::spec::StepSpec) -> (&'static str, String) {
    let worst = spec.changes.iter().map(|change| &change.reversal).max();
    match worst {
        Some(Reversal::ApprovedApart(because)) => ("never", because.clone()),
        Some(Reversal::CannotReturn(because)) => {
            let all = spec
                .changes
                .iter()
                .all(|change| change.reversal != Reversal::Return);
            (if all { "no" } else { "partly" }, because.clone())
        }
        Some(Reversal::Return) | None => ("yes", "back to what stood before".to_owned()),
    }
}
