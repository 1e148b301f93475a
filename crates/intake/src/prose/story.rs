//! Reads one message: what is said to happen to whom, what is said about them, and when.

use std::ops::Range;

use domain::request::Kind;
use jiff::civil::Date;

use super::calendar::Found;
use super::items::{Item, Slot, What, items};
use super::message::Message;
use super::people::{People, Who};
use super::said::{self, Said};
use super::tokens::{Sentence, sentences};
use crate::language::Grammar;
use crate::when::{Clock, Doubt, Point};

/// What is said of a person's coming and going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Kind(Kind),
    /// Stays after all, or the request is taken back.
    Stay,
    /// Is away for a while, or only changes the name: no request.
    Nothing,
    /// Nobody has decided yet.
    Undecided,
}

/// One thing said of somebody.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) person: Option<usize>,
    pub(crate) sign: Sign,
    /// 3 says it outright, 1 needs a date beside it.
    pub(crate) strength: u8,
    pub(crate) range: Range<usize>,
}

/// A date and what it is the date of.
#[derive(Clone, Debug)]
pub(crate) struct Dated {
    pub(crate) person: Option<usize>,
    pub(crate) cue: &'static str,
    pub(crate) point: Result<Point, Doubt>,
    pub(crate) check: Option<Doubt>,
    pub(crate) range: Range<usize>,
    /// Stands in a sentence that says what happens.
    pub(crate) beside: bool,
}

/// What a message says.
#[derive(Debug, Default)]
pub(crate) struct Telling {
    pub(crate) events: Vec<Event>,
    pub(crate) said: Vec<Said>,
    pub(crate) dates: Vec<Dated>,
    /// Everybody of whom an event is said, in the order of the text.
    pub(crate) subjects: Vec<usize>,
    /// Whether the message asks about the matter instead of for it.
    pub(crate) asks: bool,
    /// The person spoken of last.
    pub(crate) focus: Option<usize>,
    /// Whoever writes.
    pub(crate) writer: Option<usize>,
    /// Whether it speaks of several persons by "both" or "all".
    pub(crate) agrees: bool,
}

/// What a message is read with.
pub(crate) struct Scene<'s> {
    pub(crate) text: &'s str,
    pub(crate) people: &'s People,
    pub(crate) clock: &'s Clock<'s>,
    pub(crate) grammar: &'static Grammar,
    /// Stretches that nobody listens to.
    pub(crate) deaf: &'s [Range<usize>],
}

/// A sentence in items.
pub(crate) struct Line {
    pub(crate) items: Vec<Item>,
    pub(crate) bullet: bool,
    /// By the desk of a chat.
    pub(crate) desk: bool,
}

/// Reads a message. `focus` is the person whom earlier messages were about.
/// `known` are persons whom the ticket is about, whether or not this message says what shall happen to them.
pub(crate) fn tell(
    scene: &Scene<'_>,
    message: &Message,
    focus: Option<usize>,
    writer: Option<usize>,
    known: &[usize],
) -> Telling {
    let lines = lines(scene, message);
    let mut telling = Telling {
        focus,
        writer,
        ..Telling::default()
    };
    events(scene, &lines, &mut telling, focus);
    for event in &telling.events {
        if let Some(person) = event.person
            && !telling.subjects.contains(&person)
        {
            telling.subjects.push(person);
        }
    }
    for person in known {
        if !telling.subjects.contains(person) {
            telling.subjects.push(*person);
        }
    }
    // Without anybody of its own, the message goes on about the one before.
    if telling.subjects.is_empty() {
        telling.subjects.extend(focus);
    }
    details(scene, &lines, &mut telling, focus);
    telling
}

fn lines(scene: &Scene<'_>, message: &Message) -> Vec<Line> {
    let all: Vec<Sentence> = if message.speakers.is_empty() {
        sentences(scene.text, &message.lines, scene.grammar)
    } else {
        // In a chat every line stands for itself.
        message
            .lines
            .iter()
            .enumerate()
            .flat_map(|(at, line)| {
                let mut own = sentences(scene.text, std::slice::from_ref(line), scene.grammar);
                own.iter_mut().for_each(|sentence| sentence.line = at);
                own
            })
            .collect()
    };
    all.into_iter()
        .map(|mut sentence| {
            sentence.tokens.retain(|token| {
                !scene
                    .deaf
                    .iter()
                    .any(|deaf| deaf.start < token.range.end && token.range.start < deaf.end)
            });
            Line {
                items: items(
                    scene.text,
                    &sentence.tokens,
                    scene.people,
                    scene.clock,
                    scene.grammar,
                ),
                bullet: sentence.bullet,
                desk: message
                    .speakers
                    .get(sentence.line)
                    .is_some_and(|speaker| speaker.desk),
            }
        })
        .filter(|line| !line.items.is_empty())
        .collect()
}

