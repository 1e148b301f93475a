//! OData options: `$select`, `$filter`, `$search`, `$top` and pages, with Graph's refusals.

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

/// One object, shaped by `$select`.
pub(super) fn single(ask: &Ask<'_>, item: Value, rules: &Rules<'_>) -> Outcome {
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

/// A collection: filtered, searched, paged and shaped.
pub(super) fn list(ask: &Ask<'_>, items: Vec<Value>, rules: &Rules<'_>) -> Outcome {
    let selected = selected(ask, rules)?;
    let mut items = items;
    if let Some(filter) = ask.call.option("$filter") {
        let condition =
            Condition::parse(filter).ok_or_else(|| unsupported("Unsupported Query."))?;
        if condition.is_advanced() && !ask.is_advanced() {
            return Err(unsupported(
                "Operator not supported because the required parameters might be missing. Try adding $count=true and ConsistencyLevel:eventual. Refer to https://aka.ms/graph-docs/advanced-queries for more information",
            ));
        }
        let unknown = condition.names().into_iter().find(|name| {
            let first = name.split('/').next().unwrap_or_default();
            !rules.known.is_empty()
                && !rules.known.contains(&first)
                && first != "singleValueExtendedProperties"
        });
        if let Some(name) = unknown {
            let message = format!(
                "Invalid filter clause: Could not find a property named '{name}' on type '{}'.",
                rules.kind
            );
            return Err(error(400, "BadRequest", &message));
        }
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
    page(ask, items, selected.as_deref(), rules)
}

fn search_items(ask: &Ask<'_>, mut items: Vec<Value>, search: &str) -> Result<Vec<Value>, Answer> {
    if !ask
        .call
        .header("consistencylevel")
        .is_some_and(|level| level.eq_ignore_ascii_case("eventual"))
    {
        return Err(unsupported(
            "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
        ));
    }
    let wanted = search
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .and_then(|pair| pair.split_once(':'));
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
    if ask.call.option("$count") == Some("true") {
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

/// A `$filter`, as far as it is supported.
#[derive(Debug, PartialEq)]
enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Compare {
        name: String,
        operator: String,
        value: Value,
    },
    StartsWith {
        name: String,
        value: String,
    },
    EndsWith {
        name: String,
        value: String,
    },
    In {
        name: String,
        values: Vec<Value>,
    },
    Lambda {
        name: String,
        inner: Vec<(String, Value)>,
    },
}

impl Condition {
    fn parse(text: &str) -> Option<Self> {
        let tokens = tokens(text)?;
        let mut rest = tokens.as_slice();
        let condition = Self::either(&mut rest)?;
        rest.is_empty().then_some(condition)
    }

    fn either(rest: &mut &[Token]) -> Option<Self> {
        let mut parts = vec![Self::both(rest)?];
        while word(rest, "or") {
            parts.push(Self::both(rest)?);
        }
        if parts.len() == 1 {
            parts.pop()
        } else {
            Some(Self::Any(parts))
        }
    }

    fn both(rest: &mut &[Token]) -> Option<Self> {
        let mut parts = vec![Self::one(rest)?];
        while word(rest, "and") {
            parts.push(Self::one(rest)?);
        }
        if parts.len() == 1 {
            parts.pop()
        } else {
            Some(Self::All(parts))
        }
    }

    fn one(rest: &mut &[Token]) -> Option<Self> {
        if word(rest, "not") {
            return Some(Self::Not(Box::new(Self::one(rest)?)));
        }
        if mark(rest, '(') {
            let inner = Self::either(rest)?;
            return mark(rest, ')').then_some(inner);
        }
        let name = name(rest)?;
        let lower = name.to_lowercase();
        if (lower == "startswith" || lower == "endswith") && mark(rest, '(') {
            let property = self::name(rest)?;
            let value = (mark(rest, ',').then(|| literal(rest))??)
                .as_str()?
                .to_owned();
            let condition = match lower.as_str() {
                "startswith" => Self::StartsWith {
                    name: property,
                    value,
                },
                _ => Self::EndsWith {
                    name: property,
                    value,
                },
            };
            return mark(rest, ')').then_some(condition);
        }
        if let Some(collection) = name
            .strip_suffix("/any")
            .or_else(|| name.strip_suffix("/Any"))
        {
            return Self::lambda(collection, rest);
        }
        let operator = self::name(rest)?.to_lowercase();
        match operator.as_str() {
            "eq" | "ne" | "ge" | "le" | "gt" | "lt" => Some(Self::Compare {
                name,
                operator,
                value: literal(rest)?,
            }),
            "in" => {
                let mut values = Vec::new();
                mark(rest, '(').then_some(())?;
                loop {
                    values.push(literal(rest)?);
                    if mark(rest, ')') {
                        return Some(Self::In { name, values });
                    }
                    mark(rest, ',').then_some(())?;
                }
            }
            _ => None,
        }
    }

    /// `collection/any(x:x eq 'v')` and `collection/any(x:x/a eq 'v' and x/b eq 'w')`.
    fn lambda(collection: &str, rest: &mut &[Token]) -> Option<Self> {
        mark(rest, '(').then_some(())?;
        let variable = name(rest)?;
        mark(rest, ':').then_some(())?;
        let mut inner = Vec::new();
        loop {
            let path = name(rest)?;
            word(rest, "eq").then_some(())?;
            let path = path
                .strip_prefix(&variable)?
                .trim_start_matches('/')
                .to_owned();
            inner.push((path, literal(rest)?));
            if !word(rest, "and") {
                break;
            }
        }
        mark(rest, ')').then(|| Self::Lambda {
            name: collection.to_owned(),
            inner,
        })
    }

    /// Whether Graph wants the advanced query parameters for it (aad-advanced-queries page).
    fn is_advanced(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::is_advanced),
            Self::Not(_) | Self::EndsWith { .. } => true,
            Self::Compare { operator, .. } => operator == "ne",
            _ => false,
        }
    }

    fn names(&self) -> Vec<&str> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::names).collect(),
            Self::Not(inner) => inner.names(),
            Self::Compare { name, .. }
            | Self::StartsWith { name, .. }
            | Self::EndsWith { name, .. }
            | Self::In { name, .. }
            | Self::Lambda { name, .. } => vec![name],
        }
    }

    fn holds(&self, item: &Value) -> bool {
        let at = |name: &str| name.split('/').fold(item, |value, part| &value[part]);
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(item)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(item)),
            Self::Not(inner) => !inner.holds(item),
            Self::Compare {
                name,
                operator,
                value,
            } => {
                let (left, right) = (folded(at(name)), folded(value));
                match operator.as_str() {
                    "eq" => left == right,
                    "ne" => left != right,
                    "ge" => left >= right,
                    "le" => left <= right,
                    "gt" => left > right,
                    _ => left < right,
                }
            }
            Self::StartsWith { name, value } => folded(at(name)).starts_with(&value.to_lowercase()),
            Self::EndsWith { name, value } => folded(at(name)).ends_with(&value.to_lowercase()),
            Self::In { name, values } => {
                values.iter().any(|value| folded(at(name)) == folded(value))
            }
            Self::Lambda { name, inner } => at(name).as_array().is_some_and(|entries| {
                entries.iter().any(|entry| {
                    inner.iter().all(|(path, value)| {
                        let found = if path.is_empty() {
                            entry
                        } else {
                            &entry[path.as_str()]
                        };
                        folded(found) == folded(value)
                    })
                })
            }),
        }
    }
}

