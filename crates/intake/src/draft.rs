//! What a ticket was read as, before it is somebody's request: fields with their sources, open questions, and warnings.

use std::collections::BTreeMap;

use domain::request::{Ask, Cited, Kind, Origin, PersonHint, Request, Span, When};
use domain::{RequestId, TenantId};
use serde::Serialize;
use serde_json::Value;

/// What a ticket turned out to be.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// It asks for one or several people.
    Requests(Vec<Draft>),
    /// It asks for nobody to come, go or move.
    NoRequest {
        /// Why it was read so.
        because: String,
        /// What looks like an order to the reader.
        flags: Vec<Flag>,
    },
}

impl Reading {
    /// The drafts; none when it is no request.
    #[must_use]
    pub fn drafts(&self) -> &[Draft] {
        match self {
            Self::Requests(drafts) => drafts,
            Self::NoRequest { .. } => &[],
        }
    }
}

/// A passage that tries to do more than fill a field. It is shown and read as nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flag {
    /// What it tries.
    pub why: String,
    /// The passage.
    pub text: String,
    /// Where it stands in the body; absent when it stands in the subject.
    pub span: Option<Span>,
}

/// One person's part of a ticket, each value with the words it was read from.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Draft {
    /// What is wished for; absent while it has to be asked. Without a span it was read from the subject.
    pub kind: Option<Cited<Kind>>,
    /// Who is meant.
    pub person: PersonHint,
    /// When; absent while it has to be asked.
    pub when: Option<Cited<When>>,
    /// Further fields by name, as written.
    pub fields: BTreeMap<String, Cited<String>>,
    /// Switches, by the names that steps have or accept.
    pub switches: BTreeMap<String, Value>,
    /// What must be asked first.
    pub asks: Vec<Ask>,
    /// What looks like an order to the reader.
    pub flags: Vec<Flag>,
    /// Lines that look like fields and are none that is known.
    pub unread: Vec<Span>,
}

impl Draft {
    /// Makes it a request. Flags and unread lines go along as the fields `flagged` and `unread`, so that an approver sees them.
    ///
    /// # Errors
    /// The questions, when not even the kind is known.
    pub fn into_request(
        self,
        id: RequestId,
        tenant: TenantId,
        origin: Origin,
    ) -> Result<Request, Vec<Ask>> {
        let Some(kind) = self.kind else {
            return Err(self.asks);
        };
        let mut fields = self.fields;
        let flagged = self
            .flags
            .iter()
            .map(|flag| (format!("{}: {}", flag.why, flag.text), flag.span.as_ref()));
        let unread = self
            .unread
            .iter()
            .map(|line| (line.text.clone(), Some(line)));
        for (name, lines) in [
            ("flagged", flagged.collect::<Vec<_>>()),
            ("unread", unread.collect()),
        ] {
            if let Some((_, first)) = lines.first() {
                let span = first.filter(|_| lines.len() == 1).cloned();
                let texts: Vec<&str> = lines.iter().map(|(text, _)| text.as_str()).collect();
                let value = texts.join("\n");
                fields.insert(name.to_owned(), Cited { value, span });
            }
        }
        Ok(Request {
            id,
            tenant,
            kind: kind.value,
            person: self.person,
            when: self.when,
            fields,
            switches: self.switches,
            origin,
            asks: self.asks,
            confidential: Vec::new(),
            only: None,
        })
    }

    /// The text of a further field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(|cited| cited.value.as_str())
    }

    pub(crate) fn ask(&mut self, field: &str, question: impl Into<String>) {
        let ask = Ask {
            field: field.to_owned(),
            question: question.into(),
        };
        if !self.asks.contains(&ask) {
            self.asks.push(ask);
        }
    }
}
