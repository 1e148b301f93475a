//! What a sentence says about a person: the fields that rules find, what stands beside a name, and answers to questions.

use std::ops::Range;

use domain::request::Kind;

use super::items::{Item, Slot, What};
use super::pattern::Match;
use super::people::Who;
use super::phrase::{self, Sort};
use super::story::{Line, Scene};
use crate::language::Grammar;

/// A value for a field, or the refusal of one.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) person: Option<usize>,
    pub(crate) field: &'static str,
    pub(crate) value: Value,
    /// The text it was read from.
    pub(crate) range: Range<usize>,
    /// The item it begins at.
    pub(crate) at: usize,
    /// The item that names somebody else than the person.
    pub(crate) other: Option<usize>,
    /// For this kind of request alone.
    pub(crate) only: Option<Kind>,
    /// The place of its rule: earlier rules know better.
    pub(crate) rank: usize,
}

/// What was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// The words as they stand.
    Text,
    /// Each of these stretches.
    List(Vec<Range<usize>>),
    /// A value that the words stand for.
    Fixed(&'static str),
    Who(Who),
    /// That there shall be none.
    Refused,
}

/// Fields that name another person.
pub(crate) const OTHERS: &[&str] = &[
    "manager",
    "copy-from",
    "forward-to",
    "delegate",
    "successor",
];

/// Fields that can be refused, so that an older message does not fill them. Of others a refusal says nothing.
const REFUSABLE: &[&str] = &[
    "delegate",
    "forward-to",
    "groups",
    "keep-mailbox",
    "licences",
    "shared-mailboxes",
    "successor",
];

/// A rule's name taken apart.
struct Target {
    field: &'static str,
    only: Option<Kind>,
    fixed: Option<&'static str>,
    refused: bool,
}

fn target(name: &'static str) -> Target {
    let (only, rest) = match name.split_once(':') {
        Some(("onboard", rest)) => (Some(Kind::Onboard), rest),
        Some(("offboard", rest)) => (Some(Kind::Offboard), rest),
        Some(("transfer", rest)) => (Some(Kind::Transfer), rest),
        _ => (None, name),
    };
    let (refused, rest) = match rest.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let (field, fixed) = match rest.split_once('=') {
        Some((field, value)) => (field, Some(value)),
        None => (rest, None),
    };
    Target {
        field,
        only,
        fixed,
        refused,
    }
}

/// Whether what stands here shall be taken away: `remove her from A and add her to B`.
fn taken_away(items: &[Item], at: usize, grammar: &Grammar) -> bool {
    items[..at]
        .iter()
        .rev()
        .take(7)
        .take_while(|item| !item.is_stop() && !grammar.is("and", &item.word))
        .any(|item| grammar.is("take-away", &item.word))
}

fn is_list(field: &str) -> bool {
    matches!(field, "groups" | "licences" | "shared-mailboxes")
}

/// Every field that a rule finds in a sentence.
pub(crate) fn hear(scene: &Scene<'_>, line: &Line) -> Vec<Said> {
    let grammar = scene.grammar;
    let mut out: Vec<Said> = Vec::new();
    for (rank, named) in grammar.rules.iter().enumerate() {
        let target = target(named.name);
        for hit in named.pattern.all(&line.items, grammar) {
            let refuses = named.pattern.refuses;
            let Some(mut said) = hear_one(line, &hit, &target, refuses, grammar) else {
                continue;
            };
            if out.iter().any(|known| is_taken(known, &said)) {
                continue;
            }
            said.rank = rank;
            out.push(said);
        }
    }
    licences(line, grammar, &mut out);
    out
}

/// What one match of a rule says.
fn hear_one(
    line: &Line,
    hit: &Match,
    target: &Target,
    refuses: bool,
    grammar: &Grammar,
) -> Option<Said> {
    let (value, slot) = value(&line.items, hit, target, grammar)?;
    let refused = target.refused
        || (!refuses && refused(&line.items, hit, grammar))
        || (is_list(target.field) && taken_away(&line.items, slot.start, grammar));
    let field = field_of(target.field, &line.items, slot.clone(), grammar)?;
    let value = match value {
        // Not to be deleted is to be kept; not to be wiped says nothing.
        Value::Fixed("false") if refused && field == "keep-mailbox" => Value::Fixed("true"),
        _ if refused && !REFUSABLE.contains(&field) => return None,
        _ if refused => Value::Refused,
        value => value,
    };
    let is_list = field == "groups" && matches!(value, Value::List(_));
    if is_list && !are_groups(&line.items, hit, &slot, grammar) {
        return None;
    }
    let names = OTHERS.contains(&field) && matches!(value, Value::Who(_));
    Some(Said {
        person: None,
        field,
        range: line.items[slot.start].range.start..line.items[slot.end - 1].range.end,
        at: hit.range.start,
        other: names.then_some(slot.start),
        only: target.only,
        rank: 0,
        value,
    })
}

