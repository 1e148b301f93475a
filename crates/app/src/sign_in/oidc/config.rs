//! `[server.oidc]`: which provider signs operators in, and whom it may speak for.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::refusal::Refusal;
use crate::problem::Problem;

/// Stands for the directory's id in the issuer of Microsoft Entra's shared endpoints.
const PLACE: &str = "{tenantid}";

/// `[server.oidc]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OidcConfig {
    /// The issuer, exactly as the provider shows it; for Microsoft Entra `https://login.microsoftonline.com/DIRECTORY-ID/v2.0`.
    pub(crate) issuer: String,
    /// The client id of Tenure's registration there.
    pub(crate) client_id: String,
    /// A file that holds the client secret.
    pub(crate) client_secret_file: Option<PathBuf>,
    /// The environment variable that holds the client secret.
    pub(crate) client_secret_env: Option<String>,
    /// Read by [`Self::load_secret`]; none for a public client, which PKCE protects alone.
    #[serde(skip)]
    pub(crate) client_secret: Option<SecretString>,
    /// Scopes besides `openid`.
    #[serde(default = "scopes")]
    pub(crate) scopes: Vec<String>,
    /// When not empty: only accounts with a proven address of these domains.
    #[serde(default)]
    pub(crate) allowed_domains: Vec<String>,
    /// When not empty: only these Microsoft Entra directories, by id. Needed with `/organizations/v2.0` and `/common/v2.0`.
    #[serde(default)]
    pub(crate) allowed_tenants: Vec<String>,
    /// Whether the provider's addresses count as proven although it does not say `email_verified` (Microsoft Entra never does).
    /// Only for a provider whose administrators alone give out addresses; never for one where people register themselves.
    #[serde(default)]
    pub(crate) trust_addresses: bool,
}

fn scopes() -> Vec<String> {
    vec!["profile".to_owned(), "email".to_owned()]
}

impl OidcConfig {
    /// Reads the client secret from where the configuration says; a relative file is in `folder`.
    ///
    /// # Errors
    /// Two sources, a file that cannot be read, a variable that is not set, an empty secret.
    #[expect(
        clippy::disallowed_methods,
        reason = "the edge where the environment enters"
    )]
    pub(crate) fn load_secret(&mut self, folder: &Path) -> Result<(), Problem> {
        let secret = match (&self.client_secret_file, &self.client_secret_env) {
            (None, None) => return Ok(()),
            (Some(_), Some(_)) => {
                let what = "[server.oidc] names both client_secret_file and client_secret_env";
                return Err(Problem::refused("config", what).hint("leave one of them out"));
            }
            (Some(file), None) => {
                let file = folder.join(file);
                std::fs::read_to_string(&file)
                    .map_err(|error| Problem::unreadable("client secret", &file, &error))?
            }
            (None, Some(name)) => std::env::var(name).map_err(|_| {
                let what = format!("[server.oidc] client_secret_env: {name} is not set");
                Problem::refused("config", what).hint("set it, or use client_secret_file")
            })?,
        };
        let secret = secret.trim();
        if secret.is_empty() {
            let what = "[server.oidc]: the client secret is empty";
            return Err(Problem::refused("config", what).hint("copy it from the provider again"));
        }
        self.client_secret = Some(SecretString::from(secret));
        Ok(())
    }

    /// The issuer as a URL.
    ///
    /// # Errors
    /// What makes it none.
    pub(crate) fn issuer_url(&self) -> Result<Url, Refusal> {
        let url = Url::parse(&self.issuer)
            .map_err(|_| Refusal::Configuration("issuer is not a URL".to_owned()))?;
        let bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !bare || url.password().is_some() {
            let what = "issuer must be a URL without user, query or fragment".to_owned();
            return Err(Refusal::Configuration(what));
        }
        if self.is_shared() && self.allowed_tenants.is_empty() {
            let what = "this issuer signs in everybody with a Microsoft account: name the directories in allowed_tenants, or use the issuer of one directory";
            return Err(Refusal::Configuration(what.to_owned()));
        }
        Ok(url)
    }

    fn is_shared(&self) -> bool {
        ["/organizations/v2.0", "/common/v2.0"]
            .iter()
            .any(|end| self.issuer.trim_end_matches('/').ends_with(end))
    }

    /// Whether discovery may call itself so: exactly the issuer, or Microsoft's pattern where the issuer is a shared endpoint.
    pub(crate) fn accepts_discovered(&self, issuer: &str) -> bool {
        issuer == self.issuer
            || (self.is_shared()
                && ["organizations", "common"]
                    .iter()
                    .any(|word| issuer.replace(PLACE, word) == self.issuer))
    }

    /// The issuers that tokens may name: one, or one for each allowed directory.
    pub(crate) fn issuers(&self, discovered: &str) -> Vec<String> {
        if discovered.contains(PLACE) {
            let tenants = self.allowed_tenants.iter();
            return tenants.map(|id| discovered.replace(PLACE, id)).collect();
        }
        vec![self.issuer.clone()]
    }

    /// Whether a key that names an issuer may sign for this one. Microsoft's shared endpoints publish keys of other issuers too.
    pub(crate) fn key_serves(key_issuer: Option<&str>, issuer: &str, tenant: Option<&str>) -> bool {
        key_issuer.is_none_or(|named| {
            named == issuer || tenant.is_some_and(|id| named.replace(PLACE, id) == issuer)
        })
    }

    /// Whether this directory may sign in; `tenant` is the token's `tid`.
    pub(crate) fn admits_tenant(&self, tenant: Option<&str>) -> bool {
        self.allowed_tenants.is_empty()
            || tenant.is_some_and(|id| self.allowed_tenants.iter().any(|allowed| allowed == id))
    }

    /// Whether an account with this proven address may sign in.
    pub(crate) fn admits_address(&self, proven: Option<&str>) -> bool {
        self.allowed_domains.is_empty()
            || proven
                .and_then(|address| address.rsplit_once('@'))
                .is_some_and(|(_, domain)| {
                    let mut allowed = self.allowed_domains.iter();
                    allowed.any(|name| name.eq_ignore_ascii_case(domain))
                })
    }
}
