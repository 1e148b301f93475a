//! Builds Graph paths whose ids and values cannot break out of their place.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Left as they are in a segment. Everything else is encoded: a guest's `#EXT#` would truncate the path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'$')
    .remove(b'(')
    .remove(b')')
    .remove(b'\'')
    .remove(b'=')
    .remove(b',')
    .remove(b'@');

const VALUE: &AsciiSet = &SEGMENT.remove(b'/').remove(b':').remove(b'*').remove(b';');

/// A path below the API's version, with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    path: String,
    query: Vec<(&'static str, String)>,
    eventual: bool,
}

impl Path {
    /// A path of these segments; each is encoded.
    #[must_use]
    pub fn of<S: AsRef<str>>(segments: impl IntoIterator<Item = S>) -> Self {
        let mut path = String::new();
        for segment in segments {
            let _ = write!(path, "/{}", utf8_percent_encode(segment.as_ref(), SEGMENT));
        }
        Self {
            path,
            query: Vec::new(),
            eventual: false,
        }
    }

    /// Only these properties. Graph leaves most properties out unless asked for by name.
    #[must_use]
    pub fn select(self, properties: &[&str]) -> Self {
        self.with("$select", properties.join(","))
    }

    /// Only entries that satisfy this OData expression; see [`quoted`] for values in it.
    #[must_use]
    pub fn filter(self, expression: &str) -> Self {
        self.with("$filter", expression.to_owned())
    }

    /// With these relations inside each entry.
    #[must_use]
    pub fn expand(self, relations: &str) -> Self {
        self.with("$expand", relations.to_owned())
    }

    /// Pages of this many entries.
    #[must_use]
    pub fn top(self, entries: u32) -> Self {
        self.with("$top", entries.to_string())
    }

    /// Any other parameter, such as `startDateTime` of a calendar view.
    #[must_use]
    pub fn param(self, name: &'static str, value: &str) -> Self {
        self.with(name, value.to_owned())
    }

    /// As an advanced query: counted, and answered from an index that lags behind. Never for verification.
    #[must_use]
    pub fn eventual(mut self) -> Self {
        self.eventual = true;
        self.with("$count", "true".to_owned())
    }

    fn with(mut self, name: &'static str, value: String) -> Self {
        self.query.push((name, value));
        self
    }

    pub(super) fn is_eventual(&self) -> bool {
        self.eventual
    }

    pub(super) fn segments(&self) -> impl Iterator<Item = &str> {
        self.path.split('/').skip(1)
    }

    pub(super) fn param_of(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| *known == name)?;
        Some(&found.1)
    }

    pub(super) fn text(&self) -> String {
        let mut text = self.path.clone();
        for (at, (name, value)) in self.query.iter().enumerate() {
            let mark = if at == 0 { '?' } else { '&' };
            let _ = write!(text, "{mark}{name}={}", utf8_percent_encode(value, VALUE));
        }
        text
    }
}

/// A text as an OData string literal: in single quotes, its own doubled.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
