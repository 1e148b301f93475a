//! Names of new people: sign-in names to try, display names, mail nicknames, and the wildcards that policies use. Pure.

mod letters;
mod split;
#[cfg(test)]
mod tests;

use crate::planner::Refusal;
use crate::policy::Naming;

pub use split::split;

/// The longest part before the `@` that the directory takes.
pub const LOCAL_MAX: usize = 64;

/// The longest display name that the directory takes, in characters.
pub const DISPLAY_MAX: usize = 256;

/// Placeholders of sign-in patterns.
pub const PLACEHOLDERS: [&str; 5] = ["{first}", "{last}", "{f}", "{l}", "{n}"];

/// Placeholders of the display name's pattern.
pub const DISPLAY_PLACEHOLDERS: [&str; 2] = ["{First}", "{Last}"];

/// A person's name as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonName {
    /// The given names, or the one name there is.
    pub given: String,
    /// The family name with its particles; empty where there is none.
    pub family: String,
}

impl PersonName {
    /// The name as one text.
    #[must_use]
    pub fn full(&self) -> String {
        squeeze(&format!("{} {}", self.given, self.family))
    }
}

/// Parts before the `@` to try, best first: patterns without a number in their order, then those with one, counted from 2 to 99.
/// A pattern that needs a part the name does not have is left out.
///
/// # Errors
/// When nothing is left, or the name has no letters: the sign-in name has to be given then.
pub fn candidates(name: &PersonName, naming: &Naming) -> Result<Vec<String>, Refusal> {
    let parts = Parts {
        first: letters::given(&name.given, &naming.letters),
        last: letters::family(&name.family, &naming.letters),
    };
    let has_letter = |part: &str| part.bytes().any(|b| b.is_ascii_alphabetic());
    if !has_letter(&parts.first) && !has_letter(&parts.last) {
        return Err(unnamed(name, "it has no letters to make one from"));
    }
    let (counted, plain): (Vec<&String>, Vec<&String>) = naming
        .upn
        .iter()
        .partition(|pattern| pattern.contains("{n}"));
    let plain = plain.into_iter().map(|pattern| (pattern, None));
    let counted = counted
        .into_iter()
        .flat_map(|pattern| (2..=99).map(move |n| (pattern, Some(n))));
    let mut found: Vec<String> = Vec::new();
    for (pattern, n) in plain.chain(counted) {
        if let Some(local) = parts.fill(pattern, n)
            && !found.contains(&local)
        {
            found.push(local);
        }
    }
    if found.is_empty() {
        return Err(unnamed(
            name,
            "every pattern of [naming] needs a part that the name does not have",
        ));
    }
    Ok(found)
}

fn unnamed(name: &PersonName, why: &str) -> Refusal {
    Refusal::new(
        "incomplete",
        format!(
            "no sign-in name can be made from the name “{}”: {why}",
            name.full()
        ),
        "give the sign-in name in the request and plan again",
    )
}

/// What patterns are filled with.
struct Parts {
    first: String,
    last: String,
}

impl Parts {
    /// The pattern filled in and cut to length, names first; nothing when a part is missing or nothing valid comes of it.
    fn fill(&self, pattern: &str, n: Option<u32>) -> Option<String> {
        let needs = |one: &str, short: &str| pattern.contains(one) || pattern.contains(short);
        if needs("{first}", "{f}") && self.first.is_empty()
            || needs("{last}", "{l}") && self.last.is_empty()
        {
            return None;
        }
        let number = n.map(|n| n.to_string()).unwrap_or_default();
        let (mut first, mut last) = (self.first.clone(), self.last.clone());
        loop {
            let text = pattern
                .replace("{first}", first.trim_end_matches('-'))
                .replace("{last}", last.trim_end_matches('-'))
                .replace("{f}", initial(&first))
                .replace("{l}", initial(&last))
                .replace("{n}", &number)
                .to_ascii_lowercase();
            let text = dots(&text);
            if text.len() <= LOCAL_MAX {
                return local_part_problem(&text).is_none().then_some(text);
            }
            // What is cut is the longer name that the pattern writes out, so that a number at the end stays.
            let length = |one: &str, part: &str| if pattern.contains(one) { part.len() } else { 0 };
            let (a, b) = (length("{first}", &first), length("{last}", &last));
            if a.max(b) <= 1 {
                return None;
            }
            if a >= b {
                first.pop()
            } else {
                last.pop()
            };
        }
    }
}

fn initial(part: &str) -> &str {
    part.get(..1).unwrap_or_default()
}

/// Without dots at the ends or two in a row, which the directory refuses.
fn dots(text: &str) -> String {
    let parts: Vec<&str> = text.split('.').filter(|part| !part.is_empty()).collect();
    parts.join(".")
}

/// What is wrong with the part before the `@` of a sign-in name; nothing when the directory takes it. Allowed are `A-Z a-z 0-9` and
/// `' . - _ ! # ^ ~` (learn.microsoft.com, “Create user”).
#[must_use]
pub fn local_part_problem(local: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "'.-_!#^~".contains(c);
    if local.is_empty() {
        return Some("nothing stands before the @");
    }
    if local.len() > LOCAL_MAX {
        return Some("more than 64 characters stand before the @");
    }
    if !local.chars().all(allowed) {
        return Some("only A-Z, a-z, 0-9 and ' . - _ ! # ^ ~ may stand before the @");
    }
    if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Some("it begins or ends with a dot, or has two in a row");
    }
    None
}

/// The mail nickname of a sign-in name: the part before the `@` in characters that directory and mail system both take. Nothing when
/// none is left.
#[must_use]
pub fn nickname(sign_in_name: &str) -> Option<String> {
    let local = sign_in_name.split('@').next().unwrap_or_default();
    let kept: String = local
        .chars()
        .filter(|c| c.is_ascii_graphic() && !"@()\\[]\";:<>,".contains(*c))
        .take(LOCAL_MAX)
        .collect();
    let kept = dots(&kept);
    (!kept.is_empty()).then_some(kept)
}

/// The display name by the policy's pattern, names as written. A missing part leaves no stray comma or blank.
#[must_use]
pub fn display(name: &PersonName, naming: &Naming) -> String {
    let text = naming
        .display
        .replace("{First}", &squeeze(&name.given))
        .replace("{Last}", &squeeze(&name.family));
    let text = if name.given.trim().is_empty() || name.family.trim().is_empty() {
        text.trim_matches(|c: char| c.is_whitespace() || ",;".contains(c))
            .to_owned()
    } else {
        text
    };
    squeeze(&text).chars().take(DISPLAY_MAX).collect()
}

/// One blank between words, none at the ends, no control characters.
pub(crate) fn squeeze(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

/// Whether a text is meant by a pattern: case does not count, blanks at the ends do not, and `*` stands for any letters, also none.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (
        squeeze(pattern).to_lowercase(),
        squeeze(text).to_lowercase(),
    );
    let parts: Vec<&str> = pattern.split('*').collect();
    let [first, middle @ .., last] = parts.as_slice() else {
        return pattern == text;
    };
    let Some(rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(mut rest) = rest.strip_suffix(last) else {
        return false;
    };
    for part in middle {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    true
}
