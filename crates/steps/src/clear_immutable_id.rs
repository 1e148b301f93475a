//! `clear-immutable-id`: the link to an on-premises account that does not exist any more goes.

use async_trait::async_trait;
use connectors::facts::user;
use connectors::graph::{Call, Path};
use domain::plan::{Remark, Weight};
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::Effect;
use engine::hands::{Applied, Problem, Seen, Task};
use serde_json::{Value, json};

use crate::cx::{Cx, Tried, applied, text, wanted, who};
use crate::settings::{self, NoSettings};
use crate::step::{About, Step, removal};
use crate::wish::Wish;

/// Clears the immutable id of somebody who is synced no longer.
pub(crate) struct ClearImmutableId;

const ABOUT: About = About {
    name: "clear-immutable-id",
    version: 1,
    purpose: "Clears the link to the on-premises account of somebody who is no longer synchronised.",
    aliases: &[domain::catalogue::Alias {
        name: "ClearImmutableId",
        settings: settings::switch,
    }],
    kinds: &[Kind::Offboard],
    default_on: false,
    fields: &[],
    permissions: &["User.ReadWrite.All"],
    schema: settings::schema::<NoSettings>,
    defaults: settings::defaults::<NoSettings>,
    check: settings::check::<NoSettings>,
};

/// The name under which facts hold the link.
const LINK: &str = "immutable-id";

#[async_trait]
impl Step for ClearImmutableId {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let person = &wish.facts.person;
        let Some(link) = person.attributes.get(LINK) else {
            return;
        };
        if person.synced {
            out.remarks.push(Remark::new(
                Weight::Note,
                format!("The immutable id of {} stays: it is cleared only when the account is synchronised no longer.", person.upn),
            ));
            return;
        }
        out.specs.push(ABOUT.spec(
            format!(
                "Clear the link of {} to an account on premises",
                wish.name()
            ),
            vec![removal(wish.person(), "immutable id", link.clone())],
            vec![Effect::ClearsImmutableId],
        ));
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let path = user(who(task), &["id", "onPremisesImmutableId"]);
        let account = cx.get(task, &path).await?;
        let value = match text(&account, "onPremisesImmutableId") {
            "" => Value::Null,
            link => link.into(),
        };
        Ok(vec![Seen::Value { value }])
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let call = Call::patch(
            Path::of(["users", who(task)]),
            json!({ "onPremisesImmutableId": wanted(&task.spec.changes[0]) }),
        );
        let result = cx.write(task, 0, call).await;
        applied(task, [Tried::all(todo, result)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{leaver, propose_one};

    #[test]
    fn a_link_is_cleared_only_when_nothing_is_synced_through_it() {
        let mut facts = leaver();
        assert_eq!(
            propose_one(&ClearImmutableId, &facts, "{}"),
            Proposal::default()
        );
        let attributes = &mut facts.person.attributes;
        attributes.insert(LINK.to_owned(), "q83vEjRWeJCrze8SNFZ4kA==".to_owned());
        let out = propose_one(&ClearImmutableId, &facts, "{}");
        assert_eq!(out.specs[0].effects, [Effect::ClearsImmutableId]);
        facts.person.synced = true;
        let out = propose_one(&ClearImmutableId, &facts, "{}");
        assert!(out.specs.is_empty() && out.remarks.len() == 1);
    }
}
