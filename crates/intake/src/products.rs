//! Names of Microsoft licences as people write them; they are the same in all languages.

/// Words before a licence's name that belong to it.
const MAKERS: &[&str] = &["microsoft", "ms", "m365", "o365", "office"];

/// Licences, word by word (Microsoft's product names and service plan identifiers for licensing).
const LICENCES: &[&str] = &[
    "business basic",
    "business standard",
    "business premium",
    "apps for business",
    "apps for enterprise",
    "e1",
    "e3",
    "e5",
    "f1",
    "f3",
    "a1",
    "a3",
    "a5",
    "g3",
    "g5",
    "enterprise e3",
    "enterprise e5",
    "exchange online plan 1",
    "exchange online plan 2",
    "exchange online kiosk",
    "exchange online",
    "visio plan 1",
    "visio plan 2",
    "visio",
    "project plan 1",
    "project plan 3",
    "project plan 5",
    "planner plan 1",
    "power bi pro",
    "power bi premium",
    "power bi premium per user",
    "power automate premium",
    "power apps premium",
    "teams phone standard",
    "teams phone",
    "teams essentials",
    "teams premium",
    "copilot",
    "entra id p1",
    "entra id p2",
    "intune suite",
    "defender for business",
];

/// How many of these words, in lower case, are the name of a licence.
pub(crate) fn licence(words: &[&str]) -> Option<usize> {
    let mut maker = 0;
    if words.first().is_some_and(|word| MAKERS.contains(word)) {
        maker = 1;
        if words.get(1) == Some(&"365") {
            maker = 2;
        }
    }
    let rest = &words[maker..];
    let best = LICENCES
        .iter()
        .filter_map(|licence| {
            let count = licence.split(' ').count();
            (rest.len() >= count && licence.split(' ').eq(rest[..count].iter().copied()))
                .then_some(count)
        })
        .max()?;
    Some(maker + best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_known_by_their_names() {
        let check = |words: &str, expect: Option<usize>| {
            let words: Vec<&str> = words.split(' ').collect();
            assert_eq!(licence(&words), expect, "{words:?}");
        };
        check("business premium seat", Some(2));
        check("microsoft 365 e3 licence", Some(3));
        check("m365 business basic", Some(3));
        check("power bi pro", Some(3));
        check("office chair", None);
        check("business trip", None);
    }
}
