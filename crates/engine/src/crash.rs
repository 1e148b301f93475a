//! For the crash harness alone: points at which the process kills itself, and planted bugs that the harness has to catch.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Signal, getpid, kill_process};

/// Every class of point.
pub const CLASSES: [&str; 11] = [
    "before-commit",
    "after-commit",
    "before-apply",
    "reply-before-commit",
    "timer",
    "before-sign",
    "after-sign",
    "recovery",
    "before-write",
    "after-write",
    "before-answer",
];

/// A bug to plant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// A probe is answered with the values the plan was made on, without a read.
    NoProbe,
    /// Commands are carried out before the decision is persisted.
    SendBeforeCommit,
    /// Timers are forgotten by a process that takes a run up again.
    LostTimer,
    /// An approval that stands already is kept once more.
    ApprovedTwice,
    /// That a one-time link was opened is known to the process alone.
    ViewInMemory,
    /// A delivery is called delivered before it is sent.
    DeliveredFirst,
}

#[derive(Debug)]
struct Armed {
    kill_at: Option<(String, u64)>,
    hits: BTreeMap<&'static str, u64>,
    report: Option<File>,
    plant: Option<Plant>,
}

static ARMED: Mutex<Armed> = Mutex::new(Armed {
    kill_at: None,
    hits: BTreeMap::new(),
    report: None,
    plant: None,
});

fn armed() -> MutexGuard<'static, Armed> {
    ARMED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Arms a class: at its nth hit from now on, counted from 1, the process is killed.
pub fn arm(class: &str, nth: u64) {
    let mut armed = armed();
    let passed = armed.hits.get(class).copied().unwrap_or_default();
    armed.kill_at = Some((class.to_owned(), passed.saturating_add(nth)));
}

/// Arms from `class:nth`.
///
/// # Errors
/// When the text has another form or the class is unknown.
pub fn arm_from(text: &str) -> Result<(), String> {
    let parsed = text
        .split_once(':')
        .and_then(|(class, nth)| Some((class, nth.parse::<u64>().ok()?)))
        .filter(|(class, nth)| CLASSES.contains(class) && *nth > 0);
    let Some((class, nth)) = parsed else {
        return Err(format!(
            "a crash point is written class:nth with a class of {}; this is {text}",
            CLASSES.join(", ")
        ));
    };
    arm(class, nth);
    Ok(())
}

/// Reports every hit from now on: one line, the class, appended to this file.
///
/// # Errors
/// When the file cannot be opened.
pub fn report_to(path: &Path) -> std::io::Result<()> {
    armed().report = Some(OpenOptions::new().create(true).append(true).open(path)?);
    Ok(())
}

/// Plants a bug.
pub fn plant(plant: Plant) {
    armed().plant = Some(plant);
}

/// Plants a bug by name, which is its variant's, such as `no-probe`.
///
/// # Errors
/// When there is no such bug.
pub fn plant_from(text: &str) -> Result<(), String> {
    plant(match text {
        "no-probe" => Plant::NoProbe,
        "send-before-commit" => Plant::SendBeforeCommit,
        "lost-timer" => Plant::LostTimer,
        "approved-twice" => Plant::ApprovedTwice,
        "view-in-memory" => Plant::ViewInMemory,
        "delivered-first" => Plant::DeliveredFirst,
        other => return Err(format!("there is no bug to plant called {other}")),
    });
    Ok(())
}

/// Whether this bug is planted.
#[must_use]
pub fn planted(plant: Plant) -> bool {
    armed().plant == Some(plant)
}

/// A point is passed.
///
/// # Panics
/// When the process cannot kill itself.
pub fn point(class: &'static str) {
    let mut armed = armed();
    let hits = armed.hits.entry(class).or_default();
    *hits += 1;
    let hits = *hits;
    if let Some(report) = &mut armed.report {
        // The harness counts lines; a line that could not be written shows as a missing hit there.
        let _ = writeln!(report, "{class}");
    }
    if armed
        .kill_at
        .as_ref()
        .is_some_and(|(armed, nth)| armed == class && *nth == hits)
    {
        kill_process(getpid(), Signal::KILL).expect("a process may always kill itself");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_armed_is_refused() {
        for text in ["timer", "timer:", "timer:0", "nowhere:1", "timer:x"] {
            assert!(arm_from(text).is_err(), "{text}");
        }
        assert_eq!(arm_from("timer:1000000"), Ok(()));
        assert!(plant_from("no-such-bug").is_err());
    }

    #[test]
    fn a_class_is_counted_from_the_moment_it_is_armed() {
        point("before-answer");
        arm("before-answer", 2);
        // The second hit of all, the first of those that count: this process lives.
        point("before-answer");
        assert_eq!(
            armed().kill_at.take(),
            Some(("before-answer".to_owned(), 3))
        );
    }

    #[test]
    fn every_hit_is_reported() {
        let file = std::env::temp_dir().join(format!("tenure-points-{}", std::process::id()));
        report_to(&file).unwrap();
        point("before-sign");
        point("recovery");
        let told = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(told, "before-sign\nrecovery\n");
    }
}
