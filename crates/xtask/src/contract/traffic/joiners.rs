//! Scenes of people who come: somebody new with licences of their own or by group, somebody who is there already, and somebody who is
//! made on premises.

use std::collections::BTreeSet;

use domain::request::Kind;
use jiff::ToSpan as _;
use serde_json::{Value, json};
use sim::world::{AuthMethod, Group, MethodKind, Tenant};
use sim::worlds::id;

use super::play::START;
use super::scene::{Cast, QUIET, Scene, casts, on_premises};

const ROLE_GROUP: &str = "Front of House";
const SECURE_LIST: &str = "Box Office Keys";
const LICENCE_LIST: &str = "Licence Power BI by list";

/// Somebody new with one of everything.
pub(super) const NEW: Scene = Scene {
    name: "somebody new",
    kind: Kind::Onboard,
    casts: contoso,
    before: groups,
    settings,
    fields,
    policy: directly,
    ..QUIET
};

/// Somebody new whose licences come through groups.
pub(super) const BY_GROUP: Scene = Scene {
    name: "somebody new, licensed by group",
    casts: fabrikam,
    policy: |cast| {
        let role = json!({
            "licence-groups": ["Licence Microsoft 365 E3", LICENCE_LIST],
            "groups": ["Engineering Team"],
            "lists": ["Engineering News"],
            "mailboxes": [{ "address": cast.address(cast.shared), "rights": ["send-as"] }],
        });
        policy(&role)
    },
    ..NEW
};

/// Somebody who is there already, with another licence and an old pass, and cannot sign in.
pub(super) const IN_PLACE: Scene = Scene {
    name: "somebody who is there",
    before: |tenant, cast| {
        groups(tenant, cast);
        let pass = AuthMethod {
            kind: MethodKind::TemporaryAccessPass,
            lifetime_in_minutes: 60,
            created_date_time: START.saturating_add((-1).hours()).unwrap_or(START),
            ..AuthMethod::default()
        };
        if let Some(user) = tenant.users.get_mut(&cast.leaver) {
            user.account_enabled = false;
            user.methods = [(id(cast.tenant, "pass of the scene"), pass)].into();
        }
    },
    fields: |cast| {
        let mut all = fields(cast);
        let own = ["employee-id", "given-name", "family-name"];
        all.retain(|(name, _)| !own.contains(name));
        all.extend([
            ("address", cast.address(cast.reference)),
            ("given-name", "Nora".to_owned()),
            ("family-name", "Lindqvist".to_owned()),
        ]);
        all
    },
    policy: |cast| {
        let role = json!({
            "licences": ["SPE_E5"],
            "groups": [ROLE_GROUP],
            "mailboxes": [cast.address(cast.shared)],
        });
        policy(&role)
    },
    ..NEW
};

/// Somebody new whose account is made on premises.
pub(super) const ON_PREMISES: Scene = Scene {
    name: "somebody new on premises",
    casts: on_premises,
    before: |_, _| {},
    settings: |cast| {
        let mut all = settings(cast);
        all["create-user"] = json!({ "where": "on-premises", "assignee": "ad@partner.example" });
        all
    },
    policy: |cast| {
        let role = json!({
            "licence-groups": ["Licence Microsoft 365 E3"],
            "groups": ["Operations Team"],
            "lists": ["All Northwind"],
            "mailboxes": [cast.address(cast.shared)],
        });
        policy(&role)
    },
    ..NEW
};

fn contoso() -> Vec<Cast> {
    casts().into_iter().take(1).collect()
}

fn fabrikam() -> Vec<Cast> {
    casts().into_iter().skip(1).collect()
}

fn directly(cast: &Cast) -> Value {
    let without = json!({ "licence": "POWER_BI_PRO", "without": ["BI_AZURE_P2"] });
    let role = json!({
        "licences": ["SPE_E3", without],
        "groups": ["Project Aurora", "Sales Team", ROLE_GROUP],
        "lists": ["All Staff", SECURE_LIST],
        "mailboxes": [{ "address": cast.address(cast.shared), "rights": ["full-access", "send-as", "send-on-behalf"] }],
        "profile": { "employee-type": "Employee" },
    });
    policy(&role)
}

fn policy(role: &Value) -> Value {
    json!({
        "sites": { "default": {
            "usage-location": "SE", "time-zone": "Europe/Stockholm", "end-of-day": "17:00", "language": "sv-SE",
            "profile": {
                "office": "Stockholm", "street": "Scenvägen 1", "postal-code": "111 22", "city": "Stockholm", "state": "Stockholm",
                "country": "Sweden", "company": "The Company", "phone": "+46 8 1234567",
            },
        } },
        "roles": { "stage": role },
        "asks": { "copy": ["*"] },
    })
}

fn settings(_: &Cast) -> Value {
    json!({
        "assign-licenses": { "replace-direct": true },
        "mailbox-settings": { "aliases": ["{f}{last}"], "archive": true },
        "grant-shared-mailbox": { "automap": false },
    })
}

fn fields(cast: &Cast) -> Vec<(&'static str, String)> {
    let [one, other] = cast.others.map(|local| cast.address(local));
    [
        ("given-name", "Joan"),
        ("family-name", "Åkesson"),
        ("role", "stage"),
        ("job-title", "Stage Manager"),
        ("department", "Stage"),
        ("mobile", "+46 701234567"),
        ("employee-id", "J-4711"),
        ("manager", &one),
        ("copy-from", &other),
    ]
    .map(|(name, text)| (name, text.to_owned()))
    .to_vec()
}

/// Groups that the demo tenants do not have: one that roles can be assigned to, a mail-enabled security group, and one that gives a licence.
fn groups(tenant: &mut Tenant, cast: &Cast) {
    let group = |name: &str, mail: bool| Group {
        display_name: name.to_owned(),
        mail_nickname: name.to_lowercase().replace(' ', ""),
        mail: mail.then(|| cast.address(&name.to_lowercase().replace(' ', ""))),
        mail_enabled: mail,
        security_enabled: true,
        created_date_time: START.saturating_add((-9_000).hours()).unwrap_or(START),
        ..Group::default()
    };
    let skus = tenant.skus.iter();
    let power_bi = skus
        .filter(|(_, sku)| sku.part_number == "POWER_BI_PRO")
        .map(|(id, _)| id.clone());
    let all = [
        Group {
            is_assignable_to_role: Some(true),
            ..group(ROLE_GROUP, false)
        },
        group(SECURE_LIST, true),
        Group {
            assigned_licenses: power_bi.collect::<BTreeSet<_>>(),
            ..group(LICENCE_LIST, true)
        },
    ];
    for group in all {
        let key = id(cast.tenant, &format!("group {}", group.display_name));
        tenant.groups.insert(key, group);
    }
}

/// Somebody else has got the name meanwhile.
pub(super) fn taken(tenant: &mut Tenant, cast: &Cast) {
    let Some(mut other) = tenant.users.get(&cast.user(cast.others[0])).cloned() else {
        return;
    };
    other.user_principal_name = cast.address("joan.akesson");
    other.mail_nickname = Some("joan.akesson".to_owned());
    other.employee_id = None;
    other.proxy_addresses.clear();
    other.licences.clear();
    tenant
        .users
        .insert(id(cast.tenant, "user who has the name"), other);
}
