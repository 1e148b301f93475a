//! The judge judged: what it lets pass and what it must see.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::chance::Chance;
use super::check::{Change, Found, Step, call_id, complaints};
use super::normal::Known;
use super::point::{Extent, FULL, Point, draw};
use super::scene::{everything_on, with_roles};
use super::secrets::leaks;
use super::story::Story;
use super::write::{makers, writes};

const RUN: &str = "r-1";

fn known() -> Known {
    Known::of(
        &json!({ "users": { "u1": { "since": "2026-01-01T00:00:00Z" } }, "groups": { "g1": {}, "g2": {} } }),
    )
}

fn step(key: &str, attempts: u64, accepted: &[u64]) -> Step {
    let operation = format!("operation of {key}");
    Step {
        key: key.to_owned(),
        status: "verified".to_owned(),
        accepted: accepted
            .iter()
            .map(|attempt| call_id(RUN, &operation, *attempt, 0))
            .collect(),
        operation,
        attempts,
    }
}

fn change(step: &Step, attempt: u64, object: &str, field: &str, after: Value) -> Change {
    Change {
        object: object.to_owned(),
        field: field.to_owned(),
        before: Value::Null,
        after,
        cause: "request".to_owned(),
        request_id: Some(format!("request {} {attempt} {field}", step.key)),
        client_request_id: Some(call_id(RUN, &step.operation, attempt, 0)),
        operation: "PATCH".to_owned(),
    }
}

fn found(steps: Vec<Step>, changes: Vec<Change>) -> Found {
    Found {
        run: RUN.to_owned(),
        exit: 0,
        outcome: "completed".to_owned(),
        steps,
        findings: Vec::new(),
        world: json!({}),
        untrue: Vec::new(),
        changes,
    }
}

fn judged(here: &Found, undisturbed: &Found) -> Vec<String> {
    complaints(here, undisturbed, &known())
}

fn left(group: &str) -> (Step, Change) {
    let step = step("remove-from-groups", 1, &[1]);
    let change = change(&step, 1, group, "members", json!([]));
    (step, change)
}

#[test]
fn an_undisturbed_run_has_nothing_against_it() {
    let (step, change) = left("groups/g1");
    let whole = found(vec![step], vec![change]);
    assert_eq!(judged(&whole, &whole), Vec::<String>::new());
}

#[test]
fn a_change_without_an_intent_is_seen() {
    let (step, change) = left("groups/g1");
    let whole = found(vec![step.clone()], vec![change.clone()]);
    let forgotten = found(
        vec![Step {
            attempts: 0,
            ..step
        }],
        vec![change],
    );
    let said = judged(&forgotten, &whole);
    assert!(said[0].contains("without an intent"), "{said:?}");
}

#[test]
fn an_intent_that_took_effect_in_two_requests_is_seen() {
    let reset = step("reset-password", 1, &[1]);
    let first = change(&reset, 1, "users/u1", "password_hash", json!("[redacted]"));
    let second = Change {
        request_id: Some("another request".to_owned()),
        ..first.clone()
    };
    let whole = found(vec![reset.clone()], vec![first.clone()]);
    let said = judged(&found(vec![reset], vec![first, second]), &whole);
    assert!(said[0].contains("took effect 2 times"), "{said:?}");
}

#[test]
fn a_password_may_be_set_again_only_when_the_reply_was_lost() {
    let run = |accepted: &[u64]| {
        let reset = step("reset-password", 2, accepted);
        let set = |attempt| {
            change(
                &reset,
                attempt,
                "users/u1",
                "password_hash",
                json!("[redacted]"),
            )
        };
        found(vec![reset.clone()], vec![set(1), set(2)])
    };
    let (lost, answered) = (run(&[2]), run(&[1, 2]));
    assert_eq!(judged(&lost, &lost), Vec::<String>::new());
    let said = judged(&answered, &lost);
    assert!(
        said[0].contains("although attempt 1 was answered"),
        "{said:?}"
    );
}

#[test]
fn a_second_mail_is_seen_though_its_id_is_new() {
    let notify = step("notify", 2, &[2]);
    let mail = |id: &str, attempt| {
        let object = format!("messages/{id}");
        let after = json!({ "subject": "Completed", "created": "2026-02-02T08:00:00Z" });
        change(&notify, attempt, &object, "*", after)
    };
    let first = mail("0b0e4c1e-0000-4000-8000-000000000001", 1);
    let second = mail("0b0e4c1e-0000-4000-8000-000000000002", 2);
    let once = found(vec![notify.clone()], vec![first.clone()]);
    let said = judged(&found(vec![notify], vec![first, second]), &once);
    assert!(
        said[0].contains("took effect 2 times, 1 in the undisturbed run"),
        "{said:?}"
    );
}

