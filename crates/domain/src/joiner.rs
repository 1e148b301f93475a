//! What somebody who comes shall get: request, role, site and standing instructions come together. Pure.

mod asks;
mod bundle;
mod identity;
mod person;
mod place;
#[cfg(test)]
mod tests;
mod texts;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::plan::{Remark, Weight};
use crate::planner::Refusal;
use crate::policy::{LicenceWish, MailboxWish, Policy, Site};
use crate::request::Request;

pub use asks::{barred, kept_from_contractors, may_copy};
pub use identity::names_agree;
pub use place::find_site;

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
    /// A private mail address, to which first credentials may go; never part of the profile.
    pub private_mail: Option<String>,
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
    /// Licences that the request asks for and the policy does not allow, as written.
    pub licences_not_allowed: Vec<String>,
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

impl Wanted {
    fn caution(&mut self, text: impl Into<String>) {
        let remark = Remark::new(Weight::Caution, text);
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    fn incomplete(&mut self, text: impl Into<String>, question: &str) {
        self.refusals
            .push(Refusal::new("incomplete", text, question));
    }
}

/// What the person of this request shall get. Of a wish that several sources have, the first counts: role, then instructions in their
/// order, then the request.
#[must_use]
pub fn wanted(request: &Request, policy: &Policy) -> Wanted {
    let mut wanted = Wanted::default();
    let request = &*texts::checked(request, &mut wanted.refusals);
    person::read(&mut wanted, request);
    place::read(&mut wanted, request, policy);
    bundle::choose_role(&mut wanted, request, policy);
    person::profile(&mut wanted, policy);
    person::names(&mut wanted, request, policy);
    place::contract(&mut wanted, request, policy);
    bundle::gather(&mut wanted, request, policy);
    wanted
}

/// The text of a field, trimmed; nothing when it is blank.
fn text<'r>(request: &'r Request, field: &str) -> Option<&'r str> {
    let text = request.field(field)?.trim();
    (!text.is_empty()).then_some(text)
}

/// The entries of a list field: one per line, or separated by commas or semicolons where there is one line.
fn list(request: &Request, field: &str) -> Vec<String> {
    let Some(text) = text(request, field) else {
        return Vec::new();
    };
    let items: Vec<&str> = if text.contains('\n') {
        text.lines().collect()
    } else {
        text.split([',', ';']).collect()
    };
    items
        .into_iter()
        .map(|item| {
            let item = item.trim();
            let bullet = item.strip_prefix(['-', '*', '•']);
            bullet
                .filter(|rest| rest.starts_with(' '))
                .unwrap_or(item)
                .trim_end_matches([',', ';'])
                .trim()
                .to_owned()
        })
        .filter(|item| !item.is_empty())
        .collect()
}

fn same(a: &str, b: &str) -> bool {
    crate::naming::squeeze(a).to_lowercase() == crate::naming::squeeze(b).to_lowercase()
}
