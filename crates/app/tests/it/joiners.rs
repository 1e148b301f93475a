//! People who come: what is wrong is said before anything is made, and what was asked for is there afterwards.

use serde_json::{Value, json};

use crate::house::{AMIRA, House, LEAD, NORA, Plot, Policy};

fn plan(file: &str) -> [&str; 6] {
    ["plan", "onboard", "--tenant", "contoso", "--file", file]
}

const ZOE: &str =
    "given-name = \"Zoë\"\nfamily-name = \"Ångström\"\nstart = \"now\"\nrole = \"sales\"\n";

/// The person with one line more or another.
fn with(lines: &str) -> String {
    format!("given-name = \"Zoë\"\nfamily-name = \"Ångström\"\n{lines}\n")
}

fn joins() -> House {
    Plot::new().policy(Policy::joining()).build()
}

fn approve(house: &House, plan: &Value) -> String {
    let id = plan["id"].as_str().unwrap().to_owned();
    house.tenure(&["approve", &id, "--as", LEAD]).done();
    id
}

#[test]
fn a_joiner_is_there_afterwards_as_the_plan_said() {
    let house = joins();
    house.write("zoe.toml", ZOE);
    let made = house.json(&plan("zoe.toml"));
    assert_eq!(made["plan"]["upn"], "zoe.angstrom@contoso.example");
    let id = approve(&house, &made);
    house.tenure(&["run", &id]).done();
    let person = house.json(&[
        "plan",
        "offboard",
        "zoe.angstrom@contoso.example",
        "--tenant",
        "contoso",
        "--set",
        "remove-licenses=true",
        "--set",
        "convert-mailbox=true",
        "--set",
        "remove-from-groups=true",
        "--set",
        "block-sign-in=true",
    ]);
    let steps = person["plan"]["steps"].to_string();
    for had in ["SPE_E3", "Sales Team"] {
        assert!(steps.contains(had), "{had} is missing in {steps}");
    }
    // Carried out, it is carried out: the same plan makes nobody twice.
    house.refuses(&["run", &id], &["completed"]);
}

#[test]
fn what_is_wrong_with_a_joiner_is_said_and_nothing_is_made() {
    let house = Plot::new()
        .policy(
            Policy::joining()
                .with("roles.gone", "groups = [\"No Such Group\"]")
                .with("roles.seatless", "licences = [\"VISIOCLIENT\"]")
                .with(
                    "roles.both",
                    "licences = [\"SPE_E3\", \"O365_BUSINESS_PREMIUM\"]",
                ),
        )
        .build();
    let standing = house.standing();
    for (lines, said) in [
        (
            "address = \"zoe@elsewhere.example\"",
            ["elsewhere.example", "verified"],
        ),
        ("role = \"gone\"", ["No Such Group", "role"]),
        ("role = \"pilot\"", ["pilot", "sales"]),
        ("role = \"both\"", ["Business Standard", "exclude"]),
        (
            "manager = \"nobody@contoso.example\"",
            ["nobody@contoso.example", "tenant"],
        ),
        ("contractor = true", ["contract", "end"]),
        ("contract-end = \"soon\"", ["soon", "contract"]),
        ("surname = \"x\"", ["surname", "no such field"]),
    ] {
        house.write("person.toml", &with(lines));
        house.refuses(&plan("person.toml"), &said);
    }
    for (text, said) in [
        ("given-name = \"🙂\"\n", ["sign-in name", "letters"]),
        ("start = \"now\"\n", ["name", "name"]),
        ("given-name = [\n", ["person.toml", "given-name"]),
    ] {
        house.write("person.toml", text);
        house.refuses(&plan("person.toml"), &said);
    }
    assert_eq!(house.standing().changes(), standing.changes());
    assert!(house.json(&["plan", "list"]).as_array().unwrap().is_empty());
}

#[test]
fn a_start_that_has_passed_is_said_and_a_taken_name_gives_way() {
    let house = joins();
    house.write(
        "person.toml",
        "given-name = \"Amira\"\nfamily-name = \"Haddad\"\nstart = \"2020-01-01\"\n",
    );
    let made = house.json(&plan("person.toml"));
    assert_eq!(made["plan"]["upn"], "ahaddad@contoso.example");
    let remarks = made["plan"]["remarks"].to_string();
    assert!(remarks.contains("has passed"), "{remarks}");
    assert!(remarks.contains(AMIRA), "{remarks}");
}

#[test]
fn a_name_and_a_seat_are_promised_once() {
    let house = joins();
    house.write("zoe.toml", ZOE);
    let first = house.json(&plan("zoe.toml"));
    let second = house.json(&plan("zoe.toml"));
    assert_eq!(first["plan"]["upn"], second["plan"]["upn"]);
    approve(&house, &first);
    let id = second["id"].as_str().unwrap();
    house.refuses(
        &["approve", id, "--as", LEAD],
        &["zoe.angstrom@contoso.example", "reserved"],
    );
    // Planned again, the next one gets another name.
    let third = house.json(&plan("zoe.toml"));
    assert_eq!(third["plan"]["upn"], "zangstrom@contoso.example");
}

#[test]
fn a_manager_who_is_leaving_is_told_to_the_approver() {
    let house = joins();
    house
        .tenure(&[
            "plan",
            "offboard",
            NORA,
            "--tenant",
            "contoso",
            "--set",
            "block-sign-in=true",
        ])
        .done();
    house.write("zoe.toml", &format!("{ZOE}manager = \"{NORA}\"\n"));
    let made = house.json(&plan("zoe.toml"));
    let remarks = made["plan"]["remarks"].to_string();
    assert!(remarks.contains("is leaving"), "{remarks}");
}

#[test]
fn the_end_of_a_contract_becomes_a_request_for_that_day() {
    let house = joins();
    let end = "contractor = true\ncontract-end = 2031-03-31\nstart = \"now\"\n";
    house.write("zoe.toml", &with(end));
    let made = house.json(&plan("zoe.toml"));
    let id = approve(&house, &made);
    house.tenure(&["run", &id]).done();
    let requests = house.json(&["requests"]);
    let later = requests
        .as_array()
        .unwrap()
        .iter()
        .find(|request| request["kind"] == json!("offboard"))
        .expect("the contract's end is kept");
    assert_eq!(later["when"], json!({ "on": "2031-03-31" }));
    assert_eq!(later["plan"], Value::Null);
    // It is a request like any other: planned when somebody wants it.
    let words = ["plan", "request", later["id"].as_str().unwrap()];
    let planned = house.tenure(&words);
    assert!(
        planned.err.contains("nothing to do") || planned.out.contains("offboard"),
        "{planned:?}"
    );
}

#[test]
fn what_a_run_did_is_taken_back_and_what_cannot_return_is_said() {
    let house = House::new();
    let id = house.approved(AMIRA, &[]);
    house.tenure(&["run", &id]).done();
    let run = house.json(&["runs", "list"])[0]["run"]
        .as_str()
        .unwrap()
        .to_owned();
    let made = house.json(&["undo", &run]);
    let remarks = made["plan"]["remarks"].to_string();
    assert!(
        remarks.contains("Cannot return") && remarks.contains("password"),
        "{remarks}"
    );
    let steps = made["plan"]["steps"].as_array().unwrap().len();
    assert_eq!(steps, 1, "sign-in alone can return");
    let id = approve(&house, &made);
    house.tenure(&["run", &id]).done();
    // It is back, so there is nothing left to take back.
    house.refuses(&["undo", &run], &["nothing to do"]);
    house.refuses(&["undo", "r-nothing"], &["r-nothing"]);
}