/// Values compare without case; times compare as text because all are UTC and padded alike.
fn folded(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_lowercase().trim_end_matches('z').to_owned(),
        other => other.to_string(),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Mark(char),
}

fn word(rest: &mut &[Token], wanted: &str) -> bool {
    let found =
        matches!(rest.first(), Some(Token::Word(text)) if text.eq_ignore_ascii_case(wanted));
    if found {
        *rest = &rest[1..];
    }
    found
}

fn mark(rest: &mut &[Token], wanted: char) -> bool {
    let found = rest.first() == Some(&Token::Mark(wanted));
    if found {
        *rest = &rest[1..];
    }
    found
}

fn name(rest: &mut &[Token]) -> Option<String> {
    let (Token::Word(text), tail) = rest.split_first()? else {
        return None;
    };
    *rest = tail;
    Some(text.clone())
}

fn literal(rest: &mut &[Token]) -> Option<Value> {
    let (first, tail) = rest.split_first()?;
    *rest = tail;
    match first {
        Token::Text(text) => Some(json!(text)),
        Token::Word(text) => Some(serde_json::from_str(text).unwrap_or_else(|_| json!(text))),
        Token::Mark(_) => None,
    }
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' => {}
            '(' | ')' | ',' => out.push(Token::Mark(letter)),
            '\'' => {
                let mut value = String::new();
                loop {
                    match letters.next()? {
                        '\'' if letters.peek() == Some(&'\'') => {
                            letters.next();
                            value.push('\'');
                        }
                        '\'' => break,
                        other => value.push(other),
                    }
                }
                out.push(Token::Text(value));
            }
            // A colon separates a lambda's variable; inside a time it belongs to the word.
            ':' => out.push(Token::Mark(':')),
            _ => {
                let mut value = letter.to_string();
                while let Some(next) = letters.next_if(|next| {
                    !" (),'".contains(*next) && (*next != ':' || letter.is_ascii_digit())
                }) {
                    value.push(next);
                }
                out.push(Token::Word(value));
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_hold_as_documented() {
        let item = json!({
            "displayName": "Ana O'Neil", "accountEnabled": true, "mail": "ana@contoso.example",
            "proxyAddresses": ["SMTP:ana@contoso.example"], "start": {"dateTime": "2026-09-02T08:00:00.0000000"}
        });
        let check = |filter: &str| Condition::parse(filter).map(|condition| condition.holds(&item));
        assert_eq!(check("displayName eq 'ana o''neil'"), Some(true));
        assert_eq!(
            check("startswith(displayName,'Ana') and accountEnabled eq true"),
            Some(true)
        );
        assert_eq!(
            check("mail eq 'x' or (mail in ('y','ana@contoso.example'))"),
            Some(true)
        );
        assert_eq!(
            check("proxyAddresses/any(p:p eq 'smtp:ana@contoso.example')"),
            Some(true)
        );
        assert_eq!(
            check("start/dateTime ge '2026-09-02T00:00:00Z'"),
            Some(true)
        );
        assert_eq!(check("start/dateTime ge 2026-09-03T00:00:00Z"), Some(false));
        assert_eq!(check("not(accountEnabled eq true)"), Some(false));
        assert_eq!(check("displayName like 'x'"), None);
    }
}
