//! Which application permissions open which kind of operation; any one of a list suffices.
//!
//! Source: Microsoft's permission table (microsoft-graph-devx-content, permissions.json); where that has no entry, the operation's
//! documentation page.

pub(super) const READ_USERS: &[&str] = &[
    "User.Read.All",
    "User.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(super) const READ_BASIC_USERS: &[&str] = &[
    "User.ReadBasic.All",
    "User.Read.All",
    "User.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(super) const WRITE_USERS: &[&str] = &["User.ReadWrite.All", "Directory.ReadWrite.All"];
pub(super) const PATCH_USERS: &[&str] = &[
    "User.ReadWrite.All",
    "Directory.ReadWrite.All",
    "User.EnableDisableAccount.All",
    "User-PasswordProfile.ReadWrite.All",
    "User-Phone.ReadWrite.All",
    "User-Mail.ReadWrite.All",
    "User-LifeCycleInfo.ReadWrite.All",
];
pub(super) const DELETE_USERS: &[&str] = &["User.DeleteRestore.All", "User.ReadWrite.All"];
pub(super) const READ_MEMBERSHIP: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group.ReadBasic.All",
    "GroupMember.ReadBasic.All",
];
pub(super) const READ_TRANSITIVE: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadBasic.All",
    "GroupMember.Read.All",
    "GroupMember.ReadBasic.All",
    "User.Read.All",
];
pub(super) const CHECK_GROUPS: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadBasic.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "GroupMember.ReadBasic.All",
    "User.Read.All",
    "User.ReadWrite.All",
];
pub(super) const READ_GROUPS: &[&str] = &[
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadBasic.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
];
pub(super) const READ_MEMBERS: &[&str] = &[
    "Directory.Read.All",
    "Group.Read.All",
    "Group.ReadBasic.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "GroupMember.ReadBasic.All",
    "GroupMember.ReadWrite.All",
];
pub(super) const READ_OWNERS: &[&str] = &[
    "Directory.Read.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
    "GroupMember.Read.All",
    "GroupMember.ReadWrite.All",
];
pub(super) const WRITE_MEMBERS: &[&str] = &[
    "GroupMember.ReadWrite.All",
    "Group.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const WRITE_GROUPS: &[&str] = &["Group.ReadWrite.All", "Directory.ReadWrite.All"];
pub(super) const CREATE_GROUPS: &[&str] = &[
    "Group.Create",
    "Group.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const READ_SKUS: &[&str] = &[
    "LicenseAssignment.Read.All",
    "Organization.Read.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(super) const WRITE_LICENCES: &[&str] = &[
    "LicenseAssignment.ReadWrite.All",
    "User.ReadWrite.All",
    "Directory.ReadWrite.All",
];
pub(super) const READ_METHODS: &[&str] = &[
    "UserAuthenticationMethod.Read.All",
    "UserAuthenticationMethod.ReadWrite.All",
];
pub(super) const READ_METHOD_POLICY: &[&str] = &[
    "Policy.Read.AuthenticationMethod",
    "Policy.Read.All",
    "Policy.ReadWrite.AuthenticationMethod",
];
/// Typed collections; the narrow permissions per method are checked by the handler.
pub(super) const READ_TYPED_METHODS: &[&str] = &[
    "UserAuthenticationMethod.Read.All",
    "UserAuthenticationMethod.ReadWrite.All",
    "UserAuthMethod-Phone.Read.All",
    "UserAuthMethod-Phone.ReadWrite.All",
    "UserAuthMethod-MicrosoftAuthApp.Read.All",
    "UserAuthMethod-MicrosoftAuthApp.ReadWrite.All",
    "UserAuthMethod-Passkey.Read.All",
    "UserAuthMethod-Passkey.ReadWrite.All",
    "UserAuthMethod-SoftwareOATH.Read.All",
    "UserAuthMethod-SoftwareOATH.ReadWrite.All",
    "UserAuthMethod-WindowsHello.Read.All",
    "UserAuthMethod-WindowsHello.ReadWrite.All",
    "UserAuthMethod-Email.Read.All",
    "UserAuthMethod-Email.ReadWrite.All",
    "UserAuthMethod-TAP.Read.All",
    "UserAuthMethod-TAP.ReadWrite.All",
    "UserAuthMethod-PlatformCred.Read.All",
    "UserAuthMethod-PlatformCred.ReadWrite.All",
    "UserAuthMethod-External.Read.All",
    "UserAuthMethod-External.ReadWrite.All",
];
/// The narrow permissions per method are checked by the handler.
pub(super) const WRITE_METHODS: &[&str] = &[
    "UserAuthenticationMethod.ReadWrite.All",
    "UserAuthMethod-Phone.ReadWrite.All",
    "UserAuthMethod-MicrosoftAuthApp.ReadWrite.All",
    "UserAuthMethod-Passkey.ReadWrite.All",
    "UserAuthMethod-SoftwareOATH.ReadWrite.All",
    "UserAuthMethod-WindowsHello.ReadWrite.All",
    "UserAuthMethod-Email.ReadWrite.All",
    "UserAuthMethod-TAP.ReadWrite.All",
    "UserAuthMethod-PlatformCred.ReadWrite.All",
    "UserAuthMethod-External.ReadWrite.All",
];
pub(super) const READ_ROLES: &[&str] = &[
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(super) const WRITE_ROLES: &[&str] = &["RoleManagement.ReadWrite.Directory"];
pub(super) const READ_ELIGIBLE: &[&str] = &[
    "RoleEligibilitySchedule.Read.Directory",
    "RoleEligibilitySchedule.ReadWrite.Directory",
    "RoleManagement.Read.All",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
];
pub(super) const WRITE_ELIGIBLE: &[&str] = &[
    "RoleEligibilitySchedule.ReadWrite.Directory",
    "RoleManagement.ReadWrite.Directory",
];
pub(super) const READ_APPS: &[&str] = &[
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Application.ReadWrite.OwnedBy",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(super) const READ_CALENDAR: &[&str] = &[
    "Calendars.Read",
    "Calendars.ReadBasic",
    "Calendars.ReadWrite",
];
pub(super) const WRITE_CALENDAR: &[&str] = &["Calendars.ReadWrite"];
pub(super) const READ_SETTINGS: &[&str] = &["MailboxSettings.Read", "MailboxSettings.ReadWrite"];
pub(super) const WRITE_SETTINGS: &[&str] = &["MailboxSettings.ReadWrite"];
pub(super) const READ_MAIL: &[&str] = &["Mail.Read", "Mail.ReadBasic.All", "Mail.ReadWrite"];
pub(super) const WRITE_MAIL: &[&str] = &["Mail.ReadWrite"];
pub(super) const SEND_MAIL: &[&str] = &["Mail.Send"];
pub(super) const DELETE_OR_READ_USERS: &[&str] = &[
    "User.Read.All",
    "User.ReadWrite.All",
    "User.DeleteRestore.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
