//! Licences: what a user holds, direct assignment with every refusal, group licences that act later.
//!
//! Source: Graph user-assignlicense, licenseAssignmentState, entra-docs licensing-groups-resolve-problems.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::query::{self, Rules};
use super::users::{self, full, known, time};
use super::{Ask, Outcome, bad_request, error, groups, not_found, schema};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::world::{Id, Licence, Sku, Tenant, User};

/// `assignedLicenses`: one entry per SKU that takes effect, however it comes.
pub(super) fn assigned(user: &User) -> Value {
    let mut seen = BTreeSet::new();
    let entries: Vec<Value> = user
        .licences
        .iter()
        .filter(|licence| licence.is_active() && seen.insert(licence.sku_id.clone()))
        .map(|licence| json!({"disabledPlans": licence.disabled_plans, "skuId": licence.sku_id}))
        .collect();
    Value::Array(entries)
}

/// `licenseAssignmentStates`: one entry per origin.
pub(super) fn states(user: &User) -> Value {
    let entry = |licence: &Licence| {
        json!({
            "skuId": licence.sku_id,
            "disabledPlans": licence.disabled_plans,
            "assignedByGroup": licence.assigned_by_group,
            "state": licence.state,
            "error": licence.error,
            "lastUpdatedDateTime": time(licence.last_updated_date_time),
        })
    };
    Value::Array(user.licences.iter().map(entry).collect())
}

/// `assignedPlans` of the licences that take effect.
pub(super) fn plans(tenant: &Tenant, user: &User) -> Value {
    let mut out = Vec::new();
    for licence in user.licences.iter().filter(|licence| licence.is_active()) {
        for (id, plan) in tenant
            .skus
            .get(&licence.sku_id)
            .into_iter()
            .flat_map(|sku| &sku.plans)
        {
            if !licence.disabled_plans.contains(id) {
                out.push(json!({
                    "assignedDateTime": time(licence.last_updated_date_time),
                    "capabilityStatus": "Enabled",
                    "service": plan.service,
                    "servicePlanId": id,
                }));
            }
        }
    }
    Value::Array(out)
}

/// `provisionedPlans`: one entry per service of the plans that take effect.
pub(super) fn provisioned(tenant: &Tenant, user: &User) -> Value {
    let plans = plans(tenant, user);
    let services: BTreeSet<&str> = plans
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|plan| plan["service"].as_str())
        .collect();
    let entry = |service: &str| json!({"capabilityStatus": "Enabled", "provisioningStatus": "Success", "service": service});
    Value::Array(services.into_iter().map(entry).collect())
}

/// `servicePlans` of a SKU.
pub(super) fn service_plans(sku: &Sku) -> Value {
    let plans = sku.plans.iter().map(|(id, plan)| {
        json!({"servicePlanId": id, "servicePlanName": plan.name, "provisioningStatus": "Success", "appliesTo": "User"})
    });
    Value::Array(plans.collect())
}

pub(super) fn details(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let (id, user) = tenant.user(ask.id(0)).ok_or_else(|| not_found(ask.id(0)))?;
    let mut held = BTreeSet::new();
    let skus = user
        .licences
        .iter()
        .filter(|licence| licence.is_active() && held.insert(&licence.sku_id));
    let items = skus
        .filter_map(|licence| {
            let sku = tenant.skus.get(&licence.sku_id)?;
            Some(json!({
                "id": format!("{id}_{}", licence.sku_id),
                "skuId": licence.sku_id,
                "skuPartNumber": sku.part_number,
                "servicePlans": service_plans(sku),
            }))
        })
        .collect();
    let rules = Rules {
        context: "users/licenseDetails",
        known: schema::LICENSE_DETAILS,
        default: &[],
        kind: "microsoft.graph.licenseDetails",
        page: [100, 999],
    };
    query::list(ask, items, &rules)
}

struct Wish {
    add: Vec<(Id, Vec<Id>)>,
    remove: Vec<Id>,
}

