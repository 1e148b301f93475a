//! A small plan that keeps every rule, and one planted violation per rule that must be named by its number.

use serde_json::json;

use super::*;
use crate::facts::*;
use crate::spec::*;
use crate::{ObjectId, StepKey};

fn id(text: &str) -> ObjectId {
    ObjectId::from(text)
}

pub(crate) fn person() -> Person {
    Person {
        id: id("p"),
        upn: "p@contoso.example".into(),
        display_name: "P".into(),
        mail: None,
        sign_in_allowed: true,
        guest: false,
        synced: false,
        kind: AccountKind::Human,
        usage_location: Some("DE".into()),
        department: None,
        job_title: None,
        employee_id: None,
        manager: None,
        password_changed_at: None,
        sessions_valid_from: None,
        attributes: std::collections::BTreeMap::new(),
        synced_at: None,
    }
}

/// A group-licensed person with a healthy mailbox who owns one group alone.
pub(crate) fn facts() -> Facts {
    let group = |name: &str, licenses: &[&str]| Group {
        id: id(name),
        name: name.to_owned(),
        kind: GroupKind::Security,
        rule: None,
        synced: false,
        role_assignable: false,
        licenses: licenses.iter().map(|sku| id(sku)).collect(),
        address: None,
        aliases: Vec::new(),
    };
    let mail = Carries {
        mailbox: true,
        ..Carries::default()
    };
    let held = |route: Route| LicenseHeld {
        sku: id("suite"),
        name: "SUITE".into(),
        route,
        carries: mail,
        disabled_plans: vec![],
    };
    Facts {
        read_at: "2026-11-20T09:00:00Z".parse().unwrap(),
        tenant: TenantFacts::default(),
        person: person(),
        licenses: vec![held(Route::Direct), held(Route::Group(id("lic")))],
        memberships: vec![group("lic", &["suite"]), group("team", &[])],
        owned_groups: vec![OwnedGroup {
            group: group("team", &[]),
            owners: vec![id("p")],
        }],
        owned_applications: vec![],
        roles: vec![],
        methods: vec![],
        reports: vec![],
        mailbox: MailboxFacts::Cloud(Box::new(Mailbox {
            id: id("m"),
            address: "p@contoso.example".into(),
            kind: "UserMailbox".into(),
            size_bytes: Some(1),
            holds: vec![],
            archive: false,
            hidden: false,
            forwarding_to: None,
            forwarding_smtp: None,
            keep_copy: false,
            auto_reply: AutoReply::default(),
            rules: vec![],
            devices: vec![],
            full_access: vec![],
            send_as: vec![],
        })),
        meetings: vec![],
        rights_elsewhere: vec![],
        named: vec![],
        unchecked: vec![],
        joiner: None,
    }
}

fn mailbox(facts: &mut Facts) -> &mut Mailbox {
    match &mut facts.mailbox {
        MailboxFacts::Cloud(mailbox) => mailbox,
        _ => unreachable!("the fixture has a mailbox in the cloud"),
    }
}

pub(crate) fn spec(key: &str, effects: Vec<Effect>) -> StepSpec {
    let lasting = effects.iter().any(|e| {
        matches!(
            e,
            Effect::CancelsMeetings | Effect::RemovesMethod | Effect::ResetsPassword
        )
    });
    let reversal = if lasting {
        Reversal::CannotReturn("it is gone".into())
    } else {
        Reversal::Return
    };
    StepSpec {
        key: StepKey::from(key),
        step: key.into(),
        version: 1,
        summary: key.into(),
        params: json!({}),
        changes: vec![Change {
            object: ObjectRef::new(ObjectKind::Person, &id("p"), "P"),
            property: key.into(),
            now: json!(true),
            after: Expect::absent(),
            reversal,
        }],
        effects,
        edges: vec![],
        budget: Budget::DIRECTORY,
        permissions: vec![],
        may_grow: false,
        not_before: None,
        by_hand: None,
    }
}

