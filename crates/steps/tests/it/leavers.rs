//! The leavers that every step is tried on: one who has everything, one licensed by group, and two whose mailbox needs a licence
//! of its own. What a case is made of serves those who come as well.

use std::collections::BTreeMap;

use domain::policy::Policy;
use domain::request::{Cited, Kind, Origin, PersonHint, Request, When};
use jiff::Timestamp;
use serde_json::json;
use sim::world::{Eligibility, Group, RoleAssignment, Tenant};
use sim::worlds::{CONTOSO, FABRIKAM, id};
use steps::Switches;

/// When every test begins.
pub(crate) const START: i64 = 1_795_000_000;
const REPORTS_READER: &str = "4a5d8f65-41da-4de4-8968-e035b65339cf";
const USER_ADMINISTRATOR: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";

/// A person and what is special about the case.
#[derive(Clone, Copy)]
pub(crate) struct Leaver {
    pub(crate) tenant: &'static str,
    pub(crate) domain: &'static str,
    pub(crate) local: &'static str,
    /// What is wished for.
    pub(crate) kind: Kind,
    /// The moment of it, in seconds after the test begins; at once when 0.
    pub(crate) starts_s: i64,
    /// What the request says besides.
    pub(crate) fields: &'static [(&'static str, &'static str)],
    /// What the policy says besides, as JSON.
    pub(crate) policy: &'static str,
    /// What the demo world lacks.
    pub(crate) furnish: fn(&mut Tenant),
    /// Settings that differ from the defaults.
    pub(crate) set: fn(&mut Switches),
    /// The specs that the case is about; all of them when empty.
    pub(crate) about: &'static [&'static str],
}

/// Has everything a step can meet.
pub(crate) const NORA: Leaver = Leaver {
    tenant: CONTOSO,
    domain: "contoso.example",
    local: "nora.lindqvist",
    kind: Kind::Offboard,
    starts_s: 0,
    fields: &[],
    policy: "{}",
    furnish: with_roles,
    set: |switches| {
        switches.insert("clear-immutable-id".to_owned(), json!({}));
    },
    about: &[],
};

/// Is licensed by group.
pub(crate) const MARIA: Leaver = Leaver {
    tenant: FABRIKAM,
    domain: "fabrikam.example",
    local: "maria.sandoval",
    furnish: |_| {},
    about: &["remove-licenses"],
    ..NORA
};

/// Has a mailbox that needs a licence of its own.
pub(crate) const LARGE: Leaver = Leaver {
    furnish: |tenant| mailbox(tenant, &NORA).size_bytes = 60 << 30,
    about: &["convert-mailbox:keep-licence", "remove-licenses"],
    ..NORA
};

/// The same, licensed by group.
pub(crate) const LARGE_BY_GROUP: Leaver = Leaver {
    furnish: |tenant| mailbox(tenant, &MARIA).litigation_hold = true,
    set: |switches| {
        let group = id(FABRIKAM, "group Licence Exchange Online Plan 2");
        switches.insert(
            "convert-mailbox".to_owned(),
            json!({ "keep-licence-group": group }),
        );
    },
    about: &["convert-mailbox:keep-licence"],
    ..MARIA
};

impl Leaver {
    pub(crate) fn upn(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    pub(crate) fn id(&self) -> String {
        id(self.tenant, &format!("user {}", self.local))
    }

    pub(crate) fn request(&self) -> Request {
        // Who comes gets a name; who goes or is there already is called by it.
        let address = (!self.local.is_empty()).then(|| Cited::typed(self.upn()));
        let when = match self.starts_s {
            0 => When::Now,
            seconds => When::At(Timestamp::from_second(START + seconds).unwrap()),
        };
        let fields = self.fields.iter();
        Request {
            id: "r1".into(),
            tenant: "tenant".into(),
            kind: self.kind,
            person: PersonHint {
                address,
                ..PersonHint::default()
            },
            when: Some(Cited::typed(when)),
            fields: fields
                .map(|(name, value)| ((*name).to_owned(), Cited::typed((*value).to_owned())))
                .collect::<BTreeMap<_, _>>(),
            switches: BTreeMap::new(),
            origin: Origin {
                channel: "cli".to_owned(),
                requester: format!("hr@{}", self.domain),
                reference: None,
                received_at: Timestamp::from_second(START).unwrap(),
                subject: None,
                body: None,
            },
            asks: Vec::new(),
            confidential: Vec::new(),
            only: None,
        }
    }

    pub(crate) fn policy(&self) -> Policy {
        let sender = if self.tenant == CONTOSO {
            "orders"
        } else {
            "support"
        };
        let mut policy = json!({
            "version": 1, "sites": {}, "requesters": {}, "approvals": {},
            "protected": { "break-glass-confirmed": true },
            "notify": { "sender": format!("{sender}@{}", self.domain), "recipients": [format!("it@{}", self.domain)] },
        });
        let more: BTreeMap<String, serde_json::Value> = serde_json::from_str(self.policy).unwrap();
        for (key, value) in more {
            policy[key] = value;
        }
        serde_json::from_value(policy).unwrap()
    }

    /// Every step of the catalogue, with its defaults where the case says nothing else.
    pub(crate) fn switches(&self) -> Switches {
        let entries = steps::catalogue().entries;
        let mut switches: Switches = entries
            .into_iter()
            .map(|entry| (entry.name.to_owned(), entry.defaults))
            .collect();
        if self.tenant == CONTOSO {
            switches.insert(
                "grant-mailbox-access".to_owned(),
                json!({ "automap": ["manager"], "no-automap": ["amira.haddad@contoso.example"], "send-as": ["manager"] }),
            );
        }
        (self.set)(&mut switches);
        switches
    }
}

fn mailbox<'t>(tenant: &'t mut Tenant, leaver: &Leaver) -> &'t mut sim::world::Mailbox {
    tenant.mailboxes.get_mut(&leaver.id()).unwrap()
}

/// Roles of every kind: active, eligible, and through a group.
fn with_roles(tenant: &mut Tenant) {
    let nora = NORA.id();
    assert!(
        tenant.users.contains_key(&nora),
        "the demo world knows the leaver"
    );
    // Was synchronised once.
    if let Some(user) = tenant.users.get_mut(&nora) {
        user.on_premises_immutable_id = Some("q83vEjRWeJCrze8SNFZ4kA==".to_owned());
    }
    let role = |principal: &str| RoleAssignment {
        principal_id: principal.to_owned(),
        role_definition_id: REPORTS_READER.to_owned(),
        directory_scope_id: "/".to_owned(),
    };
    let group = id(CONTOSO, "group Report Readers");
    let readers = Group {
        display_name: "Report Readers".to_owned(),
        security_enabled: true,
        is_assignable_to_role: Some(true),
        members: [nora.clone()].into(),
        ..Group::default()
    };
    tenant
        .role_assignments
        .insert(id(CONTOSO, "assignment own"), role(&nora));
    tenant
        .role_assignments
        .insert(id(CONTOSO, "assignment group"), role(&group));
    tenant.groups.insert(group, readers);
    let eligibility = Eligibility {
        principal_id: nora,
        role_definition_id: USER_ADMINISTRATOR.to_owned(),
        directory_scope_id: "/".to_owned(),
        created_date_time: Timestamp::from_second(START - 9_000_000).unwrap(),
    };
    tenant
        .eligibilities
        .insert(id(CONTOSO, "eligibility"), eligibility);
}
