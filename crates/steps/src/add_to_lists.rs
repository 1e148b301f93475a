//! `add-to-lists`: the person becomes a member of distribution lists and mail-enabled security groups.

use async_trait::async_trait;
use domain::planner::Proposal;
use domain::request::{Kind, Request};
use domain::spec::{Budget, Change, Effect, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::{join_all, try_join_all};
use serde_json::Value;

use crate::await_mailbox;
use crate::cx::{Cx, applied, presence};
use crate::joining::{self, COPY_FROM, Kept};
use crate::membership;
use crate::settings::{self, NoSettings};
use crate::step::{About, Step, count};
use crate::wish::Wish;

/// Begins memberships that are written in the mail system.
pub(crate) struct AddToLists;

const ABOUT: About = About {
    name: "add-to-lists",
    version: 1,
    purpose: "Adds the person to distribution lists and mail-enabled security groups, once there is a mailbox.",
    aliases: &[],
    kinds: &[Kind::Onboard],
    default_on: true,
    fields: &["groups", COPY_FROM],
    permissions: &["Exchange.ManageAsApp", "User.Read.All"],
    schema: settings::schema::<NoSettings>,
    defaults: settings::defaults::<NoSettings>,
    check: settings::check::<NoSettings>,
};

#[async_trait]
impl Step for AddToLists {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn names(&self, request: &Request, _settings: &Value) -> Vec<String> {
        request
            .field(COPY_FROM)
            .map(|written| written.trim().to_owned())
            .into_iter()
            .collect()
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let Some((joiner, wanted)) = joining::joins(wish) else {
            return;
        };
        let picks = joining::picks(wish, joiner, &wanted, Kept::Mail, out);
        if picks.is_empty() {
            return;
        }
        let lists = joining::picked(&picks);
        let left_out = format!("Membership of {lists}");
        if await_mailbox::place(wish, &wanted, &left_out, out).is_none() {
            return;
        }
        let changes: Vec<Change> = picks.iter().map(|pick| joining::join(pick.group)).collect();
        let mut effects: Vec<Effect> = picks
            .iter()
            .map(|pick| joining::joined(pick.group))
            .collect();
        effects.push(Effect::NeedsMailbox);
        out.specs.push(StepSpec {
            budget: Budget::MAIL,
            ..ABOUT.spec(
                format!(
                    "Put {} on {}: {lists}",
                    wish.name(),
                    count(picks.len(), "list"),
                ),
                changes,
                effects,
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let person = cx.person_id(task).await?;
        let person = person.as_str();
        try_join_all(task.spec.changes.iter().map(|change| async move {
            let members = membership::of_list(cx, task, change.object.id.as_str()).await?;
            Ok(presence(change, membership::holds(&members, person)))
        }))
        .await
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let person = match joining::person(cx, task, todo).await {
            Ok(person) => person,
            Err(none) => return none,
        };
        let writes = todo
            .iter()
            .map(|&index| membership::write(cx, task, index, &person));
        applied(task, join_all(writes).await)
    }
}

#[cfg(test)]
mod tests {
    use domain::facts::{GroupKind, GroupNamed};
    use domain::plan::Weight;
    use domain::policy::Policy;

    use super::*;
    use crate::tests::{joiner, propose_joiner, security_group};

    const WITH_MAIL: &[(&str, &str)] = &[
        ("add-to-lists", "{}"),
        ("assign-licenses", "{}"),
        ("await-mailbox", "{}"),
    ];

    #[test]
    fn lists_need_the_mailbox_and_groups_are_left_to_their_own_step() {
        let mut facts = joiner();
        let mut list = security_group("News");
        list.kind = GroupKind::Distribution;
        let named = |group: &domain::facts::Group| GroupNamed {
            written: group.name.clone(),
            found: vec![group.clone()],
        };
        let groups = [named(&list), named(&security_group("Sales"))];
        if let Some(joiner) = &mut facts.joiner {
            joiner.groups.extend(groups);
        }
        let gives = |policy: &mut Policy| {
            let role = policy.roles.get_mut("default").unwrap();
            role.groups = vec!["Sales".to_owned(), "News".to_owned()];
        };
        let out = propose_joiner(&AddToLists, &facts, WITH_MAIL, |_, policy| gives(policy));
        assert_eq!(
            out.specs[0].effects,
            [
                Effect::AddsListMembership {
                    list: "News".into()
                },
                Effect::NeedsMailbox
            ]
        );
        let out = propose_joiner(&AddToLists, &facts, &WITH_MAIL[..1], |_, policy| {
            gives(policy);
        });
        assert!(out.specs.is_empty());
        assert_eq!(out.remarks[0].weight, Weight::Caution);
        assert!(out.remarks[0].text.contains("News"), "{:?}", out.remarks);
    }
}
