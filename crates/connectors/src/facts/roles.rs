//! Administrative roles: active and eligible, held by the person and through groups.

use domain::ObjectId;
use domain::facts::{Group, RoleHeld, RoleHeldBy};
use futures::future::try_join_all;
use serde_json::Value;

use super::{Gaps, carries_roles, text, text_or_empty};
use crate::graph::{Graph, Path};
use crate::{Ctx, Error};

/// What a holder's roles are: active ones, which must be readable, and eligible ones, which need a premium licence.
pub(super) struct Held {
    active: Result<Vec<Value>, Error>,
    eligible: Result<Vec<Value>, Error>,
}

async fn list(
    graph: &Graph,
    ctx: &Ctx,
    collection: &str,
    principal: &str,
) -> Result<Vec<Value>, Error> {
    let path = Path::of(["roleManagement", "directory", collection])
        .filter(&format!("principalId eq '{principal}'"))
        .expand("roleDefinition");
    Ok(graph.list(ctx, &path).await?.entries)
}

/// The person's own roles.
pub(super) async fn held(graph: &Graph, ctx: &Ctx, id: &str) -> Held {
    let (active, eligible) = tokio::join!(
        list(graph, ctx, "roleAssignments", id),
        list(graph, ctx, "roleEligibilitySchedules", id)
    );
    Held { active, eligible }
}

/// Both kinds as one list. A tenant without Privileged Identity Management answers the eligible ones with an error that means
/// there are none to find; it is told as a gap all the same.
///
/// # Errors
/// When the active roles could not be read: without them nobody knows who is privileged.
pub(super) fn settle(held: Held, gaps: &mut Gaps) -> Result<Vec<RoleHeld>, Error> {
    let mut roles: Vec<RoleHeld> = held
        .active?
        .iter()
        .map(|entry| role(entry, RoleHeldBy::Assignment))
        .collect();
    let eligible = gaps.take(
        held.eligible,
        "roles the person may activate",
        "RoleEligibilitySchedule.Read.Directory",
    );
    roles.extend(
        eligible
            .iter()
            .map(|entry| role(entry, RoleHeldBy::Eligibility)),
    );
    Ok(roles)
}

/// Roles that come through groups to which roles can be assigned.
pub(super) async fn through_groups(
    graph: &Graph,
    ctx: &Ctx,
    memberships: &[Group],
) -> Result<Vec<RoleHeld>, Error> {
    let found = try_join_all(
        memberships
            .iter()
            .filter(carries_roles)
            .map(|group| async move {
                let entries = list(graph, ctx, "roleAssignments", group.id.as_str()).await?;
                Ok::<_, Error>(
                    entries
                        .iter()
                        .map(|entry| role(entry, RoleHeldBy::Group(group.id.clone())))
                        .collect::<Vec<_>>(),
                )
            }),
    )
    .await?;
    Ok(found.into_iter().flatten().collect())
}

/// A role assignment or eligibility with its definition. A role of the tenant's own making counts as privileged: nobody knows
/// what was put into it.
fn role(entry: &Value, by: RoleHeldBy) -> RoleHeld {
    let definition = entry.get("roleDefinition").cloned().unwrap_or_default();
    let role = text_or_empty(entry, "roleDefinitionId");
    let own = definition.get("isBuiltIn").and_then(Value::as_bool) == Some(false);
    RoleHeld {
        id: ObjectId::new(text_or_empty(entry, "id")),
        name: text(&definition, "displayName").unwrap_or_else(|| role.clone()),
        privileged: own || PRIVILEGED.iter().any(|(template, _)| *template == role),
        role: ObjectId::new(role),
        scope: text(entry, "directoryScopeId").unwrap_or_else(|| "/".to_owned()),
        by,
    }
}

/// Built-in roles that Microsoft labels privileged, and the two that rule all mail and all files, by template id
/// (learn.microsoft.com, Microsoft Entra built-in roles).
const PRIVILEGED: &[(&str, &str)] = &[
    (
        "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
        "Application Administrator",
    ),
    (
        "cf1c38e5-3621-4004-a7cb-879624dced7c",
        "Application Developer",
    ),
    (
        "c4e39bd9-1100-46d3-8c65-fb160da0071f",
        "Authentication Administrator",
    ),
    (
        "aaf43236-0c0d-4d5f-883a-6955382ac081",
        "B2C IEF Keyset Administrator",
    ),
    (
        "158c047a-c907-4556-b7ef-446551a6b5f7",
        "Cloud Application Administrator",
    ),
    (
        "7698a772-787b-4ac8-901f-60d6b08affd2",
        "Cloud Device Administrator",
    ),
    (
        "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9",
        "Conditional Access Administrator",
    ),
    (
        "d29b2b05-8046-44ba-8758-1e26182fcf32",
        "Directory Synchronization Accounts",
    ),
    ("9360feb5-f418-4baa-8175-e2a00bac4301", "Directory Writers"),
    (
        "8329153b-31d0-4727-b945-745eb3bc5f31",
        "Domain Name Administrator",
    ),
    (
        "29232cdf-9323-42fd-ade2-1d097af3e4de",
        "Exchange Administrator",
    ),
    (
        "be2f45a1-457d-42af-a067-6ec1fa63bc45",
        "External Identity Provider Administrator",
    ),
    (
        "62e90394-69f5-4237-9190-012177145e10",
        "Global Administrator",
    ),
    ("f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader"),
    (
        "729827e3-9c14-49f7-bb1b-9608f156bbb8",
        "Helpdesk Administrator",
    ),
    (
        "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2",
        "Hybrid Identity Administrator",
    ),
    (
        "3a2c62db-5318-420d-8d74-23affee5d9d5",
        "Intune Administrator",
    ),
    (
        "59d46f88-662b-457b-bceb-5c3809e5908f",
        "Lifecycle Workflows Administrator",
    ),
    (
        "4ba39ca4-527c-499a-b93d-d9b492c50246",
        "Partner Tier1 Support",
    ),
    (
        "e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8",
        "Partner Tier2 Support",
    ),
    (
        "966707d0-3269-4727-9be2-8c3a10f19b9d",
        "Password Administrator",
    ),
    (
        "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
        "Privileged Authentication Administrator",
    ),
    (
        "e8611ab8-c189-46e8-94e1-60213ab1f814",
        "Privileged Role Administrator",
    ),
    (
        "194ae4cb-b126-40b2-bd5b-6091b380977d",
        "Security Administrator",
    ),
    ("5f2222b1-57c3-48ba-8ad5-d4759f1fde6f", "Security Operator"),
    ("5d6b6bb7-de71-4623-b4af-96380a352509", "Security Reader"),
    (
        "f28a1f50-f6e7-4571-818b-6a12f2af6b6c",
        "SharePoint Administrator",
    ),
    ("fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator"),
];
