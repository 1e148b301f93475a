//! Authentication methods: listed together, added and deleted by type only, the default one last.
//!
//! Source: Graph authenticationmethods-overview and the delete pages of each method.

mod pass;
mod phone;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::users::{guard, known, time};
use super::{Ask, Outcome, denied, error, not_found};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::world::{AuthMethod, Id, MethodKind, User};

/// The fixed id of the password method.
const PASSWORD: &str = "28c10230-6103-485e-b985-444c60001490";

const KINDS: [(MethodKind, &str, &str, &str); 9] = [
    (
        MethodKind::Phone,
        "phoneAuthenticationMethod",
        "phoneMethods",
        "UserAuthMethod-Phone.ReadWrite.All",
    ),
    (
        MethodKind::MicrosoftAuthenticator,
        "microsoftAuthenticatorAuthenticationMethod",
        "microsoftAuthenticatorMethods",
        "UserAuthMethod-MicrosoftAuthApp.ReadWrite.All",
    ),
    (
        MethodKind::Fido2,
        "fido2AuthenticationMethod",
        "fido2Methods",
        "UserAuthMethod-Passkey.ReadWrite.All",
    ),
    (
        MethodKind::SoftwareOath,
        "softwareOathAuthenticationMethod",
        "softwareOathMethods",
        "UserAuthMethod-SoftwareOATH.ReadWrite.All",
    ),
    (
        MethodKind::WindowsHelloForBusiness,
        "windowsHelloForBusinessAuthenticationMethod",
        "windowsHelloForBusinessMethods",
        "UserAuthMethod-WindowsHello.ReadWrite.All",
    ),
    (
        MethodKind::Email,
        "emailAuthenticationMethod",
        "emailMethods",
        "UserAuthMethod-Email.ReadWrite.All",
    ),
    (
        MethodKind::TemporaryAccessPass,
        "temporaryAccessPassAuthenticationMethod",
        "temporaryAccessPassMethods",
        "UserAuthMethod-TAP.ReadWrite.All",
    ),
    (
        MethodKind::PlatformCredential,
        "platformCredentialAuthenticationMethod",
        "platformCredentialMethods",
        "UserAuthMethod-PlatformCred.ReadWrite.All",
    ),
    (
        MethodKind::External,
        "externalAuthenticationMethod",
        "externalAuthenticationMethods",
        "UserAuthMethod-External.ReadWrite.All",
    ),
];

fn of_segment(segment: &str) -> Result<(MethodKind, &'static str), Answer> {
    KINDS
        .iter()
        .find(|(_, _, known, _)| known.eq_ignore_ascii_case(segment))
        .map(|(kind, _, _, permission)| (*kind, *permission))
        .ok_or_else(|| {
            error(
                400,
                "BadRequest",
                &format!("Resource not found for the segment '{segment}'."),
            )
        })
}

fn value(id: &str, method: &AuthMethod, (typed, now): (bool, Timestamp)) -> Value {
    let mut item = json!({"id": id, "createdDateTime": time(method.created_date_time)});
    if !typed && let Some((_, kind, _, _)) = KINDS.iter().find(|(kind, ..)| *kind == method.kind) {
        item["@odata.type"] = json!(format!("#microsoft.graph.{kind}"));
    }
    let label = json!(method.label);
    match method.kind {
        MethodKind::Phone => {
            item["phoneNumber"] = json!(method.phone_number);
            item["phoneType"] = json!(method.phone_type);
            item["smsSignInState"] = json!("notAllowedByPolicy");
        }
        MethodKind::MicrosoftAuthenticator => {
            item["displayName"] = label;
            item["deviceTag"] = json!("SoftwareTokenActivated");
            item["phoneAppVersion"] = json!("6.2409.6094");
        }
        MethodKind::Fido2 => {
            item["displayName"] = label.clone();
            item["model"] = label;
            item["aaGuid"] = json!("2fc0579f-8113-47ea-b116-bb5a8db9202a");
        }
        MethodKind::Email => item["emailAddress"] = label,
        MethodKind::SoftwareOath => item["secretKey"] = Value::Null,
        MethodKind::TemporaryAccessPass => {
            if let Value::Object(item) = &mut item {
                item.extend(pass::value(method, now));
            }
        }
        MethodKind::WindowsHelloForBusiness | MethodKind::PlatformCredential => {
            item["displayName"] = label;
            item["keyStrength"] = json!("normal");
        }
        MethodKind::External => item["displayName"] = label,
    }
    item
}

fn seen<'v>(visit: &'v Visit<'_>, ask: &Ask<'_>) -> Result<&'v User, Answer> {
    visit
        .seen()
        .user(ask.id(0))
        .map(|(_, user)| user)
        .ok_or_else(|| not_found(ask.id(0)))
}

pub(super) fn list(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let now = visit.now();
    let user = seen(visit, ask)?;
    let mut items = vec![json!({
        "@odata.type": "#microsoft.graph.passwordAuthenticationMethod",
        "id": PASSWORD,
        "password": null,
        "createdDateTime": time(user.last_password_change_date_time),
    })];
    items.extend(
        user.methods
            .iter()
            .map(|(id, method)| value(id, method, (false, now))),
    );
    let context = ask.context(&format!("users('{}')/authentication/methods", ask.id(0)));
    Ok(Answer::json(
        200,
        json!({"@odata.context": context, "value": items}),
    ))
}

