//! Kinds of groups, for building tenants.

use std::collections::BTreeSet;

use crate::world::{Group, Id};

/// A security group of these members.
pub(super) fn security(members: &[&Id]) -> Group {
    Group {
        security_enabled: true,
        members: members.iter().map(|id| (*id).clone()).collect(),
        ..Group::default()
    }
}

/// A distribution list of these members with one owner.
pub(super) fn list(owner: &Id, members: &[&Id]) -> Group {
    Group {
        mail_enabled: true,
        security_enabled: false,
        owners: BTreeSet::from([owner.clone()]),
        ..security(members)
    }
}

/// A Microsoft 365 group with a team.
pub(super) fn team(owners: &[&Id], members: &[&Id]) -> Group {
    Group {
        mail_enabled: true,
        security_enabled: false,
        group_types: vec!["Unified".to_owned()],
        resource_provisioning_options: vec!["Team".to_owned()],
        owners: owners.iter().map(|id| (*id).clone()).collect(),
        ..security(members)
    }
}

/// A dynamic security group whose members fit its rule already.
pub(super) fn dynamic(rule: &str, members: &[&Id]) -> Group {
    Group {
        group_types: vec!["DynamicMembership".to_owned()],
        membership_rule: Some(rule.to_owned()),
        ..security(members)
    }
}
