//! A run as it happens: on a terminal a table that is redrawn, elsewhere one line per change.

use std::io::IsTerminal as _;
use std::sync::Mutex;

use domain::plan::Plan;
use engine::Observer;
use engine::state::{Event, RunState, Status};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::run;

/// Shows a run while it goes on.
pub(crate) struct Live {
    screen: Mutex<Screen>,
}

enum Screen {
    /// A redrawn table: one bar a step.
    Table {
        all: MultiProgress,
        bars: Vec<ProgressBar>,
    },
    /// One line per change of a step; holds what was said last.
    Lines { said: Vec<Status> },
    /// Nothing, where data is wanted.
    Silent,
}

impl Live {
    /// A view for standard error; silent when `quiet`.
    pub(crate) fn new(quiet: bool) -> Self {
        let screen = if quiet {
            Screen::Silent
        } else if std::io::stderr().is_terminal() {
            Screen::Table {
                all: MultiProgress::new(),
                bars: Vec::new(),
            }
        } else {
            Screen::Lines { said: Vec::new() }
        };
        Self {
            screen: Mutex::new(screen),
        }
    }
}

impl Observer for Live {
    fn committed(&self, plan: &Plan, state: &RunState, _: &Event) {
        // A view that panicked once shows nothing more; the run does not depend on it.
        let Ok(mut screen) = self.screen.lock() else {
            return;
        };
        match &mut *screen {
            Screen::Silent => {}
            Screen::Table { all, bars } => {
                if bars.is_empty() {
                    let style = ProgressStyle::with_template("{msg}")
                        .unwrap_or_else(|_| ProgressStyle::default_bar());
                    let head = all.add(ProgressBar::new(1).with_style(style.clone()));
                    head.set_message(run::heads());
                    head.tick();
                    *bars = state
                        .steps
                        .iter()
                        .map(|_| all.add(ProgressBar::new(1).with_style(style.clone())))
                        .collect();
                    bars.insert(0, head);
                }
                for (index, bar) in bars.iter().skip(1).enumerate() {
                    bar.set_message(run::line(plan, state, index));
                    bar.tick();
                }
                if state.outcome().is_some() {
                    bars.iter().for_each(ProgressBar::abandon);
                }
            }
            Screen::Lines { said } => {
                said.resize(state.steps.len(), Status::Waiting);
                for (index, (_, step)) in state.steps.iter().enumerate() {
                    if worth_saying(&said[index], &step.status) {
                        crate::cli::talk(&run::line(plan, state, index));
                    }
                    said[index] = step.status.clone();
                }
            }
        }
    }
}

/// A new state, but not every repeated read of the same wait.
fn worth_saying(before: &Status, now: &Status) -> bool {
    let in_between = matches!(
        now,
        Status::Waiting | Status::Probing | Status::Applying | Status::Verifying
    );
    let same_wait = matches!(
        (before, now),
        (
            Status::Converging { .. } | Status::Verifying,
            Status::Converging { .. }
        )
    );
    before != now && !in_between && !same_wait
}
