//! What assign-licenses proposes.

use domain::facts::{Facts, Group, GroupNamed, ServicePlan};
use domain::policy::{LicenceWish, Policy};
use domain::spec::{Carries, Effect, Expect};

use super::*;
use crate::tests::{field, joiner, licence, mailbox_mut, propose_joiner, security_group};

const BOTH: [(&str, &str); 2] = [("assign-licenses", "{}"), ("set-usage-location", "{}")];

fn propose(facts: &Facts, settings: &str, set: impl Fn(&mut Policy)) -> Proposal {
    let switches = [("assign-licenses", settings), BOTH[1]];
    propose_joiner(&AssignLicenses, facts, &switches, |_, policy| set(policy))
}

fn gives(policy: &mut Policy, licences: &[&str]) {
    let role = policy.roles.get_mut("default").unwrap();
    role.licences = licences
        .iter()
        .map(|name| LicenceWish::Whole((*name).to_owned()))
        .collect();
}

fn sku(id: &str, part: &str, title: &str, plans: &[(&str, Option<&str>)]) -> Sku {
    Sku {
        id: id.into(),
        name: part.to_owned(),
        seats: 5,
        used: 1,
        carries: Carries::default(),
        keeps_large_mailbox: false,
        titles: vec![title.to_owned()],
        plans: plans
            .iter()
            .map(|(name, family)| ServicePlan {
                id: (*name).into(),
                name: (*name).to_owned(),
                family: family.map(str::to_owned),
            })
            .collect(),
        reserved: 0,
    }
}

/// In the directory already, with a mailbox and this licence.
fn holder(id: &str) -> Facts {
    let mut facts = joiner();
    facts.joiner.as_mut().unwrap().new = false;
    facts.mailbox = crate::tests::leaver().mailbox;
    facts.person.usage_location = Some("GB".to_owned());
    facts.licenses = vec![licence(id, Route::Direct)];
    facts
}

fn codes(out: &Proposal) -> Vec<&str> {
    out.refusals
        .iter()
        .map(|refusal| refusal.code.as_str())
        .collect()
}

#[test]
fn licences_are_meant_by_part_number_or_name() {
    let skus = [
        sku("a", "SPE_E3", "Microsoft 365 E3", &[]),
        sku("b", "ENTERPRISEPACK", "Office 365 E3", &[]),
        sku("c", "POWER_BI_PRO", "Power BI Pro", &[]),
        sku("d", "SPB", "Microsoft 365 Business Premium", &[]),
    ];
    for (written, id) in [
        ("spe_e3", "a"),
        ("Microsoft 365 E3", "a"),
        ("m365 e3 licence", "a"),
        ("O365 E3", "b"),
        ("power bi pro", "c"),
        ("Business  Premium", "d"),
    ] {
        let found = products::named(&skus, written).map(|sku| sku.id.as_str());
        assert_eq!(found.ok(), Some(id), "{written}");
    }
    let count = |written| products::named(&skus, written).unwrap_err().len();
    assert_eq!(
        (
            count("E3"),
            count("E7"),
            count("Office 365 Business Premium")
        ),
        (2, 0, 0)
    );
}

#[test]
fn a_name_that_is_not_clear_is_refused_with_what_it_can_mean() {
    let mut facts = joiner();
    facts
        .tenant
        .skus
        .push(sku("b", "ENTERPRISEPACK", "Office 365 E3", &[]));
    let out = propose(&facts, "{}", |policy| gives(policy, &["E3", "Visio"]));
    assert_eq!(codes(&out), ["ambiguous-licence", "unknown-licence"]);
    assert!(
        out.refusals[0]
            .text
            .contains("Office 365 E3 (ENTERPRISEPACK)")
    );
    assert!(out.refusals[0].text.contains("role default"));
}

