//! The account's own state: one read that shows sign-in, password and sessions at once, and times that have to be later.

use std::collections::BTreeMap;

use connectors::facts::user;
use connectors::{Answer, Error};
use domain::StepKey;
use domain::spec::Effect;
use engine::hands::{Applied, Problem, Seen, Task};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::cx::{Cx, Tried, applied};

/// When the vendor had answered, by its own clock.
const ANSWERED: &str = "answered";
/// When the call was made, by our clock.
const ASKED: &str = "asked";
/// The vendor's header and its stored times come from different machines.
const VENDOR_SLACK: SignedDuration = SignedDuration::from_secs(5);
/// Our clock may be this far from the vendor's before a run waits (DESIGN.md section 6).
const OUR_SLACK: SignedDuration = SignedDuration::from_secs(60);

/// Sign-in, password and sessions in one read. The steps of containment ask the same question, so that it is asked once.
pub(crate) async fn read(cx: &Cx<'_>, task: &Task<'_>) -> Result<Value, Problem> {
    let properties = [
        "accountEnabled",
        "lastPasswordChangeDateTime",
        "signInSessionsValidFromDateTime",
    ];
    cx.get(task, &user(task.plan.person.id.as_str(), &properties))
        .await
}

/// A containment call's receipt, with the times that a later read is judged by.
pub(crate) fn answered(
    cx: &Cx<'_>,
    task: &Task<'_>,
    todo: &[usize],
    result: Result<Answer, Error>,
) -> Applied {
    let vendor = result
        .as_ref()
        .ok()
        .and_then(|answer| answer.sent.vendor_date);
    let mut applied = applied(task, [Tried::all(todo, result)]);
    let mut evidence: BTreeMap<String, Value> = BTreeMap::new();
    match vendor {
        Some(at) => evidence.insert(ANSWERED.to_owned(), at.to_string().into()),
        None => evidence.insert(ASKED.to_owned(), cx.now.to_string().into()),
    };
    applied.evidence = evidence;
    applied
}

/// Whether a time is later than before and stems from this step's own call.
///
/// A reply that was lost left no vendor time: then our own clock is asked, and if the process was lost too, the time of what was
/// done before (`instead`). Before the first attempt nothing counts as done.
pub(crate) fn later(task: &Task<'_>, value: &Value, instead: Option<Timestamp>) -> Seen {
    let value = value.clone();
    let before = task
        .spec
        .changes
        .first()
        .and_then(|change| moment(&change.now));
    let own = |name: &str, slack: SignedDuration| {
        evidence(task, &task.spec.key, name)?
            .checked_sub(slack)
            .ok()
    };
    let floor = own(ANSWERED, VENDOR_SLACK)
        .or_else(|| own(ASKED, OUR_SLACK))
        .or(instead);
    let done = match (moment(&value), floor) {
        (Some(at), Some(floor)) => {
            task.attempt > 0 && at >= floor && before.is_none_or(|before| at > before)
        }
        _ => false,
    };
    if done {
        Seen::Done { value }
    } else {
        Seen::Todo { value }
    }
}

/// The latest vendor time at which a step with one of these effects was answered, less the usual slack.
pub(crate) fn after(task: &Task<'_>, effects: &[Effect]) -> Option<Timestamp> {
    last_answer(task, effects)?.checked_sub(VENDOR_SLACK).ok()
}

/// A moment that only a call after those effects can have set.
pub(crate) fn well_after(task: &Task<'_>, effects: &[Effect]) -> Option<Timestamp> {
    last_answer(task, effects)?
        .checked_add(SignedDuration::from_secs(2))
        .ok()
}

fn last_answer(task: &Task<'_>, effects: &[Effect]) -> Option<Timestamp> {
    let steps = task
        .plan
        .steps
        .iter()
        .filter(|spec| spec.has(|effect| effects.contains(effect)));
    steps
        .filter_map(|spec| evidence(task, &spec.key, ANSWERED))
        .max()
}

fn evidence(task: &Task<'_>, of: &StepKey, name: &str) -> Option<Timestamp> {
    moment(task.evidence.get(of)?.get(name)?)
}

fn moment(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}
