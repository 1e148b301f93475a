//! Closing access at once under an approval that the policy has given beforehand, and the limit that holds for it as for any leaver.

use domain::RunId;
use domain::plan::{Approval, StoredPlan};
use domain::policy::Policy;
use domain::protect;
use domain::request::{Cited, Kind, Request, When};
use jiff::SignedDuration;
use store::TenantScope;

use super::{Haste, plan};
use crate::acts::begin;
use crate::clock;
use crate::guard;
use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// Closes somebody's access at once, where the policy has approved that beforehand for whoever asks: plans the steps that close it and no
/// other, lets the policy approve that plan, and begins its run. The run leaves a finding that an approver must look at.
///
/// # Errors
/// As [`make`], every reason why it has to wait for an approver, and when another run of the person is going on.
pub(crate) async fn contain_now(
    wiring: &Wiring,
    mut request: Request,
) -> Result<(StoredPlan, RunId), Problem> {
    let scope = TenantScope::of(&request.tenant);
    request.when = Some(Cited::typed(When::Now));
    request.only = Some(steps::CONTAINMENT.map(str::to_owned).to_vec());
    let stored = plan(wiring, &request, false, Haste::ContainNow)
        .await?
        .stored;
    guard::may_begin(wiring, &stored.plan).await?;
    let now = clock::now();
    let kept = wiring
        .store
        .add_request_with_plan(&scope, &request, &stored, now);
    kept.await.map_err(of_store)?;
    let approval = Approval {
        plan: stored.id.clone(),
        digest: stored.digest.clone(),
        by: protect::by_policy(&stored.plan.policy, &stored.plan.requester),
        at: now,
        through: None,
        apart: Vec::new(),
    };
    let approved = wiring.store.approve(&scope, &approval).await;
    approved.map_err(of_store)?;
    let begun = begin::begin(wiring, &stored).await?;
    Ok((stored, begun.run))
}

/// How many others leave the tenant within the time that the policy looks back over.
pub(super) async fn leavers(
    wiring: &Wiring,
    policy: &Policy,
    request: &Request,
) -> Result<u32, Problem> {
    let Some(limit) = policy
        .limits
        .leavers
        .filter(|_| request.kind == Kind::Offboard)
    else {
        return Ok(0);
    };
    let back = SignedDuration::from_hours(i64::from(limit.within_hours));
    let scope = TenantScope::of(&request.tenant);
    let since = clock::now() - back;
    let counted = wiring
        .store
        .leavers_since(&scope, &request.tenant, since, &request.id);
    counted.await.map_err(of_store)
}
