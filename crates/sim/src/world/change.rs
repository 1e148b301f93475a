//! The log of effective changes: ground truth for whoever checks what really happened.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Tenant;

/// Who made a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A request through an API.
    Request,
    /// One of the vendor's own processes.
    Vendor,
    /// Another human at work in the same tenant.
    Human,
}

/// One field of one object that really became different. A write that changes nothing leaves no trace here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Position in the log, from 1.
    pub n: u64,
    /// Vendor time of the commit.
    pub time: Timestamp,
    /// The tenant's GUID.
    pub tenant: String,
    /// Collection and id, such as `users/1f…`.
    pub object: String,
    /// The field's name in the world; `*` when the whole object came or went.
    pub field: String,
    /// The value before; null when there was none.
    pub before: Value,
    /// The value after; null when there is none.
    pub after: Value,
    /// Who did it.
    pub cause: Cause,
    /// The `request-id` of the request that did it, where one did.
    pub request_id: Option<String>,
    /// The `client-request-id` of that request, where it sent one.
    pub client_request_id: Option<String>,
    /// What was asked for, such as `PATCH /users/{id}` or `Set-Mailbox`.
    pub operation: String,
}

/// One difference between two states of a tenant.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) object: String,
    pub(crate) field: String,
    pub(crate) before: Value,
    pub(crate) after: Value,
}

/// Field by field, what became different between two states of a tenant. What is due later is not a difference.
pub(crate) fn differences(before: &Tenant, after: &Tenant) -> Vec<Difference> {
    let mut out = Vec::new();
    let (before, after) = (as_map(before), as_map(after));
    for (name, old) in &before {
        let new = after.get(name).unwrap_or(&Value::Null);
        if name == "due" || old == new {
            continue;
        }
        if name == "on_premises" {
            on_premises_differences(old, new, &mut out);
            continue;
        }
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => {
                let mut ids: Vec<&String> = old.keys().chain(new.keys()).collect();
                ids.sort();
                ids.dedup();
                for id in ids {
                    object_differences(&format!("{name}/{id}"), old.get(id), new.get(id), &mut out);
                }
            }
            _ => out.push(Difference {
                object: "tenant".to_owned(),
                field: name.clone(),
                before: old.clone(),
                after: new.clone(),
            }),
        }
    }
    out
}

/// The on-premises collections object by object; when its last cycle ran is no change of the tenant.
fn on_premises_differences(old: &Value, new: &Value, out: &mut Vec<Difference>) {
    for name in ["users", "groups"] {
        let empty = serde_json::Map::new();
        let old = old[name].as_object().unwrap_or(&empty);
        let new = new[name].as_object().unwrap_or(&empty);
        let ids: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for id in ids {
            let object = format!("on_premises_{name}/{id}");
            object_differences(&object, old.get(id), new.get(id), out);
        }
    }
    for name in ["errors", "domain_name", "sync_every_s"] {
        if old[name] != new[name] {
            out.push(Difference {
                object: "on_premises".to_owned(),
                field: name.to_owned(),
                before: old[name].clone(),
                after: new[name].clone(),
            });
        }
    }
}

fn object_differences(
    object: &str,
    old: Option<&Value>,
    new: Option<&Value>,
    out: &mut Vec<Difference>,
) {
    if old == new {
        return;
    }
    if let (Some(Value::Object(old)), Some(Value::Object(new))) = (old, new) {
        for (field, before) in old {
            let after = new.get(field).unwrap_or(&Value::Null);
            if before != after {
                let (before, after) = (shown(field, before), shown(field, after));
                out.push(Difference {
                    object: object.to_owned(),
                    field: field.clone(),
                    before,
                    after,
                });
            }
        }
        return;
    }
    let whole = |value: Option<&Value>| value.map_or(Value::Null, without_secrets);
    out.push(Difference {
        object: object.to_owned(),
        field: "*".to_owned(),
        before: whole(old),
        after: whole(new),
    });
}

/// Hashes and application secrets change visibly, but their values stay out of the log, however deep they lie.
fn shown(field: &str, value: &Value) -> Value {
    match field {
        "password_hash" | "secret_hash" | "secrets" if !value.is_null() => {
            Value::from("[redacted]")
        }
        _ => without_secrets(value),
    }
}

fn without_secrets(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(field, value)| (field.clone(), shown(field, value)))
            .collect(),
        Value::Array(items) => items.iter().map(without_secrets).collect(),
        other => other.clone(),
    }
}

fn as_map(tenant: &Tenant) -> serde_json::Map<String, Value> {
    match serde_json::to_value(tenant) {
        Ok(Value::Object(map)) => map,
        _ => unreachable!("a tenant is a struct with string keys"),
    }
}
