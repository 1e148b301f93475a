//! An edit of the policy that somebody proposes, filled into the editor: nothing is applied by opening it.

use crate::acts::policy as acts;

/// The longest approval that is proposed, in hours: four weeks.
const LONGEST: u32 = 672;

/// An edit that a page may propose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// A removal may take more of the same without a new approval.
    RemovalsMayGrow,
    /// Approvals hold this many hours.
    HoldsFor(u32),
    /// A step of the offboarding playbook is switched.
    Step(String, bool),
}

impl Edit {
    /// The edit of this name, as [`Self::name`] says it; none for anything else.
    pub(crate) fn of(name: &str) -> Option<Self> {
        match name.split_once('.') {
            None if name == "removals-may-grow" => Some(Self::RemovalsMayGrow),
            Some(("holds-for-hours", hours)) => {
                let hours = hours.parse().ok()?;
                (1..=LONGEST)
                    .contains(&hours)
                    .then_some(Self::HoldsFor(hours))
            }
            Some((way @ ("on" | "off"), step)) => {
                steps::find(step)?;
                Some(Self::Step(step.to_owned(), way == "on"))
            }
            _ => None,
        }
    }

    /// Its name, for an address.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::RemovalsMayGrow => "removals-may-grow".to_owned(),
            Self::HoldsFor(hours) => format!("holds-for-hours.{hours}"),
            Self::Step(step, true) => format!("on.{step}"),
            Self::Step(step, false) => format!("off.{step}"),
        }
    }

    fn line(&self) -> (&str, &str, String) {
        match self {
            Self::RemovalsMayGrow => ("drift", "removals-may-grow", "true".to_owned()),
            Self::HoldsFor(hours) => ("approvals", "holds-for-hours", hours.to_string()),
            Self::Step(step, on) => ("offboard", step, on.to_string()),
        }
    }

    /// The edit in words, as the policy writes it.
    pub(crate) fn says(&self) -> String {
        let (table, key, value) = self.line();
        format!("{key} = {value} under [{table}]")
    }

    /// The text with the edit in it; none where that would not be a policy, or would say nothing new.
    pub(crate) fn into_text(self, text: &str) -> Option<String> {
        let (table, key, value) = self.line();
        let edited = put(text, table, key, &value);
        let before = acts::read(text).ok()?;
        let after = acts::read(&edited).ok()?;
        (before != after).then_some(edited)
    }
}

/// Sets one value in one table, in the place of the line that has it, or at the table's begin.
fn put(text: &str, table: &str, key: &str, value: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let head = |line: &str, name: &str| {
        let line = line.split('#').next().unwrap_or_default().trim();
        line == format!("[{name}]")
    };
    // A step's settings may stand in a table of their own.
    let own = format!("{table}.{key}");
    let (from, set) = match lines.iter().position(|line| head(line, &own)) {
        Some(at) => (at, format!("on = {value}")),
        None => match lines.iter().position(|line| head(line, table)) {
            Some(at) => (at, format!("{key} = {value}")),
            None => {
                if lines.last().is_some_and(|line| !line.is_empty()) {
                    lines.push(String::new());
                }
                lines.push(format!("[{table}]"));
                (lines.len() - 1, format!("{key} = {value}"))
            }
        },
    };
    let wanted = set.split(' ').next().unwrap_or_default().to_owned();
    let end = lines
        .iter()
        .skip(from + 1)
        .position(|line| line.trim_start().starts_with('['))
        .map_or(lines.len(), |more| from + 1 + more);
    let switched = format!("{wanted}.on");
    let found = (from + 1..end).find(|at| {
        let name = lines[*at].split('=').next().unwrap_or_default().trim();
        name == wanted || name == switched
    });
    match found {
        Some(at) if lines[at].trim_start().starts_with(&switched) => {
            lines[at] = format!("{switched} = {value}");
        }
        Some(at) if lines[at].contains('{') && lines[at].contains("on =") => {
            let line = &lines[at];
            lines[at] = line
                .replace("on = true", &format!("on = {value}"))
                .replace("on = false", &format!("on = {value}"));
        }
        Some(at) => lines[at] = set,
        None => lines.insert(from + 1, set),
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_set_where_it_stands_or_where_it_belongs() {
        let check = |text: &str, expect: &str| {
            assert_eq!(put(text, "offboard", "set-forwarding", "false"), expect);
        };
        check(
            "[offboard]\nset-forwarding = true\n",
            "[offboard]\nset-forwarding = false\n",
        );
        check(
            "[offboard]\nset-forwarding.on = true\n",
            "[offboard]\nset-forwarding.on = false\n",
        );
        check(
            "[offboard]\nset-forwarding = { on = true, to = \"a@b.example\" }\n",
            "[offboard]\nset-forwarding = { on = false, to = \"a@b.example\" }\n",
        );
        check(
            "[offboard]\n# set-forwarding = true\n[onboard]\n",
            "[offboard]\nset-forwarding = false\n# set-forwarding = true\n[onboard]\n",
        );
        check(
            "[offboard.set-forwarding]\non = true\nto = \"a\"\n",
            "[offboard.set-forwarding]\non = false\nto = \"a\"\n",
        );
        check(
            "version = 1\n",
            "version = 1\n\n[offboard]\nset-forwarding = false\n",
        );
    }

    #[test]
    fn only_known_edits_are_taken_from_an_address() {
        for edit in [
            Edit::RemovalsMayGrow,
            Edit::HoldsFor(144),
            Edit::Step("set-forwarding".to_owned(), false),
        ] {
            assert_eq!(Edit::of(&edit.name()), Some(edit));
        }
        for wrong in [
            "",
            "on.wipe-everything",
            "holds-for-hours.0",
            "holds-for-hours.9999",
            "off",
        ] {
            assert_eq!(Edit::of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_edit_makes_a_policy_that_says_something_new_or_nothing() {
        let text = include_str!("../../../../../examples/policies/cloud-only.toml");
        let edited = Edit::HoldsFor(144).into_text(text).unwrap();
        assert_eq!(acts::read(&edited).unwrap().approvals.holds_for_hours, 144);
        assert_eq!(Edit::HoldsFor(144).into_text(&edited), None);
        assert_eq!(Edit::RemovalsMayGrow.into_text("version = 7"), None);
    }
}
