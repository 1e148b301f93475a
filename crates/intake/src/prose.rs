//! Reads ordinary mails, threads and chats: sentences, not forms. It knows no language; what it knows of one stands in `language`.

mod address;
mod beside;
mod calendar;
mod clockwork;
mod decide;
mod events;
mod fill;
mod items;
mod meaning;
mod message;
mod moment;
pub(crate) mod pattern;
mod people;
mod phrase;
mod said;
mod story;
mod tokens;
mod verdict;

use std::ops::Range;

use crate::draft::{Flag, Reading};
use crate::hostile;
use crate::language::{self, Grammar};
use crate::lines::Sheet;
use crate::place::{Order, Place};
use crate::reader::{Reader, Ticket};
use crate::visible::Visible;
use crate::when::{self, Clock};
use message::Message;
use people::People;
use story::{Scene, Telling};
use tokens::{Shape, Token, tokens};

/// The built-in reader of free text.
pub struct Prose;

impl Reader for Prose {
    fn name(&self) -> &'static str {
        "prose"
    }

    fn read(&self, ticket: &Ticket<'_>, place: &Place) -> Reading {
        let visible = Visible::of(ticket.body);
        let said = format!("{}\n{}", ticket.subject, visible.text);
        let Some(grammar) = language::of(&said, ticket.language) else {
            return Reading::NoRequest {
                because: "its text is in no language that is read here".to_owned(),
                flags: Vec::new(),
            };
        };
        read(ticket, place, &visible, grammar)
    }
}

fn read(
    ticket: &Ticket<'_>,
    place: &Place,
    visible: &Visible<'_>,
    grammar: &'static Grammar,
) -> Reading {
    // The subject stands behind the body, so that a place in the text says which of both it is in.
    let body_end = visible.text.len();
    let subject_start = body_end + 1;
    let text = format!("{}\n{}", visible.text, ticket.subject.replace('\n', " "));
    let sheet = Sheet::of(&visible.text);
    let hostile = hostile::find(&visible.text, &sheet);
    let mut deaf: Vec<Range<usize>> = hostile
        .iter()
        .map(|hostile| hostile.range.clone())
        .collect();
    if hostile::in_subject(ticket.subject).is_some() {
        deaf.push(subject_start..text.len());
    }
    deaf.extend(form_lines(&sheet));
    let mut messages = message::messages(&text, body_end, grammar);
    let subject = Message {
        lines: vec![subject_line(&text, subject_start, grammar)],
        ..Message::default()
    };
    let lists = token_lists(&text, &messages, &subject, grammar, &deaf);
    let people = People::gather(&text, &lists, grammar);
    let place = place.clone().or_order(order(lists.iter().flatten()));
    let clock = Clock::new(&place, ticket.received_at);
    let scene = Scene {
        text: &text,
        people: &people,
        clock: &clock,
        grammar,
        deaf: &deaf,
    };
    // An empty cover note lets the mail below speak.
    messages.retain(|message| !message.lines.is_empty());
    let first = tell_all(&scene, &messages, &subject, &[]);
    // Whom it is about shows in the newest; what older messages say of them is heard only then.
    let known = decide::people(&first);
    let tellings = tell_all(&scene, &messages, &subject, &known);
    let flags: Vec<Flag> = flags(&hostile, visible, ticket.subject);
    decide::Decision {
        scene: &scene,
        visible,
        body_end,
        tellings: &tellings,
        flags,
        sender: ticket.sender,
    }
    .reading()
}

/// Reads from the oldest message to the newest; gives the newest first, and the subject last.
fn tell_all(
    scene: &Scene<'_>,
    messages: &[Message],
    subject: &Message,
    known: &[usize],
) -> Vec<Telling> {
    // `Teams: Jo Doe` names who writes, not who is meant.
    let writer = messages.first().and_then(|message| scene.writer(message));
    let of_subject = story::tell(scene, subject, None, None, known);
    let named = scene
        .subject_person(subject)
        .filter(|named| Some(*named) != writer);
    let mut focus = of_subject.focus.or(named);
    let mut tellings = Vec::new();
    for (index, message) in messages.iter().enumerate().rev() {
        let writer = scene.writer(message);
        let telling = story::tell(scene, message, focus, writer, known);
        focus = telling.focus.or(focus);
        if index > 0 && telling.subjects.len() > 1 {
            // Of several nobody knows who is meant further up.
            focus = of_subject.focus.or(named);
        }
        tellings.push(telling);
    }
    tellings.reverse();
    tellings.push(of_subject);
    tellings
}

