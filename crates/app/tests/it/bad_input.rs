//! Input that cannot be used: each gets one clear message that names the field and says what to do, and changes nothing.

use crate::house::{AMIRA, House, Plot, Policy};

const ADD: [&str; 9] = [
    "tenant",
    "add",
    "fabrikam",
    "--cloud",
    "sandbox",
    "--tenant-id",
    sim::worlds::FABRIKAM,
    "--client-id",
    sim::worlds::CLIENT_ID,
];

/// The words of `tenant add` with one of them replaced.
fn add<'w>(field: &str, value: &'w str, secret: &'w str) -> Vec<&'w str> {
    let mut words: Vec<&str> = ADD.to_vec();
    let at = words.iter().position(|word| *word == field).unwrap();
    words[at + 1] = value;
    words.extend(["--secret-file", secret]);
    words
}

#[test]
fn a_policy_that_is_broken_is_refused_with_its_lines_and_the_old_one_stays() {
    let house = House::new();
    let whole = Policy::closing().text();
    let cases: [(&str, String, &[&str]); 7] = [
        (
            "a bracket is missing",
            whole.replace("[approvals]", "[approvals"),
            &["policy.toml:10", "not TOML", "[approvals"],
        ),
        (
            "a step is misspelt",
            whole.replace("block-sign-in = true", "blok-sign-in = true"),
            &[
                "blok-sign-in",
                "did you mean `block-sign-in`?",
                "policy.toml:",
            ],
        ),
        (
            "a setting is misspelt",
            whole.replace(
                "set-forwarding = false",
                "set-forwarding = { whom = \"x\" }",
            ),
            &["set-forwarding", "whom", "policy.toml:"],
        ),
        (
            "a setting has the wrong type",
            whole.replace(
                "set-forwarding = false",
                "set-forwarding = { keep-copy = 7 }",
            ),
            &["set-forwarding", "keep-copy", "policy.toml:"],
        ),
        (
            "a switch is no switch",
            whole.replace("notify = false", "notify = \"perhaps\""),
            &["notify", "policy.toml:"],
        ),
        (
            "a time zone is misspelt",
            whole.replace("Europe/Berlin", "Europe/Berlino"),
            &[
                "Europe/Berlino",
                "did you mean `Europe/Berlin`?",
                "sites.default.time-zone",
            ],
        ),
        (
            "a step of the allow-list is misspelt",
            format!("{whole}\n[steps]\nallowed = [\"convert-mailbx\"]\n"),
            &["convert-mailbx", "did you mean `convert-mailbox`?"],
        ),
    ];
    for (what, text, wanted) in cases {
        assert_ne!(text, whole, "{what}");
        house.write("policy.toml", &text);
        let by = ["--as", "owner@provider.example"];
        let apply = [&["policy", "apply", "contoso", "policy.toml"], &by[..]].concat();
        house.refuses(&apply, wanted);
        house.refuses(&["policy", "check", "policy.toml"], wanted);
        house.refuses(&["policy", "diff", "contoso", "policy.toml"], wanted);
    }
}

#[test]
fn a_broken_text_is_told_once_not_once_for_each_line_after_it() {
    let house = Plot::new().bare().build();
    let whole = Policy::closing().text();
    let torn = whole.replace("cancel-meetings = false", "cancel-meetings = { on = false");
    house.write("policy.toml", &torn);
    let said = house
        .tenure(&["policy", "check", "policy.toml"])
        .refused(&["not TOML"]);
    assert_eq!(said.err.matches("not TOML").count(), 1, "{}", said.err);
}

#[test]
fn switches_that_are_unknown_or_wrong_are_refused_by_name() {
    let house = House::new();
    let cases: [(&str, &[&str]); 6] = [
        (
            "blok-sign-in=false",
            &["`blok-sign-in`", "did you mean `block-sign-in`?"],
        ),
        ("block-sign-in=maybe", &["`block-sign-in`", "maybe"]),
        (
            "set-forwarding.whom=x",
            &["set-forwarding.whom", "unknown field `whom`", "keep-copy"],
        ),
        ("block-sign-in", &["--set block-sign-in", "="]),
        (
            "set-forwarding.keep-copy=7",
            &["set-forwarding.keep-copy", "7"],
        ),
        ("=true", &["``"]),
    ];
    for (set, wanted) in cases {
        let words = [
            "plan", "offboard", AMIRA, "--tenant", "contoso", "--set", set,
        ];
        house.refuses(&words, wanted);
    }
    let twice = ["--set", "notify=false", "--set", "notify=true"];
    let plan = ["plan", "offboard", AMIRA, "--tenant", "contoso"];
    house.refuses(&[&plan[..], &twice].concat(), &["--set notify", "twice"]);
}

#[test]
fn a_plan_needs_a_person_a_tenant_and_a_time_that_exist() {
    let house = House::new();
    let plan = |user: &'static str, more: &[&'static str]| {
        [&["plan", "offboard", user][..], more].concat()
    };
    let here = ["--tenant", "contoso"];
    let cases: [(Vec<&str>, &[&str]); 8] = [
        (
            plan("nobody@contoso.example", &here),
            &["nobody@contoso.example", "check the spelling"],
        ),
        (plan("Nobody Known", &here), &["Nobody Known"]),
        (
            plan("Alex Murphy", &here),
            &[
                "alex.murphy@contoso.example",
                "alex.murphy2@contoso.example",
                "sign-in name",
            ],
        ),
        (
            plan(AMIRA, &["--tenant", "nowhere"]),
            &["no tenant nowhere", "tenure tenant list"],
        ),
        (
            plan(AMIRA, &["--tenant", "contoso", "--at", "yesterday"]),
            &["--at yesterday", "2026-11-28"],
        ),
        (
            plan(AMIRA, &["--tenant", "contoso", "--at", "2026-02-30"]),
            &["--at 2026-02-30"],
        ),
        (plan("", &here), &["sign-in name"]),
        (
            plan("00000000-0000-4000-8000-000000000000", &here),
            &["00000000-0000-4000-8000-000000000000"],
        ),
    ];
    for (words, wanted) in cases {
        house.refuses(&words, wanted);
    }
}

