//! `POST …/$batch`: up to ten commands in one request, after the OData JSON batch format.
//!
//! The format is that of OData JSON 4.01, section 19; the limit of ten is what callers of the service keep to.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde_json::{Map, Value, json};

use super::errors::Refusal;
use crate::call::{Answer, Call, pairs};

/// Requests in one batch.
const MOST: usize = 10;

/// Whether a call is a batch.
pub(crate) fn is_batch(call: &Call) -> bool {
    call.method == Method::POST
        && call.path.starts_with("/adminapi/")
        && call
            .path
            .to_lowercase()
            .trim_end_matches('/')
            .ends_with("/$batch")
}

/// Answers a batch: `each` answers one command, `shuffle` decides the order of the answers.
///
/// A command whose `dependsOn` failed is answered 424 and not carried out. Without `Prefer: odata.continue-on-error` the first
/// failure ends the batch, and what comes after it is neither carried out nor answered.
pub(crate) fn perform(
    call: &Call,
    shuffle: impl FnOnce(Vec<Value>) -> Vec<Value>,
    mut each: impl FnMut(&Call) -> Answer,
) -> Answer {
    let items = match split(call) {
        Ok(items) => items,
        Err(refusal) => return refusal.answer(),
    };
    let goes_on = continues_on_error(call);
    let mut statuses: BTreeMap<String, u16> = BTreeMap::new();
    let mut answers = Vec::new();
    for item in items {
        let broken = item
            .depends_on
            .iter()
            .any(|id| statuses.get(id).is_none_or(|status| *status >= 400));
        let answer = if broken {
            dependency_failed()
        } else {
            each(&item.call)
        };
        statuses.insert(item.id.clone(), answer.status);
        let failed = answer.status >= 400;
        answers.push(shown(&item.id, answer));
        if failed && !goes_on {
            break;
        }
    }
    Answer::json(200, json!({ "responses": shuffle(answers) }))
}

/// One command of a batch, as the call that it would be by itself.
#[derive(Debug)]
struct Item {
    id: String,
    depends_on: Vec<String>,
    call: Call,
}

fn split(call: &Call) -> Result<Vec<Item>, Refusal> {
    let bad = |text: &str| Refusal::malformed(400, "BadRequest", text);
    let body = call
        .json()
        .ok_or_else(|| bad("The batch request isn't valid JSON."))?;
    let requests = body.get("requests").and_then(Value::as_array);
    let requests = requests.ok_or_else(|| bad("The batch request has no 'requests' array."))?;
    if requests.is_empty() || requests.len() > MOST {
        return Err(bad(&format!(
            "A batch request must hold between 1 and {MOST} requests; this one holds {}.",
            requests.len()
        )));
    }
    let mut items: Vec<Item> = Vec::new();
    for request in requests {
        let text = |key: &str| request.get(key).and_then(Value::as_str);
        let (Some(id), Some(method), Some(url)) = (text("id"), text("method"), text("url")) else {
            return Err(bad(
                "Each request of a batch needs 'id', 'method' and 'url'.",
            ));
        };
        if items.iter().any(|item| item.id == id) {
            return Err(bad(&format!(
                "The request id '{id}' isn't unique in the batch."
            )));
        }
        let depends_on = request
            .get("dependsOn")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let depends_on: Vec<String> = depends_on
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        if depends_on
            .iter()
            .any(|other| !items.iter().any(|item| item.id == *other))
        {
            return Err(bad(&format!(
                "The request '{id}' depends on one that doesn't come before it."
            )));
        }
        let method: Method = method
            .to_uppercase()
            .parse()
            .map_err(|_| bad(&format!("The method of request '{id}' isn't known.")))?;
        items.push(Item {
            id: id.to_owned(),
            depends_on,
            call: single(call, method, (url, request)),
        });
    }
    Ok(items)
}

fn single(batch: &Call, method: Method, wish: (&str, &Value)) -> Call {
    let (url, request) = wish;
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let root = batch.path.rsplit_once('/').map_or("", |(root, _)| root);
    let path = match path.find("/adminapi/") {
        Some(at) => path[at..].to_owned(),
        None => format!("{root}/{}", path.trim_start_matches('/')),
    };
    let body = match request.get("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(body) => body.to_string().into_bytes(),
    };
    let headers = headers(
        &batch.headers,
        request.get("headers").and_then(Value::as_object),
    );
    Call {
        method,
        base: batch.base.clone(),
        path,
        query: pairs(query),
        headers,
        body: body.into(),
    }
}

