//! Splits a name that was written in one piece.

use super::letters::{SUFFIXES, is_one_of};
use super::{PersonName, squeeze};

/// Words that belong to the family name behind them.
const PARTICLES: [&str; 45] = [
    "van", "von", "vom", "der", "den", "de", "del", "della", "delle", "dello", "degli", "dei",
    "di", "da", "das", "do", "dos", "du", "des", "la", "las", "le", "les", "los", "lo", "el", "al",
    "bin", "bint", "ibn", "ter", "ten", "te", "tot", "zu", "zum", "zur", "af", "av", "op", "'t",
    "in", "st", "san", "santa",
];

/// Words that join two family names.
const JOINTS: [&str; 4] = ["y", "e", "i", "und"];

/// Given and family name of a name in one piece: the last word is the family name, its particles and suffixes included. `Doe, Jo` is read
/// family name first. One word is a given name.
#[must_use]
pub fn split(full: &str) -> PersonName {
    let full = squeeze(full);
    if let Some((family, given)) = full.split_once(',') {
        let (family, given) = (family.trim(), given.trim());
        let suffix = given.split(' ').all(|word| is_one_of(word, &SUFFIXES));
        if !family.is_empty() && !given.is_empty() && !suffix {
            return PersonName {
                given: given.to_owned(),
                family: family.to_owned(),
            };
        }
    }
    let words: Vec<&str> = full.split(' ').collect();
    let at = family_starts(&words);
    let (given, family) = words.split_at(at);
    PersonName {
        given: given.join(" "),
        family: family.join(" "),
    }
}

/// Where the family name begins. The first word is never part of it.
fn family_starts(words: &[&str]) -> usize {
    let suffixes = words
        .iter()
        .skip(2)
        .rev()
        .take_while(|word| is_one_of(word, &SUFFIXES))
        .count();
    let mut at = words.len() - suffixes;
    if at < 2 {
        return words.len();
    }
    at -= 1;
    while at > 1 {
        let before = words[at - 1];
        if is_one_of(before, &PARTICLES) {
            at -= 1;
        } else if is_one_of(before, &JOINTS) && at > 2 {
            at -= 2;
        } else {
            break;
        }
    }
    at
}
