//! What `domain` knows of the steps: entries handed in by the crate that has them.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::request::Kind;

/// One step as policy, planner and manual see it.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Verb-noun, stored in run logs: never renamed.
    pub name: &'static str,
    /// Raised when the meaning of stored parameters changes.
    pub version: u32,
    /// Other names under which a switch is accepted, and what each sets.
    #[serde(skip)]
    pub aliases: &'static [Alias],
    /// The playbooks it can stand in.
    pub kinds: &'static [Kind],
    /// Whether a fresh policy has it on.
    pub default_on: bool,
    /// One sentence for the manual and the policy template.
    pub purpose: &'static str,
    /// JSON Schema of its settings.
    pub schema: Value,
    /// Settings of a fresh policy, besides `on`.
    pub defaults: Value,
    /// Application permissions it needs, reads included.
    pub permissions: &'static [&'static str],
    /// Why the step makes no sense as the only one of a plan; absent where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_alone: Option<&'static str>,
    /// Says what is wrong with settings, naming the field.
    #[serde(skip)]
    pub check: fn(&Value) -> Result<(), String>,
}

/// Another name for a step's switch or for one of its settings, as other tools call it.
#[derive(Clone, Copy, Debug)]
pub struct Alias {
    /// The name; case does not matter.
    pub name: &'static str,
    /// Turns the value given under that name into settings (with `on` where it switches), or says what is wrong with it.
    pub settings: fn(&Value) -> Result<Map<String, Value>, String>,
}

/// All steps.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Catalogue {
    /// In the order in which a template lists them.
    pub entries: Vec<Entry>,
}

impl Catalogue {
    /// The step of this name or alias; case does not matter for aliases.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| {
            entry.name == name
                || entry
                    .aliases
                    .iter()
                    .any(|alias| alias.name.eq_ignore_ascii_case(name))
        })
    }

    /// Whether this version of this step is one that can be carried out.
    #[must_use]
    pub fn knows(&self, name: &str, version: u32) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.name == name && entry.version == version)
    }
}
