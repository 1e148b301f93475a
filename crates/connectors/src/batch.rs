//! The gatherer: calls that arrive close together travel as one `$batch`, without their callers knowing.
//!
//! Source: Microsoft Graph documentation, "Combine multiple HTTP requests using JSON batching": a batch is fully
//! parallel or fully sequential; an item after a failed one gets 424; the outer 200 says nothing about the items.

mod writes;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use transport::Class;

use crate::budget::{Access, Serial, Ticket};
use crate::call::{Ctx, Gather};
use crate::error::{Error, Sent};
use crate::wire::{Item, Outcome, Round, Wire};

/// A batch leaves when nothing more has arrived for this long …
const QUIET: Duration = Duration::from_millis(10);
/// … or when its first item has waited this long.
const LONGEST: Duration = Duration::from_millis(40);
/// Repeated reads wake at multiples of this.
const WAKE_TOGETHER: Duration = Duration::from_millis(250);

/// Items that may travel together.
#[derive(Clone, PartialEq, Eq, Hash)]
enum LaneKey {
    Reads,
    /// Writes of one run, and of no other.
    Writes(String),
}

/// An item and everybody who waits for it.
struct Pending {
    item: Item,
    serial: Option<String>,
    waiting: Vec<oneshot::Sender<Outcome>>,
}

impl Pending {
    fn deliver(self, outcome: &Outcome) {
        for waiting in self.waiting {
            // A caller that went away no longer wants to know; the write itself is finished all the same.
            let _ = waiting.send(outcome.clone());
        }
    }
}

struct Lane {
    /// Distinguishes this filling from later ones of the same lane.
    filling: u64,
    first: Instant,
    last: Instant,
    queue: Vec<Pending>,
}

#[derive(Default)]
struct Lanes {
    fillings: u64,
    open: HashMap<LaneKey, Lane>,
}

struct Core {
    wire: Wire,
    lanes: Mutex<Lanes>,
    serial: Arc<Serial>,
    began: Instant,
}

/// Gathers the calls of one service in one tenant.
#[derive(Clone)]
pub(crate) struct Gatherer {
    core: Arc<Core>,
}

impl Gatherer {
    pub(crate) fn new(wire: Wire) -> Self {
        Self {
            core: Arc::new(Core {
                wire,
                lanes: Mutex::default(),
                serial: Arc::default(),
                began: Instant::now(),
            }),
        }
    }

    pub(crate) fn wire(&self) -> &Wire {
        &self.core.wire
    }

    /// Reads, repeating within the service's patience.
    pub(crate) async fn read(&self, item: Item) -> Outcome {
        let wire = &self.core.wire;
        let mut attempt = 1;
        let mut refreshed = false;
        loop {
            let error = match self.read_once(item.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if error.is_refused_token() && !refreshed {
                refreshed = true;
                continue;
            }
            let Some(wait) = wire.again(Access::Read, &error, attempt) else {
                return Err(error);
            };
            self.core.sleep_with_others(wait).await;
            attempt += 1;
        }
    }

    /// Writes. Repeated only while the service says that nothing was done; goes on even if the caller goes away.
    pub(crate) async fn write(
        &self,
        item: Item,
        gather: &Gather,
        serial: Option<String>,
    ) -> Outcome {
        let id = item.id.clone();
        let (sender, receiver) = oneshot::channel();
        let gather = if item.batch_url.is_none() {
            &Gather::Alone
        } else {
            gather
        };
        let pending = Pending {
            item,
            serial,
            waiting: vec![sender],
        };
        match gather {
            Gather::Alone => self.core.dispatch_writes(vec![pending]),
            Gather::Run(run) => self.core.push(LaneKey::Writes(run.clone()), pending),
        }
        receiver.await.unwrap_or_else(|_| Err(stopped(&id)))
    }

    async fn read_once(&self, item: Item) -> Outcome {
        if item.batch_url.is_none() {
            return self.core.wire.single(&item).await;
        }
        let id = item.id.clone();
        let (sender, receiver) = oneshot::channel();
        let pending = Pending {
            item,
            serial: None,
            waiting: vec![sender],
        };
        self.core.push(LaneKey::Reads, pending);
        receiver.await.unwrap_or_else(|_| Err(stopped(&id)))
    }
}

impl Core {
    /// Sleeps at least this long, and until a moment that others wake at, too: what was refused together goes again together.
    async fn sleep_with_others(&self, wait: Duration) {
        let grid = WAKE_TOGETHER.as_millis();
        let due = (self.began.elapsed() + wait).as_millis().div_ceil(grid) * grid;
        let due = u64::try_from(due).unwrap_or(u64::MAX);
        sleep_until(self.began + Duration::from_millis(due)).await;
    }

