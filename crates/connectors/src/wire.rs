//! One HTTP request at a time: puts token, ids and budget around an item or a batch, and reads what comes back.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::{Map, Value, json};
use transport::{Class, Reply, Request, Transport};

use crate::auth::{Token, Tokens};
use crate::budget::{Access, Budget, Signal, Use};
use crate::call::{Answer, Ctx};
use crate::error::{Error, Sent};
use crate::meter::{Kind, Meter};
use crate::retry;
use crate::sources::Sources;

pub(crate) const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
/// The status of an item that was not executed because the one before it failed (Graph, "JSON batching").
pub(crate) const FAILED_DEPENDENCY: u16 = 424;

/// What a call came to.
pub(crate) type Outcome = Result<Answer, Error>;

/// One read or write, ready to travel alone or inside a batch.
#[derive(Clone)]
pub(crate) struct Item {
    pub(crate) access: Access,
    pub(crate) method: Method,
    /// The absolute URL, for travelling alone.
    pub(crate) url: String,
    /// The URL inside a batch, or `None` when it must travel alone.
    pub(crate) batch_url: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Value>,
    pub(crate) id: String,
    pub(crate) ctx: Ctx,
    /// Quota units: resource units at Graph, cmdlets at Exchange.
    pub(crate) units: u32,
    /// The mailbox whose concurrency it uses.
    pub(crate) mailbox: Option<String>,
    /// Whether it draws on the quota that the whole tenant shares, so that its throttling concerns all.
    pub(crate) shared_quota: bool,
    /// Strings of its body that must not come back in an error text.
    pub(crate) secrets: Vec<String>,
}

/// A reply before its service's meaning is read into it.
pub(crate) struct Raw {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// `None` when the body is no JSON.
    pub(crate) body: Option<Value>,
    pub(crate) vendor_date: Option<Timestamp>,
}

impl Raw {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn retry_after_ms(&self) -> Option<u64> {
        let reply = Reply {
            status: StatusCode::OK,
            headers: self.headers.clone(),
            body: Bytes::new(),
        };
        reply.retry_after().map(retry::millis)
    }

    fn signal(&self, shared_quota: bool) -> Signal {
        let throttled = self.status == 429 && shared_quota;
        Signal {
            used: self
                .header("x-ms-throttle-limit-percentage")
                .and_then(|text| text.trim().parse().ok()),
            hold: if throttled {
                self.retry_after_ms().map(Duration::from_millis)
            } else {
                None
            },
        }
    }
}

/// How one service speaks.
pub(crate) trait Dialect: Send + Sync {
    /// The most items in a batch.
    fn batch_limit(&self) -> usize;
    /// Whether a batch with any order in it has to be one single chain.
    fn chains_all(&self) -> bool;
    /// Where batches go, and the headers they need besides the usual.
    fn batch_target(&self) -> (String, HeaderMap);
    /// What a reply means.
    fn judge(&self, item: &Item, raw: Raw) -> Outcome;
}

/// What a batch came to.
pub(crate) enum Round {
    /// One outcome per item, in the order of the items.
    Each(Vec<Outcome>),
    /// The service refused the batch as such; nothing in it was done, and its items go alone.
    Refused,
}

/// The way to one service in one tenant.
pub(crate) struct Wire {
    pub(crate) dialect: Box<dyn Dialect>,
    pub(crate) scope: String,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) budget: Budget,
    pub(crate) meter: Arc<Meter>,
    pub(crate) sources: Sources,
    pub(crate) policy: retry::Policy,
}

impl Wire {
    /// The wait before an item is repeated, or `None` when its error stands.
    pub(crate) fn again(&self, access: Access, error: &Error, attempt: u32) -> Option<Duration> {
        if error.is_of_token() {
            return None;
        }
        let fraction = (self.sources.fraction)();
        match access {
            Access::Read => self.policy.read_again(error, attempt, fraction),
            Access::Write => self.policy.write_again(error, attempt, fraction),
        }
    }

    /// Sends one item in a request of its own.
    pub(crate) async fn single(&self, item: &Item) -> Outcome {
        let token = self.tokens.get(&self.scope).await?;
        let wanted = use_of(std::iter::once(item));
        let _permit = self
            .budget
            .enter(&wanted)
            .await
            .map_err(|wait| held(wait, &item.id))?;
        let body = item.body.as_ref().map(Value::to_string).unwrap_or_default();
        let mut request = self.request(
            &token,
            item.method.clone(),
            item.url.clone(),
            &item.id,
            body,
        )?;
        request.headers.extend(item.headers.clone());
        let kind = match item.access {
            Access::Read => Kind::Read,
            Access::Write => Kind::Write,
        };
        self.meter.sent(kind, std::iter::once(&item.ctx));
        tracing::debug!(method = %item.method, client_request_id = %item.id, "sending a request");
        let reply = match self.transport.send(request).await {
            Ok(reply) => reply,
            Err(failure) => return Err(Error::of_failure(&failure, &item.id)),
        };
        let raw = raw_of(reply);
        if raw.status == 401 {
            self.tokens.drop_refused(&self.scope, &token).await;
        }
        self.budget
            .observe(item.access, raw.signal(item.shared_quota));
        self.dialect.judge(item, raw)
    }

