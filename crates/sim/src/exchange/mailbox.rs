//! Mailboxes: reading them, converting, forwarding, hiding, holds and sizes.

use serde_json::{Value, json};

use super::addresses;
use super::cmdlets::Context;
use super::errors::Refusal;
use super::identity::{self, Kind, Recipient};
use super::output::{Output, nothing_modified, size, time};
use super::parameters::Parameters;
use crate::world::{Conversion, Id, Mailbox, RecipientKind, Tenant, User, has_plan};

const GIB: u64 = 1 << 30;
const NIL: &str = "00000000-0000-0000-0000-000000000000";
const SUBTYPE: &str = "Microsoft.Exchange.Management.RecipientTasks.ConvertibleMailboxSubType";
pub(super) const DETAILS: &str =
    "Microsoft.Exchange.Data.Directory.Recipient.RecipientTypeDetails[]";
/// Kinds that a mailbox list can be narrowed to.
pub(super) const MAILBOX_KINDS: [&str; 12] = [
    "UserMailbox",
    "SharedMailbox",
    "RoomMailbox",
    "EquipmentMailbox",
    "DiscoveryMailbox",
    "GroupMailbox",
    "LegacyMailbox",
    "LinkedMailbox",
    "LinkedRoomMailbox",
    "SchedulingMailbox",
    "TeamMailbox",
    "PublicFolderMailbox",
];

/// `Get-Mailbox`.
pub(super) fn get(
    tenant: &Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let kinds = parameters.list_of("RecipientTypeDetails", DETAILS, &MAILBOX_KINDS)?;
    let identity = parameters.text("Identity")?;
    let found = match identity {
        Some(identity) => vec![identity::mailbox(tenant, identity)?],
        None => identity::everybody(tenant)
            .filter(|one| matches!(one.kind, Kind::Mailbox(..)))
            .collect(),
    };
    let rows = found
        .into_iter()
        .filter_map(|recipient| match recipient.kind {
            Kind::Mailbox(mailbox, user) => {
                let wanted = kinds
                    .as_ref()
                    .is_none_or(|kinds| kinds.contains(&mailbox.kind.name()));
                let wanted =
                    wanted && (!parameters.switch("Archive") || mailbox.archive_guid.is_some());
                wanted.then(|| shown(tenant, &recipient, (mailbox, user), parameters))
            }
            _ => None,
        });
    let output = Output::rows(rows);
    match identity {
        Some(_) => Ok(output),
        None => output.listed(parameters),
    }
}

fn shown(
    tenant: &Tenant,
    recipient: &Recipient<'_>,
    pair: (&Mailbox, &User),
    parameters: &Parameters,
) -> Value {
    let (mailbox, user) = pair;
    let mut row = heading(recipient, mailbox, user);
    let forwarding = mailbox
        .forwarding_address
        .as_ref()
        .and_then(|id| identity::by_id(tenant, id));
    let more = json!({
        "ForwardingAddress": forwarding.map(|to| to.name()),
        "ForwardingSmtpAddress": mailbox.forwarding_smtp_address,
        "DeliverToMailboxAndForward": mailbox.deliver_and_forward,
        "GrantSendOnBehalfTo": identity::names(tenant, &mailbox.send_on_behalf),
        "LitigationHoldEnabled": mailbox.litigation_hold,
        "LitigationHoldDate": mailbox.litigation_hold_date.map(time),
        "LitigationHoldOwner": "",
        "LitigationHoldDuration": "Unlimited",
        "InPlaceHolds": mailbox.in_place_holds,
        "ComplianceTagHoldApplied": mailbox.label_hold,
        "DelayHoldApplied": mailbox.delay_hold,
        "DelayReleaseHoldApplied": false,
        "RetentionHoldEnabled": false,
        "SingleItemRecoveryEnabled": true,
        "RetentionPolicy": mailbox.retention_policy.as_deref().unwrap_or("Default MRM Policy"),
        "ArchiveGuid": mailbox.archive_guid.as_deref().unwrap_or(NIL),
        "ArchiveStatus": if mailbox.archive_guid.is_some() { "Active" } else { "None" },
        "ArchiveState": if mailbox.archive_guid.is_some() { "Local" } else { "None" },
        "AutoExpandingArchiveEnabled": false,
        "IsInactiveMailbox": false,
        "WhenSoftDeleted": null,
    });
    extend(&mut row, more);
    let large = mailbox.kind == RecipientKind::UserMailbox;
    let halves = if large {
        [198, 199, 200]
    } else {
        [98, 99, 100]
    };
    let [warn, send, receive] = halves.map(|half| size(half * GIB / 2));
    extend(
        &mut row,
        json!({ "IssueWarningQuota": warn, "ProhibitSendQuota": send, "ProhibitSendReceiveQuota": receive }),
    );
    if parameters.switch("IncludeGrantSendOnBehalfToWithDisplayNames") {
        extend(
            &mut row,
            json!({ "GrantSendOnBehalfToWithDisplayNames": display_names(tenant, &mailbox.send_on_behalf) }),
        );
    }
    if parameters.switch("IncludeForwardingAddressWithDisplayNames") {
        let name = forwarding.map(|to| to.display_name());
        extend(
            &mut row,
            json!({ "ForwardingAddressWithDisplayNames": name }),
        );
    }
    row
}

