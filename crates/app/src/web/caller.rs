//! Who calls: an operator with a session or an API client with a token, and what they may see.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::TenantId;
use domain::access::{Grant, Role};
use store::TenantScope;

use super::Web;
use crate::problem::Problem;

/// Whoever calls, after the gate has let them in.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The operator's or client's id.
    pub(crate) id: String,
    /// The name people read.
    pub(crate) name: String,
    /// The address under which decisions are kept; for a client, `api:NAME`.
    pub(crate) address: String,
    /// The time zone they live in, where they have said so.
    pub(crate) zone: Option<String>,
    /// What they may do, and where.
    pub(crate) grants: Vec<Grant>,
    /// The token that each form of the session carries; empty for a client.
    pub(crate) csrf: String,
    /// The session; none for a client.
    pub(crate) session: Option<String>,
    /// Whether this is an API client.
    pub(crate) is_client: bool,
}

impl Caller {
    /// The highest role in a tenant.
    pub(crate) fn role_in(&self, tenant: &TenantId) -> Option<Role> {
        let here = |grant: &&Grant| grant.tenant.as_ref().is_none_or(|own| own == tenant);
        self.grants
            .iter()
            .filter(here)
            .map(|grant| grant.role)
            .max()
    }

    /// The highest role over all tenants.
    pub(crate) fn role_everywhere(&self) -> Option<Role> {
        let everywhere = |grant: &&Grant| grant.tenant.is_none();
        self.grants
            .iter()
            .filter(everywhere)
            .map(|grant| grant.role)
            .max()
    }

    /// The highest role anywhere: what the foot of the side bar says.
    pub(crate) fn role(&self) -> Option<Role> {
        self.grants.iter().map(|grant| grant.role).max()
    }

    /// Whether they hold at least this role in a tenant.
    pub(crate) fn may(&self, role: Role, tenant: &TenantId) -> bool {
        self.role_in(tenant).is_some_and(|own| own >= role)
    }

    /// The tenants in which they hold at least this role: all of them, or those of the list.
    fn tenants(&self, role: Role) -> Option<Vec<TenantId>> {
        if self.role_everywhere().is_some_and(|own| own >= role) {
            return None;
        }
        let mut tenants: Vec<TenantId> = self
            .grants
            .iter()
            .filter(|grant| grant.role >= role)
            .filter_map(|grant| grant.tenant.clone())
            .collect();
        tenants.sort();
        tenants.dedup();
        Some(tenants)
    }

    /// What they see across tenants in this role: never what is confidential to others, never what is about themselves.
    pub(crate) fn scope(&self, role: Role) -> TenantScope {
        let scope = match self.tenants(role) {
            None => TenantScope::provider(),
            Some(tenants) => TenantScope::some(tenants),
        };
        scope.seen_by(&self.address)
    }

    /// What they see of the tenant that an address names, or of all where it names none.
    pub(crate) fn scope_at(&self, tenant: Option<&TenantId>) -> TenantScope {
        match tenant {
            Some(tenant) => self.scope_of(tenant),
            None => self.scope(Role::Viewer),
        }
    }

    /// What they see of one tenant.
    pub(crate) fn scope_of(&self, tenant: &TenantId) -> TenantScope {
        TenantScope::of(tenant).seen_by(&self.address)
    }
}

impl FromRequestParts<Web> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            Problem::refused("sign-in", "nobody is signed in").hint("sign in, then try again")
        })
    }
}
