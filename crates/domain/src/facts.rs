//! What was read from the live tenant about the person and the objects concerned, and when.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ObjectId;
use crate::spec::{Carries, Route};

/// Everything a planner may know. What could not be read is said in `unchecked`, never guessed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// When the reads were made.
    pub read_at: Timestamp,
    /// The tenant at large.
    pub tenant: TenantFacts,
    /// The person.
    pub person: Person,
    /// The licences the person holds, one entry per route.
    pub licenses: Vec<LicenseHeld>,
    /// Groups and lists the person is a direct member of.
    pub memberships: Vec<Group>,
    /// Groups the person owns.
    pub owned_groups: Vec<OwnedGroup>,
    /// Applications the person owns.
    pub owned_applications: Vec<OwnedApplication>,
    /// Administrative roles, active and eligible, direct and through groups.
    pub roles: Vec<RoleHeld>,
    /// Sign-in methods other than the password.
    pub methods: Vec<Method>,
    /// People whose manager is the person.
    pub reports: Vec<PersonLite>,
    /// The mailbox.
    pub mailbox: MailboxFacts,
    /// Future meetings that the person organises and that have attendees.
    pub meetings: Vec<Meeting>,
    /// The person's rights on other mailboxes.
    pub rights_elsewhere: Vec<MailboxRight>,
    /// Other people named by the request or the policy, resolved in the tenant.
    pub named: Vec<Named>,
    /// What was not or could not be read, and why.
    pub unchecked: Vec<Unchecked>,
    /// What was read for somebody who comes; absent for everybody else.
    #[serde(default)]
    pub joiner: Option<Joiner>,
}

/// The tenant at large.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TenantFacts {
    /// Verified domains.
    pub domains: Vec<String>,
    /// The licences the tenant has bought.
    pub skus: Vec<Sku>,
    /// Active holders of the Global Administrator role.
    pub global_administrators: Vec<ObjectId>,
}

/// A licence the tenant has bought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sku {
    /// Its id.
    pub id: ObjectId,
    /// Its part number, e.g. `SPE_E3`.
    pub name: String,
    /// Seats that can be used.
    pub seats: i64,
    /// Seats in use.
    pub used: i64,
    /// What hangs on it.
    pub carries: Carries,
    /// Whether it alone can keep a mailbox over 50 GB, on hold or with an archive.
    pub keeps_large_mailbox: bool,
    /// The names under which people ask for it, e.g. `Microsoft 365 E3`; empty when nobody has one for it.
    #[serde(default)]
    pub titles: Vec<String>,
    /// The service plans in it.
    #[serde(default)]
    pub plans: Vec<ServicePlan>,
    /// Seats that approved plans of ours have reserved and not used yet.
    #[serde(default)]
    pub reserved: i64,
}

impl Sku {
    /// Seats that can still be given.
    #[must_use]
    pub fn free(&self) -> i64 {
        self.seats - self.used - self.reserved
    }
}

/// A service within a licence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePlan {
    /// Its id.
    pub id: ObjectId,
    /// Its name, e.g. `TEAMS1`.
    pub name: String,
    /// Plans of one family exclude each other: a person can hold only one of them.
    #[serde(default)]
    pub family: Option<String>,
}

/// A person's account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// The object id.
    pub id: ObjectId,
    /// The sign-in name.
    pub upn: String,
    /// The display name.
    pub display_name: String,
    /// The mail address.
    pub mail: Option<String>,
    /// Whether sign-in is allowed.
    pub sign_in_allowed: bool,
    /// Whether the account is a guest.
    pub guest: bool,
    /// Whether the account is mastered on premises.
    pub synced: bool,
    /// Whether the account belongs to a room, a resource, a shared mailbox, a service or directory synchronisation.
    pub kind: AccountKind,
    /// The usage location.
    pub usage_location: Option<String>,
    /// The department.
    pub department: Option<String>,
    /// The job title.
    pub job_title: Option<String>,
    /// The employee id.
    pub employee_id: Option<String>,
    /// The manager.
    pub manager: Option<PersonLite>,
    /// When the password was last changed.
    pub password_changed_at: Option<String>,
    /// Sessions older than this are refused.
    pub sessions_valid_from: Option<String>,
    /// Further parts of the profile that have a value, by the names that requests use (`given-name`, `mobile`, `city`, …).
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// When the directories last synced, for somebody mastered on premises.
    #[serde(default)]
    pub synced_at: Option<String>,
}

/// What sort of account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountKind {
    /// A human being's.
    Human,
    /// A shared mailbox's.
    SharedMailbox,
    /// A room's or a piece of equipment's.
    Resource,
    /// A service's.
    Service,
    /// Directory synchronisation's.
    Sync,
}

