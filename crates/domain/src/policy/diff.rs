//! Says in lines for people what changed between two policies.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Policy;

/// One line per change: `+` added, `-` removed, `~` changed. Empty when both mean the same.
#[must_use]
pub fn diff(old: &Policy, new: &Policy) -> Vec<String> {
    let (old, new) = (flat(old), flat(new));
    let mut paths: Vec<&String> = old.keys().chain(new.keys()).collect();
    paths.sort();
    paths.dedup();
    paths
        .into_iter()
        .flat_map(|path| match (old.get(path), new.get(path)) {
            (Some(old), Some(new)) if old != new => match (old, new) {
                (Value::Array(old), Value::Array(new)) => items(path, old, new),
                _ => vec![format!("~ {path}: {} -> {}", say(old), say(new))],
            },
            (Some(Value::Array(old)), None) => items(path, old, &[]),
            (None, Some(Value::Array(new))) => items(path, &[], new),
            (Some(old), None) => vec![format!("- {path} (was {})", say(old))],
            (None, Some(new)) => vec![format!("+ {path}: {}", say(new))],
            _ => Vec::new(),
        })
        .collect()
}

fn items(path: &str, old: &[Value], new: &[Value]) -> Vec<String> {
    let gone = old
        .iter()
        .filter(|item| !new.contains(item))
        .map(|item| format!("- {path}: {}", say(item)));
    let come = new
        .iter()
        .filter(|item| !old.contains(item))
        .map(|item| format!("+ {path}: {}", say(item)));
    let lines: Vec<String> = gone.chain(come).collect();
    if lines.is_empty() && old != new {
        // The same entries in another order, which counts for patterns and instructions.
        let order = |items: &[Value]| items.iter().map(say).collect::<Vec<_>>().join(", ");
        return vec![format!("~ {path}: {} -> {}", order(old), order(new))];
    }
    lines
}

/// Every leaf by its path. A step that is only switched and one that has settings read alike.
fn flat(policy: &Policy) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    let value = serde_json::to_value(policy).unwrap_or(Value::Null);
    gather("", &value, &mut leaves);
    leaves
}

fn gather(path: &str, value: &Value, leaves: &mut BTreeMap<String, Value>) {
    let playbook = path.starts_with("offboard.") || path.starts_with("onboard.");
    match value {
        // By name, so that a change inside one is told as such; the names alone tell the order.
        Value::Array(all) if path == "instructions" => {
            for one in all {
                let name = one["name"].as_str().unwrap_or_default();
                let mut rest = one.clone();
                if let Some(table) = rest.as_object_mut() {
                    table.remove("name");
                }
                gather(&format!("instructions.{name}"), &rest, leaves);
            }
            let names = all.iter().map(|one| one["name"].clone()).collect();
            leaves.insert(path.to_owned(), names);
        }
        // A role that gives nothing is one all the same.
        Value::Object(table) if path.starts_with("roles.") && table.values().all(is_empty) => {
            leaves.insert(path.to_owned(), Value::Object(serde_json::Map::new()));
        }
        Value::Object(table) => {
            for (key, value) in table {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                gather(&path, value, leaves);
            }
            if playbook && path.split('.').count() == 2 && !table.contains_key("on") {
                leaves.insert(format!("{path}.on"), Value::Bool(true));
            }
        }
        Value::Bool(on) if playbook && path.split('.').count() == 2 => {
            leaves.insert(format!("{path}.on"), Value::Bool(*on));
        }
        // Absent is absent: an optional field that is not set is no leaf.
        Value::Null => {}
        leaf => {
            leaves.insert(path.to_owned(), leaf.clone());
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(table) => table.is_empty(),
        _ => false,
    }
}

fn say(value: &Value) -> String {
    match value {
        Value::Bool(true) => "on".to_owned(),
        Value::Bool(false) => "off".to_owned(),
        Value::String(text) => format!("“{text}”"),
        other => other.to_string(),
    }
}
