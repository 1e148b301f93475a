//! Makes drafts of what the messages say: who is meant, what for, when; and asks where they leave it open.

use std::ops::Range;

use domain::request::{Cited, Kind, Span};
use serde_json::Value as Json;

use super::moment;
use super::people::Who;
use super::said::{OTHERS, Said, Value};
use super::story::{Event, Scene, Sign, Telling};
use crate::draft::{Draft, Flag, Reading};
use crate::person;
use crate::visible::Visible;

/// Fields that hold several values, one on a line.
const LISTS: &[&str] = &["licences", "groups", "shared-mailboxes"];

/// Everything that is known of a ticket.
pub(super) struct Decision<'d> {
    pub(super) scene: &'d Scene<'d>,
    pub(super) visible: &'d Visible<'d>,
    pub(super) body_end: usize,
    /// The newest first; the subject last.
    pub(super) tellings: &'d [Telling],
    pub(super) flags: Vec<Flag>,
}

/// What shall happen to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Wish(Kind),
    Open,
    Nothing,
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

    /// What is to happen to a person, and where it is said.
    fn verdict(&self, at: usize, person: Option<usize>, of: usize) -> (Verdict, Option<Span>) {
        let subject = self.tellings.len() - 1;
        let own = |events: &[Event]| -> Vec<Event> {
            let named: Vec<Event> = events
                .iter()
                .filter(|event| event.person == person)
                .cloned()
                .collect();
            let wishes = named
                .iter()
                .any(|event| matches!(event.sign, Sign::Kind(_)));
            let general = events.iter().filter(|event| {
                event.person.is_none()
                    && person.is_some()
                    && (!wishes || event.sign == Sign::Nothing)
            });
            let general: Vec<Event> = general.cloned().collect();
            named.into_iter().chain(general).collect()
        };
        let mut events = own(&self.tellings[at].events);
        if at != subject
            && (of == 1
                || !events
                    .iter()
                    .any(|event| matches!(event.sign, Sign::Kind(_))))
        {
            events.extend(own(&self.tellings[subject].events));
        }
        let strongest = |sign: Sign| {
            events
                .iter()
                .filter(|event| event.sign == sign)
                .map(|event| event.strength)
                .max()
                .unwrap_or(0)
        };
        let older = || {
            self.tellings[at + 1..]
                .iter()
                .flat_map(|telling| own(&telling.events))
        };
        // On equal strength, who leaves the company is not moved within it.
        let order = [Kind::Onboard, Kind::Transfer, Kind::Offboard];
        let mut best = order
            .into_iter()
            .max_by_key(|kind| strongest(Sign::Kind(*kind)))
            .unwrap_or(Kind::Offboard);
        let mut strength = strongest(Sign::Kind(best));
        if strength > 0
            && strongest(Sign::Kind(Kind::Onboard)) == strongest(Sign::Kind(Kind::Offboard))
            && strength == strongest(Sign::Kind(Kind::Onboard))
        {
            // Both comes and goes: what older messages say decides, else nobody knows.
            match order
                .into_iter()
                .filter(|kind| *kind != Kind::Transfer)
                .find(|kind| older().any(|event| event.sign == Sign::Kind(*kind)))
            {
                Some(kind) => best = kind,
                None => return (Verdict::Open, None),
            }
        }
        let span = self.event_span(&events, best);
        let stay = strongest(Sign::Stay);
        if stay > 0 && (stay >= strength || stay == 3) && !(stay == 1 && strength > 1) {
            return (Verdict::Nothing, None);
        }
        if strongest(Sign::Undecided) > 0 && strength < 3 {
            return (Verdict::Open, None);
        }
        if strongest(Sign::Nothing) > 0 && strength < 3 {
            return (Verdict::Nothing, None);
        }
        if strength == 1 {
            let dated = self.tellings[at]
                .dates
                .iter()
                .any(|dated| dated.cue != "ignore");
            strength = if dated { 2 } else { 0 };
        }
        if strength == 0 {
            return (Verdict::Nothing, None);
        }
        (Verdict::Wish(best), span)
    }

    fn event_span(&self, events: &[Event], kind: Kind) -> Option<Span> {
        let event = events
            .iter()
            .filter(|event| event.sign == Sign::Kind(kind))
            .max_by_key(|event| event.strength)?;
        self.span(&event.range)
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
    fn span(&self, range: &Range<usize>) -> Option<Span> {
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

    /// Fills in what a message says and newer ones did not.
    fn fields(
        &self,
        draft: &mut Draft,
        telling: &Telling,
        person: Option<usize>,
        kind: Option<Kind>,
        alone: bool,
    ) {
        let mut said: Vec<&Said> = telling
            .said
            .iter()
            .filter(|said| {
                said.person == person
                    || (said.person.is_none()
                        && (alone || telling.subjects.len() > 1 || telling.subjects.is_empty()))
            })
            .filter(|said| said.only.is_none() || said.only == kind || kind.is_none())
            .filter(|said| said.field != "licences" || kind != Some(Kind::Offboard))
            .filter(|said| {
                !matches!(said.field, "groups" | "shared-mailboxes") || kind != Some(Kind::Offboard)
            })
            .collect();
        said.sort_by_key(|said| said.rank);
        let before: Vec<String> = draft.fields.keys().cloned().collect();
        let old: Vec<Range<usize>> = said
            .iter()
            .filter(|said| said.field == "old-place")
            .map(|said| said.range.clone())
            .collect();
        for one in said {
            let left = matches!(one.field, "department" | "office")
                && old
                    .iter()
                    .any(|old| old.start < one.range.end && one.range.start < old.end);
            if matches!(one.field, "ignore" | "old-place")
                || left
                || before.iter().any(|known| known == one.field)
            {
                continue;
            }
            if one.field == "address" {
                self.address(draft, one);
            } else if LISTS.contains(&one.field) {
                self.list(draft, one);
            } else if !draft.fields.contains_key(one.field)
                && let Some(value) = self.value(one, telling, person)
            {
                draft.fields.insert(one.field.to_owned(), value);
            }
        }
    }

    fn address(&self, draft: &mut Draft, said: &Said) {
        let text = self.text(&said.range);
        if draft.person.address.is_none() && text.contains('@') {
            draft.person.address = Some(Cited {
                value: text.to_lowercase(),
                span: self.span(&said.range),
            });
        }
    }

    fn list(&self, draft: &mut Draft, said: &Said) {
        let Value::List(stretches) = &said.value else {
            return;
        };
        for stretch in stretches {
            let value = self.text(stretch);
            let entry = draft
                .fields
                .entry(said.field.to_owned())
                .or_insert_with(|| Cited {
                    value: String::new(),
                    span: self.span(&said.range),
                });
            if entry
                .value
                .lines()
                .any(|line| line.eq_ignore_ascii_case(&value))
            {
                continue;
            }
            if !entry.value.is_empty() {
                entry.value.push('\n');
            }
            entry.value.push_str(&value);
        }
    }

    fn text(&self, range: &Range<usize>) -> String {
        self.scene.text[range.clone()]
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The value as it is kept; an empty one stands for a refusal, so that older messages do not fill it.
    fn value(
        &self,
        said: &Said,
        telling: &Telling,
        person: Option<usize>,
    ) -> Option<Cited<String>> {
        let value = match &said.value {
            Value::Refused => String::new(),
            Value::Fixed(value) => (*value).to_owned(),
            Value::Text | Value::List(_) => self.text(&said.range),
            Value::Who(Who::Manager) if said.field != "manager" => "manager".to_owned(),
            Value::Who(Who::Me) => {
                let writer = telling.writer.filter(|writer| Some(*writer) != person)?;
                self.scene.people.all[writer].name.clone()
            }
            Value::Who(Who::Person(other)) if Some(*other) != person => {
                let text = self.text(&said.range);
                if text.contains('@') {
                    text
                } else {
                    self.scene.people.all[*other].name.clone()
                }
            }
            Value::Who(_) => return None,
        };
        if OTHERS.contains(&said.field) && value.is_empty() && said.field == "manager" {
            return None;
        }
        Some(Cited {
            value,
            span: self.span(&said.range),
        })
    }
}
