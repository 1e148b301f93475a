//! The subscriptions of the demo tenants, with Microsoft's own ids.

use std::collections::BTreeMap;

use crate::world::{Id, ServicePlan, Sku};

/// Microsoft 365 E3.
pub(super) const E3: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";
/// Microsoft 365 Business Standard.
pub(super) const BUSINESS: &str = "f245ecc8-75af-4f8e-b61f-27d8114de5f3";
/// Power BI Pro.
pub(super) const POWER_BI: &str = "f8a1db68-be16-40ed-86d5-cb42ce701560";
/// Exchange Online Plan 2.
pub(super) const EXCHANGE_2: &str = "19ec0d23-8335-4cbd-94ac-6050e30712fa";
/// Microsoft 365 Business Premium, which must not stand beside an enterprise plan.
pub(super) const BUSINESS_PREMIUM: &str = "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46";
/// Microsoft 365 E5, of which the demo tenants have no seat left.
pub(super) const E5: &str = "06ebc4ee-1bb5-47dd-8120-11324bc54e06";

/// A service plan: id, name, and the service in assignedPlans (learn.microsoft.com, product names and service plan identifiers for
/// licensing).
type Plan = (&'static str, &'static str, &'static str);

const EXCHANGE_1_PLAN: Plan = (
    "9aaf7827-d63c-4b61-89c3-182f06f82e5c",
    "EXCHANGE_S_STANDARD",
    "exchange",
);
const EXCHANGE_2_PLAN: Plan = (
    "efb87545-963c-4e0d-99df-69c6916d9eb0",
    "EXCHANGE_S_ENTERPRISE",
    "exchange",
);
const TEAMS_PLAN: Plan = (
    "57ff2da0-773e-42df-b2af-ffb7a2317929",
    "TEAMS1",
    "TeamspaceAPI",
);
const SHAREPOINT_PLAN: Plan = (
    "5dbe027f-2339-4123-9542-606e4d348a72",
    "SHAREPOINTENTERPRISE",
    "SharePoint",
);
const SHAREPOINT_SMALL_PLAN: Plan = (
    "c7699d2e-19aa-44de-8edf-1736da088ca1",
    "SHAREPOINTSTANDARD",
    "SharePoint",
);
const TELEPHONY_PLAN: Plan = (
    "4828c8ec-dc2e-4779-b502-87ac9ce28ab7",
    "MCOEV",
    "MicrosoftCommunicationsOnline",
);
const POWER_BI_PLAN: Plan = (
    "70d33638-9c74-4d01-bfd3-562de28bd4ba",
    "BI_AZURE_P2",
    "PowerBI",
);

/// The subscriptions of every demo tenant.
pub(super) fn skus() -> BTreeMap<Id, Sku> {
    let sku = |part_number: &str, enabled: u32, plans: &[Plan]| Sku {
        part_number: part_number.to_owned(),
        enabled,
        plans: plans
            .iter()
            .map(|(id, name, service)| {
                let plan = ServicePlan {
                    name: (*name).to_owned(),
                    service: (*service).to_owned(),
                    ..ServicePlan::default()
                };
                ((*id).to_owned(), plan)
            })
            .collect(),
        ..Sku::default()
    };
    let mut premium = sku(
        "SPB",
        8,
        &[EXCHANGE_1_PLAN, TEAMS_PLAN, SHAREPOINT_SMALL_PLAN],
    );
    if let Some(plan) = premium.plans.get_mut(SHAREPOINT_SMALL_PLAN.0) {
        plan.excludes = vec![SHAREPOINT_PLAN.0.to_owned()];
    }
    let mut scarce = sku(
        "SPE_E5",
        3,
        &[EXCHANGE_2_PLAN, TEAMS_PLAN, SHAREPOINT_PLAN, TELEPHONY_PLAN],
    );
    scarce.consumed_elsewhere = 3;
    BTreeMap::from([
        (BUSINESS_PREMIUM.to_owned(), premium),
        (E5.to_owned(), scarce),
        (
            E3.to_owned(),
            sku(
                "SPE_E3",
                25,
                &[EXCHANGE_2_PLAN, TEAMS_PLAN, SHAREPOINT_PLAN],
            ),
        ),
        (
            BUSINESS.to_owned(),
            sku("O365_BUSINESS_PREMIUM", 10, &[EXCHANGE_1_PLAN, TEAMS_PLAN]),
        ),
        (
            POWER_BI.to_owned(),
            sku("POWER_BI_PRO", 5, &[POWER_BI_PLAN]),
        ),
        (
            EXCHANGE_2.to_owned(),
            sku("EXCHANGEENTERPRISE", 5, &[EXCHANGE_2_PLAN]),
        ),
    ])
}
