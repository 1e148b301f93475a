//! Which steps may begin, which never will, and which wait for a person.

use domain::StepKey;
use domain::spec::Edge;

use super::apply;
use super::turn::{Turn, closes, tells};
use crate::state::{Hold, Status};

/// What a step's edges say.
enum Gate {
    /// It may begin.
    Open,
    /// Not yet.
    Shut,
    /// Never: this step, which it needs, was not verified.
    Never(StepKey),
    /// Not before a person has decided.
    Held(Hold, String),
}

/// Moves every step on that has not begun: begins all that are ready, in one decision, so that their calls can be gathered.
pub(super) fn sweep(turn: &mut Turn<'_>, which: impl Fn(&Turn<'_>, usize) -> bool) {
    // A step's edges point at steps before it, so one pass carries everything through.
    for at in 0..turn.len() {
        if turn.step(at).status != Status::Waiting || !which(turn, at) {
            continue;
        }
        match gate(turn, at) {
            Gate::Shut => {}
            Gate::Never(because) => never(turn, at, &because),
            Gate::Held(hold, because) => turn.hold(at, hold, because),
            Gate::Open if turn.state.paused => {}
            Gate::Open => apply::begin(turn, at),
        }
    }
}

fn never(turn: &mut Turn<'_>, at: usize, because: &StepKey) {
    turn.step_mut(at).status = Status::Unstarted;
    let text = format!(
        "{}: not begun, because it needs {because}, which is not verified. Settle that one, then retry the run.",
        turn.spec(at).summary
    );
    turn.find(Some(at), "unstarted", text);
}

fn gate(turn: &Turn<'_>, at: usize) -> Gate {
    let spec = turn.planned(at);
    let mut held = None;
    let mut shut = false;
    for edge in &spec.edges {
        let before = turn
            .position(edge.key())
            .expect("a stored plan's edges were checked");
        if turn.contains(at) && !turn.contains(before) {
            // Nothing may hold containment up (order rule 2).
            continue;
        }
        match along(turn, at, edge, before) {
            Gate::Open => {}
            Gate::Shut => shut = true,
            Gate::Held(hold, because) => held = Some((hold, because)),
            Gate::Never(key) => return Gate::Never(key),
        }
    }
    if let Some((hold, because)) = held {
        return Gate::Held(hold, because);
    }
    if spec.approved_apart() && !turn.state.apart.contains(&spec.key) {
        return Gate::Held(
            Hold::Approval,
            "it waits for an approval of its own".to_owned(),
        );
    }
    // Who tells people how it ended waits for everything else, whatever its edges say.
    let last = tells(spec)
        && (0..turn.len())
            .any(|other| !tells(turn.planned(other)) && !turn.step(other).status.is_settled());
    let early = spec
        .not_before
        .is_some_and(|moment| turn.now < moment.as_millisecond());
    if shut || last || early {
        Gate::Shut
    } else {
        Gate::Open
    }
}

fn along(turn: &Turn<'_>, at: usize, edge: &Edge, before: usize) -> Gate {
    let other = turn.step(before);
    let held = || {
        let hold = other.hold.unwrap_or(Hold::Parked);
        Gate::Held(hold, format!("it waits for {}", edge.key()))
    };
    match (edge, &other.status) {
        (Edge::Answered(_), status) if other.answered || status.is_settled() => Gate::Open,
        (Edge::Answered(_), _) => Gate::Shut,
        (_, Status::Verified) => Gate::Open,
        (Edge::Needs(key), Status::Failed | Status::Unstarted) => Gate::Never(key.clone()),
        (Edge::After(_), Status::Failed | Status::Unstarted) => Gate::Open,
        (Edge::Needs(_), Status::Held { .. }) => held(),
        // What waits for a person may still be done in this run, so its order stands; drift, and the end of a run, do not wait.
        (Edge::After(_), Status::Held { .. }) => {
            if other.hold == Some(Hold::Drift) || closes(turn.planned(at)) {
                Gate::Open
            } else {
                held()
            }
        }
        (_, _) => Gate::Shut,
    }
}
