//! Graph's error replies: the failure class and, from the message text, what exactly is the matter.
//!
//! Source: Microsoft Graph documentation, "Microsoft Graph error responses and resource types", the pages of the single
//! operations, and the texts that several independent code bases match on. Nearly every conflict is a plain
//! `400 Request_BadRequest`, so the text decides.

use serde_json::Value;
use transport::{Class, class_of_status};

use crate::budget::Access;
use crate::error::{Error, Sent, plain_text};
use crate::meaning::Meaning;
use crate::wire::{Item, Raw};

/// Parts of message texts in lower case, what they mean, and the class that follows.
const TEXTS: &[(&str, Meaning, Class)] = &[
    (
        "added object references already exist",
        Meaning::AlreadyMember,
        Class::Conflict,
    ),
    (
        "removed object references do not exist",
        Meaning::NotMember,
        Class::Missing,
    ),
    (
        "must have at least one owner",
        Meaning::LastOwner,
        Class::Conflict,
    ),
    (
        "cannot delete default method with other methods",
        Meaning::DefaultMethodFirst,
        Class::Conflict,
    ),
    (
        "matches the user's current default authentication method",
        Meaning::DefaultMethodFirst,
        Class::Conflict,
    ),
    (
        "does not have any available licenses",
        Meaning::NoSeat,
        Class::Conflict,
    ),
    (
        "invalid usage location",
        Meaning::NoUsageLocation,
        Class::Conflict,
    ),
    (
        "license is inherited from a group membership",
        Meaning::InheritedLicence,
        Class::Conflict,
    ),
    (
        "does not have a corresponding license",
        Meaning::NoSuchLicence,
        Class::Missing,
    ),
    (
        "does not correspond to a valid company license",
        Meaning::UnknownLicence,
        Class::Invalid,
    ),
    (
        "are mutually exclusive",
        Meaning::PlansExclusive,
        Class::Conflict,
    ),
    (
        "depends on the service plan",
        Meaning::PlanDependency,
        Class::Conflict,
    ),
    (
        "on-premises mastered directory sync objects",
        Meaning::OnPremisesMastered,
        Class::Conflict,
    ),
    (
        "mail-enabled security groups and or distribution list",
        Meaning::MailEnabledViaExchange,
        Class::Conflict,
    ),
    ("dynamicmembership", Meaning::DynamicGroup, Class::Conflict),
    (
        "same value for property userprincipalname",
        Meaning::NameTaken,
        Class::Conflict,
    ),
    (
        "same value for property proxyaddresses",
        Meaning::AddressTaken,
        Class::Conflict,
    ),
    (
        "same value for property mail",
        Meaning::AddressTaken,
        Class::Conflict,
    ),
    (
        "another object with the same value for property",
        Meaning::DuplicateValue,
        Class::Conflict,
    ),
    (
        "a conflicting object with one or more of the specified",
        Meaning::DuplicateValue,
        Class::Conflict,
    ),
    (
        "domain portion of the userprincipalname property is invalid",
        Meaning::UnverifiedDomain,
        Class::Invalid,
    ),
    (
        "a temporary access pass already exists",
        Meaning::PassExists,
        Class::Conflict,
    ),
    (
        "authmethodtype [temporaryaccesspass]",
        Meaning::PassNotAllowed,
        Class::Denied,
    ),
    (
        "temporary access pass is not enabled",
        Meaning::PassNotAllowed,
        Class::Denied,
    ),
    (
        "temporary access pass cannot be added",
        Meaning::PassNotAllowed,
        Class::Denied,
    ),
    (
        "lifetime of a temporary access pass must be",
        Meaning::PassNotAllowed,
        Class::Invalid,
    ),
    (
        "policy requires a one-time temporary access pass",
        Meaning::PassNotAllowed,
        Class::Invalid,
    ),
    (
        "phone number is not in the required format",
        Meaning::InvalidPhone,
        Class::Invalid,
    ),
    (
        "invalid phone number",
        Meaning::InvalidPhone,
        Class::Invalid,
    ),
    (
        "phone number is invalid",
        Meaning::InvalidPhone,
        Class::Invalid,
    ),
    (
        "phone number already exists",
        Meaning::PhoneExists,
        Class::Conflict,
    ),
    (
        "only one phone of each type",
        Meaning::PhoneExists,
        Class::Conflict,
    ),
    (
        "does not comply with password complexity",
        Meaning::WeakPassword,
        Class::Invalid,
    ),
    (
        "insufficient privileges to complete the operation",
        Meaning::NotEnoughPrivilege,
        Class::Denied,
    ),
    (
        "would exceed the maximum quota count",
        Meaning::QuotaExceeded,
        Class::Conflict,
    ),
    (
        "queried reference-property objects are not present",
        Meaning::NotFound,
        Class::Missing,
    ),
    (
        "mailbox is either inactive, soft-deleted",
        Meaning::NoMailbox,
        Class::Missing,
    ),
    ("user's mysite not found", Meaning::NotFound, Class::Missing),
];

