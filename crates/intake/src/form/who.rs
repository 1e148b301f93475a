//! Finds out who is meant from all fields that say so, and asks when they disagree.

use domain::request::{Cited, Kind};

use super::{Entry, Ticket};
use crate::draft::Draft;
use crate::labels::Label;
use crate::person::{self, Doubt};

/// Whether a field says who is meant.
pub(super) fn is_identity(label: Label) -> bool {
    matches!(
        label,
        Label::Who
            | Label::GivenName
            | Label::FamilyName
            | Label::SignInName
            | Label::Email
            | Label::UserName
            | Label::EmployeeId
    )
}

/// What the fields say, each value once.
#[derive(Default)]
struct Known {
    sign_in: Vec<Cited<String>>,
    mail: Vec<Cited<String>>,
    mentioned: Vec<Cited<String>>,
    names: Vec<Cited<String>>,
    given: Vec<Cited<String>>,
    family: Vec<Cited<String>>,
    ids: Vec<Cited<String>>,
    user_names: Vec<Cited<String>>,
    doubts: Vec<String>,
}

/// Reads the person.
pub(super) fn fill(draft: &mut Draft, ticket: &Ticket<'_>, entries: &[Entry]) {
    let mut known = Known::default();
    for entry in entries {
        if entry.label.is_some_and(is_identity) {
            known.take(ticket, entry);
        }
    }
    address(draft, &known);
    name(draft, &known);
    if let Some(id) = one(draft, "person", "employee ids", known.ids.clone()) {
        draft.person.employee_id = Some(id);
    }
    for (field, values) in [
        ("given-name", &known.given),
        ("family-name", &known.family),
        ("user-name", &known.user_names),
    ] {
        if let Some(value) = one(draft, "person", "names", values.clone()) {
            draft.fields.insert(field.to_owned(), value);
        }
    }
    for doubt in known.doubts {
        draft.ask("person", doubt);
    }
    missing(draft);
}

impl Known {
    fn take(&mut self, ticket: &Ticket<'_>, entry: &Entry) {
        let value = ticket.text(&entry.value);
        if person::is_unknown(value) || person::is_none(value) {
            return;
        }
        let whole = || Cited {
            value: value.trim_end_matches(['.', ',', ';']).to_owned(),
            span: Some(ticket.span(&entry.value)),
        };
        match entry.label {
            Some(Label::EmployeeId) => return add(&mut self.ids, whole()),
            Some(Label::GivenName) => return add(&mut self.given, whole()),
            Some(Label::FamilyName) => return add(&mut self.family, whole()),
            _ => {}
        }
        let who = person::read(value);
        let at = |range: &std::ops::Range<usize>, value: &str| Cited {
            value: value.to_owned(),
            span: Some(
                ticket.span(&(entry.value.start + range.start..entry.value.start + range.end)),
            ),
        };
        let addresses = match entry.label {
            Some(Label::SignInName | Label::UserName) => &mut self.sign_in,
            Some(Label::Email) => &mut self.mail,
            _ => &mut self.mentioned,
        };
        for (range, address) in &who.addresses {
            add(addresses, at(range, address));
        }
        match entry.label {
            Some(Label::Who) => {
                if let Some((range, name)) = &who.name {
                    add(&mut self.names, at(range, name));
                }
                self.doubts.extend(doubt(&who, value));
            }
            // `Email: Jane Doe <jane.doe@…>`
            Some(_) if !who.addresses.is_empty() => {
                let named = who
                    .name
                    .as_ref()
                    .filter(|(_, name)| person::parts(name).is_some());
                if let Some((range, name)) = named {
                    add(&mut self.names, at(range, name));
                }
            }
            Some(Label::UserName) if who.addresses.is_empty() => add(&mut self.user_names, whole()),
            Some(_) if who.addresses.is_empty() => {
                self.doubts.push(format!(
                    "“{value}” is no address. What is the person's sign-in name?"
                ));
            }
            _ => {}
        }
    }
}