fn heading(recipient: &Recipient<'_>, mailbox: &Mailbox, user: &User) -> Value {
    json!({
        "ExchangeGuid": mailbox.exchange_guid,
        "ExternalDirectoryObjectId": recipient.id,
        "UserPrincipalName": user.user_principal_name,
        "WindowsLiveID": user.user_principal_name,
        "MicrosoftOnlineServicesID": user.user_principal_name,
        "AccountDisabled": !user.account_enabled,
        "IsDirSynced": recipient.is_synced(),
        "Alias": mailbox.alias,
        "DisplayName": mailbox.display_name,
        "PrimarySmtpAddress": mailbox.primary_smtp_address,
        "WindowsEmailAddress": mailbox.primary_smtp_address,
        "EmailAddresses": recipient.addresses(),
        "HiddenFromAddressListsEnabled": mailbox.hidden,
        "RecipientType": "UserMailbox",
        "RecipientTypeDetails": mailbox.kind.name(),
        "IsShared": mailbox.kind == RecipientKind::SharedMailbox,
        "IsResource": matches!(mailbox.kind, RecipientKind::RoomMailbox | RecipientKind::EquipmentMailbox),
        "IsMailboxEnabled": true,
        "LegacyExchangeDN": recipient.legacy_dn(),
        "DistinguishedName": recipient.distinguished_name(),
        "Identity": recipient.name(),
        "Id": recipient.name(),
        "Name": recipient.name(),
        "Guid": recipient.guid(),
        "WhenMailboxCreated": time(mailbox.created.unwrap_or(user.created_date_time)),
        "IsValid": true,
        "ObjectState": "Unchanged",
    })
}

fn display_names(tenant: &Tenant, ids: &[Id]) -> Vec<String> {
    let found = ids.iter().filter_map(|id| identity::by_id(tenant, id));
    found
        .map(|recipient| recipient.display_name().to_owned())
        .collect()
}

fn extend(row: &mut Value, more: Value) {
    if let (Some(row), Value::Object(more)) = (row.as_object_mut(), more) {
        row.extend(more);
    }
}

/// `Set-Mailbox`.
pub(super) fn set(
    tenant: &mut Tenant,
    context: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let found = identity::mailbox(tenant, parameters.required("Identity")?)?;
    let (id, name, synced) = (found.id.to_owned(), found.name(), found.is_synced());
    for property in [
        "EmailAddresses",
        "HiddenFromAddressListsEnabled",
        "GrantSendOnBehalfTo",
    ] {
        if synced && parameters.has(property) {
            return Err(Refusal::synced(
                "mailbox",
                parameters.cmdlet(),
                property,
                &name,
            ));
        }
    }
    let Some(before) = tenant.mailboxes.get(&id).cloned() else {
        return Err(Refusal::not_found(&name));
    };
    let mut after = before.clone();
    if let Some(kind) = parameters.one_of(
        "Type",
        SUBTYPE,
        &["Regular", "Room", "Equipment", "Shared", "Workspace"],
    )? {
        if kind == "Workspace" {
            return Err(Refusal::not_simulated("workspace mailboxes"));
        }
        convert(
            tenant,
            (&id, &name),
            &mut after,
            (identity::converted(kind), context),
        )?;
    }
    forward(tenant, &mut after, parameters)?;
    if parameters.has("EmailAddresses") {
        addresses::change(tenant, &id, &mut after, parameters)?;
    }
    if let Some(hidden) = parameters.boolean("HiddenFromAddressListsEnabled") {
        after.hidden = hidden;
    }
    if parameters.has("GrantSendOnBehalfTo") {
        let resolve = |names: &[String]| recipients(tenant, names);
        after.send_on_behalf =
            parameters.changed_list("GrantSendOnBehalfTo", &before.send_on_behalf, resolve)?;
    }
    if let Some(on) = parameters.boolean("LitigationHoldEnabled") {
        hold(tenant, &id, &mut after, (on, context))?;
    }
    let warning = (after == before).then(|| nothing_modified(&name));
    tenant.mailboxes.insert(id, after);
    Ok(Output::warned(warning))
}

