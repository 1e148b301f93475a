//! Who is named in a ticket: full names, the short forms they go by later, and the addresses that are theirs.

use std::collections::HashSet;
use std::ops::Range;

use super::address::{by_address, fold, holds, is_personal};
use super::phrase;
use super::tokens::{Shape, Token};
use crate::language::Grammar;
use crate::person;

/// Somebody a sentence speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// One of [`People`].
    Person(usize),
    /// He, she or they: whoever was spoken of.
    They,
    /// Who writes.
    Me,
    /// The person's manager, whoever that is.
    Manager,
}

/// A person by name.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// As first written in full; a lone word where no more is known.
    pub(crate) name: String,
    /// Where that stands.
    pub(crate) range: Range<usize>,
    /// Whether given and family name are both known.
    pub(crate) full: bool,
    /// The address that goes with the name.
    pub(crate) address: Option<(String, Range<usize>)>,
    /// The words of the name, folded.
    pub(super) words: Vec<String>,
    pub(super) family: Vec<String>,
}

/// Everybody named.
#[derive(Debug, Default)]
pub(crate) struct People {
    pub(crate) all: Vec<Person>,
    /// Words that are written small somewhere: at a sentence's beginning they are no names.
    small: HashSet<String>,
}

impl People {
    /// Gathers all names of a ticket. Each list is a sentence or a line, the newest first.
    pub(crate) fn gather(text: &str, lists: &[Vec<Token>], grammar: &Grammar) -> Self {
        let mut people = Self::default();
        for token in lists.iter().flatten() {
            if token.shape == Shape::Word && !token.cap {
                people.small.insert(token.lower.clone());
            }
        }
        let addresses: Vec<&Token> = lists
            .iter()
            .flatten()
            .filter(|token| token.shape == Shape::Address)
            .collect();
        for list in lists {
            people.gather_list(text, list, &addresses, grammar);
        }
        people.give_addresses(lists, grammar);
        // A lone name that begins or ends a full one is that person.
        for list in lists {
            people.gather_lone(text, list, grammar);
        }
        people
    }

    fn gather_list(&mut self, text: &str, list: &[Token], addresses: &[&Token], grammar: &Grammar) {
        let mut at = 0;
        while at < list.len() {
            let end = self
                .name_end(list, at, grammar)
                .or_else(|| by_address(list, at, addresses));
            match end {
                Some(end) => {
                    self.add(text, list[at].range.start..list[end - 1].range.end, true);
                    at = end;
                }
                None => at += 1,
            }
        }
    }

    /// Where a name of two words and more ends that begins here.
    fn name_end(&self, list: &[Token], at: usize, grammar: &Grammar) -> Option<usize> {
        if !self.may_begin(list, at, grammar) {
            return None;
        }
        let mut end = at + 1;
        let mut caps = 1;
        let mut reach = at + 1;
        while reach < list.len() && reach < at + 8 && caps < 5 {
            let token = &list[reach];
            let touches = list[reach - 1].range.end == token.range.start;
            let initial = token.lower == "." && touches && list[reach - 1].range.len() == 1;
            if initial || (grammar.is("particle", &token.lower) && !token.caps) {
                reach += 1;
                continue;
            }
            let place = token.cap && grammar.is("place", &token.lower) && reach == at + 1;
            if touches && list[reach - 1].lower != "." || !(is_name_word(token, grammar) || place) {
                break;
            }
            reach += 1;
            caps += 1;
            end = reach;
        }
        if caps < 2
            || list
                .get(end)
                .is_some_and(|next| grammar.is("marker", &next.lower))
        {
            return None;
        }
        Some(end)
    }

    fn may_begin(&self, list: &[Token], at: usize, grammar: &Grammar) -> bool {
        let token = &list[at];
        if !is_name_word(token, grammar) || phrase::is_job(&token.lower, grammar) {
            return false;
        }
        let Some(before) = at.checked_sub(1).map(|at| &list[at]) else {
            return !self.small.contains(&token.lower);
        };
        !grammar.is("no-name-before", &before.lower)
    }

