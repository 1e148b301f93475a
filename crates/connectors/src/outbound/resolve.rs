//! Names become addresses here: asked once, every answer judged, nothing else connected to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::problem::What;
use super::range;

/// Which addresses one client may connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    Public,
    PublicOrLoopback,
    /// Plain http never leaves this machine, whatever the name resolves to.
    Loopback,
}

impl Reach {
    /// What forbids this address; `None` when it may be used.
    pub(super) fn forbids(self, address: IpAddr) -> Option<&'static str> {
        // Only the plain forms count as loopback: nobody writes ::ffff:127.0.0.1 who means well.
        match self {
            Self::Loopback if address.is_loopback() => None,
            Self::Loopback => Some("which is not this machine, and plain http stays on it"),
            Self::PublicOrLoopback if address.is_loopback() => None,
            Self::Public | Self::PublicOrLoopback => range::inside(address),
        }
    }
}

/// Finds the addresses of a name.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// Every address of the name, asked now.
    ///
    /// # Errors
    /// When the resolver fails or knows no such name.
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0))
            .await?
            .map(|address| address.ip())
            .collect())
    }
}

/// Asks once and judges every address of the answer; one forbidden address forbids them all.
pub(super) async fn judged(
    lookup: &dyn Lookup,
    host: &str,
    reach: Reach,
) -> Result<Vec<IpAddr>, What> {
    let unresolved = |why: String| What::Unresolved {
        host: host.to_owned(),
        why,
    };
    let addresses = lookup
        .lookup(host)
        .await
        .map_err(|e| unresolved(e.to_string()))?;
    if addresses.is_empty() {
        return Err(unresolved("no address".to_owned()));
    }
    for address in &addresses {
        if let Some(range) = reach.forbids(*address) {
            return Err(What::Inside {
                host: host.to_owned(),
                address: *address,
                range,
            });
        }
    }
    Ok(addresses)
}

/// The resolver that the HTTP client is given: it hands out judged addresses only.
pub(super) struct Guard {
    pub(super) lookup: Arc<dyn Lookup>,
    pub(super) reach: Reach,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = Arc::clone(&self.lookup);
        let reach = self.reach;
        Box::pin(async move {
            let addresses = judged(lookup.as_ref(), name.as_str(), reach).await?;
            let addresses = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
