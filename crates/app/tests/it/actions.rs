//! Single steps, emergencies, the limit on leavers, and what people do about findings afterwards.

use serde_json::Value;

use crate::house::{AMIRA, CLOSING, House, LEAD, NORA, Plot, Policy, SECOND, TOMAS};

const APPROVERS: &str =
    "approvers = [\"lead@provider.example\", \"second@provider.example\", \"hr@contoso.example\"]";

fn action<'w>(step: &'w str, user: &'w str) -> Vec<&'w str> {
    vec![
        "plan",
        "action",
        step,
        user,
        "--tenant",
        "contoso",
        "--requester",
        "hr@contoso.example",
    ]
}

fn contain(user: &str) -> Vec<&str> {
    vec![
        "plan",
        "offboard",
        user,
        "--tenant",
        "contoso",
        "--requester",
        "hr@contoso.example",
        "--contain-now",
    ]
}

fn keys(plan: &Value) -> Vec<&str> {
    let steps = plan["plan"]["steps"].as_array().unwrap();
    steps
        .iter()
        .map(|step| step["key"].as_str().unwrap())
        .collect()
}

#[test]
fn an_action_is_one_step_that_is_approved_run_and_read_back() {
    let house = House::new();
    let plan = house.json(&action("block-sign-in", AMIRA));
    assert_eq!(keys(&plan), ["block-sign-in"]);
    let remarks = plan["plan"]["remarks"].to_string();
    assert!(
        remarks.contains("an action of 1 step: block-sign-in"),
        "{remarks}"
    );
    let id = plan["id"].as_str().unwrap();
    house.approve(id, LEAD).done();
    house.tenure(&["run", id]).done();
    assert_eq!(house.user("amira.haddad")["account_enabled"], false);
    // It is off in the policy, and wanted now all the same.
    let reply = [
        &action("set-auto-reply", TOMAS)[..],
        &["--set", "set-auto-reply.message=I have left."],
    ]
    .concat();
    assert_eq!(keys(&house.json(&reply)), ["set-auto-reply"]);
}

