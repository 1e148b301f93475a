//! Plans and runs as lines of a list.

use store::{PlanLine, PlanStatus, RunLine, RunStatus};

use super::{Line, Mark, Progress, deed, many, whose};
use crate::web::shell::initials;
use crate::web::when;
use crate::web::zones::{Moment, Zones};

/// A plan as a line.
pub(in crate::web) fn plan(line: &PlanLine, zones: &Zones, one: bool) -> Line {
    let mut marks = vec![plan_mark(line)];
    if line.apart > 0 {
        marks.push(Mark::new("never", format!("{} never undone", line.apart)));
    }
    if line.confidential {
        marks.push(Mark::plain("confidential"));
    }
    let moment = match line.starts_at {
        Some(at) => zones.moment(&line.tenant, at),
        None => Moment {
            iso: when::machine(line.made_at),
            site: "At once".to_owned(),
            here: format!("made {}", when::short(line.made_at, &zones.here, zones.now)),
        },
    };
    Line {
        href: format!("/t/{}/plans/{}", line.tenant, line.id),
        initials: initials(&line.name),
        name: deed(line.kind, &line.name),
        sub: whose(&line.tenant, &line.upn, one),
        marks,
        moment,
        ..Line::default()
    }
}

fn plan_mark(line: &PlanLine) -> Mark {
    match line.status {
        PlanStatus::Waiting => Mark::new("waiting", format!("{} of {}", line.have, line.need)),
        PlanStatus::Approved => Mark::new("verified", "Approved"),
        PlanStatus::Scheduled => Mark::new("scheduled", "Scheduled"),
        PlanStatus::Running => Mark::new("running", "Running"),
        PlanStatus::Ended => Mark::plain("Carried out"),
        PlanStatus::Refused => Mark::new("skipped", "Refused"),
        PlanStatus::Replaced => Mark::plain("Replaced by a newer plan"),
        PlanStatus::Void => Mark::new("void", "Approval taken back"),
    }
}

/// A run as a line.
pub(in crate::web) fn run(line: &RunLine, zones: &Zones, one: bool) -> Line {
    Line {
        href: format!("/t/{}/runs/{}", line.tenant, line.id),
        initials: initials(&line.name),
        name: deed(line.kind, &line.name),
        sub: whose(&line.tenant, &line.upn, one),
        progress: Some(progress(line, zones)),
        ..Line::default()
    }
}

fn progress(line: &RunLine, zones: &Zones) -> Progress {
    let (kind, word, ink) = match line.status {
        RunStatus::Scheduled => ("scheduled", "Scheduled", "f-wait"),
        RunStatus::Containing | RunStatus::Running => ("running", "Running", "f-live"),
        RunStatus::Paused => ("waiting", "Paused", "f-wait"),
        RunStatus::Cancelling => ("waiting", "Being cancelled", "f-wait"),
        RunStatus::Completed => ("verified", "Completed", "f-ok"),
        RunStatus::NeedsReview => ("finding", "Needs review", "f-warn"),
    };
    let since = match (line.ended_at, line.started_at) {
        (Some(_), _) => line.closed_after_ms().map(when::lasted).unwrap_or_default(),
        (None, Some(at)) => zones.age(at),
        (None, None) => String::new(),
    };
    Progress {
        mark: Mark::new(kind, word),
        waits: waits(line, zones),
        ink,
        share: (line.verified * 100).checked_div(line.steps).unwrap_or(0),
        of: format!("{} of {}", line.verified, line.steps),
        since,
    }
}

/// What a run waits for now, or how it ended, in a few words.
fn waits(line: &RunLine, zones: &Zones) -> String {
    let at = |at| zones.both(&line.tenant, at);
    let open = usize::try_from(line.open_findings).unwrap_or(usize::MAX);
    match (line.status, line.due_at, line.ended_at) {
        (RunStatus::Scheduled, Some(due), _) => format!("Starts {}", at(due)),
        (RunStatus::Scheduled, None, _) => "Waits for its start".to_owned(),
        (RunStatus::Containing, ..) => "Closes access".to_owned(),
        (RunStatus::Running, Some(due), _) if due > zones.now => {
            format!("Looks again {}", at(due))
        }
        (RunStatus::Running, ..) => "Carries out its steps".to_owned(),
        (RunStatus::Paused, ..) => "Paused: nothing new is started".to_owned(),
        (RunStatus::Cancelling, ..) => "Settles what is in flight".to_owned(),
        (RunStatus::NeedsReview, ..) if open == 0 => {
            "Needed review, every finding was handled".to_owned()
        }
        (RunStatus::NeedsReview, ..) => format!(
            "Needs review: {}",
            many(open, "finding is open", "findings are open")
        ),
        (RunStatus::Completed, _, Some(ended)) => format!("Completed {}", at(ended)),
        (RunStatus::Completed, _, None) => "Completed".to_owned(),
    }
}
