//! Brings together what a form says and what the sentences around it say. The form goes first: its fields are labelled.

use domain::request::Span;

use crate::draft::{Draft, Reading};
use crate::labels::Label;
use crate::lines::Sheet;
use crate::person;
use crate::reader::Ticket;
use crate::visible::Visible;

/// One reading of both.
pub(crate) fn merge(ticket: &Ticket<'_>, form: Reading, prose: Reading) -> Reading {
    if !is_form(ticket.body) {
        return match (prose, form) {
            (Reading::Requests(drafts), form) => Reading::Requests(fill(drafts, form.drafts())),
            (Reading::NoRequest { because, flags }, _) => Reading::NoRequest { because, flags },
        };
    }
    match (form, prose) {
        (Reading::Requests(drafts), prose) => {
            let filled = fill(drafts, prose.drafts());
            Reading::Requests(filled)
        }
        (no, Reading::NoRequest { .. }) => no,
        (_, prose) => prose,
    }
}

/// Whether enough lines of it are fields, the person or a date among them.
fn is_form(body: &str) -> bool {
    let visible = Visible::of(body);
    let sheet = Sheet::of(&visible.text);
    let newest = sheet.pairs.iter().map(|pair| pair.depth).min().unwrap_or(0);
    let labels: Vec<Label> = sheet
        .pairs
        .iter()
        .filter(|pair| pair.depth == newest)
        .filter_map(|pair| pair.found.map(|found| found.label))
        .filter(|label| !matches!(label, Label::MailHead | Label::Requester))
        .collect();
    labels.len() >= 3
}

/// Fills gaps of the first from the second, where both speak of the same person.
fn fill(mut drafts: Vec<Draft>, others: &[Draft]) -> Vec<Draft> {
    let alone = drafts.len() == 1 && others.len() == 1;
    for draft in &mut drafts {
        for other in others {
            if same_person(draft, other) || (alone && nobody(draft)) {
                fill_one(draft, other);
            }
        }
    }
    drafts
}

fn nobody(draft: &Draft) -> bool {
    draft.person.name.is_none() && draft.person.address.is_none()
}

fn same_person(one: &Draft, other: &Draft) -> bool {
    let name = |draft: &Draft| {
        draft
            .person
            .name
            .as_ref()
            .map(|name| match person::parts(&name.value) {
                Some((given, family)) => format!("{given} {family}").to_lowercase(),
                None => name.value.to_lowercase(),
            })
    };
    let address = |draft: &Draft| {
        draft
            .person
            .address
            .as_ref()
            .map(|address| address.value.clone())
    };
    (name(one).is_some() && name(one) == name(other))
        || (address(one).is_some() && address(one) == address(other))
}

fn fill_one(draft: &mut Draft, other: &Draft) {
    let mut filled: Vec<&str> = Vec::new();
    if draft.kind.is_none()
        && other.kind.is_some()
        && !other.asks.iter().any(|ask| ask.field == "kind")
    {
        draft.kind.clone_from(&other.kind);
        filled.push("kind");
    }
    if draft.person.name.is_none() && other.person.name.is_some() {
        draft.person.name.clone_from(&other.person.name);
        filled.push("person");
    }
    if draft.person.address.is_none() && other.person.address.is_some() {
        draft.person.address.clone_from(&other.person.address);
        filled.push("person");
    }
    if draft.when.is_none() && other.when.is_some() {
        draft.when.clone_from(&other.when);
        filled.push("when");
    }
    for (name, value) in &other.fields {
        if !draft.fields.contains_key(name) {
            draft.fields.insert(name.clone(), value.clone());
        }
    }
    for (name, value) in &other.switches {
        draft
            .switches
            .entry(name.clone())
            .or_insert_with(|| value.clone());
    }
    draft
        .asks
        .retain(|ask| !filled.contains(&ask.field.as_str()) || other.asks.contains(ask));
    for ask in &other.asks {
        // A doubt about what the first knows is none.
        let known = match ask.field.as_str() {
            "when" => draft.when.is_some() && !filled.contains(&"when"),
            "person" => draft.person.name.is_some() || draft.person.address.is_some(),
            "kind" => draft.kind.is_some(),
            "confirmation" => true,
            field => draft.fields.contains_key(field),
        };
        if !known && !draft.asks.iter().any(|mine| mine.field == ask.field) {
            draft.asks.push(ask.clone());
        }
    }
    let used: Vec<&Span> = draft
        .fields
        .values()
        .filter_map(|value| value.span.as_ref())
        .chain(draft.when.iter().filter_map(|when| when.span.as_ref()))
        .collect();
    let lines = std::mem::take(&mut draft.unread);
    let unread = lines
        .into_iter()
        .filter(|line| {
            !used
                .iter()
                .any(|span| span.start >= line.start && span.end <= line.end)
        })
        .collect();
    draft.unread = unread;
}