#[test]
fn what_is_taken_back_and_made_again_is_seen() {
    let (step, change) = left("groups/g1");
    let again = Change {
        client_request_id: change.client_request_id.clone(),
        ..change.clone()
    };
    let run = found(vec![step], vec![change, again]);
    let said = judged(&run, &run);
    assert!(
        said.iter().any(|line| line.contains("was set 2 times")),
        "{said:?}"
    );
}

#[test]
fn false_success_is_seen_and_so_is_a_run_that_gave_up() {
    let (step, change) = left("groups/g1");
    let whole = found(vec![step.clone()], vec![change.clone()]);
    let claimed = Found {
        untrue: vec!["sign-in is open".to_owned()],
        ..whole.clone()
    };
    assert!(judged(&claimed, &whole)[0].contains("false success: sign-in is open"));
    let unread = Step {
        status: "failed".to_owned(),
        ..step
    };
    let claimed = found(vec![unread], vec![change]);
    assert!(judged(&claimed, &whole)[0].contains("remove-from-groups failed"));
    let gave_up = Found {
        exit: 3,
        outcome: "needs-review".to_owned(),
        ..whole.clone()
    };
    assert!(judged(&gave_up, &whole)[0].contains("status 3"));
}

#[test]
fn worlds_differ_by_what_a_run_cannot_choose_alone() {
    let known = known();
    let world = |time: &str, id: &str, hash: char, subject: &str| {
        let hash: String = std::iter::repeat_n(hash, 64).collect();
        json!({
            "users": { "u1": { "since": time, "password_hash": hash } },
            "messages": { id: { "subject": subject, "header": format!("for {id}, sent") } },
        })
    };
    let one = world(
        "2026-02-02T08:00:00Z",
        "0b0e4c1e-0000-4000-8000-000000000001",
        'a',
        "Done",
    );
    let other = world(
        "2026-02-03T09:30:00.5Z",
        "0b0e4c1e-0000-4000-8000-000000000002",
        'b',
        "Done",
    );
    assert_eq!(known.normal(&one), known.normal(&other));
    let untouched = world(
        "2026-01-01T00:00:00Z",
        "0b0e4c1e-0000-4000-8000-000000000001",
        'a',
        "Done",
    );
    assert_ne!(
        known.normal(&one),
        known.normal(&untouched),
        "a time that stood before is no new time"
    );
    let said = world(
        "2026-02-02T08:00:00Z",
        "0b0e4c1e-0000-4000-8000-000000000001",
        'a',
        "Not done",
    );
    assert_ne!(known.normal(&one), known.normal(&said));
    let sets = [json!(["g1", "g2"]), json!(["g2", "g1"])].map(|list| known.normal(&list));
    assert_eq!(sets[0], sets[1]);
}

#[test]
fn points_are_spread_and_repeat_by_their_text() {
    let extent = Extent {
        hits: [
            ("before-commit".to_owned(), 90),
            ("after-commit".to_owned(), 90),
        ]
        .into(),
        writes: 20,
        makers: vec![1, 7],
        took_ms: 30_000,
    };
    let total = |short: bool| {
        let shares = Story::ALL.map(|story| story.share(short));
        let counts = shares.iter().copied().flatten().map(|(_, count)| count);
        counts.sum::<u64>()
    };
    assert_eq!((total(true), total(false)), (73, 780));
    for ((class, count), story) in FULL
        .iter()
        .copied()
        .flat_map(|share| Story::ALL.map(|story| (share, story)))
    {
        let draw = || {
            let mut chance = Chance::new(7, class);
            draw(class, count, (7, story), &extent, &mut chance)
        };
        let points = draw();
        assert_eq!(points, draw());
        assert_eq!(points.len() as u64, count);
        for point in points {
            assert_eq!(point.class(), class);
            assert_eq!(point.to_string().parse::<Point>().unwrap(), point);
            assert_ne!(point.earlier().to_string(), String::new());
        }
    }
    let mut chance = Chance::new(1, "spread");
    let drawn: BTreeSet<u64> = (0..90).map(|index| chance.spread(index, 90, 90)).collect();
    assert_eq!(
        (drawn.len(), drawn.first(), drawn.last()),
        (90, Some(&1), Some(&90))
    );
    assert!("1,nowhere:3".parse::<Point>().is_err());
}

#[test]
fn writes_are_found_alone_and_in_batches() {
    let single = |n: u64, method: &str, path: &str| json!({ "n": n, "method": method, "path": path, "cmdlet": null, "part_of": null });
    let item = |n: u64, method: &str, of: u64| json!({ "n": n, "method": method, "path": "/users/u1", "cmdlet": null, "part_of": of });
    let record = json!([
        single(1, "POST", "/t/oauth2/v2.0/token"),
        single(2, "PATCH", "/v1.0/users/u1"),
        single(3, "POST", "/v1.0/$batch"),
        item(4, "GET", 3),
        single(5, "POST", "/v1.0/$batch"),
        item(6, "DELETE", 5),
        single(7, "PATCH", "/v1.0/users/u1"),
        { "n": 8, "method": "POST", "path": "/adminapi", "cmdlet": "Get-Mailbox", "part_of": null },
        { "n": 9, "method": "POST", "path": "/adminapi", "cmdlet": "Set-Mailbox", "part_of": null },
    ]);
    let rules: Vec<Value> = writes(&record).iter().map(|write| write.held(5)).collect();
    assert_eq!(rules.len(), 4);
    assert_eq!((&rules[0]["nth"], &rules[2]["nth"]), (&json!(1), &json!(2)));
    assert_eq!(rules[1]["body"], "DELETE");
    assert_eq!(rules[3]["cmdlet"], "Set-Mailbox");
}