fn frees(route: Route) -> Effect {
    Effect::FreesLicense {
        sku: id("suite"),
        route,
        carries: Carries {
            mailbox: true,
            voice: true,
            devices: true,
        },
    }
}

fn good() -> Vec<StepSpec> {
    vec![
        spec("block", vec![Effect::ClosesSignIn]),
        spec("reset", vec![Effect::ResetsPassword]),
        spec("revoke", vec![Effect::EndsSessions]),
        spec("roles", vec![Effect::RemovesRole { role: id("r") }]),
        spec("meetings", vec![Effect::CancelsMeetings]),
        spec("grant", vec![Effect::GrantsMailboxAccess]),
        spec("convert", vec![Effect::ConvertsMailbox]),
        spec("methods", vec![Effect::RemovesMethod]),
        spec("successor", vec![Effect::AddsOwner { group: id("team") }]),
        spec(
            "leave",
            vec![
                Effect::RemovesMembership { group: id("team") },
                Effect::RemovesOwner { group: id("team") },
            ],
        ),
        spec("number", vec![Effect::UnassignsNumber]),
        spec("inventory", vec![Effect::ReturnsNumber]),
        spec("key", vec![Effect::SecuresRecoveryKey { device: id("d") }]),
        spec("retire", vec![Effect::RetiresDevice { device: id("d") }]),
        spec("disable", vec![Effect::DisablesDevice { device: id("d") }]),
        spec(
            "licences",
            vec![
                frees(Route::Direct),
                frees(Route::Group(id("lic"))),
                Effect::RemovesMembership { group: id("lic") },
            ],
        ),
        spec("again", vec![Effect::EndsSessionsAgain]),
        spec("notify", vec![Effect::Notifies]),
    ]
}

/// Gives steps the edges the rules ask for, as the planner does.
fn ordered(mut specs: Vec<StepSpec>, facts: &Facts, kind: Kind) -> Vec<StepSpec> {
    for (waits, edge) in edges(&Ground {
        kind,
        specs: &specs,
        facts,
    }) {
        specs
            .iter_mut()
            .find(|spec| spec.key == waits)
            .unwrap()
            .edges
            .push(edge);
    }
    specs
}

fn broken_in(specs: &[StepSpec], facts: &Facts, kind: Kind) -> BTreeSet<u8> {
    check(&Ground { kind, specs, facts })
        .into_iter()
        .map(|violation| violation.rule)
        .collect()
}

/// Plants a violation after ordering and expects exactly this rule to name it.
fn planted(rule: u8, change_facts: impl Fn(&mut Facts), plant: impl Fn(&mut Vec<StepSpec>)) {
    planted_in(Kind::Offboard, rule, change_facts, plant);
}

fn planted_in(
    kind: Kind,
    rule: u8,
    change_facts: impl Fn(&mut Facts),
    plant: impl Fn(&mut Vec<StepSpec>),
) {
    let mut facts = facts();
    change_facts(&mut facts);
    let mut specs = if kind == Kind::Offboard {
        good()
    } else {
        vec![spec("create", vec![Effect::CreatesPerson])]
    };
    plant(&mut specs);
    let specs = ordered(specs, &facts, kind);
    let broken = broken_in(&specs, &facts, kind);
    assert!(
        broken.contains(&rule),
        "rule {rule} did not see what was planted; broken: {broken:?}"
    );
}

/// Drops the edge between two steps of an ordered plan and expects this rule to miss it.
fn unhinged(rule: u8, waits: &str, of: &str) {
    let facts = facts();
    let mut specs = ordered(good(), &facts, Kind::Offboard);
    let spec = specs
        .iter_mut()
        .find(|spec| spec.key.as_str() == waits)
        .unwrap();
    let before = spec.edges.len();
    spec.edges.retain(|edge| edge.key().as_str() != of);
    assert!(spec.edges.len() < before, "{waits} never waited for {of}");
    let broken = broken_in(&specs, &facts, Kind::Offboard);
    assert!(
        broken.contains(&rule),
        "rule {rule} did not miss the edge; broken: {broken:?}"
    );
}

