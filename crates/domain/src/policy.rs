//! A tenant's policy: one versioned TOML document that says who may ask, who decides, who is protected, and which steps are on.

mod check;
mod deciding;
mod diff;
mod document;
mod only;
mod parse;
mod people;
mod playbook;
mod prices;
pub mod requesters;
mod resolve;
mod schema;
mod standing;
mod template;
#[cfg(test)]
pub(crate) mod tests;
mod words;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::request::Kind;

/// What values of a profile in roles and sites may contain; filled in for each person.
pub const MACROS: [&str; 7] = [
    "{site.city}",
    "{site.office}",
    "{site.name}",
    "{first}",
    "{last}",
    "{department}",
    "{job-title}",
];

pub use deciding::{Approvals, LeaverLimit, Limits, PreApproved};
pub use diff::diff;
pub use only::resolve_only;
pub use parse::{PolicyError, parse};
pub use people::{Asks, Contractors, Instruction, LicenceWish, MailboxWish, Naming, Role, When};
pub use prices::Prices;
pub use resolve::{From, Resolved, resolve};
pub use schema::schema;
pub(crate) use standing::note;
pub use standing::{Circumstances, ForLeaver, for_leaver};
pub use template::{SCHEMA_FILE, template};
pub(crate) use words::address_problem;

/// A policy, checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// The version of this format: 1.
    pub version: u32,
    /// Places of the tenant, by name; `default` is used for people without one.
    pub sites: BTreeMap<String, Site>,
    /// Who may ask.
    pub requesters: Requesters,
    /// Who decides.
    pub approvals: Approvals,
    /// How much may happen at once.
    #[serde(default)]
    pub limits: Limits,
    /// Who is never touched, or only with a second approver.
    pub protected: Protected,
    /// Limits a tenant to test persons.
    #[serde(default)]
    pub pilot: Pilot,
    /// Which steps may appear in any plan.
    #[serde(default)]
    pub steps: StepRules,
    /// What happens when the live tenant changed between approval and run.
    #[serde(default)]
    pub drift: DriftRules,
    /// Who is told, and from which mailbox.
    #[serde(default)]
    pub notify: Notify,
    /// Bundles that jobs get, by name; `default` is used for people without one.
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
    /// How names of new people are made.
    #[serde(default)]
    pub naming: Naming,
    /// What a request may ask for beyond its role.
    #[serde(default)]
    pub asks: Asks,
    /// What holds for contractors.
    #[serde(default)]
    pub contractors: Contractors,
    /// Standing instructions, carried out in this order.
    #[serde(default)]
    pub instructions: Vec<Instruction>,
    /// What seats cost, where pages shall say it.
    #[serde(default)]
    pub prices: Prices,
    /// What is done when a person leaves: step name to `true`, `false` or settings.
    #[serde(default)]
    pub offboard: BTreeMap<String, Setting>,
    /// What is done when a person joins.
    #[serde(default)]
    pub onboard: BTreeMap<String, Setting>,
}

/// A place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Site {
    /// Two-letter country code used as usage location.
    pub usage_location: String,
    /// IANA time zone, e.g. `Europe/Berlin`.
    pub time_zone: String,
    /// The end of the working day, `HH:MM`: when a leaver without a clock time is closed.
    #[serde(default = "end_of_day")]
    pub end_of_day: String,
    /// The start of the working day, `HH:MM`: when the account of a joiner without a clock time is opened.
    #[serde(default = "start_of_day")]
    pub start_of_day: String,
    /// Other names under which requests speak of it (`Leeds office`, `LDS`).
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Parts of the profile of everybody there, by name: `office`, `street`, `city`, `state`, `postal-code`, `country`, `company`, `phone`.
    #[serde(default)]
    pub profile: BTreeMap<String, String>,
    /// The mailbox language of new people, e.g. `en-GB`.
    #[serde(default)]
    pub language: Option<String>,
}

fn start_of_day() -> String {
    "08:00".to_owned()
}

fn end_of_day() -> String {
    "17:00".to_owned()
}

/// Who may ask. A request from anybody else is kept and shown, and becomes no plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Requesters {
    /// Mail addresses that may ask by ticket or mail; `*@domain` for a whole domain.
    #[serde(default)]
    pub addresses: Vec<String>,
}

/// Who is never touched, or only with a second approver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Protected {
    /// Emergency ("break-glass") accounts, by sign-in name. Always refused.
    #[serde(default)]
    pub break_glass: Vec<String>,
    /// That the list above is complete, also when it is empty. No run starts before it is `true`.
    #[serde(default)]
    pub break_glass_confirmed: bool,
    /// Service and synchronisation accounts, by sign-in name. Always refused.
    #[serde(default)]
    pub service_accounts: Vec<String>,
    /// People whose plans need a second approver, by sign-in name.
    #[serde(default)]
    pub vip: Vec<String>,
}

/// Limits a tenant to test persons.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pilot {
    /// Whether the limit is on.
    #[serde(default)]
    pub on: bool,
    /// The test persons, by sign-in name.
    #[serde(default)]
    pub persons: Vec<String>,
}

/// Which steps may appear in any plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StepRules {
    /// Step names; absent for all.
    pub allowed: Option<Vec<String>>,
}

/// What happens when the live tenant changed between approval and run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DriftRules {
    /// A removal may grow by more of the same kind (one more group, one more rule).
    #[serde(default)]
    pub removals_may_grow: bool,
}

/// Who is told, and from which mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Notify {
    /// The mailbox that notices are sent from; without it `notify` is off.
    pub sender: Option<String>,
    /// Addresses that always get the notice.
    #[serde(default)]
    pub recipients: Vec<String>,
}

/// One line of a playbook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Setting {
    /// On or off, with the step's own defaults.
    Switch(bool),
    /// With settings; `on` is `true` unless said.
    Table(Map<String, Value>),
}

impl Setting {
    /// Whether the step is on.
    #[must_use]
    pub fn on(&self) -> bool {
        match self {
            Self::Switch(on) => *on,
            Self::Table(table) => table.get("on").and_then(Value::as_bool).unwrap_or(true),
        }
    }

    /// The settings without `on`.
    #[must_use]
    pub fn settings(&self) -> Value {
        match self {
            Self::Switch(_) => Value::Object(Map::new()),
            Self::Table(table) => Value::Object(
                table
                    .iter()
                    .filter(|(key, _)| *key != "on")
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect(),
            ),
        }
    }
}

impl Policy {
    /// The playbook of a kind of request.
    #[must_use]
    pub fn playbook(&self, kind: Kind) -> &BTreeMap<String, Setting> {
        match kind {
            Kind::Onboard | Kind::Transfer => &self.onboard,
            Kind::Offboard | Kind::Restore => &self.offboard,
        }
    }

    /// The site people without one belong to.
    #[must_use]
    pub fn default_site(&self) -> Option<&Site> {
        self.default_place().map(|(_, site)| site)
    }

    /// The site people without one belong to, with its name.
    #[must_use]
    pub fn default_place(&self) -> Option<(&str, &Site)> {
        let place = self.sites.get_key_value("default");
        let (name, site) = place.or_else(|| self.sites.iter().next())?;
        Some((name, site))
    }
}
