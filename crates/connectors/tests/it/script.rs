//! A transport that answers from a closure and remembers what it was sent.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use connectors::{Account, Cloud, Connection, Credential, Sources, connect};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::time::Instant;
use transport::{
    Failure, HeaderMap, HeaderName, HeaderValue, Reply, Request, StatusCode, Transport,
};
use uuid::Uuid;

pub(crate) const TENANT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const CLIENT: &str = "99999999-8888-7777-6666-555555555555";
pub(crate) const SECRET: &str = "s3cret~value";
pub(crate) const GRAPH: &str = "https://graph.microsoft.com/v1.0";

/// One request as the transport saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) text: String,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub(crate) fn is_token(&self) -> bool {
        self.url.ends_with("/oauth2/v2.0/token")
    }

    pub(crate) fn is_batch(&self) -> bool {
        self.url.ends_with("/$batch")
    }

    /// The requests inside a batch.
    pub(crate) fn items(&self) -> Vec<Value> {
        self.json()["requests"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    /// `METHOD url` of each item.
    pub(crate) fn item_names(&self) -> Vec<String> {
        self.items().iter().map(name_of).collect()
    }
}

pub(crate) fn name_of(item: &Value) -> String {
    format!(
        "{} {}",
        item["method"].as_str().unwrap(),
        item["url"].as_str().unwrap()
    )
}

type Answering = Box<dyn FnMut(&Seen) -> Result<Reply, Failure> + Send>;

/// The transport.
pub(crate) struct Script {
    answering: Mutex<Answering>,
    seen: Mutex<Vec<Seen>>,
}

impl Script {
    /// Answers every request, tokens included, from the closure.
    pub(crate) fn raw(
        answering: impl FnMut(&Seen) -> Result<Reply, Failure> + Send + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            answering: Mutex::new(Box::new(answering)),
            seen: Mutex::default(),
        })
    }

    /// Answers token requests itself and the rest from the closure.
    pub(crate) fn new(
        mut answering: impl FnMut(&Seen) -> Result<Reply, Failure> + Send + 'static,
    ) -> Arc<Self> {
        Self::raw(move |seen| {
            if seen.is_token() {
                return Ok(reply(200, &token_body("token", 3599)));
            }
            answering(seen)
        })
    }

    /// Everything but token requests.
    pub(crate) fn calls(&self) -> Vec<Seen> {
        self.all()
            .into_iter()
            .filter(|seen| !seen.is_token())
            .collect()
    }

    pub(crate) fn tokens(&self) -> Vec<Seen> {
        self.all().into_iter().filter(Seen::is_token).collect()
    }

    fn all(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request) -> Result<Reply, Failure> {
        let seen = Seen {
            at: Instant::now(),
            method: request.method.to_string(),
            url: request.url.clone(),
            headers: request
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
            text: String::from_utf8(request.body.to_vec()).unwrap(),
        };
        self.seen.lock().unwrap().push(seen.clone());
        let answer = (self.answering.lock().unwrap())(&seen);
        // A reply takes a moment, so that callers can meet on the way.
        tokio::time::sleep(std::time::Duration::from_millis(40)).await;
        answer
    }
}

pub(crate) fn reply(status: u16, body: &Value) -> Reply {
    reply_with(status, &[], body)
}

pub(crate) fn reply_with(status: u16, headers: &[(&'static str, &str)], body: &Value) -> Reply {
    let mut map = HeaderMap::new();
    map.insert(
        "date",
        HeaderValue::from_static("Fri, 20 Nov 2026 10:00:00 GMT"),
    );
    for (name, value) in headers {
        map.insert(
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    Reply {
        status: StatusCode::from_u16(status).unwrap(),
        headers: map,
        body: Bytes::from(body),
    }
}

/// Answers a batch item by item; the responses come in reverse, as they may.
pub(crate) fn batch_reply(
    seen: &Seen,
    mut answer: impl FnMut(&Value) -> Value,
) -> Result<Reply, Failure> {
    let mut responses: Vec<Value> = seen
        .items()
        .iter()
        .map(|item| {
            let mut response = answer(item);
            response["id"] = item["id"].clone();
            response
        })
        .collect();
    responses.reverse();
    Ok(reply(200, &json!({ "responses": responses })))
}

pub(crate) fn graph_error(code: &str, message: &str) -> Value {
    json!({ "error": { "code": code, "message": message, "innerError": {
        "date": "2026-11-20T10:00:00", "request-id": "vendor-inner", "client-request-id": "x" } } })
}

pub(crate) fn token_body(marker: &str, expires_in: u64) -> Value {
    token_with(
        json!({ "tid": TENANT, "jti": marker, "roles": ["User.ReadWrite.All"] }),
        expires_in,
    )
}

pub(crate) fn token_with(claims: Value, expires_in: u64) -> Value {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let token = format!("{}.{}.c2ln", part(json!({ "alg": "RS256" })), part(claims));
    json!({ "token_type": "Bearer", "expires_in": expires_in, "ext_expires_in": expires_in, "access_token": token })
}

/// Ids count up; jitter is always one half; the wall clock stands still.
pub(crate) fn sources() -> Sources {
    let next = Arc::new(AtomicU64::new(1));
    Sources {
        now: Arc::new(|| Timestamp::from_second(1_795_000_000).unwrap()),
        id: Arc::new(move || Uuid::from_u128(u128::from(next.fetch_add(1, Ordering::SeqCst)))),
        fraction: Arc::new(|| 0.5),
    }
}

pub(crate) fn account() -> Account {
    Account {
        tenant_id: TENANT.to_owned(),
        client_id: CLIENT.to_owned(),
        credential: Credential::secret(SecretString::from(SECRET)).unwrap(),
    }
}

pub(crate) fn connection(script: &Arc<Script>) -> Connection {
    let transport: Arc<dyn Transport> = Arc::<Script>::clone(script);
    connect(
        &Cloud::known("global").unwrap(),
        account(),
        transport,
        sources(),
    )
    .unwrap()
}
