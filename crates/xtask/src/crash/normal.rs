//! Worlds made comparable: times, ids and secrets that a run has made become one word each; those that were there before stay.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::truth::passes_in;

const ID: &str = "<id>";
const TIME: &str = "<time>";
const SECRET: &str = "<secret>";
/// What stands in the address of a one-time link.
const LINK: &str = "/link/tnl_";
/// The length of an id and of a SHA-256 hash as text.
const ID_LEN: usize = 36;
const HASH_LEN: usize = 64;
/// The length of a minute as people read it (`2026-11-21 17:03`), and the least of the numbers that Exchange names rules by.
const MINUTE_LEN: usize = 16;
const NUMBER_LEN: usize = 12;

/// Every text of the world as it was before the run: none of these was made by it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known(BTreeSet<String>);

impl Known {
    /// What a world holds.
    pub(crate) fn of(world: &Value) -> Self {
        let mut known = Self::default();
        known.take(world);
        known
    }

    fn take(&mut self, value: &Value) {
        match value {
            Value::String(text) => {
                self.0.insert(text.clone());
            }
            Value::Array(items) => items.iter().for_each(|item| self.take(item)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.0.insert(name.clone());
                    self.take(value);
                }
            }
            _ => {}
        }
    }

    /// A value in which everything that the run has made up is replaced. Lists become sets: no list of a tenant has an order.
    pub(crate) fn normal(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => {
                let mut items: Vec<Value> = items.iter().map(|item| self.normal(item)).collect();
                items.sort_by_key(Value::to_string);
                Value::Array(items)
            }
            Value::Object(fields) => self.object(fields),
            other => other.clone(),
        }
    }

    fn object(&self, fields: &Map<String, Value>) -> Value {
        let mut out = Map::new();
        let mut made: Vec<Value> = Vec::new();
        for (name, value) in fields {
            let (shown, value) = (self.text(name), self.normal(value));
            if shown == *name {
                out.insert(shown, value);
            } else {
                // Objects that the run has made have no name to be told apart by.
                made.push(value);
            }
        }
        if !made.is_empty() {
            made.sort_by_key(Value::to_string);
            out.insert(ID.to_owned(), Value::Array(made));
        }
        out.sort_keys();
        Value::Object(out)
    }

    /// A text in which every id, time and hash that was not there before is replaced.
    pub(crate) fn text(&self, text: &str) -> String {
        if self.0.contains(text) {
            return text.to_owned();
        }
        if text.parse::<Timestamp>().is_ok() {
            return TIME.to_owned();
        }
        if text.len() == HASH_LEN && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return SECRET.to_owned();
        }
        if text.len() >= NUMBER_LEN && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return ID.to_owned();
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            if rest.get(..MINUTE_LEN).is_some_and(is_minute) {
                out.push_str(TIME);
                rest = &rest[MINUTE_LEN..];
                continue;
            }
            match rest.get(..ID_LEN).filter(|id| is_id(id)) {
                Some(id) => {
                    out.push_str(if self.0.contains(id) { id } else { ID });
                    rest = &rest[ID_LEN..];
                }
                None => {
                    out.push(next);
                    rest = &rest[next.len_utf8()..];
                }
            }
        }
        out
    }
}

fn is_id(text: &str) -> bool {
    text.as_bytes()[8] == b'-' && Uuid::try_parse(text).is_ok()
}

fn is_minute(text: &str) -> bool {
    text.as_bytes()[10] == b' ' && DateTime::strptime("%Y-%m-%d %H:%M", text).is_ok()
}

/// Takes out of a world what goes on in it by itself, whoever does what: work that is due, and the time of a directory's last
/// synchronisation, which comes round every few seconds.
pub(crate) fn still(world: &mut Value) {
    for (_, tenant) in world["tenants"].as_object_mut().into_iter().flatten() {
        if let Some(tenant) = tenant.as_object_mut() {
            tenant.remove("due");
        }
        if let Some(directory) = tenant["on_premises"].as_object_mut() {
            directory.remove("last_sync");
        }
    }
}

/// Puts one word in the place of every pass, wherever a text holds one.
pub(crate) fn without_passes(value: &mut Value, passes: &BTreeSet<String>) {
    match value {
        Value::String(text) => {
            let was = text.clone();
            // A one-time link stands for the pass behind it.
            let links = was.split_whitespace().filter(|word| word.contains(LINK));
            for pass in passes_in(&was, passes).into_iter().chain(links) {
                *text = text.replace(pass, SECRET);
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| without_passes(item, passes)),
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|value| without_passes(value, passes)),
        _ => {}
    }
}

/// Where two values differ, at most so many places, as `path: left, right`.
pub(crate) fn differences(left: &Value, right: &Value, most: usize) -> Vec<String> {
    let mut out = Vec::new();
    compare("", left, right, &mut out);
    let more = out.len().saturating_sub(most);
    out.truncate(most);
    if more > 0 {
        out.push(format!("and {more} more"));
    }
    out
}

fn compare(path: &str, left: &Value, right: &Value, out: &mut Vec<String>) {
    match (left, right) {
        _ if left == right => {}
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                let side =
                    |fields: &Map<String, Value>| fields.get(name).cloned().unwrap_or(Value::Null);
                compare(&format!("{path}/{name}"), &side(a), &side(b), out);
            }
        }
        _ => out.push(format!(
            "{path}: {} undisturbed, {} here",
            short(left),
            short(right)
        )),
    }
}

/// A value as a message holds it.
pub(crate) fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(160) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
