//! A typed wish: who, what, when, and where it came from, each field with the words it was read from.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::protect::is_one;
use crate::{RequestId, TenantId};

/// What is wished for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A person comes.
    Onboard,
    /// A person goes.
    Offboard,
    /// A person changes role, department or site.
    Transfer,
    /// An earlier change is taken back.
    Restore,
}

impl Kind {
    /// The word used in data, commands and pages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Onboard => "onboard",
            Self::Offboard => "offboard",
            Self::Transfer => "transfer",
            Self::Restore => "restore",
        }
    }
}

/// Where in the source text a field was read, in bytes of the body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// The text itself, so that a reader need not look it up.
    pub text: String,
}

/// A value and the words it came from; typed-in values have no span.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cited<T> {
    /// The value.
    pub value: T,
    /// Its source.
    pub span: Option<Span>,
}

impl<T> Cited<T> {
    /// A value somebody typed into Tenure itself.
    pub fn typed(value: T) -> Self {
        Self { value, span: None }
    }
}

/// Who is meant, as far as the source says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonHint {
    /// The sign-in name or mail address.
    pub address: Option<Cited<String>>,
    /// The name as written.
    pub name: Option<Cited<String>>,
    /// The employee id.
    pub employee_id: Option<Cited<String>>,
}

/// When it shall happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// As soon as it is approved.
    Now,
    /// At this instant.
    At(Timestamp),
    /// On this day, without a time: the end of the working day at the person's site.
    On(jiff::civil::Date),
}

/// Where a request came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The channel: `ticket`, `cli`, `form`, `api`, `hr`.
    pub channel: String,
    /// Who asked: an address or an operator's name.
    pub requester: String,
    /// The reference in the foreign system, if any.
    pub reference: Option<String>,
    /// When it was received.
    pub received_at: Timestamp,
    /// The subject line as received.
    pub subject: Option<String>,
    /// The raw text as received: evidence, and what spans point into.
    pub body: Option<String>,
}

/// Something that must be asked before the request can become a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The field that is missing or contradictory.
    pub field: String,
    /// The question, as it would be put to the requester.
    pub question: String,
}

/// One typed wish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// The tenant it concerns.
    pub tenant: TenantId,
    /// What is wished for.
    pub kind: Kind,
    /// Who is meant.
    pub person: PersonHint,
    /// When; absent while it has to be asked.
    pub when: Option<Cited<When>>,
    /// Further fields by name (`forward-to`, `delegate`, `successor`, `note`), as written.
    pub fields: BTreeMap<String, Cited<String>>,
    /// Switches set for this request alone, by step name or accepted alias.
    pub switches: BTreeMap<String, Value>,
    /// Where it came from.
    pub origin: Origin,
    /// What must be asked first; empty for a complete request.
    pub asks: Vec<Ask>,
    /// Addresses of those who may see it and what follows from it; empty for everybody with the right to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confidential: Vec<String>,
    /// Names of the steps that the plan holds, and no other: an action. Absent for the whole playbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<String>>,
}

impl Request {
    /// Whether this person, by address, may see the request and what follows from it. A right in the tenant is needed besides.
    #[must_use]
    pub fn is_visible_to(&self, address: &str) -> bool {
        let named = |other: &String| is_one(other, address);
        self.confidential.is_empty() || self.confidential.iter().any(named)
    }

    /// The text of a further field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(|cited| cited.value.as_str())
    }
}
