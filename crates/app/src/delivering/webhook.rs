//! Webhooks: what a ledger entry says, signed, to an endpoint.

use bytes::Bytes;
use connectors::outbound::Address;
use connectors::webhook::{self, Message, Outcome};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::{Claimed, Endpoint, TenantScope};

use super::{Fate, Way};
use crate::clock;
use crate::problem::Problem;
use crate::wiring::of_store;

/// One attempt. What can never be sent is given up with the reason; an endpoint that says it is gone is sent nothing more.
///
/// # Errors
/// Store errors.
pub(super) async fn attempt(
    way: &Way<'_>,
    delivery: &Claimed,
    endpoints: &[Endpoint],
) -> Result<Fate, Problem> {
    let endpoint = endpoints
        .iter()
        .find(|endpoint| Some(&endpoint.id) == delivery.endpoint.as_ref());
    let Some(endpoint) = endpoint else {
        return Ok(Fate::never("the endpoint was removed"));
    };
    let Some(body) = body(delivery) else {
        return Ok(Fate::never("what it told was erased from the ledger"));
    };
    let config = &way.wiring.config;
    let address = match Address::parse("Address", &endpoint.url, config.server.allow()) {
        Ok(address) => address,
        Err(problem) => return Ok(Fate::never(problem.to_string())),
    };
    let (store, scope) = (&way.wiring.store, TenantScope::provider());
    let secret = store.endpoint_secret(&scope, &endpoint.id).await;
    let secret = secret.map_err(of_store)?;
    let text = SecretString::from(secret.expose_str().unwrap_or_default().to_owned());
    let (secret, message) = match (
        webhook::Secret::parse("secret", &text),
        Message::new(&delivery.id, body),
    ) {
        (Ok(secret), Ok(message)) => (secret, message),
        (Err(error), _) | (_, Err(error)) => return Ok(Fate::never(error.to_string())),
    };
    let sent = webhook::send(&way.outbound, &address, &[&secret], &message, clock::now()).await;
    Ok(match sent {
        Outcome::Delivered { status } => Fate::Delivered {
            status: Some(status),
        },
        Outcome::TryAgain { after, why } => Fate::TryAgain { after, why },
        Outcome::Gone { why } => {
            let off = Endpoint {
                enabled: false,
                ..endpoint.clone()
            };
            let changed = store.change_endpoint(&scope, &off).await;
            changed.map_err(of_store)?;
            Fate::Never {
                status: Some(410),
                why,
            }
        }
    })
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
