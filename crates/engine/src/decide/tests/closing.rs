//! Approvals, cancelling, pausing, retrying, parking, and what people are told.

use domain::StepKey;
use domain::plan::{Remark, Weight};
use domain::spec::Effect;
use serde_json::{Value, json};

use super::*;
use crate::decide::outcome_words;
use crate::state::{Hold, Outcome, Phase};

fn by() -> String {
    "Kim".to_owned()
}

#[test]
fn a_run_waits_for_its_time_and_its_approval_must_last_until_then() {
    let scheduled = |days: i64| {
        let mut plan = plan(vec![ordinary("rules", &["a"])]);
        let at = START + days * 86_400_000;
        plan.at = Some(jiff::Timestamp::from_millisecond(at).unwrap());
        let mut tale = Tale::of(plan);
        tale.state.approved_until_ms = START + 7 * 86_400_000;
        assert_eq!(tale.start(), [Command::Timer { due_ms: at }]);
        tale
    };
    let mut in_time = scheduled(1);
    assert_eq!(in_time.wait(), [Command::ReadDrift]);
    assert_eq!(in_time.state.started_ms, Some(in_time.now));
    let mut late = scheduled(8);
    assert_eq!(late.wait(), []);
    assert_eq!(late.state.outcome(), Some(Outcome::NeedsReview));
    assert_eq!(late.kinds(), ["approval"]);
    assert_eq!(late.state.started_ms, None);
}

#[test]
fn what_no_step_can_do_is_a_finding_and_the_run_says_so() {
    let mut plan = plan(vec![ordinary("rules", &["a"])]);
    plan.remarks = vec![
        Remark::new(Weight::ByHand, "Rotate the secret of the robot."),
        Remark::new(Weight::Danger, "Mind the step."),
    ];
    let mut tale = Tale::of(plan);
    tale.start();
    tale.clean();
    tale.through("rules");
    assert_eq!(tale.kinds(), ["by-hand"]);
    assert_eq!(
        tale.state.findings[0].text,
        "Rotate the secret of the robot."
    );
    assert_eq!(tale.state.outcome(), Some(Outcome::NeedsReview));
}

#[test]
fn what_cannot_be_taken_back_waits_for_its_own_approval() {
    let mut tale = Tale::begun(vec![
        apart(ordinary("wipe", &["a"])),
        after(ordinary("disable", &["b"]), &["wipe"]),
        ordinary("rules", &["c"]),
        after(
            step("again", Effect::EndsSessionsAgain, &["d"]),
            &["wipe", "disable", "rules"],
        ),
    ]);
    assert_eq!(tale.clean(), [write("rules", 1, &[0])]);
    // The end of the run does not wait for somebody's approval, but what comes after the wipe does.
    assert_eq!(tale.through("rules"), [write("again", 1, &[0])]);
    assert_eq!(tale.through("again"), []);
    for key in ["wipe", "disable"] {
        let step = tale.state.step(&StepKey::from(key)).unwrap();
        assert_eq!(step.hold, Some(Hold::Approval));
    }
    assert_eq!(tale.kinds(), ["approval"]);
    assert!(tale.state.findings[0].text.contains("wipe"));
    let approved = Event::ApprovedApart {
        by: by(),
        step: StepKey::from("wipe"),
    };
    assert_eq!(tale.tell(approved.clone()), [Command::ReadDrift]);
    assert!(tale.leaves().contains(&"finding-closed"));
    assert_eq!(tale.tell(approved), []);
    assert_eq!(tale.clean(), [read("wipe", Purpose::Probe)]);
    assert_eq!(
        tale.seen("wipe", Purpose::Probe, &[json!("in")]),
        [write("wipe", 1, &[0])]
    );
    tale.through("wipe");
    tale.seen("disable", Purpose::Probe, &[json!("in")]);
    tale.through("disable");
    assert_eq!(tale.state.outcome(), Some(Outcome::Completed));
}

#[test]
fn cancelling_settles_what_is_in_flight_and_begins_nothing() {
    let mut tale = Tale::begun(vec![
        ordinary("one", &["a"]),
        ordinary("lost", &["x"]),
        ordinary("resting", &["y", "z"]),
        after(ordinary("two", &["b"]), &["one"]),
    ]);
    tale.clean();
    let retry = Class::RetryAfter { after_ms: None };
    tale.applied("resting", &[(1, retry)]);
    let cancel = Event::Cancelled { by: by() };
    // What was accepted of the resting step is verified; the rest of it is not written.
    assert_eq!(
        tale.tell(cancel.clone()),
        [read("resting", Purpose::Verify)]
    );
    assert_eq!(tale.tell(cancel), []);
    tale.seen("resting", Purpose::Verify, &[Value::Null, json!("in")]);
    tale.applied("lost", &[(0, Class::Unknown)]);
    tale.seen("lost", Purpose::Probe, &[json!("in")]);
    assert_eq!(tale.applied("one", &[]), [read("one", Purpose::Verify)]);
    tale.seen("one", Purpose::Verify, &[Value::Null]);
    assert_eq!(tale.wait(), [read("lost", Purpose::Probe)]);
    tale.seen("lost", Purpose::Probe, &[json!("in")]);
    assert_eq!(tale.status("one"), &Status::Verified);
    assert_eq!(tale.status("lost"), &Status::Unstarted);
    assert_eq!(tale.status("resting"), &Status::Failed);
    assert_eq!(tale.status("two"), &Status::Unstarted);
    assert_eq!(tale.kinds(), ["cancelled", "cancelled"]);
    assert_eq!(tale.state.outcome(), Some(Outcome::NeedsReview));
}

