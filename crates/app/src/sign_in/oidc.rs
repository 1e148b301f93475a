//! Sign-in by a provider (OpenID Connect Core 1.0): code flow with PKCE, state and nonce.
//!
//! [`Provider::begin`] gives the address to send the browser to and what it must carry meanwhile; [`Provider::finish`] turns the
//! answer into an [`Identity`]. Who that is for Tenure is the caller's to decide, by `(issuer, subject)` and nothing else: addresses
//! change hands. The first binding needs an operator who was invited at [`Identity::proven_address`].

mod config;
mod fetch;
mod judge;
mod known;
mod pending;
#[cfg(test)]
mod real;
mod refusal;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use openidconnect::core::{CoreAuthenticationFlow, CoreClientAuthMethod, CoreErrorResponseType};
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    Scope, StandardErrorResponse,
};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

pub(crate) use self::config::OidcConfig;
pub(crate) use self::fetch::Bounds;
pub(crate) use self::pending::Pending;
pub(crate) use self::refusal::Refusal;

use self::fetch::{Failure, Fetch, is_loopback};
use self::judge::{Claims, Client, Reply, judge};
use self::known::{Known, Memory};
use self::pending::{Answer, Parts};
use crate::sign_in::return_to::ReturnTo;

/// Bytes of randomness in state and nonce.
const RANDOM_BYTES: u32 = 32;

/// Somebody whom the provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Who says so.
    pub(crate) issuer: String,
    /// Who it is there, for ever; with the issuer the one thing to bind an operator to.
    pub(crate) subject: String,
    /// The address, in small letters; a hint to read, no proof.
    pub(crate) email: Option<String>,
    /// Whether the provider says that the address was verified.
    pub(crate) email_verified: bool,
    /// Whether the configuration trusts this provider's addresses anyway.
    pub(crate) addresses_trusted: bool,
    /// The name to show; written by others, so escape it.
    pub(crate) name: Option<String>,
    /// The provider's session, for sign-out from there.
    pub(crate) sid: Option<String>,
}

impl Identity {
    /// The address when it may count as proof that an invitation reached this person.
    pub(crate) fn proven_address(&self) -> Option<&str> {
        let proven = self.email_verified || self.addresses_trusted;
        self.email.as_deref().filter(|_| proven)
    }
}

/// The provider that `[server.oidc]` names.
#[derive(Debug)]
pub(crate) struct Provider {
    config: OidcConfig,
    fetch: Fetch,
    memory: Memory,
}

impl Provider {
    /// For this configuration; nothing is asked yet, so that Tenure starts while the provider is down.
    ///
    /// # Errors
    /// [`Refusal::Configuration`].
    pub(crate) fn new(config: OidcConfig, bounds: Bounds) -> Result<Self, Refusal> {
        let fetch = Fetch::new(&config.issuer_url()?, bounds)?;
        Ok(Self {
            config,
            fetch,
            memory: Memory::default(),
        })
    }

    /// Where to send the browser, and what it must carry until it comes back to `redirect_uri`.
    ///
    /// # Errors
    /// When the provider cannot be read, or the redirect address is neither https nor on this machine.
    pub(crate) async fn begin(
        &self,
        redirect_uri: &str,
        return_to: ReturnTo,
        now_s: i64,
    ) -> Result<(Url, Pending), Refusal> {
        let redirect = redirect(redirect_uri)?;
        let known = self.known(now_s).await?;
        let client = self.client(&known);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let scopes = self.config.scopes.iter().filter(|name| *name != "openid");
        let (url, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || CsrfToken::new_random_len(RANDOM_BYTES),
                || Nonce::new_random_len(RANDOM_BYTES),
            )
            .set_redirect_uri(Cow::Owned(redirect))
            .add_scopes(scopes.cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .url();
        let parts = Parts {
            state: state.secret(),
            nonce: nonce.secret(),
            verifier: verifier.secret(),
            redirect_uri,
        };
        Ok((url, Pending::new(&parts, return_to, now_s)))
    }

    /// Who came back. `query` is the raw query of the redirect address; `pending` was opened from the browser's cookie, which the
    /// caller drops whatever comes of it.
    ///
    /// # Errors
    /// The reason in a sentence for the person, see [`Refusal`].
    pub(crate) async fn finish(
        &self,
        query: &str,
        pending: &Pending,
        now_s: i64,
    ) -> Result<Identity, Refusal> {
        let answer = Answer::read(query)?;
        // Before anything else, errors too: otherwise any link could put words on our page.
        let state = answer.state.as_deref().ok_or(Refusal::Answer)?;
        if !pending.fits(state) {
            return Err(Refusal::State);
        }
        let mut known = self.known(now_s).await?;
        self.same_issuer(&known, answer.iss.as_deref())?;
        if let Some(code) = &answer.error {
            let words = answer.error_description.as_deref();
            return Err(Refusal::of_provider(code, words));
        }
        let code = answer.code.ok_or(Refusal::Answer)?;
        let reply = self.redeem(&known, code, pending).await?;
        let claims = match judge(&self.config, &known, &reply, pending, now_s) {
            // The provider may have changed its keys since they were read.
            Err(Refusal::UnknownKey) => {
                let newer = self.memory.newer(&known, &self.fetch, now_s).await?;
                known = newer.ok_or(Refusal::UnknownKey)?;
                judge(&self.config, &known, &reply, pending, now_s)?
            }
            judged => judged?,
        };
        let identity = self.identity(&known, &reply, &claims).await?;
        if !self.config.admits_address(identity.proven_address()) {
            return Err(Refusal::Domain);
        }
        Ok(identity)
    }

    async fn known(&self, now_s: i64) -> Result<std::sync::Arc<Known>, Refusal> {
        self.memory.known(&self.config, &self.fetch, now_s).await
    }

    fn client(&self, known: &Known) -> Client {
        let secret = self.config.client_secret.as_ref();
        let client = Client::from_provider_metadata(
            known.metadata.clone(),
            ClientId::new(self.config.client_id.clone()),
            secret.map(|secret| ClientSecret::new(secret.expose_secret().to_owned())),
        );
        // Basic is the standard's default; some providers name only the other way.
        let in_body = known
            .metadata
            .token_endpoint_auth_methods_supported()
            .is_some_and(|ways| {
                !ways.contains(&CoreClientAuthMethod::ClientSecretBasic)
                    && ways.contains(&CoreClientAuthMethod::ClientSecretPost)
            });
        client.set_auth_type(if in_body {
            AuthType::RequestBody
        } else {
            AuthType::BasicAuth
        })
    }

    /// RFC 9207: an answer of another provider, mixed in, is known by its `iss`.
    fn same_issuer(&self, known: &Known, iss: Option<&str>) -> Result<(), Refusal> {
        let announced = known
            .metadata
            .additional_metadata()
            .authorization_response_iss_parameter_supported;
        let fits = match iss {
            None => !announced,
            Some(iss) => {
                let ours = self.config.issuers(known.metadata.issuer());
                ours.iter().any(|issuer| issuer == iss)
            }
        };
        fits.then_some(()).ok_or(Refusal::Mixed)
    }

    async fn redeem(
        &self,
        known: &Known,
        code: String,
        pending: &Pending,
    ) -> Result<Reply, Refusal> {
        let client = self.client(known);
        let http = |request| self.fetch.send(request);
        client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| Refusal::Garbled("discovery document"))?
            .set_pkce_verifier(PkceCodeVerifier::new(pending.verifier.clone()))
            .set_redirect_uri(Cow::Owned(redirect(&pending.redirect_uri)?))
            .request_async(&http)
            .await
            .map_err(not_redeemed)
    }

