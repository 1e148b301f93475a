//! Containment, drift, probes, writes and reads, one case each.

use domain::StepKey;
use domain::drift::{Difference, DifferenceKind};
use domain::spec::{ByHand, Effect};
use serde_json::{Value, json};

use super::*;
use crate::state::{Hold, Outcome, Phase};

fn containment() -> Vec<StepSpec> {
    vec![
        step("block", Effect::ClosesSignIn, &["ada"]),
        answered(step("reset", Effect::ResetsPassword, &["ada"]), &["block"]),
        answered(
            step("revoke", Effect::EndsSessions, &["ada"]),
            &["block", "reset"],
        ),
    ]
}

fn difference(key: &str, kind: DifferenceKind) -> Event {
    Event::DriftRead {
        differences: Ok(vec![Difference {
            step: Some(StepKey::from(key)),
            kind,
            text: "rules: one was there and is gone".to_owned(),
        }]),
    }
}

#[test]
fn containment_is_separate_calls_in_order_and_one_common_read() {
    let mut steps = containment();
    steps.push(after(ordinary("rules", &["a"]), &["revoke"]));
    let mut tale = Tale::of(plan(steps));
    assert_eq!(tale.start(), [write("block", 1, &[0])]);
    assert_eq!(tale.leaves(), ["run-started", "intent"]);
    assert_eq!(tale.applied("block", &[]), [write("reset", 1, &[0])]);
    // Refused: the rest goes on whatever became of it.
    assert_eq!(
        tale.applied("reset", &[(0, Class::Denied)]),
        [write("revoke", 1, &[0])]
    );
    assert_eq!(tale.kinds(), ["denied"]);
    assert!(
        !tale.state.findings[0].access,
        "the password is not the door"
    );
    assert_eq!(
        tale.applied("revoke", &[]),
        [
            read("block", Purpose::Verify),
            read("revoke", Purpose::Verify)
        ]
    );
    assert_eq!(tale.seen("block", Purpose::Verify, &[Value::Null]), []);
    assert_eq!(tale.leaves(), ["receipt"]);
    assert_eq!(
        tale.seen("revoke", Purpose::Verify, &[Value::Null]),
        [Command::ReadDrift]
    );
    assert_eq!(tale.state.phase, Phase::CheckingDrift);
}

#[test]
fn containment_keeps_its_order_over_a_brief_wait_and_not_over_a_long_one() {
    let wait = |after_ms| Class::RetryAfter {
        after_ms: Some(after_ms),
    };
    let mut brief = Tale::of(plan(containment()));
    brief.start();
    assert!(matches!(
        brief.applied("block", &[(0, wait(2_000))])[..],
        [Command::Timer { .. }]
    ));
    // Not done, so no probe is needed.
    assert_eq!(brief.wait(), [write("block", 2, &[0])]);
    let mut long = Tale::of(plan(containment()));
    long.start();
    let commands = long.applied("block", &[(0, wait(60_000))]);
    assert!(commands.contains(&write("reset", 1, &[0])));
}

#[test]
fn drift_is_read_once_more_before_it_counts_and_then_stops_what_has_not_begun() {
    let mut tale = Tale::begun(vec![ordinary("rules", &["a"]), ordinary("other", &["b"])]);
    let event = difference("rules", DifferenceKind::Gone);
    assert!(matches!(
        tale.tell(event.clone())[..],
        [Command::Timer { .. }]
    ));
    assert_eq!(tale.wait(), [Command::ReadDrift]);
    assert_eq!(tale.tell(event), []);
    assert_eq!(tale.kinds(), ["drift"]);
    for key in ["rules", "other"] {
        assert!(matches!(tale.status(key), Status::Held { .. }));
    }
    assert_eq!(tale.state.outcome(), Some(Outcome::NeedsReview));
    assert_eq!(tale.leaves(), ["finding", "run-ended"]);
}

