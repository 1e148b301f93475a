//! Webhooks: who is told of what happens, and having something told again.

use connectors::outbound::{Address, Outbound};
use connectors::webhook;
use domain::TenantId;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use store::{About, Channel, Endpoint, NewDelivery, NewEndpoint, Secret, TenantScope};

use crate::clock;
use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// What an endpoint can be told of: every kind of entry that a ledger gets, with what it means.
pub(crate) const EVENTS: [(&str, &str); 18] = [
    ("request", "Somebody asked for something"),
    ("plan", "A plan was made"),
    ("approval", "A plan was approved"),
    ("approval-taken-back", "An approval was taken back"),
    ("refusal", "A plan was refused"),
    ("run-started", "A run began"),
    ("run-reopened", "A run that had ended goes on"),
    ("intent", "A step is about to be written"),
    ("receipt", "A step was verified, or failed"),
    ("finding", "A finding was opened"),
    ("finding-closed", "A finding was closed"),
    ("finding-reopened", "A finding was opened again"),
    ("finding-looked-at", "A finding was looked at once more"),
    ("run-ended", "A run ended"),
    ("policy", "A policy was applied"),
    ("tenant-added", "A tenant was connected"),
    ("credential-replaced", "A tenant's credential was renewed"),
    ("payload-erased", "The content of an entry was erased"),
];

/// The event that is sent to try an endpoint.
pub(crate) const TEST: &str = "test";

/// The words of [`EVENTS`].
pub(crate) fn events() -> Vec<&'static str> {
    EVENTS.iter().map(|(name, _)| *name).collect()
}

/// An endpoint that was just added.
pub(crate) struct Added {
    /// Its id.
    pub(crate) id: String,
    /// What signs the calls; shown once.
    pub(crate) secret: SecretString,
}

/// Adds an endpoint, once its address leads out of our own network.
///
/// # Errors
/// `event`, `address` and `tenant` for what cannot be used, and store errors.
pub(crate) async fn add(
    wiring: &Wiring,
    url: &str,
    tenant: Option<TenantId>,
    events: Vec<String>,
    by: &str,
) -> Result<Added, Problem> {
    let known = |event: &String| EVENTS.iter().any(|(name, _)| name == event);
    if events.is_empty() || !events.iter().all(known) {
        return Err(
            Problem::refused("event", "Events: choose at least one of those listed.")
                .hint(format!("there are {}", self::events().join(", "))),
        );
    }
    if let Some(tenant) = &tenant {
        let there = wiring.tenant(tenant.as_str()).await;
        there.map_err(|_| {
            Problem::refused("tenant", format!("there is no tenant {tenant}"))
                .hint("name one of those connected, or none for all")
        })?;
    }
    let address = |error: String| {
        Problem::refused("address", error).hint("give an https address that others can reach")
    };
    let allow = wiring.config.server.allow();
    let parsed =
        Address::parse("Address", url, allow).map_err(|error| address(error.to_string()))?;
    let checked = Outbound::system().check(&parsed).await;
    checked.map_err(|error| address(error.to_string()))?;
    let mut bytes = [0; 32];
    rand::fill(&mut bytes);
    let secret = webhook::Secret::from_random(&bytes).text().clone();
    let new = NewEndpoint {
        id: clock::short_id('w'),
        tenant,
        url: url.to_owned(),
        secret: Secret::new(secret.expose_secret()),
        events,
        by: by.to_owned(),
        at: clock::now(),
    };
    let added = wiring
        .store
        .add_endpoint(&TenantScope::provider(), &new)
        .await;
    added.map_err(of_store)?;
    Ok(Added { id: new.id, secret })
}

/// All endpoints.
///
/// # Errors
/// Store errors.
pub(crate) async fn all(wiring: &Wiring) -> Result<Vec<Endpoint>, Problem> {
    let all = wiring.store.endpoints(&TenantScope::provider()).await;
    all.map_err(of_store)
}

