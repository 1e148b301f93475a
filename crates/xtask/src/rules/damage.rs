//! What can go wrong in a plan, each with the order rule that exists to prevent it.

/// One kind of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Damage {
    Altered,
    EffectsLie,
    NeverBegins,
    PreImageLost,
    NothingRecorded,
    AccessOpen,
    AccessOpenUnsaid,
    SessionsBeforeBlock,
    SessionsNotLast,
    SlowBeforeContainment,
    ContainmentWaits,
    ContainmentNotApart,
    RolesLate,
    MeetingsLeft,
    MailLost,
    KeeperMissing,
    ConvertedBlindly,
    MailboxGone,
    LicenceStuck,
    LicenceGroupTaken,
    LicenceTakenUnasked,
    DirectBesideGroup,
    ConvertLate,
    RuleUnsaid,
    MailTakenByRule,
    LocationTouched,
    TooEarly,
    OwnerGone,
    MethodsSplit,
    NumberLost,
    DeletionBesideOthers,
    DeviceUncleared,
    PersonalWiped,
    WipedAndRetired,
    KeyLost,
    NoLineOfItsOwn,
    LastingUnmarked,
    SeatUnbought,
    SeatReducedEarly,
    CommitmentBroken,
    PremisesOrder,
    PremisesUnsaid,
    SyncedChanged,
    LinkCleared,
    DoorOpen,
    MailGivenUp,
    ConditionalAccess,
    NoticeEarly,
    PersonMissing,
    MailboxMissing,
    MailboxNeverComes,
    LicenceGroupJoined,
    MadeTwice,
    MadeBeside,
    AgainstPolicy,
    BeforeFirstDay,
    PassForNobody,
}

use Damage as D;

/// Every kind, the order rule it breaks (0 for none: the planner or a step itself is at fault), and what it means.
const ALL: &[(Damage, u8, &str)] = &[
    (D::Altered, 0, "the plan is not what the steps proposed"),
    (
        D::EffectsLie,
        0,
        "a step declares other effects than its changes have",
    ),
    (D::NeverBegins, 0, "steps wait for each other for ever"),
    (
        D::PreImageLost,
        1,
        "two steps change one property, so what stood before is overwritten",
    ),
    (
        D::NothingRecorded,
        1,
        "a step names no change, so nothing is recorded before it",
    ),
    (
        D::AccessOpen,
        2,
        "sign-in is open at the end although the plan closes it, or is opened again",
    ),
    (
        D::AccessOpenUnsaid,
        2,
        "sign-in stays open and no remark says so",
    ),
    (
        D::SessionsBeforeBlock,
        2,
        "the password or the sessions go before sign-in is closed",
    ),
    (
        D::SessionsNotLast,
        2,
        "sessions are not ended again after everything else",
    ),
    (
        D::SlowBeforeContainment,
        2,
        "something begins before access is closed",
    ),
    (
        D::ContainmentWaits,
        2,
        "closing access waits for something else",
    ),
    (
        D::ContainmentNotApart,
        2,
        "closing access shares a call with something else",
    ),
    (
        D::RolesLate,
        3,
        "roles are not taken directly after containment",
    ),
    (
        D::MeetingsLeft,
        4,
        "the mailbox can no longer send while meetings are to be cancelled",
    ),
    (
        D::MailLost,
        5,
        "the mailbox's licence or account goes before the conversion is verified",
    ),
    (
        D::KeeperMissing,
        5,
        "a large, held or archived mailbox is left without a licence of its own",
    ),
    (
        D::ConvertedBlindly,
        5,
        "a mailbox is converted that is on premises or could not be read",
    ),
    (
        D::MailboxGone,
        6,
        "a mailbox that lost its licence is worked on",
    ),
    (
        D::LicenceStuck,
        7,
        "direct licences are taken while a licence group stays",
    ),
    (
        D::LicenceGroupTaken,
        7,
        "a licence group is taken by something else than licence removal",
    ),
    (
        D::LicenceTakenUnasked,
        7,
        "licences are taken although they are left as they are",
    ),
    (
        D::DirectBesideGroup,
        8,
        "a person licensed by group gets a direct licence",
    ),
    (
        D::ConvertLate,
        8,
        "conversion waits although a rule may take the licence at any moment",
    ),
    (
        D::MailTakenByRule,
        8,
        "a rule takes the licence and the mailbox is neither converted nor let go",
    ),
    (
        D::RuleUnsaid,
        8,
        "no remark says that a rule may take the licence",
    ),
    (
        D::LocationTouched,
        9,
        "the usage location of a leaver is changed",
    ),
    (
        D::TooEarly,
        9,
        "a step begins before the person, mailbox or usage location it needs",
    ),
    (D::OwnerGone, 10, "a group is without an owner"),
    (
        D::MethodsSplit,
        11,
        "sign-in methods are removed in more than one step",
    ),
    (
        D::NumberLost,
        12,
        "a number is lost with the licence, or enters the inventory while assigned",
    ),
    (
        D::DeletionBesideOthers,
        13,
        "a deletion shares a plan with what it destroys",
    ),
    (
        D::DeviceUncleared,
        14,
        "a device is put away or loses its licence before it is cleared",
    ),
    (
        D::PersonalWiped,
        14,
        "a device that is not the company's is wiped",
    ),
    (D::WipedAndRetired, 14, "a device is wiped and retired"),
    (
        D::KeyLost,
        14,
        "a device is cleared or put away before its recovery key is secured",
    ),
    (
        D::NoLineOfItsOwn,
        15,
        "something that can never return has no approval line of its own",
    ),
    (
        D::LastingUnmarked,
        15,
        "something that cannot return is not marked so",
    ),
    (
        D::SeatUnbought,
        16,
        "a licence is assigned before its seat is bought",
    ),
    (
        D::SeatReducedEarly,
        16,
        "a seat is given up before its removal is verified",
    ),
    (
        D::CommitmentBroken,
        16,
        "a seat is given up against a commitment",
    ),
    (
        D::PremisesOrder,
        17,
        "the cloud goes on before the directory on premises has synced",
    ),
    (
        D::PremisesUnsaid,
        17,
        "no remark says that the account is mastered on premises",
    ),
    (
        D::SyncedChanged,
        17,
        "what is mastered on premises is changed in the cloud",
    ),
    (
        D::LinkCleared,
        17,
        "the link to the on-premises account is cleared while it syncs",
    ),
    (
        D::DoorOpen,
        18,
        "methods go or the mailbox is converted while sign-in is open",
    ),
    (
        D::MailGivenUp,
        18,
        "the licence goes and the mailbox is neither converted nor let go",
    ),
    (D::ConditionalAccess, 18, "Conditional Access is changed"),
    (D::NoticeEarly, 19, "the outcome is told before it is known"),
    (
        D::PersonMissing,
        9,
        "something is written for a person whom no step makes",
    ),
    (
        D::MailboxMissing,
        9,
        "something needs a mailbox that is neither there nor waited for",
    ),
    (
        D::MailboxNeverComes,
        9,
        "a mailbox is waited for that no licence brings",
    ),
    (
        D::LicenceGroupJoined,
        8,
        "a licence group is joined by something else than licence assignment",
    ),
    (
        D::MadeTwice,
        0,
        "an account is made for somebody who has one",
    ),
    (
        D::MadeBeside,
        17,
        "the account is made in the cloud beside the one on premises",
    ),
    (
        D::AgainstPolicy,
        0,
        "a membership is given that policy keeps from this person",
    ),
    (
        D::BeforeFirstDay,
        0,
        "sign-in is open or a pass works before the first moment of work",
    ),
    (D::PassForNobody, 0, "a pass is made that nobody is given"),
];

