//! Fills the fields of a draft from what one message says.

use std::ops::Range;

use domain::request::{Cited, Kind};

use super::decide::Decision;
use super::people::Who;
use super::said::{OTHERS, Said, Value};
use super::story::Telling;
use crate::draft::Draft;

/// Fields that hold several values, one on a line.
const LISTS: &[&str] = &["licences", "groups", "shared-mailboxes"];

impl Decision<'_> {
    /// Fills in what a message says and newer ones did not.
    pub(super) fn fields(
        &self,
        draft: &mut Draft,
        telling: &Telling,
        person: Option<usize>,
        kind: Option<Kind>,
        alone: bool,
    ) {
        let mut said: Vec<&Said> = telling
            .said
            .iter()
            .filter(|said| {
                said.person == person
                    || (said.person.is_none()
                        && (alone || telling.subjects.len() > 1 || telling.subjects.is_empty()))
            })
            .filter(|said| said.only.is_none() || said.only == kind || kind.is_none())
            .filter(|said| said.field != "licences" || kind != Some(Kind::Offboard))
            .filter(|said| {
                !matches!(said.field, "groups" | "shared-mailboxes") || kind != Some(Kind::Offboard)
            })
            .collect();
        said.sort_by_key(|said| said.rank);
        let before: Vec<String> = draft.fields.keys().cloned().collect();
        let old: Vec<Range<usize>> = said
            .iter()
            .filter(|said| said.field == "old-place")
            .map(|said| said.range.clone())
            .collect();
        for one in said {
            let left = matches!(one.field, "department" | "office")
                && old
                    .iter()
                    .any(|old| old.start < one.range.end && one.range.start < old.end);
            if matches!(one.field, "ignore" | "old-place")
                || left
                || before.iter().any(|known| known == one.field)
            {
                continue;
            }
            if one.field == "address" {
                self.address(draft, one);
            } else if LISTS.contains(&one.field) {
                self.list(draft, one);
            } else if !draft.fields.contains_key(one.field)
                && let Some(value) = self.value(one, telling, person)
            {
                draft.fields.insert(one.field.to_owned(), value);
            }
        }
    }

    fn address(&self, draft: &mut Draft, said: &Said) {
        let text = self.text(&said.range);
        if draft.person.address.is_none() && text.contains('@') {
            draft.person.address = Some(Cited {
                value: text.to_lowercase(),
                span: self.span(&said.range),
            });
        }
    }

    fn list(&self, draft: &mut Draft, said: &Said) {
        let Value::List(stretches) = &said.value else {
            return;
        };
        for stretch in stretches {
            let value = self.text(stretch);
            let entry = draft
                .fields
                .entry(said.field.to_owned())
                .or_insert_with(|| Cited {
                    value: String::new(),
                    span: self.span(&said.range),
                });
            if entry
                .value
                .lines()
                .any(|line| line.eq_ignore_ascii_case(&value))
            {
                continue;
            }
            if !entry.value.is_empty() {
                entry.value.push('\n');
            }
            entry.value.push_str(&value);
        }
    }

    fn text(&self, range: &Range<usize>) -> String {
        self.scene.text[range.clone()]
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The value as it is kept; an empty one stands for a refusal, so that older messages do not fill it.
    fn value(
        &self,
        said: &Said,
        telling: &Telling,
        person: Option<usize>,
    ) -> Option<Cited<String>> {
        let value = match &said.value {
            Value::Refused => String::new(),
            Value::Fixed(value) => (*value).to_owned(),
            Value::Text | Value::List(_) => self.text(&said.range),
            Value::Who(Who::Manager) if said.field != "manager" => "manager".to_owned(),
            Value::Who(Who::Me) => {
                // Without a name below the mail, its sender is known by the address.
                let newest = std::ptr::eq(telling, &raw const self.tellings[0]);
                match telling.writer {
                    Some(writer) if Some(writer) == person => return None,
                    Some(writer) if self.scene.people.all[writer].full => {
                        self.scene.people.all[writer].name.clone()
                    }
                    Some(writer) => match self.sender.filter(|_| newest) {
                        Some(sender) => sender.to_owned(),
                        None => self.scene.people.all[writer].name.clone(),
                    },
                    None => self.sender.filter(|_| newest)?.to_owned(),
                }
            }
            Value::Who(Who::Person(other)) if Some(*other) != person => {
                let text = self.text(&said.range);
                if text.contains('@') {
                    text
                } else {
                    self.scene.people.all[*other].name.clone()
                }
            }
            Value::Who(_) => return None,
        };
        if OTHERS.contains(&said.field) && value.is_empty() && said.field == "manager" {
            return None;
        }
        Some(Cited {
            value,
            span: self.span(&said.range),
        })
    }
}
