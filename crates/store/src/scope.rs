//! Whose rows a call may see: one tenant's, or all of the provider's.

use domain::TenantId;

use crate::Error;

/// Held against every statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantScope(Option<TenantId>);

impl TenantScope {
    /// One tenant's rows.
    #[must_use]
    pub fn of(tenant: &TenantId) -> Self {
        Self(Some(tenant.clone()))
    }

    /// The rows of all tenants: for the worker and for lists over all of the provider's tenants.
    #[must_use]
    pub fn provider() -> Self {
        Self(None)
    }

    /// What statements compare: a tenant's name, or nothing for all.
    pub(crate) fn filter(&self) -> Option<&str> {
        self.0.as_ref().map(TenantId::as_str)
    }

    /// Refuses what belongs to another tenant.
    pub(crate) fn admit(&self, tenant: &TenantId) -> Result<(), Error> {
        match &self.0 {
            Some(own) if own != tenant => Err(Error::missing("tenant", tenant.as_str())),
            _ => Ok(()),
        }
    }
}
