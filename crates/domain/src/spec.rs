//! What a step wants to do, as data: the objects, the change to each, its effects, and what must come before.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ObjectId, StepKey};

/// The kind of an object that a step touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// A person's account.
    Person,
    /// A security group or a Microsoft 365 group: membership is written in the directory.
    Group,
    /// A distribution list or mail-enabled security group: membership is written in the mail system.
    List,
    /// A mailbox.
    Mailbox,
    /// A licence as bought by the tenant.
    License,
    /// An administrative role.
    Role,
    /// A way to prove who one is at sign-in.
    Method,
    /// A device, or its partnership with a mailbox.
    Device,
    /// A rule in a mailbox.
    Rule,
    /// A meeting.
    Meeting,
    /// A registered application.
    Application,
    /// A message to be sent.
    Message,
    /// A telephone number.
    Number,
    /// Anything that is done by hand or on premises.
    Manual,
}

/// One object, by id and by the name a person knows it by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectRef {
    /// What it is.
    pub kind: ObjectKind,
    /// Its id, which calls use.
    pub id: ObjectId,
    /// Its name, which people read.
    pub name: String,
}

impl ObjectRef {
    /// An object from its three parts.
    #[must_use]
    pub fn new(kind: ObjectKind, id: &ObjectId, name: &str) -> Self {
        Self {
            kind,
            id: id.clone(),
            name: name.to_owned(),
        }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// By which route somebody holds a licence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// Assigned to the person.
    Direct,
    /// Inherited from this group.
    Group(ObjectId),
}

/// What a step does to the world, in the words the order rules speak. The list is closed on purpose: a new effect is a new
/// question to every rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum Effect {
    /// Sign-in is blocked.
    ClosesSignIn,
    /// Sign-in is allowed again.
    OpensSignIn,
    /// The password is replaced.
    ResetsPassword,
    /// Sessions that are open now end.
    EndsSessions,
    /// Sessions are ended once more, when everything else is settled.
    EndsSessionsAgain,
    /// An administrative role goes, or the eligibility for it.
    RemovesRole {
        /// The role.
        role: ObjectId,
    },
    /// An owned application gets another owner.
    HandsOverApplication {
        /// The application.
        application: ObjectId,
    },
    /// A sign-in method goes.
    RemovesMethod,
    /// A sign-in method is registered for the person.
    RegistersMethod,
    /// A pass for the first sign-in is made: a secret that somebody has to be given.
    GivesPass,
    /// Future meetings that the person organises are cancelled.
    CancelsMeetings,
    /// An automatic reply is set.
    SetsAutoReply,
    /// Mail is forwarded.
    SetsForwarding,
    /// Forwarding is cleared.
    ClearsForwarding,
    /// Somebody else gets into the mailbox.
    GrantsMailboxAccess,
    /// The mailbox disappears from address lists.
    HidesFromAddressLists,
    /// Rules of the mailbox go.
    RemovesRules,
    /// A phone's partnership with the mailbox goes.
    RemovesPartnership,
    /// The person's rights on other mailboxes go.
    RemovesMailboxRights,
    /// The mailbox becomes a shared one.
    ConvertsMailbox,
    /// The mailbox is knowingly let go with its licence.
    LetsMailboxGo,
    /// A licence that keeps the mailbox is put in place.
    KeepsMailboxLicense {
        /// How it is held.
        route: Route,
    },
    /// Membership in a group goes.
    RemovesMembership {
        /// The group.
        group: ObjectId,
    },
    /// Membership in a mail list goes.
    RemovesListMembership {
        /// The list.
        list: ObjectId,
    },
    /// Membership in a group begins.
    AddsMembership {
        /// The group.
        group: ObjectId,
    },
    /// Membership in a mail list begins.
    AddsListMembership {
        /// The list.
        list: ObjectId,
    },
    /// A group gets another owner.
    AddsOwner {
        /// The group.
        group: ObjectId,
    },
    /// The person stops owning a group.
    RemovesOwner {
        /// The group.
        group: ObjectId,
    },
    /// A direct report gets another manager.
    MovesReport,
    /// A licence is given back.
    FreesLicense {
        /// The licence.
        sku: ObjectId,
        /// How it was held.
        route: Route,
        /// What hangs on it.
        carries: Carries,
    },
    /// A licence is given.
    AssignsLicense {
        /// The licence.
        sku: ObjectId,
        /// How it is held.
        route: Route,
        /// What hangs on it.
        carries: Carries,
    },
    /// Services within a licence that is held already are switched on or off; no seat is taken.
    ChangesLicense {
        /// The licence.
        sku: ObjectId,
    },
    /// The usage location is changed.
    SetsUsageLocation,
    /// Parts of the profile are changed (department, manager, …).
    ChangesProfile,
    /// The account is created.
    CreatesPerson,
    /// The account is deleted.
    DeletesPerson,
    /// A mailbox is known to exist after this.
    AwaitsMailbox,
    /// Something is granted that needs a provisioned mailbox.
    NeedsMailbox,
    /// A telephone number is unassigned.
    UnassignsNumber,
    /// A telephone number enters the inventory.
    ReturnsNumber,
    /// A device is wiped.
    WipesDevice {
        /// The device.
        device: ObjectId,
        /// Whether the company owns it; a personal or unknown-owner device is never wiped.
        company: bool,
    },
    /// Company data leaves a device.
    RetiresDevice {
        /// The device.
        device: ObjectId,
    },
    /// A device is disabled.
    DisablesDevice {
        /// The device.
        device: ObjectId,
    },
    /// A device's record goes.
    RemovesDevice {
        /// The device.
        device: ObjectId,
    },
    /// A device's recovery key is read and kept.
    SecuresRecoveryKey {
        /// The device.
        device: ObjectId,
    },
    /// A seat is bought.
    BuysSeat {
        /// The licence.
        sku: ObjectId,
    },
    /// The number of seats paid for is reduced.
    ReducesSeats {
        /// The licence.
        sku: ObjectId,
        /// Whether a commitment would be broken.
        breaks_commitment: bool,
    },
    /// The account is disabled where it is mastered, on premises.
    DisablesOnPremises,
    /// The password is replaced where it is mastered, on premises.
    ResetsPasswordOnPremises,
    /// The account is created where it is mastered, on premises.
    CreatesOnPremises,
    /// An attribute is changed where it is mastered, on premises.
    ChangesOnPremises,
    /// An attribute mastered on premises is changed in the cloud.
    ChangesSyncedAttribute,
    /// The directories have synced, and the cloud shows it.
    AwaitsSync,
    /// The block is read again.
    ReadsBlockAgain,
    /// The link to the on-premises account is cleared.
    ClearsImmutableId,
    /// Conditional access changes: never allowed.
    ChangesConditionalAccess,
    /// Somebody is told how it ended.
    Notifies,
    /// The ticket is closed.
    ClosesTicket,
}