#[test]
fn a_removal_may_grow_and_the_receipt_says_so() {
    let mut tale = Tale::begun(vec![ordinary("rules", &["a"])]);
    let grown = Box::new(ordinary("rules", &["a", "b"]));
    let event = difference("rules", DifferenceKind::Growth { grown });
    tale.tell(event.clone());
    tale.wait();
    assert_eq!(tale.tell(event), [write("rules", 1, &[0, 1])]);
    tale.through("rules");
    assert_eq!(tale.state.outcome(), Some(Outcome::Completed));
    assert_eq!(
        tale.state
            .step(&StepKey::from("rules"))
            .unwrap()
            .receipt
            .grown,
        ["b"]
    );
}

#[test]
fn a_failed_drift_read_is_tried_again_and_a_refused_one_is_not() {
    let failed = |class| Event::DriftRead {
        differences: Err(problem(class)),
    };
    let mut tale = Tale::begun(vec![ordinary("rules", &["a"])]);
    tale.tell(failed(Class::Unknown));
    assert_eq!(tale.wait(), [Command::ReadDrift]);
    tale.tell(failed(Class::Denied));
    assert_eq!(tale.state.outcome(), Some(Outcome::NeedsReview));
    assert_eq!(tale.kinds(), ["drift"]);
}

#[test]
fn all_that_is_ready_begins_in_one_decision() {
    let mut tale = Tale::begun(vec![
        ordinary("one", &["a"]),
        ordinary("two", &["b"]),
        needs(ordinary("three", &["c"]), &["one", "two"]),
    ]);
    assert_eq!(tale.clean(), [write("one", 1, &[0]), write("two", 1, &[0])]);
    tale.through("one");
    assert_eq!(tale.through("two"), [write("three", 1, &[0])]);
    assert_eq!(tale.through("three"), []);
    assert_eq!(tale.state.outcome(), Some(Outcome::Completed));
    assert_eq!(tale.leaves(), ["receipt", "run-ended"]);
}

#[test]
fn a_step_that_begins_long_after_the_drift_read_is_probed_first() {
    let later = |value: Value| {
        let mut tale = Tale::begun(vec![
            ordinary("slow", &["a"]),
            after(ordinary("late", &["b", "c"]), &["slow"]),
        ]);
        tale.clean();
        tale.applied("slow", &[]);
        tale.now += 31_000;
        assert_eq!(
            tale.seen("slow", Purpose::Verify, &[Value::Null]),
            [read("late", Purpose::Probe)]
        );
        let commands = tale.seen("late", Purpose::Probe, &[value, Value::Null]);
        (tale, commands)
    };
    // As planned: only what is to be done is written.
    let (_, commands) = later(json!("in"));
    assert_eq!(commands, [write("late", 1, &[0])]);
    // Done already: nothing is written.
    let (tale, commands) = later(Value::Null);
    assert_eq!(commands, []);
    assert_eq!(tale.state.outcome(), Some(Outcome::Completed));
    let step = tale.state.step(&StepKey::from("late")).unwrap();
    assert!(step.receipt.note.is_some() && step.receipt.attempts == 0);
    // Something else: read once more, then held.
    let (mut tale, _) = later(json!("owner"));
    assert_eq!(tale.wait(), [read("late", Purpose::Probe)]);
    tale.seen("late", Purpose::Probe, &[json!("owner"), Value::Null]);
    let step = tale.state.step(&StepKey::from("late")).unwrap();
    assert_eq!(step.hold, Some(Hold::Drift));
    assert_eq!(tale.kinds(), ["drift"]);
    assert_eq!(tale.state.outcome(), Some(Outcome::NeedsReview));
}

#[test]
fn items_that_failed_do_not_hide_items_that_were_accepted() {
    let mut tale = Tale::begun(vec![ordinary("rules", &["a", "b", "c"])]);
    tale.clean();
    let retry = Class::RetryAfter { after_ms: None };
    tale.applied("rules", &[(0, Class::Denied), (2, retry)]);
    assert_eq!(tale.kinds(), ["denied"]);
    assert!(tale.state.findings[0].text.contains("(a)"));
    assert_eq!(tale.wait(), [write("rules", 2, &[2])]);
    assert_eq!(tale.applied("rules", &[]), [read("rules", Purpose::Verify)]);
    // The refused one still stands, and nobody waits for it to go.
    tale.seen(
        "rules",
        Purpose::Verify,
        &[json!("in"), Value::Null, Value::Null],
    );
    assert_eq!(tale.status("rules"), &Status::Failed);
    assert_eq!(tale.kinds(), ["denied"]);
}