fn convert(
    tenant: &Tenant,
    who: (&str, &str),
    mailbox: &mut Mailbox,
    target: (RecipientKind, &Context<'_>),
) -> Result<(), Refusal> {
    let (to, context) = target;
    let (id, name) = who;
    let becomes = mailbox
        .converting
        .as_ref()
        .map_or(mailbox.kind, |conversion| conversion.to);
    if becomes == to {
        return Ok(());
    }
    if mailbox.converting.is_some() || group_licence_pending(tenant, id) {
        return Err(Refusal::busy(name));
    }
    mailbox.converting = Some(Conversion {
        to,
        done_at: context.converted_at,
    });
    Ok(())
}

/// Whether a licence group is about to give this account a licence or to take one: the object is being written to.
fn group_licence_pending(tenant: &Tenant, id: &str) -> bool {
    let Some(user) = tenant.users.get(id) else {
        return false;
    };
    tenant
        .groups
        .iter()
        .filter(|(_, group)| !group.assigned_licenses.is_empty())
        .any(|(group_id, group)| {
            let inherits = user
                .licences
                .iter()
                .any(|licence| licence.assigned_by_group.as_ref() == Some(group_id));
            inherits != group.members.contains(id)
        })
}

fn forward(tenant: &Tenant, mailbox: &mut Mailbox, parameters: &Parameters) -> Result<(), Refusal> {
    if parameters.has("ForwardingAddress") {
        let to = parameters.text("ForwardingAddress")?;
        mailbox.forwarding_address = to
            .map(|name| identity::recipient(tenant, name).map(|to| to.id.to_owned()))
            .transpose()?;
    }
    if parameters.has("ForwardingSmtpAddress") {
        let to = parameters.text("ForwardingSmtpAddress")?;
        mailbox.forwarding_smtp_address = to.map(proxy_address).transpose()?;
    }
    if let Some(keep) = parameters.boolean("DeliverToMailboxAndForward") {
        mailbox.deliver_and_forward = keep;
    }
    Ok(())
}

fn proxy_address(text: &str) -> Result<String, Refusal> {
    let bare = text
        .strip_prefix("smtp:")
        .or_else(|| text.strip_prefix("SMTP:"))
        .unwrap_or(text);
    match bare.split_once('@') {
        Some((local, domain))
            if !local.is_empty() && domain.contains('.') && !bare.contains(char::is_whitespace) =>
        {
            Ok(format!("smtp:{bare}"))
        }
        _ => Err(Refusal::wrong_type(
            "ForwardingSmtpAddress",
            &json!(text),
            "Microsoft.Exchange.Data.ProxyAddress",
        )),
    }
}

/// The object ids of recipients, each named once.
fn recipients(tenant: &Tenant, names: &[String]) -> Result<Vec<Id>, Refusal> {
    let mut out: Vec<Id> = Vec::new();
    for name in names {
        let found = identity::recipient(tenant, name)?;
        if out.iter().any(|id| id == found.id) {
            let text = format!(
                "The parameter \"GrantSendOnBehalfTo\" contains the following duplicated recipient identity: \"{}\".",
                found.display_name()
            );
            return Err(Refusal::task(&text));
        }
        out.push(found.id.to_owned());
    }
    Ok(out)
}

fn hold(
    tenant: &Tenant,
    id: &str,
    mailbox: &mut Mailbox,
    wish: (bool, &Context<'_>),
) -> Result<(), Refusal> {
    let (on, context) = wish;
    if on == mailbox.litigation_hold {
        return Ok(());
    }
    let licensed = has_plan(
        tenant,
        id,
        &["EXCHANGE_S_ENTERPRISE", "EXCHANGE_S_ARCHIVE_ADDON"],
    );
    if on && !licensed {
        return Err(Refusal::task(
            "The mailbox needs an Exchange Online (Plan 2) license to be placed on litigation hold.",
        ));
    }
    mailbox.litigation_hold = on;
    mailbox.litigation_hold_date = on.then_some(context.now);
    Ok(())
}

/// `Get-MailboxStatistics`.
pub(super) fn statistics(
    tenant: &Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let found = identity::mailbox(tenant, parameters.required("Identity")?)?;
    let Kind::Mailbox(mailbox, _) = found.kind else {
        return Err(Refusal::not_found(found.id));
    };
    let archive = parameters.switch("Archive");
    if archive {
        return match mailbox.archive_guid {
            None => Err(Refusal::not_found(&found.name())),
            Some(_) => Err(Refusal::not_simulated("the size of archives")),
        };
    }
    Ok(Output::rows([json!({
        "DisplayName": mailbox.display_name,
        "MailboxGuid": mailbox.exchange_guid,
        "MailboxTypeDetail": mailbox.kind.name(),
        "ItemCount": mailbox.item_count,
        "TotalItemSize": size(mailbox.size_bytes),
        "DeletedItemCount": 0,
        "TotalDeletedItemSize": size(0),
        "IsArchiveMailbox": false,
        "IsQuarantined": false,
        "DisconnectDate": null,
        "DisconnectReason": null,
        "Identity": mailbox.exchange_guid,
        "IsValid": true,
        "ObjectState": "Unchanged",
    })]))
}
