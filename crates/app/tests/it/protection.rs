//! Who is never touched, and who only with a second approver: at planning, and again before the first write.

use jiff::ToSpan as _;
use serde_json::{Value, json};

use crate::house::{AMIRA, House, LEAD, NORA, Plot, Policy, SECOND, TOMAS, now, object, wait_for};

const PLAN: [&str; 2] = ["plan", "offboard"];
const HERE: [&str; 2] = ["--tenant", "contoso"];

#[test]
fn protected_accounts_are_refused_by_kind() {
    let policy = Policy::closing().with(
        "protected",
        "break-glass = [\"Emergency.Access@contoso.onmicrosoft.example\"]\nbreak-glass-confirmed = true\nservice-accounts = [\"tomas.novak@contoso.example\"]",
    );
    let house = Plot::new().policy(policy).build();
    let guest = "dana.cole_partner.example#EXT#@contoso.onmicrosoft.example";
    let cases: [(&str, &[&str]); 6] = [
        (
            "emergency.access@contoso.onmicrosoft.example",
            &["emergency account", "never touched"],
        ),
        (TOMAS, &["service account", "never touched"]),
        (
            "sales@contoso.example",
            &["shared mailbox", "never touched"],
        ),
        ("room.fjord@contoso.example", &["room", "never touched"]),
        (guest, &["guest"]),
        ("Tomas Novak", &["service account"]),
    ];
    for (user, wanted) in cases {
        house.refuses(&[&PLAN[..], &[user], &HERE].concat(), wanted);
    }
    // Nothing that a request can say changes that.
    let anyway = [
        "--set",
        "block-sign-in=true",
        "--requester",
        "ceo@contoso.example",
    ];
    let words = [&PLAN[..], &[TOMAS], &HERE, &anyway].concat();
    house.refuses(&words, &["service account"]);
}

#[test]
fn two_global_administrators_always_stay() {
    let jonas = object("user jonas.weber");
    let house = Plot::new()
        .furnish(move |contoso| {
            let roles = contoso["role_assignments"].as_object_mut().unwrap();
            roles.retain(|_, role| role["principal_id"] != Value::String(jonas.clone()));
        })
        .build();
    let words = [&PLAN[..], &["priya.raman@contoso.example"], &HERE].concat();
    house.refuses(
        &words,
        &["1 Global Administrator(s) left", "at least two must stay"],
    );
}

#[test]
fn a_pilot_and_an_allow_list_limit_who_and_what() {
    let house = Plot::new()
        .policy(Policy::closing().with(
            "pilot",
            "on = true\npersons = [\"amira.haddad@contoso.example\"]",
        ))
        .build();
    house.refuses(&[&PLAN[..], &[TOMAS], &HERE].concat(), &["pilot", TOMAS]);
    house.plan(AMIRA, &[]);

    let allowed = "allowed = [\"block-sign-in\", \"reset-password\", \"revoke-sessions\"]";
    house.apply(&Policy::closing().with("steps", allowed));
    let words = [
        &PLAN[..],
        &[AMIRA],
        &HERE,
        &["--set", "remove-auth-methods=true"],
    ]
    .concat();
    house.refuses(&words, &["remove-auth-methods", "allowed steps"]);
}

#[test]
fn no_run_starts_before_the_emergency_accounts_are_confirmed() {
    let house = Plot::new()
        .policy(Policy::closing().with("protected", "break-glass = []"))
        .build();
    let plan = house.plan(AMIRA, &[]);
    let remarks = plan["plan"]["remarks"].to_string();
    assert!(remarks.contains("break-glass-confirmed"), "{remarks}");
    let id = plan["id"].as_str().unwrap();
    house.approve(id, LEAD).done();
    house.refuses(
        &["run", id],
        &[
            "emergency accounts of contoso",
            "break-glass-confirmed = true",
        ],
    );
    house.apply(&Policy::closing());
    house.tenure(&["run", id]).done();
}

#[test]
fn who_became_protected_after_the_approval_is_not_touched() {
    let house = House::new();
    let id = house.approved(AMIRA, &[]);
    let closing = Policy::closing;
    let narrow = Policy::of(&["block-sign-in"]).with("steps", "allowed = [\"block-sign-in\"]");
    let cases = [
        (
            closing().with("protected", "break-glass = [\"Amira.Haddad@contoso.example\"]\nbreak-glass-confirmed = true"),
            "emergency account",
        ),
        (
            closing().with("protected", "break-glass-confirmed = true\nservice-accounts = [\"amira.haddad@contoso.example\"]"),
            "service account",
        ),
        (
            closing().with("pilot", "on = true\npersons = [\"tomas.novak@contoso.example\"]"),
            "pilot",
        ),
        (narrow, "reset-password"),
    ];
    for (policy, why) in cases {
        house.apply(&policy);
        house.refuses(&["run", &id], &[AMIRA, why]);
    }
}

