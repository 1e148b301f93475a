//! Who is meant: the many ways in which Exchange cmdlets name a recipient, and the names that they answer with.

use serde_json::{Value, json};
use uuid::Uuid;

use super::errors::Refusal;
use crate::world::{Group, GroupKind, Id, Mailbox, RecipientKind, Tenant, User};

/// From here on a new account's Name is its ExternalDirectoryObjectId; before, it was the alias (Exchange team blog, 2021).
const NAMED_BY_ID_SINCE: i64 = 1_630_454_400;

const OU: &str =
    "OU=Microsoft Exchange Hosted Organizations,DC=FRAP264A012,DC=PROD,DC=OUTLOOK,DC=COM";
const LEGACY: &str =
    "/o=ExchangeLabs/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=";

/// Something that Exchange knows by an address, or an account without one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recipient<'a> {
    /// ExternalDirectoryObjectId.
    pub(super) id: &'a str,
    pub(super) kind: Kind<'a>,
    domain: &'a str,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind<'a> {
    /// An account with a mailbox here.
    Mailbox(&'a Mailbox, &'a User),
    /// A mail-enabled group.
    Group(&'a Group),
    /// An account whose mailbox, if any, lies elsewhere: on-premises or with a guest's own organisation.
    MailUser(&'a User),
    /// An account without mail.
    User(&'a User),
}

impl<'a> Recipient<'a> {
    /// Name, which Identity, ForwardingAddress and GrantSendOnBehalfTo are shown by.
    pub(super) fn name(&self) -> String {
        let of_account = |user: &User, alias: &str| {
            let old = user.created_date_time.as_second() < NAMED_BY_ID_SINCE && !alias.is_empty();
            if old {
                alias.to_owned()
            } else {
                self.id.to_owned()
            }
        };
        match self.kind {
            Kind::Mailbox(mailbox, user) => of_account(user, &mailbox.alias),
            Kind::Group(group) if group.mail_nickname.is_empty() => group.display_name.clone(),
            Kind::Group(group) => group.mail_nickname.clone(),
            Kind::MailUser(user) | Kind::User(user) => {
                of_account(user, user.mail_nickname.as_deref().unwrap_or(""))
            }
        }
    }

    pub(super) fn display_name(&self) -> &'a str {
        match self.kind {
            Kind::Mailbox(mailbox, _) => &mailbox.display_name,
            Kind::Group(group) => &group.display_name,
            Kind::MailUser(user) | Kind::User(user) => &user.display_name,
        }
    }

    pub(super) fn alias(&self) -> &'a str {
        match self.kind {
            Kind::Mailbox(mailbox, _) => &mailbox.alias,
            Kind::Group(group) => &group.mail_nickname,
            Kind::MailUser(user) | Kind::User(user) => user.mail_nickname.as_deref().unwrap_or(""),
        }
    }

    /// PrimarySmtpAddress.
    pub(super) fn address(&self) -> &'a str {
        match self.kind {
            Kind::Mailbox(mailbox, _) => &mailbox.primary_smtp_address,
            Kind::Group(group) => group.mail.as_deref().unwrap_or(""),
            Kind::MailUser(user) | Kind::User(user) => user.mail.as_deref().unwrap_or(""),
        }
    }

    /// EmailAddresses.
    pub(super) fn addresses(&self) -> Vec<String> {
        let listed = match self.kind {
            Kind::Mailbox(mailbox, _) => mailbox.email_addresses.clone(),
            Kind::Group(_) => Vec::new(),
            Kind::MailUser(user) | Kind::User(user) => user.proxy_addresses.clone(),
        };
        let primary = format!("SMTP:{}", self.address());
        if listed.is_empty() && !self.address().is_empty() {
            vec![primary]
        } else {
            listed
        }
    }

    pub(super) fn type_details(&self) -> &'static str {
        match self.kind {
            Kind::Mailbox(mailbox, _) => mailbox.kind.name(),
            Kind::Group(group) => match group.kind() {
                GroupKind::Microsoft365 => "GroupMailbox",
                GroupKind::MailSecurity => "MailUniversalSecurityGroup",
                GroupKind::DistributionList | GroupKind::Security => {
                    "MailUniversalDistributionGroup"
                }
            },
            Kind::MailUser(user) if user.user_type == "Guest" => "GuestMailUser",
            Kind::MailUser(_) => "MailUser",
            Kind::User(user) if !user.account_enabled => "DisabledUser",
            Kind::User(_) => "User",
        }
    }

    pub(super) fn recipient_type(&self) -> &'static str {
        match self.kind {
            Kind::Mailbox(..) => "UserMailbox",
            Kind::Group(group) if group.kind() == GroupKind::MailSecurity => {
                "MailUniversalSecurityGroup"
            }
            Kind::Group(_) => "MailUniversalDistributionGroup",
            Kind::MailUser(_) => "MailUser",
            Kind::User(_) => "User",
        }
    }

    /// Guid: the directory object's own id inside Exchange, which is not the one of Entra.
    pub(super) fn guid(&self) -> String {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, self.id.as_bytes()).to_string()
    }

    pub(super) fn distinguished_name(&self) -> String {
        format!("CN={},OU={},{OU}", self.name(), self.domain)
    }

    pub(super) fn legacy_dn(&self) -> String {
        format!(
            "{LEGACY}{}-{}",
            Uuid::new_v5(&Uuid::NAMESPACE_X500, self.id.as_bytes()).simple(),
            self.alias()
        )
    }

    pub(super) fn user(&self) -> Option<&'a User> {
        match self.kind {
            Kind::Mailbox(_, user) | Kind::MailUser(user) | Kind::User(user) => Some(user),
            Kind::Group(_) => None,
        }
    }

    pub(super) fn is_synced(&self) -> bool {
        match self.kind {
            Kind::Group(group) => group.is_synced(),
            _ => self
                .user()
                .is_some_and(|user| user.on_premises_sync_enabled == Some(true)),
        }
    }

    /// Whether this is somebody or something that can be written to.
    pub(super) fn has_mail(&self) -> bool {
        !matches!(self.kind, Kind::User(_))
    }

    /// Whether the text is one of the values that name this object alone.
    fn is_named(&self, identity: &str) -> bool {
        let same = |value: &str| !value.is_empty() && value.eq_ignore_ascii_case(identity);
        let exchange_guid = match self.kind {
            Kind::Mailbox(mailbox, _) => mailbox.exchange_guid.as_str(),
            _ => "",
        };
        same(self.id)
            || same(exchange_guid)
            || same(self.alias())
            || same(self.address())
            || self
                .user()
                .is_some_and(|user| same(&user.user_principal_name))
            || self
                .addresses()
                .iter()
                .any(|address| address.split_once(':').is_some_and(|(_, bare)| same(bare)))
            || same(&self.name())
            || same(&self.guid())
            || same(&self.distinguished_name())
            || same(&self.legacy_dn())
    }
}

