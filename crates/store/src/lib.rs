//! Everything Tenure remembers: one SQLite file per provider, its migrations, and the engine's journal.
//!
//! Every statement is held to a [`TenantScope`]. Times and ids are handed in; only salts, nonces and keys are made here.

mod sql;

mod approvals;
mod check;
mod error;
mod findings;
mod journal;
mod lease;
mod ledger;
mod open;
mod plans;
mod policies;
mod requests;
mod reservations;
mod runs;
mod scope;
mod seal;
mod secrets;
mod tenants;

pub use approvals::Approved;
pub use error::Error;
pub use findings::{FindingRow, ReceiptRow};
pub use lease::Holder;
pub use ledger::Ed25519;
pub use open::Store;
pub use plans::PlanRow;
pub use policies::PolicyVersion;
pub use reservations::Reserved;
pub use runs::{NewRun, RunEvent, RunRow};
pub use scope::TenantScope;
pub use seal::{Key, Secret};
pub use tenants::{Credential, NewTenant, Tenant};

#[cfg(test)]
mod tests;
