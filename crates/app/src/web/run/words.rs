//! Where a step stands, in the words and shapes of the status vocabulary.

use domain::plan::Plan;
use domain::spec::{Effect, StepSpec};
use engine::hands::Class;
use engine::state::{Hold, Phase, RunState, Status, StepRun};

/// A shape with its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The kind in the status vocabulary.
    pub(crate) kind: &'static str,
    /// The word that goes with it.
    pub(crate) word: &'static str,
}

const fn mark(kind: &'static str, word: &'static str) -> Mark {
    Mark { kind, word }
}

/// The mark of a step.
pub(crate) fn of_step(step: &StepRun) -> Mark {
    // Read once more at the end: it was verified, and stays so until a read says otherwise.
    if step.receipt.verified_ms.is_some() && !step.status.is_settled() {
        return mark("verified", "Verified, being read once more");
    }
    match &step.status {
        Status::Waiting => mark("queued", "Queued"),
        Status::WithPerson { .. } => mark("waiting", "Waiting"),
        Status::Verified => mark("verified", "Verified"),
        Status::Failed if was_denied(step) => mark("denied", "Denied"),
        Status::Failed if step.receipt.accepted_ms.is_some() => mark("finding", "Finding"),
        Status::Failed => mark("denied", "Failed"),
        Status::Unstarted => mark("finding", "Not begun"),
        Status::Held { .. } => match step.hold {
            Some(Hold::Drift) => mark("void", "Void"),
            Some(Hold::Parked) => mark("finding", "Needs review"),
            Some(Hold::Approval) | None => mark("waiting", "Waiting for approval"),
        },
        Status::Probing
        | Status::Applying
        | Status::Resting { .. }
        | Status::Accepted
        | Status::Verifying
        | Status::Converging { .. } => mark("running", "Running"),
    }
}

/// The mark of a run.
pub(crate) fn of_run(state: &RunState) -> Mark {
    use engine::state::Outcome;
    match state.phase {
        Phase::Ended {
            outcome: Outcome::Completed,
        } => mark("verified", "Completed"),
        Phase::Ended {
            outcome: Outcome::NeedsReview,
        } => mark("finding", "Needs review"),
        _ if state.paused => mark("waiting", "Paused"),
        Phase::Scheduled { due_ms: 0 } => mark("queued", "About to begin"),
        Phase::Scheduled { .. } => mark("scheduled", "Scheduled"),
        Phase::Cancelling => mark("running", "Stopping"),
        Phase::Containing | Phase::CheckingDrift | Phase::Running => mark("running", "Running"),
    }
}

/// Whether the tenant refused the step for want of a permission.
pub(crate) fn was_denied(step: &StepRun) -> bool {
    let problem = step.receipt.problem.as_ref();
    problem.is_some_and(|problem| problem.class == Class::Denied)
}

/// Whether something of a step is on its way.
pub(crate) fn is_moving(step: &StepRun) -> bool {
    !matches!(step.status, Status::Waiting) && !step.status.is_settled()
}

/// Whether a step tells people how it ended, or closes what is closed last.
pub(crate) fn is_last(spec: &StepSpec) -> bool {
    spec.has(|effect| {
        matches!(
            effect,
            Effect::Notifies | Effect::ClosesTicket | Effect::EndsSessionsAgain
        )
    })
}

/// What a step does in few words: the plan's sentence without the name that stands in the title already.
pub(crate) fn brief(plan: &Plan, spec: &StepSpec) -> String {
    let name = plan.person.name.as_str();
    if name.is_empty() {
        return spec.summary.clone();
    }
    let mut text = spec.summary.clone();
    for words in [
        format!(" of {name}"),
        format!(" for {name}"),
        format!("{name}'s "),
    ] {
        text = text.replace(&words, "");
    }
    text
}

/// A length of time: tenths within a minute, then minutes and seconds, hours and minutes, days and hours.
pub(crate) fn span(ms: i64) -> String {
    let ms = ms.max(0);
    let seconds = ms / 1_000;
    match seconds {
        0..60 => format!("{seconds}.{}\u{202f}s", ms % 1_000 / 100),
        60..3_600 => format!("{}\u{202f}min {}\u{202f}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!(
            "{}\u{202f}h {}\u{202f}min",
            seconds / 3_600,
            seconds % 3_600 / 60
        ),
        _ => format!(
            "{}\u{202f}d {}\u{202f}h",
            seconds / 86_400,
            seconds % 86_400 / 3_600
        ),
    }
}

/// How many, with the word that fits: `1 step`, `3 steps`.
pub(crate) fn many(count: usize, one: &str, more: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {more}")
    }
}
