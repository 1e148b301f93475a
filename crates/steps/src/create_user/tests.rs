//! What create-user proposes.

use domain::facts::{Facts, Named};
use domain::planner::Proposal;
use domain::policy::Policy;
use domain::request::{Cited, Request, When};
use domain::spec::{Effect, Expect, Reversal};
use jiff::Timestamp;

use super::*;
use crate::tests::{field, joiner, propose_joiner};

fn tried(upn: &str, taken: Option<&str>) -> NameTried {
    NameTried {
        upn: upn.to_owned(),
        taken: taken.map(str::to_owned),
    }
}

/// Somebody new whose name is free.
fn newcomer() -> Facts {
    let mut facts = joiner();
    facts.person.manager = None;
    facts.joiner.as_mut().unwrap().names = vec![tried("joy.comer@contoso.example", None)];
    facts
}

/// Somebody who is in the directory already.
fn known() -> Facts {
    let mut facts = newcomer();
    facts.person.id = "joy".into();
    facts.person.sign_in_allowed = true;
    facts.joiner.as_mut().unwrap().new = false;
    facts
}

fn propose(facts: &Facts, settings: &str, set: impl Fn(&mut Request, &mut Policy)) -> Proposal {
    propose_joiner(&CreateUser, facts, &[("create-user", settings)], set)
}

fn tomorrow(request: &mut Request) {
    let at = Timestamp::from_second(1_800_000_000).unwrap();
    request.when = Some(Cited::typed(When::At(at)));
}

fn value(out: &Proposal, spec: usize, property: &str) -> Option<String> {
    let mut changes = out.specs[spec].changes.iter();
    let change = changes.find(|change| change.property == property)?;
    match &change.after {
        Expect::Is(value) => Some(value.as_str().unwrap_or_default().to_owned()),
        Expect::Later => None,
    }
}

#[test]
fn a_new_account_is_shown_part_by_part_and_opened_at_the_first_moment() {
    let out = propose(&newcomer(), "{}", |request, _| {
        tomorrow(request);
        field(request, "department", "Sales");
    });
    assert_eq!(out.refusals, []);
    let [create, enable] = out.specs.as_slice() else {
        panic!("{:?}", out.specs)
    };
    assert_eq!(create.effects, [Effect::CreatesPerson]);
    assert_eq!(create.not_before, None);
    assert!(create.changes.iter().all(|change| change.now.is_null()));
    assert_eq!(
        value(&out, 0, "first password").as_deref(),
        Some("random, known to nobody")
    );
    let all_stay =
        |change: &domain::spec::Change| matches!(change.reversal, Reversal::CannotReturn(_));
    assert!(create.changes.iter().all(all_stay));
    for (property, wanted) in [
        ("account", "joy.comer@contoso.example"),
        ("display-name", "Joy Comer"),
        ("given-name", "Joy"),
        ("family-name", "Comer"),
        ("department", "Sales"),
        ("hire-date", "2027-01-15"),
        ("sign-in until the first day", "blocked"),
    ] {
        assert_eq!(
            value(&out, 0, property).as_deref(),
            Some(wanted),
            "{property}"
        );
    }
    assert_eq!(create.params["nickname"], "joy.comer");
    assert_eq!(enable.effects, [Effect::OpensSignIn]);
    assert_eq!(
        enable.not_before.map(Timestamp::as_second),
        Some(1_800_000_000)
    );
}

#[test]
fn an_account_that_is_not_made_ahead_is_made_open_at_its_moment() {
    let out = propose(&newcomer(), r#"{"ahead": false}"#, |request, _| {
        tomorrow(request)
    });
    assert_eq!(out.specs.len(), 1);
    assert_eq!(value(&out, 0, "sign-in").as_deref(), Some("allowed"));
    assert!(out.specs[0].not_before.is_some());
    let out = propose(&newcomer(), "{}", |_, _| {});
    assert_eq!(value(&out, 0, "sign-in").as_deref(), Some("allowed"));
    assert_eq!((out.specs.len(), out.specs[0].not_before), (1, None));
}

