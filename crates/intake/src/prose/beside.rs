//! What stands beside a name without a word that says what it is, and answers that are nothing but the value.

use super::items::{Item, Slot, What};
use super::people::Who;
use super::phrase;
use super::said::{Said, Value, place_field};
use super::story::{Line, Scene};
use crate::language::Grammar;

/// What stands beside a name: `Jo Doe (Treasury, Leeds)`, `Jo Doe, paralegal`, `Receptionist, Edinburgh, Front of House.`
pub(crate) fn beside(scene: &Scene<'_>, line: &Line, subjects: &[usize]) -> Vec<Said> {
    let grammar = scene.grammar;
    let mut out = Vec::new();
    for (at, item) in line.items.iter().enumerate() {
        let subject = matches!(item.who(), Some(Who::Person(person)) if subjects.contains(&person));
        if subject {
            fragments(&line.items, at + 1, grammar, &mut out);
        }
    }
    let verbless = !line
        .items
        .iter()
        .any(|item| grammar.is("be", &item.word) || grammar.is("verb", &item.word));
    if verbless {
        fragments(&line.items, 0, grammar, &mut out);
    } else {
        // A bracket behind a job or a place: `Events Coordinator (Events team, still Edinburgh)`.
        for at in 0..line.items.len() {
            if line.items[at].word == "(" {
                fragments(&line.items, at, grammar, &mut out);
            }
        }
    }
    out
}

/// Phrases between commas and brackets, as long as each of them is something that is known.
pub(super) fn fragments(items: &[Item], from: usize, grammar: &Grammar, out: &mut Vec<Said>) {
    let mut at = from;
    let mut misses = 0;
    while at < items.len() && misses < 2 {
        while items.get(at).is_some_and(|item| {
            item.is_stop() || grammar.is("filler", &item.word) || matches!(item.what, What::Address)
        }) {
            at += 1;
        }
        let Some(item) = items.get(at) else { return };
        if matches!(
            item.what,
            What::Who(_) | What::Date(_) | What::Licence | What::Phone
        ) {
            at += 1;
            misses += usize::from(!matches!(item.what, What::Who(_)));
            continue;
        }
        let begin = if grammar.is("place-in", &item.word) {
            at + 1
        } else {
            at
        };
        let end = phrase::slot_end(Slot::Title, items, begin, grammar)
            .into_iter()
            .chain(phrase::slot_end(Slot::Place, items, begin, grammar))
            .max();
        let Some((end, field)) =
            end.and_then(|end| Some((end, place_field(items, begin..end, grammar)?)))
        else {
            return;
        };
        let ends = begin > at
            || items.get(end).is_none_or(|item| {
                item.is_stop()
                    || grammar.is("place-in", &item.word)
                    || grammar.is("stop", &item.word)
            });
        if !ends {
            return;
        }
        let bare = if field == "job-title" {
            begin..end
        } else {
            phrase::bare(items, begin..end, grammar)
        };
        out.push(Said {
            person: None,
            field,
            value: Value::Text,
            range: items[bare.start].range.start..items[bare.end - 1].range.end,
            at: from,
            other: None,
            only: None,
            rank: usize::MAX / 4,
        });
        at = end;
        if !items
            .get(at)
            .is_some_and(|item| item.is_stop() || grammar.is("place-in", &item.word))
        {
            return;
        }
    }
}

/// What a desk's question asks for.
pub(crate) fn asked(line: &Line, grammar: &'static Grammar) -> Vec<&'static str> {
    grammar
        .questions
        .iter()
        .filter(|named| named.name != "asks" && !named.pattern.all(&line.items, grammar).is_empty())
        .map(|named| named.name)
        .collect()
}

/// An answer that is nothing but the value.
pub(crate) fn answers(line: &Line, questions: &[&'static str], grammar: &Grammar) -> Vec<Said> {
    let mut out = Vec::new();
    for field in questions {
        let slot = match *field {
            "manager" | "copy-from" | "forward-to" | "delegate" => Slot::Named,
            "mobile" | "phone" => Slot::Phone,
            "job-title" => Slot::Words,
            "department" => Slot::Department,
            "office" => Slot::Office,
            "groups" => Slot::Names,
            _ => continue,
        };
        let hit = (0..line.items.len())
            .find_map(|at| Some((at, phrase::slot_end(slot, &line.items, at, grammar)?)));
        let Some((start, end)) = hit else { continue };
        let taken = out.iter().any(|known: &Said| known.at == start);
        if taken {
            continue;
        }
        let value = match (slot, line.items[start].who()) {
            (Slot::Named, Some(who)) => Value::Who(who),
            (Slot::Names, _) => Value::List(
                phrase::split_names(&line.items, start..end, grammar)
                    .into_iter()
                    .map(|part| {
                        line.items[part.start].range.start..line.items[part.end - 1].range.end
                    })
                    .collect(),
            ),
            _ => Value::Text,
        };
        let range = match slot {
            Slot::Department | Slot::Office => phrase::bare(&line.items, start..end, grammar),
            _ => start..end,
        };
        out.push(Said {
            person: None,
            field,
            value,
            range: line.items[range.start].range.start..line.items[range.end - 1].range.end,
            at: start,
            other: None,
            only: None,
            rank: 0,
        });
    }
    out
}
