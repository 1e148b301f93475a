//! Telephones for second factors: one of each type.
//!
//! Source: authentication-post-phonemethods, phoneauthenticationmethod-update.

use serde_json::{Map, Value, json};

use super::super::{Ask, Outcome};
use super::{missing, refused, value};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::world::{AuthMethod, Id, MethodKind, User};

/// The fixed ids of the three types.
const IDS: [(&str, &str); 3] = [
    ("mobile", "3179e48a-750b-4051-897c-87b9720928f7"),
    ("alternateMobile", "b6332ec1-7057-4abe-9331-3d72feddfe41"),
    ("office", "e37fc753-ff3b-4958-9484-eaa9425c82bc"),
];

fn invalid(text: &str) -> Answer {
    refused(400, "badRequest", text)
}

/// `+<country code> <number>x<extension>`, the blank included, the extension optional.
fn number(body: &Map<String, Value>) -> Result<String, Answer> {
    let given = body
        .get("phoneNumber")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let digits = |text: &str, least: usize, most: usize| {
        (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let formed = given
        .strip_prefix('+')
        .and_then(|rest| rest.split_once(' '))
        .is_some_and(|(country, rest)| {
            let (local, extension) = rest.split_once('x').unwrap_or((rest, "0"));
            digits(country, 1, 3) && digits(local, 4, 14) && digits(extension, 1, 6)
        });
    if formed {
        Ok(given.to_owned())
    } else {
        Err(invalid(
            "The phone number is not in the required format: +<country code> <number>x<extension>, with extension optional.",
        ))
    }
}

fn of_type<'u>(user: &'u User, phone_type: &str) -> Option<&'u AuthMethod> {
    let mut phones = user.methods.values();
    phones.find(|method| method.phone_type.as_deref() == Some(phone_type))
}

/// Adds a telephone.
pub(super) fn create(visit: &mut Visit<'_>, ask: &Ask<'_>, user_id: &Id) -> Outcome {
    let body = ask.body()?;
    let phone_number = number(&body)?;
    let wished = body
        .get("phoneType")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let Some((phone_type, id)) = IDS.iter().find(|(known, _)| *known == wished) else {
        return Err(invalid(&format!(
            "Invalid value '{wished}' specified for property 'phoneType'."
        )));
    };
    let now = visit.now();
    let method = visit.change("POST /users/{id}/authentication/phoneMethods", |tenant| {
        let user = tenant.users.get_mut(user_id).ok_or_else(|| missing(user_id))?;
        if of_type(user, phone_type).is_some() {
            return Err(invalid(&format!(
                "A phone authentication method of type '{phone_type}' already exists for this user. Only one phone of each type is allowed."
            )));
        }
        if *phone_type == "alternateMobile" && of_type(user, "mobile").is_none() {
            return Err(invalid("An alternateMobile phone cannot be added before a mobile phone."));
        }
        let first = !user.methods.values().any(|method| method.is_default);
        let method = AuthMethod {
            kind: MethodKind::Phone,
            phone_number: Some(phone_number),
            phone_type: Some((*phone_type).to_owned()),
            // The first way to call somebody becomes the one that is tried first.
            is_default: first && *phone_type == "mobile",
            created_date_time: now,
            ..AuthMethod::default()
        };
        user.methods.insert((*id).to_owned(), method.clone());
        Ok(method)
    })?;
    let mut item = value(id, &method, (true, now));
    let context = format!("users('{}')/authentication/phoneMethods/$entity", ask.id(0));
    item["@odata.context"] = json!(ask.context(&context));
    Ok(Answer::json(201, item))
}

/// Changes a telephone's number; its type stays.
pub(super) fn update(visit: &mut Visit<'_>, ask: &Ask<'_>, user_id: &Id) -> Outcome {
    let body = ask.body()?;
    let phone_number = number(&body)?;
    let id = ask.id(2).to_lowercase();
    visit.change(
        "PATCH /users/{id}/authentication/phoneMethods/{id}",
        |tenant| {
            let user = tenant
                .users
                .get_mut(user_id)
                .ok_or_else(|| missing(user_id))?;
            let method = user.methods.get_mut(&id);
            let method = method
                .filter(|method| method.kind == MethodKind::Phone)
                .ok_or_else(|| missing(&id))?;
            let wished = body.get("phoneType").and_then(Value::as_str);
            if wished.is_some() && wished != method.phone_type.as_deref() {
                return Err(invalid(
                    "The phoneType of an existing phone authentication method cannot be changed.",
                ));
            }
            method.phone_number = Some(phone_number);
            Ok(())
        },
    )?;
    Ok(Answer::empty(204))
}
