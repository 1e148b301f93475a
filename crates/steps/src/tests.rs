//! What the unit tests of steps share: a leaver without anything unusual, and ways to let one step propose; and the test
//! that every file is listed.

use std::collections::BTreeSet;

use domain::facts::{
    AccountKind, AutoReply, Facts, Group, GroupKind, GroupNamed, Joiner, LicenseHeld, Mailbox,
    MailboxFacts, Person, PersonLite, ServicePlan, Sku, TenantFacts,
};
use domain::planner::Proposal;
use domain::policy::Policy;
use domain::request::{Cited, Kind, Origin, PersonHint, Request, When};
use domain::spec::{Carries, Route};
use jiff::Timestamp;
use serde_json::Value;

use crate::{Step, Switches, Wish};

pub(crate) fn leaver() -> Facts {
    Facts {
        read_at: Timestamp::UNIX_EPOCH,
        tenant: TenantFacts {
            domains: vec!["contoso.example".to_owned()],
            ..TenantFacts::default()
        },
        person: Person {
            id: "leaver".into(),
            upn: "leaver@contoso.example".to_owned(),
            display_name: "Lea Ver".to_owned(),
            mail: Some("leaver@contoso.example".to_owned()),
            sign_in_allowed: true,
            guest: false,
            synced: false,
            kind: AccountKind::Human,
            usage_location: Some("DE".to_owned()),
            department: None,
            job_title: None,
            employee_id: None,
            manager: Some(PersonLite {
                id: "boss".into(),
                upn: "boss@contoso.example".to_owned(),
                display_name: "Boss".to_owned(),
            }),
            password_changed_at: Some("2026-01-01T00:00:00Z".to_owned()),
            sessions_valid_from: Some("2026-01-01T00:00:00Z".to_owned()),
            attributes: std::collections::BTreeMap::new(),
            synced_at: None,
        },
        licenses: Vec::new(),
        memberships: Vec::new(),
        owned_groups: Vec::new(),
        owned_applications: Vec::new(),
        roles: Vec::new(),
        methods: Vec::new(),
        reports: Vec::new(),
        mailbox: MailboxFacts::Cloud(Box::new(Mailbox {
            id: "mailbox".into(),
            address: "leaver@contoso.example".to_owned(),
            kind: "UserMailbox".to_owned(),
            size_bytes: Some(1 << 30),
            holds: Vec::new(),
            archive: false,
            hidden: false,
            forwarding_to: None,
            forwarding_smtp: None,
            keep_copy: false,
            auto_reply: AutoReply::default(),
            rules: Vec::new(),
            devices: Vec::new(),
            full_access: Vec::new(),
            send_as: Vec::new(),
        })),
        meetings: Vec::new(),
        rights_elsewhere: Vec::new(),
        named: Vec::new(),
        unchecked: Vec::new(),
        joiner: None,
    }
}

/// Somebody who comes, is not in the directory yet, and gets a licence with a mailbox by the role of [`joiner_policy`].
pub(crate) fn joiner() -> Facts {
    let mut facts = leaver();
    facts.tenant.skus = vec![Sku {
        id: "e3".into(),
        name: "SPE_E3".to_owned(),
        seats: 10,
        used: 1,
        carries: Carries {
            mailbox: true,
            ..Carries::default()
        },
        keeps_large_mailbox: true,
        titles: vec!["Microsoft 365 E3".to_owned()],
        plans: ["EXCHANGE_S_ENTERPRISE", "TEAMS1"]
            .map(|name| ServicePlan {
                id: name.into(),
                name: name.to_owned(),
                family: None,
            })
            .to_vec(),
        reserved: 0,
    }];
    facts.person.id = "joy.comer@contoso.example".into();
    facts.person.upn = "joy.comer@contoso.example".to_owned();
    facts.person.display_name = "Joy Comer".to_owned();
    facts.person.mail = None;
    facts.person.usage_location = None;
    facts.mailbox = MailboxFacts::None;
    facts.joiner = Some(Joiner {
        new: true,
        groups: vec![GroupNamed {
            written: "Licence E3".to_owned(),
            found: vec![Group {
                licenses: vec!["e3".into()],
                ..security_group("Licence E3")
            }],
        }],
        ..Joiner::default()
    });
    facts
}

pub(crate) fn joiner_request() -> Request {
    let mut request = request();
    request.kind = Kind::Onboard;
    field(&mut request, "given-name", "Joy");
    field(&mut request, "family-name", "Comer");
    request
}

pub(crate) fn joiner_policy() -> Policy {
    serde_json::from_value(serde_json::json!({
        "version": 1, "requesters": {}, "approvals": {}, "protected": {},
        "sites": { "default": { "usage-location": "GB", "time-zone": "Europe/London", "language": "en-GB" } },
        "roles": { "default": { "licences": ["Microsoft 365 E3"] } },
        "notify": { "sender": "tenure@contoso.example" },
    }))
    .unwrap()
}

