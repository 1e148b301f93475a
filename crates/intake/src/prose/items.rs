//! What a sentence is made of once names, dates, numbers and licences are each one thing.

use std::ops::Range;

use super::calendar::{self, Found};
use super::people::{People, Who};
use super::tokens::{Shape, Token};
use crate::language::Grammar;
use crate::products;
use crate::when::Clock;

/// What a pattern can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// A person: a name, a pronoun, an address, the manager.
    Who,
    /// Like `Who`, but no pronoun.
    Named,
    Date,
    /// A name of a job, known by its last word.
    Title,
    /// A few words after which nothing of the field can follow.
    Words,
    /// A department or an office, whichever it is.
    Place,
    Office,
    Department,
    /// Names in a row.
    Names,
    Mailbox,
    Phone,
    /// Parts of dates.
    Number,
    Day,
    Ordinal,
    Month,
    Weekday,
    Year,
    Numeric,
    Time,
}

impl Slot {
    /// The slot of this name in the notation of patterns.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "who" => Self::Who,
            "named" => Self::Named,
            "date" => Self::Date,
            "title" => Self::Title,
            "words" => Self::Words,
            "place" => Self::Place,
            "office" => Self::Office,
            "department" => Self::Department,
            "names" => Self::Names,
            "mailbox" => Self::Mailbox,
            "phone" => Self::Phone,
            "n" => Self::Number,
            "day" => Self::Day,
            "ordinal" => Self::Ordinal,
            "month" => Self::Month,
            "weekday" => Self::Weekday,
            "year" => Self::Year,
            "numeric" => Self::Numeric,
            "time" => Self::Time,
            _ => return None,
        })
    }
}

/// One thing in a sentence.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) what: What,
    /// In lower case.
    pub(crate) word: String,
    pub(crate) cap: bool,
    /// All capitals: `IT`.
    pub(crate) caps: bool,
    pub(crate) range: Range<usize>,
}

/// What the thing is.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Word,
    Number,
    Sign,
    Who(Who),
    Date(Box<Found>),
    Address,
    Licence,
    Phone,
}

impl Item {
    /// Ends a clause.
    pub(crate) fn is_stop(&self) -> bool {
        matches!(self.what, What::Sign)
            && matches!(
                self.word.as_str(),
                "." | ","
                    | ";"
                    | ":"
                    | "!"
                    | "?"
                    | ")"
                    | "("
                    | "–"
                    | "—"
                    | "-"
                    | "|"
                    | "\""
                    | "”"
                    | "“"
            )
    }

    /// Whether a pattern may pass over it: names nobody and ends nothing.
    pub(crate) fn may_be_passed(&self) -> bool {
        match &self.what {
            What::Who(who) => !matches!(who, Who::Person(_)),
            What::Sign => !matches!(self.word.as_str(), ";" | "." | "!" | "?"),
            _ => true,
        }
    }

    /// The person named here.
    pub(crate) fn who(&self) -> Option<Who> {
        match &self.what {
            What::Who(who) => Some(*who),
            _ => None,
        }
    }
}

/// Tokens as items one by one: what dates are read from.
pub(crate) fn raw(tokens: &[Token]) -> Vec<Item> {
    tokens
        .iter()
        .map(|token| Item {
            what: match token.shape {
                Shape::Word => What::Word,
                Shape::Number => What::Number,
                Shape::Address => What::Address,
                Shape::Sign => What::Sign,
            },
            word: token.lower.clone(),
            cap: token.cap,
            caps: token.caps,
            range: token.range.clone(),
        })
        .collect()
}

/// The items of a sentence.
pub(crate) fn items(
    text: &str,
    tokens: &[Token],
    people: &People,
    clock: &Clock<'_>,
    grammar: &Grammar,
) -> Vec<Item> {
    let raw = raw(tokens);
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let (what, length) = next(text, tokens, &raw, at, people, clock, grammar);
        let range = tokens[at].range.start..tokens[at + length - 1].range.end;
        let word = match length {
            1 => tokens[at].lower.clone(),
            _ => text[range.clone()].to_lowercase(),
        };
        out.push(Item {
            what,
            word,
            cap: tokens[at].cap,
            caps: tokens[at].caps,
            range,
        });
        at += length;
    }
    out
}

fn next(
    text: &str,
    tokens: &[Token],
    raw: &[Item],
    at: usize,
    people: &People,
    clock: &Clock<'_>,
    grammar: &Grammar,
) -> (What, usize) {
    let token = &tokens[at];
    if token.shape == Shape::Address {
        return match people.by_address(&token.lower) {
            Some(person) => (What::Who(Who::Person(person)), 1),
            None => (What::Address, 1),
        };
    }
    if let Some((who, length)) = people.at(tokens, at, grammar) {
        return (What::Who(who), length);
    }
    if let Some(length) = phone(tokens, at) {
        return (What::Phone, length);
    }
    if let Some((found, length)) = calendar::scan(text, raw, at, clock, grammar) {
        return (What::Date(Box::new(found)), length);
    }
    let words: Vec<&str> = tokens[at..]
        .iter()
        .take(6)
        .take_while(|token| token.shape != Shape::Sign)
        .map(|token| token.lower.as_str())
        .collect();
    if let Some(length) = products::licence(&words) {
        return (What::Licence, length);
    }
    let what = raw[at].what.clone();
    (what, 1)
}

/// A telephone number: seven digits and more, parted by blanks, brackets or dashes.
fn phone(tokens: &[Token], at: usize) -> Option<usize> {
    let opens = matches!(tokens[at].lower.as_str(), "+" | "(") || tokens[at].shape == Shape::Number;
    if !opens {
        return None;
    }
    let mut digits = 0;
    let mut length = 0;
    let mut kept = 0;
    for token in &tokens[at..] {
        let fits = match token.shape {
            Shape::Number => token.lower.chars().all(|c| c.is_ascii_digit() || c == '-'),
            Shape::Sign => matches!(token.lower.as_str(), "+" | "(" | ")" | "-" | "–"),
            _ => false,
        };
        if !fits {
            break;
        }
        length += 1;
        digits += token.lower.chars().filter(char::is_ascii_digit).count();
        if token.shape == Shape::Number {
            kept = length;
        }
    }
    let first = &tokens[at].lower;
    let is_date = first.len() == 10 && first.matches('-').count() == 2;
    (!is_date && (7..=15).contains(&digits)).then_some(kept)
}
