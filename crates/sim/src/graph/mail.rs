//! Mail through Graph: mailbox settings, drafts with own headers, sending, and finding what was sent.
//!
//! Source: Graph mailboxSettings, user-post-messages, message-send, user-sendmail, extended properties (internet headers are
//! `String {00020386-0000-0000-C000-000000000046} Name x-…`).

mod settings;

use serde_json::{Map, Value, json};

use super::calendar::stamp;
use super::query::{self, Rules};
use super::{Ask, Outcome, error, schema};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::world::{Due, Id, Mailbox, Message, Tenant, Work};

pub(super) use settings::{automatic_replies, change_settings, settings};

/// The property set of internet headers in extended property ids.
const HEADER_SET: &str = "String {00020386-0000-0000-C000-000000000046} Name ";

/// Own headers that one message may carry.
const MOST_HEADERS: usize = 5;

const MESSAGES: Rules<'static> = Rules {
    context: "users/messages",
    known: schema::MESSAGE,
    default: &[],
    kind: "microsoft.graph.message",
    page: [10, 1_000],
};

/// The living mailbox behind a user's id or UPN.
pub(super) fn mailbox_of<'t>(
    tenant: &'t Tenant,
    id_or_upn: &str,
) -> Result<(&'t Id, &'t Mailbox), Answer> {
    let Some((id, _)) = tenant.user(id_or_upn) else {
        return Err(error(
            404,
            "ErrorInvalidUser",
            &format!("The requested user '{id_or_upn}' is invalid."),
        ));
    };
    let mailbox = tenant
        .mailboxes
        .get(id)
        .filter(|mailbox| mailbox.is_alive());
    mailbox.map(|mailbox| (id, mailbox)).ok_or_else(|| {
        error(
            404,
            "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        )
    })
}

/// `{"emailAddress": {"name", "address"}}`.
pub(super) fn address(tenant: &Tenant, mail: &str) -> Value {
    let named = tenant.users.values().find(|user| {
        user.mail
            .as_deref()
            .is_some_and(|own| own.eq_ignore_ascii_case(mail))
    });
    json!({"emailAddress": {"name": named.map_or(mail, |user| user.display_name.as_str()), "address": mail}})
}

fn recipients(message: &Value, line: &str) -> Result<Vec<String>, Answer> {
    let entries = message[line].as_array().cloned().unwrap_or_default();
    let mut out = Vec::new();
    for entry in entries {
        let mail = entry["emailAddress"]["address"]
            .as_str()
            .filter(|mail| mail.contains('@'));
        out.push(
            mail.ok_or_else(|| {
                error(
                    400,
                    "ErrorInvalidRecipients",
                    "At least one recipient isn't valid.",
                )
            })?
            .to_owned(),
        );
    }
    Ok(out)
}

fn compose(
    visit: &Visit<'_>,
    mailbox: &str,
    message: &Value,
    folder: &str,
) -> Result<Message, Answer> {
    let mut headers = Vec::new();
    for header in message["internetMessageHeaders"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let (name, value) = (
            header["name"].as_str().unwrap_or_default(),
            header["value"].as_str().unwrap_or_default(),
        );
        if !name.to_lowercase().starts_with("x-") {
            return Err(error(
                400,
                "InvalidInternetMessageHeader",
                &format!(
                    "The internet message header name '{name}' should start with 'x-' or 'X-'."
                ),
            ));
        }
        headers.push((name.to_owned(), value.to_owned()));
    }
    if headers.len() > MOST_HEADERS {
        return Err(error(
            400,
            "InvalidInternetMessageHeaderCollection",
            "Maximum number of headers in one message should be less than or equal to 5.",
        ));
    }
    Ok(Message {
        mailbox: mailbox.to_owned(),
        folder: folder.to_owned(),
        subject: message["subject"].as_str().unwrap_or_default().to_owned(),
        content_type: message["body"]["contentType"]
            .as_str()
            .unwrap_or("text")
            .to_lowercase(),
        content: message["body"]["content"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        to: recipients(message, "toRecipients")?,
        cc: recipients(message, "ccRecipients")?,
        headers,
        internet_message_id: format!("<{}@sandbox.example>", visit.new_id("internet message")),
        created: visit.now(),
        sent: None,
    })
}

/// A message's id as the caller sees it: it changes with the folder unless immutable ids are asked for.
fn shown_id(ask: &Ask<'_>, id: &str, message: &Message) -> String {
    let immutable = ask
        .call
        .header("prefer")
        .is_some_and(|prefer| prefer.contains("ImmutableId"));
    let bare = id.replace('-', "");
    if immutable {
        format!("AAkAL{bare}")
    } else {
        format!("AAMkA{}{bare}", &message.folder[..1].to_uppercase())
    }
}

fn find<'t>(
    tenant: &'t Tenant,
    ask: &Ask<'_>,
    mailbox: &str,
) -> Result<(&'t Id, &'t Message), Answer> {
    let wanted = ask.id(1);
    let own = tenant
        .messages
        .iter()
        .filter(|(_, message)| message.mailbox == mailbox);
    let by_id = |(id, message): &(&Id, &Message)| {
        let bare = id.replace('-', "");
        wanted == format!("AAkAL{bare}")
            || wanted == format!("AAMkA{}{bare}", &message.folder[..1].to_uppercase())
    };
    let found = own.into_iter().find(by_id);
    found.ok_or_else(|| {
        error(
            404,
            "ErrorItemNotFound",
            "The specified object was not found in the store.",
        )
    })
}

fn message_value(tenant: &Tenant, ask: &Ask<'_>, id: &str, message: &Message) -> Value {
    let people = |mails: &[String]| {
        mails
            .iter()
            .map(|mail| address(tenant, mail))
            .collect::<Vec<_>>()
    };
    let sender = tenant
        .mailboxes
        .get(&message.mailbox)
        .map_or("", |mailbox| mailbox.primary_smtp_address.as_str());
    let mut item = json!({
        "id": shown_id(ask, id, message),
        "createdDateTime": stamp(message.created),
        "lastModifiedDateTime": stamp(message.sent.unwrap_or(message.created)),
        "receivedDateTime": stamp(message.sent.unwrap_or(message.created)),
        "sentDateTime": stamp(message.sent.unwrap_or(message.created)),
        "subject": message.subject,
        "bodyPreview": message.content.chars().take(255).collect::<String>(),
        "importance": "normal",
        "parentFolderId": message.folder,
        "internetMessageId": message.internet_message_id,
        "isDraft": message.folder == "drafts",
        "isRead": true,
        "body": {"contentType": message.content_type, "content": message.content},
        "from": address(tenant, sender),
        "sender": address(tenant, sender),
        "toRecipients": people(&message.to),
        "ccRecipients": people(&message.cc),
        "bccRecipients": [],
        "replyTo": [],
        "categories": [],
    });
    // Headers come only when selected, extended properties only when expanded; a filter may use either way.
    if ask
        .call
        .option("$select")
        .is_some_and(|select| select.contains("internetMessageHeaders"))
    {
        let headers: Vec<Value> = message
            .headers
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        item["internetMessageHeaders"] = json!(headers);
    }
    let extended = ["$expand", "$filter"].iter().any(|option| {
        ask.call.option(option).is_some_and(|text| {
            text.to_lowercase()
                .contains("singlevalueextendedproperties")
        })
    });
    if extended {
        let properties: Vec<Value> = message
            .headers
            .iter()
            .map(|(name, value)| json!({"id": format!("{HEADER_SET}{name}"), "value": value}))
            .collect();
        item["singleValueExtendedProperties"] = json!(properties);
    }
    item
}

pub(super) fn draft(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let mailbox = mailbox_of(visit.primary(), ask.id(0))?.0.clone();
    let message = compose(visit, &mailbox, &Value::Object(ask.body()?), "drafts")?;
    let id = visit.new_id("message");
    visit.change("POST /users/{id}/messages", |tenant| {
        tenant.messages.insert(id.clone(), message.clone());
        Ok::<_, Answer>(())
    })?;
    let value = message_value(visit.primary(), ask, &id, &message);
    Ok(Answer::json(201, value))
}

fn list_messages(visit: &Visit<'_>, ask: &Ask<'_>, folder: Option<&str>) -> Outcome {
    let tenant = visit.seen();
    let (mailbox, _) = mailbox_of(tenant, ask.id(0))?;
    let own = tenant
        .messages
        .iter()
        .filter(|(_, message)| message.mailbox == *mailbox);
    let items = own
        .filter(|(_, message)| {
            folder.is_none_or(|folder| message.folder.eq_ignore_ascii_case(folder))
        })
        .map(|(id, message)| message_value(tenant, ask, id, message))
        .collect();
    query::list(ask, items, &MESSAGES)
}

pub(super) fn messages(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    list_messages(visit, ask, None)
}

pub(super) fn folder_messages(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let folder = ask.id(1).to_owned();
    if !["drafts", "sentitems", "outbox", "inbox"].contains(&folder.to_lowercase().as_str()) {
        return Err(error(400, "ErrorInvalidIdMalformed", "Id is malformed."));
    }
    list_messages(visit, ask, Some(&folder))
}

pub(super) fn message(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let (mailbox, _) = mailbox_of(tenant, ask.id(0))?;
    let (id, found) = find(tenant, ask, mailbox)?;
    query::single(ask, message_value(tenant, ask, id, found), &MESSAGES)
}

pub(super) fn delete(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let mailbox = mailbox_of(visit.primary(), ask.id(0))?.0.clone();
    visit.change("DELETE /users/{id}/messages/{id}", |tenant| {
        let id = find(tenant, ask, &mailbox)?.0.clone();
        tenant.messages.remove(&id);
        Ok::<_, Answer>(())
    })?;
    Ok(Answer::empty(204))
}

/// Sending is accepted at once; the message reaches the sent items later, under another id.
pub(super) fn send(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let mailbox = mailbox_of(visit.primary(), ask.id(0))?.0.clone();
    let at = visit.later("delivery", visit.temper().queue_ms);
    visit.change("POST /users/{id}/messages/{id}/send", |tenant| {
        let (id, found) = find(tenant, ask, &mailbox)?;
        if found.folder != "drafts" {
            return Err(error(
                400,
                "ErrorInvalidOperation",
                "The operation can't be performed because the item isn't a draft.",
            ));
        }
        if found.to.is_empty() && found.cc.is_empty() {
            return Err(error(
                400,
                "ErrorInvalidRecipients",
                "At least one recipient isn't valid.",
            ));
        }
        let id = id.clone();
        if let Some(message) = tenant.messages.get_mut(&id) {
            "outbox".clone_into(&mut message.folder);
        }
        tenant.due.push(Due {
            at,
            work: Work::Deliver { message: id },
        });
        Ok(())
    })?;
    Ok(Answer::empty(202))
}

pub(super) fn send_at_once(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let mailbox = mailbox_of(visit.primary(), ask.id(0))?.0.clone();
    let body: Map<String, Value> = ask.body()?;
    // The metadata writes the parameters with a capital, the reference pages without; the service takes both.
    let wished = body
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("message"))
        .map_or(Value::Null, |(_, message)| message);
    let message = compose(visit, &mailbox, &wished, "outbox")?;
    if message.to.is_empty() && message.cc.is_empty() {
        return Err(error(
            400,
            "ErrorInvalidRecipients",
            "At least one recipient isn't valid.",
        ));
    }
    let id = visit.new_id("message");
    let at = visit.later("delivery", visit.temper().queue_ms);
    visit.change("POST /users/{id}/sendMail", |tenant| {
        tenant.messages.insert(id.clone(), message);
        tenant.due.push(Due {
            at,
            work: Work::Deliver { message: id },
        });
        Ok::<_, Answer>(())
    })?;
    Ok(Answer::empty(202))
}
