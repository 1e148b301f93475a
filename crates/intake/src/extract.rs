//! Turns one ticket of a JSON Lines stream into one line of requests, in the field names that extraction is scored by.

use domain::request::{Kind, When};
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Error;
use crate::draft::{Draft, Reading};
use crate::person;
use crate::place::{Order, Place};
use crate::reader::{self, Ticket};

/// A ticket as it comes in; further fields are ignored.
#[derive(Debug, Deserialize)]
struct Line {
    id: Value,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    body: String,
    received_at: String,
    #[serde(default, alias = "language")]
    lang: Option<String>,
}

/// Reads one line `{id, subject, body, received_at}` and gives `{id, requests: […]}`. Without a place, the ticket's own distance from
/// UTC is the zone.
///
/// # Errors
/// When the line is no such object, or its time is none.
pub fn extract(line: &str, place: Option<&Place>) -> Result<Value, Error> {
    let ticket: Line =
        serde_json::from_str(line).map_err(|error| Error::Line(error.to_string()))?;
    let received_at: Timestamp = ticket
        .received_at
        .parse()
        .map_err(|_| Error::Line(format!("“{}” is no time", ticket.received_at)))?;
    let of_ticket;
    let place = match place {
        Some(place) => place,
        None => {
            let order = usual_order(ticket.lang.as_deref(), &ticket.received_at);
            of_ticket = Place::in_zone(zone_of(&ticket.received_at)).or_order(order);
            &of_ticket
        }
    };
    let asked = Ticket {
        subject: &ticket.subject,
        body: &ticket.body,
        received_at,
        sender: None,
        language: ticket.lang.as_deref(),
    };
    let reading = reader::read(&asked, place);
    let mut out = json!({ "id": ticket.id, "requests": [] });
    let requests: Vec<Value> = reading
        .drafts()
        .iter()
        .map(|draft| request(draft, received_at, place))
        .collect();
    if let Reading::NoRequest { because, flags } = &reading {
        out["because"] = json!(because);
        if !flags.is_empty() {
            out["flags"] = json!(["instruction_injection"]);
        }
    }
    out["requests"] = Value::Array(requests);
    Ok(out)
}

fn zone_of(received_at: &str) -> TimeZone {
    DateTimeParser::new()
        .parse_pieces(received_at)
        .ok()
        .and_then(|pieces| pieces.to_numeric_offset())
        .map_or(TimeZone::UTC, TimeZone::fixed)
}

/// What comes first in numeric dates, by the region of the language, else by the distance from UTC as written: the Americas write the
/// month first, the rest of the world the day. A machine's plain `Z` says nothing.
fn usual_order(language: Option<&str>, received_at: &str) -> Option<Order> {
    match language {
        Some("en-US") => return Some(Order::MonthFirst),
        Some("en-CA" | "en-ZA" | "en-PH") => return None,
        Some(tag) if tag.contains('-') || !tag.starts_with("en") => return Some(Order::DayFirst),
        _ => {}
    }
    if received_at.ends_with(['Z', 'z']) {
        return None;
    }
    let offset = DateTimeParser::new()
        .parse_pieces(received_at)
        .ok()?
        .to_numeric_offset()?;
    Some(if (-11..=-4).contains(&(offset.seconds() / 3600)) {
        Order::MonthFirst
    } else {
        Order::DayFirst
    })
}

