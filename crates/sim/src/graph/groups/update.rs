//! Changing a group, and binding several members or owners at once.
//!
//! Source: Graph group-update and group-post-members pages.

use serde_json::{Map, Value};

use super::members::{check_members_writable, check_writable, duplicate, put_owner};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::graph::{Ask, Outcome, bad_request, invalid_value, last_segment, not_found, users};
use crate::world::{Group, Tenant};

/// Links that one PATCH may bind, all properties together.
const MOST_BINDS: usize = 20;

pub(in crate::graph) fn patch(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let body = ask.entity("group")?;
    let id = ask.id(0).to_lowercase();
    check_binds(&body)?;
    visit.change("PATCH /groups/{id}", |tenant| {
        for (key, value) in &body {
            if key.ends_with("@odata.bind") {
                bind(tenant, ask, &id, key, value)?;
                continue;
            }
            let group = group_mut(tenant, &id)?;
            check_writable(ask, group)?;
            write(group, key, value)?;
        }
        group_mut(tenant, &id).map(|_| ())
    })?;
    Ok(Answer::empty(204))
}

fn write(group: &mut Group, key: &str, value: &Value) -> Result<(), Answer> {
    let invalid = || invalid_value(key, "Group");
    let text = |most: usize| match value {
        Value::Null => Ok(None),
        Value::String(text) if (1..=most).contains(&text.chars().count()) => Ok(Some(text.clone())),
        _ => Err(invalid()),
    };
    match key {
        "displayName" => group.display_name = text(256)?.ok_or_else(invalid)?,
        "description" => group.description = text(1_024)?,
        "membershipRule" if group.is_dynamic() => {
            group.membership_rule = Some(text(3_072)?.ok_or_else(invalid)?);
        }
        "mailNickname" if !group.mail_enabled => {
            let nickname = text(64)?.ok_or_else(invalid)?;
            users::check_nickname(&nickname, "Group")?;
            group.mail_nickname = nickname;
        }
        "visibility" => match value.as_str() {
            Some(known @ ("Private" | "Public")) => group.visibility = Some(known.to_owned()),
            _ => return Err(invalid()),
        },
        _ => return Err(invalid()),
    }
    Ok(())
}

/// Refuses more links than one call may bind.
pub(super) fn check_binds(body: &Map<String, Value>) -> Result<(), Answer> {
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
    Ok(())
}

fn group_mut<'t>(tenant: &'t mut Tenant, id: &str) -> Result<&'t mut Group, Answer> {
    tenant.groups.get_mut(id).ok_or_else(|| not_found(id))
}

/// All or nobody: one existing member refuses the whole call.
pub(super) fn bind(
    tenant: &mut Tenant,
    ask: &Ask<'_>,
    id: &str,
    key: &str,
    links: &Value,
) -> Result<(), Answer> {
    let property = key.trim_end_matches("@odata.bind");
    let Some(links) = links
        .as_array()
        .filter(|_| property == "members" || property == "owners")
    else {
        return Err(invalid_value(key, "Group"));
    };
    for link in links {
        let target = link.as_str().and_then(last_segment);
        let target =
            target.ok_or_else(|| bad_request("Invalid URL format specified in payload."))?;
        if !tenant.knows(&target) {
            return Err(not_found(&target));
        }
        let group = group_mut(tenant, id)?;
        if property == "owners" {
            check_writable(ask, group)?;
            put_owner(group, &target)?;
            continue;
        }
        check_members_writable(ask, group)?;
        if !group.members.insert(target) {
            return Err(duplicate(property));
        }
    }
    Ok(())
}
