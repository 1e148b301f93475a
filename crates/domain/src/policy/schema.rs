//! The JSON Schema of a policy, for completion and checks in editors.

use serde_json::{Map, Value, json};

use super::Policy;
use super::document::{ROLE_PROFILE, SITE_PROFILE};
use crate::catalogue::{Catalogue, Entry};
use crate::request::Kind;

/// The schema, with every step of the catalogue under its own name and the names other tools give it.
#[must_use]
pub fn schema(catalogue: &Catalogue) -> Value {
    let mut root = schemars::schema_for!(Policy).to_value();
    let mut steps = Map::new();
    for entry in &catalogue.entries {
        steps.insert(entry.name.to_owned(), step(entry));
    }
    for (name, kinds) in [
        ("offboard", [Kind::Offboard, Kind::Restore]),
        ("onboard", [Kind::Onboard, Kind::Transfer]),
    ] {
        let playbook = playbook(catalogue, &kinds);
        let slot = &mut root["properties"][name];
        let about = slot.get("description").cloned();
        *slot = playbook;
        if let Some(about) = about {
            slot["description"] = about;
        }
    }
    let names: Vec<&str> = catalogue.entries.iter().map(|entry| entry.name).collect();
    root["$defs"]["StepRules"]["properties"]["allowed"]["items"] = json!({"enum": names});
    people(&mut root);
    root["$defs"]["steps"] = Value::Object(steps);
    root["title"] = json!("Tenure policy");
    // Every step has its own schema now.
    if let Some(types) = root["$defs"].as_object_mut() {
        types.remove("Setting");
    }
    root
}

/// The words that the shape of the types does not show.
fn people(root: &mut Value) {
    let kinds = [Kind::Onboard, Kind::Offboard].map(Kind::word);
    let about = root["$defs"]["When"]["properties"]["kind"]["description"].take();
    root["$defs"]["When"]["properties"]["kind"] = json!({"enum": kinds, "description": about});
    for (part, known) in [("Role", ROLE_PROFILE), ("Site", SITE_PROFILE)] {
        root["$defs"][part]["properties"]["profile"]["propertyNames"] = json!({"enum": known});
    }
}

fn playbook(catalogue: &Catalogue, kinds: &[Kind]) -> Value {
    let mut properties = Map::new();
    let entries = || {
        catalogue
            .entries
            .iter()
            .filter(|entry| entry.kinds.iter().any(|kind| kinds.contains(kind)))
    };
    for entry in entries() {
        properties.insert(
            entry.name.to_owned(),
            json!({"$ref": format!("#/$defs/steps/{}", entry.name)}),
        );
    }
    for entry in entries() {
        for alias in entry.aliases {
            properties.insert(
                alias.name.to_owned(),
                json!({"description": format!("Another name for a switch of {}. {}", entry.name, entry.purpose)}),
            );
        }
    }
    json!({"type": "object", "properties": properties, "additionalProperties": false, "default": {}})
}

/// `true`, `false`, or a table of settings.
fn step(entry: &Entry) -> Value {
    let mut settings = entry.schema.clone();
    rebase(
        &mut settings,
        &format!("#/$defs/steps/{}/anyOf/1", entry.name),
    );
    if !settings.is_object() {
        settings = json!({});
    }
    if let Some(table) = settings.as_object_mut() {
        table.remove("$schema");
        table.remove("title");
    }
    settings["type"] = json!("object");
    settings["properties"]["on"] =
        json!({"type": "boolean", "description": "Whether the step is on.", "default": true});
    settings["additionalProperties"] = json!(false);
    json!({
        "description": entry.purpose,
        "default": entry.default_on,
        "anyOf": [{"type": "boolean"}, settings],
    })
}

/// Lets references inside a step's schema point to where it stands now.
fn rebase(value: &mut Value, base: &str) {
    match value {
        Value::Object(table) => {
            for (key, value) in table {
                match value {
                    Value::String(target) if key == "$ref" => {
                        if let Some(inner) = target.strip_prefix('#') {
                            *target = format!("{base}{inner}");
                        }
                    }
                    other => rebase(other, base),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rebase(item, base)),
        _ => {}
    }
}
