//! What a caller says about each call: whose it is, what for, and how a write may travel.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Sent;

/// What a call is for. The order matters: a shared batch counts for the first of its purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Reads facts for a plan.
    Plan,
    /// Reads again before a run, to see whether anything changed.
    Drift,
    /// Probes or changes.
    Apply,
    /// Reads a result back.
    Verify,
    /// Asks again for a result that is late.
    Poll,
    /// Looks through all mailboxes of a tenant.
    Scan,
}

/// Whose call it is and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ctx {
    /// The run, when the call belongs to one.
    pub run: Option<String>,
    /// What for.
    pub purpose: Purpose,
}

impl Ctx {
    /// A call outside any run.
    #[must_use]
    pub fn of(purpose: Purpose) -> Self {
        Self { run: None, purpose }
    }

    /// A call of a run.
    #[must_use]
    pub fn of_run(run: impl Into<String>, purpose: Purpose) -> Self {
        Self {
            run: Some(run.into()),
            purpose,
        }
    }

    /// The same caller with another purpose.
    #[must_use]
    pub fn with(&self, purpose: Purpose) -> Self {
        Self {
            run: self.run.clone(),
            purpose,
        }
    }
}

/// How a write may travel. Reads are always gathered.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Gather {
    /// In a request of its own.
    #[default]
    Alone,
    /// Together with other writes of this run, whose intents are all committed already.
    Run(String),
}

/// A successful reply.
#[derive(Clone, PartialEq)]
pub struct Answer {
    /// The JSON body; `null` where there was none. May hold a secret, so `Debug` leaves it out.
    pub body: Value,
    /// What Exchange warned about, for example that nothing was modified.
    pub warnings: Vec<String>,
    /// The traces left at the vendor.
    pub sent: Sent,
}

impl Answer {
    /// Whether Exchange said that the object stood as asked already.
    #[must_use]
    pub fn unchanged(&self) -> bool {
        self.warnings.iter().any(|warning| {
            let warning = warning.to_ascii_lowercase();
            warning.contains("no settings of") || warning.contains("already present")
        })
    }

    /// The entries of the body's `value`, or nothing.
    #[must_use]
    pub fn entries(&self) -> &[Value] {
        self.body
            .get("value")
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("body", &"[redacted]")
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}

/// All entries of a collection, every page read.
#[derive(Clone, PartialEq)]
pub struct Listing {
    /// The entries in the vendor's order.
    pub entries: Vec<Value>,
    /// What Exchange warned about on any page.
    pub warnings: Vec<String>,
    /// The traces of the last page.
    pub sent: Sent,
}

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing")
            .field("entries", &self.entries.len())
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}