/// Another person, as far as needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonLite {
    /// The object id.
    pub id: ObjectId,
    /// The sign-in name.
    pub upn: String,
    /// The display name.
    pub display_name: String,
}

/// A person named by request or policy, and who was found under that name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// As written.
    pub written: String,
    /// Everybody found under it; one entry when it is clear.
    pub found: Vec<PersonLite>,
    /// Whether sign-in is allowed, for the one found.
    pub active: bool,
    /// Whether the one found is a guest.
    #[serde(default)]
    pub guest: bool,
    /// The mail address of the one found, where there is one.
    #[serde(default)]
    pub mail: Option<String>,
}

/// A licence held by one route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenseHeld {
    /// The licence.
    pub sku: ObjectId,
    /// Its part number.
    pub name: String,
    /// How it is held.
    pub route: Route,
    /// What hangs on it.
    pub carries: Carries,
    /// Plans switched off, for restoring it.
    pub disabled_plans: Vec<ObjectId>,
}

/// How membership of a group is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupKind {
    /// A security group.
    Security,
    /// A Microsoft 365 group, with or without a team.
    Unified,
    /// A mail-enabled security group.
    MailSecurity,
    /// A distribution list.
    Distribution,
}

/// A group or list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The object id.
    pub id: ObjectId,
    /// The display name.
    pub name: String,
    /// How membership is written.
    pub kind: GroupKind,
    /// The membership rule of a dynamic group.
    pub rule: Option<String>,
    /// Whether it is mastered on premises.
    pub synced: bool,
    /// Whether roles can be assigned to it.
    pub role_assignable: bool,
    /// The licences it gives its members.
    pub licenses: Vec<ObjectId>,
    /// Its main mail address, where it has one.
    #[serde(default)]
    pub address: Option<String>,
    /// Its further mail addresses.
    #[serde(default)]
    pub aliases: Vec<String>,
}

impl Group {
    /// Everything that a policy or a request may call it by: name, addresses and id.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let addresses = self.address.iter().chain(&self.aliases);
        std::iter::once(self.name.as_str())
            .chain(addresses.map(String::as_str))
            .chain(std::iter::once(self.id.as_str()))
    }

    /// Whether membership is written in the mail system.
    #[must_use]
    pub fn is_list(&self) -> bool {
        matches!(self.kind, GroupKind::MailSecurity | GroupKind::Distribution)
    }

    /// Whether a person's membership can be written at all from here.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.rule.is_none() && !self.synced
    }
}

/// A group and its owners.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedGroup {
    /// The group.
    pub group: Group,
    /// The people who own it, the person included.
    pub owners: Vec<ObjectId>,
}

/// An application the person owns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedApplication {
    /// The object id.
    pub id: ObjectId,
    /// The display name.
    pub name: String,
    /// The people who own it, the person included.
    pub owners: Vec<ObjectId>,
    /// How many secrets and certificates it has: somebody should rotate them.
    pub secrets: usize,
}

/// How a role is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoleHeldBy {
    /// An active assignment to the person.
    Assignment,
    /// The person may activate it.
    Eligibility,
    /// Through this group.
    Group(ObjectId),
}

/// An administrative role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleHeld {
    /// The id of the assignment or eligibility, which removal uses.
    pub id: ObjectId,
    /// The role's definition id (its template id for built-in roles).
    pub role: ObjectId,
    /// The role's name.
    pub name: String,
    /// The directory scope, `/` for the whole tenant.
    pub scope: String,
    /// How it is held.
    pub by: RoleHeldBy,
    /// Whether it is a privileged role.
    pub privileged: bool,
}

/// A sign-in method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Method {
    /// Its id.
    pub id: ObjectId,
    /// Its kind as the directory names it, e.g. `phone`, `fido2`.
    pub kind: String,
    /// What a person would recognise it by, without giving it away.
    pub name: String,
}

/// The mailbox of the person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum MailboxFacts {
    /// There is none.
    None,
    /// It is kept on premises.
    OnPremises,
    /// It could not be read.
    Unread {
        /// Why not.
        because: String,
    },
    /// It is in the cloud.
    Cloud(Box<Mailbox>),
}

impl MailboxFacts {
    /// The mailbox in the cloud, when there is one.
    #[must_use]
    pub fn cloud(&self) -> Option<&Mailbox> {
        match self {
            Self::Cloud(mailbox) => Some(mailbox),
            _ => None,
        }
    }
}

