//! `reassign-reports`: people who reported to the leaver report to somebody else.

use std::collections::BTreeMap;

use async_trait::async_trait;
use connectors::graph::{Call, Path};
use domain::planner::Proposal;
use domain::request::{Kind, Request};
use domain::spec::{Change, Effect, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::{join_all, try_join_all};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cx::{Cx, Tried, applied, takes_away, text, wanted};
use crate::settings;
use crate::step::{About, Step, change, count};
use crate::wish::{MANAGER, Wish, person_ref};

/// Gives direct reports another manager.
pub(crate) struct ReassignReports;

const FIELD: &str = "successor";

const ABOUT: About = About {
    name: "reassign-reports",
    version: 1,
    purpose: "Gives the person's direct reports another manager.",
    aliases: &[],
    kinds: &[Kind::Offboard],
    default_on: true,
    fields: &[],
    permissions: &["User.ReadWrite.All"],
    schema: settings::schema::<Settings>,
    defaults: settings::defaults::<Settings>,
    check: settings::check::<Settings>,
};

/// Who becomes their manager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Settings {
    /// `manager` for the leaver's own manager, `successor` for the one the request names, or a person's sign-in name.
    to: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            to: MANAGER.to_owned(),
        }
    }
}

impl Settings {
    fn written<'a>(&'a self, request: &'a Request) -> &'a str {
        if self.to == FIELD {
            request.field(FIELD).unwrap_or(MANAGER)
        } else {
            &self.to
        }
    }
}

/// The property of a manager.
const PROPERTY: &str = "manager";

#[async_trait]
impl Step for ReassignReports {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn names(&self, request: &Request, settings: &Value) -> Vec<String> {
        let settings: Settings = serde_json::from_value(settings.clone()).unwrap_or_default();
        let written = settings.written(request).to_owned();
        if written == MANAGER {
            Vec::new()
        } else {
            vec![written]
        }
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let reports = &wish.facts.reports;
        if reports.is_empty() {
            return;
        }
        let settings: Settings = wish.settings();
        let manager = match wish.resolve(settings.written(wish.request), "Direct reports") {
            Ok(manager) => manager,
            Err(refusal) => return out.refusals.push(refusal),
        };
        let person = &wish.facts.person;
        // A person who becomes manager of his own former colleagues does not report to himself.
        let changes: Vec<Change> = reports
            .iter()
            .filter(|report| report.id != manager.id)
            .map(|report| {
                change(
                    person_ref(report),
                    PROPERTY,
                    person.upn.as_str(),
                    manager.upn.as_str(),
                )
            })
            .collect();
        if changes.is_empty() {
            return;
        }
        let people: BTreeMap<&str, &str> = BTreeMap::from([
            (person.upn.as_str(), person.id.as_str()),
            (manager.upn.as_str(), manager.id.as_str()),
        ]);
        out.specs.push(StepSpec {
            params: json!({ "managers": people }),
            ..ABOUT.spec(
                format!(
                    "Make {} manager of {} of {}",
                    manager.display_name,
                    count(changes.len(), "direct report"),
                    wish.name()
                ),
                changes,
                vec![Effect::MovesReport],
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        try_join_all(task.spec.changes.iter().map(|change| async move {
            let path = Path::of(["users", change.object.id.as_str(), "manager"])
                .select(&["id", "userPrincipalName"]);
            let manager = cx.find(task, &path).await?;
            let value = manager
                .as_ref()
                .map_or(Value::Null, |manager| known_as(task, manager));
            Ok(Seen::Value { value })
        }))
        .await
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let tried = todo.iter().map(|&index| async move {
            let change = &task.spec.changes[index];
            let path = Path::of(["users", change.object.id.as_str(), "manager", "$ref"]);
            let call = if takes_away(change) {
                Call::delete(path)
            } else {
                let upn = wanted(change).as_str().unwrap_or_default();
                let id = task.spec.params["managers"]
                    .get(upn)
                    .and_then(Value::as_str)
                    .unwrap_or(upn);
                Call::put(path, cx.connection.graph.reference(&["users", id]))
            };
            Tried::one(task, index, cx.write(task, index, call).await)
        });
        applied(task, join_all(tried).await)
    }
}

/// The sign-in name under which the plan knows this manager: names change, ids do not.
fn known_as(task: &Task<'_>, manager: &Value) -> Value {
    let id = text(manager, "id");
    let known = task.spec.params["managers"]
        .as_object()
        .into_iter()
        .flatten();
    let known = known.filter(|(_, known)| {
        known
            .as_str()
            .is_some_and(|known| known.eq_ignore_ascii_case(id))
    });
    let upn = known.map(|(upn, _)| upn.as_str()).next();
    Value::from(upn.unwrap_or_else(|| text(manager, "userPrincipalName")))
}

#[cfg(test)]
mod tests {
    use domain::facts::PersonLite;

    use super::*;
    use crate::tests::{leaver, propose_one};

    #[test]
    fn reports_go_to_the_managers_manager() {
        let mut facts = leaver();
        facts.reports = ["r1", "boss"]
            .map(|id| PersonLite {
                id: id.into(),
                upn: format!("{id}@contoso.example"),
                display_name: id.to_owned(),
            })
            .to_vec();
        let out = propose_one(&ReassignReports, &facts, "{}");
        assert_eq!(out.specs[0].changes.len(), 1);
        assert_eq!(out.specs[0].changes[0].now, "leaver@contoso.example");
        assert_eq!(
            out.specs[0].params["managers"]["boss@contoso.example"],
            "boss"
        );
        facts.person.manager = None;
        assert_eq!(
            propose_one(&ReassignReports, &facts, "{}").refusals.len(),
            1
        );
    }
}