#[test]
fn an_action_that_makes_no_sense_is_refused_with_its_reason() {
    let house = House::new();
    let cases: [(&str, &[&str], &[&str]); 5] = [
        (
            "blok-sign-in",
            &[],
            &["there is no step", "did you mean `block-sign-in`?"],
        ),
        ("notify", &[], &["makes no sense by itself"]),
        ("create-user", &[], &["another playbook"]),
        ("remove-auth-methods", &[], &["sign-in"]),
        (
            "block-sign-in",
            &["--set", "convert-mailbox=true"],
            &["no part of this action"],
        ),
    ];
    for (step, more, wanted) in cases {
        house.refuses(&[&action(step, NORA)[..], more].concat(), wanted);
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
fn access_is_closed_at_once_only_where_the_policy_said_so_and_somebody_else_looks_at_it() {
    let house = House::new();
    let before = house.standing();
    house.refuses(
        &contain(AMIRA),
        &[
            "does not approve containment beforehand",
            "have it approved",
        ],
    );
    house.standing().is_still(&before);
    let table = format!("{APPROVERS}\npre-approved-containment = [\"operators\"]");
    house.apply(&Policy::closing().with("approvals", &table));
    let said = house
        .tenure(&[&contain(AMIRA)[..], &["--json"]].concat())
        .ended(3);
    let ended = said.json();
    let (run, plan) = (
        ended["run"].as_str().unwrap(),
        ended["plan"].as_str().unwrap(),
    );
    assert_eq!(house.user("amira.haddad")["account_enabled"], false);
    let kept = house.json(&["plan", "show", plan]);
    assert!(
        keys(&kept)
            .iter()
            .all(|key| CLOSING.iter().any(|step| key.starts_with(step)))
    );
    let by = ended["state"]["approvers"][0].as_str().unwrap();
    assert!(
        by.starts_with("policy:") && by.ends_with(" for hr@contoso.example"),
        "{by}"
    );
    let open = house.json(&["runs", "findings"]);
    assert_eq!(open[0]["finding"]["kind"], "review");
    // Whoever asked does not look at it, though an approver; nor does a stranger; nor without a reason.
    let why = "Amira's laptop was stolen; HR was right to ask.";
    let handle = |by: &'static str, why: &'static str| {
        vec![
            "1".to_owned(),
            "--as".to_owned(),
            by.to_owned(),
            "--reason".to_owned(),
            why.to_owned(),
        ]
    };
    let words = |more: &[String]| -> Vec<String> {
        let mut words = vec!["runs".to_owned(), "handle".to_owned(), run.to_owned()];
        words.extend(more.iter().cloned());
        words
    };
    for (by, why, wanted) in [
        ("hr@contoso.example", why, "asked for this plan"),
        ("stranger@provider.example", why, "not an approver"),
        (LEAD, "ok", "fewer than 10 characters"),
    ] {
        let words = words(&handle(by, why));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        house.refuses(&words, &[wanted]);
    }
    let words = words(&handle(LEAD, why));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    house.tenure(&words).done();
    house.refuses(&words, &["is closed already"]);
    assert_eq!(
        house.json(&["runs", "findings"]).as_array().unwrap().len(),
        0
    );
    let shown = house.run(run);
    assert_eq!(shown["outcome"], "needs-review");
    assert_eq!(shown["state"]["findings"][0]["marks"][0]["by"], LEAD);
    let reopen = [
        "runs",
        "reopen",
        run,
        "1",
        "--as",
        SECOND,
        "--reason",
        "The laptop was found again.",
    ];
    house.tenure(&reopen).ended(3);
    assert_eq!(
        house.json(&["runs", "findings"]).as_array().unwrap().len(),
        1
    );
    house.refuses(
        &["runs", "look", run, "1", "--as", LEAD],
        &["cannot be read by itself"],
    );
}

#[test]
fn nobody_approves_under_a_policys_name_and_the_protected_wait_for_two() {
    let table = "pre-approved-containment = [\"operators\"]";
    let policy = Policy::closing()
        .with("approvals", table)
        .with("protected", "break-glass = [\"emergency.access@contoso.onmicrosoft.example\"]\nbreak-glass-confirmed = true\nvip = [\"tomas.novak@contoso.example\"]");
    let house = Plot::new().policy(policy).build();
    let before = house.standing();
    house.refuses(&contain(TOMAS), &["waits for two approvers", "VIP list"]);
    house.standing().is_still(&before);
    let plan = house.plan(AMIRA, &[]);
    let id = plan["id"].as_str().unwrap();
    house.refuses(
        &["approve", id, "--as", "policy:0123 for somebody"],
        &["is no person"],
    );
}

#[test]
fn one_leaver_too_many_waits_for_a_second_approver() {
    let policy = Policy::closing().with("limits", "leavers = { count = 1, within-hours = 24 }");
    let house = Plot::new().policy(policy).build();
    let first = house.plan(AMIRA, &[]);
    assert_eq!(first["plan"]["approval"]["people"], 1);
    // The same request again is the same leaver, and an action is none.
    let again = house.json(&["plan", "again", first["id"].as_str().unwrap()]);
    assert_eq!(again["plan"]["approval"]["people"], 1);
    let reply = house.json(&action("block-sign-in", TOMAS));
    assert_eq!(reply["plan"]["approval"]["people"], 1);
    let second = house.plan(TOMAS, &[]);
    assert_eq!(second["plan"]["approval"]["people"], 2);
    let because = second["plan"]["approval"]["because"].as_str().unwrap();
    assert!(because.contains("leaver 2 within 24 hours"), "{because}");
    let id = second["id"].as_str().unwrap();
    house.approve(id, LEAD).done();
    house.refuses(&["run", id], &["1 of the 2 approvals"]);
    house.approve(id, SECOND).done();
    house.tenure(&["run", id]).done();
}
