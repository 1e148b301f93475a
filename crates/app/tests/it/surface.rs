//! Every verb: its help, and its data.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::house::{AMIRA, House, LEAD, Plot, TOMAS, wait_for};

/// A verb's own help.
fn help(house: &House, verb: &[String]) -> String {
    let mut words: Vec<&str> = verb.iter().map(String::as_str).collect();
    words.push("--help");
    let said = house.tenure(&words).done();
    assert_eq!(said.err, "");
    said.out
}

/// The verbs under a verb, as its help lists them.
fn under(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    lines
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| {
            line.split_whitespace()
                .next()
                .filter(|_| !line.starts_with("   "))
        })
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// Every verb that does something, by walking the help.
fn verbs(house: &House) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![Vec::new()];
    while let Some(verb) = open.pop() {
        let text = help(house, &verb);
        let names = under(&text);
        assert!(text.contains("Usage: tenure"), "{text}");
        // What it is for, before how it is used.
        let purpose = text.split("Usage:").next().unwrap().trim();
        assert!(
            purpose.len() > 10,
            "{verb:?} says nothing about itself: {text}"
        );
        // No argument without a word about it.
        for line in text
            .lines()
            .skip_while(|line| !line.ends_with("rguments:") && *line != "Options:")
        {
            let option = line.trim_start();
            let is_option = option.starts_with('-') || option.starts_with('<');
            assert!(
                !is_option
                    || option.contains("  ")
                    || text.contains(&format!("{line}\n          ")),
                "{verb:?}: {line}"
            );
        }
        if names.is_empty() {
            found.insert(verb.join(" "));
        }
        open.extend(
            names
                .into_iter()
                .map(|name| [verb.clone(), vec![name]].concat()),
        );
    }
    found
}

/// A verb as typed, and the status it ends with here.
fn line(words: &str, status: i32) -> (Vec<String>, i32) {
    (words.split(' ').map(str::to_owned).collect(), status)
}

/// Every verb once, for a house with this plan that nobody approved, and this run that has ended.
fn table(plan: &str, run: &str) -> Vec<(Vec<String>, i32)> {
    let (tenant, client) = (sim::worlds::FABRIKAM, sim::worlds::CLIENT_ID);
    let add = format!(
        "tenant add f --tenant-id {tenant} --client-id {client} --cloud sandbox --secret-file secret.txt"
    );
    let mut table = vec![
        line(&add, 0),
        line("tenant renew f --secret-file secret.txt", 0),
        line("tenant list", 0),
        line("tenant check contoso", 0),
        line("policy init contoso", 0),
        line("policy check policy.toml", 0),
        line("policy apply contoso policy.toml --as me", 0),
        line("policy show contoso", 0),
        line("policy diff contoso policy.toml", 0),
        line("policy schema", 0),
        line(
            "plan offboard liam.byrne@contoso.example --tenant contoso",
            0,
        ),
        line("plan onboard --file joiner.toml --tenant contoso", 2),
        line("plan ticket ticket.eml --tenant contoso", 0),
        line("plan request nothing", 2),
        line(&format!("plan restore {run}"), 0),
        line(&format!("undo {run}"), 0),
        line("requests", 0),
        line(&format!("plan again {plan}"), 0),
        line(&format!("plan show {plan}"), 0),
        line("plan list", 0),
        line(&format!("approve {plan} --as {LEAD}"), 2),
        line(&format!("run {plan}"), 2),
        line(
            "plan action reset-password liam.byrne@contoso.example --tenant contoso",
            0,
        ),
        line("runs list", 0),
        line("runs findings", 0),
        line(&format!("runs show {run}"), 0),
        line("ledger export contoso --out l --head h", 0),
        line("ledger verify l --head h", 0),
        line("ledger prove contoso 1", 0),
        line("doctor", 0),
    ];
    table.push(line(
        &format!("runs done {run} block-sign-in --as {LEAD}"),
        2,
    ));
    for words in [
        "handle 1 --reason nothing-is-open",
        "reopen 1 --reason nothing-was-handled",
        "look 1",
    ] {
        let (verb, rest) = words.split_once(' ').unwrap();
        table.push(line(&format!("runs {verb} {run} {rest} --as {LEAD}"), 2));
    }
    for verb in ["cancel", "pause", "resume", "retry"] {
        table.push(line(&format!("runs {verb} {run} --as {LEAD}"), 2));
    }
    table
}

#[test]
fn every_verb_has_help_and_data() {
    let house = House::new();
    let done = house.approved(AMIRA, &[]);
    house.tenure(&["run", &done]).done();
    let run = house.newest_run().unwrap();
    let plan = house.plan(TOMAS, &[])["id"].as_str().unwrap().to_owned();
    house.write("ticket.eml", "From: hr@contoso.example\nSubject: Leaver\nReceived: 2026-11-20T10:05:00+01:00\n\nType: Offboarding\nEmail: liam.byrne@contoso.example\nLast day: immediately\n");
    let mut left = verbs(&house);
    for (words, status) in table(&plan, &run) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let said = house
            .tenure(&[&words[..], &["--json"]].concat())
            .ended(status);
        let data = said.json();
        assert_eq!(data["error"].is_object(), status == 2, "{data}");
        left.retain(|name| !words.join(" ").starts_with(name.as_str()));
    }
    // Those that go on, read standard input, or have tests of their own.
    let elsewhere = ["demo", "sandbox", "serve", "worker", "extract"];
    left.retain(|name| !elsewhere.contains(&name.as_str()));
    assert_eq!(left, BTreeSet::new(), "verbs without a line above");
}

#[test]
fn verbs_that_go_on_print_data_too() {
    let house = Plot::new().bare().build();
    let sandbox = house.start(&["sandbox", "--world", "other.json", "--json"]);
    wait_for("the sandbox has written its world", || {
        house.path("other.json").exists().then_some(())
    });
    let said = sandbox.stop().done();
    let data: Value = said.json();
    assert!(
        data["address"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1:"),
        "{data}"
    );

    let refused = house.tenure(&["plan", "show", "p-none", "--json"]).ended(2);
    let error = &refused.json()["error"];
    assert!(
        error["code"].is_string() && error["what"].is_array() && error["hint"].is_string(),
        "{error}"
    );
    let usage = house.tenure(&["plan", "offboard", "--json"]).ended(2);
    assert_eq!(usage.json()["error"]["code"], "usage");
    assert!(usage.err.contains("--tenant"), "{}", usage.err);
}
