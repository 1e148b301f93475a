//! Webhooks: who is told of what, and what became of each telling.

use axum::extract::State;
use domain::TenantId;
use domain::access::Role;
use jiff::Timestamp;
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Channel, Delivery, Endpoint, Page, TenantScope};

use super::{Api, Asked, At, Doc, Done, Form, Param, Sent, data, done, once};
use crate::acts::webhooks as acts;
use crate::problem::Problem;
use crate::web::{Answer, Caller, Needs, Web};
use crate::wiring::of_store;

const ADMIN: Needs = Needs::Everywhere(Role::Admin);

pub(super) fn calls(api: Api) -> Api {
    let new = || json!({ "url": "https://itsm.provider.example/tenure", "tenant": "contoso", "events": ["run-ended", "finding"] });
    api.get(
        "/api/v1/webhooks",
        ADMIN,
        Doc::new("webhooks", "Who is told of what happens").gives::<Vec<EndpointOut>>(),
        all,
    )
    .post(
        "/api/v1/webhooks",
        ADMIN,
        Doc::new("webhooks", "Tell an address of what happens; the secret that signs is shown on this answer alone")
            .about("Each call is signed as Standard Webhooks says. Addresses in private networks are refused.")
            .takes::<New>(new)
            .codes(&["address", "event", "tenant"])
            .gives::<AddedOut>(),
        add,
    )
    .put(
        "/api/v1/webhooks/{endpoint}/state",
        ADMIN,
        Doc::new("webhooks", "Switch a webhook on or off")
            .takes::<Switch>(|| json!({ "enabled": false }))
            .gives::<EndpointOut>(),
        switch,
    )
    .delete(
        "/api/v1/webhooks/{endpoint}",
        ADMIN,
        Doc::new("webhooks", "Take a webhook away").gives::<Done>(),
        remove,
    )
    .post(
        "/api/v1/webhooks/{endpoint}/test",
        ADMIN,
        Doc::new("webhooks", "Send an event `test` to a webhook; what became of it stands among the deliveries")
            .gives::<Done>(),
        test,
    )
    .get(
        "/api/v1/webhooks/deliveries",
        ADMIN,
        Doc::new("webhooks", "What was sent, and what became of it, the newest first")
            .query(const { &[Param::new("after", "`next` of the page before", Form::Text(200))] })
            .paged()
            .gives::<Page<DeliveryOut>>(),
        deliveries,
    )
    .post(
        "/api/v1/webhooks/deliveries/{delivery}/again",
        ADMIN,
        Doc::new("webhooks", "Have something sent again that was delivered or given up").gives::<Done>(),
        again,
    )
}

/// A webhook, without its secret.
#[derive(Serialize, JsonSchema)]
struct EndpointOut {
    /// Its id.
    id: String,
    /// The tenant it is told of; none for all.
    tenant: Option<TenantId>,
    /// Where to.
    url: String,
    /// Of what.
    events: Vec<String>,
    /// Whether anything is sent.
    enabled: bool,
    /// Who added it.
    by: String,
    /// When.
    created_at: Timestamp,
}

impl From<Endpoint> for EndpointOut {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            id: endpoint.id,
            tenant: endpoint.tenant,
            url: endpoint.url,
            events: endpoint.events,
            enabled: endpoint.enabled,
            by: endpoint.by,
            created_at: endpoint.created_at,
        }
    }
}

async fn all(State(web): State<Web>, _: Caller) -> Answer {
    let all = acts::all(&web.wiring).await?;
    data(&all.into_iter().map(EndpointOut::from).collect::<Vec<_>>())
}

/// A webhook to be added.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct New {
    /// Where to.
    #[schemars(length(min = 1, max = 2000))]
    url: String,
    /// The tenant it is told of; none for all, those to come included.
    #[schemars(length(min = 1, max = 64))]
    tenant: Option<TenantId>,
    /// Of what: kinds of ledger entries.
    #[schemars(schema_with = "events", length(min = 1))]
    events: Vec<String>,
}

fn events(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let events = acts::events();
    schemars::json_schema!({ "type": "array", "items": { "type": "string", "enum": events } })
}

/// A webhook that was just added.
#[derive(Clone, Serialize, JsonSchema)]
struct AddedOut {
    /// Its id.
    id: String,
    /// What signs the calls, on the first answer alone; null when the answer is given again under its `Idempotency-Key`.
    secret: Option<String>,
}