    /// Sends the items as one batch; `after` says for each which earlier one it depends on.
    pub(crate) async fn batch(&self, items: &[&Item], after: &[Option<usize>]) -> Round {
        match self.exchange_batch(items, after).await {
            Ok(round) => round,
            Err(outcome) => Round::Each(
                items
                    .iter()
                    .map(|item| {
                        let mut error = outcome.clone();
                        error.sent.client_request_id = Some(item.id.clone());
                        Err(error)
                    })
                    .collect(),
            ),
        }
    }

    /// An error here is the outcome of every item.
    async fn exchange_batch(
        &self,
        items: &[&Item],
        after: &[Option<usize>],
    ) -> Result<Round, Error> {
        let token = self.tokens.get(&self.scope).await?;
        let id = (self.sources.id)().to_string();
        let wanted = use_of(items.iter().copied());
        let _permit = self
            .budget
            .enter(&wanted)
            .await
            .map_err(|wait| held(wait, &id))?;
        let (url, headers) = self.dialect.batch_target();
        let requests: Vec<Value> = items
            .iter()
            .enumerate()
            .map(|(at, item)| batch_entry(at, item, after.get(at).copied().flatten()))
            .collect();
        let body = json!({ "requests": requests }).to_string();
        let mut request = self.request(&token, Method::POST, url, &id, body)?;
        request.headers.extend(headers);
        self.meter
            .sent(Kind::Batch, items.iter().map(|item| &item.ctx));
        tracing::debug!(items = items.len(), client_request_id = %id, "sending a batch");
        let reply = match self.transport.send(request).await {
            Ok(reply) => reply,
            Err(failure) => return Err(Error::of_failure(&failure, &id)),
        };
        let raw = raw_of(reply);
        match raw.status {
            200..300 => {}
            401 => self.tokens.drop_refused(&self.scope, &token).await,
            // Refused as a whole (malformed, too large, not offered here): nothing was carried out.
            400..=499 if raw.status != 429 => return Ok(Round::Refused),
            _ => {}
        }
        if !(200..300).contains(&raw.status) {
            return Ok(Round::Each(self.all_alike(items, &raw)));
        }
        let outcomes = self.read_batch(items, &raw);
        if outcomes
            .iter()
            .any(|outcome| outcome.as_ref().is_err_and(Error::is_refused_token))
        {
            self.tokens.drop_refused(&self.scope, &token).await;
        }
        Ok(Round::Each(outcomes))
    }

    /// The outer reply's failure, judged for each item by its own access.
    fn all_alike(&self, items: &[&Item], raw: &Raw) -> Vec<Outcome> {
        items
            .iter()
            .map(|item| {
                self.budget
                    .observe(item.access, raw.signal(item.shared_quota));
                let copy = Raw {
                    status: raw.status,
                    headers: raw.headers.clone(),
                    body: raw.body.clone(),
                    vendor_date: raw.vendor_date,
                };
                self.dialect.judge(item, copy)
            })
            .collect()
    }

    fn read_batch(&self, items: &[&Item], outer: &Raw) -> Vec<Outcome> {
        let responses = outer
            .body
            .as_ref()
            .and_then(|body| body.get("responses"))
            .and_then(Value::as_array)
            .map_or(&[] as &[Value], Vec::as_slice);
        items
            .iter()
            .enumerate()
            .map(|(at, item)| {
                let wanted = batch_id(at);
                let found = responses.iter().find(|response| {
                    let id = response.get("id").and_then(Value::as_str);
                    id.is_some_and(|id| id.eq_ignore_ascii_case(&wanted))
                });
                let Some(raw) = found.and_then(|response| raw_of_item(response, outer.vendor_date))
                else {
                    return Err(unanswered(item, outer));
                };
                self.budget
                    .observe(item.access, raw.signal(item.shared_quota));
                self.dialect.judge(item, raw)
            })
            .collect()
    }

    fn request(
        &self,
        token: &Token,
        method: Method,
        url: String,
        id: &str,
        body: String,
    ) -> Result<Request, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, token.bearer()?);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CLIENT_REQUEST_ID, header_text(id)?);
        if !body.is_empty() {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json; charset=utf-8"),
            );
        }
        Ok(Request {
            method,
            url,
            headers,
            body: Bytes::from(body),
        })
    }
}

