//! Approvals: of exactly one plan, by people who may, in time, and once each.

use domain::PlanId;
use domain::plan::{Approval, Digest};
use jiff::ToSpan as _;
use store::TenantScope;

use crate::house::{AMIRA, House, LEAD, Plot, Policy, SECOND, now};

/// Approves a plan so long ago.
fn approve_in_the_past(house: &House, plan: &serde_json::Value, ago: jiff::Span) {
    let approval = Approval {
        plan: PlanId::from(plan["id"].as_str().unwrap()),
        digest: Digest::from(plan["digest"].as_str().unwrap()),
        by: LEAD.to_owned(),
        at: now() - ago,
        through: None,
        apart: Vec::new(),
    };
    house.store(|store| {
        Box::pin(async move {
            let scope = TenantScope::provider();
            store.approve(&scope, &approval).await.unwrap();
        })
    });
}

#[test]
fn an_approval_is_of_exactly_one_plan_by_somebody_who_may() {
    let house = House::new();
    let plan = house.plan(AMIRA, &[]);
    let id = plan["id"].as_str().unwrap();
    let approve =
        |by: &'static str, more: &[&'static str]| [&["approve", id, "--as", by][..], more].concat();
    let cases: [(Vec<&str>, &[&str]); 8] = [
        (
            approve(LEAD, &["--digest", "0123456789abcdef"]),
            &["digest", "0123456789abcdef", "look at the plan again"],
        ),
        (approve(LEAD, &["--digest", ""]), &["digest"]),
        (approve(LEAD, &["--digest", "ab"]), &["digest"]),
        (approve("hr@contoso.example", &[]), &["asked for this plan"]),
        (
            approve(" HR@contoso.example ", &[]),
            &["asked for this plan"],
        ),
        (
            approve("stranger@provider.example", &[]),
            &["not an approver of this tenant", LEAD],
        ),
        (approve("", &[]), &["--as"]),
        (
            approve(LEAD, &["--line", "convert-mailbox"]),
            &["convert-mailbox is no line"],
        ),
    ];
    for (words, wanted) in cases {
        house.refuses(&words, wanted);
    }
    house.refuses(
        &["run", id],
        &["0 of the 1 approvals", &format!("tenure approve {id}")],
    );
    let digest = plan["digest"].as_str().unwrap();
    house
        .tenure(&["approve", id, "--as", LEAD, "--digest", &digest[..12]])
        .done();
    house.refuses(&["approve", id, "--as", LEAD], &[LEAD, "already approved"]);
}

#[test]
fn without_a_list_of_approvers_one_still_cannot_approve_what_one_asked_for() {
    let house = Plot::new()
        .policy(Policy::closing().with("approvals", "people = 1"))
        .build();
    let words = [
        "plan",
        "offboard",
        AMIRA,
        "--tenant",
        "contoso",
        "--requester",
    ];
    house.refuses(&[&words[..], &["  "]].concat(), &["--requester"]);
    let plan = house.json(&[&words[..], &[" Jo@provider.example "]].concat());
    let id = plan["id"].as_str().unwrap();
    for by in ["jo@provider.example", " JO@provider.example"] {
        house.refuses(&["approve", id, "--as", by], &["asked for this plan"]);
    }
    for by in ["", "   "] {
        house.refuses(&["approve", id, "--as", by], &["--as"]);
    }
}

#[test]
fn a_plan_that_was_made_again_takes_the_place_of_the_old_one() {
    let house = House::new();
    let old = house.approved(AMIRA, &[]);
    let new = house.json(&["plan", "again", &old]);
    let new = new["id"].as_str().unwrap();
    assert_ne!(new, old);
    house.refuses(
        &["approve", &old, "--as", SECOND],
        &[&old, "replaced by", new],
    );
    house.refuses(&["run", &old], &[&old, "replaced by", new]);
    house.refuses(&["run", new], &["0 of the 1 approvals"]);
    house.approve(new, LEAD).done();
    house.tenure(&["run", new]).done();
}

#[test]
fn an_approval_runs_out() {
    let house = House::new();
    let plan = house.plan(AMIRA, &[]);
    let id = plan["id"].as_str().unwrap();
    approve_in_the_past(&house, &plan, 73.hours());
    house.refuses(
        &["run", id],
        &["0 of the 1 approvals", "ran out", "tenure plan again"],
    );

    let held = house.plan(AMIRA, &[]);
    approve_in_the_past(&house, &held, 71.hours());
    house.tenure(&["run", held["id"].as_str().unwrap()]).done();
}

#[test]
fn an_approval_can_be_taken_back_until_the_run_starts() {
    let house = House::new();
    let id = house.approved(AMIRA, &[]);
    let back = ["approve", &id, "--as", LEAD, "--take-back"];
    house.refuses(
        &["approve", &id, "--as", SECOND, "--take-back"],
        &["no approval by", SECOND],
    );
    house.tenure(&back).done();
    house.refuses(&["run", &id], &["0 of the 1 approvals"]);
    house.approve(&id, LEAD).done();
    house.tenure(&["run", &id]).done();
    house.refuses(&back, &["has started", "cancel"]);
}

#[test]
fn an_approval_of_a_dated_plan_holds_for_its_date() {
    let house = House::new();
    let due = (now() + 7.seconds()).to_string();
    let plan = house.plan(AMIRA, &["--at", &due]);
    // Approved almost three days ago, which is how long an approval holds: the decision was about the date, so it still counts then.
    approve_in_the_past(&house, &plan, 71.hours());
    let id = plan["id"].as_str().unwrap();
    house.tenure(&["run", id, "--wait"]).done();
}
