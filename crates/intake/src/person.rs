//! Reads who is meant from the value of a field: an address, a name, or both.

use std::ops::Range;

/// What a value says about people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Who {
    /// The addresses in it, each once, with their places in the value.
    pub(crate) addresses: Vec<(Range<usize>, String)>,
    /// The name in it.
    pub(crate) name: Option<(Range<usize>, String)>,
    /// Why what is left is no name, when it is none.
    pub(crate) doubt: Option<Doubt>,
}

/// Why a value names nobody for certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// It reads like several people.
    Several,
    /// It reads like no name.
    NoName,
}

/// Words for "not known yet".
const UNKNOWN: &[&str] = &[
    "tbd",
    "tba",
    "tbc",
    "to be confirmed",
    "to be determined",
    "to be decided",
    "unknown",
    "not known",
    "not sure",
    "?",
    "??",
    "???",
    "pending",
    "see below",
    "see above",
    "see attached",
    "as discussed",
    "select",
    "choose an item",
    "click or tap here to enter text",
    "click here to enter text",
    "click or tap to enter a date",
    "dd/mm/yyyy",
    "mm/dd/yyyy",
    "yyyy-mm-dd",
    "enter name",
    "…",
    "...",
];

/// Words for "none".
const NONE: &[&str] = &[
    "none",
    "no",
    "n/a",
    "na",
    "nil",
    "-",
    "–",
    "—",
    "not applicable",
    "not required",
    "not needed",
    "nobody",
    "no one",
    "no-one",
    "false",
    "off",
    "0",
];

/// Whether a value says that nobody knows yet.
pub(crate) fn is_unknown(value: &str) -> bool {
    let value = bare(value);
    value.is_empty() || UNKNOWN.contains(&value.as_str())
}

/// Whether a value says that there is none.
pub(crate) fn is_none(value: &str) -> bool {
    NONE.contains(&bare(value).as_str())
}

fn bare(value: &str) -> String {
    value
        .trim()
        .trim_end_matches(['.', '!', ';', ','])
        .trim_matches(['<', '>', '[', ']', '(', ')', '{', '}', '"'])
        .trim()
        .to_lowercase()
}

/// Yes or no, also from boxes: `[x] Yes [ ] No`.
pub(crate) fn yes_no(value: &str) -> Option<bool> {
    let lower = value.to_lowercase();
    let ticked = ["[x]", "(x)", "☑", "☒", "✔", "✓"]
        .iter()
        .find_map(|mark| lower.split_once(mark).map(|(_, rest)| rest.trim()));
    let said = ticked.unwrap_or(lower.trim());
    let word: String = said
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '/')
        .collect();
    match word.as_str() {
        "yes" | "y" | "true" | "on" | "ja" | "1" | "required" => Some(true),
        "no" | "n" | "false" | "off" | "0" | "none" | "n/a" => Some(false),
        _ => None,
    }
}

/// Reads a value.
pub(crate) fn read(value: &str) -> Who {
    let mut who = Who::default();
    for range in addresses(value) {
        let address = value[range.clone()].to_lowercase();
        if !who.addresses.iter().any(|(_, known)| *known == address) {
            who.addresses.push((range, address));
        }
    }
    let Some(range) = name_range(value) else {
        return who;
    };
    let written = &value[range.clone()];
    match judge(written, !who.addresses.is_empty()) {
        Ok(()) => who.name = Some((range, untitled(written).to_owned())),
        Err(doubt) => who.doubt = Some(doubt),
    }
    who
}

/// Where the addresses of a value stand.
fn addresses(value: &str) -> Vec<Range<usize>> {
    let is_local = |c: char| c.is_alphanumeric() || "._-+'%".contains(c);
    let is_domain = |c: char| c.is_alphanumeric() || ".-".contains(c);
    value
        .match_indices('@')
        .filter_map(|(at, _)| {
            let local = value[..at].len() - value[..at].trim_end_matches(is_local).len();
            let after = &value[at + 1..];
            let domain = (after.len() - after.trim_start_matches(is_domain).len()).min(253);
            let mut end = at + 1 + domain;
            while !value.is_char_boundary(end) {
                end -= 1;
            }
            let domain = value[at + 1..end].trim_end_matches(['.', '-']);
            let start = at - local;
            let start = at
                - value[start..at]
                    .trim_start_matches(['.', '-', '\'', '_'])
                    .len();
            (start < at && domain.contains('.') && !domain.starts_with('.'))
                .then_some(start..at + 1 + domain.len())
        })
        .collect()
}

