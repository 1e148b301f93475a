//! `notify`: when all is settled, people are told by mail how it ended.

use async_trait::async_trait;
use domain::plan::{Remark, Weight};
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Budget, Effect, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::json;

use crate::cx::Cx;
use crate::messages::{self, Letter, sending};
use crate::notify_manager;
use crate::settings;
use crate::step::{About, Step, names};
use crate::wish::Wish;

/// Tells people how it ended.
pub(crate) struct Notify;

const ABOUT: About = About {
    name: "notify",
    version: 1,
    purpose: "Tells the manager and the people named by policy, by mail, how it ended.",
    aliases: &[],
    kinds: &[Kind::Onboard, Kind::Offboard],
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

#[async_trait]
impl Step for Notify {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn not_alone(&self) -> Option<&'static str> {
        Some("it tells how a run ended, and nothing else would happen in it")
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let settings: Settings = wish.settings();
        let mut recipients = wish.policy.notify.recipients.clone();
        // Of somebody who comes the manager hears by a notice of their own, where that is on.
        let told_apart = wish.request.kind == Kind::Onboard && wish.is_on(notify_manager::NAME);
        if settings.manager
            && !told_apart
            && let Some(manager) = &wish.facts.person.manager
        {
            recipients.push(wish.mail_of(manager));
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
        out.specs.push(StepSpec {
            params: json!({ "sender": sender, "recipients": recipients }),
            budget: Budget::MAIL,
            ..ABOUT.spec(
                format!("Tell {to} how it ended"),
                vec![sending(
                    "completion-notice",
                    "completion notice",
                    format!("notice to {to}"),
                )],
                vec![Effect::Notifies],
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        Ok(messages::seen(messages::is_sent(cx, task).await?))
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        messages::send(cx, task, todo, &letter(task)).await
    }
}

fn letter(task: &Task<'_>) -> Letter {
    let outcome = task.outcome.unwrap_or("The run has not ended yet.");
    let subject = outcome.lines().next().unwrap_or(outcome);
    Letter {
        to: recipients(task),
        subject: subject.to_owned(),
        text: outcome.to_owned(),
        secret: None,
    }
}

/// The addresses in the parameter `recipients`.
pub(crate) fn recipients(task: &Task<'_>) -> Vec<String> {
    let listed = task.spec.params["recipients"]
        .as_array()
        .into_iter()
        .flatten();
    listed
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
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
