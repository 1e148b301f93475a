//! Groups the person belongs to, groups and applications the person owns, and who owns them besides.

use std::collections::BTreeMap;

use domain::ObjectId;
use domain::facts::{Group, GroupKind, OwnedApplication, OwnedGroup};
use futures::future::try_join_all;
use serde_json::Value;

use super::{Owned, flag, items, text, text_or_empty};
use crate::graph::{Graph, Path};
use crate::{Ctx, Error};

/// What is read of a group.
pub(super) const GROUP: &[&str] = &[
    "id",
    "displayName",
    "groupTypes",
    "mailEnabled",
    "securityEnabled",
    "isAssignableToRole",
    "membershipRule",
    "onPremisesSyncEnabled",
    "assignedLicenses",
    "mail",
    "proxyAddresses",
];

/// Groups and lists the person is a direct member of.
pub(super) async fn memberships(graph: &Graph, ctx: &Ctx, id: &str) -> Result<Vec<Group>, Error> {
    let path = Path::of(["users", id, "memberOf", "microsoft.graph.group"])
        .select(GROUP)
        .top(999);
    Ok(graph
        .list(ctx, &path)
        .await?
        .entries
        .iter()
        .map(group)
        .collect())
}

/// Groups the person owns.
pub(super) async fn owned(graph: &Graph, ctx: &Ctx, id: &str) -> Result<Vec<Group>, Error> {
    let path = Path::of(["users", id, "ownedObjects", "microsoft.graph.group"]).select(GROUP);
    Ok(graph
        .list(ctx, &path)
        .await?
        .entries
        .iter()
        .map(group)
        .collect())
}

/// Applications the person owns, with the number of their secrets and certificates.
pub(super) async fn applications(
    graph: &Graph,
    ctx: &Ctx,
    id: &str,
) -> Result<Vec<OwnedApplication>, Error> {
    let path = Path::of(["users", id, "ownedObjects", "microsoft.graph.application"]).select(&[
        "id",
        "displayName",
        "passwordCredentials",
        "keyCredentials",
    ]);
    let listing = graph.list(ctx, &path).await?;
    Ok(listing
        .entries
        .iter()
        .map(|entry| OwnedApplication {
            id: ObjectId::new(text_or_empty(entry, "id")),
            name: text_or_empty(entry, "displayName"),
            owners: Vec::new(),
            secrets: items(entry, "passwordCredentials").len()
                + items(entry, "keyCredentials").len(),
        })
        .collect())
}

/// Owners read ahead, by the id of what they own.
pub(super) type Owners = BTreeMap<ObjectId, Vec<ObjectId>>;

/// Reads the owners of what is known to be owned already, so that they travel with everything else.
pub(super) async fn read_ahead(graph: &Graph, ctx: &Ctx, owned: &[Owned]) -> Result<Owners, Error> {
    let read = try_join_all(owned.iter().map(|owned| async move {
        let (collection, id) = match owned {
            Owned::Group(id) => ("groups", id),
            Owned::Application(id) => ("applications", id),
        };
        Ok::<_, Error>((id.clone(), owners_of(graph, ctx, collection, id).await))
    }))
    .await?;
    // What has gone meanwhile is not owned any more either; anything else is read again with its error.
    Ok(read
        .into_iter()
        .filter_map(|(id, owners)| Some((id, owners.ok()?)))
        .collect())
}

/// Who owns these groups and applications, from what was read ahead where it was.
pub(super) async fn owners(
    graph: &Graph,
    ctx: &Ctx,
    ahead: &Owners,
    groups: Vec<Group>,
    applications: Vec<OwnedApplication>,
) -> Result<(Vec<OwnedGroup>, Vec<OwnedApplication>), Error> {
    let find = |collection: &'static str, id: ObjectId| async move {
        match ahead.get(&id) {
            Some(owners) => Ok(owners.clone()),
            None => owners_of(graph, ctx, collection, &id).await,
        }
    };
    let of_groups = try_join_all(groups.into_iter().map(|group| async move {
        let owners = find("groups", group.id.clone()).await?;
        Ok::<_, Error>(OwnedGroup { group, owners })
    }));
    let of_applications = try_join_all(applications.into_iter().map(|application| async move {
        let owners = find("applications", application.id.clone()).await?;
        Ok::<_, Error>(OwnedApplication {
            owners,
            ..application
        })
    }));
    tokio::try_join!(of_groups, of_applications)
}

/// User owners only: a service principal that owns a group does not keep it from being ownerless.
async fn owners_of(
    graph: &Graph,
    ctx: &Ctx,
    collection: &str,
    id: &ObjectId,
) -> Result<Vec<ObjectId>, Error> {
    let path =
        Path::of([collection, id.as_str(), "owners", "microsoft.graph.user"]).select(&["id"]);
    let listing = graph.list(ctx, &path).await?;
    Ok(listing
        .entries
        .iter()
        .filter_map(|entry| text(entry, "id"))
        .map(ObjectId::new)
        .collect())
}

/// A group as Graph gives it; which properties decide where membership is written is in the documentation of `group`.
pub(super) fn group(entry: &Value) -> Group {
    let types: Vec<&str> = items(entry, "groupTypes")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let kind = match (
        types.contains(&"Unified"),
        flag(entry, "mailEnabled"),
        flag(entry, "securityEnabled"),
    ) {
        (true, _, _) => GroupKind::Unified,
        (false, true, true) => GroupKind::MailSecurity,
        (false, true, false) => GroupKind::Distribution,
        (false, false, _) => GroupKind::Security,
    };
    Group {
        id: ObjectId::new(text_or_empty(entry, "id")),
        name: text_or_empty(entry, "displayName"),
        kind,
        rule: types
            .contains(&"DynamicMembership")
            .then(|| text_or_empty(entry, "membershipRule")),
        synced: flag(entry, "onPremisesSyncEnabled"),
        role_assignable: flag(entry, "isAssignableToRole"),
        licenses: items(entry, "assignedLicenses")
            .iter()
            .filter_map(|sku| text(sku, "skuId"))
            .map(ObjectId::new)
            .collect(),
        address: text(entry, "mail"),
        aliases: further_addresses(entry),
    }
}

/// The addresses of a group beside its main one.
fn further_addresses(entry: &Value) -> Vec<String> {
    let main = text_or_empty(entry, "mail");
    items(entry, "proxyAddresses")
        .iter()
        .filter_map(Value::as_str)
        .filter_map(|proxy| proxy.split_once(':'))
        .filter(|(kind, address)| {
            kind.eq_ignore_ascii_case("smtp") && !address.eq_ignore_ascii_case(&main)
        })
        .map(|(_, address)| address.to_owned())
        .collect()
}
