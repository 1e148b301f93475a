//! OData options: `$select`, `$filter`, `$search`, `$orderby`, `$top`, `$count` and pages, with Graph's refusals.

mod filter;
mod filterable;
mod order;

use filter::Condition;
use filterable::Needs;
use serde_json::{Map, Value, json};

use super::{Ask, Outcome, error};
use crate::call::Answer;

/// What one collection allows.
pub(super) struct Rules<'a> {
    /// The fragment of `@odata.context`, such as `users`.
    pub(super) context: &'a str,
    /// Every property of the type; empty for an open type, of which anything may be asked.
    pub(super) known: &'a [&'a str],
    /// What is given without `$select`; empty for all.
    pub(super) default: &'a [&'a str],
    /// The type's name in errors.
    pub(super) kind: &'a str,
    /// The page size without `$top`, and the largest.
    pub(super) page: [usize; 2],
}

fn unsupported(message: &str) -> Answer {
    error(400, "Request_UnsupportedQuery", message)
}

fn selected(ask: &Ask<'_>, rules: &Rules<'_>) -> Result<Option<Vec<String>>, Answer> {
    let Some(list) = ask
        .call
        .option("$select")
        .filter(|list| !list.is_empty() && *list != "*")
    else {
        return Ok(None);
    };
    let mut names = Vec::new();
    for name in list.split(',').map(str::trim) {
        let found = rules
            .known
            .iter()
            .find(|known| known.eq_ignore_ascii_case(name));
        let Some(found) = found.copied().or(rules.known.is_empty().then_some(name)) else {
            let message = format!(
                "Could not find a property named '{name}' on type '{}'.",
                rules.kind
            );
            return Err(error(400, "BadRequest", &message));
        };
        names.push(found.to_owned());
    }
    Ok(Some(names))
}

fn shape(item: Value, selected: Option<&[String]>, rules: &Rules<'_>) -> Value {
    let Value::Object(mut whole) = item else {
        return item;
    };
    let mut out = Map::new();
    let notes = whole
        .keys()
        .filter(|key| key.contains("@odata."))
        .cloned()
        .collect::<Vec<_>>();
    let take = |out: &mut Map<String, Value>, whole: &mut Map<String, Value>, key: &str| {
        out.insert(key.to_owned(), whole.remove(key).unwrap_or(Value::Null));
    };
    for key in &notes {
        take(&mut out, &mut whole, key);
    }
    match selected {
        Some(names) => names
            .iter()
            .filter(|name| !rules.known.is_empty() || whole.contains_key(*name))
            .cloned()
            .collect::<Vec<_>>()
            .iter()
            .for_each(|name| take(&mut out, &mut whole, name)),
        None if rules.default.is_empty() => out.append(&mut whole),
        None => rules
            .default
            .iter()
            .for_each(|name| take(&mut out, &mut whole, name)),
    }
    // Outlook gives the id of an item whatever is selected.
    let outlook = rules.kind.ends_with(".event") || rules.kind.ends_with(".message");
    if !out.contains_key("id")
        && (selected.is_none() || outlook)
        && let Some(id) = whole.remove("id")
    {
        out.insert("id".to_owned(), id);
    }
    // What was expanded is kept beside the selection.
    for key in [
        "manager",
        "roleDefinition",
        "members",
        "owners",
        "singleValueExtendedProperties",
    ] {
        if let Some(value) = whole.remove(key) {
            out.insert(key.to_owned(), value);
        }
    }
    Value::Object(out)
}

/// Whether the rules are those of the directory, where queries are restricted and counts need a header.
fn is_directory(rules: &Rules<'_>) -> bool {
    [
        "microsoft.graph.user",
        "microsoft.graph.group",
        "microsoft.graph.application",
        "microsoft.graph.directoryObject",
    ]
    .contains(&rules.kind)
}

/// The system options that the sandbox answers; `$expand` is judged by each handler.
const OPTIONS: [&str; 10] = [
    "$select",
    "$filter",
    "$search",
    "$orderby",
    "$top",
    "$skip",
    "$skiptoken",
    "$count",
    "$expand",
    "$deltatoken",
];

/// Types of which something is expanded here; each handler looks at `$expand` itself.
const EXPANDING: [&str; 7] = [
    "microsoft.graph.user",
    "microsoft.graph.group",
    "microsoft.graph.event",
    "microsoft.graph.message",
    "microsoft.graph.unifiedRoleAssignment",
    "microsoft.graph.unifiedRoleDefinition",
    "microsoft.graph.unifiedRoleEligibilitySchedule",
];

