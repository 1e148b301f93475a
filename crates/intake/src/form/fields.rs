//! Fills a draft from the fields of one person.

use domain::request::{Cited, Kind};
use serde_json::Value;

use super::{Entry, Ticket, choice, moment, who};
use crate::draft::Draft;
use crate::labels::Label;
use crate::person::{self, Doubt};

/// Fields that name another person.
const OTHERS: &[(Label, &str, &str)] = &[
    (Label::ForwardTo, "forward-to", "Who gets the mail?"),
    (
        Label::Delegate,
        "delegate",
        "Who gets access to the mailbox?",
    ),
    (Label::Successor, "successor", "Who takes over?"),
    (Label::Manager, "manager", "Who is the manager?"),
    (Label::CopyFrom, "copy-from", "Whose access is the example?"),
];

/// Fields that are kept as written.
const TEXTS: &[(Label, &str)] = &[
    (Label::JobTitle, "job-title"),
    (Label::Department, "department"),
    (Label::Office, "office"),
    (Label::Mobile, "mobile"),
    (Label::Phone, "phone"),
    (Label::Urgency, "urgency"),
    (Label::Device, "device"),
];

/// Fields that hold several values.
const LISTS: &[(Label, &str)] = &[
    (Label::Licences, "licences"),
    (Label::Groups, "groups"),
    (Label::SharedMailboxes, "shared-mailboxes"),
];

/// Fields that are a switch of the leaver's plan: the field, the switch by an accepted name, and what `yes` sets it to.
const SWITCHES: &[(Label, &str, &str, bool)] = &[
    (Label::KeepLicence, "keep-licence", "RemoveLicenses", false),
    (
        Label::RemoveLicence,
        "remove-licence",
        "RemoveLicenses",
        true,
    ),
    (Label::Convert, "convert-to-shared", "ConvertToShared", true),
    (Label::KeepMailbox, "keep-mailbox", "ConvertToShared", true),
];

/// Fills everything in.
pub(super) fn fill(draft: &mut Draft, ticket: &Ticket<'_>, entries: &[Entry]) {
    who::fill(draft, ticket, entries);
    let dates = moment::fill(draft, ticket, entries);
    for (label, field, question) in OTHERS {
        other(draft, ticket, entries, *label, field, question);
    }
    for (label, field) in TEXTS {
        if let Some(value) = single(draft, ticket, entries, *label, field) {
            draft.fields.insert((*field).to_owned(), value);
        }
    }
    for (label, field) in LISTS {
        if let Some(value) = single(draft, ticket, entries, *label, field) {
            let value = Cited {
                value: choice::lines(&value.value),
                ..value
            };
            draft.fields.insert((*field).to_owned(), value);
        }
    }
    choice::fill(draft, ticket, entries);
    notes(draft, ticket, entries);
    // Whoever filled the form in: several of them are no contradiction.
    if let Some(first) = values(ticket, entries, Label::Requester).into_iter().next() {
        draft.fields.insert("requested-by".to_owned(), first);
    }
    let kind = draft.kind.as_ref().map(|kind| kind.value);
    if kind == Some(Kind::Offboard) {
        for switch in SWITCHES {
            set(draft, ticket, entries, switch);
        }
        auto_reply(draft, ticket, entries);
    }
    if kind == Some(Kind::Onboard) {
        contract_end(draft, ticket, entries);
    }
    unread(draft, ticket, entries, &dates, kind);
}

/// The values of a field that say something, each once.
pub(super) fn values(ticket: &Ticket<'_>, entries: &[Entry], label: Label) -> Vec<Cited<String>> {
    let mut values: Vec<Cited<String>> = Vec::new();
    for entry in entries.iter().filter(|entry| entry.label == Some(label)) {
        let text = ticket.text(&entry.value);
        if text.is_empty() || person::is_none(text) {
            continue;
        }
        if !values
            .iter()
            .any(|known| known.value.eq_ignore_ascii_case(text))
        {
            values.push(Cited {
                value: text.to_owned(),
                span: Some(ticket.span(&entry.value)),
            });
        }
    }
    values
}

/// The one value of a field; a question when there are several.
fn single(
    draft: &mut Draft,
    ticket: &Ticket<'_>,
    entries: &[Entry],
    label: Label,
    field: &str,
) -> Option<Cited<String>> {
    let mut values = values(ticket, entries, label);
    if values.len() > 1 {
        let said: Vec<String> = values
            .iter()
            .map(|value| format!("“{}”", value.value))
            .collect();
        draft.ask(
            field,
            format!(
                "The form says {} for {field}. Which one is right?",
                said.join(" and ")
            ),
        );
        return None;
    }
    values.pop()
}

/// A field that names another person: an address, a name, or the manager.
fn other(
    draft: &mut Draft,
    ticket: &Ticket<'_>,
    entries: &[Entry],
    label: Label,
    field: &str,
    question: &str,
) {
    let Some(written) = single(draft, ticket, entries, label, field) else {
        return;
    };
    if person::is_unknown(&written.value) {
        if label != Label::Manager {
            draft.ask(field, question);
        }
        return;
    }
    if label != Label::Manager && person::is_manager(&written.value) {
        let value = "manager".to_owned();
        draft
            .fields
            .insert(field.to_owned(), Cited { value, ..written });
        return;
    }
    let who = person::read(&written.value);
    let start = entries
        .iter()
        .find(|entry| entry.label == Some(label) && ticket.text(&entry.value) == written.value)
        .map_or(0, |entry| entry.value.start);
    let found = match (who.addresses.as_slice(), &who.name, who.doubt) {
        ([address], _, _) => Some(address),
        ([], Some(name), _) => Some(name),
        _ => None,
    };
    match found {
        Some((range, value)) => {
            let span = ticket.span(&(start + range.start..start + range.end));
            let cited = Cited {
                value: value.clone(),
                span: Some(span),
            };
            draft.fields.insert(field.to_owned(), cited);
        }
        None => {
            let several = who.addresses.len() > 1 || who.doubt == Some(Doubt::Several);
            let why = if several {
                "reads like several people"
            } else {
                "names nobody"
            };
            draft.ask(field, format!("“{}” {why}. {question}", written.value));
        }
    }
}

