//! Hears what a message says to happen, and to whom.

use std::ops::Range;

use domain::request::Kind;

use super::items::{Item, Slot};
use super::pattern::Match;
use super::people::Who;
use super::story::{Event, Line, Scene, Sign, Telling};
use crate::language::Grammar;

pub(super) fn sign(name: &str) -> Option<(Sign, u8)> {
    let (word, strength) = name.split_once(' ')?;
    let sign = match word {
        "onboard" => Sign::Kind(Kind::Onboard),
        "offboard" => Sign::Kind(Kind::Offboard),
        "transfer" => Sign::Kind(Kind::Transfer),
        "stay" => Sign::Stay,
        "nothing" => Sign::Nothing,
        "undecided" => Sign::Undecided,
        _ => return None,
    };
    Some((sign, strength.parse().ok()?))
}

pub(super) fn events(
    scene: &Scene<'_>,
    lines: &[Line],
    telling: &mut Telling,
    focus: Option<usize>,
) {
    let mut focus = focus;
    // What the head of a list says of everybody in it.
    let mut list: Option<(Sign, u8)> = None;
    for line in lines.iter().filter(|line| !line.desk) {
        let heard = hear(scene, line, telling.writer, focus);
        telling.asks |= scene.grammar.questions.iter().any(|named| {
            named.name == "asks" && !named.pattern.all(&line.items, scene.grammar).is_empty()
        });
        let first = line.items.iter().take(3).find_map(|item| match item.who() {
            Some(Who::Person(person)) => Some((person, item.range.clone())),
            _ => None,
        });
        let of_first = first
            .as_ref()
            .is_some_and(|(person, _)| heard.iter().any(|event| event.person == Some(*person)));
        if let (Some((sign, strength)), Some((person, range)), false) =
            (list, first.clone(), of_first)
        {
            telling.events.push(Event {
                person: Some(person),
                sign,
                strength,
                range,
            });
            focus = Some(person);
        } else if first.is_none() && !line.bullet {
            list = None;
        }
        let heads = line.items.last().is_some_and(|item| item.word == ":");
        let strongest = heard.iter().max_by_key(|event| event.strength);
        if let Some(event) = strongest.filter(|_| heads && first.is_none()) {
            list = Some((event.sign, event.strength));
        }
        if let Some(event) = heard.iter().rev().find(|event| event.person.is_some()) {
            focus = event.person;
        }
        telling.events.extend(heard);
    }
    telling.focus = focus;
}

/// What one sentence says to happen.
pub(super) fn hear(
    scene: &Scene<'_>,
    line: &Line,
    writer: Option<usize>,
    focus: Option<usize>,
) -> Vec<Event> {
    let mut heard = Vec::new();
    for named in &scene.grammar.signs {
        let Some((sign, strength)) = sign(named.name) else {
            continue;
        };
        for hit in named.pattern.all(&line.items, scene.grammar) {
            let slot = hit
                .slot(Slot::Who)
                .or_else(|| hit.slot(Slot::Named))
                .map(|range| range.start);
            let Some(sign) = meant(scene, line, sign, &hit, slot, named.pattern.refuses) else {
                continue;
            };
            let range =
                line.items[hit.range.start].range.start..line.items[hit.range.end - 1].range.end;
            let people = match slot.map(|at| (at, line.items[at].who())) {
                Some((at, Some(Who::Person(_)))) => together(&line.items, at, scene.grammar)
                    .into_iter()
                    .map(Some)
                    .collect(),
                // `I start a tender on Monday` is about the tender.
                Some((_, Some(Who::Me)))
                    if (strength < 3 || hit.range.len() > 5) && sign != Sign::Stay =>
                {
                    continue;
                }
                Some((_, Some(Who::Me))) => vec![writer],
                Some((_, Some(Who::They))) => {
                    vec![spoken_of(&line.items[..hit.range.start], focus)]
                }
                Some((_, Some(Who::Manager))) => continue,
                Some((_, None)) => vec![None],
                None => vec![nearest(&line.items, hit.range.clone(), focus)],
            };
            heard.extend(people.into_iter().map(|person| Event {
                person,
                sign,
                strength,
                range: range.clone(),
            }));
        }
    }
    // What is taken back is not asked for in the same breath.
    let back = heard
        .iter()
        .filter(|event| event.sign == Sign::Stay && event.strength == 1)
        .map(|event| event.range.start)
        .min();
    heard.retain(|event| {
        !matches!(event.sign, Sign::Kind(_)) || back.is_none_or(|back| event.range.end < back)
    });
    heard
}

