//! The languages that free text is read in: one file of words and patterns each, and the list of them.
//!
//! A language is data. The engine in `prose` knows no word of any; to add a language, add its file and its line in [`LANGUAGES`].

mod english;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::prose::pattern::Pattern;

/// Every language there is.
const LANGUAGES: &[&Language] = &[&english::ENGLISH];

/// A language as written down. Entries of lists are parted by `|`; patterns are described in `prose/pattern.rs`.
pub(crate) struct Language {
    /// Its tag, as in `en`.
    pub(crate) tag: &'static str,
    /// Frequent words that other languages do not have together.
    pub(crate) common: &'static str,
    /// Endings that are words of their own: `n't` is `not`.
    pub(crate) endings: &'static [(&'static str, &'static str)],
    /// Words and turns by class; which classes the engine asks for stands in `prose/class.rs`.
    pub(crate) classes: &'static [(&'static str, &'static str)],
    /// What is said of a person: the sign with its strength, and how it is said.
    pub(crate) signs: &'static [(&'static str, &'static str)],
    /// What fills a field: `field`, `kind:field` for one kind alone, `field=value` for a fixed value, `!field` for a refusal.
    pub(crate) rules: &'static [(&'static str, &'static str)],
    /// What a date beside these words is the date of.
    pub(crate) cues: &'static [(&'static str, &'static str)],
    /// Dates in words.
    pub(crate) dates: &'static [(&'static str, &'static str)],
    /// What a question in a chat asks for, and what its answer is.
    pub(crate) questions: &'static [(&'static str, &'static str)],
}

/// A language ready for use.
pub(crate) struct Grammar {
    pub(crate) language: &'static Language,
    classes: HashMap<&'static str, Vec<&'static str>>,
    pub(crate) signs: Vec<Named>,
    pub(crate) rules: Vec<Named>,
    pub(crate) cues: Vec<Named>,
    pub(crate) dates: Vec<Named>,
    pub(crate) questions: Vec<Named>,
}

/// A pattern and what it stands for.
pub(crate) struct Named {
    pub(crate) name: &'static str,
    pub(crate) pattern: Pattern,
}

static GRAMMARS: LazyLock<Vec<Grammar>> =
    LazyLock::new(|| LANGUAGES.iter().copied().map(Grammar::of).collect());

impl Grammar {
    fn of(language: &'static Language) -> Self {
        let mut classes: HashMap<&str, Vec<&str>> = HashMap::new();
        for (class, words) in language.classes {
            for word in words.split('|') {
                classes.entry(word.trim()).or_default().push(class);
            }
        }
        let compile = |list: &'static [(&'static str, &'static str)]| -> Vec<Named> {
            list.iter()
                .map(|(name, pattern)| Named {
                    name,
                    pattern: Pattern::of(pattern),
                })
                .collect()
        };
        Self {
            language,
            classes,
            signs: compile(language.signs),
            rules: compile(language.rules),
            cues: compile(language.cues),
            dates: compile(language.dates),
            questions: compile(language.questions),
        }
    }

    /// Whether a word or turn, in lower case, is of a class.
    pub(crate) fn is(&self, class: &str, word: &str) -> bool {
        self.classes
            .get(word)
            .is_some_and(|classes| classes.contains(&class))
    }

    /// Whether a word or turn is of any class at all.
    pub(crate) fn knows(&self, word: &str) -> bool {
        self.classes.contains_key(word)
    }

    /// The entries of a class, in their order.
    pub(crate) fn entries(&self, class: &str) -> impl Iterator<Item = &'static str> + use<> {
        self.language
            .classes
            .iter()
            .find(|(name, _)| *name == class)
            .map_or("", |(_, words)| *words)
            .split('|')
    }
}

/// Every language ready for use.
pub(crate) fn all() -> impl Iterator<Item = &'static Grammar> {
    GRAMMARS.iter()
}

/// The language of a text: the given tag where it is known, else the one with most of its frequent words in it.
pub(crate) fn of(text: &str, tag: Option<&str>) -> Option<&'static Grammar> {
    let base = |tag: &str| tag.split(['-', '_']).next().unwrap_or(tag).to_lowercase();
    if let Some(tag) = tag.map(base) {
        return GRAMMARS
            .iter()
            .find(|grammar| base(grammar.language.tag) == tag);
    }
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .collect();
    let share = |grammar: &&'static Grammar| {
        words
            .iter()
            .filter(|word| grammar.language.common.split(' ').any(|one| one == **word))
            .count()
    };
    GRAMMARS
        .iter()
        .max_by_key(share)
        // One word in twelve; foreign text has now and then one of them by chance.
        .filter(|grammar| share(grammar) * 12 >= words.len().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_known_by_its_words() {
        let tag = |text: &str| of(text, None).map(|grammar| grammar.language.tag);
        assert_eq!(
            tag("Jane joins us on Monday, please set up her account."),
            Some("en")
        );
        assert_eq!(
            tag("Frau Doe verlässt uns zum 30.06., bitte das Postfach weiterleiten."),
            None
        );
        assert_eq!(
            of("", Some("en-US")).map(|grammar| grammar.language.tag),
            Some("en")
        );
        assert!(of("Jane joins us", Some("de")).is_none());
    }

    #[test]
    fn every_pattern_of_every_language_can_be_read() {
        for grammar in GRAMMARS.iter() {
            let lists = [
                &grammar.signs,
                &grammar.rules,
                &grammar.cues,
                &grammar.dates,
                &grammar.questions,
            ];
            for named in lists.into_iter().flatten() {
                assert!(
                    named.pattern.faults(grammar).is_empty(),
                    "{}: {:?}",
                    named.name,
                    named.pattern.faults(grammar)
                );
            }
        }
    }
}
