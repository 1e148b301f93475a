//! Tokens by client credentials: one per tenant and audience, fetched once however many ask, renewed before they end.
//!
//! Source: Microsoft identity platform, "OAuth 2.0 client credentials flow on the Microsoft identity platform".

mod aadsts;
mod assertion;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use transport::{Class, Failure, Reply, Request, Transport};

use crate::error::{Error, Sent, SetupError, plain_text};
use crate::meter::Meter;
use crate::retry;
use crate::sources::Sources;
use crate::wire::vendor_date;

pub use assertion::Certificate;

/// A token is renewed this long before it ends, so that none expires on its way.
const RENEW_BEFORE: Duration = Duration::from_secs(120);
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What the application proves itself with.
#[derive(Debug)]
pub enum Credential {
    /// A client secret.
    Secret(SecretString),
    /// A certificate registered at the application, with its private key.
    Certificate(Certificate),
}

impl Credential {
    /// A client secret.
    ///
    /// # Errors
    /// [`SetupError::Field`] when it is empty.
    pub fn secret(secret: SecretString) -> Result<Self, SetupError> {
        let trimmed = secret.expose_secret().trim();
        if trimmed.is_empty() {
            return Err(SetupError::field("secret", "is empty"));
        }
        Ok(Self::Secret(SecretString::from(trimmed.to_owned())))
    }

    /// A certificate and its RSA private key, both PEM.
    ///
    /// # Errors
    /// [`SetupError::Field`] names the one that cannot be read, or says that they do not belong together.
    pub fn certificate(certificate_pem: &str, key_pem: &SecretString) -> Result<Self, SetupError> {
        Certificate::read(certificate_pem, key_pem).map(Self::Certificate)
    }
}

/// Who asks for tokens, and of whom.
pub(crate) struct Identity {
    pub(crate) login: String,
    pub(crate) tenant_id: String,
    pub(crate) client_id: String,
    pub(crate) credential: Credential,
}

/// What a token says about its bearer. Not verified: it is read for advice only, never trusted for access.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Claims {
    #[serde(default)]
    pub(crate) roles: Vec<String>,
    #[serde(default)]
    tid: Option<String>,
}

pub(crate) struct Token {
    value: SecretString,
    renew_at: Instant,
    claims: Claims,
}

