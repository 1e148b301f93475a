//! Calls of our Teams bot: nothing in them is believed before the token is proved genuine.
//!
//! Source: Microsoft Learn, "Authentication with the Bot Connector API", section "Connector to Bot".

mod activity;
mod sender;
mod token;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde::Deserialize;
use tokio::sync::Mutex;
use transport::{Request, Transport};
use uuid::Uuid;

use crate::error::plain_text;
use activity::{Activity, CHANNEL};
use token::{Claims, Expected, Key};

pub use activity::{Action, Incoming, Place, Somebody, refuse_action, replace_card};
pub use sender::{Member, Sender, Services};
pub use token::Unauthentic;

/// Keys are read anew after this long.
const KEYS_LAST: SignedDuration = SignedDuration::from_hours(24);
/// A token with an unknown key makes us read the keys anew, but not more often than this: anybody can send such tokens.
const REFRESH_AT_MOST_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// After a failure the next call does not try again for this long; it is refused with the same reason.
const FAILURE_STANDS: SignedDuration = SignedDuration::from_secs(30);

/// Where a cloud's Bot Framework publishes its keys, and what it calls itself.
#[derive(Clone, Debug)]
pub struct Framework {
    /// The OpenID metadata document.
    pub metadata: String,
    /// The `iss` of its tokens.
    pub issuer: String,
}

impl Framework {
    /// The worldwide cloud (and GCC).
    #[must_use]
    pub fn global() -> Self {
        Self {
            metadata: "https://login.botframework.com/v1/.well-known/openidconfiguration"
                .to_owned(),
            issuer: "https://api.botframework.com".to_owned(),
        }
    }

    /// The clouds of the United States' government.
    #[must_use]
    pub fn us_government() -> Self {
        Self {
            metadata: "https://login.botframework.azure.us/v1/.well-known/openidconfiguration"
                .to_owned(),
            issuer: "https://api.botframework.us".to_owned(),
        }
    }
}

/// Judges the calls that arrive for one bot.
pub struct Bot {
    audience: String,
    framework: Framework,
    transport: Arc<dyn Transport>,
    held: Mutex<Held>,
}

/// The keys as they were read last, and when reading them last failed.
#[derive(Default)]
struct Held {
    keys: Vec<Key>,
    read_at: Option<Timestamp>,
    failed: Option<(Timestamp, String)>,
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
    #[serde(default)]
    id_token_signing_alg_values_supported: Vec<String>,
}

#[derive(Deserialize)]
struct Published {
    // One key of a kind that we do not know must not hide the others.
    keys: Vec<serde_json::Value>,
}

impl Bot {
    /// A bot with this application id.
    #[must_use]
    pub fn new(app_id: Uuid, framework: Framework, transport: Arc<dyn Transport>) -> Self {
        Self {
            audience: app_id.to_string(),
            framework,
            transport,
            held: Mutex::default(),
        }
    }

    /// Proves a call genuine and reads it. `authorization` is the header's value, `body` the bytes as they came.
    ///
    /// # Errors
    /// [`Unauthentic`]: answer 401 and say nothing more; only [`Unauthentic::NoKeys`] is 503.
    pub async fn open(
        &self,
        authorization: Option<&str>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Incoming, Unauthentic> {
        let token = bearer(authorization).ok_or(Unauthentic::NoToken)?;
        let (claims, key) = self.prove(token, now).await?;
        // Only from here on the body is read.
        let activity: Activity =
            serde_json::from_slice(body).map_err(|_| Unauthentic::Activity("it is not JSON"))?;
        if activity.channel_id != CHANNEL {
            return Err(Unauthentic::Activity("it is not of the channel msteams"));
        }
        if !key.endorses(CHANNEL) {
            return Err(Unauthentic::Endorsement);
        }
        if !same_service(&claims.serviceurl, &activity.service_url) {
            return Err(Unauthentic::ServiceUrl);
        }
        activity.read()
    }

    async fn prove(&self, token: &str, now: Timestamp) -> Result<(Claims, Key), Unauthentic> {
        let kid = token::key_id(token)?;
        let key = self.key(&kid, now).await?;
        let expected = Expected {
            issuer: &self.framework.issuer,
            audience: &self.audience,
        };
        let claims = token::check(token, &key, &expected, now)?;
        Ok((claims, key))
    }

    async fn key(&self, kid: &str, now: Timestamp) -> Result<Key, Unauthentic> {
        // The lock is held while the keys are read, so that many calls at once read them once.
        let mut held = self.held.lock().await;
        let known = token::find(&held.keys, kid).cloned();
        let limit = match known {
            Some(_) => KEYS_LAST,
            None => REFRESH_AT_MOST_EVERY,
        };
        let within =
            |then: Timestamp, limit: SignedDuration| now.duration_since(then).abs() < limit;
        if held.read_at.is_some_and(|then| within(then, limit)) {
            return known.ok_or(Unauthentic::UnknownKey);
        }
        if let Some((then, why)) = &held.failed
            && within(*then, FAILURE_STANDS)
        {
            return Err(Unauthentic::NoKeys(why.clone()));
        }
        match self.read_keys().await {
            Ok(keys) => {
                let found = token::find(&keys, kid).cloned();
                *held = Held {
                    keys,
                    read_at: Some(now),
                    failed: None,
                };
                found.ok_or(Unauthentic::UnknownKey)
            }
            Err(why) => {
                let why = plain_text(&why, &[]);
                held.failed = Some((now, why.clone()));
                Err(Unauthentic::NoKeys(why))
            }
        }
    }

    async fn read_keys(&self) -> Result<Vec<Key>, String> {
        let metadata: Metadata = self.get(&self.framework.metadata).await?;
        if metadata.issuer != self.framework.issuer {
            return Err("its metadata names another issuer".to_owned());
        }
        let algorithms = &metadata.id_token_signing_alg_values_supported;
        if !algorithms.iter().any(|one| one == "RS256") {
            return Err(
                "its metadata does not offer RS256, and nothing else is accepted".to_owned(),
            );
        }
        let published: Published = self.get(&metadata.jwks_uri).await?;
        Ok(published
            .keys
            .into_iter()
            .filter_map(|key| serde_json::from_value(key).ok())
            .collect())
    }

    async fn get<T: for<'a> Deserialize<'a>>(&self, url: &str) -> Result<T, String> {
        let host = Url::parse(url).ok();
        let host = host.as_ref().and_then(Url::host_str).unwrap_or_default();
        let request = Request {
            method: Method::GET,
            url: url.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        let reply = self.transport.send(request).await;
        let reply = reply.map_err(|failure| format!("{host}: {failure}"))?;
        if !reply.status.is_success() {
            return Err(format!("{host} answered {}", reply.status.as_u16()));
        }
        serde_json::from_slice(&reply.body)
            .map_err(|_| format!("{host} answered something else than its JSON document"))
    }
}

impl fmt::Debug for Bot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bot")
            .field("audience", &self.audience)
            .field("framework", &self.framework)
            .finish_non_exhaustive()
    }
}

fn bearer(authorization: Option<&str>) -> Option<&str> {
    let (scheme, token) = authorization?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then_some(token.trim())
}

/// Whether token and activity name the same service. Otherwise a genuine token would let its bearer turn our replies.
fn same_service(claimed: &str, named: &str) -> bool {
    let plain = |url: &str| url.strip_suffix('/').unwrap_or(url).to_owned();
    !claimed.is_empty() && plain(claimed) == plain(named)
}
