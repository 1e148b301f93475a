//! Who may decide on which plan, the same for pages, mails, cards, programs and the command line.

use domain::access::{Grant, Role, role_in};
use domain::approval::{Case, Decision, Delegation, Operator, Says};
use domain::plan::StoredPlan;
use domain::protect::is_one;
use domain::{OperatorId, PlanId, TenantId};
use jiff::Timestamp;
use store::{Approved, Refusal, TenantScope};

use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// Everybody who decides, and who decides for whom: read once, and held against as many plans as are looked at.
#[derive(Debug)]
pub(crate) struct Judge {
    /// The provider's operators.
    pub(crate) operators: Vec<Operator>,
    /// Who decides for whom.
    pub(crate) delegations: Vec<Delegation>,
    /// The name under which people know an address.
    names: Vec<(String, String)>,
    /// When it was read.
    pub(crate) now: Timestamp,
}

/// A plan as it is judged.
#[derive(Debug)]
pub(crate) struct Matter {
    /// The plan.
    pub(crate) stored: StoredPlan,
    /// What was decided on it and stands.
    pub(crate) decisions: Vec<Decision>,
    /// The plan that took its place.
    pub(crate) newer: Option<PlanId>,
}

impl Judge {
    /// Reads who decides at this moment.
    ///
    /// # Errors
    /// Store errors.
    pub(crate) async fn read(wiring: &Wiring, now: Timestamp) -> Result<Self, Problem> {
        let kept = wiring.store.operators().await.map_err(of_store)?;
        let all = TenantScope::provider();
        let lent = wiring.store.delegations(&all, now).await;
        let lent = lent.map_err(of_store)?;
        let address = |id: &OperatorId| {
            let mut all = kept.iter().filter(|one| !one.disabled);
            all.find(|one| one.id == *id).map(|one| one.email.clone())
        };
        let delegations = lent.iter().filter_map(|one| {
            Some(Delegation {
                from: address(&one.from)?,
                to: address(&one.to)?,
                tenant: one.tenant.clone(),
                begins: one.from_at,
                ends: one.until,
            })
        });
        Ok(Self {
            delegations: delegations.collect(),
            names: kept
                .iter()
                .map(|one| (one.email.clone(), one.name.clone()))
                .collect(),
            operators: operators(kept),
            now,
        })
    }

    /// The name under which people know whoever has this address.
    pub(crate) fn name_of(&self, address: &str) -> String {
        let known = self.names.iter().find(|(known, _)| is_one(known, address));
        known.map_or_else(|| address.to_owned(), |(_, name)| name.clone())
    }

    /// The case of a plan.
    pub(crate) fn case<'a>(&'a self, matter: &'a Matter) -> Case<'a> {
        Case {
            stored: &matter.stored,
            operators: &self.operators,
            delegations: &self.delegations,
            decisions: &matter.decisions,
            superseded_by: matter.newer.as_ref(),
            now: self.now,
        }
    }
}

impl Matter {
    /// A plan with what was decided on it.
    ///
    /// # Errors
    /// Store errors; a plan out of scope is not there.
    pub(crate) async fn read(
        wiring: &Wiring,
        scope: &TenantScope,
        plan: &PlanId,
    ) -> Result<Self, Problem> {
        let store = &wiring.store;
        let stored = store.plan(scope, plan).await.map_err(of_store)?;
        let approvals = store.approvals(scope, plan).await.map_err(of_store)?;
        #[cfg(feature = "crash-points")]
        let approvals = if engine::crash::planted(engine::crash::Plant::ApprovedTwice) {
            Vec::new()
        } else {
            approvals
        };
        let refusal = store.refusal(scope, plan).await.map_err(of_store)?;
        let versions = store.versions(scope, &stored.plan.request).await;
        let mut versions = versions.map_err(of_store)?.into_iter();
        let own = versions.find(|row| row.id == *plan);
        Ok(Self {
            decisions: decisions(&approvals, refusal.as_ref()),
            newer: own.and_then(|row| row.superseded_by),
            stored,
        })
    }
}

/// The provider's operators, as far as deciding goes. Whoever may not come in any more holds nothing.
fn operators(kept: Vec<store::Operator>) -> Vec<Operator> {
    let operator = |one: store::Operator| Operator {
        address: one.email,
        grants: if one.disabled { Vec::new() } else { one.grants },
    };
    kept.into_iter().map(operator).collect()
}

/// What was decided and stands.
pub(crate) fn decisions(approvals: &[Approved], refusal: Option<&Refusal>) -> Vec<Decision> {
    let approved = approvals
        .iter()
        .filter(|approved| approved.taken_back.is_none())
        .map(|approved| Decision {
            digest: approved.approval.digest.clone(),
            voice: approved.approval.by.clone(),
            through: approved.approval.through.clone(),
            at: approved.approval.at,
            says: Says::Approved,
        });
    let refused = refusal.map(|refusal| Decision {
        digest: refusal.digest.clone(),
        voice: refusal.by.clone(),
        through: refusal.through.clone(),
        at: refusal.at,
        says: Says::Refused {
            reason: refusal.reason.clone(),
        },
    });
    approved.chain(refused).collect()
}

/// What others lend this operator now: the role of an approver, where they hold it themselves. What was lent is not lent on.
///
/// # Errors
/// Store errors.
pub(crate) async fn lent(
    wiring: &Wiring,
    to: &OperatorId,
    now: Timestamp,
) -> Result<Vec<Grant>, Problem> {
    let scope = TenantScope::provider();
    let all = wiring.store.delegations(&scope, now).await;
    let mut grants = Vec::new();
    for one in all.map_err(of_store)? {
        if one.to != *to || !one.holds(now) {
            continue;
        }
        let from = wiring.store.operator(&one.from).await.map_err(of_store)?;
        if !from.disabled {
            grants.extend(passed(&from.grants, one.tenant.as_ref()));
        }
    }
    Ok(grants)
}

/// Where somebody with these grants approves, as far as it is lent.
fn passed(grants: &[Grant], tenant: Option<&TenantId>) -> Vec<Grant> {
    let approver = |tenant: Option<TenantId>| Grant {
        tenant,
        role: Role::Approver,
    };
    match tenant {
        Some(tenant) => {
            let role = role_in(grants, tenant);
            let approves = role.is_some_and(|role| role.includes(Role::Approver));
            let grant = approves.then(|| approver(Some(tenant.clone())));
            grant.into_iter().collect()
        }
        None => grants
            .iter()
            .filter(|grant| grant.role.includes(Role::Approver))
            .map(|grant| approver(grant.tenant.clone()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_role_of_an_approver_is_lent_and_only_where_it_is_held() {
        let grant = |tenant: Option<&str>, role| Grant {
            tenant: tenant.map(TenantId::from),
            role,
        };
        let grants = [
            grant(Some("contoso"), Role::Admin),
            grant(Some("fabrikam"), Role::Requester),
        ];
        let contoso = grant(Some("contoso"), Role::Approver);
        assert_eq!(passed(&grants, None), std::slice::from_ref(&contoso));
        let only = TenantId::from("contoso");
        assert_eq!(passed(&grants, Some(&only)), [contoso]);
        assert!(passed(&grants, Some(&TenantId::from("fabrikam"))).is_empty());
        let everywhere = [grant(None, Role::Approver)];
        assert_eq!(
            passed(&everywhere, Some(&only)),
            [grant(Some("contoso"), Role::Approver)]
        );
    }
}
