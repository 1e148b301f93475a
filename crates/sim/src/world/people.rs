//! People as Entra keeps them: accounts, licences, authentication methods.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Id;

/// A user account (microsoft.graph.user).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct User {
    /// Whether sign-in is open.
    pub account_enabled: bool,
    /// The sign-in name.
    pub user_principal_name: String,
    /// The name shown.
    pub display_name: String,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub surname: Option<String>,
    /// Primary mail address; set by Exchange, not by callers.
    pub mail: Option<String>,
    /// Alias part of the address.
    pub mail_nickname: Option<String>,
    /// All addresses with their prefix, `SMTP:` for the primary one.
    pub proxy_addresses: Vec<String>,
    /// Further contact addresses.
    pub other_mails: Vec<String>,
    /// Two-letter country that decides which services may be licensed.
    pub usage_location: Option<String>,
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
    /// Kind of employment.
    pub employee_type: Option<String>,
    /// Division and cost centre.
    pub employee_org_data: Option<EmployeeOrgData>,
    /// First working day.
    pub employee_hire_date: Option<Timestamp>,
    /// Last working day.
    pub employee_leave_date_time: Option<Timestamp>,
    /// Office telephone, one entry at most.
    pub business_phones: Vec<String>,
    /// Fax number.
    pub fax_number: Option<String>,
    /// Mobile telephone.
    pub mobile_phone: Option<String>,
    /// `extensionAttribute1` to `extensionAttribute15`, those that have a value.
    pub extension_attributes: BTreeMap<String, String>,
    /// Preferred language.
    pub preferred_language: Option<String>,
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
    /// Object id of the manager.
    pub manager: Option<Id>,
    /// `Member` or `Guest`.
    pub user_type: String,
    /// True for an account mastered on-premises.
    pub on_premises_sync_enabled: Option<bool>,
    /// Anchor to the on-premises account.
    pub on_premises_immutable_id: Option<String>,
    /// Last synchronisation.
    pub on_premises_last_sync_date_time: Option<Timestamp>,
    /// sAMAccountName of the on-premises account.
    pub on_premises_sam_account_name: Option<String>,
    /// Distinguished name of the on-premises account.
    pub on_premises_distinguished_name: Option<String>,
    /// DNS name of the on-premises domain.
    pub on_premises_domain_name: Option<String>,
    /// Sign-in name of the on-premises account, which may differ from the one in the cloud.
    pub on_premises_user_principal_name: Option<String>,
    /// Security identifier of the on-premises account.
    pub on_premises_security_identifier: Option<String>,
    /// When the account was made.
    pub created_date_time: Timestamp,
    /// Refresh tokens issued before this are dead.
    pub sign_in_sessions_valid_from_date_time: Timestamp,
    /// When the password last changed.
    pub last_password_change_date_time: Timestamp,
    /// SHA-256 of the password in hex; the password itself is never kept.
    pub password_hash: String,
    /// `DisableStrongPassword`, `DisablePasswordExpiration`, both or neither.
    pub password_policies: Option<String>,
    /// Whether the next sign-in must change the password.
    pub force_change_password: bool,
    /// Direct and inherited licences, one entry per origin (licenseAssignmentStates).
    pub licences: Vec<Licence>,
    /// Authentication methods by id, the password excepted.
    pub methods: BTreeMap<Id, AuthMethod>,
    /// Microsoft's flag for Teams resource accounts.
    pub is_resource_account: Option<bool>,
    /// Address list flag as Entra shows it, which lags behind Exchange.
    pub show_in_address_list: Option<bool>,
}

/// Where a person stands in the organisation's books (microsoft.graph.employeeOrgData).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmployeeOrgData {
    /// Division.
    pub division: Option<String>,
    /// Cost centre.
    pub cost_center: Option<String>,
}

/// One origin of one licence (microsoft.graph.licenseAssignmentState).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Licence {
    /// The SKU.
    pub sku_id: Id,
    /// Service plans switched off.
    pub disabled_plans: Vec<Id>,
    /// The group it comes from; none when assigned directly.
    pub assigned_by_group: Option<Id>,
    /// `Active`, `ActiveWithError`, `Disabled` or `Error`.
    pub state: String,
    /// The vendor's error name, `None` when there is none.
    pub error: String,
    /// When this last changed.
    pub last_updated_date_time: Timestamp,
}

impl Licence {
    /// A working licence assigned directly, with all plans on.
    #[must_use]
    pub fn direct(sku_id: &str, moment: Timestamp) -> Self {
        Self {
            sku_id: sku_id.to_owned(),
            disabled_plans: Vec::new(),
            assigned_by_group: None,
            state: "Active".to_owned(),
            error: "None".to_owned(),
            last_updated_date_time: moment,
        }
    }

    /// A working licence that comes through a group, with all plans on.
    #[must_use]
    pub fn inherited(sku_id: &str, group: &str, moment: Timestamp) -> Self {
        Self {
            assigned_by_group: Some(group.to_owned()),
            ..Self::direct(sku_id, moment)
        }
    }

    /// Whether the licence takes effect.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state == "Active" || self.state == "ActiveWithError"
    }
}

/// What an authentication method is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MethodKind {
    /// A telephone.
    #[default]
    Phone,
    /// Microsoft Authenticator.
    MicrosoftAuthenticator,
    /// A passkey or security key.
    Fido2,
    /// A code generator.
    SoftwareOath,
    /// Windows Hello for Business.
    WindowsHelloForBusiness,
    /// A mail address for self-service reset.
    Email,
    /// A temporary access pass.
    TemporaryAccessPass,
    /// A platform credential.
    PlatformCredential,
    /// An external provider.
    External,
}

/// One authentication method (microsoft.graph.authenticationMethod).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthMethod {
    /// Which kind.
    pub kind: MethodKind,
    /// Name, mail address or model, whichever the kind shows.
    pub label: Option<String>,
    /// Number of a telephone.
    pub phone_number: Option<String>,
    /// `mobile`, `alternateMobile` or `office`.
    pub phone_type: Option<String>,
    /// Whether it is the person's default for second factors.
    pub is_default: bool,
    /// For a temporary access pass: from when on it opens; none for at once.
    pub start_date_time: Option<Timestamp>,
    /// For a temporary access pass: how long it opens, in minutes.
    pub lifetime_in_minutes: u32,
    /// For a temporary access pass: whether one sign-in spends it.
    pub is_usable_once: bool,
    /// For a temporary access pass: SHA-256 of it in hex; the pass itself is never kept.
    pub secret_hash: String,
    /// When it was registered.
    pub created_date_time: Timestamp,
}
