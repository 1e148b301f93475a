//! Holds roles, instructions, asks and what contractors get to what policy says.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::policy::{Instruction, When as For};

fn rule(name: &str, when: For) -> Instruction {
    Instruction {
        name: name.to_owned(),
        when,
        ..Instruction::default()
    }
}

#[test]
fn the_role_comes_from_request_contractors_instruction_default() {
    let mut policy = policy();
    let role_of = |fields: &[(&str, &str)], policy: &Policy| {
        let mut all = vec![("name", "Jo Doe"), ("contract-end", "2030-01-31")];
        all.extend(fields);
        wanted(&request(&all), policy)
    };
    let none = role_of(&[], &policy);
    assert_eq!(none.role, None);
    assert!(remarks(&none)[0].starts_with("No role:"));
    policy.roles.insert("default".to_owned(), Role::default());
    policy.contractors.role = Some("external".to_owned());
    policy.instructions = vec![
        Instruction {
            role: Some("grouped".to_owned()),
            ..rule(
                "a",
                For {
                    department: Some("R*".to_owned()),
                    ..For::default()
                },
            )
        },
        Instruction {
            role: Some("sales".to_owned()),
            ..rule(
                "b",
                For {
                    job_title: Some("*seller".to_owned()),
                    ..For::default()
                },
            )
        },
    ];
    for (fields, expect) in [
        (&[][..], "default"),
        (&[("department", "Research")], "grouped"),
        (&[("job-title", "Top Seller")], "sales"),
        (
            &[("department", "Research"), ("job-title", "Seller")],
            "grouped",
        ),
        (
            &[("department", "Research"), ("contractor", "true")],
            "external",
        ),
        (
            &[
                ("department", "Research"),
                ("contractor", "true"),
                ("role", "sales"),
            ],
            "sales",
        ),
    ] {
        assert_eq!(
            role_of(fields, &policy).role.as_deref(),
            Some(expect),
            "{fields:?}"
        );
    }
    let unknown = role_of(&[("role", "pirate")], &policy);
    assert_eq!(unknown.role, None);
    assert_eq!(unknown.refusals[0].code, "unknown-role");
    assert!(
        unknown.refusals[0]
            .hint
            .ends_with("default, external, grouped, sales")
    );
}

