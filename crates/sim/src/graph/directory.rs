//! The tenant itself: organisation, domains, subscriptions, service principals.

use serde_json::{Value, json};

use super::query::{self, Rules};
use super::{Ask, Outcome, error, licences, not_found, schema};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::world::{App, Id, Tenant};

/// Object ids that the sandbox gives to Microsoft's own resources in every tenant.
const GRAPH_RESOURCE: &str = "9a6b1ad5-95bd-4ef8-a5a9-0b1c6f1e0003";
const EXCHANGE_RESOURCE: &str = "9a6b1ad5-95bd-4ef8-a5a9-0b1c6f1e0002";

/// Ids of application permissions (permissions.json; Exchange: app-only authentication page).
const APP_ROLE_IDS: &[(&str, &str)] = &[
    ("User.ReadWrite.All", "741f803b-c850-494e-b5df-cde7c675a1ca"),
    ("User.Read.All", "df021288-bdef-4463-88db-98f22de89214"),
    (
        "User.EnableDisableAccount.All",
        "3011c876-62b7-4ada-afa2-506cbbecc68c",
    ),
    (
        "User.DeleteRestore.All",
        "eccc023d-eccf-4e7b-9683-8813ab36cecc",
    ),
    (
        "User.RevokeSessions.All",
        "77f3a031-c388-4f99-b373-dc68676a979e",
    ),
    (
        "User-PasswordProfile.ReadWrite.All",
        "cc117bb9-00cf-4eb8-b580-ea2a878fe8f7",
    ),
    (
        "User-Phone.ReadWrite.All",
        "86ceff06-c822-49ff-989a-d912845ffe69",
    ),
    (
        "User-Mail.ReadWrite.All",
        "280d0935-0796-47d1-8d26-273470a3f17a",
    ),
    (
        "User-LifeCycleInfo.Read.All",
        "8556a004-db57-4d7a-8b82-97a13428e96f",
    ),
    (
        "User-LifeCycleInfo.ReadWrite.All",
        "925f1248-0f97-47b9-8ec8-538c54e01325",
    ),
    (
        "LicenseAssignment.Read.All",
        "e2f98668-2877-4f38-a2f4-8202e0717aa1",
    ),
    (
        "LicenseAssignment.ReadWrite.All",
        "5facf0c1-8979-4e95-abcf-ff3d079771c0",
    ),
    (
        "Organization.Read.All",
        "498476ce-e0fe-48b0-b801-37ba7e2685c6",
    ),
    ("Domain.Read.All", "dbb9058a-0e50-45d7-ae91-66909b5d4664"),
    ("Directory.Read.All", "7ab1d382-f21e-4acd-a863-ba3e13f7da61"),
    ("Group.Read.All", "5b567255-7703-4780-807c-7be8301ae99b"),
    (
        "Group.ReadWrite.All",
        "62a82d76-70ea-41e2-9197-370581804d09",
    ),
    (
        "GroupMember.Read.All",
        "98830695-27a2-44f7-8c18-0c3ebc9698f6",
    ),
    (
        "GroupMember.ReadWrite.All",
        "dbaae8cf-10b5-4b86-a4a1-f871c94c6695",
    ),
    (
        "UserAuthenticationMethod.Read.All",
        "38d9df27-64da-44fd-b7c5-a6fbac20248f",
    ),
    (
        "UserAuthenticationMethod.ReadWrite.All",
        "50483e42-d915-4231-9639-7fdb7fd190e5",
    ),
    (
        "RoleManagement.Read.Directory",
        "483bed4a-2ad3-4361-a73b-c83ccdbdc53c",
    ),
    (
        "RoleManagement.ReadWrite.Directory",
        "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8",
    ),
    (
        "MailboxSettings.Read",
        "40f97065-369a-49f4-947c-6a255697ae91",
    ),
    (
        "MailboxSettings.ReadWrite",
        "6931bccd-447a-43d1-b442-00a195474933",
    ),
    ("Mail.Send", "b633e1c5-b582-4048-a93e-9f11b44c7e96"),
    (
        "Calendars.ReadWrite",
        "ef54d2bf-783f-4e0f-bca1-3210c0444d99",
    ),
    (
        "Exchange.ManageAsApp",
        "dc50a0fb-09a3-484d-be87-e023b12c6440",
    ),
];

pub(super) fn plain<'a>(context: &'a str, known: &'a [&'a str], kind: &'a str) -> Rules<'a> {
    Rules {
        context,
        known,
        default: &[],
        kind,
        page: [100, 999],
    }
}

