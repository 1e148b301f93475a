//! `remove-licenses`: licences are given back, direct ones and those that come through groups.

use std::collections::BTreeMap;

use async_trait::async_trait;
use connectors::Meaning;
use connectors::graph::Call;
use domain::facts::{Group, LicenseHeld, MailboxFacts};
use domain::plan::{Remark, Weight};
use domain::planner::{Proposal, Refusal};
use domain::request::Kind;
use domain::spec::{Budget, Change, Effect, ObjectKind, ObjectRef, Reversal, Route, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::{join, join_all};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::convert_mailbox::{self, ASSIGNED, Keep, SHARED};
use crate::cx::{Cx, Tried, applied, param, presence, takes_away};
use crate::licence;
use crate::membership::{self, out_of_reach};
use crate::settings;
use crate::step::{About, Step, names, removal};
use crate::wish::Wish;

/// Gives licences back.
pub(crate) struct RemoveLicenses;

const ABOUT: About = About {
    name: "remove-licenses",
    version: 1,
    purpose: "Gives back licences, direct ones and those that come through groups.",
    aliases: &[domain::catalogue::Alias {
        name: "RemoveLicenses",
        settings: settings::switch,
    }],
    kinds: &[Kind::Offboard],
    default_on: true,
    fields: &[],
    permissions: &[
        "LicenseAssignment.ReadWrite.All",
        "GroupMember.ReadWrite.All",
        "Directory.Read.All",
        "User.Read.All",
        "Exchange.ManageAsApp",
    ],
    schema: settings::schema::<Settings>,
    defaults: settings::defaults::<Settings>,
    check: settings::check::<Settings>,
};

/// What becomes of a mailbox that is still a person's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum MailboxFate {
    /// It must be kept: a plan that would lose it is refused.
    #[default]
    Keep,
    /// It goes with its licence; approved on a line of its own.
    LetGo,
}

/// What is given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Settings {
    /// Leaves every licence where it is, knowingly.
    leave_as_is: bool,
    /// What becomes of a mailbox that nobody has made a shared one.
    mailbox: MailboxFate,
}

/// The property of a licence that is assigned to the person.
pub(crate) const DIRECT: &str = "direct licence";

#[async_trait]
impl Step for RemoveLicenses {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let settings: Settings = wish.settings();
        let groups = licence_groups(wish);
        let direct: Vec<&LicenseHeld> = wish
            .facts
            .licenses
            .iter()
            .filter(|held| held.route == Route::Direct)
            .collect();
        if groups.is_empty() && direct.is_empty() {
            return;
        }
        if settings.leave_as_is {
            out.remarks.push(Remark::new(
                Weight::Caution,
                format!(
                    "{} keeps all licences, as policy says: {}.",
                    wish.name(),
                    names(held_names(wish))
                ),
            ));
            return;
        }
        let kept = match kept(wish) {
            Ok(kept) => kept,
            // convert-mailbox says it too; the same refusal twice says nothing more.
            Err(refusal) => {
                if !out.refusals.contains(&refusal) {
                    out.refusals.push(refusal);
                }
                return;
            }
        };
        let stuck: Vec<&&Group> = groups.iter().filter(|group| !group.is_writable()).collect();
        if !stuck.is_empty() {
            for group in &stuck {
                let because = out_of_reach(group).unwrap_or("cannot be left from here");
                out.remarks.push(Remark::new(
                    Weight::Danger,
                    format!("{} gives licences and {because}.", group.name),
                ));
            }
            if !direct.is_empty() {
                out.remarks.push(Remark::new(
                    Weight::Caution,
                    "Direct licences stay as long as a licence group stays, or the group would give them again.",
                ));
            }
        }
        let all_groups_go = stuck.is_empty()
            && !groups
                .iter()
                .any(|group| kept == Some(Route::Group(group.id.clone())));
        let leaving: Vec<&Group> = groups
            .into_iter()
            .filter(|group| group.is_writable() && kept != Some(Route::Group(group.id.clone())))
            .collect();
        let keeps_direct = |held: &LicenseHeld| matches!(kept_sku(wish), Some((sku, Route::Direct)) if sku == held.sku);
        let direct = if all_groups_go {
            direct
                .into_iter()
                .filter(|held| !keeps_direct(held))
                .collect()
        } else {
            Vec::new()
        };
        out.specs
            .extend(give_back(wish, settings, &direct, &leaving));
    }

    /// A licence that comes through a group is gone when the membership is, and the group's licences with it.
    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let user = param(task, "user");
        let (held, groups) = join(licence::held(cx, task, user), memberships(cx, task, user)).await;
        let (held, groups) = (held?, groups?);
        let mut seen = Vec::with_capacity(task.spec.changes.len());
        for change in &task.spec.changes {
            let id = change.object.id.as_str();
            let there = match (change.property == DIRECT, change.object.kind) {
                (true, _) => held.directly(id),
                (false, ObjectKind::List) => {
                    membership::holds(&membership::of_list(cx, task, id).await?, user)
                        || takes_away(change) && held.through(id)
                }
                (false, _) => {
                    membership::holds(&groups, id) || takes_away(change) && held.through(id)
                }
            };
            seen.push(presence(change, there));
        }
        Ok(seen)
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let is_direct = |index: &&usize| task.spec.changes[**index].property == DIRECT;
        let direct: Vec<usize> = todo.iter().filter(is_direct).copied().collect();
        let groups = todo.iter().filter(|index| !is_direct(index));
        let user = param(task, "user");
        let (mut tried, left) = join(
            direct_licences(cx, task, &direct),
            join_all(groups.map(|&index| membership::write(cx, task, index, user))),
        )
        .await;
        tried.extend(left);
        applied(task, tried)
    }
}

