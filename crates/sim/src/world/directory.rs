//! What a tenant holds besides people, groups and mail: domains, roles, subscriptions, applications, the recycle bin.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Id, Mailbox, User};

/// A domain of the tenant (microsoft.graph.domain).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Domain {
    /// The name.
    pub name: String,
    /// Whether ownership was proven.
    pub verified: bool,
    /// Whether new users get it.
    pub is_default: bool,
    /// Whether it is the tenant's first domain.
    pub initial: bool,
    /// Whether sign-in is federated instead of managed.
    pub federated: bool,
}

/// An application's standing in a tenant: its service principal and what was consented.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct App {
    /// The name shown.
    pub display_name: String,
    /// Object id of the service principal.
    pub service_principal_id: Id,
    /// Client secrets.
    pub secrets: Vec<AppSecret>,
    /// Registered certificates.
    pub certificates: Vec<AppCertificate>,
    /// Names of the Graph application permissions granted.
    pub graph_roles: BTreeSet<String>,
    /// Names of the Exchange application permissions granted, such as `Exchange.ManageAsApp`.
    pub exchange_roles: BTreeSet<String>,
    /// Template ids of the directory roles of the service principal.
    pub directory_roles: BTreeSet<Id>,
}

/// A client secret.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppSecret {
    /// The secret's text.
    pub value: String,
    /// When it ends; none for never.
    pub expires: Option<Timestamp>,
}

impl std::fmt::Debug for AppSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[redacted], expires {:?}", self.expires)
    }
}

/// A registered certificate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppCertificate {
    /// The certificate as PEM.
    pub pem: String,
    /// When it ends; none for never.
    pub expires: Option<Timestamp>,
}

/// A directory role (microsoft.graph.unifiedRoleDefinition), by its template id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleDefinition {
    /// The name shown.
    pub display_name: String,
    /// Whether sensitive actions on its holders need a directory role of one's own.
    pub privileged: bool,
}

/// An active role assignment (microsoft.graph.unifiedRoleAssignment).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleAssignment {
    /// User, group or service principal.
    pub principal_id: Id,
    /// Template id of the role.
    pub role_definition_id: Id,
    /// `/` for the whole tenant.
    pub directory_scope_id: String,
}

/// An eligible role assignment (microsoft.graph.unifiedRoleEligibilitySchedule).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Eligibility {
    /// User or group.
    pub principal_id: Id,
    /// Template id of the role.
    pub role_definition_id: Id,
    /// `/` for the whole tenant.
    pub directory_scope_id: String,
    /// When it was given.
    pub created_date_time: Timestamp,
}

/// A subscription (microsoft.graph.subscribedSku).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sku {
    /// The product's short name, such as `SPE_E3`.
    pub part_number: String,
    /// Seats bought and enabled.
    pub enabled: u32,
    /// Seats in the warning period.
    pub warning: u32,
    /// Seats suspended.
    pub suspended: u32,
    /// Seats taken by people whom this world leaves out.
    pub consumed_elsewhere: u32,
    /// Service plans by id.
    pub plans: BTreeMap<Id, ServicePlan>,
}

/// A service plan of a subscription (microsoft.graph.servicePlanInfo).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServicePlan {
    /// The plan's name, such as `EXCHANGE_S_ENTERPRISE`.
    pub name: String,
    /// The service in assignedPlans, such as `exchange`.
    pub service: String,
    /// Plans it needs beside it.
    pub needs: Vec<Id>,
    /// Plans that must not stand beside it.
    pub excludes: Vec<Id>,
}

/// An application registration (microsoft.graph.application).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Application {
    /// Client id.
    pub app_id: Id,
    /// The name shown.
    pub display_name: String,
    /// Object ids of its owners.
    pub owners: BTreeSet<Id>,
    /// Ends of its secrets.
    pub secret_ends: Vec<Timestamp>,
}

/// A user in the recycle bin, with what a restore brings back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeletedUser {
    /// When the account was deleted; it is purged 30 days later.
    pub deleted_date_time: Timestamp,
    /// The account.
    pub user: User,
    /// Its mailbox, soft-deleted with it.
    pub mailbox: Option<Box<Mailbox>>,
    /// Groups it was a member of.
    pub member_of: BTreeSet<Id>,
    /// Groups it owned.
    pub owner_of: BTreeSet<Id>,
}
