//! Records requests and replies as HAR 1.2, with the real cloud's URLs and without secrets: not in their own fields, and not where one
//! that was seen in its field stands later on, such as a pass in the mail that hands it over.
//!
//! The file is a whole document after every entry, so a killed sandbox leaves a readable one.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use http::HeaderMap;
use jiff::Timestamp;
use serde_json::{Value, json};
use transport::{Reply, Request};

use crate::address::{Address, Surface};
use crate::call::pairs;

const HEAD: &str =
    r#"{"log":{"version":"1.2","creator":{"name":"tenure sandbox","version":"1"},"entries":["#;
const TAIL: &str = "\n]}}\n";

/// Fields of bodies and forms that are never written.
const SECRETS: [&str; 7] = [
    "password",
    "newPassword",
    "client_secret",
    "client_assertion",
    "access_token",
    "refresh_token",
    "temporaryAccessPass",
];

/// An open recording.
#[derive(Debug)]
pub(crate) struct Recording {
    file: File,
    entries: u64,
    /// Secrets that have passed by.
    seen: Vec<String>,
}

impl Recording {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut file = File::create(path)?;
        file.write_all(HEAD.as_bytes())?;
        file.write_all(TAIL.as_bytes())?;
        Ok(Self {
            file,
            entries: 0,
            seen: Vec::new(),
        })
    }

    /// Writes one exchange down; a full disk loses the record, never the request.
    pub(crate) fn add(
        &mut self,
        request: &Request,
        reply: Option<&Reply>,
        [start, end]: [Timestamp; 2],
    ) {
        let Some(address) =
            Address::of(&request.url).filter(|address| address.surface != Surface::Control)
        else {
            return;
        };
        for body in [Some(&request.body), reply.map(|reply| &reply.body)] {
            self.learn(body.map_or(&[] as &[u8], |body| body));
        }
        let query = if address.query.is_empty() {
            String::new()
        } else {
            format!("?{}", address.query)
        };
        let url = format!("{}{}{query}", address.surface.real(), address.path);
        let ms = end.duration_since(start).as_millis();
        let mut entry = json!({
            "startedDateTime": start.to_string(),
            "time": ms as i64,
            "request": {
                "method": request.method.as_str(),
                "url": url,
                "httpVersion": "HTTP/1.1",
                "cookies": [],
                "headers": headers(&request.headers),
                "queryString": pairs(&address.query).into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>(),
                "postData": {"mimeType": kind(&request.headers), "text": body(&request.body)},
                "headersSize": -1,
                "bodySize": request.body.len(),
            },
            "response": {
                "status": reply.map_or(0, |reply| reply.status.as_u16()),
                "statusText": reply.and_then(|reply| reply.status.canonical_reason()).unwrap_or(""),
                "httpVersion": "HTTP/1.1",
                "cookies": [],
                "headers": reply.map(|reply| headers(&reply.headers)).unwrap_or_default(),
                "content": {
                    "size": reply.map_or(0, |reply| reply.body.len()),
                    "mimeType": reply.map(|reply| kind(&reply.headers)).unwrap_or_default(),
                    "text": reply.map(|reply| body(&reply.body)).unwrap_or_default(),
                },
                "redirectURL": "",
                "headersSize": -1,
                "bodySize": reply.map_or(-1, |reply| i64::try_from(reply.body.len()).unwrap_or(-1)),
            },
            "cache": {},
            "timings": {"send": 0, "wait": ms as i64, "receive": 0},
        });
        scrub(&mut entry, &self.seen);
        let _lost = self.append(&entry);
    }

    /// Remembers the secrets in a body.
    fn learn(&mut self, body: &[u8]) {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            return;
        };
        let mut found = Vec::new();
        secrets(&value, &mut found);
        for secret in found {
            if !self.seen.contains(&secret) {
                self.seen.push(secret);
            }
        }
    }

    fn append(&mut self, entry: &Value) -> io::Result<()> {
        let comma = if self.entries == 0 { "\n" } else { ",\n" };
        let back = i64::try_from(TAIL.len()).unwrap_or(0);
        self.file.seek(SeekFrom::End(-back))?;
        self.file
            .write_all(format!("{comma}{entry}{TAIL}").as_bytes())?;
        self.entries += 1;
        self.file.flush()
    }
}

fn headers(headers: &HeaderMap) -> Vec<Value> {
    let shown = headers.iter().map(|(name, value)| {
        let value = if name == "authorization" {
            "[redacted]"
        } else {
            value.to_str().unwrap_or("[binary]")
        };
        json!({"name": name.as_str(), "value": value})
    });
    shown.collect()
}

fn kind(headers: &HeaderMap) -> String {
    headers
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

fn body(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return String::new();
    }
    if let Ok(mut value) = serde_json::from_slice::<Value>(bytes) {
        redact(&mut value);
        return value.to_string();
    }
    let text = String::from_utf8_lossy(bytes);
    let fields = text.split('&').map(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        if SECRETS.contains(&name) {
            format!("{name}=[redacted]")
        } else {
            pair.to_owned()
        }
    });
    fields.collect::<Vec<_>>().join("&")
}

fn is_secret(name: &str) -> bool {
    SECRETS
        .iter()
        .any(|secret| secret.eq_ignore_ascii_case(name))
}

/// The texts of secret fields.
fn secrets(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    // Nothing shorter opens anything, and it would take letters out of everything.
                    Value::String(text) if is_secret(name) && text.len() >= 6 => {
                        found.push(text.clone());
                    }
                    other => secrets(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| secrets(item, found)),
        _ => {}
    }
}

/// Takes known secrets out of every text.
fn scrub(value: &mut Value, known: &[String]) {
    match value {
        Value::String(text) => {
            for secret in known {
                if text.contains(secret.as_str()) {
                    *text = text.replace(secret.as_str(), "[redacted]");
                }
            }
        }
        Value::Object(fields) => fields.iter_mut().for_each(|(_, value)| scrub(value, known)),
        Value::Array(items) => items.iter_mut().for_each(|item| scrub(item, known)),
        _ => {}
    }
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if is_secret(name) && value.is_string() {
                    *value = json!("[redacted]");
                } else {
                    redact(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}
