//! What people read, as it looks: a change of a view shows here.

use serde_json::json;

use crate::house::{AMIRA, House, LEAD, NORA, Plot, Policy};

/// Ids, digests, times and durations differ from run to run.
const PASSING: [(&str, &str); 11] = [
    (r"\b([pqr])-[0-9a-z]{8}\b", "$1-········"),
    (r"\b[0-9a-f]{12}\b", "············"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?", "<time>"),
    (r"\b\d+\.\d s\b +", "<s> "),
    (r"\b\d+\.\d s\b", "<s>"),
    (r"<s> {2,}", "<s> "),
    (r" \d+ reads\b", ""),
    (r"(?m) +$", ""),
    (r"(?m)^approval to verified .*$", "<where the time went>"),
    (r"(?m)^\d+ requests: .*$", "<requests>"),
    (r"(?m)^Read with \d+ requests.*$", "<requests>"),
];

fn shown(name: &str, text: &str) {
    insta::with_settings!({ filters => PASSING, snapshot_path => "views", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn the_plan_that_an_approver_reads() {
    let all: Vec<&str> = steps::ALL.iter().map(|step| step.about().name).collect();
    let notices = "sender = \"henrik.dahl@contoso.example\"\nrecipients = [\"hr@contoso.example\"]";
    let house = Plot::new()
        .policy(Policy::of(&all).with("notify", notices))
        .build();
    let plan = house
        .tenure(&[
            "plan",
            "offboard",
            NORA,
            "--tenant",
            "contoso",
            "--requester",
            "hr@contoso.example",
            "--set",
            "set-forwarding=false",
        ])
        .done();
    shown("plan", &plan.out);
    let two = house
        .tenure(&[
            "plan",
            "offboard",
            "liam.byrne@contoso.example",
            "--tenant",
            "contoso",
            "--at",
            "2035-11-28T17:00+01:00",
        ])
        .done();
    shown("plan-of-a-privileged-person", &two.out);
}

#[test]
fn the_endings_of_a_run() {
    let house = House::new();
    let id = house.plan(AMIRA, &[])["id"].as_str().unwrap().to_owned();
    shown("approval", &house.approve(&id, LEAD).done().out);
    shown("run-completed", &house.tenure(&["run", &id]).done().out);

    let other = house.approved("tomas.novak@contoso.example", &[]);
    house.rules(&json!([{ "effect": { "do": "fail-before", "status": 403 }, "path": "revokeSignInSessions" }]));
    shown(
        "run-needs-review",
        &house.tenure(&["run", &other]).ended(3).out,
    );
    shown("refusal-of-a-policy", &{
        house.write(
            "policy.toml",
            &Policy::closing()
                .text()
                .replace("notify = false", "notfy = false"),
        );
        house
            .tenure(&["policy", "check", "policy.toml"])
            .ended(2)
            .err
    });
    shown("plans", &house.tenure(&["plan", "list"]).done().out);
    shown("runs", &house.tenure(&["runs", "list"]).done().out);
}
