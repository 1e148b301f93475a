//! The clouds and their addresses, as data: which hosts to speak to and which audience a token is for.

use reqwest::Url;
use serde::Deserialize;

use crate::error::SetupError;
use crate::http::is_loopback;

const PUBLIC_GRAPH_SCOPE: &str = "https://graph.microsoft.com/.default";
const PUBLIC_EXCHANGE_SCOPE: &str = "https://outlook.office365.com/.default";

/// One cloud's published addresses: name, login, Graph, Exchange.
///
/// Source: Microsoft Graph documentation, "National cloud deployments", and Exchange Online Admin API, "Get started".
/// GCC (without High) uses the worldwide addresses.
const KNOWN: [(&str, &str, &str, &str); 4] = [
    (
        "global",
        "https://login.microsoftonline.com",
        "https://graph.microsoft.com",
        "https://outlook.office365.com",
    ),
    (
        "gcc-high",
        "https://login.microsoftonline.us",
        "https://graph.microsoft.us",
        "https://outlook.office365.us",
    ),
    (
        "dod",
        "https://login.microsoftonline.us",
        "https://dod-graph.microsoft.us",
        "https://outlook-dod.office365.us",
    ),
    (
        "china",
        "https://login.chinacloudapi.cn",
        "https://microsoftgraph.chinacloudapi.cn",
        "https://outlook.office365.cn",
    ),
];

/// Base addresses and token scopes of one cloud, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    name: String,
    login: String,
    graph: String,
    exchange: String,
    graph_scope: String,
    exchange_scope: String,
}

/// The table `[clouds.NAME]` as it stands in a configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoints {
    /// Where tokens come from.
    pub login: String,
    /// Microsoft Graph, without the version.
    pub graph: String,
    /// The Exchange admin API, without `/adminapi`.
    pub exchange: String,
    /// The scope of a Graph token; by default that of the host.
    #[serde(default)]
    pub graph_scope: Option<String>,
    /// The scope of an Exchange token; by default that of the host.
    #[serde(default)]
    pub exchange_scope: Option<String>,
}

impl Cloud {
    /// A published cloud: `global` (also `gcc`), `gcc-high`, `dod` or `china`.
    #[must_use]
    pub fn known(name: &str) -> Option<Self> {
        let wanted = if name == "gcc" { "global" } else { name };
        let (_, login, graph, exchange) = KNOWN.into_iter().find(|(known, ..)| *known == wanted)?;
        Some(Self {
            name: name.to_owned(),
            login: login.to_owned(),
            graph: graph.to_owned(),
            exchange: exchange.to_owned(),
            graph_scope: format!("{graph}/.default"),
            exchange_scope: format!("{exchange}/.default"),
        })
    }

    /// The names that [`Cloud::known`] takes.
    #[must_use]
    pub fn known_names() -> Vec<&'static str> {
        let mut names: Vec<&str> = KNOWN.iter().map(|(name, ..)| *name).collect();
        names.insert(1, "gcc");
        names
    }

    /// A cloud from a configuration.
    ///
    /// # Errors
    /// [`SetupError::Field`] names the field (`clouds.NAME.graph`) that is not usable.
    pub fn configured(name: &str, endpoints: &Endpoints) -> Result<Self, SetupError> {
        let field = |key: &str| format!("clouds.{name}.{key}");
        let login = base(&field("login"), &endpoints.login)?;
        let graph = base(
            &field("graph"),
            endpoints
                .graph
                .trim_end_matches('/')
                .trim_end_matches("/v1.0"),
        )?;
        let exchange = base(&field("exchange"), &endpoints.exchange)?;
        let graph_scope = scope(
            &field("graph_scope"),
            endpoints.graph_scope.as_deref(),
            &graph,
            PUBLIC_GRAPH_SCOPE,
        )?;
        let exchange_scope = scope(
            &field("exchange_scope"),
            endpoints.exchange_scope.as_deref(),
            &exchange,
            PUBLIC_EXCHANGE_SCOPE,
        )?;
        Ok(Self {
            name: name.to_owned(),
            login,
            graph,
            exchange,
            graph_scope,
            exchange_scope,
        })
    }

    /// The name it is configured under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where tokens come from.
    #[must_use]
    pub fn login(&self) -> &str {
        &self.login
    }

    /// Microsoft Graph without the version.
    #[must_use]
    pub fn graph(&self) -> &str {
        &self.graph
    }

    /// The Exchange admin API's host.
    #[must_use]
    pub fn exchange(&self) -> &str {
        &self.exchange
    }

    /// The scope of a Graph token.
    #[must_use]
    pub fn graph_scope(&self) -> &str {
        &self.graph_scope
    }

    /// The scope of an Exchange token.
    #[must_use]
    pub fn exchange_scope(&self) -> &str {
        &self.exchange_scope
    }
}

fn base(field: &str, text: &str) -> Result<String, SetupError> {
    let text = text.trim().trim_end_matches('/');
    if text.is_empty() {
        return Err(SetupError::field(field, "is missing"));
    }
    let url = Url::parse(text)
        .map_err(|e| SetupError::field(field, format!("'{text}' is not a URL: {e}")))?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => {
            return Err(SetupError::field(
                field,
                format!(
                    "'{text}' uses plain http, which is allowed to this machine only (localhost, 127.0.0.1, ::1): use https"
                ),
            ));
        }
        _ => {
            return Err(SetupError::field(
                field,
                format!("'{text}' must begin with https://"),
            ));
        }
    }
    if url.host_str().is_none() {
        return Err(SetupError::field(field, format!("'{text}' names no host")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(SetupError::field(
            field,
            "must not hold a user name or a password",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(SetupError::field(
            field,
            format!("'{text}' must end before '?' and '#'"),
        ));
    }
    Ok(text.to_owned())
}

/// A token for one audience must never travel to a host that we cannot place, so an unknown host needs a scope in words.
fn scope(
    field: &str,
    configured: Option<&str>,
    base: &str,
    public: &str,
) -> Result<String, SetupError> {
    if let Some(scope) = configured {
        let scope = scope.trim();
        if scope.is_empty() || scope.contains(char::is_whitespace) {
            return Err(SetupError::field(
                field,
                "must be one scope such as https://graph.microsoft.com/.default",
            ));
        }
        return Ok(scope.to_owned());
    }
    if KNOWN
        .iter()
        .any(|(_, _, graph, exchange)| base == *graph || base == *exchange)
    {
        return Ok(format!("{base}/.default"));
    }
    if Url::parse(base).is_ok_and(|url| is_loopback(&url)) {
        return Ok(public.to_owned());
    }
    Err(SetupError::field(
        field,
        format!("is missing, and no published cloud uses {base}: say which scope its tokens have"),
    ))
}