fn sign(name: &str) -> Option<(Sign, u8)> {
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

fn events(scene: &Scene<'_>, lines: &[Line], telling: &mut Telling, focus: Option<usize>) {
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
fn hear(scene: &Scene<'_>, line: &Line, writer: Option<usize>, focus: Option<usize>) -> Vec<Event> {
    let mut heard = Vec::new();
    for named in &scene.grammar.signs {
        let Some((sign, strength)) = sign(named.name) else {
            continue;
        };
        for hit in named.pattern.all(&line.items, scene.grammar) {
            let range =
                line.items[hit.range.start].range.start..line.items[hit.range.end - 1].range.end;
            let slot = hit
                .slot(Slot::Who)
                .or_else(|| hit.slot(Slot::Named))
                .map(|range| range.start);
            if matches!(sign, Sign::Kind(_))
                && slot.is_some_and(|at| is_genitive(&line.items, at, scene.grammar))
            {
                continue;
            }
            let mut sign = sign;
            let later = line.items[hit.range.end..]
                .iter()
                .take(2)
                .any(|item| scene.grammar.is("until", &item.word));
            if slot.is_none()
                && !named.pattern.refuses
                && matches!(sign, Sign::Kind(_))
                && before(&line.items, &hit.range, "not", scene.grammar)
            {
                // `There are no new starters` says nothing of anybody.
                continue;
            }
            if !named.pattern.refuses
                && !later
                && before(&line.items, &hit.range, "not", scene.grammar)
            {
                sign = match sign {
                    Sign::Kind(_) => Sign::Stay,
                    _ => continue,
                };
            } else if matches!(sign, Sign::Kind(_))
                && before(
                    &line.items,
                    &(hit.range.start..hit.range.start),
                    "maybe",
                    scene.grammar,
                )
            {
                sign = Sign::Undecided;
            }
            let people = match slot.map(|at| (at, line.items[at].who())) {
                Some((at, Some(Who::Person(_)))) => together(&line.items, at, scene.grammar)
                    .into_iter()
                    .map(Some)
                    .collect(),
                // `I start a tender on Monday` is about the tender.
                Some((_, Some(Who::Me))) if strength < 3 && sign != Sign::Stay => continue,
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

/// `Jane's last day`: the day is what is spoken of, not Jane; but `Jane's leaving`.
fn is_genitive(items: &[Item], at: usize, grammar: &Grammar) -> bool {
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
fn spoken_of(before: &[Item], focus: Option<usize>) -> Option<usize> {
    before.iter().find_map(person).or(focus)
}

fn person(item: &Item) -> Option<usize> {
    match item.who() {
        Some(Who::Person(person)) => Some(person),
        _ => None,
    }
}

fn nearest(items: &[Item], hit: Range<usize>, focus: Option<usize>) -> Option<usize> {
    let inside = items[hit.clone()].iter().find_map(person);
    let own = items[..hit.start].iter().rev().find_map(person);
    let after = items[hit.end..].iter().take(6).find_map(person);
    inside.or(own).or(focus).or(after)
}

/// Whether a word of this class stands in the same clause, before the stretch or in it.
fn before(items: &[Item], range: &Range<usize>, class: &str, grammar: &Grammar) -> bool {
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
fn together(items: &[Item], at: usize, grammar: &Grammar) -> Vec<usize> {
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

/// Fields and dates, each with the person it is about.
fn details(scene: &Scene<'_>, lines: &[Line], telling: &mut Telling, focus: Option<usize>) {
    let mut focus = focus;
    let mut last_day: Option<Date> = None;
    let mut question: Vec<&'static str> = Vec::new();
    for line in lines {
        if line.desk {
            question = said::asked(line, scene.grammar);
            continue;
        }
        let rules = said::hear(scene, line);
        let taken: Vec<usize> = rules.iter().filter_map(|said| said.other).collect();
        let bind = |at: usize| bind(line, at, &telling.subjects, &taken, focus);
        let mut found: Vec<Said> = Vec::new();
        let everybody = line
            .items
            .iter()
            .any(|item| scene.grammar.is("all", &item.word))
            && telling.subjects.len() > 1;
        for mut one in rules
            .into_iter()
            .chain(said::beside(scene, line, &telling.subjects))
        {
            one.person = if everybody { None } else { bind(one.at) };
            found.push(one);
        }
        if found.is_empty() && !question.is_empty() {
            found.extend(
                said::answers(line, &question, scene.grammar)
                    .into_iter()
                    .map(|mut one| {
                        one.person = focus.or_else(|| telling.subjects.first().copied());
                        one
                    }),
            );
        }
        let in_line = |range: &Range<usize>| {
            let ends = (line.items.first(), line.items.last());
            matches!(ends, (Some(first), Some(last)) if range.start >= first.range.start && range.end <= last.range.end)
        };
        let beside = telling.events.iter().any(|event| in_line(&event.range));
        for (at, cue, found) in dates(scene, line) {
            let cue = if cue == "free" && question.contains(&"date") {
                "when"
            } else {
                cue
            };
            let person = if everybody { None } else { bind(at) };
            let dated = point(found, &mut last_day, cue);
            telling.dates.push(Dated {
                person,
                cue,
                point: dated.0,
                check: dated.1,
                range: line.items[at].range.clone(),
                beside,
            });
        }
        telling.said.extend(found);
        let own = line
            .items
            .iter()
            .enumerate()
            .filter(|(at, _)| !taken.contains(at))
            .filter_map(|(_, item)| person(item));
        focus = own
            .filter(|person| telling.subjects.contains(person))
            .next_back()
            .or(focus);
        telling.agrees |= line
            .items
            .iter()
            .any(|item| scene.grammar.is("go-ahead", &item.word));
        question.clear();
    }
}

/// The person whom something at this item is about.
fn bind(
    line: &Line,
    at: usize,
    subjects: &[usize],
    taken: &[usize],
    focus: Option<usize>,
) -> Option<usize> {
    let subject = |(index, item): (usize, &Item)| {
        person(item).filter(|person| subjects.contains(person) && !taken.contains(&index))
    };
    let own = line.items[..at.min(line.items.len())]
        .iter()
        .enumerate()
        .filter_map(subject)
        .next_back();
    if own.is_some() {
        return own;
    }
    let pronoun = line.items[..at.min(line.items.len())]
        .iter()
        .any(|item| matches!(item.who(), Some(Who::They)));
    let later = line.items.iter().enumerate().filter_map(subject).next();
    if pronoun {
        focus.or(later)
    } else {
        later.or(focus)
    }
}

/// The dates of a sentence with their cues.
fn dates<'l>(scene: &Scene<'_>, line: &'l Line) -> Vec<(usize, &'static str, &'l Found)> {
    let mut cues: Vec<(usize, &'static str)> = Vec::new();
    for named in &scene.grammar.cues {
        for hit in named.pattern.all(&line.items, scene.grammar) {
            let mut first = named.name == "range";
            for (slot, range) in &hit.slots {
                if std::mem::take(&mut first) {
                    // From the first day to the last: the first keeps its own cue.
                    continue;
                }
                if *slot == Slot::Date && !cues.iter().any(|(at, _)| *at == range.start) {
                    cues.push((
                        range.start,
                        if named.name == "range" {
                            "contract-end"
                        } else {
                            named.name
                        },
                    ));
                }
            }
        }
    }
    line.items
        .iter()
        .enumerate()
        .filter_map(|(at, item)| match &item.what {
            What::Date(found) => {
                let cue = cues
                    .iter()
                    .find(|(place, _)| *place == at)
                    .map_or("free", |(_, cue)| *cue);
                Some((at, cue, &**found))
            }
            _ => None,
        })
        .collect()
}

/// Completes a date from the one before: `that day`, or a time alone.
fn point(
    found: &Found,
    last_day: &mut Option<Date>,
    cue: &str,
) -> (Result<Point, Doubt>, Option<Doubt>) {
    let mut point = found.point.clone();
    if let Ok(point) = &mut point {
        let alone = point.day.is_none()
            && !point.now
            && (found.that_day || point.time.is_some() || point.end_of_day);
        if alone {
            point.day = *last_day;
        }
        if cue != "ignore" && !found.past {
            *last_day = point.day.or(*last_day);
        }
    }
    (point, found.check.clone())
}
