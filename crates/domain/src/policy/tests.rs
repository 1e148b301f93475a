//! Holds the policy to what an editor of one sees: errors at their line, a template that is valid, switches that merge.

mod deciding;
mod examples;
mod people;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::*;
use crate::catalogue::{Alias, Catalogue, Entry};

/// Four steps that stand for every sort there is: plain, with settings, with a needed setting, for joiners only.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn catalogue() -> Catalogue {
    fn switch(value: &Value) -> Result<Map<String, Value>, String> {
        let on = value.as_bool().ok_or("expected true or false")?;
        Ok(Map::from_iter([("on".to_owned(), Value::Bool(on))]))
    }
    fn forward(value: &Value) -> Result<Map<String, Value>, String> {
        let to = value.as_str().ok_or("expected an address")?;
        Ok(Map::from_iter([
            ("on".to_owned(), json!(true)),
            ("to".to_owned(), json!(to)),
        ]))
    }
    fn keep_copy(value: &Value) -> Result<Map<String, Value>, String> {
        let keep = value.as_bool().ok_or("expected true or false")?;
        Ok(Map::from_iter([("keep-copy".to_owned(), json!(keep))]))
    }
    fn forwarding(settings: &Value) -> Result<(), String> {
        if !settings["keep-copy"].is_boolean() {
            return Err("keep-copy: expected true or false".to_owned());
        }
        Ok(())
    }
    let plain = Entry {
        name: "block-sign-in",
        version: 1,
        aliases: &[Alias {
            name: "DisableSignIn",
            settings: switch,
        }],
        kinds: &[Kind::Offboard],
        default_on: true,
        purpose: "Stops every new sign-in.",
        schema: json!({"type": "object"}),
        defaults: json!({}),
        permissions: &[],
        not_alone: None,
        check: |_| Ok(()),
    };
    Catalogue {
        entries: vec![
            plain.clone(),
            Entry {
                name: "set-forwarding",
                aliases: &[
                    Alias {
                        name: "forward",
                        settings: forward,
                    },
                    Alias {
                        name: "KeepCopy",
                        settings: keep_copy,
                    },
                ],
                default_on: false,
                purpose: "Sends the person's mail to somebody else.",
                schema: json!({"type": "object", "properties": {
                    "keep-copy": {"type": "boolean", "description": "Whether the mail stays in the mailbox as well."},
                    "to": {"type": ["string", "null"], "description": "Who gets it."},
                }}),
                defaults: json!({"keep-copy": true, "to": null}),
                check: forwarding,
                ..plain.clone()
            },
            Entry {
                name: "create-account",
                aliases: &[],
                kinds: &[Kind::Onboard],
                purpose: "Creates the account.",
                ..plain
            },
        ],
    }
}

const BASE: &str =
    "version = 1\n[sites.default]\nusage-location = \"DE\"\ntime-zone = \"Europe/Berlin\"\n";

/// A minimal policy with these tables on top.
pub(crate) fn policy(more: &str) -> Policy {
    parse(&text(more), &catalogue()).expect("the policy of a test is valid")
}

fn text(more: &str) -> String {
    let mut text = format!("{BASE}{more}\n");
    for table in ["requesters", "approvals", "protected"] {
        if !more.contains(&format!("[{table}]")) {
            text.push_str(&format!("[{table}]\n"));
        }
    }
    text
}

/// The errors as an editor lists them: line:column, the bytes, what is wrong, what to do.
fn errors(text: &str) -> String {
    let errors = parse(text, &catalogue()).expect_err("the policy is wrong");
    errors
        .iter()
        .map(|error| {
            let before = &text[..error.span.start];
            let line = before.matches('\n').count() + 1;
            let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
            let bytes = text[error.span.clone()].replace('\n', "⏎");
            let help = error
                .help
                .as_deref()
                .map_or(String::new(), |help| format!(" ({help})"));
            format!(
                "{line}:{column} [{bytes}] {}: {}{help}\n",
                error.field, error.message
            )
        })
        .collect()
}

