//! Telephone numbers in the one form that the directory takes for sign-in: `+<country code> <number>`.

/// Country codes of one and two digits; all others have three. Source: ITU-T E.164, list of assigned country codes.
const SHORT_CODES: [&str; 46] = [
    "1", "7", "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45",
    "46", "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63",
    "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

/// By country: its code, and the digits before a national number that are left out after the code. A country without them writes
/// its numbers in full. Source: Google libphonenumber, PhoneNumberMetadata (`countryCode`, `nationalPrefix`).
const COUNTRIES: [(&str, &str, &str); 43] = [
    ("AE", "971", "0"),
    ("AT", "43", "0"),
    ("AU", "61", "0"),
    ("BE", "32", "0"),
    ("BG", "359", "0"),
    ("BR", "55", "0"),
    ("CA", "1", "1"),
    ("CH", "41", "0"),
    ("CN", "86", "0"),
    ("CY", "357", ""),
    ("CZ", "420", ""),
    ("DE", "49", "0"),
    ("DK", "45", ""),
    ("EE", "372", ""),
    ("ES", "34", ""),
    ("FI", "358", "0"),
    ("FR", "33", "0"),
    ("GB", "44", "0"),
    ("GR", "30", ""),
    ("HK", "852", ""),
    ("HR", "385", "0"),
    ("IE", "353", "0"),
    ("IL", "972", "0"),
    ("IN", "91", "0"),
    ("IS", "354", ""),
    ("IT", "39", ""),
    ("JP", "81", "0"),
    ("LI", "423", ""),
    ("LU", "352", ""),
    ("LV", "371", ""),
    ("MT", "356", ""),
    ("NL", "31", "0"),
    ("NO", "47", ""),
    ("NZ", "64", "0"),
    ("PL", "48", ""),
    ("PT", "351", ""),
    ("RO", "40", "0"),
    ("SE", "46", "0"),
    ("SG", "65", ""),
    ("SI", "386", "0"),
    ("SK", "421", "0"),
    ("US", "1", "1"),
    ("ZA", "27", "0"),
];

/// E.164 allows 15 digits, the country code included; shorter than this is no telephone of a person.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// The number as the directory takes it. `country` is that of the person's site, for numbers without a country code.
///
/// # Errors
/// Why it cannot be told which number is meant, in the words of a remark.
pub(crate) fn international(written: &str, country: Option<&str>) -> Result<String, String> {
    let written = written.trim();
    let strange = |c: char| !c.is_ascii_digit() && !" +-./()\u{a0}\u{2011}\u{2013}".contains(c);
    if let Some(sign) = written.chars().find(|c| strange(*c)) {
        return Err(format!("“{sign}” is no part of a telephone number"));
    }
    // A zero in brackets stands for the prefix that is left out behind a country code: +44 (0)7700 900148.
    let bare = written.replace("(0)", "");
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    if bare.rfind('+').is_some_and(|at| at > 0) {
        return Err("a + stands in the middle of it".to_owned());
    }
    if bare.starts_with('+') {
        return split(&digits(&bare));
    }
    let national = digits(written);
    if let Some(abroad) = national.strip_prefix("00") {
        return split(abroad);
    }
    let Some(country) = country else {
        return Err("it has no country code, and no site says which country it is in".to_owned());
    };
    let known = COUNTRIES
        .iter()
        .find(|(name, ..)| name.eq_ignore_ascii_case(country));
    let Some((_, code, prefix)) = known else {
        return Err(format!(
            "it has no country code, and how numbers of {country} are written is not known here"
        ));
    };
    if *code == "1" {
        let number = national.strip_prefix('1').unwrap_or(&national);
        return match number.len() {
            10 => Ok(format!("+1 {number}")),
            _ => Err("it has no country code and not ten digits".to_owned()),
        };
    }
    if prefix.is_empty() && national.starts_with('0') && *code != "39" {
        return Err(format!(
            "it has no country code and begins with 0, as no number of {country} does"
        ));
    }
    match national.strip_prefix(prefix) {
        Some(number) if DIGITS.contains(&(code.len() + number.len())) => {
            Ok(format!("+{code} {number}"))
        }
        Some(_) => Err("it has too few or too many digits".to_owned()),
        None => Err(format!(
            "it has no country code and does not begin with {prefix}, as numbers of {country} do"
        )),
    }
}

/// Country code and number.
fn split(digits: &str) -> Result<String, String> {
    if !DIGITS.contains(&digits.len()) {
        return Err("it has too few or too many digits".to_owned());
    }
    let short = SHORT_CODES.iter().find(|code| digits.starts_with(*code));
    let length = short.map_or(3, |code| code.len());
    let (code, number) = digits.split_at(length);
    if code.starts_with('0') {
        return Err("no country code begins with 0".to_owned());
    }
    // Behind a country code the national prefix is not dialled; written all the same, it is left out.
    let prefix = COUNTRIES.iter().find(|(_, known, _)| *known == code);
    let doubled = prefix.is_some_and(|(_, _, prefix)| *prefix == "0" && number.starts_with('0'));
    let number = if doubled { &number[1..] } else { number };
    Ok(format!("+{code} {number}"))
}

/// Whether two ways to write it mean one number.
pub(crate) fn same(one: &str, other: &str) -> bool {
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    digits(one) == digits(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_understood_as_people_write_them() {
        for (written, country, number) in [
            ("+44 7700 900148", None, "+44 7700900148"),
            ("+44 (0)7700 900148", None, "+44 7700900148"),
            ("+4407700900148", None, "+44 7700900148"),
            ("0044 7700 900148", None, "+44 7700900148"),
            ("07700 900148", Some("GB"), "+44 7700900148"),
            ("(07700) 900-148", Some("gb"), "+44 7700900148"),
            ("0151 23456789", Some("DE"), "+49 15123456789"),
            ("612 34 56 78", Some("ES"), "+34 612345678"),
            ("(555) 010-0199", Some("US"), "+1 5550100199"),
            ("1-555-010-0199", Some("CA"), "+1 5550100199"),
            ("+1 555 010 0199", Some("DE"), "+1 5550100199"),
            ("+353 85 012 3456", None, "+353 850123456"),
            ("+39 06 1234 5678", None, "+39 0612345678"),
        ] {
            assert_eq!(
                international(written, country),
                Ok(number.to_owned()),
                "{written}"
            );
        }
    }

    #[test]
    fn what_could_be_another_number_is_left_to_a_person() {
        for (written, country) in [
            ("07700 900148", None),
            ("7700 900148", Some("GB")),
            ("07700 900148", Some("XK")),
            ("0151", Some("DE")),
            ("555-0199", Some("US")),
            ("ext. 17", Some("GB")),
            ("44+7700900148", Some("GB")),
            ("+0123456789", None),
            ("0612 345678", Some("ES")),
            ("", Some("GB")),
        ] {
            assert!(international(written, country).is_err(), "{written}");
        }
        assert!(same("+44 7700900148", "+447700900148"));
    }
}
