//! The few judgements about words that the policy needs: near misses, country codes, addresses.

/// The candidate that a mistyped word was most likely meant to be.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let plain = plain(word);
    candidates
        .into_iter()
        .map(|candidate| (distance(&plain, &self::plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= 1.max(plain.len().max(candidate.len()) / 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn plain(word: &str) -> String {
    word.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// How many letters have to be added, dropped, replaced or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, right) in b.iter().enumerate() {
            let mut best = (above[j] + usize::from(left != right))
                .min(above[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *left == b[j - 1] && a[i - 1] == *right {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

/// What is wrong with a sign-in name or mail address; nothing when it can be one.
pub(crate) fn address_problem(address: &str) -> Option<&'static str> {
    if address.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Some("it contains a blank");
    }
    let Some((local, domain)) = address.split_once('@') else {
        return Some("it has no @");
    };
    if local.is_empty() {
        return Some("nothing stands before the @");
    }
    if domain.contains('@') {
        return Some("it has more than one @");
    }
    if address.contains(['<', '>', ',', ';', '"', '(', ')', '[', ']']) {
        return Some("only the bare address belongs here");
    }
    domain_problem(domain)
}

/// What is wrong with a mail domain; nothing when it can be one.
pub(crate) fn domain_problem(domain: &str) -> Option<&'static str> {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    if !domain.contains('.') {
        return Some("its domain has no dot");
    }
    if !domain.split('.').all(label) {
        return Some("its domain is not one");
    }
    None
}

/// Whether it is a country code of ISO 3166-1 (alpha-2), which is what the directory takes as usage location.
pub(crate) fn is_country(code: &str) -> bool {
    code.len() == 2 && COUNTRIES.split(' ').any(|known| known == code)
}

/// ISO 3166-1 alpha-2, officially assigned codes.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ \
CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI \
GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI \
LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF \
PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL \
TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_recognised_and_a_stranger_is_not() {
        let steps = ["block-sign-in", "convert-mailbox", "notify"];
        let check = |word, expect: Option<&str>| assert_eq!(nearest(word, steps), expect, "{word}");
        check("blok-signin", Some("block-sign-in"));
        check("convert_mailbox", Some("convert-mailbox"));
        check("ontify", Some("notify"));
        check("wipe-device", None);
    }

    #[test]
    fn addresses_are_bare_and_have_a_domain() {
        assert_eq!(address_problem("jo.o'neil@contoso.example"), None);
        for wrong in [
            "jo",
            "@x.example",
            "jo@x",
            "jo@@x.example",
            "Jo <jo@x.example>",
            "a b@x.example",
            "jo@x..example",
            "a,b@x.example",
        ] {
            assert!(address_problem(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn there_are_249_countries() {
        assert_eq!(COUNTRIES.split(' ').count(), 249);
        assert!(is_country("DE") && !is_country("UK") && !is_country("de"));
    }
}