    fn push(self: &Arc<Self>, key: LaneKey, pending: Pending) {
        let now = Instant::now();
        let mut lanes = self.lanes();
        if !lanes.open.contains_key(&key) {
            lanes.fillings += 1;
            let filling = lanes.fillings;
            let lane = Lane {
                filling,
                first: now,
                last: now,
                queue: vec![pending],
            };
            lanes.open.insert(key.clone(), lane);
            let core = Arc::clone(self);
            tokio::spawn(async move { core.leave_when_quiet(key, filling).await });
            return;
        }
        let Some(lane) = lanes.open.get_mut(&key) else {
            return;
        };
        lane.last = now;
        let same = if pending.item.access == Access::Read {
            lane.queue
                .iter_mut()
                .find(|other| is_same_read(&other.item, &pending.item))
        } else {
            None
        };
        match same {
            Some(same) => {
                same.item.ctx = shared_ctx(&same.item.ctx, &pending.item.ctx);
                same.waiting.extend(pending.waiting);
            }
            None => lane.queue.push(pending),
        }
        // Writes beyond one batch stay together: they go in rounds, and what has to go again rides with what is left.
        if key == LaneKey::Reads && lane.queue.len() >= self.wire.dialect.batch_limit() {
            self.leave(&mut lanes, &key);
        }
    }

    async fn leave_when_quiet(self: Arc<Self>, key: LaneKey, filling: u64) {
        loop {
            let due = {
                let mut lanes = self.lanes();
                let Some(lane) = lanes.open.get(&key).filter(|lane| lane.filling == filling) else {
                    return;
                };
                let due = (lane.last + QUIET).min(lane.first + LONGEST);
                if Instant::now() >= due {
                    self.leave(&mut lanes, &key);
                    return;
                }
                due
            };
            sleep_until(due).await;
        }
    }

    /// Closes a lane and sends its items off. The lock on the lanes is held, so departures keep their order.
    fn leave(self: &Arc<Self>, lanes: &mut MutexGuard<'_, Lanes>, key: &LaneKey) {
        let Some(lane) = lanes.open.remove(key) else {
            return;
        };
        match key {
            LaneKey::Reads => {
                let core = Arc::clone(self);
                tokio::spawn(async move { core.carry_reads(lane.queue).await });
            }
            LaneKey::Writes(_) => self.dispatch_writes(lane.queue),
        }
    }

    fn dispatch_writes(self: &Arc<Self>, writes: Vec<Pending>) {
        let keys: BTreeSet<String> = writes
            .iter()
            .filter_map(|write| write.serial.clone())
            .collect();
        // The place in the queues is taken here, before anything can be overtaken.
        let ticket: Ticket = self.serial.enter(keys);
        let core = Arc::clone(self);
        tokio::spawn(async move {
            ticket.ready().await;
            writes::carry(&core.wire, writes).await;
            drop(ticket);
        });
    }

    async fn carry_reads(&self, reads: Vec<Pending>) {
        let items: Vec<&Item> = reads.iter().map(|read| &read.item).collect();
        let outcomes = if let [item] = items[..] {
            vec![self.wire.single(item).await]
        } else {
            match self.wire.batch(&items, &[]).await {
                Round::Each(outcomes) => outcomes,
                Round::Refused => join_all(items.iter().map(|item| self.wire.single(item))).await,
            }
        };
        for (read, outcome) in reads.into_iter().zip(outcomes) {
            read.deliver(&outcome);
        }
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_same_read(one: &Item, other: &Item) -> bool {
    one.method == other.method
        && one.url == other.url
        && one.headers == other.headers
        && one.body == other.body
}

/// A shared read counts for whichever caller weighs more.
fn shared_ctx(one: &Ctx, other: &Ctx) -> Ctx {
    Ctx {
        run: one.run.clone().or_else(|| other.run.clone()),
        purpose: one.purpose.min(other.purpose),
    }
}

/// The task that carried the item is gone, which happens only when the process stops.
fn stopped(id: &str) -> Error {
    let sent = Sent {
        client_request_id: Some(id.to_owned()),
        ..Sent::default()
    };
    Error::new(
        Class::Unknown,
        "stopped",
        "the process stopped before the answer arrived",
        sent,
    )
}
