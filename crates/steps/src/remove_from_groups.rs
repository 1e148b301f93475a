//! `remove-from-groups`: memberships in security and Microsoft 365 groups end, and ownerships where somebody else owns.

use async_trait::async_trait;
use domain::ObjectId;
use domain::facts::OwnedGroup;
use domain::plan::{Remark, Weight};
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Change, Effect, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::{join_all, try_join_all};
use serde_json::json;

use crate::cx::{Cx, applied, param, presence};
use crate::membership::{self, OWNER, OWNERSHIP, group_ref, out_of_reach};
use crate::remove_admin_roles::role_groups;
use crate::settings::{self, NoSettings};
use crate::step::{About, Step, count, names, removal};
use crate::transfer_ownership;
use crate::wish::Wish;

/// Ends memberships and ownerships that are written in the directory.
pub(crate) struct RemoveFromGroups;

/// What sets the spec of ownerships apart: they may have to wait for successors, memberships need not.
const OWNERSHIPS: &str = "ownerships";

const ABOUT: About = About {
    name: "remove-from-groups",
    version: 1,
    purpose: "Ends memberships in security and Microsoft 365 groups, and ownership of groups that somebody else owns as well.",
    aliases: &[domain::catalogue::Alias {
        name: "RemoveGroups",
        settings: settings::switch,
    }],
    kinds: &[Kind::Offboard],
    default_on: true,
    fields: &[],
    permissions: &[
        "GroupMember.ReadWrite.All",
        "Group.ReadWrite.All",
        "RoleManagement.ReadWrite.Directory",
        "Directory.Read.All",
    ],
    schema: settings::schema::<NoSettings>,
    defaults: settings::defaults::<NoSettings>,
    check: settings::check::<NoSettings>,
};

#[async_trait]
impl Step for RemoveFromGroups {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        memberships(wish, out);
        ownerships(wish, out);
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let user = param(task, "user");
        if task
            .spec
            .changes
            .iter()
            .any(|change| change.property == OWNERSHIP)
        {
            return try_join_all(task.spec.changes.iter().map(|change| async move {
                let owners = membership::owners(cx, task, &change.object).await?;
                Ok(presence(change, membership::holds(&owners, user)))
            }))
            .await;
        }
        let groups = membership::of_user(cx, task, user).await?;
        let changes = task.spec.changes.iter();
        Ok(changes
            .map(|change| {
                presence(
                    change,
                    membership::holds(&groups, change.object.id.as_str()),
                )
            })
            .collect())
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let user = param(task, "user");
        let tried = todo.iter().map(|&index| async move {
            if task.spec.changes[index].property == OWNERSHIP {
                membership::write_owner(cx, task, index, user).await
            } else {
                membership::write(cx, task, index, user).await
            }
        });
        applied(task, join_all(tried).await)
    }
}

fn memberships(wish: &Wish<'_>, out: &mut Proposal) {
    let left_to_roles = role_groups(wish);
    let mut changes: Vec<Change> = Vec::new();
    let mut effects: Vec<Effect> = Vec::new();
    let mut permissions = vec!["GroupMember.ReadWrite.All", "Directory.Read.All"];
    for group in wish
        .facts
        .memberships
        .iter()
        .filter(|group| !group.is_list())
    {
        if let Some(because) = out_of_reach(group) {
            out.remarks.push(Remark::new(
                Weight::Caution,
                format!("{} {because}.", group.name),
            ));
            continue;
        }
        // Groups that give licences belong to remove-licenses alone, whether it is on or off.
        if !group.licenses.is_empty() || left_to_roles.contains(&&group.id) {
            continue;
        }
        if group.role_assignable && !permissions.contains(&"RoleManagement.ReadWrite.Directory") {
            permissions.push("RoleManagement.ReadWrite.Directory");
        }
        effects.push(Effect::RemovesMembership {
            group: group.id.clone(),
        });
        changes.push(membership::leave(group));
    }
    if changes.is_empty() {
        return;
    }
    out.specs.push(StepSpec {
        params: json!({ "user": wish.facts.person.id }),
        permissions: permissions.into_iter().map(str::to_owned).collect(),
        may_grow: true,
        ..ABOUT.spec(
            format!(
                "Take {} out of {}: {}",
                wish.name(),
                count(changes.len(), "group"),
                names(changes.iter().map(|change| change.object.name.as_str()))
            ),
            changes.clone(),
            effects,
        )
    });
}

