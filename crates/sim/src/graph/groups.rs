//! Groups: reading, members and owners with every refusal of the real service.
//!
//! Source: Graph group-post-members, group-delete-members, group-post-owners, group-delete-owners pages and their error texts.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::query::{self, Rules};
use super::{Ask, Outcome, bad_request, denied, error, not_found, schema, users};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::world::{Group, GroupKind, Id, Tenant};

/// Owners that a group may have.
const MOST_OWNERS: usize = 100;

/// Links that one PATCH may bind, all properties together.
const MOST_BINDS: usize = 20;

/// How often a missing membership is answered with 400 instead of 404: both are seen in the field, and no rule is known.
const FRESH_REMOVAL_ODDS: f64 = 0.3;

const EXCHANGE_ONLY: &str =
    "Cannot Update a mail-enabled security groups and or distribution list.";
const SYNCED: &str = "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.";

pub(super) const RULES: Rules<'static> = Rules {
    context: "groups",
    known: schema::GROUP,
    default: &[],
    kind: "microsoft.graph.group",
    page: [100, 999],
};

/// A group with all properties that the sandbox knows.
pub(super) fn full(tenant: &Tenant, id: &str, group: &Group) -> Value {
    let licences: Vec<Value> = group
        .assigned_licenses
        .iter()
        .map(|sku| json!({"skuId": sku, "disabledPlans": []}))
        .collect();
    let in_error = group
        .members
        .iter()
        .filter_map(|member| tenant.users.get(member))
        .any(|user| {
            user.licences.iter().any(|licence| {
                licence.assigned_by_group.as_deref() == Some(id) && !licence.is_active()
            })
        });
    let dynamic = group.is_dynamic();
    json!({
        "id": id,
        "deletedDateTime": null,
        "assignedLicenses": licences,
        "classification": null,
        "createdDateTime": users::time(group.created_date_time),
        "description": group.description,
        "displayName": group.display_name,
        "expirationDateTime": null,
        "groupTypes": group.group_types,
        "hasMembersWithLicenseErrors": in_error,
        "infoCatalogs": [],
        "isAssignableToRole": group.is_assignable_to_role,
        "mail": group.mail,
        "mailEnabled": group.mail_enabled,
        "mailNickname": group.mail_nickname,
        "membershipRule": group.membership_rule,
        "membershipRuleProcessingState": dynamic.then_some("On"),
        "onPremisesSyncEnabled": group.on_premises_sync_enabled,
        "proxyAddresses": group.mail.iter().map(|mail| format!("SMTP:{mail}")).collect::<Vec<_>>(),
        "renewedDateTime": users::time(group.created_date_time),
        "resourceBehaviorOptions": [],
        "resourceProvisioningOptions": group.resource_provisioning_options,
        "securityEnabled": group.security_enabled,
        "visibility": (group.kind() == GroupKind::Microsoft365).then_some("Private"),
    })
}

fn seen_group<'t>(tenant: &'t Tenant, id: &str) -> Result<(&'t Id, &'t Group), Answer> {
    tenant
        .groups
        .get_key_value(&id.to_lowercase())
        .ok_or_else(|| not_found(id))
}

pub(super) fn list(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let searching = ["$filter", "$search", "$orderby"]
        .iter()
        .any(|option| ask.call.option(option).is_some());
    let tenant = if searching {
        visit.indexed()
    } else {
        visit.seen()
    };
    query::list(
        ask,
        tenant
            .groups
            .iter()
            .map(|(id, group)| full(tenant, id, group))
            .collect(),
        &RULES,
    )
}

pub(super) fn get(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let (id, group) = seen_group(tenant, ask.id(0))?;
    query::single(ask, full(tenant, id, group), &RULES)
}

fn people(tenant: &Tenant, ids: &BTreeSet<Id>, typed: bool) -> Vec<Value> {
    let value = |id: &Id| {
        let (mut item, kind) = if let Some(user) = tenant.users.get(id) {
            (users::full(tenant, id, user), "#microsoft.graph.user")
        } else {
            (
                full(tenant, id, tenant.groups.get(id)?),
                "#microsoft.graph.group",
            )
        };
        if !typed {
            item["@odata.type"] = json!(kind);
        }
        Some(item)
    };
    ids.iter().filter_map(value).collect()
}

