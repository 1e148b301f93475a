//! Everything Tenure remembers: one SQLite file per provider, its migrations, and the engine's journal.
//!
//! Every statement is held to a [`TenantScope`]. Times and ids are handed in; only salts, nonces and keys are made here.

mod sql;

mod admins;
mod approvals;
mod backfill;
#[cfg(any(test, feature = "bench"))]
pub mod bench;
mod chats;
mod check;
mod clients;
mod decisions;
mod endpoints;
mod entries;
mod error;
mod findings;
mod glances;
mod journal;
mod lease;
mod ledger;
mod lines;
mod links;
mod lists;
mod looks;
mod open;
mod operators;
mod outbox;
mod plans;
mod policies;
mod requests;
mod reservations;
mod rows;
mod runs;
mod scope;
mod seal;
mod secrets;
mod sessions;
mod settings;
mod tenants;

pub use admins::{Changed, OperatorChange};
pub use approvals::Approved;
pub use chats::Conversation;
pub use clients::{Client, NewClient, Repeated};
pub use decisions::{Comment, Delegation, Refusal};
pub use endpoints::{Endpoint, NewEndpoint};
pub use entries::RunEntry;
pub use error::Error;
pub use findings::{FindingRow, ReceiptRow};
pub use glances::{Counts, Found};
pub use lease::Holder;
pub use ledger::Ed25519;
pub use lines::{
    EntryLine, FindingGroup, FindingLine, FindingStatus, PersonLine, PlanLine, PlanStatus,
    RequestLine, RequestStatus, RunLine, RunStatus,
};
pub use links::{Link, LinkState, NewLink, OpenedLink, Passed, Passphrase, Purpose};
pub use lists::{EntryFilter, FindingFilter, Page, PlanFilter, RequestFilter, RunFilter};
pub use looks::Look;
pub use open::Store;
pub use operators::{NewOperator, Operator};
pub use outbox::{About, Channel, Claimed, Delivery, NewDelivery};
pub use plans::PlanRow;
pub use policies::{NewPolicy, PolicyVersion};
pub use reservations::Reserved;
pub use runs::{NewRun, RunEvent, RunRow};
pub use scope::TenantScope;
pub use seal::{Key, Secret};
pub use sessions::{NewSession, Session};
pub use settings::{Setting, SignIn};
pub use tenants::{Credential, NewTenant, Tenant};

#[cfg(test)]
mod tests;
