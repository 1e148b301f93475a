//! Which protocols may open a mailbox.

use serde_json::json;

use super::cmdlets::Context;
use super::errors::Refusal;
use super::identity::{self, Kind};
use super::mailbox::{DETAILS, MAILBOX_KINDS};
use super::output::{Output, nothing_modified};
use super::parameters::Parameters;
use crate::world::Tenant;

/// `Get-CASMailbox`.
pub(super) fn get(
    tenant: &Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let kinds = parameters.list_of("RecipientTypeDetails", DETAILS, &MAILBOX_KINDS)?;
    let identity = parameters.text("Identity")?;
    let found = match identity {
        Some(identity) => vec![identity::mailbox(tenant, identity)?],
        None => identity::everybody(tenant).collect(),
    };
    let rows = found
        .into_iter()
        .filter_map(|recipient| match recipient.kind {
            Kind::Mailbox(mailbox, _)
                if kinds
                    .as_ref()
                    .is_none_or(|kinds| kinds.contains(&mailbox.kind.name())) =>
            {
                let cas = &mailbox.cas;
                Some(json!({
                    "DisplayName": mailbox.display_name,
                    "PrimarySmtpAddress": mailbox.primary_smtp_address,
                    "EmailAddresses": recipient.addresses(),
                    "ActiveSyncEnabled": cas.active_sync,
                    "OWAEnabled": cas.owa,
                    "MAPIEnabled": cas.mapi,
                    "ImapEnabled": cas.imap,
                    "PopEnabled": cas.pop,
                    "EwsEnabled": cas.ews,
                    "OutlookMobileEnabled": cas.outlook_mobile,
                    "SmtpClientAuthenticationDisabled": cas.smtp_auth_disabled,
                    "HasActiveSyncDevicePartnership": !mailbox.devices.is_empty(),
                    "ExternalDirectoryObjectId": recipient.id,
                    "Guid": recipient.guid(),
                    "Identity": recipient.name(),
                    "Name": recipient.name(),
                    "IsValid": true,
                    "ObjectState": "Unchanged",
                }))
            }
            _ => None,
        });
    let output = Output::rows(rows);
    match identity {
        Some(_) => Ok(output),
        None => output.listed(parameters),
    }
}

/// `Set-CASMailbox`.
pub(super) fn set(
    tenant: &mut Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let identity = parameters.required("Identity")?;
    let name = identity::mailbox(tenant, identity)?.name();
    let (_, mailbox) = identity::mailbox_mut(tenant, identity)?;
    let before = mailbox.cas.clone();
    let cas = &mut mailbox.cas;
    let switches = [
        ("ActiveSyncEnabled", &mut cas.active_sync),
        ("OWAEnabled", &mut cas.owa),
        ("MAPIEnabled", &mut cas.mapi),
        ("ImapEnabled", &mut cas.imap),
        ("PopEnabled", &mut cas.pop),
        ("EwsEnabled", &mut cas.ews),
        ("OutlookMobileEnabled", &mut cas.outlook_mobile),
    ];
    for (parameter, field) in switches {
        if let Some(on) = parameters.boolean(parameter) {
            *field = on;
        }
    }
    if parameters.has("SmtpClientAuthenticationDisabled") {
        cas.smtp_auth_disabled = parameters.boolean("SmtpClientAuthenticationDisabled");
    }
    Ok(Output::warned(
        (before == *cas).then(|| nothing_modified(&name)),
    ))
}
