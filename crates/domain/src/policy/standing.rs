//! Standing instructions: for whom they hold, and what they say about somebody who leaves.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Instruction, Policy, When};
use crate::facts::Person;
use crate::joiner::find_site;
use crate::naming::matches;
use crate::plan::{Remark, Weight};
use crate::request::Kind;

/// What instructions ask about; absent is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// What is wished for.
    pub kind: Kind,
    /// The department.
    pub department: Option<String>,
    /// The job title.
    pub job_title: Option<String>,
    /// The site's name in the policy.
    pub site: Option<String>,
    /// The role's name in the policy.
    pub role: Option<String>,
    /// Whether it is a contractor.
    pub contractor: Option<bool>,
}

impl When {
    /// Whether every part holds. What is not known fulfils no part.
    #[must_use]
    pub fn holds(&self, ground: &Circumstances) -> bool {
        self.judge(ground) == Some(true)
    }

    /// Whether every part holds; nothing when that hangs on something that is not known.
    fn judge(&self, ground: &Circumstances) -> Option<bool> {
        let text = |pattern: &Option<String>, text: &Option<String>| match (pattern, text) {
            (None, _) => Some(true),
            (Some(pattern), Some(text)) => Some(matches(pattern, text)),
            (Some(_), None) => None,
        };
        let parts = [
            Some(self.kind.is_none_or(|kind| kind == ground.kind)),
            text(&self.department, &ground.department),
            text(&self.job_title, &ground.job_title),
            text(&self.site, &ground.site),
            text(&self.role, &ground.role),
            match self.contractor {
                None => Some(true),
                Some(asked) => ground.contractor.map(|is| is == asked),
            },
        ];
        if parts.contains(&Some(false)) {
            return Some(false);
        }
        (!parts.contains(&None)).then_some(true)
    }
}

/// The note of an instruction, as an approver reads it.
pub(crate) fn note(instruction: &Instruction, note: &str) -> String {
    format!("Instruction “{}”: {note}", instruction.name)
}

/// Whether it has anything to say about somebody who leaves.
fn speaks(one: &Instruction) -> bool {
    one.note.is_some() || !one.switches.is_empty()
}

/// What the instructions say about somebody who leaves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForLeaver {
    /// Switches they set; the request's own go before them.
    pub switches: BTreeMap<String, Value>,
    /// Their notes, and which of them could not be judged.
    pub remarks: Vec<Remark>,
}

/// What the standing instructions say about this person's leaving, in their order (people without a known place belong to the default site); of two that set one switch differently, the later one
/// counts. A leaver's role is not known, so instructions that ask for one do not hold.
#[must_use]
pub fn for_leaver(policy: &Policy, person: &Person) -> ForLeaver {
    let place = ["office", "city"];
    let site = place
        .iter()
        .filter_map(|key| person.attributes.get(*key))
        .find_map(|written| find_site(policy, written))
        .or_else(|| policy.default_place());
    let sort = person.attributes.get("employee-type");
    let ground = Circumstances {
        kind: Kind::Offboard,
        department: person.department.clone(),
        job_title: person.job_title.clone(),
        site: site.map(|(name, _)| name.to_owned()),
        role: None,
        contractor: sort.map(|sort| matches("*contractor*", sort)),
    };
    let mut said = ForLeaver::default();
    let mut tell = |text: String| {
        let remark = Remark::new(Weight::Caution, text);
        if !said.remarks.contains(&remark) {
            said.remarks.push(remark);
        }
    };
    for one in &policy.instructions {
        match one.when.judge(&ground) {
            Some(false) => continue,
            // One that asks for a role is about joiners.
            None if speaks(one) && one.when.role.is_none() => {
                tell(format!(
                    "Instruction “{}” was not followed: what it asks about the person is not in the directory. Decide whether it holds.",
                    one.name
                ));
                continue;
            }
            None => continue,
            Some(true) => {}
        }
        if let Some(text) = one
            .note
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
        {
            tell(note(one, text));
        }
        for (switch, value) in &one.switches {
            let before = said.switches.insert(switch.clone(), value.clone());
            if before.is_some_and(|before| before != *value) {
                tell(format!(
                    "Switch `{switch}` is set to {value} by instruction “{}”, and was set otherwise by one before it.",
                    one.name
                ));
            }
        }
    }
    said
}
