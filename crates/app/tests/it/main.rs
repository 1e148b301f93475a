//! The real binary, from outside: what an operator types, what he is told, which status it ends with, and what it left alone.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod actions;
mod approvals;
mod bad_input;
mod cloud;
mod doors;
mod drift;
mod house;
mod joiners;
mod ledger;
mod protection;
mod runs;
mod secrets;
mod store_refusals;
mod surface;
mod tickets;
mod views;
mod worker;