#[test]
fn instructions_apply_in_order_and_only_where_every_part_holds() {
    let mut policy = policy();
    let everywhere = For {
        department: Some("sales*".to_owned()),
        site: Some("leeds".to_owned()),
        role: Some("sales".to_owned()),
        contractor: Some(false),
        kind: Some(Kind::Onboard),
        ..For::default()
    };
    let mut crm = rule("CRM for Sales", everywhere);
    crm.groups = strings(&["CRM Users", "sales team"]);
    crm.switches = BTreeMap::from([("notify".to_owned(), json!(false))]);
    crm.note = Some("Order a CRM seat.".to_owned());
    let mut later = rule("Later", For::default());
    later.groups = strings(&["crm users"]);
    later.switches = BTreeMap::from([("notify".to_owned(), json!(true))]);
    let leavers = Instruction {
        note: Some("never seen".to_owned()),
        ..rule(
            "Leavers",
            For {
                kind: Some(Kind::Offboard),
                ..For::default()
            },
        )
    };
    policy.instructions = vec![crm, later, leavers];
    let ask = [
        ("name", "Jo Doe"),
        ("role", "sales"),
        ("department", "Sales EMEA"),
        ("site", "LDS"),
    ];
    let got = wanted(&request(&ask), &policy);
    assert_eq!(
        wishes(&got.groups)[3..],
        [("CRM Users", "instruction “CRM for Sales”")]
    );
    assert_eq!(got.switches["notify"], json!(true));
    insta::assert_snapshot!(remarks(&got).join("\n"), @r"
    Instruction “CRM for Sales”: Order a CRM seat.
    Switch `notify` is set to true by instruction “Later”, and was set otherwise by one before it.
    ");
    let got = wanted(
        &request(&[
            ("name", "Jo Doe"),
            ("role", "sales"),
            ("department", "Sales EMEA"),
            ("site", "default"),
        ]),
        &policy,
    );
    assert_eq!(
        wishes(&got.groups)[3..],
        [("crm users", "instruction “Later”")]
    );
}

#[test]
fn what_is_asked_for_beyond_the_role_needs_the_policys_leave() {
    let mut policy = policy();
    policy.asks.groups = strings(&["Project *", "*@lists.contoso.example"]);
    policy.asks.never = strings(&["*secret*"]);
    policy.asks.licences = strings(&["POWER_BI_PRO"]);
    policy.asks.mailboxes = strings(&["orders@contoso.example"]);
    let got = wanted(
        &request(&[
            ("name", "Jo Doe"),
            ("role", "sales"),
            ("site", "leeds"),
            (
                "groups",
                "- Project Aurora\n- Project Secret Sauce\n\n* sales team\nDomain Admins\nall@lists.contoso.example",
            ),
            ("licences", "power_bi_pro; SPE_E3, VISIO"),
            (
                "shared-mailboxes",
                "orders@contoso.example, ceo@contoso.example",
            ),
        ]),
        &policy,
    );
    assert_eq!(got.refusals, []);
    assert_eq!(
        wishes(&got.groups)[3..],
        [
            ("Project Aurora", "the request"),
            ("all@lists.contoso.example", "the request")
        ]
    );
    let licences: Vec<&str> = got.licences.iter().map(|one| one.wish.licence()).collect();
    assert_eq!(licences, ["SPE_E3", "power_bi_pro"]);
    assert_eq!(got.licences_not_allowed, ["VISIO"]);
    let mailboxes: Vec<&str> = got.mailboxes.iter().map(|one| one.wish.address()).collect();
    assert_eq!(
        mailboxes,
        ["sales@contoso.example", "orders@contoso.example"]
    );
    insta::assert_snapshot!(remarks(&got).join("\n"), @r"
    Group “Project Secret Sauce” is asked for and not allowed by policy, so it is not given: “*secret*” is on the policy's list [asks] never.
    Group “Domain Admins” is asked for and not allowed by policy, so it is not given: [asks] groups does not name it.
    Shared mailbox “ceo@contoso.example” is asked for and not allowed by policy, so it is not given: [asks] mailboxes does not name it.
    ");
}

#[test]
fn contractors_never_get_some_groups_and_their_contract_ends() {
    let mut policy = policy();
    policy.contractors.never = strings(&["vpn*", "Licence*"]);
    policy.asks.groups = strings(&["*"]);
    let ask = |more: &[(&str, &str)]| {
        let mut fields = vec![
            ("name", "Jo Doe"),
            ("site", "leeds"),
            ("contractor", "true"),
            ("role", "sales"),
        ];
        fields.extend(more);
        request(&fields)
    };
    let got = wanted(
        &ask(&[("contract-end", "2030-01-31"), ("groups", "VPN Guests")]),
        &policy,
    );
    assert_eq!(got.refusals, []);
    assert_eq!(got.contract_end, Some(jiff::civil::date(2030, 1, 31)));
    assert_eq!(
        wishes(&got.groups),
        [("Sales Team", "role sales"), ("Sales News", "role sales")]
    );
    insta::assert_snapshot!(remarks(&got).join("\n"), @r"
    “VPN Users” comes with role sales and is not given: “vpn*” is on the policy's list [contractors] never.
    Group “VPN Guests” is asked for and not allowed by policy, so it is not given: “vpn*” is on the policy's list [contractors] never.
    ");
    let told = |request: &Request| {
        wanted(request, &policy)
            .refusals
            .iter()
            .map(|one| format!("{}: {} {}", one.code, one.text, one.hint))
            .collect::<Vec<_>>()
            .join("\n")
    };
    insta::assert_snapshot!(told(&ask(&[])), @"incomplete: contract-end is missing: policy asks for it for every contractor What is the last day of the contract? Answer as YYYY-MM-DD and plan again.");
    insta::assert_snapshot!(told(&ask(&[("contract-end", "soon")])), @"incomplete: contract-end “soon” is no date What is the last day of the contract? Answer as YYYY-MM-DD and plan again.");
    let mut late = ask(&[("contract-end", "2030-01-31")]);
    late.when = Some(Cited::typed(When::On(jiff::civil::date(2030, 2, 1))));
    insta::assert_snapshot!(told(&late), @"incomplete: the contract ends on 2030-01-31, before the first day of work on 2030-02-01 Which of the two dates is right? Correct one and plan again.");
    insta::assert_snapshot!(told(&request(&[("name", "Jo Doe"), ("contractor", "perhaps")])), @"incomplete: contractor is “perhaps”, which is neither true nor false Is the person a contractor? Answer true or false and plan again.");
    policy.contractors.need_end = false;
    assert_eq!(wanted(&ask(&[]), &policy).refusals, []);
}

#[test]
fn group_licences_and_direct_ones_do_not_mix() {
    let mut policy = policy();
    policy.asks.licences = strings(&["*"]);
    let got = wanted(
        &request(&[
            ("name", "Jo Doe"),
            ("role", "grouped"),
            ("licences", "VISIO"),
        ]),
        &policy,
    );
    assert_eq!(got.licences, []);
    assert_eq!(
        wishes(&got.licence_groups),
        [("Licence E3", "role grouped")]
    );
    insta::assert_snapshot!(remarks(&got).join("\n"), @"Licence “VISIO” (the request) is not assigned directly, because “Licence E3” licenses this person by group: an add-on needs a licence group too. Name one in `licence-groups`.");
}

#[test]
fn copies_need_leave_and_never_hold_admin_roles() {
    let mut policy = policy();
    policy.asks.copy = strings(&["*"]);
    policy.asks.never = strings(&["board@contoso.example"]);
    policy.contractors.never = strings(&["VPN*"]);
    let group = |name: &str, role_assignable, address: Option<&str>| crate::facts::Group {
        id: crate::ObjectId::new("g"),
        name: name.to_owned(),
        kind: crate::facts::GroupKind::Security,
        rule: None,
        synced: false,
        role_assignable,
        licenses: Vec::new(),
        address: address.map(str::to_owned),
        aliases: Vec::new(),
    };
    let vpn = group("VPN Users", false, None);
    assert_eq!(may_copy(&policy, false, &vpn), Ok(()));
    assert!(may_copy(&policy, true, &vpn).is_err());
    assert!(may_copy(&policy, false, &group("Helpdesk", true, None)).is_err());
    let mut board = group("Board", false, Some("Board@contoso.example"));
    assert!(may_copy(&policy, false, &board).is_err());
    board.aliases = vec![std::mem::replace(
        board.address.as_mut().unwrap(),
        "b@contoso.example".to_owned(),
    )];
    assert!(may_copy(&policy, false, &board).is_err());
    policy.asks.copy.clear();
    assert!(may_copy(&policy, false, &group("Project", false, None)).is_err());
    assert!(barred(&policy, false, &["Board", "board@contoso.example"]).is_some());
}

proptest! {
    #[test]
    fn nothing_asked_for_is_dropped_in_silence(
        names in prop::collection::vec("[a-z]{1,6}( [a-z]{1,4})?", 0..12),
        allowed in prop::collection::vec("[a-z]{1,2}\\*", 0..4),
        never in prop::collection::vec("\\*[a-z]", 0..3),
        contractor in any::<bool>(),
        role in prop::option::of(prop::sample::select(vec!["sales", "grouped"])),
    ) {
        let mut policy = policy();
        policy.asks.groups = allowed;
        policy.asks.never = never.clone();
        policy.contractors.need_end = false;
        let lines = names.join("\n");
        let contractor = contractor.to_string();
        let mut fields = vec![("name", "Jo Doe"), ("groups", lines.as_str()), ("contractor", contractor.as_str())];
        fields.extend(role.map(|role| ("role", role)));
        let request = request(&fields);
        let got = wanted(&request, &policy);
        prop_assert_eq!(&got, &wanted(&request, &policy));
        for name in &names {
            let given = got.groups.iter().any(|one| same(&one.wish, name));
            let told = remarks(&got).iter().any(|text| text.contains(&format!("“{name}”")));
            prop_assert!(given != told, "{name}: given {given}, told {told}");
        }
        let mut once: Vec<String> = got.groups.iter().map(|one| one.wish.to_lowercase()).collect();
        let all = once.len();
        once.sort();
        once.dedup();
        prop_assert_eq!(once.len(), all);
        for one in got.groups.iter().filter(|one| one.because == "the request") {
            prop_assert!(!never.iter().any(|pattern| crate::naming::matches(pattern, &one.wish)));
        }
    }
}
