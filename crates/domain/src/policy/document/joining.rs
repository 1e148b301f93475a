//! Reads how new people are named, what requests may ask for, and what holds for contractors.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::super::parse::{Reader, Section};
use super::super::words::domain_problem;
use super::super::{Asks, Contractors, Naming};
use super::bundles::placeholders;
use crate::naming::{DISPLAY_PLACEHOLDERS, PLACEHOLDERS, local_part_problem};

/// How many letters of its own a pattern may have beside the names: more would leave too few of the 64 to them.
const LITERAL_MAX: usize = 32;

impl Reader<'_> {
    pub(super) fn naming(&mut self, root: &Section<'_>) -> Naming {
        let Some(section) = self.section(root, "naming") else {
            return Naming::default();
        };
        self.only(&section, &["domain", "upn", "display", "letters"]);
        let mut naming = Naming {
            domain: self.text(&section, "domain"),
            letters: self.letters(&section),
            ..Naming::default()
        };
        if let Some(domain) = &naming.domain
            && let Some(problem) = domain_problem(domain)
        {
            self.wrong_at(
                "naming.domain",
                format!("“{domain}” is no domain: {problem}"),
                "write it like `contoso.example`, without an @",
            );
        }
        if section.table.contains_key("upn") {
            naming.upn = self.texts(&section, "upn");
            if naming.upn.is_empty() {
                self.wrong_at(
                    "naming.upn",
                    "without a pattern nobody gets a sign-in name",
                    "for example `upn = [\"{first}.{last}\", \"{first}.{last}{n}\"]`",
                );
            }
            for pattern in &naming.upn {
                self.pattern(pattern);
            }
        }
        if let Some(display) = self.text(&section, "display") {
            match placeholders(&display, &DISPLAY_PLACEHOLDERS) {
                Ok(found) if !found.is_empty() => {}
                Ok(_) => self.wrong_at(
                    "naming.display",
                    "with this pattern everybody has the same display name",
                    "use `{First}` or `{Last}` in it",
                ),
                Err((word, help)) => self.wrong_at(
                    "naming.display",
                    format!("“{word}” is no placeholder of display names"),
                    &help,
                ),
            }
            naming.display = display;
        }
        naming
    }

    fn pattern(&mut self, pattern: &str) {
        let field = format!("naming.upn.{pattern}");
        match placeholders(pattern, &PLACEHOLDERS) {
            Err((word, help)) => {
                self.wrong_at(
                    &field,
                    format!("“{word}” is no placeholder of sign-in names"),
                    &help,
                );
                return;
            }
            Ok(found) if found.iter().all(|one| *one == "{n}") => {
                self.wrong_at(
                    &field,
                    format!("the pattern “{pattern}” has nothing of the person's name in it"),
                    "use `{first}`, `{last}`, `{f}` or `{l}` in it",
                );
                return;
            }
            Ok(_) => {}
        }
        let own = PLACEHOLDERS
            .iter()
            .fold(pattern.to_owned(), |text, one| text.replace(one, ""));
        let filled = PLACEHOLDERS
            .iter()
            .fold(pattern.to_owned(), |text, one| text.replace(one, "x"));
        if own.contains('@') {
            self.wrong_at(
                &field,
                "a pattern is for the part before the @",
                "put the domain into `domain`",
            );
        } else if let Some(problem) = local_part_problem(&filled) {
            self.wrong_at(
                &field,
                format!("the pattern “{pattern}” makes no sign-in names: {problem}"),
                "for example `{first}.{last}`",
            );
        } else if own.len() > LITERAL_MAX {
            self.wrong_at(
                &field,
                format!("the pattern “{pattern}” leaves too little room for the name"),
                "the directory takes 64 characters before the @",
            );
        }
    }

    fn letters(&mut self, naming: &Section<'_>) -> BTreeMap<String, String> {
        let Some(section) = self.section(naming, "letters") else {
            return BTreeMap::new();
        };
        let keys: Vec<&str> = section
            .table
            .keys()
            .map(|key| key.get_ref().as_ref())
            .collect();
        let mut letters = BTreeMap::new();
        for key in keys {
            let Some(written) = self.text(&section, key) else {
                continue;
            };
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
            if key.is_empty() || !written.chars().all(plain) {
                self.wrong_at(
                    &section.path_of(key),
                    format!("“{key}” cannot be written “{written}” in sign-in names"),
                    "write letters as a-z and 0-9, for example `\"ä\" = \"ae\"`",
                );
            }
            letters.insert(key.to_owned(), written);
        }
        letters
    }

    pub(super) fn asks(&mut self, root: &Section<'_>) -> Asks {
        let Some(section) = self.section(root, "asks") else {
            return Asks::default();
        };
        self.only(
            &section,
            &["groups", "licences", "mailboxes", "copy", "never"],
        );
        Asks {
            groups: self.names(&section, "groups"),
            licences: self.names(&section, "licences"),
            mailboxes: self.names(&section, "mailboxes"),
            copy: self.names(&section, "copy"),
            never: self.names(&section, "never"),
        }
    }

    pub(super) fn contractors(&mut self, root: &Section<'_>) -> Contractors {
        let Some(section) = self.section(root, "contractors") else {
            return Contractors::default();
        };
        self.only(&section, &["role", "need-end", "never"]);
        Contractors {
            role: self.text(&section, "role"),
            need_end: self
                .typed(&section, "need-end", "true or false", DeValue::as_bool)
                .unwrap_or(true),
            never: self.names(&section, "never"),
        }
    }
}
