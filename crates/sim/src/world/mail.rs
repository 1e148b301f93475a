//! Mailboxes as Exchange Online keeps them, with their calendar and messages.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Id;

/// `RecipientTypeDetails` of a mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecipientKind {
    /// A person's mailbox.
    #[default]
    UserMailbox,
    /// A shared mailbox.
    SharedMailbox,
    /// A room.
    RoomMailbox,
    /// Equipment.
    EquipmentMailbox,
}

impl RecipientKind {
    /// The name Exchange shows as `RecipientTypeDetails`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UserMailbox => "UserMailbox",
            Self::SharedMailbox => "SharedMailbox",
            Self::RoomMailbox => "RoomMailbox",
            Self::EquipmentMailbox => "EquipmentMailbox",
        }
    }
}

/// A conversion under way: accepted, not yet visible in `RecipientTypeDetails`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversion {
    /// What it becomes.
    pub to: RecipientKind,
    /// When it is so.
    pub done_at: Timestamp,
}

/// A mailbox, keyed by the object id of its user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mailbox {
    /// ExchangeGuid.
    pub exchange_guid: Id,
    /// Alias.
    pub alias: String,
    /// DisplayName.
    pub display_name: String,
    /// PrimarySmtpAddress.
    pub primary_smtp_address: String,
    /// EmailAddresses with prefix, `SMTP:` for the primary one.
    pub email_addresses: Vec<String>,
    /// RecipientTypeDetails, which follows a conversion seconds later.
    pub kind: RecipientKind,
    /// The conversion under way.
    pub converting: Option<Conversion>,
    /// HiddenFromAddressListsEnabled.
    pub hidden: bool,
    /// ForwardingAddress: the object id of a recipient.
    pub forwarding_address: Option<Id>,
    /// ForwardingSmtpAddress as stored, `smtp:x@y`.
    pub forwarding_smtp_address: Option<String>,
    /// DeliverToMailboxAndForward.
    pub deliver_and_forward: bool,
    /// Out of office.
    pub auto_reply: AutoReply,
    /// LitigationHoldEnabled.
    pub litigation_hold: bool,
    /// LitigationHoldDate.
    pub litigation_hold_date: Option<Timestamp>,
    /// InPlaceHolds.
    pub in_place_holds: Vec<String>,
    /// ComplianceTagHoldApplied (a retention label holds something).
    pub label_hold: bool,
    /// DelayHoldApplied.
    pub delay_hold: bool,
    /// ArchiveGuid when there is an archive.
    pub archive_guid: Option<Id>,
    /// TotalItemSize in bytes.
    pub size_bytes: u64,
    /// ItemCount.
    pub item_count: u64,
    /// Inbox rules, hidden system rules included.
    pub rules: Vec<InboxRule>,
    /// Mobile devices with a partnership.
    pub devices: Vec<MobileDevice>,
    /// Mailbox permissions, `NT AUTHORITY\SELF` left out.
    pub permissions: Vec<MailboxAce>,
    /// Object ids of the trustees with SendAs.
    pub send_as: Vec<Id>,
    /// GrantSendOnBehalfTo: object ids.
    pub send_on_behalf: Vec<Id>,
    /// Rights on the calendar folder by object id of the grantee, beside the built-in Default and Anonymous.
    pub calendar_permissions: BTreeMap<Id, Vec<String>>,
    /// Protocol switches.
    pub cas: CasSettings,
    /// RetentionPolicy.
    pub retention_policy: Option<String>,
    /// Time zone by its Windows name; empty while nobody has set one.
    pub time_zone: String,
    /// Language as a culture name such as `de-DE`; none while nobody has set one.
    pub language: Option<String>,
    /// DateFormat; none while nobody has set one.
    pub date_format: Option<String>,
    /// TimeFormat; none while nobody has set one.
    pub time_format: Option<String>,
    /// The culture in which the default folders are named; none for English.
    pub folder_language: Option<String>,
    /// Rights of `Default` on the calendar; none for `AvailabilityOnly`.
    pub calendar_default: Option<Vec<String>>,
    /// When Exchange made it; none for as long ago as the account.
    pub created: Option<Timestamp>,
    /// Whether its addresses have yet to reach the directory.
    pub addresses_pending: bool,
    /// When it was lost because its licence went first (soft-deleted), if it was.
    pub lost_at: Option<Timestamp>,
    /// Over quota, on hold or with archive, and without the licence that this needs: Microsoft locks it.
    pub locked: bool,
}

impl Mailbox {
    /// Whether Exchange still shows it.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.lost_at.is_none()
    }
}

