//! The sandbox's clock: a start time that runs on with tokio's clock, so tests with paused time stay in charge.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Vendor time: the given start plus what has passed on tokio's clock since.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Timestamp,
    origin: Instant,
}

impl Clock {
    /// A clock that shows `start` now.
    #[must_use]
    pub fn starting(start: Timestamp) -> Self {
        Self {
            start,
            origin: Instant::now(),
        }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        after(
            self.start,
            i64::try_from(self.origin.elapsed().as_millis()).unwrap_or(i64::MAX),
        )
    }
}

/// A moment some milliseconds later.
pub(crate) fn after(moment: Timestamp, ms: i64) -> Timestamp {
    moment
        .saturating_add(SignedDuration::from_millis(ms))
        .unwrap_or(Timestamp::MAX)
}
