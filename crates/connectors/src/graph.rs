//! Microsoft Graph, version 1.0: reads, listings and writes with the meaning of every refusal.
//!
//! Source: Microsoft Graph REST API v1.0 reference.

mod cost;
mod meaning;
mod path;

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::batch::Gatherer;
use crate::budget::Access;
use crate::call::{Answer, Ctx, Gather, Listing};
use crate::error::{Error, Sent};
use crate::paging;
use crate::wire::{Dialect, Item, Outcome, Raw};

pub(crate) use meaning::broken;
pub use path::{Path, quoted};

/// Graph takes this many requests in one batch.
const BATCH_LIMIT: usize = 20;
const CONSISTENCY_LEVEL: HeaderName = HeaderName::from_static("consistencylevel");
/// Body properties whose values must not come back in an error text.
const SECRET_PROPERTIES: [&str; 3] = ["password", "newPassword", "temporaryAccessPass"];

/// A write.
#[derive(Clone, PartialEq)]
pub struct Call {
    method: Method,
    path: Path,
    body: Option<Value>,
    gather: Gather,
    serial: Option<String>,
    operation: Option<Uuid>,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The body may hold a password.
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("gather", &self.gather)
            .finish_non_exhaustive()
    }
}

impl Call {
    /// Creates, links or invokes an action. An action without parameters has the body `{}`.
    #[must_use]
    pub fn post(path: Path, body: Value) -> Self {
        Self::new(Method::POST, path, Some(body))
    }

    /// Changes some properties.
    #[must_use]
    pub fn patch(path: Path, body: Value) -> Self {
        Self::new(Method::PATCH, path, Some(body))
    }

    /// Sets or replaces.
    #[must_use]
    pub fn put(path: Path, body: Value) -> Self {
        Self::new(Method::PUT, path, Some(body))
    }

    /// Removes.
    #[must_use]
    pub fn delete(path: Path) -> Self {
        Self::new(Method::DELETE, path, None)
    }

    fn new(method: Method, path: Path, body: Option<Value>) -> Self {
        Self {
            serial: cost::object(&path),
            method,
            path,
            body,
            gather: Gather::Alone,
            operation: None,
        }
    }

    /// How it may travel; alone unless said otherwise.
    #[must_use]
    pub fn gathered(mut self, gather: Gather) -> Self {
        self.gather = gather;
        self
    }

    /// Waits for, and is waited for by, every other write with this key. By default the object in the path.
    #[must_use]
    pub fn serial(mut self, key: impl Into<String>) -> Self {
        self.serial = Some(key.into());
        self
    }

    /// Sent as `client-request-id`, so that the intent kept before the call names it. By default a fresh id.
    #[must_use]
    pub fn operation(mut self, id: Uuid) -> Self {
        self.operation = Some(id);
        self
    }
}

/// The client of one tenant; clones share its budget and its token.
#[derive(Clone)]
pub struct Graph {
    root: Arc<str>,
    gatherer: Gatherer,
}

impl Graph {
    pub(crate) fn new(root: &str, gatherer: Gatherer) -> Self {
        Self {
            root: Arc::from(root),
            gatherer,
        }
    }

    /// Reads one object. Ask for properties by `$select` and name objects by id.
    ///
    /// # Errors
    /// Its class says what to do; reads were repeated already within a short patience.
    pub async fn get(&self, ctx: &Ctx, path: &Path) -> Result<Answer, Error> {
        self.gatherer
            .read(self.item(ctx, Method::GET, path, None))
            .await
    }

    /// Reads a collection to its last page.
    ///
    /// # Errors
    /// As [`Graph::get`]; also when a page's link leads to another host.
    pub async fn list(&self, ctx: &Ctx, path: &Path) -> Result<Listing, Error> {
        let first = self.item(ctx, Method::GET, path, None);
        let root = Arc::clone(&self.root);
        paging::collect(&self.gatherer, first, move |link| {
            link.strip_prefix(&*root)
                .filter(|rest| rest.starts_with('/'))
                .map(str::to_owned)
        })
        .await
    }

    /// Asks a question that Graph wants as a POST but that changes nothing, such as `checkMemberGroups`.
    ///
    /// # Errors
    /// As [`Graph::get`].
    pub async fn ask(&self, ctx: &Ctx, path: &Path, body: Value) -> Result<Answer, Error> {
        self.gatherer
            .read(self.item(ctx, Method::POST, path, Some(body)))
            .await
    }

    /// Changes something.
    ///
    /// # Errors
    /// [`transport::Class::Unknown`] when it may have happened: probe before any second write.
    pub async fn write(&self, ctx: &Ctx, call: Call) -> Result<Answer, Error> {
        let mut item = self.item(ctx, call.method, &call.path, call.body);
        item.access = Access::Write;
        if let Some(operation) = call.operation {
            item.id = operation.to_string();
        }
        self.gatherer.write(item, &call.gather, call.serial).await
    }

    /// The body that links an object, as `$ref` requests want it: with this cloud's own address.
    #[must_use]
    pub fn reference(&self, segments: &[&str]) -> Value {
        json!({ "@odata.id": format!("{}{}", self.root, Path::of(segments).text()) })
    }

    fn item(&self, ctx: &Ctx, method: Method, path: &Path, body: Option<Value>) -> Item {
        let text = path.text();
        let mut headers = HeaderMap::new();
        if path.is_eventual() {
            headers.insert(CONSISTENCY_LEVEL, HeaderValue::from_static("eventual"));
        }
        let mut secrets = Vec::new();
        if let Some(body) = &body {
            collect_secrets(body, &mut secrets);
        }
        Item {
            access: Access::Read,
            units: cost::units(&method, path),
            method,
            url: format!("{}{text}", self.root),
            batch_url: Some(text),
            headers,
            body,
            id: (self.gatherer.wire().sources.id)().to_string(),
            ctx: ctx.clone(),
            mailbox: cost::mailbox(path),
            shared_quota: cost::is_directory(path),
            secrets,
        }
    }
}

/// How Graph speaks.
pub(crate) struct GraphDialect {
    pub(crate) root: String,
}

impl Dialect for GraphDialect {
    fn batch_limit(&self) -> usize {
        BATCH_LIMIT
    }

    fn chains_all(&self) -> bool {
        // "Batch should be either fully sequential or fully parallel" (learn.microsoft.com, Graph JSON batching).
        true
    }

    fn batch_target(&self) -> (String, HeaderMap) {
        (format!("{}/$batch", self.root), HeaderMap::new())
    }

    fn judge(&self, item: &Item, raw: Raw) -> Outcome {
        let sent = Sent {
            request_id: raw.header("request-id").map(str::to_owned),
            client_request_id: Some(item.id.clone()),
            vendor_date: raw.vendor_date,
            status: Some(raw.status),
        };
        if !(200..300).contains(&raw.status) {
            return Err(meaning::error_of(item, &raw, sent));
        }
        crate::wire::success(item, raw, Vec::new(), sent)
    }
}

fn collect_secrets(body: &Value, secrets: &mut Vec<String>) {
    match body {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if SECRET_PROPERTIES.contains(&name.as_str()) => {
                        secrets.push(text.clone())
                    }
                    other => collect_secrets(other, secrets),
                }
            }
        }
        Value::Array(entries) => entries
            .iter()
            .for_each(|entry| collect_secrets(entry, secrets)),
        _ => {}
    }
}
