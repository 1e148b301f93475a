//! `set-auto-reply`: mail to a leaver is answered with a text.

use async_trait::async_trait;
use domain::facts::{AutoReply, Mailbox};
use domain::planner::{Proposal, Refusal};
use domain::request::Kind;
use domain::spec::{Budget, Change, Effect, Reversal, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::cx::{Cx, Tried, about, applied, param, text, wanted};
use crate::markup::{markup, plain};
use crate::settings;
use crate::step::{About, Step, change};
use crate::wish::{MANAGER, Wish, mailbox_ref};

/// Sets the automatic reply.
pub(crate) struct SetAutoReply;

const ABOUT: About = About {
    name: "set-auto-reply",
    version: 1,
    purpose: "Answers mail to the leaver with a text, inside and outside.",
    aliases: &[domain::catalogue::Alias {
        name: "OOO",
        settings: from_text,
    }],
    kinds: &[Kind::Offboard],
    default_on: false,
    fields: &[],
    permissions: &["Exchange.ManageAsApp"],
    schema: settings::schema::<Settings>,
    defaults: settings::defaults::<Settings>,
    check: settings::check::<Settings>,
};

/// Who outside gets the reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Audience {
    /// Everybody.
    #[default]
    All,
    /// Contacts of the mailbox.
    Known,
    /// Nobody outside.
    None,
}

impl Audience {
    fn vendor_word(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Known => "Known",
            Self::None => "None",
        }
    }
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Settings {
    /// The text; `{name}` is the leaver, `{manager}` and `{manager-address}` are the manager.
    message: String,
    /// Another text for people outside; the same one when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    external_message: Option<String>,
    /// Who outside gets it.
    audience: Audience,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            message: "{name} no longer works here. Please write to {manager} ({manager-address}) instead.".to_owned(),
            external_message: None,
            audience: Audience::All,
        }
    }
}

fn from_text(value: &Value) -> Result<Map<String, Value>, String> {
    Ok(match settings::text(value)? {
        Some(text) => settings::table([("on", true.into()), ("message", text.into())]),
        None => settings::table([("on", false.into())]),
    })
}

/// The property of the state.
pub(crate) const STATE: &str = "automatic reply";
/// The property of the text for colleagues.
pub(crate) const INTERNAL: &str = "reply to colleagues";
/// The property of the text for others.
pub(crate) const EXTERNAL: &str = "reply to others";
/// The property of who outside gets it.
pub(crate) const AUDIENCE: &str = "outside, reply goes to";

