//! What a user belongs to and owns: memberOf, transitiveMemberOf, ownedObjects, checkMemberGroups.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::query::{self, Rules};
use super::{Ask, Outcome, bad_request, error, groups, not_found, schema};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::world::{Id, Tenant};

#[derive(Clone, Copy, PartialEq)]
enum Cast {
    None,
    Group,
    Role,
    Application,
}

/// Directory objects of mixed kinds: an open type, so `$select` takes any name and gives what an object has.
const MIXED: Rules<'static> = Rules {
    context: "directoryObjects",
    known: &[],
    default: &[],
    kind: "microsoft.graph.directoryObject",
    page: [100, 999],
};

fn direct_groups(tenant: &Tenant, id: &str) -> BTreeSet<Id> {
    let groups = tenant
        .groups
        .iter()
        .filter(|(_, group)| group.members.contains(id));
    groups.map(|(id, _)| id.clone()).collect()
}

/// All groups above an object, however deep.
fn all_groups(tenant: &Tenant, id: &str) -> BTreeSet<Id> {
    let mut found = direct_groups(tenant, id);
    let mut open: Vec<Id> = found.iter().cloned().collect();
    while let Some(next) = open.pop() {
        for above in direct_groups(tenant, &next) {
            if found.insert(above.clone()) {
                open.push(above);
            }
        }
    }
    found
}

fn roles_of(tenant: &Tenant, id: &str) -> Vec<Value> {
    let mut held = BTreeSet::new();
    tenant
        .active_roles(id)
        .filter(|role| held.insert((*role).to_owned()))
        .filter_map(|role| {
            let known = tenant.role_definitions.get(role)?;
            Some(json!({
                "@odata.type": "#microsoft.graph.directoryRole",
                "id": role,
                "displayName": known.display_name,
                "roleTemplateId": role,
                "description": null,
                "deletedDateTime": null,
            }))
        })
        .collect()
}

fn group_values(tenant: &Tenant, ids: &BTreeSet<Id>, typed: bool) -> Vec<Value> {
    let groups = ids
        .iter()
        .filter_map(|id| tenant.groups.get(id).map(|group| (id, group)));
    groups
        .map(|(id, group)| {
            let mut item = groups::full(tenant, id, group);
            if !typed {
                item["@odata.type"] = json!("#microsoft.graph.group");
            }
            item
        })
        .collect()
}

fn memberships(visit: &Visit<'_>, ask: &Ask<'_>, transitive: bool, cast: Cast) -> Outcome {
    let advanced = ask.call.header("consistencylevel").is_some();
    let demanding = ["$filter", "$search", "$orderby", "$count"]
        .iter()
        .any(|option| ask.call.option(option).is_some());
    if cast != Cast::None && demanding && !ask.is_advanced() {
        return Err(error(
            400,
            "Request_UnsupportedQuery",
            "The specified query requires the header 'ConsistencyLevel: eventual' and $count=true.",
        ));
    }
    let tenant = if advanced {
        visit.indexed()
    } else {
        visit.seen()
    };
    let (id, _) = tenant.user(ask.id(0)).ok_or_else(|| not_found(ask.id(0)))?;
    let ids = if transitive {
        all_groups(tenant, id)
    } else {
        direct_groups(tenant, id)
    };
    let mut items = Vec::new();
    if cast != Cast::Role {
        items = group_values(tenant, &ids, cast == Cast::Group);
    }
    if cast != Cast::Group {
        items.extend(roles_of(tenant, id));
    }
    match cast {
        Cast::Group => query::list(
            ask,
            items,
            &Rules {
                context: "groups",
                known: schema::GROUP,
                kind: "microsoft.graph.group",
                ..MIXED
            },
        ),
        _ => query::list(ask, items, &MIXED),
    }
}

pub(super) fn member_of(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    memberships(visit, ask, false, Cast::None)
}

pub(super) fn member_of_groups(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    memberships(visit, ask, false, Cast::Group)
}

pub(super) fn member_of_roles(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    memberships(visit, ask, false, Cast::Role)
}

pub(super) fn transitive(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    memberships(visit, ask, true, Cast::None)
}

pub(super) fn transitive_groups(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    memberships(visit, ask, true, Cast::Group)
}

fn owned(visit: &Visit<'_>, ask: &Ask<'_>, cast: Cast) -> Outcome {
    let tenant = visit.seen();
    let (id, _) = tenant.user(ask.id(0)).ok_or_else(|| not_found(ask.id(0)))?;
    let groups: BTreeSet<Id> = tenant
        .groups
        .iter()
        .filter(|(_, group)| group.owners.contains(id))
        .map(|(id, _)| id.clone())
        .collect();
    let mut items = Vec::new();
    if cast != Cast::Application {
        items = group_values(tenant, &groups, cast == Cast::Group);
    }
    if cast != Cast::Group {
        for (application_id, application) in tenant
            .applications
            .iter()
            .filter(|(_, known)| known.owners.contains(id))
        {
            let mut item = super::applications::application_value(application_id, application);
            if cast == Cast::None {
                item["@odata.type"] = json!("#microsoft.graph.application");
            }
            items.push(item);
        }
    }
    match cast {
        Cast::Application => {
            let rules = Rules {
                context: "applications",
                known: schema::APPLICATION,
                kind: "microsoft.graph.application",
                ..MIXED
            };
            query::list(ask, items, &rules)
        }
        Cast::Group => query::list(
            ask,
            items,
            &Rules {
                context: "groups",
                known: schema::GROUP,
                kind: "microsoft.graph.group",
                ..MIXED
            },
        ),
        _ => query::list(ask, items, &MIXED),
    }
}

pub(super) fn owned_objects(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    owned(visit, ask, Cast::None)
}

pub(super) fn owned_groups(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    owned(visit, ask, Cast::Group)
}

pub(super) fn owned_applications(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    owned(visit, ask, Cast::Application)
}

pub(super) fn check_member_groups(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let body = ask.body()?;
    let asked = body
        .get("groupIds")
        .and_then(Value::as_array)
        .ok_or_else(|| {
            bad_request(
                "The parameter 'groupIds' in the request payload is required and must not be null.",
            )
        })?;
    if asked.len() > 20 {
        return Err(bad_request("The number of group ids must not exceed 20."));
    }
    let tenant = visit.seen();
    let (id, _) = tenant.user(ask.id(0)).ok_or_else(|| not_found(ask.id(0)))?;
    let groups = all_groups(tenant, id);
    let found: Vec<&Value> = asked
        .iter()
        .filter(|group| group.as_str().is_some_and(|id| groups.contains(id)))
        .collect();
    Ok(Answer::json(
        200,
        json!({"@odata.context": ask.context("Collection(Edm.String)"), "value": found}),
    ))
}
