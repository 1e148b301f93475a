//! Which properties of directory objects may be filtered, with which operators, and for which of them the advanced parameters are due.
//!
//! Source: Microsoft's table of 2021 in aad-advanced-queries, and the notes `Supports $filter` of the group page for `groupTypes`
//! and `resourceProvisioningOptions`.

/// What a filter clause needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing more.
    Nothing,
    /// `ConsistencyLevel: eventual` and `$count=true`.
    Advanced,
}

/// Texts with eq, ge, le, in and startsWith by default.
const TEXTS: &[&str] = &[
    "city",
    "classification",
    "country",
    "department",
    "displayName",
    "employeeId",
    "givenName",
    "imAddresses",
    "infoCatalogs",
    "jobTitle",
    "mail",
    "mailNickname",
    "membershipRule",
    "onPremisesImmutableId",
    "onPremisesUserPrincipalName",
    "otherMails",
    "proxyAddresses",
    "state",
    "surname",
    "usageLocation",
    "userPrincipalName",
];

/// Switches, names of kinds and collections with eq and in by default.
const SWITCHES: &[&str] = &[
    "accountEnabled",
    "ageGroup",
    "assignedLicenses",
    "consentProvidedForMinor",
    "creationType",
    "externalUserState",
    "groupTypes",
    "hasMembersWithLicenseErrors",
    "id",
    "identities",
    "isAssignableToRole",
    "isResourceAccount",
    "mailEnabled",
    "onPremisesProvisioningErrors",
    "onPremisesSyncEnabled",
    "resourceProvisioningOptions",
    "securityEnabled",
    "userType",
];

/// Times with eq, ge and le by default.
const TIMES: &[&str] = &[
    "createdDateTime",
    "deletedDateTime",
    "onPremisesLastSyncDateTime",
    "renewedDateTime",
];

/// What is filtered with the advanced parameters only.
const ADVANCED: &[&str] = &[
    "assignedPlans",
    "businessPhones",
    "companyName",
    "description",
    "employeeHireDate",
    "employeeOrgData",
    "employeeType",
    "expirationDateTime",
    "faxNumber",
    "mobilePhone",
    "officeLocation",
    "onPremisesExtensionAttributes",
    "onPremisesSamAccountName",
    "passwordPolicies",
    "passwordProfile",
    "postalCode",
    "preferredLanguage",
    "provisionedPlans",
    "showInAddressList",
    "streetAddress",
];

/// The only texts whose end may be asked for.
const ENDS: &[&str] = &["mail", "userPrincipalName"];

/// What a clause on a property needs; none when Graph does not answer it at all.
pub(super) fn needs(property: &str, operator: &str) -> Option<Needs> {
    let known = [TEXTS, SWITCHES, TIMES, ADVANCED]
        .iter()
        .any(|group| group.contains(&property));
    if !known {
        return None;
    }
    match operator {
        "gt" | "lt" => None,
        "endsWith" => ENDS.contains(&property).then_some(Needs::Advanced),
        "ne" | "not" | "null" => Some(Needs::Advanced),
        _ if ADVANCED.contains(&property) => Some(Needs::Advanced),
        "eq" => Some(Needs::Nothing),
        "startsWith" => TEXTS.contains(&property).then_some(Needs::Nothing),
        "ge" | "le" => {
            (TEXTS.contains(&property) || TIMES.contains(&property)).then_some(Needs::Nothing)
        }
        "in" if TIMES.contains(&property) => Some(Needs::Advanced),
        "in" => Some(Needs::Nothing),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_as_microsoft_prints_it() {
        assert_eq!(needs("displayName", "startsWith"), Some(Needs::Nothing));
        assert_eq!(needs("displayName", "ne"), Some(Needs::Advanced));
        assert_eq!(needs("companyName", "eq"), Some(Needs::Advanced));
        assert_eq!(
            needs("userPrincipalName", "endsWith"),
            Some(Needs::Advanced)
        );
        assert_eq!(needs("displayName", "endsWith"), None);
        assert_eq!(needs("employeeLeaveDateTime", "ge"), None);
        assert_eq!(needs("accountEnabled", "startsWith"), None);
    }
}