/// What hangs on a licence.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Carries {
    /// The mailbox.
    pub mailbox: bool,
    /// Telephony.
    pub voice: bool,
    /// Device management.
    pub devices: bool,
}

/// What must be true of one step before another begins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "edge", content = "of", rename_all = "kebab-case")]
pub enum Edge {
    /// The other was answered, whatever the answer (within containment).
    Answered(StepKey),
    /// The other is settled: verified, failed or skipped.
    After(StepKey),
    /// The other is verified.
    Needs(StepKey),
}

impl Edge {
    /// The step this edge points at.
    #[must_use]
    pub fn key(&self) -> &StepKey {
        match self {
            Self::Answered(key) | Self::After(key) | Self::Needs(key) => key,
        }
    }
}

/// Whether a change can be taken back, in the order in which an approver should worry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "can", content = "because", rename_all = "kebab-case")]
pub enum Reversal {
    /// It can be restored from the pre-image.
    Return,
    /// It cannot return, and the plan's approval covers it.
    CannotReturn(String),
    /// It cannot return, and it is approved on a line of its own (order rule 15).
    ApprovedApart(String),
}

/// How a read shows that a change is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "expect", content = "value", rename_all = "kebab-case")]
pub enum Expect {
    /// The value reads exactly like this (`null` for absent).
    Is(Value),
    /// The value is a time later than the one before the run and not earlier than the step's own call.
    Later,
}