pub(super) fn organization(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let domains: Vec<Value> = tenant
        .domains
        .iter()
        .filter(|domain| domain.verified)
        .map(|domain| {
            json!({
                "capabilities": "Email, OfficeCommunicationsOnline",
                "isDefault": domain.is_default,
                "isInitial": domain.initial,
                "name": domain.name,
                "type": if domain.federated { "Federated" } else { "Managed" },
            })
        })
        .collect();
    let synced = tenant
        .users
        .values()
        .any(|user| user.on_premises_sync_enabled == Some(true));
    let item = json!({
        "id": visit.tenant_id(),
        "deletedDateTime": null,
        "displayName": tenant.name,
        "countryLetterCode": tenant.country,
        "defaultUsageLocation": null,
        "onPremisesSyncEnabled": synced.then_some(true),
        "tenantType": "AAD",
        "verifiedDomains": domains,
        "assignedPlans": [],
        "provisionedPlans": [],
        "businessPhones": [],
    });
    query::list(
        ask,
        vec![item],
        &plain(
            "organization",
            schema::ORGANIZATION,
            "microsoft.graph.organization",
        ),
    )
}

pub(super) fn domains(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let value = |domain: &crate::world::Domain| {
        json!({
            "id": domain.name,
            "authenticationType": if domain.federated { "Federated" } else { "Managed" },
            "isAdminManaged": true,
            "isDefault": domain.is_default,
            "isInitial": domain.initial,
            "isRoot": true,
            "isVerified": domain.verified,
            "supportedServices": ["Email", "OfficeCommunicationsOnline"],
        })
    };
    let items = visit.seen().domains.iter().map(value).collect();
    query::list(
        ask,
        items,
        &plain("domains", schema::DOMAIN, "microsoft.graph.domain"),
    )
}

pub(super) fn skus(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    if ask.call.option("$filter").is_some() {
        return Err(error(
            400,
            "Request_UnsupportedQuery",
            "The query specified in the URI is not valid. $filter is not supported on this resource.",
        ));
    }
    let tenant = visit.seen();
    let value = |(id, sku): (&Id, &crate::world::Sku)| {
        json!({
            "id": format!("{}_{id}", visit.tenant_id()),
            "accountId": visit.tenant_id(),
            "accountName": tenant.name,
            "appliesTo": "User",
            "capabilityStatus": if sku.enabled > 0 { "Enabled" } else { "Warning" },
            "consumedUnits": tenant.consumed_seats(id),
            "prepaidUnits": {"enabled": sku.enabled, "suspended": sku.suspended, "warning": sku.warning, "lockedOut": 0},
            "servicePlans": licences::service_plans(sku),
            "skuId": id,
            "skuPartNumber": sku.part_number,
            "subscriptionIds": [],
        })
    };
    let items = tenant.skus.iter().map(value).collect();
    query::list(
        ask,
        items,
        &plain(
            "subscribedSkus",
            schema::SUBSCRIBED_SKU,
            "microsoft.graph.subscribedSku",
        ),
    )
}

/// A service principal by object id or by `appId='…'`.
fn principal<'t>(tenant: &'t Tenant, ask: &Ask<'_>) -> Result<(&'t Id, &'t App), Answer> {
    let named = ask.id(0);
    let by_app = named
        .to_lowercase()
        .strip_prefix("appid=")
        .map(|id| id.trim_matches('\'').to_owned());
    let found = match by_app {
        Some(app_id) => tenant.apps.get_key_value(&app_id),
        None => tenant
            .apps
            .iter()
            .find(|(_, app)| app.service_principal_id == named.to_lowercase()),
    };
    found.ok_or_else(|| not_found(named))
}

pub(super) fn service_principal(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let (app_id, app) = principal(visit.seen(), ask)?;
    let item = json!({
        "id": app.service_principal_id,
        "deletedDateTime": null,
        "accountEnabled": true,
        "appId": app_id,
        "appDisplayName": app.display_name,
        "displayName": app.display_name,
        "servicePrincipalType": "Application",
    });
    let rules = plain(
        "servicePrincipals",
        schema::SERVICE_PRINCIPAL,
        "microsoft.graph.servicePrincipal",
    );
    query::single(ask, item, &rules)
}

pub(super) fn app_roles(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let (_, app) = principal(visit.seen(), ask)?;
    let graph = app
        .graph_roles
        .iter()
        .map(|name| (name, "Microsoft Graph", GRAPH_RESOURCE));
    let exchange = app
        .exchange_roles
        .iter()
        .map(|name| (name, "Office 365 Exchange Online", EXCHANGE_RESOURCE));
    let mut items = Vec::new();
    for (name, resource, resource_id) in graph.chain(exchange) {
        let known = APP_ROLE_IDS
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, id)| (*id).to_owned());
        items.push(json!({
            "id": visit.name_id(&["app role assignment", name]),
            "deletedDateTime": null,
            "appRoleId": known.unwrap_or_else(|| visit.name_id(&["app role", name])),
            "createdDateTime": null,
            "principalDisplayName": app.display_name,
            "principalId": app.service_principal_id,
            "principalType": "ServicePrincipal",
            "resourceDisplayName": resource,
            "resourceId": resource_id,
        }));
    }
    query::list(
        ask,
        items,
        &plain(
            "appRoleAssignments",
            schema::APP_ROLE_ASSIGNMENT,
            "microsoft.graph.appRoleAssignment",
        ),
    )
}
