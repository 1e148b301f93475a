//! Reads dates and times as people write them. Where two readings are possible it says so; it never picks one.

use domain::request::When;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

use crate::place::{Order, Place};

#[cfg(test)]
mod tests;
mod zone;

pub(crate) use zone::{Zone, zone};

/// Against which clock a ticket is read.
#[derive(Clone, Debug)]
pub(crate) struct Clock<'p> {
    pub(crate) place: &'p Place,
    /// When the ticket was received, by the clock of the place.
    pub(crate) received: Zoned,
}

impl<'p> Clock<'p> {
    pub(crate) fn new(place: &'p Place, received_at: Timestamp) -> Self {
        Self {
            place,
            received: received_at.to_zoned(place.zone.clone()),
        }
    }
}

/// What a phrase says about time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Point {
    pub(crate) now: bool,
    pub(crate) day: Option<Date>,
    pub(crate) time: Option<Time>,
    /// That the end of the working day is meant, said in words.
    pub(crate) end_of_day: bool,
    pub(crate) zone: Option<Zone>,
    pub(crate) instant: Option<Timestamp>,
}

/// Why a phrase has no certain meaning; the words are a question for the requester.
pub(crate) type Doubt = String;

/// Reads a phrase.
pub(crate) fn read(phrase: &str, clock: &Clock<'_>) -> Result<Point, Doubt> {
    let mut point = Point::default();
    if let Ok(instant) = phrase.trim().replacen(' ', "T", 1).parse::<Timestamp>() {
        point.instant = Some(instant);
        return Ok(point);
    }
    let words = words(phrase);
    let mut reader = Phrase {
        phrase,
        clock,
        words: &words,
        at: 0,
        dates: Vec::new(),
        numeric: false,
        weekday: None,
        day: None,
        month: None,
        year: None,
        point,
    };
    while reader.at < reader.words.len() {
        if !reader.step()? {
            return Err(unreadable(phrase));
        }
    }
    reader.finish()
}

/// Makes a moment of what was said; the zone of the place where none was said.
pub(crate) fn resolve(point: &Point, clock: &Clock<'_>) -> Result<When, Doubt> {
    if let Some(instant) = point.instant {
        return Ok(When::At(instant));
    }
    if point.now {
        let today = clock.received.date();
        return match point.day {
            Some(day) if day != today => Err(format!(
                "“Immediately” and {} do not agree. Which is it?",
                say(day)
            )),
            _ => Ok(When::Now),
        };
    }
    let Some(day) = point.day else {
        return Err(match point.time {
            Some(time) => format!("{} on which day?", time.strftime("%H:%M")),
            None => "On which day?".to_owned(),
        });
    };
    let Some(time) = point.time else {
        return Ok(When::On(day));
    };
    let moment = day.to_datetime(time);
    let zone = match &point.zone {
        None => clock.place.zone.clone(),
        Some(Zone::Known(zone)) => zone.clone(),
        Some(Zone::Short(short, name)) => zone::short(short, name, moment, clock)?,
    };
    let ambiguous = zone.to_ambiguous_zoned(moment);
    if ambiguous.is_ambiguous() {
        return Err(format!(
            "The clocks change that night, so {} on {} is not one moment. Which time is meant, in UTC?",
            time.strftime("%H:%M"),
            say(day)
        ));
    }
    ambiguous
        .unambiguous()
        .map(|zoned| When::At(zoned.timestamp()))
        .map_err(|_| unreadable(&moment.to_string()))
}

/// A date as the questions write it.
pub(crate) fn say(day: Date) -> String {
    day.strftime("%-d %B %Y").to_string()
}

fn unreadable(phrase: &str) -> Doubt {
    format!(
        "“{}” cannot be read as a date. Which day is meant?",
        phrase.trim()
    )
}

/// Words, numbers and signs, in lower case.
fn words(phrase: &str) -> Vec<String> {
    let lower = phrase
        .to_lowercase()
        .replace("a.m.", "am")
        .replace("p.m.", "pm")
        .replace("o'clock", " ")
        .replace(
            [
                '(', ')', ',', ';', '"', '“', '”', '!', '<', '>', '[', ']', '*', '@',
            ],
            " ",
        );
    lower
        .split_whitespace()
        .map(|word| word.trim_end_matches('.').to_owned())
        .filter(|word| !word.is_empty() && word != "-" && word != "–")
        .collect()
}

