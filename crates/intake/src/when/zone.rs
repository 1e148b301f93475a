//! Names of time zones as people write them, and the moments at which a short name does not hold.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{Clock, Doubt, say};

/// A zone as written.
#[derive(Clone, Debug)]
pub(crate) enum Zone {
    /// A name of the database, or a fixed distance from UTC.
    Known(TimeZone),
    /// A short form, with the zone it stands for at some times of the year.
    Short(String, &'static str),
}

/// A zone by any of its names.
pub(crate) fn zone(word: &str) -> Option<Zone> {
    let lower = word.trim().to_lowercase();
    let distance = lower
        .strip_prefix("utc")
        .or_else(|| lower.strip_prefix("gmt"))
        .unwrap_or(&lower);
    if distance.is_empty() || lower == "z" {
        return Some(Zone::Known(TimeZone::UTC));
    }
    if let Some(sign) = distance
        .chars()
        .next()
        .filter(|c| matches!(c, '+' | '-' | '−'))
    {
        return fixed(&distance[sign.len_utf8()..], sign == '+').map(Zone::Known);
    }
    const SHORT: &[(&str, &str)] = &[
        ("cet", "Europe/Paris"),
        ("cest", "Europe/Paris"),
        ("wet", "Europe/Lisbon"),
        ("west", "Europe/Lisbon"),
        ("eet", "Europe/Helsinki"),
        ("eest", "Europe/Helsinki"),
        ("bst", "Europe/London"),
        ("est", "America/New_York"),
        ("edt", "America/New_York"),
        ("cst", "America/Chicago"),
        ("cdt", "America/Chicago"),
        ("mst", "America/Denver"),
        ("mdt", "America/Denver"),
        ("pst", "America/Los_Angeles"),
        ("pdt", "America/Los_Angeles"),
        ("aest", "Australia/Sydney"),
        ("aedt", "Australia/Sydney"),
        ("jst", "Asia/Tokyo"),
    ];
    if let Some((short, name)) = SHORT.iter().find(|(short, _)| *short == lower) {
        return Some(Zone::Short(short.to_uppercase(), name));
    }
    if lower.contains('/') && lower.chars().any(char::is_alphabetic) {
        return TimeZone::get(&lower).ok().map(Zone::Known);
    }
    None
}

fn fixed(distance: &str, east: bool) -> Option<TimeZone> {
    let (hours, minutes) = match distance.split_once(':') {
        Some(parts) => parts,
        None if distance.len() == 4 => distance.split_at_checked(2)?,
        None => (distance, "0"),
    };
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    if !(0..=14 * 3600).contains(&seconds) {
        return None;
    }
    let offset = jiff::tz::Offset::from_seconds(if east { seconds } else { -seconds }).ok()?;
    Some(TimeZone::fixed(offset))
}

/// `CET` in July is written by people who mean `CEST`, and by people who mean `CET`.
pub(super) fn short(
    short: &str,
    name: &str,
    moment: DateTime,
    clock: &Clock<'_>,
) -> Result<TimeZone, Doubt> {
    let at_site = clock.place.zone.clone();
    let candidates = [Some(at_site), TimeZone::get(name).ok()];
    for zone in candidates.into_iter().flatten() {
        if let Ok(zoned) = moment.to_zoned(zone.clone())
            && zoned.strftime("%Z").to_string().eq_ignore_ascii_case(short)
        {
            return Ok(zone);
        }
    }
    Err(format!(
        "{short} does not hold on {}. Which time is meant, in UTC or by the name of a place?",
        say(moment.date())
    ))
}
