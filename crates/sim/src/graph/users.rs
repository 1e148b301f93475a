//! Users: reading and finding them. What is written stands in the files beside.
//!
//! Source: Graph v1.0 reference pages of user, and the rules for synced and privileged people in their notes.

mod bin;
mod countries;
mod create;
mod manager;
mod names;
mod password;
mod properties;
mod update;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::query::{self, Rules};
use super::{Ask, Outcome, bad_request, denied, licences, not_found, schema};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::world::{Id, Tenant, User};

pub(super) use bin::{delete, delete_user, deleted, deleted_item, purge, restore};
pub(super) use create::create;
pub(super) use manager::{direct_reports, manager, remove_manager, set_manager};
pub(super) use names::{check_nickname, has_address};
pub(super) use update::{patch, revoke_sessions};

/// What a user shows without `$select`.
pub(super) const DEFAULT: &[&str] = &[
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
];

pub(super) const SYNCED: &str = "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.";

pub(super) const RULES: Rules<'static> = Rules {
    context: "users",
    known: schema::USER,
    default: DEFAULT,
    kind: "microsoft.graph.user",
    page: [100, 999],
};

/// A user with all properties that the sandbox knows.
pub(super) fn full(tenant: &Tenant, id: &str, user: &User) -> Value {
    json!({
        "id": id,
        "deletedDateTime": null,
        "accountEnabled": user.account_enabled,
        "assignedLicenses": licences::assigned(user),
        "assignedPlans": licences::plans(tenant, user),
        "licenseAssignmentStates": licences::states(user),
        "provisionedPlans": licences::provisioned(tenant, user),
        // What the metadata declares as not nullable has a value though nobody set one.
        "birthday": "0001-01-01T00:00:00Z",
        "hireDate": "0001-01-01T00:00:00Z",
        "deviceEnrollmentLimit": 5,
        "interests": [],
        "pastProjects": [],
        "responsibilities": [],
        "schools": [],
        "skills": [],
        "businessPhones": user.business_phones,
        "city": user.city,
        "companyName": user.company_name,
        "country": user.country,
        "createdDateTime": time(user.created_date_time),
        "creationType": null,
        "department": user.department,
        "displayName": user.display_name,
        "employeeHireDate": user.employee_hire_date.map(time),
        "employeeId": user.employee_id,
        "employeeLeaveDateTime": user.employee_leave_date_time.map(time),
        "employeeOrgData": user.employee_org_data.as_ref().map(|data| {
            json!({"division": data.division, "costCenter": data.cost_center})
        }),
        "employeeType": user.employee_type,
        "faxNumber": user.fax_number,
        "givenName": user.given_name,
        "identities": [{"signInType": "userPrincipalName", "issuer": tenant.initial_domain(), "issuerAssignedId": user.user_principal_name}],
        "imAddresses": [],
        "isResourceAccount": user.is_resource_account,
        "jobTitle": user.job_title,
        "lastPasswordChangeDateTime": time(user.last_password_change_date_time),
        "mail": user.mail,
        "mailNickname": user.mail_nickname,
        "mobilePhone": user.mobile_phone,
        "officeLocation": user.office_location,
        "onPremisesDistinguishedName": user.on_premises_distinguished_name,
        "onPremisesDomainName": user.on_premises_domain_name,
        "onPremisesExtensionAttributes": extension_attributes(user),
        "onPremisesImmutableId": user.on_premises_immutable_id,
        "onPremisesLastSyncDateTime": user.on_premises_last_sync_date_time.map(time),
        "onPremisesProvisioningErrors": [],
        "onPremisesSamAccountName": user.on_premises_sam_account_name,
        "onPremisesSecurityIdentifier": user.on_premises_security_identifier,
        "onPremisesSyncEnabled": user.on_premises_sync_enabled,
        "onPremisesUserPrincipalName": user.on_premises_user_principal_name,
        "otherMails": user.other_mails,
        "passwordPolicies": user.password_policies,
        "passwordProfile": null,
        "postalCode": user.postal_code,
        "preferredLanguage": user.preferred_language,
        "proxyAddresses": user.proxy_addresses,
        "serviceProvisioningErrors": [],
        "showInAddressList": user.show_in_address_list,
        "signInSessionsValidFromDateTime": time(user.sign_in_sessions_valid_from_date_time),
        "state": user.state,
        "streetAddress": user.street_address,
        "surname": user.surname,
        "usageLocation": user.usage_location,
        "userPrincipalName": user.user_principal_name,
        "userType": user.user_type,
    })
}