/// Refuses what nobody here would look at.
pub(super) fn check_options(ask: &Ask<'_>, rules: &Rules<'_>) -> Result<(), Answer> {
    let links = rules.context.starts_with("directoryObjects");
    if let Some(expand) = ask.call.option("$expand")
        && (links || !EXPANDING.contains(&rules.kind))
    {
        let name = expand.split('(').next().unwrap_or_default().trim();
        return Err(no_such_expansion(name, rules.kind));
    }
    let unknown = ask.call.query.iter().map(|(key, _)| key).find(|key| {
        key.starts_with('$') && !OPTIONS.iter().any(|known| known.eq_ignore_ascii_case(key))
    });
    match unknown {
        Some(key) => {
            let message = format!("The query parameter '{key}' is not supported.");
            Err(error(400, "BadRequest", &message))
        }
        None => Ok(()),
    }
}

/// The refusal of a `$expand` that a type does not have.
pub(super) fn no_such_expansion(name: &str, kind: &str) -> Answer {
    let message = format!(
        "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type '{kind}'."
    );
    error(400, "BadRequest", &message)
}

/// One object, shaped by `$select`.
pub(super) fn single(ask: &Ask<'_>, item: Value, rules: &Rules<'_>) -> Outcome {
    check_options(ask, rules)?;
    let selected = selected(ask, rules)?;
    let mut shaped = shape(item, selected.as_deref(), rules);
    if let Value::Object(map) = &mut shaped {
        map.insert(
            "@odata.context".to_owned(),
            json!(ask.context(&format!("{}/$entity", rules.context))),
        );
    }
    Ok(Answer::json(200, shaped))
}

/// A collection: filtered, searched, sorted, paged and shaped.
pub(super) fn list(ask: &Ask<'_>, items: Vec<Value>, rules: &Rules<'_>) -> Outcome {
    check_options(ask, rules)?;
    let selected = selected(ask, rules)?;
    let mut items = found(ask, items, rules)?;
    order::sort(ask, &mut items, rules)?;
    page(ask, items, selected.as_deref(), rules)
}

/// How many objects of a directory collection there are, as `/$count` answers: a bare number.
pub(super) fn count(ask: &Ask<'_>, items: Vec<Value>, rules: &Rules<'_>) -> Outcome {
    check_options(ask, rules)?;
    if !ask.is_eventual() {
        return Err(error(
            400,
            "Request_BadRequest",
            "$count is not currently supported.",
        ));
    }
    Ok(Answer::json(200, json!(found(ask, items, rules)?.len())))
}

/// What `$filter` and `$search` leave.
fn found(ask: &Ask<'_>, items: Vec<Value>, rules: &Rules<'_>) -> Result<Vec<Value>, Answer> {
    let mut items = items;
    if let Some(filter) = ask.call.option("$filter") {
        let condition =
            Condition::parse(filter).ok_or_else(|| unsupported("Unsupported Query."))?;
        check_condition(ask, &condition, rules)?;
        items.retain(|item| condition.holds(item));
        // A filter may look at extended properties; only `$expand` brings them along.
        if ask.call.option("$expand").is_none() {
            for item in items.iter_mut().filter_map(Value::as_object_mut) {
                item.remove("singleValueExtendedProperties");
            }
        }
    }
    if let Some(search) = ask.call.option("$search") {
        items = search_items(ask, items, search)?;
    }
    Ok(items)
}

fn check_condition(ask: &Ask<'_>, condition: &Condition, rules: &Rules<'_>) -> Result<(), Answer> {
    let clauses = condition.clauses();
    let first = |name: &str| name.split('/').next().unwrap_or_default().to_owned();
    let unknown = clauses.iter().map(|clause| clause.name).find(|name| {
        let first = first(name);
        !rules.known.is_empty()
            && !rules.known.contains(&first.as_str())
            && first != "singleValueExtendedProperties"
    });
    if let Some(name) = unknown {
        let message = format!(
            "Invalid filter clause: Could not find a property named '{name}' on type '{}'.",
            rules.kind
        );
        return Err(error(400, "BadRequest", &message));
    }
    let mut advanced = condition.is_advanced();
    let resource = match rules.kind {
        "microsoft.graph.user" => Some("User"),
        "microsoft.graph.group" => Some("Group"),
        _ => None,
    };
    if let Some(resource) = resource {
        for clause in &clauses {
            let property = first(clause.name);
            let Some(needs) = filterable::needs(&property, clause.operator) else {
                return Err(unsupported(&format!(
                    "Unsupported or invalid query filter clause specified for property '{property}' of resource '{resource}'."
                )));
            };
            advanced |= needs == Needs::Advanced;
        }
    }
    if advanced && !ask.is_advanced() {
        return Err(unsupported(
            "Operator not supported because the required parameters might be missing. Try adding $count=true and ConsistencyLevel:eventual. Refer to https://aka.ms/graph-docs/advanced-queries for more information",
        ));
    }
    Ok(())
}

