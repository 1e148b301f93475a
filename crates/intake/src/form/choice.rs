//! Fields of a form whose words stand for a choice or a list, in the one way in which they are kept.

use domain::request::Cited;

use super::fields::values;
use super::{Entry, Ticket};
use crate::draft::Draft;
use crate::labels::Label;
use crate::person;

/// Fills in whether somebody comes from outside, and what becomes of the devices.
pub(super) fn fill(draft: &mut Draft, ticket: &Ticket<'_>, entries: &[Entry]) {
    let said = entries
        .iter()
        .find(|entry| entry.label == Some(Label::Contractor));
    if let Some(entry) = said {
        let written = ticket.text(&entry.value);
        match contractor(written) {
            Some(outside) => {
                let value = outside.to_string();
                let span = Some(ticket.span(&entry.value));
                draft
                    .fields
                    .insert("contractor".to_owned(), Cited { value, span });
            }
            None if person::is_unknown(written) => {}
            None => draft
                .unread
                .push(ticket.span(&(entry.key.start..entry.value.end))),
        }
    }
    let devices = values(ticket, entries, Label::Device);
    if let [device] = devices.as_slice()
        && let Some(action) = device_action(&device.value)
    {
        let value = action.to_owned();
        draft.fields.insert(
            "device-action".to_owned(),
            Cited {
                value,
                span: device.span.clone(),
            },
        );
    }
}

/// One value on a line, however they were parted.
pub(super) fn lines(value: &str) -> String {
    let items: Vec<&str> = value
        .split([',', ';', '\n'])
        .map(|item| item.trim().trim_start_matches(['-', '*', '•', ' ']))
        .filter(|item| !item.is_empty())
        .collect();
    items.join("\n")
}

/// Whether the words say that somebody comes from outside; nothing where they say neither.
fn contractor(written: &str) -> Option<bool> {
    const OUTSIDE: &[&str] = &[
        "contract",
        "external",
        "freelance",
        "agency",
        "consultant",
        "temp",
    ];
    const INSIDE: &[&str] = &[
        "permanent",
        "employee",
        "full-time",
        "full time",
        "staff",
        "fixed",
    ];
    let word = written.to_lowercase();
    if INSIDE.iter().any(|one| word.contains(one)) {
        return Some(false);
    }
    if OUTSIDE.iter().any(|one| word.contains(one)) {
        return Some(true);
    }
    person::yes_no(&word)
}

/// What the words ask for the devices; nothing where they are only handed in.
fn device_action(written: &str) -> Option<&'static str> {
    let lower = written.to_lowercase();
    if lower.contains("retire") || lower.contains("company data") {
        Some("retire")
    } else if lower.contains("wipe") || lower.contains("factory reset") {
        Some("wipe")
    } else {
        lower.contains("keep").then_some("keep")
    }
}
