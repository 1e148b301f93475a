//! The properties of a user that callers write: what each may hold.
//!
//! Source: Graph v1.0 user page (lengths, what is nullable) and metadata.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{countries, names, password};
use crate::call::Answer;
use crate::graph::{bad_request, invalid_value, refused_property, schema};
use crate::world::{EmployeeOrgData, User};

/// How many extension attributes there are.
pub(super) const EXTENSION_ATTRIBUTES: usize = 15;

/// Properties that lie in the person's SharePoint profile, which the directory does not write along with its own.
const IN_SHAREPOINT: [&str; 10] = [
    "aboutMe",
    "birthday",
    "hireDate",
    "interests",
    "mySite",
    "pastProjects",
    "preferredName",
    "responsibilities",
    "schools",
    "skills",
];

/// Writes every property of a body; the policies first, because the password is measured by them.
pub(super) fn write_all(
    user: &mut User,
    body: &Map<String, Value>,
    now: Timestamp,
) -> Result<(), Answer> {
    if let Some(policies) = body.get("passwordPolicies") {
        password::set_policies(user, policies)?;
    }
    body.iter()
        .try_for_each(|(name, value)| write(user, name, value, now))
}

/// The nullable texts of a user and the most characters each may have.
fn text_property<'u>(user: &'u mut User, name: &str) -> Option<(&'u mut Option<String>, usize)> {
    Some(match name {
        "givenName" => (&mut user.given_name, 64),
        "surname" => (&mut user.surname, 64),
        "department" => (&mut user.department, 64),
        "jobTitle" => (&mut user.job_title, 128),
        "companyName" => (&mut user.company_name, 64),
        "officeLocation" => (&mut user.office_location, 128),
        "employeeId" => (&mut user.employee_id, 16),
        "employeeType" => (&mut user.employee_type, 256),
        "faxNumber" => (&mut user.fax_number, 64),
        "mobilePhone" => (&mut user.mobile_phone, 64),
        "city" => (&mut user.city, 128),
        "country" => (&mut user.country, 128),
        "state" => (&mut user.state, 128),
        "streetAddress" => (&mut user.street_address, 1_024),
        "postalCode" => (&mut user.postal_code, 40),
        "onPremisesImmutableId" => (&mut user.on_premises_immutable_id, 256),
        _ => return None,
    })
}

fn write(user: &mut User, name: &str, value: &Value, now: Timestamp) -> Result<(), Answer> {
    if let Some((place, most)) = text_property(user, name) {
        *place = text(name, value, most)?;
        return Ok(());
    }
    let invalid = || invalid_value(name, "User");
    let needed = |most| text(name, value, most).and_then(|text| text.ok_or_else(invalid));
    match name {
        "accountEnabled" => user.account_enabled = value.as_bool().ok_or_else(invalid)?,
        "userPrincipalName" => user.user_principal_name = needed(113)?,
        "displayName" => user.display_name = needed(256)?,
        "mailNickname" => {
            let nickname = needed(64)?;
            names::check_nickname(&nickname, "User")?;
            user.mail_nickname = Some(nickname);
        }
        "usageLocation" => {
            let code = needed(2)?;
            if !countries::is_country(&code) {
                return Err(invalid());
            }
            user.usage_location = Some(code);
        }
        "preferredLanguage" => {
            let language = text(name, value, 35)?;
            if language.as_deref().is_some_and(|tag| !is_language(tag)) {
                return Err(invalid());
            }
            user.preferred_language = language;
        }
        "userType" => {
            let kind = needed(6)?;
            if kind != "Member" && kind != "Guest" {
                return Err(invalid());
            }
            user.user_type = kind;
        }
        "employeeHireDate" => user.employee_hire_date = moment(name, value)?,
        "employeeLeaveDateTime" => user.employee_leave_date_time = moment(name, value)?,
        "employeeOrgData" => user.employee_org_data = org_data(name, value)?,
        "onPremisesExtensionAttributes" => extension_attributes(user, value)?,
        "showInAddressList" => {
            user.show_in_address_list = match value {
                Value::Null => None,
                other => Some(other.as_bool().ok_or_else(invalid)?),
            };
        }
        "businessPhones" => {
            let phones = texts(name, value, 64)?;
            if phones.len() > 1 {
                return Err(invalid());
            }
            user.business_phones = phones;
        }
        "otherMails" => {
            let mails = texts(name, value, 250)?;
            if mails.len() > 250 || mails.iter().any(|mail| !mail.contains('@')) {
                return Err(invalid());
            }
            user.other_mails = mails;
        }
        // Taken over by `write_all` before everything else.
        "passwordPolicies" => {}
        "passwordProfile" => password::set(user, value, now)?,
        _ => return Err(unwritable(name)),
    }
    Ok(())
}