#[test]
fn a_name_is_taken_or_not_the_best_one_or_in_a_foreign_domain() {
    let mut facts = newcomer();
    let names = vec![
        tried(
            "joy.comer@contoso.example",
            Some("Joy Comer of Finance has it"),
        ),
        tried("jcomer@contoso.example", None),
    ];
    facts.joiner.as_mut().unwrap().names = names.clone();
    facts.person.upn = "jcomer@contoso.example".to_owned();
    let out = propose(&facts, "{}", |_, _| {});
    assert_eq!(out.specs.len(), 1);
    let told = |remark: &domain::plan::Remark| remark.text.contains("Joy Comer of Finance");
    assert!(out.remarks.iter().any(told), "{:?}", out.remarks);
    facts.joiner.as_mut().unwrap().names = names[..1].to_vec();
    facts.person.upn = String::new();
    let out = propose(&facts, "{}", |_, _| {});
    assert_eq!(
        (out.specs.len(), out.refusals[0].code.as_str()),
        (0, "name-taken")
    );
    assert!(out.refusals[0].text.contains("Joy Comer of Finance"));
    let mut facts = newcomer();
    facts.tenant.domains = vec!["contoso.onmicrosoft.example".to_owned()];
    let out = propose(&facts, "{}", |_, _| {});
    assert_eq!(out.refusals[0].code, "unverified-domain");
}

#[test]
fn a_manager_is_one_person_who_can_sign_in() {
    let out = propose(&newcomer(), "{}", |_, _| {});
    assert!(out.refusals.is_empty());
    assert!(
        out.remarks
            .iter()
            .any(|remark| remark.text.contains("No manager"))
    );
    let named = |active: bool, found: &[&str]| {
        let mut facts = newcomer();
        facts.named = vec![Named {
            written: "Bo Ss".to_owned(),
            found: found
                .iter()
                .map(|id| PersonLite {
                    id: (*id).into(),
                    upn: format!("{id}@contoso.example"),
                    display_name: "Bo Ss".to_owned(),
                })
                .collect(),
            active,
            guest: false,
            mail: None,
        }];
        propose(&facts, "{}", |request, _| {
            field(request, "manager", "Bo Ss")
        })
    };
    let out = named(true, &["boss"]);
    assert_eq!(
        value(&out, 0, "manager").as_deref(),
        Some("boss@contoso.example")
    );
    assert_eq!(
        out.specs[0].params["managers"]["boss@contoso.example"],
        "boss"
    );
    for (active, found, code) in [
        (true, [].as_slice(), "unknown-person"),
        (true, ["a", "b"].as_slice(), "ambiguous-person"),
        (false, ["boss"].as_slice(), "inactive-person"),
    ] {
        assert_eq!(named(active, found).refusals[0].code, code);
    }
}

