//! The parts of dates and times: numbers in digits and words, months, weekdays, times of day, zones.

use jiff::civil::{Time, Weekday};

use super::items::{Item, Slot, What};
use crate::language::Grammar;
use crate::when;

/// The place of a word in lists that run side by side, from 1.
pub(super) fn place_of(word: &str, classes: &[&str], grammar: &Grammar) -> Option<i8> {
    classes.iter().find_map(|class| {
        let at = grammar.entries(class).position(|entry| entry == word)?;
        i8::try_from(at + 1).ok()
    })
}

pub(super) fn weekday(word: &str, grammar: &Grammar) -> Option<Weekday> {
    let place = place_of(word, &["weekday", "weekday-short"], grammar)?;
    Weekday::from_monday_one_offset(place).ok()
}

/// A number in digits or in words, also `14th`.
pub(super) fn number(word: &str, grammar: &Grammar) -> Option<i32> {
    if let Ok(number) = word.parse() {
        return Some(number);
    }
    if let Some(number) = place_of(word, &["number", "ordinal"], grammar) {
        return Some(number.into());
    }
    if grammar.is("one", word) {
        return Some(1);
    }
    let digits = word.trim_end_matches(|c: char| !c.is_ascii_digit());
    let ending = &word[digits.len()..];
    (grammar.is("ordinal-ending", ending)).then(|| digits.parse().ok())?
}

/// Where a part of a date ends that begins here.
pub(crate) fn slot_end(slot: Slot, items: &[Item], at: usize, grammar: &Grammar) -> Option<usize> {
    let item = items.get(at)?;
    let word = item.word.as_str();
    let digits = |most: usize| word.len() <= most && word.bytes().all(|byte| byte.is_ascii_digit());
    let fits = match slot {
        Slot::Number => {
            (digits(3) && matches!(item.what, What::Number))
                || place_of(word, &["number"], grammar).is_some()
                || grammar.is("one", word)
        }
        Slot::Day => {
            matches!(item.what, What::Number)
                && number(word, grammar).is_some_and(|day| (1..=31).contains(&day))
        }
        Slot::Ordinal => {
            !digits(9)
                && number(word, grammar).is_some_and(|day| (1..=31).contains(&day))
                && place_of(word, &["number"], grammar).is_none()
                && !grammar.is("one", word)
        }
        Slot::Month => place_of(word, &["month", "month-short"], grammar).is_some(),
        Slot::Weekday => {
            place_of(word, &["weekday"], grammar).is_some()
                || (item.cap && place_of(word, &["weekday-short"], grammar).is_some())
        }
        Slot::Year => digits(4) && word.len() == 4 && (word.starts_with("20")),
        Slot::Numeric => matches!(item.what, What::Number) && is_numeric(word),
        Slot::Time => time(items, at, grammar).is_some(),
        _ => false,
    };
    fits.then_some(at + 1)
}

pub(super) fn is_numeric(word: &str) -> bool {
    if when::in_numbers(word).is_some_and(|dates| !dates.is_empty()) {
        return true;
    }
    let small = |part: &str, most: i32| {
        part.len() <= 2
            && part
                .parse::<i32>()
                .is_ok_and(|part| (1..=most).contains(&part))
    };
    word.split_once('/').is_some_and(|(a, b)| {
        // `24/7` is no day.
        word != "24/7" && ((small(a, 31) && small(b, 12)) || (small(a, 12) && small(b, 31)))
    })
}

/// A time of day, and where it ends.
pub(super) fn time(raw: &[Item], at: usize, grammar: &Grammar) -> Option<(Time, usize)> {
    let item = raw.get(at)?;
    if grammar.is("noon", &item.word) {
        return Some((Time::constant(12, 0, 0, 0), at + 1));
    }
    if !matches!(item.what, What::Number) {
        return None;
    }
    let word = item.word.as_str();
    let next = raw.get(at + 1).map_or("", |item| item.word.as_str());
    let (digits, half, mut end) = match word.strip_suffix("am").or_else(|| word.strip_suffix("pm"))
    {
        Some(digits) => (digits, &word[digits.len()..], at + 1),
        None if grammar.is("am", next) => (word, "am", at + 2),
        None if grammar.is("pm", next) => (word, "pm", at + 2),
        None => (word, "", at + 1),
    };
    let hours = half.is_empty() && (grammar.is("hours", next) || digits.ends_with('h'));
    let digits = digits.trim_end_matches('h');
    let parts: Vec<&str> = match digits
        .split_once([':', 'h'])
        .or_else(|| digits.split_once('.').filter(|_| !half.is_empty() || hours))
    {
        Some((hour, minute)) => vec![hour, minute],
        None if digits.len() == 4 && hours => vec![digits.get(..2)?, digits.get(2..)?],
        None if !half.is_empty() || (hours && digits.len() <= 2 && word.ends_with('h')) => {
            vec![digits]
        }
        None => return None,
    };
    if hours && grammar.is("hours", next) {
        end = at + 2;
    }
    let hour: i8 = parts[0].parse().ok()?;
    let minute: i8 = parts.get(1).map_or(Some(0), |minute| minute.parse().ok())?;
    let hour = match half {
        "" => hour,
        _ if !(1..=12).contains(&hour) => return None,
        "am" => hour % 12,
        _ => hour % 12 + 12,
    };
    Some((Time::new(hour, minute, 0, 0).ok()?, end))
}

/// A time zone in capitals behind a time.
pub(super) fn zone(raw: &[Item], at: usize) -> Option<(when::Zone, usize)> {
    let item = raw
        .get(at)
        .filter(|item| item.cap && item.word.len() >= 3)?;
    when::zone(&item.word).map(|zone| (zone, at + 1))
}
