//! Reads structured forms out of tickets: `key: value` in any order and in real-life disorder, one draft per person.

mod choice;
mod fields;
mod kind;
mod moment;
mod who;

use std::collections::BTreeSet;
use std::ops::Range;

use domain::request::{Cited, Kind, Span};
use jiff::Timestamp;

use crate::draft::{Draft, Flag, Reading};
use crate::hostile::{self, Hostile};
use crate::labels::Label;
use crate::lines::{self, Sheet};
use crate::place::Place;
use crate::visible::Visible;
use crate::when::Clock;
use kind::Said;

/// Reads a ticket. Clock times without a zone and dates in numbers are read as at the place.
#[must_use]
pub fn read(subject: &str, body: &str, received_at: Timestamp, place: &Place) -> Reading {
    let visible = Visible::of(body);
    let sheet = Sheet::of(&visible.text);
    let hostile = hostile::find(&visible.text, &sheet);
    let ticket = Ticket::new(&visible, sheet, hostile, Clock::new(place, received_at));
    let flags = ticket.flags(subject);
    let evidence = Evidence::gather(&ticket, subject);
    if let Some(because) = evidence.no_request(&ticket) {
        return Reading::NoRequest { because, flags };
    }
    let drafts = ticket
        .people()
        .into_iter()
        .map(|entries| {
            let mut draft = Draft {
                flags: flags.clone(),
                ..Draft::default()
            };
            evidence.put(&mut draft);
            fields::fill(&mut draft, &ticket, &entries);
            let quoted = !entries.is_empty() && entries.iter().all(|entry| entry.depth > 0);
            if quoted && !ticket.prose.is_empty() {
                // Words of his own above, the form in somebody else's mail below: he may have meant anything by it, also "do not".
                draft.ask(
                    "confirmation",
                    "The details stand in a quotation below the sender's own words. Does the sender ask for this?",
                );
            }
            draft
        })
        .collect();
    Reading::Requests(drafts)
}

/// A field of the form with what may be read of its value.
#[derive(Clone, Debug)]
struct Entry {
    label: Option<Label>,
    number: Option<u32>,
    key: Range<usize>,
    /// Without what is hostile.
    value: Range<usize>,
    depth: usize,
    block: usize,
}

/// A ticket taken apart.
struct Ticket<'b> {
    visible: &'b Visible<'b>,
    clock: Clock<'b>,
    entries: Vec<Entry>,
    /// Lines that are no fields, without hostile ones: the newest message's alone.
    prose: Vec<Range<usize>>,
    hostile: Vec<Hostile>,
}

impl<'b> Ticket<'b> {
    fn new(
        visible: &'b Visible<'b>,
        sheet: Sheet,
        hostile: Vec<Hostile>,
        clock: Clock<'b>,
    ) -> Self {
        let text = &visible.text;
        let entries: Vec<Entry> = sheet
            .pairs
            .iter()
            .filter(|pair| !hostile::touches(&hostile, &pair.key))
            .map(|pair| {
                let spared = hostile::spared(&hostile, pair.value.clone());
                let cut = spared.end < pair.value.end;
                let value = lines::trim(text, spared, |c| {
                    c.is_whitespace()
                        || (cut && matches!(c, ',' | ';' | '.' | '-' | '(' | '[' | '"' | '“'))
                });
                Entry {
                    label: pair.found.map(|found| found.label),
                    number: pair.found.and_then(|found| found.number),
                    key: pair.key.clone(),
                    value,
                    depth: pair.depth,
                    block: pair.block,
                }
            })
            .collect();
        let newest = sheet
            .prose
            .iter()
            .map(|prose| prose.depth)
            .chain(entries.iter().map(|entry| entry.depth))
            .min()
            .unwrap_or(0);
        let prose = sheet
            .prose
            .iter()
            .filter(|prose| prose.depth == newest && !hostile::touches(&hostile, &prose.range))
            .map(|prose| prose.range.clone())
            .collect();
        Self {
            visible,
            clock,
            entries,
            prose,
            hostile,
        }
    }

    fn text(&self, range: &Range<usize>) -> &str {
        &self.visible.text[range.clone()]
    }

    fn span(&self, range: &Range<usize>) -> Span {
        self.visible.span(range.clone())
    }