#[test]
fn a_write_that_may_have_happened_is_probed_twice_before_a_second_one() {
    let lost = || {
        let mut tale = Tale::begun(vec![ordinary("rules", &["a"])]);
        tale.clean();
        assert_eq!(
            tale.applied("rules", &[(0, Class::Unknown)]),
            [read("rules", Purpose::Probe)]
        );
        tale
    };
    let mut done = lost();
    assert_eq!(done.seen("rules", Purpose::Probe, &[Value::Null]), []);
    assert_eq!(done.state.outcome(), Some(Outcome::Completed));
    let mut todo = lost();
    // A replica may lag, so the old value is read once more.
    todo.seen("rules", Purpose::Probe, &[json!("in")]);
    assert_eq!(todo.wait(), [read("rules", Purpose::Probe)]);
    assert_eq!(
        todo.seen("rules", Purpose::Probe, &[json!("in")]),
        [write("rules", 2, &[0])]
    );
}

#[test]
fn what_is_missing_or_in_conflict_is_probed_until_the_attempts_are_spent() {
    let mut tale = Tale::begun(vec![ordinary("rules", &["a"])]);
    tale.clean();
    for attempt in 1..5 {
        assert!(matches!(
            tale.applied("rules", &[(0, Class::Conflict)])[..],
            [Command::Timer { .. }]
        ));
        assert_eq!(tale.wait(), [read("rules", Purpose::Probe)]);
        assert_eq!(
            tale.seen("rules", Purpose::Probe, &[json!("in")]),
            [write("rules", attempt + 1, &[0])]
        );
    }
    assert_eq!(tale.applied("rules", &[(0, Class::Missing)]), []);
    assert_eq!(tale.status("rules"), &Status::Failed);
    assert_eq!(tale.kinds(), ["failed"]);
}

#[test]
fn a_budget_that_is_spent_opens_a_finding_and_stops_what_needs_the_step() {
    let mut tale = Tale::begun(vec![
        ordinary("convert", &["a"]),
        needs(ordinary("licence", &["b"]), &["convert"]),
        after(ordinary("hide", &["c"]), &["convert"]),
    ]);
    tale.clean();
    tale.applied("convert", &[]);
    tale.seen("convert", Purpose::Verify, &[json!("in")]);
    let mut waits = Vec::new();
    while matches!(tale.status("convert"), Status::Converging { .. }) {
        let begun = tale.now;
        assert_eq!(tale.wait(), [read("convert", Purpose::Poll)]);
        waits.push(tale.now - begun);
        tale.tell(Event::Observed {
            step: StepKey::from("convert"),
            purpose: Purpose::Poll,
            // A read that fails is another poll.
            seen: Err(problem(Class::Missing)),
            spent_ms: u64::try_from(tale.now - begun).unwrap(),
        });
    }
    assert_eq!(waits[..3], [1_000, 1_500, 2_250]);
    assert_eq!(tale.status("convert"), &Status::Failed);
    assert_eq!(tale.status("licence"), &Status::Unstarted);
    assert_eq!(tale.kinds(), ["budget", "unstarted"]);
    // What only comes after it goes on, and is probed, for the drift read is long ago.
    assert_eq!(tale.status("hide"), &Status::Probing);
}

#[test]
fn containment_goes_ahead_whatever_a_probe_reads() {
    let mut tale = Tale::of(plan(containment()));
    tale.start();
    assert_eq!(tale.tell(Event::Recovered), [read("block", Purpose::Probe)]);
    tale.seen("block", Purpose::Probe, &[json!("odd")]);
    assert_eq!(tale.wait(), [read("block", Purpose::Probe)]);
    assert_eq!(
        tale.seen("block", Purpose::Probe, &[json!("odd")]),
        [write("block", 2, &[0])]
    );
}