#[async_trait]
impl Step for SetAutoReply {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let settings: Settings = wish.settings();
        let Some(mailbox) = wish.mailbox("The automatic reply", out) else {
            return;
        };
        let filled = fill(wish, &settings.message).and_then(|internal| {
            let external = settings
                .external_message
                .as_deref()
                .map_or(Ok(internal.clone()), |text| fill(wish, text))?;
            Ok((internal, external))
        });
        let (internal, external) = match filled {
            Ok(texts) => texts,
            Err(refusal) => return out.refusals.push(refusal),
        };
        let changes = changes(mailbox, &internal, &external, settings.audience);
        if changes.is_empty() {
            return;
        }
        out.specs.push(StepSpec {
            params: json!({ "mailbox": mailbox.id, "internal": internal, "external": external }),
            budget: Budget::MAIL,
            ..ABOUT.spec(
                format!("Answer mail to {} automatically", wish.name()),
                changes,
                vec![Effect::SetsAutoReply],
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let identity = json!({ "Identity": param(task, "mailbox") });
        let found = cx
            .ask(
                task,
                about(
                    "Get-MailboxAutoReplyConfiguration",
                    &task.plan.upn,
                    identity,
                ),
            )
            .await?;
        let reply = found.first().cloned().unwrap_or_default();
        let changes = task.spec.changes.iter();
        Ok(changes
            .map(|change| {
                let (parameter, is_text) = parameter(&change.property);
                let read = text(&reply, parameter);
                let value = if is_text {
                    plain(read)
                } else {
                    read.to_owned()
                };
                Seen::Value {
                    value: value.into(),
                }
            })
            .collect())
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let mut parameters = json!({ "Identity": param(task, "mailbox") });
        for change in &task.spec.changes {
            let (parameter, is_text) = parameter(&change.property);
            let value = wanted(change).as_str().unwrap_or_default();
            parameters[parameter] = if is_text {
                sent_text(task, value).into()
            } else {
                value.into()
            };
        }
        let result = cx
            .command(
                task,
                0,
                about(
                    "Set-MailboxAutoReplyConfiguration",
                    &task.plan.upn,
                    parameters,
                ),
            )
            .await;
        applied(task, [Tried::all(todo, result)])
    }
}

/// The vendor's name of a property, and whether it is a text.
fn parameter(property: &str) -> (&'static str, bool) {
    match property {
        INTERNAL => ("InternalMessage", true),
        EXTERNAL => ("ExternalMessage", true),
        AUDIENCE => ("ExternalAudience", false),
        _ => ("AutoReplyState", false),
    }
}

/// The text as it is sent: with the markup it was written with, where it was.
fn sent_text(task: &Task<'_>, text: &str) -> String {
    let written = ["internal", "external"]
        .into_iter()
        .map(|name| param(task, name));
    let written = written
        .into_iter()
        .find(|written| plain(&markup(written)) == text);
    markup(written.unwrap_or(text))
}

fn fill(wish: &Wish<'_>, text: &str) -> Result<String, Refusal> {
    let text = text.replace("{name}", wish.name());
    if !text.contains("{manager") {
        return Ok(text);
    }
    let manager = wish.resolve(MANAGER, "The contact in the automatic reply")?;
    Ok(text
        .replace("{manager-address}", &manager.upn)
        .replace("{manager}", &manager.display_name))
}

fn changes(mailbox: &Mailbox, internal: &str, external: &str, audience: Audience) -> Vec<Change> {
    let AutoReply {
        state,
        internal: old_internal,
        external: old_external,
        audience: old_audience,
    } = &mailbox.auto_reply;
    let state = if state.is_empty() { "Disabled" } else { state };
    let mut wanted = vec![
        (STATE, state.to_owned(), "Enabled".to_owned()),
        (INTERNAL, old_internal.clone(), plain(&markup(internal))),
    ];
    if audience != Audience::None {
        wanted.push((EXTERNAL, old_external.clone(), plain(&markup(external))));
    }
    wanted.push((
        AUDIENCE,
        old_audience.clone(),
        audience.vendor_word().to_owned(),
    ));
    wanted
        .into_iter()
        .filter(|(_, now, after)| now != after)
        .map(|(property, now, after)| {
            let reversal = if state == "Scheduled" {
                Reversal::CannotReturn(
                    "the dates of the earlier reply were not recorded".to_owned(),
                )
            } else {
                Reversal::Return
            };
            Change {
                reversal,
                ..change(mailbox_ref(mailbox), property, now, after)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{leaver, mailbox_mut, propose_one};

    #[test]
    fn the_text_names_the_manager_and_only_differences_are_proposed() {
        let mut facts = leaver();
        let out = propose_one(&SetAutoReply, &facts, "{}");
        let spec = &out.specs[0];
        let text = spec.params["internal"].as_str().unwrap();
        assert!(
            text.contains(&facts.person.display_name) && text.contains("boss@contoso.example"),
            "{text}"
        );
        mailbox_mut(&mut facts).auto_reply = AutoReply {
            state: "Enabled".to_owned(),
            internal: text.to_owned(),
            external: text.to_owned(),
            audience: "All".to_owned(),
        };
        assert_eq!(
            propose_one(&SetAutoReply, &facts, "{}"),
            Proposal::default()
        );
    }

    #[test]
    fn a_text_without_a_manager_to_name_is_refused() {
        let mut facts = leaver();
        facts.person.manager = None;
        assert_eq!(propose_one(&SetAutoReply, &facts, "{}").refusals.len(), 1);
        let out = propose_one(&SetAutoReply, &facts, r#"{"message": "Gone."}"#);
        assert_eq!(out.specs.len(), 1);
    }
}