/// The batch's own headers, except those about its body and its manner, under those of the single request.
fn headers(outer: &HeaderMap, own: Option<&Map<String, Value>>) -> HeaderMap {
    let mut out = outer.clone();
    out.remove(header::CONTENT_LENGTH);
    out.remove("prefer");
    out.remove("client-request-id");
    for (name, value) in own.into_iter().flatten() {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        if let (Ok(name), Ok(value)) = (
            HeaderName::try_from(name.as_str()),
            HeaderValue::try_from(value),
        ) {
            out.insert(name, value);
        }
    }
    out
}

fn continues_on_error(call: &Call) -> bool {
    let preferences = call.header("prefer").unwrap_or_default();
    preferences.split([';', ',']).any(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, "true"));
        let name = name.trim().to_lowercase();
        name.trim_start_matches("odata.") == "continue-on-error"
            && value.trim().eq_ignore_ascii_case("true")
    })
}

fn dependency_failed() -> Answer {
    Refusal::malformed(
        424,
        "FailedDependency",
        "A request that this one depends on failed.",
    )
    .answer()
}

fn shown(id: &str, answer: Answer) -> Value {
    let headers: Map<String, Value> = answer
        .headers
        .into_iter()
        .map(|(name, value)| (name, json!(value)))
        .collect();
    let mut out = json!({ "id": id, "status": answer.status, "headers": headers });
    if let Some(body) = answer.body {
        out["body"] = body;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(prefer: &str, requests: Value) -> (Answer, Vec<String>) {
        let mut headers = HeaderMap::new();
        headers.insert("prefer", HeaderValue::try_from(prefer).expect("a header"));
        let call = Call {
            method: Method::POST,
            base: "http://sandbox/exchange".to_owned(),
            path: "/adminapi/beta/t/$batch".to_owned(),
            query: Vec::new(),
            headers,
            body: json!({ "requests": requests }).to_string().into(),
        };
        assert!(is_batch(&call));
        let mut seen = Vec::new();
        let answer = perform(
            &call,
            |answers| answers,
            |single| {
                seen.push(format!("{}?{:?}", single.path, single.query));
                Answer::empty(if single.json() == Some(json!("fail")) {
                    400
                } else {
                    200
                })
            },
        );
        (answer, seen)
    }

    fn statuses(answer: &Answer) -> Vec<(String, u64)> {
        let responses = answer
            .body
            .as_ref()
            .and_then(|body| body["responses"].as_array())
            .expect("responses");
        responses
            .iter()
            .map(|one| {
                (
                    one["id"].as_str().unwrap_or("").to_owned(),
                    one["status"].as_u64().unwrap_or(0),
                )
            })
            .collect()
    }

    #[test]
    fn failures_stop_a_batch_or_only_what_depends_on_them() {
        let requests = json!([
            { "id": "a", "method": "POST", "url": "InvokeCommand?$select=Name", "body": "fail" },
            { "id": "b", "method": "POST", "url": "https://outlook.office365.com/adminapi/beta/t/InvokeCommand", "body": "ok" },
            { "id": "c", "method": "POST", "url": "/InvokeCommand", "body": "ok", "dependsOn": ["a"] },
        ]);
        let (answer, seen) = batch(
            "odata.maxpagesize = 1000;odata.continue-on-error",
            requests.clone(),
        );
        assert_eq!(
            statuses(&answer),
            [
                ("a".to_owned(), 400),
                ("b".to_owned(), 200),
                ("c".to_owned(), 424)
            ]
        );
        assert_eq!(
            seen,
            [
                "/adminapi/beta/t/InvokeCommand?[(\"$select\", \"Name\")]",
                "/adminapi/beta/t/InvokeCommand?[]"
            ]
        );
        let (answer, seen) = batch("odata.maxpagesize=10", requests);
        assert_eq!(statuses(&answer), [("a".to_owned(), 400)]);
        assert_eq!(seen.len(), 1);
    }

    #[test]
    fn more_than_ten_are_refused_whole() {
        let one = |id: usize| json!({ "id": id.to_string(), "method": "POST", "url": "InvokeCommand", "body": {} });
        let (answer, seen) = batch("", (0..11).map(one).collect());
        assert_eq!((answer.status, seen.len()), (400, 0));
        let (answer, _) = batch("", json!([one(1), one(1)]));
        assert_eq!(answer.status, 400);
    }
}
