//! What a person has, grouped as a plan groups it.

use domain::ObjectId;
use domain::facts::{Facts, Mailbox, MailboxFacts, RoleHeldBy, Trustee, Unchecked};
use domain::spec::Route;
use schemars::JsonSchema;
use serde::Serialize;

/// One thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Thing {
    pub(super) what: String,
    pub(super) value: String,
    pub(super) note: String,
}

/// Things under one head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ThingsUnderOneHead")]
pub(crate) struct Group {
    pub(super) icon: &'static str,
    pub(super) name: &'static str,
    pub(super) things: Vec<Thing>,
    /// What is said when there is nothing.
    pub(super) none: String,
}

fn thing(what: &str, value: impl Into<String>, note: impl Into<String>) -> Thing {
    Thing {
        what: what.to_owned(),
        value: value.into(),
        note: note.into(),
    }
}

fn group(icon: &'static str, name: &'static str, things: Vec<Thing>) -> Group {
    Group {
        icon,
        name,
        things,
        none: "none".to_owned(),
    }
}

/// What stands in the head of the part: job, department, manager.
pub(crate) fn head(facts: &Facts) -> Vec<(String, String)> {
    let person = &facts.person;
    let parts = [
        ("Job", person.job_title.clone()),
        ("Department", person.department.clone()),
        (
            "Manager",
            person.manager.as_ref().map(|one| one.display_name.clone()),
        ),
        ("Employee id", person.employee_id.clone()),
    ];
    let some = parts
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    some.collect()
}

/// All of it, in the fixed order.
pub(crate) fn groups(facts: &Facts) -> Vec<Group> {
    vec![
        group("person", "Account", account(facts)),
        mailbox(facts),
        group("people", "Groups and lists", memberships(facts)),
        group("seats", "Licences", licences(facts)),
        group("shield", "Roles", roles(facts)),
        group("key", "Sign-in methods", methods(facts)),
        group("apps", "Apps", apps(facts)),
    ]
}

fn account(facts: &Facts) -> Vec<Thing> {
    let person = &facts.person;
    let mut things = vec![
        thing(
            "Sign-in",
            if person.sign_in_allowed {
                "allowed"
            } else {
                "blocked"
            },
            "",
        ),
        thing(
            "Sign-in name",
            person.upn.as_str(),
            if person.synced {
                "mastered on premises"
            } else {
                ""
            },
        ),
    ];
    if let Some(mail) = person.mail.as_ref().filter(|mail| **mail != person.upn) {
        things.push(thing("Mail", mail.as_str(), ""));
    }
    if !facts.reports.is_empty() {
        let names: Vec<&str> = facts
            .reports
            .iter()
            .map(|one| one.display_name.as_str())
            .collect();
        things.push(thing("Direct reports", names.join(", "), ""));
    }
    things
}

fn mailbox(facts: &Facts) -> Group {
    let mut out = group("mail", "Mailbox", Vec::new());
    let mailbox = match &facts.mailbox {
        MailboxFacts::None => return out,
        MailboxFacts::OnPremises => {
            out.none = "on premises, not read from here".to_owned();
            return out;
        }
        MailboxFacts::Unread { because } => {
            out.none = format!("not read: {because}");
            return out;
        }
        MailboxFacts::Cloud(mailbox) => mailbox,
    };
    let size = mailbox.size_bytes.map_or_else(
        || "size unknown".to_owned(),
        |bytes| format!("{:.1}\u{202f}GB", bytes as f64 / 1e9),
    );
    let holds = if mailbox.holds.is_empty() {
        String::new()
    } else {
        format!("on hold: {}", mailbox.holds.join(", "))
    };
    out.things.push(thing(
        "Type",
        kind(mailbox.kind.as_str()),
        format!("{size} {holds}").trim(),
    ));
    let forwards = mailbox
        .forwarding_smtp
        .as_ref()
        .or(mailbox.forwarding_to.as_ref());
    if let Some(to) = forwards {
        out.things.push(thing(
            "Forwarding",
            to.as_str(),
            if mailbox.keep_copy {
                "a copy stays"
            } else {
                ""
            },
        ));
    }
    out.things.push(thing(
        "Automatic reply",
        reply(&mailbox.auto_reply.state),
        "",
    ));
    if mailbox.hidden {
        out.things.push(thing("Address lists", "hidden", ""));
    }
    out.things.extend(around(facts, mailbox));
    out
}

