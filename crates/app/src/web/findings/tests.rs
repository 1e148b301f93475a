//! Findings as they are listed, and what people may do with one.

use domain::access::{Grant, Role};
use domain::{StepKey, TenantId};
use engine::journal::Journal as _;
use engine::state::{Event, Finding, Outcome, Phase, REVIEW, Status};

use crate::web::run::tests::Ride;
use crate::web::tests::TestApp;

/// A run that ended with these findings.
async fn ended(app: &TestApp, findings: Vec<Finding>) -> Ride {
    let mut ride = Ride::new(app, "contoso").await;
    ride.verified(0, 400, 1_300);
    ride.state.steps[1].1.status = Status::Failed;
    ride.state.phase = Phase::Ended {
        outcome: Outcome::NeedsReview,
    };
    ride.state.ended_ms = Some(Ride::BEGAN + 9_000);
    ride.state.findings = findings;
    ride.commit(app).await;
    ride
}

fn finding(number: u32, step: Option<&str>, kind: &str) -> Finding {
    let text = format!("What {kind} says. Do something.");
    Finding {
        access: step == Some("block-sign-in"),
        ..Finding::opened(number, step.map(StepKey::from), kind, text, Ride::BEGAN)
    }
}

#[tokio::test]
async fn the_worst_stands_on_top_and_a_reader_of_one_tenant_sees_its_own() {
    let app = TestApp::new().await;
    let all = vec![
        finding(1, Some("remove-rules"), "budget"),
        finding(2, Some("block-sign-in"), "denied"),
    ];
    let ride = ended(&app, all).await;
    let viewer = app.holder(Role::Viewer, Some("contoso")).await;
    let list = app.get("/findings", Some(&viewer)).await;
    assert_eq!(list.status, 200, "{}", list.text);
    let open = list.text.find("Access is open").unwrap();
    let late = list.text.find("A step could not finish").unwrap();
    assert!(open < late, "{}", list.text);
    assert!(
        !list.text.contains("Mark handled"),
        "a viewer decides nothing"
    );
    let one = format!("/t/contoso/findings/{}/2", ride.run);
    assert_eq!(app.get(&one, Some(&viewer)).await.status, 200);
    let elsewhere = app.holder(Role::Admin, Some("fabrikam")).await;
    assert_eq!(app.get(&one, Some(&elsewhere)).await.status, 404);
    let none = app.get("/findings", Some(&elsewhere)).await;
    assert!(none.text.contains("No open findings."), "{}", none.text);
}

#[tokio::test]
async fn a_finding_is_handled_with_a_reason_and_not_with_a_word() {
    let app = TestApp::new().await;
    let ride = ended(&app, vec![finding(1, Some("remove-rules"), "failed")]).await;
    let approver = app.holder(Role::Approver, Some("contoso")).await;
    let requester = app.holder(Role::Requester, Some("contoso")).await;
    let one = format!("/t/contoso/findings/{}/1", ride.run);
    let handle = format!("{one}/handle");
    let short = app.post(&handle, &approver, &[("reason", "ok <b>")]).await;
    assert_eq!(short.status, 422, "{}", short.text);
    assert!(
        short.text.contains("fewer than 10 characters") && short.text.contains("ok &#60;b&#62;"),
        "{}",
        short.text
    );
    let form = [("reason", "The rules were removed by hand.")];
    assert_eq!(app.post(&handle, &requester, &form).await.status, 403);
    let done = app.post(&handle, &approver, &form).await;
    assert_eq!(
        (done.status.as_u16(), done.headers["location"].as_str()),
        (303, one.as_str())
    );
    let looked = app.post(&format!("{one}/look"), &requester, &[]).await;
    assert_eq!(looked.status, 303, "{}", looked.text);
    let inbox = app.web.wiring.store.inbox(&ride.run).await.unwrap();
    let kinds: Vec<&str> = inbox
        .iter()
        .map(|(_, event)| match event {
            Event::FindingHandled {
                number: 1, reason, ..
            } if reason == form[0].1 => "handled",
            Event::LookAgain { step, .. } if step.as_str() == "remove-rules" => "look",
            _ => "other",
        })
        .collect();
    assert_eq!(kinds, ["handled", "look"]);
    let reopened = app
        .post(
            &format!("{one}/reopen"),
            &approver,
            &[("reason", "It is back again.")],
        )
        .await;
    assert_eq!(
        reopened.status, 422,
        "nobody has handled it yet: {}",
        reopened.text
    );
}

#[tokio::test]
async fn whoever_asked_does_not_look_at_what_was_approved_beforehand() {
    let app = TestApp::new().await;
    let ride = ended(&app, vec![finding(1, None, REVIEW)]).await;
    let grant = Grant {
        tenant: Some(TenantId::from("contoso")),
        role: Role::Approver,
    };
    // The requester of the plan is hr@provider.example.
    let asked = app.operator("hr", &[grant]).await;
    let handle = format!("/t/contoso/findings/{}/1/handle", ride.run);
    let form = [("reason", "I have looked at it myself.")];
    let refused = app.post(&handle, &asked, &form).await;
    assert_ne!(refused.status, 303, "{}", refused.text);
    let other = app.holder(Role::Approver, Some("contoso")).await;
    assert_eq!(app.post(&handle, &other, &form).await.status, 303);
}
