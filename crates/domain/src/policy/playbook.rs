//! Reads the playbooks of a policy: which steps are on, under their own or other tools' names, with which settings.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value};
use toml::de::DeValue;

use super::Setting;
use super::parse::{Reader, Section, json, sort};
use super::words::nearest;
use crate::catalogue::{Catalogue, Entry};
use crate::request::Kind;

/// What has been gathered for one step.
#[derive(Default)]
struct Gathered {
    settings: Map<String, Value>,
    /// Where each setting was written, and where the step was first named.
    spans: BTreeMap<String, Range<usize>>,
    span: Range<usize>,
    /// Whether it was written under the step's own name, which switches it on unless it says otherwise.
    own_name: bool,
}

/// Reads one playbook; what was written under other names is put under the steps' own.
pub(super) fn read(
    reader: &mut Reader<'_>,
    root: &Section<'_>,
    name: &str,
    kinds: &[Kind],
) -> BTreeMap<String, Setting> {
    let Some(section) = reader.section(root, name) else {
        return BTreeMap::new();
    };
    let catalogue = reader.catalogue;
    let mut steps: BTreeMap<&'static str, Gathered> = BTreeMap::new();
    for (key, value) in section.table {
        let written = key.get_ref().as_ref();
        let path = section.path_of(written);
        let Some(entry) = catalogue.find(written) else {
            let help = near_step(catalogue, written);
            let message = format!("no step is called `{written}`");
            reader.wrong(&path, key.span(), message, Some(help));
            continue;
        };
        if !entry.kinds.iter().any(|kind| kinds.contains(kind)) {
            let message = format!("{} does not belong in [{name}]", entry.name);
            let words: Vec<&str> = entry.kinds.iter().map(|kind| kind.word()).collect();
            let help = format!("it is a step for: {}", words.join(", "));
            reader.wrong(&path, key.span(), message, Some(help));
            continue;
        }
        let spans = (key.span(), value.span());
        if let Some(settings) = one(
            reader,
            entry,
            &path,
            written,
            value.get_ref(),
            spans.clone(),
        ) {
            let gathered = steps.entry(entry.name).or_insert_with(|| Gathered {
                span: spans.0.clone(),
                ..Gathered::default()
            });
            gathered.own_name |= entry.name == written;
            merge(reader, gathered, &path, settings);
        }
    }
    steps
        .into_iter()
        .filter_map(|(name, gathered)| {
            let entry = catalogue.find(name)?;
            let path = section.path_of(name);
            reader.remember(&path, gathered.span.clone());
            check(reader, entry, &path, &gathered);
            Some((name.to_owned(), setting(entry, gathered)))
        })
        .collect()
}

type Written = Vec<(String, Value, Range<usize>)>;

/// The settings that one line gives.
fn one(
    reader: &mut Reader<'_>,
    entry: &Entry,
    path: &str,
    written: &str,
    value: &DeValue<'_>,
    (key_span, value_span): (Range<usize>, Range<usize>),
) -> Option<Written> {
    if entry.name != written {
        let alias = entry
            .aliases
            .iter()
            .find(|alias| alias.name.eq_ignore_ascii_case(written))?;
        return match (alias.settings)(&json(value)) {
            Ok(settings) => Some(
                settings
                    .into_iter()
                    .map(|(key, value)| (key, value, value_span.clone()))
                    .collect(),
            ),
            Err(problem) => {
                let message = format!("the value of `{written}` is wrong: {problem}");
                let help = format!("`{written}` is another name for `{}`", entry.name);
                reader.wrong(path, value_span, message, Some(help));
                None
            }
        };
    }
    match value {
        DeValue::Boolean(on) => Some(vec![("on".to_owned(), Value::Bool(*on), value_span)]),
        DeValue::Table(table) => Some(
            table
                .iter()
                .map(|(key, value)| {
                    (
                        key.get_ref().to_string(),
                        json(value.get_ref()),
                        value.span(),
                    )
                })
                .collect(),
        ),
        other => {
            let message = format!(
                "`{written}` must be true, false or a table of settings, not {}",
                sort(other)
            );
            let help = format!("for example `{written} = true`");
            reader.wrong(path, key_span.start..value_span.end, message, Some(help));
            None
        }
    }
}

fn merge(reader: &mut Reader<'_>, gathered: &mut Gathered, path: &str, settings: Written) {
    for (key, value, span) in settings {
        if gathered
            .settings
            .get(&key)
            .is_some_and(|known| *known != value)
        {
            let message = format!("`{key}` of this step is set twice, to different values");
            let help = "the step stands here under two names; keep one".to_owned();
            reader.wrong(path, span, message, Some(help));
            continue;
        }
        gathered.spans.insert(key.clone(), span);
        gathered.settings.insert(key, value);
    }
}

/// Holds settings against the step's own schema and check.
fn check(reader: &mut Reader<'_>, entry: &Entry, path: &str, gathered: &Gathered) {
    let mut settings = entry.defaults.as_object().cloned().unwrap_or_default();
    let known: Option<Vec<&str>> = entry
        .schema
        .get("properties")
        .and_then(Value::as_object)
        .map(|properties| properties.keys().map(String::as_str).collect());
    let mut clean = true;
    for (key, value) in &gathered.settings {
        let field = format!("{path}.{key}");
        let span = gathered.spans.get(key).unwrap_or(&gathered.span).clone();
        if key == "on" {
            if !value.is_boolean() {
                reader.wrong(&field, span, "`on` must be true or false", None);
            }
            continue;
        }
        if let Some(known) = &known
            && !known.contains(&key.as_str())
        {
            clean = false;
            let help = match nearest(key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => "this step has nothing to set but `on`".to_owned(),
                None => format!("it has: {}", known.join(", ")),
            };
            let message = format!("{} has no setting `{key}`", entry.name);
            reader.wrong(&field, span, message, Some(help));
            continue;
        }
        settings.insert(key.clone(), value.clone());
    }
    if !clean {
        return;
    }
    if let Err(problem) = (entry.check)(&Value::Object(settings)) {
        // A step's check names the field first, so that the line can be shown.
        let key = problem.split(':').next().unwrap_or_default().to_owned();
        let span = gathered.spans.get(&key).unwrap_or(&gathered.span).clone();
        let message = format!("wrong setting of {}: {problem}", entry.name);
        reader.wrong(
            &format!("{path}.{key}"),
            span,
            message,
            Some(entry.purpose.to_owned()),
        );
    }
}

fn setting(entry: &Entry, gathered: Gathered) -> Setting {
    let mut settings = gathered.settings;
    let unsaid = gathered.own_name || entry.default_on;
    let on = settings
        .get("on")
        .and_then(Value::as_bool)
        .unwrap_or(unsaid);
    settings.remove("on");
    if settings.is_empty() {
        return Setting::Switch(on);
    }
    settings.insert("on".to_owned(), Value::Bool(on));
    Setting::Table(settings)
}

/// What to say about a name that no step has.
pub(super) fn near_step(catalogue: &Catalogue, written: &str) -> String {
    let names = catalogue.entries.iter().flat_map(|entry| {
        std::iter::once(entry.name).chain(entry.aliases.iter().map(|alias| alias.name))
    });
    nearest(written, names).map_or_else(
        || "`tenure policy init` prints a policy with every step".to_owned(),
        |near| format!("did you mean `{near}`?"),
    )
}
