//! Moments as people read them: at the site first, then where the reader is; relative only within a day.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit, Zoned};

/// The zone of this name; UTC for one that is not known.
pub(crate) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// The place that a zone is named after, like `Leeds` or `Berlin`.
pub(crate) fn place(zone: &TimeZone) -> String {
    let name = zone.iana_name().unwrap_or("UTC");
    name.rsplit('/').next().unwrap_or(name).replace('_', " ")
}

/// `17:00` of the same day, else `Fri 20 Nov 17:00`, with the year where it is another.
pub(crate) fn short(at: Timestamp, zone: &TimeZone, now: Timestamp) -> String {
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    if at.date() == now.date() {
        return at.strftime("%H:%M").to_string();
    }
    let form = if at.year() == now.year() {
        "%a %-d %b %H:%M"
    } else {
        "%a %-d %b %Y %H:%M"
    };
    at.strftime(form).to_string()
}

/// `Today 17:00`, `Tomorrow 08:00`, `Mon 23 Nov 09:00`.
pub(crate) fn day(at: Timestamp, zone: &TimeZone, now: Timestamp) -> String {
    let (local, today) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let time = local.strftime("%H:%M");
    match days_between(&today, &local) {
        0 => format!("Today {time}"),
        1 => format!("Tomorrow {time}"),
        -1 => format!("Yesterday {time}"),
        _ => short(at, zone, now),
    }
}

fn days_between(from: &Zoned, to: &Zoned) -> i32 {
    from.date()
        .until((Unit::Day, to.date()))
        .map_or(i32::MAX, |span| span.get_days())
}

/// The same inside a sentence: `today 17:00`, `tomorrow 08:00`, `Mon 23 Nov 09:00`.
pub(crate) fn day_inside(at: Timestamp, zone: &TimeZone, now: Timestamp) -> String {
    let day = day(at, zone, now);
    match day.split_once(' ') {
        Some((word @ ("Today" | "Tomorrow" | "Yesterday"), time)) => {
            format!("{} {time}", word.to_lowercase())
        }
        _ => day,
    }
}

/// `17:00 in Leeds (18:00 here)`, or without the second where both read the same.
pub(crate) fn both(at: Timestamp, site: &TimeZone, here: &TimeZone, now: Timestamp) -> String {
    let there = short(at, site, now);
    let ours = short(at, here, now);
    if there == ours {
        return format!("{there} in {}", place(site));
    }
    format!("{there} in {} ({ours} here)", place(site))
}

/// `18 s`, `6 min`, `3 h`, `2 d`: how long ago, or how long it took.
pub(crate) fn lasted(ms: i64) -> String {
    let seconds = ms.max(0) / 1_000;
    match seconds {
        0..60 if ms < 10_000 => format!("{}.{}\u{202f}s", seconds, (ms.max(0) % 1_000) / 100),
        0..60 => format!("{seconds}\u{202f}s"),
        60..3_600 if seconds % 60 != 0 && seconds < 600 => {
            format!("{}\u{202f}min {}\u{202f}s", seconds / 60, seconds % 60)
        }
        60..3_600 => format!("{}\u{202f}min", seconds / 60),
        3_600..86_400 => format!("{}\u{202f}h", seconds / 3_600),
        _ => format!("{}\u{202f}d", seconds / 86_400),
    }
}

/// An instant for machines, in a `datetime` attribute.
pub(crate) fn machine(at: Timestamp) -> String {
    format!("{at:.0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_comes_first_and_here_only_where_it_differs() {
        let at: Timestamp = "2026-11-20T17:00:00Z".parse().unwrap();
        let now: Timestamp = "2026-11-20T15:42:00Z".parse().unwrap();
        let check = |site: &str, here: &str, expect: &str| {
            assert_eq!(both(at, &zone(site), &zone(here), now), expect);
        };
        check(
            "Europe/London",
            "Europe/Berlin",
            "17:00 in London (18:00 here)",
        );
        check("Europe/London", "Europe/Lisbon", "17:00 in London");
        check("Asia/Tokyo", "Europe/Berlin", "02:00 in Tokyo (18:00 here)");
    }

    #[test]
    fn a_day_is_small_inside_a_sentence_and_keeps_its_name() {
        let now: Timestamp = "2026-11-20T15:42:00Z".parse().unwrap();
        let check = |at: &str, expect: &str| {
            assert_eq!(day_inside(at.parse().unwrap(), &TimeZone::UTC, now), expect);
        };
        check("2026-11-20T17:00:00Z", "today 17:00");
        check("2026-11-21T08:00:00Z", "tomorrow 08:00");
        check("2026-11-23T09:00:00Z", "Mon 23 Nov 09:00");
    }

    #[test]
    fn a_length_has_the_unit_that_fits() {
        let check = |ms: i64, expect: &str| assert_eq!(lasted(ms), expect);
        check(5_870, "5.8\u{202f}s");
        check(48_000, "48\u{202f}s");
        check(372_000, "6\u{202f}min 12\u{202f}s");
        check(2_000_000, "33\u{202f}min");
        check(86_400_000 * 3, "3\u{202f}d");
        check(-5, "0.0\u{202f}s");
    }
}
