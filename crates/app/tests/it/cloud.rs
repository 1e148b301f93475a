//! A cloud that refuses, lacks a permission, or is not there.

use serde_json::{Value, json};

use crate::house::{AMIRA, House, LEAD, Plot, Policy, together, wait_for};

const PLAN: [&str; 5] = ["plan", "offboard", AMIRA, "--tenant", "contoso"];

/// Takes permissions from Tenure's application.
fn without(names: &'static [&'static str]) -> impl FnOnce(&mut Value) {
    |contoso| {
        for app in contoso["apps"].as_object_mut().unwrap().values_mut() {
            let roles = app["graph_roles"].as_array_mut().unwrap();
            roles.retain(|role| !names.contains(&role.as_str().unwrap()));
        }
    }
}

#[test]
fn what_the_cloud_refuses_in_the_middle_of_a_run_is_met() {
    // Each of them waits most of the time, so they wait together.
    together(&[
        a_step_without_its_permission_is_a_finding_and_the_others_are_carried_out,
        a_cloud_that_goes_down_in_the_middle_of_a_run_only_delays_it,
        one_service_that_stays_down_is_a_finding_and_the_rest_is_carried_out,
    ]);
}

#[test]
fn a_wrong_client_secret_is_named_and_can_be_put_right() {
    let house = Plot::new().bare().build();
    house.write("wrong.txt", "not~the~secret");
    house.add_tenant("wrong.txt").done();
    house.apply(&Policy::closing());
    for words in [&["tenant", "check", "contoso"][..], &PLAN] {
        let said = house.refuses(
            words,
            &[
                "contoso",
                "client secret is wrong",
                "AADSTS7000215",
                "tenure tenant renew contoso",
            ],
        );
        assert!(!said.err.contains("not~the~secret"), "{}", said.err);
    }
    let doctor = house.tenure(&["doctor"]).ended(1);
    assert!(
        doctor.out.contains("client secret is wrong"),
        "{}",
        doctor.out
    );

    let renew = ["tenant", "renew", "contoso", "--secret-file"];
    house.refuses(&[&renew[..], &["absent.txt"]].concat(), &["absent.txt"]);
    house.tenure(&[&renew[..], &["secret.txt"]].concat()).done();
    house.tenure(&["tenant", "check", "contoso"]).done();
    house.tenure(&PLAN).done();
}

#[test]
fn a_new_credential_that_the_tenant_does_not_take_leaves_the_old_one_in_place() {
    let house = Plot::new().bare().build();
    house.add_tenant("secret.txt").done();
    house.write("wrong.txt", "not~the~secret");
    let renew = ["tenant", "renew", "contoso", "--secret-file"];
    let nobody = "00000000-0000-4000-8000-00000000beef";
    for (rest, why) in [
        (&["wrong.txt"][..], "client secret is wrong"),
        (&["secret.txt", "--client-id", nobody][..], "AADSTS"),
    ] {
        let words = [&renew[..], rest].concat();
        let said = house.refuses(&words, &["contoso", "tried and not kept", "stays", why]);
        assert!(!said.err.contains("not~the~secret"), "{}", said.err);
        // The application that is in place still opens the tenant.
        house.tenure(&["tenant", "check", "contoso"]).done();
    }
}

#[test]
fn an_application_or_directory_that_does_not_exist_is_named() {
    let house = Plot::new().bare().build();
    let add = |name: &str, directory: &str, client: &str| {
        let words = [
            "tenant",
            "add",
            name,
            "--cloud",
            "sandbox",
            "--secret-file",
            "secret.txt",
        ];
        let ids = ["--tenant-id", directory, "--client-id", client];
        house.tenure(&[&words[..], &ids].concat()).done();
    };
    let nobody = "00000000-0000-4000-8000-00000000beef";
    add("ghost", nobody, sim::worlds::CLIENT_ID);
    add("stranger", sim::worlds::CONTOSO, nobody);
    for name in ["ghost", "stranger"] {
        house.refuses(&["tenant", "check", name], &[name, "AADSTS"]);
    }
}

#[test]
fn a_missing_permission_is_named_by_the_check() {
    let house = Plot::new()
        .furnish(without(&[
            "User.RevokeSessions.All",
            "User.ReadWrite.All",
            "User-PasswordProfile.ReadWrite.All",
        ]))
        .build();
    let wanted = [
        "User.RevokeSessions.All",
        "User-PasswordProfile.ReadWrite.All",
    ];
    let before = house.standing();
    let said = house
        .tenure(&["tenant", "check", "contoso"])
        .ended(2)
        .says(&wanted);
    assert!(said.out.contains("misses 2 of"), "{}", said.out);
    let data = house
        .tenure(&["tenant", "check", "contoso", "--json"])
        .ended(2);
    assert_eq!(data.json()["missing"].as_array().unwrap().len(), 2);
    house.standing().is_still(&before);
}

