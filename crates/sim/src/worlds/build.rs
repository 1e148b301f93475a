//! Builds a tenant person by person, so that ids, addresses and mailboxes always fit together.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan};
use sha2::{Digest, Sha256};

use super::subscriptions::skus;
use super::{CLIENT_ID, CLIENT_SECRET, id};
use crate::world::{
    App, AppSecret, AuthMethod, DeletedUser, Domain, Event, Group, Id, InboxRule, Licence, Mailbox,
    MailboxAce, MethodKind, MobileDevice, RecipientKind, RoleAssignment, RoleDefinition, Tenant,
    User,
};

/// Global Administrator.
pub(super) const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
/// Helpdesk Administrator.
pub(super) const HELPDESK_ADMINISTRATOR: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";
/// User Administrator.
pub(super) const USER_ADMINISTRATOR: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";
const EXCHANGE_ADMINISTRATOR: &str = "29232cdf-9323-42fd-ade2-1d097af3e4de";
const REPORTS_READER: &str = "4a5d8f65-41da-4de4-8968-e035b65339cf";

/// Every Graph permission that a provider consents to for the way of a joiner, a mover and a leaver.
const GRAPH_ROLES: [&str; 23] = [
    "Application.ReadWrite.All",
    "Calendars.ReadWrite",
    "Directory.Read.All",
    "Domain.Read.All",
    "Group.ReadWrite.All",
    "GroupMember.ReadWrite.All",
    "LicenseAssignment.Read.All",
    "LicenseAssignment.ReadWrite.All",
    "Mail.ReadWrite",
    "Mail.Send",
    "MailboxSettings.ReadWrite",
    "Organization.Read.All",
    "Policy.Read.All",
    "RoleEligibilitySchedule.Read.Directory",
    "RoleEligibilitySchedule.ReadWrite.Directory",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
    "User-PasswordProfile.ReadWrite.All",
    "User.EnableDisableAccount.All",
    "User.Read.All",
    "User.ReadWrite.All",
    "User.RevokeSessions.All",
    "UserAuthenticationMethod.ReadWrite.All",
];

/// A tenant under construction.
pub(super) struct Builder {
    pub(super) tenant: Tenant,
    pub(super) now: Timestamp,
    key: &'static str,
    domain: &'static str,
}

/// What sets one person apart from the next.
#[derive(Clone, Copy)]
pub(super) struct Profile {
    pub(super) local: &'static str,
    pub(super) name: &'static str,
    pub(super) department: &'static str,
    pub(super) title: &'static str,
}

/// `card` is the name, then department and title where there are any: `Ana Diaz, Sales, Clerk`.
pub(super) fn profile(local: &'static str, card: &'static str) -> Profile {
    let mut parts = card.split(", ");
    Profile {
        local,
        name: parts.next().unwrap_or_default(),
        department: parts.next().unwrap_or_default(),
        title: parts.next().unwrap_or_default(),
    }
}

impl Builder {
    /// An empty tenant with domains, subscriptions, roles and Tenure's application.
    pub(super) fn new(key: &'static str, name: &str, domain: &'static str, now: Timestamp) -> Self {
        let mut builder = Self {
            tenant: Tenant::default(),
            now,
            key,
            domain,
        };
        let tenant = &mut builder.tenant;
        name.clone_into(&mut tenant.name);
        "SE".clone_into(&mut tenant.country);
        let initial = format!(
            "{}.onmicrosoft.example",
            domain.trim_end_matches(".example")
        );
        tenant.domains = vec![
            Domain {
                name: domain.to_owned(),
                verified: true,
                is_default: true,
                ..Domain::default()
            },
            Domain {
                name: initial,
                verified: true,
                initial: true,
                ..Domain::default()
            },
        ];
        for (role, name, privileged) in [
            (GLOBAL_ADMINISTRATOR, "Global Administrator", true),
            (EXCHANGE_ADMINISTRATOR, "Exchange Administrator", true),
            (HELPDESK_ADMINISTRATOR, "Helpdesk Administrator", true),
            (USER_ADMINISTRATOR, "User Administrator", true),
            (REPORTS_READER, "Reports Reader", false),
        ] {
            let definition = RoleDefinition {
                display_name: name.to_owned(),
                privileged,
            };
            tenant.role_definitions.insert(role.to_owned(), definition);
        }
        let app = App {
            display_name: "Tenure".to_owned(),
            service_principal_id: id(key, "service principal tenure"),
            secrets: vec![AppSecret {
                value: CLIENT_SECRET.to_owned(),
                expires: None,
            }],
            certificates: Vec::new(),
            graph_roles: GRAPH_ROLES.iter().map(|role| (*role).to_owned()).collect(),
            exchange_roles: BTreeSet::from(["Exchange.ManageAsApp".to_owned()]),
            directory_roles: BTreeSet::from([
                EXCHANGE_ADMINISTRATOR.to_owned(),
                USER_ADMINISTRATOR.to_owned(),
            ]),
        };
        tenant.apps.insert(CLIENT_ID.to_owned(), app);
        tenant.skus = skus();
        builder
    }

