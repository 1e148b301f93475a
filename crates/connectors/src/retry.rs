//! When a call is repeated at once, without asking the engine: reads that failed, and writes that certainly did nothing.

use std::time::Duration;

use transport::Class;

use crate::error::Error;

/// How often and how patiently one service is asked again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    attempts: u32,
    base: Duration,
    /// A longer wait than this belongs to the engine, which persists it.
    longest: Duration,
}

impl Policy {
    pub(crate) const TOKEN: Self = Self {
        attempts: 3,
        base: Duration::from_millis(500),
        longest: Duration::from_secs(20),
    };
    pub(crate) const GRAPH: Self = Self {
        attempts: 4,
        base: Duration::from_secs(1),
        longest: Duration::from_secs(30),
    };
    /// Exchange publishes no numbers; five seconds is what its callers at scale begin with.
    pub(crate) const EXCHANGE: Self = Self {
        attempts: 4,
        base: Duration::from_secs(5),
        longest: Duration::from_secs(30),
    };

    /// The wait before a read is repeated, or `None` when its error stands.
    pub(crate) fn read_again(
        &self,
        error: &Error,
        attempt: u32,
        fraction: f64,
    ) -> Option<Duration> {
        match error.class {
            Class::RetryAfter { after_ms } => self.wait(after_ms, attempt, fraction),
            Class::Unknown => self.wait(None, attempt, fraction),
            _ => None,
        }
    }

    /// The wait before a write is repeated. Only a class that says "not done" allows it.
    pub(crate) fn write_again(
        &self,
        error: &Error,
        attempt: u32,
        fraction: f64,
    ) -> Option<Duration> {
        match error.class {
            Class::RetryAfter { after_ms } => self.wait(after_ms, attempt, fraction),
            _ => None,
        }
    }

    fn wait(&self, after_ms: Option<u64>, attempt: u32, fraction: f64) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let wait = match after_ms {
            Some(after_ms) => Duration::from_millis(after_ms),
            // Full jitter: callers that failed together must not come back together.
            None => (self.base * 2_u32.pow(attempt - 1))
                .min(self.longest)
                .mul_f64(fraction),
        };
        (wait <= self.longest).then_some(wait)
    }
}

/// A duration in whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
