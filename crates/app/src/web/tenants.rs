//! Tenants: can Tenure do its work there, and with no more power than it needs?

pub(super) mod live;
mod view;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect};
use domain::TenantId;
use domain::access::Role;
use domain::request::Kind;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use store::Secret;

use super::answer::{page, see};
use super::shell::Shell;
use super::zones::Zones;
use super::{Answer, Caller, Needs, Posted, Routes, Web};
use crate::acts::policy as policies;
use crate::acts::tenant::{self as acts, Given};
use crate::clock;
use crate::problem::Problem;
use crate::web::extract::{Path, Query};
use crate::wiring::of_store;

/// How far back leavers are counted, in days, and how many at most.
const DAYS: i64 = 30;
const MOST: u32 = 1_000;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/tenants", Needs::Somewhere(Role::Viewer), all)
        .get("/t/{tenant}/tenants", Needs::There(Role::Viewer), to_one)
        .get("/t/{tenant}", Needs::There(Role::Viewer), show)
        .get("/t/{tenant}/live", Needs::There(Role::Viewer), read)
        .post("/t/{tenant}/renew", Needs::There(Role::Admin), renew)
}

/// Under a tenant's address the list is the tenant.
async fn to_one(Path(tenant): Path<TenantId>) -> Answer {
    Ok(Redirect::to(&format!("/t/{tenant}")).into_response())
}

#[derive(Template)]
#[template(path = "tenants.html")]
struct TenantsPage {
    shell: Shell,
    lead: (String, String),
    lines: Vec<view::Line>,
    may_connect: bool,
}

async fn all(State(web): State<Web>, caller: Caller) -> Answer {
    let scope = caller.scope(Role::Viewer);
    let store = &web.wiring.store;
    let shell = Shell::new(&web, &caller, "tenants", "Tenants", None).await?;
    let since = clock::now() - jiff::SignedDuration::from_hours(24 * DAYS);
    let ended = store
        .ended_since(&scope, since, MOST)
        .await
        .map_err(of_store)?;
    let mut lines = Vec::new();
    for tenant in store.tenants(&scope).await.map_err(of_store)? {
        let policy = policies::in_force(&web.wiring, &tenant.name).await?;
        let findings = store
            .counts(&scope.only(&tenant.name))
            .await
            .map_err(of_store)?
            .open_findings;
        let leavers = ended
            .iter()
            .filter(|run| run.tenant == tenant.name && run.kind == Kind::Offboard)
            .count();
        let rehearsal = acts::is_rehearsal(&web.wiring.config, &tenant);
        lines.push(view::line(
            &tenant,
            policy.is_some(),
            findings,
            leavers,
            rehearsal,
        ));
    }
    let may_connect = caller.role_everywhere() == Some(Role::Admin);
    page(&TenantsPage {
        shell,
        lead: view::lead(&lines),
        lines,
        may_connect,
    })
}

#[derive(Deserialize)]
struct Wanted {
    read: Option<u8>,
    renewed: Option<u8>,
}

/// What a renewal said, to be shown on the page again. Nothing that was typed comes back.
#[derive(Default)]
struct Renewal {
    done: bool,
    wrong: String,
    hint: String,
}

#[derive(Template)]
#[template(path = "tenant.html")]
struct TenantPage {
    shell: Shell,
    tenant: view::About,
    lead: (String, String),
    sites: Vec<view::Site>,
    limits: Vec<(String, String)>,
    live: Option<live::Shown>,
    may_renew: bool,
    renewal: Renewal,
}

async fn show(
    State(web): State<Web>,
    caller: Caller,
    Path(tenant): Path<TenantId>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let renewal = Renewal {
        done: wanted.renewed.is_some(),
        ..Renewal::default()
    };
    one(&web, &caller, &tenant, wanted.read.is_some(), renewal).await
}