#[test]
fn contradictions_are_refused_with_their_reason() {
    let house = House::new();
    let plan = ["plan", "offboard", AMIRA, "--tenant", "contoso"];
    let open = [
        "--set",
        "block-sign-in=false",
        "--set",
        "convert-mailbox=true",
    ];
    let said = house.refuses(
        &[&plan[..], &open].concat(),
        &["convert-mailbox", "sign-in"],
    );
    assert!(said.err.contains("order rule 18"), "{}", said.err);
    let lost = ["--set", "remove-licenses=true"];
    house.refuses(&[&plan[..], &lost].concat(), &["licence", "order rule"]);
}

#[test]
fn a_tenant_is_connected_only_with_fields_that_can_be_right() {
    let house = House::new();
    house.write("empty.txt", " \n");
    std::fs::write(house.path("binary.txt"), [0xff, 0xfe, 0x80]).unwrap();
    let (guid, secret) = (sim::worlds::FABRIKAM, "secret.txt");
    let cases: [(Vec<&str>, &[&str]); 9] = [
        (
            add("--tenant-id", "zzz", secret),
            &["--tenant-id", "zzz", "GUID"],
        ),
        (
            add("--client-id", "12-34", secret),
            &["--client-id", "12-34", "GUID"],
        ),
        (
            add("--cloud", "moon", secret),
            &["moon", "sandbox", "[clouds.NAME]"],
        ),
        (
            add("--tenant-id", guid, "empty.txt"),
            &["empty.txt", "empty"],
        ),
        (
            add("--tenant-id", guid, "absent.txt"),
            &["absent.txt", "cannot be read"],
        ),
        (
            add("--tenant-id", guid, "binary.txt"),
            &["secret", "no text"],
        ),
        (add("add", "contoso", secret), &["contoso already"]),
        (add("add", "no/name", secret), &["no/name"]),
        (
            add("--tenant-id", sim::worlds::CONTOSO, secret),
            &["already kept as tenant contoso"],
        ),
    ];
    for (words, wanted) in cases {
        house.refuses(&words, wanted);
    }
    let pem = ["--certificate", "secret.txt", "--key", "secret.txt"];
    let said = house.refuses(&[&ADD[..], &pem].concat(), &["certificate", "PEM"]);
    assert!(!said.err.contains(sim::worlds::CLIENT_SECRET));
}

#[test]
fn a_configuration_that_cannot_be_used_names_the_file_and_the_line() {
    let house = House::new();
    let cases: [(&str, &[&str]); 4] = [
        ("[store\nurl = 1", &["bad.toml", "line 1"]),
        (
            "[store]\nurll = \"sqlite:x\"",
            &["bad.toml", "line 2", "urll", "url"],
        ),
        (
            "[store]\nurl = \"postgres:x\"",
            &["postgres:x", "sqlite:PATH"],
        ),
        (
            "[clouds.sandbox]\nlogin = \"x\"",
            &["bad.toml", "line 1", "missing field `graph`"],
        ),
    ];
    for (text, wanted) in cases {
        house.write("bad.toml", text);
        house.refuses(&["--config", "bad.toml", "tenant", "list"], wanted);
    }
    house.refuses(
        &["--config", "absent.toml", "tenant", "list"],
        &["absent.toml"],
    );
    // Anything but loopback has to be encrypted.
    let open = house.config("http://login.example");
    house.write("bad.toml", &open);
    let words = [
        &["--config", "bad.toml"],
        &add("--cloud", "sandbox", "secret.txt")[..],
    ]
    .concat();
    house.refuses(&words, &["login", "https"]);
}

#[test]
fn what_is_not_there_is_named_and_where_to_look_is_said() {
    let house = House::new();
    let cases: [(&[&str], &[&str]); 10] = [
        (
            &["plan", "show", "p-none"],
            &["no plan p-none", "tenure plan list"],
        ),
        (
            &["approve", "p-none", "--as", "x"],
            &["no plan p-none", "tenure plan list"],
        ),
        (&["run", "p-none"], &["no plan p-none", "tenure plan list"]),
        (
            &["runs", "show", "r-none"],
            &["no run r-none", "tenure runs list"],
        ),
        (
            &["runs", "cancel", "r-none", "--as", "x"],
            &["no run r-none"],
        ),
        (
            &["tenant", "check", "nobody"],
            &["no tenant nobody", "tenure tenant list"],
        ),
        (&["policy", "show", "nobody"], &["no tenant nobody"]),
        (
            &["ledger", "export", "nobody", "--out", "x"],
            &["no tenant nobody"],
        ),
        (&["ledger", "prove", "contoso", "9999"], &["9999"]),
        (
            &["ledger", "verify", "absent"],
            &["absent", "cannot be read"],
        ),
    ];
    for (words, wanted) in cases {
        house.refuses(words, wanted);
    }
}

#[test]
fn a_tenant_without_a_policy_makes_no_plan() {
    let house = Plot::new().bare().build();
    house.add_tenant("secret.txt").done();
    let plan = ["plan", "offboard", AMIRA, "--tenant", "contoso"];
    house.refuses(
        &plan,
        &["contoso has no policy", "tenure policy init contoso"],
    );
    house.refuses(
        &["policy", "show", "contoso"],
        &["contoso", "tenure policy init"],
    );
}
