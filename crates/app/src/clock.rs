//! The one place that reads the clock and makes ids.

use jiff::Timestamp;
use uuid::Uuid;

/// The time now.
#[expect(clippy::disallowed_methods, reason = "the edge where time enters")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
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
