//! The cmdlets that a joiner's mailbox needs; the table's columns are explained beside the other half of it.

use super::super::{archive, folders, regional};
use super::{Cmdlet, Run};

/// Parameters after MicrosoftDocs/office-docs-powershell.
pub(super) const ALL: &[Cmdlet] = &[
    Cmdlet {
        name: "Get-MailboxRegionalConfiguration",
        run: Run::View(regional::get),
        required: "Identity",
        switches: "VerifyDefaultFolderNameLanguage UseCustomRouting",
        booleans: "",
        values: "Identity",
        known: "Archive MailboxLocation",
    },
    Cmdlet {
        name: "Set-MailboxRegionalConfiguration",
        run: Run::Change(regional::set),
        required: "Identity",
        switches: "Confirm WhatIf LocalizeDefaultFolderName UseCustomRouting",
        booleans: "",
        values: "Identity DateFormat Language TimeFormat TimeZone",
        known: "Archive MailboxLocation",
    },
    Cmdlet {
        name: "Enable-Mailbox",
        run: Run::Change(archive::enable),
        required: "Identity",
        switches: "Archive Confirm Force WhatIf",
        booleans: "",
        values: "Identity",
        known: "ArchiveName AutoExpandingArchive RoleAssignmentPolicy",
    },
    Cmdlet {
        name: "Disable-Mailbox",
        run: Run::Change(archive::disable),
        required: "Identity",
        switches: "Archive Confirm WhatIf",
        booleans: "",
        values: "Identity",
        known: "PermanentlyDisable",
    },
    Cmdlet {
        name: "Add-MailboxFolderPermission",
        run: Run::Change(folders::add),
        required: "Identity AccessRights User",
        switches: "Confirm WhatIf",
        booleans: "",
        values: "Identity AccessRights User",
        known: "SendNotificationToUser SharingPermissionFlags",
    },
    Cmdlet {
        name: "Set-MailboxFolderPermission",
        run: Run::Change(folders::set),
        required: "Identity AccessRights User",
        switches: "Confirm WhatIf",
        booleans: "",
        values: "Identity AccessRights User",
        known: "SendNotificationToUser SharingPermissionFlags",
    },
    Cmdlet {
        name: "Get-MailboxFolderStatistics",
        run: Run::View(folders::statistics),
        required: "",
        switches: "UseCustomRouting",
        booleans: "",
        values: "Identity FolderScope ResultSize",
        known: "Archive Database DiagnosticInfo IncludeAnalysis IncludeOldestAndNewestItems IncludeSoftDeletedRecipients SkipCount \
                StoreMailboxIdentity",
    },
];
