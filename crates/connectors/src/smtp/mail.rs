//! One mail as bytes: no word of anybody can become a header, a further receiver or a second mail.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

use crate::error::SetupError;

/// A line of text in a header is not longer than this; more is a mistake or an attack.
const LINE_BYTES: usize = 998;

/// Somebody with an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name as people write it; may be empty.
    pub name: String,
    /// The mail address.
    pub address: String,
}

/// One mail to one person.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Whom it goes to.
    pub to: Person,
    /// The subject.
    pub subject: String,
    /// The text, for every reader.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// Its id without angle brackets (`01J…@tenure.contoso.example`), the same for every attempt.
    pub message_id: String,
    /// Further headers: `X-…`, `In-Reply-To`, `References`, and no others.
    pub headers: Vec<(String, String)>,
    /// When it was written.
    pub at: Timestamp,
}

/// A mail ready to be sent.
#[derive(Clone)]
pub struct Rendered {
    pub(super) envelope: Envelope,
    pub(super) bytes: Vec<u8>,
}

impl Rendered {
    /// The mail's bytes, headers first.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Person {
    pub(super) fn mailbox(&self, field: &str) -> Result<Mailbox, SetupError> {
        let name = one_line(field, &self.name)?;
        one_line(field, &self.address)?;
        let address: Address = self
            .address
            .parse()
            .map_err(|_| SetupError::field(field, "is not a mail address"))?;
        Ok(Mailbox::new(
            (!name.is_empty()).then(|| name.to_owned()),
            address,
        ))
    }
}

impl Mail {
    /// The mail from this sender, as bytes.
    ///
    /// # Errors
    /// [`SetupError::Field`] naming the part: a line end or another control character in a header, a wrong address, a
    /// header that is not ours to set.
    pub fn render(&self, from: &Person) -> Result<Rendered, SetupError> {
        let from = from.mailbox("from")?;
        let to = self.to.mailbox("to")?;
        let envelope = Envelope::new(Some(from.email.clone()), vec![to.email.clone()])
            .map_err(|_| SetupError::field("to", "is missing"))?;
        let id = one_line("message_id", &self.message_id)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
        let well_formed = id.split_once('@').is_some_and(|(left, right)| {
            !left.is_empty() && !right.is_empty() && (left.chars().chain(right.chars())).all(plain)
        });
        if !well_formed {
            return Err(SetupError::field(
                "message_id",
                "is not of the form id@host",
            ));
        }
        let mut builder = Message::builder()
            .from(from)
            .to(to)
            .subject(one_line("subject", &self.subject)?)
            .message_id(Some(format!("<{id}>")))
            .date(system_time(self.at))
            .envelope(envelope.clone())
            // So that nobody's absence note answers it.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        for (name, value) in &self.headers {
            let value = one_line(name, value)?.to_owned();
            builder = builder.raw_header(HeaderValue::new(header_name(name)?, value));
        }
        let message = match &self.html {
            None => builder.singlepart(SinglePart::plain(self.text.clone())),
            Some(html) => builder.multipart(MultiPart::alternative_plain_html(
                self.text.clone(),
                html.clone(),
            )),
        };
        let message = message
            .map_err(|error| SetupError::field("mail", format!("cannot be written: {error}")))?;
        Ok(Rendered {
            envelope,
            bytes: message.formatted(),
        })
    }
}

/// Refuses what could end a header line; to encode it away would hide that somebody tried.
fn one_line<'a>(field: &str, text: &'a str) -> Result<&'a str, SetupError> {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if text.contains(breaks) {
        let field: String = field.chars().filter(|c| !c.is_control()).take(76).collect();
        return Err(SetupError::field(
            field,
            "holds a line end or another control character; write it on one line",
        ));
    }
    if text.len() > LINE_BYTES {
        return Err(SetupError::field(field, "is longer than 998 bytes"));
    }
    Ok(text)
}

fn header_name(name: &str) -> Result<HeaderName, SetupError> {
    let token = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let allowed = ["in-reply-to", "references"];
    let lower = name.to_ascii_lowercase();
    let ours = (lower.starts_with("x-") && lower.len() > 2) || allowed.contains(&lower.as_str());
    let wrong = || {
        SetupError::field(
            "headers",
            "may hold X-…, In-Reply-To and References only; the others are set by the mail itself",
        )
    };
    if !ours || !name.chars().all(token) {
        return Err(wrong());
    }
    HeaderName::new_from_ascii(name.to_owned()).map_err(|_| wrong())
}

fn system_time(at: Timestamp) -> SystemTime {
    let seconds = u64::try_from(at.as_second()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}