fn memberships(facts: &Facts) -> Vec<Thing> {
    let owned = |id: &ObjectId| facts.owned_groups.iter().any(|own| own.group.id == *id);
    let mut things: Vec<Thing> = facts
        .memberships
        .iter()
        .map(|group| {
            let what = if group.is_list() { "List" } else { "Group" };
            thing(
                what,
                group.name.as_str(),
                if owned(&group.id) { "owner" } else { "" },
            )
        })
        .collect();
    let only = facts
        .owned_groups
        .iter()
        .filter(|own| facts.memberships.iter().all(|one| one.id != own.group.id));
    things.extend(only.map(|own| thing("Owner of", own.group.name.as_str(), "")));
    things
}

fn licences(facts: &Facts) -> Vec<Thing> {
    let name = |id: &ObjectId| {
        facts
            .memberships
            .iter()
            .find(|one| one.id == *id)
            .map_or("a group", |one| one.name.as_str())
    };
    facts
        .licenses
        .iter()
        .map(|held| {
            let note = match &held.route {
                Route::Direct => "direct".to_owned(),
                Route::Group(id) => format!("by {}", name(id)),
            };
            thing("Licence", held.name.as_str(), note)
        })
        .collect()
}

fn roles(facts: &Facts) -> Vec<Thing> {
    facts
        .roles
        .iter()
        .map(|role| {
            let note = match &role.by {
                RoleHeldBy::Eligibility => "eligible",
                _ if role.privileged => "privileged",
                _ => "",
            };
            thing("Role", role.name.as_str(), note)
        })
        .collect()
}

fn methods(facts: &Facts) -> Vec<Thing> {
    let methods = facts.methods.iter();
    methods
        .map(|method| thing("Method", method_kind(&method.kind), model(&method.name)))
        .collect()
}

/// What Exchange calls a mailbox, as people say it.
fn kind(kind: &str) -> &str {
    match kind {
        "UserMailbox" => "of a person",
        "SharedMailbox" => "shared",
        "RoomMailbox" => "of a room",
        "EquipmentMailbox" => "of equipment",
        other => other,
    }
}

/// What Exchange says of automatic replies, as people say it.
fn reply(state: &str) -> String {
    match state.to_lowercase().as_str() {
        "enabled" => "on".to_owned(),
        "disabled" => "off".to_owned(),
        other => other.to_owned(),
    }
}

/// What Graph calls a sign-in method, as people say it.
fn method_kind(kind: &str) -> &str {
    match kind {
        "phone" => "phone",
        "microsoftAuthenticator" => "authenticator app",
        "fido2" => "security key",
        "softwareOath" => "code app",
        "hardwareOath" => "code token",
        "windowsHelloForBusiness" => "Windows Hello",
        "temporaryAccessPass" => "temporary access pass",
        "platformCredential" => "platform credential",
        "external" => "another provider",
        other => other,
    }
}

/// The device in a name like `fido2 (Security key)`.
fn model(name: &str) -> &str {
    let inside = name.split_once(" (").map(|(_, rest)| rest);
    inside
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(name)
}

fn apps(facts: &Facts) -> Vec<Thing> {
    let apps = facts.owned_applications.iter();
    apps.map(|app| {
        let secrets = match app.secrets {
            0 => String::new(),
            1 => "1 secret".to_owned(),
            more => format!("{more} secrets"),
        };
        thing("Owner of", app.name.as_str(), secrets)
    })
    .collect()
}

/// What was not read, and why.
pub(crate) fn unchecked(unchecked: &Unchecked) -> String {
    format!("{}: {}", unchecked.what, unchecked.because)
}

/// Who and what else gets into the mailbox.
fn around(facts: &Facts, mailbox: &Mailbox) -> Vec<Thing> {
    let names = |of: &[Trustee]| of.iter().map(|one| one.name.clone()).collect();
    let lists: [(&str, Vec<String>); 4] = [
        ("Full access", names(&mailbox.full_access)),
        ("Send as", names(&mailbox.send_as)),
        (
            "Inbox rules",
            mailbox.rules.iter().map(|one| one.name.clone()).collect(),
        ),
        (
            "Phones",
            mailbox.devices.iter().map(|one| one.name.clone()).collect(),
        ),
    ];
    let some = lists.into_iter().filter(|(_, names)| !names.is_empty());
    let mut things: Vec<Thing> = some
        .map(|(what, names)| thing(what, names.join(", "), ""))
        .collect();
    if !facts.meetings.is_empty() {
        let many = format!("{} organised", facts.meetings.len());
        things.push(thing("Meetings ahead", many, ""));
    }
    things
}
