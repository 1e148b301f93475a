//! Somebody else changes the tenant between approval and run, or during the run.

use serde_json::{Value, json};

use crate::house::{AMIRA, CLOSING, House, LEAD, Plot, Policy, object, together};

#[test]
fn what_others_change_after_the_approval_is_met() {
    // Each of them waits for second reads most of the time, so they wait together.
    together(&[
        a_change_voids_the_approval_but_access_is_closed,
        policy_may_let_a_removal_grow,
        what_somebody_else_did_already_is_told,
        drift_never_stops_containment,
    ]);
}

fn leaving_groups() -> Plot {
    Plot::new().policy(Policy::closing().and("remove-from-groups"))
}

fn joins_vpn() -> Value {
    json!({ "do": "add-to-group", "group": object("group VPN Users"), "user": object("user amira.haddad") })
}

fn members(house: &House, group: &str) -> String {
    let id = object(&format!("group {group}"));
    house.ask("world")["tenants"][sim::worlds::CONTOSO]["groups"][id]["members"].to_string()
}

fn a_change_voids_the_approval_but_access_is_closed() {
    let house = leaving_groups().build();
    let id = house.approved(AMIRA, &[]);
    house.human(&joins_vpn());
    let said = house.tenure(&["run", &id]).ended(3);
    for word in [
        "changed after the plan was made",
        "VPN Users",
        "Make a new plan",
    ] {
        assert!(said.out.contains(word), "“{word}” in {}", said.out);
    }
    assert_eq!(house.user("amira.haddad")["account_enabled"], false);
    let amira = object("user amira.haddad");
    assert!(
        members(&house, "Project Aurora").contains(&amira),
        "not begun"
    );

    // The way out that the finding names.
    let again = house.json(&["plan", "again", &id]);
    let new = again["id"].as_str().unwrap();
    house.refuses(&["run", new], &["0 of the 1 approvals"]);
    house.approve(new, LEAD).done();
    house.tenure(&["run", new]).done();
    for group in ["Project Aurora", "VPN Users"] {
        assert!(!members(&house, group).contains(&amira), "{group}");
    }
}

fn policy_may_let_a_removal_grow() {
    let policy = Policy::closing()
        .and("remove-from-groups")
        .with("drift", "removals-may-grow = true");
    let house = Plot::new().policy(policy).build();
    let id = house.approved(AMIRA, &[]);
    house.human(&joins_vpn());
    house.tenure(&["run", &id]).done();
    let run = house.run(&house.newest_run().unwrap());
    assert!(
        run["state"]["steps"].to_string().contains("VPN Users"),
        "{run}"
    );
    assert!(!members(&house, "VPN Users").contains(&object("user amira.haddad")));
}

fn what_somebody_else_did_already_is_told() {
    let house = leaving_groups().build();
    let id = house.approved(AMIRA, &[]);
    let gone = json!({ "do": "remove-from-group", "group": object("group Project Aurora"), "user": object("user amira.haddad") });
    house.human(&gone);
    let said = house.tenure(&["run", &id]).ended(3);
    assert!(said.out.contains("Project Aurora"), "{}", said.out);
    assert_eq!(house.user("amira.haddad")["account_enabled"], false);
}

fn drift_never_stops_containment() {
    assert_eq!(CLOSING.len(), 3);
    let house = House::new();
    let id = house.approved(AMIRA, &[]);
    let user = format!("users/{}", object("user amira.haddad"));
    house
        .human(&json!({ "do": "set", "object": user, "field": "account_enabled", "value": false }));
    house.human(&json!({ "do": "set", "object": user, "field": "department", "value": "Legal" }));
    house.tenure(&["run", &id]).done();
    assert_eq!(house.user("amira.haddad")["account_enabled"], false);
}