/// Every object that a cmdlet can name: mailboxes that are alive, mail-enabled groups, mail users, plain accounts.
pub(super) fn everybody(tenant: &Tenant) -> impl Iterator<Item = Recipient<'_>> {
    let domain = tenant.initial_domain();
    let users = tenant.users.iter().map(move |(id, user)| {
        let mailbox = tenant.mailboxes.get(id);
        let kind = match mailbox {
            Some(mailbox) if mailbox.is_alive() => Kind::Mailbox(mailbox, user),
            None if user.mail.is_some()
                && (user.user_type == "Guest" || user.on_premises_sync_enabled == Some(true)) =>
            {
                Kind::MailUser(user)
            }
            _ => Kind::User(user),
        };
        Recipient { id, kind, domain }
    });
    let groups = tenant.groups.iter().filter(|(_, group)| group.mail_enabled);
    users.chain(groups.map(move |(id, group)| Recipient {
        id,
        kind: Kind::Group(group),
        domain,
    }))
}

/// The object of this id.
pub(super) fn by_id<'a>(tenant: &'a Tenant, id: &str) -> Option<Recipient<'a>> {
    everybody(tenant).find(|recipient| recipient.id == id)
}

/// The one object of a kind that an identity names: by a unique value first, else by display name.
pub(super) fn find<'a>(
    tenant: &'a Tenant,
    identity: &str,
    wanted: impl Fn(&Recipient<'a>) -> bool,
) -> Result<Option<Recipient<'a>>, Refusal> {
    let bare = identity
        .strip_prefix("smtp:")
        .or_else(|| identity.strip_prefix("SMTP:"))
        .unwrap_or(identity);
    let named: Vec<Recipient<'a>> = everybody(tenant)
        .filter(&wanted)
        .filter(|recipient| recipient.is_named(bare))
        .collect();
    let found = if named.is_empty() {
        let shown = |recipient: &Recipient<'a>| recipient.display_name().eq_ignore_ascii_case(bare);
        everybody(tenant).filter(&wanted).filter(shown).collect()
    } else {
        named
    };
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        _ => Err(Refusal::ambiguous(identity)),
    }
}

