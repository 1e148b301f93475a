//! `remove-admin-roles`: administrative roles go, active and eligible, direct and through groups.

use std::collections::BTreeMap;

use async_trait::async_trait;
use connectors::graph::{Call, Path, quoted};
use domain::ObjectId;
use domain::facts::{Group, RoleHeld, RoleHeldBy};
use domain::plan::{Remark, Weight};
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::Change;
use domain::spec::{Effect, ObjectKind, ObjectRef, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::{join_all, try_join_all};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::json;

use crate::cx::{Cx, Tried, applied, param, presence, takes_away, text};
use crate::membership;
use crate::settings::{self, NoSettings};
use crate::step::{About, Step, names, removal};
use crate::wish::Wish;

/// Takes away every administrative role.
pub(crate) struct RemoveAdminRoles;

const NAME: &str = "remove-admin-roles";

const ABOUT: About = About {
    name: NAME,
    version: 1,
    purpose: "Takes away administrative roles: active ones, ones that could be activated, and ones that come through a group.",
    aliases: &[],
    kinds: &[Kind::Offboard],
    default_on: true,
    fields: &[],
    permissions: &[
        "RoleManagement.ReadWrite.Directory",
        "GroupMember.ReadWrite.All",
        "Directory.Read.All",
    ],
    schema: settings::schema::<NoSettings>,
    defaults: settings::defaults::<NoSettings>,
    check: settings::check::<NoSettings>,
};

/// The property of an active assignment.
pub(crate) const ACTIVE: &str = "active role";
/// The property of an eligibility.
pub(crate) const ELIGIBLE: &str = "eligible role";

/// What calls need to know of a role besides the id of its assignment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    /// The role's definition.
    pub(crate) role: String,
    /// The scope it is held in.
    pub(crate) scope: String,
}

/// The groups through which roles are held and that this step leaves, when it is switched on.
pub(crate) fn role_groups<'a>(wish: &'a Wish<'_>) -> Vec<&'a ObjectId> {
    if wish.is_on(NAME) {
        groups(wish).map(|group| &group.id).collect()
    } else {
        Vec::new()
    }
}

/// Groups that give roles, can be left from here, and do not belong to licence removal.
fn groups<'a>(wish: &'a Wish<'_>) -> impl Iterator<Item = &'a Group> {
    wish.facts
        .memberships
        .iter()
        .filter(|group| gives_role(wish, group) && group.is_writable() && group.licenses.is_empty())
}

fn gives_role(wish: &Wish<'_>, group: &Group) -> bool {
    wish.facts
        .roles
        .iter()
        .any(|held| held.by == RoleHeldBy::Group(group.id.clone()))
}

