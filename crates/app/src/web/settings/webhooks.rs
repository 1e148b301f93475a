//! Webhooks: who is told of what happens, and what became of each telling.

use askama::Template;
use axum::extract::State;
use domain::TenantId;
use domain::access::Role;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use store::{Endpoint, TenantScope};

use super::{Tab, tabs};
use crate::acts::webhooks::{self, EVENTS};
use crate::clock;
use crate::problem::Exit;
use crate::web::answer::{page, see};
use crate::web::extract::Path;
use crate::web::shell::Shell;
use crate::web::{Answer, Caller, Needs, Posted, Routes, Web, when};
use crate::wiring::of_store;

const HERE: &str = "/settings/webhooks";

pub(super) fn routes(routes: Routes) -> Routes {
    let admin = Needs::Everywhere(Role::Admin);
    routes
        .get(HERE, admin, list)
        .post(HERE, admin, add)
        .post("/settings/webhooks/{endpoint}/switch", admin, switch)
        .post("/settings/webhooks/{endpoint}/remove", admin, remove)
        .post(
            "/settings/webhooks/deliveries/{delivery}/again",
            admin,
            again,
        )
}

struct DeliveryLine {
    id: String,
    iso: String,
    at: String,
    event: String,
    target: String,
    kind: &'static str,
    state: String,
    can_repeat: bool,
}

#[derive(Template)]
#[template(path = "settings/webhooks.html")]
struct WebhooksPage {
    shell: Shell,
    tabs: Vec<Tab>,
    endpoints: Vec<Endpoint>,
    deliveries: Vec<DeliveryLine>,
    tenants: Vec<String>,
    events: &'static [(&'static str, &'static str)],
    wrong: Option<String>,
    url: String,
    /// The secret that was just made: on this answer alone.
    made: Option<String>,
}

async fn list(State(web): State<Web>, caller: Caller) -> Answer {
    list_page(&web, &caller, None, String::new(), None).await
}

async fn list_page(
    web: &Web,
    caller: &Caller,
    wrong: Option<String>,
    url: String,
    made: Option<String>,
) -> Answer {
    let scope = TenantScope::provider();
    let store = &web.wiring.store;
    let endpoints = store.endpoints(&scope).await.map_err(of_store)?;
    let deliveries = store
        .deliveries(&scope, None, None)
        .await
        .map_err(of_store)?;
    let (now, here) = (clock::now(), caller.here(web));
    let deliveries = deliveries
        .into_iter()
        .map(|delivery| {
            let (kind, state) = match (&delivery.delivered_at, &delivery.due_at, &delivery.error) {
                (Some(at), ..) => (
                    "verified",
                    format!("delivered {}", when::short(*at, &here, now)),
                ),
                (None, Some(due), None) => (
                    "queued",
                    format!("to be sent {}", when::short(*due, &here, now)),
                ),
                (None, Some(due), Some(error)) => (
                    "waiting",
                    format!("{error}; next try {}", when::short(*due, &here, now)),
                ),
                (None, None, error) => (
                    "denied",
                    error.clone().unwrap_or_else(|| "given up".to_owned()),
                ),
            };
            DeliveryLine {
                iso: when::machine(delivery.created_at),
                at: when::short(delivery.created_at, &here, now),
                can_repeat: delivery.due_at.is_none(),
                id: delivery.id,
                event: delivery.event,
                target: delivery.target,
                kind,
                state,
            }
        })
        .collect();
    let shell = Shell::new(web, caller, "settings", "Webhooks", None).await?;
    page(&WebhooksPage {
        tabs: tabs(true, HERE),
        tenants: shell.tenants.iter().map(|(name, _)| name.clone()).collect(),
        shell,
        endpoints,
        deliveries,
        events: &EVENTS,
        wrong,
        url,
        made,
    })
}

#[derive(Deserialize)]
struct New {
    url: String,
    #[serde(default)]
    tenant: String,
    #[serde(default)]
    events: Vec<String>,
}

/// Adds an endpoint, once its address leads out of our own network. The secret stands on this answer, and nowhere afterwards.
async fn add(State(web): State<Web>, caller: Caller, Posted(form): Posted<New>) -> Answer {
    let tenant = Some(form.tenant).filter(|tenant| !tenant.is_empty());
    let tenant = tenant.map(TenantId::new);
    match webhooks::add(&web.wiring, &form.url, tenant, form.events, &caller.address).await {
        Ok(added) => {
            let made = added.secret.expose_secret().to_owned();
            list_page(&web, &caller, None, String::new(), Some(made)).await
        }
        Err(problem) if problem.exit == Exit::Refused => {
            list_page(&web, &caller, Some(problem.what.join(" ")), form.url, None).await
        }
        Err(problem) => Err(problem),
    }
}

async fn switch(State(web): State<Web>, _: Caller, Path(id): Path<String>) -> Answer {
    let endpoint = webhooks::endpoint(&web.wiring, &id).await?;
    webhooks::switch(&web.wiring, &id, !endpoint.enabled).await?;
    see(HERE)
}

async fn remove(State(web): State<Web>, _: Caller, Path(id): Path<String>) -> Answer {
    webhooks::remove(&web.wiring, &id).await?;
    see(HERE)
}

async fn again(State(web): State<Web>, _: Caller, Path(id): Path<String>) -> Answer {
    webhooks::again(&web.wiring, &id).await?;
    see(HERE)
}
