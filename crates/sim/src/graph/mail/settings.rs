//! Mailbox settings: automatic replies and time zone.

use serde_json::{Value, json};

use super::mailbox_of;
use crate::call::Answer;
use crate::cloud::Visit;
use crate::graph::query::{self, Rules};
use crate::graph::{Ask, Outcome, error, not_found, schema};
use crate::world::AutoReply;

fn reply_value(reply: &AutoReply) -> Value {
    let status = match reply.state.as_str() {
        "Enabled" => "alwaysEnabled",
        "Scheduled" => "scheduled",
        _ => "disabled",
    };
    let audience = match reply.external_audience.as_str() {
        "All" => "all",
        "Known" => "contactsOnly",
        _ => "none",
    };
    let zoned = |moment: Option<jiff::Timestamp>| {
        let moment = moment.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        json!({"dateTime": moment.strftime("%Y-%m-%dT%H:%M:%S.0000000").to_string(), "timeZone": "UTC"})
    };
    json!({
        "status": status,
        "externalAudience": audience,
        "internalReplyMessage": reply.internal_message,
        "externalReplyMessage": reply.external_message,
        "scheduledStartDateTime": zoned(reply.start),
        "scheduledEndDateTime": zoned(reply.end),
    })
}

pub(in crate::graph) fn settings(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let (_, mailbox) = mailbox_of(visit.seen(), ask.id(0))?;
    let purpose = match mailbox.kind.name() {
        "SharedMailbox" => "shared",
        "RoomMailbox" => "room",
        "EquipmentMailbox" => "equipment",
        _ => "user",
    };
    let item = json!({
        "archiveFolder": null,
        "timeZone": mailbox.time_zone,
        "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
        "dateFormat": "dd/MM/yyyy",
        "timeFormat": "HH:mm",
        "userPurpose": purpose,
        "automaticRepliesSetting": reply_value(&mailbox.auto_reply),
    });
    let rules = Rules {
        context: "users/mailboxSettings",
        known: schema::MAILBOX_SETTINGS,
        default: &[],
        kind: "microsoft.graph.mailboxSettings",
        page: [1, 1],
    };
    query::single(ask, item, &rules)
}

pub(in crate::graph) fn automatic_replies(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let (_, mailbox) = mailbox_of(visit.seen(), ask.id(0))?;
    let mut item = reply_value(&mailbox.auto_reply);
    item["@odata.context"] = json!(ask.context("users/mailboxSettings/automaticRepliesSetting"));
    Ok(Answer::json(200, item))
}

pub(in crate::graph) fn change_settings(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let id = mailbox_of(visit.primary(), ask.id(0))?.0.clone();
    let body = ask.body()?;
    visit.change("PATCH /users/{id}/mailboxSettings", |tenant| {
        let mailbox = tenant
            .mailboxes
            .get_mut(&id)
            .ok_or_else(|| not_found(&id))?;
        if let Some(zone) = body.get("timeZone").and_then(Value::as_str) {
            zone.clone_into(&mut mailbox.time_zone);
        }
        match body.get("automaticRepliesSetting") {
            Some(setting) => change_reply(&mut mailbox.auto_reply, setting),
            None => Ok(()),
        }
    })?;
    settings(visit, ask)
}

fn change_reply(reply: &mut AutoReply, setting: &Value) -> Result<(), Answer> {
    let invalid = |what: &str| {
        error(
            400,
            "ErrorInvalidArguments",
            &format!("The value of '{what}' is not valid."),
        )
    };
    if let Some(status) = setting["status"].as_str() {
        reply.state = match status {
            "alwaysEnabled" => "Enabled",
            "scheduled" => "Scheduled",
            "disabled" => "Disabled",
            _ => return Err(invalid("status")),
        }
        .to_owned();
    }
    if let Some(audience) = setting["externalAudience"].as_str() {
        reply.external_audience = match audience {
            "all" => "All",
            "contactsOnly" => "Known",
            "none" => "None",
            _ => return Err(invalid("externalAudience")),
        }
        .to_owned();
    }
    // The server wraps what it is given; what is read back differs from what was sent.
    for (name, place) in [
        ("internalReplyMessage", &mut reply.internal_message),
        ("externalReplyMessage", &mut reply.external_message),
    ] {
        if let Some(text) = setting[name].as_str() {
            *place = wrapped(text);
        }
    }
    for (name, place) in [
        ("scheduledStartDateTime", &mut reply.start),
        ("scheduledEndDateTime", &mut reply.end),
    ] {
        if let Some(text) = setting[name]["dateTime"].as_str() {
            let moment = text
                .parse()
                .or_else(|_| format!("{text}Z").parse())
                .map_err(|_| invalid(name))?;
            *place = Some(moment);
        }
    }
    Ok(())
}

/// Exchange keeps automatic replies as HTML documents.
fn wrapped(text: &str) -> String {
    if text.is_empty() || text.trim_start().to_lowercase().starts_with("<html") {
        text.to_owned()
    } else {
        format!("<html>\n<body>\n{text}\n</body>\n</html>\n")
    }
}