async fn add(State(web): State<Web>, caller: Caller, Sent(new): Sent<New>) -> Answer {
    let known = acts::events();
    if new.events.is_empty()
        || new
            .events
            .iter()
            .any(|event| !known.contains(&event.as_str()))
    {
        let known = known.join(", ");
        return Err(super::sent::wrong(&format!(
            "events: at least one of {known} is wanted, and no other"
        )));
    }
    let by = &caller.address;
    let added = acts::add(&web.wiring, &new.url, new.tenant, new.events, by).await?;
    let out = AddedOut {
        id: added.id,
        secret: Some(added.secret.expose_secret().to_owned()),
    };
    let again = AddedOut {
        secret: None,
        ..out.clone()
    };
    once::shown_once(&out, &again)
}

/// Whether a webhook is on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Switch {
    /// Whether anything is sent.
    enabled: bool,
}

async fn switch(
    State(web): State<Web>,
    _: Caller,
    At(id): At<String>,
    Sent(sent): Sent<Switch>,
) -> Answer {
    data(&EndpointOut::from(
        acts::switch(&web.wiring, &id, sent.enabled).await?,
    ))
}

async fn remove(State(web): State<Web>, _: Caller, At(id): At<String>) -> Answer {
    acts::remove(&web.wiring, &id).await?;
    done(id)
}

async fn test(State(web): State<Web>, caller: Caller, At(id): At<String>) -> Answer {
    done(acts::test(&web.wiring, &id, &caller.address).await?)
}

async fn again(State(web): State<Web>, _: Caller, At(id): At<String>) -> Answer {
    acts::again(&web.wiring, &id).await?;
    done(id)
}

/// Something that was sent, or is to be.
#[derive(Serialize, JsonSchema)]
struct DeliveryOut {
    /// Its id, which the receiver is sent too.
    id: String,
    /// By which way: `webhook`, `mail` or `card`.
    channel: &'static str,
    /// The tenant.
    tenant: Option<TenantId>,
    /// The webhook, where it is one.
    endpoint: Option<String>,
    /// Where to.
    target: String,
    /// Of what.
    event: String,
    /// The ledger entry it tells.
    entry: Option<u64>,
    /// When it was to be told.
    created_at: Timestamp,
    /// When it is next tried; none when it was delivered or given up.
    due_at: Option<Timestamp>,
    /// How often it was tried.
    attempts: u32,
    /// When it was taken.
    delivered_at: Option<Timestamp>,
    /// What the receiver last answered.
    status: Option<u16>,
    /// Why it was not taken.
    error: Option<String>,
}

impl From<Delivery> for DeliveryOut {
    fn from(one: Delivery) -> Self {
        Self {
            id: one.id,
            channel: Channel::word(one.channel),
            tenant: one.tenant,
            endpoint: one.endpoint,
            target: one.target,
            event: one.event,
            entry: one.seq,
            created_at: one.created_at,
            due_at: one.due_at,
            attempts: one.attempts,
            delivered_at: one.delivered_at,
            status: one.status,
            error: one.error,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    after: Option<String>,
}

/// So many lines a page has.
const LINES: usize = 50;

async fn deliveries(State(web): State<Web>, _: Caller, Asked(part): Asked<Part>) -> Answer {
    super::short("after", part.after.as_deref(), 200)?;
    let last = match part.after.as_deref() {
        Some(after) => Some(place(after)?),
        None => None,
    };
    let (store, scope) = (&web.wiring.store, TenantScope::provider());
    let found = store.deliveries(&scope, None, last.as_ref()).await;
    let found = found.map_err(of_store)?;
    let next = found.last().filter(|_| found.len() >= LINES);
    let next = next.map(|last| format!("{}.{}", last.created_at.as_millisecond(), last.id));
    data(&Page {
        lines: found.into_iter().map(DeliveryOut::from).collect(),
        next,
    })
}

/// The line that a page ended with: its time and its id, of which alone the store asks.
fn place(after: &str) -> Result<Delivery, Problem> {
    let parts = after.split_once('.').and_then(|(ms, id)| {
        let at = Timestamp::from_millisecond(ms.parse().ok()?).ok()?;
        Some((at, id.to_owned()))
    });
    let (created_at, id) = parts.ok_or_else(|| of_store(store::Error::BadCursor))?;
    Ok(Delivery {
        id,
        created_at,
        channel: Channel::Webhook,
        tenant: None,
        endpoint: None,
        target: String::new(),
        event: String::new(),
        seq: None,
        due_at: None,
        attempts: 0,
        delivered_at: None,
        status: None,
        error: None,
    })
}
