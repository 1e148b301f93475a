//! A joiner described by fields, as a file, a form or a call of the API gives them: the names are those of a request.

use std::collections::{BTreeMap, BTreeSet};

use domain::request::{Cited, PersonHint, When};
use serde_json::{Map, Value};

/// The fields of a joiner, beside the person and the start.
const FIELDS: &[&str] = &[
    "given-name",
    "family-name",
    "display-name",
    "job-title",
    "department",
    "office",
    "site",
    "role",
    "manager",
    "mobile",
    "private-mail",
    "contractor",
    "contract-end",
    "copy-from",
    "licences",
    "groups",
    "shared-mailboxes",
    "note",
];

/// A joiner as fields describe them.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Person {
    /// Who.
    pub(crate) hint: PersonHint,
    /// The first day, where the file says it.
    pub(crate) when: Option<When>,
    /// Everything else.
    pub(crate) fields: BTreeMap<String, Cited<String>>,
    /// Switches for this request alone.
    pub(crate) switches: BTreeMap<String, Value>,
}

/// What is wrong with a field, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The field.
    pub(crate) field: String,
    /// Why.
    pub(crate) why: String,
}

/// Reads a joiner from fields.
///
/// # Errors
/// What is wrong, field by field.
pub(crate) fn of(table: &Map<String, Value>) -> Result<Person, Vec<Wrong>> {
    let mut person = Person::default();
    let mut wrong = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for (written, value) in table {
        let name = match written.replace('_', "-").as_str() {
            "upn" => "address".to_owned(),
            name => name.to_owned(),
        };
        if !seen.insert(name.clone()) {
            wrong.push(Wrong {
                why: format!("{name} is given twice, under two spellings"),
                field: written.clone(),
            });
            continue;
        }
        let taken = match (name.as_str(), value) {
            ("switches", Value::Object(switches)) => {
                person.switches = switches.clone().into_iter().collect();
                Ok(())
            }
            ("start", value) => text(value).and_then(|text| {
                person.when =
                    Some(super::when("start", &text).map_err(|problem| problem.what.join("; "))?);
                Ok(())
            }),
            ("address", value) => {
                text(value).map(|text| person.hint.address = Some(Cited::typed(text)))
            }
            ("name", value) => text(value).map(|text| person.hint.name = Some(Cited::typed(text))),
            ("employee-id", value) => {
                text(value).map(|text| person.hint.employee_id = Some(Cited::typed(text)))
            }
            (known, value) if FIELDS.contains(&known) => text(value).map(|text| {
                person.fields.insert(name.clone(), Cited::typed(text));
            }),
            _ => Err(format!(
                "there is no such field; there are start, name, address, employee-id, {}",
                FIELDS.join(", ")
            )),
        };
        if let Err(why) = taken {
            wrong.push(Wrong { field: name, why });
        }
    }
    if wrong.is_empty() {
        return Ok(person);
    }
    Err(wrong)
}

/// A value as a field's text; a list is one item per line.
fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) if text.trim().is_empty() => {
            Err("it is empty; leave it out".to_owned())
        }
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Array(items) => {
            let items: Result<Vec<String>, String> = items.iter().map(text).collect();
            Ok(items?.join("\n"))
        }
        // TOML's dates come as a table of one text under a name of its own.
        Value::Object(date) => match date.iter().next() {
            Some((name, Value::String(text))) if date.len() == 1 && name.starts_with("$__toml") => {
                Ok(text.clone())
            }
            _ => Err("a text, a number, true, false or a list is wanted".to_owned()),
        },
        Value::Null => Err("it is empty; leave it out".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toml_of(text: &str) -> Result<Person, Vec<Wrong>> {
        of(&toml::from_str(text).unwrap())
    }

    #[test]
    fn a_file_says_who_comes_when_and_with_what() {
        let person = toml_of(
            "given-name = \"Ada\"\nfamily_name = \"Lovelace\"\nstart = 2026-12-01\ncontractor = true\ngroups = [\"Sales\", \"CRM\"]\nemployee-id = 42\n[switches]\nsend-welcome = false\n",
        )
        .unwrap();
        assert_eq!(person.when, Some(When::On(jiff::civil::date(2026, 12, 1))));
        assert_eq!(person.fields["groups"].value, "Sales\nCRM");
        assert_eq!(person.fields["contractor"].value, "true");
        assert_eq!(person.hint.employee_id.unwrap().value, "42");
        assert_eq!(person.switches["send-welcome"], Value::Bool(false));
    }

    #[test]
    fn what_is_wrong_is_said_by_field_and_all_at_once() {
        let wrong = toml_of("surname = \"x\"\nstart = \"soon\"\ngroups = [[1]]\nnote = \" \"\n")
            .unwrap_err();
        assert_eq!(wrong.len(), 3, "{wrong:?}");
        let why = |field: &str| {
            wrong
                .iter()
                .find(|one| one.field == field)
                .unwrap()
                .why
                .clone()
        };
        assert!(why("surname").starts_with("there is no such field"));
        assert!(why("start").contains("is no time"));
    }

    #[test]
    fn nothing_is_given_twice_and_a_time_of_day_needs_its_zone() {
        let twice = toml_of("given-name = \"A\"\ngiven_name = \"B\"\nupn = \"a@b.example\"\naddress = \"c@b.example\"\n").unwrap_err();
        assert_eq!(twice.len(), 2, "{twice:?}");
        for start in [
            "\"2026-12-01T13:00:00\"",
            "2026-12-01T13:00:00",
            "\"2026-12-01 13:00\"",
            "\"\"",
        ] {
            let text = format!("start = {start}\n");
            assert!(toml_of(&text).is_err(), "{start}");
        }
        let paris = toml_of("start = \"2026-11-23T09:00[Europe/Paris]\"\n").unwrap();
        assert_eq!(
            paris.when,
            Some(When::At("2026-11-23T08:00:00Z".parse().unwrap()))
        );
        assert!(toml_of("role = { a = \"sales\" }\n").is_err());
    }
}