#[test]
fn holders_of_privileged_roles_and_vips_need_two_people() {
    let vip = "break-glass-confirmed = true\nvip = [\"Amira.Haddad@contoso.example\"]";
    let house = Plot::new()
        .policy(Policy::closing().with("protected", vip))
        .build();
    for (user, because) in [
        (AMIRA, "VIP"),
        ("liam.byrne@contoso.example", "User Administrator"),
    ] {
        let plan = house.plan(user, &[]);
        let need = &plan["plan"]["approval"];
        assert_eq!(need["people"], json!(2), "{need}");
        assert!(
            need["because"].as_str().unwrap().contains(because),
            "{need}"
        );
        let id = plan["id"].as_str().unwrap();
        house.approve(id, LEAD).done();
        house.refuses(&["run", id], &["1 of the 2 approvals", "tenure approve"]);
        // The same person in other letters is the same person.
        for again in [LEAD, "Lead@Provider.Example", "  lead@provider.example "] {
            house.refuses(&["approve", id, "--as", again], &["already approved"]);
        }
        house.approve(id, SECOND).done();
    }
}

#[test]
fn the_person_cannot_ask_for_or_decide_on_his_own_plan() {
    let house = Plot::new()
        .policy(Policy::closing().with("approvals", "people = 1"))
        .build();
    let asks = [&PLAN[..], &[NORA], &HERE, &["--requester", NORA]].concat();
    house.refuses(&asks, &["his own offboarding"]);
    let plan = house.plan(AMIRA, &[]);
    let id = plan["id"].as_str().unwrap();
    for by in [
        AMIRA,
        "Amira.Haddad@Contoso.example",
        " amira.haddad@contoso.example ",
    ] {
        house.refuses(
            &["approve", id, "--as", by],
            &["is the person this plan is about"],
        );
    }
}

#[test]
fn who_became_protected_while_the_run_waited_is_not_touched() {
    let house = House::new();
    let due = now() + 3.seconds();
    let id = house.approved(AMIRA, &["--at", &due.to_string()]);
    let waiting = house.start(&["run", &id, "--wait"]);
    wait_for("the run exists", || house.newest_run());
    house.apply(&Policy::closing().with(
        "protected",
        "break-glass-confirmed = true\nbreak-glass = [\"amira.haddad@contoso.example\"]",
    ));
    assert!(now() < due, "applied in time");
    let said = waiting.end().ended(3);
    assert!(said.out.contains("emergency account"), "{}", said.out);
    assert_eq!(house.standing().changes(), 0);
}

#[test]
fn who_became_one_of_the_last_administrators_is_not_touched() {
    let house = House::new();
    let priya = "priya.raman@contoso.example";
    let id = house.approved(priya, &[]);
    house.approve(&id, SECOND).done();
    let world = house.ask("world");
    let roles = world["tenants"][sim::worlds::CONTOSO]["role_assignments"].as_object();
    let jonas = Value::String(object("user jonas.weber"));
    let (role, _) = roles
        .unwrap()
        .iter()
        .find(|(_, role)| role["principal_id"] == jonas)
        .unwrap();
    let nobody = object("user amira.haddad");
    let helpdesk = "729827e3-9c14-49f7-bb1b-9608f156bbb8";
    let role = format!("role_assignments/{role}");
    house.human(&json!({ "do": "set", "object": role, "field": "principal_id", "value": nobody }));
    house.human(
        &json!({ "do": "set", "object": role, "field": "role_definition_id", "value": helpdesk }),
    );
    // A replica that lags still shows two administrators; within three seconds all know better.
    let known = now() + 4.seconds();
    wait_for("every replica knows", || (now() >= known).then_some(()));
    let shown = now() + 1.second();
    wait_for("every replica shows it", || (now() > shown).then_some(()));
    let before = house.standing().changes();
    let said = house.tenure(&["run", &id]).ended(3);
    assert!(said.out.contains("at least two must stay"), "{}", said.out);
    assert_eq!(house.user("priya.raman")["account_enabled"], true);
    let log = house.ask("log");
    let since = &log.as_array().unwrap()[before..];
    assert!(since.is_empty(), "{since:?}");
}
