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
        /// Who is reached there alone, where it says so.
        from: Option<Somebody>,
        /// Whether they took the bot away.
        removed: bool,
    },
}

/// Somebody as Teams names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Somebody {
    /// The object id in their tenant.
    pub by: Uuid,
    /// Their tenant.
    pub tenant: Uuid,
    /// Where they spoke.
    pub place: Place,
}

/// Where a call came from: what a message back needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The service that carries the conversation. The token vouched for it.
    pub service: String,
    /// The conversation's id.
    pub conversation: String,
    /// The person's id in it.
    pub person: String,
    /// Whether nobody but the person and the bot is in it.
    pub personal: bool,
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
    /// Where they pressed.
    pub place: Place,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Activity {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    action: String,
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
    #[serde(default)]
    id: String,
    aad_object_id: Option<Uuid>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Conversation {
    #[serde(default)]
    id: String,
    #[serde(default)]
    conversation_type: String,
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
            let removed = self.kind == "installationUpdate" && self.action.starts_with("remove");
            let from = self.somebody()?;
            return Ok(Incoming::Other {
                kind: self.kind,
                from,
                removed,
            });
        }
        let Somebody { by, tenant, place } = self
            .somebody()?
            .ok_or(wrong("it does not say who pressed, or in which tenant"))?;
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
            place,
        })))
    }

    /// Who calls; nobody where no person of a tenant does.
    fn somebody(&self) -> Result<Option<Somebody>, Unauthentic> {
        let tenant = match (self.channel_data.tenant.id, self.conversation.tenant_id) {
            (Some(one), Some(other)) if one != other => {
                return Err(Unauthentic::Activity("it names two tenants"));
            }
            (one, other) => one.or(other),
        };
        let (Some(by), Some(tenant)) = (self.from.aad_object_id, tenant) else {
            return Ok(None);
        };
        Ok(Some(Somebody {
            by,
            tenant,
            place: Place {
                service: self.service_url.clone(),
                conversation: self.conversation.id.clone(),
                person: self.from.id.clone(),
                personal: self.conversation.conversation_type == "personal",
            },
        }))
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
