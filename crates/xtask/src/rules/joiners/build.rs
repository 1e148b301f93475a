//! What the shapes of people who come are built of: what is read for them, what is asked, and the policy.

use std::collections::BTreeMap;

use domain::facts::{
    Copied, Facts, Group, GroupKind, GroupNamed, Joiner, MailboxFacts, MailboxLite, MailboxNamed,
    NameTried, Named,
};
use domain::policy::Policy;
use domain::request::{Cited, Kind, Request, When};
use serde_json::{Value, json};

use super::super::parts::{group, licence_group, lite, sku};
use super::super::shapes::{Shape, Traits, shape};
use super::super::switches;
use super::{Comes, Differs, NOBODY_YET};

/// Somebody new.
pub(super) fn coming(name: &'static str, comes: Comes, differs: Differs) -> Shape {
    let mut made = shape(name, NOBODY_YET, |facts| {
        facts.person.id = "joan.doe@contoso.example".into();
        "joan.doe@contoso.example".clone_into(&mut facts.person.upn);
        "Joan Doe".clone_into(&mut facts.person.display_name);
        facts.person.mail = None;
        facts.person.manager = None;
        facts.person.usage_location = None;
        facts.person.password_changed_at = None;
        facts.person.sessions_valid_from = None;
        facts.licenses.clear();
        facts.methods.clear();
        facts.mailbox = MailboxFacts::None;
        onboarded(facts, true);
    });
    finish(&mut made, comes, differs);
    made
}

/// Somebody who is there.
pub(super) fn there(name: &'static str, traits: Traits, comes: Comes, differs: Differs) -> Shape {
    let mut made = shape(name, traits, |facts| {
        "Joan Doe".clone_into(&mut facts.person.display_name);
        facts.person.department = Some("Warehouse".to_owned());
        onboarded(facts, false);
    });
    finish(&mut made, comes, differs);
    made
}

fn finish(shape: &mut Shape, comes: Comes, differs: Differs) {
    (differs.change)(&mut shape.facts);
    shape.kind = Kind::Onboard;
    shape.comes = Some(comes);
    let own = (
        request(comes, differs.fields),
        policy(differs.role, differs.policy),
    );
    shape.own = Some(Box::new(own));
}

/// What is read for somebody who comes.
fn onboarded(facts: &mut Facts, new: bool) {
    facts.meetings.clear();
    facts.tenant.skus.push(sku("VISIO", 5));
    facts.named = vec![Named {
        written: "boss@contoso.example".to_owned(),
        found: vec![lite("boss")],
        active: true,
        guest: false,
        mail: Some("boss@contoso.example".to_owned()),
    }];
    let of = |kind: GroupKind, id: &str| Group { kind, ..group(id) };
    let found = [
        group("plain"),
        of(GroupKind::Unified, "team"),
        of(GroupKind::Distribution, "list"),
        licence_group("licences", &["SPE_E3"]),
        Group {
            kind: GroupKind::MailSecurity,
            ..licence_group("licence-list", &["MCOEV", "VISIO"])
        },
    ];
    let copied = vec![
        group("copied"),
        of(GroupKind::Distribution, "copied-list"),
        licence_group("licences", &["SPE_E3"]),
        group("board"),
        Group {
            role_assignable: true,
            ..group("copied-admins")
        },
        Group {
            rule: Some("user.city -eq \"Oslo\"".to_owned()),
            ..group("dynamic")
        },
        Group {
            synced: true,
            ..group("synced")
        },
    ];
    facts.joiner = Some(Joiner {
        new,
        names: vec![NameTried {
            upn: "joan.doe@contoso.example".to_owned(),
            taken: None,
        }],
        groups: found
            .into_iter()
            .map(|group| GroupNamed {
                written: group.name.clone(),
                found: vec![group],
            })
            .collect(),
        mailboxes: vec![MailboxNamed {
            written: "info@contoso.example".to_owned(),
            found: Some(MailboxLite {
                id: "info".into(),
                address: "info@contoso.example".to_owned(),
                kind: "SharedMailbox".to_owned(),
            }),
            unread: None,
        }],
        copied: Some(Copied {
            person: lite("colleague"),
            memberships: copied,
        }),
        namesakes: Vec::new(),
    });
}

fn request(comes: Comes, differs: &[(&str, &str)]) -> Request {
    let mut fields: BTreeMap<&str, &str> = [
        ("given-name", "Joan"),
        ("family-name", "Doe"),
        ("department", "Sales"),
        ("role", "role"),
        ("manager", "boss@contoso.example"),
        ("mobile", "+49 1512 3456789"),
        ("copy-from", "colleague"),
    ]
    .into();
    fields.extend(differs.iter().copied());
    let mut request = switches::request(Kind::Onboard);
    request.fields = fields
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name.to_owned(), Cited::typed(text.to_owned())))
        .collect();
    request.when = Some(Cited::typed(comes.starts.map_or(When::Now, When::At)));
    request
}

fn policy(mut role: Value, differs: Value) -> Policy {
    role["groups"] = json!(["plain", "team"]);
    role["lists"] = json!(["list"]);
    role["mailboxes"] = json!(["info@contoso.example"]);
    let mut policy = json!({
        "version": 1,
        "sites": { "default": { "usage-location": "DE", "time-zone": "Europe/Berlin" } },
        "requesters": {}, "approvals": {},
        "protected": { "break-glass-confirmed": true },
        "notify": { "sender": "it@contoso.example", "recipients": ["it@contoso.example"] },
        "roles": { "role": role },
        "asks": { "copy": ["*"], "never": ["board"] },
    });
    if let (Value::Object(policy), Value::Object(differs)) = (&mut policy, differs) {
        policy.extend(differs);
    }
    serde_json::from_value(policy).expect("a policy of these parts can be read")
}
