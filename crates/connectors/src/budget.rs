//! How much one tenant may be asked at a time: concurrency and rates, shared by all runs.
//!
//! Source: Microsoft Graph documentation, "Throttling limits" (identity and access, smallest tenant size; Outlook).
//! Exchange publishes no numbers for its admin API; ours are the cautious ones of callers at scale.

mod bucket;
mod serial;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

pub(crate) use bucket::Bucket;
pub(crate) use serial::{Serial, Ticket};

/// A wait longer than this is given back to the engine, which persists it.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Outlook serves four requests at a time per application and mailbox.
const PER_MAILBOX: usize = 4;
/// Idle mailboxes are forgotten when more than this many are remembered.
const MAILBOXES_REMEMBERED: usize = 1024;

/// Whether something only looks or also changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// What one HTTP request will use up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Use {
    /// Units of the read quota (resource units at Graph).
    pub(crate) units: u32,
    /// Writes.
    pub(crate) writes: u32,
    /// Items per mailbox.
    pub(crate) mailboxes: Vec<(String, u32)>,
}

/// What a reply says about throttling.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Signal {
    /// The share of the limit in use, 1.0 being all of it.
    pub(crate) used: Option<f64>,
    /// Everything of this kind must wait this long.
    pub(crate) hold: Option<Duration>,
}

/// Held while a request is under way.
pub(crate) struct Permit {
    _concurrency: OwnedSemaphorePermit,
    _mailboxes: Vec<OwnedSemaphorePermit>,
}

/// The budget of one service in one tenant.
pub(crate) struct Budget {
    concurrency: Arc<Semaphore>,
    reads: Mutex<Bucket>,
    writes: Mutex<Bucket>,
    mailboxes: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Budget {
    /// Graph: 3,500 resource units per 10 s and 3,000 writes per 150 s for an application in a small tenant.
    pub(crate) fn graph() -> Self {
        Self::new(8, Bucket::new(3500.0, 350.0), Bucket::new(3000.0, 20.0))
    }

    /// Exchange: three at a time, about two writes a second once two batches have gone ahead; reads are bounded by the three.
    pub(crate) fn exchange() -> Self {
        Self::new(3, Bucket::new(30.0, 15.0), Bucket::new(20.0, 2.0))
    }

    fn new(concurrent: usize, reads: Bucket, writes: Bucket) -> Self {
        Self {
            concurrency: Arc::new(Semaphore::new(concurrent)),
            reads: Mutex::new(reads),
            writes: Mutex::new(writes),
            mailboxes: Mutex::default(),
        }
    }

    /// Waits for a place and for quota; gives the wait back when it is too long to sit through.
    pub(crate) async fn enter(&self, wanted: &Use) -> Result<Permit, Duration> {
        // Quota first: whoever waits for it must not occupy a place that others could use.
        if wanted.units > 0 {
            take(&self.reads, wanted.units).await?;
        }
        if wanted.writes > 0 {
            take(&self.writes, wanted.writes).await?;
        }
        let mailboxes = self.enter_mailboxes(&wanted.mailboxes).await;
        let concurrency = Arc::clone(&self.concurrency)
            .acquire_owned()
            .await
            .expect("the semaphore lives as long as the budget and is never closed");
        Ok(Permit {
            _concurrency: concurrency,
            _mailboxes: mailboxes,
        })
    }

    /// Learns from a reply.
    pub(crate) fn observe(&self, access: Access, signal: Signal) {
        let bucket = match access {
            Access::Read => &self.reads,
            Access::Write => &self.writes,
        };
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Some(used) = signal.used {
            bucket.pressed(now, used);
        }
        if let Some(hold) = signal.hold {
            bucket.hold(now, hold);
        }
    }

    async fn enter_mailboxes(&self, wanted: &[(String, u32)]) -> Vec<OwnedSemaphorePermit> {
        // Always in the same order, so that two batches over the same mailboxes cannot wait for each other.
        let mut wanted = wanted.to_vec();
        wanted.sort();
        let mut permits = Vec::with_capacity(wanted.len());
        for (mailbox, items) in wanted {
            let semaphore = self.mailbox(&mailbox);
            let permit = semaphore
                .acquire_many_owned(items.min(PER_MAILBOX as u32))
                .await
                .expect("a mailbox's semaphore is never closed");
            permits.push(permit);
        }
        permits
    }

    fn mailbox(&self, mailbox: &str) -> Arc<Semaphore> {
        let mut mailboxes = self
            .mailboxes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if mailboxes.len() > MAILBOXES_REMEMBERED {
            mailboxes.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        }
        let semaphore = mailboxes
            .entry(mailbox.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(PER_MAILBOX)));
        Arc::clone(semaphore)
    }
}

async fn take(bucket: &Mutex<Bucket>, units: u32) -> Result<(), Duration> {
    let mut waited = Duration::ZERO;
    loop {
        let wait = bucket
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(Instant::now(), units);
        let Some(wait) = wait else { return Ok(()) };
        if waited + wait > LONGEST_WAIT {
            return Err(wait);
        }
        tokio::time::sleep(wait).await;
        waited += wait;
    }
}
