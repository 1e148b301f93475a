//! Where time, ids and chance come from: they are handed in, so that a run can be repeated exactly.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

/// The clock, the id source and the dice that a connection uses.
#[derive(Clone)]
pub struct Sources {
    /// The wall clock, for signed assertions only; waiting uses the runtime's own timer.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// A fresh id, for `client-request-id` and for assertions.
    pub id: Arc<dyn Fn() -> Uuid + Send + Sync>,
    /// A number from 0 up to but not including 1, for jitter.
    pub fraction: Arc<dyn Fn() -> f64 + Send + Sync>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sources")
    }
}