#[test]
fn secrets_are_found_where_they_lie() {
    let password = "Ab3!defghijkmnpqrstuvwxyz23456789ABCDEFG";
    let hash: String = Sha256::digest(password)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let hashes = BTreeSet::from([hash]);
    let within = |text: &str| {
        leaks(
            format!("\0{{\"a\":\"{text}\"}}\0").as_bytes(),
            "app~secret",
            &hashes,
        )
    };
    assert_eq!(within(password), ["a password"]);
    assert_eq!(within(&password.to_lowercase()), [""; 0]);
    assert_eq!(within("app~secret"), ["the application's secret"]);
    assert_eq!(within("eyJ0eXAiOiJKV1Qi"), ["an access token"]);
    assert_eq!(within("7e0a4c1e-0000-4000-8000-00000000cafe"), [""; 0]);
}

#[test]
fn every_switch_of_the_leavers_playbook_is_turned_on_and_no_other() {
    let template = "[protected]\nbreak-glass = []\nbreak-glass-confirmed = false\n[pilot]\non = false\n[notify]\n# sender = \"a@b\"\n[offboard]\nreset-password = false\nset-forwarding.on = false\nset-forwarding.clear = false\n[onboard]\nx = false\n";
    let policy = everything_on(template);
    for line in [
        "break-glass-confirmed = true",
        "on = false",
        "reset-password = true",
        "set-forwarding.on = true",
        "set-forwarding.clear = false",
        "x = false",
    ] {
        assert!(
            policy.lines().any(|other| other == line),
            "{line} in {policy}"
        );
    }
    assert!(policy.contains("\nsender = "));
}

#[test]
fn the_joiners_policy_has_a_role_and_every_switch_on() {
    let template = "[asks]\ngroups = []\n[contractors]\nnever = []\n[onboard]\nregister-phone-method = false\nmailbox-settings.archive = false\n# mailbox-settings.language = \"…\"\n";
    let policy = with_roles(template);
    for line in [
        "groups = [\"*\"]",
        "never = []",
        "register-phone-method = true",
        "mailbox-settings.archive = true",
        "mailbox-settings.language = \"en-GB\"",
        "[roles.sales]",
    ] {
        assert!(
            policy.lines().any(|other| other == line),
            "{line} in {policy}"
        );
    }
}

#[test]
fn writes_that_make_something_are_known_alone_and_in_batches() {
    let record = json!([
        { "n": 1, "method": "POST", "path": "/v1.0/users", "cmdlet": null, "part_of": null },
        { "n": 2, "method": "PATCH", "path": "/v1.0/users/u1", "cmdlet": null, "part_of": null },
        { "n": 3, "method": "POST", "path": "/v1.0/$batch", "cmdlet": null, "part_of": null },
        { "n": 4, "method": "POST", "path": "/users/u1/authentication/temporaryAccessPassMethods", "cmdlet": null, "part_of": 3 },
        { "n": 5, "method": "GET", "path": "/v1.0/users", "cmdlet": null, "part_of": null },
    ]);
    assert_eq!(writes(&record).len(), 3);
    assert_eq!(makers(&record), [1, 3]);
}

#[test]
fn a_pass_may_be_made_again_only_when_the_reply_was_lost() {
    let run = |accepted: &[u64]| {
        let pass = step("create-temporary-access-pass", 2, accepted);
        let method = |id: &str| json!({ id: { "kind": "temporary-access-pass" } });
        let made = |attempt, before: Value, after: Value| Change {
            before,
            ..change(&pass, attempt, "users/u1", "methods", after)
        };
        let changes = vec![
            made(1, json!({}), method("a")),
            made(2, method("a"), method("b")),
        ];
        found(vec![pass.clone()], changes)
    };
    let (lost, answered) = (run(&[2]), run(&[1, 2]));
    let once = Found {
        changes: lost.changes[..1].to_vec(),
        ..lost.clone()
    };
    assert_eq!(judged(&lost, &once), Vec::<String>::new());
    let said = judged(&answered, &once);
    assert!(
        said[0].contains("although attempt 1 was answered"),
        "{said:?}"
    );
    // A telephone number is no pass: twice is once too often.
    let mut phone = lost;
    for change in &mut phone.changes {
        change.after = json!({ change.request_id.clone().unwrap(): { "kind": "phone" } });
    }
    assert!(!judged(&phone, &once).is_empty());
}
