//! Lists: one sentence, a filter row, fifty lines of which each is a link, and "Older". What every list page shares.

mod lines;

use askama::Template;
use domain::TenantId;
use domain::request::Kind;
use serde::Deserialize;

pub(super) use self::lines::{plan, run};
use super::Answer;
use super::answer::page;
use super::shell::Shell;
use super::zones::Moment;
use crate::problem::Problem;

/// Every kind of request, in the order of a filter.
pub(super) const KINDS: [Kind; 4] = [Kind::Onboard, Kind::Offboard, Kind::Transfer, Kind::Restore];

/// What an address asks of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// Where things stand; empty for all.
    pub(super) state: String,
    /// What is wished for; empty for all.
    pub(super) kind: String,
    /// How a sign-in name begins; empty for all.
    pub(super) q: String,
    /// Where the page before ended; empty for the first page.
    pub(super) before: String,
}

impl Asked {
    /// The kind; nothing for an unknown word.
    pub(super) fn kind(&self) -> Option<Kind> {
        KINDS.into_iter().find(|kind| kind.word() == self.kind)
    }

    /// What sign-in names shall begin with.
    pub(super) fn name(&self) -> Option<String> {
        let name = self.q.trim();
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// Where the page before ended.
    pub(super) fn after(&self) -> Option<&str> {
        (!self.before.is_empty()).then_some(self.before.as_str())
    }

    /// Whether anything is left out by a filter.
    pub(super) fn is_filtered(&self) -> bool {
        !(self.state.is_empty() && self.kind.is_empty() && self.name().is_none())
    }

    /// The address of the same list with another state, from its first page.
    fn with_state(&self, path: &str, state: &str) -> String {
        self.address(path, state, "")
    }

    fn address(&self, path: &str, state: &str, before: &str) -> String {
        let parts = [
            ("state", state),
            ("kind", &self.kind),
            ("q", self.q.trim()),
            ("before", before),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in parts.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        let query = query.finish();
        if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{query}")
        }
    }
}

/// A shape with its word; a word alone where no status fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The status, as the style sheet names it; empty for a plain word.
    pub(super) kind: &'static str,
    /// The word.
    pub(super) word: String,
}

impl Mark {
    /// A status.
    pub(super) fn new(kind: &'static str, word: impl Into<String>) -> Self {
        Self {
            kind,
            word: word.into(),
        }
    }

    /// A word beside it.
    pub(super) fn plain(word: impl Into<String>) -> Self {
        Self::new("", word)
    }
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// The status of the run.
    pub(super) mark: Mark,
    /// What it waits for, or how it ended.
    pub(super) waits: String,
    /// The class that gives the bar its ink.
    pub(super) ink: &'static str,
    /// How much is verified, of 100.
    pub(super) share: u64,
    /// `11 of 22`.
    pub(super) of: String,
    /// Since when, or how long.
    pub(super) since: String,
}

/// A line of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// Where it leads.
    pub(super) href: String,
    /// The first letters of the person's name.
    pub(super) initials: String,
    /// What it is.
    pub(super) name: String,
    /// Whose, and where.
    pub(super) sub: String,
    /// What must be seen.
    pub(super) marks: Vec<Mark>,
    /// When.
    pub(super) moment: Moment,
    /// The word of its button; the line is the link as well.
    pub(super) button: &'static str,
    /// How far a run is; the line then has the shape of a run.
    pub(super) progress: Option<Progress>,
}

/// One choice of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// The value it sends.
    pub(super) to: String,
    /// What it is called.
    pub(super) text: String,
    /// Whether it is the present one.
    pub(super) here: bool,
}