impl Token {
    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }

    pub(crate) fn bearer(&self) -> Result<HeaderValue, Error> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.value.expose_secret()))
            .map_err(|_| Error::refused("the token server sent a token that is no header text"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}

#[derive(Default)]
struct Slot {
    token: Option<Arc<Token>>,
    /// The last attempt's failure, which all who waited for that attempt share.
    failed: Option<Error>,
}

#[derive(Default)]
struct Audience {
    /// Attempts that came to an end.
    ended: AtomicU64,
    slot: Mutex<Slot>,
}

/// The token cache of one tenant.
pub(crate) struct Tokens {
    identity: Identity,
    transport: Arc<dyn Transport>,
    sources: Sources,
    meter: Arc<Meter>,
    audiences: StdMutex<HashMap<String, Arc<Audience>>>,
}

impl Tokens {
    pub(crate) fn new(
        identity: Identity,
        transport: Arc<dyn Transport>,
        sources: Sources,
        meter: Arc<Meter>,
    ) -> Self {
        Self {
            identity,
            transport,
            sources,
            meter,
            audiences: StdMutex::default(),
        }
    }

    /// A token that is good for a while yet.
    pub(crate) async fn get(&self, scope: &str) -> Result<Arc<Token>, Error> {
        let audience = self.audience(scope);
        let ended_before = audience.ended.load(Ordering::SeqCst);
        let mut slot = audience.slot.lock().await;
        if let Some(token) = slot
            .token
            .as_ref()
            .filter(|token| Instant::now() < token.renew_at)
        {
            return Ok(Arc::clone(token));
        }
        if let Some(error) = &slot.failed
            && audience.ended.load(Ordering::SeqCst) > ended_before
        {
            return Err(error.clone());
        }
        let fetched = self.fetch(scope).await;
        audience.ended.fetch_add(1, Ordering::SeqCst);
        match fetched {
            Ok(token) => {
                let token = Arc::new(token);
                slot.token = Some(Arc::clone(&token));
                slot.failed = None;
                Ok(token)
            }
            Err(error) => {
                slot.failed = Some(error.clone());
                Err(error)
            }
        }
    }

    /// Forgets a token that the service refused, unless somebody renewed it meanwhile.
    pub(crate) async fn drop_refused(&self, scope: &str, refused: &Arc<Token>) {
        let audience = self.audience(scope);
        let mut slot = audience.slot.lock().await;
        if slot
            .token
            .as_ref()
            .is_some_and(|held| Arc::ptr_eq(held, refused))
        {
            slot.token = None;
        }
    }

    /// Forgets the token of a scope, so that the next one shows what was granted since.
    pub(crate) async fn forget(&self, scope: &str) {
        self.audience(scope).slot.lock().await.token = None;
    }

    fn audience(&self, scope: &str) -> Arc<Audience> {
        let mut audiences = self
            .audiences
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(audiences.entry(scope.to_owned()).or_default())
    }

    async fn fetch(&self, scope: &str) -> Result<Token, Error> {
        // Asking for a token changes nothing, so it is repeated like any read.
        let mut attempt = 1;
        loop {
            let error = match self.fetch_once(scope).await {
                Ok(token) => return Ok(token),
                Err(error) => error,
            };
            let Some(wait) =
                retry::Policy::TOKEN.read_again(&error, attempt, (self.sources.fraction)())
            else {
                return Err(error);
            };
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    async fn fetch_once(&self, scope: &str) -> Result<Token, Error> {
        let url = format!(
            "{}/{}/oauth2/v2.0/token",
            self.identity.login, self.identity.tenant_id
        );
        let id = (self.sources.id)().to_string();
        let mut form = vec![
            ("client_id", self.identity.client_id.clone()),
            ("grant_type", "client_credentials".to_owned()),
            ("scope", scope.to_owned()),
        ];
        match &self.identity.credential {
            Credential::Secret(secret) => {
                form.push(("client_secret", secret.expose_secret().to_owned()))
            }
            Credential::Certificate(certificate) => {
                let assertion = certificate.assertion(
                    &url,
                    &self.identity.client_id,
                    &(self.sources.id)().to_string(),
                    (self.sources.now)(),
                )?;
                form.push(("client_assertion_type", ASSERTION_TYPE.to_owned()));
                form.push(("client_assertion", assertion));
            }
        }
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Ok(id) = HeaderValue::from_str(&id) {
            headers.insert("client-request-id", id);
        }
        let request = Request {
            method: Method::POST,
            url,
            headers,
            body: encode_form(&form),
        };
        self.meter.token();
        tracing::debug!(tenant = %self.identity.tenant_id, %scope, client_request_id = %id, "asking for a token");
        let asked_at = Instant::now();
        match self.transport.send(request).await {
            Ok(reply) => self.read_token(&reply, asked_at, &id),
            Err(failure) => Err(token_failure(&failure, &id)),
        }
    }

    fn read_token(&self, reply: &Reply, asked_at: Instant, id: &str) -> Result<Token, Error> {
        #[derive(Deserialize)]
        struct Granted {
            access_token: String,
            expires_in: u64,
        }
        let sent = Sent {
            request_id: reply.header("x-ms-request-id").map(str::to_owned),
            client_request_id: Some(id.to_owned()),
            vendor_date: vendor_date(&reply.headers),
            status: Some(reply.status.as_u16()),
        };
        if !reply.status.is_success() {
            return Err(refusal(reply, sent));
        }
        let granted: Granted = serde_json::from_slice(&reply.body).map_err(|_| {
            Error::new(
                Class::Invalid,
                "no-token",
                "the login address answered, but not with a token: check the cloud's login address",
                sent.clone(),
            )
        })?;
        let claims = claims_of(&granted.access_token);
        let wanted = &self.identity.tenant_id;
        if let Some(tid) = &claims.tid
            && uuid::Uuid::try_parse(wanted).is_ok()
            && !tid.eq_ignore_ascii_case(wanted)
        {
            return Err(Error::new(
                Class::Denied,
                "wrong-tenant",
                "the token server sent a token for another tenant: it was not used",
                sent,
            ));
        }
        let lifetime = Duration::from_secs(granted.expires_in);
        // A lifetime below the margin would mean a new token for each call; then half of it must do.
        let usable = lifetime.saturating_sub(RENEW_BEFORE).max(lifetime / 2);
        Ok(Token {
            value: SecretString::from(granted.access_token),
            renew_at: asked_at + usable,
            claims,
        })
    }
}

/// The payload of a token, unverified; a token that is opaque to us has no claims.
fn claims_of(token: &str) -> Claims {
    token
        .split('.')
        .nth(1)
        .and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok())
        .and_then(|payload| serde_json::from_slice(&payload).ok())
        .unwrap_or_default()
}

fn encode_form(fields: &[(&str, String)]) -> Bytes {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    Bytes::from(pairs.join("&"))
}

fn token_failure(failure: &Failure, id: &str) -> Error {
    let mut error = Error::of_failure(failure, id);
    // No token means that whatever it was wanted for has not happened.
    error.class = Class::RetryAfter { after_ms: None };
    error.code = format!("token-{}", error.code);
    error.message = format!("no token: {}", error.message);
    error
}

fn refusal(reply: &Reply, sent: Sent) -> Error {
    #[derive(Deserialize, Default)]
    struct Refused {
        #[serde(default)]
        error: String,
        #[serde(default)]
        error_description: String,
        #[serde(default)]
        error_codes: Vec<u32>,
    }
    let status = reply.status.as_u16();
    if status == 429 || status >= 500 {
        let after_ms = reply.retry_after().map(retry::millis);
        let message = format!("the token server is busy (status {status})");
        return Error::new(
            Class::RetryAfter { after_ms },
            "token-server-busy",
            message,
            sent,
        );
    }
    let refused: Refused = serde_json::from_slice(&reply.body).unwrap_or_default();
    let code = refused
        .error_codes
        .first()
        .copied()
        .or_else(|| aadsts::code_in(&refused.error_description));
    let Some(code) = code else {
        let text = plain_text(&refused.error_description, &[]);
        let message = match (refused.error.as_str(), text.as_str()) {
            ("", _) => format!(
                "the token server refused (status {status}): check the cloud's login address"
            ),
            (error, "") => format!("the token server refused: {error}"),
            (error, text) => format!("the token server refused: {error}: {text}"),
        };
        return Error::new(Class::Denied, "token-refused", message, sent);
    };
    let (class, meaning, advice) = aadsts::explain(code);
    let message = match advice {
        Some(advice) => format!("{advice} (AADSTS{code})"),
        None => plain_text(&refused.error_description, &[]),
    };
    let mut error = Error::new(class, &format!("AADSTS{code}"), message, sent);
    error.meaning = Some(meaning);
    error
}

/// A tenant id that can stand in the token address: an id or a domain, never one of the shared names.
pub(crate) fn check_tenant_id(tenant_id: &str) -> Result<String, SetupError> {
    let tenant_id = tenant_id.trim();
    if ["", "common", "organizations", "consumers"].contains(&tenant_id) {
        return Err(SetupError::field(
            "tenant_id",
            "must be the customer's own tenant id, because tokens are issued per tenant",
        ));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if !tenant_id.chars().all(plain) {
        return Err(SetupError::field(
            "tenant_id",
            format!("'{tenant_id}' is neither an id nor a domain"),
        ));
    }
    Ok(tenant_id.to_ascii_lowercase())
}
