//! What waits for one reader: the plans that they may decide on now, with their own voice or one that was lent to them.

use domain::access::Role;
use store::{PlanFilter, PlanLine, PlanStatus, TenantScope};

use super::Caller;
use crate::acts::judge::{Judge, Matter, decisions};
use crate::clock;
use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// How many pages of waiting plans are looked through.
const PAGES: usize = 3;

/// A plan that this reader may decide on.
pub(crate) struct Waiting {
    /// The plan.
    pub(crate) line: PlanLine,
    /// How many remarks it has.
    pub(crate) remarks: usize,
    /// In whose name they decide, where it is not their own.
    pub(crate) whose: Option<String>,
}

/// The waiting plans that this reader may decide on and has not, the soonest first, and whether there may be more than were looked
/// through.
///
/// # Errors
/// Store errors.
pub(crate) async fn of(
    wiring: &Wiring,
    caller: &Caller,
    scope: &TenantScope,
) -> Result<(Vec<Waiting>, bool), Problem> {
    let mut all = Vec::new();
    if caller.role() < Some(Role::Approver) {
        return Ok((all, false));
    }
    let judge = Judge::read(wiring, clock::now()).await?;
    let filter = PlanFilter {
        status: Some(PlanStatus::Waiting),
        ..PlanFilter::default()
    };
    let mut after = None;
    for _ in 0..PAGES {
        let found = wiring
            .store
            .list_plans(scope, &filter, after.as_deref())
            .await
            .map_err(of_store)?;
        for line in found.lines {
            all.extend(mine(wiring, &judge, caller, scope, line).await?);
        }
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    all.sort_by_key(|waiting| (waiting.line.starts_at, waiting.line.made_at));
    Ok((all, after.is_some()))
}

/// How many of so many waiting plans this reader may decide on; of a moment ago at most.
///
/// # Errors
/// Store errors.
pub(crate) async fn count(
    wiring: &Wiring,
    caller: &Caller,
    scope: &TenantScope,
    waiting: u64,
) -> Result<u64, Problem> {
    if waiting == 0 || caller.role() < Some(Role::Approver) {
        return Ok(0);
    }
    let (reader, now) = (format!("{} {scope:?}", caller.id), clock::now());
    if let Some(known) = wiring.waits(&reader, waiting, now) {
        return Ok(known);
    }
    let (mine, _) = of(wiring, caller, scope).await?;
    let mine = mine.len() as u64;
    wiring.keep_waits(&reader, waiting, mine, now);
    Ok(mine)
}

/// The plan, if this reader may decide on it and has not yet.
async fn mine(
    wiring: &Wiring,
    judge: &Judge,
    caller: &Caller,
    scope: &TenantScope,
    line: PlanLine,
) -> Result<Option<Waiting>, Problem> {
    if !caller.may(Role::Approver, &line.tenant) {
        return Ok(None);
    }
    let store = &wiring.store;
    let approvals = store.approvals(scope, &line.id).await.map_err(of_store)?;
    // A plan that was refused or replaced does not wait.
    let matter = Matter {
        stored: store.plan(scope, &line.id).await.map_err(of_store)?,
        decisions: decisions(&approvals, None),
        newer: None,
    };
    let voice = judge.case(&matter).may_decide(&caller.address);
    Ok(voice.ok().map(|voice| Waiting {
        line,
        remarks: matter.stored.plan.remarks.len(),
        whose: voice.through.map(|_| judge.name_of(&voice.of)),
    }))
}