#[test]
fn broken_toml_is_shown_where_it_breaks() {
    insta::assert_snapshot!(errors("version = 1\n[sites.default\nusage-location = DE\n"), @"2:15 [] : this is not TOML: unclosed table, expected `]`");
}

#[test]
fn unknown_keys_and_wrong_types_are_all_told_at_once() {
    insta::assert_snapshot!(errors(&text("[aprovals]\n[approvals]\npeople = \"two\"\naprovers = []\nholds-for-hours = 0\n[pilot]\non = 1\npersons = [3, \"jo\"]")), @r#"
    5:2 [aprovals] aprovals: nothing is called `aprovals` here (did you mean `approvals`?)
    7:10 ["two"] approvals.people: `people` must be a whole number from 1, not a text
    8:1 [aprovers] approvals.aprovers: nothing is called `aprovers` here (did you mean `approvers`?)
    9:19 [0] approvals.holds-for-hours: `holds-for-hours` must be a whole number from 1, not the number 0
    11:6 [1] pilot.on: `on` must be true or false, not the number 1
    12:12 [3] pilot.persons: `persons` holds texts, not the number 3
    12:15 ["jo"] pilot.persons.jo: “jo” is no address: it has no @ (write it like `jo.doe@contoso.example`)
    "#);
}

#[test]
fn what_is_missing_is_told() {
    insta::assert_snapshot!(errors("[sites.default]\n[requesters]\n[approvals]\n"), @r#"
    1:1 [] version: `version` is missing (begin with `version = 1`)
    1:1 [] protected: `protected` is missing (add [protected]: who is never touched)
    1:8 [default] sites.default.usage-location: `sites.default.usage-location` is missing (for example `usage-location = "DE"`)
    1:8 [default] sites.default.time-zone: `sites.default.time-zone` is missing (for example `time-zone = "Europe/Berlin"`)
    "#);
    insta::assert_snapshot!(errors("version = 2\n[requesters]\n[approvals]\n[protected]\n[sites.a]\nusage-location = \"DE\"\ntime-zone = \"UTC\"\n[sites.b]\nusage-location = \"DE\"\ntime-zone = \"UTC\"\n"), @r"
    1:11 [2] version: version 2 of the policy format is not known (this program reads version 1; a newer policy needs a newer program)
    5:2 [sites] sites: several sites, and none is called `default` (name the one that holds for people without a site [sites.default])
    ");
}

#[test]
fn places_and_addresses_are_checked() {
    insta::assert_snapshot!(errors(&text("end-of-day = \"25:00\"\n[sites.london]\nusage-location = \"UK\"\ntime-zone = \"Europe/Londn\"\n[requesters]\naddresses = [\"hr@contoso\", \"*@contoso.example\", \"h*@contoso.example\"]\n[protected]\nbreak-glass = [\"Jo Doe <jo@contoso.example>\", \"a@contoso.example\", \"A@contoso.example\"]\n[notify]\nsender = \"it\"")), @r#"
    5:14 ["25:00"] sites.default.end-of-day: “25:00” is no time of day (write it like `17:00`)
    7:18 ["UK"] sites.london.usage-location: “UK” is no country code (the United Kingdom is `GB`)
    8:13 ["Europe/Londn"] sites.london.time-zone: “Europe/Londn” is no time zone (did you mean `Europe/London`?)
    10:14 ["hr@contoso"] requesters.addresses.hr@contoso: “hr@contoso” is no address: its domain has no dot (write `hr@contoso.example`, or `*@contoso.example` for a whole domain)
    10:49 ["h*@contoso.example"] requesters.addresses.h*@contoso.example: “h*@contoso.example” is no address: a `*` stands for everything before the @ only (write `hr@contoso.example`, or `*@contoso.example` for a whole domain)
    12:16 ["Jo Doe <jo@contoso.example>"] protected.break-glass.Jo Doe <jo@contoso.example>: “Jo Doe <jo@contoso.example>” is no address: it contains a blank (write it like `jo.doe@contoso.example`)
    12:68 ["A@contoso.example"] protected.break-glass: “A@contoso.example” is listed twice (remove one of them)
    14:10 ["it"] notify.sender: the sender is no address: it has no @ (write it like `it@contoso.example`)
    "#);
}

#[test]
fn steps_are_checked_by_name_setting_and_place() {
    insta::assert_snapshot!(errors(&text("[steps]\nallowed = [\"block-signin\"]\n[offboard]\nblok-sign-in = true\nDisableSignIn = \"perhaps\"\ncreate-account = true\n[offboard.set-forwarding]\nkeep-copie = true\n")), @r#"
    6:12 ["block-signin"] steps.allowed.block-signin: no step is called “block-signin” (did you mean `block-sign-in`?)
    8:1 [blok-sign-in] offboard.blok-sign-in: no step is called `blok-sign-in` (did you mean `block-sign-in`?)
    9:17 ["perhaps"] offboard.DisableSignIn: the value of `DisableSignIn` is wrong: expected true or false (`DisableSignIn` is another name for `block-sign-in`)
    10:1 [create-account] offboard.create-account: create-account does not belong in [offboard] (it is a step for: onboard)
    12:14 [true] offboard.set-forwarding.keep-copie: set-forwarding has no setting `keep-copie` (did you mean `keep-copy`?)
    "#);
    insta::assert_snapshot!(errors(&text("[offboard]\nset-forwarding = { keep-copy = \"yes\" }\nblock-sign-in = 3\n")), @r#"
    6:32 ["yes"] offboard.set-forwarding.keep-copy: wrong setting of set-forwarding: keep-copy: expected true or false (Sends the person's mail to somebody else.)
    7:1 [block-sign-in = 3] offboard.block-sign-in: `block-sign-in` must be true, false or a table of settings, not the number 3 (for example `block-sign-in = true`)
    "#);
    insta::assert_snapshot!(errors(&text("[offboard]\nset-forwarding = { on = 1, to = \"a@contoso.example\" }\nforward = \"b@contoso.example\"\n")), @r#"
    6:25 [1] offboard.set-forwarding: `on` of this step is set twice, to different values (the step stands here under two names; keep one)
    6:33 ["a@contoso.example"] offboard.set-forwarding: `to` of this step is set twice, to different values (the step stands here under two names; keep one)
    "#);
}

#[test]
fn contradictions_are_told() {
    insta::assert_snapshot!(errors(&text("[steps]\nallowed = [\"set-forwarding\"]\n[approvals]\npeople = 2\napprovers = [\"Jo\"]\n[protected]\nbreak-glass = [\"bg@contoso.example\"]\n[pilot]\npersons = [\"BG@contoso.example\"]\n[notify]\nrecipients = [\"hr@contoso.example\"]\n[offboard]\nDisableSignIn = true")), @r#"
    8:10 [2] approvals.people: 2 people have to approve, and only 1 may (list more approvers, or ask for fewer people)
    13:12 ["BG@contoso.example"] pilot.persons.BG@contoso.example: BG@contoso.example is a test person here and never to be touched under [protected] (remove it from one of the lists)
    15:14 [["hr@contoso.example"]] notify.recipients: notices have recipients and no sender (add `sender = "…"` to [notify]: the mailbox that notices are sent from)
    17:1 [DisableSignIn] offboard.block-sign-in: block-sign-in is on here and not allowed by [steps] (switch it off, or add it to `allowed`)
    "#);
    insta::assert_snapshot!(errors(&text("[approvals]\napprovers = [\"Jo\"]\n[protected]\nvip = [\"ceo@contoso.example\"]\n[pilot]\non = true")), @r#"
    8:7 [["ceo@contoso.example"]] protected.vip: people on this list need two approvers, and only one may approve (list a second approver in [approvals])
    10:6 [true] pilot.on: the pilot is on and has no test persons, so nobody can be planned (list them in `persons`, or set `on = false`)
    "#);
}

#[test]
fn other_tools_names_become_the_steps_own() {
    let policy = policy(
        "[steps]\nallowed = [\"disablesignin\", \"forward\"]\n[offboard]\ndisableSignIn = false\nforward = \"b@contoso.example\"\nKEEPCOPY = false",
    );
    assert_eq!(
        policy.steps.allowed,
        Some(vec![
            "block-sign-in".to_owned(),
            "set-forwarding".to_owned()
        ])
    );
    assert_eq!(
        serde_json::to_value(&policy.offboard).unwrap(),
        json!({"block-sign-in": false, "set-forwarding": {"on": true, "to": "b@contoso.example", "keep-copy": false}})
    );
    // A setting alone does not switch a step on that is off by default.
    let policy = super::tests::policy("[offboard]\nKeepCopy = false");
    assert!(!policy.offboard["set-forwarding"].on());
}

#[test]
fn the_template_is_a_policy_that_changes_nothing() {
    let catalogue = catalogue();
    let template = template(&catalogue);
    let policy = parse(&template, &catalogue).expect("the template is valid");
    let defaults = resolve(
        &super::tests::policy(""),
        Kind::Offboard,
        &BTreeMap::new(),
        &catalogue,
    )
    .unwrap();
    let written = resolve(&policy, Kind::Offboard, &BTreeMap::new(), &catalogue).unwrap();
    assert_eq!(
        defaults
            .iter()
            .map(|(name, one)| (name, one.on, &one.settings))
            .collect::<Vec<_>>(),
        written
            .iter()
            .map(|(name, one)| (name, one.on, &one.settings))
            .collect::<Vec<_>>(),
    );
    assert!(template.starts_with("#:schema "));
    for entry in &catalogue.entries {
        assert!(template.contains(entry.purpose), "{}", entry.name);
    }
    insta::assert_snapshot!(&template[template.find("\n[offboard]").unwrap()..], @r#"
    [offboard]

    # Stops every new sign-in.
    # Also known as: DisableSignIn.
    block-sign-in = true

    # Sends the person's mail to somebody else.
    # Also known as: forward, KeepCopy.
    set-forwarding.on = false
    # Whether the mail stays in the mailbox as well.
    set-forwarding.keep-copy = true
    # Who gets it.
    # set-forwarding.to = "…"

    # What is done when a person joins: true, false, or settings. The order is Tenure's, whatever the order here.
    [onboard]

    # Creates the account.
    create-account = true
    "#);
}

#[test]
fn the_schema_knows_every_step() {
    let schema = schema(&catalogue());
    let offboard = &schema["properties"]["offboard"]["properties"];
    assert_eq!(
        offboard["set-forwarding"]["$ref"],
        "#/$defs/steps/set-forwarding"
    );
    assert!(offboard["KeepCopy"].is_object() && offboard["create-account"].is_null());
    let step = &schema["$defs"]["steps"]["set-forwarding"]["anyOf"][1];
    assert_eq!(step["properties"]["keep-copy"]["type"], "boolean");
    assert_eq!(step["properties"]["on"]["type"], "boolean");
    assert_eq!(
        schema["$defs"]["StepRules"]["properties"]["allowed"]["items"]["enum"][0],
        "block-sign-in"
    );
}

#[test]
fn changes_are_told_in_lines() {
    let old = policy(
        "[protected]\nvip = [\"a@x.example\", \"b@x.example\"]\n[offboard]\nblock-sign-in = true",
    );
    let new = policy(
        "[protected]\nvip = [\"b@x.example\", \"c@x.example\"]\n[approvals]\npeople = 2\n[offboard]\nblock-sign-in = { on = true }\nset-forwarding = { keep-copy = false }",
    );
    insta::assert_snapshot!(diff(&old, &new).join("\n"), @r"
    ~ approvals.people: 1 -> 2
    + offboard.set-forwarding.keep-copy: off
    + offboard.set-forwarding.on: on
    - protected.vip: “a@x.example”
    + protected.vip: “c@x.example”
    ");
    assert_eq!(diff(&old, &old), Vec::<String>::new());
}

fn resolved(policy: &Policy, switches: Value) -> String {
    let switches: BTreeMap<String, Value> =
        switches.as_object().unwrap().clone().into_iter().collect();
    match resolve(policy, Kind::Offboard, &switches, &catalogue()) {
        Ok(steps) => steps
            .iter()
            .map(|(name, one)| format!("{name} {} {} {:?}\n", one.on, one.settings, one.from))
            .collect(),
        Err(refusals) => refusals
            .iter()
            .map(|one| format!("{}: {} ({})\n", one.code, one.text, one.hint))
            .collect(),
    }
}

#[test]
fn request_beats_policy_beats_default() {
    let policy =
        policy("[offboard]\nset-forwarding = { on = false, to = \"desk@contoso.example\" }");
    insta::assert_snapshot!(resolved(&policy, json!({})), @r#"
    block-sign-in true {} Default
    set-forwarding false {"keep-copy":true,"to":"desk@contoso.example"} Policy
    "#);
    insta::assert_snapshot!(resolved(&policy, json!({"KeepCopy": false, "disablesignin": false})), @r#"
    block-sign-in false {} Request
    set-forwarding false {"keep-copy":false,"to":"desk@contoso.example"} Request
    "#);
    insta::assert_snapshot!(resolved(&policy, json!({"set-forwarding": "on", "set-forwarding.to": "me@contoso.example"})), @r#"
    block-sign-in true {} Default
    set-forwarding true {"keep-copy":true,"to":"me@contoso.example"} Request
    "#);
    insta::assert_snapshot!(resolved(&policy, json!({"set-forwarding": {"keep-copy": false}})), @r#"
    block-sign-in true {} Default
    set-forwarding true {"keep-copy":false,"to":"desk@contoso.example"} Request
    "#);
}

#[test]
fn switches_that_cannot_be_are_refused_by_name_and_value() {
    let policy = policy("[steps]\nallowed = [\"block-sign-in\"]");
    insta::assert_snapshot!(resolved(&policy, json!({
        "blocksignin": true, "set-forwarding": true, "create-account": true, "block-sign-in": 7, "wipe": "now",
    })), @r#"
    switch-value: switch `block-sign-in` cannot be 7: it takes true, false or a table of settings (correct the value, or leave the switch out)
    unknown-switch: there is no switch `blocksignin` (given as true) (did you mean `block-sign-in`?)
    unknown-switch: switch `create-account` (true) does not belong to this kind of request: offboard (leave it out)
    unknown-switch: there is no switch `wipe` (given as "now") (`tenure policy init` prints a policy with every step)
    not-allowed: switch `set-forwarding` = true would switch on set-forwarding, which is not on this tenant's list of allowed steps (leave it out, or add the step to [steps] allowed)
    "#);
    insta::assert_snapshot!(resolved(&super::tests::policy(""), json!({
        "forward": "a@x.example", "set-forwarding.to": "b@x.example", "set-forwarding.keep-copy": "x",
    })), @r#"
    switch-value: switches `forward` and `set-forwarding.to` set `to` of set-forwarding to different values (leave one of them out)
    switch-value: switch `forward` = "a@x.example" and `set-forwarding.keep-copy` = "x" and `set-forwarding.to` = "b@x.example" is wrong for set-forwarding: keep-copy: expected true or false (correct the value, or leave the switch out)
    "#);
    // What is not allowed may still be switched off.
    insta::assert_snapshot!(resolved(&policy, json!({"set-forwarding": false})), @r#"
    block-sign-in true {} Default
    set-forwarding false {"keep-copy":true,"to":null} Request
    "#);
}

#[test]
fn prices_are_read_and_said_and_a_wrong_one_is_named() {
    let known = policy("[prices]\ncurrency = \"EUR\"\n[prices.month]\nSPE_E3 = \"39.00\"");
    assert_eq!(
        known.prices.say("SPE_E3", 1).as_deref(),
        Some("EUR\u{202f}39.00")
    );
    assert_eq!(policy("").prices.say("SPE_E3", 1), None);
    let wrong = |text: &str| parse(&super::tests::text(text), &catalogue()).unwrap_err();
    let errors = wrong("[prices]\ncurrency = \"euro\"\n[prices.month]\nSPE_E3 = \"39,00\"\n");
    let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["prices.currency", "prices.month.SPE_E3"]);
    let errors = wrong("[prices.month]\nSPE_E3 = \"39.00\"\n");
    assert_eq!(errors[0].message, "prices are given, and no currency");
}