/// What the first of these steps proposes for somebody who comes when all of them are on.
pub(crate) fn propose_joiner(
    step: &dyn Step,
    facts: &Facts,
    switches: &[(&str, &str)],
    set: impl Fn(&mut Request, &mut Policy),
) -> Proposal {
    let (mut request, mut policy) = (joiner_request(), joiner_policy());
    set(&mut request, &mut policy);
    run(step, facts, switches, &request, &policy)
}

pub(crate) fn mailbox_mut(facts: &mut Facts) -> &mut Mailbox {
    match &mut facts.mailbox {
        MailboxFacts::Cloud(mailbox) => mailbox,
        other => panic!("the leaver has a mailbox, not {other:?}"),
    }
}

pub(crate) fn security_group(id: &str) -> Group {
    Group {
        id: id.into(),
        name: id.to_owned(),
        kind: GroupKind::Security,
        rule: None,
        synced: false,
        role_assignable: false,
        licenses: Vec::new(),
        address: None,
        aliases: Vec::new(),
    }
}

pub(crate) fn licence(id: &str, route: Route) -> LicenseHeld {
    LicenseHeld {
        sku: id.into(),
        name: id.to_uppercase(),
        route,
        carries: Carries {
            mailbox: true,
            ..Carries::default()
        },
        disabled_plans: Vec::new(),
    }
}

pub(crate) fn request() -> Request {
    Request {
        id: "r1".into(),
        tenant: "contoso".into(),
        kind: Kind::Offboard,
        person: PersonHint::default(),
        when: Some(Cited::typed(When::Now)),
        fields: std::collections::BTreeMap::new(),
        switches: std::collections::BTreeMap::new(),
        origin: Origin {
            channel: "cli".to_owned(),
            requester: "hr@contoso.example".to_owned(),
            reference: None,
            received_at: Timestamp::UNIX_EPOCH,
            subject: None,
            body: None,
        },
        asks: Vec::new(),
        confidential: Vec::new(),
        only: None,
    }
}

pub(crate) fn field(request: &mut Request, name: &str, value: &str) {
    request
        .fields
        .insert(name.to_owned(), Cited::typed(value.to_owned()));
}

pub(crate) fn policy() -> Policy {
    serde_json::from_value(serde_json::json!({
        "version": 1, "sites": {}, "requesters": {}, "approvals": {}, "protected": {}
    }))
    .unwrap()
}

/// What the step proposes when it alone is on.
pub(crate) fn propose_one(step: &dyn Step, facts: &Facts, settings: &str) -> Proposal {
    run(
        step,
        facts,
        &[(step.about().name, settings)],
        &request(),
        &policy(),
    )
}

/// The same, with these steps on.
pub(crate) fn propose_on(step: &dyn Step, facts: &Facts, switches: &[(&str, &str)]) -> Proposal {
    run(step, facts, switches, &request(), &policy())
}

/// The same, for a request that says more.
pub(crate) fn propose_with(
    step: &dyn Step,
    facts: &Facts,
    settings: &str,
    ask: impl Fn(&mut Request),
) -> Proposal {
    let mut request = request();
    ask(&mut request);
    run(
        step,
        facts,
        &[(step.about().name, settings)],
        &request,
        &policy(),
    )
}

/// The same, under a policy that says more.
pub(crate) fn propose_under(
    step: &dyn Step,
    facts: &Facts,
    settings: &str,
    set: impl Fn(&mut Policy),
) -> Proposal {
    let mut policy = policy();
    set(&mut policy);
    run(
        step,
        facts,
        &[(step.about().name, settings)],
        &request(),
        &policy,
    )
}

fn run(
    step: &dyn Step,
    facts: &Facts,
    switches: &[(&str, &str)],
    request: &Request,
    policy: &Policy,
) -> Proposal {
    let switches: Switches = switches
        .iter()
        .map(|(name, settings)| ((*name).to_owned(), serde_json::from_str(settings).unwrap()))
        .collect();
    let settings: &Value = &switches[step.about().name];
    assert_eq!(
        (step.about().check)(settings),
        Ok(()),
        "the test's own settings"
    );
    let mut out = Proposal::default();
    step.propose(
        &Wish {
            request,
            policy,
            facts,
            settings,
            switches: &switches,
        },
        &mut out,
    );
    for spec in &out.specs {
        assert!(
            !spec.changes.is_empty() && !spec.effects.is_empty(),
            "{spec:?}"
        );
        for permission in &spec.permissions {
            let listed = step.about().permissions.contains(&permission.as_str())
                || permission == "RoleManagement.ReadWrite.Directory";
            assert!(
                listed,
                "{} asks for {permission} without saying so",
                spec.key
            );
        }
    }
    out
}

