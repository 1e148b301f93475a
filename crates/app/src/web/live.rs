//! Tells pages that a run has moved. What moved they read from the store: this only says when to look.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::RunId;
use domain::plan::Plan;
use engine::Observer;
use engine::state::{Event, RunState};
use tokio::sync::watch;

/// Who watches which run in this process.
#[derive(Clone, Default)]
pub(crate) struct Live(Arc<Mutex<HashMap<RunId, watch::Sender<u64>>>>);

impl Live {
    /// Is told each time the run has moved.
    pub(crate) fn watch(&self, run: &RunId) -> watch::Receiver<u64> {
        let mut runs = self.runs();
        runs.retain(|_, told| told.receiver_count() > 0);
        let told = runs
            .entry(run.clone())
            .or_insert_with(|| watch::Sender::new(0));
        told.subscribe()
    }

    fn runs(&self) -> MutexGuard<'_, HashMap<RunId, watch::Sender<u64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Live {
    fn committed(&self, _: &Plan, state: &RunState, _: &Event) {
        if let Some(told) = self.runs().get(&state.run) {
            told.send_modify(|count| *count += 1);
        }
    }
}
