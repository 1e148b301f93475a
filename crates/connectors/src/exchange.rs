//! The Exchange Online admin API: one cmdlet per call, as the Exchange Online PowerShell module itself sends them.
//!
//! Source: Exchange Online PowerShell module v3 (`InvokeCommand`, `CmdletInput`, `X-AnchorMailbox`) and its cmdlet
//! reference. Microsoft publishes no contract for third parties; its Admin API v2.0 cannot do what the steps need.

mod envelope;

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::batch::Gatherer;
use crate::budget::Access;
use crate::call::{Answer, Ctx, Gather, Listing};
use crate::error::{Error, Sent};
use crate::paging;
use crate::wire::{Dialect, Item, Outcome, Raw, header_text};

/// Callers at scale send ten cmdlets in one batch.
const BATCH_LIMIT: usize = 10;
const ANCHOR_MAILBOX: HeaderName = HeaderName::from_static("x-anchormailbox");
const CMDLET_NAME: HeaderName = HeaderName::from_static("x-cmdletname");
const PREFER: HeaderName = HeaderName::from_static("prefer");
/// The organisation's system mailbox, for calls that concern no single mailbox.
const SYSTEM_MAILBOX: &str = "SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}";

/// The mailbox whose server carries the call out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// This person's or mailbox's address (its UPN).
    Mailbox(String),
    /// The organisation.
    Organization,
}

/// One cmdlet with its parameters.
#[derive(Clone, PartialEq)]
pub struct Invocation {
    cmdlet: String,
    parameters: Map<String, Value>,
    anchor: Anchor,
    select: Vec<String>,
    gather: Gather,
    serial: Option<String>,
    operation: Option<Uuid>,
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation")
            .field("cmdlet", &self.cmdlet)
            .field("anchor", &self.anchor)
            .field("gather", &self.gather)
            .finish_non_exhaustive()
    }
}

impl Invocation {
    /// A cmdlet. Switches are `true`, `-Confirm:$false` is `"Confirm": false`, `null` clears.
    #[must_use]
    pub fn new(cmdlet: &str, parameters: Map<String, Value>, anchor: Anchor) -> Self {
        let serial = match &anchor {
            Anchor::Mailbox(mailbox) => Some(mailbox.to_lowercase()),
            Anchor::Organization => None,
        };
        Self {
            cmdlet: cmdlet.to_owned(),
            parameters,
            anchor,
            select: Vec::new(),
            gather: Gather::Alone,
            serial,
            operation: None,
        }
    }

    /// Only these properties of each entry.
    #[must_use]
    pub fn select(mut self, properties: &[&str]) -> Self {
        self.select = properties
            .iter()
            .map(|property| (*property).to_owned())
            .collect();
        self
    }

    /// How a write may travel; alone unless said otherwise.
    #[must_use]
    pub fn gathered(mut self, gather: Gather) -> Self {
        self.gather = gather;
        self
    }

    /// Waits for, and is waited for by, every other write with this key. By default the anchor mailbox.
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

    /// Whether the cmdlet only looks; PowerShell's verbs say so.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.cmdlet
            .get(..4)
            .is_some_and(|verb| verb.eq_ignore_ascii_case("get-"))
    }
}

/// A change to a multi-valued parameter: entries to add and to remove.
#[must_use]
pub fn changes(add: &[&str], remove: &[&str]) -> Value {
    let mut table = Map::new();
    table.insert(
        "@odata.type".to_owned(),
        Value::from("#Exchange.GenericHashTable"),
    );
    for (key, entries) in [("add", add), ("remove", remove)] {
        if !entries.is_empty() {
            table.insert(key.to_owned(), json!(entries));
        }
    }
    Value::Object(table)
}

/// The client of one tenant; clones share its budget and its token.
#[derive(Clone)]
pub struct Exchange {
    root: Arc<str>,
    organization_anchor: Arc<str>,
    gatherer: Gatherer,
}

impl Exchange {
    pub(crate) fn new(root: &str, tenant_id: &str, gatherer: Gatherer) -> Self {
        Self {
            root: Arc::from(root),
            organization_anchor: Arc::from(organization_anchor(tenant_id)),
            gatherer,
        }
    }

    /// Carries out one cmdlet: a `Get-` as a read with all its pages, anything else as a write.
    ///
    /// # Errors
    /// As [`Exchange::list`] and [`Exchange::write`].
    pub async fn invoke(&self, ctx: &Ctx, invocation: Invocation) -> Result<Listing, Error> {
        if invocation.is_read() {
            return self.list(ctx, invocation).await;
        }
        let answer = self.write(ctx, invocation).await?;
        Ok(Listing {
            entries: answer.entries().to_vec(),
            warnings: answer.warnings,
            sent: answer.sent,
        })
    }

