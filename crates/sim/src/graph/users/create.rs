//! Creating a user.
//!
//! Source: Graph user-post-users page. The object stands on the primary at once and on each replica some seconds later, so that a read
//! right after the 201 may still answer 404. Mail addresses come with the mailbox, not with the account.

use serde_json::{Map, Value};

use super::{RULES, full, names, properties, update};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::graph::query;
use crate::graph::{Ask, Outcome, bad_request, conflict, refused_property};
use crate::world::{Tenant, User};

/// What every new user needs, beside a password.
const REQUIRED: [&str; 4] = [
    "accountEnabled",
    "displayName",
    "mailNickname",
    "userPrincipalName",
];

pub(in crate::graph) fn create(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let body = ask.entity("user")?;
    check_required(&body)?;
    // The one property of a new user that needs a permission of its own.
    if body.contains_key("employeeLeaveDateTime") {
        update::may_write(visit, ask, "", "employeeLeaveDateTime")?;
    }
    let (id, now) = (visit.new_id("user"), visit.now());
    let mut user = User {
        user_type: "Member".to_owned(),
        created_date_time: now,
        sign_in_sessions_valid_from_date_time: now,
        force_change_password: true,
        ..User::default()
    };
    properties::write_all(&mut user, &body, now)?;
    visit.change("POST /users", |tenant| {
        check_names(tenant, &user)?;
        tenant.users.insert(id.clone(), user);
        Ok::<_, Answer>(())
    })?;
    let tenant = visit.primary();
    let location = format!(
        "{}/v2/{}/directoryObjects/{id}/Microsoft.DirectoryServices.User",
        ask.call.base,
        visit.tenant_id()
    );
    let answer = query::single(ask, full(tenant, &id, &tenant.users[&id]), &RULES)?;
    Ok(Answer {
        status: 201,
        ..answer
    }
    .with("location", location))
}

fn check_required(body: &Map<String, Value>) -> Result<(), Answer> {
    let is_empty = |value: Option<&Value>| {
        value.is_none_or(|value| value.is_null() || value.as_str().is_some_and(str::is_empty))
    };
    if let Some(name) = REQUIRED.into_iter().find(|name| is_empty(body.get(*name))) {
        let message = format!("Property {name} value is required but is empty or missing.");
        return Err(refused_property("MissingRequiredProperty", name, &message));
    }
    let password = body
        .get("passwordProfile")
        .and_then(|profile| profile.get("password"));
    if is_empty(password) {
        return Err(bad_request(
            "A password must be specified to create a new user.",
        ));
    }
    Ok(())
}

fn check_names(tenant: &Tenant, user: &User) -> Result<(), Answer> {
    let domain = names::check_upn(tenant, &user.user_principal_name)?;
    let anchor = user.on_premises_immutable_id.as_deref();
    if domain.federated && anchor.is_none() {
        let name = "onPremisesImmutableId";
        let message = format!("Property {name} value is required but is empty or missing.");
        return Err(refused_property("MissingRequiredProperty", name, &message));
    }
    names::check_free(tenant, &user.user_principal_name, None)?;
    let anchored = tenant
        .users
        .values()
        .any(|other| anchor.is_some() && other.on_premises_immutable_id.as_deref() == anchor);
    if anchored {
        return Err(conflict("onPremisesImmutableId"));
    }
    Ok(())
}
