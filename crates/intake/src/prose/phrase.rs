//! How far a slot of a pattern reaches, and what a short phrase is: a job, a department, or a place.

use std::ops::Range;

use super::clockwork;
use super::items::{Item, Slot, What};
use super::people::Who;
use crate::language::Grammar;

/// More words than any title has.
const TITLE_WORDS: usize = 7;

/// What a phrase turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Title,
    Department,
    Office,
}

/// Where what a slot takes ends, when it takes anything here.
pub(crate) fn slot_end(slot: Slot, items: &[Item], at: usize, grammar: &Grammar) -> Option<usize> {
    let item = items.get(at)?;
    match slot {
        Slot::Who => match item.what {
            What::Who(_) | What::Address => Some(at + 1),
            _ => None,
        },
        Slot::Named => match item.what {
            What::Who(Who::They) => None,
            What::Who(_) | What::Address => Some(at + 1),
            _ => None,
        },
        Slot::Date => matches!(item.what, What::Date(_)).then_some(at + 1),
        Slot::Phone => matches!(item.what, What::Phone).then_some(at + 1),
        Slot::Title => title_end(items, at, grammar),
        Slot::Words => words_end(items, at, grammar),
        Slot::Place => {
            let end = place_end(items, at, grammar)?;
            if items
                .get(end)
                .is_some_and(|next| grammar.is("thing-noun", &next.word))
            {
                return None;
            }
            (title_end(items, at, grammar).is_none_or(|title| title < end)
                || sort(items, at..end, grammar).is_some_and(|sort| sort != Sort::Title))
            .then_some(end)
        }
        Slot::Office | Slot::Department => {
            let wanted = if slot == Slot::Office {
                Sort::Office
            } else {
                Sort::Department
            };
            let end = place_end(items, at, grammar)?;
            (sort(items, at..end, grammar).is_none_or(|sort| sort == wanted)).then_some(end)
        }
        Slot::Names => names_end(items, at, grammar),
        Slot::Mailbox => mailbox_end(items, at, grammar),
        _ => clockwork::slot_end(slot, items, at, grammar),
    }
}

/// Words up to a stop; the title is what a job ends with.
fn title_end(items: &[Item], at: usize, grammar: &Grammar) -> Option<usize> {
    let mut best = None;
    let mut here = at;
    while here < items.len() && here - at < TITLE_WORDS {
        let item = &items[here];
        let word = item.word.as_str();
        let joint = here > at && grammar.is("title-joint", word);
        let fits = match &item.what {
            What::Word => joint || !grammar.is("stop", word),
            What::Sign => here > at && matches!(word, "&" | "/"),
            What::Number | What::Licence => here > at && item.word.len() < 4,
            _ => false,
        };
        if !fits {
            break;
        }
        here += 1;
        if is_title_word(word, grammar) {
            best = Some(here);
        } else if best.is_some()
            && !joint
            && (item.cap || grammar.is("department", word) || matches!(item.what, What::Number))
        {
            // `Head of Sales`, `Account Manager North`
            best = Some(here);
        }
    }
    // A joint at the end belongs to what follows: `Head of | Sales`.
    best
}

/// Whether a word is the name of a job, or ends like one.
fn is_title_word(word: &str, grammar: &Grammar) -> bool {
    let single = word.strip_suffix('s').unwrap_or(word);
    is_job(word, grammar)
        || (!grammar.knows(word)
            && !grammar.knows(single)
            && grammar
                .entries("job-ending-weak")
                .any(|ending| single.len() > ending.len() + 2 && single.ends_with(ending)))
}

/// Whether a word is certainly the name of a job.
pub(crate) fn is_job(word: &str, grammar: &Grammar) -> bool {
    if grammar.is("job", word) {
        return true;
    }
    let single = word.strip_suffix('s').unwrap_or(word);
    if grammar.is("job", single) {
        return true;
    }
    let last = single.rsplit('-').next().unwrap_or(single);
    !grammar.is("no-job", word)
        && !grammar.is("place", word)
        && grammar.entries("job-ending").any(|ending| {
            !ending.is_empty() && last.len() > ending.len() + 2 && last.ends_with(ending)
        })
}

fn words_end(items: &[Item], at: usize, grammar: &Grammar) -> Option<usize> {
    let mut here = at;
    while here < items.len() && here - at < TITLE_WORDS {
        let item = &items[here];
        let word = item.word.as_str();
        let joint = here > at && grammar.is("title-joint", word);
        let fits = match item.what {
            What::Word => joint || !grammar.is("stop", word),
            What::Sign => here > at && matches!(word, "&" | "/"),
            What::Number | What::Licence => true,
            _ => false,
        };
        if !fits {
            break;
        }
        here += 1;
    }
    while here > at && grammar.is("title-joint", &items[here - 1].word) {
        here -= 1;
    }
    (here > at).then_some(here)
}

/// Capitalised words, or words of a department, with a noun that says which.
fn place_end(items: &[Item], at: usize, grammar: &Grammar) -> Option<usize> {
    let mut here = at;
    let mut any = false;
    while here < items.len() && here - at < 6 {
        let item = &items[here];
        let word = item.word.as_str();
        let next_fits = items
            .get(here + 1)
            .is_some_and(|next| is_place_word(next, grammar));
        let joint =
            any && next_fits && (grammar.is("title-joint", word) || matches!(word, "&" | "/"));
        if joint {
            // `in Leeds and Harriet`: a joint joins only what is of one sort.
            here += 1;
            continue;
        }
        // `Plant Maintenance`: what says which sort of place may also begin a name.
        let begins = !any
            && item.cap
            && next_fits
            && !grammar.is("stop", word)
            && !grammar.is("function", word);
        if !(is_place_word(item, grammar) || begins) {
            break;
        }
        any = true;
        here += 1;
    }
    if !any {
        return None;
    }
    if items.get(here).is_some_and(|item| {
        grammar.is("place-noun", &item.word) || grammar.is("team-noun", &item.word)
    }) {
        here += 1;
    }
    Some(here)
}

