//! Reads roles, and what roles and instructions have in common: licences, mailboxes with rights, profiles with macros.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;

use super::super::parse::{Reader, Section, sort};
use super::super::words::{address_problem, nearest};
use super::super::{LicenceWish, MACROS, MailboxWish, Role};
use crate::facts::Right;

/// Parts of the profile that a role can give.
pub(crate) const ROLE_PROFILE: &[&str] = &[
    "office",
    "street",
    "city",
    "state",
    "postal-code",
    "country",
    "company",
    "phone",
    "department",
    "job-title",
    "employee-type",
    "language",
];

/// Rights on a mailbox, by the words used for them.
const RIGHTS: [(&str, Right); 3] = [
    ("full-access", Right::FullAccess),
    ("send-as", Right::SendAs),
    ("send-on-behalf", Right::SendOnBehalf),
];

impl Reader<'_> {
    pub(super) fn roles(&mut self, root: &Section<'_>) -> BTreeMap<String, Role> {
        let Some(all) = self.section(root, "roles") else {
            return BTreeMap::new();
        };
        let names: Vec<&str> = all.table.keys().map(|key| key.get_ref().as_ref()).collect();
        names
            .into_iter()
            .filter_map(|name| {
                let role = self.section(&all, name)?;
                Some((name.to_owned(), self.role(&role)))
            })
            .collect()
    }

    fn role(&mut self, role: &Section<'_>) -> Role {
        self.only(
            role,
            &[
                "licences",
                "licence-groups",
                "groups",
                "lists",
                "mailboxes",
                "profile",
            ],
        );
        Role {
            licences: self.licences(role),
            licence_groups: self.names(role, "licence-groups"),
            groups: self.names(role, "groups"),
            lists: self.names(role, "lists"),
            mailboxes: self.mailboxes(role),
            profile: self.profile(role, ROLE_PROFILE),
        }
    }

    /// A list of names, none of them blank.
    pub(super) fn names(&mut self, section: &Section<'_>, key: &str) -> Vec<String> {
        let names = self.texts(section, key);
        if names.iter().any(|name| name.trim().is_empty()) {
            self.wrong_at(
                &section.path_of(key),
                format!("`{key}` holds a blank name"),
                "remove it",
            );
        }
        names
    }

    /// The entries of a list that holds texts or tables.
    fn entries<'a>(
        &mut self,
        section: &Section<'a>,
        key: &str,
        wanted: &str,
    ) -> Vec<(String, &'a Spanned<DeValue<'a>>)> {
        let items = self.typed(section, key, wanted, DeValue::as_array);
        items
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(at, item)| {
                let path = format!("{}.{}", section.path_of(key), at + 1);
                self.remember(&path, item.span());
                (path, item)
            })
            .collect()
    }

    /// One table of such a list.
    fn entry<'a>(&mut self, path: &str, item: &'a Spanned<DeValue<'a>>) -> Option<Section<'a>> {
        let Some(table) = item.get_ref().as_table() else {
            let message = format!(
                "a text or a table belongs here, not {}",
                sort(item.get_ref())
            );
            self.wrong(path, item.span(), message, None);
            return None;
        };
        Some(Section {
            table,
            path: path.to_owned(),
            span: item.span(),
        })
    }

    pub(super) fn licences(&mut self, section: &Section<'_>) -> Vec<LicenceWish> {
        let mut wishes: Vec<LicenceWish> = Vec::new();
        for (path, item) in self.entries(section, "licences", "a list of licences") {
            let wish = if let Some(text) = item.get_ref().as_str() {
                LicenceWish::Whole(text.to_owned())
            } else {
                let Some(part) = self.entry(&path, item) else {
                    continue;
                };
                self.only(&part, &["licence", "without"]);
                for (key, example) in [("licence", "\"SPE_E3\""), ("without", "[\"TEAMS1\"]")] {
                    if !part.table.contains_key(key) {
                        self.missing(&part, key, format!("for example `{key} = {example}`"));
                    }
                }
                LicenceWish::Part {
                    licence: self.text(&part, "licence").unwrap_or_default(),
                    without: self.names(&part, "without"),
                }
            };
            let known = |one: &LicenceWish| one.licence().eq_ignore_ascii_case(wish.licence());
            if wishes.iter().any(known) {
                let message = format!("licence “{}” is listed twice", wish.licence());
                self.wrong_at(&path, message, "remove one of them");
                continue;
            }
            wishes.push(wish);
        }
        wishes
    }

    pub(super) fn mailboxes(&mut self, section: &Section<'_>) -> Vec<MailboxWish> {
        let mut wishes: Vec<MailboxWish> = Vec::new();
        for (path, item) in self.entries(section, "mailboxes", "a list of mailboxes") {
            let wish = if let Some(text) = item.get_ref().as_str() {
                MailboxWish::Address(text.to_owned())
            } else {
                let Some(part) = self.entry(&path, item) else {
                    continue;
                };
                self.only(&part, &["address", "rights"]);
                for (key, example) in [
                    ("address", "\"sales@contoso.example\""),
                    ("rights", "[\"full-access\", \"send-as\"]"),
                ] {
                    if !part.table.contains_key(key) {
                        self.missing(&part, key, format!("for example `{key} = {example}`"));
                    }
                }
                MailboxWish::Rights {
                    address: self.text(&part, "address").unwrap_or_default(),
                    rights: self.rights(&part),
                }
            };
            self.mailbox(&path, &wish, &wishes);
            wishes.push(wish);
        }
        wishes
    }

    fn mailbox(&mut self, path: &str, wish: &MailboxWish, known: &[MailboxWish]) {
        let address = wish.address();
        if let Some(problem) = address_problem(address) {
            self.wrong_at(
                path,
                format!("“{address}” is no address: {problem}"),
                "write it like `sales@contoso.example`",
            );
        }
        if known
            .iter()
            .any(|one| one.address().eq_ignore_ascii_case(address))
        {
            let message = format!("mailbox “{address}” is listed twice");
            self.wrong_at(path, message, "remove one of them");
        }
    }

    fn rights(&mut self, section: &Section<'_>) -> Vec<Right> {
        let words = self.texts(section, "rights");
        let path = section.path_of("rights");
        if words.is_empty() && section.table.contains_key("rights") {
            self.wrong_at(
                &path,
                "a mailbox without any right gives nothing",
                "name a right, or remove the mailbox",
            );
        }
        let known = RIGHTS.map(|(word, _)| word);
        let mut rights = Vec::new();
        for word in words {
            match RIGHTS.iter().find(|(known, _)| *known == word) {
                Some((_, right)) => rights.push(*right),
                None => self.no_such(
                    &format!("{path}.{word}"),
                    format!("“{word}” is no right on a mailbox"),
                    &word,
                    &known,
                ),
            }
        }
        rights
    }

    /// Parts of a profile; macros are checked by name.
    pub(super) fn profile(
        &mut self,
        section: &Section<'_>,
        known: &[&str],
    ) -> BTreeMap<String, String> {
        let Some(profile) = self.section(section, "profile") else {
            return BTreeMap::new();
        };
        self.only(&profile, known);
        let mut parts = BTreeMap::new();
        for key in known {
            if let Some(text) = self.text(&profile, key) {
                if let Err((word, help)) = placeholders(&text, &MACROS) {
                    self.wrong_at(
                        &profile.path_of(key),
                        format!("“{word}” is no macro"),
                        &help,
                    );
                }
                parts.insert((*key).to_owned(), text);
            }
        }
        parts
    }
}

/// The placeholders of a text in their order, all of them known.
///
/// # Errors
/// The first one that is not known, and what to do about it.
pub(super) fn placeholders<'t>(
    text: &'t str,
    known: &[&str],
) -> Result<Vec<&'t str>, (&'t str, String)> {
    let list = || format!("known here: {}", known.join(", "));
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(['{', '}']) {
        let end = rest[start..].find('}').map(|end| start + end);
        let Some(end) = end.filter(|end| *end > start) else {
            return Err((&rest[start..], list()));
        };
        let one = &rest[start..=end];
        if !known.contains(&one) {
            let near = nearest(one, known.iter().copied());
            return Err((
                one,
                near.map_or_else(list, |near| format!("did you mean `{near}`?")),
            ));
        }
        found.push(one);
        rest = &rest[end + 1..];
    }
    Ok(found)
}
