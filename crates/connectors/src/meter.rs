//! Counts the requests that were sent, so that a figure about them can be printed and checked.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::call::{Ctx, Purpose};

/// How many HTTP requests of each kind were sent. A `$batch` is one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Single reads.
    pub reads: u64,
    /// Single writes.
    pub writes: u64,
    /// Batches.
    pub batches: u64,
    /// Reads and writes carried, alone or inside batches.
    pub items: u64,
}

impl Tally {
    /// HTTP requests, tokens not counted.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.reads + self.writes + self.batches
    }

    fn add(&mut self, kind: Kind, items: u64) {
        match kind {
            Kind::Read => self.reads += 1,
            Kind::Write => self.writes += 1,
            Kind::Batch => self.batches += 1,
        }
        self.items += items;
    }
}

/// The counts of one run, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Token requests. Tokens are shared by all runs, so a run's own figure is always zero.
    pub tokens: u64,
    /// The rest, by purpose.
    pub by_purpose: BTreeMap<Purpose, Tally>,
}

impl Counts {
    /// The sum over these purposes.
    #[must_use]
    pub fn of(&self, purposes: &[Purpose]) -> Tally {
        let mut sum = Tally::default();
        for tally in purposes
            .iter()
            .filter_map(|purpose| self.by_purpose.get(purpose))
        {
            sum.reads += tally.reads;
            sum.writes += tally.writes;
            sum.batches += tally.batches;
            sum.items += tally.items;
        }
        sum
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Read,
    Write,
    Batch,
}

#[derive(Default)]
struct Book {
    all: Counts,
    runs: HashMap<String, Counts>,
}

/// The counters of one connection.
#[derive(Default)]
pub struct Meter {
    book: Mutex<Book>,
}

impl Meter {
    /// Everything since the connection was made.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.book().all.clone()
    }

    /// What one run sent. A batch of reads that several runs share counts for the run that asked first.
    #[must_use]
    pub fn counts_of_run(&self, run: &str) -> Counts {
        self.book().runs.get(run).cloned().unwrap_or_default()
    }

    /// Drops a run's own counts once they were printed or stored.
    pub fn forget_run(&self, run: &str) {
        self.book().runs.remove(run);
    }

    pub(crate) fn token(&self) {
        self.book().all.tokens += 1;
    }

    /// Counts one HTTP request that carries something for each of these callers.
    pub(crate) fn sent<'a>(&self, kind: Kind, callers: impl Iterator<Item = &'a Ctx>) {
        let callers: Vec<&Ctx> = callers.collect();
        // Polls and scans are printed apart, so a request counts as one only if it serves nothing else.
        let Some(purpose) = callers.iter().map(|ctx| ctx.purpose).min() else {
            return;
        };
        let run = callers.iter().find_map(|ctx| ctx.run.clone());
        let items = callers.len() as u64;
        let mut book = self.book();
        book.all
            .by_purpose
            .entry(purpose)
            .or_default()
            .add(kind, items);
        if let Some(run) = run {
            let counts = book.runs.entry(run).or_default();
            counts
                .by_purpose
                .entry(purpose)
                .or_default()
                .add(kind, items);
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // A panic between two additions leaves a count short, never a broken book.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
