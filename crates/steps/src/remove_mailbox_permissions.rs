//! `remove-mailbox-permissions`: the person's rights on other mailboxes go.

use async_trait::async_trait;
use domain::facts::{MailboxRight, Right};
use domain::plan::Plan;
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Budget, Change, Effect, ObjectKind, ObjectRef, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::{join_all, try_join, try_join_all};
use serde_json::json;

use crate::cx::{Cx, Tried, applied, param, presence, takes_away};
use crate::rights::{self, On};
use crate::settings::{self, NoSettings};
use crate::step::{About, Step, count, names, removal};
use crate::wish::Wish;

/// Removes the person's rights on other mailboxes.
pub(crate) struct RemoveMailboxPermissions;

const ABOUT: About = About {
    name: "remove-mailbox-permissions",
    version: 1,
    purpose: "Removes the person's rights on other mailboxes: opening them, sending as them, sending on their behalf.",
    aliases: &[domain::catalogue::Alias {
        name: "removePermissions",
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

/// The value of a right that is there.
const GRANTED: &str = "granted";

/// The property of a right.
fn property(right: Right) -> &'static str {
    match right {
        Right::FullAccess => "full access",
        Right::SendAs => "sending as it",
        Right::SendOnBehalf => "sending on its behalf",
    }
}

/// The right of a property.
fn right(of: &str) -> Right {
    [Right::FullAccess, Right::SendAs]
        .into_iter()
        .find(|right| property(*right) == of)
        .unwrap_or(Right::SendOnBehalf)
}

/// The rights on other mailboxes that a plan takes away, so that a second look need not search the whole tenant again.
#[must_use]
pub fn rights_in(plan: &Plan) -> Vec<MailboxRight> {
    let specs = plan.steps.iter().filter(|spec| spec.step == ABOUT.name);
    specs
        .flat_map(|spec| &spec.changes)
        .map(|change| MailboxRight {
            mailbox: change.object.id.clone(),
            address: change.object.name.clone(),
            right: right(&change.property),
        })
        .collect()
}

#[async_trait]
impl Step for RemoveMailboxPermissions {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let rights = &wish.facts.rights_elsewhere;
        if rights.is_empty() {
            return;
        }
        let changes: Vec<Change> = rights
            .iter()
            .map(|held| {
                removal(
                    ObjectRef::new(ObjectKind::Mailbox, &held.mailbox, &held.address),
                    property(held.right),
                    GRANTED,
                )
            })
            .collect();
        let mut mailboxes: Vec<&str> = rights.iter().map(|held| held.address.as_str()).collect();
        mailboxes.sort_unstable();
        mailboxes.dedup();
        let person = &wish.facts.person;
        out.specs.push(StepSpec {
            params: json!({ "user": person.id }),
            budget: Budget::MAIL,
            may_grow: true,
            ..ABOUT.spec(
                format!(
                    "Remove {} of {} on {}",
                    count(changes.len(), "right"),
                    wish.name(),
                    names(mailboxes)
                ),
                changes,
                vec![Effect::RemovesMailboxRights],
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let on_behalf = |change: &Change| right(&change.property) == Right::SendOnBehalf;
        let names = async {
            if task.spec.changes.iter().any(on_behalf) {
                rights::names_of(cx, task, param(task, "user"), &task.plan.upn).await
            } else {
                Ok(Vec::new())
            }
        };
        let found = try_join_all(task.spec.changes.iter().map(|change| async move {
            let on = on(task, change);
            Ok::<_, Problem>(match right(&change.property) {
                Right::FullAccess => Found::Itself(rights::opens(cx, task, &on).await?),
                Right::SendAs => Found::Itself(rights::sends_as(cx, task, &on).await?),
                Right::SendOnBehalf => Found::Names(rights::on_behalf(cx, task, &on).await?),
            })
        }));
        let (names, found) = try_join(names, found).await?;
        let there = |found: &Found| match found {
            Found::Itself(there) => *there,
            Found::Names(listed) => rights::is_listed(&names, listed),
        };
        let pairs = task.spec.changes.iter().zip(&found);
        Ok(pairs
            .map(|(change, found)| presence(change, there(found)))
            .collect())
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let tried = todo.iter().map(|&index| async move {
            let change = &task.spec.changes[index];
            let (on, gone) = (on(task, change), takes_away(change));
            let cmdlet = match right(&change.property) {
                Right::FullAccess => rights::full_access(&on, gone, true),
                Right::SendAs => rights::send_as(&on, gone),
                Right::SendOnBehalf => rights::send_on_behalf(&on, gone),
            };
            Tried::one(task, index, cx.command(task, index, cmdlet).await)
        });
        applied(task, join_all(tried).await)
    }
}

/// What a read of one right shows: the right itself, or the names of all who have it.
enum Found {
    Itself(bool),
    Names(Vec<String>),
}

/// The rights that a plan takes away, so that the drift check reads those mailboxes again and not all of the tenant.
#[must_use]
pub fn rights_of(plan: &Plan) -> Vec<MailboxRight> {
    let specs = plan.steps.iter().filter(|spec| spec.step == ABOUT.name);
    specs
        .flat_map(|spec| &spec.changes)
        .map(|change| MailboxRight {
            mailbox: change.object.id.clone(),
            address: change.object.name.clone(),
            right: right(&change.property),
        })
        .collect()
}

fn on<'a>(task: &'a Task<'_>, change: &'a Change) -> On<'a> {
    On {
        mailbox: change.object.id.as_str(),
        address: &change.object.name,
        holder: param(task, "user"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{leaver, propose_one};

    #[test]
    fn two_rights_on_one_mailbox_are_two_lines() {
        let mut facts = leaver();
        facts.rights_elsewhere = [Right::FullAccess, Right::SendAs, Right::SendOnBehalf]
            .map(|right| MailboxRight {
                mailbox: "m1".into(),
                address: "info@contoso.example".to_owned(),
                right,
            })
            .to_vec();
        let out = propose_one(&RemoveMailboxPermissions, &facts, "{}");
        let rights: Vec<Right> = out.specs[0]
            .changes
            .iter()
            .map(|change| right(&change.property))
            .collect();
        assert_eq!(
            rights,
            [Right::FullAccess, Right::SendAs, Right::SendOnBehalf]
        );
    }
}