/// A text as a header's value.
pub(crate) fn header_text(text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text)
        .map_err(|_| Error::refused("a header's text holds characters that no header may hold"))
}

/// The `Date` header, the vendor's own clock.
pub(crate) fn vendor_date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(header::DATE)?.to_str().ok()?;
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

fn batch_id(at: usize) -> String {
    (at + 1).to_string()
}

fn batch_entry(at: usize, item: &Item, after: Option<usize>) -> Value {
    let mut headers = Map::new();
    for (name, value) in &item.headers {
        if let Ok(value) = value.to_str() {
            headers.insert(name.to_string(), Value::from(value));
        }
    }
    headers.insert(CLIENT_REQUEST_ID.to_string(), Value::from(item.id.as_str()));
    if item.body.is_some() {
        headers.insert("Content-Type".to_owned(), Value::from("application/json"));
    }
    let mut entry = Map::new();
    entry.insert("id".to_owned(), Value::from(batch_id(at)));
    entry.insert("method".to_owned(), Value::from(item.method.as_str()));
    entry.insert(
        "url".to_owned(),
        Value::from(item.batch_url.as_deref().unwrap_or(&item.url)),
    );
    entry.insert("headers".to_owned(), Value::Object(headers));
    if let Some(body) = &item.body {
        entry.insert("body".to_owned(), body.clone());
    }
    if let Some(before) = after {
        entry.insert("dependsOn".to_owned(), json!([batch_id(before)]));
    }
    Value::Object(entry)
}

fn use_of<'a>(items: impl Iterator<Item = &'a Item>) -> Use {
    let mut wanted = Use::default();
    for item in items {
        wanted.units += item.units;
        wanted.writes += u32::from(item.access == Access::Write);
        if let Some(mailbox) = &item.mailbox {
            match wanted
                .mailboxes
                .iter_mut()
                .find(|(known, _)| known == mailbox)
            {
                Some((_, count)) => *count += 1,
                None => wanted.mailboxes.push((mailbox.clone(), 1)),
            }
        }
    }
    wanted
}

fn raw_of(reply: Reply) -> Raw {
    Raw {
        status: reply.status.as_u16(),
        vendor_date: vendor_date(&reply.headers),
        body: if reply.body.is_empty() {
            Some(Value::Null)
        } else {
            serde_json::from_slice(&reply.body).ok()
        },
        headers: reply.headers,
    }
}

fn raw_of_item(response: &Value, outer_date: Option<Timestamp>) -> Option<Raw> {
    let status = match response.get("status")? {
        Value::String(text) => text.parse().ok()?,
        other => u16::try_from(other.as_u64()?).ok()?,
    };
    let mut headers = HeaderMap::new();
    for (name, value) in response
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let parsed = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(&text),
        );
        if let (Ok(name), Ok(value)) = parsed {
            headers.insert(name, value);
        }
    }
    Some(Raw {
        status,
        vendor_date: vendor_date(&headers).or(outer_date),
        headers,
        body: Some(response.get("body").cloned().unwrap_or(Value::Null)),
    })
}

/// The budget's own refusal: nothing was sent.
fn held(wait: Duration, id: &str) -> Error {
    let class = Class::RetryAfter {
        after_ms: Some(retry::millis(wait)),
    };
    let sent = Sent {
        client_request_id: Some(id.to_owned()),
        ..Sent::default()
    };
    Error::new(
        class,
        "held",
        "the tenant's request budget is used up for now; nothing was sent",
        sent,
    )
}

/// An outer 200 says nothing about an item that it does not mention.
fn unanswered(item: &Item, outer: &Raw) -> Error {
    let sent = Sent {
        request_id: outer.header("request-id").map(str::to_owned),
        client_request_id: Some(item.id.clone()),
        vendor_date: outer.vendor_date,
        status: None,
    };
    Error::new(
        Class::Unknown,
        "unanswered",
        "the batch came back without an answer to this request",
        sent,
    )
}

/// The answer of a successful reply.
pub(crate) fn success(item: &Item, raw: Raw, warnings: Vec<String>, sent: Sent) -> Outcome {
    match (raw.body, item.access) {
        (Some(body), _) => Ok(Answer {
            body,
            warnings,
            sent,
        }),
        // The write did happen; only what was said about it cannot be read.
        (None, Access::Write) => Ok(Answer {
            body: Value::Null,
            warnings,
            sent,
        }),
        (None, Access::Read) => Err(Error::new(
            Class::Unknown,
            "garbled",
            "the answer is not valid JSON",
            sent,
        )),
    }
}