fn notes(draft: &mut Draft, ticket: &Ticket<'_>, entries: &[Entry]) {
    for (index, note) in values(ticket, entries, Label::Note).into_iter().enumerate() {
        let field = match index {
            0 => "note".to_owned(),
            more => format!("note-{}", more + 1),
        };
        draft.fields.insert(field, note);
    }
}

fn set(
    draft: &mut Draft,
    ticket: &Ticket<'_>,
    entries: &[Entry],
    (label, field, switch, yes): &(Label, &str, &str, bool),
) {
    // `no` is an answer here, so nothing is left out as saying nothing.
    let mut said: Vec<&Entry> = entries
        .iter()
        .filter(|entry| {
            entry.label == Some(*label) && !person::is_unknown(ticket.text(&entry.value))
        })
        .collect();
    let answers: Vec<Option<bool>> = said
        .iter()
        .map(|entry| person::yes_no(ticket.text(&entry.value)))
        .collect();
    let Some(entry) = said.pop() else {
        return;
    };
    let value = ticket.text(&entry.value).to_owned();
    let answer = match answers.as_slice() {
        [first, rest @ ..] if rest.iter().all(|other| other == first) => *first,
        _ => None,
    };
    let Some(answer) = answer else {
        draft.ask(
            field,
            format!("“{value}” is neither yes nor no for {field}. Which is it?"),
        );
        return;
    };
    let on = Value::Bool(answer == *yes);
    // A mailbox that need not be kept is still not thrown away by a form.
    if answer || *label != Label::KeepMailbox {
        if draft
            .switches
            .get(*switch)
            .is_some_and(|known| *known != on)
        {
            draft.ask(
                field,
                format!("{field} contradicts another field of the form. Which is it?"),
            );
            return;
        }
        draft.switches.insert((*switch).to_owned(), on);
    }
    let span = Some(ticket.span(&entry.value));
    draft
        .fields
        .insert((*field).to_owned(), Cited { value, span });
}

/// A text is the reply; yes and no switch the policy's own reply.
fn auto_reply(draft: &mut Draft, ticket: &Ticket<'_>, entries: &[Entry]) {
    let Some(reply) = single(draft, ticket, entries, Label::AutoReply, "auto-reply") else {
        let declined = entries.iter().any(|entry| {
            entry.label == Some(Label::AutoReply)
                && person::yes_no(ticket.text(&entry.value)) == Some(false)
        });
        if declined && !draft.asks.iter().any(|ask| ask.field == "auto-reply") {
            draft
                .switches
                .insert("set-auto-reply".to_owned(), Value::Bool(false));
        }
        return;
    };
    let short = reply.value.split_whitespace().count() <= 3;
    match person::yes_no(&reply.value).filter(|_| short) {
        Some(on) => draft
            .switches
            .insert("set-auto-reply".to_owned(), Value::Bool(on)),
        None => draft
            .switches
            .insert("OOO".to_owned(), Value::from(reply.value.as_str())),
    };
    draft.fields.insert("auto-reply".to_owned(), reply);
}

fn contract_end(draft: &mut Draft, ticket: &Ticket<'_>, entries: &[Entry]) {
    for label in [Label::ContractEnd, Label::EndDate] {
        let Some(written) = single(draft, ticket, entries, label, "contract-end") else {
            continue;
        };
        match moment::date(&written.value, ticket).map(|point| point.day) {
            Ok(Some(day)) => {
                let value = day.to_string();
                draft
                    .fields
                    .insert("contract-end".to_owned(), Cited { value, ..written });
            }
            Ok(None) => draft.ask(
                "contract-end",
                format!("“{}” is no day. When does the contract end?", written.value),
            ),
            Err(doubt) => draft.ask("contract-end", doubt),
        }
        return;
    }
}

/// What looks like a field and was not used.
fn unread(
    draft: &mut Draft,
    ticket: &Ticket<'_>,
    entries: &[Entry],
    dates: &[Label],
    kind: Option<Kind>,
) {
    let contract =
        |label| kind == Some(Kind::Onboard) && matches!(label, Label::ContractEnd | Label::EndDate);
    let switch =
        |label| SWITCHES.iter().any(|(one, ..)| *one == label) || label == Label::AutoReply;
    for entry in entries {
        let used = match entry.label {
            None => false,
            Some(label) if moment::is_date(label) => dates.contains(&label) || contract(label),
            Some(Label::KindMaybe) => super::kind::read(ticket.text(&entry.value)).one().is_some(),
            Some(label) if switch(label) => kind == Some(Kind::Offboard),
            Some(_) => true,
        };
        if !used && !ticket.text(&entry.value).is_empty() {
            draft
                .unread
                .push(ticket.span(&(entry.key.start..entry.value.end)));
        }
    }
}
