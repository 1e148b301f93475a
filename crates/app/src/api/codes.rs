//! The codes that a call can answer, each with the status that says the same.

use std::collections::BTreeMap;

use crate::problem::{Exit, Problem};

/// What a plan can be refused for.
pub(crate) const PLANNING: &[&str] = &[
    "about-himself",
    "ambiguous-person",
    "approval",
    "at",
    "cloud",
    "credential",
    "date",
    "global-administrators",
    "guest",
    "ledger",
    "no-policy",
    "not-allowed",
    "permissions",
    "person",
    "pilot",
    "policy",
    "protected",
    "record",
    "requester",
    "reserved",
    "run",
    "setup",
    "site",
    "step",
    "superseded",
    "switch",
    "switch-value",
    "unknown-person",
    "unknown-switch",
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
