//! The table of cmdlets: what runs each of them, and every parameter that the vendor's reference gives it.
//!
//! `known` are parameters that the real cmdlet has and the sandbox does not model; they are refused by name, never ignored. What stands in
//! no column is refused as the service refuses unknown parameters.

mod joining;

use jiff::Timestamp;

use super::errors::Refusal;
use super::output::Output;
use super::parameters::Parameters;
use super::{
    auto_reply, calendar, devices, folders, lists, mailbox, organization, permissions, protocols,
    recipients, rules,
};
use crate::world::Tenant;

/// One cmdlet; each column of parameters is a text of names parted by blanks.
#[derive(Debug)]
pub(super) struct Cmdlet {
    pub(super) name: &'static str,
    pub(super) run: Run,
    pub(super) required: &'static str,
    pub(super) switches: &'static str,
    pub(super) booleans: &'static str,
    pub(super) values: &'static str,
    pub(super) known: &'static str,
}

/// What a cmdlet does with the tenant: looks at a replica, or changes the primary as a whole or not at all.
#[derive(Clone, Copy, Debug)]
pub(super) enum Run {
    View(fn(&Tenant, &Context<'_>, &Parameters) -> Result<Output, Refusal>),
    Change(fn(&mut Tenant, &Context<'_>, &Parameters) -> Result<Output, Refusal>),
}

/// What a cmdlet knows about its surroundings.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) tenant_id: &'a str,
    /// Object id of the caller's service principal.
    pub(super) caller: &'a str,
    pub(super) now: Timestamp,
    /// When a conversion begun now is done.
    pub(super) converted_at: Timestamp,
    /// When work queued now is done.
    pub(super) queue_done_at: Timestamp,
}

/// The cmdlet of this name, in any case.
pub(super) fn named(name: &str) -> Option<&'static Cmdlet> {
    ALL.iter()
        .chain(joining::ALL)
        .find(|cmdlet| cmdlet.name.eq_ignore_ascii_case(name))
}

/// Every cmdlet of the sandbox; parameters after MicrosoftDocs/office-docs-powershell.
pub(super) const ALL: &[Cmdlet] = &[
    Cmdlet {
        name: "Get-Mailbox",
        run: Run::View(mailbox::get),
        required: "",
        switches: "Archive IncludeForwardingAddressWithDisplayNames \
                IncludeGrantSendOnBehalfToWithDisplayNames",
        booleans: "",
        values: "Identity Anr Filter RecipientTypeDetails ResultSize SortBy",
        known: "InactiveMailboxOnly SoftDeletedMailbox GroupMailbox IncludeAcceptMessagesOnlyFromDLMembersWithDisplayNames \
                IncludeAcceptMessagesOnlyFromSendersOrMembersWithDisplayNames \
                IncludeAcceptMessagesOnlyFromWithDisplayNames IncludeEmailAddressDisplayNames IncludeInactiveMailbox \
                MailboxPlan Migration OrganizationalUnit PublicFolder",
    },
    Cmdlet {
        name: "Set-Mailbox",
        run: Run::Change(mailbox::set),
        required: "Identity",
        switches: "Confirm WhatIf Force ProvideConsent",
        booleans: "DeliverToMailboxAndForward HiddenFromAddressListsEnabled LitigationHoldEnabled",
        values: "Identity Type EmailAddresses ForwardingAddress ForwardingSmtpAddress GrantSendOnBehalfTo",
        known: "AcceptMessagesOnlyFrom AcceptMessagesOnlyFromDLMembers AcceptMessagesOnlyFromSendersOrMembers \
                AccountDisabled AddressBookPolicy Alias ApplyMandatoryProperties ArchiveName AuditAdmin AuditDelegate \
                AuditEnabled AuditLogAgeLimit AuditOwner AutoArchivingEnabled BypassModerationFromSendersOrMembers \
                CalendarRepairDisabled CalendarVersionStoreDisabled ClearThrottlingPolicyAssignment CustomAttribute1 \
                CustomAttribute10 CustomAttribute11 CustomAttribute12 CustomAttribute13 CustomAttribute14 \
                CustomAttribute15 CustomAttribute2 CustomAttribute3 CustomAttribute4 CustomAttribute5 CustomAttribute6 \
                CustomAttribute7 CustomAttribute8 CustomAttribute9 DataEncryptionPolicy DefaultAuditSet \
                DefaultPublicFolderMailbox DisplayName ElcProcessingDisabled EmailAddressDisplayNames \
                EnableRoomMailboxAccount EndDateForRetentionHold EnforcedTimestamps ExcludeFromAllHolds \
                ExcludeFromAllOrgHolds ExcludeFromOrgHolds ExtensionCustomAttribute1 ExtensionCustomAttribute2 \
                ExtensionCustomAttribute3 ExtensionCustomAttribute4 ExtensionCustomAttribute5 ExternalOofOptions \
                GroupMailbox ImmutableId InactiveMailbox IsExchangeCloudManaged IsExcludedFromServingHierarchy \
                IssueWarningQuota JournalArchiveAddress Languages LitigationHoldDate LitigationHoldDuration \
                LitigationHoldOwner MailboxRegion MailTip MailTipTranslations MaxReceiveSize MaxSendSize \
                MessageCopyForSendOnBehalfEnabled MessageCopyForSentAsEnabled MessageCopyForSMTPClientSubmissionEnabled \
                MessageTrackingReadStatusEnabled MicrosoftOnlineServicesID ModeratedBy ModerationEnabled Name \
                NonCompliantDevices Office Password ProhibitSendQuota ProhibitSendReceiveQuota ProvisionedForOfficeGraph \
                PublicFolder RecalculateInactiveMailbox RecipientLimits RejectMessagesFrom RejectMessagesFromDLMembers \
                RejectMessagesFromSendersOrMembers RemoveComplianceTagHoldApplied RemoveDelayHoldApplied \
                RemoveDelayReleaseHoldApplied RemoveDisabledArchive RemoveMailboxProvisioningConstraint \
                RemoveOrphanedHolds RequireSenderAuthenticationEnabled ResourceCapacity ResourceCustom \
                RetainDeletedItemsFor RetentionComment RetentionHoldEnabled RetentionPolicy RetentionUrl \
                RoleAssignmentPolicy RoomMailboxPassword RulesQuota SchedulerAssistant SendModerationNotifications \
                SharingPolicy SimpleDisplayName SingleItemRecoveryEnabled StartDateForRetentionHold \
                StsRefreshTokensValidFrom UniqueRecipientsCountLimitLevel UniqueUnrestrictedGroupsLimitEnabled \
                UpdateEnforcedTimestamp UseDatabaseQuotaDefaults UseDatabaseRetentionDefaults UserCertificate \
                UserSMimeCertificate WindowsEmailAddress",
    },
    Cmdlet {
        name: "Get-MailboxStatistics",
        run: Run::View(mailbox::statistics),
        required: "",
        switches: "Archive UseCustomRouting",
        booleans: "",
        values: "Identity",
        known: "IncludeMoveHistory IncludeMoveReport IncludeSoftDeletedRecipients",
    },
    Cmdlet {
        name: "Get-CASMailbox",
        run: Run::View(protocols::get),
        required: "",
        switches: "IgnoreDefaultScope",
        booleans: "",
        values: "Identity ResultSize RecipientTypeDetails",
        known: "ActiveSyncDebugLogging ActiveSyncSuppressReadReceipt Anr Credential Filter OrganizationalUnit \
                ProtocolSettings ReadIsOptimizedForAccessibility RecalculateHasActiveSyncDevicePartnership SortBy",
    },
    Cmdlet {
        name: "Set-CASMailbox",
        run: Run::Change(protocols::set),
        required: "Identity",
        switches: "Confirm WhatIf",
        booleans: "ActiveSyncEnabled OWAEnabled MAPIEnabled ImapEnabled PopEnabled EwsEnabled OutlookMobileEnabled \
                SmtpClientAuthenticationDisabled",
        values: "Identity",
        known: "ActiveSyncAllowedDeviceIDs ActiveSyncBlockedDeviceIDs ActiveSyncDebugLogging ActiveSyncMailboxPolicy \
                ActiveSyncSuppressReadReceipt EwsAllowEntourage EwsAllowList EwsAllowMacOutlook EwsAllowOutlook \
                EwsApplicationAccessPolicy EwsBlockList ImapForceICalForCalendarRetrievalOption \
                ImapMessagesRetrievalMimeFormat ImapSuppressReadReceipt ImapUseProtocolDefaults \
                IsOptimizedForAccessibility MacOutlookEnabled OneWinNativeOutlookEnabled OWAforDevicesEnabled \
                OwaMailboxPolicy PopForceICalForCalendarRetrievalOption PopMessagesRetrievalMimeFormat \
                PopSuppressReadReceipt PopUseProtocolDefaults PublicFolderClientAccess ShowGalAsDefaultView \
                UniversalOutlookEnabled",
    },
    Cmdlet {
        name: "Get-MailboxPermission",
        run: Run::View(permissions::get_mailbox),
        required: "Identity",
        switches: "ReadFromDomainController UseCustomRouting IncludeUserWithDisplayName IncludeUnresolvedPermissions \
                IncludeSoftDeletedUserPermissions",
        booleans: "",
        values: "Identity User ResultSize",
        known: "Credential GroupMailbox Owner SoftDeletedMailbox",
    },
    Cmdlet {
        name: "Add-MailboxPermission",
        run: Run::Change(permissions::add_mailbox),
        required: "",
        switches: "Confirm WhatIf IgnoreDefaultScope",
        booleans: "AutoMapping",
        values: "Identity User AccessRights InheritanceType",
        known: "Owner Deny GroupMailbox",
    },
    Cmdlet {
        name: "Remove-MailboxPermission",
        run: Run::Change(permissions::remove_mailbox),
        required: "",
        switches: "Confirm WhatIf IgnoreDefaultScope BypassMasterAccountSid",
        booleans: "",
        values: "Identity User AccessRights InheritanceType",
        known: "ClearAutoMapping ResetDefault Deny GroupMailbox SoftDeletedMailbox",
    },
    Cmdlet {
        name: "Get-RecipientPermission",
        run: Run::View(permissions::get_recipient),
        required: "",
        switches: "ReadFromDomainController IncludeTrusteeWithPrimarySmtpAddress",
        booleans: "",
        values: "Identity Trustee AccessRights ResultSize",
        known: "",
    },
    Cmdlet {
        name: "Add-RecipientPermission",
        run: Run::Change(permissions::add_recipient),
        required: "Identity AccessRights Trustee",
        switches: "Confirm WhatIf",
        booleans: "",
        values: "Identity Trustee AccessRights",
        known: "",
    },
    Cmdlet {
        name: "Remove-RecipientPermission",
        run: Run::Change(permissions::remove_recipient),
        required: "Identity AccessRights Trustee",
        switches: "Confirm WhatIf SkipDomainValidationForMailContact SkipDomainValidationForMailUser \
                SkipDomainValidationForSharedMailbox",
        booleans: "",
        values: "Identity Trustee AccessRights",
        known: "Deny MultiTrustees",
    },
    Cmdlet {
        name: "Get-MailboxFolderPermission",
        run: Run::View(folders::get),
        required: "Identity",
        switches: "UseCustomRouting",
        booleans: "",
        values: "Identity User ResultSize",
        known: "GroupMailbox SkipCount",
    },
    Cmdlet {
        name: "Remove-MailboxFolderPermission",
        run: Run::Change(folders::remove),
        required: "Identity",
        switches: "Confirm WhatIf",
        booleans: "",
        values: "Identity User",
        known: "Force ResetDelegateUserCollection SendNotificationToUser",
    },
    Cmdlet {
        name: "Get-MailboxAutoReplyConfiguration",
        run: Run::View(auto_reply::get),
        required: "Identity",
        switches: "ReadFromDomainController UseCustomRouting",
        booleans: "",
        values: "Identity ResultSize",
        known: "Credential",
    },
    Cmdlet {
        name: "Set-MailboxAutoReplyConfiguration",
        run: Run::Change(auto_reply::set),
        required: "Identity",
        switches: "Confirm WhatIf IgnoreDefaultScope",
        booleans: "",
        values: "Identity AutoReplyState InternalMessage ExternalMessage ExternalAudience StartTime EndTime",
        known: "AutoDeclineFutureRequestsWhenOOF CreateOOFEvent DeclineAllEventsForScheduledOOF \
                DeclineEventsForScheduledOOF DeclineMeetingMessage EventsToDeleteIDs OOFEventSubject",
    },
    Cmdlet {
        name: "Get-InboxRule",
        run: Run::View(rules::get),
        required: "",
        switches: "IncludeHidden BypassScopeCheck UseCustomRouting",
        booleans: "",
        values: "Identity Mailbox ResultSize DescriptionTimeFormat DescriptionTimeZone",
        known: "SkipCount",
    },
    Cmdlet {
        name: "Remove-InboxRule",
        run: Run::Change(rules::remove),
        required: "Identity",
        switches: "Confirm WhatIf Force AlwaysDeleteOutlookRulesBlob",
        booleans: "",
        values: "Identity Mailbox",
        known: "",
    },
    Cmdlet {
        name: "Get-MobileDevice",
        run: Run::View(devices::get),
        required: "",
        switches: "ActiveSync RestApi",
        booleans: "",
        values: "Identity Mailbox ResultSize",
        known: "Filter OrganizationalUnit OWAforDevices SortBy UniversalOutlook",
    },
    Cmdlet {
        name: "Remove-MobileDevice",
        run: Run::Change(devices::remove),
        required: "Identity",
        switches: "Confirm WhatIf",
        booleans: "",
        values: "Identity",
        known: "",
    },
    Cmdlet {
        name: "Get-MobileDeviceStatistics",
        run: Run::View(devices::statistics),
        required: "",
        switches: "ActiveSync RestApi UseCustomRouting",
        booleans: "",
        values: "Identity Mailbox",
        known: "GetMailboxLog NotificationEmailAddresses OWAforDevices ShowRecoveryPassword UniversalOutlook",
    },
    Cmdlet {
        name: "Remove-CalendarEvents",
        run: Run::Change(calendar::remove),
        required: "Identity QueryWindowInDays",
        switches: "CancelOrganizedMeetings PreviewOnly UseCustomRouting Confirm WhatIf",
        booleans: "",
        values: "Identity QueryStartDate QueryWindowInDays",
        known: "",
    },
    Cmdlet {
        name: "Get-DistributionGroup",
        run: Run::View(lists::get),
        required: "",
        switches: "IncludeManagedByWithDisplayNames",
        booleans: "",
        values: "Identity ManagedBy RecipientTypeDetails ResultSize Filter Anr SortBy",
        known: "Credential IncludeAcceptMessagesOnlyFromDLMembersWithDisplayNames \
                IncludeAcceptMessagesOnlyFromSendersOrMembersWithDisplayNames \
                IncludeAcceptMessagesOnlyFromWithDisplayNames \
                IncludeBypassModerationFromSendersOrMembersWithDisplayNames IncludeGrantSendOnBehalfToWithDisplayNames \
                IncludeModeratedByWithDisplayNames OrganizationalUnit",
    },
    Cmdlet {
        name: "Get-DistributionGroupMember",
        run: Run::View(lists::get_members),
        required: "Identity",
        switches: "",
        booleans: "",
        values: "Identity ResultSize",
        known: "Credential IncludeSoftDeletedObjects",
    },
    Cmdlet {
        name: "Add-DistributionGroupMember",
        run: Run::Change(lists::add_member),
        required: "Identity",
        switches: "BypassSecurityGroupManagerCheck Confirm WhatIf",
        booleans: "",
        values: "Identity Member",
        known: "",
    },
    Cmdlet {
        name: "Remove-DistributionGroupMember",
        run: Run::Change(lists::remove_member),
        required: "Identity",
        switches: "BypassSecurityGroupManagerCheck Confirm WhatIf",
        booleans: "",
        values: "Identity Member",
        known: "",
    },
    Cmdlet {
        name: "Set-DistributionGroup",
        run: Run::Change(lists::set),
        required: "Identity",
        switches: "BypassSecurityGroupManagerCheck Confirm WhatIf ForceUpgrade",
        booleans: "",
        values: "Identity ManagedBy",
        known: "AcceptMessagesOnlyFrom AcceptMessagesOnlyFromDLMembers AcceptMessagesOnlyFromSendersOrMembers Alias \
                BccBlocked BypassModerationFromSendersOrMembers BypassNestedModerationEnabled CustomAttribute1 \
                CustomAttribute10 CustomAttribute11 CustomAttribute12 CustomAttribute13 CustomAttribute14 \
                CustomAttribute15 CustomAttribute2 CustomAttribute3 CustomAttribute4 CustomAttribute5 CustomAttribute6 \
                CustomAttribute7 CustomAttribute8 CustomAttribute9 Description DisplayName EmailAddresses \
                ExtensionCustomAttribute1 ExtensionCustomAttribute2 ExtensionCustomAttribute3 ExtensionCustomAttribute4 \
                ExtensionCustomAttribute5 GrantSendOnBehalfTo HiddenFromAddressListsEnabled HiddenGroupMembershipEnabled \
                IgnoreNamingPolicy MailTip MailTipTranslations MemberDepartRestriction MemberJoinRestriction ModeratedBy \
                ModerationEnabled Name PrimarySmtpAddress RejectMessagesFrom RejectMessagesFromDLMembers \
                RejectMessagesFromSendersOrMembers ReportToManagerEnabled ReportToOriginatorEnabled \
                RequireSenderAuthenticationEnabled ResetMigrationToUnifiedGroup RoomList SendModerationNotifications \
                SendOofMessageToOriginatorEnabled SimpleDisplayName UpdateMemberCount WindowsEmailAddress",
    },
    Cmdlet {
        name: "Get-Recipient",
        run: Run::View(recipients::get),
        required: "",
        switches: "",
        booleans: "",
        values: "Identity Anr Filter RecipientType RecipientTypeDetails ResultSize SortBy Properties PropertySet",
        known: "AuthenticationType BookmarkDisplayName Capabilities IncludeBookmarkObject IncludeManagerWithDisplayName \
                IncludeSoftDeletedRecipients OrganizationalUnit RecipientPreviewFilter",
    },
    Cmdlet {
        name: "Get-User",
        run: Run::View(recipients::get_user),
        required: "",
        switches: "",
        booleans: "",
        values: "Identity Anr Filter RecipientTypeDetails ResultSize Sortby",
        known: "IncludeDirectReportsWithDisplayNames IncludeManagerWithDisplayName IsVIP OrganizationalUnit PublicFolder",
    },
    Cmdlet {
        name: "Get-OrganizationConfig",
        run: Run::View(organization::get),
        required: "",
        switches: "",
        booleans: "",
        values: "",
        known: "",
    },
    Cmdlet {
        name: "Get-AcceptedDomain",
        run: Run::View(organization::accepted_domains),
        required: "",
        switches: "",
        booleans: "",
        values: "Identity ResultSize",
        known: "",
    },
];
