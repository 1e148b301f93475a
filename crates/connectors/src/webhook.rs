//! Webhooks out, signed as Standard Webhooks says, so that any receiver's library can check them.
//!
//! Source: "Standard Webhooks" specification 1.0.0 (standard-webhooks on GitHub, `spec/standard-webhooks.md`).

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::error::SetupError;
use crate::outbound::{Address, Answer, Outbound, Problem};

/// The header with the message's id, the same for every attempt.
pub const ID: &str = "webhook-id";
/// The header with the time of the attempt, Unix seconds.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// The header with one or more signatures, parted by spaces.
pub const SIGNATURE: &str = "webhook-signature";
/// How far a message's time may lie from the receiver's clock, in seconds.
pub const TOLERANCE_S: i64 = 5 * 60;

const PREFIX: &str = "whsec_";
/// The specification's bounds of a secret, in bytes.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// The waits between attempts; after the last one a message is given up.
const SCHEDULE: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 60 * 60),
    Duration::from_secs(5 * 60 * 60),
    Duration::from_secs(10 * 60 * 60),
    Duration::from_secs(10 * 60 * 60),
];
/// A receiver may ask for a longer wait, but not for more than a day.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// What sender and receiver share: `whsec_` and base64 in configuration, a key here.
pub struct Secret {
    text: SecretString,
    key: hmac::Key,
}

impl Secret {
    /// Reads `whsec_…`.
    ///
    /// # Errors
    /// [`SetupError::Field`] when it is not of that form, or not 24 to 64 bytes long. The text is not repeated.
    pub fn parse(field: &str, text: &SecretString) -> Result<Self, SetupError> {
        let wrong = |reason: &str| SetupError::field(field, reason);
        let encoded = text.expose_secret().trim().strip_prefix(PREFIX);
        let encoded = encoded.ok_or_else(|| wrong("does not begin with whsec_"))?;
        let bytes = STANDARD
            .decode(encoded)
            .map_err(|_| wrong("is not base64 after whsec_; copy it again in full"))?;
        if !SECRET_BYTES.contains(&bytes.len()) {
            return Err(wrong(&format!(
                "holds {} bytes, but 24 to 64 are needed",
                bytes.len()
            )));
        }
        Ok(Self::of(&bytes))
    }

    /// A new one from 32 random bytes.
    #[must_use]
    pub fn from_random(bytes: &[u8; 32]) -> Self {
        Self::of(bytes)
    }

    /// The form that the receiver is given, `whsec_…`.
    #[must_use]
    pub fn text(&self) -> &SecretString {
        &self.text
    }

    fn of(bytes: &[u8]) -> Self {
        Self {
            text: SecretString::from(format!("{PREFIX}{}", STANDARD.encode(bytes))),
            key: hmac::Key::new(hmac::HMAC_SHA256, bytes),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

/// One message to one receiver. Its id stays the same over all attempts, so that the receiver can drop repetitions.
#[derive(Clone, Debug)]
pub struct Message {
    id: String,
    body: Bytes,
}

impl Message {
    /// A message with this id and this JSON body.
    ///
    /// # Errors
    /// [`SetupError::Field`] when the id is empty, longer than 128 bytes, or holds anything but letters, digits, `-` and
    /// `_`: a point would make the signed text ambiguous.
    pub fn new(id: &str, body: Bytes) -> Result<Self, SetupError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if id.is_empty() || id.len() > 128 || !id.chars().all(plain) {
            return Err(SetupError::field(
                ID,
                "must be 1 to 128 letters, digits, - or _",
            ));
        }
        Ok(Self {
            id: id.to_owned(),
            body,
        })
    }
}

/// The three headers of a message as they arrived.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// [`ID`].
    pub id: &'a str,
    /// [`TIMESTAMP`].
    pub timestamp: &'a str,
    /// [`SIGNATURE`].
    pub signature: &'a str,
}

/// Why a message is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// The time is not a number of seconds.
    #[error("webhook-timestamp is not a time in Unix seconds")]
    NoTime,
    /// More than five minutes old.
    #[error("the message is older than 5 minutes, or this machine's clock is ahead")]
    TooOld,
    /// More than five minutes ahead.
    #[error("the message is more than 5 minutes ahead of this machine's clock")]
    TooNew,
    /// No signature fits.
    #[error("no signature fits the message: the secret differs, or the message was changed")]
    NoMatch,
}

