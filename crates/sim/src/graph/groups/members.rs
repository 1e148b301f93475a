//! Members and owners, with every refusal of the real service.
//!
//! Source: Graph group-post-members, group-delete-members, group-post-owners, group-delete-owners pages and their error texts.

use std::collections::BTreeSet;

use crate::call::Answer;
use crate::cloud::Visit;
use crate::graph::{Ask, Outcome, bad_request, denied, error, last_segment, not_found, users};
use crate::world::{Group, Id};

/// Owners that a group may have.
const MOST_OWNERS: usize = 100;

/// How often a missing membership is answered with 400 instead of 404: both are seen in the field, and no rule is known.
const FRESH_REMOVAL_ODDS: f64 = 0.3;

const EXCHANGE_ONLY: &str =
    "Cannot Update a mail-enabled security groups and or distribution list.";
const SYNCED: &str = "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.";

/// Whether Graph may write the members of a group at all.
pub(super) fn check_writable(ask: &Ask<'_>, group: &Group) -> Result<(), Answer> {
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

pub(super) fn check_members_writable(ask: &Ask<'_>, group: &Group) -> Result<(), Answer> {
    if group.is_dynamic() {
        return Err(bad_request(
            "Insufficient privileges to complete the operation: membership of a group with groupTypes 'DynamicMembership' is managed by its rule and cannot be changed directly.",
        ));
    }
    check_writable(ask, group)
}

pub(super) fn duplicate(property: &str) -> Answer {
    bad_request(&format!(
        "One or more added object references already exist for the following modified properties: '{property}'."
    ))
}

pub(in crate::graph) fn add_member(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
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

pub(in crate::graph) fn remove_member(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    take_member(visit, ask, &ask.id(1).to_lowercase())
}

/// `DELETE …/members/$ref?@id=…`, the other form of the same.
pub(in crate::graph) fn remove_member_by_option(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    take_member(visit, ask, &named(ask)?)
}

/// The object that `@id` names.
fn named(ask: &Ask<'_>) -> Result<Id, Answer> {
    ask.call
        .option("@id")
        .and_then(last_segment)
        .ok_or_else(|| bad_request("Invalid URL format specified in query option '@id'."))
}

fn take_member(visit: &mut Visit<'_>, ask: &Ask<'_>, member: &str) -> Outcome {
    let id = ask.id(0).to_lowercase();
    let soon = visit.happens("fresh removal", FRESH_REMOVAL_ODDS);
    visit.change("DELETE /groups/{id}/members/{id}/$ref", |tenant| {
        let known = tenant.knows(member);
        let group = tenant.groups.get_mut(&id).ok_or_else(|| not_found(&id))?;
        check_members_writable(ask, group)?;
        if group.members.remove(member) {
            return Ok(());
        }
        // Both answers are seen in the field; the 404 says neither what is missing.
        if known && soon {
            let text = "One or more removed object references do not exist for the following modified properties: 'members'.";
            return Err(bad_request(text));
        }
        Err(not_found(member))
    })?;
    Ok(Answer::empty(204))
}

/// The documented trap: without `/$ref` the call reaches the member itself, and deletes it where the permission allows.
pub(in crate::graph) fn delete_member_object(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
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

pub(in crate::graph) fn add_owner(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let owner = ask.reference()?;
    let id = ask.id(0).to_lowercase();
    visit.change("POST /groups/{id}/owners/$ref", |tenant| {
        if !tenant.knows(&owner) {
            return Err(not_found(&owner));
        }
        let group = tenant.groups.get_mut(&id).ok_or_else(|| not_found(&id))?;
        check_writable(ask, group)?;
        put_owner(group, &owner)
    })?;
    Ok(Answer::empty(204))
}

/// Adds one owner more, if there is room.
pub(super) fn put_owner(group: &mut Group, owner: &str) -> Result<(), Answer> {
    if group.owners.contains(owner) {
        return Err(duplicate("owners"));
    }
    if group.owners.len() >= MOST_OWNERS {
        let text = format!(
            "Unable to perform operation as '{}' would exceed the maximum quota count '{MOST_OWNERS}' for forward-link owners.",
            group.owners.len() + 1
        );
        return Err(error(403, "Directory_QuotaExceeded", &text));
    }
    group.owners.insert(owner.to_owned());
    Ok(())
}

pub(in crate::graph) fn remove_owner(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    take_owner(visit, ask, &ask.id(1).to_lowercase())
}

/// `DELETE …/owners/$ref?@id=…`, the other form of the same.
pub(in crate::graph) fn remove_owner_by_option(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    take_owner(visit, ask, &named(ask)?)
}

fn take_owner(visit: &mut Visit<'_>, ask: &Ask<'_>, owner: &str) -> Outcome {
    let id = ask.id(0).to_lowercase();
    visit.change("DELETE /groups/{id}/owners/{id}/$ref", |tenant| {
        let users: BTreeSet<Id> = tenant.users.keys().cloned().collect();
        let group = tenant.groups.get_mut(&id).ok_or_else(|| not_found(&id))?;
        check_writable(ask, group)?;
        if !group.owners.contains(owner) {
            return Err(not_found(owner));
        }
        // A remaining service principal does not count.
        if !group
            .owners
            .iter()
            .any(|other| other != owner && users.contains(other))
        {
            return Err(bad_request(
                "The group must have at least one owner, hence this owner cannot be removed.",
            ));
        }
        group.owners.remove(owner);
        Ok(())
    })?;
    Ok(Answer::empty(204))
}
