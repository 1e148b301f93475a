//! Permissions of folders, for the calendar, under whatever name it goes in its mailbox.

use serde_json::{Value, json};
use uuid::Uuid;

use super::cmdlets::Context;
use super::errors::Refusal;
use super::identity::{self, Kind, Recipient};
use super::output::Output;
use super::parameters::Parameters;
use super::regional::calendar_name;
use crate::world::{GroupKind, Id, Mailbox, Tenant};

const RIGHTS: &str = "Microsoft.Exchange.Management.StoreTasks.MailboxFolderAccessRight[]";
const ALL_RIGHTS: [&str; 21] = [
    "None",
    "CreateItems",
    "CreateSubfolders",
    "DeleteAllItems",
    "DeleteOwnedItems",
    "EditAllItems",
    "EditOwnedItems",
    "FolderContact",
    "FolderOwner",
    "FolderVisible",
    "ReadItems",
    "Author",
    "Contributor",
    "Editor",
    "NonEditingAuthor",
    "Owner",
    "PublishingAuthor",
    "PublishingEditor",
    "Reviewer",
    "AvailabilityOnly",
    "LimitedDetails",
];
const BUILT_IN: [&str; 2] = ["Default", "Anonymous"];

/// `Get-MailboxFolderPermission`.
pub(super) fn get(
    tenant: &Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let (found, mailbox) = calendar(tenant, parameters.required("Identity")?)?;
    let default = mailbox.calendar_default.clone();
    let default = default.unwrap_or_else(|| vec!["AvailabilityOnly".to_owned()]);
    let mut entries = vec![("Default".to_owned(), default)];
    for (id, rights) in &mailbox.calendar_permissions {
        entries.push((shown_in_folder(tenant, id), rights.clone()));
    }
    entries.push(("Anonymous".to_owned(), vec!["None".to_owned()]));
    let only = match parameters.text("User")? {
        Some(name) => Some(match built_in(name) {
            Some(known) => known.to_owned(),
            None => shown_in_folder(tenant, identity::recipient(tenant, name)?.id),
        }),
        None => None,
    };
    let wanted = |user: &str| {
        only.as_ref()
            .is_none_or(|only| only.eq_ignore_ascii_case(user))
    };
    if let Some(only) = &only
        && !entries.iter().any(|(user, _)| wanted(user))
    {
        return Err(Refusal::no_folder_entry(only));
    }
    let rows = entries
        .into_iter()
        .filter(|(user, _)| wanted(user))
        .map(|(user, rights)| entry((&found, mailbox), &user, &rights));
    Output::rows(rows).listed(parameters)
}

