//! Reads a policy from TOML and says everything that is wrong with it at once, each with the bytes it is about.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::words::{address_problem, nearest};
use super::{Policy, check};
use crate::catalogue::Catalogue;

/// One thing that is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The bytes of the text it is about; empty at the start where something is missing altogether.
    pub span: Range<usize>,
    /// The path of the field, e.g. `sites.default.time-zone`; empty for the document.
    pub field: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PolicyError {}

/// Reads and checks a policy.
///
/// # Errors
/// Everything that is wrong with it, in the order of the text.
pub fn parse(text: &str, catalogue: &Catalogue) -> Result<Policy, Vec<PolicyError>> {
    let (root, broken) = DeTable::parse_recoverable(text);
    if !broken.is_empty() {
        // What a broken text would mean is guesswork, so nothing further is said about it.
        return Err(broken
            .iter()
            .map(|error| PolicyError {
                message: format!("this is not TOML: {}", error.message()),
                help: None,
                span: error.span().unwrap_or(0..0),
                field: String::new(),
            })
            .collect());
    }
    let mut reader = Reader {
        catalogue,
        errors: Vec::new(),
        spans: BTreeMap::new(),
    };
    let policy = reader.policy(root.get_ref());
    check::contradictions(&policy, &mut reader);
    let mut errors = reader.errors;
    if errors.is_empty() {
        return Ok(policy);
    }
    errors.sort_by_key(|error| (error.span.start, error.span.end));
    errors.dedup();
    Err(errors)
}

/// One table of the document.
pub(super) struct Section<'a> {
    pub(super) table: &'a DeTable<'a>,
    pub(super) path: String,
    pub(super) span: Range<usize>,
}

impl Section<'_> {
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}

/// Gathers the values, the errors, and where each value stood.
pub(super) struct Reader<'c> {
    pub(super) catalogue: &'c Catalogue,
    errors: Vec<PolicyError>,
    spans: BTreeMap<String, Range<usize>>,
}