    async fn identity(
        &self,
        known: &Known,
        reply: &Reply,
        claims: &Claims,
    ) -> Result<Identity, Refusal> {
        let mut told = Told {
            sub: claims.subject().to_string(),
            email: claims.email().map(|email| email.to_string()),
            email_verified: Value::Bool(claims.email_verified() == Some(true)),
            name: claims
                .name()
                .and_then(|name| name.get(None))
                .map(|name| name.to_string()),
            preferred_username: claims.preferred_username().map(|name| name.to_string()),
        };
        // With the code flow a provider may keep these for the user info endpoint (OpenID Connect Core section 5.4).
        if told.address().is_none()
            && let Some(endpoint) = known.metadata.userinfo_endpoint()
        {
            // Not by openidconnect: it panics when the access token cannot stand in a header.
            let token = reply.access_token().secret();
            let there: Told = self
                .fetch
                .json("user info", endpoint.url(), Some(token))
                .await?;
            if there.sub != told.sub {
                return Err(Refusal::Subject);
            }
            let name = told.name.take();
            told = there;
            told.name = name.or(told.name);
        }
        let (email, email_verified) = told.address().map_or((None, false), |(email, verified)| {
            (Some(email.to_lowercase()), verified)
        });
        Ok(Identity {
            issuer: claims.issuer().to_string(),
            subject: told.sub.clone(),
            email,
            email_verified,
            addresses_trusted: self.config.trust_addresses,
            name: told.name.map(|name| name.chars().take(200).collect()),
            sid: claims.additional_claims().sid.clone(),
        })
    }
}

/// What a provider tells about somebody.
#[derive(Deserialize)]
struct Told {
    sub: String,
    email: Option<String>,
    #[serde(default)]
    email_verified: Value,
    name: Option<String>,
    preferred_username: Option<String>,
}

impl Told {
    /// The address, and whether the provider verified it. Microsoft Entra may leave `email` out; its `preferred_username` is the
    /// sign-in name and looks like an address, but nobody verified that mail reaches it.
    fn address(&self) -> Option<(&str, bool)> {
        let email = self.email.as_deref().filter(|text| is_address(text));
        let verified = self.email_verified == Value::Bool(true);
        let name = self.preferred_username.as_deref();
        email.map(|email| (email, verified)).or_else(|| {
            name.filter(|text| is_address(text))
                .map(|name| (name, false))
        })
    }
}

fn is_address(text: &str) -> bool {
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && c != '@';
    text.len() <= 254
        && text.split_once('@').is_some_and(|(local, domain)| {
            let full = !local.is_empty() && domain.contains('.');
            full && local.chars().all(plain) && domain.chars().all(plain)
        })
}

fn redirect(uri: &str) -> Result<RedirectUrl, Refusal> {
    let wrong = || {
        let what =
            "the public address of this server must be https (plain http only for localhost)";
        Refusal::Configuration(what.to_owned())
    };
    let url = Url::parse(uri).map_err(|_| wrong())?;
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
        return Err(wrong());
    }
    RedirectUrl::new(uri.to_owned()).map_err(|_| wrong())
}

fn not_redeemed(
    error: RequestTokenError<Failure, StandardErrorResponse<CoreErrorResponseType>>,
) -> Refusal {
    match error {
        RequestTokenError::ServerResponse(said) => match said.error() {
            CoreErrorResponseType::InvalidGrant => Refusal::Code,
            CoreErrorResponseType::InvalidClient | CoreErrorResponseType::UnauthorizedClient => {
                Refusal::Client
            }
            other => {
                Refusal::of_provider(other.as_ref(), said.error_description().map(String::as_str))
            }
        },
        RequestTokenError::Request(why) => Refusal::Unread {
            what: "token endpoint",
            why,
        },
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            Refusal::Garbled("answer of the token endpoint")
        }
    }
}
