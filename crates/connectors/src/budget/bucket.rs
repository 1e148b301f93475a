//! A token bucket that may run into debt, follows the vendor's own gauge and can be put on hold.

use std::time::Duration;

use tokio::time::Instant;

/// The gauge may push the level this many seconds of refill below zero, no further: it is a hint, not a verdict.
const DEEPEST_PRESSURE_S: f64 = 5.0;

#[derive(Debug)]
pub(crate) struct Bucket {
    capacity: f64,
    per_second: f64,
    level: f64,
    at: Option<Instant>,
    held_until: Option<Instant>,
}

impl Bucket {
    pub(crate) fn new(capacity: f64, per_second: f64) -> Self {
        Self {
            capacity,
            per_second,
            level: capacity,
            at: None,
            held_until: None,
        }
    }

    /// Takes the units, or says how long to wait. One large request may overdraw; who comes next waits for it.
    pub(crate) fn take(&mut self, now: Instant, units: u32) -> Option<Duration> {
        self.refill(now);
        if let Some(until) = self.held_until {
            if until > now {
                return Some(until - now);
            }
            self.held_until = None;
        }
        if self.level < 1.0 {
            let wait = (1.0 - self.level) / self.per_second;
            // Rounded up to the timer's millisecond: a shorter sleep would find the bucket not yet filled.
            return Some(Duration::from_millis((wait * 1000.0).ceil() as u64));
        }
        self.level -= f64::from(units);
        None
    }

    /// The vendor says that this share of the limit is used, by us or by others.
    pub(crate) fn pressed(&mut self, now: Instant, used: f64) {
        self.refill(now);
        let left = (self.capacity * (1.0 - used)).max(-self.per_second * DEEPEST_PRESSURE_S);
        self.level = self.level.min(left);
    }

    /// Nothing more for this long.
    pub(crate) fn hold(&mut self, now: Instant, hold: Duration) {
        let until = now + hold;
        self.held_until = Some(self.held_until.map_or(until, |held| held.max(until)));
    }

    fn refill(&mut self, now: Instant) {
        if let Some(at) = self.at {
            let gained = now.saturating_duration_since(at).as_secs_f64() * self.per_second;
            self.level = (self.level + gained).min(self.capacity);
        }
        self.at = Some(now);
    }
}