#[test]
fn pausing_begins_nothing_until_resumed() {
    let mut tale = Tale::begun(vec![
        ordinary("one", &["a"]),
        after(ordinary("two", &["b"]), &["one"]),
    ]);
    tale.clean();
    tale.tell(Event::Paused { by: by() });
    assert_eq!(tale.through("one"), []);
    assert_eq!(tale.state.outcome(), None);
    tale.now += 60_000;
    assert_eq!(
        tale.tell(Event::Resumed { by: by() }),
        [read("two", Purpose::Probe)]
    );
}

#[test]
fn a_retry_checks_drift_probes_and_goes_on() {
    let mut tale = Tale::begun(vec![
        ordinary("one", &["a", "b"]),
        needs(ordinary("two", &["c"]), &["one"]),
    ]);
    tale.clean();
    tale.applied("one", &[(1, Class::Denied)]);
    tale.seen("one", Purpose::Verify, &[Value::Null, json!("in")]);
    assert_eq!(tale.kinds(), ["denied", "unstarted"]);
    assert_eq!(tale.state.outcome(), Some(Outcome::NeedsReview));
    tale.now += 60_000;
    let retry = Event::Retried { by: by() };
    assert_eq!(tale.tell(retry), [Command::ReadDrift]);
    assert_eq!(tale.kinds(), Vec::<&str>::new());
    assert_eq!(tale.clean(), [read("one", Purpose::Probe)]);
    assert_eq!(
        tale.seen("one", Purpose::Probe, &[Value::Null, json!("in")]),
        [write("one", 2, &[1])]
    );
    tale.applied("one", &[]);
    tale.seen("one", Purpose::Verify, &[Value::Null, Value::Null]);
    tale.seen("two", Purpose::Probe, &[json!("in")]);
    tale.through("two");
    assert_eq!(tale.state.outcome(), Some(Outcome::Completed));
}

#[test]
fn a_retry_is_refused_when_the_approval_ran_out() {
    let mut tale = Tale::begun(vec![ordinary("one", &["a"])]);
    tale.clean();
    tale.applied("one", &[(0, Class::Invalid)]);
    tale.now = tale.state.approved_until_ms + 1;
    for _ in 0..2 {
        assert_eq!(tale.tell(Event::Retried { by: by() }), []);
        assert_eq!(tale.kinds(), ["failed", "approval"]);
    }
    assert_eq!(tale.state.outcome(), Some(Outcome::NeedsReview));
}

#[test]
fn people_are_told_last_and_the_truth() {
    let steps = || {
        vec![
            ordinary("one", &["a"]),
            // Not even an edge asks it to wait.
            step("notify", Effect::Notifies, &["mail"]),
        ]
    };
    let mut good = Tale::begun(steps());
    assert_eq!(good.clean(), [write("one", 1, &[0])]);
    assert_eq!(good.through("one"), [write("notify", 1, &[0])]);
    assert!(good.state.told.as_ref().unwrap().contains("completed"));
    good.through("notify");
    assert_eq!(good.state.outcome(), Some(Outcome::Completed));
    let mut bad = Tale::begun(steps());
    bad.clean();
    assert_eq!(
        bad.applied("one", &[(0, Class::Denied)]),
        [write("notify", 1, &[0])]
    );
    let told = bad.state.told.clone().unwrap();
    assert!(told.contains("needs review") && told.contains("The cloud said no."));
    assert_eq!(told, outcome_words(&bad.plan, &bad.state));
}

#[test]
fn a_step_that_nobody_knows_is_parked_and_the_rest_goes_on() {
    let mut tale = Tale::of(plan(vec![
        ordinary("strange", &["a"]),
        needs(ordinary("needs", &["b"]), &["strange"]),
        ordinary("known", &["c"]),
    ]));
    let parked = Event::Parked {
        step: Some(StepKey::from("strange")),
        because: "this version does not know it".to_owned(),
    };
    tale.tell(parked);
    assert_eq!(tale.state.phase, Phase::CheckingDrift);
    assert_eq!(tale.clean(), [write("known", 1, &[0])]);
    tale.through("known");
    assert_eq!(tale.kinds(), ["parked"]);
    assert!(matches!(tale.status("needs"), Status::Held { .. }));
    assert_eq!(tale.state.outcome(), Some(Outcome::NeedsReview));
}

#[test]
fn a_parked_run_ends_and_a_retry_probes_what_was_in_flight() {
    let mut tale = Tale::begun(vec![ordinary("one", &["a"])]);
    tale.clean();
    let (_, decision) = crate::decide::park(&tale.plan, &tale.state, "broken", tale.now);
    assert_eq!(decision.withdrawn.len(), 1);
    tale.state = decision.state;
    assert_eq!(tale.kinds(), ["parked"]);
    assert_eq!(tale.tell(Event::Retried { by: by() }), [Command::ReadDrift]);
    assert_eq!(tale.clean(), [read("one", Purpose::Probe)]);
    // The write may have happened: the old value is read twice.
    tale.seen("one", Purpose::Probe, &[json!("in")]);
    assert_eq!(tale.wait(), [read("one", Purpose::Probe)]);
}

#[test]
fn clocks_that_differ_are_told_once() {
    let mut tale = Tale::begun(vec![ordinary("one", &["a"])]);
    for _ in 0..2 {
        tale.tell(Event::ClockSkew { seconds: 90 });
    }
    assert_eq!(tale.kinds(), ["clock"]);
    tale.clean();
    tale.through("one");
    assert_eq!(tale.state.outcome(), Some(Outcome::NeedsReview));
    tale.tell(Event::Retried { by: by() });
    assert_eq!(tale.state.outcome(), Some(Outcome::Completed));
}