/// Members and owners are shown with a user's properties; as open types, `$select` takes any name.
fn list_people(ask: &Ask<'_>, items: Vec<Value>) -> Outcome {
    query::list(
        ask,
        items,
        &Rules {
            context: "directoryObjects",
            known: &[],
            ..users::RULES
        },
    )
}

pub(super) fn members(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let (_, group) = seen_group(tenant, ask.id(0))?;
    list_people(ask, people(tenant, &group.members, false))
}

pub(super) fn member_users(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let (_, group) = seen_group(tenant, ask.id(0))?;
    query::list(
        ask,
        people(tenant, &users_of(tenant, &group.members), true),
        &users::RULES,
    )
}

pub(super) fn owner_users(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let (_, group) = seen_group(tenant, ask.id(0))?;
    query::list(
        ask,
        people(tenant, &users_of(tenant, &group.owners), true),
        &users::RULES,
    )
}

/// Those of these objects that are users, as a cast leaves them.
fn users_of(tenant: &Tenant, ids: &BTreeSet<Id>) -> BTreeSet<Id> {
    ids.iter()
        .filter(|id| tenant.users.contains_key(*id))
        .cloned()
        .collect()
}

pub(super) fn owners(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let (_, group) = seen_group(tenant, ask.id(0))?;
    list_people(ask, people(tenant, &group.owners, false))
}

/// Whether Graph may write the members of a group at all.
fn check_writable(ask: &Ask<'_>, group: &Group) -> Result<(), Answer> {
    if group.is_exchange_managed() {
        return Err(bad_request(EXCHANGE_ONLY));
    }
    if group.is_synced() {
        return Err(bad_request(SYNCED));
    }
    if group.is_assignable_to_role == Some(true)
        && !ask.claims.has_any(&["RoleManagement.ReadWrite.Directory"])
    {
        return Err(denied());
    }
    Ok(())
}

fn check_members_writable(ask: &Ask<'_>, group: &Group) -> Result<(), Answer> {
    if group.is_dynamic() {
        return Err(bad_request(
            "Insufficient privileges to complete the operation: membership of a group with groupTypes 'DynamicMembership' is managed by its rule and cannot be changed directly.",
        ));
    }
    check_writable(ask, group)
}

fn duplicate(property: &str) -> Answer {
    bad_request(&format!(
        "One or more added object references already exist for the following modified properties: '{property}'."
    ))
}

pub(super) fn add_member(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let member = ask.reference()?;
    let id = ask.id(0).to_lowercase();
    visit.change("POST /groups/{id}/members/$ref", |tenant| {
        if !tenant.knows(&member) {
            return Err(not_found(&member));
        }
        let group = tenant.groups.get_mut(&id).ok_or_else(|| not_found(&id))?;
        check_members_writable(ask, group)?;
        if group.members.insert(member.clone()) {
            Ok(())
        } else {
            Err(duplicate("members"))
        }
    })?;
    Ok(Answer::empty(204))
}

pub(super) fn remove_member(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let (id, member) = (ask.id(0).to_lowercase(), ask.id(1).to_lowercase());
    let soon = visit.happens("fresh removal", FRESH_REMOVAL_ODDS);
    visit.change("DELETE /groups/{id}/members/{id}/$ref", |tenant| {
        let known = tenant.knows(&member);
        let group = tenant.groups.get_mut(&id).ok_or_else(|| not_found(&id))?;
        check_members_writable(ask, group)?;
        if group.members.remove(&member) {
            return Ok(());
        }
        // Both answers are seen in the field; the 404 says neither what is missing.
        if known && soon {
            let text = "One or more removed object references do not exist for the following modified properties: 'members'.";
            return Err(bad_request(text));
        }
        Err(not_found(&member))
    })?;
    Ok(Answer::empty(204))
}

/// The documented trap: without `/$ref` the call reaches the member itself, and deletes it where the permission allows.
pub(super) fn delete_member_object(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let (id, member) = (ask.id(0).to_lowercase(), ask.id(1).to_lowercase());
    let group = visit
        .primary()
        .groups
        .get(&id)
        .ok_or_else(|| not_found(&id))?;
    if !group.members.contains(&member) || !visit.primary().users.contains_key(&member) {
        return Err(not_found(&member));
    }
    if !ask
        .claims
        .has_any(&["User.ReadWrite.All", "User.DeleteRestore.All"])
    {
        return Err(denied());
    }
    users::guard(visit, ask, &member)?;
    users::delete_user(visit, &member, "DELETE /groups/{id}/members/{id}")
}

