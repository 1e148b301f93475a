//! Which simulated service a URL is for: by path prefix on any host, or by the real cloud's host name.

/// A simulated service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    /// Entra's token endpoint.
    Login,
    /// Microsoft Graph.
    Graph,
    /// The Exchange admin API.
    Exchange,
    /// The sandbox's own control plane.
    Control,
}

impl Surface {
    /// The address that the real cloud has for it.
    pub(crate) fn real(self) -> &'static str {
        match self {
            Self::Login => "https://login.microsoftonline.com",
            Self::Graph => "https://graph.microsoft.com",
            Self::Exchange => "https://outlook.office365.com",
            Self::Control => "http://sandbox",
        }
    }
}

/// A URL taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) surface: Surface,
    /// Scheme, host and prefix.
    pub(crate) base: String,
    /// The rest of the path, with its leading slash.
    pub(crate) path: String,
    pub(crate) query: String,
}

impl Address {
    /// Takes an absolute URL apart; none when no service stands behind it.
    pub(crate) fn of(url: &str) -> Option<Self> {
        let url = url.split('#').next()?;
        let (whole, query) = url.split_once('?').unwrap_or((url, ""));
        let (scheme, rest) = whole.split_once("://")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (first, tail) = path.split_once('/').unwrap_or((path, ""));
        let prefixed = match first {
            "login" => Some(Surface::Login),
            "graph" => Some(Surface::Graph),
            "exchange" => Some(Surface::Exchange),
            "sandbox" => Some(Surface::Control),
            _ => None,
        };
        if let Some(surface) = prefixed {
            let base = format!("{scheme}://{host}/{first}");
            return Some(Self {
                surface,
                base,
                path: format!("/{tail}"),
                query: query.to_owned(),
            });
        }
        let surface = if host.starts_with("login.") {
            Surface::Login
        } else if host.contains("graph") {
            Surface::Graph
        } else if host.starts_with("outlook") {
            Surface::Exchange
        } else {
            return None;
        };
        let base = format!("{scheme}://{host}");
        Some(Self {
            surface,
            base,
            path: format!("/{path}"),
            query: query.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_urls_apart() {
        let check = |url: &str| {
            Address::of(url).map(|found| (found.surface, found.base, found.path, found.query))
        };
        let owned = |surface, base: &str, path: &str, query: &str| {
            Some((surface, base.to_owned(), path.to_owned(), query.to_owned()))
        };
        assert_eq!(
            check("http://127.0.0.1:1/graph/v1.0/users?$top=1"),
            owned(
                Surface::Graph,
                "http://127.0.0.1:1/graph",
                "/v1.0/users",
                "$top=1"
            )
        );
        assert_eq!(
            check("https://outlook.office365.com/adminapi/beta/x/InvokeCommand"),
            owned(
                Surface::Exchange,
                "https://outlook.office365.com",
                "/adminapi/beta/x/InvokeCommand",
                ""
            )
        );
        assert_eq!(check("http://127.0.0.1:1/elsewhere"), None);
    }
}
