//! A vault for one scene: what a step seals is there for the steps after it, and forgotten with the scene.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use domain::TenantId;
use engine::hands::Problem;
use jiff::Timestamp;
use secrecy::SecretString;
use steps::Vault;

/// Secrets by tenant and name.
#[derive(Default)]
pub(super) struct InMemory(Mutex<BTreeMap<(TenantId, String), SecretString>>);

#[async_trait]
impl Vault for InMemory {
    async fn keep(
        &self,
        tenant: &TenantId,
        name: &str,
        secret: &SecretString,
    ) -> Result<(), Problem> {
        let key = (tenant.clone(), name.to_owned());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(key, secret.clone());
        Ok(())
    }

    async fn open(&self, tenant: &TenantId, name: &str) -> Result<Option<SecretString>, Problem> {
        let key = (tenant.clone(), name.to_owned());
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(kept.get(&key).cloned())
    }

    async fn erase(&self, tenant: &TenantId, name: &str) -> Result<(), Problem> {
        let key = (tenant.clone(), name.to_owned());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(&key);
        Ok(())
    }

    async fn link(
        &self,
        tenant: &TenantId,
        name: &str,
        secret: &SecretString,
        _: Option<Timestamp>,
    ) -> Result<SecretString, Problem> {
        self.keep(tenant, &format!("link to {name}"), secret)
            .await?;
        Ok(SecretString::from(
            "https://tenure.provider.example/link/once",
        ))
    }
}
