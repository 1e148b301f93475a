//! Licences that come through groups, and the seats of a subscription.
//!
//! Source: entra-docs licensing-groups-resolve-problems.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Id, Licence, Tenant, User};

/// Which (user, SKU) pairs a group should and does give.
fn licence_pairs(tenant: &Tenant, id: &str) -> [BTreeSet<(Id, Id)>; 2] {
    let should = tenant.groups.get(id).map_or_else(BTreeSet::new, |group| {
        let users = group
            .members
            .iter()
            .filter(|member| tenant.users.contains_key(*member));
        users
            .flat_map(|user| {
                group
                    .assigned_licenses
                    .iter()
                    .map(move |sku| (user.clone(), sku.clone()))
            })
            .collect()
    });
    let does = tenant
        .users
        .iter()
        .flat_map(|(user, account)| account.licences.iter().map(move |licence| (user, licence)))
        .filter(|(_, licence)| licence.assigned_by_group.as_deref() == Some(id))
        .filter(|(_, licence)| {
            licence.disabled_plans == disabled_plans(tenant, id, &licence.sku_id)
        })
        .map(|(user, licence)| (user.clone(), licence.sku_id.clone()))
        .collect();
    [should, does]
}

/// The service plans that a group keeps from its members.
fn disabled_plans(tenant: &Tenant, group: &str, sku: &str) -> Vec<Id> {
    let group = tenant.groups.get(group);
    group
        .and_then(|group| group.disabled_plans.get(sku))
        .cloned()
        .unwrap_or_default()
}

/// The pairs that a group gives, whatever plans they leave out.
fn given_pairs(tenant: &Tenant, group: &str) -> BTreeSet<(Id, Id)> {
    let mut out = BTreeSet::new();
    for (user, account) in &tenant.users {
        let given = account
            .licences
            .iter()
            .filter(|licence| licence.assigned_by_group.as_deref() == Some(group));
        out.extend(given.map(|licence| (user.clone(), licence.sku_id.clone())));
    }
    out
}

/// Whether a group owes somebody a licence or has to take one back.
pub(super) fn licences_differ(tenant: &Tenant, group: &str) -> bool {
    let [should, does] = licence_pairs(tenant, group);
    should != does || given_pairs(tenant, group) != does
}

/// Gives and takes the licences of a group; where one of several fails for a person, none of them works.
pub(super) fn license_members(tenant: &mut Tenant, group: &str, now: Timestamp) {
    let [should, does] = licence_pairs(tenant, group);
    let given = given_pairs(tenant, group);
    // What is given with other plans than the group's is given anew.
    for (user, sku) in given.difference(&should.intersection(&does).cloned().collect()) {
        if let Some(user) = tenant.users.get_mut(user) {
            user.licences.retain(|licence| {
                licence.sku_id != *sku || licence.assigned_by_group.as_deref() != Some(group)
            });
        }
    }
    let users: BTreeSet<&Id> = should.difference(&does).map(|(user, _)| user).collect();
    for user in users {
        let skus: Vec<&Id> = should
            .difference(&does)
            .filter(|(who, _)| who == user)
            .map(|(_, sku)| sku)
            .collect();
        let errors: Vec<Option<&str>> = skus
            .iter()
            .map(|sku| group_error(tenant, user, sku))
            .collect();
        let failed = errors.iter().any(Option::is_some);
        for (sku, error) in skus.into_iter().zip(errors) {
            let mut licence = Licence {
                disabled_plans: disabled_plans(tenant, group, sku),
                ..Licence::inherited(sku, group, now)
            };
            if failed {
                "Error".clone_into(&mut licence.state);
                error.unwrap_or("Others").clone_into(&mut licence.error);
            }
            if let Some(user) = tenant.users.get_mut(user) {
                user.licences.push(licence);
            }
        }
    }
}

fn group_error(tenant: &Tenant, user: &str, sku: &str) -> Option<&'static str> {
    let account = tenant.users.get(user)?;
    let holds = account
        .licences
        .iter()
        .any(|licence| licence.sku_id == sku && licence.is_active());
    if !holds && tenant.free_seats(sku) == 0 {
        return Some("CountViolation");
    }
    if account.usage_location.is_none() && tenant.country.is_empty() {
        return Some("ProhibitedInUsageLocationViolation");
    }
    excluded(tenant, account, sku).then_some("MutuallyExclusiveViolation")
}

/// Whether a plan of the SKU and one that the person holds by another SKU must not stand beside each other.
fn excluded(tenant: &Tenant, account: &User, sku: &str) -> bool {
    let Some(new) = tenant.skus.get(sku) else {
        return false;
    };
    let others = account
        .licences
        .iter()
        .filter(|licence| licence.is_active() && licence.sku_id != sku);
    let held = others.flat_map(|licence| {
        let plans = tenant
            .skus
            .get(&licence.sku_id)
            .into_iter()
            .flat_map(|sku| &sku.plans);
        plans.filter(|(id, _)| !licence.disabled_plans.contains(id))
    });
    let clash = |(id, plan): (&Id, &super::ServicePlan)| {
        new.plans
            .iter()
            .any(|(own, own_plan)| plan.excludes.contains(own) || own_plan.excludes.contains(id))
    };
    held.into_iter().any(clash)
}

impl Tenant {
    /// Seats of a SKU that are still to be had.
    #[must_use]
    pub fn free_seats(&self, sku: &str) -> u32 {
        self.skus.get(sku).map_or(0, |known| {
            (known.enabled + known.warning).saturating_sub(self.consumed_seats(sku))
        })
    }

    /// Seats of a SKU in use: one per person, however many ways it comes.
    #[must_use]
    pub fn consumed_seats(&self, sku: &str) -> u32 {
        let here = self.users.values().filter(|user| {
            user.licences
                .iter()
                .any(|licence| licence.sku_id == sku && licence.is_active())
        });
        let elsewhere = self
            .skus
            .get(sku)
            .map_or(0, |known| known.consumed_elsewhere);
        u32::try_from(here.count())
            .unwrap_or(u32::MAX)
            .saturating_add(elsewhere)
    }
}
