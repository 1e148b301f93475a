//! Short mails: that nobody decided in time, and that a step has to be done by hand. Pure, like [`super::words`].

use askama::Template;
use domain::plan::Plan;
use domain::spec::{ByHand, StepSpec};
use jiff::Timestamp;

use super::letter::{Letter, line, short};
use super::whom::Reader;
use super::words::{Clocks, List, NAME, SENTENCE, broken, matter};
use crate::problem::Problem;
use crate::web::{reading, when};

/// Something short that is told.
#[derive(Debug)]
struct Note {
    head: String,
    /// What, and when.
    times: Vec<(&'static str, String)>,
    list: List,
    url: String,
    button: &'static str,
    why: String,
}

#[derive(Template)]
#[template(path = "mail/note.txt")]
struct NoteText<'a> {
    note: &'a Note,
}

#[derive(Template)]
#[template(path = "mail/note.html")]
struct NoteHtml<'a> {
    note: &'a Note,
}

impl Note {
    fn letter(&self, to: &Reader, subject: String) -> Result<Letter, Problem> {
        Ok(Letter {
            name: short(&to.name, NAME),
            subject,
            text: NoteText { note: self }.render().map_err(broken)?,
            html: NoteHtml { note: self }.render().map_err(broken)?,
        })
    }
}

/// The mail that says that nobody decided in time.
///
/// # Errors
/// A fault in a template.
pub(super) fn expired(
    plan: &Plan,
    at: Timestamp,
    to: &Reader,
    url: &str,
    clocks: &Clocks,
) -> Result<Letter, Problem> {
    let title = short(&reading::title(plan), NAME);
    let note = Note {
        head: format!("{title}: nobody decided in time. Nothing was changed."),
        times: vec![("Expired", clocks.both(at))],
        list: List::default(),
        url: url.to_owned(),
        button: "Open the plan, and plan it again",
        why: format!(
            "You get this because you asked for this, for {}.",
            line(plan.tenant.as_str())
        ),
    };
    note.letter(to, format!("Expired: {}", matter(plan)))
}

/// The mail that asks somebody to carry out a step.
///
/// # Errors
/// A fault in a template.
pub(super) fn by_hand(
    plan: &Plan,
    (spec, work): (&StepSpec, &ByHand),
    due: Timestamp,
    to: &Reader,
    url: &str,
    clocks: &Clocks,
) -> Result<Letter, Problem> {
    let note = Note {
        head: format!("{}.", short(&spec.summary, SENTENCE).trim_end_matches('.')),
        times: vec![("Done by", clocks.both(due))],
        list: List::of(work.instructions.iter().map(String::as_str)),
        url: url.to_owned(),
        button: "Say that it is done",
        why: format!(
            "You get this because the policy of {} names you for it. Without an account in Tenure, tell your contact there when it is done.",
            line(plan.tenant.as_str())
        ),
    };
    let until = when::short(due, &clocks.here, clocks.now);
    note.letter(to, format!("To be done by {until}: {}", matter(plan)))
}
