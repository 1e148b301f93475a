//! What people do with findings after the end: settle one, open it again, have the step read once more.

use domain::plan::Review;

use super::*;
use crate::state::{Finding, MarkKind, Outcome, Phase, REVIEW};

const WHY: &str = "Done by hand in the portal, change 4711.";

fn handle(by: &str, number: u32, reason: &str) -> Event {
    Event::FindingHandled {
        by: by.to_owned(),
        number,
        reason: reason.to_owned(),
    }
}

fn reopen(by: &str, number: u32, reason: &str) -> Event {
    Event::FindingReopened {
        by: by.to_owned(),
        number,
        reason: reason.to_owned(),
    }
}

fn look(key: &str) -> Event {
    Event::LookAgain {
        by: "Kim".to_owned(),
        step: StepKey::from(key),
    }
}

/// A run that ended with one step done and one refused.
fn refused() -> Tale {
    let mut tale = Tale::begun(vec![ordinary("rules", &["a"]), ordinary("groups", &["b"])]);
    tale.clean();
    tale.through("rules");
    tale.applied("groups", &[(0, Class::Denied)]);
    assert_eq!(tale.state.outcome(), Some(Outcome::NeedsReview));
    assert_eq!(tale.kinds(), ["denied"]);
    tale
}

fn finding(tale: &Tale, number: usize) -> &Finding {
    &tale.state.findings[number - 1]
}

/// Tells what must change nothing.
fn idle(tale: &mut Tale, event: Event) {
    let before = tale.state.clone();
    assert_eq!(tale.tell(event.clone()), []);
    assert_eq!(before, tale.state, "{event:?} changed something");
    assert_eq!(tale.leaves(), Vec::<&str>::new());
}

#[test]
fn a_finding_is_handled_with_who_when_and_why_and_the_run_still_needs_review() {
    let mut tale = refused();
    tale.now += 5_000;
    assert_eq!(tale.tell(handle(" Kim ", 1, WHY)), []);
    assert_eq!(tale.leaves(), ["finding-closed"]);
    assert_eq!(tale.kinds(), Vec::<&str>::new());
    let handled = finding(&tale, 1).handled().unwrap();
    assert_eq!((handled.by.as_str(), handled.text.as_str()), ("Kim", WHY));
    assert_eq!(handled.at_ms, tale.now);
    let how = format!("handled by Kim: {WHY}");
    assert_eq!(finding(&tale, 1).closed, Some((tale.now, how)));
    assert_eq!(tale.state.outcome(), Some(Outcome::NeedsReview));
    // Once is enough.
    idle(&mut tale, handle("Lou", 1, WHY));
    // It can be opened again, and handled again; each is on record.
    tale.now += 5_000;
    tale.tell(reopen("Lou", 1, "The group is still there."));
    assert_eq!(tale.leaves(), ["finding-reopened"]);
    assert_eq!(tale.kinds(), ["denied"]);
    assert_eq!(finding(&tale, 1).handled(), None);
    idle(&mut tale, reopen("Lou", 1, "The group is still there."));
    tale.tell(handle("Lou", 1, WHY));
    let marks: Vec<(&str, MarkKind)> = finding(&tale, 1)
        .marks
        .iter()
        .map(|mark| (mark.by.as_str(), mark.what))
        .collect();
    assert_eq!(
        marks,
        [
            ("Kim", MarkKind::Handled),
            ("Lou", MarkKind::Reopened),
            ("Lou", MarkKind::Handled)
        ]
    );
}

#[test]
fn a_finding_is_not_handled_without_a_reason_a_name_or_an_end() {
    let mut tale = refused();
    for event in [
        handle("Kim", 1, "done"),
        handle("Kim", 1, "  done      "),
        handle("  ", 1, WHY),
        handle("Kim", 2, WHY),
        reopen("Kim", 1, WHY),
        reopen("Kim", 1, "no"),
    ] {
        idle(&mut tale, event);
    }
    let mut going = Tale::begun(vec![ordinary("rules", &["a"]), ordinary("groups", &["b"])]);
    going.clean();
    going.applied("groups", &[(0, Class::Denied)]);
    assert_eq!(going.kinds(), ["denied"]);
    idle(&mut going, handle("Kim", 1, WHY));
    idle(&mut going, look("groups"));
}

#[test]
fn what_a_retry_has_closed_is_not_opened_again() {
    let mut tale = refused();
    tale.tell(handle("Kim", 1, WHY));
    tale.tell(reopen("Kim", 1, WHY));
    tale.tell(Event::Retried {
        by: "Kim".to_owned(),
    });
    tale.clean();
    tale.seen("groups", Purpose::Probe, &[json!("in")]);
    tale.through("groups");
    assert_eq!(tale.state.outcome(), Some(Outcome::Completed));
    assert_eq!(finding(&tale, 1).handled(), None);
    idle(&mut tale, reopen("Kim", 1, WHY));
    // A run that is completed has nothing to look at again.
    idle(&mut tale, look("groups"));
}

