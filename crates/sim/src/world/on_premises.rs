//! A hybrid tenant's own directory: the accounts and groups that are mastered there and pushed to the cloud cycle by cycle.
//!
//! Source: Entra Connect documentation (source anchor, UPN suffixes, soft match, scheduler) and the user resource's onPremises properties.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Id, Tenant, User};

/// The on-premises directory of a tenant; without a domain name the tenant has none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OnPremises {
    /// DNS name of the domain, such as `corp.northwind.example`.
    pub domain_name: String,
    /// Seconds of vendor time between two synchronisation cycles (1800 in reality); 0 for only when asked.
    pub sync_every_s: u32,
    /// When the last cycle ran.
    pub last_sync: Option<Timestamp>,
    /// Accounts by objectGUID.
    pub users: BTreeMap<Id, OnPremisesUser>,
    /// Groups by objectGUID.
    pub groups: BTreeMap<Id, OnPremisesGroup>,
    /// Accounts removed since the last cycle.
    pub removed: BTreeSet<Id>,
    /// Objects that the last cycle could not export, with the reason.
    pub errors: BTreeMap<Id, String>,
}

/// An on-premises account. All of it but `pending` is what its administrators see.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OnPremisesUser {
    /// sAMAccountName: 20 characters at most.
    pub sam_account_name: String,
    /// Where it stands in the tree.
    pub distinguished_name: String,
    /// The sign-in name. A suffix that is no verified domain of the tenant becomes the initial domain in the cloud.
    pub user_principal_name: String,
    /// Whether the account is open.
    pub enabled: bool,
    /// The name shown.
    pub display_name: String,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub surname: Option<String>,
    /// Mail address.
    pub mail: Option<String>,
    /// Addresses with prefix, `SMTP:` for the primary one.
    pub proxy_addresses: Vec<String>,
    /// Alias; the local part of the sign-in name when left out.
    pub mail_nickname: Option<String>,
    /// Department.
    pub department: Option<String>,
    /// Job title.
    pub job_title: Option<String>,
    /// Company name.
    pub company_name: Option<String>,
    /// Office.
    pub office_location: Option<String>,
    /// Number in the HR system.
    pub employee_id: Option<String>,
    /// Office telephone.
    pub business_phone: Option<String>,
    /// Mobile telephone.
    pub mobile_phone: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// State or province.
    pub state: Option<String>,
    /// Street and number.
    pub street_address: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// objectGUID of the manager.
    pub manager: Option<Id>,
    /// msExchHideFromAddressLists.
    pub hidden_from_address_lists: Option<bool>,
    /// SHA-256 of the password in hex; the password itself is never kept.
    pub password_hash: String,
    /// When the password was last set; none while it never was.
    pub password_set: Option<Timestamp>,
    /// Whether the next cycle carries it.
    pub pending: bool,
}

/// An on-premises group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OnPremisesGroup {
    /// The name shown.
    pub display_name: String,
    /// objectGUIDs of its members.
    pub members: BTreeSet<Id>,
    /// Object id of its image in the cloud; drawn from the objectGUID when left out.
    pub cloud_id: Option<Id>,
    /// Whether the next cycle carries it.
    pub pending: bool,
}

impl OnPremises {
    /// Whether the tenant has such a directory.
    #[must_use]
    pub fn exists(&self) -> bool {
        !self.domain_name.is_empty()
    }

    /// Whether a cycle would have anything to do.
    #[must_use]
    pub fn has_pending(&self) -> bool {
        !self.removed.is_empty()
            || self.users.values().any(|user| user.pending)
            || self.groups.values().any(|group| group.pending)
    }

    /// The account behind an objectGUID, a sAMAccountName or a sign-in name, in any case.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<&Id> {
        let lower = name.to_lowercase();
        self.users
            .get_key_value(&lower)
            .map(|(id, _)| id)
            .or_else(|| {
                let found = self.users.iter().find(|(_, user)| {
                    user.sam_account_name.to_lowercase() == lower
                        || user.user_principal_name.to_lowercase() == lower
                });
                found.map(|(id, _)| id)
            })
    }

    /// The group behind an objectGUID or a name, in any case.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&Id> {
        let lower = name.to_lowercase();
        self.groups
            .get_key_value(&lower)
            .map(|(id, _)| id)
            .or_else(|| {
                let named = |group: &OnPremisesGroup| group.display_name.to_lowercase() == lower;
                let found = self.groups.iter().find(|(_, group)| named(group));
                found.map(|(id, _)| id)
            })
    }

    /// Checks what Active Directory itself checks about an account, before it takes it.
    ///
    /// # Errors
    /// The reason, for the administrator.
    pub fn check(&self, guid: &str, user: &OnPremisesUser) -> Result<(), String> {
        let name = &user.sam_account_name;
        let forbidden = |c: char| "\"/\\[]:;|=,+*?<>@".contains(c);
        if name.is_empty() || name.chars().count() > 20 || name.contains(forbidden) {
            return Err(format!(
                "the sAMAccountName '{name}' must have 1 to 20 characters and none of \"/\\[]:;|=,+*?<>@"
            ));
        }
        if !user.user_principal_name.contains('@') {
            return Err(format!(
                "the userPrincipalName '{}' has no suffix",
                user.user_principal_name
            ));
        }
        let twin = self.users.iter().find(|(other, known)| {
            *other != guid
                && (known.sam_account_name.eq_ignore_ascii_case(name)
                    || known
                        .user_principal_name
                        .eq_ignore_ascii_case(&user.user_principal_name))
        });
        match twin {
            Some((other, _)) => Err(format!(
                "the object {other} has the same sAMAccountName or userPrincipalName as '{name}'"
            )),
            None => Ok(()),
        }
    }
}

impl Tenant {
    /// The object id of the cloud account that carries the anchor of an on-premises account.
    #[must_use]
    pub fn synced_user(&self, guid: &str) -> Option<&Id> {
        let anchor = anchor(guid);
        let carries = |user: &User| user.on_premises_immutable_id.as_ref() == Some(&anchor);
        self.users
            .iter()
            .find(|(_, user)| carries(user))
            .map(|(id, _)| id)
    }
}

/// The immutable id of an on-premises account: its objectGUID in the byte order of Windows, as base64.
#[must_use]
pub fn anchor(guid: &str) -> String {
    let bytes = Uuid::parse_str(guid).map_or([0; 16], |guid| guid.to_bytes_le());
    STANDARD.encode(bytes)
}

/// The security identifier of an on-premises account, the same for the same objectGUID.
#[must_use]
pub(crate) fn security_identifier(domain: &str, guid: &str) -> String {
    let words = |name: &str| {
        let bytes = Uuid::new_v5(&Uuid::NAMESPACE_DNS, name.as_bytes()).into_bytes();
        [0, 4, 8]
            .map(|at| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]))
    };
    let [a, b, c] = words(domain);
    format!("S-1-5-21-{a}-{b}-{c}-{}", words(guid)[0] % 90_000 + 1_100)
}
