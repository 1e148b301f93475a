//! Merges what the catalogue, the policy and one request say about each step.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::playbook::near_step;
use super::{Policy, Setting};
use crate::catalogue::{Catalogue, Entry};
use crate::planner::Refusal;
use crate::request::Kind;

/// Who had the last word about a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum From {
    /// The catalogue; neither policy nor request mentions the step.
    Default,
    /// The policy.
    Policy,
    /// The request.
    Request,
}

/// What holds for one step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Resolved {
    /// Whether it is on.
    pub on: bool,
    /// Its settings, complete.
    pub settings: Value,
    /// Who had the last word.
    pub from: From,
}

/// What holds for every step that can stand in a plan of this kind. Switches of the request go by step name, by `step.setting`, or
/// by the name another tool gives them.
///
/// # Errors
/// Every switch that is unknown, not allowed by the policy, or has a wrong value, by its name and value.
pub fn resolve(
    policy: &Policy,
    kind: Kind,
    switches: &BTreeMap<String, Value>,
    catalogue: &Catalogue,
) -> Result<BTreeMap<String, Resolved>, Vec<Refusal>> {
    let mut steps: BTreeMap<String, Resolved> = catalogue
        .entries
        .iter()
        .filter(|entry| entry.kinds.contains(&kind))
        .map(|entry| (entry.name.to_owned(), standing(policy, kind, entry)))
        .collect();
    let mut refusals = Vec::new();
    let mut set: BTreeMap<(&str, String), (&str, Value)> = BTreeMap::new();
    for (switch, value) in switches {
        match wanted(switch, value, kind, catalogue) {
            Err(refusal) => refusals.push(refusal),
            Ok(found) => {
                let each = found.into_iter().flat_map(|(entry, settings)| {
                    settings
                        .into_iter()
                        .map(move |(key, value)| (entry, key, value))
                });
                for (entry, key, value) in each {
                    let before = set.insert((entry.name, key.clone()), (switch, value.clone()));
                    if let Some((other, before)) = before
                        && before != value
                    {
                        refusals.push(Refusal::new(
                            "switch-value",
                            format!("switches `{other}` and `{switch}` set `{key}` of {} to different values", entry.name),
                            "leave one of them out",
                        ));
                    }
                }
            }
        }
    }
    for ((step, key), (_, value)) in &set {
        if let Some(resolved) = steps.get_mut(*step) {
            apply(resolved, key, value);
        }
    }
    refusals.extend(judge(policy, switches, &steps, catalogue));
    if refusals.is_empty() {
        Ok(steps)
    } else {
        Err(refusals)
    }
}

/// What holds before the request speaks.
fn standing(policy: &Policy, kind: Kind, entry: &Entry) -> Resolved {
    let mut settings = entry.defaults.as_object().cloned().unwrap_or_default();
    settings.remove("on");
    let (on, from) = match policy.playbook(kind).get(entry.name) {
        None => (entry.default_on, From::Default),
        Some(setting) => {
            if let Value::Object(table) = setting.settings() {
                settings.extend(table);
            }
            (setting.on(), From::Policy)
        }
    };
    let resolved = Resolved {
        on,
        settings: Value::Object(settings),
        from,
    };
    if on && !is_allowed(policy, entry.name) {
        return Resolved {
            on: false,
            from: From::Policy,
            ..resolved
        };
    }
    resolved
}

pub(super) fn is_allowed(policy: &Policy, step: &str) -> bool {
    policy
        .steps
        .allowed
        .as_ref()
        .is_none_or(|allowed| allowed.iter().any(|name| name == step))
}

/// A step that a switch means, and what it sets there.
pub(super) type Meant<'c> = (&'c Entry, Map<String, Value>);

/// The steps that a switch means, and what it sets there.
fn wanted<'c>(
    switch: &str,
    value: &Value,
    kind: Kind,
    catalogue: &'c Catalogue,
) -> Result<Vec<Meant<'c>>, Refusal> {
    let wrong = |problem: &str| {
        Refusal::new(
            "switch-value",
            format!("switch `{switch}` cannot be {value}: {problem}"),
            "correct the value, or leave the switch out",
        )
    };
    let found = found(switch, value, catalogue).map_err(|problem| wrong(&problem))?;
    if found.is_empty() {
        return Err(Refusal::new(
            "unknown-switch",
            format!("there is no switch `{switch}` (given as {value})"),
            near_step(catalogue, switch),
        ));
    }
    if !found.iter().any(|(entry, _)| entry.kinds.contains(&kind)) {
        return Err(Refusal::new(
            "unknown-switch",
            format!(
                "switch `{switch}` ({value}) does not belong to this kind of request: {}",
                kind.word()
            ),
            "leave it out",
        ));
    }
    Ok(found)
}