fn request(draft: &Draft, received_at: Timestamp, place: &Place) -> Value {
    let mut out = Map::new();
    let lone_name =
        draft.person.address.is_none() && draft.asks.iter().any(|ask| ask.field == "person");
    let kind = match draft.kind.as_ref().map(|kind| kind.value) {
        Some(kind) if !lone_name => kind.word(),
        _ => "unclear",
    };
    out.insert("kind".to_owned(), json!(kind));
    out.insert("person".to_owned(), Value::Object(who(draft)));
    if let Some(when) = &draft.when {
        out.insert(
            "effective_date".to_owned(),
            json!(date(&when.value, received_at, place)),
        );
        out.insert(
            "urgency".to_owned(),
            json!(urgency(&when.value, received_at, place)),
        );
    }
    for (field, name) in [
        ("forward-to", "forward_to"),
        ("delegate", "mailbox_delegate"),
        ("copy-from", "copy_from"),
        ("contract-end", "contract_end"),
        ("phone", "phone"),
        ("note", "notes"),
    ] {
        if let Some(value) = draft.field(field) {
            let value = if value == "manager" {
                draft.field("manager")
            } else {
                Some(value)
            };
            let Some(value) = value else { continue };
            out.insert(name.to_owned(), json!(value));
        }
    }
    for (field, name) in [
        ("licences", "licences"),
        ("groups", "groups"),
        ("shared-mailboxes", "shared_mailboxes"),
    ] {
        if let Some(value) = draft.field(field) {
            let items: Vec<&str> = value
                .split('\n')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .collect();
            out.insert(name.to_owned(), json!(items));
        }
    }
    judged(draft, &mut out);
    if !draft.flags.is_empty() {
        out.insert("flags".to_owned(), json!(["instruction_injection"]));
    }
    if !draft.asks.is_empty() {
        let asks: Vec<Value> = draft
            .asks
            .iter()
            .map(|ask| json!({ "field": ask.field, "question": ask.question }))
            .collect();
        out.insert("asks".to_owned(), Value::Array(asks));
    }
    Value::Object(out)
}

fn who(draft: &Draft) -> Map<String, Value> {
    let mut out = Map::new();
    let name = draft.person.name.as_ref().map(|name| name.value.as_str());
    let parts = match (draft.field("given-name"), draft.field("family-name")) {
        (Some(given), Some(family)) => Some((given.to_owned(), family.to_owned())),
        _ => name.and_then(person::parts),
    };
    let shown = match (&parts, name) {
        (Some((given, family)), _) => Some(format!("{given} {family}")),
        (None, name) => name.map(str::to_owned),
    };
    match parts {
        Some((given, family)) => {
            out.insert("given_name".to_owned(), json!(given));
            out.insert("family_name".to_owned(), json!(family));
        }
        // A lone name is most often the given one; the question who is meant stands beside it.
        None => {
            if let Some(name) = name {
                out.insert("given_name".to_owned(), json!(name));
            }
        }
    }
    if let Some(shown) = shown {
        out.insert("display_name".to_owned(), json!(shown));
    }
    if let Some(address) = &draft.person.address {
        out.insert("upn_or_email".to_owned(), json!(address.value));
    }
    if let Some(id) = &draft.person.employee_id {
        out.insert("employee_id".to_owned(), json!(id.value));
    }
    for (field, name) in [
        ("job-title", "job_title"),
        ("department", "department"),
        ("office", "office"),
        ("manager", "manager"),
        ("mobile", "mobile"),
    ] {
        if let Some(value) = draft.field(field) {
            out.insert(name.to_owned(), json!(value));
        }
    }
    out
}

fn date(when: &When, received_at: Timestamp, place: &Place) -> String {
    match when {
        When::Now => received_at.to_zoned(place.zone.clone()).date().to_string(),
        When::On(day) => day.to_string(),
        When::At(instant) => instant
            .to_zoned(place.zone.clone())
            .strftime("%Y-%m-%dT%H:%M:%S%:z")
            .to_string(),
    }
}

fn urgency(when: &When, received_at: Timestamp, place: &Place) -> &'static str {
    let day = date(when, received_at, place);
    let today = date(&When::Now, received_at, place);
    if day.starts_with(&today) {
        "immediate"
    } else {
        "scheduled"
    }
}

/// Fields whose words stand for a choice.
fn judged(draft: &Draft, out: &mut Map<String, Value>) {
    if let Some(action) = draft.field("device-action") {
        out.insert("device_action".to_owned(), json!(action));
    }
    let keep = draft
        .field("keep-mailbox")
        .or_else(|| draft.field("convert-to-shared"))
        .and_then(person::yes_no);
    if let Some(keep) = keep.filter(|_| {
        draft
            .kind
            .as_ref()
            .is_some_and(|kind| kind.value == Kind::Offboard)
    }) {
        out.insert("keep_mailbox".to_owned(), json!(keep));
    }
    if let Some(contractor) = draft.field("contractor").and_then(person::yes_no) {
        out.insert("contractor".to_owned(), json!(contractor));
    }
}