/// Files that hold no step.
const HOUSE: &[&str] = &[
    "access",
    "cx",
    "hands",
    "joining",
    "lib",
    "licence",
    "mailbox",
    "markup",
    "membership",
    "messages",
    "phone",
    "problem",
    "rights",
    "settings",
    "step",
    "taking_back",
    "tests",
    "vault",
    "windows_zones",
    "wish",
];

#[test]
fn every_file_is_a_listed_step_or_part_of_the_house() {
    let steps: BTreeSet<String> = crate::ALL
        .iter()
        .map(|step| step.about().name.replace('-', "_"))
        .collect();
    assert_eq!(steps.len(), crate::ALL.len(), "two steps have one name");
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files: BTreeSet<String> = std::fs::read_dir(source)
        .unwrap()
        .map(|file| {
            file.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let house: BTreeSet<String> = HOUSE.iter().map(|&file| file.to_owned()).collect();
    let listed: BTreeSet<String> = steps.union(&house).cloned().collect();
    assert_eq!(files, listed);
}

#[test]
fn what_a_request_asks_for_is_never_silently_left_out() {
    let mut request = request();
    field(&mut request, "forward-to", "kim@contoso.example");
    let out = crate::propose(&request, &policy(), &leaver(), &Switches::new());
    assert!(
        out.remarks
            .iter()
            .any(|remark| remark.text.contains("kim@contoso.example"))
    );
    let unknown = Switches::from([("make-coffee".to_owned(), Value::Null)]);
    assert_eq!(
        crate::propose(&request, &policy(), &leaver(), &unknown).refusals[0].code,
        "unknown-step"
    );
    let wrong = Switches::from([("notify".to_owned(), serde_json::json!({"manager": 3}))]);
    let refusal = &crate::propose(&request, &policy(), &leaver(), &wrong).refusals[0];
    assert!(refusal.text.contains("manager"), "{refusal:?}");
}

#[test]
fn defaults_of_every_step_pass_its_own_check() {
    for entry in crate::catalogue().entries {
        assert_eq!((entry.check)(&entry.defaults), Ok(()), "{}", entry.name);
    }
}

#[test]
fn the_policy_template_of_these_steps_can_be_read() {
    let catalogue = crate::catalogue();
    let template = domain::policy::template(&catalogue);
    let policy = domain::policy::parse(&template, &catalogue).unwrap();
    for kind in [Kind::Onboard, Kind::Offboard] {
        let asked = request().switches;
        let resolved = domain::policy::resolve(&policy, kind, &asked, &catalogue).unwrap();
        let on = crate::switched_on(&resolved);
        let entries = catalogue.entries.iter();
        for entry in entries.filter(|entry| entry.kinds.contains(&kind)) {
            assert_eq!(
                on.contains_key(entry.name),
                entry.default_on,
                "{}",
                entry.name
            );
        }
    }
}

/// Every switch that other tools know reaches a step, in each of the forms in which callers send it.
#[test]
fn switches_of_other_tools_are_accepted() {
    let catalogue = crate::catalogue();
    let policy = policy();
    let cases = [
        ("DisableSignIn", "block-sign-in"),
        ("ResetPass", "reset-password"),
        ("RevokeSessions", "revoke-sessions"),
        ("RemoveMFADevices", "remove-auth-methods"),
        ("RemoveLicenses", "remove-licenses"),
        ("ConvertToShared", "convert-mailbox"),
        ("AccessAutomap", "grant-mailbox-access"),
        ("AccessNoAutomap", "grant-mailbox-access"),
        ("OOO", "set-auto-reply"),
        ("forward", "set-forwarding"),
        ("disableForwarding", "set-forwarding"),
        ("HideFromGAL", "hide-from-address-lists"),
        ("RemoveGroups", "remove-from-groups"),
        ("RemoveGroups", "remove-from-lists"),
        ("removePermissions", "remove-mailbox-permissions"),
        ("RemoveRules", "remove-inbox-rules"),
        ("removeCalendarInvites", "cancel-meetings"),
        ("RemoveMobile", "remove-mobile-devices"),
    ];
    for (switch, step) in cases {
        let text = matches!(
            switch,
            "AccessAutomap" | "AccessNoAutomap" | "OOO" | "forward"
        );
        let value = if text {
            serde_json::json!([{ "value": "kim@contoso.example" }])
        } else {
            "true".into()
        };
        let switches = std::collections::BTreeMap::from([(switch.to_lowercase(), value)]);
        let resolved = domain::policy::resolve(&policy, Kind::Offboard, &switches, &catalogue);
        let resolved = resolved.unwrap_or_else(|refusals| panic!("{switch}: {refusals:?}"));
        assert!(
            resolved[step].on && resolved[step].from == domain::policy::From::Request,
            "{switch}"
        );
    }
}
