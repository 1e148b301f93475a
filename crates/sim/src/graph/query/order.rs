//! `$orderby`, with what the directory refuses to sort.
//!
//! Source: aad-advanced-queries page: sorting by anything but the names, or together with `$filter` or `$search`, needs the advanced
//! parameters.

use std::cmp::Ordering;

use serde_json::Value;

use super::filter::folded;
use super::{Rules, is_directory, unsupported};
use crate::call::Answer;
use crate::graph::{Ask, error};

/// What the directory sorts by without the advanced parameters.
const PLAIN: [&str; 2] = ["displayName", "userPrincipalName"];

struct Key {
    path: String,
    descending: bool,
}

/// Sorts the items as `$orderby` asks.
pub(super) fn sort(ask: &Ask<'_>, items: &mut [Value], rules: &Rules<'_>) -> Result<(), Answer> {
    let Some(text) = ask.call.option("$orderby") else {
        return Ok(());
    };
    let keys = keys(text, rules)?;
    let searching = ["$filter", "$search"]
        .iter()
        .any(|option| ask.call.option(option).is_some());
    let plain = keys.iter().all(|key| PLAIN.contains(&key.path.as_str()));
    if is_directory(rules) && !ask.is_advanced() && (searching || !plain) {
        return Err(unsupported("Sorting not supported for current query."));
    }
    items.sort_by(|left, right| {
        keys.iter()
            .map(|key| compare(left, right, key))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
    Ok(())
}

fn keys(text: &str, rules: &Rules<'_>) -> Result<Vec<Key>, Answer> {
    let mut keys = Vec::new();
    for part in text.split(',') {
        let mut words = part.split_whitespace();
        let path = words.next().unwrap_or_default();
        let descending = match words.next() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(unsupported("Unsupported Query.")),
        };
        let first = path.split('/').next().unwrap_or_default();
        if path.is_empty() || (!rules.known.is_empty() && !rules.known.contains(&first)) {
            let message = format!(
                "Could not find a property named '{path}' on type '{}'.",
                rules.kind
            );
            return Err(error(400, "BadRequest", &message));
        }
        keys.push(Key {
            path: path.to_owned(),
            descending,
        });
    }
    Ok(keys)
}

fn compare(left: &Value, right: &Value, key: &Key) -> Ordering {
    let at = |item: &Value| {
        let value = key.path.split('/').fold(item, |value, part| &value[part]);
        // What has no value comes first.
        (!value.is_null(), folded(value))
    };
    let order = at(left).cmp(&at(right));
    if key.descending {
        order.reverse()
    } else {
        order
    }
}
