//! Whether an account is the person whom a request is about.

use any_ascii::any_ascii;
use unicode_normalization::UnicodeNormalization as _;

use super::Wanted;
use crate::facts::Person;

/// Letters that some write with a mark and others as two.
const PAIRS: [(char, &str); 5] = [
    ('ä', "ae"),
    ('ö', "oe"),
    ('ü', "ue"),
    ('ø', "oe"),
    ('å', "aa"),
];

/// Whether the names of request and account agree: display name or given and family name of one with either of the other. Case,
/// accents, punctuation and the order of the words do not count. Where one of them has no name, nothing speaks against it.
#[must_use]
pub fn names_agree(wanted: &Wanted, person: &Person) -> bool {
    let part = |name: &str| person.attributes.get(name).map_or("", String::as_str);
    let asked = [
        whole(&wanted.given_name, &wanted.family_name),
        wanted.display_name.clone(),
    ];
    let known = [
        whole(part("given-name"), part("family-name")),
        person.display_name.clone(),
    ];
    let named = |names: &[String]| names.iter().any(|name| !words(name, plain).is_empty());
    if !named(&asked) || !named(&known) {
        return true;
    }
    asked
        .iter()
        .any(|one| known.iter().any(|other| agree(one, other)))
}

fn whole(given: &str, family: &str) -> String {
    format!("{given} {family}")
}

fn agree(one: &str, other: &str) -> bool {
    [plain, paired].into_iter().any(|fold| {
        let (one, other) = (words(one, fold), words(other, fold));
        let named = !one.is_empty() && !other.is_empty();
        named && (sorted(&one) == sorted(&other) || joined(&one, &other))
    })
}

/// Some write a name in one word, others in two: the letters count, in either order of the two.
fn joined(one: &[String], other: &[String]) -> bool {
    let turned = |words: &[String]| {
        let mut words = words.to_vec();
        words.rotate_left(1);
        words.concat()
    };
    let (a, b) = (one.concat(), other.concat());
    a == b || turned(one) == b || a == turned(other)
}

fn sorted(words: &[String]) -> Vec<&String> {
    let mut words: Vec<&String> = words.iter().collect();
    words.sort();
    words
}

/// The words of a name in plain letters. An apostrophe parts no word.
fn words(name: &str, fold: fn(&str) -> String) -> Vec<String> {
    let name: String = name.to_lowercase().nfc().collect();
    name.split(|c: char| !c.is_alphanumeric() && !"'’`´ʼ".contains(c))
        .map(|word| {
            let word = fold(word).to_lowercase();
            word.chars()
                .filter(char::is_ascii_alphanumeric)
                .collect::<String>()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

fn plain(word: &str) -> String {
    let bare: String = word.nfd().filter(|c| !is_mark(*c)).collect();
    any_ascii(&bare)
}

fn paired(word: &str) -> String {
    let mut text = String::new();
    for letter in word.chars() {
        match PAIRS.iter().find(|(known, _)| *known == letter) {
            Some((_, pair)) => text.push_str(pair),
            None => text.push(letter),
        }
    }
    plain(&text)
}

/// An accent that stands by itself after its letter was taken apart.
fn is_mark(c: char) -> bool {
    matches!(u32::from(c), 0x0300..=0x036f)
}
