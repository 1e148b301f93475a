//! Application registrations and their owners.

use serde_json::{Value, json};

use super::query::{self, Rules};
use super::users::{self, time};
use super::{Ask, Outcome, bad_request, not_found, schema};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::world::Application;

const APPLICATIONS: Rules<'static> = Rules {
    context: "applications",
    known: schema::APPLICATION,
    default: &[],
    kind: "microsoft.graph.application",
    page: [100, 999],
};

/// An application registration.
pub(super) fn application_value(id: &str, application: &Application) -> Value {
    let secrets: Vec<Value> = application
        .secret_ends
        .iter()
        .map(|end| json!({"endDateTime": time(*end), "hint": "abc", "secretText": null}))
        .collect();
    json!({
        "id": id,
        "deletedDateTime": null,
        "appId": application.app_id,
        "displayName": application.display_name,
        "signInAudience": "AzureADMyOrg",
        "identifierUris": [],
        "passwordCredentials": secrets,
        "keyCredentials": [],
    })
}

pub(super) fn applications(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let items = visit
        .seen()
        .applications
        .iter()
        .map(|(id, known)| application_value(id, known))
        .collect();
    query::list(ask, items, &APPLICATIONS)
}

pub(super) fn application(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let id = ask.id(0).to_lowercase();
    let found = visit
        .seen()
        .applications
        .get(&id)
        .ok_or_else(|| not_found(&id))?;
    query::single(ask, application_value(&id, found), &APPLICATIONS)
}

pub(super) fn application_owners(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let found = tenant
        .applications
        .get(&ask.id(0).to_lowercase())
        .ok_or_else(|| not_found(ask.id(0)))?;
    let people = found
        .owners
        .iter()
        .filter_map(|id| tenant.users.get(id).map(|user| (id, user)));
    let items = people
        .map(|(id, user)| {
            let mut item = users::full(tenant, id, user);
            item["@odata.type"] = json!("#microsoft.graph.user");
            item
        })
        .collect();
    query::list(
        ask,
        items,
        &Rules {
            context: "directoryObjects",
            ..users::RULES
        },
    )
}

pub(super) fn add_application_owner(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let owner = ask.reference()?;
    let id = ask.id(0).to_lowercase();
    visit.change("POST /applications/{id}/owners/$ref", |tenant| {
        if !tenant.knows(&owner) {
            return Err(not_found(&owner));
        }
        let found = tenant.applications.get_mut(&id).ok_or_else(|| not_found(&id))?;
        if !found.owners.insert(owner) {
            return Err(bad_request("One or more added object references already exist for the following modified properties: 'owners'."));
        }
        Ok(())
    })?;
    Ok(Answer::empty(204))
}

pub(super) fn remove_application_owner(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let (id, owner) = (ask.id(0).to_lowercase(), ask.id(1).to_lowercase());
    visit.change("DELETE /applications/{id}/owners/{id}/$ref", |tenant| {
        let found = tenant
            .applications
            .get_mut(&id)
            .ok_or_else(|| not_found(&id))?;
        if found.owners.remove(&owner) {
            Ok(())
        } else {
            Err(not_found(&owner))
        }
    })?;
    Ok(Answer::empty(204))
}