#[test]
fn a_completed_run_stays_completed_whatever_is_said_of_what_was_handled_before() {
    let mut tale = refused();
    tale.tell(handle("Kim", 1, WHY));
    tale.tell(Event::Retried {
        by: "Kim".to_owned(),
    });
    tale.clean();
    tale.seen("groups", Purpose::Probe, &[json!("in")]);
    tale.through("groups");
    assert_eq!(tale.state.outcome(), Some(Outcome::Completed));
    assert!(finding(&tale, 1).handled().is_some());
    idle(&mut tale, reopen("Kim", 1, WHY));
}

#[test]
fn a_look_closes_the_finding_when_the_tenant_agrees_now() {
    let mut tale = refused();
    tale.now += 60_000;
    assert_eq!(tale.tell(look("groups")), [read("groups", Purpose::Look)]);
    idle(&mut tale, look("groups"));
    tale.seen("groups", Purpose::Look, &[Value::Null]);
    assert_eq!(tale.leaves(), ["receipt", "finding-closed"]);
    assert_eq!(tale.status("groups"), &Status::Verified);
    assert_eq!(tale.kinds(), Vec::<&str>::new());
    let step = tale.state.step(&StepKey::from("groups")).unwrap();
    assert_eq!(step.receipt.verified_ms, Some(tale.now));
    assert!(step.receipt.note.as_ref().unwrap().contains("Kim"));
    // How the run ended is a fact of that day.
    assert_eq!(tale.state.outcome(), Some(Outcome::NeedsReview));
    assert_eq!(finding(&tale, 1).marks[0].what, MarkKind::Looked);
}

#[test]
fn a_look_that_finds_the_old_value_or_nothing_refreshes_the_text() {
    let mut tale = refused();
    let opened = finding(&tale, 1).text.clone();
    for (seen, said) in [
        (Ok(json!("in")), "is still “in”"),
        (
            Err(Class::Unknown),
            "it could not be read. The cloud said no.",
        ),
        (Ok(json!("out")), "reads “out” now"),
    ] {
        tale.now += 60_000;
        tale.tell(look("groups"));
        match seen {
            Ok(value) => tale.seen("groups", Purpose::Look, &[value]),
            Err(class) => tale.unseen("groups", Purpose::Look, class),
        };
        assert_eq!(tale.leaves(), ["finding-looked-at"]);
        let text = &finding(&tale, 1).text;
        assert!(text.starts_with(&opened) && text.contains(said), "{text}");
        assert_eq!(text.matches("Looked at again").count(), 1, "{text}");
        assert_eq!(finding(&tale, 1).marks.len(), 1);
        assert_eq!(tale.kinds(), ["denied"]);
        assert_eq!(tale.status("groups"), &Status::Failed);
    }
    tale.tell(look("groups"));
    tale.seen("groups", Purpose::Look, &[]);
    assert!(finding(&tale, 1).text.contains("a fault of Tenure"));
}

#[test]
fn a_look_survives_a_restart_and_gives_way_to_a_retry() {
    let mut tale = refused();
    idle(&mut tale, Event::Recovered);
    tale.tell(look("groups"));
    assert_eq!(
        tale.tell(Event::Recovered),
        [read("groups", Purpose::Look)],
        "a look was lost"
    );
    tale.tell(Event::Retried {
        by: "Kim".to_owned(),
    });
    assert_eq!(tale.state.phase, Phase::CheckingDrift);
    let before = tale.state.clone();
    tale.seen("groups", Purpose::Look, &[Value::Null]);
    assert_eq!(before, tale.state, "a late look changed something");
}

#[test]
fn what_the_policy_approved_beforehand_is_looked_at_by_somebody_else() {
    let mut plan = plan(vec![step("block", Effect::ClosesSignIn, &["a"])]);
    plan.approval.approvers = vec!["lou@contoso.example".to_owned(), "hr".to_owned()];
    plan.review = Some(Review {
        text: "An approver must look at it.".to_owned(),
        reviewers: Vec::new(),
    });
    let mut tale = Tale::of(plan);
    tale.start();
    tale.applied("block", &[]);
    tale.seen("block", Purpose::Verify, &[Value::Null]);
    tale.seen("block", Purpose::Poll, &[Value::Null]);
    assert_eq!(tale.kinds(), [REVIEW]);
    assert_eq!(tale.state.outcome(), Some(Outcome::NeedsReview));
    // Neither whoever asked, nor the person, nor somebody who is no approver, nor the policy itself.
    for by in ["HR", "ada@contoso.example", "Kim", "policy:abc for kim"] {
        idle(&mut tale, handle(by, 1, WHY));
    }
    // A retry does not look.
    tale.tell(Event::Retried {
        by: "Kim".to_owned(),
    });
    tale.seen("block", Purpose::Poll, &[Value::Null]);
    assert_eq!(tale.kinds(), [REVIEW]);
    tale.tell(handle("Lou <lou@contoso.example>", 1, WHY));
    assert_eq!(tale.kinds(), Vec::<&str>::new());
    assert_eq!(tale.state.outcome(), Some(Outcome::NeedsReview));
}
