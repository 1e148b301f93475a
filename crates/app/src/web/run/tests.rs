//! A run as pages show it, and as it comes down the line.

mod ride;
mod stream;

use engine::hands::{Class, Problem};
use engine::state::{Finding, Hold, Outcome, Phase, Status};

pub(crate) use self::ride::Ride;
use super::head::head;
use super::phases::{Scale, groups};
use super::{band, receipt};
use crate::web::tests::TestApp;

#[tokio::test]
async fn a_run_says_how_far_it_is_and_what_needs_a_person() {
    let app = TestApp::new().await;
    let mut ride = Ride::new(&app, "contoso").await;
    ride.state.started_ms = Some(ride.at(0));
    ride.state.contained_ms = Some(ride.at(5_870));
    ride.state.phase = Phase::Running;
    ride.verified(0, 400, 1_300);
    ride.state.findings.push(Finding::opened(
        1,
        None,
        "failed",
        "It failed.".to_owned(),
        ride.at(6_000),
    ));
    let head = head(ride.view(8_000));
    assert_eq!(head.mark.word, "Running");
    assert_eq!(head.first, "Access closed after 5.8\u{202f}s.");
    assert_eq!(head.rest, "1 of 3 steps are verified; one needs a person.");
    assert_eq!(head.say, "", "nothing is said while it goes on");
}

#[tokio::test]
async fn accepted_is_never_verified() {
    let app = TestApp::new().await;
    let mut ride = Ride::new(&app, "contoso").await;
    ride.state.phase = Phase::Running;
    let step = &mut ride.state.steps[0].1;
    step.receipt.intended_ms = Some(Ride::BEGAN);
    step.receipt.accepted_ms = Some(Ride::BEGAN + 400);
    step.status = Status::Converging {
        due_ms: Ride::BEGAN + 4_000,
    };
    let view = ride.view(2_000);
    let groups = groups(view);
    let line = &groups[0].lines[0];
    assert_eq!(
        (line.mark.kind, line.said.as_str()),
        ("running", "accepted")
    );
    assert_eq!(line.ticks[0].text, "0.4\u{202f}s");
    assert_eq!(line.ticks[1].state, "looks");
    assert_eq!(line.ticks[2].state, "");
    assert!(
        line.bar.iter().all(|part| part.fill != "f-ok"),
        "{:?}",
        line.bar
    );
    assert!(
        line.bar
            .iter()
            .all(|part| part.x >= 0 && part.x + part.width <= Scale::WIDTH),
        "{:?}",
        line.bar
    );
    let band = band::band(view).unwrap();
    assert_eq!(band.kind, "running");
    assert_eq!(band.next_ms, Some(Ride::BEGAN + 4_000));
    assert!(
        band.more
            .starts_with("Accepted 1.6\u{202f}s ago, no look yet"),
        "{}",
        band.more
    );
}

#[tokio::test]
async fn a_line_says_after_what_it_comes_and_what_is_missing() {
    let app = TestApp::new().await;
    let mut ride = Ride::new(&app, "contoso").await;
    ride.state.phase = Phase::Running;
    let second = |ride: &Ride| {
        let view = ride.view(1_000);
        groups(view)
            .into_iter()
            .flat_map(|group| group.lines)
            .find(|line| line.index == 1)
            .unwrap()
    };
    assert_eq!(second(&ride).say, "after block-sign-in");
    let step = &mut ride.state.steps[1].1;
    step.status = Status::Failed;
    step.receipt.problem = Some(Problem {
        class: Class::Denied,
        message: "Mail.ReadWrite is missing in contoso.".to_owned(),
        request_id: Some("r1".to_owned()),
    });
    let denied = second(&ride);
    assert_eq!(
        (denied.mark.kind, denied.say.as_str()),
        ("denied", "Mail.ReadWrite is missing")
    );
}

#[tokio::test]
async fn an_irreversible_line_waits_for_its_own_approval_and_says_why_it_never_returns() {
    let app = TestApp::new().await;
    let mut ride = Ride::new(&app, "contoso").await;
    ride.state.phase = Phase::Running;
    let step = &mut ride.state.steps[2].1;
    step.hold = Some(Hold::Approval);
    step.status = Status::Held {
        because: "approved apart".to_owned(),
    };
    let receipt = receipt::receipt(ride.view(0), 2, &[], vec![7]);
    assert!(receipt.approve);
    assert_eq!(
        (receipt.undo, receipt.undo_why.as_str()),
        ("never", "it is gone")
    );
    assert_eq!(receipt.entries, [7]);
    ride.state.apart.push(ride.state.steps[2].0.clone());
    assert!(!receipt::receipt(ride.view(0), 2, &[], Vec::new()).approve);
}