/// The value of [`SIGNATURE`], one signature for each secret: during a rotation the old and the new one.
#[must_use]
pub fn sign(secrets: &[&Secret], message: &Message, at: Timestamp) -> String {
    let signatures: Vec<String> = secrets
        .iter()
        .map(|secret| {
            let timestamp = at.as_second().to_string();
            let tag = tag(secret, &message.id, &timestamp, &message.body);
            format!("v1,{}", STANDARD.encode(tag))
        })
        .collect();
    signatures.join(" ")
}

/// Whether one of the signatures fits one of the secrets and the time is near `now`. Compares in constant time.
///
/// # Errors
/// [`Unverified`].
pub fn verify(
    secrets: &[&Secret],
    signed: Signed<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Unverified> {
    let seconds: i64 = signed.timestamp.parse().map_err(|_| Unverified::NoTime)?;
    let age = now.as_second().saturating_sub(seconds);
    if age > TOLERANCE_S {
        return Err(Unverified::TooOld);
    }
    if age < -TOLERANCE_S {
        return Err(Unverified::TooNew);
    }
    // Other versions (v1a is asymmetric) may stand beside ours and are passed over.
    let given = signed.signature.split(' ');
    let given = given.filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
    let text = signed_text(signed.id, signed.timestamp, body);
    for tag in given {
        if secrets
            .iter()
            .any(|secret| hmac::verify(&secret.key, &text, &tag).is_ok())
        {
            return Ok(());
        }
    }
    Err(Unverified::NoMatch)
}

fn tag(secret: &Secret, id: &str, timestamp: &str, body: &[u8]) -> hmac::Tag {
    hmac::sign(&secret.key, &signed_text(id, timestamp, body))
}

fn signed_text(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat()
}

/// What became of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it (2xx).
    Delivered {
        /// The status of the answer.
        status: u16,
    },
    /// The receiver has it not, or it is not known; [`next_attempt`] says when to try again.
    TryAgain {
        /// The receiver's own wait, where it named one.
        after: Option<Duration>,
        /// One sentence for the delivery log.
        why: String,
    },
    /// The receiver wants no more (410): switch this webhook off.
    Gone {
        /// One sentence for the delivery log.
        why: String,
    },
}

/// Signs and sends one attempt.
pub async fn send(
    outbound: &Outbound,
    address: &Address,
    secrets: &[&Secret],
    message: &Message,
    now: Timestamp,
) -> Outcome {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    for (name, value) in [
        (ID, message.id.clone()),
        (TIMESTAMP, now.as_second().to_string()),
        (SIGNATURE, sign(secrets, message, now)),
    ] {
        match HeaderValue::from_str(&value) {
            Ok(value) => headers.insert(name, value),
            // Cannot be: ids are plain, the others are digits and base64.
            Err(_) => {
                return again(None, format!("{name} cannot be sent as a header"));
            }
        };
    }
    let sent = outbound.send(address, Method::POST, headers, message.body.clone());
    outcome(address, sent.await, now)
}

fn outcome(address: &Address, answer: Result<Answer, Problem>, now: Timestamp) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(problem) => return again(None, problem.to_string()),
    };
    let status = answer.status.as_u16();
    let host = address.host();
    match status {
        200..=299 => Outcome::Delivered { status },
        410 => Outcome::Gone {
            why: format!(
                "{host} answered 410: this address takes no more messages. Give another address, or remove the webhook."
            ),
        },
        _ => again(
            retry_after(&answer.headers, now),
            format!("{host} answered {status} instead of 2xx."),
        ),
    }
}

fn again(after: Option<Duration>, why: String) -> Outcome {
    Outcome::TryAgain { after, why }
}

/// The wait that an answer asks for: whole or decimal seconds, or an HTTP date.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Duration::try_from(at.duration_since(now)).ok()
}

/// How long to wait after so many failed attempts, or `None` when the message is given up.
///
/// `fraction` (0 up to but not including 1) adds up to a fifth, so that receivers that came back are not met all at once.
/// A wait that the receiver named is kept to where it is longer, up to a day.
#[must_use]
pub fn next_attempt(failed: u32, after: Option<Duration>, fraction: f64) -> Option<Duration> {
    let index = usize::try_from(failed.checked_sub(1)?).ok()?;
    let wait = SCHEDULE.get(index)?;
    let wait = wait.mul_f64(1.0 + 0.2 * fraction.clamp(0.0, 1.0));
    Some(wait.max(after.unwrap_or_default().min(LONGEST_WAIT)))
}