/// What `$search` looks into; everything else of the directory is found by `$filter` only.
const SEARCHABLE: [&str; 7] = [
    "displayName",
    "description",
    "givenName",
    "mail",
    "mailNickname",
    "surname",
    "userPrincipalName",
];

fn search_items(ask: &Ask<'_>, mut items: Vec<Value>, search: &str) -> Result<Vec<Value>, Answer> {
    if !ask.is_eventual() {
        return Err(unsupported(
            "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
        ));
    }
    let wanted = search
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .and_then(|pair| pair.split_once(':'))
        .filter(|(name, _)| SEARCHABLE.contains(name));
    let Some((name, text)) = wanted else {
        return Err(error(
            400,
            "Request_BadRequest",
            "Unrecognized query argument specified: '$search'. The search term must be in the form \"property:value\".",
        ));
    };
    let words: Vec<String> = text
        .to_lowercase()
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    items.retain(|item| {
        let value = item[name].as_str().unwrap_or_default().to_lowercase();
        let parts: Vec<&str> = value
            .split(|letter: char| !letter.is_alphanumeric())
            .collect();
        words
            .iter()
            .all(|word| parts.iter().any(|part| part.starts_with(word.as_str())))
    });
    Ok(items)
}

fn page(
    ask: &Ask<'_>,
    items: Vec<Value>,
    selected: Option<&[String]>,
    rules: &Rules<'_>,
) -> Outcome {
    let [usual, largest] = rules.page;
    let size = match ask.call.option("$top").map(str::parse::<usize>) {
        None => usual,
        Some(Ok(size)) if (1..=largest).contains(&size) => size,
        Some(_) => {
            return Err(error(
                400,
                "Request_UnsupportedQuery",
                "Invalid page size specified.",
            ));
        }
    };
    if is_directory(rules) && ask.call.option("$skip").is_some() {
        return Err(error(
            400,
            "Request_BadRequest",
            "'$skip' is not supported by the service.",
        ));
    }
    let start = match ask.call.option("$skiptoken").or_else(|| ask.call.option("$skip")) {
        None => 0,
        Some(token) => token
            .trim_start_matches("s~")
            .parse()
            .map_err(|_| error(400, "Directory_ExpiredPageToken", "The specified page token value has expired and can no longer be included in your request."))?,
    };
    let total = items.len();
    let value: Vec<Value> = items
        .into_iter()
        .skip(start)
        .take(size)
        .map(|item| shape(item, selected, rules))
        .collect();
    let mut body = Map::new();
    body.insert(
        "@odata.context".to_owned(),
        json!(ask.context(rules.context)),
    );
    // The directory counts for whoever reads from its index, and passes over the wish otherwise.
    if ask.call.option("$count") == Some("true") && (!is_directory(rules) || ask.is_eventual()) {
        body.insert("@odata.count".to_owned(), json!(total));
    }
    if start + size < total {
        body.insert(
            "@odata.nextLink".to_owned(),
            json!(next_link(ask, start + size)),
        );
    }
    body.insert("value".to_owned(), Value::Array(value));
    Ok(Answer::json(200, Value::Object(body)))
}

fn next_link(ask: &Ask<'_>, start: usize) -> String {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    let kept = ask
        .call
        .query
        .iter()
        .filter(|(key, _)| !key.to_lowercase().contains("skip"));
    let mut parts: Vec<String> = kept
        .map(|(key, value)| format!("{key}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
        .collect();
    parts.push(format!("$skiptoken=s~{start}"));
    format!("{}{}?{}", ask.call.base, ask.call.path, parts.join("&"))
}
