//! Reads standing instructions, and holds their switches against the catalogue.

use std::collections::BTreeMap;

use serde_json::Value;
use toml::de::DeValue;

use super::super::parse::{Reader, Section, json, sort};
use super::super::playbook::near_step;
use super::super::resolve::found;
use super::super::{Instruction, When};
use crate::request::Kind;

/// The kinds of request that an instruction can be for.
const KINDS: [Kind; 2] = [Kind::Onboard, Kind::Offboard];

impl Reader<'_> {
    pub(super) fn instructions(&mut self, root: &Section<'_>) -> Vec<Instruction> {
        let wanted = "a list of tables, each begun with [[instructions]]";
        let Some(items) = self.typed(root, "instructions", wanted, DeValue::as_array) else {
            return Vec::new();
        };
        let mut all: Vec<Instruction> = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let path = format!("instructions.{}", at + 1);
            self.remember(&path, item.span());
            let Some(table) = item.get_ref().as_table() else {
                let message = format!("an instruction is a table, not {}", sort(item.get_ref()));
                let help = "begin each with [[instructions]]".to_owned();
                self.wrong(&path, item.span(), message, Some(help));
                all.push(Instruction::default());
                continue;
            };
            let section = Section {
                table,
                path,
                span: item.span(),
            };
            let one = self.instruction(&section);
            let same = |known: &Instruction| known.name.eq_ignore_ascii_case(&one.name);
            if !one.name.is_empty() && all.iter().any(same) {
                self.wrong_at(
                    &section.path_of("name"),
                    format!("two instructions are called “{}”", one.name),
                    "give each its own name: remarks call them by it",
                );
            }
            all.push(one);
        }
        all
    }

    fn instruction(&mut self, section: &Section<'_>) -> Instruction {
        self.only(
            section,
            &[
                "name",
                "when",
                "role",
                "licences",
                "licence-groups",
                "groups",
                "lists",
                "mailboxes",
                "switches",
                "note",
            ],
        );
        let name = self.text(section, "name").unwrap_or_default();
        if name.trim().is_empty() {
            let help = "for example `name = \"CRM for Sales\"`".to_owned();
            self.missing(section, "name", help);
        }
        let when = self.when(section);
        let kind = when.kind;
        Instruction {
            name: name.trim().to_owned(),
            when,
            role: self.text(section, "role"),
            licences: self.licences(section),
            licence_groups: self.names(section, "licence-groups"),
            groups: self.names(section, "groups"),
            lists: self.names(section, "lists"),
            mailboxes: self.mailboxes(section),
            switches: self.switches(section, kind),
            note: self.text(section, "note"),
        }
    }

    fn when(&mut self, parent: &Section<'_>) -> When {
        if !parent.table.contains_key("when") {
            let help = "say for whom, for example `when = { department = \"Sales\" }`; `when = {}` is for everybody";
            self.missing(parent, "when", help.to_owned());
        }
        let Some(section) = self.section(parent, "when") else {
            return When::default();
        };
        self.only(
            &section,
            &[
                "kind",
                "department",
                "job-title",
                "site",
                "role",
                "contractor",
            ],
        );
        let word = self.text(&section, "kind");
        let kind = word
            .as_deref()
            .and_then(|word| KINDS.into_iter().find(|kind| kind.word() == word));
        if let (Some(word), None) = (&word, kind) {
            self.no_such(
                &section.path_of("kind"),
                format!("instructions are for no kind of request called “{word}”"),
                word,
                &KINDS.map(Kind::word),
            );
        }
        When {
            kind,
            department: self.text(&section, "department"),
            job_title: self.text(&section, "job-title"),
            site: self.text(&section, "site"),
            role: self.text(&section, "role"),
            contractor: self.typed(&section, "contractor", "true or false", DeValue::as_bool),
        }
    }

    fn switches(&mut self, parent: &Section<'_>, kind: Option<Kind>) -> BTreeMap<String, Value> {
        let Some(section) = self.section(parent, "switches") else {
            return BTreeMap::new();
        };
        let mut switches = BTreeMap::new();
        for (key, value) in section.table {
            let name = key.get_ref().to_string();
            let path = section.path_of(&name);
            self.remember(&path, value.span());
            let value = json(value.get_ref());
            if let Err((message, help)) = self.switch(&name, &value, kind) {
                self.wrong_at(&path, message, &help);
            }
            switches.insert(name, value);
        }
        switches
    }

    /// Holds one switch against the catalogue.
    fn switch(
        &self,
        name: &str,
        value: &Value,
        kind: Option<Kind>,
    ) -> Result<(), (String, String)> {
        let correct = "correct the value, or leave the switch out".to_owned();
        let wrong = |problem: String| {
            let message = format!("switch `{name}` cannot be {value}: {problem}");
            (message, correct.clone())
        };
        let meant = found(name, value, self.catalogue).map_err(wrong)?;
        if meant.is_empty() {
            let help = near_step(self.catalogue, name);
            return Err((format!("there is no switch `{name}`"), help));
        }
        let fits = |kinds: &[Kind]| match kind {
            Some(kind) => kinds.contains(&kind),
            None => kinds.iter().any(|kind| KINDS.contains(kind)),
        };
        if !meant.iter().any(|(entry, _)| fits(entry.kinds)) {
            let kind = kind.map_or("joiners or leavers", Kind::word);
            let help = "leave it out, or change `kind`".to_owned();
            return Err((format!("switch `{name}` does not belong to {kind}"), help));
        }
        for (entry, set) in meant {
            let mut settings = entry.defaults.as_object().cloned().unwrap_or_default();
            settings.extend(set);
            if settings.remove("on").is_some_and(|on| !on.is_boolean()) {
                return Err(wrong("`on` must be true or false".to_owned()));
            }
            let known = entry.schema.get("properties").and_then(Value::as_object);
            if let Some(known) = known
                && let Some(key) = settings.keys().find(|key| !known.contains_key(*key))
            {
                return Err(wrong(format!("{} has no setting `{key}`", entry.name)));
            }
            (entry.check)(&Value::Object(settings)).map_err(wrong)?;
        }
        Ok(())
    }
}