impl Reader<'_> {
    pub(super) fn wrong(
        &mut self,
        field: &str,
        span: Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.errors.push(PolicyError {
            message: message.into(),
            help,
            span,
            field: field.to_owned(),
        });
    }

    /// Reports at a field that was read before; at the start of the text when it was not written.
    pub(super) fn wrong_at(&mut self, field: &str, message: impl Into<String>, help: &str) {
        let span = self.spans.get(field).cloned().unwrap_or(0..0);
        self.wrong(field, span, message, Some(help.to_owned()));
    }

    /// Reports a word that stands for nothing, with the one it was probably meant to be.
    pub(super) fn no_such(
        &mut self,
        field: &str,
        message: impl Into<String>,
        word: &str,
        known: &[&str],
    ) {
        let help = match nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "there is none yet".to_owned(),
            None => format!("known here: {}", known.join(", ")),
        };
        self.wrong_at(field, message, &help);
    }

    pub(super) fn remember(&mut self, path: &str, span: Range<usize>) {
        self.spans.insert(path.to_owned(), span);
    }

    /// Reports the keys that nothing reads.
    pub(super) fn only(&mut self, section: &Section<'_>, known: &[&str]) {
        for key in section.table.keys() {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let help = nearest(name, known.iter().copied()).map_or_else(
                || format!("known here: {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            let path = section.path_of(name);
            self.wrong(
                &path,
                key.span(),
                format!("nothing is called `{name}` here"),
                Some(help),
            );
        }
    }

    fn value<'a>(
        &mut self,
        section: &Section<'a>,
        key: &str,
    ) -> Option<(&'a DeValue<'a>, Range<usize>)> {
        let value: &Spanned<DeValue<'_>> = section.table.get(key)?;
        self.remember(&section.path_of(key), value.span());
        Some((value.get_ref(), value.span()))
    }

    pub(super) fn typed<'a, T>(
        &mut self,
        section: &Section<'a>,
        key: &str,
        wanted: &str,
        take: impl FnOnce(&'a DeValue<'a>) -> Option<T>,
    ) -> Option<T> {
        let (value, span) = self.value(section, key)?;
        let taken = take(value);
        if taken.is_none() {
            let message = format!("`{key}` must be {wanted}, not {}", sort(value));
            self.wrong(&section.path_of(key), span, message, None);
        }
        taken
    }

    pub(super) fn section<'a>(&mut self, parent: &Section<'a>, key: &str) -> Option<Section<'a>> {
        let table = self.typed(parent, key, "a table", DeValue::as_table)?;
        let span = parent
            .table
            .get_key_value(key)
            .map_or(0..0, |(key, _)| key.span());
        let path = parent.path_of(key);
        self.remember(&path, span.clone());
        Some(Section { table, path, span })
    }

    pub(super) fn needed<'a>(
        &mut self,
        parent: &Section<'a>,
        key: &str,
        why: &str,
    ) -> Option<Section<'a>> {
        if !parent.table.contains_key(key) {
            self.missing(parent, key, format!("add [{key}]: {why}"));
        }
        self.section(parent, key)
    }

    pub(super) fn missing(&mut self, parent: &Section<'_>, key: &str, help: String) {
        let path = parent.path_of(key);
        self.wrong(
            &path,
            parent.span.clone(),
            format!("`{path}` is missing"),
            Some(help),
        );
    }

    pub(super) fn flag(&mut self, section: &Section<'_>, key: &str) -> bool {
        self.typed(section, key, "true or false", DeValue::as_bool)
            .unwrap_or_default()
    }

    pub(super) fn count(&mut self, section: &Section<'_>, key: &str, default: u32) -> u32 {
        self.typed(section, key, "a whole number from 1", |value| {
            whole(value).filter(|number| *number >= 1)
        })
        .unwrap_or(default)
    }

    pub(super) fn text(&mut self, section: &Section<'_>, key: &str) -> Option<String> {
        self.typed(section, key, "a text in quotes", DeValue::as_str)
            .map(str::to_owned)
    }

    pub(super) fn texts(&mut self, section: &Section<'_>, key: &str) -> Vec<String> {
        let path = section.path_of(key);
        let Some(items) = self.typed(section, key, "a list of texts", DeValue::as_array) else {
            return Vec::new();
        };
        let mut texts: Vec<String> = Vec::new();
        let mut known: BTreeSet<String> = BTreeSet::new();
        for item in items {
            let Some(text) = item.get_ref().as_str() else {
                let message = format!("`{key}` holds texts, not {}", sort(item.get_ref()));
                self.wrong(&path, item.span(), message, None);
                continue;
            };
            if !known.insert(text.to_ascii_lowercase()) {
                self.wrong(
                    &path,
                    item.span(),
                    format!("“{text}” is listed twice"),
                    Some("remove one of them".to_owned()),
                );
                continue;
            }
            self.remember(&format!("{path}.{text}"), item.span());
            texts.push(text.to_owned());
        }
        texts
    }

    pub(super) fn addresses(&mut self, section: &Section<'_>, key: &str) -> Vec<String> {
        let addresses = self.texts(section, key);
        for address in &addresses {
            if let Some(problem) = address_problem(address) {
                let field = format!("{}.{address}", section.path_of(key));
                self.wrong_at(
                    &field,
                    format!("“{address}” is no address: {problem}"),
                    "write it like `jo.doe@contoso.example`",
                );
            }
        }
        addresses
    }
}

pub(super) fn whole(value: &DeValue<'_>) -> Option<u32> {
    let number = value.as_integer()?;
    u32::from_str_radix(number.as_str(), number.radix()).ok()
}

/// What a value is, in the words of the messages.
pub(super) fn sort(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(_) => "a text".to_owned(),
        DeValue::Integer(number) => format!("the number {}", number.as_str()),
        DeValue::Float(number) => format!("the number {}", number.as_str()),
        DeValue::Boolean(truth) => format!("`{truth}`"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// The value as the steps' own checks take it.
pub(super) fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::from(number.as_str()), Value::from),
        DeValue::Float(number) => number
            .as_str()
            .parse::<f64>()
            .map_or_else(|_| Value::from(number.as_str()), Value::from),
        DeValue::Boolean(truth) => Value::from(*truth),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => Value::Object(
            table
                .iter()
                .map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())))
                .collect(),
        ),
    }
}
