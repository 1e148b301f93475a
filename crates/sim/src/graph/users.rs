//! Users: reading, updating, disabling, deleting, sessions, manager and reports.
//!
//! Source: Graph v1.0 reference pages of user, and the rules for synced and privileged people in their notes.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::query::{self, Rules};
use super::{Ask, Outcome, bad_request, denied, error, licences, not_found, schema};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::world::{DeletedUser, Id, Tenant, User};

/// What a user shows without `$select`.
const DEFAULT: &[&str] = &[
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

const SYNCED: &str = "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.";

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
        "provisionedPlans": [],
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
        "employeeType": user.employee_type,
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
        "onPremisesImmutableId": user.on_premises_immutable_id,
        "onPremisesLastSyncDateTime": user.on_premises_last_sync_date_time.map(time),
        "onPremisesProvisioningErrors": [],
        "onPremisesSamAccountName": user.on_premises_sam_account_name,
        "onPremisesSecurityIdentifier": user.on_premises_security_identifier,
        "onPremisesSyncEnabled": user.on_premises_sync_enabled,
        "onPremisesUserPrincipalName": user.on_premises_user_principal_name,
        "otherMails": user.other_mails,
        "passwordPolicies": null,
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

pub(super) fn list(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let searching = ["$filter", "$search"]
        .iter()
        .any(|option| ask.call.option(option).is_some());
    if searching || ask.call.option("$orderby").is_some() {
        let tenant = visit.indexed();
        let items = tenant
            .users
            .iter()
            .map(|(id, user)| full(tenant, id, user))
            .collect();
        return query::list(ask, items, &RULES);
    }
    let tenant = visit.seen();
    query::list(
        ask,
        tenant
            .users
            .iter()
            .map(|(id, user)| full(tenant, id, user))
            .collect(),
        &RULES,
    )
}

pub(super) fn get(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let (id, user) = tenant.user(ask.id(0)).ok_or_else(|| not_found(ask.id(0)))?;
    let mut item = full(tenant, id, user);
    if let Some(expand) = ask.call.option("$expand") {
        expand_manager(tenant, user, expand, &mut item)?;
    }
    query::single(ask, item, &RULES)
}

fn expand_manager(
    tenant: &Tenant,
    user: &User,
    expand: &str,
    item: &mut Value,
) -> Result<(), Answer> {
    let name = expand.split('(').next().unwrap_or_default().trim();
    if name != "manager" {
        return Err(error(
            400,
            "BadRequest",
            &format!(
                "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type 'microsoft.graph.user'."
            ),
        ));
    }
    let Some((id, manager)) = user.manager.as_ref().and_then(|id| tenant.user(id)) else {
        return Ok(());
    };
    let whole = full(tenant, id, manager);
    let chosen: Vec<String> = expand
        .split_once("$select=")
        .map(|(_, list)| {
            list.trim_end_matches(')')
                .split([',', ';'])
                .map(|name| name.trim().to_owned())
                .collect()
        })
        .unwrap_or_else(|| DEFAULT.iter().map(|name| (*name).to_owned()).collect());
    let mut shown = Map::new();
    shown.insert("@odata.type".to_owned(), json!("#microsoft.graph.user"));
    for name in chosen {
        shown.insert(name.clone(), whole[name.as_str()].clone());
    }
    shown.insert("id".to_owned(), json!(id));
    item["manager"] = Value::Object(shown);
    Ok(())
}

pub(super) fn patch(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let id = known(visit, ask.id(0))?;
    let body = ask.body()?;
    for name in body.keys() {
        may_write(visit, ask, &id, name)?;
    }
    let synced = visit.primary().users[&id].on_premises_sync_enabled == Some(true);
    if synced
        && body
            .keys()
            .any(|name| !CLOUD_WRITABLE.contains(&name.as_str()))
    {
        return Err(bad_request(SYNCED));
    }
    let now = visit.now();
    visit.change("PATCH /users/{id}", |tenant| {
        let taken = |tenant: &Tenant, upn: &str| {
            tenant.user(upn).is_some_and(|(other, _)| *other != id)
        };
        if let Some(upn) = body.get("userPrincipalName").and_then(Value::as_str) {
            check_upn(tenant, upn)?;
            if taken(tenant, upn) {
                return Err(bad_request("Another object with the same value for property userPrincipalName already exists."));
            }
        }
        let user = tenant.users.get_mut(&id).ok_or_else(|| not_found(&id))?;
        body.iter().try_for_each(|(name, value)| write(user, name, value, now))
    })?;
    Ok(Answer::empty(204))
}

/// What stays writable in the cloud on a synced user. `accountEnabled` is accepted, and the next sync puts it back.
const CLOUD_WRITABLE: [&str; 2] = ["accountEnabled", "usageLocation"];

/// Checks the permission for one property (permission notes of the user-update page).
fn may_write(visit: &Visit<'_>, ask: &Ask<'_>, id: &str, name: &str) -> Result<(), Answer> {
    let claims = ask.claims;
    let general = claims.has_any(&["User.ReadWrite.All", "Directory.ReadWrite.All"]);
    let reads = claims.has_any(&[
        "User.Read.All",
        "User.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ]);
    let allowed = match name {
        "accountEnabled" => {
            general || (reads && claims.has_any(&["User.EnableDisableAccount.All"]))
        }
        "passwordProfile" => {
            let by_role =
                claims.has_any(&["User.ReadWrite.All"]) && claims.resets_passwords_by_role();
            by_role || claims.has_any(&["User-PasswordProfile.ReadWrite.All"])
        }
        "businessPhones" | "mobilePhone" => {
            general || claims.has_any(&["User-Phone.ReadWrite.All"])
        }
        "otherMails" => general || claims.has_any(&["User-Mail.ReadWrite.All"]),
        "employeeLeaveDateTime" => {
            claims.has_any(&["User-LifeCycleInfo.ReadWrite.All"])
                && claims.has_any(&["User.Read.All", "User.ReadWrite.All"])
        }
        _ => general,
    };
    if !allowed {
        return Err(denied());
    }
    let sensitive = [
        "accountEnabled",
        "mobilePhone",
        "otherMails",
        "passwordProfile",
        "userPrincipalName",
    ]
    .contains(&name);
    if sensitive {
        guard(visit, ask, id)
    } else {
        Ok(())
    }
}

fn check_upn(tenant: &Tenant, upn: &str) -> Result<(), Answer> {
    let domain = upn
        .split_once('@')
        .map(|(_, domain)| domain.to_lowercase())
        .unwrap_or_default();
    if tenant
        .domains
        .iter()
        .any(|known| known.verified && known.name == domain)
    {
        return Ok(());
    }
    Err(bad_request(
        "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.",
    ))
}

fn write(user: &mut User, name: &str, value: &Value, now: Timestamp) -> Result<(), Answer> {
    let invalid = || {
        bad_request(&format!(
            "Invalid value specified for property '{name}' of resource 'User'."
        ))
    };
    let text = || match value {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() => Err(invalid()),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(invalid()),
    };
    let needed = || text().and_then(|text| text.ok_or_else(invalid));
    let list = || serde_json::from_value::<Vec<String>>(value.clone()).map_err(|_| invalid());
    let moment = || match value {
        Value::Null => Ok(None),
        Value::String(text) => text.parse::<Timestamp>().map(Some).map_err(|_| invalid()),
        _ => Err(invalid()),
    };
    match name {
        "accountEnabled" => user.account_enabled = value.as_bool().ok_or_else(invalid)?,
        "userPrincipalName" => user.user_principal_name = needed()?,
        "displayName" => user.display_name = needed()?,
        "usageLocation" => {
            user.usage_location = Some(
                needed()
                    .ok()
                    .filter(|text| text.len() == 2)
                    .ok_or_else(invalid)?,
            );
        }
        "mailNickname" => user.mail_nickname = Some(needed()?),
        "givenName" => user.given_name = text()?,
        "surname" => user.surname = text()?,
        "department" => user.department = text()?,
        "jobTitle" => user.job_title = text()?,
        "companyName" => user.company_name = text()?,
        "officeLocation" => user.office_location = text()?,
        "employeeId" => user.employee_id = text()?,
        "employeeType" => user.employee_type = text()?,
        "employeeHireDate" => user.employee_hire_date = moment()?,
        "employeeLeaveDateTime" => user.employee_leave_date_time = moment()?,
        "mobilePhone" => user.mobile_phone = text()?,
        "preferredLanguage" => user.preferred_language = text()?,
        "city" => user.city = text()?,
        "country" => user.country = text()?,
        "state" => user.state = text()?,
        "streetAddress" => user.street_address = text()?,
        "postalCode" => user.postal_code = text()?,
        "onPremisesImmutableId" => user.on_premises_immutable_id = text()?,
        "showInAddressList" => user.show_in_address_list = value.as_bool(),
        "businessPhones" => {
            user.business_phones = list()
                .ok()
                .filter(|list| list.len() <= 1)
                .ok_or_else(invalid)?
        }
        "otherMails" => user.other_mails = list()?,
        "passwordProfile" => set_password(user, value, now)?,
        "mail" | "proxyAddresses" => {
            return Err(bad_request(&format!(
                "Property '{name}' is read-only and cannot be set."
            )));
        }
        _ => {
            return Err(bad_request(&format!(
                "One or more property values specified are invalid: '{name}'."
            )));
        }
    }
    Ok(())
}

fn set_password(user: &mut User, profile: &Value, now: Timestamp) -> Result<(), Answer> {
    if let Some(force) = profile["forceChangePasswordNextSignIn"].as_bool() {
        user.force_change_password = force;
    }
    let Some(password) = profile["password"].as_str() else {
        return Ok(());
    };
    let kinds: [fn(char) -> bool; 4] = [
        |c| c.is_lowercase(),
        |c| c.is_uppercase(),
        |c| c.is_ascii_digit(),
        |c| !c.is_alphanumeric(),
    ];
    let complex = kinds
        .iter()
        .filter(|kind| password.chars().any(**kind))
        .count()
        >= 3;
    if password.chars().count() < 8 || password.chars().count() > 256 || !complex {
        return Err(bad_request(
            "The specified password does not comply with password complexity requirements. Please provide a different password.",
        ));
    }
    let digest = Sha256::digest(password.as_bytes());
    user.password_hash = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    user.last_password_change_date_time = now;
    Ok(())
}

pub(super) fn delete(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let id = known(visit, ask.id(0))?;
    guard(visit, ask, &id)?;
    delete_user(visit, &id, "DELETE /users/{id}")
}

/// Moves a user into the recycle bin with mailbox and memberships; licences are free at once.
pub(super) fn delete_user(visit: &mut Visit<'_>, id: &str, operation: &str) -> Outcome {
    let now = visit.now();
    visit.change(operation, |tenant| {
        let user = tenant.users.remove(id).ok_or_else(|| not_found(id))?;
        let mailbox = tenant.mailboxes.remove(id).map(Box::new);
        let mut deleted = DeletedUser {
            deleted_date_time: now,
            user,
            mailbox,
            ..DeletedUser::default()
        };
        for (group_id, group) in &mut tenant.groups {
            if group.members.remove(id) {
                deleted.member_of.insert(group_id.clone());
            }
            if group.owners.remove(id) {
                deleted.owner_of.insert(group_id.clone());
            }
        }
        tenant
            .role_assignments
            .retain(|_, assignment| assignment.principal_id != id);
        tenant
            .eligibilities
            .retain(|_, eligibility| eligibility.principal_id != id);
        tenant.deleted_users.insert(id.to_owned(), deleted);
        Ok(())
    })?;
    Ok(Answer::empty(204))
}

pub(super) fn revoke_sessions(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let id = known(visit, ask.id(0))?;
    let now = visit.now();
    visit.change("POST /users/{id}/revokeSignInSessions", |tenant| {
        let user = tenant.users.get_mut(&id).ok_or_else(|| not_found(&id))?;
        user.sign_in_sessions_valid_from_date_time = now;
        Ok(())
    })?;
    Ok(Answer::json(
        200,
        json!({"@odata.context": ask.context("Edm.Boolean"), "value": true}),
    ))
}

fn no_manager() -> Answer {
    not_found("manager")
}

pub(super) fn manager(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let (_, user) = tenant.user(ask.id(0)).ok_or_else(|| not_found(ask.id(0)))?;
    let (id, manager) = user
        .manager
        .as_ref()
        .and_then(|id| tenant.user(id))
        .ok_or_else(no_manager)?;
    let mut item = full(tenant, id, manager);
    item["@odata.type"] = json!("#microsoft.graph.user");
    query::single(
        ask,
        item,
        &Rules {
            context: "directoryObjects",
            ..RULES
        },
    )
}

pub(super) fn set_manager(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let id = known(visit, ask.id(0))?;
    let manager = ask.reference()?;
    if !visit.primary().users.contains_key(&manager) {
        return Err(not_found(&manager));
    }
    refuse_synced(visit, &id)?;
    visit.change("PUT /users/{id}/manager/$ref", |tenant| {
        tenant
            .users
            .get_mut(&id)
            .ok_or_else(|| not_found(&id))?
            .manager = Some(manager);
        Ok(())
    })?;
    Ok(Answer::empty(204))
}

pub(super) fn remove_manager(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let id = known(visit, ask.id(0))?;
    refuse_synced(visit, &id)?;
    visit.change("DELETE /users/{id}/manager/$ref", |tenant| {
        let user = tenant.users.get_mut(&id).ok_or_else(|| not_found(&id))?;
        user.manager.take().map(|_| ()).ok_or_else(no_manager)
    })?;
    Ok(Answer::empty(204))
}

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

pub(super) fn direct_reports(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let (id, _) = tenant.user(ask.id(0)).ok_or_else(|| not_found(ask.id(0)))?;
    let reports = tenant
        .users
        .iter()
        .filter(|(_, user)| user.manager.as_ref() == Some(id));
    let items = reports
        .map(|(id, user)| {
            let mut item = full(tenant, id, user);
            item["@odata.type"] = json!("#microsoft.graph.user");
            item
        })
        .collect();
    query::list(
        ask,
        items,
        &Rules {
            context: "directoryObjects",
            ..RULES
        },
    )
}
