//! What Teams sends when somebody presses a button of a card, and what it is answered.
//!
//! Source: Microsoft Learn, "Universal Action Model" (`Action.Execute`, `adaptiveCard/action`).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::token::Unauthentic;
use crate::card::{CONTENT_TYPE, OURS};

/// The one channel that may speak to us.
pub(super) const CHANNEL: &str = "msteams";

/// A genuine call.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// Somebody pressed a button.
    Action(Box<Action>),
    /// Something that needs no answer but 200 (installed, a message, a reaction).
    Other {
        /// The activity's type.
        kind: String,
    },
}

/// A press of a button. Teams repeats calls and people press twice: what it does must be safe to do twice.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// The id of the activity.
    pub activity: String,
    /// Which button: [`APPROVE`](crate::card::APPROVE) or [`REFUSE`](crate::card::REFUSE).
    pub verb: String,
    /// What our card carried, unchanged only if our own seal in it says so.
    pub data: Value,
    /// What the person entered, by the input's id: `true` or `false` for ticks.
    pub inputs: BTreeMap<String, String>,
    /// Who pressed: the object id in their tenant.
    pub by: Uuid,
    /// Their tenant.
    pub tenant: Uuid,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Activity {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    pub(super) channel_id: String,
    #[serde(default)]
    pub(super) service_url: String,
    #[serde(default)]
    from: From,
    #[serde(default)]
    conversation: Conversation,
    #[serde(default)]
    channel_data: ChannelData,
    #[serde(default)]
    value: Value,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct From {
    aad_object_id: Option<Uuid>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Conversation {
    tenant_id: Option<Uuid>,
}

#[derive(Default, Deserialize)]
struct ChannelData {
    #[serde(default)]
    tenant: Tenant,
}

#[derive(Default, Deserialize)]
struct Tenant {
    id: Option<Uuid>,
}

#[derive(Deserialize)]
struct Pressed {
    action: Execute,
}

#[derive(Deserialize)]
struct Execute {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    verb: String,
    #[serde(default)]
    data: serde_json::Map<String, Value>,
}

impl Activity {
    pub(super) fn read(self) -> Result<Incoming, Unauthentic> {
        let wrong = Unauthentic::Activity;
        if self.kind != "invoke" || self.name != "adaptiveCard/action" {
            return Ok(Incoming::Other { kind: self.kind });
        }
        let by = self
            .from
            .aad_object_id
            .ok_or(wrong("it does not say who pressed"))?;
        let tenant = match (self.channel_data.tenant.id, self.conversation.tenant_id) {
            (Some(one), Some(other)) if one != other => return Err(wrong("it names two tenants")),
            (Some(id), _) | (None, Some(id)) => id,
            (None, None) => return Err(wrong("it names no tenant")),
        };
        let pressed: Pressed =
            serde_json::from_value(self.value).map_err(|_| wrong("it holds no action"))?;
        let mut given = pressed.action.data;
        if pressed.action.kind != "Action.Execute" || pressed.action.verb.is_empty() {
            return Err(wrong("it is not of Action.Execute"));
        }
        let data = given.remove(OURS).unwrap_or_default();
        let inputs = given
            .into_iter()
            .filter_map(|(id, value)| match value {
                Value::String(text) => Some((id, text)),
                Value::Bool(ticked) => Some((id, ticked.to_string())),
                _ => None,
            })
            .collect();
        Ok(Incoming::Action(Box::new(Action {
            activity: self.id,
            verb: pressed.action.verb,
            data,
            inputs,
            by,
            tenant,
        })))
    }
}

/// The answer that puts another card in the place of the one that was pressed. Goes out with HTTP 200, within 10 s.
#[must_use]
pub fn replace_card(card: &Value) -> Value {
    json!({ "statusCode": 200, "type": CONTENT_TYPE, "value": card })
}

/// The answer that leaves the card and shows the person a sentence. Goes out with HTTP 200 too.
#[must_use]
pub fn refuse_action(code: &str, sentence: &str) -> Value {
    json!({
        "statusCode": 400,
        "type": "application/vnd.microsoft.error",
        "value": { "code": code, "message": sentence },
    })
}
