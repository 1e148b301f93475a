//! Carries the writes of one departure: chained per user or mailbox, sent again only where nothing was done.

use std::collections::HashMap;
use std::time::Duration;

use super::Pending;
use crate::budget::Access;
use crate::error::Error;
use crate::wire::{FAILED_DEPENDENCY, Item, Outcome, Round, Wire};

/// A write on its way, with what has been tried.
struct Write {
    pending: Pending,
    attempt: u32,
    refreshed: bool,
    /// Its batch was refused as a whole, so it goes in a request of its own.
    alone: bool,
}

/// Which writes go next, and how.
struct Next {
    writes: Vec<Write>,
    /// For each write, the earlier one it depends on.
    after: Vec<Option<usize>>,
}

/// Sends the writes in rounds until each has an outcome. They keep their order of arrival.
pub(super) async fn carry(wire: &Wire, writes: Vec<Pending>) {
    let mut rest: Vec<Write> = writes
        .into_iter()
        .map(|pending| Write {
            pending,
            attempt: 1,
            refreshed: false,
            alone: false,
        })
        .collect();
    while !rest.is_empty() {
        let next = take_next(wire, &mut rest);
        let (again, wait) = round(wire, next).await;
        // What comes back stands before what has not been tried: the order of arrival is the order of effect.
        rest.splice(0..0, again);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}

/// Writes that touch the same user or mailbox are chained in their order. Where the service wants all or nothing, one such
/// chain makes the whole batch sequential.
fn take_next(wire: &Wire, rest: &mut Vec<Write>) -> Next {
    if rest[0].alone {
        return Next {
            writes: vec![rest.remove(0)],
            after: vec![None],
        };
    }
    let mut last: HashMap<String, usize> = HashMap::new();
    let (mut taken, mut left, mut after) = (Vec::new(), Vec::new(), Vec::new());
    for write in rest.drain(..) {
        if taken.len() == wire.dialect.batch_limit() || write.alone {
            left.push(write);
            continue;
        }
        let key = write.pending.serial.clone();
        after.push(key.and_then(|key| last.insert(key, taken.len())));
        taken.push(write);
    }
    *rest = left;
    if wire.dialect.chains_all() && after.iter().any(Option::is_some) {
        after = (0..taken.len()).map(|at| at.checked_sub(1)).collect();
    }
    Next {
        writes: taken,
        after,
    }
}

/// Sends one request and delivers what is settled; gives back what must go again and how long to wait first.
async fn round(wire: &Wire, next: Next) -> (Vec<Write>, Duration) {
    let Next { mut writes, after } = next;
    let items: Vec<&Item> = writes.iter().map(|write| &write.pending.item).collect();
    let outcomes = if let [item] = items[..] {
        vec![wire.single(item).await]
    } else {
        match wire.batch(&items, &after).await {
            Round::Each(outcomes) => outcomes,
            Round::Refused => {
                for write in &mut writes {
                    write.alone = true;
                }
                return (writes, Duration::ZERO);
            }
        }
    };
    let mut again = Vec::new();
    let mut wait = Duration::ZERO;
    for (at, (mut write, outcome)) in writes.into_iter().zip(outcomes).enumerate() {
        let was_dependent = after[at].is_some();
        match repeat_after(wire, &mut write, &outcome, was_dependent) {
            Some(after) => {
                wait = wait.max(after);
                again.push(write);
            }
            None => write.pending.deliver(&outcome),
        }
    }
    (again, wait)
}

fn repeat_after(
    wire: &Wire,
    write: &mut Write,
    outcome: &Outcome,
    was_dependent: bool,
) -> Option<Duration> {
    let error: &Error = outcome.as_ref().err()?;
    if was_dependent && error.status() == Some(FAILED_DEPENDENCY) {
        // Not executed, through no fault of its own: no attempt was spent.
        return Some(Duration::ZERO);
    }
    if error.is_refused_token() && !write.refreshed {
        write.refreshed = true;
        return Some(Duration::ZERO);
    }
    let wait = wire.again(Access::Write, error, write.attempt)?;
    write.attempt += 1;
    Some(wait)
}
