//! `remove-inbox-rules`: rules of the mailbox go, hidden ones too.

use async_trait::async_trait;
use domain::facts::MailboxRule;
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Budget, Change, Effect, ObjectKind, ObjectRef, Reversal, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::join_all;
use serde_json::Value;
use serde_json::json;

use crate::cx::{Cx, Tried, about, applied, param, presence};
use crate::settings::{self, NoSettings};
use crate::step::{About, Step, count, removal};
use crate::wish::Wish;

/// Removes the rules of the mailbox.
pub(crate) struct RemoveInboxRules;

const ABOUT: About = About {
    name: "remove-inbox-rules",
    version: 1,
    purpose: "Removes the rules of the mailbox, hidden ones too.",
    aliases: &[domain::catalogue::Alias {
        name: "RemoveRules",
        settings: settings::switch,
    }],
    kinds: &[Kind::Offboard],
    default_on: true,
    fields: &[],
    permissions: &["Exchange.ManageAsApp"],
    schema: settings::schema::<NoSettings>,
    defaults: settings::defaults::<NoSettings>,
    check: settings::check::<NoSettings>,
};

/// Whether a rule belongs to the mail system itself.
fn is_system(name: &str) -> bool {
    name.eq_ignore_ascii_case("Junk E-Mail Rule") || name.starts_with("Microsoft.Exchange.OOF")
}

#[async_trait]
impl Step for RemoveInboxRules {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let Some(mailbox) = wish.mailbox("Removing inbox rules", out) else {
            return;
        };
        let changes: Vec<Change> = mailbox
            .rules
            .iter()
            .filter(|rule| !is_system(&rule.name))
            .map(remove)
            .collect();
        if changes.is_empty() {
            return;
        }
        out.specs.push(StepSpec {
            params: json!({ "mailbox": mailbox.id }),
            budget: Budget::MAIL,
            may_grow: true,
            ..ABOUT.spec(
                format!(
                    "Remove {} of {}",
                    count(changes.len(), "inbox rule"),
                    wish.name()
                ),
                changes,
                vec![Effect::RemovesRules],
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let all = json!({ "Mailbox": param(task, "mailbox"), "IncludeHidden": true });
        let rules = cx
            .ask(task, about("Get-InboxRule", &task.plan.upn, all))
            .await?;
        let there = |id: &str| rules.iter().any(|rule| is_named(rule, id));
        Ok(task
            .spec
            .changes
            .iter()
            .map(|change| presence(change, there(change.object.id.as_str())))
            .collect())
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let tried = todo.iter().map(|&index| async move {
            let rule = task.spec.changes[index].object.id.as_str();
            let parameters = json!({ "Mailbox": param(task, "mailbox"), "Identity": rule, "Force": true, "Confirm": false });
            Tried::one(task, index, cx.command(task, index, about("Remove-InboxRule", &task.plan.upn, parameters)).await)
        });
        applied(task, join_all(tried).await)
    }
}

/// Whether a rule as read is the one of this id. Its number is too large for some readers, so either of its names may be the id.
fn is_named(rule: &Value, id: &str) -> bool {
    ["RuleIdentity", "Identity"]
        .iter()
        .any(|property| match rule.get(property) {
            Some(Value::String(text)) => text == id,
            Some(Value::Number(number)) => number.to_string() == id,
            _ => false,
        })
}

fn remove(rule: &MailboxRule) -> Change {
    let now = if rule.sends_to.is_empty() {
        "present".to_owned()
    } else {
        format!("sends mail to {}", rule.sends_to.join(", "))
    };
    Change {
        reversal: Reversal::CannotReturn("what the rule did in detail is not recorded".to_owned()),
        ..removal(
            ObjectRef::new(ObjectKind::Rule, &rule.id, &rule.name),
            "inbox rule",
            now,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{leaver, mailbox_mut, propose_one};

    #[test]
    fn each_rule_is_a_line_and_system_rules_stay() {
        let mut facts = leaver();
        mailbox_mut(&mut facts).rules = [
            "Invoices",
            "Junk E-Mail Rule",
            "Microsoft.Exchange.OOF.InternalSenders.Global",
        ]
        .map(|name| MailboxRule {
            id: name.into(),
            name: name.to_owned(),
            sends_to: vec!["a@b.example".to_owned()],
        })
        .to_vec();
        let out = propose_one(&RemoveInboxRules, &facts, "{}");
        assert_eq!(out.specs[0].changes.len(), 1);
        assert_eq!(out.specs[0].changes[0].now, "sends mail to a@b.example");
        assert!(out.specs[0].may_grow);
    }
}