/// A mailbox in the cloud.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The id that calls use.
    pub id: ObjectId,
    /// Its primary address.
    pub address: String,
    /// Its type as the vendor names it (`UserMailbox`, `SharedMailbox`, …).
    pub kind: String,
    /// Its size in bytes, when it could be read.
    pub size_bytes: Option<u64>,
    /// Why it is on hold, one word per reason; empty when it is not.
    pub holds: Vec<String>,
    /// Whether it has an archive.
    pub archive: bool,
    /// Whether it is hidden from address lists.
    pub hidden: bool,
    /// Where mail is forwarded within the organisation (an object's id or name as read).
    pub forwarding_to: Option<String>,
    /// Where mail is forwarded outside.
    pub forwarding_smtp: Option<String>,
    /// Whether a copy stays when it is forwarded.
    pub keep_copy: bool,
    /// The automatic reply.
    pub auto_reply: AutoReply,
    /// Rules of the user, system rules left out.
    pub rules: Vec<MailboxRule>,
    /// Phones with a partnership.
    pub devices: Vec<MailboxDevice>,
    /// Who can open it besides the person.
    pub full_access: Vec<Trustee>,
    /// Who can send as it besides the person.
    pub send_as: Vec<Trustee>,
}

/// An automatic reply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoReply {
    /// `Disabled`, `Enabled` or `Scheduled`.
    pub state: String,
    /// The text for colleagues, without the markup the server wraps around it.
    pub internal: String,
    /// The text for others.
    pub external: String,
    /// Who outside gets it: `None`, `Known`, `All`.
    pub audience: String,
}

/// A rule in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxRule {
    /// Its id.
    pub id: ObjectId,
    /// Its name.
    pub name: String,
    /// Where it sends mail outside the mailbox, when it does.
    pub sends_to: Vec<String>,
}

/// A phone's partnership with a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxDevice {
    /// Its identity.
    pub id: ObjectId,
    /// What a person would recognise it by.
    pub name: String,
}

/// Somebody with a right on a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trustee {
    /// The object id where it could be resolved, else the name as read.
    pub id: ObjectId,
    /// The name.
    pub name: String,
}

/// Which right on a mailbox.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// Open it and read.
    FullAccess,
    /// Send as it.
    SendAs,
    /// Send on its behalf.
    SendOnBehalf,
}

/// A right of the person on another mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxRight {
    /// The mailbox.
    pub mailbox: ObjectId,
    /// Its address.
    pub address: String,
    /// The right.
    pub right: Right,
}

/// A future meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    /// Its id.
    pub id: ObjectId,
    /// Its subject.
    pub subject: String,
    /// When it starts, as read.
    pub start: String,
    /// How many people are invited.
    pub attendees: usize,
}

/// Something that was not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unchecked {
    /// What.
    pub what: String,
    /// Why, and what would be needed to read it.
    pub because: String,
}

/// What was read for somebody who comes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joiner {
    /// Whether the account has to be created. Otherwise the person is in the directory already and is onboarded in place. A new
    /// person's id is the sign-in name chosen here, which is reserved when the plan is approved.
    pub new: bool,
    /// The sign-in names that were tried, best first; the last one is free where there is a free one.
    pub names: Vec<NameTried>,
    /// Groups and lists that the role or the request name, and what was found.
    pub groups: Vec<GroupNamed>,
    /// Mailboxes that the role or the request name, and what was found.
    pub mailboxes: Vec<MailboxNamed>,
    /// The colleague whose access is copied.
    pub copied: Option<Copied>,
    /// Accounts that bear the display name of somebody new: one of them may be this very person.
    #[serde(default)]
    pub namesakes: Vec<Namesake>,
}

/// An account that bears the same display name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namesake {
    /// The account.
    pub person: PersonLite,
    /// Its department.
    pub department: Option<String>,
    /// Its employee id.
    pub employee_id: Option<String>,
    /// Its manager.
    pub manager: Option<PersonLite>,
}

/// A sign-in name that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameTried {
    /// The sign-in name.
    pub upn: String,
    /// Who has it or holds it, in the words of a remark; absent when it is free.
    pub taken: Option<String>,
}

/// A group or list as written, and everything of that name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupNamed {
    /// As written.
    pub written: String,
    /// Everything found; one entry when it is clear.
    pub found: Vec<Group>,
}

/// A mailbox as written, and what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxNamed {
    /// As written.
    pub written: String,
    /// The mailbox; absent when there is none, or it could not be read.
    pub found: Option<MailboxLite>,
    /// Why it could not be read; absent when the mail system answered.
    #[serde(default)]
    pub unread: Option<String>,
}

/// A mailbox, as far as needed to give somebody rights on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxLite {
    /// The id that calls use.
    pub id: ObjectId,
    /// Its primary address.
    pub address: String,
    /// Its type as the vendor names it.
    pub kind: String,
}

/// The colleague whose access is copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// The colleague.
    pub person: PersonLite,
    /// The groups and lists the colleague is a direct member of.
    pub memberships: Vec<Group>,
}
