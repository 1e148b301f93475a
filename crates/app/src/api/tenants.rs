//! Tenants, and the policy of each.

use axum::extract::State;
use domain::TenantId;
use domain::access::Role;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::PolicyVersion;

use super::{Api, Doc, Sent, data};
use crate::acts::policy::{self, Application};
use crate::planning;
use crate::web::extract::Path;
use crate::web::{Answer, Caller, Needs, Web};
use crate::wiring::of_store;

pub(super) fn calls(api: Api) -> Api {
    api.get(
        "/api/v1/tenants",
        Needs::Somewhere(Role::Viewer),
        Doc::new("tenants", "The tenants that you may see").gives::<Vec<TenantOut>>(),
        list,
    )
    .get(
        "/api/v1/tenants/{tenant}/policy",
        Needs::There(Role::Viewer),
        Doc::new("tenants", "The tenant's policy in force").gives::<PolicyOut>(),
        in_force,
    )
    .put(
        "/api/v1/tenants/{tenant}/policy",
        Needs::There(Role::Admin),
        Doc::new("tenants", "Apply a policy over the version that was read")
            .takes::<Applying>()
            .gives::<PolicyOut>(),
        apply,
    )
}

/// A policy to be applied.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Applying {
    /// The document, in TOML.
    text: String,
    /// The version that it was written over; 0 where there is none yet. Another version in force refuses it.
    base: u64,
    /// Why, for the history.
    comment: Option<String>,
}

async fn apply(
    State(web): State<Web>,
    caller: Caller,
    Path(tenant): Path<TenantId>,
    Sent(applying): Sent<Applying>,
) -> Answer {
    let application = Application {
        text: &applying.text,
        by: &caller.address,
        comment: applying.comment.as_deref(),
        base: Some(applying.base),
    };
    let version = policy::apply(&web.wiring, &tenant, &application).await?;
    data(&out(version))
}

fn out(version: PolicyVersion) -> PolicyOut {
    PolicyOut {
        version: version.version,
        digest: version.digest.to_string(),
        by: version.by,
        at: version.at,
        text: version.text,
    }
}

/// A tenant.
#[derive(Serialize, JsonSchema)]
struct TenantOut {
    /// Its name here.
    name: TenantId,
    /// Its directory id.
    directory: String,
    /// The cloud it is in.
    cloud: String,
    /// How many of its findings are open.
    open_findings: u64,
}

async fn list(State(web): State<Web>, caller: Caller) -> Answer {
    let scope = caller.scope(Role::Viewer);
    let store = &web.wiring.store;
    let tenants = store.tenants(&scope).await.map_err(of_store)?;
    let counts = store.tenant_counts(&scope).await.map_err(of_store)?;
    let out: Vec<TenantOut> = tenants
        .into_iter()
        .map(|tenant| {
            let count = counts.iter().find(|(name, _)| *name == tenant.name);
            TenantOut {
                open_findings: count.map_or(0, |(_, open)| *open),
                name: tenant.name,
                directory: tenant.directory,
                cloud: tenant.cloud,
            }
        })
        .collect();
    data(&out)
}

/// A policy as it was applied.
#[derive(Serialize, JsonSchema)]
struct PolicyOut {
    /// Its version, from 1.
    version: u64,
    /// The digest of its text.
    digest: String,
    /// Who applied it.
    by: String,
    /// When.
    at: Timestamp,
    /// The document, in TOML.
    text: String,
}

async fn in_force(State(web): State<Web>, _: Caller, Path(tenant): Path<TenantId>) -> Answer {
    data(&out(planning::version(&web.wiring, &tenant).await?))
}
