//! What goes on without anybody asking, in `tenure worker` and in `tenure serve` alike: runs are carried, requests for later are planned.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use engine::Observer;

use crate::clock;
use crate::delivering;
use crate::planning::dated;
use crate::problem::Problem;
use crate::running;
use crate::telling;
use crate::wiring::Wiring;

/// How often requests for later are looked at.
const LOOK: Duration = Duration::from_secs(60);

/// Carries runs and plans dated requests until it is asked to stop. `say` is given each line worth reading.
///
/// # Errors
/// When another process drives the store, or the store fails.
pub(crate) async fn go_on(
    wiring: &Arc<Wiring>,
    observer: Arc<dyn Observer>,
    say: fn(&str),
    stop: impl Future<Output = ()> + Send,
) -> Result<(), Problem> {
    let worker = running::worker(wiring);
    let served = tokio::select! {
        served = worker.serve(observer, stop) => served,
        never = plan_dated(wiring, say) => match never {},
        never = delivering::go_on(wiring) => match never {},
        never = telling::go_on(wiring) => match never {},
        never = sweep(wiring) => match never {},
    };
    served.map_err(|error| {
        Problem::failed("worker", error.to_string())
            .hint("one worker drives a store; stop the other, or let it go on")
    })
}

/// Erases what has run out: sessions, what is behind one-time links, approvals that hold no more.
async fn sweep(wiring: &Wiring) -> Infallible {
    loop {
        let (store, now) = (&wiring.store, clock::now());
        let swept = [
            store.drop_ended_sessions(now).await,
            store.expire_links(now).await,
            store.lapse_approvals(now).await,
        ];
        for error in swept.into_iter().filter_map(Result::err) {
            tracing::error!("sweeping: {error}");
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Plans what runs have asked for later, a week ahead. What cannot be planned is said once and tried again each time.
async fn plan_dated(wiring: &Wiring, say: fn(&str)) -> Infallible {
    let mut said: BTreeSet<String> = BTreeSet::new();
    loop {
        let lines = match dated::plan_due(wiring, clock::now()).await {
            Ok(told) => told
                .into_iter()
                .map(|(request, planned)| match planned {
                    Ok(plan) => format!(
                        "{} {}: plan {} waits for approval",
                        request.id, request.tenant, plan.id
                    ),
                    Err(problem) => format!(
                        "{} {}: cannot be planned: {problem}",
                        request.id, request.tenant
                    ),
                })
                .collect(),
            Err(problem) => vec![problem.to_string()],
        };
        for line in lines {
            if said.insert(line.clone()) {
                say(&line);
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}
