//! Reads one message: what is said to happen to whom, what is said about them, and when.

use std::ops::Range;

use domain::request::Kind;
use jiff::civil::Date;

use super::beside;
use super::calendar::Found;
use super::events::{events, person};
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

/// Fields and dates, each with the person it is about.
fn details(scene: &Scene<'_>, lines: &[Line], telling: &mut Telling, focus: Option<usize>) {
    let is = |line: &Line, class: &str| {
        let mut items = line.items.iter();
        items.any(|item| scene.grammar.is(class, &item.word))
    };
    let mut focus = focus;
    let mut last_day: Option<Date> = None;
    let mut question: Vec<&'static str> = Vec::new();
    for line in lines {
        if line.desk {
            question = beside::asked(line, scene.grammar);
            continue;
        }
        let rules = said::hear(scene, line);
        let taken: Vec<usize> = rules.iter().filter_map(|said| said.other).collect();
        let everybody = is(line, "all") && telling.subjects.len() > 1;
        let bind = |at: usize| match everybody {
            true => None,
            false => bind(line, at, &telling.subjects, &taken, focus),
        };
        let names = beside::beside(scene, line, &telling.subjects);
        let mut found: Vec<Said> = rules.into_iter().chain(names).collect();
        for one in &mut found {
            one.person = bind(one.at);
        }
        if found.is_empty() {
            found = beside::answers(line, &question, scene.grammar);
            for one in &mut found {
                one.person = focus.or_else(|| telling.subjects.first().copied());
            }
        }
        let beside = telling.events.iter().any(|event| line.holds(&event.range));
        for (at, cue, found) in dates(scene, line) {
            let asked = cue == "free" && question.contains(&"date");
            let cue = if asked { "when" } else { cue };
            let (point, check) = point(found, &mut last_day, cue);
            telling.dates.push(Dated {
                person: bind(at),
                cue,
                point,
                check,
                range: line.items[at].range.clone(),
                beside,
            });
        }
        telling.said.extend(found);
        let items = line.items.iter().enumerate();
        let mut own = items
            .filter(|(at, _)| !taken.contains(at))
            .filter_map(|(_, item)| person(item));
        focus = own
            .rfind(|person| telling.subjects.contains(person))
            .or(focus);
        telling.agrees |= is(line, "go-ahead");
        question.clear();
    }
}

impl Line {
    /// Whether a stretch of the text lies in this sentence.
    fn holds(&self, range: &Range<usize>) -> bool {
        let ends = (self.items.first(), self.items.last());
        matches!(ends, (Some(first), Some(last)) if range.start >= first.range.start && range.end <= last.range.end)
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
