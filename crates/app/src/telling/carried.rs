//! What a card with buttons carries: whom it was sent to and what exactly is decided, under our own seal.

use domain::plan::{Digest, StoredPlan};
use domain::{OperatorId, PlanId, TenantId};
use serde::{Deserialize, Serialize};
use store::{Operator, Store};

use crate::problem::Problem;

/// What it is sealed for.
const PURPOSE: &str = "teams card";

/// What a card carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Carried {
    /// The tenant.
    pub(crate) tenant: TenantId,
    /// The plan.
    pub(crate) plan: PlanId,
    /// Its whole digest.
    pub(crate) digest: Digest,
    /// To whom the card was sent.
    pub(crate) operator: OperatorId,
}

impl Carried {
    /// What the card for this operator carries.
    pub(crate) fn of(stored: &StoredPlan, to: &Operator) -> Self {
        Self {
            tenant: stored.plan.tenant.clone(),
            plan: stored.id.clone(),
            digest: stored.digest.clone(),
            operator: to.id.clone(),
        }
    }

    /// The same, sealed.
    ///
    /// # Errors
    /// A fault of Tenure.
    pub(crate) fn seal(&self, store: &Store) -> Result<String, Problem> {
        let plain = serde_json::to_vec(self).map_err(|error| {
            Problem::failed("card", format!("a card could not be made: {error}"))
        })?;
        Ok(store.seal_for(PURPOSE, &plain))
    }

    /// What was sealed; nothing for anything that was not, or was changed.
    pub(crate) fn open(store: &Store, sealed: &str) -> Option<Self> {
        let opened = store.open_for(PURPOSE, sealed).ok()?;
        serde_json::from_slice(opened.expose()).ok()
    }
}
