//! Finds what contradicts itself in what a policy says about people who come, and in its standing instructions.

use serde_json::Value;

use super::super::parse::Reader;
use super::super::resolve::found;
use super::super::{Instruction, Policy};
use crate::naming::squeeze;
use crate::request::Kind;

/// Why one bundle has either licences or licence groups (order rules 7 and 8).
const ONE_ROUTE: &str = "a person licensed by group gets no direct licence beside it (order rule 8): keep `licence-groups`, and give add-ons by a group too; or keep `licences`";

/// Reports every contradiction.
pub(super) fn contradictions(policy: &Policy, reader: &mut Reader<'_>) {
    places(policy, reader);
    for (name, role) in &policy.roles {
        if !role.licences.is_empty() && !role.licence_groups.is_empty() {
            reader.wrong_at(
                &format!("roles.{name}.licences"),
                format!("role {name} has both licences and licence groups"),
                ONE_ROUTE,
            );
        }
    }
    if let Some(role) = &policy.contractors.role {
        known_role(policy, reader, "contractors.role", role);
    }
    for (at, one) in policy.instructions.iter().enumerate() {
        instruction(policy, reader, &format!("instructions.{}", at + 1), one);
    }
}

/// Names and aliases by which requests could mean two sites.
fn places(policy: &Policy, reader: &mut Reader<'_>) {
    let plain = |text: &str| squeeze(text).to_lowercase();
    for (name, site) in &policy.sites {
        for alias in &site.aliases {
            let other = policy.sites.iter().find(|(other, site)| {
                *other != name
                    && (plain(other) == plain(alias)
                        || site.aliases.iter().any(|one| plain(one) == plain(alias)))
            });
            if let Some((other, _)) = other {
                reader.wrong_at(
                    &format!("sites.{name}.aliases.{alias}"),
                    format!("“{alias}” means site {other} as well"),
                    "keep it at one of them",
                );
            }
        }
    }
}

fn known_role(policy: &Policy, reader: &mut Reader<'_>, field: &str, role: &str) {
    if !policy.roles.contains_key(role) {
        let known: Vec<&str> = policy.roles.keys().map(String::as_str).collect();
        reader.no_such(field, format!("no role is called “{role}”"), role, &known);
    }
}

fn instruction(policy: &Policy, reader: &mut Reader<'_>, path: &str, one: &Instruction) {
    if let Some(role) = &one.role {
        known_role(policy, reader, &format!("{path}.role"), role);
    }
    // A pattern with a star may fit roles and sites that come later.
    let plain = |text: &&String| !text.contains('*');
    if let Some(role) = one.when.role.as_ref().filter(plain) {
        known_role(policy, reader, &format!("{path}.when.role"), role);
    }
    if let Some(site) = one.when.site.as_ref().filter(plain)
        && !policy.sites.contains_key(site)
    {
        let known: Vec<&str> = policy.sites.keys().map(String::as_str).collect();
        let message = format!("no site is called “{site}”");
        reader.no_such(&format!("{path}.when.site"), message, site, &known);
    }
    if !one.licences.is_empty() && !one.licence_groups.is_empty() {
        reader.wrong_at(
            &format!("{path}.licences"),
            format!(
                "instruction “{}” has both licences and licence groups",
                one.name
            ),
            ONE_ROUTE,
        );
    }
    if one.role.is_some() && one.when.role.is_some() {
        reader.wrong_at(
            &format!("{path}.role"),
            format!(
                "instruction “{}” gives a role to people who have one already",
                one.name
            ),
            "`role` counts only where nothing else gives one: leave it or `when.role` out",
        );
    }
    let gives = gives(one);
    if one.when.kind == Some(Kind::Offboard) {
        for part in &gives {
            reader.wrong_at(
                &format!("{path}.{part}"),
                format!(
                    "instruction “{}” is for people who leave, and they are given nothing",
                    one.name
                ),
                "leave it out, or change `kind`",
            );
        }
        if one.when.role.is_some() {
            reader.wrong_at(
                &format!("{path}.when.role"),
                "the role of somebody who leaves is not known",
                "ask for department or job title instead",
            );
        }
    }
    let idle = gives.is_empty() && one.switches.is_empty() && one.note.is_none();
    // One without a name was told to be broken already.
    if idle && !one.name.is_empty() {
        reader.wrong_at(
            path,
            format!("instruction “{}” does nothing", one.name),
            "give it a role, licences, groups, lists, mailboxes, switches or a note",
        );
    }
    allowed(policy, reader, path, one);
}

/// What an instruction gives, by the names of its keys.
fn gives(one: &Instruction) -> Vec<&'static str> {
    [
        ("role", one.role.is_some()),
        ("licences", !one.licences.is_empty()),
        ("licence-groups", !one.licence_groups.is_empty()),
        ("groups", !one.groups.is_empty()),
        ("lists", !one.lists.is_empty()),
        ("mailboxes", !one.mailboxes.is_empty()),
    ]
    .into_iter()
    .filter_map(|(key, given)| given.then_some(key))
    .collect()
}

/// A switch that would switch on what [steps] does not allow.
fn allowed(policy: &Policy, reader: &mut Reader<'_>, path: &str, one: &Instruction) {
    let Some(allowed) = &policy.steps.allowed else {
        return;
    };
    for (switch, value) in &one.switches {
        let meant = found(switch, value, reader.catalogue).unwrap_or_default();
        let banned = meant.iter().find(|(entry, set)| {
            set.get("on") == Some(&Value::Bool(true))
                && !allowed.iter().any(|name| name == entry.name)
        });
        if let Some((entry, _)) = banned {
            reader.wrong_at(
                &format!("{path}.switches.{switch}"),
                format!(
                    "{} is switched on here and not allowed by [steps]",
                    entry.name
                ),
                "leave it out, or add the step to `allowed`",
            );
        }
    }
}
