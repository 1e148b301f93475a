//! Sign-in methods, direct reports, and the tenant at large.

use domain::ObjectId;
use domain::facts::{Method, PersonLite, Sku};
use serde_json::Value;

use super::licences::sku;
use super::people::lite;
use super::{flag, text, text_or_empty};
use crate::graph::{Graph, Path};
use crate::{Ctx, Error};

/// The template id of the Global Administrator role (learn.microsoft.com, Entra built-in roles).
pub(super) const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

/// Sign-in methods other than the password, which cannot be removed.
pub(super) async fn methods(graph: &Graph, ctx: &Ctx, id: &str) -> Result<Vec<Method>, Error> {
    let listing = graph
        .list(ctx, &Path::of(["users", id, "authentication", "methods"]))
        .await?;
    Ok(listing.entries.iter().filter_map(method).collect())
}

/// One method as Graph lists it; `None` for the password.
fn method(entry: &Value) -> Option<Method> {
    let kind = text(entry, "@odata.type")?
        .trim_start_matches("#microsoft.graph.")
        .trim_end_matches("AuthenticationMethod")
        .to_owned();
    if kind == "password" {
        return None;
    }
    let detail = ["displayName", "phoneType", "emailAddress", "model"]
        .iter()
        .find_map(|property| text(entry, property));
    let name = detail.map_or_else(|| kind.clone(), |detail| format!("{kind} ({detail})"));
    Some(Method {
        id: ObjectId::new(text_or_empty(entry, "id")),
        kind,
        name,
    })
}

/// People whose manager is the person.
pub(super) async fn reports(graph: &Graph, ctx: &Ctx, id: &str) -> Result<Vec<PersonLite>, Error> {
    let path = Path::of(["users", id, "directReports", "microsoft.graph.user"]).select(&[
        "id",
        "displayName",
        "userPrincipalName",
    ]);
    Ok(graph
        .list(ctx, &path)
        .await?
        .entries
        .iter()
        .map(lite)
        .collect())
}

/// The tenant at large.
pub(super) struct Tenant {
    /// Verified domains.
    pub(super) domains: Vec<String>,
    /// The domain of new accounts: the one that administrators made the default, else the initial one, else the first verified one.
    pub(super) default_domain: Option<String>,
    /// Verified domains whose people sign in at a federation service.
    pub(super) federated: Vec<String>,
    pub(super) skus: Vec<Sku>,
    pub(super) administrators: Result<Vec<ObjectId>, Error>,
}

/// Verified domains, licences bought, and who is Global Administrator.
pub(super) async fn tenant(graph: &Graph, ctx: &Ctx) -> Result<Tenant, Error> {
    let domains = Path::of(["domains"]).select(&[
        "id",
        "isVerified",
        "isDefault",
        "isInitial",
        "authenticationType",
    ]);
    let skus = Path::of(["subscribedSkus"]).select(&[
        "skuId",
        "skuPartNumber",
        "prepaidUnits",
        "consumedUnits",
        "servicePlans",
    ]);
    let holders = Path::of(["roleManagement", "directory", "roleAssignments"])
        .filter(&format!("roleDefinitionId eq '{GLOBAL_ADMINISTRATOR}'"))
        .select(&["id", "principalId", "directoryScopeId"]);
    let (domains, skus, holders) = tokio::join!(
        graph.list(ctx, &domains),
        graph.list(ctx, &skus),
        graph.list(ctx, &holders)
    );
    let mut verified = domains?.entries;
    verified.retain(|entry| flag(entry, "isVerified"));
    let names = |wanted: &dyn Fn(&Value) -> bool| -> Vec<String> {
        let wanted = verified.iter().filter(|entry| wanted(entry));
        wanted.filter_map(|entry| text(entry, "id")).collect()
    };
    let first = |property: &str| names(&|entry| flag(entry, property)).into_iter().next();
    let domains = names(&|_| true);
    Ok(Tenant {
        default_domain: first("isDefault")
            .or_else(|| first("isInitial"))
            .or_else(|| domains.first().cloned()),
        federated: names(&|entry| {
            text(entry, "authenticationType").is_some_and(|kind| kind == "Federated")
        }),
        domains,
        skus: skus?.entries.iter().map(sku).collect(),
        administrators: holders.map(|listing| {
            listing
                .entries
                .iter()
                .filter_map(|entry| text(entry, "principalId"))
                .map(ObjectId::new)
                .collect()
        }),
    })
}
