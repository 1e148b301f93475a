//! Talks to the outside on behalf of the steps: tokens, batching, budgets and one client per outside API.
//!
//! Knows vendors; knows no SQL, no step and no page.

mod auth;
mod batch;
pub mod bot;
mod budget;
mod call;
pub mod card;
mod cloud;
mod connect;
mod error;
pub mod exchange;
pub mod facts;
pub mod graph;
mod http;
mod meaning;
mod meter;
pub mod outbound;
mod paging;
pub mod permissions;
mod retry;
pub mod smtp;
mod sources;
pub mod teams;
pub mod webhook;
mod wire;

pub use self::http::{HttpTransport, Timeouts};
pub use auth::{Certificate, Credential};
pub use call::{Answer, Ctx, Gather, Listing, Purpose};
pub use cloud::{Cloud, Endpoints};
pub use connect::{Account, Connection, Granted, connect};
pub use error::{Error, Sent, SetupError};
pub use exchange::Exchange;
pub use graph::Graph;
pub use meaning::Meaning;
pub use meter::{Counts, Meter, Tally};
pub use sources::Sources;
pub use transport::Class;

/// One outside API that Tenure speaks to.
#[derive(Clone, Copy, Debug)]
pub struct Connector {
    /// Its name, as in the configuration.
    pub name: &'static str,
    /// Its address in a cloud.
    pub base: fn(&Cloud) -> &str,
    /// What it is used for.
    pub what_for: &'static str,
}

/// Every connector.
pub const ALL: &[Connector] = &[
    Connector {
        name: "login",
        base: Cloud::login,
        what_for: "tokens of the Microsoft identity platform",
    },
    Connector {
        name: "graph",
        base: Cloud::graph,
        what_for: "people, groups, licences, roles, sign-in methods and mail through Microsoft Graph",
    },
    Connector {
        name: "exchange",
        base: Cloud::exchange,
        what_for: "mailboxes, lists, rules and mobile devices through the Exchange Online admin API",
    },
];