/// Every step that goes by this name, `step.setting`, or another tool's name, and what the value sets there. One such name may
/// switch several steps.
pub(super) fn found<'c>(
    switch: &str,
    value: &Value,
    catalogue: &'c Catalogue,
) -> Result<Vec<Meant<'c>>, String> {
    if let Some(entry) = catalogue.entries.iter().find(|entry| entry.name == switch) {
        let settings = own(value).ok_or("it takes true, false or a table of settings")?;
        return Ok(vec![(entry, settings)]);
    }
    if let Some((step, key)) = switch.split_once('.')
        && let Some(entry) = catalogue.find(step)
    {
        return Ok(vec![(
            entry,
            Map::from_iter([(key.to_owned(), value.clone())]),
        )]);
    }
    let aliases = catalogue
        .entries
        .iter()
        .flat_map(|entry| entry.aliases.iter().map(move |alias| (entry, alias)));
    aliases
        .filter(|(_, alias)| alias.name.eq_ignore_ascii_case(switch))
        .map(|(entry, alias)| Ok((entry, (alias.settings)(value)?)))
        .collect()
}

/// A value given under a step's own name.
fn own(value: &Value) -> Option<Map<String, Value>> {
    let on = match value {
        Value::Bool(on) => *on,
        Value::String(word) => match word.to_ascii_lowercase().as_str() {
            "true" | "on" | "yes" => true,
            "false" | "off" | "no" => false,
            _ => return None,
        },
        Value::Object(_) => {
            let setting = Setting::Table(value.as_object()?.clone());
            let Value::Object(mut settings) = setting.settings() else {
                return None;
            };
            settings.insert("on".to_owned(), Value::Bool(setting.on()));
            return Some(settings);
        }
        _ => return None,
    };
    Some(Map::from_iter([("on".to_owned(), Value::Bool(on))]))
}

fn apply(resolved: &mut Resolved, key: &str, value: &Value) {
    resolved.from = From::Request;
    if key == "on" {
        resolved.on = value.as_bool().unwrap_or(resolved.on);
    } else if let Value::Object(settings) = &mut resolved.settings {
        settings.insert(key.to_owned(), value.clone());
    }
}

/// Holds what the request changed against the policy and the steps' own checks.
fn judge(
    policy: &Policy,
    switches: &BTreeMap<String, Value>,
    steps: &BTreeMap<String, Resolved>,
    catalogue: &Catalogue,
) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (name, resolved) in steps {
        let Some(entry) = catalogue
            .find(name)
            .filter(|_| resolved.from == From::Request)
        else {
            continue;
        };
        let said = said(switches, entry);
        if resolved.on && !is_allowed(policy, name) {
            refusals.push(Refusal::new(
                "not-allowed",
                format!("{said} would switch on {name}, which is not on this tenant's list of allowed steps"),
                "leave it out, or add the step to [steps] allowed",
            ));
        }
        if let Err(problem) = (entry.check)(&resolved.settings) {
            refusals.push(Refusal::new(
                "switch-value",
                format!("{said} is wrong for {name}: {problem}"),
                "correct the value, or leave the switch out",
            ));
        }
    }
    refusals
}

/// The switches of a request that speak of one step, as they were given.
fn said(switches: &BTreeMap<String, Value>, entry: &Entry) -> String {
    let said: Vec<String> = switches
        .iter()
        .filter(|(switch, _)| {
            let step = switch
                .split_once('.')
                .map_or(switch.as_str(), |(step, _)| step);
            step == entry.name
                || entry
                    .aliases
                    .iter()
                    .any(|alias| alias.name.eq_ignore_ascii_case(step))
        })
        .map(|(switch, value)| format!("`{switch}` = {value}"))
        .collect();
    format!("switch {}", said.join(" and "))
}