    fn add(&mut self, text: &str, range: Range<usize>, full: bool) {
        let name = tidy(&text[range.clone()]);
        let words: Vec<String> = name.split_whitespace().map(fold).collect();
        if self.all.iter().any(|known| known.words == words) {
            return;
        }
        let family = person::parts(&name)
            .map(|(_, family)| family.split_whitespace().map(fold).collect())
            .unwrap_or_default();
        self.all.push(Person {
            name,
            range,
            full,
            address: None,
            words,
            family,
        });
    }

    /// An address is somebody's when it holds the name, or follows it.
    fn give_addresses(&mut self, lists: &[Vec<Token>], grammar: &Grammar) {
        for list in lists {
            for (at, token) in list.iter().enumerate() {
                if token.shape != Shape::Address {
                    continue;
                }
                let local = token.lower.split('@').next().unwrap_or_default();
                let private = list[at.saturating_sub(5)..at]
                    .iter()
                    .any(|token| grammar.is("private", &token.lower));
                if private {
                    continue;
                }
                let fits = |person: &Person| holds(local, person);
                let after = (at.saturating_sub(3)..at).rev().find_map(|before| {
                    let end = list[before].range.end;
                    self.all.iter().position(|person| {
                        person.range.end == end
                            && list[before + 1..at].iter().all(|token| {
                                matches!(token.lower.as_str(), "(" | "<" | "," | "[" | "-" | "–")
                            })
                    })
                });
                let found = self.all.iter().position(fits).or_else(|| {
                    after.filter(|_| person::parts(local).is_none() && is_personal(local))
                });
                if let Some(found) = found
                    && self.all[found].address.is_none()
                {
                    self.all[found].address = Some((token.lower.clone(), token.range.clone()));
                }
            }
        }
    }

    fn gather_lone(&mut self, text: &str, list: &[Token], grammar: &Grammar) {
        for at in 0..list.len() {
            let token = &list[at];
            let titled = at > 0
                && (grammar.is("honorific", &list[at - 1].lower)
                    || (list[at - 1].lower == "."
                        && at > 1
                        && grammar.is("honorific", &list[at - 2].lower)));
            let lone = is_name_word(token, grammar)
                && !grammar.is("name-too", &token.lower)
                && !phrase::is_job(&token.lower, grammar)
                && !token.caps
                && token.lower.chars().count() > 1
                && (titled || is_spoken_of(list, at, grammar))
                && self.find(&[fold(&token.lower)]).is_none();
            if lone {
                self.add(text, token.range.clone(), false);
            }
        }
    }

    /// The one person these words can mean.
    fn find(&self, words: &[String]) -> Option<usize> {
        if let Some(same) = self.all.iter().position(|person| person.words == words) {
            return Some(same);
        }
        let mut fitting = self.all.iter().enumerate().filter(|(_, person)| {
            person.full && (person.words.starts_with(words) || person.family == words)
        });
        let first = fitting.next().map(|(index, _)| index);
        first.filter(|_| fitting.next().is_none())
    }

    /// The person whose address this is.
    pub(crate) fn by_address(&self, address: &str) -> Option<usize> {
        self.all.iter().position(|person| {
            person
                .address
                .as_ref()
                .is_some_and(|(known, _)| known == address)
        })
    }

