//! Sends what waits in the outbox: webhooks, signed and repeated until they are taken or a day has passed.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use connectors::outbound::{Address, Allow, Outbound};
use connectors::webhook::{self, Message, Outcome};
use jiff::SignedDuration;
use secrecy::SecretString;
use serde_json::{Value, json};
use store::{Channel, Claimed, Endpoint, TenantScope};

use crate::clock;
use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// How often the outbox is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How long one delivery may take before it is somebody else's to try, in milliseconds.
const LEASE_MS: i64 = 60_000;
/// How many are sent at once.
const AT_ONCE: u32 = 16;

/// Sends what is due, for ever. What cannot be sent says so in the log of deliveries.
pub(crate) async fn go_on(wiring: &Wiring) -> Infallible {
    let outbound = Outbound::system();
    loop {
        if let Err(problem) = send_due(wiring, &outbound).await {
            tracing::error!("deliveries: {problem}");
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Sends what is due once, side by side: a receiver that is slow holds up nobody else.
async fn send_due(wiring: &Wiring, outbound: &Outbound) -> Result<(), Problem> {
    let store = &wiring.store;
    let now = clock::now();
    let claimed = store
        .claim_deliveries(Channel::Webhook, now, LEASE_MS, AT_ONCE)
        .await;
    let claimed = claimed.map_err(of_store)?;
    if claimed.is_empty() {
        return Ok(());
    }
    let endpoints = store
        .endpoints(&TenantScope::provider())
        .await
        .map_err(of_store)?;
    let sends = claimed.iter().map(|delivery| {
        let endpoint = endpoints
            .iter()
            .find(|endpoint| Some(&endpoint.id) == delivery.endpoint.as_ref());
        send_one(wiring, outbound, delivery, endpoint)
    });
    for sent in futures::future::join_all(sends).await {
        sent?;
    }
    Ok(())
}

async fn send_one(
    wiring: &Wiring,
    outbound: &Outbound,
    delivery: &Claimed,
    endpoint: Option<&Endpoint>,
) -> Result<(), Problem> {
    let outcome = match endpoint {
        Some(endpoint) => attempt(wiring, outbound, delivery, endpoint).await?,
        None => Outcome::Gone {
            why: "the endpoint was removed".to_owned(),
        },
    };
    let store = &wiring.store;
    let now = clock::now();
    let kept = match outcome {
        Outcome::Delivered { status } => {
            store
                .delivered(&delivery.id, delivery.attempt, Some(status), now)
                .await
        }
        Outcome::TryAgain { after, why } => {
            let wait = webhook::next_attempt(delivery.attempt, after, rand::random());
            let next = wait
                .and_then(|wait| SignedDuration::try_from(wait).ok())
                .map(|wait| now + wait);
            store
                .failed(&delivery.id, delivery.attempt, None, &why, next)
                .await
        }
        Outcome::Gone { why } => {
            if let Some(endpoint) = endpoint {
                let off = Endpoint {
                    enabled: false,
                    ..endpoint.clone()
                };
                let changed = store.change_endpoint(&TenantScope::provider(), &off).await;
                changed.map_err(of_store)?;
            }
            store
                .failed(&delivery.id, delivery.attempt, Some(410), &why, None)
                .await
        }
    };
    kept.map_err(of_store)
}

/// One attempt. What can never be sent is given up with the reason.
async fn attempt(
    wiring: &Wiring,
    outbound: &Outbound,
    delivery: &Claimed,
    endpoint: &Endpoint,
) -> Result<Outcome, Problem> {
    let never = |why: String| Ok(Outcome::Gone { why });
    let Some(body) = body(delivery) else {
        return never("what it told was erased from the ledger".to_owned());
    };
    let allow = Allow {
        loopback: wiring.config.server.sandbox,
    };
    let address = match Address::parse("Address", &endpoint.url, allow) {
        Ok(address) => address,
        Err(problem) => return never(problem.to_string()),
    };
    let scope = TenantScope::provider();
    let secret = wiring
        .store
        .endpoint_secret(&scope, &endpoint.id)
        .await
        .map_err(of_store)?;
    let text = SecretString::from(secret.expose_str().unwrap_or_default().to_owned());
    let (secret, message) = match (
        webhook::Secret::parse("secret", &text),
        Message::new(&delivery.id, body),
    ) {
        (Ok(secret), Ok(message)) => (secret, message),
        (Err(error), _) | (_, Err(error)) => return never(error.to_string()),
    };
    Ok(webhook::send(outbound, &address, &[&secret], &message, clock::now()).await)
}

/// What is told: the kind of event, when, of which tenant and entry, and the entry's payload.
fn body(delivery: &Claimed) -> Option<Bytes> {
    let payload: Value = serde_json::from_slice(delivery.body.as_ref()?.expose()).ok()?;
    let body = json!({
        "type": delivery.event,
        "timestamp": delivery.created_at,
        "data": { "tenant": delivery.tenant, "entry": delivery.seq, "payload": payload },
    });
    Some(Bytes::from(body.to_string()))
}