#[async_trait]
impl Step for RemoveAdminRoles {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let mut changes = Vec::new();
        let mut effects = Vec::new();
        let mut held: BTreeMap<&str, Held> = BTreeMap::new();
        let mut roles: Vec<&str> = Vec::new();
        for role in &wish.facts.roles {
            let property = match &role.by {
                RoleHeldBy::Assignment => ACTIVE,
                RoleHeldBy::Eligibility => ELIGIBLE,
                RoleHeldBy::Group(group) => {
                    if !groups(wish).any(|other| other.id == *group) {
                        out.remarks.push(stays(wish, role, group));
                        continue;
                    }
                    roles.push(&role.name);
                    effects.push(Effect::RemovesRole {
                        role: role.role.clone(),
                    });
                    continue;
                }
            };
            roles.push(&role.name);
            effects.push(Effect::RemovesRole {
                role: role.role.clone(),
            });
            changes.push(removal(
                ObjectRef::new(ObjectKind::Role, &role.id, &role.name),
                property,
                scope(&role.scope),
            ));
            held.insert(
                role.id.as_str(),
                Held {
                    role: role.role.as_str().to_owned(),
                    scope: role.scope.clone(),
                },
            );
        }
        for group in groups(wish) {
            changes.push(membership::leave(group));
            effects.push(Effect::RemovesMembership {
                group: group.id.clone(),
            });
        }
        if changes.is_empty() {
            return;
        }
        roles.sort_unstable();
        roles.dedup();
        out.specs.push(StepSpec {
            params: json!({ "user": wish.facts.person.id, "held": held }),
            may_grow: true,
            ..ABOUT.spec(
                format!(
                    "Take administrative roles from {}: {}",
                    wish.name(),
                    names(roles)
                ),
                changes,
                effects,
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        try_join_all(task.spec.changes.iter().map(|change| see(cx, task, change))).await
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let user = param(task, "user");
        let tried = todo.iter().map(|&index| async move {
            let change = &task.spec.changes[index];
            match change.property.as_str() {
                ACTIVE => Tried::one(
                    task,
                    index,
                    cx.write(task, index, assignment(task, change, user)).await,
                ),
                ELIGIBLE => {
                    let call = eligibility(cx, task, change, user);
                    let mut tried = Tried::one(task, index, cx.write(task, index, call).await);
                    let gone =
                        |error: &connectors::Error| error.code == "RoleAssignmentDoesNotExist";
                    tried.already |= takes_away(change) && tried.result.as_ref().is_err_and(gone);
                    tried
                }
                _ => membership::write(cx, task, index, user).await,
            }
        });
        applied(task, join_all(tried).await)
    }
}

async fn see(cx: &Cx<'_>, task: &Task<'_>, change: &Change) -> Result<Seen, Problem> {
    let user = param(task, "user");
    let id = change.object.id.as_str();
    let collection = match change.property.as_str() {
        ACTIVE => "roleAssignments",
        ELIGIBLE => "roleEligibilitySchedules",
        _ => {
            let groups = membership::of_user(cx, task, user).await?;
            return Ok(presence(change, membership::holds(&groups, id)));
        }
    };
    if change.property == ACTIVE && takes_away(change) {
        let path = Path::of(["roleManagement", "directory", collection, id]).select(&["id"]);
        return Ok(presence(change, cx.find(task, &path).await?.is_some()));
    }
    // What was given again has a new id, so it is known by role and scope; eligibilities are listed by holder only.
    let path = Path::of(["roleManagement", "directory", collection])
        .filter(&format!("principalId eq {}", quoted(user)));
    let entries = cx.list(task, &path).await?;
    let Held { role, scope } = held(task, change);
    let same = |entry: &Value| {
        text(entry, "roleDefinitionId") == role && text(entry, "directoryScopeId") == scope
    };
    Ok(presence(change, entries.iter().any(same)))
}

fn held(task: &Task<'_>, change: &Change) -> Held {
    let held = task.spec.params["held"]
        .get(change.object.id.as_str())
        .cloned()
        .unwrap_or_default();
    serde_json::from_value(held).unwrap_or_default()
}

fn assignment(task: &Task<'_>, change: &Change, user: &str) -> Call {
    let all = ["roleManagement", "directory", "roleAssignments"];
    if takes_away(change) {
        return Call::delete(Path::of(all.into_iter().chain([change.object.id.as_str()])));
    }
    let Held { role, scope } = held(task, change);
    Call::post(
        Path::of(all),
        json!({ "principalId": user, "roleDefinitionId": role, "directoryScopeId": scope }),
    )
}

fn eligibility(cx: &Cx<'_>, task: &Task<'_>, change: &Change, user: &str) -> Call {
    let Held { role, scope } = held(task, change);
    let mut request = json!({
        "action": if takes_away(change) { "adminRemove" } else { "adminAssign" },
        "principalId": user,
        "roleDefinitionId": role,
        "directoryScopeId": scope,
        "justification": task.spec.summary,
    });
    if !takes_away(change) {
        request["scheduleInfo"] = json!({ "startDateTime": cx.now.to_string(), "expiration": { "type": "noExpiration" } });
    }
    Call::post(
        Path::of([
            "roleManagement",
            "directory",
            "roleEligibilityScheduleRequests",
        ]),
        request,
    )
}

/// The scope in words.
pub(crate) fn scope(scope: &str) -> String {
    if scope == "/" {
        "whole tenant".to_owned()
    } else {
        format!("within {scope}")
    }
}

fn stays(wish: &Wish<'_>, role: &RoleHeld, group: &ObjectId) -> Remark {
    let group = wish
        .facts
        .memberships
        .iter()
        .find(|other| other.id == *group);
    let name = group.map_or("a group that could not be read", |group| {
        group.name.as_str()
    });
    let because = match group {
        Some(group) if !group.licenses.is_empty() => {
            "which also gives licences and is left with them"
        }
        Some(group) if group.synced => "which is mastered on premises",
        Some(group) if group.rule.is_some() => "whose members follow from a rule",
        _ => "in which the membership is not direct",
    };
    Remark::new(
        Weight::Danger,
        format!(
            "{} is held through {name}, {because}: check that the role goes.",
            role.name
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{leaver, propose_one, security_group};

    fn role(id: &str, by: RoleHeldBy) -> RoleHeld {
        RoleHeld {
            id: id.into(),
            role: "r".into(),
            name: "User Administrator".to_owned(),
            scope: "/".to_owned(),
            by,
            privileged: true,
        }
    }

    #[test]
    fn direct_eligible_and_group_roles_go_in_one_step() {
        let mut facts = leaver();
        facts.memberships = vec![security_group("g1")];
        facts.roles = vec![
            role("a1", RoleHeldBy::Assignment),
            role("e1", RoleHeldBy::Eligibility),
            role("g1", RoleHeldBy::Group("g1".into())),
        ];
        let out = propose_one(&RemoveAdminRoles, &facts, "{}");
        let properties: Vec<&str> = out.specs[0]
            .changes
            .iter()
            .map(|change| change.property.as_str())
            .collect();
        assert_eq!(properties, [ACTIVE, ELIGIBLE, membership::PROPERTY]);
        assert!(out.specs[0].has(|e| *e == Effect::RemovesMembership { group: "g1".into() }));
    }

    #[test]
    fn a_role_through_a_group_that_cannot_be_left_is_said() {
        let mut facts = leaver();
        facts.memberships = vec![security_group("g1")];
        facts.memberships[0].synced = true;
        facts.roles = vec![role("g1", RoleHeldBy::Group("g1".into()))];
        let out = propose_one(&RemoveAdminRoles, &facts, "{}");
        assert!(out.specs.is_empty());
        assert!(out.remarks[0].text.contains("on premises"));
    }
}
