//! The sandbox as its callers meet it, through the transport.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod batch;
mod client;
mod delta;
mod exchange;
mod faults;
mod groups;
mod http;
mod hybrid;
mod joiners;
mod licences;
mod mail;
mod mailbox_settings;
mod mailboxes;
mod methods;
mod new_groups;
mod people;
mod queries;
mod recycle_bin;
mod tokens;
