//! The judge: what a run that was killed left behind, held against the undisturbed one and against its own receipts. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::normal::{Known, differences, short};

/// One line of the sandbox's log of effective changes.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Change {
    /// Collection and id.
    pub(crate) object: String,
    /// The field.
    pub(crate) field: String,
    /// The value before.
    #[serde(default)]
    pub(crate) before: Value,
    /// The value after.
    pub(crate) after: Value,
    /// Who did it: `request`, `vendor` or `human`.
    pub(crate) cause: String,
    /// The vendor's id of the request.
    pub(crate) request_id: Option<String>,
    /// Our id of the call.
    pub(crate) client_request_id: Option<String>,
    /// What was asked for.
    pub(crate) operation: String,
}

/// What the run says of one step.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The step.
    pub(crate) key: String,
    /// Where it stands.
    pub(crate) status: String,
    /// The operation id.
    pub(crate) operation: String,
    /// How often a write was intended.
    pub(crate) attempts: u64,
    /// Our ids of the calls that were accepted, as far as the run knows.
    pub(crate) accepted: BTreeSet<String>,
}

/// What was found when a run had ended and the world had settled.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The run.
    pub(crate) run: String,
    /// The exit status of the last process.
    pub(crate) exit: i32,
    /// The phase and outcome that the run says.
    pub(crate) outcome: String,
    /// Its steps.
    pub(crate) steps: Vec<Step>,
    /// Texts of findings that are open.
    pub(crate) findings: Vec<String>,
    /// The world, made comparable.
    pub(crate) world: Value,
    /// What of the leaving is not true in the world.
    pub(crate) untrue: Vec<String>,
    /// The log of effective changes.
    pub(crate) changes: Vec<Change>,
}

/// Fields that a repeated call may set again when the first one's reply was lost: nobody can ask the vendor whether it happened.
const MAY_REPEAT: [&str; 5] = [
    PASS,
    "password_hash",
    "force_change_password",
    "last_password_change_date_time",
    "sign_in_sessions_valid_from_date_time",
];

/// A mark of the sandbox's own: addresses are still to be published. Whether a call of ours sets it depends on whether an earlier
/// publication had come by then.
const VENDORS_OWN: &str = "addresses_pending";

/// What stands for a Temporary Access Pass that was made or withdrawn. Nobody can be told a pass again: when the reply that held it was
/// lost, it is withdrawn and another one is made. That only one is left, ground truth says.
const PASS: &str = "pass";

impl Change {
    /// The field, with passes told apart from other methods of sign-in.
    fn part(&self) -> &str {
        if self.field == "methods" && self.is_about_a_pass() {
            PASS
        } else {
            &self.field
        }
    }

    /// Whether all that came or went is a pass.
    fn is_about_a_pass(&self) -> bool {
        let entries = |value: &Value| value.as_object().cloned().unwrap_or_default();
        let (before, after) = (entries(&self.before), entries(&self.after));
        let gone = before.iter().filter(|(id, _)| !after.contains_key(*id));
        let come = after.iter().filter(|(id, _)| !before.contains_key(*id));
        let mut moved = gone.chain(come).peekable();
        moved.peek().is_some() && moved.all(|(_, method)| method["kind"] == "temporary-access-pass")
    }

    /// Whether it may come again when a reply was lost.
    fn may_repeat(&self) -> bool {
        MAY_REPEAT.contains(&self.part())
    }
}

/// Calls of one attempt: no step has more changes than this.
const CALLS_MAX: u64 = 64;

/// Everything that is wrong, one line each.
pub(crate) fn complaints(found: &Found, undisturbed: &Found, known: &Known) -> Vec<String> {
    let mut out = outcome(found);
    for difference in differences(&undisturbed.world, &found.world, 6) {
        out.push(format!("the settled world differs at {difference}"));
    }
    out.extend(intents(found));
    out.extend(repeats(found));
    out.extend(twice(found, undisturbed, known));
    out
}

/// No false success, and no failure either: every kill leaves something that can be finished.
pub(crate) fn outcome(found: &Found) -> Vec<String> {
    let mut out = Vec::new();
    if found.exit == 0 {
        for untrue in &found.untrue {
            out.push(format!("false success: {untrue}"));
        }
        for step in &found.steps {
            if step.status != "verified" {
                out.push(format!(
                    "false success: the run ended well with {} {}",
                    step.key, step.status
                ));
            }
        }
    } else {
        out.push(format!(
            "it ended with status {} instead of 0: {}",
            found.exit,
            found.findings.join(" | ")
        ));
    }
    let well = found.outcome == "completed";
    if well != (found.exit == 0) {
        out.push(format!(
            "the process ended with status {}, the run says {}",
            found.exit, found.outcome
        ));
    }
    out
}