fn push(effects: Vec<Effect>) -> impl Fn(&mut Vec<StepSpec>) {
    move |specs| specs.insert(specs.len() - 2, spec("planted", effects.clone()))
}

fn without(key: &'static str) -> impl Fn(&mut Vec<StepSpec>) {
    move |specs| specs.retain(|spec| spec.key.as_str() != key)
}

fn nothing(_: &mut Facts) {}

#[test]
fn a_plan_ordered_by_the_rules_keeps_them() {
    let facts = facts();
    let specs = ordered(good(), &facts, Kind::Offboard);
    assert_eq!(
        check(&Ground {
            kind: Kind::Offboard,
            specs: &specs,
            facts: &facts
        }),
        vec![]
    );
}

#[test]
fn rules_are_listed_in_order() {
    assert!(ALL.iter().map(|rule| rule.number).eq(1..=19));
}

#[test]
fn rule_1_a_property_is_changed_once() {
    planted(1, nothing, |specs| {
        specs.insert(
            4,
            StepSpec {
                key: StepKey::from("twin"),
                ..specs[4].clone()
            },
        )
    });
}

#[test]
fn rule_2_closing_access_comes_first_and_sessions_end_again() {
    unhinged(2, "revoke", "block");
    unhinged(2, "convert", "reset");
    unhinged(2, "again", "licences");
    planted(2, nothing, without("again"));
    planted(2, nothing, |specs| {
        specs[0].effects.push(Effect::HidesFromAddressLists)
    });
}

#[test]
fn rule_3_roles_wait_for_containment_alone() {
    planted(3, nothing, |specs| {
        let roles = specs.remove(3);
        specs.insert(
            5,
            StepSpec {
                edges: vec![Edge::After(StepKey::from("meetings"))],
                ..roles
            },
        );
    });
}

#[test]
fn rule_4_meetings_before_the_licence() {
    unhinged(4, "licences", "meetings");
    planted(4, nothing, push(vec![Effect::OpensSignIn]));
}

#[test]
fn rule_5_conversion_before_the_licence_and_a_licence_for_a_large_mailbox() {
    unhinged(5, "licences", "convert");
    planted(
        5,
        |facts| mailbox(facts).size_bytes = Some(LARGE_BYTES),
        |_| {},
    );
    planted(5, |facts| mailbox(facts).size_bytes = None, |_| {});
    planted(
        5,
        |facts| mailbox(facts).holds.push("litigation".into()),
        |_| {},
    );
    planted(5, |facts| mailbox(facts).archive = true, |_| {});
    planted(5, |facts| facts.mailbox = MailboxFacts::OnPremises, |_| {});
}

#[test]
fn rule_6_a_living_mailbox() {
    unhinged(6, "licences", "grant");
}

#[test]
fn rule_7_direct_licences_go_with_the_groups() {
    planted(7, nothing, |specs| {
        specs[15]
            .effects
            .retain(|e| *e != frees(Route::Group(id("lic"))))
    });
    planted(
        7,
        nothing,
        push(vec![Effect::RemovesMembership { group: id("lic") }]),
    );
}

#[test]
fn rule_8_no_direct_licence_beside_a_group() {
    let gives = |route: Route| Effect::AssignsLicense {
        sku: id("e3"),
        route,
        carries: Carries::default(),
    };
    let unlicensed = |facts: &mut Facts| facts.licenses.clear();
    planted_in(Kind::Onboard, 8, unlicensed, |specs| {
        specs.push(spec("by-group", vec![gives(Route::Group(id("licences")))]));
        specs.push(spec("directly", vec![gives(Route::Direct)]));
    });
    planted(
        8,
        nothing,
        push(vec![Effect::AssignsLicense {
            sku: id("x"),
            route: Route::Direct,
            carries: Carries::default(),
        }]),
    );
    planted(
        8,
        |facts| facts.memberships[0].rule = Some("user.accountEnabled -eq true".into()),
        |specs| specs[6].edges.push(Edge::After(StepKey::from("meetings"))),
    );
}