#[test]
fn what_the_directory_cannot_hold_is_told_before_anything_is_written() {
    let out = propose(&newcomer(), "{}", |request, policy| {
        field(request, "employee-id", "12345678901234567");
        let role = policy.roles.get_mut("default").unwrap();
        role.profile = [("shoe-size", "42"), ("hire-date", "soon")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
    });
    let refused: Vec<&str> = out
        .refusals
        .iter()
        .map(|refusal| refusal.text.as_str())
        .collect();
    assert!(
        refused
            .iter()
            .any(|text| text.contains("employee-id has 17")),
        "{refused:?}"
    );
    assert!(
        refused
            .iter()
            .any(|text| text.contains("“soon” is no date")),
        "{refused:?}"
    );
    assert!(
        out.remarks
            .iter()
            .any(|remark| remark.text.contains("shoe-size"))
    );
}

#[test]
fn somebody_who_is_there_gets_what_is_missing_and_is_not_renamed() {
    let mut facts = known();
    facts.person.display_name = "Joy B. Comer".to_owned();
    facts.person.department = Some("Finance".to_owned());
    facts.person.attributes = [("given-name", "Joy"), ("family-name", "Comer")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let set = |request: &mut Request, _: &mut Policy| field(request, "department", "Sales");
    let out = propose(&facts, "{}", set);
    let [spec] = out.specs.as_slice() else {
        panic!("{:?}", out.specs)
    };
    let changed: Vec<&str> = spec
        .changes
        .iter()
        .map(|change| change.property.as_str())
        .collect();
    assert_eq!(changed, ["department"]);
    assert_eq!(spec.effects, [Effect::ChangesProfile]);
    facts.person.sign_in_allowed = false;
    assert_eq!(
        propose(&facts, "{}", set).specs[1].effects,
        [Effect::OpensSignIn]
    );
    facts.person.synced = true;
    let out = propose(&facts, "{}", set);
    assert!(out.specs.is_empty());
    let by_hand: Vec<&str> = out
        .remarks
        .iter()
        .filter(|remark| remark.weight == Weight::ByHand)
        .map(|remark| remark.text.as_str())
        .collect();
    assert!(
        by_hand[0].contains("department") && by_hand[0].contains("“Sales”"),
        "{by_hand:?}"
    );
    assert!(by_hand[1].contains("blocked"), "{by_hand:?}");
}

#[test]
fn on_premises_a_person_creates_the_account_and_the_run_awaits_it() {
    let settings = r#"{"where": "on-premises", "assignee": "ops@contoso.example", "within-hours": 8, "organizational-unit": "OU=Staff"}"#;
    let out = propose(&newcomer(), settings, |request, _| {
        tomorrow(request);
        field(request, "department", "Sales");
    });
    let [create, synced, profile, enable, opened] = out.specs.as_slice() else {
        panic!("{:?}", out.specs)
    };
    let work = create.by_hand.as_ref().unwrap();
    assert_eq!(
        (work.assignee.as_str(), work.within_hours),
        ("ops@contoso.example", 8)
    );
    assert!(work.instructions[0].contains("OU=Staff"));
    assert!(
        work.instructions
            .iter()
            .any(|line| line == "department: Sales")
    );
    assert_eq!(create.effects, [Effect::CreatesOnPremises]);
    assert_eq!(synced.effects, [Effect::AwaitsSync, Effect::CreatesPerson]);
    assert!(synced.budget.converge_ms >= 3 * 3_600_000 && synced.by_hand.is_none());
    assert!(enable.by_hand.is_some() && enable.not_before.is_some());
    assert!(
        work.instructions
            .last()
            .unwrap()
            .contains("`tenure runs done`")
    );
    // What the cloud shows is read apart from the account's presence, and no day of hire is awaited.
    let read: Vec<&str> = profile
        .changes
        .iter()
        .map(|one| one.property.as_str())
        .collect();
    assert_eq!(
        read,
        [
            "display-name",
            "given-name",
            "family-name",
            "department",
            "sign-in until the first day"
        ]
    );
    assert_eq!(profile.effects, [Effect::ChangesProfile]);
    assert_eq!(
        (opened.changes[0].property.as_str(), opened.not_before),
        ("sign-in", None)
    );
    assert_eq!(
        opened.edges,
        [domain::spec::Edge::Needs("create-user:enable".into())]
    );
    let now = propose(&newcomer(), settings, |_, _| {});
    let keys: Vec<&str> = now.specs.iter().map(|spec| spec.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "create-user",
            "create-user:synced",
            "create-user:profile-on-premises"
        ]
    );
    assert_eq!(value(&now, 2, "sign-in").as_deref(), Some("allowed"));
    let nobody = serde_json::json!({ "where": "on-premises" });
    assert!(check(&nobody).unwrap_err().starts_with("assignee"));
}

#[test]
fn the_requests_own_sign_in_name_is_given_or_refused() {
    let mut facts = newcomer();
    let joiner = facts.joiner.as_mut().unwrap();
    joiner.names = vec![
        tried("ada@contoso.example", Some("it is an address of Ben")),
        tried("joy.comer@contoso.example", None),
    ];
    let asks = |request: &mut Request, _: &mut Policy| {
        request.person.address = Some(Cited::typed("Ada@contoso.example".to_owned()));
    };
    let out = propose(&facts, "{}", asks);
    assert_eq!(
        (out.specs.len(), out.refusals[0].code.as_str()),
        (0, "name-taken")
    );
    let refusal = &out.refusals[0];
    assert!(
        refusal.text.contains("it is an address of Ben"),
        "{refusal:?}"
    );
    assert!(
        refusal.hint.contains("leave the address out"),
        "{refusal:?}"
    );
    let unverified = "its domain is not verified in this tenant";
    facts.joiner.as_mut().unwrap().names[0] = tried("ada@contoso.example", Some(unverified));
    assert!(
        propose(&facts, "{}", asks).refusals[0]
            .text
            .contains(unverified)
    );
    assert_eq!(propose(&facts, "{}", |_, _| {}).specs.len(), 1);
}

fn lite(id: &str, name: &str) -> PersonLite {
    PersonLite {
        id: id.into(),
        upn: format!("{id}@contoso.example"),
        display_name: name.to_owned(),
    }
}

#[test]
fn an_account_that_may_be_the_same_persons_is_told() {
    let mut facts = newcomer();
    facts.joiner.as_mut().unwrap().namesakes = vec![domain::facts::Namesake {
        person: lite("joy.comer7", "Joy Comer"),
        department: Some("Sales".to_owned()),
        employee_id: Some("4711".to_owned()),
        manager: None,
    }];
    let dangers = |field_name: &str, text: &str| -> Vec<String> {
        let out = propose(&facts, "{}", |request, _| field(request, field_name, text));
        let remarks = out.remarks.into_iter();
        remarks
            .filter(|remark| remark.weight == Weight::Danger)
            .map(|remark| remark.text)
            .collect()
    };
    assert_eq!(dangers("department", "Finance"), Vec::<String>::new());
    for (name, text, shared) in [
        ("department", "sales", "department"),
        ("employee-id", "4711", "employee id"),
    ] {
        let told = dangers(name, text);
        assert!(
            told[0].contains(shared) && told[0].contains("joy.comer7@contoso.example"),
            "{told:?}"
        );
    }
}

#[test]
fn nobody_is_their_own_manager() {
    for own in ["joy.comer@contoso.example", "Joy Comer"] {
        let out = propose(&newcomer(), "{}", |request, _| {
            field(request, "manager", own)
        });
        let [refusal] = out.refusals.as_slice() else {
            panic!("{:?}", out.refusals);
        };
        assert!(
            refusal.text.contains("nobody is their own manager"),
            "{refusal:?}"
        );
    }
    // Somebody else may have the same name.
    let mut facts = newcomer();
    facts.named = vec![Named {
        written: "Joy Comer".to_owned(),
        found: vec![lite("elder", "Joy Comer")],
        active: true,
        guest: false,
        mail: None,
    }];
    let out = propose(&facts, "{}", |request, _| {
        field(request, "manager", "Joy Comer")
    });
    assert_eq!(out.refusals, []);
}

#[test]
fn an_account_of_another_name_is_not_the_person() {
    let mut facts = known();
    facts.person.employee_id = Some("C0014".to_owned());
    facts.person.display_name = "Grace Okafor".to_owned();
    facts.person.upn = "grace.okafor@contoso.example".to_owned();
    let (request, policy) = (
        crate::tests::joiner_request(),
        crate::tests::joiner_policy(),
    );
    let asked = |set: &dyn Fn(&mut Request)| {
        let mut request = request.clone();
        set(&mut request);
        let switches = [("create-user".to_owned(), serde_json::json!({}))].into();
        crate::propose(&request, &policy, &facts, &switches)
    };
    let out = asked(&|request| field(request, "employee-id", "C0014"));
    assert_eq!((out.specs.len(), out.refusals.len()), (0, 1));
    assert_eq!(
        out.refusals[0].text,
        "the account grace.okafor@contoso.example that has employee id C0014 is Grace Okafor, and the request is about Joy Comer"
    );
    let out = asked(&|request| {
        request.person.address = Some(Cited::typed("grace.okafor@contoso.example".to_owned()));
    });
    assert!(
        out.refusals[0]
            .text
            .contains("has the address grace.okafor@"),
        "{out:?}"
    );
    let out = asked(&|request| {
        field(request, "given-name", "Grace");
        field(request, "family-name", "OKAFOR");
    });
    assert_eq!(out.refusals, []);
}

#[test]
fn a_created_account_stays_when_taken_back_and_nobody_comes_in_by_it() {
    let open = propose(&newcomer(), "{}", |_, _| {});
    let Undo::Spec(undo) = CreateUser.undo(&open.specs[0], &[]) else {
        panic!("sign-in can be blocked again");
    };
    assert_eq!(
        (undo.effects.as_slice(), undo.changes.len()),
        ([Effect::ClosesSignIn].as_slice(), 1)
    );
    assert_eq!(undo.changes[0].after, Expect::Is("blocked".into()));
    assert!(
        undo.summary.contains("the account itself stays"),
        "{}",
        undo.summary
    );
    let ahead = propose(&newcomer(), "{}", |request, _| tomorrow(request));
    let Undo::Cannot(because) = CreateUser.undo(&ahead.specs[0], &[]) else {
        panic!("its sign-in was never opened by this step");
    };
    assert!(because.contains("plan of its own"));
}
