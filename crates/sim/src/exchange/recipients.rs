//! Recipients and users in general: who is behind a name, and which lists a person is on.

use serde_json::{Value, json};

use super::cmdlets::Context;
use super::errors::Refusal;
use super::identity::{self, Kind, Recipient};
use super::output::{Output, time};
use super::parameters::Parameters;
use crate::world::{Group, Tenant};

const DETAILS: &str = "Microsoft.Exchange.Data.Directory.Recipient.RecipientTypeDetails[]";
const TYPE: &str = "Microsoft.Exchange.Data.Directory.Recipient.RecipientType[]";
const ALL_DETAILS: [&str; 12] = [
    "UserMailbox",
    "SharedMailbox",
    "RoomMailbox",
    "EquipmentMailbox",
    "GroupMailbox",
    "MailUser",
    "GuestMailUser",
    "User",
    "DisabledUser",
    "MailContact",
    "MailUniversalDistributionGroup",
    "MailUniversalSecurityGroup",
];
const ALL_TYPES: [&str; 6] = [
    "UserMailbox",
    "MailUser",
    "User",
    "MailContact",
    "MailUniversalDistributionGroup",
    "MailUniversalSecurityGroup",
];

/// `Get-Recipient`.
pub(super) fn get(
    tenant: &Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let details = parameters.list_of("RecipientTypeDetails", DETAILS, &ALL_DETAILS)?;
    let types = parameters.list_of("RecipientType", TYPE, &ALL_TYPES)?;
    let identity = parameters.text("Identity")?;
    let found = match identity {
        Some(name) => vec![
            identity::find(tenant, name, Recipient::has_mail)?
                .ok_or_else(|| Refusal::not_found(name))?,
        ],
        None => identity::everybody(tenant)
            .filter(Recipient::has_mail)
            .collect(),
    };
    let wanted = |one: &Recipient<'_>| {
        details
            .as_ref()
            .is_none_or(|kinds| kinds.contains(&one.type_details()))
            && types
                .as_ref()
                .is_none_or(|kinds| kinds.contains(&one.recipient_type()))
    };
    let rows = found.iter().filter(|one| wanted(one)).map(|one| {
        let mut row = shown(tenant, one);
        if let Kind::Group(group) = one.kind {
            // Can be filtered by, but is not among the properties returned.
            row["Members"] = json!(member_names(tenant, group));
        }
        row
    });
    let mut output = Output::rows(rows);
    if identity.is_none() {
        output = output.listed(parameters)?;
    }
    let properties = parameters.list("Properties")?;
    for row in &mut output.rows {
        row.remove("Members");
        if let Some(properties) = &properties {
            row.retain(|name, _| {
                properties
                    .iter()
                    .any(|wanted| wanted.eq_ignore_ascii_case(name))
            });
        }
    }
    Ok(output)
}

/// The distinguished names of a group's direct members, which filters compare with.
pub(super) fn member_names(tenant: &Tenant, group: &Group) -> Vec<String> {
    let members = group
        .members
        .iter()
        .filter_map(|id| identity::by_id(tenant, id));
    members.map(|member| member.distinguished_name()).collect()
}

/// A recipient as `Get-Recipient` and `Get-DistributionGroupMember` show it.
pub(super) fn shown(tenant: &Tenant, recipient: &Recipient<'_>) -> Value {
    let user = recipient.user();
    let (exchange_guid, hidden) = match recipient.kind {
        Kind::Mailbox(mailbox, _) => (mailbox.exchange_guid.as_str(), mailbox.hidden),
        _ => ("00000000-0000-0000-0000-000000000000", false),
    };
    let owners = match recipient.kind {
        Kind::Group(group) => identity::names(tenant, &group.owners),
        _ => json!([]),
    };
    json!({
        "Alias": recipient.alias(),
        "DisplayName": recipient.display_name(),
        "PrimarySmtpAddress": recipient.address(),
        "EmailAddresses": recipient.addresses(),
        "ExternalDirectoryObjectId": recipient.id,
        "ExchangeGuid": exchange_guid,
        "FirstName": user.and_then(|user| user.given_name.as_deref()).unwrap_or(""),
        "LastName": user.and_then(|user| user.surname.as_deref()).unwrap_or(""),
        "Title": user.and_then(|user| user.job_title.as_deref()).unwrap_or(""),
        "Department": user.and_then(|user| user.department.as_deref()).unwrap_or(""),
        "Company": user.and_then(|user| user.company_name.as_deref()).unwrap_or(""),
        "Office": user.and_then(|user| user.office_location.as_deref()).unwrap_or(""),
        "City": user.and_then(|user| user.city.as_deref()).unwrap_or(""),
        "ManagedBy": owners,
        "HiddenFromAddressListsEnabled": hidden,
        "IsDirSynced": recipient.is_synced(),
        "RecipientType": recipient.recipient_type(),
        "RecipientTypeDetails": recipient.type_details(),
        "DistinguishedName": recipient.distinguished_name(),
        "Guid": recipient.guid(),
        "Identity": recipient.name(),
        "Id": recipient.name(),
        "Name": recipient.name(),
        "IsValid": true,
        "ObjectState": "Unchanged",
    })
}

/// `Get-User`: accounts, whether they have a mailbox or not.
pub(super) fn get_user(
    tenant: &Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let details = parameters.list_of("RecipientTypeDetails", DETAILS, &ALL_DETAILS)?;
    let is_account = |recipient: &Recipient<'_>| recipient.user().is_some();
    let identity = parameters.text("Identity")?;
    let found = match identity {
        Some(name) => vec![
            identity::find(tenant, name, is_account)?.ok_or_else(|| Refusal::not_found(name))?,
        ],
        None => identity::everybody(tenant).filter(is_account).collect(),
    };
    let wanted = |one: &&Recipient<'_>| {
        details
            .as_ref()
            .is_none_or(|kinds| kinds.contains(&one.type_details()))
    };
    let rows = found.iter().filter(wanted).filter_map(|one| {
        let user = one.user()?;
        let mut row = shown(tenant, one);
        let manager = user
            .manager
            .as_ref()
            .and_then(|id| identity::by_id(tenant, id))
            .map(|manager| manager.name());
        let more = json!({
            "UserPrincipalName": user.user_principal_name,
            "MicrosoftOnlineServicesID": user.user_principal_name,
            "WindowsEmailAddress": one.address(),
            "AccountDisabled": !user.account_enabled,
            "Manager": manager,
            "Sid": identity::sid(one.id),
            "StsRefreshTokensValidFrom": time(user.sign_in_sessions_valid_from_date_time),
            "WhenCreated": time(user.created_date_time),
        });
        if let (Some(row), Value::Object(more)) = (row.as_object_mut(), more) {
            row.extend(more);
        }
        Some(row)
    });
    let output = Output::rows(rows);
    match identity {
        Some(_) => Ok(output),
        None => output.listed(parameters),
    }
}