struct Phrase<'w> {
    phrase: &'w str,
    clock: &'w Clock<'w>,
    words: &'w [String],
    at: usize,
    /// What a date in numbers can mean; several readings at most.
    dates: Vec<Date>,
    numeric: bool,
    weekday: Option<Weekday>,
    day: Option<i8>,
    month: Option<i8>,
    year: Option<i16>,
    point: Point,
}

impl Phrase<'_> {
    fn word(&self, ahead: usize) -> &str {
        self.words.get(self.at + ahead).map_or("", String::as_str)
    }

    fn take(&mut self, words: usize) -> bool {
        self.at += words;
        true
    }

    /// Reads what stands here; `false` when it means nothing.
    fn step(&mut self) -> Result<bool, Doubt> {
        if self.spoken()? {
            return Ok(true);
        }
        if self.time()? || self.zone()? {
            return Ok(true);
        }
        self.date()
    }

    /// Words and turns of phrase.
    fn spoken(&mut self) -> Result<bool, Doubt> {
        let today = self.clock.received.date();
        let three = [self.word(0), self.word(1), self.word(2)].join(" ");
        let two = [self.word(0), self.word(1)].join(" ");
        if matches!(
            three.as_str(),
            "end of day"
                | "end of business"
                | "close of business"
                | "end of play"
                | "end of working"
                | "end of shift"
        ) {
            self.point.end_of_day = true;
            let more = matches!(self.word(3), "day");
            return Ok(self.take(3 + usize::from(more)));
        }
        if matches!(
            three.as_str(),
            "with immediate effect" | "effective as of" | "as soon as"
        ) {
            self.point.now |= !three.starts_with("effective");
            let possible = usize::from(three.starts_with("as") && self.word(3) == "possible");
            return Ok(self.take(3 + possible));
        }
        if matches!(
            two.as_str(),
            "right away" | "straight away" | "right now" | "at once" | "with immediate"
        ) {
            self.point.now = true;
            return Ok(self.take(2));
        }
        match self.word(0) {
            "now" | "immediately" | "immediate" | "asap" | "straightaway" | "instantly" => {
                self.point.now = true
            }
            "today" => return self.relative(today),
            "tomorrow" => return self.relative(today.saturating_add(1.day())),
            "eod" | "cob" | "eob" | "cop" => self.point.end_of_day = true,
            "noon" | "midday" => return self.set_time(12, 0, 0),
            "midnight" => {
                return Err("Midnight begins or ends the day? Please give the time as 00:00 or 23:59 with its date.".to_owned());
            }
            "on" | "at" | "the" | "of" | "by" | "from" | "effective" | "date" | "time"
            | "local" | "hrs" | "hours" | "h" | "this" | "and" | "as" => {}
            word => {
                let Some(weekday) = weekday(word) else {
                    return Ok(false);
                };
                if self.weekday.is_some_and(|known| known != weekday) {
                    return Err(unreadable(self.phrase));
                }
                self.weekday = Some(weekday);
            }
        }
        Ok(self.take(1))
    }

    fn relative(&mut self, day: Date) -> Result<bool, Doubt> {
        self.add_dates(&[day])?;
        Ok(self.take(1))
    }

    /// `17:00`, `5pm`, `5 pm`, `17h30`, `17:00:30`.
    fn time(&mut self) -> Result<bool, Doubt> {
        let word = self.word(0).to_owned();
        let (clock, mut half) = match word.strip_suffix("am").or_else(|| word.strip_suffix("pm")) {
            Some(rest) if !rest.is_empty() => (rest.to_owned(), word[rest.len()..].to_owned()),
            _ => (word.clone(), String::new()),
        };
        let clock = clock.trim_end_matches(['h', 'z']);
        let mut words = 1;
        if half.is_empty() && matches!(self.word(1), "am" | "pm") {
            half = self.word(1).to_owned();
            words = 2;
        }
        let parts: Vec<&str> = clock.split([':', 'h']).collect();
        let dotted: Vec<&str> = clock.split('.').collect();
        let parts = if parts.len() == 1 && dotted.len() == 2 && !half.is_empty() {
            dotted
        } else {
            parts
        };
        let numbers: Option<Vec<i8>> = parts
            .iter()
            .map(|part| part.parse::<i8>().ok().filter(|_| part.len() <= 2))
            .collect();
        let Some(numbers) = numbers else {
            return Ok(false);
        };
        let (hour, minute, second) = match numbers.as_slice() {
            [hour] if !half.is_empty() || word.ends_with('h') => (*hour, 0, 0),
            [hour, minute] => (*hour, *minute, 0),
            [hour, minute, second] => (*hour, *minute, *second),
            _ => return Ok(false),
        };
        let hour = match half.as_str() {
            "" => hour,
            _ if !(1..=12).contains(&hour) => {
                return Err(format!("“{word}” is no time of day. Which time is meant?"));
            }
            "am" => hour % 12,
            _ => hour % 12 + 12,
        };
        if word.ends_with('z') {
            self.point.zone = Some(Zone::Known(TimeZone::UTC));
        }
        self.at += words - 1;
        self.set_time(hour, minute, second)
    }

    fn set_time(&mut self, hour: i8, minute: i8, second: i8) -> Result<bool, Doubt> {
        let time = Time::new(hour, minute, second, 0).map_err(|_| {
            format!(
                "“{}” has no time of day that there is. Which time is meant?",
                self.phrase.trim()
            )
        })?;
        if self.point.time.is_some_and(|known| known != time) {
            return Err(format!(
                "“{}” names two times. Which one is meant?",
                self.phrase.trim()
            ));
        }
        self.point.time = Some(time);
        Ok(self.take(1))
    }

    /// `UTC`, `UTC+1`, `+01:00`, `CET`, `Europe/Berlin`.
    fn zone(&mut self) -> Result<bool, Doubt> {
        let word = self.word(0).to_owned();
        let Some(zone) = zone(&word) else {
            return Ok(false);
        };
        self.point.zone = Some(zone);
        Ok(self.take(1))
    }

    fn date(&mut self) -> Result<bool, Doubt> {
        let word = self.word(0).to_owned();
        if let Some((date, time)) = word.split_once('t')
            && let (Ok(date), Ok(time)) = (date.parse::<Date>(), time.parse::<Time>())
        {
            self.add_dates(&[date])?;
            return self.set_time(time.hour(), time.minute(), time.second());
        }
        if let Some(dates) = in_numbers(&word) {
            if dates.is_empty() {
                return Err(format!("There is no {word}. Which day is meant?"));
            }
            self.numeric = true;
            self.add_dates(&dates)?;
            return Ok(self.take(1));
        }
        let mut any = false;
        for piece in word.split('-') {
            if !self.piece(piece) {
                return Ok(false);
            }
            any = true;
        }
        Ok(any && self.take(1))
    }

    /// One of day, month and year, written apart.
    fn piece(&mut self, piece: &str) -> bool {
        if let Some(month) = month(piece) {
            return self.month.replace(month).is_none();
        }
        let digits = piece
            .strip_suffix("st")
            .or_else(|| piece.strip_suffix("nd"))
            .or_else(|| piece.strip_suffix("rd"))
            .or_else(|| piece.strip_suffix("th"))
            .unwrap_or(piece);
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return false;
        }
        match (digits.len(), digits.parse::<i16>()) {
            (1 | 2, Ok(number)) if self.day.is_none() => {
                self.day = i8::try_from(number).ok();
                true
            }
            // `28-Nov-26`
            (2, Ok(number)) if self.month.is_some() => self.year.replace(2000 + number).is_none(),
            (4, Ok(number)) => self.year.replace(number).is_none(),
            _ => false,
        }
    }

    fn add_dates(&mut self, dates: &[Date]) -> Result<(), Doubt> {
        if self.dates.is_empty() {
            self.dates = dates.to_vec();
        } else {
            self.dates.retain(|date| dates.contains(date));
            if self.dates.is_empty() {
                return Err(format!(
                    "“{}” names two days. Which one is meant?",
                    self.phrase.trim()
                ));
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Point, Doubt> {
        match (self.day, self.month, self.year) {
            (None, None, None) => {}
            (Some(day), Some(month), Some(year)) => {
                let date = Date::new(year, month, day).map_err(|_| unreadable(self.phrase))?;
                self.add_dates(&[date])?;
            }
            (Some(day), Some(month), None) => {
                let date = self.without_year(day, month)?;
                self.add_dates(&[date])?;
            }
            _ => return Err(unreadable(self.phrase)),
        }
        if let Some(weekday) = self.weekday {
            let fitting: Vec<Date> = self
                .dates
                .iter()
                .copied()
                .filter(|date| date.weekday() == weekday)
                .collect();
            match (self.dates.as_slice(), fitting.as_slice()) {
                ([], _) => return Err(format!("Which date is “{}”?", self.phrase.trim())),
                ([date, ..], []) => {
                    return Err(format!(
                        "{} is no such weekday (“{}”). Which day is meant?",
                        say(*date),
                        self.phrase.trim()
                    ));
                }
                _ => self.dates = fitting,
            }
        }
        self.point.day = match self.dates.as_slice() {
            [] => None,
            [one] => Some(*one),
            [day_first, month_first, ..] => match self.clock.place.order {
                Some(Order::DayFirst) => Some(*day_first),
                Some(Order::MonthFirst) => Some(*month_first),
                None => {
                    return Err(format!(
                        "Is “{}” {} or {}?",
                        self.phrase.trim(),
                        say(*day_first),
                        say(*month_first)
                    ));
                }
            },
        };
        Ok(self.point)
    }

    /// A date without a year has one meaning only where its weekday fits the next such day.
    fn without_year(&self, day: i8, month: i8) -> Result<Date, Doubt> {
        let today = self.clock.received.date();
        let next = [today.year(), today.year() + 1]
            .into_iter()
            .filter_map(|year| Date::new(year, month, day).ok())
            .find(|date| *date >= today);
        match next {
            Some(next) if self.weekday == Some(next.weekday()) => Ok(next),
            Some(next) => Err(format!(
                "“{}” names no year. Is it {}?",
                self.phrase.trim(),
                say(next)
            )),
            None => Err(unreadable(self.phrase)),
        }
    }
}

/// What a date written in numbers can mean: day first, then month first where that differs. Dots put the day first.
pub(crate) fn in_numbers(word: &str) -> Option<Vec<Date>> {
    let sign = word.chars().find(|c| !c.is_ascii_digit())?;
    if !matches!(sign, '/' | '.' | '-') {
        return None;
    }
    let parts: Vec<&str> = word.split(sign).collect();
    let [a, b, c] = parts.as_slice() else {
        return None;
    };
    if !parts
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return None;
    }
    let small = |part: &str| part.parse::<i8>().unwrap_or(-1);
    if a.len() == 4 {
        let year = a.parse().ok()?;
        return Some(Date::new(year, small(b), small(c)).into_iter().collect());
    }
    let year: i16 = match c.len() {
        4 => c.parse().ok()?,
        2 => 2000 + c.parse::<i16>().ok()?,
        _ => return Some(Vec::new()),
    };
    let mut dates: Vec<Date> = Date::new(year, small(b), small(a)).into_iter().collect();
    if sign != '.'
        && let Ok(other) = Date::new(year, small(a), small(b))
        && !dates.contains(&other)
    {
        dates.push(other);
    }
    Some(dates)
}

fn month(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let at = MONTHS.iter().position(|month| {
        *month == word
            || (word.len() == 3 && month.starts_with(word))
            || (word == "sept" && *month == "september")
    })?;
    i8::try_from(at + 1).ok()
}

fn weekday(word: &str) -> Option<Weekday> {
    const DAYS: [(&str, Weekday); 7] = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    let stem = word.trim_end_matches(':');
    DAYS.iter()
        .find(|(name, _)| {
            *name == stem || ((3..=5).contains(&stem.len()) && name.starts_with(stem))
        })
        .map(|(_, day)| *day)
}
