//! `tenure.toml` and the `TENURE_…` environment over it: where the store is, which key seals it, which clouds there are.

mod bot;
mod notify;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use connectors::outbound::Allow;
use serde::Deserialize;

use crate::problem::Problem;
use crate::sign_in::oidc::OidcConfig;
pub(crate) use bot::BotConfig;
pub(crate) use notify::NotifyConfig;

/// The configuration; every part has a default that works for one machine.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Where things are kept.
    pub(crate) store: StoreConfig,
    /// What seals secrets.
    pub(crate) secrets: SecretsConfig,
    /// The engine.
    pub(crate) engine: EngineConfig,
    /// The web app and the API.
    pub(crate) server: ServerConfig,
    /// How people are told.
    pub(crate) notify: NotifyConfig,
    /// Clouds by name, besides those Tenure knows.
    pub(crate) clouds: BTreeMap<String, CloudConfig>,
}

/// `[store]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StoreConfig {
    /// `sqlite:PATH`.
    pub(crate) url: String,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            url: "sqlite:tenure.db".to_owned(),
        }
    }
}

/// `[secrets]`: exactly one source of the 32-byte key, in base64.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SecretsConfig {
    /// A file that holds the key; made with a fresh key when it does not exist and no other source is named.
    pub(crate) key_file: Option<PathBuf>,
    /// A command that prints the key.
    pub(crate) key_command: Option<Vec<String>>,
    /// The key itself, from `TENURE_SECRETS_KEY` only.
    #[serde(skip)]
    pub(crate) key: Option<String>,
}

/// `[engine]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EngineConfig {
    /// How many runs of one tenant go on at once.
    pub(crate) runs_per_tenant: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { runs_per_tenant: 4 }
    }
}

/// `[server]`: where `tenure serve` listens, and under which address people reach it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ServerConfig {
    /// The address and port it listens at. Anything but the loopback address belongs behind a proxy that speaks TLS.
    pub(crate) listen: std::net::SocketAddr,
    /// The address people type, with its scheme; `http` for the loopback address alone. The listening address unless said.
    pub(crate) url: Option<url::Url>,
    /// The zone that people without one of their own read times in, like `Europe/London`.
    pub(crate) zone: String,
    /// How many proxies stand before it: that many of the last addresses of `X-Forwarded-For` are theirs.
    pub(crate) proxies: usize,
    /// Whether the tenants are a rehearsal: the pages say so.
    pub(crate) sandbox: bool,
    /// The identity provider that operators sign in with; without one there are local accounts alone.
    pub(crate) oidc: Option<OidcConfig>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: std::net::SocketAddr::from(([127, 0, 0, 1], 8080)),
            url: None,
            zone: "UTC".to_owned(),
            proxies: 0,
            sandbox: false,
            oidc: None,
        }
    }
}

impl ServerConfig {
    /// The origin that browsers name: scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        self.url.as_ref().map_or_else(
            || format!("http://{}", self.listen),
            |url| url.origin().ascii_serialization(),
        )
    }

    /// The address that may stand in a message: what `url` says, and on a rehearsal the listening address.
    pub(crate) fn address(&self) -> Option<String> {
        (self.url.is_some() || self.sandbox).then(|| self.origin())
    }

    /// Whom Tenure may call besides public servers: on a rehearsal, this machine.
    pub(crate) fn allow(&self) -> Allow {
        Allow {
            loopback: self.sandbox,
        }
    }

    /// Whether people reach it by TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    /// Refuses what would send sessions over an open line.
    ///
    /// # Errors
    /// A scheme that is neither `https` nor, for the loopback address, `http`; an unknown zone.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        if let Some(url) = &self.url {
            let is_loopback = match url.host() {
                Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
                Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
                Some(url::Host::Domain(name)) => name == "localhost",
                None => false,
            };
            if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback) {
                return Err(Problem::refused(
                    "config",
                    format!("[server] url = \"{url}\" would send passwords over an open line"),
                )
                .hint("give the https address that people type; http is for the loopback address alone"));
            }
        } else if !self.listen.ip().is_loopback() {
            return Err(Problem::refused(
                "config",
                format!(
                    "[server] listen = \"{}\" is open to others, and url is not set",
                    self.listen
                ),
            )
            .hint("put a proxy with TLS before it, and give its address as url = \"https://…\""));
        }
        jiff::tz::TimeZone::get(&self.zone)
            .map(drop)
            .map_err(|error| {
                Problem::refused(
                    "config",
                    format!("[server] zone = \"{}\": {error}", self.zone),
                )
                .hint("name a zone like Europe/London")
            })
    }
}

/// `[clouds.NAME]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloudConfig {
    /// Base URL of the token authority.
    pub(crate) login: String,
    /// Base URL of Microsoft Graph, without a version.
    pub(crate) graph: String,
    /// Base URL of the Exchange admin API, without `/adminapi`.
    pub(crate) exchange: String,
    /// The scope to ask Graph tokens for, where it does not follow from the base URL.
    pub(crate) graph_scope: Option<String>,
    /// The scope to ask Exchange tokens for, where it does not follow from the base URL.
    pub(crate) exchange_scope: Option<String>,
}

impl Config {
    /// Reads the file, when it is there or was named, and lays the environment over it.
    ///
    /// # Errors
    /// A file that was named and is missing, broken TOML with its line, an unknown key.
    pub(crate) fn load(named: Option<&Path>) -> Result<Self, Problem> {
        let path = named.map_or_else(|| PathBuf::from("tenure.toml"), Path::to_path_buf);
        let mut config = match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).map_err(|error: toml::de::Error| {
                let error = error.to_string();
                let what = format!("{}: {}", path.display(), error.trim_end());
                Problem::refused("config", what)
                    .hint("correct that line; every part that is left out has a default")
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => {
                Self::default()
            }
            Err(error) => {
                return Err(Problem::unreadable("configuration", &path, &error));
            }
        };
        // Relative paths in the file are relative to the file, so that a command works from any folder.
        if let Some(folder) = path.parent().filter(|_| path.exists()) {
            config.anchor(folder);
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        if let Some(oidc) = &mut config.server.oidc {
            oidc.load_secret(folder)?;
        }
        let allow = config.server.allow();
        config
            .notify
            .load(folder, NotifyConfig::password(), allow)?;
        config.overlay();
        Ok(config)
    }

    fn anchor(&mut self, folder: &Path) {
        if let Some(file) = self.store.url.strip_prefix("sqlite:") {
            self.store.url = format!("sqlite:{}", folder.join(file).display());
        }
        if let Some(file) = &self.secrets.key_file {
            self.secrets.key_file = Some(folder.join(file));
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the edge where the environment enters"
    )]
    fn overlay(&mut self) {
        if let Ok(url) = std::env::var("TENURE_STORE_URL") {
            self.store.url = url;
        }
        if let Ok(file) = std::env::var("TENURE_SECRETS_KEY_FILE") {
            self.secrets.key_file = Some(file.into());
        }
        if let Ok(key) = std::env::var("TENURE_SECRETS_KEY") {
            self.secrets.key = Some(key);
        }
    }

    /// The store's file.
    ///
    /// # Errors
    /// A kind of store that this version does not have.
    pub(crate) fn store_path(&self) -> Result<PathBuf, Problem> {
        self.store
            .url
            .strip_prefix("sqlite:")
            .map(PathBuf::from)
            .ok_or_else(|| {
                Problem::refused(
                    "config",
                    format!(
                        "[store] url = \"{}\" is not a kind of store this version has",
                        self.store.url
                    ),
                )
                .hint("use url = \"sqlite:PATH\"")
            })
    }
}