/// Both collections must be present, even when empty: they are not nullable in the metadata.
fn wish(body: &Map<String, Value>) -> Result<Wish, Answer> {
    let list = |name: &str| {
        body.get(name).and_then(Value::as_array).ok_or_else(|| {
            error(400, "Request_BadRequest", &format!("The parameter '{name}' in the request payload is required and must not be null."))
        })
    };
    let guid = |value: &Value| {
        value
            .as_str()
            .and_then(|text| uuid::Uuid::parse_str(text).ok())
            .map(|id| id.to_string())
            .ok_or_else(|| {
                error(
                    400,
                    "Request_BadRequest",
                    "Cannot convert the literal to the expected type 'Edm.Guid'.",
                )
            })
    };
    let mut wish = Wish {
        add: Vec::new(),
        remove: Vec::new(),
    };
    for entry in list("addLicenses")? {
        let plans = match &entry["disabledPlans"] {
            Value::Null => Vec::new(),
            Value::Array(plans) => plans.iter().map(guid).collect::<Result<_, _>>()?,
            _ => {
                return Err(bad_request(
                    "Invalid value specified for property 'disabledPlans' of resource 'AssignedLicense'.",
                ));
            }
        };
        wish.add.push((guid(&entry["skuId"])?, plans));
    }
    for entry in list("removeLicenses")? {
        wish.remove.push(guid(entry)?);
    }
    if let Some(name) = body
        .keys()
        .find(|name| !["addLicenses", "removeLicenses"].contains(&name.as_str()))
    {
        return Err(bad_request(&format!(
            "The parameter '{name}' in the request payload is not a valid parameter for the operation 'assignLicense'."
        )));
    }
    let mut named = BTreeSet::new();
    let skus = wish.add.iter().map(|(sku, _)| sku).chain(&wish.remove);
    if skus.into_iter().any(|sku| !named.insert(sku.clone())) {
        return Err(bad_request(
            "The request contains duplicate license assignments.",
        ));
    }
    Ok(wish)
}

pub(super) fn assign(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let id = known(visit, ask.id(0))?;
    let wish = wish(&ask.body()?)?;
    let now = visit.now();
    visit.change("POST /users/{id}/assignLicense", |tenant| {
        for sku in &wish.remove {
            remove(tenant, &id, sku)?;
        }
        for (sku, plans) in &wish.add {
            check_sku(tenant, sku, plans)?;
            let user = &tenant.users[&id];
            if user.usage_location.is_none() {
                return Err(bad_request(
                    "License assignment cannot be done for user with invalid usage location.",
                ));
            }
            let direct =
                |licence: &&Licence| licence.sku_id == *sku && licence.assigned_by_group.is_none();
            let held = user
                .licences
                .iter()
                .any(|licence| licence.sku_id == *sku && licence.is_active());
            if !held && tenant.free_seats(sku) == 0 {
                return Err(bad_request(&format!(
                    "Subscription with SKU {sku} does not have any available licenses."
                )));
            }
            let standing = user.licences.iter().find(direct).cloned();
            let user = tenant.users.get_mut(&id).ok_or_else(|| not_found(&id))?;
            match standing {
                Some(standing) if standing.disabled_plans == *plans => {}
                _ => {
                    user.licences.retain(|licence| !direct(&licence));
                    user.licences.push(Licence {
                        disabled_plans: plans.clone(),
                        ..Licence::direct(sku, now)
                    });
                }
            }
        }
        check_plans(tenant, &id)
    })?;
    let tenant = visit.primary();
    query::single(ask, full(tenant, &id, &tenant.users[&id]), &users::RULES)
}