#[tokio::test]
async fn the_page_offers_what_fits_the_run_and_its_reader() {
    let app = TestApp::new().await;
    let mut ride = Ride::new(&app, "contoso").await;
    ride.state.started_ms = Some(Ride::BEGAN);
    ride.state.phase = Phase::Running;
    ride.commit(&app).await;
    let approver = app
        .holder(domain::access::Role::Approver, Some("contoso"))
        .await;
    let viewer = app
        .holder(domain::access::Role::Viewer, Some("contoso"))
        .await;
    let page = format!("/t/contoso/runs/{}", ride.run);
    let shown = app.get(&page, Some(&approver)).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    assert!(
        shown.text.contains("Pause before next step"),
        "{}",
        shown.text
    );
    assert!(
        shown.text.contains("Stop here. 0 changes stay."),
        "{}",
        shown.text
    );
    assert!(
        shown
            .text
            .contains(&format!("hx-sse:connect=\"{page}/events?after=1\""))
    );
    let watched = app.get(&page, Some(&viewer)).await;
    assert!(!watched.text.contains("Pause before next step"));
    assert_eq!(
        app.post(&format!("{page}/pause"), &viewer, &[])
            .await
            .status,
        403
    );
    let paused = app.post(&format!("{page}/pause"), &approver, &[]).await;
    assert_eq!(
        (paused.status.as_u16(), paused.headers["location"].as_str()),
        (303, page.as_str())
    );
}

#[tokio::test]
async fn with_an_open_finding_there_is_a_statement_and_no_certificate() {
    let app = TestApp::new().await;
    let mut ride = Ride::new(&app, "contoso").await;
    let approver = app
        .holder(domain::access::Role::Approver, Some("contoso"))
        .await;
    let viewer = app
        .holder(domain::access::Role::Viewer, Some("contoso"))
        .await;
    let page = format!("/t/contoso/runs/{}", ride.run);
    ride.state.phase = Phase::Ended {
        outcome: Outcome::NeedsReview,
    };
    ride.state.ended_ms = Some(Ride::BEGAN + 9_000);
    ride.state.findings.push(Finding::opened(
        1,
        None,
        "failed",
        "It failed. Look.".to_owned(),
        Ride::BEGAN,
    ));
    ride.commit(&app).await;
    let ended = app.get(&page, Some(&approver)).await;
    assert!(
        ended.text.contains("Retry what is open") && ended.text.contains("Plan the undo"),
        "{}",
        ended.text
    );
    assert!(
        ended.text.contains(">Statement</a>") && !ended.text.contains("hx-sse:connect"),
        "{}",
        ended.text
    );
    let statement = app.get(&format!("{page}/certificate"), Some(&viewer)).await;
    assert!(
        statement
            .text
            .contains("Statement of offboarding, needs review"),
        "{}",
        statement.text
    );
    assert!(
        !statement.text.contains("Certificate of"),
        "{}",
        statement.text
    );
    ride.state.findings[0].closed = Some((Ride::BEGAN + 20_000, "Done by hand.".to_owned()));
    ride.commit(&app).await;
    let handled = app.get(&format!("{page}/certificate"), Some(&viewer)).await;
    assert!(
        handled
            .text
            .contains("Statement of offboarding, findings handled")
            && !handled.text.contains("Certificate of"),
        "what was not read back is never certified: {}",
        handled.text
    );
    let step = app
        .get(&format!("{page}/steps/block-sign-in"), Some(&viewer))
        .await;
    assert_eq!(step.status, 200, "{}", step.text);
    assert_eq!(
        app.get(&format!("{page}/steps/nothing"), Some(&viewer))
            .await
            .status,
        404
    );
    let elsewhere = app
        .holder(domain::access::Role::Admin, Some("fabrikam"))
        .await;
    assert_eq!(app.get(&page, Some(&elsewhere)).await.status, 404);
}
