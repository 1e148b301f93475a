//! `add-to-groups`: the person becomes a member of security and Microsoft 365 groups.

use async_trait::async_trait;
use domain::planner::Proposal;
use domain::request::{Kind, Request};
use domain::spec::{Change, Effect, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::join_all;
use serde_json::Value;

use crate::cx::{Cx, applied, presence, who};
use crate::joining::{self, COPY_FROM, Kept};
use crate::membership;
use crate::settings::{self, NoSettings};
use crate::step::{About, Step, count};
use crate::wish::Wish;

/// Begins memberships that are written in the directory.
pub(crate) struct AddToGroups;

const ROLES: &str = "RoleManagement.ReadWrite.Directory";

const ABOUT: About = About {
    name: "add-to-groups",
    version: 1,
    purpose: "Adds the person to security and Microsoft 365 groups: those of the role, of instructions, of the request, and those copied from a colleague.",
    aliases: &[],
    kinds: &[Kind::Onboard],
    default_on: true,
    fields: &["groups", COPY_FROM],
    permissions: &[
        "GroupMember.ReadWrite.All",
        "Directory.Read.All",
        "User.Read.All",
        ROLES,
    ],
    schema: settings::schema::<NoSettings>,
    defaults: settings::defaults::<NoSettings>,
    check: settings::check::<NoSettings>,
};

#[async_trait]
impl Step for AddToGroups {
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
        let picks = joining::picks(wish, joiner, &wanted, Kept::Directory, out);
        if picks.is_empty() {
            return;
        }
        let changes: Vec<Change> = picks.iter().map(|pick| joining::join(pick.group)).collect();
        let effects: Vec<Effect> = picks
            .iter()
            .map(|pick| joining::joined(pick.group))
            .collect();
        let guarded = picks.iter().any(|pick| pick.group.role_assignable);
        let permissions = ABOUT.permissions.iter();
        out.specs.push(StepSpec {
            permissions: permissions
                .filter(|name| guarded || **name != ROLES)
                .map(|&name| name.to_owned())
                .collect(),
            ..ABOUT.spec(
                format!(
                    "Add {} to {}: {}",
                    wish.name(),
                    count(picks.len(), "group"),
                    joining::picked(&picks)
                ),
                changes,
                effects,
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let groups = membership::of_user(cx, task, who(task)).await?;
        let seen = task.spec.changes.iter().map(|change| {
            let member = membership::holds(&groups, change.object.id.as_str());
            presence(change, member)
        });
        Ok(seen.collect())
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
