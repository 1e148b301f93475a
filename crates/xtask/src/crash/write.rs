//! Requests that write, found in the record of the undisturbed run, so that one of them can be held up in another.

use serde_json::{Value, json};

/// What tells one writing request from the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Write {
    method: String,
    path: String,
    cmdlet: Option<String>,
    /// What the body of a batch holds: a method or a cmdlet of one of its items.
    body: Option<String>,
    /// The how manieth of its kind.
    nth: u64,
}

/// The writing requests of a record, in order; a batch that holds a write is one.
pub(crate) fn writes(requests: &Value) -> Vec<Write> {
    let mut out: Vec<Write> = Vec::new();
    for (request, inner) in writing(requests) {
        let mut write = Write {
            method: text(&request["method"]),
            path: text(&request["path"]),
            cmdlet: request["cmdlet"].as_str().map(str::to_owned),
            body: inner.iter().find_map(|item| writes_by(item)),
            nth: 1,
        };
        let same = out.iter().filter(|other| {
            Write {
                nth: 1,
                ..(*other).clone()
            } == write
        });
        write.nth += u64::try_from(same.count()).unwrap_or_default();
        out.push(write);
    }
    out
}

/// Which of the writes, by number from 1, make an account, a pass or a mail, or send one: made twice, each would be one too many.
pub(crate) fn makers(requests: &Value) -> Vec<u64> {
    const MADE: [&str; 4] = [
        "/users",
        "/temporaryaccesspassmethods",
        "/messages",
        "/send",
    ];
    let makes = |request: &Value| {
        let path = text(&request["path"]).to_lowercase();
        request["method"] == "POST" && MADE.iter().any(|end| path.ends_with(end))
    };
    let numbered = (1..).zip(writing(requests));
    numbered
        .filter(|(_, (request, inner))| makes(request) || inner.iter().any(|item| makes(item)))
        .map(|(number, _)| number)
        .collect()
}

/// The writing requests, each with the items it holds.
fn writing(requests: &Value) -> Vec<(&Value, Vec<&Value>)> {
    let requests: Vec<&Value> = requests.as_array().into_iter().flatten().collect();
    let alone = requests
        .iter()
        .filter(|request| request["part_of"].is_null());
    alone
        .map(|request| {
            let inner = requests
                .iter()
                .filter(|item| item["part_of"] == request["n"]);
            (*request, inner.copied().collect::<Vec<_>>())
        })
        .filter(|(request, inner)| {
            if inner.is_empty() {
                writes_by(request).is_some()
            } else {
                inner.iter().any(|item| writes_by(item).is_some())
            }
        })
        .collect()
}

/// The method or cmdlet by which a single request writes; none for reads, batches and tokens.
fn writes_by(request: &Value) -> Option<String> {
    let path = text(&request["path"]).to_lowercase();
    if let Some(cmdlet) = request["cmdlet"].as_str() {
        return (!cmdlet.to_lowercase().starts_with("get-")).then(|| cmdlet.to_owned());
    }
    let method = request["method"].as_str()?;
    let is_write = method != "GET" && !path.contains("$batch") && !path.contains("oauth2");
    is_write.then(|| method.to_owned())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Write {
    /// The fault that holds this request up.
    pub(crate) fn held(&self, ms: u64) -> Value {
        let mut rule = json!({
            "effect": { "do": "delay", "ms": ms },
            "method": self.method,
            "path": self.path,
            "nth": self.nth,
            "times": 1,
        });
        if let Some(cmdlet) = &self.cmdlet {
            rule["cmdlet"] = json!(cmdlet);
        }
        if let Some(body) = &self.body {
            rule["body"] = json!(body);
        }
        rule
    }
}
