//! What somebody who comes shall get: request, role, site and standing instructions come together. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::plan::Remark;
use crate::planner::Refusal;
use crate::policy::{LicenceWish, MailboxWish, Policy, Site};
use crate::request::Request;

/// Something wished for, and who wishes it, in the words of a remark (`role sales`, `the request`, `instruction “CRM for Sales”`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    /// What.
    pub wish: T,
    /// On whose account.
    pub because: String,
}

/// What a joiner shall get, as far as request and policy say; the tenant has not been looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Given name, or the one name there is.
    pub given_name: String,
    /// Family name; empty where there is none.
    pub family_name: String,
    /// The display name.
    pub display_name: String,
    /// The sign-in name that the request itself gives.
    pub address: Option<String>,
    /// Sign-in names to try, best first, without a domain where the policy gives none.
    pub candidates: Vec<String>,
    /// The profile, by the names of facts (`given-name`, `family-name`, `job-title`, `department`, `office`, `employee-id`, `mobile`, …), macros filled in.
    pub profile: BTreeMap<String, String>,
    /// The manager, as written.
    pub manager: Option<String>,
    /// The site's name in the policy.
    pub site_name: String,
    /// The site; absent when the policy has none.
    pub site: Option<Site>,
    /// The role's name in the policy.
    pub role: Option<String>,
    /// Whether it is a contractor.
    pub contractor: bool,
    /// The last day of the contract.
    pub contract_end: Option<Date>,
    /// The first moment of work; absent for at once.
    pub starts: Option<Timestamp>,
    /// Licences to assign.
    pub licences: Vec<Sourced<LicenceWish>>,
    /// Groups that give licences.
    pub licence_groups: Vec<Sourced<String>>,
    /// Groups and lists, by name or address.
    pub groups: Vec<Sourced<String>>,
    /// Shared mailboxes.
    pub mailboxes: Vec<Sourced<MailboxWish>>,
    /// The colleague whose access is copied, as written.
    pub copy_from: Option<String>,
    /// Switches that instructions set.
    pub switches: BTreeMap<String, serde_json::Value>,
    /// What the approver has to know.
    pub remarks: Vec<Remark>,
    /// Why there can be no plan.
    pub refusals: Vec<Refusal>,
}

/// What the person of this request shall get.
#[must_use]
pub fn wanted(_request: &Request, _policy: &Policy) -> Wanted {
    Wanted::default()
}
