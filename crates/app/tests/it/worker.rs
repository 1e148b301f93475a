//! The worker: it carries scheduled and detached runs, and without one they are refused.

use jiff::{Timestamp, ToSpan as _};

use crate::house::{AMIRA, Going, House, LEAD, TOMAS, now, wait_for};

/// Starts a worker and waits until it drives the store.
fn worker(house: &House) -> Going {
    let going = house.start(&["worker"]);
    wait_for("the worker drives the store", || {
        let checks = house.json(&["doctor"]);
        checks
            .to_string()
            .contains("a worker drives this store")
            .then_some(())
    });
    going
}

fn ended(house: &House, run: &str) -> serde_json::Value {
    wait_for("the run has ended", || {
        let run = house.run(run);
        (!run["outcome"].is_null()).then_some(run)
    })
}

#[test]
fn what_needs_a_worker_is_refused_without_one() {
    let house = House::new();
    let later = house.approved(AMIRA, &["--at", &(now() + 1.hour()).to_string()]);
    let wanted = ["needs a worker", "tenure worker"];
    house.refuses(&["run", &later], &wanted);
    let at_once = house.approved(TOMAS, &[]);
    house.refuses(&["run", &at_once, "--detach"], &wanted);
    // A command that carries a run of its own is no worker.
    let waiting = house.start(&["run", &later, "--wait"]);
    wait_for("the waiting run exists", || house.newest_run());
    house.refuses(&["run", &at_once, "--detach"], &wanted);
    waiting.kill();
}

#[test]
fn a_worker_carries_a_scheduled_run_exactly_at_its_time_and_a_detached_one_at_once() {
    let house = House::new();
    let worker = worker(&house);
    let due = now() + 4.seconds();
    let scheduled = house.approved(AMIRA, &["--at", &due.to_string()]);
    let detached = house.approved(TOMAS, &[]);
    let begun = |plan: &str, more: &[&str]| {
        let said = house.json(&[&["run", plan][..], more].concat());
        said["run"].as_str().unwrap().to_owned()
    };
    let scheduled = begun(&scheduled, &[]);
    let detached = begun(&detached, &["--detach"]);
    assert_eq!(ended(&house, &detached)["outcome"], "completed");

    let run = ended(&house, &scheduled);
    assert_eq!(run["outcome"], "completed");
    let started =
        Timestamp::from_millisecond(run["state"]["started_ms"].as_i64().unwrap()).unwrap();
    let late = started.duration_since(due).as_millis();
    assert!(
        (-1..1_500).contains(&late),
        "begun {late} ms after its time"
    );
    let log = house.ask("log");
    let first = log
        .as_array()
        .unwrap()
        .iter()
        .find(|change| {
            change.to_string().contains("amira.haddad")
                || change["object"]
                    .to_string()
                    .contains(&crate::house::object("user amira.haddad"))
        })
        .unwrap();
    let touched: Timestamp = first["time"].as_str().unwrap().parse().unwrap();
    assert!(touched >= due, "nothing before its time");

    // Asked to stop as service managers ask, it stops and says what it did.
    let said = worker.stop().done();
    assert!(
        said.err.contains(&scheduled) && said.err.contains("completed"),
        "{}",
        said.err
    );
    worker_again(&house);
}

/// A worker that stopped well lets the next one begin at once.
fn worker_again(house: &House) {
    worker(house).stop().done();
}

#[test]
fn a_command_watches_what_the_worker_carries() {
    let house = House::new();
    let worker = worker(&house);
    let id = house.approved(AMIRA, &[]);
    let said = house.tenure(&["run", &id]).done();
    assert!(said.out.contains("completed"), "{}", said.out);
    let later = house.approved(TOMAS, &["--at", &(now() + 1.hour()).to_string()]);
    let run = house.json(&["run", &later])["run"]
        .as_str()
        .unwrap()
        .to_owned();
    house
        .tenure(&["runs", "cancel", &run, "--as", LEAD])
        .ended(3);
    assert_eq!(house.user("tomas.novak")["account_enabled"], true);
    worker.stop().done();
}

#[test]
fn a_second_worker_is_told_about_the_first() {
    let house = House::new();
    let first = worker(&house);
    house
        .tenure(&["worker"])
        .failed(&["one worker drives a store"]);
    first.stop().done();
}
