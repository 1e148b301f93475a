//! Finds out when it shall happen from all fields that say so, and asks when they disagree.

use std::ops::Range;

use domain::request::{Cited, Kind, When};

use super::{Entry, Ticket};
use crate::draft::Draft;
use crate::labels::Label;
use crate::person;
use crate::prose;
use crate::when::{self, Point, say};

/// Whether a field says when.
pub(super) fn is_date(label: Label) -> bool {
    matches!(
        label,
        Label::CutOff
            | Label::LeaveDate
            | Label::StartDate
            | Label::EffectiveDate
            | Label::EndDate
            | Label::ContractEnd
    )
}

/// The fields that say when, the decisive ones first.
fn ranks(kind: Option<Kind>) -> &'static [&'static [Label]] {
    match kind {
        Some(Kind::Onboard) => &[&[Label::StartDate, Label::EffectiveDate]],
        Some(Kind::Transfer) => &[&[Label::EffectiveDate, Label::StartDate]],
        // The stated end of access goes before the last day.
        _ => &[
            &[Label::CutOff],
            &[
                Label::LeaveDate,
                Label::EffectiveDate,
                Label::EndDate,
                Label::ContractEnd,
            ],
        ],
    }
}

/// Reads the moment; says which fields were used for it.
pub(super) fn fill(draft: &mut Draft, ticket: &Ticket<'_>, entries: &[Entry]) -> Vec<Label> {
    let kind = draft.kind.as_ref().map(|kind| kind.value);
    let stated = |labels: &[Label]| -> Vec<&Entry> {
        entries
            .iter()
            .filter(|entry| entry.label.is_some_and(|label| labels.contains(&label)))
            .filter(|entry| !person::is_unknown(ticket.text(&entry.value)))
            .collect()
    };
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for labels in ranks(kind) {
        ranges = stated(labels)
            .iter()
            .map(|entry| entry.value.clone())
            .collect();
        if !ranges.is_empty() {
            break;
        }
    }
    if ranges.is_empty() {
        ranges.extend(at_once(ticket));
    }
    let mut doubts = Vec::new();
    let (time, zone) = (
        time(ticket, entries, &mut doubts),
        zone(ticket, entries, &mut doubts),
    );
    let mut moments: Vec<Cited<When>> = Vec::new();
    for range in &ranges {
        let read = date(ticket.text(range), ticket).and_then(|mut point| {
            complete(&mut point, time.as_ref(), zone.clone())?;
            when::resolve(&point, &ticket.clock)
        });
        match read {
            Ok(value) => moments.push(Cited {
                value,
                span: Some(ticket.span(range)),
            }),
            Err(doubt) => doubts.push(doubt),
        }
    }
    if doubts.is_empty() {
        settle(draft, ticket, moments);
    }
    for doubt in doubts {
        draft.ask("when", doubt);
    }
    ranks(kind).concat()
}

/// Reads the value of a date: as written out, else in words that count from the receipt.
pub(super) fn date(value: &str, ticket: &Ticket<'_>) -> Result<Point, String> {
    when::read(value, &ticket.clock).or_else(|doubt| match prose::date_in(value, &ticket.clock) {
        Some(Ok(point)) => Ok(point),
        Some(Err(better)) => Err(better),
        None => Err(doubt),
    })
}

/// `Effective immediately`, on a line of its own.
fn at_once(ticket: &Ticket<'_>) -> Option<Range<usize>> {
    ticket
        .prose
        .iter()
        .find(|line| {
            ticket.text(line).split_whitespace().count() <= 4
                && when::read(ticket.text(line), &ticket.clock)
                    .is_ok_and(|point| point.now && point.day.is_none())
        })
        .cloned()
}

fn time(ticket: &Ticket<'_>, entries: &[Entry], doubts: &mut Vec<String>) -> Option<Point> {
    let mut found: Option<Point> = None;
    for entry in entries
        .iter()
        .filter(|entry| entry.label == Some(Label::Time))
    {
        let value = ticket.text(&entry.value);
        if person::is_unknown(value) || person::is_none(value) {
            continue;
        }
        match when::read(value, &ticket.clock) {
            Ok(point) if point.now || point.time.is_some() || point.end_of_day => {
                let differs = found.as_ref().is_some_and(|known| known.time != point.time);
                if differs {
                    doubts.push("The form gives two times. Which one is right?".to_owned());
                }
                found = Some(point);
            }
            _ => doubts.push(format!("“{value}” is no time of day. Which time is meant?")),
        }
    }
    found
}

fn zone(ticket: &Ticket<'_>, entries: &[Entry], doubts: &mut Vec<String>) -> Option<when::Zone> {
    let entry = entries
        .iter()
        .find(|entry| entry.label == Some(Label::Zone))?;
    let value = ticket.text(&entry.value);
    let found = when::zone(value);
    if found.is_none() && !person::is_unknown(value) {
        doubts.push(format!("“{value}” is no time zone. Which one is meant?"));
    }
    found
}

/// Adds the time and the zone that stand in fields of their own.
fn complete(
    point: &mut Point,
    time: Option<&Point>,
    zone: Option<when::Zone>,
) -> Result<(), String> {
    if let Some(time) = time {
        match (point.time, time.time) {
            (Some(known), Some(more)) if known != more => {
                return Err(format!(
                    "The date says {}, the time says {}. Which one is right?",
                    known.strftime("%H:%M"),
                    more.strftime("%H:%M")
                ));
            }
            _ => point.time = point.time.or(time.time),
        }
        point.now |= time.now;
        point.zone = point.zone.clone().or_else(|| time.zone.clone());
    }
    point.zone = point.zone.clone().or(zone);
    Ok(())
}

/// One moment, or the question which one.
fn settle(draft: &mut Draft, ticket: &Ticket<'_>, moments: Vec<Cited<When>>) {
    let zone = &ticket.clock.place.zone;
    let day = |when: &When| match when {
        When::Now => ticket.clock.received.date(),
        When::On(day) => *day,
        When::At(instant) => instant.to_zoned(zone.clone()).date(),
    };
    let mut best: Option<Cited<When>> = None;
    for moment in moments {
        let Some(known) = &best else {
            best = Some(moment);
            continue;
        };
        match (&known.value, &moment.value) {
            (known, new) if known == new => {}
            // A day and a moment on that day agree; the moment says more.
            (When::On(_), new) if day(new) == day(&known.value) => best = Some(moment),
            (known, When::On(_)) if day(known) == day(&moment.value) => {}
            _ => {
                let question = format!(
                    "The form gives different times: {} and {}. Which one is right?",
                    phrase(&known.value, zone),
                    phrase(&moment.value, zone)
                );
                draft.ask("when", question);
                return;
            }
        }
    }
    match best {
        Some(when) => draft.when = Some(when),
        None => draft.ask("when", question(draft.kind.as_ref().map(|kind| kind.value))),
    }
}

fn question(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::Onboard) => "What is the first day?",
        Some(Kind::Transfer) => "From which day on?",
        Some(Kind::Offboard) => {
            "What is the last working day, and is there a time at which access must end?"
        }
        _ => "When shall it happen?",
    }
}

fn phrase(when: &When, zone: &jiff::tz::TimeZone) -> String {
    match when {
        When::Now => "immediately".to_owned(),
        When::On(day) => say(*day),
        When::At(instant) => instant
            .to_zoned(zone.clone())
            .strftime("%-d %B %Y %H:%M %Z")
            .to_string(),
    }
}
