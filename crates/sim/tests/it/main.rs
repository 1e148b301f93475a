//! The sandbox as its callers meet it, through the transport.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod batch;
mod client;
mod delta;
mod exchange;
mod faults;
mod groups;
mod http;
mod joiners;
mod licences;
mod mail;
mod people;
mod tokens;
