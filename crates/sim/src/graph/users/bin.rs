//! Deleting a user, the recycle bin, and the way back.
//!
//! Source: Graph user-delete, directory-deleteditems-* pages.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{RULES, full, guard, known, names, time, typed};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::graph::query::{self, Rules};
use crate::graph::{Ask, Outcome, bad_request, conflict, denied, not_found};
use crate::world::{DeletedUser, Tenant, User};

/// How long a deleted user stays in the bin.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What the bin lists and gives back: directory objects.
const DELETED: Rules<'static> = Rules {
    context: "directoryObjects",
    ..RULES
};

pub(in crate::graph) fn delete(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let id = known(visit, ask.id(0))?;
    guard(visit, ask, &id)?;
    delete_user(visit, &id, "DELETE /users/{id}")
}

/// Moves a user into the recycle bin with mailbox and memberships; licences are free at once.
pub(in crate::graph) fn delete_user(visit: &mut Visit<'_>, id: &str, operation: &str) -> Outcome {
    let now = visit.now();
    visit.change(operation, |tenant| {
        let user = tenant.users.remove(id).ok_or_else(|| not_found(id))?;
        let mailbox = tenant.mailboxes.remove(id).map(Box::new);
        let mut deleted = DeletedUser {
            deleted_date_time: now,
            user,
            mailbox,
            ..DeletedUser::default()
        };
        for (group_id, group) in &mut tenant.groups {
            if group.members.remove(id) {
                deleted.member_of.insert(group_id.clone());
            }
            if group.owners.remove(id) {
                deleted.owner_of.insert(group_id.clone());
            }
        }
        tenant
            .role_assignments
            .retain(|_, assignment| assignment.principal_id != id);
        tenant
            .eligibilities
            .retain(|_, eligibility| eligibility.principal_id != id);
        tenant.deleted_users.insert(id.to_owned(), deleted);
        Ok(())
    })?;
    Ok(Answer::empty(204))
}

/// Whether the bin still holds it.
fn is_kept(deleted: &DeletedUser, now: Timestamp) -> bool {
    now.duration_since(deleted.deleted_date_time) < KEPT
}

fn in_bin<'t>(tenant: &'t Tenant, id: &str, now: Timestamp) -> Result<&'t DeletedUser, Answer> {
    tenant
        .deleted_users
        .get(id)
        .filter(|deleted| is_kept(deleted, now))
        .ok_or_else(|| not_found(id))
}

fn deleted_value(tenant: &Tenant, id: &str, deleted: &DeletedUser) -> Value {
    let mut item = full(tenant, id, &deleted.user);
    item["deletedDateTime"] = json!(time(deleted.deleted_date_time));
    item["userPrincipalName"] = json!(format!(
        "{}{}",
        id.replace('-', ""),
        deleted.user.user_principal_name
    ));
    item
}

pub(in crate::graph) fn deleted(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let now = visit.now();
    let tenant = super::source(visit, ask);
    let kept = tenant
        .deleted_users
        .iter()
        .filter(|(_, deleted)| is_kept(deleted, now));
    let items = kept
        .map(|(id, deleted)| deleted_value(tenant, id, deleted))
        .collect();
    let rules = Rules {
        context: "directoryObjects/microsoft.graph.user",
        ..RULES
    };
    query::list(ask, items, &rules)
}

pub(in crate::graph) fn deleted_item(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let id = ask.id(0).to_lowercase();
    let mut item = deleted_value(tenant, &id, in_bin(tenant, &id, visit.now())?);
    item["@odata.type"] = json!("#microsoft.graph.user");
    query::single(ask, item, &DELETED)
}

pub(in crate::graph) fn restore(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    // The v1.0 metadata gives the action no parameters.
    if let Some(Value::Object(body)) = ask.call.json()
        && let Some(name) = body.keys().next()
    {
        return Err(bad_request(&format!(
            "The parameter '{name}' in the request payload is not a valid parameter for the operation 'restore'."
        )));
    }
    let (id, now) = (ask.id(0).to_lowercase(), visit.now());
    visit.change("POST /directory/deletedItems/{id}/restore", |tenant| {
        in_bin(tenant, &id, now)?;
        let Some(deleted) = tenant.deleted_users.remove(&id) else {
            return Err(not_found(&id));
        };
        check_free(tenant, &deleted.user)?;
        bring_back(tenant, &id, deleted);
        Ok(())
    })?;
    let tenant = visit.primary();
    query::single(ask, typed(tenant, &id, &tenant.users[&id]), &DELETED)
}

/// Nothing that the user had may belong to a living object by now.
fn check_free(tenant: &Tenant, user: &User) -> Result<(), Answer> {
    names::check_free(tenant, &user.user_principal_name, None)?;
    let taken = user.proxy_addresses.iter().any(|proxy| {
        let address = names::bare(proxy);
        names::has_address(tenant, address, None)
            || tenant
                .users
                .values()
                .any(|other| other.user_principal_name.eq_ignore_ascii_case(address))
    });
    if taken {
        Err(conflict("proxyAddresses"))
    } else {
        Ok(())
    }
}

fn bring_back(tenant: &mut Tenant, id: &str, deleted: DeletedUser) {
    let mut user = deleted.user;
    // The seat was free in the meantime; who finds none comes back without.
    user.licences
        .retain(|licence| !licence.is_active() || tenant.free_seats(&licence.sku_id) > 0);
    tenant.users.insert(id.to_owned(), user);
    if let Some(mailbox) = deleted.mailbox {
        tenant.mailboxes.insert(id.to_owned(), *mailbox);
    }
    for group in &deleted.member_of {
        if let Some(group) = tenant.groups.get_mut(group) {
            group.members.insert(id.to_owned());
        }
    }
    for group in &deleted.owner_of {
        if let Some(group) = tenant.groups.get_mut(group) {
            group.owners.insert(id.to_owned());
        }
    }
}

pub(in crate::graph) fn purge(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let (id, now) = (ask.id(0).to_lowercase(), visit.now());
    if visit.primary().is_privileged(&id) && !ask.claims.guards_privileged() {
        return Err(denied());
    }
    visit.change("DELETE /directory/deletedItems/{id}", |tenant| {
        in_bin(tenant, &id, now)?;
        tenant.deleted_users.remove(&id);
        Ok::<_, Answer>(())
    })?;
    Ok(Answer::empty(204))
}