    /// The id of a thing by the word it was built with.
    pub(super) fn id(&self, what: &str) -> Id {
        id(self.key, what)
    }

    /// A moment some hours from now.
    pub(super) fn hours(&self, hours: i64) -> Timestamp {
        self.now.saturating_add(hours.hours()).unwrap_or(self.now)
    }

    /// The address of a local part.
    pub(super) fn address(&self, local: &str) -> String {
        format!("{local}@{}", self.domain)
    }

    /// A person with an account and no mailbox.
    pub(super) fn account(&mut self, who: Profile) -> Id {
        let id = self.id(&format!("user {}", who.local));
        let address = self.address(who.local);
        let (given, family) = who.name.split_once(' ').unwrap_or((who.name, ""));
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let year_ago = self.hours(-8_760);
        let password = Sha256::digest(format!("{}{}", self.key, who.local).as_bytes());
        let user = User {
            account_enabled: true,
            user_principal_name: address,
            display_name: who.name.to_owned(),
            given_name: text(given),
            surname: text(family),
            mail_nickname: Some(who.local.to_owned()),
            usage_location: Some("SE".to_owned()),
            department: text(who.department),
            job_title: text(who.title),
            company_name: Some(self.tenant.name.clone()),
            office_location: Some("Stockholm".to_owned()),
            employee_id: Some(format!(
                "{}{:04}",
                &self.key[..1].to_uppercase(),
                self.tenant.users.len() + 1
            )),
            user_type: "Member".to_owned(),
            created_date_time: year_ago,
            sign_in_sessions_valid_from_date_time: year_ago,
            last_password_change_date_time: year_ago,
            password_hash: password.iter().map(|byte| format!("{byte:02x}")).collect(),
            ..User::default()
        };
        self.tenant.users.insert(id.clone(), user);
        id
    }

    /// A person with account and mailbox.
    pub(super) fn person(&mut self, who: Profile) -> Id {
        let id = self.account(who);
        let address = self.address(who.local);
        let mailbox = Mailbox {
            exchange_guid: self.id(&format!("exchange {}", who.local)),
            alias: who.local.to_owned(),
            display_name: who.name.to_owned(),
            primary_smtp_address: address.clone(),
            email_addresses: vec![format!("SMTP:{address}")],
            size_bytes: 3_221_225_472,
            item_count: 14_302,
            time_zone: "W. Europe Standard Time".to_owned(),
            rules: vec![system_rule()],
            ..Mailbox::default()
        };
        self.tenant.mailboxes.insert(id.clone(), mailbox);
        let user = self.user(&id);
        user.mail = Some(address.clone());
        user.proxy_addresses = vec![format!("SMTP:{address}")];
        id
    }

    /// Somebody who was deleted some hours ago: the name is free, and who comes back finds it taken.
    pub(super) fn recycled(&mut self, who: Profile, hours: i64) {
        let id = self.person(who);
        let deleted_date_time = self.hours(-hours);
        let mailbox = self.tenant.mailboxes.remove(&id).map(Box::new);
        if let Some(user) = self.tenant.users.remove(&id) {
            let deleted = DeletedUser {
                deleted_date_time,
                user,
                mailbox,
                ..DeletedUser::default()
            };
            self.tenant.deleted_users.insert(id, deleted);
        }
    }

    /// A shared or room mailbox with its disabled account and no licence.
    pub(super) fn resource(&mut self, who: Profile, kind: RecipientKind) -> Id {
        let id = self.person(who);
        self.mailbox(&id).kind = kind;
        let user = self.user(&id);
        user.account_enabled = false;
        user.employee_id = None;
        id
    }

    pub(super) fn user(&mut self, id: &str) -> &mut User {
        self.tenant
            .users
            .get_mut(id)
            .expect("built before it is changed")
    }

    pub(super) fn mailbox(&mut self, id: &str) -> &mut Mailbox {
        self.tenant
            .mailboxes
            .get_mut(id)
            .expect("built before it is changed")
    }

    /// Licences assigned directly.
    pub(super) fn license(&mut self, id: &str, skus: &[&str]) {
        let since = self.hours(-8_000);
        let licences = skus.iter().map(|sku| Licence::direct(sku, since));
        self.user(id).licences.extend(licences);
    }

    /// A group of any kind; licences of its members are in place already.
    pub(super) fn group(&mut self, name: &str, group: Group) -> Id {
        let id = self.id(&format!("group {name}"));
        let since = self.hours(-8_000);
        let nickname: String = name
            .to_lowercase()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        let group = Group {
            display_name: name.to_owned(),
            mail: group.mail_enabled.then(|| self.address(&nickname)),
            mail_nickname: nickname,
            created_date_time: since,
            ..group
        };
        for member in &group.members {
            let licences = group
                .assigned_licenses
                .iter()
                .map(|sku| Licence::inherited(sku, &id, since));
            if let Some(user) = self.tenant.users.get_mut(member) {
                user.licences.extend(licences);
            }
        }
        self.tenant.groups.insert(id.clone(), group);
        id
    }

