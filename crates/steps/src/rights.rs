//! Rights on mailboxes: opening one, sending as it, sending on its behalf; read and written one mailbox at a time.

use connectors::exchange::{Invocation, changes};
use engine::hands::{Problem, Task};
use serde_json::{Value, json};

use crate::cx::{Cx, about, text};
use crate::mailbox;

/// Whose right on which mailbox.
pub(crate) struct On<'a> {
    /// The mailbox, by object id.
    pub(crate) mailbox: &'a str,
    /// Its address.
    pub(crate) address: &'a str,
    /// The holder, by object id.
    pub(crate) holder: &'a str,
}

/// Whether the holder can open the mailbox.
pub(crate) async fn opens(cx: &Cx<'_>, task: &Task<'_>, on: &On<'_>) -> Result<bool, Problem> {
    let cmdlet = about(
        "Get-MailboxPermission",
        on.address,
        json!({ "Identity": on.mailbox, "User": on.holder }),
    );
    let entries = cx.ask(task, cmdlet).await?;
    Ok(entries.iter().any(|entry| {
        lists(entry, "FullAccess") && !is_true(entry, "Deny") && !is_true(entry, "IsInherited")
    }))
}

/// Whether the holder can send as the mailbox.
pub(crate) async fn sends_as(cx: &Cx<'_>, task: &Task<'_>, on: &On<'_>) -> Result<bool, Problem> {
    let cmdlet = about(
        "Get-RecipientPermission",
        on.address,
        json!({ "Identity": on.mailbox, "Trustee": on.holder }),
    );
    let entries = cx.ask(task, cmdlet).await?;
    Ok(entries
        .iter()
        .any(|entry| lists(entry, "SendAs") && text(entry, "AccessControlType") != "Deny"))
}

/// The names of those who can send on the mailbox's behalf.
pub(crate) async fn on_behalf(
    cx: &Cx<'_>,
    task: &Task<'_>,
    on: &On<'_>,
) -> Result<Vec<String>, Problem> {
    let mailbox = mailbox::read_other(cx, task, on.mailbox, on.address).await?;
    let listed = mailbox["GrantSendOnBehalfTo"]
        .as_array()
        .into_iter()
        .flatten();
    Ok(listed
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect())
}

/// Whether somebody of these names is among those listed.
pub(crate) fn is_listed(names: &[String], listed: &[String]) -> bool {
    listed
        .iter()
        .any(|one| names.iter().any(|name| name.eq_ignore_ascii_case(one)))
}

/// What the mail system calls a person in lists. A display name is left out: two people may share it.
pub(crate) async fn names_of(
    cx: &Cx<'_>,
    task: &Task<'_>,
    id: &str,
    upn: &str,
) -> Result<Vec<String>, Problem> {
    let properties = [
        "Name",
        "Identity",
        "Alias",
        "PrimarySmtpAddress",
        "DistinguishedName",
        "Guid",
        "ExternalDirectoryObjectId",
    ];
    let cmdlet = about("Get-Recipient", upn, json!({ "Identity": id }));
    let found = cx.ask(task, cmdlet.select(&properties)).await?;
    let person = found.first().cloned().unwrap_or_default();
    let read = properties
        .iter()
        .map(|property| text(&person, property))
        .filter(|name| !name.is_empty());
    Ok(read.chain([id, upn]).map(str::to_owned).collect())
}

/// Gives or takes the right to open the mailbox.
pub(crate) fn full_access(on: &On<'_>, gone: bool, automap: bool) -> Invocation {
    let (mailbox, user) = (on.mailbox, on.holder);
    if gone {
        let parameters = json!({
            "Identity": mailbox, "User": user, "AccessRights": ["FullAccess"], "InheritanceType": "All", "Confirm": false,
        });
        return about("Remove-MailboxPermission", on.address, parameters);
    }
    let parameters = json!({
        "Identity": mailbox, "User": user, "AccessRights": ["FullAccess"], "InheritanceType": "All", "AutoMapping": automap,
    });
    about("Add-MailboxPermission", on.address, parameters)
}

/// Gives or takes the right to send as the mailbox.
pub(crate) fn send_as(on: &On<'_>, gone: bool) -> Invocation {
    let cmdlet = if gone {
        "Remove-RecipientPermission"
    } else {
        "Add-RecipientPermission"
    };
    let parameters = json!({ "Identity": on.mailbox, "Trustee": on.holder, "AccessRights": ["SendAs"], "Confirm": false });
    about(cmdlet, on.address, parameters)
}

/// Gives or takes the right to send on the mailbox's behalf.
pub(crate) fn send_on_behalf(on: &On<'_>, gone: bool) -> Invocation {
    let holder = [on.holder];
    let list = if gone {
        changes(&[], &holder)
    } else {
        changes(&holder, &[])
    };
    about(
        "Set-Mailbox",
        on.address,
        json!({ "Identity": on.mailbox, "GrantSendOnBehalfTo": list }),
    )
}

/// Whether an entry gives this right; the service writes rights as a list or as one text.
fn lists(entry: &Value, right: &str) -> bool {
    match entry.get("AccessRights") {
        Some(Value::Array(rights)) => rights.iter().any(|one| one == right),
        Some(Value::String(rights)) => rights.split(',').any(|one| one.trim() == right),
        _ => false,
    }
}

fn is_true(entry: &Value, property: &str) -> bool {
    entry
        .get(property)
        .and_then(Value::as_bool)
        .unwrap_or_default()
}
