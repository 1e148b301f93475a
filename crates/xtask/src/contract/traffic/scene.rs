//! The scenes that are played: who leaves, what the person has, which settings are on, and what the cloud does meanwhile.

use domain::request::Kind;
use serde_json::{Value, json};
use sim::world::Tenant;
use sim::worlds::{CONTOSO, FABRIKAM, NORTHWIND, id};
use sim::{Effect, Faults, Rule, Temper};

use super::{furnish, joiners};

/// One way of playing all steps.
#[derive(Clone, Copy)]
pub(super) struct Scene {
    pub(super) name: &'static str,
    /// Everybody of both tenants, or only the reference leaver of each.
    pub(super) everybody: bool,
    /// What the person has besides what the demo world gives.
    pub(super) before: fn(&mut Tenant, &Cast),
    /// What became of the tenant between plan and run, where it is another one by then.
    pub(super) meanwhile: Option<fn(&mut Tenant, &Cast)>,
    /// What goes wrong while the steps are carried out.
    pub(super) faults: Option<fn() -> Faults>,
    /// Settings that differ from the defaults; `null` switches a step off.
    pub(super) settings: fn(&Cast) -> Value,
    /// What the request is.
    pub(super) kind: Kind,
    /// In which tenants, with whom.
    pub(super) casts: fn() -> Vec<Cast>,
    /// Whether the request names the person in words.
    pub(super) by_name: bool,
    /// What the request says besides.
    pub(super) fields: fn(&Cast) -> Vec<(&'static str, String)>,
    /// What the policy says besides.
    pub(super) policy: fn(&Cast) -> Value,
}

/// Who is who in a tenant.
#[derive(Clone, Debug)]
pub(super) struct Cast {
    /// The tenant's GUID.
    pub(super) tenant: &'static str,
    pub(super) domain: &'static str,
    /// Whose leaving is played, by object id.
    pub(super) leaver: String,
    /// Two others, by the word they were built with.
    pub(super) others: [&'static str; 2],
    /// A shared mailbox, by the same word.
    pub(super) shared: &'static str,
    /// The reference leaver, by the same word.
    pub(super) reference: &'static str,
}

fn cast(
    tenant: &'static str,
    domain: &'static str,
    reference: &'static str,
    others: [&'static str; 2],
    shared: &'static str,
) -> Cast {
    Cast {
        tenant,
        domain,
        leaver: id(tenant, &format!("user {reference}")),
        others,
        shared,
        reference,
    }
}

/// The tenants whose people live in the cloud, each with its reference leaver.
pub(super) fn casts() -> Vec<Cast> {
    vec![
        cast(
            CONTOSO,
            "contoso.example",
            "nora.lindqvist",
            ["henrik.dahl", "amira.haddad"],
            "orders",
        ),
        cast(
            FABRIKAM,
            "fabrikam.example",
            "maria.sandoval",
            ["oskar.berg", "yusuf.demir"],
            "support",
        ),
    ]
}

/// The tenant whose people are mastered on premises.
pub(super) fn on_premises() -> Vec<Cast> {
    vec![cast(
        NORTHWIND,
        "northwind.example",
        "ivan.koroma",
        ["greta.nilsen", "lena.fischer"],
        "shifts",
    )]
}

impl Cast {
    /// The sign-in name of somebody.
    pub(super) fn address(&self, local: &str) -> String {
        format!("{local}@{}", self.domain)
    }

    /// The object id of somebody.
    pub(super) fn user(&self, local: &str) -> String {
        id(self.tenant, &format!("user {local}"))
    }
}

/// Every scene, in the order in which they are played.
pub(super) const ALL: &[Scene] = &[
    Scene {
        name: "as it stands",
        everybody: true,
        before: |_, _| {},
        settings: |cast| {
            json!({
                "grant-mailbox-access": { "automap": ["manager"], "send-as": [cast.address(cast.others[1])] },
            })
        },
        ..QUIET
    },
    Scene {
        name: "with everything",
        everybody: true,
        settings: everything,
        ..QUIET
    },
    Scene {
        name: "another way",
        everybody: true,
        settings: another_way,
        ..QUIET
    },
    Scene {
        name: "let go",
        everybody: true,
        settings: |_| {
            json!({
                "set-forwarding": { "clear": true },
                "set-auto-reply": { "audience": "none" },
                "convert-mailbox": null,
                "remove-licenses": { "mailbox": "let-go" },
            })
        },
        ..QUIET
    },
    Scene {
        name: "as asked for",
        settings: |_| json!({ "reassign-reports": { "to": "successor" }, "set-forwarding": { "allow-outside": true } }),
        by_name: true,
        fields: |cast| {
            vec![
                ("delegate", cast.address(cast.others[0])),
                ("successor", cast.address(cast.others[1])),
                ("forward-to", "somebody@partner.example".to_owned()),
            ]
        },
        ..QUIET
    },
    Scene {
        name: "by the hundred",
        before: furnish::by_the_hundred,
        settings: long_lists,
        ..QUIET
    },
    Scene {
        name: "without permission",
        meanwhile: Some(furnish::no_permission),
        ..QUIET
    },
    Scene {
        name: "gone meanwhile",
        meanwhile: Some(furnish::gone),
        ..QUIET
    },
    Scene {
        name: "unkind",
        faults: Some(unkind),
        ..QUIET
    },
    Scene {
        name: "mastered on premises",
        casts: on_premises,
        before: |_, _| {},
        settings: |_| json!({}),
        ..QUIET
    },
    joiners::NEW,
    joiners::BY_GROUP,
    joiners::IN_PLACE,
    joiners::ON_PREMISES,
    Scene {
        name: "somebody took the name",
        meanwhile: Some(joiners::taken),
        ..joiners::NEW
    },
    Scene {
        name: "new, the reply is lost",
        faults: Some(lost_reply),
        ..joiners::NEW
    },
    Scene {
        name: "new, without permission",
        meanwhile: Some(furnish::no_permission),
        ..joiners::NEW
    },
    Scene {
        name: "new, mails cannot be sent",
        meanwhile: Some(furnish::no_sending),
        ..joiners::NEW
    },
    Scene {
        name: "new, unkind",
        faults: Some(unkind),
        ..joiners::NEW
    },
];

/// A furnished reference leaver in a calm cloud, everything on.
pub(super) const QUIET: Scene = Scene {
    name: "",
    everybody: false,
    before: furnish::everything,
    meanwhile: None,
    faults: None,
    settings: everything,
    kind: Kind::Offboard,
    casts,
    by_name: false,
    fields: |_| Vec::new(),
    policy: |_| json!({}),
};

/// Every kind of refusal that the cloud knows, again and again.
fn unkind() -> Faults {
    let often = |effect| Rule::always(effect).with_probability(0.05);
    Faults {
        temper: Temper {
            stray_429: 0.2,
            ..Temper::default()
        },
        rules: vec![
            often(Effect::LoseReply),
            often(Effect::LoseRequest),
            often(Effect::FailBefore {
                status: 503,
                retry_after_s: Some(1.0),
            }),
            often(Effect::FailBefore {
                status: 500,
                retry_after_s: None,
            }),
            often(Effect::FailAfter { status: 504 }),
            often(Effect::Throttle {
                retry_after_s: Some(1.5),
            }),
            often(Effect::RejectToken),
        ],
        ..Faults::default()
    }
}

/// The account is made, and nobody hears of it.
fn lost_reply() -> Faults {
    let lost = Rule {
        method: Some("POST".to_owned()),
        path: Some("/users".to_owned()),
        ..Rule::once(Effect::LoseReply)
    };
    Faults {
        temper: Temper {
            budgets: false,
            ..Temper::calm()
        },
        rules: vec![lost],
        ..Faults::default()
    }
}

fn everything(cast: &Cast) -> Value {
    let [one, other] = cast.others.map(|local| cast.address(local));
    json!({
        "set-forwarding": { "to": other },
        "grant-mailbox-access": { "automap": [one], "no-automap": [other], "send-as": [one, other] },
        "convert-mailbox": { "keep-licence-group": id(cast.tenant, "group Licence Exchange Online Plan 2") },
    })
}

/// Only the steps that read a list which can be long.
fn long_lists(_: &Cast) -> Value {
    const LONG: [&str; 3] = ["cancel-meetings", "remove-from-lists", "transfer-ownership"];
    let all = steps::ALL.iter().map(|step| step.about().name);
    let others = all.filter(|name| !LONG.contains(name));
    others.map(|name| (name.to_owned(), Value::Null)).collect()
}

fn another_way(cast: &Cast) -> Value {
    let [one, other] = cast.others.map(|local| cast.address(local));
    json!({
        "set-forwarding": { "to": "archive@partner.example", "keep-copy": false },
        "set-auto-reply": { "message": "Gone.", "external-message": "Gone & <away>.", "audience": "known" },
        "grant-mailbox-access": { "no-automap": [other] },
        "reassign-reports": { "to": one },
        "transfer-ownership": { "to": other },
        "notify": { "manager": false },
    })
}

#[cfg(test)]
mod tests {
    use sim::World;

    use super::*;
    use crate::contract::traffic::play::START;

    #[test]
    fn scenes_are_set_in_worlds_and_with_settings_that_are_allowed() {
        for (scene, cast) in ALL
            .iter()
            .flat_map(|scene| (scene.casts)().into_iter().map(move |cast| (scene, cast)))
        {
            let Value::Object(settings) = (scene.settings)(&cast) else {
                panic!("{} has no table of settings", scene.name);
            };
            for (step, settings) in settings {
                let step = steps::find(&step).unwrap_or_else(|| panic!("there is no {step}"));
                if !settings.is_null() {
                    assert_eq!((step.about().check)(&settings), Ok(()), "{}", scene.name);
                }
            }
            let mut world = sim::worlds::demo(START);
            let tenant = world.tenants.get_mut(cast.tenant).unwrap();
            assert!(tenant.users.contains_key(&cast.leaver));
            (scene.before)(tenant, &cast);
            if let Some(change) = scene.meanwhile {
                change(tenant, &cast);
            }
            let read = World::parse(&world.to_json())
                .unwrap_or_else(|error| panic!("{}: {error}", scene.name));
            assert_eq!(read, world);
        }
    }
}
