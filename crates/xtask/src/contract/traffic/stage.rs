//! A sandbox in this process and Tenure's own connection to one of its tenants.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use connectors::{Account, Cloud, Connection, Credential, Endpoints, Sources, connect};
use jiff::Timestamp;
use secrecy::SecretString;
use sim::worlds::{CLIENT_ID, CLIENT_SECRET};
use sim::{Faults, Sandbox, Temper, World};
use uuid::Uuid;

/// The sandbox and the connection.
pub(super) struct Stage {
    pub(super) sandbox: Sandbox,
    pub(super) connection: Connection,
}

impl Stage {
    /// A calm sandbox of its own with this world.
    ///
    /// # Errors
    /// When the sandbox's own addresses and credentials are refused.
    pub(super) fn set(world: World, tenant: &str, start: Timestamp) -> anyhow::Result<Self> {
        let sandbox = Sandbox::new(world, calm(), 7, start);
        let clock = sandbox.clone();
        let next = Arc::new(AtomicU64::new(1));
        let sources = Sources {
            now: Arc::new(move || clock.now()),
            id: Arc::new(move || Uuid::from_u128(u128::from(next.fetch_add(1, Ordering::SeqCst)))),
            fraction: Arc::new(|| 0.5),
        };
        let account = Account {
            tenant_id: tenant.to_owned(),
            client_id: CLIENT_ID.to_owned(),
            credential: Credential::secret(SecretString::from(CLIENT_SECRET))?,
        };
        let endpoints = Endpoints {
            login: "http://localhost/login".to_owned(),
            graph: "http://localhost/graph".to_owned(),
            exchange: "http://localhost/exchange".to_owned(),
            ..Endpoints::default()
        };
        let cloud = Cloud::configured("sandbox", &endpoints)?;
        let connection = connect(&cloud, account, Arc::new(sandbox.clone()), sources)
            .context("the sandbox's connection cannot be made")?;
        Ok(Self {
            sandbox,
            connection,
        })
    }
}

/// A cloud in which nothing goes wrong and nothing has to be waited for.
fn calm() -> Faults {
    Faults {
        temper: Temper {
            budgets: false,
            ..Temper::calm()
        },
        ..Faults::default()
    }
}
