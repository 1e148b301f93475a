//! Time zones as Windows and the mail system name them, by their names in the IANA database.

/// One line for each zone of Windows: its name, ` = `, and the names it has in the IANA database. The file names its source.
const TABLE: &str = include_str!("windows_zones.txt");

/// The name that Windows has for a time zone.
#[must_use]
pub(crate) fn windows(iana: &str) -> Option<&'static str> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let mut zones = lines.filter_map(|line| line.split_once(" = "));
    zones
        .find(|(_, names)| {
            names
                .split(' ')
                .any(|name| name.eq_ignore_ascii_case(iana.trim()))
        })
        .map(|(zone, _)| zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_the_names_that_windows_gives_them() {
        for (iana, zone) in [
            ("Europe/London", "GMT Standard Time"),
            ("Europe/Berlin", "W. Europe Standard Time"),
            ("europe/kyiv", "FLE Standard Time"),
            ("Europe/Kiev", "FLE Standard Time"),
            ("America/New_York", "Eastern Standard Time"),
            ("Asia/Kolkata", "India Standard Time"),
            ("UTC", "UTC"),
        ] {
            assert_eq!(windows(iana), Some(zone));
        }
        assert_eq!(windows("Mars/Olympus_Mons"), None);
    }

    #[test]
    fn every_zone_of_the_database_with_people_in_it_has_a_name() {
        let known: Vec<String> = jiff::tz::db()
            .available()
            .map(|name| name.to_string())
            .filter(|name| windows(name).is_none())
            .collect();
        // A research station, a placeholder, and abbreviations without a place.
        let nowhere = ["Antarctica/Troll", "Factory"];
        let strange: Vec<&String> = known
            .iter()
            .filter(|name| name.contains('/') && !nowhere.contains(&name.as_str()))
            .collect();
        assert!(strange.is_empty(), "{strange:?}");
    }
}
