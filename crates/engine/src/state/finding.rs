//! What a human must close, and what people have said about it since.

use domain::StepKey;
use serde::{Deserialize, Serialize};

/// The kind of a finding that asks for a look at what the policy approved beforehand: no retry closes it, and not whoever asked.
pub const REVIEW: &str = "review";

/// How many characters a reason has at least, blanks around it not counted: a word says nothing to whoever reads it in a year.
pub const LEAST_REASON: usize = 10;

/// Something a human must close.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Unique in the run, in order of opening.
    pub number: u32,
    /// The step it is about, if any.
    pub step: Option<StepKey>,
    /// One of `failed`, `denied`, `budget`, `drift`, `residual`, `cancelled`, `unstarted`, `clock`, `parked`, `approval`, `by-hand`, `late`,
    /// `review`.
    pub kind: String,
    /// Whether it is about a step that closes access: as long as this is open, the person may get in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub access: bool,
    /// What happened, to which object, and what to do now; refreshed by the last look at it.
    pub text: String,
    /// Opened at, epoch milliseconds.
    pub opened_ms: i64,
    /// Closed at, and how.
    pub closed: Option<(i64, String)>,
    /// The text as it was opened, where a later look has refreshed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_as: Option<String>,
    /// What people have said and seen since, in order; of looks the last alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
}

/// What somebody said or saw of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When, epoch milliseconds.
    pub at_ms: i64,
    /// Who.
    pub by: String,
    /// What.
    pub what: MarkKind,
    /// The reason given, or what the look showed.
    pub text: String,
}

/// What was done about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkKind {
    /// Somebody has settled it without the run.
    Handled,
    /// Somebody has opened it again.
    Reopened,
    /// Somebody had the step read once more.
    Looked,
}

impl Finding {
    /// A finding that has just been opened.
    #[must_use]
    pub fn opened(
        number: u32,
        step: Option<StepKey>,
        kind: &str,
        text: String,
        now_ms: i64,
    ) -> Self {
        Self {
            number,
            step,
            kind: kind.to_owned(),
            access: false,
            text,
            opened_ms: now_ms,
            closed: None,
            opened_as: None,
            marks: Vec::new(),
        }
    }

    /// Who handled it, when and why: while it is closed for that reason and no other.
    #[must_use]
    pub fn handled(&self) -> Option<&Mark> {
        let (closed_ms, _) = self.closed.as_ref()?;
        let last = self
            .marks
            .iter()
            .rfind(|mark| mark.what != MarkKind::Looked)?;
        (last.what == MarkKind::Handled && last.at_ms == *closed_ms).then_some(last)
    }
}
