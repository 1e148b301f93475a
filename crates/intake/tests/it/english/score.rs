//! Counts right, wrong and missing answers, field by field.

use std::collections::BTreeMap;

use serde_json::Value;

/// The least share of right answers over the whole corpus, per field; a field below it is a step back.
pub(crate) const FLOORS: &[(&str, f64)] = &[
    ("kind", 0.95),
    ("person", 0.95),
    ("effective_date", 0.95),
    ("job_title", 0.85),
    ("department", 0.8),
    ("office", 0.85),
    ("manager", 0.85),
    ("mobile", 0.9),
    ("upn_or_email", 0.9),
    ("urgency", 0.95),
    ("contractor", 0.85),
    ("contract_end", 0.85),
    ("copy_from", 0.85),
    ("forward_to", 0.85),
    ("mailbox_delegate", 0.85),
    ("device_action", 0.85),
    ("keep_mailbox", 0.85),
    ("licences", 0.9),
    ("groups", 0.85),
    ("shared_mailboxes", 0.85),
];

const OF_PERSON: &[&str] = &[
    "job_title",
    "department",
    "office",
    "manager",
    "mobile",
    "upn_or_email",
];

/// Right, wrong and missing answers of a field.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    pub(crate) right: u32,
    pub(crate) wrong: u32,
    pub(crate) missing: u32,
}

impl Count {
    pub(crate) fn f1(self) -> f64 {
        let right = f64::from(2 * self.right);
        right / (right + f64::from(self.wrong + self.missing)).max(1.0)
    }
}

pub(crate) fn as_list(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.clone(),
        other => vec![other.clone()],
    }
}

fn get<'v>(request: &'v Value, field: &str) -> &'v Value {
    if OF_PERSON.contains(&field) {
        &request["person"][field]
    } else {
        &request[field]
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text
            .to_lowercase()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .replace('’', "'"),
        other => other.to_string(),
    }
}

fn same(field: &str, gold: &Value, said: &Value) -> bool {
    let (gold, said) = (plain(gold), plain(said));
    if field == "mobile" {
        let digits = |text: &str| {
            text.chars()
                .filter(char::is_ascii_digit)
                .collect::<String>()
        };
        return digits(&gold) == digits(&said);
    }
    // A time is written with seconds or without.
    gold == said
        || said.replace(":00+", "+").replace(":00-", "-")
            == gold.replace(":00+", "+").replace(":00-", "-")
}

pub(crate) fn name(request: &Value) -> String {
    let person = &request["person"];
    let both = format!(
        "{} {}",
        person["given_name"].as_str().unwrap_or(""),
        person["family_name"].as_str().unwrap_or("")
    );
    both.trim().to_lowercase()
}

/// Counts one pair of what is right and what was said.
pub(crate) fn count(gold: &Value, said: &Value, counts: &mut BTreeMap<String, Count>) {
    for (field, _) in FLOORS {
        let accepted = as_list(&gold["alt"][*field]);
        let wanted = as_list(get(gold, field));
        let given = as_list(get(said, field));
        let count = counts.entry((*field).to_owned()).or_default();
        match *field {
            "kind" => {
                let right = same(field, &gold["kind"], &said["kind"])
                    || accepted.iter().any(|one| same(field, one, &said["kind"]));
                *if right {
                    &mut count.right
                } else {
                    &mut count.wrong
                } += 1;
                continue;
            }
            "person" => {
                *if name(gold) == name(said) {
                    &mut count.right
                } else {
                    &mut count.wrong
                } += 1;
                continue;
            }
            "licences" | "groups" | "shared_mailboxes" => {
                for item in &given {
                    let known = wanted.iter().any(|one| {
                        same(field, one, item)
                            || as_list(&gold["alt"][*field][one.as_str().unwrap_or("")])
                                .iter()
                                .any(|alt| same(field, alt, item))
                    });
                    *if known {
                        &mut count.right
                    } else {
                        &mut count.wrong
                    } += 1;
                }
                count.missing +=
                    u32::try_from(wanted.len().saturating_sub(given.len())).unwrap_or(u32::MAX);
                continue;
            }
            _ => {}
        }
        match (wanted.first(), given.first()) {
            (None, None) => {}
            (Some(_), None) => count.missing += u32::from(!accepted.contains(&Value::Null)),
            (want, Some(said)) => {
                let right = want
                    .into_iter()
                    .chain(&accepted)
                    .any(|one| same(field, one, said));
                if right {
                    count.right += u32::from(want.is_some());
                } else {
                    count.wrong += 1;
                    count.missing += u32::from(want.is_some());
                }
            }
        }
    }
}