/// Codes that say enough where the text does not.
const CODES: &[(&str, Meaning, Class)] = &[
    (
        "Request_ResourceNotFound",
        Meaning::NotFound,
        Class::Missing,
    ),
    ("ResourceNotFound", Meaning::NotFound, Class::Missing),
    ("itemNotFound", Meaning::NotFound, Class::Missing),
    (
        "MailboxNotEnabledForRESTAPI",
        Meaning::NoMailbox,
        Class::Missing,
    ),
    (
        "Authorization_RequestDenied",
        Meaning::NotEnoughPrivilege,
        Class::Denied,
    ),
    (
        "Authorization_IdentityNotFound",
        Meaning::NotReplicated,
        Class::RetryAfter { after_ms: None },
    ),
    (
        "Directory_QuotaExceeded",
        Meaning::QuotaExceeded,
        Class::Conflict,
    ),
    (
        "Directory_ConcurrencyViolation",
        Meaning::ConcurrentWrite,
        Class::RetryAfter { after_ms: None },
    ),
    (
        "InvalidAuthenticationToken",
        Meaning::BadToken,
        Class::Denied,
    ),
    (
        "TooManyRequests",
        Meaning::Busy,
        Class::RetryAfter { after_ms: None },
    ),
];

/// The error that an unsuccessful reply stands for.
pub(super) fn error_of(item: &Item, raw: &Raw, mut sent: Sent) -> Error {
    let envelope = raw.body.as_ref().and_then(|body| body.get("error"));
    let text_of = |key: &str| {
        envelope
            .and_then(|error| error.get(key))
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let inner =
        envelope.and_then(|error| error.get("innerError").or_else(|| error.get("innererror")));
    let inner_text = |key: &str| {
        inner
            .and_then(|inner| inner.get(key))
            .and_then(Value::as_str)
    };
    if sent.request_id.is_none() {
        sent.request_id = inner_text("request-id").map(str::to_owned);
    }
    let code = text_of("code");
    // Some services keep the telling text one level deeper.
    let text = format!(
        "{} {}",
        text_of("message"),
        inner_text("message").unwrap_or_default()
    );
    let (meaning, class) = classify(item.access, raw, code, &text.to_lowercase());
    let shown = plain_text(text_of("message"), &item.secrets);
    let message = match (shown.as_str(), code) {
        ("", "") => format!("Microsoft Graph answered with status {}", raw.status),
        ("", code) => format!(
            "Microsoft Graph answered with status {} ({code})",
            raw.status
        ),
        (text, _) => text.to_owned(),
    };
    let code = if code.is_empty() { "no-code" } else { code };
    let mut error = Error::new(class, code, message, sent);
    error.meaning = meaning;
    error
}

fn classify(access: Access, raw: &Raw, code: &str, text: &str) -> (Option<Meaning>, Class) {
    let after_ms = raw.retry_after_ms();
    // A busy or broken service first: its text may quote anything.
    match raw.status {
        429 => return (Some(Meaning::Busy), Class::RetryAfter { after_ms }),
        500..=599 => return (None, broken(access, raw.status, after_ms)),
        _ => {}
    }
    let by_text = TEXTS.iter().find(|(part, ..)| text.contains(part));
    let by_code = CODES.iter().find(|(known, ..)| *known == code);
    match by_text.or(by_code) {
        Some((_, meaning, Class::RetryAfter { .. })) => {
            (Some(*meaning), Class::RetryAfter { after_ms })
        }
        Some((_, meaning, class)) => (Some(*meaning), *class),
        // Redirects are never followed: whoever sent one did not carry the request out.
        None if raw.status < 400 => (None, Class::Invalid),
        None => (None, class_of_status(raw.status, after_ms)),
    }
}

/// A write after a 503 counts as not done only when the service itself says when to come back.
pub(crate) fn broken(access: Access, status: u16, after_ms: Option<u64>) -> Class {
    match (access, status) {
        (Access::Write, 503) if after_ms.is_none() => Class::Unknown,
        _ => class_of_status(status, after_ms),
    }
}
