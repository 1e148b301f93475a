//! Makes drafts of what the messages say: who is meant, what for, when; and asks where they leave it open.

use std::ops::Range;

use domain::request::{Cited, Kind, Span};
use serde_json::Value as Json;

use super::moment;
use super::people::Who;
use super::said::Value;
use super::story::{Scene, Sign, Telling};
use super::verdict::Verdict;
use crate::draft::{Draft, Flag, Reading};
use crate::person;
use crate::visible::Visible;

/// Everything that is known of a ticket.
pub(super) struct Decision<'d> {
    pub(super) scene: &'d Scene<'d>,
    pub(super) visible: &'d Visible<'d>,
    pub(super) body_end: usize,
    /// The newest first; the subject last.
    pub(super) tellings: &'d [Telling],
    pub(super) flags: Vec<Flag>,
    /// The address of whoever sent the newest.
    pub(super) sender: Option<&'d str>,
}

/// The newest message that says what shall happen.
fn deciding(tellings: &[Telling]) -> usize {
    let last = tellings.len() - 1;
    (0..last)
        .find(|at| {
            tellings[*at].events.iter().any(|event| {
                event.strength > 1 || event.person.is_some() || event.sign == Sign::Stay
            })
        })
        .unwrap_or(0)
}

/// Everybody of whom the deciding message or the subject says something.
pub(super) fn people(tellings: &[Telling]) -> Vec<usize> {
    let subject = &tellings[tellings.len() - 1];
    let mut people: Vec<usize> = Vec::new();
    for event in tellings[deciding(tellings)]
        .events
        .iter()
        .chain(&subject.events)
    {
        if let Some(person) = event.person
            && !people.contains(&person)
        {
            people.push(person);
        }
    }
    people
}

