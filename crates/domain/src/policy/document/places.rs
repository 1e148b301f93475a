//! Reads the sites of a policy.

use super::super::parse::{Reader, Section};
use super::super::words::{is_country, nearest};
use super::super::{Site, end_of_day, start_of_day};

/// Parts of the profile that a site can give.
pub(crate) const SITE_PROFILE: &[&str] = &[
    "office",
    "street",
    "city",
    "state",
    "postal-code",
    "country",
    "company",
    "phone",
];

impl Reader<'_> {
    pub(super) fn site(&mut self, site: &Section<'_>) -> Site {
        self.only(
            site,
            &[
                "usage-location",
                "time-zone",
                "end-of-day",
                "start-of-day",
                "aliases",
                "profile",
                "language",
            ],
        );
        for (key, example) in [("usage-location", "DE"), ("time-zone", "Europe/Berlin")] {
            if !site.table.contains_key(key) {
                self.missing(site, key, format!("for example `{key} = \"{example}\"`"));
            }
        }
        let read = Site {
            usage_location: self.text(site, "usage-location").unwrap_or_default(),
            time_zone: self.text(site, "time-zone").unwrap_or_default(),
            end_of_day: self.text(site, "end-of-day").unwrap_or_else(end_of_day),
            start_of_day: self.text(site, "start-of-day").unwrap_or_else(start_of_day),
            aliases: self.texts(site, "aliases"),
            profile: self.profile(site, SITE_PROFILE),
            language: self.text(site, "language"),
        };
        self.country(site, &read.usage_location);
        self.zone(site, &read.time_zone);
        self.clock(site, "end-of-day", &read.end_of_day, "17:00");
        self.clock(site, "start-of-day", &read.start_of_day, "08:00");
        if let Some(language) = read.language.as_deref().filter(|one| !is_language(one)) {
            self.wrong_at(
                &site.path_of("language"),
                format!("“{language}” is no language"),
                "write language and country, for example `en-GB`",
            );
        }
        for key in ["city", "office"] {
            let has_macro = |text: &String| text.contains('{');
            if read.profile.get(key).is_some_and(has_macro) {
                self.wrong_at(
                    &site.path_of(&format!("profile.{key}")),
                    format!("{key} of a site is what macros read, so it cannot have one itself"),
                    "write it out",
                );
            }
        }
        read
    }

    fn country(&mut self, site: &Section<'_>, country: &str) {
        if country.is_empty() || is_country(country) {
            return;
        }
        let upper = country.to_ascii_uppercase();
        let help = match upper.as_str() {
            "UK" => "the United Kingdom is `GB`".to_owned(),
            _ if is_country(&upper) => format!("write `{upper}`"),
            _ => "two capital letters of ISO 3166-1, for example `DE`".to_owned(),
        };
        self.wrong_at(
            &site.path_of("usage-location"),
            format!("“{country}” is no country code"),
            &help,
        );
    }

    fn zone(&mut self, site: &Section<'_>, zone: &str) {
        if zone.is_empty() || jiff::tz::TimeZone::get(zone).is_ok() {
            return;
        }
        let known: Vec<String> = jiff::tz::db()
            .available()
            .map(|name| name.as_str().to_owned())
            .collect();
        let help = nearest(zone, known.iter().map(String::as_str)).map_or_else(
            || "a name of the IANA database, for example `Europe/Berlin`".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        self.wrong_at(
            &site.path_of("time-zone"),
            format!("“{zone}” is no time zone"),
            &help,
        );
    }

    fn clock(&mut self, site: &Section<'_>, key: &str, time: &str, example: &str) {
        if time.parse::<jiff::civil::Time>().is_err() || time.len() != 5 {
            self.wrong_at(
                &site.path_of(key),
                format!("“{time}” is no time of day"),
                &format!("write it like `{example}`"),
            );
        }
    }
}

/// Whether it has the shape of a language tag: `en`, `en-GB`, `sr-Latn-RS`.
fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let letters = |part: &str, lengths: &[usize]| {
        lengths.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic())
    };
    parts.next().is_some_and(|part| letters(part, &[2, 3]))
        && parts.all(|part| {
            letters(part, &[2, 4]) || part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit())
        })
}