fn ownerships(wish: &Wish<'_>, out: &mut Proposal) {
    let given: Vec<ObjectId> = transfer_ownership::groups_with_successor(wish);
    let mut changes: Vec<Change> = Vec::new();
    let mut effects: Vec<Effect> = Vec::new();
    for owned in &wish.facts.owned_groups {
        if let Some(because) = stays(wish, owned, &given) {
            out.remarks.push(Remark::new(
                Weight::Caution,
                format!(
                    "{} stays an owner of {}: {because}.",
                    wish.name(),
                    owned.group.name
                ),
            ));
            continue;
        }
        changes.push(removal(group_ref(&owned.group), OWNERSHIP, OWNER));
        effects.push(Effect::RemovesOwner {
            group: owned.group.id.clone(),
        });
    }
    if changes.is_empty() {
        return;
    }
    out.specs.push(StepSpec {
        key: ABOUT.key(OWNERSHIPS),
        params: json!({ "user": wish.facts.person.id }),
        permissions: vec!["Group.ReadWrite.All".to_owned()],
        ..ABOUT.spec(
            format!(
                "End {}'s ownership of {}",
                wish.name(),
                names(changes.iter().map(|change| change.object.name.as_str()))
            ),
            changes.clone(),
            effects,
        )
    });
}

fn stays(wish: &Wish<'_>, owned: &OwnedGroup, given: &[ObjectId]) -> Option<&'static str> {
    if owned.group.synced {
        return Some("the group is mastered on premises");
    }
    if owned.group.is_list() {
        return Some("owners of lists are changed in the mail system, by hand");
    }
    let alone = owned
        .owners
        .iter()
        .all(|owner| *owner == wish.facts.person.id);
    if alone && !given.contains(&owned.group.id) {
        return Some("nobody else owns it, and no successor takes it over");
    }
    None
}

#[cfg(test)]
mod tests {
    use domain::facts::{Group, GroupKind};

    use super::*;
    use crate::tests::{leaver, propose_on, propose_one, security_group};

    fn group(id: &str, change: impl Fn(&mut Group)) -> Group {
        let mut group = security_group(id);
        change(&mut group);
        group
    }

    #[test]
    fn only_groups_that_can_be_left_from_here_are_proposed() {
        let mut facts = leaver();
        facts.memberships = vec![
            group("plain", |_| {}),
            group("team", |g| g.kind = GroupKind::Unified),
            group("list", |g| g.kind = GroupKind::Distribution),
            group("dynamic", |g| {
                g.rule = Some("user.department -eq \"Sales\"".to_owned())
            }),
            group("synced", |g| g.synced = true),
            group("licences", |g| g.licenses = vec!["e3".into()]),
        ];
        let out = propose_one(&RemoveFromGroups, &facts, "{}");
        let left: Vec<&str> = out.specs[0]
            .changes
            .iter()
            .map(|change| change.object.id.as_str())
            .collect();
        assert_eq!(left, ["plain", "team"]);
        assert!(out.specs[0].may_grow);
        assert_eq!(out.remarks.len(), 2);
    }

    #[test]
    fn the_last_owner_stays_unless_a_successor_takes_over() {
        let mut facts = leaver();
        let owned = |id: &str, owners: &[&str]| OwnedGroup {
            group: security_group(id),
            owners: owners.iter().map(|&owner| owner.into()).collect(),
        };
        facts.owned_groups = vec![
            owned("shared", &["leaver", "other"]),
            owned("alone", &["leaver"]),
        ];
        let out = propose_one(&RemoveFromGroups, &facts, "{}");
        assert_eq!(
            out.specs[0].effects,
            [Effect::RemovesOwner {
                group: "shared".into()
            }]
        );
        assert!(out.remarks[0].text.contains("nobody else"));
        let out = propose_on(
            &RemoveFromGroups,
            &facts,
            &[("remove-from-groups", "{}"), ("transfer-ownership", "{}")],
        );
        assert_eq!(out.specs[0].changes.len(), 2);
        assert!(out.remarks.is_empty());
    }
}
