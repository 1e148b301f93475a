//! `add-to-lists`: the person becomes a member of distribution lists and mail-enabled security groups.

use async_trait::async_trait;
use domain::planner::Proposal;
use domain::request::{Kind, Request};
use domain::spec::{Budget, Change, Effect, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::{join_all, try_join_all};
use serde_json::Value;

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
                    "Put {} on {}: {}",
                    wish.name(),
                    count(picks.len(), "list"),
                    joining::picked(&picks)
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
