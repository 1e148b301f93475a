//! Where secrets lie between the call that made them and their hand-over: sealed, by name, and erased afterwards.

use async_trait::async_trait;
use domain::TenantId;
use engine::hands::{Class, Problem};
use jiff::Timestamp;
use secrecy::SecretString;

/// Keeps secrets sealed. Kept by the store; a name is unique within a tenant.
#[async_trait]
pub trait Vault: Send + Sync {
    /// Seals a secret under this name, in place of an older one.
    ///
    /// # Errors
    /// When it could not be kept; the secret is in no message.
    async fn keep(
        &self,
        tenant: &TenantId,
        name: &str,
        secret: &SecretString,
    ) -> Result<(), Problem>;

    /// The secret of this name; nothing once it is erased.
    ///
    /// # Errors
    /// When it could not be opened.
    async fn open(&self, tenant: &TenantId, name: &str) -> Result<Option<SecretString>, Problem>;

    /// Erases a secret; one that is not there is erased already.
    ///
    /// # Errors
    /// When it could not be erased.
    async fn erase(&self, tenant: &TenantId, name: &str) -> Result<(), Problem>;

    /// The address of a page that shows this secret once, until then at most. An earlier link of this name is worth nothing
    /// from now on. The address is as secret as what lies behind it.
    ///
    /// # Errors
    /// When it could not be made: whoever asked must not hand the secret over in another way.
    async fn link(
        &self,
        tenant: &TenantId,
        name: &str,
        secret: &SecretString,
        until: Option<Timestamp>,
    ) -> Result<SecretString, Problem>;
}

/// The name of a run's secret: each run has one of each kind (`temporary-access-pass`, `password`).
#[must_use]
pub fn secret_name(run: &str, kind: &str) -> String {
    format!("{run}/{kind}")
}

/// What a vault that failed means for a step: nothing was done, and it is worth trying again.
#[must_use]
pub fn out_of_order(because: &str) -> Problem {
    Problem {
        class: Class::RetryAfter { after_ms: None },
        message: format!(
            "The store of sealed secrets did not answer: {because}. Look at the disk and the key of this machine."
        ),
        request_id: None,
    }
}
