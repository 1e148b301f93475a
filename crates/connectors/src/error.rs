//! What went wrong with a call, in the form the engine acts on and a person can read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use transport::{Class, Failure};

use crate::meaning::Meaning;

/// A vendor's text is cut to this many characters: enough to act on, too short to carry a document.
const TEXT_LIMIT_CHARS: usize = 300;

/// A call that did not succeed. It is kept in run logs, so it is data and holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What the engine does about it.
    #[serde(flatten)]
    pub class: Class,
    /// What the vendor's text says more exactly than its code, where we know the text.
    pub meaning: Option<Meaning>,
    /// The vendor's code (`Request_BadRequest`, `AADSTS7000215`, an Exchange exception type) or ours in lower case.
    pub code: String,
    /// One readable sentence: the vendor's text shortened, or ours.
    pub message: String,
    /// What is known of the exchange itself.
    pub sent: Box<Sent>,
}

/// The traces that a call leaves at the vendor, for receipts and for support cases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The vendor's own id of the request.
    pub request_id: Option<String>,
    /// The id we sent along.
    pub client_request_id: Option<String>,
    /// The vendor's clock, from the `Date` header.
    pub vendor_date: Option<Timestamp>,
    /// The HTTP status; `None` when no reply arrived.
    pub status: Option<u16>,
}

impl Error {
    /// The vendor's own wait in milliseconds, where it named one.
    #[must_use]
    pub fn retry_after_ms(&self) -> Option<u64> {
        match self.class {
            Class::RetryAfter { after_ms } => after_ms,
            _ => None,
        }
    }

    /// The HTTP status, when a reply arrived.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.sent.status
    }

    /// Whether the vendor's text carried exactly this meaning.
    #[must_use]
    pub fn means(&self, meaning: Meaning) -> bool {
        self.meaning == Some(meaning)
    }

    /// Whether it concerns the token; such a failure was repeated already where that could help.
    pub(crate) fn is_of_token(&self) -> bool {
        self.code.starts_with("token-") || self.code.starts_with("AADSTS")
    }

    /// Whether a service (not the token server) refused the token: nothing was done, and a new token may help.
    pub(crate) fn is_refused_token(&self) -> bool {
        self.status() == Some(401) && !self.is_of_token()
    }

    pub(crate) fn new(class: Class, code: &str, message: impl Into<String>, sent: Sent) -> Self {
        Self {
            class,
            meaning: None,
            code: code.to_owned(),
            message: message.into(),
            sent: Box::new(sent),
        }
    }

    /// A request that we ourselves found wrong and did not send.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(Class::Invalid, "refused", message, Sent::default())
    }

    pub(crate) fn of_failure(failure: &Failure, client_request_id: &str) -> Self {
        let (class, code) = match failure {
            Failure::NotSent(_) => (Class::RetryAfter { after_ms: None }, "not-sent"),
            Failure::Cut(_) => (Class::Unknown, "cut"),
        };
        let sent = Sent {
            client_request_id: Some(client_request_id.to_owned()),
            ..Sent::default()
        };
        Self::new(class, code, failure.to_string(), sent)
    }
}

/// Why a connection could not be set up: each names the field that a person must correct.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// A field of the configuration is not usable.
    #[error("{field}: {reason}")]
    Field {
        /// The name of the field as it stands in the configuration.
        field: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
}

impl SetupError {
    pub(crate) fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Field {
            field: field.into(),
            reason: reason.into(),
        }
    }
}

/// A vendor's text on one line, shortened, with every given secret struck out.
pub(crate) fn plain_text(text: &str, secrets: &[String]) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        line = line.replace(secret.as_str(), "[redacted]");
    }
    match line.char_indices().nth(TEXT_LIMIT_CHARS) {
        Some((at, _)) => format!("{} …", &line[..at]),
        None => line,
    }
}
