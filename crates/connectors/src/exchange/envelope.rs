//! Exchange's error replies: the exception type inside the envelope decides, not the HTTP status.
//!
//! Source: Exchange Online PowerShell module, REST error bodies: `details[0].message` is `id|exception type|text`.

use serde_json::Value;
use transport::{Class, class_of_status};

use crate::budget::Access;
use crate::error::{Error, Sent, plain_text};
use crate::graph::broken;
use crate::meaning::Meaning;
use crate::wire::{Item, Raw};

/// Ends of exception types, what they mean, and the class that follows.
const TYPES: &[(&str, Meaning, Class)] = &[
    (
        "ManagementObjectNotFoundException",
        Meaning::NotFound,
        Class::Missing,
    ),
    (
        "ManagementObjectAmbiguousException",
        Meaning::Ambiguous,
        Class::Conflict,
    ),
    (
        "ProxyAddressExistsException",
        Meaning::AddressTaken,
        Class::Conflict,
    ),
    (
        "MemberAlreadyExistsException",
        Meaning::AlreadyMember,
        Class::Conflict,
    ),
    (
        "MemberNotFoundException",
        Meaning::NotMember,
        Class::Missing,
    ),
    (
        "CommandNotFoundException",
        Meaning::CmdletNotAllowed,
        Class::Denied,
    ),
    (
        "ServerBusyException",
        Meaning::Busy,
        Class::RetryAfter { after_ms: None },
    ),
];

/// Parts of texts in lower case, for what the type does not tell.
const TEXTS: &[(&str, Meaning, Class)] = &[
    (
        "server busy",
        Meaning::Busy,
        Class::RetryAfter { after_ms: None },
    ),
    (
        "resource temporarily unavailable",
        Meaning::Busy,
        Class::RetryAfter { after_ms: None },
    ),
    (
        "is already a member of the group",
        Meaning::AlreadyMember,
        Class::Conflict,
    ),
    (
        "isn't a member of the group",
        Meaning::NotMember,
        Class::Missing,
    ),
    (
        "being synchronized from your on-premises organization",
        Meaning::OnPremisesMastered,
        Class::Conflict,
    ),
    (
        "isn't supported in this scenario",
        Meaning::NotEnoughPrivilege,
        Class::Denied,
    ),
    (
        "is not recognized as the name of a cmdlet",
        Meaning::CmdletNotAllowed,
        Class::Denied,
    ),
    ("couldn't be found on", Meaning::NotFound, Class::Missing),
];

/// The error that an unsuccessful reply stands for.
pub(super) fn error_of(item: &Item, raw: &Raw, sent: Sent) -> Error {
    let envelope = raw.body.as_ref().and_then(|body| body.get("error"));
    let text_of = |value: Option<&Value>, key: &str| {
        let text = value
            .and_then(|value| value.get(key))
            .and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let detail = text_of(
        envelope.and_then(|error| error.pointer("/details/0")),
        "message",
    );
    let (kind, text) = match detail.splitn(3, '|').collect::<Vec<_>>()[..] {
        [_, kind, text] => (kind.trim().to_owned(), text.to_owned()),
        _ if detail.is_empty() => (String::new(), text_of(envelope, "message")),
        _ => (String::new(), detail),
    };
    let (meaning, class) = classify(item.access, raw, &kind, &text.to_lowercase());
    let code = match (
        kind.rsplit('.').next().unwrap_or_default(),
        text_of(envelope, "code"),
    ) {
        ("", code) if code.is_empty() => "no-code".to_owned(),
        ("", code) => code,
        (kind, _) => kind.to_owned(),
    };
    let shown = plain_text(&text, &item.secrets);
    let message = match (shown.is_empty(), raw.status) {
        (false, _) => shown,
        (true, 401 | 403) => {
            "Exchange refused the application: it needs the permission Exchange.ManageAsApp and an \
                              Entra role such as Exchange Administrator in this tenant"
                .to_owned()
        }
        (true, status) => format!("Exchange answered with status {status}"),
    };
    let mut error = Error::new(class, &code, message, sent);
    error.meaning = meaning;
    error
}

fn classify(access: Access, raw: &Raw, kind: &str, text: &str) -> (Option<Meaning>, Class) {
    let after_ms = raw.retry_after_ms();
    let by_type = TYPES.iter().find(|(end, ..)| kind.ends_with(end));
    let by_text = TEXTS.iter().find(|(part, ..)| text.contains(part));
    if let Some((_, meaning, class)) = by_type.or(by_text) {
        return match class {
            Class::RetryAfter { .. } => (Some(*meaning), Class::RetryAfter { after_ms }),
            class => (Some(*meaning), *class),
        };
    }
    match raw.status {
        429 => (Some(Meaning::Busy), Class::RetryAfter { after_ms }),
        401 | 403 => (Some(Meaning::NotEnoughPrivilege), Class::Denied),
        // A bare 404 says that the address is wrong, not that an object is missing: a missing object has its type.
        404 if kind.is_empty() && text.is_empty() => (None, Class::Invalid),
        500..=599 => (None, broken(access, raw.status, after_ms)),
        status if status < 400 => (None, Class::Invalid),
        status => (None, class_of_status(status, after_ms)),
    }
}