/// A list as its page shows it.
#[derive(Clone, Debug, Default)]
pub(super) struct List {
    /// The page's title.
    pub(super) title: &'static str,
    /// The sentence on top: the bold part, and the rest.
    pub(super) lead: (String, String),
    /// Its address without a filter.
    pub(super) path: String,
    /// The states to choose from.
    pub(super) states: Vec<Choice>,
    /// The kinds to choose from; empty where the list has none.
    pub(super) kinds: Vec<Choice>,
    /// The beginning of a name that is looked for.
    pub(super) q: String,
    /// The lines.
    pub(super) lines: Vec<Line>,
    /// How many lines are shown.
    pub(super) shown: String,
    /// Where older ones are; empty after the last.
    pub(super) older: String,
    /// Where the newest are; empty on the first page.
    pub(super) newest: String,
    /// What is said where there are no lines, where to go on, and the word for it.
    pub(super) empty: (String, String, &'static str),
}

impl List {
    /// A list with its filters; the lines are still to come.
    pub(super) fn new(
        title: &'static str,
        path: String,
        asked: &Asked,
        states: &[(&str, &str)],
        next: Option<&String>,
    ) -> Self {
        let all = [("", "Any state")];
        let state = |(word, text): &(&str, &str)| Choice {
            to: (*word).to_owned(),
            text: (*text).to_owned(),
            here: asked.state == *word,
        };
        let kind = |kind: Kind| Choice {
            to: kind.word().to_owned(),
            text: verb(kind).to_owned(),
            here: asked.kind() == Some(kind),
        };
        let states = if states.is_empty() {
            Vec::new()
        } else {
            all.iter().chain(states).map(state).collect()
        };
        Self {
            title,
            states,
            kinds: KINDS.into_iter().map(kind).collect(),
            q: asked.q.trim().to_owned(),
            older: next.map_or_else(String::new, |next| asked.address(&path, &asked.state, next)),
            newest: if asked.before.is_empty() {
                String::new()
            } else {
                asked.with_state(&path, &asked.state)
            },
            path,
            ..Self::default()
        }
    }

    /// The same list with these lines.
    pub(super) fn lines(mut self, lines: Vec<Line>) -> Self {
        self.shown = match lines.len() {
            1 => "1 line".to_owned(),
            many => format!("{many} lines"),
        };
        self.lines = lines;
        self
    }
}

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage {
    shell: Shell,
    list: List,
}

/// The page of a list.
///
/// # Errors
/// Store errors.
pub(super) fn show(shell: Shell, list: List) -> Answer {
    page(&ListPage { shell, list })
}

/// The address of a list: `/plans`, or `/t/contoso/plans`.
pub(super) fn path(tenant: Option<&TenantId>, noun: &str) -> String {
    tenant.map_or_else(
        || format!("/{noun}"),
        |tenant| format!("/t/{tenant}/{noun}"),
    )
}

/// The verb of a kind.
pub(super) fn verb(kind: Kind) -> &'static str {
    match kind {
        Kind::Onboard => "Onboard",
        Kind::Offboard => "Offboard",
        Kind::Transfer => "Transfer",
        Kind::Restore => "Restore",
    }
}

/// What somebody does whose plan is of this kind.
pub(super) fn does(kind: Kind) -> &'static str {
    match kind {
        Kind::Onboard => "starts",
        Kind::Offboard => "leaves",
        Kind::Transfer => "moves",
        Kind::Restore => "comes back",
    }
}

/// What happens to whom: `Offboard Mara Lindqvist`.
pub(super) fn deed(kind: Kind, name: &str) -> String {
    format!("{} {name}", verb(kind))
}

/// Whose a line is: the tenant where several are shown, and the sign-in name.
pub(super) fn whose(tenant: &TenantId, upn: &str, one: bool) -> String {
    if one {
        upn.to_owned()
    } else {
        format!("{tenant} · {upn}")
    }
}

/// `1 plan`, `4 plans`.
pub(super) fn many(count: usize, one: &str, several: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {several}")
    }
}

/// A refused cursor in the words of a page.
pub(super) fn of_list(error: store::Error) -> Problem {
    if matches!(error, store::Error::BadCursor) {
        return Problem::refused("cursor", "this place in the list is not known")
            .hint("go to the first page of the list, and on from there");
    }
    crate::wiring::of_store(error)
}

#[cfg(test)]
pub(in crate::web) mod tests;
