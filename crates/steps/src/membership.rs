//! Memberships and ownerships as values: the words that plans show, and the changes that end them.

use std::collections::BTreeSet;

use connectors::graph::{Call, Path};
use domain::facts::Group;
use domain::spec::{Change, ObjectKind, ObjectRef};
use engine::hands::{Problem, Task};
use serde_json::{Value, json};

use crate::cx::{Cx, Tried, about_organization, takes_away, text};
use crate::step::removal;

/// The property of a membership.
pub(crate) const PROPERTY: &str = "membership";
/// The value of a member.
pub(crate) const MEMBER: &str = "member";
/// The property of the person's own ownership.
pub(crate) const OWNERSHIP: &str = "ownership";
/// The value of an owner.
pub(crate) const OWNER: &str = "owner";

/// A group or list as an object.
pub(crate) fn group_ref(group: &Group) -> ObjectRef {
    let kind = if group.is_list() {
        ObjectKind::List
    } else {
        ObjectKind::Group
    };
    ObjectRef::new(kind, &group.id, &group.name)
}

/// The person leaves the group.
pub(crate) fn leave(group: &Group) -> Change {
    removal(group_ref(group), PROPERTY, MEMBER)
}

/// Why membership in this group cannot be ended from here.
pub(crate) fn out_of_reach(group: &Group) -> Option<&'static str> {
    if group.synced {
        Some("is mastered on premises, so the membership ends there")
    } else if group.rule.is_some() {
        Some(
            "takes its members from a rule, so the membership ends when the rule no longer matches",
        )
    } else {
        None
    }
}

/// The groups that the account is a direct member of, by id in lower case.
pub(crate) async fn of_user(
    cx: &Cx<'_>,
    task: &Task<'_>,
    user: &str,
) -> Result<BTreeSet<String>, Problem> {
    let path = Path::of(["users", user, "memberOf", "microsoft.graph.group"])
        .select(&["id"])
        .top(999);
    Ok(ids(&cx.list(task, &path).await?, "id"))
}

/// Whoever owns a group or an application, by id in lower case.
pub(crate) async fn owners(
    cx: &Cx<'_>,
    task: &Task<'_>,
    object: &ObjectRef,
) -> Result<BTreeSet<String>, Problem> {
    let path = Path::of([collection(object), object.id.as_str(), "owners"]).select(&["id"]);
    Ok(ids(&cx.list(task, &path).await?, "id"))
}

/// The members of a list, as the mail system has them, by id in lower case.
pub(crate) async fn of_list(
    cx: &Cx<'_>,
    task: &Task<'_>,
    list: &str,
) -> Result<BTreeSet<String>, Problem> {
    let cmdlet = about_organization(
        "Get-DistributionGroupMember",
        json!({ "Identity": list, "ResultSize": "Unlimited" }),
    );
    let members = cx
        .ask(task, cmdlet.select(&["ExternalDirectoryObjectId"]))
        .await?;
    Ok(ids(&members, "ExternalDirectoryObjectId"))
}

/// Ends or restores one membership.
pub(crate) async fn write(cx: &Cx<'_>, task: &Task<'_>, index: usize, user: &str) -> Tried {
    let change = &task.spec.changes[index];
    let group = change.object.id.as_str();
    let result = match (change.object.kind, takes_away(change)) {
        // Without `/$ref` the call would delete the member itself (Graph: group-delete-members).
        (ObjectKind::Group, true) => {
            cx.write(
                task,
                index,
                Call::delete(Path::of(["groups", group, "members", user, "$ref"])),
            )
            .await
        }
        (ObjectKind::Group, false) => {
            let member = cx.connection.graph.reference(&["directoryObjects", user]);
            cx.write(
                task,
                index,
                Call::post(Path::of(["groups", group, "members", "$ref"]), member),
            )
            .await
        }
        (_, gone) => {
            let cmdlet = if gone {
                "Remove-DistributionGroupMember"
            } else {
                "Add-DistributionGroupMember"
            };
            let mut parameters = json!({ "Identity": group, "Member": user, "BypassSecurityGroupManagerCheck": true });
            if gone {
                parameters["Confirm"] = json!(false);
            }
            cx.command(
                task,
                index,
                about_organization(cmdlet, parameters).serial(format!("list/{group}")),
            )
            .await
        }
    };
    Tried::one(task, index, result)
}

/// Ends or restores one ownership.
pub(crate) async fn write_owner(cx: &Cx<'_>, task: &Task<'_>, index: usize, owner: &str) -> Tried {
    let change = &task.spec.changes[index];
    let (collection, object) = (collection(&change.object), change.object.id.as_str());
    let call = if takes_away(change) {
        Call::delete(Path::of([collection, object, "owners", owner, "$ref"]))
    } else {
        let reference = cx.connection.graph.reference(&["directoryObjects", owner]);
        Call::post(Path::of([collection, object, "owners", "$ref"]), reference)
    };
    Tried::one(task, index, cx.write(task, index, call).await)
}

fn collection(object: &ObjectRef) -> &'static str {
    if object.kind == ObjectKind::Application {
        "applications"
    } else {
        "groups"
    }
}

fn ids(entries: &[Value], property: &str) -> BTreeSet<String> {
    entries
        .iter()
        .map(|entry| text(entry, property).to_ascii_lowercase())
        .filter(|id| !id.is_empty())
        .collect()
}

/// Whether an id is among these.
pub(crate) fn holds(ids: &BTreeSet<String>, id: &str) -> bool {
    ids.contains(&id.to_ascii_lowercase())
}