fn a_step_without_its_permission_is_a_finding_and_the_others_are_carried_out() {
    let house = Plot::new()
        .furnish(without(&["User.RevokeSessions.All", "User.ReadWrite.All"]))
        .build();
    let id = house.approved(AMIRA, &[]);
    let said = house.tenure(&["run", &id]).ended(3);
    assert!(said.out.contains("needs review"), "{}", said.out);
    assert!(said.out.contains("User.RevokeSessions.All"), "{}", said.out);
    let user = house.user("amira.haddad");
    assert_eq!(user["account_enabled"], false, "the block was carried out");

    // The administrator consents; the same run is tried again, and does only what is left.
    let run = house.newest_run().unwrap();
    let changes = house.standing().changes();
    let app = format!("apps/{}", sim::worlds::CLIENT_ID);
    let mut roles = house.ask("world")["tenants"][sim::worlds::CONTOSO]["apps"]
        [sim::worlds::CLIENT_ID]["graph_roles"]
        .clone();
    roles
        .as_array_mut()
        .unwrap()
        .push(json!("User.RevokeSessions.All"));
    house.human(&json!({ "do": "set", "object": app, "field": "graph_roles", "value": roles }));
    house.tenure(&["runs", "retry", &run, "--as", LEAD]).done();
    let again: Vec<Value> = house.ask("log").as_array().unwrap()[changes..].to_vec();
    let written = |what: &str| {
        again
            .iter()
            .filter(|change| change.to_string().contains(what))
            .count()
    };
    assert_eq!(written("account_enabled"), 0, "{again:?}");
    assert!(
        written("sign_in_sessions_valid_from_date_time") > 0,
        "{again:?}"
    );
}

#[test]
fn a_permission_that_planning_needs_is_named() {
    let house = Plot::new()
        .furnish(without(&[
            "User.Read.All",
            "User.ReadWrite.All",
            "Directory.Read.All",
        ]))
        .build();
    house.refuses(
        &PLAN,
        &["contoso", "privileges", "tenure tenant check contoso"],
    );
}

#[test]
fn a_cloud_that_is_down_before_planning_is_said_to_be_down() {
    let mut house = House::new();
    let wanted = ["contoso", "nothing was changed", "try again"];
    for effect in [
        json!({ "do": "down" }),
        json!({ "do": "fail-before", "status": 503 }),
    ] {
        house.rules(&json!([{ "effect": effect }]));
        let before = house.standing();
        house.tenure(&PLAN).failed(&wanted);
        house.standing().is_still(&before);
    }
    house.stop_sandbox();
    house
        .tenure(&PLAN)
        .failed(&wanted)
        .says(&["could not reach"]);
    house
        .tenure(&["tenant", "check", "contoso"])
        .failed(&wanted);
    house.tenure(&["doctor"]).ended(1);
    house.start_sandbox();
    assert_eq!(house.json(&["plan", "list"]), json!([]));
    house.tenure(&PLAN).done();
}

fn a_cloud_that_goes_down_in_the_middle_of_a_run_only_delays_it() {
    let mut house = House::new();
    let id = house.approved(AMIRA, &[]);
    let run = house.start(&["run", &id]);
    wait_for("the first write is done", || {
        (house.standing().changes() > 0).then_some(())
    });
    house.stop_sandbox();
    wait_for("the run notices", || {
        let run = house.run(&house.newest_run()?);
        run["state"]
            .to_string()
            .contains("ould not reach")
            .then_some(())
    });
    house.start_sandbox();
    let said = run.end().done();
    assert!(said.out.contains("completed"), "{}", said.out);
    assert_eq!(house.user("amira.haddad")["account_enabled"], false);
}

fn one_service_that_stays_down_is_a_finding_and_the_rest_is_carried_out() {
    let house = House::new();
    let id = house.approved(AMIRA, &[]);
    house.rules(&json!([{ "effect": { "do": "fail-before", "status": 403 }, "path": "revokeSignInSessions" }]));
    house.tenure(&["run", &id]).ended(3);
    assert_eq!(house.user("amira.haddad")["account_enabled"], false);
    house.rules(&json!([]));
    let run = house.newest_run().unwrap();
    house.tenure(&["runs", "retry", &run, "--as", LEAD]).done();
}
