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
    let requests: Vec<&Value> = requests.as_array().into_iter().flatten().collect();
    let mut out: Vec<Write> = Vec::new();
    for request in &requests {
        let inner: Vec<&&Value> = requests
            .iter()
            .filter(|item| item["part_of"] == request["n"])
            .collect();
        let body = inner.iter().find_map(|item| writes_by(item));
        let writes = if inner.is_empty() {
            writes_by(request).is_some()
        } else {
            body.is_some()
        };
        if !request["part_of"].is_null() || !writes {
            continue;
        }
        let mut write = Write {
            method: text(&request["method"]),
            path: text(&request["path"]),
            cmdlet: request["cmdlet"].as_str().map(str::to_owned),
            body,
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
