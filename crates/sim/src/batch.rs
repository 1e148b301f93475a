//! Graph's `$batch`: at most twenty requests, each judged by itself, answered in any order.
//!
//! Source: learn.microsoft.com/graph/json-batching (February 2025).

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value, json};

use crate::call::{Answer, Call, pairs};
use crate::graph;
use crate::state::carries_body;

const MOST: usize = 20;

/// Whether a call is a batch.
pub(crate) fn is_batch(call: &Call) -> bool {
    call.path
        .trim_end_matches('/')
        .eq_ignore_ascii_case("/v1.0/$batch")
}

#[derive(Clone, Debug)]
struct Item {
    id: String,
    depends_on: Vec<String>,
    call: Call,
    query: String,
}

/// Answers a batch: `shuffle` decides the order of work and of answers, `each` answers one request.
pub(crate) fn perform(
    call: &Call,
    shuffle: impl FnOnce(Vec<usize>) -> Vec<usize>,
    mut each: impl FnMut(&Call, &str) -> Answer,
) -> Answer {
    if call.method != Method::POST {
        return graph::error(
            405,
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
        );
    }
    let items = match items(call) {
        Ok(items) => items,
        Err(refusal) => return refusal,
    };
    let order = shuffle((0..items.len()).collect());
    let mut statuses: BTreeMap<&str, u16> = BTreeMap::new();
    let mut responses = Vec::new();
    while responses.len() < items.len() {
        let ready = order.iter().map(|index| &items[*index]).find(|item| {
            !statuses.contains_key(item.id.as_str())
                && item
                    .depends_on
                    .iter()
                    .all(|other| statuses.contains_key(other.as_str()))
        });
        let Some(item) = ready else {
            return bad("The batch request has a circular dependency.");
        };
        let failed = item
            .depends_on
            .iter()
            .any(|other| statuses[other.as_str()] >= 400);
        let answer = if failed {
            graph::error(424, "FailedDependency", "Failed Dependency")
        } else {
            each(&item.call, &item.query)
        };
        statuses.insert(&item.id, answer.status);
        responses.push(shown(&item.id, answer));
    }
    Answer::json(200, json!({"responses": responses}))
}

fn bad(message: &str) -> Answer {
    graph::error(400, "BadRequest", message)
}

fn shown(id: &str, answer: Answer) -> Value {
    let mut headers: Map<String, Value> = Map::new();
    for (name, value) in answer.headers {
        let proper: Vec<String> = name.split('-').map(capitalised).collect();
        let name = if name.starts_with("x-ms") || name.ends_with("request-id") {
            name
        } else {
            proper.join("-")
        };
        headers.insert(name, json!(value));
    }
    let mut response = json!({"id": id, "status": answer.status});
    if let Some(body) = answer.body {
        headers.insert("Content-Type".to_owned(), json!("application/json"));
        response["body"] = body;
    }
    response["headers"] = Value::Object(headers);
    response
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn items(call: &Call) -> Result<Vec<Item>, Answer> {
    let body = call.json().unwrap_or(Value::Null);
    let Some(requests) = body["requests"]
        .as_array()
        .filter(|requests| !requests.is_empty())
    else {
        return Err(bad("Invalid batch payload format."));
    };
    if requests.len() > MOST {
        return Err(bad(
            "Number of batch request steps exceeds the maximum value of 20.",
        ));
    }
    let mut out: Vec<Item> = Vec::new();
    for request in requests {
        let item = item(call, request)?;
        if out
            .iter()
            .any(|other| other.id.eq_ignore_ascii_case(&item.id))
        {
            return Err(bad(&format!(
                "Duplicate request id '{}' found in the batch.",
                item.id
            )));
        }
        out.push(item);
    }
    let unknown = out
        .iter()
        .flat_map(|item| &item.depends_on)
        .find(|id| !out.iter().any(|item| item.id == **id));
    if let Some(unknown) = unknown {
        return Err(bad(&format!(
            "The dependsOn request id '{unknown}' is not found in the batch."
        )));
    }
    Ok(out)
}

fn item(call: &Call, request: &Value) -> Result<Item, Answer> {
    let text = |name: &str| request[name].as_str().filter(|text| !text.is_empty());
    let Some(id) = text("id") else {
        return Err(bad("Request id is missing in the batch request."));
    };
    let method = text("method").and_then(|method| method.to_uppercase().parse::<Method>().ok());
    let (Some(method), Some(url)) = (method, text("url")) else {
        return Err(bad(&format!("Request {id} has no method or url.")));
    };
    let url = url.trim_start_matches('/');
    if url.contains("://") || url.to_lowercase().starts_with("$batch") {
        return Err(bad(&format!(
            "Invalid request url '{url}' in request {id}."
        )));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in request["headers"].as_object().into_iter().flatten() {
        let value = value
            .as_str()
            .map(str::to_owned)
            .unwrap_or_else(|| value.to_string());
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.to_lowercase().as_bytes()),
            HeaderValue::from_str(&value),
        ) {
            headers.insert(name, value);
        }
    }
    let body = &request["body"];
    if carries_body(&method) && (body.is_null() || !headers.contains_key("content-type")) {
        return Err(bad(&format!(
            "Write request id : {id} does not contain Content-Type header or body."
        )));
    }
    if let Some(token) = call.headers.get("authorization") {
        headers.insert("authorization", token.clone());
    }
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let body = if body.is_null() {
        Bytes::new()
    } else {
        Bytes::from(body.to_string())
    };
    let depends_on = request["dependsOn"].as_array().into_iter().flatten();
    Ok(Item {
        id: id.to_owned(),
        depends_on: depends_on
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        query: query.to_owned(),
        call: Call {
            method,
            base: call.base.clone(),
            path: format!("/v1.0/{path}"),
            query: pairs(query),
            headers,
            body,
        },
    })
}
