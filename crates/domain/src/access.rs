//! Who may do what at the provider: roles, and in which tenants they are held.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::TenantId;

/// What an operator or an API client may do. In rising order: each includes those before it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Makes requests and plans.
    Requester,
    /// Decides on plans, and acts on runs and findings.
    Approver,
    /// Connects tenants, writes policies, and says who may do what.
    Admin,
}

impl Role {
    /// All of them, in rising order.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Requester, Self::Approver, Self::Admin];

    /// The word used in data, commands and pages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Requester => "requester",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }

    /// The role of this word; nothing for any other.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Whether whoever holds this role may do what the other allows.
    #[must_use]
    pub fn includes(self, other: Self) -> bool {
        self >= other
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A role, and where it is held.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Grant {
    /// The tenant; none for all of the provider's, those to come included.
    pub tenant: Option<TenantId>,
    /// The role.
    pub role: Role,
}

/// The highest role that the grants give in a tenant.
#[must_use]
pub fn role_in(grants: &[Grant], tenant: &TenantId) -> Option<Role> {
    grants
        .iter()
        .filter(|grant| grant.tenant.as_ref().is_none_or(|own| own == tenant))
        .map(|grant| grant.role)
        .max()
}

/// The highest role that the grants give in all tenants: what the provider's own settings ask for.
#[must_use]
pub fn role_everywhere(grants: &[Grant]) -> Option<Role> {
    grants
        .iter()
        .filter(|grant| grant.tenant.is_none())
        .map(|grant| grant.role)
        .max()
}

/// The tenants in which the grants give a role at all; none for all of the provider's.
#[must_use]
pub fn tenants(grants: &[Grant]) -> Option<Vec<TenantId>> {
    let mut named: Vec<TenantId> = grants
        .iter()
        .map(|grant| grant.tenant.clone())
        .collect::<Option<_>>()?;
    named.sort();
    named.dedup();
    Some(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(tenant: Option<&str>, role: Role) -> Grant {
        let tenant = tenant.map(TenantId::from);
        Grant { tenant, role }
    }

    #[test]
    fn each_role_includes_those_before_it_and_no_other() {
        for (place, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(Role::parse(role.word()), Some(role));
            for (other_place, other) in Role::ALL.into_iter().enumerate() {
                assert_eq!(role.includes(other), other_place <= place, "{role} {other}");
            }
        }
        assert_eq!(Role::parse("Admin"), None);
        assert_eq!(Role::parse(""), None);
    }

    #[test]
    fn the_highest_grant_of_a_tenant_counts_and_no_other_tenants() {
        let north = TenantId::from("north");
        let grants = [
            grant(Some("north"), Role::Requester),
            grant(Some("south"), Role::Admin),
        ];
        assert_eq!(role_in(&grants, &north), Some(Role::Requester));
        assert_eq!(role_in(&grants, &TenantId::from("west")), None);
        assert_eq!(role_everywhere(&grants), None);
        assert_eq!(tenants(&grants).map(|named| named.len()), Some(2));
        let wide = [
            grant(Some("north"), Role::Viewer),
            grant(None, Role::Approver),
        ];
        assert_eq!(role_in(&wide, &north), Some(Role::Approver));
        assert_eq!(role_everywhere(&wide), Some(Role::Approver));
        assert_eq!(tenants(&wide), None);
        assert_eq!(tenants(&[]), Some(Vec::new()));
    }
}
