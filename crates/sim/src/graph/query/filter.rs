//! `$filter`: its grammar, what it asks of which property, and which objects it finds.

use serde_json::{Value, json};

/// One thing that a filter asks of one property, by the name Microsoft's table of filters gives it.
#[derive(Debug, PartialEq)]
pub(super) struct Clause<'a> {
    pub(super) name: &'a str,
    pub(super) operator: &'a str,
}

/// A `$filter`, as far as it is supported.
#[derive(Debug, PartialEq)]
pub(super) enum Condition {
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
        inner: Vec<Inner>,
    },
}

/// One comparison inside `any(…)`.
#[derive(Debug, PartialEq)]
pub(super) struct Inner {
    /// The path below the entry; empty for the entry itself.
    path: String,
    /// Whether the value has to begin with `value` instead of being it.
    begins: bool,
    value: Value,
}

impl Condition {
    pub(super) fn parse(text: &str) -> Option<Self> {
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

    /// `collection/any(x:x eq 'v')`, `…any(x:startswith(x,'v'))` and `…any(x:x/a eq 'v' and x/b eq 'w')`.
    fn lambda(collection: &str, rest: &mut &[Token]) -> Option<Self> {
        mark(rest, '(').then_some(())?;
        let variable = name(rest)?;
        mark(rest, ':').then_some(())?;
        let below = |path: String| {
            let path = path.strip_prefix(&variable)?;
            Some(path.trim_start_matches('/').to_owned())
        };
        let mut inner = Vec::new();
        loop {
            let first = name(rest)?;
            let begins = first.eq_ignore_ascii_case("startswith") && mark(rest, '(');
            let path = below(if begins { name(rest)? } else { first })?;
            let joined = if begins {
                mark(rest, ',')
            } else {
                word(rest, "eq")
            };
            joined.then_some(())?;
            let value = literal(rest)?;
            (!begins || mark(rest, ')')).then_some(())?;
            inner.push(Inner {
                path,
                begins,
                value,
            });
            if !word(rest, "and") {
                break;
            }
        }
        mark(rest, ')').then(|| Self::Lambda {
            name: collection.to_owned(),
            inner,
        })
    }

    /// Whether Graph wants the advanced query parameters for it, whatever the property (aad-advanced-queries page).
    pub(super) fn is_advanced(&self) -> bool {
        self.clauses()
            .iter()
            .any(|clause| ["not", "ne", "endsWith"].contains(&clause.operator))
    }

    /// Everything it asks of any property.
    pub(super) fn clauses(&self) -> Vec<Clause<'_>> {
        let one = |name, operator| vec![Clause { name, operator }];
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::clauses).collect(),
            Self::Not(inner) => {
                let mut clauses = inner.clauses();
                let negated: Vec<_> = clauses
                    .iter()
                    .map(|clause| Clause {
                        name: clause.name,
                        operator: "not",
                    })
                    .collect();
                clauses.extend(negated);
                clauses
            }
            Self::Compare {
                name,
                operator,
                value,
            } => match (operator.as_str(), value) {
                ("eq", Value::Null) => one(name, "null"),
                _ => one(name, operator),
            },
            Self::StartsWith { name, .. } => one(name, "startsWith"),
            Self::EndsWith { name, .. } => one(name, "endsWith"),
            Self::In { name, .. } => one(name, "in"),
            Self::Lambda { name, inner } => {
                let begins = inner.iter().any(|part| part.begins);
                one(name, if begins { "startsWith" } else { "eq" })
            }
        }
    }

    /// Whether an object is found by it.
    pub(super) fn holds(&self, item: &Value) -> bool {
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
            Self::Lambda { name, inner } => at(name)
                .as_array()
                .is_some_and(|entries| entries.iter().any(|entry| matches_all(entry, inner))),
        }
    }
}

fn matches_all(entry: &Value, inner: &[Inner]) -> bool {
    inner.iter().all(|part| {
        let found = if part.path.is_empty() {
            entry
        } else {
            &entry[part.path.as_str()]
        };
        let (found, wanted) = (folded(found), folded(&part.value));
        if part.begins {
            found.starts_with(&wanted)
        } else {
            found == wanted
        }
    })
}

/// Values compare without case; times compare as text because all are UTC and padded alike.
pub(super) fn folded(value: &Value) -> String {
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
            check("proxyAddresses/any(p:startswith(p,'smtp:ana@'))"),
            Some(true)
        );
        assert_eq!(
            check("proxyAddresses/any(p:startswith(p,'smtp:bo@'))"),
            Some(false)
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