/// A subscription of this tenant, and plans that are its own.
fn check_sku(tenant: &Tenant, sku: &str, plans: &[Id]) -> Result<(), Answer> {
    let Some(known) = tenant.skus.get(sku) else {
        return Err(bad_request(&format!(
            "License {sku} does not correspond to a valid company License."
        )));
    };
    if plans.iter().any(|plan| !known.plans.contains_key(plan)) {
        return Err(bad_request(&format!(
            "License {sku} does not contain all of the specified disabled plans."
        )));
    }
    Ok(())
}

fn remove(tenant: &mut Tenant, id: &str, sku: &str) -> Result<(), Answer> {
    let user = tenant.users.get_mut(id).ok_or_else(|| not_found(id))?;
    let direct = |licence: &Licence| licence.sku_id == sku && licence.assigned_by_group.is_none();
    if user.licences.iter().any(direct) {
        user.licences.retain(|licence| !direct(licence));
        return Ok(());
    }
    if user.licences.iter().any(|licence| licence.sku_id == sku) {
        return Err(bad_request(
            "User license is inherited from a group membership and it cannot be removed directly from the user.",
        ));
    }
    Err(bad_request("User does not have a corresponding license."))
}

/// Plans that need or exclude each other, over everything that the user would hold.
fn check_plans(tenant: &Tenant, id: &str) -> Result<(), Answer> {
    let user = &tenant.users[id];
    let mut held = Vec::new();
    for licence in user.licences.iter().filter(|licence| licence.is_active()) {
        for (plan_id, plan) in tenant
            .skus
            .get(&licence.sku_id)
            .into_iter()
            .flat_map(|sku| &sku.plans)
        {
            if !licence.disabled_plans.contains(plan_id) {
                held.push((plan_id, plan));
            }
        }
    }
    for (plan_id, plan) in &held {
        if let Some((other, _)) = held.iter().find(|(other, _)| plan.excludes.contains(other)) {
            return Err(bad_request(&format!(
                "License assignment failed because service plans {plan_id}, {other} are mutually exclusive."
            )));
        }
        let missing: Vec<&str> = plan
            .needs
            .iter()
            .filter(|need| !held.iter().any(|(other, _)| other == need))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            return Err(bad_request(&format!(
                "License assignment failed because service plan {plan_id} depends on the service plan(s) {}.",
                missing.join(", ")
            )));
        }
    }
    Ok(())
}

pub(super) fn assign_to_group(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let id = ask.id(0).to_lowercase();
    let wish = wish(&ask.body()?)?;
    visit.change("POST /groups/{id}/assignLicense", |tenant| {
        for (sku, plans) in &wish.add {
            check_sku(tenant, sku, plans)?;
        }
        let group = tenant.groups.get_mut(&id).ok_or_else(|| not_found(&id))?;
        for sku in &wish.remove {
            if !group.assigned_licenses.remove(sku) {
                return Err(bad_request("Group does not have a corresponding license."));
            }
            group.disabled_plans.remove(sku);
        }
        for (sku, plans) in &wish.add {
            group.assigned_licenses.insert(sku.clone());
            group.disabled_plans.remove(sku);
            if !plans.is_empty() {
                group.disabled_plans.insert(sku.clone(), plans.clone());
            }
        }
        Ok(())
    })?;
    let tenant = visit.primary();
    let answer = query::single(
        ask,
        groups::full(tenant, &id, &tenant.groups[&id]),
        &groups::RULES,
    )?;
    Ok(Answer {
        status: 202,
        ..answer
    })
}

/// Entries in error are dropped, so that the group's process tries them again.
pub(super) fn reprocess(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let id = known(visit, ask.id(0))?;
    visit.change("POST /users/{id}/reprocessLicenseAssignment", |tenant| {
        let user = tenant.users.get_mut(&id).ok_or_else(|| not_found(&id))?;
        user.licences
            .retain(|licence| licence.assigned_by_group.is_none() || licence.is_active());
        Ok::<_, Answer>(())
    })?;
    let tenant = visit.primary();
    query::single(ask, full(tenant, &id, &tenant.users[&id]), &users::RULES)
}