/// The endpoint of this id.
///
/// # Errors
/// `not-found`, and store errors.
pub(crate) async fn endpoint(wiring: &Wiring, id: &str) -> Result<Endpoint, Problem> {
    let found = all(wiring).await?.into_iter().find(|one| one.id == id);
    found.ok_or_else(|| {
        Problem::refused("not-found", format!("there is no endpoint {id}"))
            .hint("look at the list of webhooks")
    })
}

/// Switches an endpoint on or off.
///
/// # Errors
/// As [`endpoint`].
pub(crate) async fn switch(wiring: &Wiring, id: &str, enabled: bool) -> Result<Endpoint, Problem> {
    let mut endpoint = endpoint(wiring, id).await?;
    endpoint.enabled = enabled;
    let changed = wiring
        .store
        .change_endpoint(&TenantScope::provider(), &endpoint)
        .await;
    changed.map_err(of_store)?;
    Ok(endpoint)
}

/// Takes an endpoint away; what was still to be told to it is not told any more.
///
/// # Errors
/// `not-found`, and store errors.
pub(crate) async fn remove(wiring: &Wiring, id: &str) -> Result<(), Problem> {
    let scope = TenantScope::provider();
    let removed = wiring.store.remove_endpoint(&scope, id, clock::now()).await;
    removed.map_err(of_store)
}

/// Has something sent again that was delivered or given up.
///
/// # Errors
/// `not-found` where there is nothing of the kind, and store errors.
pub(crate) async fn again(wiring: &Wiring, delivery: &str) -> Result<(), Problem> {
    let scope = TenantScope::provider();
    let sent = wiring
        .store
        .send_again(&scope, delivery, clock::now())
        .await;
    sent.map_err(of_store)
}

/// Sends an endpoint an event that says nothing, to try it. What became of it stands in the log of deliveries.
///
/// # Errors
/// As [`endpoint`].
pub(crate) async fn test(wiring: &Wiring, id: &str, by: &str) -> Result<String, Problem> {
    let endpoint = endpoint(wiring, id).await?;
    let now = clock::now();
    let new = NewDelivery {
        id: format!("msg_{}", clock::short_id('t')),
        channel: Channel::Webhook,
        tenant: endpoint.tenant,
        endpoint: Some(endpoint.id),
        target: endpoint.url,
        event: TEST.to_owned(),
        body: Secret::new(json!({ "by": by }).to_string()),
        about: About::Nobody,
        at: now,
        due_at: now,
    };
    wiring.store.enqueue(&new).await.map_err(of_store)?;
    Ok(new.id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// The kinds that the store and the engine write, as they stand in their sources: whatever is appended to a ledger is told.
    fn written() -> BTreeSet<String> {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut kinds = BTreeSet::from([domain::ledger::ERASED.to_owned()]);
        let mut calls = 0;
        for folder in ["store/src", "engine/src/decide"] {
            for entry in std::fs::read_dir(crates.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                if path.extension().is_none_or(|kind| kind != "rs") || name == "bench.rs" {
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                for mark in ["append(", "append_json(", "leaf("] {
                    for (at, _) in text.match_indices(mark) {
                        calls += 1;
                        // The kind is the first text among the arguments, and an argument of its own.
                        let end = text[at..].find(';').map_or(text.len(), |end| at + end);
                        let mut pieces = text[at..end].split('"');
                        let (first, after) = (pieces.nth(1), pieces.next());
                        let first = first.unwrap_or_default();
                        let is_kind = after.is_some_and(|after| after.starts_with(','))
                            && first.chars().all(|c| c.is_ascii_lowercase() || c == '-');
                        if is_kind {
                            kinds.insert(first.to_owned());
                        }
                    }
                }
            }
        }
        assert!(calls > 15, "the sources were read: {calls}");
        kinds
    }

    #[test]
    fn an_endpoint_can_be_told_of_every_kind_that_is_written_and_of_no_other() {
        let known: BTreeSet<String> = events().into_iter().map(str::to_owned).collect();
        assert_eq!(known, written());
    }
}
