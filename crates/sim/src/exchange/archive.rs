//! The archive of a mailbox: switching it on and off.

use uuid::Uuid;

use super::cmdlets::Context;
use super::errors::Refusal;
use super::identity;
use super::mailbox;
use super::output::Output;
use super::parameters::Parameters;
use crate::world::{Tenant, has_plan};

/// The plans that carry an archive (Exchange Online service description, message policy and compliance).
const PLANS: [&str; 4] = [
    "EXCHANGE_S_ENTERPRISE",
    "EXCHANGE_S_STANDARD",
    "EXCHANGE_S_ARCHIVE_ADDON",
    "EXCHANGE_S_ARCHIVE",
];

/// `Enable-Mailbox -Archive`.
pub(super) fn enable(
    tenant: &mut Tenant,
    context: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    if !parameters.switch("Archive") {
        return Err(Refusal::not_simulated("Enable-Mailbox without Archive"));
    }
    let identity = parameters.required("Identity")?;
    let name = identity::mailbox(tenant, identity)?.name();
    let (id, found) = identity::mailbox_mut(tenant, identity)?;
    if found.archive_guid.is_some() {
        return Err(Refusal::task(&format!(
            "\"{name}\" already has an archive."
        )));
    }
    if !has_plan(tenant, &id, &PLANS) {
        return Err(Refusal::task(&format!(
            "The archive of \"{name}\" can't be enabled because the mailbox doesn't have an Exchange Online license that includes archiving."
        )));
    }
    let guid = Uuid::new_v5(
        &Uuid::NAMESPACE_OID,
        format!("archive {id} {}", context.now).as_bytes(),
    );
    let (_, found) = identity::mailbox_mut(tenant, identity)?;
    found.archive_guid = Some(guid.to_string());
    mailbox::get(tenant, context, parameters)
}

/// `Disable-Mailbox -Archive`.
pub(super) fn disable(
    tenant: &mut Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    if !parameters.switch("Archive") {
        return Err(Refusal::not_simulated("Disable-Mailbox without Archive"));
    }
    let identity = parameters.required("Identity")?;
    let name = identity::mailbox(tenant, identity)?.name();
    let (_, found) = identity::mailbox_mut(tenant, identity)?;
    if found.archive_guid.take().is_none() {
        return Err(Refusal::task(&format!(
            "\"{name}\" doesn't have an archive."
        )));
    }
    Ok(Output::default())
}
