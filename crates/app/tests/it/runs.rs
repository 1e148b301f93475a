//! Runs: one for each person, and what an operator can do to one.

use jiff::ToSpan as _;
use serde_json::{Value, json};

use crate::house::{AMIRA, House, LEAD, Plot, Policy, TOMAS, now, object, together, wait_for};

/// So many seconds from now.
fn ahead(seconds: i64) -> String {
    (now() + seconds.seconds()).to_string()
}

#[test]
fn runs_that_are_interrupted_go_on() {
    // Each of them waits most of the time, so they wait together.
    together(&[
        a_paused_run_starts_nothing_until_it_is_resumed,
        a_run_that_is_cancelled_in_the_middle_settles_what_it_began_and_can_be_retried,
        a_run_whose_process_was_killed_goes_on_with_the_same_command,
        two_commands_carry_two_people_at_the_same_time,
    ]);
}

#[test]
fn one_run_at_a_time_for_a_person_and_a_cancelled_one_lets_go() {
    let house = House::new();
    let first = house.approved(AMIRA, &["--at", &ahead(3_600)]);
    let second = house.approved(AMIRA, &[]);
    let waiting = house.start(&["run", &first, "--wait"]);
    let run = wait_for("the first run exists", || house.newest_run());
    house.refuses(
        &["run", &second],
        &["already going on for this person", &run, "runs cancel"],
    );
    house.refuses(
        &["runs", "retry", &run, "--as", LEAD],
        &["has not ended", "cancel"],
    );
    let cancelled = house
        .tenure(&["runs", "cancel", &run, "--as", LEAD])
        .ended(3);
    assert!(
        cancelled.out.contains("cancelled by lead@provider.example"),
        "{}",
        cancelled.out
    );
    waiting.end().ended(3);
    assert_eq!(house.standing().changes(), 0);
    house.tenure(&["run", &second]).done();
}

#[test]
fn an_ended_run_says_what_can_still_be_done_with_it() {
    let house = House::new();
    let id = house.approved(AMIRA, &[]);
    house.tenure(&["run", &id]).done();
    let run = house.newest_run().unwrap();
    let said = house.refuses(&["run", &id], &[&run, "ended: completed", "runs show"]);
    assert!(
        !said.err.contains("retry"),
        "nothing is left to retry: {}",
        said.err
    );
    let by = ["--as", LEAD];
    for verb in ["cancel", "pause", "resume"] {
        house.refuses(
            &[&["runs", verb, &run][..], &by].concat(),
            &[&run, "has ended: completed"],
        );
    }
    house.refuses(
        &[&["runs", "retry", &run][..], &by].concat(),
        &["nothing to try again"],
    );
    house.refuses(&["runs", "cancel", &run, "--as", " "], &["--as"]);
}

fn a_paused_run_starts_nothing_until_it_is_resumed() {
    let house = House::new();
    // Far enough ahead that a busy machine pauses it in time.
    let due = now() + 8.seconds();
    let id = house.approved(AMIRA, &["--at", &due.to_string()]);
    let going = house.start(&["run", &id, "--wait"]);
    let run = wait_for("the run exists", || house.newest_run());
    house.tenure(&["runs", "pause", &run, "--as", LEAD]).done();
    wait_for("it is paused", || {
        (house.run(&run)["state"]["paused"] == true).then_some(())
    });
    wait_for("its time has passed", || {
        (now() > due + 1.seconds()).then_some(())
    });
    assert_eq!(house.standing().changes(), 0);
    assert_eq!(house.json(&["runs", "list"])[0]["state"], "paused");
    house.tenure(&["runs", "resume", &run, "--as", LEAD]).done();
    let said = going.end().done();
    assert!(said.out.contains("completed"), "{}", said.out);
}

fn a_run_that_is_cancelled_in_the_middle_settles_what_it_began_and_can_be_retried() {
    let policy = Policy::closing().and("remove-from-groups");
    let house = Plot::new().policy(policy).build();
    let id = house.approved(AMIRA, &[]);
    // Access is closed and read back first; then the next write hangs for a while.
    let slow = json!([{ "effect": { "do": "delay", "ms": 1_500 }, "method": "DELETE" }, { "effect": { "do": "delay", "ms": 1_500 }, "path": "$batch", "body": "DELETE" }]);
    house.rules(&slow);
    let going = house.start(&["run", &id]);
    let run = wait_for("access is closed", || {
        let run = house.newest_run()?;
        house.run(&run)["state"]["contained_ms"]
            .is_number()
            .then_some(run)
    });
    house
        .tenure(&["runs", "cancel", &run, "--as", LEAD])
        .ended(3);
    let said = going.end().ended(3);
    assert!(
        said.out.contains("cancelled by lead@provider.example"),
        "{}",
        said.out
    );
    assert_eq!(house.user("amira.haddad")["account_enabled"], false);

    house.rules(&json!([]));
    house.tenure(&["runs", "retry", &run, "--as", LEAD]).done();
    let group = object("group Project Aurora");
    let world = house.ask("world");
    let members = &world["tenants"][sim::worlds::CONTOSO]["groups"][group]["members"];
    assert!(!members.to_string().contains(&object("user amira.haddad")));
}

fn a_run_whose_process_was_killed_goes_on_with_the_same_command() {
    let house = House::new();
    let id = house.approved(AMIRA, &[]);
    let going = house.start(&["run", &id]);
    wait_for("the first write is done", || {
        (house.standing().changes() > 0).then_some(())
    });
    assert_eq!(going.kill().code, None);
    let run = house.newest_run().unwrap();
    let said = house.tenure(&["run", &id]).done();
    assert!(said.out.contains(&run), "{}", said.out);
    assert_eq!(house.json(&["runs", "list"]).as_array().unwrap().len(), 1);
    let log = house.ask("log");
    let blocks = log
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change.to_string().contains("account_enabled"));
    assert_eq!(blocks.count(), 1, "{log}");
}

fn two_commands_carry_two_people_at_the_same_time() {
    let house = House::new();
    let plans = [AMIRA, TOMAS].map(|user| house.approved(user, &[]));
    let going: Vec<_> = plans
        .iter()
        .map(|plan| house.start(&["run", plan]))
        .collect();
    for going in going {
        going.end().done();
    }
    let runs = house.json(&["runs", "list"]);
    let ended: Vec<&Value> = runs
        .as_array()
        .unwrap()
        .iter()
        .map(|run| &run["outcome"])
        .collect();
    assert_eq!(ended, ["completed", "completed"]);
}

#[test]
fn a_run_that_waits_for_its_time_holds_up_nobody_else() {
    let house = House::new();
    let later = house.approved(TOMAS, &["--at", &ahead(3_600)]);
    let urgent = house.approved(AMIRA, &[]);
    let waiting = house.start(&["run", &later, "--wait"]);
    wait_for("the waiting run exists", || house.newest_run());
    house.tenure(&["run", &urgent]).done();
    assert_eq!(house.user("tomas.novak")["account_enabled"], true);
    waiting.kill();
}
