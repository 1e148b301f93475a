//! Says which day a phrase means: counted from the receipt, by the habits of the place, or as a question.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::calendar::Found;
use super::clockwork::{number, place_of, weekday};
use super::items::{Item, Slot};
use super::pattern::Match;
use crate::language::Grammar;
use crate::place::Order;
use crate::when::{self, Clock, Doubt, Point, say};

/// A day count that is far behind any date a ticket is about.
const RECENT_DAYS: i32 = 30;

/// A phrase that names a day, with all that its meaning depends on.
pub(super) struct Reader<'r> {
    pub(super) raw: &'r [Item],
    pub(super) hit: &'r Match,
    pub(super) clock: &'r Clock<'r>,
    pub(super) grammar: &'r Grammar,
    pub(super) said: &'r str,
}

fn certain(day: Date) -> Found {
    Found {
        point: Ok(Point {
            day: Some(day),
            ..Point::default()
        }),
        ..Found::default()
    }
}

fn doubtful(doubt: impl Into<Doubt>) -> Found {
    Found {
        point: Err(doubt.into()),
        ..Found::default()
    }
}

impl Reader<'_> {
    fn word(&self, slot: Slot) -> Option<&str> {
        self.hit
            .slot(slot)
            .map(|range| self.raw[range.start].word.as_str())
    }

    fn number(&self, slot: Slot) -> Option<i32> {
        number(self.word(slot)?, self.grammar)
    }

    fn month(&self) -> Option<i8> {
        place_of(
            self.word(Slot::Month)?,
            &["month", "month-short"],
            self.grammar,
        )
    }

    fn weekday(&self) -> Option<Weekday> {
        weekday(self.word(Slot::Weekday)?, self.grammar)
    }

    fn vague(&self) -> Found {
        doubtful(format!(
            "“{}” is no certain day. Which day is meant?",
            self.said
        ))
    }

    /// What the phrase means; nothing when it is no date after all.
    pub(super) fn read(&self, meaning: &str) -> Option<Found> {
        let today = self.clock.received.date();
        let plus = |days: i64| today.saturating_add(days.days());
        let found = match meaning {
            "today" => certain(today),
            "tomorrow" => certain(plus(1)),
            "after-tomorrow" => certain(plus(2)),
            "yesterday" => Found {
                past: true,
                ..certain(plus(-1))
            },
            "now" => Found {
                point: Ok(Point {
                    now: true,
                    ..Point::default()
                }),
                ..Found::default()
            },
            "end-of-day" => Found {
                point: Ok(Point {
                    end_of_day: true,
                    ..Point::default()
                }),
                ..Found::default()
            },
            "that-day" => Found {
                point: Ok(Point::default()),
                that_day: true,
                ..Found::default()
            },
            "vague" => self.vague(),
            "in-days" => certain(plus(i64::from(self.number(Slot::Number)?))),
            "in-weeks" => certain(plus(7 * i64::from(self.number(Slot::Number)?))),
            "in-months" => certain(today.saturating_add(self.number(Slot::Number)?.months())),
            "date" | "date-year" => self.date()?,
            "numeric" => self.numeric()?,
            _ if meaning.starts_with("weekday") => self.of_week(meaning)?,
            _ => self.of_month(meaning)?,
        };
        Some(found)
    }

    fn of_week(&self, meaning: &str) -> Option<Found> {
        let today = self.clock.received.date();
        let weekday = self.weekday()?;
        let ahead = i64::from(today.weekday().until(weekday));
        let plus = |days: i64| today.saturating_add(days.days());
        let found = match meaning {
            // Said on a Friday, “Friday” is this one or the next.
            "weekday" if ahead == 0 => Found {
                check: Some(format!(
                    "Is “{}” {} or {}?",
                    self.said,
                    say(today),
                    say(plus(7))
                )),
                ..certain(plus(7))
            },
            "weekday" | "weekday-this" => certain(plus(ahead)),
            "weekday-next" => {
                let monday = 7 - i64::from(today.weekday().to_monday_zero_offset());
                let next = plus(monday + i64::from(weekday.to_monday_zero_offset()));
                // Said on a Tuesday, “next Friday” is three or ten days off, depending on who says it.
                let check = (ahead > 0 && next != plus(ahead))
                    .then(|| format!("Is “{}” {} or {}?", self.said, say(plus(ahead)), say(next)));
                Found {
                    check,
                    ..certain(next)
                }
            }
            "weekday-week" => certain(plus(if ahead == 0 { 7 } else { ahead + 7 })),
            "weekday-weeks" => certain(plus(ahead + 7 * i64::from(self.number(Slot::Number)?))),
            "weekday-last" => Found {
                past: true,
                ..certain(plus(if ahead == 0 { -7 } else { ahead - 7 }))
            },
            "weekday-day" => {
                let wanted = self
                    .number(Slot::Day)
                    .or_else(|| self.number(Slot::Ordinal))?;
                let fit = (0..100)
                    .map(plus)
                    .find(|day| i32::from(day.day()) == wanted && day.weekday() == weekday);
                fit.map_or_else(
                    || doubtful(format!("No “{}” is near. Which day is meant?", self.said)),
                    certain,
                )
            }
            _ => return None,
        };
        Some(found)
    }

    fn of_month(&self, meaning: &str) -> Option<Found> {
        let today = self.clock.received.date();
        let first = today.first_of_month();
        let next = first.saturating_add(1.month());
        let month = || -> Option<Date> {
            let month = self.month()?;
            let year = match self.number(Slot::Year) {
                Some(year) => i16::try_from(year).ok()?,
                None if month < today.month() => today.year() + 1,
                None => today.year(),
            };
            Date::new(year, month, 1).ok()
        };
        let on = |first: Date, slot: Slot| -> Option<Date> {
            let day = self.number(slot)?;
            Date::new(first.year(), first.month(), i8::try_from(day).ok()?).ok()
        };
        let to_sunday = 6 - i64::from(today.weekday().to_monday_zero_offset());
        let friday = today.saturating_add((to_sunday - 2).days());
        let found = match meaning {
            "ordinal" => {
                let day = on(first, Slot::Ordinal)
                    .filter(|day| *day >= today)
                    .or_else(|| on(next, Slot::Ordinal));
                certain(day?)
            }
            "ordinal-this-month" => certain(on(first, Slot::Ordinal)?),
            "ordinal-next-month" => certain(on(next, Slot::Ordinal)?),
            "first-this-month" => certain(first),
            "first-next-month" => certain(next),
            "end-month" => certain(first.last_of_month()),
            "end-next-month" => certain(next.last_of_month()),
            "end-of-month" => certain(month()?.last_of_month()),
            "first-of-month" => certain(month()?),
            "end-week" => certain(friday.max(today)),
            "end-next-week" => certain(friday.saturating_add(7.days())),
            "end-year" => certain(Date::new(today.year(), 12, 31).ok()?),
            "month-vague" => {
                // A month alone is no day; from a month on is its first.
                let before = self
                    .hit
                    .range
                    .start
                    .checked_sub(1)
                    .map(|at| self.raw[at].word.as_str());
                if before.is_some_and(|word| self.grammar.is("from", word)) {
                    certain(month()?)
                } else if self.raw[self.hit.range.start].cap {
                    self.vague()
                } else {
                    return None;
                }
            }
            "nth-weekday" => {
                let nth = i8::try_from(self.number(Slot::Ordinal)?).ok()?;
                certain(month()?.nth_weekday_of_month(nth, self.weekday()?).ok()?)
            }
            "last-weekday" => certain(month()?.nth_weekday_of_month(-1, self.weekday()?).ok()?),
            "last-weekday-this-month" => {
                certain(first.nth_weekday_of_month(-1, self.weekday()?).ok()?)
            }
            _ => return None,
        };
        Some(found)
    }

    /// A day and a month, the year said or the one that lies nearest ahead.
    fn date(&self) -> Option<Found> {
        let month = self.month()?;
        let day = i8::try_from(
            self.number(Slot::Day)
                .or_else(|| self.number(Slot::Ordinal))?,
        )
        .ok()?;
        let weekday = self.hit.slot(Slot::Weekday).and_then(|_| self.weekday());
        let wrong = |date: Date| {
            doubtful(format!(
                "{} is no such weekday (“{}”). Which day is meant?",
                say(date),
                self.said
            ))
        };
        if let Some(year) = self.number(Slot::Year) {
            let Ok(date) = Date::new(i16::try_from(year).ok()?, month, day) else {
                return Some(doubtful(format!(
                    "There is no {}. Which day is meant?",
                    self.said
                )));
            };
            return Some(match weekday {
                Some(weekday) if weekday != date.weekday() => wrong(date),
                _ => certain(date),
            });
        }
        let today = self.clock.received.date();
        let years = [today.year(), today.year() + 1, today.year() - 1];
        let dates: Vec<Date> = years
            .into_iter()
            .filter_map(|year| Date::new(year, month, day).ok())
            .collect();
        let distance = |date: &Date| (*date - today).get_days();
        // A day a few weeks back is meant before one that is eleven months ahead.
        let near = dates
            .iter()
            .copied()
            .filter(|date| distance(date) >= -RECENT_DAYS)
            .min_by_key(|date| distance(date));
        let Some(near) = near else {
            return Some(doubtful(format!(
                "There is no {}. Which day is meant?",
                self.said
            )));
        };
        let fits = |date: &Date| weekday.is_none_or(|weekday| weekday == date.weekday());
        Some(if fits(&near) {
            certain(near)
        } else {
            wrong(near)
        })
    }

    fn numeric(&self) -> Option<Found> {
        let word = self.word(Slot::Numeric)?;
        let weekday = self.hit.slot(Slot::Weekday).and_then(|_| self.weekday());
        let today = self.clock.received.date();
        let mut dates = match when::in_numbers(word) {
            Some(dates) => dates,
            None => {
                // `5/4`: the year is the one that makes it next.
                let (first, second) = word.split_once('/')?;
                let (first, second) = (first.parse().ok()?, second.parse().ok()?);
                let near = |day: i8, month: i8| {
                    [today.year(), today.year() + 1]
                        .into_iter()
                        .filter_map(|year| Date::new(year, month, day).ok())
                        .find(|date| *date >= today)
                };
                let mut both: Vec<Date> = near(first, second)
                    .into_iter()
                    .chain(near(second, first))
                    .collect();
                both.dedup();
                both
            }
        };
        if let Some(weekday) = weekday {
            dates.retain(|date| date.weekday() == weekday);
        }
        Some(match dates.as_slice() {
            [] => doubtful(format!(
                "“{}” is no day that there is. Which day is meant?",
                self.said
            )),
            [one] => certain(*one),
            [day_first, month_first, ..] => match self.clock.place.order {
                Some(Order::DayFirst) => certain(*day_first),
                Some(Order::MonthFirst) => certain(*month_first),
                None => doubtful(format!(
                    "Is “{}” {} or {}?",
                    self.said,
                    say(*day_first),
                    say(*month_first)
                )),
            },
        })
    }
}