async fn memberships(
    cx: &Cx<'_>,
    task: &Task<'_>,
    user: &str,
) -> Result<std::collections::BTreeSet<String>, Problem> {
    let any = task
        .spec
        .changes
        .iter()
        .any(|change| change.object.kind == ObjectKind::Group);
    if any {
        membership::of_user(cx, task, user).await
    } else {
        Ok(std::collections::BTreeSet::new())
    }
}

/// All direct licences in one call, which the vendor carries out as a whole or not at all.
async fn direct_licences(cx: &Cx<'_>, task: &Task<'_>, direct: &[usize]) -> Vec<Tried> {
    let Some(&first) = direct.first() else {
        return Vec::new();
    };
    let result = assign(cx, task, first, direct).await;
    let lacks_one = result
        .as_ref()
        .is_err_and(|error| error.means(Meaning::NoSuchLicence));
    if !lacks_one || direct.len() == 1 {
        let already = lacks_one && takes_away(&task.spec.changes[first]);
        return vec![Tried {
            already,
            ..Tried::all(direct, result)
        }];
    }
    // One of them is gone already and spoilt the call for the others: one by one, then.
    let mut tried = Vec::with_capacity(direct.len());
    for &index in direct {
        tried.push(Tried::one(
            task,
            index,
            assign(cx, task, index, &[index]).await,
        ));
    }
    tried
}

async fn assign(
    cx: &Cx<'_>,
    task: &Task<'_>,
    index: usize,
    changes: &[usize],
) -> Result<connectors::Answer, connectors::Error> {
    let skus: Vec<&str> = changes
        .iter()
        .map(|&index| task.spec.changes[index].object.id.as_str())
        .collect();
    let body = if takes_away(&task.spec.changes[index]) {
        licence::take(&skus)
    } else {
        licence::give(&skus, &task.spec.params["disabled-plans"])
    };
    cx.write(
        task,
        index,
        Call::post(licence::path(param(task, "user")), body),
    )
    .await
}

/// Groups that give the person licences.
fn licence_groups<'a>(wish: &'a Wish<'_>) -> Vec<&'a Group> {
    wish.facts
        .memberships
        .iter()
        .filter(|group| !group.licenses.is_empty())
        .collect()
}

