//! The driver against the real store: nothing is sent before it is persisted, and a run goes on after anything.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails by panicking"
)]

mod driver;
mod house;