#[test]
fn late_and_duplicate_events_change_nothing() {
    let mut tale = Tale::begun(vec![ordinary("rules", &["a"]), ordinary("b", &["b"])]);
    tale.clean();
    let answer = Event::Applied {
        step: StepKey::from("rules"),
        attempt: 1,
        applied: Applied::default(),
    };
    tale.tell(answer.clone());
    let stands = tale.state.clone();
    for event in [
        answer,
        Event::Started {
            apart: Vec::new(),
            approved_until_ms: 0,
        },
        Event::DriftRead {
            differences: Ok(Vec::new()),
        },
        Event::Due,
        Event::Observed {
            step: StepKey::from("b"),
            purpose: Purpose::Verify,
            seen: Ok(vec![]),
            spent_ms: 0,
        },
        Event::Resumed { by: "x".to_owned() },
        Event::Retried { by: "x".to_owned() },
    ] {
        assert_eq!(tale.tell(event.clone()), [], "{event:?}");
        assert_eq!(tale.state, stands, "{event:?}");
    }
}

#[test]
#[should_panic(expected = "its open commands do not fit")]
fn stored_nonsense_is_noticed() {
    let mut tale = Tale::begun(vec![ordinary("rules", &["a"])]);
    tale.state.steps[0].1.status = Status::Applying;
    tale.clean();
}

#[test]
fn a_probe_that_cannot_be_made_is_tried_again() {
    let mut tale = Tale::begun(vec![ordinary("rules", &["a"])]);
    tale.clean();
    tale.applied("rules", &[(0, Class::Unknown)]);
    tale.unseen(
        "rules",
        Purpose::Probe,
        Class::RetryAfter { after_ms: None },
    );
    assert_eq!(tale.wait(), [read("rules", Purpose::Probe)]);
    tale.unseen("rules", Purpose::Probe, Class::Denied);
    assert_eq!(tale.kinds(), ["denied"]);
    assert!(tale.state.findings[0].text.contains("may have happened"));
}

#[test]
fn a_run_that_closes_access_looks_once_more_before_it_says_completed() {
    let block = step("block", Effect::ClosesSignIn, &["ada"]);
    let run = |seen_last: Value| {
        let mut tale = Tale::of(plan(vec![block.clone()]));
        tale.start();
        // Nothing else is to be done, so the tenant need not be read again.
        assert_eq!(tale.through("block"), [read("block", Purpose::Poll)]);
        assert_eq!(tale.state.outcome(), None);
        for _ in 0..20 {
            if tale.state.outcome().is_some() {
                break;
            }
            if matches!(tale.status("block"), Status::Converging { .. }) {
                tale.wait();
            }
            tale.seen("block", Purpose::Poll, std::slice::from_ref(&seen_last));
        }
        tale
    };
    let kept = run(Value::Null);
    assert_eq!(kept.state.outcome(), Some(Outcome::Completed));
    // Somebody has opened the account again in the middle of the run.
    let undone = run(json!("in"));
    assert_eq!(undone.state.outcome(), Some(Outcome::NeedsReview));
    assert_eq!(undone.kinds(), ["residual"]);
}

#[test]
fn the_last_look_is_patient_with_reads_that_fail_and_says_when_it_never_saw() {
    let looking = |failures: usize| {
        let mut tale = Tale::of(plan(vec![step("block", Effect::ClosesSignIn, &["ada"])]));
        tale.start();
        tale.through("block");
        for _ in 0..failures {
            tale.unseen(
                "block",
                Purpose::Poll,
                Class::RetryAfter {
                    after_ms: Some(9_000),
                },
            );
            if tale.state.outcome().is_some() {
                break;
            }
            tale.wait();
        }
        tale
    };
    let mut kept = looking(5);
    kept.seen("block", Purpose::Poll, &[Value::Null]);
    assert_eq!(kept.state.outcome(), Some(Outcome::Completed));
    // The cloud answers no more: nobody may be told that somebody changed it.
    let unseen = looking(1_000);
    assert_eq!(unseen.kinds(), ["budget"]);
    assert!(
        unseen.state.findings[0]
            .text
            .contains("could not be read once more")
    );
}