    /// Carries out a `Get-` cmdlet and reads all its pages.
    ///
    /// # Errors
    /// Its class says what to do; reads were repeated already within a short patience. A cmdlet that changes something
    /// is refused.
    pub async fn list(&self, ctx: &Ctx, invocation: Invocation) -> Result<Listing, Error> {
        if !invocation.is_read() {
            return Err(Error::refused(format!("{} is no read", invocation.cmdlet)));
        }
        // The next page is asked for by the same body at the link; such links go alone.
        paging::collect(&self.gatherer, self.item(ctx, &invocation)?, |_| None).await
    }

    /// Carries out a cmdlet that changes something.
    ///
    /// # Errors
    /// [`transport::Class::Unknown`] when it may have happened: probe before any second write. A `Get-` is refused.
    pub async fn write(&self, ctx: &Ctx, invocation: Invocation) -> Result<Answer, Error> {
        if invocation.is_read() {
            return Err(Error::refused(format!("{} is no write", invocation.cmdlet)));
        }
        let item = self.item(ctx, &invocation)?;
        self.gatherer
            .write(item, &invocation.gather, invocation.serial)
            .await
    }

    fn item(&self, ctx: &Ctx, invocation: &Invocation) -> Result<Item, Error> {
        let anchor = match &invocation.anchor {
            Anchor::Mailbox(mailbox) => format!("UPN:{mailbox}"),
            Anchor::Organization => self.organization_anchor.to_string(),
        };
        let mut headers = HeaderMap::new();
        headers.insert(ANCHOR_MAILBOX, header_text(&anchor)?);
        headers.insert(CMDLET_NAME, header_text(&invocation.cmdlet)?);
        headers.insert(PREFER, HeaderValue::from_static("odata.maxpagesize=1000"));
        let mut url = format!("{}/InvokeCommand", self.root);
        if !invocation.select.is_empty() {
            url.push_str("?$select=");
            url.push_str(&invocation.select.join(","));
        }
        let access = if invocation.is_read() {
            Access::Read
        } else {
            Access::Write
        };
        let id = invocation
            .operation
            .unwrap_or_else(|| (self.gatherer.wire().sources.id)());
        Ok(Item {
            access,
            method: Method::POST,
            batch_url: Some(url.clone()),
            url,
            headers,
            body: Some(json!({
                "CmdletInput": { "CmdletName": invocation.cmdlet, "Parameters": invocation.parameters }
            })),
            id: id.to_string(),
            ctx: ctx.clone(),
            units: u32::from(access == Access::Read),
            mailbox: None,
            shared_quota: true,
            secrets: Vec::new(),
        })
    }
}

/// How Exchange speaks.
pub(crate) struct ExchangeDialect {
    pub(crate) root: String,
    pub(crate) tenant_id: String,
}

impl Dialect for ExchangeDialect {
    fn batch_limit(&self) -> usize {
        BATCH_LIMIT
    }

    fn chains_all(&self) -> bool {
        // `dependsOn` is part of the OData JSON batch format (OData JSON Format 4.01, section 19), though nothing published says
        // that this service honours it. Either answer is safe: what a run sends together waits for nothing of each other, so it
        // may as well happen side by side, and an item that was refused because its mailbox is busy is sent again.
        false
    }

    fn batch_target(&self) -> (String, HeaderMap) {
        let mut headers = HeaderMap::new();
        headers.insert(PREFER, HeaderValue::from_static("odata.continue-on-error"));
        if let Ok(anchor) = HeaderValue::from_str(&organization_anchor(&self.tenant_id)) {
            headers.insert(ANCHOR_MAILBOX, anchor);
        }
        (format!("{}/$batch", self.root), headers)
    }

    fn judge(&self, item: &Item, raw: Raw) -> Outcome {
        let sent = Sent {
            request_id: raw.header("request-id").map(str::to_owned),
            client_request_id: Some(item.id.clone()),
            vendor_date: raw.vendor_date,
            status: Some(raw.status),
        };
        // Inside a batch an error can come under a good status; the envelope says so.
        let has_error = raw
            .body
            .as_ref()
            .is_some_and(|body| body.get("error").is_some());
        if has_error || !(200..300).contains(&raw.status) {
            return Err(envelope::error_of(item, &raw, sent));
        }
        let warnings = raw
            .body
            .as_ref()
            .and_then(|body| body.get("@adminapi.warnings"))
            .and_then(Value::as_array)
            .map(|warnings| {
                warnings
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect()
            })
            .unwrap_or_default();
        crate::wire::success(item, raw, warnings, sent)
    }
}

fn organization_anchor(tenant_id: &str) -> String {
    format!("APP:{SYSTEM_MAILBOX}@{tenant_id}")
}
