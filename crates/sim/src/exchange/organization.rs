//! The organisation as a whole: its holds and its domains.

use serde_json::json;
use uuid::Uuid;

use super::cmdlets::Context;
use super::errors::Refusal;
use super::output::Output;
use super::parameters::Parameters;
use crate::world::Tenant;

/// `Get-OrganizationConfig`.
pub(super) fn get(
    tenant: &Tenant,
    context: &Context<'_>,
    _: &Parameters,
) -> Result<Output, Refusal> {
    Ok(Output::rows([json!({
        "DisplayName": tenant.name,
        "Name": tenant.initial_domain(),
        "Identity": tenant.initial_domain(),
        "OrganizationId": format!("{0} - {0}", tenant.initial_domain()),
        "Guid": Uuid::new_v5(&Uuid::NAMESPACE_OID, context.tenant_id.as_bytes()).to_string(),
        "InPlaceHolds": tenant.organization_holds,
        "AuditDisabled": false,
        "AutoExpandingArchiveEnabled": false,
        "ElcProcessingDisabled": false,
        "IsDehydrated": false,
        "IsValid": true,
        "ObjectState": "Unchanged",
    })]))
}

/// `Get-AcceptedDomain`.
pub(super) fn accepted_domains(
    tenant: &Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let only = parameters.text("Identity")?;
    let verified = tenant.domains.iter().filter(|domain| domain.verified);
    let rows: Vec<_> = verified
        .filter(|domain| only.is_none_or(|only| only.eq_ignore_ascii_case(&domain.name)))
        .map(|domain| {
            json!({
                "DomainName": domain.name,
                "DomainType": "Authoritative",
                "Default": domain.is_default,
                "InitialDomain": domain.initial,
                "AuthenticationType": if domain.federated { "Federated" } else { "Managed" },
                "Identity": domain.name,
                "Name": domain.name,
                "IsValid": true,
                "ObjectState": "Unchanged",
            })
        })
        .collect();
    match only {
        Some(name) if rows.is_empty() => Err(Refusal::not_found(name)),
        _ => Output::rows(rows).listed(parameters),
    }
}