/// Where the name stands: before the first bracket or address, else between or behind them.
fn name_range(value: &str) -> Option<Range<usize>> {
    let mut holes: Vec<Range<usize>> = addresses(value);
    let mut open: Option<usize> = None;
    for (at, character) in value.char_indices() {
        match character {
            '(' | '<' | '[' => {
                open.get_or_insert(at);
            }
            ')' | '>' | ']' => {
                if let Some(start) = open.take() {
                    holes.push(start..at + 1);
                }
            }
            _ => {}
        }
    }
    if let Some(start) = open {
        holes.push(start..value.len());
    }
    for hint in ["mailto:", "smtp:", "email:", "upn:"] {
        if let Some(at) = value.to_ascii_lowercase().find(hint) {
            holes.push(at..at + hint.len());
        }
    }
    holes.sort_by_key(|hole| hole.start);
    let mut start = 0;
    for hole in holes {
        if let Some(range) = solid(value, start..hole.start.max(start)) {
            return Some(range);
        }
        start = start.max(hole.end);
    }
    solid(value, start..value.len()).or_else(|| {
        // `jo.doe@contoso.example (Jo Doe)`
        let inside = value.split_once('(')?.1.split_once(')')?.0;
        let at = value.find('(')? + 1;
        solid(value, at..at + inside.len()).filter(|range| !value[range.clone()].contains('@'))
    })
}

fn solid(value: &str, range: Range<usize>) -> Option<Range<usize>> {
    let edge = |c: char| c.is_whitespace() || "\"“”'‘’,;:/|&-–—.*_`".contains(c);
    let range = crate::lines::trim(value, range, edge);
    value[range.clone()]
        .chars()
        .any(char::is_alphanumeric)
        .then_some(range)
}

/// Whether words are one person's name.
fn judge(written: &str, has_address: bool) -> Result<(), Doubt> {
    if written.chars().count() > 80 || is_unknown(written) || is_none(written) {
        return Err(Doubt::NoName);
    }
    let lower = format!(" {} ", written.to_lowercase());
    if [" and ", " & ", ";", "/", "+"]
        .iter()
        .any(|joint| lower.contains(joint))
    {
        return Err(Doubt::Several);
    }
    let is_name = |word: &str| {
        word.chars().any(char::is_alphabetic)
            && word
                .chars()
                .all(|c| c.is_alphabetic() || is_mark(c) || "'’-.‐‑`´".contains(c))
    };
    let parts: Vec<Vec<&str>> = written
        .split(',')
        .map(|part| part.split_whitespace().collect())
        .collect();
    if parts.len() > 2 || !parts.iter().flatten().all(|word| is_name(word)) {
        return Err(if parts.len() > 2 {
            Doubt::Several
        } else {
            Doubt::NoName
        });
    }
    let all: usize = parts.iter().map(Vec::len).sum();
    if all > 6 {
        return Err(Doubt::NoName);
    }
    // `Doe, Jane` is one person; `Jane Doe, John Roe` are two, unless an address says who is meant.
    if parts.len() == 2 && parts[0].len() > 1 && !has_address {
        return Err(Doubt::Several);
    }
    let first = parts[0]
        .first()
        .map_or(String::new(), |word| word.to_lowercase());
    if matches!(
        first.as_str(),
        "please"
            | "the"
            | "see"
            | "a"
            | "an"
            | "this"
            | "that"
            | "we"
            | "i"
            | "he"
            | "she"
            | "they"
            | "all"
            | "everyone"
            | "everybody"
            | "yes"
    ) {
        return Err(Doubt::NoName);
    }
    Ok(())
}

fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}')
}

/// A name without the form of address before it.
fn untitled(name: &str) -> &str {
    match name.split_once(char::is_whitespace) {
        Some((title, rest))
            if matches!(
                title.trim_end_matches('.').to_lowercase().as_str(),
                "mr" | "mrs" | "ms" | "miss" | "mx" | "dr" | "prof" | "sir"
            ) =>
        {
            rest.trim()
        }
        _ => name,
    }
}