/// `extensionAttribute1` to `15`, null where nothing was written.
fn extension_attributes(user: &User) -> Value {
    let pairs = (1..=properties::EXTENSION_ATTRIBUTES).map(|number| {
        let name = format!("extensionAttribute{number}");
        let value = user.extension_attributes.get(&name).cloned();
        (name, json!(value))
    });
    Value::Object(pairs.collect())
}

/// A time as the directory shows it: whole seconds, UTC.
pub(super) fn time(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The object id behind an id or UPN on the primary, for writes.
pub(super) fn known(visit: &Visit<'_>, id_or_upn: &str) -> Result<Id, Answer> {
    visit
        .primary()
        .user(id_or_upn)
        .map(|(id, _)| id.clone())
        .ok_or_else(|| not_found(id_or_upn))
}

/// Refuses sensitive actions on holders of privileged roles unless the service principal has a role of its own.
pub(super) fn guard(visit: &Visit<'_>, ask: &Ask<'_>, user: &str) -> Result<(), Answer> {
    if visit.primary().is_privileged(user) && !ask.claims.guards_privileged() {
        return Err(denied());
    }
    Ok(())
}

/// Refuses what only the on-premises directory writes.
fn refuse_synced(visit: &Visit<'_>, id: &str) -> Result<(), Answer> {
    let synced = visit
        .primary()
        .users
        .get(id)
        .is_some_and(|user| user.on_premises_sync_enabled == Some(true));
    if synced {
        Err(bad_request(SYNCED))
    } else {
        Ok(())
    }
}

/// A user among other directory objects.
fn typed(tenant: &Tenant, id: &str, user: &User) -> Value {
    let mut item = full(tenant, id, user);
    item["@odata.type"] = json!("#microsoft.graph.user");
    item
}

/// Where a list is read from: queries and counts are answered by the index, which lags further.
fn source<'v>(visit: &'v Visit<'_>, ask: &Ask<'_>) -> &'v Tenant {
    let queried = ["$filter", "$search", "$orderby"]
        .iter()
        .any(|option| ask.call.option(option).is_some());
    if queried || ask.is_eventual() {
        visit.indexed()
    } else {
        visit.seen()
    }
}

pub(super) fn list(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = source(visit, ask);
    let mut items = Vec::new();
    for (id, user) in &tenant.users {
        let mut item = full(tenant, id, user);
        expand_manager(tenant, ask, user, &mut item)?;
        items.push(item);
    }
    query::list(ask, items, &RULES)
}

pub(super) fn count(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.indexed();
    let users = tenant.users.iter();
    let items = users.map(|(id, user)| full(tenant, id, user)).collect();
    query::count(ask, items, &RULES)
}

pub(super) fn get(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let (id, user) = tenant.user(ask.id(0)).ok_or_else(|| not_found(ask.id(0)))?;
    let mut item = full(tenant, id, user);
    expand_manager(tenant, ask, user, &mut item)?;
    query::single(ask, item, &RULES)
}

/// `$expand=manager` and `$expand=manager($select=…)`; nothing else of a user is expanded here.
fn expand_manager(
    tenant: &Tenant,
    ask: &Ask<'_>,
    user: &User,
    item: &mut Value,
) -> Result<(), Answer> {
    let Some(expand) = ask.call.option("$expand") else {
        return Ok(());
    };
    let (name, inner) = expand.split_once('(').unwrap_or((expand, ""));
    if name.trim() != "manager" {
        return Err(query::no_such_expansion(name.trim(), RULES.kind));
    }
    let inner = inner.trim_end_matches(')');
    let chosen: Vec<String> = match inner.strip_prefix("$select=") {
        Some(list) => list
            .split([',', ';'])
            .map(|name| name.trim().to_owned())
            .collect(),
        None if inner.is_empty() => DEFAULT.iter().map(|name| (*name).to_owned()).collect(),
        // `$levels`, which climbs the chain, is not served here.
        None => return Err(query::no_such_expansion(inner, RULES.kind)),
    };
    let Some((id, manager)) = user.manager.as_ref().and_then(|id| tenant.user(id)) else {
        return Ok(());
    };
    let whole = full(tenant, id, manager);
    let mut shown = Map::new();
    shown.insert("@odata.type".to_owned(), json!("#microsoft.graph.user"));
    for name in chosen {
        shown.insert(name.clone(), whole[name.as_str()].clone());
    }
    shown.insert("id".to_owned(), json!(id));
    item["manager"] = Value::Object(shown);
    Ok(())
}
