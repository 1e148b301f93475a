//! The one place that reads the clock and makes ids.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// How far this process's clock is set back, in milliseconds. Anything but zero is the demonstration's alone.
static BACK_MS: AtomicI64 = AtomicI64::new(0);

/// The time now.
#[expect(clippy::disallowed_methods, reason = "the edge where time enters")]
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    let back = SignedDuration::from_millis(BACK_MS.load(Ordering::Relaxed));
    now.checked_sub(back).unwrap_or(now)
}

/// Sets the clock of this process back, so that the demonstration can make weeks of history; zero for the time as it is.
pub(crate) fn set_back(by: SignedDuration) {
    let ms = i64::try_from(by.as_millis()).unwrap_or(0);
    BACK_MS.store(ms, Ordering::Relaxed);
}

/// A new id for a call or an object.
#[expect(clippy::disallowed_methods, reason = "the edge where ids enter")]
pub(crate) fn uuid() -> Uuid {
    Uuid::new_v4()
}

/// A new id that a person can type: a letter for its kind and eight characters without look-alikes.
pub(crate) fn short_id(kind: char) -> String {
    const ALPHABET: &[u8; 32] = b"23456789abcdefghjkmnpqrstuvwxyz0";
    let bits = uuid().as_u128();
    let tail: String = (0..8)
        .map(|i| char::from(ALPHABET[(bits >> (i * 5)) as usize & 31]))
        .collect();
    format!("{kind}-{tail}")
}

/// The engine's clocks.
#[derive(Debug)]
pub(crate) struct Clocks {
    began: std::time::Instant,
}

impl Clocks {
    /// Clocks that begin now.
    pub(crate) fn new() -> Self {
        Self {
            began: std::time::Instant::now(),
        }
    }
}

impl engine::Clock for Clocks {
    fn now_ms(&self) -> i64 {
        now().as_millisecond()
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
