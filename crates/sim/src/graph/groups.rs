//! Groups: reading and finding them. What is written stands in the files beside.

mod create;
mod members;
mod update;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::query::{self, Rules};
use super::{Ask, Outcome, not_found, schema, users};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::world::{Group, GroupKind, Id, Tenant, Work};

pub(super) use create::create;
pub(super) use members::{
    add_member, add_owner, delete_member_object, remove_member, remove_member_by_option,
    remove_owner, remove_owner_by_option,
};
pub(super) use update::patch;

/// The objects that one `$expand` brings along at most (query-parameters page: 20 for the directory).
const MOST_EXPANDED: usize = 20;

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
        .map(|sku| {
            let disabled = group.disabled_plans.get(sku).cloned().unwrap_or_default();
            json!({"skuId": sku, "disabledPlans": disabled})
        })
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
    let in_work = Work::LicenseMembers {
        group: id.to_owned(),
    };
    let queued = tenant.due.iter().any(|due| due.work == in_work);
    let processing = if queued {
        Some("QueuedForProcessing")
    } else {
        (!group.assigned_licenses.is_empty()).then_some("ProcessingComplete")
    };
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
        "licenseProcessingState": processing.map(|state| json!({"state": state})),
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
        "visibility": (group.kind() == GroupKind::Microsoft365)
            .then(|| group.visibility.as_deref().unwrap_or("Private")),
    })
}

fn seen_group<'t>(tenant: &'t Tenant, id: &str) -> Result<(&'t Id, &'t Group), Answer> {
    tenant
        .groups
        .get_key_value(&id.to_lowercase())
        .ok_or_else(|| not_found(id))
}

pub(super) fn list(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let queried = ["$filter", "$search", "$orderby"]
        .iter()
        .any(|option| ask.call.option(option).is_some());
    let tenant = if queried || ask.is_eventual() {
        visit.indexed()
    } else {
        visit.seen()
    };
    let mut items = Vec::new();
    for (id, group) in &tenant.groups {
        let mut item = full(tenant, id, group);
        expand_people(tenant, ask, group, &mut item)?;
        items.push(item);
    }
    query::list(ask, items, &RULES)
}

pub(super) fn count(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.indexed();
    let groups = tenant.groups.iter();
    let items = groups.map(|(id, group)| full(tenant, id, group)).collect();
    query::count(ask, items, &RULES)
}

pub(super) fn get(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let (id, group) = seen_group(tenant, ask.id(0))?;
    let mut item = full(tenant, id, group);
    expand_people(tenant, ask, group, &mut item)?;
    query::single(ask, item, &RULES)
}

/// `$expand=members` or `$expand=owners`, with `$select` inside; nothing else of a group is expanded here.
fn expand_people(
    tenant: &Tenant,
    ask: &Ask<'_>,
    group: &Group,
    item: &mut Value,
) -> Result<(), Answer> {
    let Some(expand) = ask.call.option("$expand") else {
        return Ok(());
    };
    let (name, inner) = expand.split_once('(').unwrap_or((expand, ""));
    let ids = match name.trim() {
        "members" => &group.members,
        "owners" => &group.owners,
        other => return Err(query::no_such_expansion(other, RULES.kind)),
    };
    let inner = inner.trim_end_matches(')');
    let chosen: Option<Vec<&str>> = match inner.strip_prefix("$select=") {
        Some(list) => Some(list.split(',').map(str::trim).collect()),
        None if inner.is_empty() => None,
        None => return Err(query::no_such_expansion(inner, RULES.kind)),
    };
    let mut shown = people(tenant, ids, false);
    shown.truncate(MOST_EXPANDED);
    if let Some(names) = chosen {
        for person in shown.iter_mut().filter_map(Value::as_object_mut) {
            person.retain(|key, _| key.contains('@') || names.contains(&key.as_str()));
        }
    }
    item[name.trim()] = Value::Array(shown);
    Ok(())
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