/// Whether words mean the person's manager, whoever that is.
pub(crate) fn is_manager(value: &str) -> bool {
    let bare = bare(value);
    let words: Vec<&str> = bare
        .split_whitespace()
        .filter(|word| {
            !matches!(
                *word,
                "the"
                    | "his"
                    | "her"
                    | "their"
                    | "line"
                    | "direct"
                    | "employee's"
                    | "user's"
                    | "to"
            )
        })
        .collect();
    matches!(words.as_slice(), ["manager" | "supervisor" | "boss"])
}

/// Given and family name of a written name; the family name takes its particles along. A lone word has no parts.
pub(crate) fn parts(name: &str) -> Option<(String, String)> {
    if let Some((family, given)) = name.split_once(',') {
        let (family, given) = (family.trim(), given.trim());
        return (!family.is_empty() && !given.is_empty())
            .then(|| (given.to_owned(), family.to_owned()));
    }
    let words: Vec<&str> = name.split_whitespace().collect();
    let last = words.len().checked_sub(1).filter(|last| *last > 0)?;
    let mut start = last;
    while start > 1 && is_particle(words[start - 1]) {
        start -= 1;
    }
    Some((words[..start].join(" "), words[start..].join(" ")))
}

fn is_particle(word: &str) -> bool {
    matches!(
        word.to_lowercase().as_str(),
        "van"
            | "von"
            | "de"
            | "der"
            | "den"
            | "del"
            | "della"
            | "di"
            | "da"
            | "do"
            | "dos"
            | "das"
            | "du"
            | "la"
            | "le"
            | "af"
            | "av"
            | "zu"
            | "zum"
            | "ten"
            | "ter"
            | "bin"
            | "ibn"
            | "al"
            | "el"
            | "abu"
            | "st"
            | "st."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_person_or_a_doubt() {
        let check = |value: &str, expect: &str| {
            let who = read(value);
            let addresses: Vec<&str> = who
                .addresses
                .iter()
                .map(|(_, address)| address.as_str())
                .collect();
            let name = who.name.as_ref().map_or("", |(_, name)| name.as_str());
            let doubt = who
                .doubt
                .map_or(String::new(), |doubt| format!(" {doubt:?}"));
            assert_eq!(
                format!("{name}|{}{doubt}", addresses.join(" ")),
                expect,
                "{value}"
            );
        };
        check("Jane Doe", "Jane Doe|");
        check("Ms. Jane O'Neil-Roe", "Jane O'Neil-Roe|");
        check("Doe, Jane", "Doe, Jane|");
        check(
            "Jane Doe <Jane.Doe@Contoso.example>",
            "Jane Doe|jane.doe@contoso.example",
        );
        check(
            "Jane Doe (jane.doe@contoso.example)",
            "Jane Doe|jane.doe@contoso.example",
        );
        check(
            "jane.doe@contoso.example (Jane Doe)",
            "Jane Doe|jane.doe@contoso.example",
        );
        check(
            "jane.doe@contoso.example - Jane Doe.",
            "Jane Doe|jane.doe@contoso.example",
        );
        check(
            "[jane.doe@contoso.example](mailto:jane.doe@contoso.example)",
            "|jane.doe@contoso.example",
        );
        check("Jane Doe (Finance)", "Jane Doe|");
        check("Siobhán MacNeice", "Siobhán MacNeice|");
        check("Jane Doe, John Roe", "| Several");
        check("Jane Doe and John Roe", "| Several");
        check(
            "a@contoso.example; b@contoso.example",
            "|a@contoso.example b@contoso.example",
        );
        check("TBD", "| NoName");
        check("the whole team", "| NoName");
        check("10234", "| NoName");
    }

    #[test]
    fn names_have_parts() {
        let check = |name: &str, given: &str, family: &str| {
            assert_eq!(
                parts(name),
                Some((given.to_owned(), family.to_owned())),
                "{name}"
            );
        };
        check("Jane Doe", "Jane", "Doe");
        check("Doe, Jane Ann", "Jane Ann", "Doe");
        check("Ludwig van der Berg", "Ludwig", "van der Berg");
        assert_eq!(parts("Jane"), None);
    }

    #[test]
    fn yes_and_no_are_read_from_boxes() {
        let check =
            |value: &str, expect: Option<bool>| assert_eq!(yes_no(value), expect, "{value}");
        check("Yes, 90 days", Some(true));
        check("[ ] Yes [x] No", Some(false));
        check("☑ Yes ☐ No", Some(true));
        check("perhaps", None);
    }
}