fn entry((found, mailbox): (&Recipient<'_>, &Mailbox), user: &str, rights: &[String]) -> Value {
    let folder = calendar_name(mailbox);
    json!({
        "FolderName": folder,
        "User": user,
        "AccessRights": rights,
        "SharingPermissionFlags": null,
        "Identity": format!("{}:\\{folder}", found.name()),
        "IsValid": true,
        "ObjectState": "Unchanged",
    })
}

/// `Add-MailboxFolderPermission`: for somebody who has no entry yet.
pub(super) fn add(
    tenant: &mut Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let wish = wish(tenant, parameters)?;
    let Grantee::Somebody(id, shown) = &wish.grantee else {
        return Err(Refusal::folder_entry_exists(wish.grantee.name()));
    };
    let (id, shown) = (id.clone(), shown.clone());
    let entries = &mut mailbox_of(tenant, &wish.mailbox)?.calendar_permissions;
    if entries.contains_key(&id) {
        return Err(Refusal::folder_entry_exists(&shown));
    }
    entries.insert(id, wish.rights.clone());
    let (found, mailbox) = calendar(tenant, parameters.required("Identity")?)?;
    Ok(Output::rows([entry(
        (&found, mailbox),
        &shown,
        &wish.rights,
    )]))
}

/// `Set-MailboxFolderPermission`: for somebody who has an entry, and for the built-in ones.
pub(super) fn set(
    tenant: &mut Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let wish = wish(tenant, parameters)?;
    let mailbox = mailbox_of(tenant, &wish.mailbox)?;
    match &wish.grantee {
        Grantee::Default => mailbox.calendar_default = Some(wish.rights),
        Grantee::Anonymous => return Err(Refusal::not_simulated("rights of Anonymous")),
        Grantee::Somebody(id, shown) => {
            let standing = mailbox.calendar_permissions.get_mut(id);
            *standing.ok_or_else(|| Refusal::no_folder_entry(shown))? = wish.rights;
        }
    }
    Ok(Output::default())
}

/// `Remove-MailboxFolderPermission`.
pub(super) fn remove(
    tenant: &mut Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let id = calendar(tenant, parameters.required("Identity")?)?
        .0
        .id
        .to_owned();
    let user = parameters.required("User")?;
    let grantee = identity::recipient(tenant, user)?.id.to_owned();
    mailbox_of(tenant, &id)?
        .calendar_permissions
        .remove(&grantee)
        .ok_or_else(|| Refusal::no_folder_entry(user))?;
    Ok(Output::default())
}

/// `Get-MailboxFolderStatistics`, for the calendar: how a caller finds it whatever it is called.
pub(super) fn statistics(
    tenant: &Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let scope = parameters.text("FolderScope")?.unwrap_or("All");
    if !scope.eq_ignore_ascii_case("Calendar") {
        return Err(Refusal::not_simulated("folders other than the calendar"));
    }
    let found = identity::mailbox(tenant, parameters.required("Identity")?)?;
    let Kind::Mailbox(mailbox, _) = found.kind else {
        return Err(Refusal::not_found(found.id));
    };
    let name = calendar_name(mailbox);
    let items = tenant
        .events
        .values()
        .filter(|event| event.mailbox == found.id);
    let items = items.count();
    Ok(Output::rows([json!({
        "Name": name,
        "FolderPath": format!("/{name}"),
        "FolderId": folder_id(mailbox),
        "FolderType": "Calendar",
        "ContainerClass": "IPF.Appointment",
        "ItemsInFolder": items,
        "ItemsInFolderAndSubfolders": items,
        "Identity": format!("{}\\{name}", found.name()),
        "IsValid": true,
        "ObjectState": "Unchanged",
    })]))
}

/// An id of the calendar that no change of its name touches.
fn folder_id(mailbox: &Mailbox) -> String {
    let id = Uuid::new_v5(
        &Uuid::NAMESPACE_OID,
        format!("calendar {}", mailbox.exchange_guid).as_bytes(),
    );
    format!(
        "LgAAAAB{}AQA{}AAAB",
        id.simple(),
        &id.simple().to_string()[..16]
    )
}

enum Grantee {
    Default,
    Anonymous,
    /// Object id, and the name that folders show.
    Somebody(Id, String),
}

impl Grantee {
    fn name(&self) -> &str {
        match self {
            Self::Default => BUILT_IN[0],
            Self::Anonymous => BUILT_IN[1],
            Self::Somebody(_, shown) => shown,
        }
    }
}

struct Wish {
    mailbox: Id,
    grantee: Grantee,
    rights: Vec<String>,
}

fn wish(tenant: &Tenant, parameters: &Parameters) -> Result<Wish, Refusal> {
    let mailbox = calendar(tenant, parameters.required("Identity")?)?
        .0
        .id
        .to_owned();
    let rights = parameters.list_of("AccessRights", RIGHTS, &ALL_RIGHTS)?;
    let rights = rights.ok_or_else(|| Refusal::missing_parameters(&["AccessRights"]))?;
    let user = parameters.required("User")?;
    let grantee = match built_in(user) {
        Some("Default") => Grantee::Default,
        Some(_) => Grantee::Anonymous,
        None => {
            // Mail-enabled security principals only: a plain distribution list is refused like a stranger.
            let can_hold = |one: &Recipient<'_>| match one.kind {
                Kind::Group(group) => group.kind() == GroupKind::MailSecurity,
                _ => one.has_mail(),
            };
            let found = identity::find(tenant, user, can_hold)?;
            let found = found.ok_or_else(|| Refusal::no_folder_user(user))?;
            Grantee::Somebody(found.id.to_owned(), shown_in_folder(tenant, found.id))
        }
    };
    Ok(Wish {
        mailbox,
        grantee,
        rights: rights.into_iter().map(str::to_owned).collect(),
    })
}

fn built_in(name: &str) -> Option<&'static str> {
    BUILT_IN
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(name))
}

fn mailbox_of<'t>(tenant: &'t mut Tenant, id: &str) -> Result<&'t mut Mailbox, Refusal> {
    tenant
        .mailboxes
        .get_mut(id)
        .ok_or_else(|| Refusal::not_found(id))
}

/// A folder names its users by display name, namesakes and all.
fn shown_in_folder(tenant: &Tenant, id: &str) -> String {
    identity::by_id(tenant, id).map_or_else(
        || format!("NT User:{}", identity::sid(id)),
        |found| found.display_name().to_owned(),
    )
}

/// The mailbox of an identity such as `ada@contoso.com:\Calendar` or `ada@contoso.com:{FolderId}`. The folder's name is that of the
/// mailbox's own language.
fn calendar<'t>(
    tenant: &'t Tenant,
    identity: &str,
) -> Result<(Recipient<'t>, &'t Mailbox), Refusal> {
    // The last colon: the first may belong to a prefix such as `smtp:`.
    let (mailbox, folder) = match identity.rsplit_once(':') {
        Some((mailbox, folder)) if !mailbox.eq_ignore_ascii_case("smtp") => (mailbox, folder),
        _ => (identity, ""),
    };
    let found = identity::mailbox(tenant, mailbox)?;
    let Kind::Mailbox(mailbox, _) = found.kind else {
        return Err(Refusal::not_found(found.id));
    };
    let Some(name) = folder.strip_prefix('\\') else {
        return if folder == folder_id(mailbox) {
            Ok((found, mailbox))
        } else if folder.is_empty() {
            Err(Refusal::not_simulated(
                "permissions of folders other than the calendar",
            ))
        } else {
            Err(Refusal::not_found(identity))
        };
    };
    match name.to_lowercase() {
        name if name == calendar_name(mailbox).to_lowercase() => Ok((found, mailbox)),
        name if name.is_empty() || name == "inbox" => Err(Refusal::not_simulated(
            "permissions of folders other than the calendar",
        )),
        _ => Err(Refusal::not_found(identity)),
    }
}