fn doubt(who: &person::Who, value: &str) -> Option<String> {
    match who.doubt? {
        Doubt::Several => Some(format!(
            "“{value}” reads like several people. Who is meant? One request per person, please."
        )),
        // A note behind an address is not worth a question.
        Doubt::NoName if !who.addresses.is_empty() => None,
        Doubt::NoName => Some(format!("“{value}” is no name. Who is meant?")),
    }
}

fn add(values: &mut Vec<Cited<String>>, value: Cited<String>) {
    let same = |known: &Cited<String>| key(&known.value) == key(&value.value);
    if !values.iter().any(same) {
        values.push(value);
    }
}

/// `Doe, Jane` and `jane doe` are the same name.
fn key(value: &str) -> String {
    let ordered = match person::parts(value) {
        Some((given, family)) if value.contains(',') => format!("{given} {family}"),
        _ => value.to_owned(),
    };
    ordered
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

/// The one value there is; a question when there are several.
fn one(
    draft: &mut Draft,
    field: &str,
    what: &str,
    mut values: Vec<Cited<String>>,
) -> Option<Cited<String>> {
    if values.len() > 1 {
        let said: Vec<String> = values
            .iter()
            .map(|value| format!("“{}”", value.value))
            .collect();
        draft.ask(
            field,
            format!(
                "The form gives different {what}: {}. Which one is right?",
                said.join(" and ")
            ),
        );
        return None;
    }
    values.pop()
}

/// The sign-in name goes before the mail address; both may stand in one form and differ.
fn address(draft: &mut Draft, known: &Known) {
    let mut sign_in = known.sign_in.clone();
    let mut mail = known.mail.clone();
    for mentioned in &known.mentioned {
        // What a name field mentions is the one or the other.
        let is_known = |list: &[Cited<String>]| list.iter().any(|one| one.value == mentioned.value);
        if !is_known(&sign_in) && !is_known(&mail) {
            let list = if sign_in.is_empty() {
                &mut mail
            } else {
                &mut sign_in
            };
            list.push(mentioned.clone());
        }
    }
    let sign_in = one(draft, "person", "sign-in names", sign_in);
    let mail = one(draft, "person", "addresses", mail);
    match (sign_in, mail) {
        (Some(sign_in), Some(mail)) => {
            if sign_in.value != mail.value {
                draft.fields.insert("mail".to_owned(), mail);
            }
            draft.person.address = Some(sign_in);
        }
        (sign_in, mail) => draft.person.address = sign_in.or(mail),
    }
}

fn name(draft: &mut Draft, known: &Known) {
    let mut names = known.names.clone();
    if let ([given], [family]) = (known.given.as_slice(), known.family.as_slice()) {
        add(
            &mut names,
            Cited {
                value: format!("{} {}", given.value, family.value),
                span: family.span.clone(),
            },
        );
    }
    draft.person.name = one(draft, "person", "names", names);
}

fn missing(draft: &mut Draft) {
    if draft.asks.iter().any(|ask| ask.field == "person") {
        return;
    }
    let verb = match draft.kind.as_ref().map(|kind| kind.value) {
        Some(Kind::Offboard) => "leaves",
        Some(Kind::Onboard) => "joins",
        Some(Kind::Transfer) => "moves",
        _ => "is meant",
    };
    let hint = &draft.person;
    if hint.address.is_some() || hint.employee_id.is_some() {
        return;
    }
    match &hint.name {
        None => draft.ask(
            "person",
            format!("Who {verb}? Please give the sign-in name, or the full name."),
        ),
        Some(name) if person::parts(&name.value).is_none() => {
            let question = format!(
                "Who is “{}”? Please give the sign-in name, or the full name.",
                name.value
            );
            draft.ask("person", question);
        }
        Some(_) => {}
    }
}
