//! Carrying out an approved plan: a pure decision, a loop that obeys it, and the two traits it stands on.
//!
//! [`decide`] knows no vendor, no step by name, no SQL and no clock; the driver persists every decision before it acts on it.

#[cfg(feature = "crash-points")]
pub mod crash;
mod decide;
mod driver;
pub mod hands;
pub mod journal;
pub mod state;
pub mod timing;

pub use decide::{Decision, decide, outcome_words};
pub use driver::{Clock, Driver, HandsFor, Observer, Silent, Until};
pub use journal::Error;
