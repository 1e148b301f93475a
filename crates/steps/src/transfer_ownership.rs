//! `transfer-ownership`: what the person alone owns gets a successor, groups and applications.

use async_trait::async_trait;
use connectors::facts::Owned;
use domain::ObjectId;
use domain::facts::{OwnedApplication, OwnedGroup, PersonLite};
use domain::plan::{Plan, Remark, Weight};
use domain::planner::Proposal;
use domain::request::{Kind, Request};
use domain::spec::{Change, Effect, ObjectKind, ObjectRef, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::{join_all, try_join_all};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cx::{Cx, applied, param, presence};
use crate::membership;
use crate::membership::{OWNER, group_ref};
use crate::settings;
use crate::step::{About, Step, change, count, names};
use crate::wish::{MANAGER, Wish};

/// Gives a successor to what would be left without an owner.
pub(crate) struct TransferOwnership;

const NAME: &str = "transfer-ownership";
const FIELD: &str = "successor";

const ABOUT: About = About {
    name: NAME,
    version: 1,
    purpose: "Makes the manager or a named successor owner of the groups and applications that the person alone owns.",
    aliases: &[],
    kinds: &[Kind::Offboard],
    default_on: true,
    fields: &[FIELD],
    permissions: &["Group.ReadWrite.All", "Application.ReadWrite.All"],
    schema: settings::schema::<Settings>,
    defaults: settings::defaults::<Settings>,
    check: settings::check::<Settings>,
};

/// Who takes over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Settings {
    /// `manager` or a person's sign-in name; a successor named in the request comes first.
    to: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            to: MANAGER.to_owned(),
        }
    }
}

/// What the person owns as far as a plan shows it, so that the drift check reads those owners again with everything else.
#[must_use]
pub fn owned_of(plan: &Plan) -> Vec<Owned> {
    let mut owned: Vec<Owned> = Vec::new();
    for spec in plan.steps.iter().filter(|spec| spec.has(is_about_owners)) {
        for change in &spec.changes {
            let one = match change.object.kind {
                ObjectKind::Application => Owned::Application(change.object.id.clone()),
                _ => Owned::Group(change.object.id.clone()),
            };
            if !owned.contains(&one) {
                owned.push(one);
            }
        }
    }
    owned
}

fn is_about_owners(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::AddsOwner { .. }
            | Effect::RemovesOwner { .. }
            | Effect::HandsOverApplication { .. }
    )
}

/// Groups that get a successor in this plan.
pub(crate) fn groups_with_successor(wish: &Wish<'_>) -> Vec<ObjectId> {
    if !wish.is_on(NAME) {
        return Vec::new();
    }
    groups(wish).map(|owned| owned.group.id.clone()).collect()
}

/// Groups that would be left without an owner and whose owners can be written from here.
fn groups<'a>(wish: &'a Wish<'_>) -> impl Iterator<Item = &'a OwnedGroup> {
    wish.facts.owned_groups.iter().filter(|owned| {
        !owned.group.synced && !owned.group.is_list() && is_alone(wish, &owned.owners)
    })
}

fn applications<'a>(wish: &'a Wish<'_>) -> impl Iterator<Item = &'a OwnedApplication> {
    wish.facts
        .owned_applications
        .iter()
        .filter(|owned| is_alone(wish, &owned.owners))
}

fn is_alone(wish: &Wish<'_>, owners: &[ObjectId]) -> bool {
    owners.iter().all(|owner| *owner == wish.facts.person.id)
}

#[async_trait]
impl Step for TransferOwnership {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn names(&self, request: &Request, settings: &Value) -> Vec<String> {
        let settings: Settings = serde_json::from_value(settings.clone()).unwrap_or_default();
        let asked = request.field(FIELD).map(str::to_owned);
        asked
            .into_iter()
            .chain([settings.to])
            .filter(|name| name != MANAGER)
            .collect()
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        secrets(wish, out);
        if groups(wish).next().is_none() && applications(wish).next().is_none() {
            return;
        }
        let settings: Settings = wish.settings();
        let written = wish.request.field(FIELD).unwrap_or(&settings.to);
        match wish.resolve(written, "Ownership") {
            Ok(successor) => out.specs.push(hand_over(wish, &successor)),
            Err(refusal) => out.refusals.push(refusal),
        }
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let successor = param(task, "successor");
        try_join_all(task.spec.changes.iter().map(|change| async move {
            let owners = membership::owners(cx, task, &change.object).await?;
            Ok(presence(change, membership::holds(&owners, successor)))
        }))
        .await
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let successor = param(task, "successor");
        applied(
            task,
            join_all(
                todo.iter()
                    .map(|&index| membership::write_owner(cx, task, index, successor)),
            )
            .await,
        )
    }
}