/// The mailbox that an identity names.
pub(super) fn mailbox<'a>(tenant: &'a Tenant, identity: &str) -> Result<Recipient<'a>, Refusal> {
    let is_mailbox = |recipient: &Recipient<'_>| matches!(recipient.kind, Kind::Mailbox(..));
    find(tenant, identity, is_mailbox)?.ok_or_else(|| Refusal::not_found(identity))
}

/// The mailbox that an identity names, to be written to.
pub(super) fn mailbox_mut<'a>(
    tenant: &'a mut Tenant,
    identity: &str,
) -> Result<(Id, &'a mut Mailbox), Refusal> {
    let id = mailbox(tenant, identity)?.id.to_owned();
    match tenant.mailboxes.get_mut(&id) {
        Some(found) => Ok((id, found)),
        None => Err(Refusal::not_found(identity)),
    }
}

/// The recipient that a parameter names (forwarding, send on behalf).
pub(super) fn recipient<'a>(tenant: &'a Tenant, name: &str) -> Result<Recipient<'a>, Refusal> {
    find(tenant, name, Recipient::has_mail)?.ok_or_else(|| Refusal::no_such_recipient(name))
}

/// The account or security group that can hold rights.
pub(super) fn principal<'a>(tenant: &'a Tenant, name: &str) -> Result<Recipient<'a>, Refusal> {
    let can_hold = |recipient: &Recipient<'_>| match recipient.kind {
        Kind::Group(group) => group.kind() == GroupKind::MailSecurity,
        _ => true,
    };
    find(tenant, name, can_hold)?.ok_or_else(|| Refusal::no_such_principal(name))
}

/// How a grantee is shown: an account by its sign-in name, a group by its name, what is gone by its SID.
pub(super) fn shown_principal(tenant: &Tenant, id: &str) -> String {
    match by_id(tenant, id) {
        Some(Recipient {
            kind: Kind::Group(group),
            ..
        }) => group.display_name.clone(),
        Some(found) => found
            .user()
            .map_or_else(|| sid(id), |user| user.user_principal_name.clone()),
        None => sid(id),
    }
}

/// A security identifier that is always the same for the same object.
pub(super) fn sid(id: &str) -> String {
    let bytes = Uuid::new_v5(&Uuid::NAMESPACE_DNS, id.as_bytes()).into_bytes();
    let part = |at: usize| {
        u32::from_be_bytes([
            bytes[at] & 0x7f,
            bytes[at + 1],
            bytes[at + 2],
            bytes[at + 3],
        ])
    };
    format!(
        "S-1-5-21-{}-{}-{}-{}",
        part(0),
        part(4),
        part(8),
        part(12) % 9_000_000 + 1_000
    )
}

/// Names of recipients, as properties that hold recipients show them; one that is gone is left out.
pub(super) fn names<'a>(tenant: &Tenant, ids: impl IntoIterator<Item = &'a String>) -> Value {
    let found = ids.into_iter().filter_map(|id| by_id(tenant, id));
    json!(found.map(|recipient| recipient.name()).collect::<Vec<_>>())
}

/// The kind of mailbox a `-Type` asks for.
pub(super) fn converted(kind: &str) -> RecipientKind {
    match kind {
        "Shared" => RecipientKind::SharedMailbox,
        "Room" => RecipientKind::RoomMailbox,
        "Equipment" => RecipientKind::EquipmentMailbox,
        _ => RecipientKind::UserMailbox,
    }
}
