//! The codes that a call can answer, each with the status that says the same.

use std::collections::BTreeMap;

use crate::problem::{Exit, Problem};

/// What a plan can be refused for.
pub(crate) const PLANNING: &[&str] = &[
    "about-himself",
    "ambiguous-licence",
    "ambiguous-person",
    "approval",
    "at",
    "certificate",
    "cloud",
    "contract-end",
    "credential",
    "date",
    "global-administrators",
    "guest",
    "inactive-person",
    "incomplete",
    "key",
    "kind",
    "large-mailbox",
    "ledger",
    "look",
    "name-taken",
    "no-licence-group",
    "no-policy",
    "no-seat",
    "no-step",
    "no-usage-location",
    "not-allowed",
    "not-alone",
    "not-pre-approved",
    "nothing-to-do",
    "order",
    "oversized-mailbox",
    "own-manager",
    "permissions",
    "person",
    "pilot",
    "policy",
    "profile",
    "protected",
    "record",
    "requester",
    "reserved",
    "rule-1",
    "rule-2",
    "rule-3",
    "rule-4",
    "rule-5",
    "rule-6",
    "rule-7",
    "rule-8",
    "rule-9",
    "rule-10",
    "rule-11",
    "rule-12",
    "rule-13",
    "rule-14",
    "rule-15",
    "rule-16",
    "rule-17",
    "rule-18",
    "rule-19",
    "run",
    "secret",
    "services-exclude",
    "settings",
    "setup",
    "site",
    "somebody-else",
    "step",
    "superseded",
    "switch",
    "switch-value",
    "tenant",
    "text",
    "unknown-group",
    "unknown-licence",
    "unknown-mailbox",
    "unknown-person",
    "unknown-role",
    "unknown-service",
    "unknown-step",
    "unknown-switch",
    "unverified-domain",
];

/// What reading a live tenant can fail by.
pub(crate) const CLOUD: &[&str] = &["cloud", "credential", "secret", "setup"];

/// What steering a run, or acting on a finding of it, can be refused for.
pub(crate) const STEERING: &[&str] = &["completed", "ended", "not-ended", "step", "superseded"];

/// Those that say that something failed and trying again may help.
const FAILS: &[&str] = &["answer", "cloud", "ledger", "page", "permissions", "store"];

/// Codes by the status that they are answered with.
pub(super) fn by_status(codes: &[&'static str]) -> BTreeMap<u16, Vec<&'static str>> {
    let mut found: BTreeMap<u16, Vec<&'static str>> = BTreeMap::new();
    let mut note = |code: &'static str, exit: Exit| {
        let problem = Problem {
            exit,
            ..Problem::refused(code, "")
        };
        found
            .entry(problem.status().as_u16())
            .or_default()
            .push(code);
    };
    for code in codes {
        if *code != "store" && *code != "answer" {
            note(code, Exit::Refused);
        }
        if FAILS.contains(code) {
            note(code, Exit::Failed);
        }
    }
    for codes in found.values_mut() {
        codes.sort_unstable();
        codes.dedup();
    }
    found
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::PLANNING;

    fn refusals(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && name != "tests" {
                refusals(&path, found);
            } else if name.ends_with(".rs") && name != "tests.rs" {
                let text = std::fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
                for (at, mark) in text.match_indices("Refusal::new(") {
                    let rest = text[at + mark.len()..].trim_start();
                    if let Some(code) = rest.strip_prefix('"') {
                        found.push(code.split('"').next().unwrap().to_owned());
                    }
                }
            }
        }
    }

    /// A planner's refusal is an answer of every call that plans.
    #[test]
    fn every_refusal_of_a_planner_is_a_code_of_calls_that_plan() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut found = Vec::new();
        for folder in ["domain/src", "steps/src"] {
            refusals(&crates.join(folder), &mut found);
        }
        assert!(found.len() > 30, "the sources were read: {}", found.len());
        found.retain(|code| !PLANNING.contains(&code.as_str()));
        assert!(found.is_empty(), "{found:?}");
    }
}