#[test]
fn rule_9_location_and_person_first() {
    planted_in(
        Kind::Onboard,
        9,
        |facts| {
            facts.joiner = Some(crate::facts::Joiner {
                new: true,
                ..crate::facts::Joiner::default()
            });
        },
        |specs| *specs = vec![spec("profile", vec![Effect::ChangesProfile])],
    );
    planted(9, nothing, push(vec![Effect::SetsUsageLocation]));
    planted_in(
        Kind::Onboard,
        9,
        |facts| facts.person.usage_location = None,
        push_end(vec![Effect::AssignsLicense {
            sku: id("x"),
            route: Route::Group(id("g")),
            carries: Carries::default(),
        }]),
    );
}

fn push_end(effects: Vec<Effect>) -> impl Fn(&mut Vec<StepSpec>) {
    move |specs| specs.push(spec("planted", effects.clone()))
}

#[test]
fn rule_10_a_successor_first() {
    unhinged(10, "leave", "successor");
    planted(10, nothing, without("successor"));
}

#[test]
fn rule_11_methods_as_a_whole() {
    planted(11, nothing, push(vec![Effect::RemovesMethod]));
}

#[test]
fn rule_12_the_number_before_its_licence() {
    unhinged(12, "licences", "number");
    planted(12, nothing, without("number"));
}

#[test]
fn rule_13_deletion_is_alone() {
    planted(13, nothing, push(vec![Effect::DeletesPerson]));
}

#[test]
fn rule_14_devices_are_cleared_first() {
    unhinged(14, "disable", "retire");
    unhinged(14, "retire", "key");
    planted(
        14,
        nothing,
        push(vec![Effect::WipesDevice {
            device: id("d"),
            company: true,
        }]),
    );
    planted(
        14,
        nothing,
        push(vec![Effect::WipesDevice {
            device: id("own"),
            company: false,
        }]),
    );
}

#[test]
fn rule_15_what_cannot_return_is_approved_apart_or_marked() {
    planted(15, nothing, push(vec![Effect::LetsMailboxGo]));
    planted(15, nothing, |specs| {
        specs[4].changes[0].reversal = Reversal::Return
    });
}

#[test]
fn rule_16_seats() {
    planted(
        16,
        nothing,
        push(vec![Effect::ReducesSeats {
            sku: id("suite"),
            breaks_commitment: true,
        }]),
    );
    let facts = facts();
    let mut specs = good();
    push(vec![Effect::ReducesSeats {
        sku: id("suite"),
        breaks_commitment: false,
    }])(&mut specs);
    let mut specs = ordered(specs, &facts, Kind::Offboard);
    specs
        .iter_mut()
        .find(|spec| spec.key.as_str() == "planted")
        .unwrap()
        .edges
        .retain(|edge| edge.key().as_str() != "licences");
    assert!(broken_in(&specs, &facts, Kind::Offboard).contains(&16));
}

#[test]
fn rule_17_on_premises() {
    planted(17, nothing, push(vec![Effect::DisablesOnPremises]));
    planted(
        17,
        |facts| facts.person.synced = true,
        push(vec![Effect::ChangesSyncedAttribute]),
    );
    planted(
        17,
        |facts| facts.person.synced = true,
        push(vec![Effect::ClearsImmutableId]),
    );
}

#[test]
fn rule_18_no_open_door_and_no_lost_mailbox() {
    planted(18, nothing, without("block"));
    planted(18, nothing, without("convert"));
    planted(18, nothing, push(vec![Effect::ChangesConditionalAccess]));
    unhinged(18, "methods", "block");
}

#[test]
fn rule_19_notices_come_last() {
    unhinged(19, "notify", "licences");
}
