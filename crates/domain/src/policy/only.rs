//! What holds for an action: a few steps by name, and nothing of the rest of the playbook.

use std::collections::BTreeMap;

use serde_json::Value;

use super::playbook::near_step;
use super::resolve::{found, is_allowed};
use super::{From, Policy, Resolved, resolve};
use crate::catalogue::{Catalogue, Entry};
use crate::planner::Refusal;
use crate::request::Kind;

/// What holds where these steps alone are wanted: each is on with the settings that policy and switches give it, every other is off.
///
/// # Errors
/// Every step that is unknown, not for somebody who is there already, not allowed, or makes no sense by itself; every switch of another
/// step; and what [`resolve`] refuses.
pub fn resolve_only(
    policy: &Policy,
    kind: Kind,
    only: &[String],
    switches: &BTreeMap<String, Value>,
    catalogue: &Catalogue,
) -> Result<BTreeMap<String, Resolved>, Vec<Refusal>> {
    let mut refusals: Vec<Refusal> = Vec::new();
    if only.is_empty() {
        refusals.push(Refusal::new(
            "no-step",
            "the action names no step",
            "name one, like block-sign-in",
        ));
    }
    for name in only {
        let judged = judge(policy, kind, only, name, catalogue);
        refusals.extend(judged.err());
    }
    for (switch, value) in switches {
        refusals.extend(foreign(only, switch, value, catalogue));
    }
    let mut resolved = match resolve(policy, kind, switches, catalogue) {
        Ok(resolved) if refusals.is_empty() => resolved,
        Ok(_) => return Err(refusals),
        Err(more) => {
            refusals.extend(more);
            return Err(refusals);
        }
    };
    for (name, step) in &mut resolved {
        step.on = only.contains(name);
        step.from = From::Request;
    }
    Ok(resolved)
}

/// Whether a step can be wanted like this.
fn judge(
    policy: &Policy,
    kind: Kind,
    only: &[String],
    name: &str,
    catalogue: &Catalogue,
) -> Result<(), Refusal> {
    let named = |entry: &&Entry| entry.name == name;
    let Some(entry) = catalogue.entries.iter().find(named) else {
        let text = format!("there is no step “{name}”");
        return Err(Refusal::new(
            "unknown-step",
            text,
            near_step(catalogue, name),
        ));
    };
    if !entry.kinds.contains(&kind) {
        let kinds: Vec<&str> = entry.kinds.iter().map(|kind| kind.word()).collect();
        return Err(Refusal::new(
            "not-alone",
            format!(
                "{name} belongs to another playbook ({}) and is no action on somebody who is there",
                kinds.join(", ")
            ),
            "plan the whole playbook",
        ));
    }
    if !is_allowed(policy, name) {
        return Err(Refusal::new(
            "not-allowed",
            format!("{name} is not on this tenant's list of allowed steps"),
            "add it to [steps] allowed, if it shall be",
        ));
    }
    match entry.not_alone {
        Some(because) if only.len() == 1 => Err(Refusal::new(
            "not-alone",
            format!("{name} makes no sense by itself: {because}"),
            "plan the whole playbook, or another step",
        )),
        _ => Ok(()),
    }
}

/// A switch that speaks of no step of the action.
fn foreign(only: &[String], switch: &str, value: &Value, catalogue: &Catalogue) -> Option<Refusal> {
    // What is wrong with the switch itself is told where all switches are read.
    let meant = found(switch, value, catalogue).ok()?;
    let about: Vec<&str> = meant.iter().map(|(entry, _)| entry.name).collect();
    let is_foreign =
        !about.is_empty() && !about.iter().any(|name| only.iter().any(|one| one == name));
    is_foreign.then(|| {
        Refusal::new(
            "switch-value",
            format!(
                "switch `{switch}` is about {}, which is no part of this action",
                about.join(", ")
            ),
            "leave it out, or plan the whole playbook",
        )
    })
}
