//! Who decides, within which time, what is decided beforehand, and how many may leave at once.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{catalogue, errors, policy, text};
use crate::catalogue::{Catalogue, Entry};
use crate::policy::{Approvals, LeaverLimit, Limits, PreApproved, diff, resolve_only, schema};
use crate::request::Kind;

#[test]
fn what_is_not_said_changes_nothing() {
    let silent = policy("");
    assert_eq!(silent.approvals, Approvals::default());
    assert_eq!(silent.limits, Limits::default());
    assert!(silent.approvals.pre_approved_containment.is_empty());
}

#[test]
fn what_is_said_is_read() {
    let policy = policy(
        "[approvals]\nescalate-after-hours = 8\nescalate-to = [\"head@contoso.example\"]\nexpires-after-hours = 48\npre-approved-containment = [\"hr\", \"operators\"]\nreviewers = [\"ciso@contoso.example\"]\n[limits]\nleavers = { count = 5, within-hours = 24 }",
    );
    let approvals = &policy.approvals;
    assert_eq!(approvals.escalate_after_hours, Some(8));
    assert_eq!(approvals.escalate_to, ["head@contoso.example"]);
    assert_eq!(approvals.expires_after_hours, Some(48));
    assert_eq!(
        approvals.pre_approved_containment,
        [PreApproved::Operators, PreApproved::Hr]
    );
    assert_eq!(approvals.reviewers, ["ciso@contoso.example"]);
    let limit = LeaverLimit {
        count: 5,
        within_hours: 24,
    };
    assert_eq!(policy.limits.leavers, Some(limit));
    insta::assert_snapshot!(diff(&super::policy(""), &policy).join("\n"), @r#"
        + approvals.escalate-after-hours: 8
        + approvals.escalate-to: “head@contoso.example”
        + approvals.expires-after-hours: 48
        + approvals.pre-approved-containment: “operators”
        + approvals.pre-approved-containment: “hr”
        + approvals.reviewers: “ciso@contoso.example”
        + limits.leavers.count: 5
        + limits.leavers.within-hours: 24
        "#);
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    insta::assert_snapshot!(errors(&text("[approvals]\nescalate-after-hours = 0\nescalate-to = [\"head\"]\nexpires-after-hours = \"soon\"\npre-approved-containment = [\"ticket\", \"operator\", \"everybody\"]\n[limits]\nleavers = { count = 0 }\nmovers = 3")), @r#"
        6:24 [0] approvals.escalate-after-hours: `escalate-after-hours` must be a whole number from 1, not the number 0
        7:15 [["head"]] approvals.escalate-to: these are to be asked as well, and it is not said when (add `escalate-after-hours = 8`, or leave the list out)
        7:16 ["head"] approvals.escalate-to.head: “head” is no address: it has no @ (write it like `jo.doe@contoso.example`)
        8:23 ["soon"] approvals.expires-after-hours: `expires-after-hours` must be a whole number from 1, not a text
        9:29 ["ticket"] approvals.pre-approved-containment.ticket: containment cannot be approved beforehand for “ticket” (text proves nothing of who wrote it, so it never closes access by itself; leave it out)
        9:39 ["operator"] approvals.pre-approved-containment.operator: containment cannot be approved beforehand for “operator” (did you mean `operators`?)
        9:51 ["everybody"] approvals.pre-approved-containment.everybody: containment cannot be approved beforehand for “everybody” (known here: operators, api, hr)
        11:1 [leavers] limits.leavers.within-hours: `limits.leavers.within-hours` is missing (for example `leavers = { count = 5, within-hours = 24 }`)
        11:21 [0] limits.leavers.count: `count` must be a whole number from 1, not the number 0
        12:1 [movers] limits.movers: nothing is called `movers` here (known here: leavers)
        "#);
    insta::assert_snapshot!(errors(&text("[approvals]\nescalate-after-hours = 8\nexpires-after-hours = 8\nreviewers = [\"ciso@contoso.example\"]")), @r#"
        6:24 [8] approvals.escalate-after-hours: others are to be asked after this time, and nobody is named (add `escalate-to = ["…"]`, or leave the time out)
        8:13 [["ciso@contoso.example"]] approvals.reviewers: reviewers are named, and nothing is approved beforehand that they could look at (add `pre-approved-containment`, or leave the list out)
        "#);
    insta::assert_snapshot!(errors(&text("[approvals]\napprovers = [\"Jo\"]\nescalate-after-hours = 8\nescalate-to = [\"head@contoso.example\"]\nexpires-after-hours = 8\n[limits]\nleavers = { count = 5, within-hours = 24 }")), @r#"
        9:23 [8] approvals.expires-after-hours: nobody can decide any more by the time others are asked (let it be longer than `escalate-after-hours`)
        11:1 [leavers] limits.leavers: leavers beyond this need two approvers, and only one may approve (list a second approver in [approvals])
        "#);
    insta::assert_snapshot!(errors(&text("[approvals]\nescalate-to = [\"head@contoso.example\"]")), @r#"6:15 [["head@contoso.example"]] approvals.escalate-to: these are to be asked as well, and it is not said when (add `escalate-after-hours = 8`, or leave the list out)"#);
}

#[test]
fn the_schema_knows_from_whom_containment_may_come() {
    let schema = schema(&catalogue());
    let words = &schema["$defs"]["PreApproved"];
    let all: Vec<&Value> = words["oneOf"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| &one["const"])
        .collect();
    assert_eq!(all, ["operators", "api", "hr"], "{words}");
    assert!(schema["properties"]["limits"].is_object());
}

/// The catalogue, with a step that only goes with others.
fn with_companion() -> Catalogue {
    let mut catalogue = catalogue();
    let companion = Entry {
        name: "wait-for-it",
        aliases: &[],
        not_alone: Some("it waits for what another step does"),
        ..catalogue.entries[0].clone()
    };
    catalogue.entries.push(companion);
    catalogue
}

fn only(more: &str, steps: &[&str], switches: Value) -> String {
    let switches: BTreeMap<String, Value> =
        switches.as_object().unwrap().clone().into_iter().collect();
    let steps: Vec<String> = steps.iter().map(|&step| step.to_owned()).collect();
    match resolve_only(
        &policy(more),
        Kind::Offboard,
        &steps,
        &switches,
        &with_companion(),
    ) {
        Ok(all) => all
            .iter()
            .map(|(name, one)| format!("{name} {} {}\n", one.on, one.settings))
            .collect(),
        Err(refusals) => refusals
            .iter()
            .map(|one| format!("{}: {} ({})\n", one.code, one.text, one.hint))
            .collect(),
    }
}

#[test]
fn an_action_switches_its_steps_on_and_all_others_off() {
    insta::assert_snapshot!(only("[offboard]\nset-forwarding = { on = false, to = \"desk@contoso.example\" }", &["set-forwarding"], json!({"KeepCopy": false})), @r#"
        block-sign-in false {}
        set-forwarding true {"keep-copy":false,"to":"desk@contoso.example"}
        wait-for-it false {}
        "#);
    insta::assert_snapshot!(only("", &["block-sign-in"], json!({})), @r#"
        block-sign-in true {}
        set-forwarding false {"keep-copy":true,"to":null}
        wait-for-it false {}
        "#);
}

#[test]
fn an_action_that_makes_no_sense_is_refused_with_its_reason() {
    insta::assert_snapshot!(only("", &["blok-sign-in", "create-account", "wait-for-it"], json!({"forward": "a@x.example"})), @r#"
        unknown-step: there is no step “blok-sign-in” (did you mean `block-sign-in`?)
        not-alone: create-account belongs to another playbook (onboard) and is no action on somebody who is there (plan the whole playbook)
        switch-value: switch `forward` is about set-forwarding, which is no part of this action (leave it out, or plan the whole playbook)
        "#);
    insta::assert_snapshot!(only("[steps]\nallowed = [\"set-forwarding\"]", &["block-sign-in"], json!({})), @"not-allowed: block-sign-in is not on this tenant's list of allowed steps (add it to [steps] allowed, if it shall be)");
    insta::assert_snapshot!(only("", &["wait-for-it"], json!({})), @"not-alone: wait-for-it makes no sense by itself: it waits for what another step does (plan the whole playbook, or another step)");
    insta::assert_snapshot!(only("", &[], json!({})), @"no-step: the action names no step (name one, like block-sign-in)");
}
