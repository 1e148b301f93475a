//! A cmdlet's parameters as they came, checked against what the cmdlet takes.

use serde_json::{Map, Value};

use super::cmdlets::Cmdlet;
use super::errors::Refusal;
use crate::world::Id;

/// Parameters under their documented names, of the documented kinds.
#[derive(Debug)]
pub(super) struct Parameters {
    cmdlet: &'static str,
    values: Map<String, Value>,
}

impl Parameters {
    /// Checks what was given: names in any case, as in PowerShell; unknown names, wrong kinds and missing ones are refused.
    pub(super) fn read(
        cmdlet: &'static Cmdlet,
        given: &Map<String, Value>,
    ) -> Result<Self, Refusal> {
        let mut values = Map::new();
        let mut unknown = Vec::new();
        for (name, value) in given.iter().filter(|(name, _)| !name.contains("@odata.")) {
            let in_column = |column: &'static str| {
                column
                    .split(' ')
                    .find(|known| known.eq_ignore_ascii_case(name))
            };
            if let Some(known) = in_column(cmdlet.switches) {
                expect_boolean(known, value, "System.Management.Automation.SwitchParameter")?;
                values.insert(known.to_owned(), value.clone());
            } else if let Some(known) = in_column(cmdlet.booleans) {
                expect_boolean(known, value, "System.Boolean")?;
                values.insert(known.to_owned(), value.clone());
            } else if let Some(known) = in_column(cmdlet.values) {
                values.insert(known.to_owned(), value.clone());
            } else if in_column(cmdlet.known).is_some() {
                return Err(Refusal::not_simulated(&format!(
                    "the parameter {name} of {}",
                    cmdlet.name
                )));
            } else {
                unknown.push(name.as_str());
            }
        }
        if !unknown.is_empty() {
            return Err(Refusal::unknown_parameters(&unknown));
        }
        let absent = |name: &&str| values.get(*name).is_none_or(Value::is_null);
        let missing: Vec<&str> = cmdlet.required.split_whitespace().filter(absent).collect();
        if !missing.is_empty() {
            return Err(Refusal::missing_parameters(&missing));
        }
        Ok(Self {
            cmdlet: cmdlet.name,
            values,
        })
    }

    /// The cmdlet's name.
    pub(super) fn cmdlet(&self) -> &'static str {
        self.cmdlet
    }

    /// Whether the parameter was given at all, null included.
    pub(super) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A switch: off unless given as true.
    pub(super) fn switch(&self, name: &str) -> bool {
        self.boolean(name).unwrap_or(false)
    }

    /// A boolean parameter, when given.
    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        self.values.get(name).and_then(Value::as_bool)
    }

    /// A text parameter; null and empty count as not given.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        match self.values.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(Refusal::wrong_type(name, other, "System.String")),
        }
    }

    /// A text parameter that this call cannot do without.
    pub(super) fn required(&self, name: &'static str) -> Result<&str, Refusal> {
        self.text(name)?
            .ok_or_else(|| Refusal::missing_parameters(&[name]))
    }

    /// One of an enumeration, in any case.
    pub(super) fn one_of(
        &self,
        name: &str,
        kind: &str,
        allowed: &[&'static str],
    ) -> Result<Option<&'static str>, Refusal> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let found = allowed
            .iter()
            .find(|known| known.eq_ignore_ascii_case(text));
        found
            .map(|known| Some(*known))
            .ok_or_else(|| Refusal::wrong_value(name, text, kind, allowed))
    }

    /// A multi-valued parameter: one text, several separated by commas, or an array of texts.
    pub(super) fn list(&self, name: &str) -> Result<Option<Vec<String>>, Refusal> {
        match self.values.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => texts(name, value).map(Some),
        }
    }

    /// A list whose entries are of one enumeration.
    pub(super) fn list_of(
        &self,
        name: &str,
        kind: &str,
        allowed: &[&'static str],
    ) -> Result<Option<Vec<&'static str>>, Refusal> {
        let Some(given) = self.list(name)? else {
            return Ok(None);
        };
        let known = |text: &String| {
            let found = allowed
                .iter()
                .find(|known| known.eq_ignore_ascii_case(text));
            found
                .copied()
                .ok_or_else(|| Refusal::wrong_value(name, text, kind, allowed))
        };
        given.iter().map(known).collect::<Result<_, _>>().map(Some)
    }

    /// A list of recipients after the change asked for: replaced by texts, emptied by null, or changed by the hash table
    /// `#Exchange.GenericHashTable` with `add` and `remove`.
    pub(super) fn changed_list(
        &self,
        name: &str,
        before: &[Id],
        resolve: impl Fn(&[String]) -> Result<Vec<Id>, Refusal>,
    ) -> Result<Vec<Id>, Refusal> {
        let table = match self.values.get(name) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Object(table)) => table,
            Some(value) => return resolve(&texts(name, value)?),
        };
        let (mut typed, mut add, mut remove) = (false, Vec::new(), Vec::new());
        for (key, value) in table {
            match key.to_lowercase().as_str() {
                "@odata.type" => typed = value == "#Exchange.GenericHashTable",
                "add" => add = resolve(&texts(name, value)?)?,
                "remove" => remove = resolve(&texts(name, value)?)?,
                annotation if annotation.contains("@odata.") => {}
                _ => return Err(wrong_list(name, value)),
            }
        }
        if !typed {
            return Err(wrong_list(name, &Value::Object(table.clone())));
        }
        add.retain(|id| !before.contains(id));
        Ok(before
            .iter()
            .filter(|id| !remove.contains(id))
            .cloned()
            .chain(add)
            .collect())
    }

    /// What a list of addresses becomes: the whole new list where one was given, and what is added and removed where a hash table was.
    pub(super) fn address_change(&self, name: &str) -> Result<AddressChange, Refusal> {
        let table = match self.values.get(name) {
            None | Some(Value::Null) => return Ok((Some(Vec::new()), Vec::new(), Vec::new())),
            Some(Value::Object(table)) => table,
            Some(value) => return Ok((Some(texts(name, value)?), Vec::new(), Vec::new())),
        };
        let (mut typed, mut add, mut remove) = (false, Vec::new(), Vec::new());
        for (key, value) in table {
            match key.to_lowercase().as_str() {
                "@odata.type" => typed = value == "#Exchange.GenericHashTable",
                "add" => add = texts(name, value)?,
                "remove" => remove = texts(name, value)?,
                annotation if annotation.contains("@odata.") => {}
                _ => return Err(wrong_list(name, value)),
            }
        }
        if typed {
            Ok((None, add, remove))
        } else {
            Err(wrong_list(name, &Value::Object(table.clone())))
        }
    }

    /// A whole number, also as text.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        match self.values.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let read = value
                    .as_i64()
                    .or_else(|| value.as_str().and_then(|text| text.parse().ok()));
                read.map(Some)
                    .ok_or_else(|| Refusal::wrong_type(name, value, "System.Int32"))
            }
        }
    }

    /// `ResultSize`: none for `Unlimited`, 1000 unless given.
    pub(super) fn result_size(&self) -> Result<Option<usize>, Refusal> {
        match self.values.get("ResultSize") {
            None | Some(Value::Null) => Ok(Some(1000)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("unlimited") => Ok(None),
            Some(value) => {
                let size = value
                    .as_u64()
                    .or_else(|| value.as_str().and_then(|text| text.parse().ok()));
                let size = size.and_then(|size| usize::try_from(size).ok());
                size.map(Some).ok_or_else(|| {
                    Refusal::wrong_type("ResultSize", value, "Microsoft.Exchange.Data.Unlimited`1")
                })
            }
        }
    }
}

/// A whole new list, what is added, what is removed.
pub(super) type AddressChange = (Option<Vec<String>>, Vec<String>, Vec<String>);

fn expect_boolean(name: &str, value: &Value, kind: &str) -> Result<(), Refusal> {
    if value.is_boolean() {
        Ok(())
    } else {
        Err(Refusal::wrong_type(name, value, kind))
    }
}

fn wrong_list(name: &str, value: &Value) -> Refusal {
    Refusal::wrong_type(name, value, "Microsoft.Exchange.Data.MultiValuedProperty`1")
}

/// The texts of a multi-valued value.
fn texts(name: &str, value: &Value) -> Result<Vec<String>, Refusal> {
    let item = |item: &Value| {
        item.as_str()
            .map(str::to_owned)
            .ok_or_else(|| wrong_list(name, value))
    };
    match value {
        Value::String(text) => Ok(text
            .split(',')
            .map(|part| part.trim().to_owned())
            .filter(|part| !part.is_empty())
            .collect()),
        Value::Array(items) => items.iter().map(item).collect(),
        _ => Err(wrong_list(name, value)),
    }
}
