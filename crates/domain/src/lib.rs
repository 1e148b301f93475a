//! What Tenure is about, as types and pure functions: requests, facts, policy, plans, order rules, the ledger's mathematics.
//!
//! No IO, no clock, no async, no randomness, no vendor and no step by name: whoever needs those hands them in as data.

pub mod access;
pub mod approval;
pub mod catalogue;
pub mod drift;
pub mod facts;
mod ids;
pub mod joiner;
pub mod ledger;
pub mod naming;
pub mod plan;
pub mod planner;
pub mod policy;
pub mod protect;
pub mod readiness;
pub mod request;
pub mod rules;
pub mod spec;

pub use ids::{
    ClientId, FindingId, ObjectId, OperatorId, PlanId, RequestId, RunId, StepKey, TenantId,
};
