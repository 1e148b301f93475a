//! The simulated cloud's data: what a tenant holds, the clock that drives it, and the record of what changed.
//!
//! Property names and meanings follow Microsoft's own metadata (v1.0 CSDL) and the Exchange cmdlet reference; how they are kept
//! here is ours. A world file is JSON or TOML of [`World`]; an unknown field in it is refused.

mod automata;
mod change;
mod clock;
mod directory;
mod group_licences;
mod groups;
mod mail;
mod on_premises;
mod people;
mod policies;
mod provisioning;
mod replicas;
mod rule;
mod sync;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use automata::{Due, Work};
pub use change::{Cause, Change};
pub use clock::Clock;
pub use directory::{
    App, AppCertificate, AppSecret, Application, DeletedUser, Domain, Eligibility, RoleAssignment,
    RoleDefinition, ServicePlan, Sku,
};
pub use groups::{Group, GroupKind};
pub use mail::{
    AutoReply, CasSettings, Conversion, Event, InboxRule, Mailbox, MailboxAce, Message,
    MobileDevice, RecipientKind,
};
pub use on_premises::{OnPremises, OnPremisesGroup, OnPremisesUser, anchor};
pub use people::{AuthMethod, EmployeeOrgData, Licence, MethodKind, User};
pub use policies::TapPolicy;

pub(crate) use automata::{arm, has_exchange_plan, has_plan, next_due, perform};
pub(crate) use change::differences;
pub(crate) use clock::after;
pub(crate) use on_premises::security_identifier;
pub(crate) use provisioning::{holder, is_accepted};
pub(crate) use replicas::Replicas;

/// An object id: a lower-case GUID as text.
pub type Id = String;

/// Everything the sandbox knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct World {
    /// Tenants by their lower-case GUID.
    pub tenants: BTreeMap<Id, Tenant>,
}

/// One customer's Microsoft 365 tenant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tenant {
    /// The organisation's display name.
    pub name: String,
    /// Two-letter country of the organisation, which group licensing falls back to.
    pub country: String,
    /// The organisation's domains.
    pub domains: Vec<Domain>,
    /// Organisation-wide holds (`Get-OrganizationConfig` InPlaceHolds).
    pub organization_holds: Vec<String>,
    /// Applications with a service principal in this tenant, by client id.
    pub apps: BTreeMap<Id, App>,
    /// Users by object id, shared and room mailboxes' accounts included.
    pub users: BTreeMap<Id, User>,
    /// Groups by object id, distribution lists included.
    pub groups: BTreeMap<Id, Group>,
    /// Mailboxes by the object id of their user.
    pub mailboxes: BTreeMap<Id, Mailbox>,
    /// Calendar events by event id.
    pub events: BTreeMap<Id, Event>,
    /// Drafts and sent messages by message id.
    pub messages: BTreeMap<Id, Message>,
    /// Directory roles by template id.
    pub role_definitions: BTreeMap<Id, RoleDefinition>,
    /// Active role assignments by id.
    pub role_assignments: BTreeMap<Id, RoleAssignment>,
    /// Eligible (PIM) role assignments by id.
    pub eligibilities: BTreeMap<Id, Eligibility>,
    /// Subscriptions by SKU id.
    pub skus: BTreeMap<Id, Sku>,
    /// Application registrations by object id.
    pub applications: BTreeMap<Id, Application>,
    /// Soft-deleted users by object id.
    pub deleted_users: BTreeMap<Id, DeletedUser>,
    /// The policy for temporary access passes.
    pub tap_policy: TapPolicy,
    /// The on-premises directory of a hybrid tenant.
    pub on_premises: OnPremises,
    /// What the vendor's own processes still have to do.
    pub due: Vec<Due>,
}

impl World {
    /// Reads a world from JSON, or from TOML when the text does not begin with `{`.
    ///
    /// # Errors
    /// The place and the reason, when the text is not a world.
    pub fn parse(text: &str) -> Result<Self, crate::Error> {
        let world: Self = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| crate::Error::World(error.to_string()))?
        } else {
            toml::from_str(text).map_err(|error| crate::Error::World(error.to_string()))?
        };
        world.check()?;
        Ok(world)
    }

    /// The world as readable JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a world has string keys and plain values only")
    }

    fn check(&self) -> Result<(), crate::Error> {
        for (id, tenant) in &self.tenants {
            let bad = |what: String| Err(crate::Error::World(format!("tenant {id}: {what}")));
            if uuid::Uuid::parse_str(id).is_err() || *id != id.to_lowercase() {
                return bad("the key must be a lower-case GUID".to_owned());
            }
            for (group_id, group) in &tenant.groups {
                if let Some(stranger) = group.members.iter().find(|member| !tenant.knows(member)) {
                    return bad(format!(
                        "group {group_id} has the unknown member {stranger}"
                    ));
                }
            }
            if let Some(orphan) = tenant
                .mailboxes
                .keys()
                .find(|key| !tenant.users.contains_key(*key))
            {
                return bad(format!("mailbox {orphan} has no user of that id"));
            }
            for (user_id, user) in &tenant.users {
                if let Some(unknown) = user
                    .licences
                    .iter()
                    .find(|licence| !tenant.skus.contains_key(&licence.sku_id))
                {
                    return bad(format!(
                        "user {user_id} has the unknown SKU {}",
                        unknown.sku_id
                    ));
                }
            }
        }
        Ok(())
    }
}

impl Tenant {
    /// Whether an object of this id is a user, group or service principal here.
    #[must_use]
    pub fn knows(&self, id: &str) -> bool {
        self.users.contains_key(id)
            || self.groups.contains_key(id)
            || self.apps.values().any(|app| app.service_principal_id == id)
    }

    /// The user behind an object id or a user principal name, in any case.
    #[must_use]
    pub fn user(&self, id_or_upn: &str) -> Option<(&Id, &User)> {
        let lower = id_or_upn.to_lowercase();
        self.users.get_key_value(&lower).or_else(|| {
            self.users
                .iter()
                .find(|(_, user)| user.user_principal_name.to_lowercase() == lower)
        })
    }

    /// Whether the user holds, directly or through a role-assignable group, a directory role that Microsoft guards.
    #[must_use]
    pub fn is_privileged(&self, user: &str) -> bool {
        self.active_roles(user).any(|role| {
            self.role_definitions
                .get(role)
                .is_some_and(|known| known.privileged)
        })
    }

    /// The template ids of the roles that are active for a principal, through role-assignable groups too.
    pub fn active_roles<'a>(&'a self, principal: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.role_assignments
            .values()
            .filter_map(move |assignment| {
                let direct = assignment.principal_id == principal;
                let by_group = || {
                    self.groups
                        .get(&assignment.principal_id)
                        .is_some_and(|group| group.members.contains(principal))
                };
                (direct || by_group()).then_some(assignment.role_definition_id.as_str())
            })
    }

    /// The verified domain marked as the first one of the tenant (`*.onmicrosoft.com`).
    #[must_use]
    pub fn initial_domain(&self) -> &str {
        self.domains
            .iter()
            .find(|domain| domain.initial)
            .map_or("", |domain| domain.name.as_str())
    }
}
