//! Closing access: separate calls in their order, each attempted whatever became of the others, then one common read.

use super::turn::Turn;
use super::{ready, verify};
use crate::state::{DriftCheck, Phase, Status};

/// Goes on with containment. When it is settled the run goes on to the drift check.
pub(super) fn go(turn: &mut Turn<'_>) {
    ready::sweep(turn, |turn, at| turn.contains(at));
    read(turn);
    let settled = (0..turn.len())
        .filter(|at| turn.contains(*at))
        .all(|at| turn.step(at).status.is_settled());
    if !settled {
        return;
    }
    let verified = (0..turn.len())
        .filter(|at| turn.contains(*at))
        .all(|at| turn.step(at).status == Status::Verified);
    if verified {
        let now = turn.now;
        turn.state.contained_ms.get_or_insert(now);
    }
    turn.state.drift = DriftCheck::default();
    let waiting = (0..turn.len()).any(|at| turn.step(at).status == Status::Waiting);
    turn.state.phase = if waiting {
        Phase::CheckingDrift
    } else {
        Phase::Running
    };
}

/// Reads what was accepted as soon as every containment step is answered: in one decision, so that one call reads them all.
pub(super) fn read(turn: &mut Turn<'_>) {
    let all: Vec<usize> = (0..turn.len()).filter(|at| turn.contains(*at)).collect();
    let answered = |at: usize| turn.step(at).answered || turn.step(at).status.is_settled();
    if !turn.state.paused && !all.iter().all(|at| answered(*at)) {
        return;
    }
    for at in all {
        if turn.step(at).status == Status::Accepted {
            verify::first(turn, at);
        }
    }
}