fn held_names<'a>(wish: &'a Wish<'_>) -> Vec<&'a str> {
    let mut names: Vec<&str> = wish
        .facts
        .licenses
        .iter()
        .map(|held| held.name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The route by which the mailbox keeps its licence, when this plan keeps one that is held already.
fn kept(wish: &Wish<'_>) -> Result<Option<Route>, Refusal> {
    let Some(mailbox) = wish.facts.mailbox.cloud() else {
        return Ok(None);
    };
    Ok(match convert_mailbox::keep(wish, mailbox)? {
        Keep::Held(_, route) => Some(route),
        Keep::NotNeeded | Keep::Assign(..) | Keep::Join(_) => None,
    })
}

fn kept_sku(wish: &Wish<'_>) -> Option<(domain::ObjectId, Route)> {
    match convert_mailbox::keep(wish, wish.facts.mailbox.cloud()?) {
        Ok(Keep::Held(sku, route)) => Some((sku, route)),
        _ => None,
    }
}

fn give_back(
    wish: &Wish<'_>,
    settings: Settings,
    direct: &[&LicenseHeld],
    groups: &[&Group],
) -> Option<StepSpec> {
    let lost = loses_mailbox(wish) && settings.mailbox == MailboxFate::LetGo;
    let mut changes: Vec<Change> = Vec::new();
    let mut effects: Vec<Effect> = Vec::new();
    let mut disabled_plans: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut lets_go = false;
    for held in direct {
        let object = ObjectRef::new(ObjectKind::License, &held.sku, &held.name);
        changes.push(marked(
            removal(object, DIRECT, ASSIGNED),
            lost && held.carries.mailbox,
            &mut lets_go,
        ));
        effects.push(frees(held));
        disabled_plans.insert(
            held.sku.as_str(),
            held.disabled_plans
                .iter()
                .map(domain::ObjectId::as_str)
                .collect(),
        );
    }
    for group in groups {
        let given = || {
            wish.facts
                .licenses
                .iter()
                .filter(|held| held.route == Route::Group(group.id.clone()))
        };
        let carries_mailbox = given().any(|held| held.carries.mailbox);
        changes.push(marked(
            membership::leave(group),
            lost && carries_mailbox,
            &mut lets_go,
        ));
        effects.extend(given().map(frees));
        effects.push(if group.is_list() {
            Effect::RemovesListMembership {
                list: group.id.clone(),
            }
        } else {
            Effect::RemovesMembership {
                group: group.id.clone(),
            }
        });
    }
    if changes.is_empty() {
        return None;
    }
    if lets_go {
        effects.push(Effect::LetsMailboxGo);
    }
    let freed = names_of_freed(wish, direct, groups);
    Some(StepSpec {
        params: json!({ "user": wish.facts.person.id, "disabled-plans": disabled_plans }),
        // Licence groups act within seconds or hours, depending on their size.
        budget: if groups.is_empty() {
            Budget::DIRECTORY
        } else {
            Budget::QUEUED
        },
        permissions: permissions(direct, groups),
        ..ABOUT.spec(
            format!(
                "Give back licences of {}: {}",
                wish.name(),
                names(freed.iter().map(String::as_str))
            ),
            changes,
            effects,
        )
    })
}

/// What this very plan needs, least privilege first.
fn permissions(direct: &[&LicenseHeld], groups: &[&Group]) -> Vec<String> {
    let mut permissions = vec!["User.Read.All"];
    if !direct.is_empty() {
        permissions.insert(0, "LicenseAssignment.ReadWrite.All");
    }
    // Membership of a list is written in the mail system.
    if groups.iter().any(|group| !group.is_list()) {
        permissions.push("GroupMember.ReadWrite.All");
    }
    if !groups.is_empty() {
        permissions.push("Directory.Read.All");
    }
    if groups.iter().any(|group| group.role_assignable) {
        permissions.push("RoleManagement.ReadWrite.Directory");
    }
    if groups.iter().any(|group| group.is_list()) {
        permissions.push("Exchange.ManageAsApp");
    }
    permissions.into_iter().map(str::to_owned).collect()
}

/// Whether the mailbox would go with its licence, because nothing makes it a shared one.
fn loses_mailbox(wish: &Wish<'_>) -> bool {
    match &wish.facts.mailbox {
        MailboxFacts::Cloud(mailbox) => mailbox.kind != SHARED && !convert_mailbox::converts(wish),
        MailboxFacts::Unread { .. } => true,
        MailboxFacts::None | MailboxFacts::OnPremises => false,
    }
}

fn marked(change: Change, lost: bool, lets_go: &mut bool) -> Change {
    if !lost {
        return change;
    }
    *lets_go = true;
    Change {
        reversal: Reversal::ApprovedApart(
            "the mailbox goes with this licence, and after 30 days for good".to_owned(),
        ),
        ..change
    }
}

fn frees(held: &LicenseHeld) -> Effect {
    Effect::FreesLicense {
        sku: held.sku.clone(),
        route: held.route.clone(),
        carries: held.carries,
    }
}

fn names_of_freed(wish: &Wish<'_>, direct: &[&LicenseHeld], groups: &[&Group]) -> Vec<String> {
    let by_group = groups.iter().map(|group| {
        let given = wish
            .facts
            .licenses
            .iter()
            .filter(|held| held.route == Route::Group(group.id.clone()));
        let given: Vec<&str> = given.map(|held| held.name.as_str()).collect();
        format!("{} (by group {})", names(given), group.name)
    });
    direct
        .iter()
        .map(|held| held.name.clone())
        .chain(by_group)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{leaver, licence, mailbox_mut, propose_on, propose_one, security_group};

    const BOTH: &[(&str, &str)] = &[("remove-licenses", "{}"), ("convert-mailbox", "{}")];

    fn licence_group(id: &str) -> Group {
        Group {
            licenses: vec!["e3".into()],
            ..security_group(id)
        }
    }

    #[test]
    fn direct_and_group_licences_go_in_one_step() {
        let mut facts = leaver();
        facts.memberships = vec![licence_group("lic"), security_group("plain")];
        facts.licenses = vec![
            licence("visio", Route::Direct),
            licence("e3", Route::Group("lic".into())),
        ];
        let out = propose_on(&RemoveLicenses, &facts, BOTH);
        let objects: Vec<&str> = out.specs[0]
            .changes
            .iter()
            .map(|change| change.object.id.as_str())
            .collect();
        assert_eq!(objects, ["visio", "lic"]);
        assert!(!out.specs[0].approved_apart());
        assert_eq!(out.specs[0].budget, Budget::QUEUED);
        let out = propose_one(&RemoveLicenses, &facts, r#"{"leave-as-is": true}"#);
        assert!(out.specs.is_empty() && out.remarks.len() == 1);
    }

    #[test]
    fn direct_licences_stay_while_a_licence_group_cannot_be_left() {
        let mut facts = leaver();
        facts.memberships = vec![licence_group("lic")];
        facts.memberships[0].rule = Some("user.accountEnabled -eq true".to_owned());
        facts.licenses = vec![
            licence("visio", Route::Direct),
            licence("e3", Route::Group("lic".into())),
        ];
        let out = propose_on(&RemoveLicenses, &facts, BOTH);
        assert!(out.specs.is_empty());
        assert_eq!(out.remarks.len(), 2);
    }

    #[test]
    fn a_mailbox_let_go_is_approved_apart_only_when_it_would_be_lost() {
        let mut facts = leaver();
        facts.licenses = vec![licence("e3", Route::Direct)];
        let settings = r#"{"mailbox": "let-go"}"#;
        let out = propose_one(&RemoveLicenses, &facts, settings);
        assert!(out.specs[0].approved_apart() && out.specs[0].has(|e| *e == Effect::LetsMailboxGo));
        mailbox_mut(&mut facts).kind = SHARED.to_owned();
        let out = propose_one(&RemoveLicenses, &facts, settings);
        assert!(
            !out.specs[0].approved_apart() && !out.specs[0].has(|e| *e == Effect::LetsMailboxGo)
        );
    }

    #[test]
    fn the_licence_that_keeps_a_large_mailbox_is_left() {
        let mut facts = leaver();
        mailbox_mut(&mut facts).archive = true;
        facts.licenses = vec![licence("exo2", Route::Direct), licence("e3", Route::Direct)];
        facts.licenses[0].name = "EXCHANGEENTERPRISE".to_owned();
        let out = propose_on(&RemoveLicenses, &facts, BOTH);
        let objects: Vec<&str> = out.specs[0]
            .changes
            .iter()
            .map(|change| change.object.id.as_str())
            .collect();
        assert_eq!(objects, ["e3"]);
    }
}
