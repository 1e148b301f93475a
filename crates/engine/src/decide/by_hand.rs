//! Steps that a person carries out: asked for when their turn comes, verified by that person's word, a finding when it stays out.

use domain::StepKey;
use domain::spec::ByHand;
use jiff::Timestamp;

use super::turn::Turn;
use crate::state::{BY, DONE, Status};

const HOUR_MS: i64 = 3_600_000;

/// The step's turn has come: it is with its person from now on.
pub(super) fn ask(turn: &mut Turn<'_>, at: usize, work: &ByHand) {
    let now = turn.now;
    let step = turn.step_mut(at);
    step.receipt.intended_ms.get_or_insert(now);
    step.status = Status::WithPerson {
        due_ms: now + i64::from(work.within_hours) * HOUR_MS,
    };
}

/// Somebody says that it is done.
pub(super) fn done(turn: &mut Turn<'_>, by: &str, key: &StepKey, note: Option<&str>) -> bool {
    let Some(at) = turn.position(key) else {
        return false;
    };
    if !matches!(turn.step(at).status, Status::WithPerson { .. }) {
        return false;
    }
    let now = turn.now;
    let moment =
        Timestamp::from_millisecond(now).map_or_else(|_| String::new(), |at| at.to_string());
    let step = turn.step_mut(at);
    let receipt = &mut step.receipt;
    receipt.evidence.insert(DONE.to_owned(), moment.into());
    receipt.evidence.insert(BY.to_owned(), by.into());
    receipt.note = Some(match note {
        Some(note) => format!("done by hand, says {by}: {note}"),
        None => format!("done by hand, says {by}"),
    });
    receipt.accepted_ms = Some(now);
    receipt.effective_ms = Some(now);
    receipt.verified_ms = Some(now);
    step.todo.clear();
    step.status = Status::Verified;
    true
}

/// The deadline has passed.
pub(super) fn late(turn: &mut Turn<'_>, at: usize) {
    let Some(work) = &turn.planned(at).by_hand else {
        return;
    };
    let text = format!(
        "{}: {} had {} hours for it and has not said that it is done. Have it done, then retry the run and say so.",
        turn.spec(at).summary,
        work.assignee,
        work.within_hours
    );
    turn.fail(at, "late", text);
}

/// The run was cancelled while a person was at it.
pub(super) fn called_off(turn: &mut Turn<'_>, at: usize) {
    let who = turn
        .planned(at)
        .by_hand
        .as_ref()
        .map_or("", |work| &work.assignee);
    let text = format!(
        "{}: {who} was asked to do it and may have done it. Tell them that the run was cancelled.",
        turn.spec(at).summary
    );
    turn.fail(at, "cancelled", text);
}
