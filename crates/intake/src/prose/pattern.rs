//! Patterns over the items of a sentence, in the notation that language files use.
//!
//! Parts are parted by blanks: `a|b` one of these words, `leav*` words that begin so, `@class` a word of that class,
//! `~3` up to three items that name nobody, `<slot>` something of that sort, `^` the sentence's beginning, `$` its end.
//! A part with `?` at its end may be missing.

use std::ops::Range;

use super::items::{Item, Slot};
use super::phrase;
use crate::language::Grammar;

/// A pattern ready for use.
#[derive(Debug)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
    /// Holds a word of refusal itself, so that one found in the match refuses nothing.
    pub(crate) refuses: bool,
}

#[derive(Debug)]
struct Part {
    what: What,
    optional: bool,
}

#[derive(Debug)]
enum What {
    Words(Vec<Word>),
    Gap(usize),
    Slot(Slot),
    Start,
    End,
    /// Cannot be read, and matches nothing.
    Fault,
}

#[derive(Debug)]
enum Word {
    Whole(&'static str),
    Begin(&'static str),
    Class(&'static str),
}

/// Where a pattern matched, and what its slots took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Match {
    pub(crate) range: Range<usize>,
    pub(crate) slots: Vec<(Slot, Range<usize>)>,
}

impl Match {
    /// What the first slot of this sort took.
    pub(crate) fn slot(&self, wanted: Slot) -> Option<Range<usize>> {
        self.slots
            .iter()
            .find(|(slot, _)| *slot == wanted)
            .map(|(_, range)| range.clone())
    }
}

impl Pattern {
    /// Reads the notation. What cannot be read is kept as a fault, which matches nothing and which a test finds.
    pub(crate) fn of(notation: &'static str) -> Self {
        let parts: Vec<Part> = notation
            .split(' ')
            .filter(|part| !part.is_empty())
            .map(part)
            .collect();
        let refuses = notation
            .split([' ', '|', '?'])
            .any(|word| matches!(word, "@not"));
        Self { parts, refuses }
    }

    /// What is wrong with it: parts that cannot be read, classes that the language has not.
    #[cfg(test)]
    pub(crate) fn faults(&self, grammar: &Grammar) -> Vec<&'static str> {
        let mut faults = Vec::new();
        for part in &self.parts {
            match &part.what {
                What::Fault => faults.push("a part that cannot be read"),
                What::Words(words) => faults.extend(words.iter().filter_map(|word| match word {
                    Word::Class(class) if grammar.entries(class).all(str::is_empty) => Some(*class),
                    _ => None,
                })),
                _ => {}
            }
        }
        faults
    }

    /// The match that begins at this item.
    pub(crate) fn at(&self, items: &[Item], at: usize, grammar: &Grammar) -> Option<Match> {
        let mut slots = Vec::new();
        let end = step(&self.parts, items, at, grammar, &mut slots)?;
        (end > at).then_some(Match {
            range: at..end,
            slots,
        })
    }

    /// Every match, by where it begins.
    pub(crate) fn all(&self, items: &[Item], grammar: &Grammar) -> Vec<Match> {
        (0..items.len())
            .filter_map(|at| self.at(items, at, grammar))
            .collect()
    }
}

fn part(notation: &'static str) -> Part {
    let (notation, optional) = match notation.strip_suffix('?') {
        Some(rest) if !rest.is_empty() => (rest, true),
        _ => (notation, false),
    };
    let what = if notation == "^" {
        What::Start
    } else if notation == "$" {
        What::End
    } else if let Some(count) = notation.strip_prefix('~') {
        count.parse().map_or(What::Fault, What::Gap)
    } else if let Some(name) = notation
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
    {
        Slot::by_name(name).map_or(What::Fault, What::Slot)
    } else {
        What::Words(notation.split('|').map(word).collect())
    };
    Part { what, optional }
}

fn word(notation: &'static str) -> Word {
    if let Some(class) = notation.strip_prefix('@') {
        return Word::Class(class);
    }
    match notation.strip_suffix('*') {
        Some(begin) if !begin.is_empty() => Word::Begin(begin),
        _ => Word::Whole(notation),
    }
}

fn step(
    parts: &[Part],
    items: &[Item],
    at: usize,
    grammar: &Grammar,
    slots: &mut Vec<(Slot, Range<usize>)>,
) -> Option<usize> {
    let Some((part, rest)) = parts.split_first() else {
        return Some(at);
    };
    let held = slots.len();
    let found = match &part.what {
        What::Fault => None,
        What::Start => (at == 0).then(|| step(rest, items, at, grammar, slots))?,
        What::End => {
            let over = items.get(at).is_none_or(|item| item.is_stop());
            over.then(|| step(rest, items, at, grammar, slots))?
        }
        What::Gap(most) => return gap(*most, rest, items, at, grammar, slots),
        What::Words(words) => items
            .get(at)
            .filter(|item| words.iter().any(|word| fits(word, item, grammar)))
            .and_then(|_| step(rest, items, at + 1, grammar, slots)),
        What::Slot(slot) => phrase::slot_end(*slot, items, at, grammar).and_then(|end| {
            slots.push((*slot, at..end));
            step(rest, items, end, grammar, slots)
        }),
    };
    if found.is_some() {
        return found;
    }
    slots.truncate(held);
    if part.optional {
        return step(rest, items, at, grammar, slots);
    }
    None
}

fn gap(
    most: usize,
    rest: &[Part],
    items: &[Item],
    at: usize,
    grammar: &Grammar,
    slots: &mut Vec<(Slot, Range<usize>)>,
) -> Option<usize> {
    let held = slots.len();
    let mut here = at;
    loop {
        if let Some(end) = step(rest, items, here, grammar, slots) {
            return Some(end);
        }
        slots.truncate(held);
        let passes = items
            .get(here)
            .is_some_and(|item| here - at < most && item.may_be_passed());
        if !passes {
            return None;
        }
        here += 1;
    }
}

fn fits(word: &Word, item: &Item, grammar: &Grammar) -> bool {
    let lower = item.word.as_str();
    match word {
        Word::Whole(whole) => lower == *whole,
        Word::Begin(begin) => lower.starts_with(begin),
        Word::Class(class) => grammar.is(class, lower),
    }
}