    /// Gives a directory role.
    pub(super) fn role(&mut self, principal: &str, role: &str) {
        let assignment = RoleAssignment {
            principal_id: principal.to_owned(),
            role_definition_id: role.to_owned(),
            directory_scope_id: "/".to_owned(),
        };
        let id = self.id(&format!("role {principal} {role}"));
        self.tenant.role_assignments.insert(id, assignment);
    }

    /// Gives somebody FullAccess to a mailbox.
    pub(super) fn full_access(&mut self, mailbox: &str, user: &str) {
        let ace = MailboxAce {
            user: user.to_owned(),
            rights: vec!["FullAccess".to_owned()],
            auto_mapping: true,
            ..MailboxAce::default()
        };
        self.mailbox(mailbox).permissions.push(ace);
    }

    /// A meeting in the organiser's calendar and a copy in each attendee's.
    pub(super) fn meeting(
        &mut self,
        subject: &str,
        people: &[&str],
        start: Timestamp,
        weeks: Option<i64>,
    ) {
        let address = |tenant: &Tenant, id: &str| tenant.mailboxes[id].primary_smtp_address.clone();
        let organizer = address(&self.tenant, people[0]);
        let attendees: Vec<String> = people[1..]
            .iter()
            .map(|id| address(&self.tenant, id))
            .collect();
        for (position, mailbox) in people.iter().enumerate() {
            let event = Event {
                mailbox: (*mailbox).to_owned(),
                ical_uid: self.id(&format!("uid {subject}")),
                subject: subject.to_owned(),
                start,
                end: start.saturating_add(1.hour()).unwrap_or(start),
                weekly_until: weeks
                    .map(|weeks| start.saturating_add((weeks * 168).hours()).unwrap_or(start)),
                organizer: organizer.clone(),
                attendees: attendees.clone(),
                is_organizer: position == 0,
                is_cancelled: false,
            };
            let id = self.id(&format!("event {subject} {mailbox}"));
            self.tenant
                .events
                .insert(format!("AAMkAE{}", id.replace('-', "")), event);
        }
    }

    /// What makes the reference leaver of both tenants: methods, devices, rules.
    pub(super) fn belongings(&mut self, id: &str) {
        let since = self.hours(-6_000);
        let method = |kind: MethodKind, label: Option<&str>| AuthMethod {
            kind,
            label: label.map(str::to_owned),
            created_date_time: since,
            ..AuthMethod::default()
        };
        let phone = AuthMethod {
            phone_number: Some("+46 700000001".to_owned()),
            phone_type: Some("mobile".to_owned()),
            ..method(MethodKind::Phone, None)
        };
        let app = AuthMethod {
            is_default: true,
            ..method(MethodKind::MicrosoftAuthenticator, Some("Pixel 9"))
        };
        let key = method(MethodKind::Fido2, Some("Security key"));
        let methods = BTreeMap::from([
            // The fixed id of a mobile phone method.
            ("3179e48a-750b-4051-897c-87b9720928f7".to_owned(), phone),
            (self.id(&format!("authenticator {id}")), app),
            (self.id(&format!("key {id}")), key),
        ]);
        self.user(id).methods = methods;
        let devices = [
            ("Outlook", "Pixel 9", "Android 16"),
            ("EAS", "iPad Air", "iOS 19.1"),
        ];
        let devices = devices.map(|(client, model, system)| MobileDevice {
            device_id: self
                .id(&format!("device {id} {model}"))
                .replace('-', "")
                .to_uppercase(),
            guid: self.id(&format!("device guid {id} {model}")),
            friendly_name: model.to_owned(),
            device_type: model.split(' ').next().unwrap_or(model).to_owned(),
            device_model: model.to_owned(),
            device_os: system.to_owned(),
            client_type: client.to_owned(),
            first_sync: since,
            wipe_queued: false,
        });
        let rule = |number: u32, name: &str, description: &str, to: &[&str]| InboxRule {
            identity: format!("155037208217{number:04}"),
            name: name.to_owned(),
            enabled: true,
            priority: number,
            hidden: false,
            description: description.to_owned(),
            forward_to: to.iter().map(|to| (*to).to_owned()).collect(),
        };
        let mailbox = self.mailbox(id);
        mailbox.devices = devices.to_vec();
        mailbox.rules.push(rule(
            1,
            "Newsletters",
            "If the message is a newsletter, move it to the folder 'Later'.",
            &[],
        ));
        mailbox.rules.push(rule(
            2,
            "Copy home",
            "Forward all messages.",
            &["home@elsewhere.example"],
        ));
    }
}

/// The rule that every mailbox has and that must stay.
fn system_rule() -> InboxRule {
    InboxRule {
        identity: "1550372082170000".to_owned(),
        name: "Junk E-Mail Rule".to_owned(),
        enabled: true,
        priority: 0,
        hidden: true,
        description: String::new(),
        forward_to: Vec::new(),
    }
}