/// The id that a call carries, from what stands in its receipt.
pub(crate) fn call_id(run: &str, operation: &str, attempt: u64, change: u64) -> String {
    let intent = format!("{run}/{operation}/{attempt}/{change}");
    Uuid::new_v5(&Uuid::NAMESPACE_OID, intent.as_bytes()).to_string()
}

/// Which step and attempt each call belongs to.
fn intended(found: &Found) -> BTreeMap<String, (&Step, u64)> {
    let mut intended = BTreeMap::new();
    for step in &found.steps {
        for attempt in 1..=step.attempts {
            for change in 0..CALLS_MAX {
                let id = call_id(&found.run, &step.operation, attempt, change);
                intended.insert(id, (step, attempt));
            }
        }
    }
    intended
}

fn ours(found: &Found) -> impl Iterator<Item = &Change> {
    found
        .changes
        .iter()
        .filter(|change| change.cause == "request" && change.field != VENDORS_OWN)
}

/// Every effective change has an intent that was kept, and no intent took effect in two requests.
fn intents(found: &Found) -> Vec<String> {
    let intended = intended(found);
    let mut requests: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut out = Vec::new();
    for change in ours(found) {
        let id = change.client_request_id.as_deref().unwrap_or_default();
        if !intended.contains_key(id) {
            out.push(format!(
                "{} of {} was changed by {} without an intent in any receipt",
                change.field, change.object, change.operation
            ));
        }
        let request = change.request_id.as_deref().unwrap_or_default();
        requests.entry(id).or_default().insert(request);
    }
    for (id, requests) in requests {
        if requests.len() > 1
            && let Some((step, attempt)) = intended.get(id)
        {
            out.push(format!(
                "attempt {attempt} of {} took effect {} times",
                step.key,
                requests.len()
            ));
        }
    }
    out.dedup();
    out
}

/// A step took effect again only where the reply to the time before was lost.
fn repeats(found: &Found) -> Vec<String> {
    let intended = intended(found);
    let mut effective: BTreeMap<(&str, &str, &str), BTreeMap<u64, &str>> = BTreeMap::new();
    for change in ours(found).filter(|change| change.may_repeat()) {
        let id = change.client_request_id.as_deref().unwrap_or_default();
        if let Some((step, attempt)) = intended.get(id) {
            let key = (step.key.as_str(), change.object.as_str(), change.part());
            effective.entry(key).or_default().insert(*attempt, id);
        }
    }
    let mut out = Vec::new();
    for ((key, object, field), attempts) in effective {
        let step = found.steps.iter().find(|step| step.key == key);
        let Some((last, _)) = attempts.last_key_value() else {
            continue;
        };
        for (attempt, id) in &attempts {
            if attempt != last && step.is_some_and(|step| step.accepted.contains(*id)) {
                out.push(format!(
                    "{key} set {field} of {object} again although attempt {attempt} was answered"
                ));
            }
        }
    }
    out
}

/// Nothing took effect more often than in the undisturbed run, and nothing was set to the same end twice.
fn twice(found: &Found, undisturbed: &Found, known: &Known) -> Vec<String> {
    let (here, there) = (counts(found, known), counts(undisturbed, known));
    let mut out = Vec::new();
    for (key, count) in &here {
        let expected = there.get(key).copied().unwrap_or_default();
        if *count > expected {
            let (object, field) = key;
            out.push(format!(
                "{field} of {object} took effect {count} times, {expected} in the undisturbed run"
            ));
        }
    }
    out.extend(same_end(found));
    out
}

/// How often each field of each object was changed by a request of ours. A new object is known by what is in it.
fn counts(found: &Found, known: &Known) -> BTreeMap<(String, String), u64> {
    let mut counts = BTreeMap::new();
    for change in ours(found).filter(|change| !change.may_repeat()) {
        let object = known.text(&change.object);
        let made = object != change.object && change.field == "*";
        let field = if made {
            short(&known.normal(&change.after))
        } else {
            change.field.clone()
        };
        *counts.entry((object, field)).or_insert(0) += 1;
    }
    counts
}

/// A field that was led to the same value by two requests: somebody took the first one back, or it was made twice.
pub(crate) fn same_end(found: &Found) -> Vec<String> {
    let mut ends: BTreeMap<(&str, &str, String), u64> = BTreeMap::new();
    for change in ours(found).filter(|change| !change.may_repeat()) {
        let end = (
            change.object.as_str(),
            change.field.as_str(),
            change.after.to_string(),
        );
        *ends.entry(end).or_insert(0) += 1;
    }
    ends.iter()
        .filter(|(_, count)| **count > 1)
        .map(|((object, field, after), count)| {
            format!("{field} of {object} was set {count} times to {after}")
        })
        .collect()
}