/// Out of office (`Get-MailboxAutoReplyConfiguration`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AutoReply {
    /// `Disabled`, `Enabled` or `Scheduled`.
    pub state: String,
    /// Internal text, wrapped in HTML by the server.
    pub internal_message: String,
    /// External text, wrapped in HTML by the server.
    pub external_message: String,
    /// `None`, `Known` or `All`.
    pub external_audience: String,
    /// Start when scheduled.
    pub start: Option<Timestamp>,
    /// End when scheduled.
    pub end: Option<Timestamp>,
}

impl Default for AutoReply {
    fn default() -> Self {
        Self {
            state: "Disabled".to_owned(),
            internal_message: String::new(),
            external_message: String::new(),
            external_audience: "All".to_owned(),
            start: None,
            end: None,
        }
    }
}

/// One inbox rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InboxRule {
    /// RuleIdentity, a large decimal number.
    pub identity: String,
    /// Name.
    pub name: String,
    /// Enabled.
    pub enabled: bool,
    /// Priority.
    pub priority: u32,
    /// Shown only with `IncludeHidden`; also the system's own rules.
    pub hidden: bool,
    /// Description.
    pub description: String,
    /// ForwardTo, RedirectTo: addresses.
    pub forward_to: Vec<String>,
}

/// One mobile device partnership.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MobileDevice {
    /// DeviceId.
    pub device_id: String,
    /// Guid.
    pub guid: Id,
    /// FriendlyName.
    pub friendly_name: String,
    /// DeviceType.
    pub device_type: String,
    /// DeviceModel.
    pub device_model: String,
    /// DeviceOS.
    pub device_os: String,
    /// ClientType: `EAS` or `Outlook`.
    pub client_type: String,
    /// FirstSyncTime.
    pub first_sync: Timestamp,
    /// Whether an account-only wipe is queued.
    pub wipe_queued: bool,
}

/// One access control entry of a mailbox.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailboxAce {
    /// Object id of the grantee, a user or a group.
    pub user: Id,
    /// Rights, such as `FullAccess`.
    pub rights: Vec<String>,
    /// Whether Outlook opens the mailbox by itself; never read back by the cmdlet.
    pub auto_mapping: bool,
    /// Whether it denies.
    pub deny: bool,
    /// Whether it is inherited and so cannot be removed here.
    pub inherited: bool,
}

/// Protocol switches (`Get-CASMailbox`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CasSettings {
    /// ActiveSyncEnabled.
    pub active_sync: bool,
    /// OWAEnabled.
    pub owa: bool,
    /// MAPIEnabled.
    pub mapi: bool,
    /// ImapEnabled.
    pub imap: bool,
    /// PopEnabled.
    pub pop: bool,
    /// EwsEnabled.
    pub ews: bool,
    /// OutlookMobileEnabled.
    pub outlook_mobile: bool,
    /// SmtpClientAuthenticationDisabled: inverted.
    pub smtp_auth_disabled: Option<bool>,
}

impl Default for CasSettings {
    fn default() -> Self {
        Self {
            active_sync: true,
            owa: true,
            mapi: true,
            imap: true,
            pop: true,
            ews: true,
            outlook_mobile: true,
            smtp_auth_disabled: None,
        }
    }
}

/// One calendar entry of one mailbox; the organiser's and each attendee's copy are entries of their own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Event {
    /// Object id of the mailbox it lies in.
    pub mailbox: Id,
    /// iCalUId, the same in all copies.
    pub ical_uid: String,
    /// Subject.
    pub subject: String,
    /// Start of the first instance.
    pub start: Timestamp,
    /// End of the first instance.
    pub end: Timestamp,
    /// For a series: the start of its last weekly instance.
    pub weekly_until: Option<Timestamp>,
    /// The organiser's address.
    pub organizer: String,
    /// The attendees' addresses, rooms included.
    pub attendees: Vec<String>,
    /// Whether this mailbox is the organiser.
    pub is_organizer: bool,
    /// Whether the organiser called it off.
    pub is_cancelled: bool,
}

/// A draft or sent message of one mailbox.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Message {
    /// Object id of the mailbox it lies in.
    pub mailbox: Id,
    /// `drafts`, `sentitems` or `outbox`.
    pub folder: String,
    /// Subject.
    pub subject: String,
    /// Content type of the body.
    pub content_type: String,
    /// The body.
    pub content: String,
    /// Addresses on the To line.
    pub to: Vec<String>,
    /// Addresses on the Cc line.
    pub cc: Vec<String>,
    /// The caller's own headers.
    pub headers: Vec<(String, String)>,
    /// Message-ID.
    pub internet_message_id: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was sent.
    pub sent: Option<Timestamp>,
}
