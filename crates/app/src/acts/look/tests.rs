//! What a look makes of a tenant that changed, and of one that did not.

use domain::spec::{Effect, Expect};
use serde_json::json;

use super::*;
use crate::web::plan::tests::plan as example;

/// A plan with one step that is no containment, and what would be planned now.
fn pair() -> (Plan, Vec<StepSpec>) {
    let plan = example("hr@contoso.example");
    let fresh = plan.steps.clone();
    (plan, fresh)
}

#[test]
fn a_tenant_that_is_as_it_was_has_no_drift() {
    let (plan, fresh) = pair();
    let seen = seen(&plan, Ok(&[]), Err("not read"), Ok(&fresh));
    assert!(!seen.voids && seen.drifted.is_empty());
    let checks: Vec<(Check, bool)> = seen
        .checks
        .iter()
        .map(|one| (one.check, one.problem.is_none()))
        .collect();
    assert_eq!(
        checks,
        [
            (Check::Permissions, true),
            (Check::Seats, false),
            (Check::Mailbox, false),
            (Check::Synchronisation, false),
            (Check::Drift, true)
        ]
    );
}

#[test]
fn a_value_that_changed_has_three_and_what_is_gone_or_new_is_told_so() {
    let (plan, mut fresh) = pair();
    let at = fresh.iter().position(|spec| !is_containment(spec)).unwrap();
    fresh[at].changes[0].now = json!("lost");
    let changed = seen(&plan, Ok(&[]), Err("not read"), Ok(&fresh));
    assert!(changed.voids);
    let [line] = changed.drifted.as_slice() else {
        panic!("{changed:?}");
    };
    let (planned, now) = (line.planned.as_ref().unwrap(), line.fresh.as_ref().unwrap());
    assert_eq!(
        (&planned.now, &now.now, &now.after),
        (&json!("in use"), &json!("lost"), &Expect::absent())
    );
    let mut other = fresh[at].clone();
    other.key = StepKey::from("retire-device");
    other.effects = vec![Effect::CancelsMeetings];
    fresh[at] = other;
    let moved = seen(&plan, Ok(&[]), Err("not read"), Ok(&fresh));
    let sides: Vec<(bool, bool)> = moved
        .drifted
        .iter()
        .map(|line| (line.planned.is_some(), line.fresh.is_some()))
        .collect();
    assert_eq!(sides, [(true, false), (false, true)]);
    // The lines and the comparison that a run makes say the same.
    assert_eq!(differences(&plan, &fresh).len(), moved.drifted.len());
}

#[test]
fn containment_is_never_drift() {
    let (plan, mut fresh) = pair();
    let at = fresh.iter().position(is_containment).unwrap();
    fresh[at].changes[0].now = json!("blocked");
    assert!(!seen(&plan, Ok(&[]), Err(""), Ok(&fresh)).voids);
}

#[test]
fn a_tenant_that_cannot_be_read_is_said_to_be_so() {
    let (plan, _) = pair();
    let unread = seen(
        &plan,
        Err("no consent"),
        Err("no consent"),
        Err("no consent"),
    );
    assert!(!unread.voids);
    assert!(unread.checks.iter().all(|one| {
        let problem = one.problem.as_ref();
        problem.is_some_and(|text| text.ends_with("no consent"))
    }));
    let kept: Seen = serde_json::from_str(&serde_json::to_string(&unread).unwrap()).unwrap();
    assert_eq!(kept, unread);
}
