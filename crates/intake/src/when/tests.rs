//! Holds the reader of dates to the usual forms, and to asking wherever two readings are possible.

use super::*;

fn place(zone: &str, order: Option<Order>) -> Place {
    Place {
        zone: TimeZone::get(zone).unwrap(),
        order,
    }
}

/// Read on Tuesday 10 November 2026 at noon in Berlin, where nobody says what comes first.
fn reading(phrase: &str, place: &Place) -> String {
    let clock = Clock::new(place, "2026-11-10T11:00:00Z".parse().unwrap());
    match read(phrase, &clock).and_then(|point| resolve(&point, &clock)) {
        Ok(When::Now) => "now".to_owned(),
        Ok(When::On(day)) => day.to_string(),
        Ok(When::At(instant)) => instant.to_string(),
        Err(doubt) => format!("? {doubt}"),
    }
}

#[test]
fn days_are_read_in_every_usual_form() {
    let berlin = place("Europe/Berlin", None);
    for phrase in [
        "2026-11-28",
        "28 November 2026",
        "28 Nov 2026",
        "Nov 28 2026",
        "November 28, 2026",
        "28th of November, 2026",
        "28-Nov-2026",
        "28-Nov-26",
        "Sat 28 Nov 2026",
        "Saturday, November 28th 2026",
        "28/11/2026",
        "11/28/2026",
        "28.11.2026",
        "28.11.26",
        "2026/11/28",
        "28-11-2026",
        "EOD 28 Nov 2026",
        "end of day on 28 November 2026",
        "Saturday 28 November",
        "28 November 2026 (Saturday)",
    ] {
        assert_eq!(reading(phrase, &berlin), "2026-11-28", "{phrase}");
    }
    let check =
        |phrase: &str, expect: &str| assert_eq!(reading(phrase, &berlin), expect, "{phrase}");
    check("today", "2026-11-10");
    check("tomorrow", "2026-11-11");
    check("05/05/2027", "2027-05-05");
    // The weekday decides: 5 April 2027 is a Monday, 4 May a Tuesday.
    check("Tue 05/04/2027", "2027-05-04");
    for now in [
        "now",
        "immediately",
        "Effective immediately",
        "ASAP",
        "as soon as possible",
        "with immediate effect",
        "today, immediately",
    ] {
        assert_eq!(reading(now, &berlin), "now", "{now}");
    }
}

#[test]
fn moments_are_read_with_their_zone_or_the_places() {
    let berlin = place("Europe/Berlin", None);
    let check =
        |phrase: &str, expect: &str| assert_eq!(reading(phrase, &berlin), expect, "{phrase}");
    check("28 November 2026 17:00", "2026-11-28T16:00:00Z");
    check("2026-11-28T17:00", "2026-11-28T16:00:00Z");
    check("2026-11-28 17:00:30", "2026-11-28T16:00:30Z");
    check("28 Nov 2026 at 5pm", "2026-11-28T16:00:00Z");
    check("5:30 p.m. on 28 Nov 2026", "2026-11-28T16:30:00Z");
    check("today at 15:00", "2026-11-10T14:00:00Z");
    check("28 Nov 2026, noon", "2026-11-28T11:00:00Z");
    check("2026-11-28T17:00:00Z", "2026-11-28T17:00:00Z");
    check("2026-11-28T17:00:00+05:30", "2026-11-28T11:30:00Z");
    check("28 Nov 2026 17:00 UTC", "2026-11-28T17:00:00Z");
    check("28 Nov 2026 17:00 UTC+2", "2026-11-28T15:00:00Z");
    check("28 Nov 2026 17:00 CET", "2026-11-28T16:00:00Z");
    check("28 Nov 2026 17:00 EST", "2026-11-28T22:00:00Z");
    check("28 Nov 2026 17:00 America/New_York", "2026-11-28T22:00:00Z");
}

#[test]
fn the_place_decides_what_comes_first_and_nobody_else() {
    let check = |order, expect: &str| {
        assert_eq!(reading("05/04/2027", &place("UTC", order)), expect);
    };
    check(Some(Order::DayFirst), "2027-04-05");
    check(Some(Order::MonthFirst), "2027-05-04");
    check(None, "? Is “05/04/2027” 5 April 2027 or 4 May 2027?");
}

#[test]
fn what_has_no_certain_meaning_is_asked() {
    let berlin = place("Europe/Berlin", None);
    let asked: Vec<String> = [
        "28 November",
        "Friday",
        "next Friday",
        "Monday 28 November 2026",
        "31/02/2027",
        "28 Nov 2026 25:00",
        "28 Nov 2026 13pm",
        "midnight 28 Nov 2026",
        "28 Jul 2027 17:00 CET",
        "25 Oct 2026 02:30",
        "28 Mar 2027 02:30",
        "immediately, on 28 Nov 2026",
        "28 Nov 2026 or 30 Nov 2026",
        "end of the month",
        "17:00",
        "28 Nov 2026 17:00 IST",
        "28 Nov 2026 (to be confirmed)",
        "soon",
        "",
    ]
    .into_iter()
    .map(|phrase| format!("{phrase:32} {}", reading(phrase, &berlin)))
    .collect();
    insta::assert_snapshot!(asked.join("\n"), @r"
    28 November                      ? “28 November” names no year. Is it 28 November 2026?
    Friday                           ? Which date is “Friday”?
    next Friday                      ? “next Friday” cannot be read as a date. Which day is meant?
    Monday 28 November 2026          ? 28 November 2026 is no such weekday (“Monday 28 November 2026”). Which day is meant?
    31/02/2027                       ? There is no 31/02/2027. Which day is meant?
    28 Nov 2026 25:00                ? “28 Nov 2026 25:00” has no time of day that there is. Which time is meant?
    28 Nov 2026 13pm                 ? “13pm” is no time of day. Which time is meant?
    midnight 28 Nov 2026             ? Midnight begins or ends the day? Please give the time as 00:00 or 23:59 with its date.
    28 Jul 2027 17:00 CET            ? CET does not hold on 28 July 2027. Which time is meant, in UTC or by the name of a place?
    25 Oct 2026 02:30                ? The clocks change that night, so 02:30 on 25 October 2026 is not one moment. Which time is meant, in UTC?
    28 Mar 2027 02:30                ? The clocks change that night, so 02:30 on 28 March 2027 is not one moment. Which time is meant, in UTC?
    immediately, on 28 Nov 2026      ? “Immediately” and 28 November 2026 do not agree. Which is it?
    28 Nov 2026 or 30 Nov 2026       ? “28 Nov 2026 or 30 Nov 2026” cannot be read as a date. Which day is meant?
    end of the month                 ? “end of the month” cannot be read as a date. Which day is meant?
    17:00                            ? 17:00 on which day?
    28 Nov 2026 17:00 IST            ? “28 Nov 2026 17:00 IST” cannot be read as a date. Which day is meant?
    28 Nov 2026 (to be confirmed)    ? “28 Nov 2026 (to be confirmed)” cannot be read as a date. Which day is meant?
    soon                             ? “soon” cannot be read as a date. Which day is meant?
                                     ? On which day?
    ");
}