fn hand_over(wish: &Wish<'_>, successor: &PersonLite) -> StepSpec {
    let property = format!("ownership of {}", successor.upn);
    let mut changes: Vec<Change> = Vec::new();
    let mut effects: Vec<Effect> = Vec::new();
    let mut permissions = Vec::new();
    for owned in groups(wish) {
        changes.push(change(
            group_ref(&owned.group),
            property.as_str(),
            Value::Null,
            OWNER,
        ));
        effects.push(Effect::AddsOwner {
            group: owned.group.id.clone(),
        });
    }
    if !changes.is_empty() {
        permissions.push("Group.ReadWrite.All".to_owned());
    }
    for owned in applications(wish) {
        let object = ObjectRef::new(ObjectKind::Application, &owned.id, &owned.name);
        changes.push(change(object, property.as_str(), Value::Null, OWNER));
        effects.push(Effect::HandsOverApplication {
            application: owned.id.clone(),
        });
    }
    if applications(wish).next().is_some() {
        permissions.push("Application.ReadWrite.All".to_owned());
    }
    StepSpec {
        params: json!({ "successor": successor.id }),
        permissions,
        ..ABOUT.spec(
            format!(
                "Make {} owner of {}",
                successor.display_name,
                names(changes.iter().map(|change| change.object.name.as_str()))
            ),
            changes.clone(),
            effects,
        )
    }
}

/// Secrets that the person may know are for a human to rotate: deleting them would stop whatever uses them.
fn secrets(wish: &Wish<'_>, out: &mut Proposal) {
    for owned in wish
        .facts
        .owned_applications
        .iter()
        .filter(|owned| owned.secrets > 0)
    {
        out.remarks.push(Remark::new(
            Weight::ByHand,
            format!(
                "{} may know {} of the application {}: rotate them.",
                wish.name(),
                count(owned.secrets, "secret"),
                owned.name
            ),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{field, leaver, propose_one, propose_with, security_group};

    #[test]
    fn only_what_would_be_left_alone_gets_a_successor() {
        let mut facts = leaver();
        assert_eq!(
            propose_one(&TransferOwnership, &facts, "{}"),
            Proposal::default()
        );
        let owners = |owners: &[&str]| owners.iter().map(|&owner| owner.into()).collect();
        facts.owned_groups = vec![
            OwnedGroup {
                group: security_group("alone"),
                owners: owners(&["leaver"]),
            },
            OwnedGroup {
                group: security_group("shared"),
                owners: owners(&["leaver", "other"]),
            },
        ];
        facts.owned_applications = vec![OwnedApplication {
            id: "app".into(),
            name: "Billing".to_owned(),
            owners: owners(&["leaver"]),
            secrets: 2,
        }];
        let out = propose_one(&TransferOwnership, &facts, "{}");
        assert_eq!(
            out.specs[0].effects,
            [
                Effect::AddsOwner {
                    group: "alone".into()
                },
                Effect::HandsOverApplication {
                    application: "app".into()
                }
            ]
        );
        assert_eq!(out.specs[0].params["successor"], "boss");
        assert!(out.remarks[0].text.contains("2 secrets"));
    }

    #[test]
    fn a_successor_who_cannot_be_found_is_refused() {
        let mut facts = leaver();
        facts.owned_groups = vec![OwnedGroup {
            group: security_group("alone"),
            owners: vec!["leaver".into()],
        }];
        let out = propose_with(&TransferOwnership, &facts, "{}", |request| {
            field(request, FIELD, "Somebody")
        });
        assert_eq!(out.refusals[0].code, "unknown-person");
        facts.person.manager = None;
        assert_eq!(
            propose_one(&TransferOwnership, &facts, "{}").refusals.len(),
            1
        );
    }
}
