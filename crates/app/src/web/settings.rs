//! Settings: who works with Tenure, which programs call it, what it tells others, who came in.

mod clients;
mod delegates;
mod operators;
mod own;
mod sign_ins;
mod webhooks;

use domain::TenantId;
use domain::access::{Grant, Role};

use store::TenantScope;

use super::{Answer, Needs, Routes, Web};
use crate::problem::Problem;
use crate::wiring::of_store;

pub(super) fn routes(routes: Routes) -> Routes {
    let all = [
        own::routes,
        delegates::routes,
        operators::routes,
        clients::routes,
        webhooks::routes,
        sign_ins::routes,
    ];
    let routes = routes.get("/settings", Needs::SignedIn, first);
    all.into_iter().fold(routes, |routes, more| more(routes))
}

/// Everybody has an account; the rest is for admins.
async fn first() -> Answer {
    super::answer::see("/settings/account")
}

/// A tab of the settings.
struct Tab {
    path: &'static str,
    name: &'static str,
    here: bool,
}

/// The tabs, those of an admin for an admin alone.
fn tabs(is_admin: bool, here: &str) -> Vec<Tab> {
    const ALL: [(&str, &str, bool); 5] = [
        ("/settings/account", "Your account", false),
        ("/settings/operators", "Operators", true),
        ("/settings/clients", "API clients", true),
        ("/settings/webhooks", "Webhooks", true),
        ("/settings/sign-ins", "Sign-in log", true),
    ];
    ALL.into_iter()
        .filter(|(_, _, admin)| is_admin || !admin)
        .map(|(path, name, _)| Tab {
            path,
            name,
            here: path == here,
        })
        .collect()
}

/// What a form says of a grant: a role, and a tenant or none for all. What is wrong with it names the field.
///
/// # Errors
/// Store errors.
async fn grant(web: &Web, role: &str, tenant: &str) -> Result<Result<Grant, String>, Problem> {
    let Some(role) = Role::parse(role) else {
        return Ok(Err(format!(
            "Role: there is no role “{role}”; choose viewer, requester, approver or admin."
        )));
    };
    let tenant = Some(tenant)
        .filter(|tenant| !tenant.is_empty())
        .map(TenantId::from);
    if let Some(tenant) = &tenant {
        let scope = TenantScope::of(tenant);
        match web.wiring.store.tenant(&scope, tenant).await {
            Err(store::Error::Missing { .. }) => {
                return Ok(Err(format!("Tenant: there is no tenant “{tenant}”.")));
            }
            found => drop(found.map_err(of_store)?),
        }
    }
    Ok(Ok(Grant { tenant, role }))
}

/// A grant that has to be right, where there is no form to show again.
fn needs(grant: Result<Grant, String>) -> Result<Grant, Problem> {
    grant.map_err(|wrong| {
        Problem::refused("role", wrong).hint("go back to the page, and choose from what it offers")
    })
}

/// Grants in words: `approver of contoso, viewer of all tenants`.
fn in_words(grants: &[Grant]) -> String {
    if grants.is_empty() {
        return "no role".to_owned();
    }
    let one = |grant: &Grant| match &grant.tenant {
        Some(tenant) => format!("{} of {tenant}", grant.role),
        None => format!("{} of all tenants", grant.role),
    };
    grants.iter().map(one).collect::<Vec<_>>().join(", ")
}
