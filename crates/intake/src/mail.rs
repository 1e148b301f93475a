//! Reads a mail kept as text: headers, a blank line, the body. Enough for tickets that arrive as mail; attachments are not read.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use crate::Error;

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Who sent it: the bare address, in lower case, so that it can be compared with operators and people.
    pub from: String,
    /// The `From:` line as written.
    pub sender: String,
    /// What it is about.
    pub subject: String,
    /// When it was received.
    pub received_at: Timestamp,
    /// The reference in the foreign system (`Ticket`), else the message id.
    pub reference: Option<String>,
    /// The body as it stands: what spans point into.
    pub body: String,
}

/// Reads a mail. `Received` may be a plain time or a trace line that ends in one; without it `Date` counts.
///
/// # Errors
/// When a header is missing or wrong, or when the body is encoded in a way that is not read.
pub fn read(text: &str) -> Result<Mail, Error> {
    let text = text.trim_start_matches('\u{feff}');
    let (headers, body) = split(text);
    let headers = unfold(headers)?;
    for name in ["From", "Subject"] {
        let times = headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .count();
        if times > 1 {
            return Err(Error::Mail(format!(
                "it has {times} `{name}:` lines, and nobody can say which one counts"
            )));
        }
    }
    let get = |name: &str| {
        headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    };
    let needed = |name: &str| {
        get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Error::Mail(format!("it has no `{name}:` line")))
    };
    let encoding = get("Content-Transfer-Encoding")
        .unwrap_or("8bit")
        .to_ascii_lowercase();
    let sort = get("Content-Type")
        .unwrap_or("text/plain")
        .to_ascii_lowercase();
    if !matches!(encoding.as_str(), "7bit" | "8bit" | "binary") || !sort.starts_with("text/") {
        return Err(Error::Mail(format!(
            "its body is {sort}, {encoding}; save it as plain text"
        )));
    }
    let sender = needed("From")?;
    let from = domain::policy::requesters::address(sender)
        .ok_or_else(|| Error::Mail(format!("“{sender}” is not one sender's address")))?;
    Ok(Mail {
        from,
        sender: sender.to_owned(),
        subject: decode_words(get("Subject").unwrap_or_default()),
        received_at: received(get("Received"), get("Date"))?,
        reference: get("Ticket")
            .or_else(|| get("Message-ID"))
            .map(str::to_owned),
        body: body.to_owned(),
    })
}

fn split(text: &str) -> (&str, &str) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() {
            return (&text[..at], &text[at + line.len()..]);
        }
        at += line.len();
    }
    (text, "")
}

/// Headers by name; a line that begins with a blank goes on with the one before.
fn unfold(headers: &str) -> Result<Vec<(String, String)>, Error> {
    let mut unfolded: Vec<(String, String)> = Vec::new();
    for line in headers.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = unfolded.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
            continue;
        }
        let (name, value) = line
            .split_once(':')
            .filter(|(name, _)| !name.is_empty() && !name.contains(char::is_whitespace))
            .ok_or_else(|| Error::Mail(format!("“{line}” is no header; begin with `From:`, `Subject:`, `Received:` and a blank line")))?;
        unfolded.push((name.to_owned(), value.trim().to_owned()));
    }
    Ok(unfolded)
}

fn received(received: Option<&str>, date: Option<&str>) -> Result<Timestamp, Error> {
    let written = received
        .map(|trace| trace.rsplit(';').next().unwrap_or(trace).trim())
        .or(date)
        .ok_or_else(|| Error::Mail("it has neither a `Received:` nor a `Date:` line".to_owned()))?;
    written
        .parse::<Timestamp>()
        .ok()
        .or_else(|| DateTimeParser::new().parse_timestamp(written).ok())
        .ok_or_else(|| {
            Error::Mail(format!(
                "“{written}” is no time; write it like 2026-11-10T09:15:00+01:00"
            ))
        })
}

/// Decodes `=?utf-8?Q?…?=` words (RFC 2047); words in other character sets stay as they are.
fn decode_words(subject: &str) -> String {
    let mut decoded = String::new();
    let mut rest = subject;
    let mut after_word = false;
    while let Some(start) = rest.find("=?") {
        let (before, from) = rest.split_at(start);
        let Some((text, length)) = word(from) else {
            decoded.push_str(before);
            decoded.push_str("=?");
            rest = &from[2..];
            after_word = false;
            continue;
        };
        // A blank between two encoded words is not part of the text.
        if !(after_word && before.trim().is_empty()) {
            decoded.push_str(before);
        }
        decoded.push_str(&text);
        rest = &from[length..];
        after_word = true;
    }
    decoded.push_str(rest);
    decoded
}

fn word(from: &str) -> Option<(String, usize)> {
    let mut parts = from[2..].splitn(3, '?');
    let (charset, encoding, tail) = (parts.next()?, parts.next()?, parts.next()?);
    let end = tail.find("?=")?;
    let encoded = &tail[..end];
    let bytes = match encoding {
        "Q" | "q" => quoted(encoded)?,
        "B" | "b" => base64(encoded)?,
        _ => return None,
    };
    if !charset.eq_ignore_ascii_case("utf-8") && !charset.eq_ignore_ascii_case("us-ascii") {
        return None;
    }
    let length = 2 + charset.len() + 1 + encoding.len() + 1 + end + 2;
    Some((String::from_utf8(bytes).ok()?, length))
}

fn quoted(encoded: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'_' => bytes.push(b' '),
            b'=' => {
                let digits = [rest.next()?, rest.next()?];
                let digits = std::str::from_utf8(&digits).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
            }
            other => bytes.push(other),
        }
    }
    Some(bytes)
}

fn base64(encoded: &str) -> Option<Vec<u8>> {
    const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for sign in encoded.bytes().filter(|byte| *byte != b'=') {
        let value = SIGNS.iter().position(|known| *known == sign)?;
        bits = (bits << 6) | u32::try_from(value).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_body_are_parted() {
        let mail = read(
            "From: Hannah Roe <Hannah.Roe@contoso.example>\r\nSubject: =?UTF-8?Q?Leaver:_Andr=C3=A9?=\r\n =?utf-8?B?IERvZQ==?=\r\nReceived: by mx.contoso.example; Tue, 10 Nov 2026 09:15:00 +0100\r\nTicket: 4711\r\n\r\nEmployee: A\r\n\r\nB\r\n",
        )
        .unwrap();
        assert_eq!(mail.from, "hannah.roe@contoso.example");
        assert_eq!(mail.sender, "Hannah Roe <Hannah.Roe@contoso.example>");
        assert_eq!(mail.subject, "Leaver: André Doe");
        assert_eq!(mail.received_at.to_string(), "2026-11-10T08:15:00Z");
        assert_eq!(mail.reference.as_deref(), Some("4711"));
        assert_eq!(mail.body, "Employee: A\r\n\r\nB\r\n");
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let check = |text: &str, expect: &str| {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expect), "{text:?}: {error}");
        };
        check("", "`From:`");
        check("Hello there\n\nbody", "no header");
        check(
            "From: somebody\nReceived: 2026-11-10T09:15:00Z\n\nbody",
            "not one sender's address",
        );
        check("From: a@x.example\n\nbody", "neither");
        check("From: a@x.example\nReceived: yesterday\n\nbody", "no time");
        check(
            "From: a@x.example\nDate: 2026-11-10T09:15:00Z\nContent-Transfer-Encoding: base64\n\nQQ==",
            "plain text",
        );
    }
}
