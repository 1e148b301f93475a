//! The seam for readers: whatever reads tickets, built in or not, its answer goes through the same checks.

use domain::request::Span;
use jiff::Timestamp;

use crate::draft::{Draft, Reading};
use crate::hostile;
use crate::lines::Sheet;
use crate::place::Place;
use crate::visible::Visible;
use crate::{form, merge, prose};

/// A ticket as it came in.
#[derive(Clone, Copy, Debug)]
pub struct Ticket<'t> {
    /// What it is about.
    pub subject: &'t str,
    /// Its text: what spans point into.
    pub body: &'t str,
    /// When it came in.
    pub received_at: Timestamp,
    /// Who sent it, as an address, where that is known: whoever says "me".
    pub sender: Option<&'t str>,
    /// The tag of its language, where the sender's system knows it.
    pub language: Option<&'t str>,
}

/// Something that makes drafts of a ticket.
///
/// What it answers is not trusted: [`read_with`] keeps only known fields whose sources stand in the text.
pub trait Reader {
    /// Its name, as it is shown beside what it read.
    fn name(&self) -> &'static str;
    /// Reads a ticket by the clock and the habits of a place.
    fn read(&self, ticket: &Ticket<'_>, place: &Place) -> Reading;
}

/// The fields that a ticket may fill; nothing else comes through.
pub const FIELDS: &[&str] = &[
    "auto-reply",
    "contract-end",
    "contractor",
    "convert-to-shared",
    "copy-from",
    "delegate",
    "department",
    "device",
    "device-action",
    "display-name",
    "employee-id",
    "family-name",
    "forward-to",
    "given-name",
    "groups",
    "job-title",
    "keep-licence",
    "keep-mailbox",
    "licences",
    "mail",
    "manager",
    "mobile",
    "note",
    "office",
    "phone",
    "remove-licence",
    "requested-by",
    "role",
    "shared-mailboxes",
    "successor",
    "urgency",
    "user-name",
];

/// The switches that a ticket may set.
pub const SWITCHES: &[&str] = &["ConvertToShared", "OOO", "RemoveLicenses", "set-auto-reply"];

/// The reader of forms.
pub struct Form;

impl Reader for Form {
    fn name(&self) -> &'static str {
        "form"
    }

    fn read(&self, ticket: &Ticket<'_>, place: &Place) -> Reading {
        form::read(ticket.subject, ticket.body, ticket.received_at, place)
    }
}

/// Reads a ticket with everything built in: the form where there is one, the sentences around it, and both together.
#[must_use]
pub fn read(ticket: &Ticket<'_>, place: &Place) -> Reading {
    let form = read_with(&Form, ticket, place);
    let prose = read_with(&prose::Prose, ticket, place);
    merge::merge(ticket, form, prose)
}

/// Reads a ticket with one reader and checks what it answers.
#[must_use]
pub fn read_with(reader: &dyn Reader, ticket: &Ticket<'_>, place: &Place) -> Reading {
    check(reader.read(ticket, place), ticket)
}

/// Drops every value that is of no known field, whose source is not in the text, or that comes from a hostile passage.
fn check(reading: Reading, ticket: &Ticket<'_>) -> Reading {
    let Reading::Requests(mut drafts) = reading else {
        return reading;
    };
    let hostile = hostile_spans(ticket.body);
    for draft in &mut drafts {
        check_draft(draft, ticket, &hostile);
    }
    Reading::Requests(drafts)
}

/// What nobody may draw a value from, in bytes of the body.
fn hostile_spans(body: &str) -> Vec<Span> {
    let visible = Visible::of(body);
    let sheet = Sheet::of(&visible.text);
    hostile::find(&visible.text, &sheet)
        .into_iter()
        .map(|hostile| visible.span(hostile.range))
        .collect()
}

fn check_draft(draft: &mut Draft, ticket: &Ticket<'_>, hostile: &[Span]) {
    let stands = |span: &Option<Span>| {
        span.as_ref().is_none_or(|span| {
            ticket.body.get(span.start..span.end) == Some(span.text.as_str())
                && !hostile
                    .iter()
                    .any(|bad| bad.start < span.end && span.start < bad.end)
        })
    };
    let mut dropped: Vec<String> = Vec::new();
    draft.fields.retain(|name, value| {
        let base = name
            .trim_end_matches(|c: char| c.is_ascii_digit())
            .trim_end_matches('-');
        let known = FIELDS.contains(&name.as_str()) || base == "note";
        let kept = known && stands(&value.span);
        if known && !kept {
            dropped.push(name.clone());
        }
        kept
    });
    draft
        .switches
        .retain(|name, _| SWITCHES.contains(&name.as_str()));
    for hint in [
        &mut draft.person.address,
        &mut draft.person.name,
        &mut draft.person.employee_id,
    ] {
        if hint.as_ref().is_some_and(|hint| !stands(&hint.span)) {
            *hint = None;
            dropped.push("person".to_owned());
        }
    }
    if draft.when.as_ref().is_some_and(|when| !stands(&when.span)) {
        draft.when = None;
        dropped.push("when".to_owned());
    }
    if draft.kind.as_ref().is_some_and(|kind| !stands(&kind.span)) {
        draft.kind = None;
        dropped.push("kind".to_owned());
    }
    for field in dropped {
        draft.ask(
            &field,
            format!("What was read for {field} does not stand in the ticket. What is right?"),
        );
    }
}
