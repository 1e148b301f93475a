//! `set-usage-location`: the country that decides which services may be licensed, from the person's site.

use async_trait::async_trait;
use connectors::facts::user;
use connectors::graph::{Call, Path};
use domain::joiner::Wanted;
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Change, Effect, Reversal};
use engine::hands::{Applied, Problem, Seen, Task};
use serde_json::{Value, json};

use crate::cx::{Cx, Tried, applied, text, wanted, who};
use crate::joining;
use crate::settings::{self, NoSettings};
use crate::step::{About, Step, change};
use crate::wish::Wish;

/// Sets the usage location, whether or not any licence is given.
pub(crate) struct SetUsageLocation;

/// The step's name, for the step that needs a location and does not set it.
pub(crate) const NAME: &str = "set-usage-location";

const ABOUT: About = About {
    name: NAME,
    version: 1,
    purpose: "Sets the usage location to the country of the person's site, for everybody who has a role or gets licences.",
    aliases: &[],
    kinds: &[Kind::Onboard],
    default_on: true,
    fields: &[],
    permissions: &["User.ReadWrite.All"],
    schema: settings::schema::<NoSettings>,
    defaults: settings::defaults::<NoSettings>,
    check: settings::check::<NoSettings>,
};

/// The location that this step would set: none for somebody without a template (a role, or licences from elsewhere).
pub(crate) fn location(asked: &Wanted) -> Option<String> {
    let template =
        asked.role.is_some() || !asked.licences.is_empty() || !asked.licence_groups.is_empty();
    let site = asked.site.as_ref().filter(|_| template)?;
    Some(site.usage_location.trim().to_ascii_uppercase())
}

#[async_trait]
impl Step for SetUsageLocation {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let Some((joiner, asked)) = joining::joins(wish) else {
            return;
        };
        let Some(location) = location(&asked) else {
            return;
        };
        let now = wish.facts.person.usage_location.as_deref();
        let now = now.filter(|_| !joiner.new);
        if now.is_some_and(|now| now.eq_ignore_ascii_case(&location)) {
            return;
        }
        let reversal = match now {
            Some(_) => Reversal::Return,
            // `usageLocation` is not nullable (Graph, user resource).
            None => Reversal::CannotReturn(
                "the directory takes no empty usage location once there is one".to_owned(),
            ),
        };
        let summary = format!(
            "Set the usage location of {} to {location}, the country of site {}",
            wish.name(),
            asked.site_name
        );
        out.specs.push(ABOUT.spec(
            summary,
            vec![Change {
                reversal,
                ..change(wish.person(), "usage location", now, location)
            }],
            vec![Effect::SetsUsageLocation],
        ));
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let account = cx
            .get(task, &user(who(task), &["id", "usageLocation"]))
            .await?;
        let value = match text(&account, "usageLocation") {
            "" => Value::Null,
            location => location.into(),
        };
        Ok(vec![Seen::Value { value }])
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let call = Call::patch(
            Path::of(["users", who(task)]),
            json!({ "usageLocation": wanted(&task.spec.changes[0]) }),
        );
        let result = cx.write(task, 0, call).await;
        applied(task, [Tried::all(todo, result)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{joiner, propose_joiner};

    const ALONE: &[(&str, &str)] = &[(NAME, "{}")];

    #[test]
    fn somebody_with_a_role_gets_the_sites_country_whether_or_not_there_is_a_licence() {
        let mut facts = joiner();
        let out = propose_joiner(&SetUsageLocation, &facts, ALONE, |_, policy| {
            policy.roles.get_mut("default").unwrap().licences.clear();
        });
        let change = &out.specs[0].changes[0];
        assert_eq!(
            (&change.now, wanted(change)),
            (&Value::Null, &Value::from("GB"))
        );
        assert!(matches!(change.reversal, Reversal::CannotReturn(_)));
        facts.joiner.as_mut().unwrap().new = false;
        facts.person.usage_location = Some("DE".to_owned());
        let out = propose_joiner(&SetUsageLocation, &facts, ALONE, |_, _| {});
        assert_eq!(out.specs[0].changes[0].reversal, Reversal::Return);
        facts.person.usage_location = Some("gb".to_owned());
        let out = propose_joiner(&SetUsageLocation, &facts, ALONE, |_, _| {});
        assert_eq!(out, Proposal::default());
    }

    #[test]
    fn nobody_without_a_role_and_without_licences_is_touched() {
        let out = propose_joiner(&SetUsageLocation, &joiner(), ALONE, |_, policy| {
            policy.roles.clear();
        });
        assert_eq!(out, Proposal::default());
    }
}
