//! Groups of every kind, with the one question that decides who may write their members.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Id;

/// A group (microsoft.graph.group), distribution lists included.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Group {
    /// The name shown.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Primary mail address, for mail-enabled kinds.
    pub mail: Option<String>,
    /// Alias.
    pub mail_nickname: String,
    /// `Unified`, `DynamicMembership` or nothing.
    pub group_types: Vec<String>,
    /// Whether it receives mail.
    pub mail_enabled: bool,
    /// Whether it can carry access.
    pub security_enabled: bool,
    /// Object ids of direct members: users or groups.
    pub members: BTreeSet<Id>,
    /// Object ids of owners (for a distribution list: ManagedBy).
    pub owners: BTreeSet<Id>,
    /// SKU ids that members inherit.
    pub assigned_licenses: BTreeSet<Id>,
    /// Service plans that members do not get, by SKU id.
    pub disabled_plans: BTreeMap<Id, Vec<Id>>,
    /// The rule of a dynamic group.
    pub membership_rule: Option<String>,
    /// Whether a directory role may be given to it.
    pub is_assignable_to_role: Option<bool>,
    /// True for a group mastered on-premises.
    pub on_premises_sync_enabled: Option<bool>,
    /// `Private` or `Public`; none shows a Microsoft 365 group as private.
    pub visibility: Option<String>,
    /// `Team` when a team stands on it.
    pub resource_provisioning_options: Vec<String>,
    /// When it was made.
    pub created_date_time: Timestamp,
}

/// What a group is, by Microsoft's comparison of group types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// A Microsoft 365 group or team.
    Microsoft365,
    /// A security group.
    Security,
    /// A mail-enabled security group; members belong to Exchange.
    MailSecurity,
    /// A distribution list; members belong to Exchange.
    DistributionList,
}

impl Group {
    /// What kind of group this is, dynamic or not.
    #[must_use]
    pub fn kind(&self) -> GroupKind {
        if self.group_types.iter().any(|kind| kind == "Unified") {
            return GroupKind::Microsoft365;
        }
        match (self.mail_enabled, self.security_enabled) {
            (true, true) => GroupKind::MailSecurity,
            (true, false) => GroupKind::DistributionList,
            (false, _) => GroupKind::Security,
        }
    }

    /// Whether a rule decides its members.
    #[must_use]
    pub fn is_dynamic(&self) -> bool {
        self.group_types
            .iter()
            .any(|kind| kind == "DynamicMembership")
    }

    /// Whether only Exchange writes its members.
    #[must_use]
    pub fn is_exchange_managed(&self) -> bool {
        matches!(
            self.kind(),
            GroupKind::MailSecurity | GroupKind::DistributionList
        )
    }

    /// Whether it is mastered on-premises.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        self.on_premises_sync_enabled == Some(true)
    }
}