async fn one(web: &Web, caller: &Caller, id: &TenantId, is_read: bool, renewal: Renewal) -> Answer {
    let tenant = web.wiring.tenant(id.as_str()).await?;
    let policy = policies::in_force(&web.wiring, id).await?;
    let parsed = policy
        .as_ref()
        .and_then(|version| policies::read(&version.text).ok());
    let zones = Zones::of(web, caller, vec![id.clone()]).await;
    let counts = web
        .wiring
        .store
        .counts(&caller.scope_of(id))
        .await
        .map_err(of_store)?;
    let live = if is_read {
        Some(live::read(web, caller, &tenant, &zones).await)
    } else {
        None
    };
    page(&TenantPage {
        shell: Shell::new(web, caller, "tenants", id.as_str(), Some(id)).await?,
        lead: view::lead_of_one(policy.as_ref(), &counts),
        sites: parsed
            .as_ref()
            .map(|policy| view::sites(policy, &zones))
            .unwrap_or_default(),
        limits: parsed.as_ref().map(view::limits).unwrap_or_default(),
        tenant: view::about(&web.wiring.config, &tenant, policy.as_ref(), &zones),
        live,
        may_renew: caller.may(Role::Admin, id),
        renewal,
    })
}

#[derive(Template)]
#[template(path = "tenant-part.html")]
struct LivePart {
    live: live::Shown,
}

/// What only the tenant can say: the part that is loaded after the page, or without a script the page with it.
async fn read(
    State(web): State<Web>,
    caller: Caller,
    Path(id): Path<TenantId>,
    headers: HeaderMap,
) -> Answer {
    if !headers.contains_key("hx-request") {
        return see(&format!("/t/{id}?read=1"));
    }
    let tenant = web.wiring.tenant(id.as_str()).await?;
    let zones = Zones::of(&web, &caller, vec![id]).await;
    page(&LivePart {
        live: live::read(&web, &caller, &tenant, &zones).await,
    })
}

/// A new secret, or a new certificate with its key.
#[derive(Deserialize)]
struct Renew {
    #[serde(default)]
    secret: Option<SecretString>,
    #[serde(default)]
    certificate: Option<SecretString>,
    #[serde(default)]
    key: Option<SecretString>,
    #[serde(default)]
    client: String,
}

/// What was typed as what connectors take.
pub(crate) fn given(
    secret: Option<&SecretString>,
    certificate: Option<&SecretString>,
    key: Option<&SecretString>,
) -> Result<Given, Problem> {
    let filled = |text: Option<&SecretString>| {
        text.map(|text| text.expose_secret().trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    match (filled(secret), filled(certificate), filled(key)) {
        (Some(secret), None, None) => Ok(Given::Secret(Secret::new(secret))),
        (None, Some(certificate), Some(key)) => Ok(Given::Certificate {
            certificate: Secret::new(certificate),
            key: Secret::new(key),
        }),
        (None, None, None) => Err(Problem::refused(
            "credential",
            "Neither a secret nor a certificate was given.",
        )
        .hint("Give one of them.")),
        (Some(_), ..) => Err(Problem::refused(
            "credential",
            "A secret and a certificate were given.",
        )
        .hint("Give one of them.")),
        _ => Err(
            Problem::refused("credential", "A certificate and its key belong together.")
                .hint("Give both, as PEM."),
        ),
    }
}

async fn renew(
    State(web): State<Web>,
    caller: Caller,
    Path(id): Path<TenantId>,
    Posted(sent): Posted<Renew>,
) -> Answer {
    let tenant = web.wiring.tenant(id.as_str()).await?;
    let client = sent.client.trim();
    let client = (!client.is_empty()).then_some(client);
    let done = match given(
        sent.secret.as_ref(),
        sent.certificate.as_ref(),
        sent.key.as_ref(),
    ) {
        Ok(given) => acts::renew(&web.wiring, &tenant, client, given)
            .await
            .map(drop),
        Err(problem) => Err(problem),
    };
    let Err(problem) = done else {
        return see(&format!("/t/{id}?renewed=1"));
    };
    let status = problem.status();
    // What the tenant did not take, or could not be asked, is said beside the form.
    if status.is_server_error() && problem.code != "credential" {
        return Err(problem);
    }
    let renewal = Renewal {
        done: false,
        wrong: problem.what.join(" "),
        hint: problem.hint.unwrap_or_default(),
    };
    Ok((status, one(&web, &caller, &id, false, renewal).await?).into_response())
}

#[cfg(test)]
mod tests;