pub(super) fn list_typed(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let kind = readable(ask)?;
    let now = visit.now();
    let user = seen(visit, ask)?;
    let methods = user
        .methods
        .iter()
        .filter(|(_, method)| method.kind == kind);
    let items: Vec<Value> = methods
        .map(|(id, method)| value(id, method, (true, now)))
        .collect();
    let context = ask.context(&format!(
        "users('{}')/authentication/{}",
        ask.id(0),
        ask.id(1)
    ));
    Ok(Answer::json(
        200,
        json!({"@odata.context": context, "value": items}),
    ))
}

pub(super) fn get_typed(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let kind = readable(ask)?;
    let now = visit.now();
    let user = seen(visit, ask)?;
    let method = user
        .methods
        .get(&ask.id(2).to_lowercase())
        .filter(|method| method.kind == kind);
    let method = method.ok_or_else(|| missing(ask.id(2)))?;
    Ok(Answer::json(200, value(ask.id(2), method, (true, now))))
}

/// This service writes its error codes in lower case and says them twice.
fn refused(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(
        status,
        json!({"error": {"code": code, "message": message, "innerError": {"message": message}}}),
    )
}

fn missing(id: &str) -> Answer {
    refused(
        404,
        "resourceNotFound",
        &format!("The requested authentication method id of [{id}] was not found."),
    )
}

/// Methods cannot be deleted through the untyped collection.
pub(super) fn delete_untyped(_visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let text = format!(
        "No HTTP resource was found that matches the request URI '{}{}'.",
        ask.call.base, ask.call.path
    );
    Err(refused(404, "resourceNotFound", &text))
}

pub(super) use pass::policy as pass_policy;

/// Adds a method, for the two kinds that an administrator may add.
pub(super) fn create(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let user_id = writable(visit, ask)?;
    match of_segment(ask.id(1))?.0 {
        MethodKind::Phone => phone::create(visit, ask, &user_id),
        MethodKind::TemporaryAccessPass => pass::create(visit, ask, &user_id),
        _ => Err(not_allowed()),
    }
}

/// Changes a method, which only telephones allow.
pub(super) fn update(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let user_id = writable(visit, ask)?;
    match of_segment(ask.id(1))?.0 {
        MethodKind::Phone => phone::update(visit, ask, &user_id),
        _ => Err(not_allowed()),
    }
}

fn not_allowed() -> Answer {
    error(
        405,
        "Request_BadRequest",
        "Specified HTTP method is not allowed for the request target.",
    )
}

/// The kind that a path names, if this caller may read it.
fn readable(ask: &Ask<'_>) -> Result<MethodKind, Answer> {
    let (kind, narrow) = of_segment(ask.id(1))?;
    let look = narrow.replace("ReadWrite", "Read");
    let wide = "UserAuthenticationMethod.Read";
    let any = [
        &format!("{wide}.All"),
        &format!("{wide}Write.All"),
        narrow,
        &look,
    ];
    if ask.claims.has_any(&any) {
        Ok(kind)
    } else {
        Err(denied())
    }
}

/// The person whose methods this caller may write.
fn writable(visit: &Visit<'_>, ask: &Ask<'_>) -> Result<Id, Answer> {
    let (_, narrow) = of_segment(ask.id(1))?;
    let wide = "UserAuthenticationMethod.ReadWrite.All";
    if !ask.claims.has_any(&[wide, narrow]) {
        return Err(denied());
    }
    let user_id = known(visit, ask.id(0))?;
    guard(visit, ask, &user_id)?;
    Ok(user_id)
}

pub(super) fn delete(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let (kind, _) = of_segment(ask.id(1))?;
    let user_id = writable(visit, ask)?;
    let method_id = ask.id(2).to_lowercase();
    let short = visit.happens("default method text", 0.5);
    visit.change(&format!("DELETE /users/{{id}}/authentication/{}/{{id}}", ask.id(1)), |tenant| {
        let user = tenant.users.get_mut(&user_id).ok_or_else(|| not_found(&user_id))?;
        let method = user.methods.get(&method_id).filter(|method| method.kind == kind).ok_or_else(|| missing(&method_id))?;
        if method.is_default && user.methods.len() > 1 {
            let text = if short {
                "Cannot delete default method with other methods configured. Please change default method before deletion.".to_owned()
            } else {
                format!("The requested authentication method id of [{method_id}] matches the user's current default authentication method, and cannot be deleted until the default authentication method is changed")
            };
            return Err(refused(400, "badRequest", &text));
        }
        let is_type = |method: &AuthMethod, wanted: &str| method.phone_type.as_deref() == Some(wanted);
        if is_type(method, "mobile") && user.methods.values().any(|other| is_type(other, "alternateMobile")) {
            let text = "A mobile phone cannot be deleted while an alternateMobile phone is configured. Delete the alternateMobile phone first.";
            return Err(refused(400, "badRequest", text));
        }
        user.methods.remove(&method_id);
        Ok(())
    })?;
    Ok(Answer::empty(204))
}