impl Expect {
    /// The object or property is gone.
    #[must_use]
    pub fn absent() -> Self {
        Self::Is(Value::Null)
    }
}

/// One property of one object: as it is now, and as it shall be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The object that changes.
    pub object: ObjectRef,
    /// The property, in the words a person would use (`sign-in`, `member`, `type`).
    pub property: String,
    /// The value as read (`null` for absent). It is the pre-image.
    pub now: Value,
    /// What it shall read as.
    pub after: Expect,
    /// Whether it can be taken back.
    pub reversal: Reversal,
}

/// How long the vendor may take until a change is effective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// How long verification goes on, in milliseconds of time spent.
    pub converge_ms: u64,
    /// The wait before the first repeated read, in milliseconds; it grows by half each time.
    pub poll_ms: u64,
    /// How many times the write may be attempted.
    pub attempts: u32,
}

impl Budget {
    /// Directory writes: replicas lag by seconds, so two minutes and a read every two seconds.
    pub const DIRECTORY: Self = Self {
        converge_ms: 120_000,
        poll_ms: 1_500,
        attempts: 6,
    };
    /// Mail system writes: minutes.
    pub const MAIL: Self = Self {
        converge_ms: 300_000,
        poll_ms: 2_000,
        attempts: 6,
    };
    /// A conversion or another job that the vendor queues: up to an hour.
    pub const QUEUED: Self = Self {
        converge_ms: 3_600_000,
        poll_ms: 3_000,
        attempts: 6,
    };
}

/// One thing that Tenure proposes to do, complete enough to be ordered, shown, approved, carried out, verified and undone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepSpec {
    /// Unique within the plan.
    pub key: StepKey,
    /// The step's name in the catalogue.
    pub step: String,
    /// The version of the step that proposed it.
    pub version: u32,
    /// What an approver reads, one sentence.
    pub summary: String,
    /// Everything the step needs to be carried out, without secrets.
    pub params: Value,
    /// The changes it makes; at least one.
    pub changes: Vec<Change>,
    /// Its effects.
    pub effects: Vec<Effect>,
    /// What must come before, as far as the step itself knows; the planner adds what the order rules ask.
    pub edges: Vec<Edge>,
    /// How long it may take to become effective.
    pub budget: Budget,
    /// The application permissions that are enough for it, least privilege first.
    pub permissions: Vec<String>,
    /// Whether policy lets the removal grow when the live tenant has more of the same by the time of the run.
    pub may_grow: bool,
    /// The moment before which it does not begin, whatever its edges say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Who does it, where no step can: it is verified by that person's word, which the receipt keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<ByHand>,
}

/// A step that a person carries out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByHand {
    /// Who has to do it: an address or an operator's name.
    pub assignee: String,
    /// How long that may take from when it could begin, in hours; after that it is a finding.
    pub within_hours: u32,
    /// What has to be done, one line each, in the words of whoever does it.
    pub instructions: Vec<String>,
}

impl StepSpec {
    /// Whether any effect satisfies the question.
    pub fn has(&self, question: impl Fn(&Effect) -> bool) -> bool {
        self.effects.iter().any(question)
    }

    /// Whether the person can get in, or is still in, as long as this is not done.
    #[must_use]
    pub fn closes_access(&self) -> bool {
        self.effects.iter().any(|effect| {
            matches!(
                effect,
                Effect::ClosesSignIn
                    | Effect::EndsSessions
                    | Effect::EndsSessionsAgain
                    | Effect::DisablesOnPremises
            )
        })
    }

    /// Whether some of its changes wait for an approval of their own.
    #[must_use]
    pub fn approved_apart(&self) -> bool {
        self.changes
            .iter()
            .any(|change| matches!(change.reversal, Reversal::ApprovedApart(_)))
    }
}
