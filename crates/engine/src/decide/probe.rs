//! Probes: what a read before a write says about whether to write at all.

use domain::drift::short;
use domain::spec::{Change, Expect};
use serde_json::Value;

use super::apply;
use super::turn::{LAG_MS, Turn, kind_of};
use crate::hands::{Class, Problem, Purpose, Seen};
use crate::state::{Command, Hold, Status};

/// What a read says of one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// The world is as the change wants it.
    Done,
    /// The world is as it was when the plan was made.
    Todo,
    /// Neither.
    Other(String),
    /// It can never happen.
    Impossible(String),
}

/// Judges one change by what was read.
pub(super) fn judge(change: &Change, seen: &Seen) -> Judged {
    match seen {
        Seen::Done { .. } => Judged::Done,
        Seen::Todo { .. } => Judged::Todo,
        Seen::Impossible { because } => Judged::Impossible(because.clone()),
        Seen::Value { value } => match &change.after {
            Expect::Is(after) if same(value, after) => Judged::Done,
            _ if same(value, &change.now) => Judged::Todo,
            _ => Judged::Other(format!(
                "{}: {} was {} when the plan was made and reads {} now",
                change.object,
                change.property,
                short(&change.now),
                short(value)
            )),
        },
    }
}

/// Numbers and strings compare exactly, arrays of strings as sets.
fn same(a: &Value, b: &Value) -> bool {
    let texts = |value: &Value| -> Option<Vec<String>> {
        let list = value.as_array()?;
        let mut texts = list
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()?;
        texts.sort();
        texts.dedup();
        Some(texts)
    };
    match (texts(a), texts(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// What was read, as a receipt keeps it.
pub(super) fn values(seen: &[Seen]) -> Vec<Value> {
    seen.iter()
        .map(|one| match one {
            Seen::Value { value } | Seen::Done { value } | Seen::Todo { value } => value.clone(),
            Seen::Impossible { because } => Value::String(because.clone()),
        })
        .collect()
}

/// Begins to probe.
pub(super) fn round(turn: &mut Turn<'_>, at: usize) {
    let step = turn.step_mut(at);
    step.probes = 0;
    step.misses = 0;
    again(turn, at);
}

/// Probes once more.
pub(super) fn again(turn: &mut Turn<'_>, at: usize) {
    let key = turn.planned(at).key.clone();
    let step = turn.step_mut(at);
    step.status = Status::Probing;
    step.probe = true;
    turn.issue(Command::Observe {
        step: key,
        purpose: Purpose::Probe,
    });
}

/// A probe was answered.
pub(super) fn seen(turn: &mut Turn<'_>, at: usize, seen: &[Seen]) {
    let wanted = turn.wanted(at);
    // What was accepted since the run was last begun is not written again: a replica may lag, and verification will tell.
    let open = if turn.attempts(at) > 0 {
        turn.step(at).todo.clone()
    } else {
        wanted.clone()
    };
    let judged: Vec<(usize, Judged)> = wanted
        .iter()
        .map(|index| (*index, judge(&turn.spec(at).changes[*index], &seen[*index])))
        .collect();
    let step = turn.step_mut(at);
    step.probes += 1;
    if step.receipt.attempts == 0 {
        step.receipt.before = Some(values(seen));
    }
    let impossible = judged.iter().find_map(|(index, judged)| match judged {
        Judged::Impossible(because) => Some((*index, because.clone())),
        _ => None,
    });
    if let Some((index, because)) = impossible {
        let name = turn.name(at, &[index]);
        turn.fail(
            at,
            "failed",
            format!("{name}: it can never be done, because {because}. Do it by hand, or make a new plan without it."),
        );
        return;
    }
    if judged.iter().all(|(_, judged)| *judged == Judged::Done) {
        found_done(turn, at, seen);
        return;
    }
    let open: Vec<(usize, Judged)> = judged
        .into_iter()
        .filter(|(index, judged)| *judged != Judged::Done && open.contains(index))
        .collect();
    let todo: Vec<usize> = open.iter().map(|(index, _)| *index).collect();
    let other = open.into_iter().find_map(|(_, judged)| match judged {
        Judged::Other(text) => Some(text),
        _ => None,
    });
    // Drift never stops containment: whatever else it reads, access is closed.
    let other = other.filter(|_| !turn.contains(at));
    let unsure = turn.step(at).unsure && !todo.is_empty();
    if turn.step(at).probes < 2 && (other.is_some() || unsure) {
        // Replicas lag: what was just written may not show yet, and what reads oddly may be old.
        let due_ms = turn.now + lag(turn, at);
        turn.step_mut(at).status = Status::Resting { due_ms };
    } else if let Some(text) = other {
        drifted(turn, at, &text);
    } else {
        to_do(turn, at, todo);
    }
}

fn to_do(turn: &mut Turn<'_>, at: usize, todo: Vec<usize>) {
    let step = turn.step_mut(at);
    step.unsure = false;
    step.todo = todo;
    if step.todo.is_empty() {
        step.probe = false;
        step.answered = true;
        apply::accepted(turn, at);
    } else if turn.cancelling() {
        apply::abandon(turn, at);
    } else if turn.state.paused && turn.attempts(at) == 0 {
        turn.step_mut(at).status = Status::Waiting;
    } else {
        apply::write(turn, at);
    }
}

/// How long a lost write may take to show: longer where the vendor queues.
fn lag(turn: &Turn<'_>, at: usize) -> i64 {
    let poll = i64::try_from(turn.spec(at).budget.poll_ms).unwrap_or(LAG_MS);
    if turn.step(at).unsure {
        LAG_MS.max(poll.saturating_mul(3))
    } else {
        LAG_MS
    }
}

/// Everything is as wanted already.
fn found_done(turn: &mut Turn<'_>, at: usize, seen: &[Seen]) {
    let now = turn.now;
    let complete = turn.step(at).refused.is_empty();
    let step = turn.step_mut(at);
    let note = if step.unsure {
        "The answer to a write never came; a read shows that it was done."
    } else if step.receipt.accepted_ms.is_some() {
        "It was accepted earlier; a read shows that it is done, so nothing was written again."
    } else {
        "It was found as wanted; nothing was written."
    };
    step.receipt.note = Some(note.to_owned());
    step.receipt.after = Some(values(seen));
    step.receipt.effective_ms.get_or_insert(now);
    step.receipt.verified_ms = complete.then_some(now);
    step.todo = Vec::new();
    step.unsure = false;
    step.probe = false;
    step.answered = true;
    step.status = if complete {
        Status::Verified
    } else {
        Status::Failed
    };
}

/// Somebody else changed what this step was going to change.
fn drifted(turn: &mut Turn<'_>, at: usize, text: &str) {
    let waiting = needing(turn, at);
    let with = if waiting.is_empty() {
        String::new()
    } else {
        format!(", and so does what needs it ({})", waiting.join(", "))
    };
    turn.find(
        Some(at),
        "drift",
        format!("{text}. This step waits{with}. Make a new plan and approve it, or put the value back and retry the run."),
    );
    turn.hold(at, Hold::Drift, text.to_owned());
}

/// Steps that have not begun and need this one, directly or not.
fn needing(turn: &Turn<'_>, at: usize) -> Vec<String> {
    let mut keys = vec![turn.planned(at).key.clone()];
    let mut names = Vec::new();
    for later in at + 1..turn.len() {
        let spec = turn.planned(later);
        let needs = spec
            .edges
            .iter()
            .any(|edge| matches!(edge, domain::spec::Edge::Needs(key) if keys.contains(key)));
        if needs && turn.step(later).status == Status::Waiting {
            keys.push(spec.key.clone());
            names.push(spec.key.to_string());
        }
    }
    names
}

/// A probe could not be made.
pub(super) fn missed(turn: &mut Turn<'_>, at: usize, problem: &Problem) {
    let step = turn.step_mut(at);
    step.misses += 1;
    step.receipt.problem = Some(problem.clone());
    // Containment has tried; the rest of it does not wait for a reading.
    step.answered = true;
    let misses = step.misses;
    let spent = misses >= turn.spec(at).budget.attempts.max(2);
    if spent || matches!(problem.class, Class::Denied | Class::Invalid) {
        let doubt = if turn.step(at).unsure {
            " A write may have happened whose answer never came: look at the object by hand."
        } else {
            ""
        };
        let text = format!(
            "{}: it could not be read before the write. {}{doubt} Then retry the run.",
            turn.spec(at).summary,
            problem.message
        );
        turn.fail(at, kind_of(problem), text);
        return;
    }
    let seed = turn.seed(at).to_owned();
    let due_ms = turn.now + turn.back_off(&seed, misses, Some(problem));
    let step = turn.step_mut(at);
    step.probe = true;
    step.status = Status::Resting { due_ms };
}
