//! The steps' vault: the store's sealed secrets.

use async_trait::async_trait;
use domain::TenantId;
use engine::hands::Problem;
use secrecy::{ExposeSecret as _, SecretString};
use steps::{Vault, out_of_order};
use store::{Secret, Store, TenantScope};

use crate::clock;

/// Sealed secrets in the store.
pub(crate) struct Sealed(pub(crate) Store);

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
        let store = &self.0;
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
        let store = &self.0;
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
        let store = &self.0;
        store
            .erase_secret(&TenantScope::of(tenant), tenant, name)
            .await
            .map(drop)
            .map_err(failed)
    }
}