impl Damage {
    /// The rule it breaks and what it means.
    pub(super) fn about(self) -> (u8, &'static str) {
        let about = ALL.iter().find(|(damage, ..)| *damage == self);
        about.map_or((0, "an unknown damage"), |(_, rule, says)| (*rule, *says))
    }
}

/// Several kinds at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Damages(u64);

impl Damages {
    /// Adds one kind.
    pub(super) fn add(&mut self, damage: Damage) {
        self.0 |= 1 << damage as u8;
    }

    /// Adds one kind where it happened.
    pub(super) fn add_if(&mut self, happened: bool, damage: Damage) {
        self.0 |= u64::from(happened) << damage as u8;
    }

    /// Adds others.
    pub(super) fn join(&mut self, others: Self) {
        self.0 |= others.0;
    }

    /// Whether all of the others are among them.
    pub(super) fn covers(self, others: Self) -> bool {
        others.0 & !self.0 == 0
    }

    /// Whether there is none.
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this kind is among them.
    pub(super) fn has(self, damage: Damage) -> bool {
        self.0 & (1 << damage as u8) != 0
    }

    /// Each with its rule and its words.
    pub(super) fn told(self) -> impl Iterator<Item = (u8, &'static str)> {
        ALL.iter()
            .filter(move |(damage, ..)| self.has(*damage))
            .map(|(_, rule, says)| (*rule, *says))
    }

    /// Every kind there is.
    pub(super) fn every() -> impl Iterator<Item = (Damage, u8, &'static str)> {
        ALL.iter().copied()
    }
}

/// What each order rule of DESIGN.md section 5 asks, in a few words.
pub(super) const RULES: [&str; 19] = [
    "record before the first change",
    "close access first, sessions once more at the end",
    "roles directly after containment",
    "meetings while the mailbox can send",
    "know and convert before the licence goes",
    "work on the mailbox while it lives",
    "direct licences with all licence groups",
    "no direct licence beside a group's",
    "location, person and mailbox first",
    "successor before the owner goes",
    "sign-in methods as a whole",
    "number before its licence",
    "deletion is a plan of its own",
    "clear a device before it is put away",
    "what cannot return, on a line of its own",
    "buy before, reduce after",
    "on premises first, then sync",
    "never while the door is open",
    "tell at the end, and the truth",
];
