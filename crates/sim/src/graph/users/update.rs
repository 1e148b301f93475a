//! Changing a user: which permission each property needs, what a synced account refuses, and revoking sessions.

use serde_json::{Value, json};

use super::{SYNCED, guard, known, names, properties};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::graph::{Ask, Outcome, bad_request, denied, not_found};

/// What stays writable in the cloud on a synced user. `accountEnabled` is accepted, and the next sync puts it back.
const CLOUD_WRITABLE: [&str; 2] = ["accountEnabled", "usageLocation"];

pub(in crate::graph) fn patch(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let id = known(visit, ask.id(0))?;
    let body = ask.entity("user")?;
    for name in body.keys() {
        may_write(visit, ask, &id, name)?;
    }
    let synced = visit.primary().users[&id].on_premises_sync_enabled == Some(true);
    if synced
        && body
            .keys()
            .any(|name| !CLOUD_WRITABLE.contains(&name.as_str()))
    {
        return Err(bad_request(SYNCED));
    }
    let now = visit.now();
    visit.change("PATCH /users/{id}", |tenant| {
        if let Some(upn) = body.get("userPrincipalName").and_then(Value::as_str) {
            names::check_upn(tenant, upn)?;
            names::check_free(tenant, upn, Some(&id))?;
        }
        let user = tenant.users.get_mut(&id).ok_or_else(|| not_found(&id))?;
        properties::write_all(user, &body, now)
    })?;
    Ok(Answer::empty(204))
}

/// Checks the permission for one property (permission notes of the user-update page).
pub(super) fn may_write(
    visit: &Visit<'_>,
    ask: &Ask<'_>,
    id: &str,
    name: &str,
) -> Result<(), Answer> {
    let claims = ask.claims;
    let general = claims.has_any(&["User.ReadWrite.All", "Directory.ReadWrite.All"]);
    let reads = claims.has_any(&[
        "User.Read.All",
        "User.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ]);
    let allowed = match name {
        "accountEnabled" => {
            general || (reads && claims.has_any(&["User.EnableDisableAccount.All"]))
        }
        "passwordProfile" => {
            let by_role =
                claims.has_any(&["User.ReadWrite.All"]) && claims.resets_passwords_by_role();
            by_role || claims.has_any(&["User-PasswordProfile.ReadWrite.All"])
        }
        "businessPhones" | "mobilePhone" => {
            general || claims.has_any(&["User-Phone.ReadWrite.All"])
        }
        "otherMails" => general || claims.has_any(&["User-Mail.ReadWrite.All"]),
        "employeeLeaveDateTime" => {
            claims.has_any(&["User-LifeCycleInfo.ReadWrite.All"])
                && claims.has_any(&["User.Read.All", "User.ReadWrite.All"])
        }
        _ => general,
    };
    if !allowed {
        return Err(denied());
    }
    let sensitive = [
        "accountEnabled",
        "mobilePhone",
        "otherMails",
        "passwordProfile",
        "userPrincipalName",
    ]
    .contains(&name);
    if sensitive {
        guard(visit, ask, id)
    } else {
        Ok(())
    }
}

pub(in crate::graph) fn revoke_sessions(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let id = known(visit, ask.id(0))?;
    let now = visit.now();
    visit.change("POST /users/{id}/revokeSignInSessions", |tenant| {
        let user = tenant.users.get_mut(&id).ok_or_else(|| not_found(&id))?;
        user.sign_in_sessions_valid_from_date_time = now;
        Ok(())
    })?;
    Ok(Answer::json(
        200,
        json!({"@odata.context": ask.context("Edm.Boolean"), "value": true}),
    ))
}
