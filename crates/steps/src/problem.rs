//! The one way from a connector's error to a problem that the engine acts on and a person can read.

use connectors::facts::FactsError;
use connectors::{Error, Meaning};
use engine::hands::{Class, Problem};

/// The class of a connector's error.
#[must_use]
pub(crate) fn class(error: &Error) -> Class {
    match error.class {
        connectors::Class::RetryAfter { after_ms } => Class::RetryAfter { after_ms },
        connectors::Class::Denied => Class::Denied,
        connectors::Class::Missing => Class::Missing,
        connectors::Class::Conflict => Class::Conflict,
        connectors::Class::Invalid => Class::Invalid,
        connectors::Class::Unknown => Class::Unknown,
    }
}

/// What happened and what to do now. The engine puts the objects in front of it.
#[must_use]
pub(crate) fn of(error: &Error, permissions: &[String]) -> Problem {
    let class = class(error);
    Problem {
        class,
        message: format!("{} {}", said(error), advice(class, error, permissions)),
        request_id: error
            .sent
            .request_id
            .clone()
            .or_else(|| error.sent.client_request_id.clone()),
    }
}

/// What the vendor said, as a sentence.
pub(crate) fn said(error: &Error) -> String {
    sentence(&error.message)
}

/// The same for a read: it changes nothing, so an answer that was lost is a reason to ask again and no more.
#[must_use]
pub(crate) fn of_read(error: &Error, permissions: &[String]) -> Problem {
    let problem = of(error, permissions);
    if problem.class != Class::Unknown {
        return problem;
    }
    let class = Class::RetryAfter { after_ms: None };
    Problem {
        class,
        message: format!("{} {}", said(error), advice(class, error, permissions)),
        ..problem
    }
}

/// The problem of facts that could not be read.
#[must_use]
pub fn of_facts(error: &FactsError) -> Problem {
    match error {
        FactsError::Call(error) => of_read(error, &[]),
        gone => Problem {
            class: Class::Invalid,
            message: format!(
                "{} Look for the person in the tenant, and make a new plan.",
                sentence(&gone.to_string())
            ),
            request_id: None,
        },
    }
}

fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .map(|first| first.to_uppercase().collect())
        .unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{first}{}{end}", letters.as_str())
}

fn advice(class: Class, error: &Error, permissions: &[String]) -> String {
    let fixed = match error.meaning {
        Some(Meaning::OnPremisesMastered) => "Change it on premises, where it is mastered.",
        Some(Meaning::DynamicGroup) => "Change the group's rule, or what it reads.",
        Some(Meaning::MailEnabledViaExchange) => "Change the list in Exchange.",
        Some(Meaning::LastOwner) => "Name a successor for the group first.",
        Some(Meaning::NoSeat) => "Buy a seat or free one.",
        Some(Meaning::NoUsageLocation) => "Set the person's usage location.",
        Some(Meaning::InheritedLicence) => {
            "Take the person out of the group that gives the licence."
        }
        Some(Meaning::PlanDependency | Meaning::PlansExclusive) => {
            "Look at the licences that depend on each other, and remove them together."
        }
        Some(Meaning::DefaultMethodFirst) => {
            "Remove the other sign-in methods first, then this one."
        }
        Some(Meaning::NoMailbox) => "Check whether the mailbox still exists.",
        Some(Meaning::CmdletNotAllowed) => {
            "Give the application an Exchange role that allows it, such as Exchange Administrator."
        }
        Some(
            Meaning::BadToken
            | Meaning::BadCredential
            | Meaning::NoConsent
            | Meaning::UnknownTenant,
        ) => "Put the tenant's connection right (`tenure tenant check`).",
        _ => "",
    };
    if !fixed.is_empty() {
        return fixed.to_owned();
    }
    match class {
        Class::RetryAfter { .. } => "Nothing was done; it is tried again by itself.".to_owned(),
        Class::Denied if permissions.is_empty() => "Give the application the permission it lacks (`tenure tenant check`).".to_owned(),
        Class::Denied => format!(
            "Check that the application has {}, and for holders of administrative roles a directory role that is high enough.",
            permissions.join(", ")
        ),
        Class::Missing => "Check whether the object still exists.".to_owned(),
        Class::Conflict => "Look at the object: its state does not allow it.".to_owned(),
        Class::Invalid => "The request was not understood: report this with the request id, and do it by hand meanwhile.".to_owned(),
        Class::Unknown => "It may have happened; it is read before anything is written again.".to_owned(),
    }
}