impl Scene<'_> {
    /// The person whom the subject names.
    fn subject_person(&self, subject: &Message) -> Option<usize> {
        self.first_person(&subject.lines)
    }

    fn first_person(&self, lines: &[Range<usize>]) -> Option<usize> {
        lines.iter().find_map(|line| {
            let all = tokens(self.text, line.clone(), self.grammar);
            (0..all.len()).find_map(|at| match self.people.at(&all, at, self.grammar) {
                Some((people::Who::Person(person), _)) => Some(person),
                _ => None,
            })
        })
    }

    /// Who wrote a message: the head names him, or the signature; in a chat whoever is not the desk.
    fn writer(&self, message: &Message) -> Option<usize> {
        if let Some(speaker) = message.speakers.iter().find(|speaker| !speaker.desk) {
            return self.first_person(std::slice::from_ref(&speaker.name));
        }
        let head = message
            .head
            .first()
            .and_then(|line| self.first_person(std::slice::from_ref(line)));
        let full = message.signature.iter().find_map(|line| {
            let found = self.first_person(std::slice::from_ref(line))?;
            self.people.all[found].full.then_some(found)
        });
        head.or(full)
            .or_else(|| self.first_person(&message.signature))
    }
}

/// The subject without `RE:` and `FW:`.
fn subject_line(text: &str, start: usize, grammar: &Grammar) -> Range<usize> {
    let mut start = start;
    while let Some((head, _)) = text[start..].split_once(':')
        && head.trim().chars().count() <= 4
        && !head.trim().is_empty()
        && grammar.knows(head.trim().to_lowercase().as_str())
    {
        start += head.len() + 1;
    }
    start..text.len()
}

/// Lines that the form reader reads, where there are enough of them to be a form.
fn form_lines(sheet: &Sheet) -> Vec<Range<usize>> {
    let pairs: Vec<Range<usize>> = sheet
        .pairs
        .iter()
        .filter(|pair| {
            pair.found
                .is_some_and(|found| found.label != crate::labels::Label::MailHead)
        })
        .map(|pair| pair.key.start..pair.value.end.max(pair.key.end))
        .collect();
    if pairs.len() >= 3 { pairs } else { Vec::new() }
}

fn token_lists(
    text: &str,
    messages: &[Message],
    subject: &Message,
    grammar: &Grammar,
    deaf: &[Range<usize>],
) -> Vec<Vec<Token>> {
    let mut lists: Vec<Vec<Token>> = Vec::new();
    for message in messages {
        lists.extend(
            tokens::sentences(text, &message.lines, grammar)
                .into_iter()
                .map(|sentence| sentence.tokens),
        );
        let names = message.speakers.iter().map(|speaker| &speaker.name);
        for line in message.signature.iter().chain(&message.head).chain(names) {
            lists.push(tokens(text, line.clone(), grammar));
        }
    }
    lists.push(tokens(text, subject.lines[0].clone(), grammar));
    for list in &mut lists {
        list.retain(|token| {
            !deaf
                .iter()
                .any(|deaf| deaf.start < token.range.end && token.range.start < deaf.end)
        });
    }
    lists
}

/// Which order the dates of a ticket show by a day above twelve.
fn order<'t>(all: impl Iterator<Item = &'t Token>) -> Option<Order> {
    let mut orders = all
        .filter(|token| token.shape == Shape::Number)
        .filter_map(|token| {
            let parts: Vec<i32> = token
                .lower
                .split('/')
                .map(|part| part.parse().unwrap_or(0))
                .collect();
            match parts.as_slice() {
                [13..=31, 1..=12, _] => Some(Order::DayFirst),
                [1..=12, 13..=31, _] => Some(Order::MonthFirst),
                _ => None,
            }
        });
    let first = orders.next()?;
    orders.all(|order| order == first).then_some(first)
}

fn flags(hostile: &[hostile::Hostile], visible: &Visible<'_>, subject: &str) -> Vec<Flag> {
    let mut flags: Vec<Flag> = hostile
        .iter()
        .map(|hostile| {
            let span = visible.span(hostile.range.clone());
            Flag {
                why: hostile.why.to_owned(),
                text: span.text.clone(),
                span: Some(span),
            }
        })
        .collect();
    if let Some(why) = hostile::in_subject(subject) {
        flags.push(Flag {
            why: why.to_owned(),
            text: subject.to_owned(),
            span: None,
        });
    }
    flags
}

/// Whether a value of a form is a date in words, counted from the receipt.
pub(crate) fn date_in(value: &str, clock: &Clock<'_>) -> Option<Result<when::Point, when::Doubt>> {
    language::all().find_map(|grammar| {
        let all = tokens(value, 0..value.len(), grammar);
        let raw = items::raw(&all);
        let (found, length) = calendar::scan(value, &raw, 0, clock, grammar)?;
        if length < all.len() || found.that_day {
            return None;
        }
        Some(match found.check {
            Some(check) => Err(check),
            None => found.point,
        })
    })
}
