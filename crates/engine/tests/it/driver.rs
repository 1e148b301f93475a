//! What the driver promises, one promise each.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use domain::spec::Effect;
use domain::{RunId, StepKey};
use engine::state::{Event, Outcome, RunState, Status};
use engine::{Driver, Error, Until};
use serde_json::json;

use crate::house::{FullDisk, House, Mishap, Same, leaver, step};

const ALL: [(&str, u32); 4] = [
    ("block/ada", 1),
    ("groups/a", 1),
    ("groups/b", 1),
    ("licence/e5", 1),
];

fn all() -> Vec<(String, u32)> {
    ALL.map(|(id, times)| (id.to_owned(), times)).to_vec()
}

async fn drive(house: &House, run: &RunId) -> RunState {
    let driver = house.driver();
    driver
        .drive(run, Until::Ended, house.observer())
        .await
        .unwrap()
}

fn kinds(state: &RunState) -> Vec<&str> {
    state
        .open_findings()
        .map(|finding| finding.kind.as_str())
        .collect()
}

fn status<'s>(state: &'s RunState, key: &str) -> &'s Status {
    &state.step(&StepKey::from(key)).unwrap().status
}

#[tokio::test]
async fn a_run_is_carried_to_its_end_and_each_write_is_persisted_before_it_is_sent() {
    let house = House::new().await;
    let run = house.run("ada", leaver()).await;
    let state = drive(&house, &run).await;
    assert_eq!(state.outcome(), Some(Outcome::Completed), "{state:#?}");
    assert_eq!(house.written(), all());
    assert_eq!(
        house.count(|event| matches!(event, Event::Started { .. })),
        1
    );
    // A run that has ended is left alone.
    let again = drive(&house, &run).await;
    assert_eq!(again, state);
}

#[tokio::test]
async fn a_driver_that_dies_in_the_middle_of_a_write_is_followed_by_one_that_probes() {
    let house = House::new().await;
    let run = house.run("ada", leaver()).await;
    house
        .world
        .mishaps
        .lock()
        .unwrap()
        .insert("groups".to_owned(), Mishap::Hang);
    let driver = house.driver();
    tokio::select! {
        state = driver.drive(&run, Until::Ended, house.observer()) => panic!("it ended: {state:?}"),
        () = house.world.hung.notified() => {}
    }
    let state = drive(&house, &run).await;
    assert_eq!(state.outcome(), Some(Outcome::Completed), "{state:#?}");
    assert_eq!(house.written(), all());
    assert_eq!(house.count(|event| *event == Event::Recovered), 1);
    assert!(
        house
            .world
            .probes
            .lock()
            .unwrap()
            .contains(&"groups".to_owned())
    );
}

#[tokio::test]
async fn a_full_disk_stops_the_run_before_anything_is_sent_and_loses_nothing() {
    let house = House::new().await;
    let run = house.run("ada", leaver()).await;
    for left in 0.. {
        let disk = FullDisk {
            store: house.store.clone(),
            left: AtomicI64::new(left),
        };
        let driver = house.driver_on(Arc::new(disk));
        match driver.drive(&run, Until::Ended, house.observer()).await {
            Ok(state) => {
                assert_eq!(state.outcome(), Some(Outcome::Completed), "{state:#?}");
                assert!(left > 2, "the disk was never full");
                break;
            }
            Err(error) => assert!(error.to_string().contains("the disk is full"), "{error}"),
        }
    }
    assert_eq!(house.written(), all());
}

#[tokio::test]
async fn our_own_failure_parks_the_step_and_the_rest_goes_on() {
    let house = House::new().await;
    let mut steps = leaver();
    steps.push(step("rules", Effect::RemovesRules, &["r"]));
    let run = house.run("ada", steps).await;
    house
        .world
        .mishaps
        .lock()
        .unwrap()
        .insert("groups".to_owned(), Mishap::Panic);
    let state = drive(&house, &run).await;
    assert_eq!(kinds(&state), ["parked"]);
    assert!(state.findings[0].text.contains("the hands slipped"));
    assert_eq!(status(&state, "rules"), &Status::Verified);
    assert!(matches!(status(&state, "licence"), Status::Held { .. }));
    // A retry that somebody submits goes on where it stood.
    house
        .submit(
            &run,
            Event::Retried {
                by: "Kim".to_owned(),
            },
        )
        .await;
    let state = drive(&house, &run).await;
    assert_eq!(state.outcome(), Some(Outcome::Completed), "{state:#?}");
}

#[tokio::test]
async fn a_step_that_this_version_does_not_know_is_parked() {
    let house = House::new().await;
    let run = house.run("ada", leaver()).await;
    house
        .world
        .unknown
        .lock()
        .unwrap()
        .insert("licence".to_owned());
    let state = drive(&house, &run).await;
    assert_eq!(kinds(&state), ["parked"]);
    assert_eq!(status(&state, "groups"), &Status::Verified);
    assert!(!house.written().iter().any(|(id, _)| id == "licence/e5"));
}

#[tokio::test]
async fn what_somebody_changed_since_the_plan_stops_everything_but_containment() {
    let house = House::new().await;
    let run = house.run("ada", leaver()).await;
    let mut fresh = leaver();
    fresh[1].changes[0].now = json!("owner");
    *house.world.fresh.lock().unwrap() = Some(fresh);
    let state = drive(&house, &run).await;
    assert_eq!(kinds(&state), ["drift"]);
    assert_eq!(state.drift_reads, 2);
    assert_eq!(house.written(), [("block/ada".to_owned(), 1)]);
}

