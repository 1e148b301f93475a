//! Tenants: connecting one, checking what it granted, its seats and sites.

use axum::extract::State;
use connectors::facts::Seats;
use domain::TenantId;
use domain::access::Role;
use jiff::Timestamp;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::codes::CLOUD;
use super::{Api, At, Doc, Done, Sent, data, done};
use crate::acts::tenant::{self as acts, Connect, State as Stands};
use crate::acts::{policy, seats};
use crate::web::{Answer, Caller, Needs, Web, given};
use crate::wiring::of_store;

pub(super) fn calls(api: Api) -> Api {
    let there = Needs::There;
    let new = || json!({ "name": "contoso", "directory": "11111111-1111-4111-8111-111111111111", "cloud": "global", "client": "33333333-3333-4333-8333-333333333333", "credential": { "secret": "…" } });
    api.get(
        "/api/v1/tenants",
        Needs::Somewhere(Role::Viewer),
        Doc::new("tenants", "The tenants that you may see").gives::<Vec<TenantOut>>(),
        list,
    )
    .post(
        "/api/v1/tenants",
        Needs::Everywhere(Role::Admin),
        Doc::new("tenants", "Connect a tenant; nothing is sent to it")
            .about("Check it afterwards, and give it a policy: until then nothing can be planned there.")
            .takes::<NewTenant>(new)
            .codes(&["certificate", "client", "cloud", "credential", "directory", "exists", "key", "name", "secret", "setup"])
            .gives::<TenantOut>(),
        add,
    )
    .get(
        "/api/v1/tenants/{tenant}",
        there(Role::Viewer),
        Doc::new("tenants", "A tenant").gives::<TenantOut>(),
        show,
    )
    .put(
        "/api/v1/tenants/{tenant}/credential",
        there(Role::Admin),
        Doc::new("tenants", "Renew what Tenure signs in with")
            .takes::<Renewal>(|| json!({ "credential": { "secret": "…" } }))
            .codes(&["certificate", "client", "credential", "key", "secret", "setup"])
            .gives::<Done>(),
        renew,
    )
    .get(
        "/api/v1/tenants/{tenant}/permissions",
        there(Role::Viewer),
        Doc::new("tenants", "Sign in to a tenant, and compare what it granted with what its policy needs")
            .codes(CLOUD)
            .codes(&["no-policy", "policy"])
            .gives::<Permissions>(),
        permissions,
    )
    .get(
        "/api/v1/tenants/{tenant}/seats",
        there(Role::Viewer),
        Doc::new("tenants", "A tenant's licences, and the seats that people hold who left")
            .codes(CLOUD)
            .gives::<Vec<SeatsOut>>(),
        seats_of,
    )
    .get(
        "/api/v1/tenants/{tenant}/sites",
        there(Role::Viewer),
        Doc::new("tenants", "The sites of a tenant's policy")
            .codes(&["no-policy", "policy"])
            .gives::<Vec<SiteOut>>(),
        sites,
    )
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
    /// The client id of the application that Tenure signs in as.
    client: String,
    /// What Tenure signs in with: `secret` or `certificate`.
    credential: String,
    /// When it was connected.
    created_at: Timestamp,
    /// How many of its findings are open.
    open_findings: u64,
}

async fn list(State(web): State<Web>, caller: Caller) -> Answer {
    let scope = caller.scope(Role::Viewer);
    data(&of_scope(&web, &scope).await?)
}

async fn of_scope(
    web: &Web,
    scope: &store::TenantScope,
) -> Result<Vec<TenantOut>, crate::problem::Problem> {
    let found = web.wiring.store.tenants_counted(scope).await;
    let out = |(tenant, open_findings): (store::Tenant, u64)| TenantOut {
        name: tenant.name,
        directory: tenant.directory,
        cloud: tenant.cloud,
        client: tenant.client,
        credential: tenant.credential,
        created_at: tenant.created_at,
        open_findings,
    };
    Ok(found.map_err(of_store)?.into_iter().map(out).collect())
}

async fn show(State(web): State<Web>, caller: Caller, At(tenant): At<TenantId>) -> Answer {
    web.wiring.tenant(tenant.as_str()).await?;
    let mut found = of_scope(&web, &caller.scope_of(&tenant)).await?;
    data(&found.pop())
}

/// What Tenure signs in with: a secret, or a certificate with its key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CredentialIn {
    /// A client secret, as the portal shows it once.
    #[schemars(with = "Option<String>")]
    secret: Option<SecretString>,
    /// A certificate, PEM.
    #[schemars(with = "Option<String>")]
    certificate: Option<SecretString>,
    /// The certificate's private key, PEM.
    #[schemars(with = "Option<String>")]
    key: Option<SecretString>,
}

impl CredentialIn {
    fn given(&self) -> Result<acts::Given, crate::problem::Problem> {
        given(
            self.secret.as_ref(),
            self.certificate.as_ref(),
            self.key.as_ref(),
        )
    }
}

