//! Reads what the sandbox recorded: HTTP Archive (HAR 1.2) files.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

/// One request and what came back.
#[derive(Debug)]
pub(crate) struct Call {
    /// The file and the place in it.
    pub(crate) origin: String,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    /// Absent where the connection was cut before a reply came.
    pub(crate) reply: Option<Reply>,
}

/// A body: absent, JSON, or something else.
pub(crate) type Body = Option<Result<Value, String>>;

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Body,
}

impl Call {
    /// A header's value; the name's case does not matter.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Reads the calls of a HAR text in their order.
///
/// # Errors
/// When the text is no HAR.
pub(crate) fn parse(text: &str, name: &str) -> anyhow::Result<Vec<Call>> {
    let archive: Archive = serde_json::from_str(text)?;
    let call = |(at, entry): (usize, Entry)| {
        let reply = (entry.response.status != 0).then(|| Reply {
            status: entry.response.status,
            body: body(entry.response.content.decoded()),
        });
        Call {
            origin: format!("{name} entry {at}"),
            method: entry.request.method.to_ascii_uppercase(),
            url: entry.request.url,
            headers: entry
                .request
                .headers
                .into_iter()
                .map(|header| (header.name, header.value))
                .collect(),
            body: body(entry.request.post_data.and_then(|data| data.text)),
            reply,
        }
    };
    Ok(archive
        .log
        .entries
        .into_iter()
        .enumerate()
        .map(call)
        .collect())
}

fn body(text: Option<String>) -> Body {
    let text = text.filter(|text| !text.trim().is_empty())?;
    Some(serde_json::from_str(&text).map_err(|_| text))
}

#[derive(Deserialize)]
struct Archive {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: Request,
    response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(default)]
    post_data: Option<PostData>,
}

#[derive(Deserialize)]
struct PostData {
    #[serde(default)]
    text: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    status: u16,
    #[serde(default)]
    content: Content,
}

#[derive(Default, Deserialize)]
struct Content {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    encoding: Option<String>,
}

impl Content {
    fn decoded(self) -> Option<String> {
        match self.encoding.as_deref() {
            Some("base64") => {
                let bytes = STANDARD.decode(self.text?).ok()?;
                String::from_utf8(bytes).ok()
            }
            _ => self.text,
        }
    }
}
