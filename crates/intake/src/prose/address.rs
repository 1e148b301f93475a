//! Whose an address is: names and the local parts of addresses, compared without accents.

use super::people::Person;
use super::tokens::{Shape, Token};

/// A name in small letters that an address gives away.
pub(super) fn by_address(list: &[Token], at: usize, addresses: &[&Token]) -> Option<usize> {
    addresses.iter().find_map(|address| {
        let local = address.lower.split('@').next()?;
        let parts: Vec<String> = local.split(['.', '_']).map(fold).collect();
        let fits = (2..=4).contains(&parts.len())
            && at + parts.len() <= list.len()
            && parts.iter().zip(&list[at..]).all(|(part, token)| {
                token.shape == Shape::Word
                    && part.len() > 1
                    && fold(&token.lower).replace(['-', '\''], "") == part.replace('-', "")
            });
        fits.then_some(at + parts.len())
    })
}

/// Whether the local part of an address holds a person's name.
pub(super) fn holds(local: &str, person: &Person) -> bool {
    if !person.full || person.family.is_empty() {
        return false;
    }
    let strip =
        |text: &str| -> String { text.chars().filter(char::is_ascii_alphanumeric).collect() };
    let plain = strip(&fold(local));
    let family = strip(&person.family.concat());
    let given: String = strip(&person.words[0]);
    let last = strip(person.words.last().map_or("", String::as_str));
    let Some(initial) = given.get(..1) else {
        return false;
    };
    let orders = [
        format!("{given}{family}"),
        format!("{given}{last}"),
        format!("{initial}{family}"),
        format!("{initial}{last}"),
        format!("{family}{given}"),
        format!("{family}{initial}"),
    ];
    family.len() > 1
        && orders.iter().any(|order| {
            plain == *order
                || plain.ends_with(order.as_str()) && order.len() > 5
                || plain.trim_end_matches(|c: char| c.is_ascii_digit()) == order
        })
}

/// Whether a local part may be a person's own: one short word is a desk's or a nickname, and nobody can tell.
pub(super) fn is_personal(local: &str) -> bool {
    local.contains('.') || local.contains('_')
}

/// Without accents and capitals, so that `szymanska@` is Szymańska's.
pub(crate) fn fold(word: &str) -> String {
    word.to_lowercase()
        .chars()
        .filter_map(|c| match c {
            'à'..='å' | 'ā' | 'ă' | 'ą' => Some('a'),
            'ç' | 'ć' | 'č' => Some('c'),
            'ď' | 'đ' | 'ð' => Some('d'),
            'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => Some('e'),
            'ğ' | 'ģ' => Some('g'),
            'ì'..='ï' | 'ī' | 'į' | 'ı' => Some('i'),
            'ł' | 'ľ' | 'ļ' => Some('l'),
            'ñ' | 'ń' | 'ň' | 'ņ' => Some('n'),
            'ò'..='ö' | 'ø' | 'ō' | 'ő' => Some('o'),
            'ŕ' | 'ř' => Some('r'),
            'ś' | 'š' | 'ş' | 'ș' => Some('s'),
            'ť' | 'ţ' | 'ț' => Some('t'),
            'ù'..='ü' | 'ū' | 'ů' | 'ű' | 'ų' => Some('u'),
            'ý' | 'ÿ' => Some('y'),
            'ź' | 'ż' | 'ž' => Some('z'),
            '\u{300}'..='\u{36f}' | '.' => None,
            '’' => Some('\''),
            other => Some(other),
        })
        .collect()
}