impl Decision<'_> {
    pub(super) fn reading(self) -> Reading {
        let at = deciding(self.tellings);
        let mut people = people(self.tellings);
        let mut wishes: Vec<(Option<usize>, Verdict, Option<Span>)> = Vec::new();
        if people.is_empty() {
            people.extend(self.only_one(at));
        }
        for person in &people {
            let (verdict, span) = self.verdict(at, Some(*person), people.len());
            wishes.push((Some(*person), verdict, span));
        }
        if people.is_empty() {
            let (verdict, span) = self.verdict(at, None, 1);
            wishes.push((None, verdict, span));
        }
        let asks = self.tellings.get(at).is_some_and(|telling| telling.asks);
        wishes.retain(|(person, verdict, _)| {
            let named = person.is_some_and(|person| self.scene.people.all[person].full);
            *verdict != Verdict::Nothing && (named || !asks)
        });
        self.drop_shadows(&mut wishes);
        if wishes.is_empty() {
            return Reading::NoRequest {
                because: "nothing in it asks that somebody comes, goes or moves".to_owned(),
                flags: self.flags,
            };
        }
        let alone = wishes.len() == 1;
        let drafts = wishes
            .into_iter()
            .map(|(person, verdict, span)| self.draft(at, person, verdict, span, alone))
            .collect();
        Reading::Requests(drafts)
    }

    /// Whom a message means that names nobody beside what it asks for.
    fn only_one(&self, at: usize) -> Option<usize> {
        let telling = &self.tellings[at];
        if telling.focus.is_some() {
            return telling.focus;
        }
        let others: Vec<usize> = telling
            .said
            .iter()
            .filter_map(|said| match said.value {
                Value::Who(Who::Person(person)) => Some(person),
                _ => None,
            })
            .collect();
        let mut able = self
            .scene
            .people
            .all
            .iter()
            .enumerate()
            .filter(|(index, person)| {
                Some(*index) != telling.writer
                    && !others.contains(index)
                    && person.range.start < self.body_end
            });
        let by_address = able.clone().find(|(_, person)| person.address.is_some());
        let first = able
            .clone()
            .find(|(_, person)| person.full)
            .or_else(|| able.next());
        by_address.or(first).map(|(index, _)| index)
    }

    /// A lone name beside a full one that wishes the same is somebody who is only spoken of.
    fn drop_shadows(&self, wishes: &mut Vec<(Option<usize>, Verdict, Option<Span>)>) {
        let full = |person: &Option<usize>| {
            person.is_some_and(|person| self.scene.people.all[person].full)
        };
        if wishes
            .iter()
            .any(|(person, verdict, _)| full(person) && matches!(verdict, Verdict::Wish(_)))
        {
            wishes.retain(|(person, verdict, _)| {
                full(person)
                    || (person.is_some()
                        && !matches!(verdict, Verdict::Open)
                        && self.scene.people.all[person.unwrap_or(0)].address.is_some())
            });
        }
    }

    /// Where a stretch stands in the body; nothing when it stands in the subject.
    pub(super) fn span(&self, range: &Range<usize>) -> Option<Span> {
        (range.end <= self.body_end).then(|| self.visible.span(range.clone()))
    }

    fn draft(
        &self,
        at: usize,
        person: Option<usize>,
        verdict: Verdict,
        span: Option<Span>,
        alone: bool,
    ) -> Draft {
        let mut draft = Draft {
            flags: self.flags.clone(),
            ..Draft::default()
        };
        match verdict {
            Verdict::Wish(kind) => draft.kind = Some(Cited { value: kind, span }),
            _ => draft.ask("kind", "The ticket leaves open what shall happen. Does the person leave, join, move, or stay?"),
        }
        self.person(&mut draft, person);
        let kind = draft.kind.as_ref().map(|kind| kind.value);
        let tellings: Vec<&Telling> = self.heard_for(at, person);
        for telling in &tellings {
            self.fields(&mut draft, telling, person, kind, alone);
        }
        draft.fields.retain(|_, value| !value.value.is_empty());
        moment::fill(&mut draft, self.scene, &tellings, person, &|range| {
            self.span(range)
        });
        if kind == Some(Kind::Offboard) && draft.field("keep-mailbox") == Some("true") {
            draft
                .switches
                .insert("ConvertToShared".to_owned(), Json::Bool(true));
        }
        if at > 0 && at + 1 < self.tellings.len() && !self.tellings[0].agrees {
            draft.ask(
                "confirmation",
                "The details stand in a quotation below the sender's own words. Does the sender ask for this?",
            );
        }
        draft
    }

    /// The messages that speak of a person, the newest first.
    fn heard_for(&self, at: usize, person: Option<usize>) -> Vec<&Telling> {
        let last = self.tellings.len() - 1;
        self.tellings
            .iter()
            .enumerate()
            .filter(|(index, telling)| {
                *index <= at
                    || *index == last
                    || person.is_some_and(|person| telling.subjects.contains(&person))
            })
            .map(|(_, telling)| telling)
            .collect()
    }

    fn person(&self, draft: &mut Draft, person: Option<usize>) {
        let Some(known) = person.map(|person| &self.scene.people.all[person]) else {
            draft.ask(
                "person",
                "Who is meant? Please give the sign-in name, or the full name.",
            );
            return;
        };
        let span = self.span(&known.range);
        draft.person.name = Some(Cited {
            value: known.name.clone(),
            span: span.clone(),
        });
        if let Some((address, range)) = &known.address {
            draft.person.address = Some(Cited {
                value: address.clone(),
                span: self.span(range),
            });
        }
        if let Some((given, family)) = person::parts(&known.name)
            && draft
                .kind
                .as_ref()
                .is_some_and(|kind| kind.value == Kind::Onboard)
        {
            draft.fields.insert(
                "given-name".to_owned(),
                Cited {
                    value: given,
                    span: span.clone(),
                },
            );
            draft.fields.insert(
                "family-name".to_owned(),
                Cited {
                    value: family,
                    span,
                },
            );
        }
        if !known.full && known.address.is_none() {
            draft.ask(
                "person",
                format!(
                    "Who is “{}”? Please give the sign-in name, or the full name.",
                    known.name
                ),
            );
        }
    }
}