    fn flags(&self, subject: &str) -> Vec<Flag> {
        let mut flags: Vec<Flag> = self
            .hostile
            .iter()
            .map(|hostile| {
                let span = self.span(&hostile.range);
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
        if self.visible.cut > 0 {
            flags.push(Flag {
                why: "is longer than any ticket; its end was not read".to_owned(),
                text: format!("{} bytes", self.visible.cut),
                span: None,
            });
        }
        flags
    }

    /// The fields of each person of the form; fields above or beside all of them count for each.
    fn people(&self) -> Vec<Vec<Entry>> {
        let numbered = self.by_number();
        if numbered.len() > 1 {
            return numbered;
        }
        let blocks = self.by_block();
        if blocks.len() > 1 {
            return blocks;
        }
        vec![self.newest_first(self.entries.clone())]
    }

    /// `Employee 1`, `Employee 2`; rows of a table.
    fn by_number(&self) -> Vec<Vec<Entry>> {
        let newest = self.newest_depth();
        let of_person =
            |entry: &&Entry| entry.depth == newest && entry.label.is_some_and(who::is_identity);
        let mut numbers: BTreeSet<Option<u32>> = self
            .entries
            .iter()
            .filter(of_person)
            .map(|entry| entry.number)
            .collect();
        if numbers.iter().flatten().count() > 1 || !numbers.contains(&Some(1)) {
            // `Employee`, `Employee 2`: the first one is the one without a number.
            if numbers.iter().flatten().count() == 0 || numbers.contains(&Some(1)) {
                numbers.remove(&None);
            }
        }
        if numbers.len() < 2 {
            return Vec::new();
        }
        numbers
            .into_iter()
            .map(|number| {
                self.entries
                    .iter()
                    .filter(|entry| entry.depth == newest)
                    .filter(|entry| {
                        let shared =
                            entry.number.is_none() && !entry.label.is_some_and(who::is_identity);
                        entry.number == number || shared
                    })
                    .cloned()
                    .collect()
            })
            .collect()
    }

    /// The same form filled in again below the first.
    fn by_block(&self) -> Vec<Vec<Entry>> {
        let newest = self.newest_depth();
        let entries: Vec<&Entry> = self
            .entries
            .iter()
            .filter(|entry| entry.depth == newest)
            .collect();
        let Some(anchor) = entries
            .iter()
            .find_map(|entry| entry.label.filter(|label| who::is_identity(*label)))
        else {
            return Vec::new();
        };
        let mut starts: Vec<usize> = Vec::new();
        let mut values: Vec<String> = Vec::new();
        for entry in entries.iter().filter(|entry| entry.label == Some(anchor)) {
            let value = self.text(&entry.value).to_lowercase();
            if values.contains(&value) {
                continue;
            }
            let Some(start) = entries.iter().position(|other| other.block == entry.block) else {
                continue;
            };
            if starts.contains(&start) {
                // Twice in one stretch is a contradiction, not two forms.
                return Vec::new();
            }
            values.push(value);
            starts.push(start);
        }
        if starts.len() < 2 {
            return Vec::new();
        }
        let shared = &entries[..starts[0]];
        let ends = starts[1..].iter().copied().chain([entries.len()]);
        starts
            .iter()
            .zip(ends)
            .map(|(start, end)| {
                shared
                    .iter()
                    .chain(&entries[*start..end])
                    .map(|entry| (*entry).clone())
                    .collect()
            })
            .collect()
    }

    fn newest_depth(&self) -> usize {
        self.entries
            .iter()
            .filter(|entry| entry.label.is_some())
            .map(|entry| entry.depth)
            .min()
            .unwrap_or(0)
    }

    /// Per field, what the newest message says; older ones fill gaps, unless they are about somebody else.
    fn newest_first(&self, entries: Vec<Entry>) -> Vec<Entry> {
        let newest = self.newest_depth();
        let identity = |depth: &dyn Fn(usize) -> bool| -> BTreeSet<String> {
            entries
                .iter()
                .filter(|entry| depth(entry.depth) && entry.label.is_some_and(who::is_identity))
                .map(|entry| self.text(&entry.value).to_lowercase())
                .collect()
        };
        let now = identity(&|depth| depth == newest);
        let older = identity(&|depth| depth > newest);
        let somebody_else = !now.is_empty() && older.iter().any(|value| !now.contains(value));
        let depth_of = |entry: &Entry| {
            entries
                .iter()
                .filter(|other| {
                    other.label == entry.label
                        || (entry.label.is_some_and(who::is_identity)
                            && other.label.is_some_and(who::is_identity))
                })
                .map(|other| other.depth)
                .min()
        };
        entries
            .iter()
            .filter(|entry| {
                entry.depth == newest || (!somebody_else && depth_of(entry) == Some(entry.depth))
            })
            .cloned()
            .collect()
    }
}

/// What tells the kind of the request.
struct Evidence {
    /// Said by a field, a subject or a heading, with its place in the body.
    stated: Vec<(Kind, Option<Span>)>,
    /// Said by the labels that the form has.
    labelled: Vec<(Kind, Span)>,
    /// A request type that is none of ours.
    foreign: Option<String>,
    doubtful: bool,
    question: bool,
}

impl Evidence {
    fn gather(ticket: &Ticket<'_>, subject: &str) -> Self {
        let mut evidence = Self {
            stated: Vec::new(),
            labelled: Vec::new(),
            foreign: None,
            doubtful: false,
            question: false,
        };
        if hostile::in_subject(subject).is_none() {
            evidence.hear(&kind::read(subject), None);
        }
        for line in &ticket.prose {
            let words = ticket.text(line);
            let said = kind::read(words);
            let is_heading = words.split_whitespace().count() <= 6;
            if is_heading {
                evidence.hear(&said, Some(ticket.span(line)));
            }
            evidence.doubtful |= said.doubtful;
        }
        let newest = ticket.newest_depth();
        for entry in ticket.entries.iter().filter(|entry| entry.depth == newest) {
            evidence.hear_entry(ticket, entry);
        }
        if evidence.stated.is_empty() && evidence.labelled.is_empty() {
            // Plain sentences count only when nothing else speaks: enough to ask, never to fill a field.
            for line in &ticket.prose {
                let said = kind::read(ticket.text(line));
                if !said.question {
                    evidence.hear(&said, Some(ticket.span(line)));
                }
            }
        }
        evidence
    }

    fn hear(&mut self, said: &Said, span: Option<Span>) {
        self.doubtful |= said.doubtful;
        self.question |= said.question && span.is_none();
        self.stated
            .extend(said.kinds.iter().map(|kind| (*kind, span.clone())));
    }

    fn hear_entry(&mut self, ticket: &Ticket<'_>, entry: &Entry) {
        let value = ticket.text(&entry.value);
        let said = kind::read(value);
        let Some(label) = entry.label else {
            // `Reason: maternity leave`
            self.doubtful |= said.doubtful;
            return;
        };
        match label {
            Label::Kind | Label::KindMaybe => {
                match said.one() {
                    Some(kind) => self.stated.push((kind, Some(ticket.span(&entry.value)))),
                    None if label == Label::Kind && said.kinds.is_empty() && !value.is_empty() => {
                        self.foreign = Some(value.to_owned());
                    }
                    None => {}
                }
                self.doubtful |= said.doubtful;
            }
            Label::CutOff | Label::LeaveDate => {
                self.labelled
                    .push((Kind::Offboard, ticket.span(&entry.key)));
            }
            Label::StartDate => self.labelled.push((Kind::Onboard, ticket.span(&entry.key))),
            _ => {
                let said = kind::read(ticket.text(&entry.key));
                if let Some(kind) = said.one() {
                    self.labelled.push((kind, ticket.span(&entry.key)));
                }
            }
        }
    }

    /// Why this is no request; nothing when it may be one.
    fn no_request(&self, ticket: &Ticket<'_>) -> Option<String> {
        let has = |wanted: fn(Label) -> bool| {
            ticket.entries.iter().any(|entry| {
                entry.label.is_some_and(wanted) && !ticket.text(&entry.value).is_empty()
            })
        };
        let of_person = has(who::is_identity);
        let of_date = has(moment::is_date);
        if let Some(foreign) = &self.foreign
            && self.stated.is_empty()
            && self.labelled.is_empty()
        {
            return Some(format!(
                "its type is “{foreign}”, which is nobody coming, going or moving"
            ));
        }
        if self.stated.is_empty() && self.labelled.is_empty() && !(of_person && of_date) {
            return Some(
                "neither its subject nor its text says that somebody comes, goes or moves"
                    .to_owned(),
            );
        }
        if self.question && !of_person && !of_date {
            return Some("it asks about the matter and names nobody".to_owned());
        }
        None
    }

    /// The kind, or the question for it.
    fn put(&self, draft: &mut Draft) {
        let mut kinds: Vec<Kind> = self.stated.iter().map(|(kind, _)| *kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let mut labelled: Vec<Kind> = self.labelled.iter().map(|(kind, _)| *kind).collect();
        labelled.sort_unstable();
        labelled.dedup();
        let kind = match (kinds.as_slice(), labelled.as_slice()) {
            ([], [one]) | ([one], []) => Some(*one),
            ([one], labels) if labels.contains(one) || *one == Kind::Transfer => Some(*one),
            _ => None,
        };
        let Some(kind) =
            kind.filter(|_| !self.doubtful && (self.foreign.is_none() || !self.stated.is_empty()))
        else {
            draft.ask("kind", self.question_of_kind());
            return;
        };
        let stated = self
            .stated
            .iter()
            .filter(|(one, _)| *one == kind)
            .map(|(_, span)| span.clone());
        let labelled = self
            .labelled
            .iter()
            .filter(|(one, _)| *one == kind)
            .map(|(_, span)| Some(span.clone()));
        let mut spans: Vec<Option<Span>> = stated.chain(labelled).collect();
        spans.sort_by_key(|span| span.as_ref().map_or(usize::MAX, |span| span.start));
        draft.kind = Some(Cited {
            value: kind,
            span: spans.into_iter().flatten().next(),
        });
    }

    fn question_of_kind(&self) -> String {
        if self.doubtful {
            return "This speaks of an absence, or takes something back. What shall happen: does the person leave, join, move, or stay?".to_owned();
        }
        if let Some(foreign) = &self.foreign {
            return format!(
                "The request type is “{foreign}”. Does the person leave, join, or move?"
            );
        }
        "Does the person leave, join, or move? The ticket does not say it clearly.".to_owned()
    }
}

#[cfg(test)]
mod tests;
