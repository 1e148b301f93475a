//! Requests that runs have made for later, such as the end of a contract: planned some days ahead, so that somebody can approve in time.

use std::collections::HashMap;

use domain::RequestId;
use domain::plan::StoredPlan;
use domain::request::{Request, When};
use jiff::{SignedDuration, Timestamp};
use store::TenantScope;

use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// How long before its day such a request is planned.
const AHEAD: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How soon one that could not be planned is tried again; each time after twice as long, because each costs the tenant's quota.
const FIRST: SignedDuration = SignedDuration::from_mins(2);
/// And at the latest after this.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// The requests that could not be planned: when each is tried again, and after how long that is.
#[derive(Debug, Default)]
pub(crate) struct Failed(HashMap<RequestId, (Timestamp, SignedDuration)>);

impl Failed {
    fn rests(&self, request: &RequestId, now: Timestamp) -> bool {
        self.0.get(request).is_some_and(|(next, _)| *next > now)
    }

    fn again(&mut self, request: &RequestId, now: Timestamp) {
        let wait = self.0.get(request).map_or(FIRST, |(_, last)| *last * 2);
        let wait = wait.min(LONGEST);
        self.0.insert(request.clone(), (now + wait, wait));
    }
}

/// Plans every request of a run whose day is near and that has no plan yet. What came of each is told; nothing is approved.
///
/// # Errors
/// When the requests could not be read.
pub(crate) async fn plan_due(
    wiring: &Wiring,
    failed: &mut Failed,
    now: Timestamp,
) -> Result<Vec<(Request, Result<StoredPlan, Problem>)>, Problem> {
    let all = TenantScope::provider();
    let waiting = wiring.store.unplanned(&all).await.map_err(of_store)?;
    let mut told = Vec::new();
    failed
        .0
        .retain(|id, _| waiting.iter().any(|one| one.id == *id));
    for request in waiting.into_iter().filter(|request| is_due(request, now)) {
        if failed.rests(&request.id, now) {
            continue;
        }
        let planned = super::kept(wiring, &request.id, true).await;
        if planned.is_err() {
            failed.again(&request.id, now);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_planned_is_tried_ever_more_seldom_and_at_least_daily() {
        let request = RequestId::from("q-1");
        let mut failed = Failed::default();
        let mut now: Timestamp = "2026-11-20T08:00:00Z".parse().unwrap();
        let mut waits = Vec::new();
        for _ in 0..12 {
            assert!(!failed.rests(&request, now));
            failed.again(&request, now);
            let (next, wait) = failed.0[&request];
            assert!(failed.rests(&request, next - SignedDuration::from_secs(1)));
            now = next;
            waits.push(wait);
        }
        assert_eq!(waits[..3], [FIRST, FIRST * 2, FIRST * 4]);
        assert_eq!(waits.last(), Some(&LONGEST));
    }
}
