//! What was checked, and what did not hold.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

/// The kinds of thing that are held against a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Requests,
    QueryOptions,
    BodyProperties,
    Replies,
    ReplyProperties,
    EnumValues,
    Permissions,
    Cmdlets,
    Parameters,
}

impl Kind {
    /// Every kind, in the order in which they are printed.
    pub(crate) const ALL: [Self; 9] = [
        Self::Requests,
        Self::QueryOptions,
        Self::BodyProperties,
        Self::Replies,
        Self::ReplyProperties,
        Self::EnumValues,
        Self::Permissions,
        Self::Cmdlets,
        Self::Parameters,
    ];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Requests => "requests",
            Self::QueryOptions => "query options",
            Self::BodyProperties => "body properties",
            Self::Replies => "replies",
            Self::ReplyProperties => "reply properties",
            Self::EnumValues => "enum values",
            Self::Permissions => "permissions",
            Self::Cmdlets => "cmdlets",
            Self::Parameters => "cmdlet parameters",
        })
    }
}

/// One thing that did not hold, with the place where it was seen first and how often it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) what: String,
    pub(crate) origin: String,
    pub(crate) times: usize,
}

/// The running count.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: BTreeMap<Kind, usize>,
    violations: Vec<Violation>,
    seen: HashMap<String, usize>,
    shapes: BTreeSet<String>,
    remarks: Vec<String>,
}

impl Tally {
    /// One more thing of this kind was held against its table.
    pub(crate) fn count(&mut self, kind: Kind) {
        *self.counts.entry(kind).or_default() += 1;
    }

    /// A request like this was sent: method and path with the ids left out, or the cmdlet.
    pub(crate) fn shape(&mut self, shape: String) {
        self.shapes.insert(shape);
    }

    /// The different requests that were sent.
    pub(crate) fn shapes(&self) -> &BTreeSet<String> {
        &self.shapes
    }

    /// Something did not hold. The same sentence from several places is one violation.
    pub(crate) fn refuse(&mut self, origin: &str, what: String) {
        if let Some(&index) = self.seen.get(&what) {
            self.violations[index].times += 1;
            return;
        }
        self.seen.insert(what.clone(), self.violations.len());
        self.violations.push(Violation {
            what,
            origin: origin.to_owned(),
            times: 1,
        });
    }

    /// Something worth reading that is no violation.
    pub(crate) fn remark(&mut self, what: String) {
        if !self.remarks.contains(&what) {
            self.remarks.push(what);
        }
    }

    /// How many things of this kind were checked.
    pub(crate) fn checked(&self, kind: Kind) -> usize {
        self.counts.get(&kind).copied().unwrap_or_default()
    }

    /// What did not hold, in the order in which it was seen.
    pub(crate) fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// What is worth reading besides.
    pub(crate) fn remarks(&self) -> &[String] {
        &self.remarks
    }
}
