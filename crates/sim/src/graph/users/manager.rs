//! Manager and reports.

use super::{RULES, known, refuse_synced, typed};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::graph::query::{self, Rules};
use crate::graph::{Ask, Outcome, bad_request, not_found};

fn no_manager() -> Answer {
    not_found("manager")
}

pub(in crate::graph) fn manager(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let (_, user) = tenant.user(ask.id(0)).ok_or_else(|| not_found(ask.id(0)))?;
    let (id, manager) = user
        .manager
        .as_ref()
        .and_then(|id| tenant.user(id))
        .ok_or_else(no_manager)?;
    query::single(
        ask,
        typed(tenant, id, manager),
        &Rules {
            context: "directoryObjects",
            ..RULES
        },
    )
}

pub(in crate::graph) fn set_manager(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let id = known(visit, ask.id(0))?;
    let manager = ask.reference()?;
    if !visit.primary().users.contains_key(&manager) {
        return Err(not_found(&manager));
    }
    if manager == id {
        return Err(bad_request(
            "Invalid object identifier specified for property 'manager' of resource 'User': a user cannot be its own manager.",
        ));
    }
    refuse_synced(visit, &id)?;
    visit.change("PUT /users/{id}/manager/$ref", |tenant| {
        tenant
            .users
            .get_mut(&id)
            .ok_or_else(|| not_found(&id))?
            .manager = Some(manager);
        Ok(())
    })?;
    Ok(Answer::empty(204))
}

pub(in crate::graph) fn remove_manager(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let id = known(visit, ask.id(0))?;
    refuse_synced(visit, &id)?;
    visit.change("DELETE /users/{id}/manager/$ref", |tenant| {
        let user = tenant.users.get_mut(&id).ok_or_else(|| not_found(&id))?;
        user.manager.take().map(|_| ()).ok_or_else(no_manager)
    })?;
    Ok(Answer::empty(204))
}

pub(in crate::graph) fn direct_reports(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let (id, _) = tenant.user(ask.id(0)).ok_or_else(|| not_found(ask.id(0)))?;
    let reports = tenant
        .users
        .iter()
        .filter(|(_, user)| user.manager.as_ref() == Some(id));
    let items = reports.map(|(id, user)| typed(tenant, id, user)).collect();
    query::list(
        ask,
        items,
        &Rules {
            context: "directoryObjects",
            ..RULES
        },
    )
}
