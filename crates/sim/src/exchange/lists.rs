//! Distribution lists and mail-enabled security groups: whom they reach and who may change that.

use serde_json::{Value, json};

use super::cmdlets::Context;
use super::errors::Refusal;
use super::identity::{self, Kind, Recipient};
use super::output::{Output, nothing_modified, time};
use super::parameters::Parameters;
use super::recipients;
use crate::world::{Group, Id, Tenant};

const DETAILS: &str = "Microsoft.Exchange.Data.Directory.Recipient.RecipientTypeDetails[]";

/// `Get-DistributionGroup`.
pub(super) fn get(
    tenant: &Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let kinds = [
        "MailUniversalDistributionGroup",
        "MailUniversalSecurityGroup",
        "MailNonUniversalGroup",
        "RoomList",
    ];
    let kinds = parameters.list_of("RecipientTypeDetails", DETAILS, &kinds)?;
    let manager = parameters.text("ManagedBy")?;
    let manager = manager
        .map(|name| identity::principal(tenant, name).map(|found| found.id.to_owned()))
        .transpose()?;
    let identity = parameters.text("Identity")?;
    let found = match identity {
        Some(identity) => vec![list(tenant, identity)?],
        None => identity::everybody(tenant).filter(is_list).collect(),
    };
    let rows = found
        .into_iter()
        .filter_map(|recipient| match recipient.kind {
            Kind::Group(group)
                if kinds
                    .as_ref()
                    .is_none_or(|kinds| kinds.contains(&recipient.type_details()))
                    && manager
                        .as_ref()
                        .is_none_or(|manager| group.owners.contains(manager)) =>
            {
                Some(shown(tenant, &recipient, group, parameters))
            }
            _ => None,
        });
    let mut output = Output::rows(rows);
    if identity.is_none() {
        output = output.listed(parameters)?;
    }
    for row in &mut output.rows {
        row.remove("Members");
    }
    Ok(output)
}

fn shown(
    tenant: &Tenant,
    recipient: &Recipient<'_>,
    group: &Group,
    parameters: &Parameters,
) -> Value {
    let mut row = json!({
        "GroupType": if group.security_enabled { "Universal, SecurityEnabled" } else { "Universal" },
        "ManagedBy": identity::names(tenant, &group.owners),
        "MemberJoinRestriction": "Closed",
        "MemberDepartRestriction": if group.security_enabled { "Closed" } else { "Open" },
        "IsDirSynced": group.is_synced(),
        "Alias": group.mail_nickname,
        "DisplayName": group.display_name,
        "Description": group.description.iter().collect::<Vec<_>>(),
        "EmailAddresses": recipient.addresses(),
        "ExternalDirectoryObjectId": recipient.id,
        "HiddenFromAddressListsEnabled": false,
        "PrimarySmtpAddress": recipient.address(),
        "WindowsEmailAddress": recipient.address(),
        "RecipientType": recipient.recipient_type(),
        "RecipientTypeDetails": recipient.type_details(),
        "DistinguishedName": recipient.distinguished_name(),
        "Guid": recipient.guid(),
        "Identity": recipient.name(),
        "Id": recipient.name(),
        "Name": recipient.name(),
        "WhenCreated": time(group.created_date_time),
        "IsValid": true,
        "ObjectState": "Unchanged",
        // Can be filtered by, but is not among the properties returned.
        "Members": recipients::member_names(tenant, group),
    });
    if parameters.switch("IncludeManagedByWithDisplayNames") {
        let owners = group
            .owners
            .iter()
            .filter_map(|id| identity::by_id(tenant, id));
        row["ManagedByWithDisplayNames"] =
            json!(owners.map(|owner| owner.display_name()).collect::<Vec<_>>());
    }
    row
}

fn is_list(recipient: &Recipient<'_>) -> bool {
    matches!(recipient.kind, Kind::Group(group) if group.is_exchange_managed())
}

