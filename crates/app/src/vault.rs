//! The steps' vault: the store's sealed secrets.

use async_trait::async_trait;
use domain::TenantId;
use engine::hands::{Class, Problem};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use steps::{Vault, out_of_order};
use store::{NewLink, Purpose, Secret, Store, TenantScope};

use crate::clock;
use crate::sign_in::token::{self, Kind};
use crate::wiring::Wiring;

/// How long a link holds whose secret does not say until when it works.
const HOLDS: SignedDuration = SignedDuration::from_hours(72);

/// Sealed secrets in the store, and links to them.
pub(crate) struct Sealed {
    store: Store,
    /// The address under which people reach this Tenure, where the configuration says it.
    origin: Option<String>,
}

impl Sealed {
    /// The vault of this store.
    pub(crate) fn of(wiring: &Wiring) -> Self {
        Self {
            store: wiring.store.clone(),
            origin: wiring.config.server.address(),
        }
    }
}

fn failed(error: store::Error) -> Problem {
    out_of_order(&error.to_string())
}

#[async_trait]
impl Vault for Sealed {
    async fn keep(
        &self,
        tenant: &TenantId,
        name: &str,
        secret: &SecretString,
    ) -> Result<(), Problem> {
        let secret = Secret::new(secret.expose_secret().as_bytes());
        let store = &self.store;
        store
            .put_secret(
                &TenantScope::of(tenant),
                tenant,
                name,
                &secret,
                clock::now(),
            )
            .await
            .map_err(failed)
    }

    async fn open(&self, tenant: &TenantId, name: &str) -> Result<Option<SecretString>, Problem> {
        let store = &self.store;
        let secret = store
            .secret(&TenantScope::of(tenant), tenant, name)
            .await
            .map_err(failed)?;
        Ok(secret
            .as_ref()
            .and_then(Secret::expose_str)
            .map(SecretString::from))
    }

    async fn erase(&self, tenant: &TenantId, name: &str) -> Result<(), Problem> {
        let store = &self.store;
        store
            .erase_secret(&TenantScope::of(tenant), tenant, name)
            .await
            .map(drop)
            .map_err(failed)
    }

    async fn link(
        &self,
        tenant: &TenantId,
        name: &str,
        secret: &SecretString,
        until: Option<Timestamp>,
    ) -> Result<SecretString, Problem> {
        let Some(origin) = &self.origin else {
            return Err(Problem {
                class: Class::Invalid,
                message: "The policy wants a one-time link, and [server] url of tenure.toml does not say under which address people reach this Tenure. Set it, start tenure serve, then retry the run.".to_owned(),
                request_id: None,
            });
        };
        let (scope, now) = (TenantScope::of(tenant), clock::now());
        let store = &self.store;
        let by = format!("run {name}");
        let earlier = store.links(&scope, tenant, now).await.map_err(failed)?;
        for link in earlier.iter().filter(|link| link.by == by) {
            store.revoke_link(&link.id, now).await.map_err(failed)?;
        }
        let (token, _) = token::make(Kind::Link, |bytes| rand::fill(bytes));
        let new = NewLink {
            id: clock::short_id('l'),
            token: Secret::new(token.expose_secret()),
            purpose: Purpose::Password,
            tenant: Some(tenant.clone()),
            payload: Secret::new(secret.expose_secret()),
            views: 1,
            expires_at: until.unwrap_or(now + HOLDS),
            passphrase: None,
            by,
            at: now,
        };
        store.add_link(&new).await.map_err(failed)?;
        Ok(SecretString::from(format!(
            "{origin}/link/{}",
            token.expose_secret()
        )))
    }
}
