//! One connection per tenant: its clients, its budgets, its tokens and its counters, shared by all runs.

use std::sync::Arc;

use transport::Transport;
use uuid::Uuid;

use crate::auth::{Credential, Identity, Tokens, check_tenant_id};
use crate::batch::Gatherer;
use crate::budget::Budget;
use crate::cloud::Cloud;
use crate::error::{Error, SetupError};
use crate::exchange::{Exchange, ExchangeDialect};
use crate::graph::{Graph, GraphDialect};
use crate::meter::Meter;
use crate::permissions;
use crate::retry::Policy;
use crate::sources::Sources;
use crate::wire::{Dialect, Wire};

/// Who Tenure is in a tenant.
#[derive(Debug)]
pub struct Account {
    /// The customer's tenant.
    pub tenant_id: String,
    /// The application.
    pub client_id: String,
    /// What it proves itself with.
    pub credential: Credential,
}

/// What a tenant granted to the application, from the tokens' `roles`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Granted {
    /// Application permissions at Microsoft Graph.
    pub graph: Vec<String>,
    /// Application permissions at Exchange.
    pub exchange: Vec<String>,
}

impl Granted {
    /// The needed permissions that were not granted; see [`permissions::missing`] for the form of an entry.
    #[must_use]
    pub fn missing<N: AsRef<str>>(&self, needed: &[N]) -> Vec<String> {
        let all: Vec<&String> = self.graph.iter().chain(&self.exchange).collect();
        permissions::missing(&all, needed)
    }
}

/// A tenant's connection. Make one per tenant and share it: its budgets hold only if everybody uses the same one.
#[derive(Clone)]
pub struct Connection {
    /// Microsoft Graph.
    pub graph: Graph,
    /// The Exchange admin API.
    pub exchange: Exchange,
    /// What was sent.
    pub meter: Arc<Meter>,
    tokens: Arc<Tokens>,
    graph_scope: String,
    exchange_scope: String,
}

impl Connection {
    /// Asks for a token of each audience and reads what it grants. Tokens taken before are not used again, because a
    /// grant that was made since shows only in a new one.
    ///
    /// # Errors
    /// The credential or the consent is not in order; the message says what to do.
    pub async fn granted(&self) -> Result<Granted, Error> {
        Ok(Granted {
            graph: self.roles(&self.graph_scope).await?,
            exchange: self.roles(&self.exchange_scope).await?,
        })
    }

    /// What the tokens in hand grant; one is asked for only where there is none that holds. Exchange is left out where it is not
    /// needed.
    ///
    /// # Errors
    /// The credential or the consent is not in order; the message says what to do.
    pub async fn held(&self, with_exchange: bool) -> Result<Granted, Error> {
        let graph = self.tokens.get(&self.graph_scope).await?;
        let exchange = if with_exchange {
            let token = self.tokens.get(&self.exchange_scope).await?;
            token.claims().roles.clone()
        } else {
            Vec::new()
        };
        Ok(Granted {
            graph: graph.claims().roles.clone(),
            exchange,
        })
    }

    async fn roles(&self, scope: &str) -> Result<Vec<String>, Error> {
        self.tokens.forget(scope).await;
        let token = self.tokens.get(scope).await?;
        Ok(token.claims().roles.clone())
    }
}

/// Makes the connection of one tenant. Nothing is sent yet.
///
/// # Errors
/// [`SetupError::Field`] names the field that is not usable.
pub fn connect(
    cloud: &Cloud,
    account: Account,
    transport: Arc<dyn Transport>,
    sources: Sources,
) -> Result<Connection, SetupError> {
    let tenant_id = check_tenant_id(&account.tenant_id)?;
    let client_id = account.client_id.trim();
    if Uuid::try_parse(client_id).is_err() {
        return Err(SetupError::field(
            "client_id",
            format!("'{client_id}' is no application id"),
        ));
    }
    let meter = Arc::new(Meter::default());
    let identity = Identity {
        login: cloud.login().to_owned(),
        tenant_id: tenant_id.clone(),
        client_id: client_id.to_owned(),
        credential: account.credential,
    };
    let tokens = Arc::new(Tokens::new(
        identity,
        Arc::clone(&transport),
        sources.clone(),
        Arc::clone(&meter),
    ));
    let wire = |dialect: Box<dyn Dialect>, scope: &str, budget, policy| Wire {
        dialect,
        scope: scope.to_owned(),
        tokens: Arc::clone(&tokens),
        transport: Arc::clone(&transport),
        budget,
        meter: Arc::clone(&meter),
        sources: sources.clone(),
        policy,
    };
    let graph_root = format!("{}/v1.0", cloud.graph());
    let graph_dialect = GraphDialect {
        root: graph_root.clone(),
    };
    let graph_wire = wire(
        Box::new(graph_dialect),
        cloud.graph_scope(),
        Budget::graph(),
        Policy::GRAPH,
    );
    let exchange_root = format!("{}/adminapi/beta/{tenant_id}", cloud.exchange());
    let exchange_dialect = ExchangeDialect {
        root: exchange_root.clone(),
        tenant_id: tenant_id.clone(),
    };
    let exchange_wire = wire(
        Box::new(exchange_dialect),
        cloud.exchange_scope(),
        Budget::exchange(),
        Policy::EXCHANGE,
    );
    Ok(Connection {
        graph: Graph::new(&graph_root, Gatherer::new(graph_wire)),
        exchange: Exchange::new(&exchange_root, &tenant_id, Gatherer::new(exchange_wire)),
        graph_scope: cloud.graph_scope().to_owned(),
        exchange_scope: cloud.exchange_scope().to_owned(),
        meter,
        tokens,
    })
}
