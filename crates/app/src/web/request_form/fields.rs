//! What a tenant's policy leaves open, as the form offers it.

use std::collections::BTreeMap;

use domain::policy::{self, Policy};
use domain::request::Kind;

/// A step that a request may switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Switch {
    /// The step's name.
    pub(crate) step: &'static str,
    /// What it does.
    pub(crate) purpose: &'static str,
    /// Whether the policy has it on.
    pub(crate) on: bool,
}

/// What the form offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    /// Sites, by name; the default first.
    pub(crate) sites: Vec<String>,
    /// Roles, by name.
    pub(crate) roles: Vec<String>,
    /// Steps that a request may switch.
    pub(crate) switches: Vec<Switch>,
    /// Whether somebody can be given the mailbox.
    pub(crate) delegate: bool,
    /// Whether mail can go on to somebody.
    pub(crate) forward: bool,
    /// Whether somebody can take over groups and reports.
    pub(crate) successor: bool,
    /// Whether contractors need an end.
    pub(crate) contract_end: bool,
    /// Groups that may be asked for, as the policy writes them.
    pub(crate) groups: String,
    /// Licences that may be asked for.
    pub(crate) licences: String,
    /// Shared mailboxes that may be asked for.
    pub(crate) mailboxes: String,
}

impl Fields {
    /// What this policy leaves open for this kind of request.
    pub(crate) fn of(policy: &Policy, kind: Kind) -> Self {
        let catalogue = steps::catalogue();
        let resolved = policy::resolve(policy, kind, &BTreeMap::new(), &catalogue);
        let resolved = resolved.unwrap_or_default();
        let is_allowed = |step: &str| {
            let allowed = policy.steps.allowed.as_ref();
            allowed.is_none_or(|allowed| allowed.iter().any(|name| name == step))
        };
        let switches: Vec<Switch> = catalogue
            .entries
            .into_iter()
            .filter(|entry| is_allowed(entry.name))
            .filter_map(|entry| {
                let on = resolved.get(entry.name)?.on;
                Some(Switch {
                    step: entry.name,
                    purpose: entry.purpose,
                    on,
                })
            })
            .collect();
        let has = |step: &str| {
            switches
                .iter()
                .any(|switch| switch.step == step && switch.on)
        };
        let mut sites: Vec<String> = policy.sites.keys().cloned().collect();
        let default = policy.default_place().map(|(name, _)| name.to_owned());
        sites.sort_by_key(|name| Some(name) != default.as_ref());
        let mut roles: Vec<String> = policy.roles.keys().cloned().collect();
        roles.retain(|name| name != "default");
        Self {
            delegate: has("grant-mailbox-access"),
            forward: has("set-forwarding"),
            successor: has("transfer-ownership") || has("reassign-reports"),
            contract_end: policy.contractors.need_end,
            groups: policy.asks.groups.join(", "),
            licences: policy.asks.licences.join(", "),
            mailboxes: policy.asks.mailboxes.join(", "),
            sites,
            roles,
            switches,
        }
    }

    /// How many steps the policy has on.
    pub(crate) fn on(&self) -> usize {
        self.switches.iter().filter(|switch| switch.on).count()
    }

    /// What a contractor needs besides.
    pub(crate) fn contract_hint(&self) -> &'static str {
        if self.contract_end {
            "needs the end of the contract"
        } else {
            ""
        }
    }

    /// What may be asked for, in words.
    pub(crate) fn may<'a>(&self, allowed: &'a str) -> &'a str {
        if allowed.is_empty() { "none" } else { allowed }
    }
}
