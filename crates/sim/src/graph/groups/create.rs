//! Creating a group.
//!
//! Source: Graph group-post-groups page and the refusals that callers report. Distribution lists and mail-enabled security groups are
//! made in Exchange only.

use serde_json::{Map, Value};

use super::{RULES, full, update};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::graph::{
    Ask, Outcome, bad_request, conflict, denied, invalid_value, query, refused_property, users,
};
use crate::world::{Group, GroupKind, Tenant};

const REQUIRED: [&str; 4] = [
    "displayName",
    "mailEnabled",
    "mailNickname",
    "securityEnabled",
];

pub(in crate::graph) fn create(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let body = ask.entity("group")?;
    update::check_binds(&body)?;
    let (id, now) = (visit.new_id("group"), visit.now());
    let mut group = wanted(&body)?;
    group.created_date_time = now;
    if group.is_assignable_to_role == Some(true)
        && !ask.claims.has_any(&["RoleManagement.ReadWrite.Directory"])
    {
        return Err(denied());
    }
    visit.change("POST /groups", |tenant| {
        if group.kind() == GroupKind::Microsoft365 {
            give_address(tenant, &mut group)?;
        }
        tenant.groups.insert(id.clone(), group);
        body.iter()
            .filter(|(key, _)| key.ends_with("@odata.bind"))
            .try_for_each(|(key, links)| update::bind(tenant, ask, &id, key, links))
    })?;
    let tenant = visit.primary();
    let location = format!(
        "{}/v2/{}/directoryObjects/{id}/Microsoft.DirectoryServices.Group",
        ask.call.base,
        visit.tenant_id()
    );
    let answer = query::single(ask, full(tenant, &id, &tenant.groups[&id]), &RULES)?;
    Ok(Answer {
        status: 201,
        ..answer
    }
    .with("location", location))
}

/// The group that a body describes, checked by itself.
fn wanted(body: &Map<String, Value>) -> Result<Group, Answer> {
    let missing = REQUIRED
        .into_iter()
        .find(|name| body.get(*name).is_none_or(Value::is_null));
    if let Some(name) = missing {
        let message = format!("A value is required for property '{name}' of resource 'Group'.");
        return Err(refused_property("MissingRequiredProperty", name, &message));
    }
    let mut group = Group::default();
    for (name, value) in body {
        if !name.ends_with("@odata.bind") {
            write(&mut group, name, value)?;
        }
    }
    if group.mail_enabled && group.kind() != GroupKind::Microsoft365 {
        return Err(bad_request(
            "Cannot Create a mail-enabled security groups and or distribution list.",
        ));
    }
    if !group.mail_enabled && group.kind() == GroupKind::Microsoft365 {
        return Err(invalid_value("mailEnabled", "Group"));
    }
    if !group.mail_enabled && !group.security_enabled {
        return Err(invalid_value("securityEnabled", "Group"));
    }
    if group.is_dynamic() {
        for name in ["membershipRule", "membershipRuleProcessingState"] {
            if body.get(name).is_none_or(Value::is_null) {
                let message = format!("A value is required for property '{name}'.");
                return Err(refused_property("MissingRequiredProperty", name, &message));
            }
        }
    } else if group.membership_rule.is_some() {
        return Err(invalid_value("membershipRule", "Group"));
    }
    if group.is_assignable_to_role == Some(true) && (group.is_dynamic() || !group.security_enabled)
    {
        return Err(invalid_value("isAssignableToRole", "Group"));
    }
    Ok(group)
}

fn write(group: &mut Group, name: &str, value: &Value) -> Result<(), Answer> {
    let invalid = || invalid_value(name, "Group");
    let switch = || value.as_bool().ok_or_else(invalid);
    let text = |most: usize| {
        let text = value.as_str().ok_or_else(invalid)?;
        if (1..=most).contains(&text.chars().count()) {
            Ok(text.to_owned())
        } else {
            Err(invalid())
        }
    };
    match name {
        "displayName" => group.display_name = text(256)?,
        "description" => group.description = (!value.is_null()).then(|| text(1_024)).transpose()?,
        "mailEnabled" => group.mail_enabled = switch()?,
        "securityEnabled" => group.security_enabled = switch()?,
        "mailNickname" => {
            let nickname = text(64)?;
            users::check_nickname(&nickname, "Group")?;
            group.mail_nickname = nickname;
        }
        "groupTypes" => {
            let kinds = value.as_array().ok_or_else(invalid)?;
            for kind in kinds {
                match kind.as_str() {
                    Some(known @ ("Unified" | "DynamicMembership")) => {
                        group.group_types.push(known.to_owned());
                    }
                    _ => return Err(invalid()),
                }
            }
        }
        "membershipRule" => {
            group.membership_rule = (!value.is_null()).then(|| text(3_072)).transpose()?;
        }
        // A paused rule is not kept here.
        "membershipRuleProcessingState" => {
            if value != "On" {
                return Err(invalid());
            }
        }
        "isAssignableToRole" => {
            group.is_assignable_to_role = (!value.is_null()).then(switch).transpose()?;
        }
        "visibility" => match value.as_str() {
            Some(known @ ("Private" | "Public")) => group.visibility = Some(known.to_owned()),
            _ => return Err(invalid()),
        },
        _ => return Err(invalid()),
    }
    Ok(())
}

/// A Microsoft 365 group gets its address in the default domain at once; its nickname must be free.
fn give_address(tenant: &Tenant, group: &mut Group) -> Result<(), Answer> {
    let domain = tenant
        .domains
        .iter()
        .find(|domain| domain.is_default)
        .map_or(tenant.initial_domain(), |domain| domain.name.as_str());
    let address = format!("{}@{domain}", group.mail_nickname);
    let same = |other: &Group| {
        other.mail_enabled
            && other
                .mail_nickname
                .eq_ignore_ascii_case(&group.mail_nickname)
    };
    if tenant.groups.values().any(same) {
        return Err(conflict("mailNickname"));
    }
    if users::has_address(tenant, &address, None) {
        return Err(conflict("proxyAddresses"));
    }
    group.mail = Some(address);
    // Public unless the caller asks for privacy (group page, visibility).
    group.visibility.get_or_insert_with(|| "Public".to_owned());
    Ok(())
}
