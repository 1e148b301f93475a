//! Licences through groups: the person joins, and the vendor gives the group's licences some time later.

use std::collections::BTreeMap;

use connectors::facts::user;
use domain::facts::{Joiner, Sku};
use domain::joiner::Wanted;
use domain::plan::Weight;
use domain::planner::{Proposal, Refusal};
use domain::spec::{Budget, Change, Effect, ObjectKind, Route, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::{join_all, try_join};
use serde_json::{Value, json};

use super::direct::failed;
use super::seats::Seats;
use super::{ABOUT, WAITING, WAITS, bought, reversal, title};
use crate::cx::{Cx, applied, presence, takes_away, text, who};
use crate::joining::{self, Pick};
use crate::membership;
use crate::step::names;
use crate::wish::Wish;

/// What sets the spec apart.
const PART: &str = "groups";

/// A group to join, and the licences it gives.
pub(super) struct Joins<'a> {
    /// The group.
    pub(super) pick: Pick<'a>,
    /// Its licences.
    pub(super) gives: Vec<&'a Sku>,
}

/// Whether a spec is about groups.
pub(super) fn is_theirs(spec: &StepSpec) -> bool {
    spec.changes
        .iter()
        .any(|change| change.object.kind != ObjectKind::License)
}

/// The licence groups that the person shall be in and is not yet.
pub(super) fn to_join<'a>(
    wish: &Wish<'a>,
    joiner: &'a Joiner,
    asked: &Wanted,
    out: &mut Proposal,
) -> Vec<Joins<'a>> {
    let mut joins: Vec<Joins<'a>> = Vec::new();
    for one in &asked.licence_groups {
        let Some(group) = joining::group_of(joiner, one, out) else {
            continue;
        };
        if group.licenses.is_empty() {
            joining::refuse(
                out,
                Refusal::new(
                    "no-licence-group",
                    format!(
                        "{} gets its licence by “{}”, and that group gives none",
                        one.because, group.name
                    ),
                    "assign a licence to the group, or name another one in `licence-groups`",
                ),
            );
            continue;
        }
        if let Some((weight, text)) = joining::unwritable(group, wish.name()) {
            joining::remark(out, weight, text);
            continue;
        }
        let pick = Pick {
            group,
            because: one.because.clone(),
        };
        if joining::is_kept_back(wish, asked, &pick, &one.wish, out) {
            continue;
        }
        let doubled = joins.iter().any(|other| other.pick.group.id == group.id);
        if !doubled && !joining::is_member(wish, group) {
            if group.role_assignable {
                joining::remark(
                    out,
                    Weight::Danger,
                    format!(
                        "{} is a group that admin roles can be assigned to; {} gets it by {}.",
                        group.name,
                        wish.name(),
                        one.because
                    ),
                );
            }
            joins.push(Joins {
                gives: group
                    .licenses
                    .iter()
                    .filter_map(|id| bought(wish, id))
                    .collect(),
                pick,
            });
        }
    }
    joins
}

/// The step that joins them all.
pub(super) fn spec(wish: &Wish<'_>, joins: &[Joins<'_>], seats: Seats) -> Option<StepSpec> {
    if joins.is_empty() {
        return None;
    }
    let (mut changes, mut effects): (Vec<Change>, Vec<Effect>) = (Vec::new(), Vec::new());
    let mut gives: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for join in joins {
        let group = join.pick.group;
        changes.push(Change {
            reversal: reversal(wish, join.gives.iter().copied()),
            ..joining::join(group)
        });
        effects.push(joining::joined(group));
        effects.extend(join.gives.iter().map(|sku| Effect::AssignsLicense {
            sku: sku.id.clone(),
            route: Route::Group(group.id.clone()),
            carries: sku.carries,
        }));
        let skus = group.licenses.iter().map(domain::ObjectId::as_str);
        gives.insert(group.id.as_str(), skus.collect());
    }
    let what: Vec<String> = joins.iter().map(sentence).collect();
    Some(StepSpec {
        key: ABOUT.key(PART),
        params: json!({ "gives": gives, WAITS: seats == Seats::AwaitedByRun }),
        budget: if seats == Seats::Free {
            Budget::QUEUED
        } else {
            WAITING
        },
        permissions: permissions(joins),
        ..ABOUT.spec(
            format!(
                "License {} by group: {}",
                wish.name(),
                names(what.iter().map(String::as_str))
            ),
            changes,
            effects,
        )
    })
}

fn sentence(join: &Joins<'_>) -> String {
    let gives = names(join.gives.iter().map(|sku| title(sku)));
    format!("{} (gives {gives})", join.pick.group.name)
}

fn permissions(joins: &[Joins<'_>]) -> Vec<String> {
    let mut permissions = vec!["Directory.Read.All", "User.Read.All"];
    // Membership of a list is written in the mail system.
    if joins.iter().any(|join| !join.pick.group.is_list()) {
        permissions.insert(0, "GroupMember.ReadWrite.All");
    }
    if joins.iter().any(|join| join.pick.group.role_assignable) {
        permissions.push("RoleManagement.ReadWrite.Directory");
    }
    if joins.iter().any(|join| join.pick.group.is_list()) {
        permissions.push("Exchange.ManageAsApp");
    }
    permissions.into_iter().map(str::to_owned).collect()
}

pub(super) async fn observe(cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
    let properties = user(who(task), &["id", "licenseAssignmentStates"]);
    let (groups, account) = try_join(
        membership::of_user(cx, task, who(task)),
        cx.get(task, &properties),
    )
    .await?;
    let states = account["licenseAssignmentStates"]
        .as_array()
        .map_or(&[] as &[Value], Vec::as_slice);
    let seen = task.spec.changes.iter().map(|change| {
        let group = change.object.id.as_str();
        let member = membership::holds(&groups, group);
        let given: Vec<&Value> = states
            .iter()
            .filter(|state| text(state, "assignedByGroup").eq_ignore_ascii_case(group))
            .collect();
        if takes_away(change) {
            // Gone when the membership is, and what it gave.
            return presence(change, member || !given.is_empty());
        }
        if member {
            settled(task, change, &given)
        } else {
            presence(change, false)
        }
    });
    Ok(seen.collect())
}

/// What is seen of a member: done when every licence of the group is there and works.
fn settled(task: &Task<'_>, change: &Change, given: &[&Value]) -> Seen {
    let waits = task.spec.params[WAITS] == true;
    let seatless = |state: &Value| waits && text(state, "error") == "CountViolation";
    let because = given
        .iter()
        .filter(|state| !seatless(state))
        .find_map(|state| failed(state));
    if let Some(because) = because {
        return Seen::Impossible {
            because: format!(
                "{} does not give its licence to this person: {because}",
                change.object.name
            ),
        };
    }
    let skus = task.spec.params["gives"][change.object.id.as_str()].as_array();
    let works = |sku: &Value| {
        given.iter().any(|state| {
            let same = sku
                .as_str()
                .is_some_and(|sku| text(state, "skuId").eq_ignore_ascii_case(sku));
            same && text(state, "state") == "Active"
        })
    };
    if skus.into_iter().flatten().all(works) {
        presence(change, true)
    } else {
        Seen::Todo {
            value: "member, without the group's licences yet".into(),
        }
    }
}

pub(super) async fn apply(cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
    let person = match joining::person(cx, task, todo).await {
        Ok(person) => person,
        Err(none) => return none,
    };
    let writes = todo
        .iter()
        .map(|&index| membership::write(cx, task, index, &person));
    applied(task, join_all(writes).await)
}