#[tokio::test]
async fn an_event_that_others_submit_is_taken_up_once() {
    let house = House::new().await;
    let run = house.run("ada", leaver()).await;
    // Before it has begun: nothing is touched.
    house
        .submit(
            &run,
            Event::Cancelled {
                by: "Kim".to_owned(),
            },
        )
        .await;
    let state = drive(&house, &run).await;
    assert_eq!(state.outcome(), Some(Outcome::NeedsReview));
    assert_eq!(kinds(&state), ["cancelled"]);
    assert_eq!(house.written(), []);
    assert_eq!(drive(&house, &run).await, state);
}

#[tokio::test]
async fn a_credential_that_cannot_be_opened_becomes_findings() {
    let house = House::new().await;
    let run = house.run("ada", leaver()).await;
    let mut driver: Driver = house.driver();
    driver.hands = Arc::new(Same(None));
    let state = driver
        .drive(&run, Until::Ended, house.observer())
        .await
        .unwrap();
    assert_eq!(state.outcome(), Some(Outcome::NeedsReview));
    assert!(kinds(&state).contains(&"denied"));
    assert!(state.findings[0].text.contains("credential"));
}

#[tokio::test]
async fn clocks_that_differ_become_a_finding() {
    let house = House::new().await;
    let run = house.run("ada", leaver()).await;
    house
        .world
        .mishaps
        .lock()
        .unwrap()
        .insert("groups".to_owned(), Mishap::Skew);
    let state = drive(&house, &run).await;
    assert_eq!(kinds(&state), ["clock"]);
}

#[tokio::test]
async fn one_driver_to_a_store() {
    let house = House::new().await;
    let run = house.run("ada", leaver()).await;
    house
        .world
        .mishaps
        .lock()
        .unwrap()
        .insert("groups".to_owned(), Mishap::Hang);
    let first = house.driver();
    let mut second = house.driver();
    second.name = "other".to_owned();
    second.patience_ms = 0;
    tokio::select! {
        state = first.drive(&run, Until::Ended, house.observer()) => panic!("it ended: {state:?}"),
        () = house.world.hung.notified() => {}
    }
    // The first was dropped without giving its lease back.
    let refused = second.drive(&run, Until::Ended, house.observer()).await;
    assert!(matches!(refused, Err(Error::LeaseLost)), "{refused:?}");
}

#[tokio::test]
async fn all_open_runs_are_carried_and_a_broken_one_does_not_stop_the_others() {
    let house = House::new().await;
    let ada = house.run("ada", leaver()).await;
    let bob = house.run("bob", leaver()).await;
    house
        .world
        .mishaps
        .lock()
        .unwrap()
        .insert("groups".to_owned(), Mishap::Panic);
    let driver = house.driver();
    let ended = || async {
        let runs = house
            .store
            .runs(&store::TenantScope::provider(), 10)
            .await
            .unwrap();
        runs.iter().all(|run| run.outcome().is_some())
    };
    let shutdown = async {
        while !ended().await {
            tokio::task::yield_now().await;
        }
    };
    driver.serve(house.observer(), shutdown).await.unwrap();
    let mut outcomes = Vec::new();
    for run in [&ada, &bob] {
        outcomes.push(drive(&house, run).await.outcome().unwrap().words());
    }
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["completed", "needs review"]);
}

#[tokio::test]
async fn what_is_asked_after_the_end_is_done_and_a_look_outlives_the_process() {
    let house = House::new().await;
    let mut steps = leaver();
    steps.push(step("rules", Effect::RemovesRules, &["r"]));
    let run = house.run("ada", steps).await;
    let hidden = |mishap| {
        let mut mishaps = house.world.mishaps.lock().unwrap();
        mishaps.insert("rules".to_owned(), mishap);
    };
    hidden(Mishap::Refuse);
    let state = drive(&house, &run).await;
    assert_eq!(kinds(&state), ["denied"]);
    // Somebody does it by hand; the process that was to look is killed before it could.
    house
        .world
        .written
        .lock()
        .unwrap()
        .insert("rules/r".to_owned(), 1);
    house
        .submit(
            &run,
            Event::LookAgain {
                by: "Kim".to_owned(),
                step: StepKey::from("rules"),
            },
        )
        .await;
    let disk = FullDisk {
        store: house.store.clone(),
        left: AtomicI64::new(1),
    };
    let died = house
        .driver_on(Arc::new(disk))
        .drive(&run, Until::Ended, house.observer())
        .await;
    assert!(died.is_err(), "{died:?}");
    let open = house.driver().journal.open_runs().await.unwrap();
    assert_eq!(open, [(run.clone(), None)], "nobody would take the look up");
    let state = drive(&house, &run).await;
    assert_eq!(kinds(&state), Vec::<&str>::new());
    assert_eq!(status(&state, "rules"), &Status::Verified);
    assert_eq!(state.outcome(), Some(Outcome::NeedsReview));
    assert!(house.driver().journal.open_runs().await.unwrap().is_empty());
    assert_eq!(house.world.written.lock().unwrap()["rules/r"], 1);
}
