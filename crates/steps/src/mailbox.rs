//! The leaver's mailbox object: one read that several steps share, and the cmdlet that changes it.

use connectors::{Answer, Error};
use engine::hands::{Class, Problem, Task};
use serde_json::{Value, json};

use crate::cx::{Cx, about, param};

/// What the steps read of a mailbox. They ask for all of it, so that what they ask at the same time is asked once.
const PROPERTIES: [&str; 6] = [
    "RecipientTypeDetails",
    "HiddenFromAddressListsEnabled",
    "ForwardingAddress",
    "ForwardingSmtpAddress",
    "DeliverToMailboxAndForward",
    "GrantSendOnBehalfTo",
];

/// Reads the leaver's mailbox.
pub(crate) async fn read(cx: &Cx<'_>, task: &Task<'_>) -> Result<Value, Problem> {
    read_other(cx, task, param(task, "mailbox"), &task.plan.upn).await
}

/// Reads a mailbox.
pub(crate) async fn read_other(
    cx: &Cx<'_>,
    task: &Task<'_>,
    id: &str,
    address: &str,
) -> Result<Value, Problem> {
    let cmdlet = about("Get-Mailbox", address, json!({ "Identity": id }));
    let found = cx.ask(task, cmdlet.select(&PROPERTIES)).await?;
    found.into_iter().next().ok_or_else(|| Problem {
        class: Class::Missing,
        message: format!(
            "The mailbox {address} could not be found. Check whether it still exists."
        ),
        request_id: None,
    })
}

/// Changes the leaver's mailbox.
pub(crate) async fn set(
    cx: &Cx<'_>,
    task: &Task<'_>,
    mut parameters: Value,
) -> Result<Answer, Error> {
    parameters["Identity"] = param(task, "mailbox").into();
    cx.command(task, 0, about("Set-Mailbox", &task.plan.upn, parameters))
        .await
}
