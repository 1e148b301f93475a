//! Finds out when it shall happen from all dates that a thread gives, and asks when they disagree.

use std::ops::Range;

use domain::request::{Cited, Kind, Span, When};

use super::story::{Dated, Scene, Telling};
use crate::draft::Draft;
use crate::when::{self, say};

/// What a date may be said to be, the decisive first.
fn ranks(kind: Option<Kind>) -> &'static [&'static str] {
    match kind {
        Some(Kind::Onboard) => &["start", "when", "move", "free"],
        Some(Kind::Transfer) => &["move", "start", "when", "free"],
        Some(Kind::Offboard) => &["cutoff", "end", "when", "contract-end", "free"],
        _ => &["start", "end", "move", "cutoff", "when", "free"],
    }
}

/// Fills in the moment, and the end of the contract.
pub(super) fn fill(
    draft: &mut Draft,
    scene: &Scene<'_>,
    tellings: &[&Telling],
    person: Option<usize>,
    span: &dyn Fn(&Range<usize>) -> Option<Span>,
) {
    let kind = draft.kind.as_ref().map(|kind| kind.value);
    let mine = |telling: &Telling| -> Vec<Dated> {
        telling
            .dates
            .iter()
            .filter(|dated| dated.person == person || dated.person.is_none())
            .filter(|dated| dated.cue != "ignore")
            .cloned()
            .collect()
    };
    for telling in tellings {
        let dates = mine(telling);
        if settle(draft, scene, &dates, kind, span) {
            break;
        }
    }
    if draft.when.is_none() && !draft.asks.iter().any(|ask| ask.field == "when") {
        draft.ask("when", question(kind));
    }
    if kind != Some(Kind::Offboard) {
        for telling in tellings {
            let ends = mine(telling)
                .into_iter()
                .filter(|dated| dated.cue == "contract-end");
            let begin = draft.when.as_ref().and_then(|when| match &when.value {
                When::On(day) => Some(*day),
                When::At(instant) => Some(instant.to_zoned(scene.clock.place.zone.clone()).date()),
                When::Now => None,
            });
            let days: Vec<(jiff::civil::Date, Range<usize>)> = ends
                .filter_map(|dated| Some((dated.point.ok()?.day?, dated.range)))
                .filter(|(day, _)| begin.is_none_or(|begin| begin < *day))
                .collect();
            if let Some((day, range)) = days.first() {
                if days.iter().any(|(other, _)| other != day) {
                    draft.ask(
                        "contract-end",
                        "The ticket gives different ends of the contract. Which one is right?",
                    );
                } else {
                    draft.fields.insert(
                        "contract-end".to_owned(),
                        Cited {
                            value: day.to_string(),
                            span: span(range),
                        },
                    );
                }
                break;
            }
        }
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

/// Takes the decisive date of one message; says whether it had any.
fn settle(
    draft: &mut Draft,
    scene: &Scene<'_>,
    dates: &[Dated],
    kind: Option<Kind>,
    span: &dyn Fn(&Range<usize>) -> Option<Span>,
) -> bool {
    let is_now = |dated: &&Dated| matches!(&dated.point, Ok(point) if point.now);
    let cut_now = dates
        .iter()
        .find(|dated| is_now(dated) && dated.cue == "cutoff");
    if let Some(dated) = cut_now.filter(|_| kind == Some(Kind::Offboard)) {
        draft.when = Some(Cited {
            value: When::Now,
            span: span(&dated.range),
        });
        return true;
    }
    let days: Vec<&Dated> = dates
        .iter()
        .filter(|dated| !is_now(dated) && !matches!(&dated.point, Ok(point) if point.day.is_none()))
        .collect();
    let today = scene.clock.received.date();
    let all_behind = days
        .iter()
        .all(|dated| matches!(&dated.point, Ok(point) if point.day.is_some_and(|day| day < today)));
    if let Some(dated) = dates.iter().find(is_now)
        && kind == Some(Kind::Offboard)
        && all_behind
    {
        // The last day is over, and the access is still there.
        draft.when = Some(Cited {
            value: When::Now,
            span: span(&dated.range),
        });
        return true;
    }
    for cue in ranks(kind) {
        let fitting: Vec<&Dated> = days
            .iter()
            .copied()
            .filter(|dated| {
                dated.cue == *cue && (*cue != "free" || dated.beside || days.len() == 1)
            })
            .collect();
        if !fitting.is_empty() {
            agree(draft, scene, &fitting, span);
            return true;
        }
    }
    if let Some(dated) = dates.iter().find(is_now) {
        draft.when = Some(Cited {
            value: When::Now,
            span: span(&dated.range),
        });
        return true;
    }
    false
}

/// One moment, or the question which.
fn agree(
    draft: &mut Draft,
    scene: &Scene<'_>,
    dates: &[&Dated],
    span: &dyn Fn(&Range<usize>) -> Option<Span>,
) {
    let mut best: Option<(jiff::civil::Date, &Dated)> = None;
    for dated in dates {
        let point = match &dated.point {
            Ok(point) => point,
            Err(doubt) => {
                draft.ask("when", doubt.clone());
                continue;
            }
        };
        let Some(day) = point.day else { continue };
        match &best {
            Some((known, _)) if *known != day => {
                draft.ask(
                    "when",
                    format!(
                        "The ticket gives different days: {} and {}. Which one is right?",
                        say(*known),
                        say(day)
                    ),
                );
                return;
            }
            Some((_, other)) if other.point.as_ref().is_ok_and(|other| other.time.is_some()) => {}
            _ => best = Some((day, dated)),
        }
    }
    let Some((_, dated)) = best else { return };
    let Ok(point) = &dated.point else { return };
    match when::resolve(point, scene.clock) {
        Ok(value) => {
            draft.when = Some(Cited {
                value,
                span: span(&dated.range),
            })
        }
        Err(doubt) => draft.ask("when", doubt),
    }
    if let Some(check) = &dated.check {
        draft.ask("when", check.clone());
    }
}