fn is_place_word(item: &Item, grammar: &Grammar) -> bool {
    let word = item.word.as_str();
    // `IT` in capitals is no `it`.
    if item.caps && grammar.is("department", word) {
        return true;
    }
    if !matches!(item.what, What::Word) || grammar.is("stop", word) {
        return false;
    }
    let noun = grammar.is("place-noun", word) || grammar.is("team-noun", word);
    !noun && ((item.cap && !grammar.is("function", word)) || grammar.is("department-small", word))
}

/// What a phrase is, as far as its words tell.
pub(crate) fn sort(items: &[Item], range: Range<usize>, grammar: &Grammar) -> Option<Sort> {
    let words: Vec<&str> = items[range.clone()]
        .iter()
        .map(|item| item.word.as_str())
        .collect();
    let last = words.last()?;
    let whole = words.join(" ");
    if words.iter().any(|word| is_job(word, grammar))
        && title_end(items, range.start, grammar) == Some(range.end)
    {
        return Some(Sort::Title);
    }
    if grammar.is("place-noun", last) {
        return Some(Sort::Office);
    }
    if grammar.is("team-noun", last) {
        return Some(Sort::Department);
    }
    if grammar.is("place", &whole)
        || (grammar.is("place", words[0])
            && !words.iter().any(|word| grammar.is("department", word)))
    {
        return Some(Sort::Office);
    }
    if words.len() > 1
        && (0..words.len())
            .any(|at| grammar.is("place", &words[at..(at + 2).min(words.len())].join(" ")))
    {
        return Some(Sort::Office);
    }
    if grammar.is("department", &whole)
        || (words.iter().any(|word| grammar.is("department", word)) && !is_job(last, grammar))
    {
        return Some(Sort::Department);
    }
    if title_end(items, range.start, grammar) == Some(range.end) {
        return Some(Sort::Title);
    }
    None
}

/// Names in a row: groups, teams, lists.
fn names_end(items: &[Item], at: usize, grammar: &Grammar) -> Option<usize> {
    let mut here = at;
    let mut last = None;
    while here < items.len() {
        let item = &items[here];
        let word = item.word.as_str();
        let fits = match &item.what {
            What::Word => {
                (item.cap && !grammar.is("function", word))
                    || word.contains(['-', '_'])
                    || grammar.is("name-joint", word)
                    || grammar.is("group-noun", word)
            }
            What::Number | What::Address | What::Licence => true,
            What::Sign => matches!(
                word,
                "," | "&"
                    | "\""
                    | "“"
                    | "”"
                    | "'"
                    | "‘"
                    | "’"
                    | "/"
                    | "+"
                    | "„"
                    | "«"
                    | "»"
                    | "#"
                    | "_"
            ),
            _ => false,
        };
        if !fits {
            break;
        }
        let named = match &item.what {
            What::Word => item.cap || word.contains(['-', '_']),
            What::Number | What::Address | What::Licence => true,
            _ => matches!(word, "\"" | "”" | "’" | "'"),
        };
        here += 1;
        if named && !grammar.is("group-noun", word) {
            last = Some(here);
        }
    }
    last
}

/// An address, or the name of a mailbox before the noun.
fn mailbox_end(items: &[Item], at: usize, grammar: &Grammar) -> Option<usize> {
    let mut here = at;
    loop {
        let item = items.get(here)?;
        match &item.what {
            What::Address => {
                here += 1;
                // Further ones in a row.
                let mut more = here;
                while items.get(more).is_some_and(|item| {
                    matches!(item.word.as_str(), "," | "&") || grammar.is("and", &item.word)
                }) {
                    more += 1;
                }
                if more > here
                    && items
                        .get(more)
                        .is_some_and(|item| matches!(item.what, What::Address))
                {
                    here = more;
                    continue;
                }
                return Some(here);
            }
            _ => return None,
        }
    }
}

/// The names in a row, each by the items it is made of.
pub(crate) fn split_names(
    items: &[Item],
    range: Range<usize>,
    grammar: &Grammar,
) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut start: Option<usize> = None;
    let mut quoted = false;
    for at in range.clone() {
        let word = items[at].word.as_str();
        let is_quote = matches!(word, "\"" | "“" | "”" | "‘" | "„" | "«" | "»");
        if is_quote {
            quoted = !quoted;
        }
        let parts = is_quote
            || (!quoted
                && (matches!(word, "," | "+" | "/")
                    || grammar.is("and", word)
                    || (start.is_none() && grammar.is("article", word))));
        let noun = !quoted
            && grammar.is("group-noun", word)
            && items
                .get(at + 1)
                .is_none_or(|_| start.is_none() || at + 1 == range.end || !items[at].cap);
        if parts || noun {
            if let Some(start) = start.take() {
                out.push(start..at);
            }
            continue;
        }
        start.get_or_insert(at);
    }
    if let Some(start) = start {
        out.push(start..range.end);
    }
    out
}

/// A place or department without article before it and without the noun that only says what it is.
pub(crate) fn bare(items: &[Item], range: Range<usize>, grammar: &Grammar) -> Range<usize> {
    let mut range = range;
    while range.len() > 1 && grammar.is("article", &items[range.start].word) {
        range.start += 1;
    }
    while range.len() > 1 && grammar.is("plain-noun", &items[range.end - 1].word) {
        range.end -= 1;
    }
    range
}
