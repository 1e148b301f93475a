//! What a page that listens is given, and that it misses nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use domain::access::Role;
use engine::state::{Outcome, Phase, Status};
use futures::StreamExt as _;
use tower::ServiceExt as _;

use super::Ride;
use crate::web::tests::{Session, TestApp};

/// A page that listens.
struct Page {
    body: BodyDataStream,
    /// The pieces as they were given last, by their ids.
    pieces: BTreeMap<String, String>,
    last: Option<String>,
    ended: bool,
}

impl Page {
    async fn open(app: &TestApp, ride: &Ride, session: &Session, last: Option<&str>) -> Self {
        let path = format!("/t/contoso/runs/{}/events", ride.run);
        let mut request = app.request("GET", &path, Some(session));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = app
            .router()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: response.into_body().into_data_stream(),
            pieces: BTreeMap::new(),
            last: last.map(str::to_owned),
            ended: false,
        }
    }

    /// Reads one piece of the stream; nothing when it is over.
    async fn read(&mut self) -> Option<String> {
        let next = tokio::time::timeout(Duration::from_secs(10), self.body.next())
            .await
            .expect("nothing came");
        let text = String::from_utf8(next?.unwrap().to_vec()).unwrap();
        for line in text.lines() {
            if let Some(id) = line.strip_prefix("id: ") {
                self.last = Some(id.to_owned());
            }
            if line == "event: ended" {
                self.ended = true;
            }
            if let Some(rest) = line.strip_prefix("data: <hx-partial hx-target=\"#") {
                let (id, html) = rest.split_once('"').unwrap();
                self.pieces.insert(id.to_owned(), html.to_owned());
            }
        }
        Some(text)
    }
}

#[tokio::test]
async fn whoever_connects_anew_is_given_what_changed_meanwhile_and_nothing_else() {
    let app = TestApp::new().await;
    let viewer = app.holder(Role::Viewer, Some("contoso")).await;
    let mut ride = Ride::new(&app, "contoso").await;
    ride.state.phase = Phase::Running;
    ride.state.started_ms = Some(Ride::BEGAN);
    ride.commit(&app).await;

    let mut stays = Page::open(&app, &ride, &viewer, None).await;
    stays.read().await.unwrap();
    assert_eq!(stays.last.as_deref(), Some("1"));
    let all = [
        "g-1", "g-3", "run-band", "run-chip", "run-lead", "s-0", "s-1", "s-2",
    ];
    assert_eq!(
        stays.pieces.keys().collect::<Vec<_>>(),
        all,
        "the first is given everything"
    );

    let mut leaves = Page::open(&app, &ride, &viewer, Some("1")).await;
    ride.verified(0, 400, 1_300);
    ride.commit(&app).await;
    leaves.read().await.unwrap();
    assert_eq!(leaves.last.as_deref(), Some("2"));
    assert!(
        leaves.pieces.contains_key("s-0") && !leaves.pieces.contains_key("s-2"),
        "{:?}",
        leaves.pieces.keys()
    );
    stays.read().await.unwrap();

    // It loses the line; the run goes on without it.
    let seen = leaves.last.clone();
    drop(leaves);
    ride.state.steps[1].1.status = Status::Applying;
    ride.commit(&app).await;
    stays.read().await.unwrap();
    ride.verified(1, 2_000, 3_000);
    ride.commit(&app).await;
    stays.read().await.unwrap();

    let mut back = Page::open(&app, &ride, &viewer, seen.as_deref()).await;
    back.read().await.unwrap();
    assert_eq!(back.last.as_deref(), Some("4"));
    assert_eq!(back.pieces["s-1"], stays.pieces["s-1"]);
    assert!(!back.pieces.contains_key("s-0"), "it had seen that one");

    // A number nobody knows: everything.
    let mut odd = Page::open(&app, &ride, &viewer, Some("4711")).await;
    odd.read().await.unwrap();
    assert_eq!(odd.pieces.keys().collect::<Vec<_>>(), all);
    for (id, piece) in &odd.pieces {
        let same = ["run-chip", "run-band"].contains(&id.as_str()) || stays.pieces[id] == *piece;
        assert!(
            same,
            "{id} differs from what a page has that was there all the time"
        );
    }
}

#[tokio::test]
async fn the_end_is_told_to_everybody_and_closes_the_line() {
    let app = TestApp::new().await;
    let viewer = app.holder(Role::Viewer, Some("contoso")).await;
    let mut ride = Ride::new(&app, "contoso").await;
    ride.state.phase = Phase::Running;
    ride.commit(&app).await;
    let mut page = Page::open(&app, &ride, &viewer, None).await;
    page.read().await.unwrap();
    ride.state.phase = Phase::Ended {
        outcome: Outcome::Completed,
    };
    ride.state.ended_ms = Some(Ride::BEGAN + 1_000);
    ride.commit(&app).await;
    let text = page.read().await.unwrap();
    assert!(page.ended && text.contains("event: steer"), "{text}");
    assert!(page.pieces["run-chip"].contains("Completed"), "{text}");
    assert!(page.read().await.is_none(), "the line stays open");

    let mut late = Page::open(&app, &ride, &viewer, Some("2")).await;
    late.read().await.unwrap();
    assert!(late.ended, "who comes after the end is told so");
    assert!(late.read().await.is_none());
}

#[tokio::test]
async fn nobody_listens_to_what_they_may_not_see() {
    let app = TestApp::new().await;
    let ride = Ride::new(&app, "contoso").await;
    let path = format!("/t/contoso/runs/{}/events", ride.run);
    let elsewhere = app.holder(Role::Admin, Some("fabrikam")).await;
    assert_eq!(app.get(&path, Some(&elsewhere)).await.status, 404);
    assert_ne!(app.get(&path, None).await.status, 200);
}