/// The refusal of a property that no caller writes here.
fn unwritable(name: &str) -> Answer {
    if IN_SHAREPOINT.contains(&name) {
        return bad_request("The request is currently not supported on the targeted entity set");
    }
    // Writable in the cloud, but the sandbox keeps no such data.
    let beyond = [
        "ageGroup",
        "consentProvidedForMinor",
        "customSecurityAttributes",
        "identities",
        "preferredDataLocation",
    ];
    if beyond.contains(&name) {
        return invalid_value(name, "User");
    }
    if schema::USER.contains(&name) {
        let message = format!("Property '{name}' is read-only and cannot be set.");
        return refused_property("ReadOnlyProperty", name, &message);
    }
    bad_request(&format!(
        "Property '{name}' does not exist as a declared property or extension property."
    ))
}

fn text(name: &str, value: &Value, most: usize) -> Result<Option<String>, Answer> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if (1..=most).contains(&text.chars().count()) => Ok(Some(text.clone())),
        _ => Err(invalid_value(name, "User")),
    }
}

fn texts(name: &str, value: &Value, most: usize) -> Result<Vec<String>, Answer> {
    let invalid = || invalid_value(name, "User");
    let entries = value.as_array().ok_or_else(invalid)?;
    entries
        .iter()
        .map(|entry| text(name, entry, most)?.ok_or_else(invalid))
        .collect()
}

/// A DateTimeOffset: a date and time with its zone.
fn moment(name: &str, value: &Value) -> Result<Option<Timestamp>, Answer> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => text
            .parse::<Timestamp>()
            .map(Some)
            .map_err(|_| invalid_value(name, "User")),
        _ => Err(invalid_value(name, "User")),
    }
}

/// Written as a whole: what is left out of it is empty afterwards.
fn org_data(name: &str, value: &Value) -> Result<Option<EmployeeOrgData>, Answer> {
    let fields = match value {
        Value::Null => return Ok(None),
        Value::Object(fields) => fields,
        _ => return Err(invalid_value(name, "User")),
    };
    let mut data = EmployeeOrgData::default();
    for (field, value) in fields {
        match field.as_str() {
            "division" => data.division = text(name, value, 64)?,
            "costCenter" => data.cost_center = text(name, value, 64)?,
            "@odata.type" => {}
            _ => return Err(invalid_value(name, "User")),
        }
    }
    Ok(Some(data))
}

/// Each attribute by itself; null takes its value away, and what is not named stays.
fn extension_attributes(user: &mut User, value: &Value) -> Result<(), Answer> {
    const NAME: &str = "onPremisesExtensionAttributes";
    let fields = value
        .as_object()
        .ok_or_else(|| invalid_value(NAME, "User"))?;
    for (field, value) in fields {
        if field == "@odata.type" {
            continue;
        }
        let number = field
            .strip_prefix("extensionAttribute")
            .and_then(|number| number.parse::<usize>().ok());
        if !number.is_some_and(|number| (1..=EXTENSION_ATTRIBUTES).contains(&number)) {
            return Err(invalid_value(NAME, "User"));
        }
        match text(NAME, value, 1_024)? {
            Some(text) => user.extension_attributes.insert(field.clone(), text),
            None => user.extension_attributes.remove(field),
        };
    }
    Ok(())
}

/// `en`, `en-GB`, `zh-Hant-TW`.
fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    (2..=3).contains(&first.len())
        && first.chars().all(|letter| letter.is_ascii_lowercase())
        && parts.all(|part| {
            (2..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
        })
}
