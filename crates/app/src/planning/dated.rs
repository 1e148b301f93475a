//! Requests that runs have made for later, such as the end of a contract: planned some days ahead, so that somebody can approve in time.

use domain::plan::StoredPlan;
use domain::request::{Request, When};
use jiff::{SignedDuration, Timestamp};
use store::TenantScope;

use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// How long before its day such a request is planned.
const AHEAD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Plans every request of a run whose day is near and that has no plan yet. What came of each is told; nothing is approved.
///
/// # Errors
/// When the requests could not be read.
pub(crate) async fn plan_due(
    wiring: &Wiring,
    now: Timestamp,
) -> Result<Vec<(Request, Result<StoredPlan, Problem>)>, Problem> {
    let all = TenantScope::provider();
    let waiting = wiring.store.unplanned(&all).await.map_err(of_store)?;
    let mut told = Vec::new();
    for request in waiting.into_iter().filter(|request| is_due(request, now)) {
        let planned = super::kept(wiring, &request.id, true).await;
        told.push((request, planned));
    }
    Ok(told)
}

fn is_due(request: &Request, now: Timestamp) -> bool {
    let day = match request.when.as_ref().map(|cited| &cited.value) {
        Some(When::On(day)) => day
            .at(0, 0, 0, 0)
            .in_tz("UTC")
            .map(|day| day.timestamp())
            .ok(),
        Some(When::At(at)) => Some(*at),
        _ => None,
    };
    request.origin.channel == "run" && day.is_some_and(|day| day - AHEAD <= now)
}
