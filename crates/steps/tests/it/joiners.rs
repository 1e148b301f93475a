//! Those who come, and every step on them: somebody new, somebody licensed by group, and somebody who is in the directory already.

mod accounts;
mod licences;
mod premises;
mod scenarios;

use std::collections::BTreeSet;

use domain::StepKey;
use domain::request::Kind;
use domain::spec::StepSpec;
use engine::hands::{Class, Purpose, Seen};
use serde_json::json;
use sim::world::User;
use sim::worlds::FABRIKAM;

use crate::every_step::{NONE, lost, twice, undone};
use crate::lab::{Bench, Lab, calm, open};
use crate::leavers::{Leaver, NORA};

/// Everybody that the steps are tried on.
pub(crate) const JOINERS: [Leaver; 3] = [ARNE, KATE, TOMAS];

/// Is new, comes in two hours, and gets everything that a role, an instruction, a request and a colleague can give.
pub(crate) const ARNE: Leaver = Leaver {
    local: "",
    kind: Kind::Onboard,
    starts_s: 7_200,
    fields: &[
        ("given-name", "Arne"),
        ("family-name", "Holm"),
        ("department", "Marketing"),
        ("job-title", "Designer"),
        ("mobile", "+49 151 23456789"),
        ("employee-id", "20417"),
        ("manager", "ravi.menon@contoso.example"),
        ("copy-from", "elin.sato@contoso.example"),
        ("groups", "Project Aurora"),
    ],
    policy: r#"{
        "sites": { "default": {
            "usage-location": "DE", "time-zone": "Europe/Berlin", "language": "de-DE",
            "profile": { "office": "Hamburg", "city": "Hamburg", "country": "Germany", "company": "Contoso", "phone": "+49 40 5550100" }
        } },
        "naming": { "domain": "contoso.example" },
        "roles": { "default": {
            "licences": ["Microsoft 365 E3"],
            "groups": ["Marketing"],
            "lists": ["All Staff", "Fire Wardens"],
            "mailboxes": ["marketing.inbox@contoso.example"]
        } },
        "asks": { "groups": ["Project *"], "copy": ["Marketing*"] }
    }"#,
    furnish: |_| {},
    set: |_| {},
    about: OURS,
    ..NORA
};

/// What is tried here; the steps that need the mailbox are tried beside this file.
const OURS: &[&str] = &[
    "create-user",
    "create-user:enable",
    "set-usage-location",
    "assign-licenses",
    "add-to-groups",
    "add-to-lists",
];

/// Is new and licensed by group.
pub(crate) const KATE: Leaver = Leaver {
    tenant: FABRIKAM,
    domain: "fabrikam.example",
    starts_s: 0,
    fields: &[("given-name", "Kate"), ("family-name", "Mbeki")],
    policy: r#"{
        "sites": { "default": { "usage-location": "GB", "time-zone": "Europe/London" } },
        "naming": { "domain": "fabrikam.example" },
        "roles": { "default": { "licence-groups": ["Licence Microsoft 365 E3"] } }
    }"#,
    about: &["create-user", "assign-licenses:groups"],
    ..ARNE
};

/// Is in the directory already, blocked and with another licence.
pub(crate) const TOMAS: Leaver = Leaver {
    local: "tomas.novak",
    starts_s: 3_600,
    fields: &[
        ("given-name", "Tomas"),
        ("family-name", "Novak"),
        ("department", "Marketing"),
        ("job-title", "Coordinator"),
        ("manager", "ravi.menon@contoso.example"),
    ],
    furnish: |tenant| {
        let tomas = user(tenant, "tomas.novak");
        tomas.account_enabled = false;
        tomas.usage_location = Some("GB".to_owned());
    },
    set: |switches| {
        switches.insert(
            "assign-licenses".to_owned(),
            json!({ "replace-direct": true }),
        );
    },
    ..ARNE
};

fn user<'t>(tenant: &'t mut sim::world::Tenant, local: &str) -> &'t mut User {
    let mut users = tenant.users.values_mut();
    users
        .find(|user| user.user_principal_name.starts_with(&format!("{local}@")))
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_planned_is_what_is_read() {
    for joiner in JOINERS {
        let bench = Bench::of(joiner).await;
        for key in bench.keys() {
            let (lab, spec) = bench.ready(&key).await;
            let seen = lab.observe(&spec, 0, Purpose::Probe).await;
            for (change, seen) in spec.changes.iter().zip(&seen) {
                if let Seen::Value { value } = seen {
                    let what = format!("{key}: {} {}", change.object, change.property);
                    assert_eq!(*value, change.now, "{what}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn done_twice_is_done_once() {
    for joiner in JOINERS {
        let bench = Bench::of(joiner).await;
        for key in bench.keys() {
            twice(&bench, &key).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_creates_nobody_twice_and_loses_nothing() {
    for joiner in JOINERS {
        let bench = Bench::of(joiner).await;
        for key in bench.keys() {
            lost(&bench, &key).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn undoing_restores_the_world_or_is_honestly_refused() {
    let mut refused = BTreeSet::new();
    for joiner in JOINERS {
        let bench = Bench::of(joiner).await;
        for key in bench.keys() {
            if undone(&bench, &key).await.is_some() {
                refused.insert(format!("{} {key}", joiner.local));
            }
        }
    }
    assert_eq!(
        refused,
        BTreeSet::from(
            [
                " assign-licenses",
                " assign-licenses:groups",
                " create-user",
                " set-usage-location",
            ]
            .map(str::to_owned)
        )
    );
}