#[test]
fn a_step_by_hand_waits_for_its_persons_word_and_is_late_after_its_deadline() {
    let work = ByHand {
        assignee: "ad-team@contoso.example".to_owned(),
        within_hours: 24,
        instructions: vec!["Disable the account.".to_owned()],
    };
    let specs = || {
        let mut by_hand = ordinary("on-premises", &["ada"]);
        by_hand.by_hand = Some(work.clone());
        let mut after = ordinary("rules", &["a"]);
        after.edges = vec![Edge::Needs(StepKey::from("on-premises"))];
        vec![by_hand, after]
    };
    let done = |by: &str| Event::DoneByHand {
        by: by.to_owned(),
        step: StepKey::from("on-premises"),
        note: Some("AD-17".to_owned()),
    };
    let mut tale = Tale::begun(specs());
    tale.clean();
    assert!(matches!(
        tale.status("on-premises"),
        Status::WithPerson { .. }
    ));
    assert_eq!(*tale.status("rules"), Status::Waiting);
    tale.tell(done("sam"));
    assert_eq!(*tale.status("on-premises"), Status::Verified);
    assert!(tale.leaves().contains(&"receipt"));
    let receipt = &tale.state.steps[0].1.receipt;
    assert_eq!(receipt.evidence["by"], "sam");
    assert!(receipt.note.as_deref().unwrap().contains("AD-17"));
    // Said twice, it counts once; and what needed it goes on.
    let stands = tale.state.clone();
    tale.tell(done("eve"));
    assert_eq!(tale.state, stands);
    assert_ne!(*tale.status("rules"), Status::Waiting);

    let mut late = Tale::begun(specs());
    late.clean();
    late.wait();
    assert_eq!(late.kinds(), ["late", "unstarted"]);
    assert_eq!(late.state.outcome(), Some(Outcome::NeedsReview));
}

#[test]
fn a_step_does_not_begin_before_its_moment() {
    let mut early = ordinary("open", &["ada"]);
    let mut tale = Tale::of(plan(vec![]));
    let moment_ms = tale.now + 7_200_000;
    early.not_before = Some(jiff::Timestamp::from_millisecond(moment_ms).unwrap());
    tale = Tale::begun(vec![early, ordinary("rules", &["a"])]);
    tale.clean();
    tale.through("rules");
    assert_eq!(*tale.status("open"), Status::Waiting);
    assert_eq!(tale.state.outcome(), None);
    tale.wait();
    assert!(tale.now >= moment_ms);
    assert_ne!(*tale.status("open"), Status::Waiting);
}

#[test]
fn who_was_told_that_it_needs_review_is_told_again_after_a_retry() {
    let mut last = step("notice", Effect::Notifies, &["hr"]);
    last.edges = Vec::new();
    let mut tale = Tale::begun(vec![ordinary("rules", &["a"]), last]);
    tale.clean();
    tale.applied("rules", &[(0, Class::Denied)]);
    tale.through("notice");
    assert_eq!(tale.state.outcome(), Some(Outcome::NeedsReview));
    let said = tale.state.steps[1].1.receipt.operation.clone();
    assert!(tale.state.told.as_deref().unwrap().contains("needs review"));
    tale.tell(Event::Retried {
        by: "sam".to_owned(),
    });
    tale.clean();
    tale.seen("rules", Purpose::Probe, &[json!("in")]);
    tale.through("rules");
    tale.seen("notice", Purpose::Probe, &[json!("in")]);
    tale.through("notice");
    assert_eq!(tale.state.outcome(), Some(Outcome::Completed));
    assert!(tale.state.told.as_deref().unwrap().contains("completed"));
    assert_ne!(tale.state.steps[1].1.receipt.operation, said);
}