/// The list that an identity names; Microsoft 365 groups are no distribution groups.
fn list<'a>(tenant: &'a Tenant, identity: &str) -> Result<Recipient<'a>, Refusal> {
    identity::find(tenant, identity, is_list)?.ok_or_else(|| Refusal::not_found(identity))
}

/// `Get-DistributionGroupMember`: direct members.
pub(super) fn get_members(
    tenant: &Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let found = list(tenant, parameters.required("Identity")?)?;
    let Kind::Group(group) = found.kind else {
        return Err(Refusal::not_found(found.id));
    };
    let members = group
        .members
        .iter()
        .filter_map(|id| identity::by_id(tenant, id));
    Output::rows(members.map(|member| recipients::shown(tenant, &member))).listed(parameters)
}

/// `Add-DistributionGroupMember`.
pub(super) fn add_member(
    tenant: &mut Tenant,
    context: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let (id, name) = writable(tenant, context, (parameters, "Members"))?;
    let given = parameters.required("Member")?;
    let member = identity::find(tenant, given, |_| true)?
        .ok_or_else(|| Refusal::no_such_recipient(given))?;
    let (member_id, shown) = (member.id.to_owned(), member.name());
    let group = tenant
        .groups
        .get_mut(&id)
        .ok_or_else(|| Refusal::not_found(&name))?;
    if !group.members.insert(member_id) {
        return Err(Refusal::member_exists(&shown, &name));
    }
    Ok(Output::default())
}

/// `Remove-DistributionGroupMember`.
pub(super) fn remove_member(
    tenant: &mut Tenant,
    context: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let (id, name) = writable(tenant, context, (parameters, "Members"))?;
    let given = parameters.required("Member")?;
    let member = identity::find(tenant, given, |_| true)?
        .ok_or_else(|| Refusal::no_such_recipient(given))?;
    let (member_id, shown) = (member.id.to_owned(), member.name());
    let group = tenant
        .groups
        .get_mut(&id)
        .ok_or_else(|| Refusal::not_found(&name))?;
    if !group.members.remove(&member_id) {
        return Err(Refusal::member_missing(&shown, &name));
    }
    Ok(Output::default())
}

/// `Set-DistributionGroup`, for its owners.
pub(super) fn set(
    tenant: &mut Tenant,
    context: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let (id, name) = writable(tenant, context, (parameters, "ManagedBy"))?;
    let before: Vec<Id> = tenant
        .groups
        .get(&id)
        .map(|group| group.owners.iter().cloned().collect())
        .unwrap_or_default();
    let resolve = |names: &[String]| {
        let ids = names
            .iter()
            .map(|name| identity::recipient(tenant, name).map(|found| found.id.to_owned()));
        ids.collect::<Result<Vec<Id>, Refusal>>()
    };
    let after = if parameters.has("ManagedBy") {
        parameters.changed_list("ManagedBy", &before, resolve)?
    } else {
        before.clone()
    };
    if after.is_empty() {
        return Err(Refusal::task(&format!(
            "The group \"{name}\" must have at least one owner (ManagedBy)."
        )));
    }
    let warning = (after == before).then(|| nothing_modified(&name));
    if let Some(group) = tenant.groups.get_mut(&id) {
        group.owners = after.into_iter().collect();
    }
    Ok(Output::warned(warning))
}

/// The list of a write, if this caller may write it: not mastered on-premises, and either owned or with the check bypassed.
fn writable(
    tenant: &Tenant,
    context: &Context<'_>,
    what: (&Parameters, &str),
) -> Result<(Id, String), Refusal> {
    let (parameters, property) = what;
    let found = list(tenant, parameters.required("Identity")?)?;
    let Kind::Group(group) = found.kind else {
        return Err(Refusal::not_found(found.id));
    };
    if found.is_synced() {
        return Err(Refusal::synced(
            "group",
            parameters.cmdlet(),
            property,
            &found.name(),
        ));
    }
    if !parameters.switch("BypassSecurityGroupManagerCheck")
        && !group.owners.contains(context.caller)
    {
        return Err(Refusal::not_a_manager());
    }
    Ok((found.id.to_owned(), found.name()))
}