#[test]
fn services_that_are_left_out_are_disabled() {
    let facts = joiner();
    let part = |without: &str| LicenceWish::Part {
        licence: "SPE_E3".to_owned(),
        without: vec![without.to_owned()],
    };
    let set = |policy: &mut Policy, wish: LicenceWish| {
        policy.roles.get_mut("default").unwrap().licences = vec![wish];
    };
    let out = propose(&facts, "{}", |policy| set(policy, part("teams1")));
    let change = &out.specs[0].changes[0];
    assert_eq!(change.after, Expect::Is("assigned without TEAMS1".into()));
    assert_eq!(out.specs[0].params["plans"]["e3"]["TEAMS1"], "TEAMS1");
    let out = propose(&facts, "{}", |policy| set(policy, part("TEAMS9")));
    assert_eq!(codes(&out), ["unknown-service"]);
    // Held already with other services: no seat is taken.
    let mut facts = holder("e3");
    facts.tenant.skus[0].used = 10;
    let out = propose(&facts, "{}", |policy| set(policy, part("TEAMS1")));
    assert_eq!(codes(&out), [] as [&str; 0]);
    assert_eq!(
        out.specs[0].effects,
        [Effect::ChangesLicense { sku: "e3".into() }]
    );
    facts.licenses[0].disabled_plans = vec!["TEAMS1".into()];
    let out = propose(&facts, "{}", |policy| set(policy, part("TEAMS1")));
    assert_eq!(out, Proposal::default());
}

#[test]
fn no_seat_stops_or_is_waited_for() {
    let mut facts = joiner();
    facts.tenant.skus[0].used = 9;
    assert_eq!(codes(&propose(&facts, "{}", |_| {})), [] as [&str; 0]);
    facts.tenant.skus[0].reserved = 1;
    let out = propose(&facts, "{}", |_| {});
    assert_eq!(codes(&out), ["no-seat"]);
    assert!(
        out.refusals[0].text.contains("9 of 10") && out.refusals[0].text.contains("1 are reserved")
    );
    let out = propose(&facts, r#"{"no-seat": "wait"}"#, |_| {});
    assert_eq!(codes(&out), [] as [&str; 0]);
    assert_eq!(
        (out.specs[0].budget, out.remarks[0].weight),
        (WAITING, Weight::Danger)
    );
}

#[test]
fn old_licences_are_replaced_only_where_policy_says_so_and_there_is_a_new_one() {
    let mut facts = holder("old");
    let mail = Carries {
        mailbox: true,
        ..Carries::default()
    };
    facts.tenant.skus.push(Sku {
        carries: mail,
        ..sku("old", "OLD", "Old Plan", &[])
    });
    let out = propose(&facts, "{}", |_| {});
    assert_eq!(out.specs[0].changes.len(), 1);
    let out = propose(&facts, r#"{"replace-direct": true}"#, |_| {});
    let [given, freed] = out.specs[0].effects.as_slice() else {
        panic!("{:?}", out.specs)
    };
    assert!(matches!(given, Effect::AssignsLicense { carries, .. } if carries.mailbox));
    // The new licence carries the mailbox, so it does not hang on the old one.
    assert!(matches!(freed, Effect::FreesLicense { carries, .. } if !carries.mailbox));
    let out = propose(&facts, r#"{"replace-direct": true}"#, |policy| {
        gives(policy, &[])
    });
    assert_eq!(out, Proposal::default());
}

#[test]
fn a_large_mailbox_keeps_a_large_licence() {
    let mut facts = holder("e3");
    mailbox_mut(&mut facts).archive = true;
    let small = Sku {
        carries: facts.tenant.skus[0].carries,
        ..sku("small", "SMALL", "Small Plan", &[])
    };
    facts.tenant.skus.push(small);
    let out = propose(&facts, r#"{"replace-direct": true}"#, |policy| {
        gives(policy, &["SMALL"]);
    });
    assert_eq!(codes(&out), ["large-mailbox"]);
}