/// A tenant to be connected.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewTenant {
    /// Its name here: 1 to 64 letters, digits, spaces or . _ - and a letter or digit first.
    name: String,
    /// Its directory (tenant) id, a GUID.
    directory: String,
    /// The cloud it is in: `global`, `gcc-high`, `dod`, `china`, or one of the configuration.
    cloud: String,
    /// The application (client) id, a GUID.
    client: String,
    /// What Tenure signs in with.
    credential: CredentialIn,
}

async fn add(State(web): State<Web>, caller: Caller, Sent(new): Sent<NewTenant>) -> Answer {
    let connect = Connect {
        given: new.credential.given()?,
        name: new.name,
        directory: new.directory,
        cloud: new.cloud,
        client: new.client,
    };
    let tenant = acts::add(&web.wiring, connect).await?;
    let mut found = of_scope(&web, &caller.scope_of(&tenant)).await?;
    data(&found.pop())
}

/// A new credential.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Renewal {
    /// What Tenure signs in with from now on.
    credential: CredentialIn,
    /// Another application's client id; the one that is there stays without it.
    client: Option<String>,
}

async fn renew(
    State(web): State<Web>,
    _: Caller,
    At(tenant): At<TenantId>,
    Sent(sent): Sent<Renewal>,
) -> Answer {
    let kept = web.wiring.tenant(tenant.as_str()).await?;
    let given = sent.credential.given()?;
    done(acts::renew(&web.wiring, &kept, sent.client.as_deref(), given).await?)
}

/// What a tenant granted, beside what its policy needs.
#[derive(Serialize, JsonSchema)]
struct Permissions {
    /// How many permissions the policy needs.
    needed: usize,
    /// Those of them that were not granted.
    missing: Vec<String>,
    /// Where an administrator of the tenant grants them.
    consent: String,
    /// Every permission, missing ones first.
    lines: Vec<PermissionOut>,
}

/// A permission of the application in a tenant.
#[derive(Serialize, JsonSchema)]
struct PermissionOut {
    /// Its name at the vendor; alternatives are parted by `|`.
    name: String,
    /// The steps that need it.
    steps: Vec<&'static str>,
    /// Whether it is there.
    state: Presence,
}

/// Whether a permission is there.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Presence {
    /// A step needs it, and it was not granted.
    Missing,
    /// A step needs it, and it was granted.
    Granted,
    /// It was granted, and no step needs it.
    NotNeeded,
}

async fn permissions(State(web): State<Web>, _: Caller, At(tenant): At<TenantId>) -> Answer {
    let kept = web.wiring.tenant(tenant.as_str()).await?;
    let checked = acts::check(&web.wiring, &kept).await?;
    let line = |one: acts::Permission| PermissionOut {
        name: one.name,
        steps: one.steps,
        state: match one.state {
            Stands::Missing => Presence::Missing,
            Stands::Granted => Presence::Granted,
            Stands::NotNeeded => Presence::NotNeeded,
        },
    };
    data(&Permissions {
        needed: checked.needed.len(),
        missing: checked.missing,
        consent: acts::consent_link(&web.wiring.config, &kept)?,
        lines: checked.matrix.into_iter().map(line).collect(),
    })
}

/// A licence of a tenant.
#[derive(Serialize, JsonSchema)]
struct SeatsOut {
    /// The licence's id.
    id: String,
    /// The name at the vendor.
    name: String,
    /// The name people know, where it is known.
    title: Option<String>,
    /// How many seats were bought.
    seats: i64,
    /// How many are in use.
    used: i64,
    /// Of those, how many by people who left: their sign-in is blocked.
    left: usize,
}

async fn seats_of(State(web): State<Web>, caller: Caller, At(tenant): At<TenantId>) -> Answer {
    let kept = web.wiring.tenant(tenant.as_str()).await?;
    let people = seats::left(&web.wiring, &caller.scope_of(&tenant)).await?;
    let connection = web.wiring.connection(&kept).await?;
    let found = seats::of(&connection, &kept, &people).await?;
    let out = |one: Seats| SeatsOut {
        id: one.sku.id.to_string(),
        name: one.sku.name,
        title: one.sku.titles.into_iter().next(),
        seats: one.sku.seats,
        used: one.sku.used,
        left: one.left.len(),
    };
    data(&found.into_iter().map(out).collect::<Vec<_>>())
}

/// A site of a tenant's policy.
#[derive(Serialize, JsonSchema)]
struct SiteOut {
    /// Its name.
    name: String,
    /// What the policy says of it.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    site: domain::policy::Site,
}

async fn sites(State(web): State<Web>, _: Caller, At(tenant): At<TenantId>) -> Answer {
    web.wiring.tenant(tenant.as_str()).await?;
    let version = policy::in_force(&web.wiring, &tenant).await?;
    let parsed = version.and_then(|version| policy::read(&version.text).ok());
    let sites = parsed.map(|policy| policy.sites).unwrap_or_default();
    let out = |(name, site)| SiteOut { name, site };
    data(&sites.into_iter().map(out).collect::<Vec<_>>())
}
