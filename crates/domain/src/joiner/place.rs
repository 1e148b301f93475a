//! Where and from when until when: site, first moment of work, end of contract.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::{Wanted, same, text};
use crate::policy::{Policy, Site};
use crate::request::{Request, When};

/// The site that a request's words mean: its name in the policy, an alias, or an office or city that only one site has.
#[must_use]
pub fn find_site<'p>(policy: &'p Policy, written: &str) -> Option<(&'p str, &'p Site)> {
    let by = |hit: &dyn Fn(&str, &Site) -> bool| {
        let mut all = policy.sites.iter().filter(|(name, site)| hit(name, site));
        let first = all.next()?;
        all.next().is_none().then_some((first.0.as_str(), first.1))
    };
    let part = |key: &'static str| {
        move |_: &str, site: &Site| {
            site.profile
                .get(key)
                .is_some_and(|text| same(text, written))
        }
    };
    by(&|name, _| same(name, written))
        .or_else(|| by(&|_, site| site.aliases.iter().any(|alias| same(alias, written))))
        .or_else(|| by(&part("office")))
        .or_else(|| by(&part("city")))
}

/// Finds site and first moment of work.
pub(super) fn read(wanted: &mut Wanted, request: &Request, policy: &Policy) {
    let written = text(request, "site").or_else(|| text(request, "office"));
    let found = written.and_then(|written| find_site(policy, written));
    let place = found.or_else(|| policy.default_place());
    let name = place.map(|(name, _)| name.to_owned()).unwrap_or_default();
    let site = place.map(|(_, site)| site);
    if let (Some(written), None) = (written, found) {
        let known: Vec<&str> = policy.sites.keys().map(String::as_str).collect();
        wanted.caution(format!(
            "“{written}” is none of the policy's sites ({}), so the site {name} holds: its country, time zone and address.",
            known.join(", ")
        ));
    }
    // An office that was understood is written as the site writes it.
    let office = site.and_then(|site| site.profile.get("office"));
    if found.is_some()
        && let Some(office) = office.filter(|office| !office.contains('{'))
        && (text(request, "site").is_none() || text(request, "office").is_none())
    {
        wanted.profile.insert("office".to_owned(), office.clone());
    }
    wanted.site_name = name;
    wanted.site = site.cloned();
    wanted.starts = starts(wanted, request);
}

/// The first moment of work. A day without a clock time begins at the site's start of day, in its zone.
fn starts(wanted: &mut Wanted, request: &Request) -> Option<Timestamp> {
    let day = match &request.when.as_ref()?.value {
        When::Now => return None,
        When::At(at) => return Some(*at),
        When::On(day) => *day,
    };
    let start = wanted
        .site
        .as_ref()
        .and_then(|site| site.start_of_day.parse::<Time>().ok())
        .unwrap_or_else(|| jiff::civil::time(8, 0, 0, 0));
    // A clock time that the clocks skip that night means the moment after the gap.
    let moment = zone(wanted).to_zoned(day.to_datetime(start));
    match moment {
        Ok(moment) => Some(moment.timestamp()),
        Err(_) => {
            wanted.incomplete(
                format!("the start {day} lies outside all calendars"),
                "On which day does the person start? Answer and plan again.",
            );
            None
        }
    }
}

fn zone(wanted: &Wanted) -> TimeZone {
    let zone = wanted.site.as_ref().map(|site| site.time_zone.as_str());
    zone.and_then(|zone| TimeZone::get(zone).ok())
        .unwrap_or(TimeZone::UTC)
}

/// Reads the end of the contract and holds it against the start.
pub(super) fn contract(wanted: &mut Wanted, request: &Request, policy: &Policy) {
    const QUESTION: &str =
        "What is the last day of the contract? Answer as YYYY-MM-DD and plan again.";
    match text(request, "contract-end").map(|end| (end, end.parse::<Date>())) {
        Some((_, Ok(end))) => wanted.contract_end = Some(end),
        Some((written, Err(_))) => {
            wanted.incomplete(format!("contract-end “{written}” is no date"), QUESTION);
        }
        None if wanted.contractor && policy.contractors.need_end => {
            wanted.incomplete(
                "contract-end is missing: policy asks for it for every contractor",
                QUESTION,
            );
        }
        None => {}
    }
    let first = wanted.starts.map(|at| at.to_zoned(zone(wanted)).date());
    if let (Some(end), Some(first)) = (wanted.contract_end, first)
        && end < first
    {
        wanted.incomplete(
            format!("the contract ends on {end}, before the first day of work on {first}"),
            "Which of the two dates is right? Correct one and plan again.",
        );
    }
}
