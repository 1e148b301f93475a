//! Parts of the profile: the names that requests and policies use, the properties they stand in, and how each is read and written.

use domain::drift::short;
use domain::facts::Person;
use domain::joiner::Wanted;
use domain::plan::Weight;
use domain::planner::{Proposal, Refusal};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::cx::text;
use crate::joining;

/// How a property holds its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// As it is.
    Text,
    /// In a list of one.
    First,
    /// As the moment at which that day begins in UTC.
    Day,
}

/// One part of the profile.
#[derive(Debug)]
pub(super) struct Part {
    /// Its name in requests, policies and plans.
    pub(super) name: &'static str,
    /// The property of the user resource.
    pub(super) property: &'static str,
    shape: Shape,
    /// The most characters that the directory takes (Graph, user resource).
    most: usize,
}

const fn part(name: &'static str, property: &'static str, shape: Shape, most: usize) -> Part {
    Part {
        name,
        property,
        shape,
        most,
    }
}

/// The name of the display name among the parts.
pub(super) const DISPLAY_NAME: &str = "display-name";
/// The name of the employee id among the parts.
pub(super) const EMPLOYEE_ID: &str = "employee-id";
/// The name of the day of hire among the parts.
pub(super) const HIRE_DATE: &str = "hire-date";

/// All parts, in the order in which a plan shows them.
const PARTS: [Part; 18] = [
    part(DISPLAY_NAME, "displayName", Shape::Text, 256),
    part("given-name", "givenName", Shape::Text, 64),
    part("family-name", "surname", Shape::Text, 64),
    part("job-title", "jobTitle", Shape::Text, 128),
    part("department", "department", Shape::Text, 64),
    part("company", "companyName", Shape::Text, 64),
    part("office", "officeLocation", Shape::Text, 128),
    part("street", "streetAddress", Shape::Text, 1024),
    part("postal-code", "postalCode", Shape::Text, 40),
    part("city", "city", Shape::Text, 128),
    part("state", "state", Shape::Text, 128),
    part("country", "country", Shape::Text, 128),
    part("phone", "businessPhones", Shape::First, 64),
    part("mobile", "mobilePhone", Shape::Text, 64),
    part(EMPLOYEE_ID, "employeeId", Shape::Text, 16),
    part("employee-type", "employeeType", Shape::Text, 256),
    part(HIRE_DATE, "employeeHireDate", Shape::Day, 10),
    part("language", "preferredLanguage", Shape::Text, 35),
];

/// A part and the text it shall have.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) part: &'static Part,
    pub(super) text: String,
}

/// The part of this name.
pub(super) fn named(name: &str) -> Option<&'static Part> {
    PARTS.iter().find(|part| part.name == name)
}

/// The properties of all parts, for reading.
pub(super) fn properties() -> impl Iterator<Item = &'static str> {
    PARTS.iter().map(|part| part.property)
}

/// What the profile shall hold, in the plan's order; what the directory cannot hold is refused or told.
pub(super) fn parts(asked: &Wanted, new: bool, out: &mut Proposal) -> Vec<Written> {
    let hired = asked.profile.get(HIRE_DATE).cloned();
    // A new person's first day of work is the day of hire, where nobody says otherwise.
    let hired = hired.or_else(|| first_day(asked).filter(|_| new));
    let text_of = |part: &Part| match part.name {
        DISPLAY_NAME => Some(asked.display_name.clone()),
        HIRE_DATE => hired.clone(),
        name => asked.profile.get(name).cloned(),
    };
    let mut written = Vec::new();
    for part in &PARTS {
        let Some(text) = text_of(part).filter(|text| !text.trim().is_empty()) else {
            continue;
        };
        let text = text.trim().to_owned();
        let length = text.chars().count();
        if part.shape == Shape::Day && text.parse::<Date>().is_err() {
            let told = format!("the {} “{text}” is no date", part.name);
            joining::refuse(out, Refusal::new("profile", told, "write it as YYYY-MM-DD"));
        } else if length > part.most {
            let told = format!(
                "the {} has {length} characters, and the directory takes {}: {}",
                part.name,
                part.most,
                short(&Value::from(text))
            );
            joining::refuse(
                out,
                Refusal::new(
                    "profile",
                    told,
                    "shorten it in the request or in the policy",
                ),
            );
        } else {
            written.push(Written { part, text });
        }
    }
    for name in asked.profile.keys().filter(|name| named(name).is_none()) {
        joining::remark(
            out,
            Weight::Caution,
            format!("The profile's {name} is left out: the directory has no such part."),
        );
    }
    written
}

fn first_day(asked: &Wanted) -> Option<String> {
    let zone = asked.site.as_ref().map(|site| site.time_zone.as_str());
    let zone = zone
        .and_then(|zone| TimeZone::get(zone).ok())
        .unwrap_or(TimeZone::UTC);
    Some(asked.starts?.to_zoned(zone).date().to_string())
}

/// What the person has of a part now.
pub(super) fn of_person(person: &Person, part: &Part) -> Option<String> {
    let text = match part.name {
        DISPLAY_NAME => Some(person.display_name.clone()),
        "job-title" => person.job_title.clone(),
        "department" => person.department.clone(),
        EMPLOYEE_ID => person.employee_id.clone(),
        name => person.attributes.get(name).cloned(),
    };
    text.filter(|text| !text.is_empty())
        .map(|text| shown(part, &text))
}

/// A part as read, in the words of a plan.
pub(super) fn of_account(account: &Value, part: &Part) -> Value {
    let read = match part.shape {
        Shape::First => account[part.property]
            .as_array()
            .and_then(|list| list.first())
            .and_then(Value::as_str)
            .unwrap_or_default(),
        Shape::Text | Shape::Day => text(account, part.property),
    };
    if read.is_empty() {
        Value::Null
    } else {
        shown(part, read).into()
    }
}

fn shown(part: &Part, text: &str) -> String {
    match part.shape {
        Shape::Day => text.split('T').next().unwrap_or(text).to_owned(),
        Shape::Text | Shape::First => text.to_owned(),
    }
}

/// Puts a part into a body; `null` empties it.
pub(super) fn write(body: &mut Map<String, Value>, part: &Part, value: &Value) {
    let value = match (part.shape, value.as_str()) {
        (Shape::First, Some(text)) => json!([text]),
        (Shape::First, None) => json!([]),
        (Shape::Day, Some(day)) => format!("{day}T00:00:00Z").into(),
        (_, _) => value.clone(),
    };
    body.insert(part.property.to_owned(), value);
}