/// The sign of a match as its clause turns it: refused, or only perhaps; nothing when it says nothing after all.
fn meant(
    scene: &Scene<'_>,
    line: &Line,
    sign: Sign,
    hit: &Match,
    slot: Option<usize>,
    refuses: bool,
) -> Option<Sign> {
    let grammar = scene.grammar;
    let wish = matches!(sign, Sign::Kind(_));
    if wish && slot.is_some_and(|at| is_genitive(&line.items, at, grammar)) {
        return None;
    }
    if !refuses && before(&line.items, &hit.range, "not", grammar) {
        // `There are no new starters` says nothing of anybody; `not leaving until June` says when.
        let mut next = line.items[hit.range.end..].iter().take(2);
        let later = next.any(|item| grammar.is("until", &item.word));
        return match (wish, slot, later) {
            (false, _, false) | (true, None, _) => None,
            (_, _, true) => Some(sign),
            (true, Some(_), false) => Some(Sign::Stay),
        };
    }
    let start = hit.range.start..hit.range.start;
    if wish && before(&line.items, &start, "maybe", grammar) {
        return Some(Sign::Undecided);
    }
    Some(sign)
}

/// `Jane's last day`: the day is what is spoken of, not Jane; but `Jane's leaving`.
pub(super) fn is_genitive(items: &[Item], at: usize, grammar: &Grammar) -> bool {
    items
        .get(at + 1)
        .is_some_and(|item| grammar.is("genitive", &item.word))
        && !items.get(at + 2).is_some_and(|item| {
            grammar
                .entries("verb-ending")
                .any(|ending| item.word.ends_with(ending))
                || grammar.is("after-short-be", &item.word)
        })
}

/// The person with whom the sentence begins; else whoever the talk is of.
pub(super) fn spoken_of(before: &[Item], focus: Option<usize>) -> Option<usize> {
    before.iter().find_map(person).or(focus)
}

pub(super) fn person(item: &Item) -> Option<usize> {
    match item.who() {
        Some(Who::Person(person)) => Some(person),
        _ => None,
    }
}

pub(super) fn nearest(items: &[Item], hit: Range<usize>, focus: Option<usize>) -> Option<usize> {
    let inside = items[hit.clone()].iter().find_map(person);
    let own = items[..hit.start].iter().rev().find_map(person);
    let after = items[hit.end..].iter().take(6).find_map(person);
    inside.or(own).or(focus).or(after)
}

/// Whether a word of this class stands in the same clause, before the stretch or in it.
pub(super) fn before(items: &[Item], range: &Range<usize>, class: &str, grammar: &Grammar) -> bool {
    let earlier = items[..range.start]
        .iter()
        .rev()
        .take(6)
        .take_while(|item| !item.is_stop() && !grammar.is("but", &item.word))
        .any(|item| grammar.is(class, &item.word));
    earlier
        || items[range.clone()]
            .iter()
            .any(|item| grammar.is(class, &item.word))
}

/// Everybody named in a row with the person at this item: `A, B and C`.
pub(super) fn together(items: &[Item], at: usize, grammar: &Grammar) -> Vec<usize> {
    let mut chain: Vec<(usize, usize)> = person(&items[at])
        .map(|person| (at, person))
        .into_iter()
        .collect();
    let mut joined = false;
    for forward in [false, true] {
        let mut here = at;
        loop {
            let step = |from: usize| {
                if forward {
                    from.checked_add(1)
                } else {
                    from.checked_sub(1)
                }
            };
            let mut next = step(here);
            let mut joints = 0;
            let mut ands = false;
            let mut depth = 0;
            while let Some(item) = next.and_then(|next| items.get(next)) {
                let bracket = matches!(item.word.as_str(), "(" | ")");
                let and = grammar.is("and", &item.word);
                if bracket {
                    depth = 1 - depth;
                } else if depth == 0 {
                    if !(item.word == "," || and) {
                        break;
                    }
                    joints += 1;
                    ands |= and;
                }
                next = next.and_then(step);
            }
            let Some((next, person)) =
                next.and_then(|next| Some((next, person(items.get(next)?)?)))
            else {
                break;
            };
            if joints == 0 {
                break;
            }
            joined |= ands;
            chain.push((next, person));
            here = next;
        }
    }
    if !joined {
        chain.truncate(1);
    }
    chain.sort_unstable();
    let mut people: Vec<usize> = chain.into_iter().map(|(_, person)| person).collect();
    people.dedup();
    people
}
