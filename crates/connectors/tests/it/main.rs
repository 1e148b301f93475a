//! The connectors held against the vendors' documents, over a transport that plays back what they describe.
#![expect(clippy::unwrap_used, reason = "a broken expectation must end the test")]

mod bot;
mod budgets;
mod cards;
mod exchange;
mod gathering;
mod joiner;
mod mail;
mod meanings;
mod outbound;
mod reads;
mod script;
mod server;
mod setup;
mod tokens;
mod webhook;
mod writes;
