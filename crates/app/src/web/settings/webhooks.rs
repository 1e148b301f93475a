//! Webhooks: who is told of what happens, and what became of each telling.

use askama::Template;
use axum::extract::State;
use connectors::outbound::{Address, Allow, Outbound};
use connectors::webhook;
use domain::TenantId;
use domain::access::Role;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use store::{Endpoint, NewEndpoint, Secret, TenantScope};

use super::{Tab, tabs};
use crate::clock;
use crate::web::answer::{page, see};
use crate::web::extract::Path;
use crate::web::shell::Shell;
use crate::web::{Answer, Caller, Needs, Posted, Routes, Web, when};
use crate::wiring::of_store;

const HERE: &str = "/settings/webhooks";

/// What an endpoint can be told of: kinds of ledger entries.
pub(crate) const EVENTS: [(&str, &str); 6] = [
    ("plan", "A plan was made"),
    ("approval", "A plan was approved"),
    ("run-started", "A run began"),
    ("finding", "A finding was opened or closed"),
    ("run-ended", "A run ended"),
    ("policy", "A policy was applied"),
];

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
    let known = |event: &String| EVENTS.iter().any(|(name, _)| name == event);
    if form.events.is_empty() || !form.events.iter().all(known) {
        let wrong = "Events: choose at least one of those listed.".to_owned();
        return list_page(&web, &caller, Some(wrong), form.url, None).await;
    }
    let allow = Allow {
        loopback: web.server.sandbox,
    };
    let checked = match Address::parse("Address", &form.url, allow) {
        Ok(address) => Outbound::system().check(&address).await,
        Err(problem) => Err(problem),
    };
    if let Err(problem) = checked {
        return list_page(&web, &caller, Some(problem.to_string()), form.url, None).await;
    }
    let mut bytes = [0; 32];
    rand::fill(&mut bytes);
    let secret = webhook::Secret::from_random(&bytes);
    let tenant = Some(form.tenant).filter(|tenant| !tenant.is_empty());
    let new = NewEndpoint {
        id: clock::short_id('w'),
        tenant: tenant.map(TenantId::new),
        url: form.url,
        secret: Secret::new(secret.text().expose_secret()),
        events: form.events,
        by: caller.address.clone(),
        at: clock::now(),
    };
    let added = web
        .wiring
        .store
        .add_endpoint(&TenantScope::provider(), &new)
        .await;
    added.map_err(of_store)?;
    let made = secret.text().expose_secret().to_owned();
    list_page(&web, &caller, None, String::new(), Some(made)).await
}

/// The endpoint of this id.
async fn endpoint(web: &Web, id: &str) -> Result<Endpoint, crate::problem::Problem> {
    let all = web.wiring.store.endpoints(&TenantScope::provider()).await;
    let mut all = all.map_err(of_store)?.into_iter();
    all.find(|endpoint| endpoint.id == id)
        .ok_or_else(crate::web::error::no_page)
}

async fn switch(State(web): State<Web>, _: Caller, Path(id): Path<String>) -> Answer {
    let mut endpoint = endpoint(&web, &id).await?;
    endpoint.enabled = !endpoint.enabled;
    let changed = web
        .wiring
        .store
        .change_endpoint(&TenantScope::provider(), &endpoint)
        .await;
    changed.map_err(of_store)?;
    see(HERE)
}

async fn remove(State(web): State<Web>, _: Caller, Path(id): Path<String>) -> Answer {
    let scope = TenantScope::provider();
    let removed = web
        .wiring
        .store
        .remove_endpoint(&scope, &id, clock::now())
        .await;
    removed.map_err(of_store)?;
    see(HERE)
}

async fn again(State(web): State<Web>, _: Caller, Path(id): Path<String>) -> Answer {
    let scope = TenantScope::provider();
    let sent = web.wiring.store.send_again(&scope, &id, clock::now()).await;
    sent.map_err(of_store)?;
    see(HERE)
}
