//! From a name in any script to the ASCII letters of a sign-in name.

use std::collections::BTreeMap;

use any_ascii::any_ascii_char;
use unicode_normalization::UnicodeNormalization as _;

/// Words before a given name that are no name.
const TITLES: [&str; 9] = ["dr", "prof", "mr", "mrs", "ms", "mx", "herr", "frau", "sir"];

/// Words after a family name that are no name.
pub(super) const SUFFIXES: [&str; 9] = [
    "jr", "sr", "junior", "senior", "ii", "iii", "iv", "phd", "esq",
];

/// Signs that people write between the letters of one name, and that are no letters.
const HYPHENS: [char; 8] = [
    '-', '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2212}', '\u{ff0d}',
];

/// The letters of the given names, titles left out.
pub(super) fn given(text: &str, table: &BTreeMap<String, String>) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let titles = words
        .iter()
        .take_while(|word| is_one_of(word, &TITLES))
        .count();
    // Somebody whose whole name reads like a title is called so.
    let names = words.get(titles..).filter(|names| !names.is_empty());
    join(names.unwrap_or(&words), table)
}

/// The letters of the family name, suffixes left out.
pub(super) fn family(text: &str, table: &BTreeMap<String, String>) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let suffixes = words
        .iter()
        .rev()
        .take_while(|word| is_one_of(word, &SUFFIXES))
        .count();
    let names = words
        .get(..words.len() - suffixes)
        .filter(|names| !names.is_empty());
    join(names.unwrap_or(&words), table)
}

/// Whether a word is in a list, whatever its case and dots.
pub(super) fn is_one_of(word: &str, list: &[&str]) -> bool {
    let plain: String = word
        .chars()
        .filter(|c| !".,".contains(*c))
        .flat_map(char::to_lowercase)
        .collect();
    list.contains(&plain.as_str())
}

/// Words of one part become one word; a hyphen stays.
fn join(words: &[&str], table: &BTreeMap<String, String>) -> String {
    let text: String = words.iter().map(|word| ascii(word, table)).collect();
    let parts: Vec<&str> = text.split('-').filter(|part| !part.is_empty()).collect();
    parts.join("-")
}

/// Lower-case ASCII letters, digits and hyphens. The policy's table comes first, then symbols go (a symbol that is spelled out would
/// become a word nobody is called), then everything left is transliterated.
fn ascii(word: &str, table: &BTreeMap<String, String>) -> String {
    // One form for `ä`, however it was typed, so that the table meets it.
    let composed: String = word.to_lowercase().nfc().collect();
    let spelled = spell(&composed, table);
    let mut plain = String::new();
    let mut letters = spelled.chars().peekable();
    while let Some(letter) = letters.next() {
        // A digit with one of these behind it is a picture of a key.
        let keycap = matches!(letters.peek(), Some('\u{fe0f}' | '\u{20e3}'));
        if HYPHENS.contains(&letter) {
            plain.push('-');
        } else if is_letter(letter) && !keycap {
            plain.push_str(any_ascii_char(letter));
        }
    }
    plain
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Letters as the policy's table writes them, the longest entry that fits first.
fn spell(text: &str, table: &BTreeMap<String, String>) -> String {
    let mut table: Vec<(String, &str)> = table
        .iter()
        .map(|(letter, written)| (letter.to_lowercase().nfc().collect(), written.as_str()))
        .filter(|(letter, _): &(String, &str)| !letter.is_empty())
        .collect();
    table.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    let mut spelled = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let hit = table.iter().find(|(key, _)| rest.starts_with(key.as_str()));
        let taken = if let Some((key, written)) = hit {
            spelled.push_str(written);
            key.len()
        } else {
            spelled.push(letter);
            letter.len_utf8()
        };
        rest = &rest[taken..];
    }
    spelled
}

/// Whether it is a letter or digit of a script. Enclosed letters (`🅰`, `Ⓜ`) count as letters in Unicode and are pictures here.
fn is_letter(c: char) -> bool {
    let picture = matches!(u32::from(c), 0x2000..=0x2bff | 0x3200..=0x33ff | 0x1f000..=0x1faff);
    !picture && (c.is_alphabetic() || c.is_numeric())
}
