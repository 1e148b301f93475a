//! `notify`: when all is settled, people are told by mail how it ended.

use async_trait::async_trait;
use connectors::graph::{Call, Path, quoted};
use domain::ObjectId;
use domain::plan::{Remark, Weight};
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Budget, Change, Effect, ObjectKind, ObjectRef, Reversal, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::json;

use crate::cx::{Cx, Tried, applied, param, text};
use crate::settings;
use crate::step::{About, Step, names, removal};
use crate::wish::Wish;

/// Tells people how it ended.
pub(crate) struct Notify;

const ABOUT: About = About {
    name: "notify",
    version: 1,
    purpose: "Tells the manager and the people named by policy, by mail, how it ended.",
    aliases: &[],
    kinds: &[Kind::Offboard],
    default_on: true,
    fields: &[],
    permissions: &["Mail.ReadWrite", "Mail.Send"],
    schema: settings::schema::<Settings>,
    defaults: settings::defaults::<Settings>,
    check: settings::check::<Settings>,
};

/// Who is told besides the people named in `[notify]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Settings {
    /// Whether the person's manager is told.
    manager: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { manager: true }
    }
}

/// The value of a notice that was sent.
pub(crate) const SENT: &str = "sent";

#[async_trait]
impl Step for Notify {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let settings: Settings = wish.settings();
        let mut recipients = wish.policy.notify.recipients.clone();
        if settings.manager
            && let Some(manager) = &wish.facts.person.manager
        {
            recipients.push(manager.upn.clone());
        }
        recipients.sort();
        recipients.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
        if recipients.is_empty() {
            return;
        }
        let Some(sender) = &wish.policy.notify.sender else {
            out.remarks.push(Remark::new(
                Weight::Note,
                "Nobody is told by mail how this ends: policy names no mailbox to send from ([notify] sender).",
            ));
            return;
        };
        let to = names(recipients.iter().map(String::as_str));
        let object = ObjectRef::new(
            ObjectKind::Message,
            &ObjectId::new("completion-notice"),
            "completion notice",
        );
        out.specs.push(StepSpec {
            params: json!({ "sender": sender, "recipients": recipients }),
            budget: Budget::MAIL,
            ..ABOUT.spec(
                format!("Tell {to} how it ended"),
                vec![Change {
                    after: domain::spec::Expect::Is(SENT.into()),
                    reversal: Reversal::CannotReturn("a mail that was sent stays sent".to_owned()),
                    ..removal(object, format!("notice to {to}"), serde_json::Value::Null)
                }],
                vec![Effect::Notifies],
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let found = cx.list(task, &marked(task)).await?;
        let sent = found
            .iter()
            .any(|message| message["isDraft"] == Value::Bool(false));
        Ok(vec![Seen::Value {
            value: if sent { SENT.into() } else { Value::Null },
        }])
    }

    /// A mail that is sent twice cannot be taken back, so it is made as a draft with this operation's mark, and a draft that an
    /// earlier attempt has left is the one that is sent.
    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let sender = param(task, "sender");
        let left = if task.attempt > 1 {
            match cx.list(task, &marked(task)).await {
                Ok(found) => found
                    .into_iter()
                    .find(|message| message["isDraft"] == Value::Bool(true)),
                Err(problem) => {
                    let problems = todo.iter().map(|&index| (index, problem.clone())).collect();
                    return Applied {
                        problems,
                        ..Applied::default()
                    };
                }
            }
        } else {
            None
        };
        let draft = match left {
            Some(draft) => draft,
            None => {
                let call = Call::post(Path::of(["users", sender, "messages"]), message(task))
                    .serial(format!("mail/{sender}"));
                match cx.write(task, 0, call).await {
                    Ok(answer) => answer.body,
                    Err(error) => return applied(task, [Tried::all(todo, Err(error))]),
                }
            }
        };
        let path = Path::of(["users", sender, "messages", text(&draft, "id"), "send"]);
        let send = Call::post(path, json!({})).serial(format!("mail/{sender}"));
        let result = cx.write(task, 1, send).await;
        applied(task, [Tried::all(todo, result)])
    }
}

/// The header by which a notice is found again.
const HEADER: &str = "x-tenure-operation";
/// Internet headers as an extended property. Source: Microsoft, MS-OXPROPS, the property set of internet headers.
const HEADERS: &str = "String {00020386-0000-0000-C000-000000000046} Name";

/// Messages of the sender that carry this operation's mark, drafts as well as sent ones.
fn marked(task: &Task<'_>) -> Path {
    let mark = format!(
        "singleValueExtendedProperties/any(p:p/id eq {} and p/value eq {})",
        quoted(&format!("{HEADERS} {HEADER}")),
        quoted(task.operation)
    );
    Path::of(["users", param(task, "sender"), "messages"])
        .filter(&mark)
        .select(&["id", "isDraft"])
}

fn message(task: &Task<'_>) -> Value {
    let outcome = task.outcome.unwrap_or("The run has not ended yet.");
    let subject = outcome.lines().next().unwrap_or(outcome);
    let recipients = task.spec.params["recipients"]
        .as_array()
        .into_iter()
        .flatten();
    let to: Vec<Value> = recipients
        .map(|address| json!({ "emailAddress": { "address": address } }))
        .collect();
    json!({
        "subject": subject,
        "body": { "contentType": "text", "content": outcome },
        "toRecipients": to,
        "internetMessageHeaders": [{ "name": HEADER, "value": task.operation }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{leaver, propose_one, propose_under};

    #[test]
    fn the_manager_is_told_when_there_is_a_mailbox_to_send_from() {
        let facts = leaver();
        let out = propose_one(&Notify, &facts, "{}");
        assert!(out.specs.is_empty() && out.remarks.len() == 1);
        let out = propose_under(&Notify, &facts, "{}", |policy| {
            policy.notify.sender = Some("tenure@contoso.example".to_owned());
            policy.notify.recipients = vec![
                "it@contoso.example".to_owned(),
                "Boss@contoso.example".to_owned(),
            ];
        });
        assert_eq!(
            out.specs[0].params["recipients"],
            json!(["Boss@contoso.example", "it@contoso.example"])
        );
        assert_eq!(out.specs[0].effects, [Effect::Notifies]);
    }
}
