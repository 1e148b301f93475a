//! The connections that are open at once: how many there may be, which give way to a newer one, and which have stood still for too long.
//!
//! A connection that waits for its next request, or dribbles its head, costs its owner nothing: when there is no room, the one that
//! has waited longest is closed. One that is being answered is never closed for another.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::sign_in::throttle::Network;

/// How many connections there may be at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    /// In all.
    pub(super) all: usize,
    /// From one network; nothing where proxies of ours stand before us, which are the same few addresses for everybody.
    pub(super) from_one: Option<usize>,
}

/// The open connections.
#[derive(Clone, Default)]
pub(super) struct Doors(Arc<Mutex<Open>>);

#[derive(Default)]
struct Open {
    last: u64,
    all: HashMap<u64, (Network, Arc<Door>)>,
}

impl Doors {
    /// A place for a connection from this address, or none. Whoever has to give way is told.
    pub(super) fn enter(&self, from: IpAddr, most: Most) -> Option<Place> {
        let from = Network::of(from);
        let mut open = lock(&self.0);
        let of_one = open.all.values().filter(|(who, _)| *who == from).count();
        if most.from_one.is_some_and(|most| of_one >= most) {
            open.make_room(Some(from))?;
        }
        if open.all.len() >= most.all {
            let crowd = open.crowd();
            open.make_room(crowd).or_else(|| open.make_room(None))?;
        }
        open.last += 1;
        let (id, door) = (open.last, Arc::new(Door::default()));
        open.all.insert(id, (from, Arc::clone(&door)));
        Some(Place {
            doors: self.clone(),
            id,
            door,
        })
    }
}

impl Open {
    /// The network with the most connections.
    fn crowd(&self) -> Option<Network> {
        let mut counts: HashMap<Network, usize> = HashMap::new();
        for (who, _) in self.all.values() {
            *counts.entry(*who).or_default() += 1;
        }
        let crowd = counts.into_iter().max_by_key(|(_, count)| *count);
        crowd.map(|(who, _)| who)
    }

    /// Closes the connection that has waited longest for a request, of this network where one is named.
    fn make_room(&mut self, of: Option<Network>) -> Option<()> {
        let idle = self
            .all
            .iter()
            .filter(|(_, (who, _))| of.is_none_or(|of| of == *who))
            .filter_map(|(id, (_, door))| Some((door.free_since()?, *id)));
        let (_, id) = idle.min()?;
        let (_, door) = self.all.remove(&id)?;
        door.close.notify_one();
        Some(())
    }
}

/// A connection's place; left by dropping it.
pub(super) struct Place {
    doors: Doors,
    id: u64,
    pub(super) door: Arc<Door>,
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.doors.0).all.remove(&self.id);
    }
}

/// What a connection does.
#[derive(Clone, Copy, Debug)]
enum Doing {
    /// Waits for a request, or for the rest of its head.
    Waits(Instant),
    /// A handler works on it.
    Works,
    /// An answer goes out; since when no piece of it was taken.
    Answers(Instant),
}

/// One connection, as the others see it.
pub(super) struct Door {
    doing: Mutex<Doing>,
    close: Notify,
}

impl Default for Door {
    fn default() -> Self {
        Self {
            doing: Mutex::new(Doing::Waits(Instant::now())),
            close: Notify::new(),
        }
    }
}

impl Door {
    /// Until this connection has to give way to another.
    pub(super) async fn closes(&self) {
        self.close.notified().await;
    }

    /// Whether an answer is going out that nobody has taken a piece of for so long.
    pub(super) fn is_stuck(&self, patience: Duration) -> bool {
        matches!(*lock(&self.doing), Doing::Answers(since) if since.elapsed() >= patience)
    }

    /// A request begins; it ends when what is returned is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.does(Doing::Works);
        Busy(Arc::clone(self))
    }

    fn does(&self, doing: Doing) {
        *lock(&self.doing) = doing;
    }

    fn free_since(&self) -> Option<Instant> {
        match *lock(&self.doing) {
            Doing::Waits(since) => Some(since),
            Doing::Works | Doing::Answers(_) => None,
        }
    }
}

/// That a request is under way.
pub(super) struct Busy(Arc<Door>);

impl Busy {
    /// The answer's body, which keeps the connection busy until its last piece was taken.
    pub(super) fn with(self, body: Body) -> Taken {
        self.0.does(Doing::Answers(Instant::now()));
        Taken { body, busy: self }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.does(Doing::Waits(Instant::now()));
    }
}

/// A body that notes when a piece of it is taken.
pub(super) struct Taken {
    body: Body,
    busy: Busy,
}

impl hyper::body::Body for Taken {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if polled.is_ready() {
            self.busy.0.does(Doing::Answers(Instant::now()));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change is one assignment: a panic elsewhere leaves nothing half made.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[tokio::test]
    async fn who_has_waited_longest_gives_way_and_who_is_answered_does_not() {
        let doors = Doors::default();
        let most = Most {
            all: 100,
            from_one: Some(2),
        };
        let first = doors.enter(ip(1), most).unwrap();
        let second = doors.enter(ip(1), most).unwrap();
        let busy = first.door.begin();
        let third = doors.enter(ip(1), most).unwrap();
        // The second was told, not the first, which is being answered.
        second.door.closes().await;
        let _also = third.door.begin();
        assert!(
            doors.enter(ip(1), most).is_none(),
            "both are being answered"
        );
        assert!(
            doors.enter(ip(2), most).is_some(),
            "another network is not concerned"
        );
        drop(busy);
        assert!(doors.enter(ip(1), most).is_some());
        first.door.closes().await;
    }

    #[tokio::test]
    async fn a_full_house_closes_one_of_those_who_hold_most() {
        let doors = Doors::default();
        let most = Most {
            all: 4,
            from_one: None,
        };
        let alone = doors.enter(ip(9), most).unwrap();
        let crowd: Vec<Place> = (0..3).map(|_| doors.enter(ip(1), most).unwrap()).collect();
        let next = doors.enter(ip(2), most).unwrap();
        crowd[0].door.closes().await;
        assert!(alone.door.free_since().is_some());
        let told = tokio::time::timeout(Duration::from_millis(50), alone.door.closes()).await;
        assert!(told.is_err(), "whoever holds one connection keeps it");
        drop((next, crowd, alone));
        assert!(lock(&doors.0).all.is_empty(), "places are given back");
    }

    #[tokio::test]
    async fn an_answer_that_nobody_takes_is_stuck_and_one_that_moves_is_not() {
        let doors = Doors::default();
        let most = Most {
            all: 1,
            from_one: None,
        };
        let place = doors.enter(ip(1), most).unwrap();
        let patience = Duration::from_millis(200);
        let busy = place.door.begin();
        tokio::time::sleep(patience).await;
        assert!(!place.door.is_stuck(patience), "a handler may work");
        let body = busy.with(Body::from("text"));
        assert!(!place.door.is_stuck(patience));
        tokio::time::sleep(patience).await;
        assert!(place.door.is_stuck(patience));
        drop(body);
        assert!(!place.door.is_stuck(patience));
    }
}