pub(super) fn add_owner(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let owner = ask.reference()?;
    let id = ask.id(0).to_lowercase();
    visit.change("POST /groups/{id}/owners/$ref", |tenant| {
        if !tenant.knows(&owner) {
            return Err(not_found(&owner));
        }
        let group = tenant.groups.get_mut(&id).ok_or_else(|| not_found(&id))?;
        check_writable(ask, group)?;
        if group.owners.contains(&owner) {
            return Err(duplicate("owners"));
        }
        if group.owners.len() >= MOST_OWNERS {
            let text = format!(
                "Unable to perform operation as '{}' would exceed the maximum quota count '{MOST_OWNERS}' for forward-link owners.",
                group.owners.len() + 1
            );
            return Err(error(403, "Directory_QuotaExceeded", &text));
        }
        group.owners.insert(owner.clone());
        Ok(())
    })?;
    Ok(Answer::empty(204))
}

pub(super) fn remove_owner(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let (id, owner) = (ask.id(0).to_lowercase(), ask.id(1).to_lowercase());
    visit.change("DELETE /groups/{id}/owners/{id}/$ref", |tenant| {
        let users: BTreeSet<Id> = tenant.users.keys().cloned().collect();
        let group = tenant.groups.get_mut(&id).ok_or_else(|| not_found(&id))?;
        check_writable(ask, group)?;
        if !group.owners.contains(&owner) {
            return Err(not_found(&owner));
        }
        // A remaining service principal does not count.
        if !group
            .owners
            .iter()
            .any(|other| *other != owner && users.contains(other))
        {
            return Err(bad_request(
                "The group must have at least one owner, hence this owner cannot be removed.",
            ));
        }
        group.owners.remove(&owner);
        Ok(())
    })?;
    Ok(Answer::empty(204))
}

pub(super) fn patch(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let body = ask.body()?;
    let id = ask.id(0).to_lowercase();
    let binds: usize = body
        .iter()
        .filter(|(key, _)| key.ends_with("@odata.bind"))
        .map(|(_, list)| list.as_array().map_or(0, Vec::len))
        .sum();
    if binds > MOST_BINDS {
        return Err(bad_request(
            "The number of bind operations in the request exceeds the maximum of 20.",
        ));
    }
    visit.change("PATCH /groups/{id}", |tenant| {
        for (key, value) in &body {
            let text = || value.as_str().map(str::to_owned);
            let invalid = || {
                bad_request(&format!(
                    "Invalid value specified for property '{key}' of resource 'Group'."
                ))
            };
            match key.as_str() {
                "members@odata.bind" | "owners@odata.bind" => bind(tenant, ask, &id, key, value)?,
                "displayName" => {
                    group_mut(tenant, &id)?.display_name = text().ok_or_else(invalid)?
                }
                "description" => group_mut(tenant, &id)?.description = text(),
                "membershipRule" => group_mut(tenant, &id)?.membership_rule = text(),
                _ => return Err(invalid()),
            }
        }
        Ok(())
    })?;
    Ok(Answer::empty(204))
}

fn group_mut<'t>(tenant: &'t mut Tenant, id: &str) -> Result<&'t mut Group, Answer> {
    tenant.groups.get_mut(id).ok_or_else(|| not_found(id))
}

/// All or nobody: one existing member refuses the whole call.
fn bind(
    tenant: &mut Tenant,
    ask: &Ask<'_>,
    id: &str,
    key: &str,
    links: &Value,
) -> Result<(), Answer> {
    let property = key.trim_end_matches("@odata.bind");
    for link in links.as_array().into_iter().flatten() {
        let target = link.as_str().and_then(super::last_segment);
        let target =
            target.ok_or_else(|| bad_request("Invalid URL format specified in payload."))?;
        if !tenant.knows(&target) {
            return Err(not_found(&target));
        }
        let group = group_mut(tenant, id)?;
        let added = if property == "members" {
            check_members_writable(ask, group)?;
            group.members.insert(target)
        } else {
            check_writable(ask, group)?;
            group.owners.insert(target)
        };
        if !added {
            return Err(duplicate(property));
        }
    }
    Ok(())
}
