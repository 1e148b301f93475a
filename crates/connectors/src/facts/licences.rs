//! Licences: what the tenant bought, what the person holds and by which route, and what hangs on each.

use domain::ObjectId;
use domain::facts::{LicenseHeld, ServicePlan, Sku};
use domain::spec::{Carries, Route};
use serde_json::Value;

use super::people::user;
use super::{items, products, text, text_or_empty};
use crate::graph::Graph;
use crate::{Ctx, Error};

/// Service plans that give a mailbox (learn.microsoft.com, product names and service plan identifiers).
const MAILBOX_PLANS: &[&str] = &[
    "EXCHANGE_S_STANDARD",
    "EXCHANGE_S_ENTERPRISE",
    "EXCHANGE_S_DESKLESS",
    "EXCHANGE_S_ESSENTIALS",
    "EXCHANGE_S_STANDARD_GOV",
    "EXCHANGE_S_ENTERPRISE_GOV",
];
/// Those of them that keep a mailbox over 50 GB, on hold or with an archive.
const LARGE_MAILBOX_PLANS: &[&str] = &["EXCHANGE_S_ENTERPRISE", "EXCHANGE_S_ENTERPRISE_GOV"];
/// Service plans that carry telephony.
const VOICE_PLANS: &[&str] = &["MCOEV", "MCOPSTN1", "MCOPSTN2"];
/// Service plans that carry device management.
const DEVICE_PLANS: &[&str] = &["INTUNE_A", "INTUNE_SMBIZ", "INTUNE_EDU"];

/// A licence as `subscribedSkus` gives it. Seats in warning can still be used; suspended ones cannot.
pub(super) fn sku(entry: &Value) -> Sku {
    let plans: Vec<&str> = items(entry, "servicePlans")
        .iter()
        .filter_map(|plan| plan.get("servicePlanName")?.as_str())
        .collect();
    let any = |names: &[&str]| plans.iter().any(|plan| names.contains(plan));
    let units = |name: &str| {
        entry
            .get("prepaidUnits")
            .and_then(|units| units.get(name))
            .and_then(Value::as_i64)
            .unwrap_or_default()
    };
    let name = text_or_empty(entry, "skuPartNumber");
    Sku {
        id: ObjectId::new(text_or_empty(entry, "skuId")),
        titles: products::titles(&name),
        name,
        seats: units("enabled") + units("warning"),
        used: entry
            .get("consumedUnits")
            .and_then(Value::as_i64)
            .unwrap_or_default(),
        carries: Carries {
            mailbox: any(MAILBOX_PLANS),
            voice: any(VOICE_PLANS),
            devices: any(DEVICE_PLANS),
        },
        keeps_large_mailbox: any(LARGE_MAILBOX_PLANS),
        plans: items(entry, "servicePlans")
            .iter()
            .filter_map(service_plan)
            .collect(),
        reserved: 0,
    }
}

/// A service within a licence that people hold; one that serves the tenant as a whole excludes and is switched off for nobody.
fn service_plan(entry: &Value) -> Option<ServicePlan> {
    if text(entry, "appliesTo").is_some_and(|to| to == "Company") {
        return None;
    }
    let name = text(entry, "servicePlanName")?;
    Some(ServicePlan {
        id: ObjectId::new(text(entry, "servicePlanId")?),
        family: products::family(&name).map(str::to_owned),
        name,
    })
}

/// The person's licence states, one per licence and route.
pub(super) async fn held(graph: &Graph, ctx: &Ctx, id: &str) -> Result<Vec<Value>, Error> {
    let answer = graph
        .get(ctx, &user(id, &["id", "licenseAssignmentStates"]))
        .await?;
    Ok(items(&answer.body, "licenseAssignmentStates").to_vec())
}

/// Names the licences and says what hangs on them.
pub(super) fn settle(states: Vec<Value>, skus: &[Sku]) -> Vec<LicenseHeld> {
    states
        .iter()
        .map(|state| {
            let id = ObjectId::new(text_or_empty(state, "skuId"));
            let bought = skus.iter().find(|sku| sku.id == id);
            LicenseHeld {
                name: bought.map_or_else(|| id.as_str().to_owned(), |sku| sku.name.clone()),
                // A licence that is in no list may carry the mailbox: the careful answer is yes.
                carries: bought.map_or(
                    Carries {
                        mailbox: true,
                        ..Carries::default()
                    },
                    |sku| sku.carries,
                ),
                route: text(state, "assignedByGroup")
                    .map_or(Route::Direct, |group| Route::Group(ObjectId::new(group))),
                disabled_plans: items(state, "disabledPlans")
                    .iter()
                    .filter_map(Value::as_str)
                    .map(ObjectId::from)
                    .collect(),
                sku: id,
            }
        })
        .collect()
}
