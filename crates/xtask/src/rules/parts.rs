//! The parts that tenant shapes are made of, and the leaver whom most of them share.

use domain::ObjectId;
use domain::facts::{
    AccountKind, AutoReply, Facts, Group, GroupKind, LicenseHeld, Mailbox, MailboxFacts, Meeting,
    Method, OwnedGroup, Person, PersonLite, RoleHeld, RoleHeldBy, Sku, TenantFacts,
};
use domain::spec::{Carries, Route};
use jiff::Timestamp;

/// The part number of Exchange Online Plan 2. Source: Microsoft, "Product names and service plan identifiers for licensing".
pub(super) const PLAN_2: &str = "EXCHANGEENTERPRISE";
/// A gigabyte, as mailbox sizes are counted.
pub(super) const GB: u64 = 1 << 30;

pub(super) fn lite(id: &str) -> PersonLite {
    PersonLite {
        id: id.into(),
        upn: format!("{id}@contoso.example"),
        display_name: id.to_owned(),
    }
}

pub(super) fn group(id: &str) -> Group {
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

pub(super) fn licence_group(id: &str, skus: &[&str]) -> Group {
    Group {
        licenses: skus.iter().map(|&sku| sku.into()).collect(),
        ..group(id)
    }
}

fn carries(name: &str) -> Carries {
    Carries {
        mailbox: matches!(name, "SPE_E3" | PLAN_2),
        voice: name == "MCOEV",
        devices: name == "SPE_E3",
    }
}

pub(super) fn held(name: &str, route: Route) -> LicenseHeld {
    LicenseHeld {
        sku: name.into(),
        name: name.to_owned(),
        route,
        carries: carries(name),
        disabled_plans: Vec::new(),
    }
}

pub(super) fn by(group: &str) -> Route {
    Route::Group(ObjectId::new(group))
}

pub(super) fn sku(name: &str, free: i64) -> Sku {
    Sku {
        id: name.into(),
        name: name.to_owned(),
        seats: 10 + free,
        used: 10,
        carries: carries(name),
        keeps_large_mailbox: carries(name).mailbox,
        titles: Vec::new(),
        plans: Vec::new(),
        reserved: 0,
    }
}

pub(super) fn role(id: &str, by: RoleHeldBy) -> RoleHeld {
    RoleHeld {
        id: id.into(),
        role: format!("role of {id}").as_str().into(),
        name: "User Administrator".to_owned(),
        scope: "/".to_owned(),
        by,
        privileged: true,
    }
}

pub(super) fn owned(id: &str, owners: &[&str]) -> OwnedGroup {
    OwnedGroup {
        group: group(id),
        owners: owners.iter().map(|&owner| owner.into()).collect(),
    }
}

pub(super) fn mailbox() -> Mailbox {
    Mailbox {
        id: "mailbox".into(),
        address: "leaver@contoso.example".to_owned(),
        kind: "UserMailbox".to_owned(),
        size_bytes: Some(3 * GB),
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
    }
}

/// A leaver with sign-in, methods, a mailbox with a meeting in it, and a direct licence: what most shapes share.
pub(super) fn leaver() -> Facts {
    Facts {
        read_at: Timestamp::UNIX_EPOCH,
        tenant: TenantFacts {
            domains: vec!["contoso.example".to_owned()],
            skus: vec![sku("SPE_E3", 5), sku(PLAN_2, 5)],
            global_administrators: ["admin-1", "admin-2", "admin-3"]
                .map(ObjectId::from)
                .to_vec(),
        },
        person: Person {
            id: "leaver".into(),
            upn: "leaver@contoso.example".to_owned(),
            display_name: "leaver".to_owned(),
            mail: Some("leaver@contoso.example".to_owned()),
            sign_in_allowed: true,
            guest: false,
            synced: false,
            kind: AccountKind::Human,
            usage_location: Some("DE".to_owned()),
            department: None,
            job_title: None,
            employee_id: None,
            manager: Some(lite("boss")),
            password_changed_at: Some("2026-01-01T00:00:00Z".to_owned()),
            sessions_valid_from: Some("2026-01-01T00:00:00Z".to_owned()),
            attributes: std::collections::BTreeMap::new(),
            synced_at: None,
        },
        licenses: vec![held("SPE_E3", Route::Direct)],
        memberships: Vec::new(),
        owned_groups: Vec::new(),
        owned_applications: Vec::new(),
        roles: Vec::new(),
        methods: ["phone", "fido2"]
            .map(|kind| Method {
                id: kind.into(),
                kind: kind.to_owned(),
                name: kind.to_owned(),
            })
            .to_vec(),
        reports: Vec::new(),
        mailbox: MailboxFacts::Cloud(Box::new(mailbox())),
        meetings: vec![Meeting {
            id: "meeting".into(),
            subject: "Plan".to_owned(),
            start: "2030-01-01T09:00:00Z".to_owned(),
            attendees: 2,
        }],
        rights_elsewhere: Vec::new(),
        named: Vec::new(),
        unchecked: Vec::new(),
        joiner: None,
    }
}
