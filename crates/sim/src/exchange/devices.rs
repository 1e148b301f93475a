//! Mobile devices with a partnership to a mailbox.

use serde_json::{Value, json};

use super::cmdlets::Context;
use super::errors::Refusal;
use super::identity::{self, Kind, Recipient};
use super::output::{Output, time};
use super::parameters::Parameters;
use crate::world::{MobileDevice, Tenant};

/// `Get-MobileDevice`, of one mailbox or of all.
pub(super) fn get(
    tenant: &Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let rows = chosen(tenant, parameters)?;
    let kinds = wanted_clients(parameters);
    let rows = rows
        .iter()
        .filter(|(_, device)| kinds.is_none_or(|kind| device.client_type == kind));
    Output::rows(rows.map(|(owner, device)| shown(owner, device))).listed(parameters)
}

fn wanted_clients(parameters: &Parameters) -> Option<&'static str> {
    if parameters.switch("ActiveSync") {
        Some("EAS")
    } else {
        parameters.switch("RestApi").then_some("Outlook")
    }
}

fn chosen<'a>(
    tenant: &'a Tenant,
    parameters: &Parameters,
) -> Result<Vec<(Recipient<'a>, &'a MobileDevice)>, Refusal> {
    if let Some(identity) = parameters.text("Identity")? {
        let found = all(tenant).find(|(owner, device)| is_named(owner, device, identity));
        return found
            .map(|one| vec![one])
            .ok_or_else(|| Refusal::not_found(identity));
    }
    match parameters.text("Mailbox")? {
        None => Ok(all(tenant).collect()),
        Some(mailbox) => {
            let found = identity::mailbox(tenant, mailbox)?;
            Ok(all(tenant)
                .filter(|(owner, _)| owner.id == found.id)
                .collect())
        }
    }
}

fn all(tenant: &Tenant) -> impl Iterator<Item = (Recipient<'_>, &MobileDevice)> {
    identity::everybody(tenant).flat_map(|owner| {
        let devices = match owner.kind {
            Kind::Mailbox(mailbox, _) => mailbox.devices.as_slice(),
            _ => &[],
        };
        devices.iter().map(move |device| (owner, device))
    })
}

/// The last part of the identity: client, type and id, parted by section signs.
fn name(device: &MobileDevice) -> String {
    format!(
        "{}§{}§{}",
        device.client_type, device.device_type, device.device_id
    )
}

fn is_named(owner: &Recipient<'_>, device: &MobileDevice, identity: &str) -> bool {
    let same = |text: &str| !text.is_empty() && text.eq_ignore_ascii_case(identity);
    same(&device.guid)
        || same(&device.device_id)
        || same(&path(owner, device))
        || same(&name(device))
}

fn path(owner: &Recipient<'_>, device: &MobileDevice) -> String {
    format!(
        "{}\\ExchangeActiveSyncDevices\\{}",
        owner.name(),
        name(device)
    )
}

fn shown(owner: &Recipient<'_>, device: &MobileDevice) -> Value {
    json!({
        "FriendlyName": device.friendly_name,
        "DeviceId": device.device_id,
        "DeviceImei": "",
        "DeviceOS": device.device_os,
        "DeviceType": device.device_type,
        "DeviceModel": device.device_model,
        "DeviceUserAgent": "",
        "FirstSyncTime": time(device.first_sync),
        "UserDisplayName": owner.display_name(),
        "DeviceAccessState": "Allowed",
        "DeviceAccessStateReason": "Global",
        "DeviceAccessControlRule": null,
        "ClientType": device.client_type,
        "IsManaged": false,
        "IsCompliant": false,
        "IsDisabled": false,
        "Guid": device.guid,
        "Name": name(device),
        "Identity": path(owner, device),
        "Id": path(owner, device),
        "DistinguishedName": format!("CN={},CN=ExchangeActiveSyncDevices,{}", name(device), owner.distinguished_name()),
        "IsValid": true,
        "ObjectState": "Unchanged",
    })
}

/// `Get-MobileDeviceStatistics`, of one device or of one mailbox.
pub(super) fn statistics(
    tenant: &Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    if parameters.text("Identity")?.is_none() && parameters.text("Mailbox")?.is_none() {
        return Err(Refusal::parameter_set());
    }
    let rows = chosen(tenant, parameters)?;
    let kinds = wanted_clients(parameters);
    let rows = rows
        .iter()
        .filter(|(_, device)| kinds.is_none_or(|kind| device.client_type == kind));
    Ok(Output::rows(rows.map(|(owner, device)| {
        json!({
            "FirstSyncTime": time(device.first_sync),
            "DeviceType": device.device_type,
            "DeviceID": device.device_id,
            "DeviceFriendlyName": device.friendly_name,
            "DeviceModel": device.device_model,
            "DeviceOS": device.device_os,
            "DeviceAccessState": "Allowed",
            "DeviceAccessStateReason": "Global",
            "ClientType": device.client_type,
            "Status": if device.wipe_queued { "DeviceWipePending" } else { "DeviceOk" },
            "IsRemoteWipeSupported": true,
            "Guid": device.guid,
            "Identity": path(owner, device),
            "IsValid": true,
            "ObjectState": "Unchanged",
        })
    })))
}

/// `Remove-MobileDevice`.
pub(super) fn remove(
    tenant: &mut Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let identity = parameters.required("Identity")?;
    let found: Vec<(String, String)> = all(tenant)
        .filter(|(owner, device)| is_named(owner, device, identity))
        .map(|(owner, device)| (owner.id.to_owned(), device.guid.clone()))
        .collect();
    let [(owner, guid)] = found.as_slice() else {
        return Err(if found.is_empty() {
            Refusal::not_found(identity)
        } else {
            Refusal::ambiguous(identity)
        });
    };
    if let Some(mailbox) = tenant.mailboxes.get_mut(owner) {
        mailbox.devices.retain(|device| device.guid != *guid);
    }
    Ok(Output::default())
}