    /// Who is named at this token, and by how many tokens.
    pub(crate) fn at(
        &self,
        tokens: &[Token],
        at: usize,
        grammar: &Grammar,
    ) -> Option<(Who, usize)> {
        let token = &tokens[at];
        if token.shape != Shape::Word {
            return None;
        }
        if grammar.is("honorific", &token.lower) {
            let dot = usize::from(tokens.get(at + 1).is_some_and(|next| next.lower == "."));
            return tokens
                .get(at + 1 + dot)?
                .cap
                .then(|| self.at(tokens, at + 1 + dot, grammar))?
                .map(|(who, length)| (who, length + 1 + dot));
        }
        let said_of = at > 0 && grammar.is("be-manager", &tokens[at - 1].lower);
        if grammar.is("possessive", &token.lower)
            && !said_of
            && let Some(length) = manager_at(tokens, at + 1, grammar)
        {
            return Some((Who::Manager, 1 + length));
        }
        if grammar.is("me", &token.lower) {
            return Some((Who::Me, 1));
        }
        if grammar.is("they", &token.lower) {
            // `her mailbox` is hers; `give her access` is her.
            let possessive = grammar.is("possessive", &token.lower);
            let alone = tokens.get(at + 1).is_none_or(|next| {
                next.shape == Shape::Sign || grammar.is("after-object", &next.lower)
            });
            return (!possessive || alone).then_some((Who::They, 1));
        }
        for length in (1..=6.min(tokens.len() - at)).rev() {
            let last = &tokens[at + length - 1];
            if last.shape != Shape::Word {
                continue;
            }
            let words: Vec<String> = tokens[at..at + length]
                .iter()
                .filter(|token| token.lower != ".")
                .map(|token| fold(&token.lower))
                .collect();
            let known = self.all.iter().position(|person| person.words == words);
            if length > 1 {
                if let Some(person) = known {
                    return Some((Who::Person(person), length));
                }
                continue;
            }
            if !token.cap || !is_name_word(token, grammar) && known.is_none() {
                continue;
            }
            if let Some(person) = known.or_else(|| self.find(&words)) {
                return Some((Who::Person(person), 1));
            }
        }
        None
    }
}

/// `her line manager`: how many words say manager.
fn manager_at(tokens: &[Token], at: usize, grammar: &Grammar) -> Option<usize> {
    let mut length = 0;
    while tokens
        .get(at + length)
        .is_some_and(|token| grammar.is("manager-kind", &token.lower))
    {
        length += 1;
    }
    let noun = tokens.get(at + length)?;
    if !grammar.is("manager", &noun.lower) {
        return None;
    }
    // `his manager, Orville Stamper` and `her manager Ann Poe` name the manager themselves; `her manager is` asks nothing of him.
    let next = tokens.get(at + length + 1);
    let named = next.is_some_and(|next| next.cap && next.shape == Shape::Word)
        || (next.is_some_and(|next| matches!(next.lower.as_str(), "," | "(" | ":"))
            && tokens.get(at + length + 2).is_some_and(|next| next.cap));
    let said = next.is_some_and(|next| grammar.is("be", &next.lower));
    (!named && !said).then_some(length + 1)
}

/// A lone capitalised word that does something, or to which something is done: `Ana starts`, `called Ines,`.
fn is_spoken_of(list: &[Token], at: usize, grammar: &Grammar) -> bool {
    let next = list.get(at + 1);
    let before = at.checked_sub(1).map(|at| &list[at]);
    let whole = next.is_none_or(|next| !next.cap && next.lower != "&");
    whole
        && (next.is_some_and(|next| grammar.is("after-name", &next.lower))
            || before.is_some_and(|before| grammar.is("before-name", &before.lower)))
}

fn is_name_word(token: &Token, grammar: &Grammar) -> bool {
    if token.shape != Shape::Word || !token.cap {
        return false;
    }
    let letters = token
        .lower
        .chars()
        .all(|c| c.is_alphabetic() || "'-‐‑".contains(c) || ('\u{300}'..='\u{36f}').contains(&c));
    // A code is no name: `MKT-Social`.
    let code = (token.caps && token.lower.chars().count() < 3) || token.mixed;
    letters && !code && !is_ordinary(&token.lower, grammar)
}

/// A word of the language's lists, or one that is put together of such.
fn is_ordinary(lower: &str, grammar: &Grammar) -> bool {
    if grammar.is("name-too", lower) {
        return false;
    }
    let known = |word: &str| {
        grammar.knows(word)
            || word
                .strip_suffix('s')
                .is_some_and(|stem| stem.len() > 3 && grammar.is("ordinary", stem))
    };
    known(lower)
        || (lower.contains('-') && lower.split('-').all(|part| part.len() < 2 || known(part)))
}

/// One blank between words, no full stop at the end.
fn tidy(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}
