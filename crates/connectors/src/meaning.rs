//! What a vendor's error text means: codes alone cannot tell "already a member" from "bad payload".

use serde::{Deserialize, Serialize};

/// What an error says about the object, beyond its failure class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// The member or owner is there already.
    AlreadyMember,
    /// The member or owner to remove is not there.
    NotMember,
    /// The owner is the last one, and a group needs one.
    LastOwner,
    /// The sign-in method is the default while others exist.
    DefaultMethodFirst,
    /// No seat of the licence is free.
    NoSeat,
    /// The person has no usable usage location.
    NoUsageLocation,
    /// The licence comes from a group and cannot be removed from the person.
    InheritedLicence,
    /// The person does not have the licence.
    NoSuchLicence,
    /// The tenant does not own the licence.
    UnknownLicence,
    /// Two service plans exclude each other.
    PlansExclusive,
    /// A service plan needs another one.
    PlanDependency,
    /// The property is mastered on-premises.
    OnPremisesMastered,
    /// A mail-enabled group is changed through Exchange, not through Graph.
    MailEnabledViaExchange,
    /// The group's members follow from a rule.
    DynamicGroup,
    /// Another object has that value already.
    DuplicateValue,
    /// Somebody else has the sign-in name already.
    NameTaken,
    /// Somebody or something else has the address, or the alias it is made of, already.
    AddressTaken,
    /// The sign-in name's domain is not verified in the tenant.
    UnverifiedDomain,
    /// The name fits several objects.
    Ambiguous,
    /// The person has a Temporary Access Pass already, and this tenant's service does not replace it.
    PassExists,
    /// The tenant's policy gives the person no Temporary Access Pass, or no such one.
    PassNotAllowed,
    /// The phone number is not written as the service wants it.
    InvalidPhone,
    /// The person has a phone of that type, or somebody has that number, already.
    PhoneExists,
    /// The password does not satisfy the tenant's rules.
    WeakPassword,
    /// The caller lacks a permission, or the target holds a privileged role.
    NotEnoughPrivilege,
    /// A directory quota is used up.
    QuotaExceeded,
    /// The object, or the relation asked for, does not exist (or not yet).
    NotFound,
    /// The application is not yet known everywhere after consent.
    NotReplicated,
    /// Two writes met on one object.
    ConcurrentWrite,
    /// The mailbox does not exist (or not yet).
    NoMailbox,
    /// The cmdlet is unknown or not allowed to the caller.
    CmdletNotAllowed,
    /// The service is busy.
    Busy,
    /// The token is missing, expired or of the wrong audience.
    BadToken,
    /// The credential itself is wrong, expired or not registered.
    BadCredential,
    /// The application has no consent in the tenant.
    NoConsent,
    /// The tenant id is wrong.
    UnknownTenant,
}
