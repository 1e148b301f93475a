//! `remove-from-lists`: memberships in distribution lists and mail-enabled security groups end.

use async_trait::async_trait;
use domain::plan::{Remark, Weight};
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Budget, Change, Effect, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::{join_all, try_join_all};
use serde_json::json;

use crate::cx::{Cx, applied, param, presence};
use crate::membership::{self, out_of_reach};
use crate::settings::{self, NoSettings};
use crate::step::{About, Step, count, names};
use crate::wish::Wish;

/// Ends memberships that are written in the mail system.
pub(crate) struct RemoveFromLists;

const ABOUT: About = About {
    name: "remove-from-lists",
    version: 1,
    purpose: "Ends memberships in distribution lists and mail-enabled security groups.",
    aliases: &[domain::catalogue::Alias {
        name: "RemoveGroups",
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

#[async_trait]
impl Step for RemoveFromLists {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let mut changes: Vec<Change> = Vec::new();
        let mut effects: Vec<Effect> = Vec::new();
        for list in wish
            .facts
            .memberships
            .iter()
            .filter(|group| group.is_list())
        {
            if let Some(because) = out_of_reach(list) {
                out.remarks.push(Remark::new(
                    Weight::Caution,
                    format!("{} {because}.", list.name),
                ));
                continue;
            }
            // A mail-enabled group can give licences too, and then it belongs to remove-licenses.
            if !list.licenses.is_empty() {
                continue;
            }
            effects.push(Effect::RemovesListMembership {
                list: list.id.clone(),
            });
            changes.push(membership::leave(list));
        }
        if changes.is_empty() {
            return;
        }
        out.specs.push(StepSpec {
            params: json!({ "user": wish.facts.person.id }),
            budget: Budget::MAIL,
            may_grow: true,
            ..ABOUT.spec(
                format!(
                    "Take {} off {}: {}",
                    wish.name(),
                    count(changes.len(), "list"),
                    names(changes.iter().map(|change| change.object.name.as_str()))
                ),
                changes.clone(),
                effects,
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let user = param(task, "user");
        try_join_all(task.spec.changes.iter().map(|change| async move {
            let members = membership::of_list(cx, task, change.object.id.as_str()).await?;
            Ok(presence(change, membership::holds(&members, user)))
        }))
        .await
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let user = param(task, "user");
        applied(
            task,
            join_all(
                todo.iter()
                    .map(|&index| membership::write(cx, task, index, user)),
            )
            .await,
        )
    }
}

#[cfg(test)]
mod tests {
    use domain::facts::GroupKind;

    use super::*;
    use crate::tests::{leaver, propose_one, security_group};

    #[test]
    fn lists_and_mail_enabled_groups_are_left_and_nothing_else() {
        let mut facts = leaver();
        facts.memberships = ["plain", "list", "mail", "synced"]
            .map(security_group)
            .to_vec();
        facts.memberships[1].kind = GroupKind::Distribution;
        facts.memberships[2].kind = GroupKind::MailSecurity;
        facts.memberships[3].kind = GroupKind::Distribution;
        facts.memberships[3].synced = true;
        let out = propose_one(&RemoveFromLists, &facts, "{}");
        assert_eq!(
            out.specs[0].effects,
            [
                Effect::RemovesListMembership {
                    list: "list".into()
                },
                Effect::RemovesListMembership {
                    list: "mail".into()
                }
            ]
        );
        assert_eq!(out.remarks.len(), 1);
    }
}
