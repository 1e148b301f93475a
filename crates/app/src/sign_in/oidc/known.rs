//! What is known of the provider: its discovery document and its keys, read once and read again when a key is unknown.

use std::sync::Arc;

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{AdditionalProviderMetadata, ProviderMetadata};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::config::OidcConfig;
use super::fetch::Fetch;
use super::refusal::Refusal;

/// Seconds after which everything is read anew.
const FRESH_S: i64 = 24 * 60 * 60;
/// Seconds between two readings of the keys because one is unknown: strangers can cause them.
const REFRESH_S: i64 = 60;
/// Seconds for which a failed reading is not tried again: people would queue behind its timeout.
const FAILED_S: i64 = 5;

/// What discovery says besides OpenID Connect Discovery itself.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Extra {
    /// RFC 9207: answers carry `iss`.
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Extra {}

/// The discovery document.
pub(super) type Metadata = ProviderMetadata<
    Extra,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// A published key, and for whom it signs where it says so (Microsoft Entra does).
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) issuer: Option<String>,
    pub(super) key: CoreJsonWebKey,
}

/// Discovery and keys.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) metadata: Metadata,
    pub(super) keys: Vec<Key>,
    read_s: i64,
    /// How often the keys were read again since.
    turn: u64,
}

#[derive(Debug, Default)]
struct Kept {
    known: Option<Arc<Known>>,
    failed: Option<(i64, Refusal)>,
    refreshed_s: Option<i64>,
}

/// Keeps what is known.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Kept>);

impl Memory {
    /// What is known, read now when it is missing or a day old.
    pub(super) async fn known(
        &self,
        config: &OidcConfig,
        fetch: &Fetch,
        now_s: i64,
    ) -> Result<Arc<Known>, Refusal> {
        let mut kept = self.0.lock().await;
        if let Some(known) = &kept.known
            && now_s - known.read_s < FRESH_S
        {
            return Ok(Arc::clone(known));
        }
        if let Some((at, refusal)) = &kept.failed
            && now_s - at < FAILED_S
        {
            return Err(refusal.clone());
        }
        match discover(config, fetch, now_s).await {
            Ok(known) => {
                let known = Arc::new(known);
                kept.known = Some(Arc::clone(&known));
                kept.failed = None;
                Ok(known)
            }
            Err(refusal) => {
                kept.failed = Some((now_s, refusal.clone()));
                Err(refusal)
            }
        }
    }

    /// The same with keys that are newer than `old`'s; `None` when they were read again less than a minute ago.
    pub(super) async fn newer(
        &self,
        old: &Known,
        fetch: &Fetch,
        now_s: i64,
    ) -> Result<Option<Arc<Known>>, Refusal> {
        let mut kept = self.0.lock().await;
        if let Some(known) = &kept.known
            && (known.read_s, known.turn) != (old.read_s, old.turn)
        {
            return Ok(Some(Arc::clone(known)));
        }
        if kept.refreshed_s.is_some_and(|at| now_s - at < REFRESH_S) {
            return Ok(None);
        }
        kept.refreshed_s = Some(now_s);
        let known = Arc::new(Known {
            keys: keys(&old.metadata, fetch).await?,
            turn: old.turn + 1,
            ..old.clone()
        });
        kept.known = Some(Arc::clone(&known));
        Ok(Some(known))
    }
}

async fn discover(config: &OidcConfig, fetch: &Fetch, now_s: i64) -> Result<Known, Refusal> {
    let url = format!(
        "{}/.well-known/openid-configuration",
        config.issuer.trim_end_matches('/')
    );
    let url = Url::parse(&url).map_err(|_| Refusal::Garbled("discovery document"))?;
    let metadata: Metadata = fetch.json("discovery document", &url, None).await?;
    if !config.accepts_discovered(metadata.issuer()) {
        return Err(Refusal::OtherDiscovery);
    }
    let token = metadata
        .token_endpoint()
        .ok_or(Refusal::Garbled("discovery document"))?;
    let visited = [metadata.authorization_endpoint().url(), token.url()];
    if !visited.iter().all(|url| fetch.allows(url)) {
        return Err(Refusal::PlainEndpoint);
    }
    let keys = keys(&metadata, fetch).await?;
    Ok(Known {
        metadata,
        keys,
        read_s: now_s,
        turn: 0,
    })
}

async fn keys(metadata: &Metadata, fetch: &Fetch) -> Result<Vec<Key>, Refusal> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let url = metadata.jwks_uri().url();
    let set: Set = fetch.json("keys", url, None).await?;
    let read = |value: Value| {
        let issuer = value["issuer"].as_str().map(str::to_owned);
        // A key of a kind that we do not know signs nothing that we accept.
        let key = serde_json::from_value(value).ok()?;
        Some(Key { issuer, key })
    };
    Ok(set.keys.into_iter().filter_map(read).collect())
}
