//! Whose rows a call may see: one tenant's, some tenants', or all of the provider's, and by whom they are looked at.

use domain::TenantId;
use domain::protect::one_name;
use serde_json::json;

use crate::Error;

/// Held against every statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantScope {
    tenants: Option<Vec<TenantId>>,
    viewer: Option<String>,
}

impl TenantScope {
    /// One tenant's rows.
    #[must_use]
    pub fn of(tenant: &TenantId) -> Self {
        Self::some([tenant.clone()])
    }

    /// The rows of these tenants, for an operator who works for some of them; none at all for no tenant.
    #[must_use]
    pub fn some(tenants: impl IntoIterator<Item = TenantId>) -> Self {
        let mut tenants: Vec<TenantId> = tenants.into_iter().collect();
        tenants.sort();
        tenants.dedup();
        Self {
            tenants: Some(tenants),
            viewer: None,
        }
    }

    /// The rows of all tenants: for the worker and for lists over all of the provider's tenants.
    #[must_use]
    pub fn provider() -> Self {
        Self {
            tenants: None,
            viewer: None,
        }
    }

    /// The same rows as this person, by address, may see them: what belongs to a confidential request that does not name the
    /// person, and plans, runs and findings about the person, are as if they did not exist. A scope without a viewer sees
    /// everything; it is for the driver and for what is told to nobody.
    #[must_use]
    pub fn seen_by(mut self, viewer: &str) -> Self {
        self.viewer = Some(address(viewer));
        self
    }

    /// The part of this scope that is one tenant's; a tenant outside of it leaves nothing.
    #[must_use]
    pub fn only(&self, tenant: &TenantId) -> Self {
        let kept = self.admit(tenant).is_ok().then(|| tenant.clone());
        Self {
            tenants: Some(kept.into_iter().collect()),
            viewer: self.viewer.clone(),
        }
    }

    /// Whether a tenant's rows may be seen.
    #[must_use]
    pub fn includes(&self, tenant: &TenantId) -> bool {
        self.admit(tenant).is_ok()
    }

    /// Whether all of the provider's tenants are in it.
    #[must_use]
    pub fn is_provider(&self) -> bool {
        self.tenants.is_none()
    }

    /// What statements compare as `?1`: the tenants and the viewer as JSON, each absent where it does not matter.
    pub(crate) fn filter(&self) -> Option<String> {
        if self.tenants.is_none() && self.viewer.is_none() {
            return None;
        }
        let mut filter = json!({});
        if let Some(tenants) = &self.tenants {
            filter["tenants"] = json!(tenants);
        }
        if let Some(viewer) = &self.viewer {
            filter["viewer"] = json!(viewer);
        }
        Some(filter.to_string())
    }

    /// Refuses what belongs to another tenant.
    pub(crate) fn admit(&self, tenant: &TenantId) -> Result<(), Error> {
        match &self.tenants {
            Some(own) if !own.contains(tenant) => Err(Error::missing("tenant", tenant.as_str())),
            _ => Ok(()),
        }
    }

    /// As [`TenantScope::admit`], where no tenant means all of the provider's.
    pub(crate) fn admit_wide(&self, tenant: Option<&TenantId>) -> Result<(), Error> {
        match tenant {
            Some(tenant) => self.admit(tenant),
            None if self.is_provider() => Ok(()),
            None => Err(Error::missing("tenant", "of all")),
        }
    }
}

/// How an address is kept where people are told apart by it.
pub(crate) fn address(text: &str) -> String {
    one_name(text).unwrap_or_else(|_| folded(text))
}

/// How a name is kept where it is looked up by its beginning.
pub(crate) fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}
