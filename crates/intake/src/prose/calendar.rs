//! Finds dates and times in sentences and says which day they are, counted from the receipt of the ticket.

use super::clockwork::{time, zone};
use super::items::Item;
use super::meaning::Reader;
use super::pattern::Match;
use crate::language::Grammar;
use crate::when::{Clock, Doubt, Point};

/// A date or time in a sentence.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// What it says, or why that is uncertain.
    pub(crate) point: Result<Point, Doubt>,
    /// Speaks of the day that was named before.
    pub(crate) that_day: bool,
    /// Lies behind by its wording: `last Thursday`.
    pub(crate) past: bool,
    /// The likely reading stands in `point`; this has to be asked before it counts.
    pub(crate) check: Option<Doubt>,
}

impl Default for Found {
    fn default() -> Self {
        Self {
            point: Ok(Point::default()),
            that_day: false,
            past: false,
            check: None,
        }
    }
}

/// The date or time that begins at this item, and how many items it takes.
pub(crate) fn scan(
    text: &str,
    raw: &[Item],
    at: usize,
    clock: &Clock<'_>,
    grammar: &Grammar,
) -> Option<(Found, usize)> {
    if let Some((time, after)) = time(raw, at, grammar) {
        let zone_end = zone(raw, after).map_or(after, |(_, end)| end);
        let joint = zone_end
            + usize::from(
                raw.get(zone_end)
                    .is_some_and(|item| grammar.is("date-joint", &item.word)),
            );
        let (mut found, end) = match day(text, raw, joint, clock, grammar) {
            Some((found, end)) => (found, end),
            None => (
                Found {
                    point: Ok(Point::default()),
                    ..Found::default()
                },
                zone_end,
            ),
        };
        if let Ok(point) = &mut found.point {
            point.time = Some(time);
            point.zone = zone(raw, after).map(|(zone, _)| zone);
        }
        return Some((found, end - at));
    }
    let (mut found, mut end) = day(text, raw, at, clock, grammar)?;
    let joint = end
        + usize::from(
            raw.get(end)
                .is_some_and(|item| grammar.is("time-joint", &item.word)),
        );
    if let Ok(point) = &mut found.point {
        if let Some((time, after)) = time(raw, joint, grammar) {
            point.time = Some(time);
            end = after;
            if let Some((zone, after)) = zone(raw, end) {
                point.zone = Some(zone);
                end = after;
            }
        } else if point.day.is_none() && point.end_of_day {
            // `end of day on Friday`
            if let Some((
                Found {
                    point: Ok(day),
                    that_day,
                    past,
                    check,
                },
                after,
            )) = day_after(text, raw, joint, clock, grammar)
            {
                point.day = day.day;
                found.that_day |= that_day;
                found.past |= past;
                found.check = check;
                end = after;
            }
        }
    }
    Some((found, end - at))
}

fn day_after(
    text: &str,
    raw: &[Item],
    at: usize,
    clock: &Clock<'_>,
    grammar: &Grammar,
) -> Option<(Found, usize)> {
    let at = at
        + usize::from(
            raw.get(at)
                .is_some_and(|item| grammar.is("date-joint", &item.word)),
        );
    day(text, raw, at, clock, grammar)
}

/// The longest phrase that names a day here.
fn day(
    text: &str,
    raw: &[Item],
    at: usize,
    clock: &Clock<'_>,
    grammar: &Grammar,
) -> Option<(Found, usize)> {
    let mut best: Option<(&str, Match)> = None;
    for named in &grammar.dates {
        if let Some(hit) = named.pattern.at(raw, at, grammar)
            && best
                .as_ref()
                .is_none_or(|(_, known)| hit.range.end > known.range.end)
        {
            best = Some((named.name, hit));
        }
    }
    let (meaning, hit) = best?;
    let end = hit.range.end;
    let said = text.get(raw[at].range.start..raw[end - 1].range.end)?;
    let reader = Reader {
        raw,
        hit: &hit,
        clock,
        grammar,
        said,
    };
    reader.read(meaning).map(|found| (found, end))
}