/// Whether the same words fill this field already, or another that leaves them to none.
fn is_taken(known: &Said, said: &Said) -> bool {
    let apart = |field: &str| field != "manager" && OTHERS.contains(&field);
    let rivals = known.field == said.field
        || (known.field == "ignore" && said.field != "job-title")
        || (apart(known.field) && apart(said.field));
    rivals && known.range.start < said.range.end && said.range.start < known.range.end
}

/// A licence stands for itself.
fn licences(line: &Line, grammar: &Grammar, out: &mut Vec<Said>) {
    for (at, item) in line.items.iter().enumerate() {
        if !matches!(item.what, What::Licence) {
            continue;
        }
        let hit = Match {
            range: at..at + 1,
            slots: Vec::new(),
        };
        let refused = refused(&line.items, &hit, grammar) || taken_away(&line.items, at, grammar);
        let value = if refused {
            Value::Refused
        } else {
            Value::List(vec![item.range.clone()])
        };
        out.push(Said {
            person: None,
            field: "licences",
            value,
            range: item.range.clone(),
            at,
            other: None,
            only: None,
            rank: usize::MAX / 2,
        });
    }
}

/// The field of a rule: of a place, what the place is.
fn field_of(
    field: &'static str,
    items: &[Item],
    range: Range<usize>,
    grammar: &Grammar,
) -> Option<&'static str> {
    let default = match field {
        "place" => None,
        "place-department" => Some("department"),
        "place-office" => Some("office"),
        other => return Some(other),
    };
    match place_field(items, range, grammar) {
        Some("job-title") => None,
        found => found.or(default),
    }
}

/// Whether names in a row look like groups: written like a code, quoted, or said to be groups.
fn are_groups(items: &[Item], hit: &Match, slot: &Range<usize>, grammar: &Grammar) -> bool {
    let said = items[hit.range.clone()]
        .iter()
        .chain(items.get(hit.range.end))
        .any(|item| {
            grammar.is("group-noun", &item.word) && !matches!(item.word.as_str(), "security")
        });
    said || items[slot.clone()]
        .iter()
        .any(|item| item.word.contains(['-', '_', '"', '“']) || matches!(item.what, What::Address))
}

/// Whether the clause refuses what the match asks for.
fn refused(items: &[Item], hit: &Match, grammar: &Grammar) -> bool {
    items[..hit.range.start]
        .iter()
        .rev()
        .take(5)
        .take_while(|item| !item.is_stop() && !grammar.is("but", &item.word))
        .chain(&items[hit.range.clone()])
        .any(|item| grammar.is("not", &item.word))
}

fn value(
    items: &[Item],
    hit: &Match,
    target: &Target,
    grammar: &Grammar,
) -> Option<(Value, Range<usize>)> {
    if let Some(fixed) = target.fixed {
        let value = if fixed == "me" {
            Value::Who(Who::Me)
        } else {
            Value::Fixed(fixed)
        };
        return Some((value, hit.range.clone()));
    }
    if target.refused && hit.slots.is_empty() {
        return Some((Value::Refused, hit.range.clone()));
    }
    // A title may be followed by the name, a name by nothing of the field.
    let titled = hit
        .slots
        .iter()
        .rfind(|(slot, _)| matches!(slot, Slot::Title | Slot::Words));
    let (slot, range) = titled.or_else(|| hit.slots.last())?.clone();
    Some(match slot {
        Slot::Who | Slot::Named if OTHERS.contains(&target.field) => match items[range.start].who()
        {
            Some(Who::They) => return None,
            Some(who) => (Value::Who(who), range),
            None => (Value::Text, range),
        },
        Slot::Names | Slot::Mailbox => {
            let parts = phrase::split_names(items, range.clone(), grammar);
            let stretches: Vec<Range<usize>> = parts
                .iter()
                .filter(|part| {
                    target.field != "shared-mailboxes"
                        || part.len() == 1
                        || matches!(items[part.start].what, What::Address)
                        || !part.is_empty()
                })
                .map(|part| items[part.start].range.start..items[part.end - 1].range.end)
                .collect();
            if stretches.is_empty() {
                return None;
            }
            (Value::List(stretches), range)
        }
        Slot::Place | Slot::Office | Slot::Department => {
            (Value::Text, phrase::bare(items, range, grammar))
        }
        Slot::Title | Slot::Words => {
            let mut range = range;
            while range.len() > 1 && grammar.is("article", &items[range.start].word) {
                range.start += 1;
            }
            (Value::Text, range)
        }
        _ => (Value::Text, range),
    })
}

/// Which field a place fills: what it is, else what its rule takes it for.
pub(crate) fn place_field(
    items: &[Item],
    range: Range<usize>,
    grammar: &Grammar,
) -> Option<&'static str> {
    match phrase::sort(items, range, grammar)? {
        Sort::Title => Some("job-title"),
        Sort::Department => Some("department"),
        Sort::Office => Some("office"),
    }
}