#[test]
fn services_of_one_family_exclude_each_other() {
    let mut facts = holder("one");
    let family = Some("sharepoint");
    facts.tenant.skus = vec![
        sku("one", "ONE", "Plan One", &[("SP_SMALL", family)]),
        sku(
            "two",
            "TWO",
            "Plan Two",
            &[("SP_LARGE", family), ("X", None)],
        ),
    ];
    let two = |policy: &mut Policy| gives(policy, &["TWO"]);
    let out = propose(&facts, "{}", two);
    assert_eq!(codes(&out), ["services-exclude"]);
    assert!(out.refusals[0].text.contains("SP_SMALL") && out.refusals[0].text.contains("SP_LARGE"));
    assert_eq!(
        codes(&propose(&facts, r#"{"replace-direct": true}"#, two)),
        [] as [&str; 0]
    );
    facts.licenses[0].disabled_plans = vec!["SP_SMALL".into()];
    assert_eq!(codes(&propose(&facts, "{}", two)), [] as [&str; 0]);
}

fn by_group(policy: &mut Policy) {
    let role = policy.roles.get_mut("default").unwrap();
    role.licences.clear();
    role.licence_groups = vec!["Licence E3".to_owned()];
}

#[test]
fn a_licence_group_that_is_kept_from_contractors_is_not_joined() {
    let mut facts = joiner();
    facts.joiner.as_mut().unwrap().groups[0].found[0].address =
        Some("e3@contoso.example".to_owned());
    for (contractor, joins) in [("true", 0), ("false", 1)] {
        let out = propose_joiner(
            &AssignLicenses,
            &facts,
            &[("assign-licenses", "{}")],
            |request, policy| {
                by_group(policy);
                crate::tests::field(request, "contractor", contractor);
                policy.contractors.never = vec!["e3@contoso.example".to_owned()];
            },
        );
        assert_eq!(out.specs.len(), joins, "{:?}", out.remarks);
    }
}

#[test]
fn a_group_licensed_person_gets_no_direct_licence() {
    let out = propose(&joiner(), "{}", by_group);
    assert_eq!(out.specs[0].key.as_str(), "assign-licenses:groups");
    assert_eq!(
        out.specs[0].effects,
        [
            Effect::AddsMembership {
                group: "Licence E3".into()
            },
            Effect::AssignsLicense {
                sku: "e3".into(),
                route: Route::Group("Licence E3".into()),
                carries: Carries {
                    mailbox: true,
                    ..Carries::default()
                },
            },
        ]
    );
    assert_eq!(out.specs[0].budget, Budget::QUEUED);
    // What is held through a group counts as much.
    let mut facts = holder("other");
    facts.licenses[0].route = Route::Group("g".into());
    facts.memberships = vec![security_group("g")];
    let out = propose(&facts, "{}", |_| {});
    assert!(out.specs.is_empty());
    assert!(
        out.remarks[0].text.contains("licensed by group (g)"),
        "{:?}",
        out.remarks
    );
}

#[test]
fn a_licence_group_must_be_one_that_can_be_joined() {
    let change = |change: &dyn Fn(&mut Group)| {
        let mut facts = joiner();
        let joiner = facts.joiner.as_mut().unwrap();
        change(&mut joiner.groups[0].found[0]);
        propose(&facts, "{}", by_group)
    };
    assert_eq!(
        codes(&change(&|group| group.licenses.clear())),
        ["no-licence-group"]
    );
    let out = change(&|group| group.synced = true);
    assert!(out.specs.is_empty() && out.remarks[0].weight == Weight::ByHand);
    let out = change(&|group| group.rule = Some("user.department -eq \"Sales\"".to_owned()));
    assert!(out.specs.is_empty() && out.remarks[0].weight == Weight::Note);
    let mut facts = joiner();
    facts.joiner.as_mut().unwrap().groups = vec![GroupNamed {
        written: "Licence E3".to_owned(),
        found: Vec::new(),
    }];
    assert_eq!(codes(&propose(&facts, "{}", by_group)), ["unknown-group"]);
}

#[test]
fn a_licence_needs_a_location_and_the_refusal_names_the_site() {
    let out = propose_joiner(&AssignLicenses, &joiner(), &BOTH[..1], |_, _| {});
    assert_eq!(codes(&out), ["no-usage-location"]);
    assert!(
        out.refusals[0].text.contains("site default"),
        "{:?}",
        out.refusals
    );
    let out = propose_joiner(&AssignLicenses, &joiner(), &BOTH, |request, policy| {
        policy.sites.clear();
        field(request, "note", "no place");
    });
    assert_eq!(codes(&out), ["no-usage-location"]);
}
