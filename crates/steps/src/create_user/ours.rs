//! Whose account it is that bears the chosen name.
//!
//! An account counts as ours when our call was answered with its id. A reply that was lost leaves no id: then an account that was made
//! after the intent and bears our marks may be ours, or a stranger's who was as quick. Nobody can tell the two apart, so the account is
//! taken into possession before anything is done with it: it gets another random password, and its sessions end. Whoever knew the
//! password it was made with does not come in by it. Where every call of ours was answered, and with an error, no account is ours: a
//! plain "the name is taken" in answer to the first call means a stranger, whatever the account looks like.

use engine::hands::Task;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::profile::{DISPLAY_NAME, EMPLOYEE_ID};
use crate::cx::{CREATED, param, text, wanted};

/// The evidence under which stands how many of the first calls were answered with an error, without a gap.
pub(super) const ANSWERED: &str = "answered-calls";

/// Our clock may be this far from the vendor's (DESIGN.md section 6).
const SLACK: SignedDuration = SignedDuration::from_secs(60);

/// How many of the first calls were answered, one after the other, and made no account.
pub(super) fn answered(task: &Task<'_>) -> u64 {
    let own = task.evidence.get(&task.spec.key);
    own.and_then(|own| own.get(ANSWERED)?.as_u64())
        .unwrap_or_default()
}

/// The id of the account that this run has made or taken into possession.
pub(super) fn created<'t>(task: &'t Task<'_>) -> Option<&'t str> {
    task.evidence.get(&task.spec.key)?.get(CREATED)?.as_str()
}

/// Why an account of the chosen name is not the one that this run has created; nothing when it is, or may be.
///
/// A reply that was lost left no id. Then the account may be ours if it was made after the intent and carries the same marks. Where every
/// call was answered, none is ours.
pub(super) fn stranger(task: &Task<'_>, account: &Value) -> Option<String> {
    let is = |id: &str| id.eq_ignore_ascii_case(text(account, "id"));
    let ours = match created(task) {
        Some(id) => is(id),
        None => bears_our_marks(task, account),
    };
    (!ours).then(|| held_by(account))
}

/// Who has the sign-in name.
pub(super) fn held_by(account: &Value) -> String {
    format!(
        "somebody else has the sign-in name {} by now: {}, created {}",
        text(account, "userPrincipalName"),
        text(account, "displayName"),
        text(account, "createdDateTime")
    )
}

fn bears_our_marks(task: &Task<'_>, account: &Value) -> bool {
    let Some(intended) = task
        .intended
        .and_then(|intended| intended.checked_sub(SLACK).ok())
    else {
        // Nothing was written yet, so nothing that is there is ours.
        return false;
    };
    let made: Option<Timestamp> = text(account, "createdDateTime").parse().ok();
    let same = |name: &str, read: &str| text_wanted(task, name) == text(account, read);
    u64::from(task.attempt) > answered(task)
        && made.is_some_and(|made| made >= intended)
        && same(DISPLAY_NAME, "displayName")
        && same(EMPLOYEE_ID, "employeeId")
        && param(task, "nickname").eq_ignore_ascii_case(text(account, "mailNickname"))
}

fn text_wanted<'t>(task: &'t Task<'_>, property: &str) -> &'t str {
    let mut changes = task.spec.changes.iter();
    let change = changes.find(|change| change.property == property);
    change
        .and_then(|change| wanted(change).as_str())
        .unwrap_or_default()
}
