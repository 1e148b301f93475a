//! Reads the tables of a policy one by one and checks each value by itself.

mod bundles;
mod deciding;
mod instructions;
mod joining;
mod places;
mod prices;

pub(super) use bundles::ROLE_PROFILE;
pub(super) use places::SITE_PROFILE;

use std::collections::BTreeMap;

use toml::de::DeTable;

use super::parse::{Reader, Section, whole};
use super::words::{address_problem, domain_problem};
use super::{DriftRules, Notify, Pilot, Policy, Protected, Requesters, Site, StepRules, playbook};
use crate::request::Kind;

/// The one version of the format.
const VERSION: u32 = 1;

impl Reader<'_> {
    pub(super) fn policy(&mut self, table: &DeTable<'_>) -> Policy {
        let root = Section {
            table,
            path: String::new(),
            span: 0..0,
        };
        self.only(
            &root,
            &[
                "version",
                "sites",
                "requesters",
                "approvals",
                "limits",
                "protected",
                "pilot",
                "steps",
                "drift",
                "notify",
                "roles",
                "naming",
                "asks",
                "contractors",
                "instructions",
                "prices",
                "offboard",
                "onboard",
            ],
        );
        self.version(&root);
        Policy {
            version: VERSION,
            sites: self.sites(&root),
            requesters: self.requesters(&root),
            approvals: self.approvals(&root),
            limits: self.limits(&root),
            protected: self.protected(&root),
            pilot: self.pilot(&root),
            steps: self.steps(&root),
            drift: self.drift(&root),
            notify: self.notify(&root),
            offboard: playbook::read(self, &root, "offboard", &[Kind::Offboard, Kind::Restore]),
            onboard: playbook::read(self, &root, "onboard", &[Kind::Onboard, Kind::Transfer]),
            roles: self.roles(&root),
            naming: self.naming(&root),
            asks: self.asks(&root),
            contractors: self.contractors(&root),
            instructions: self.instructions(&root),
            prices: self.prices(&root),
        }
    }

    fn version(&mut self, root: &Section<'_>) {
        if !root.table.contains_key("version") {
            self.missing(root, "version", format!("begin with `version = {VERSION}`"));
        }
        let Some(version) = self.typed(root, "version", "a whole number", whole) else {
            return;
        };
        if version != VERSION {
            self.wrong_at(
                "version",
                format!("version {version} of the policy format is not known"),
                "this program reads version 1; a newer policy needs a newer program",
            );
        }
    }

    fn sites(&mut self, root: &Section<'_>) -> BTreeMap<String, Site> {
        let Some(all) = self.needed(root, "sites", "country and time zone of each place") else {
            return BTreeMap::new();
        };
        let names: Vec<&str> = all.table.keys().map(|key| key.get_ref().as_ref()).collect();
        names
            .into_iter()
            .filter_map(|name| {
                let site = self.section(&all, name)?;
                Some((name.to_owned(), self.site(&site)))
            })
            .collect()
    }

    fn requesters(&mut self, root: &Section<'_>) -> Requesters {
        let Some(section) = self.needed(root, "requesters", "who may ask") else {
            return Requesters::default();
        };
        self.only(&section, &["addresses"]);
        let addresses = self.texts(&section, "addresses");
        for address in &addresses {
            let problem = match address.strip_prefix("*@") {
                Some(domain) => domain_problem(domain),
                None if address.contains('*') => {
                    Some("a `*` stands for everything before the @ only")
                }
                None => address_problem(address),
            };
            if let Some(problem) = problem {
                self.wrong_at(
                    &format!("requesters.addresses.{address}"),
                    format!("“{address}” is no address: {problem}"),
                    "write `hr@contoso.example`, or `*@contoso.example` for a whole domain",
                );
            }
        }
        Requesters { addresses }
    }

    fn protected(&mut self, root: &Section<'_>) -> Protected {
        let Some(section) = self.needed(root, "protected", "who is never touched") else {
            return Protected::default();
        };
        self.only(
            &section,
            &[
                "break-glass",
                "break-glass-confirmed",
                "service-accounts",
                "vip",
            ],
        );
        Protected {
            break_glass: self.addresses(&section, "break-glass"),
            break_glass_confirmed: self.flag(&section, "break-glass-confirmed"),
            service_accounts: self.addresses(&section, "service-accounts"),
            vip: self.addresses(&section, "vip"),
        }
    }

    fn pilot(&mut self, root: &Section<'_>) -> Pilot {
        let Some(section) = self.section(root, "pilot") else {
            return Pilot::default();
        };
        self.only(&section, &["on", "persons"]);
        Pilot {
            on: self.flag(&section, "on"),
            persons: self.addresses(&section, "persons"),
        }
    }

    fn steps(&mut self, root: &Section<'_>) -> StepRules {
        let Some(section) = self.section(root, "steps") else {
            return StepRules::default();
        };
        self.only(&section, &["allowed"]);
        if !section.table.contains_key("allowed") {
            return StepRules::default();
        }
        let mut allowed = Vec::new();
        let mut unknown = false;
        for name in self.texts(&section, "allowed") {
            match self.catalogue.find(&name) {
                Some(entry) => allowed.push(entry.name.to_owned()),
                None => {
                    unknown = true;
                    let help = playbook::near_step(self.catalogue, &name);
                    self.wrong_at(
                        &format!("steps.allowed.{name}"),
                        format!("no step is called “{name}”"),
                        &help,
                    );
                }
            }
        }
        allowed.dedup();
        // With a name that is not understood the list says nothing about the others.
        StepRules {
            allowed: (!unknown).then_some(allowed),
        }
    }

    fn drift(&mut self, root: &Section<'_>) -> DriftRules {
        let Some(section) = self.section(root, "drift") else {
            return DriftRules::default();
        };
        self.only(&section, &["removals-may-grow"]);
        DriftRules {
            removals_may_grow: self.flag(&section, "removals-may-grow"),
        }
    }

    fn notify(&mut self, root: &Section<'_>) -> Notify {
        let Some(section) = self.section(root, "notify") else {
            return Notify::default();
        };
        self.only(&section, &["sender", "recipients"]);
        let sender = self.text(&section, "sender");
        if let Some(problem) = sender.as_deref().and_then(address_problem) {
            self.wrong_at(
                "notify.sender",
                format!("the sender is no address: {problem}"),
                "write it like `it@contoso.example`",
            );
        }
        Notify {
            sender,
            recipients: self.addresses(&section, "recipients"),
        }
    }
}
