//! One write at a time per user or mailbox, in the order in which the writes were asked for.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

#[derive(Default)]
struct Queues {
    next: u64,
    by_key: HashMap<String, VecDeque<u64>>,
}

/// The queues of one service in one tenant.
#[derive(Default)]
pub(crate) struct Serial {
    queues: Mutex<Queues>,
    left: Notify,
}

/// A place in the queue of each of its keys; leaves them when dropped.
pub(crate) struct Ticket {
    serial: Arc<Serial>,
    number: u64,
    keys: BTreeSet<String>,
}

impl Serial {
    /// Joins all these queues at once, so that two tickets stand in the same order in every queue they share.
    pub(crate) fn enter(self: &Arc<Self>, keys: BTreeSet<String>) -> Ticket {
        let mut queues = self.queues();
        let number = queues.next;
        queues.next += 1;
        for key in &keys {
            queues
                .by_key
                .entry(key.clone())
                .or_default()
                .push_back(number);
        }
        drop(queues);
        Ticket {
            serial: Arc::clone(self),
            number,
            keys,
        }
    }

    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// Waits until nobody stands before this ticket in any of its queues.
    pub(crate) async fn ready(&self) {
        loop {
            let left = self.serial.left.notified();
            tokio::pin!(left);
            // Listen before looking: a ticket that leaves in between must not be missed.
            left.as_mut().enable();
            if self.is_first() {
                return;
            }
            left.await;
        }
    }

    fn is_first(&self) -> bool {
        let queues = self.serial.queues();
        self.keys
            .iter()
            .all(|key| queues.by_key.get(key).and_then(VecDeque::front) == Some(&self.number))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut queues = self.serial.queues();
        for key in &self.keys {
            if let Some(queue) = queues.by_key.get_mut(key) {
                queue.retain(|number| *number != self.number);
                if queue.is_empty() {
                    queues.by_key.remove(key);
                }
            }
        }
        drop(queues);
        self.serial.left.notify_waiters();
    }
}
