//! What goes on without anybody asking, in `tenure worker` and in `tenure serve` alike: runs are carried, requests for later are planned.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use engine::Observer;
use tokio::task::JoinSet;

use crate::clock;
use crate::delivering;
use crate::planning::dated;
use crate::problem::Problem;
use crate::running;
use crate::telling;
use crate::wiring::Wiring;

/// How often requests for later are looked at.
const LOOK: Duration = Duration::from_secs(60);
/// How long it is waited before what failed is begun again.
const AGAIN: Duration = Duration::from_secs(5);
/// How long a press of a button is remembered: far longer than the token lives that came with it.
const HEARD: jiff::SignedDuration = jiff::SignedDuration::from_hours(48);

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
    let with = || Arc::clone(wiring);
    let served = tokio::select! {
        served = worker.serve(observer, stop) => served,
        never = keep("planning requests for later", || { let wiring = with(); async move { plan_dated(&wiring, say).await } }) => match never {},
        never = keep("delivering", || { let wiring = with(); async move { delivering::go_on(&wiring).await } }) => match never {},
        never = keep("telling", || { let wiring = with(); async move { telling::go_on(&wiring).await } }) => match never {},
        never = keep("sweeping", || { let wiring = with(); async move { sweep(&wiring).await } }) => match never {},
    };
    served.map_err(|error| {
        Problem::failed("worker", error.to_string())
            .hint("one worker drives a store; stop the other, or let it go on")
    })
}

/// Goes on beside the pages: where another process drives the store, or the store fails, that is said and tried again until
/// this one may.
pub(crate) async fn beside(
    wiring: &Arc<Wiring>,
    observer: Arc<dyn Observer>,
    say: fn(&str),
    stopped: tokio::sync::watch::Receiver<bool>,
) {
    let mut said = String::new();
    loop {
        let mut ending = stopped.clone();
        let stop = async move {
            let _ = ending.wait_for(|stop| *stop).await;
        };
        let went = go_on(wiring, Arc::clone(&observer), say, stop).await;
        if *stopped.borrow() {
            return;
        }
        if let Some(why) = went.err().map(|problem| problem.to_string())
            && why != said
        {
            say(&format!(
                "Runs are not carried out here for now: {why}. Tried again every few seconds."
            ));
            said = why;
        }
        let mut ending = stopped.clone();
        tokio::select! {
            _ = ending.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

/// Does one part for ever. Where a fault of ours ends it, that is logged and the part begins again: it takes no other with it.
async fn keep<Part>(name: &'static str, part: impl Fn() -> Part) -> Infallible
where
    Part: Future<Output = Infallible> + Send + 'static,
{
    loop {
        // Ends with this future, where a task of its own would go on.
        let mut task = JoinSet::new();
        task.spawn(part());
        if let Some(Err(error)) = task.join_next().await {
            tracing::error!("{name} has failed and begins again: {error}");
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Erases what has run out: sessions, what is behind one-time links, approvals that hold no more.
async fn sweep(wiring: &Wiring) -> Infallible {
    loop {
        let (store, now) = (&wiring.store, clock::now());
        let swept = [
            store.drop_ended_sessions(now).await,
            store.expire_links(now).await,
            store.lapse_approvals(now).await,
            store.drop_presses(now - HEARD).await.map(|()| 0),
        ];
        for error in swept.into_iter().filter_map(Result::err) {
            tracing::error!("sweeping: {error}");
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Plans what runs have asked for later, a week ahead. What cannot be planned is said, and tried again after twice the time.
async fn plan_dated(wiring: &Wiring, say: fn(&str)) -> Infallible {
    let mut failed = dated::Failed::default();
    loop {
        match dated::plan_due(wiring, &mut failed, clock::now()).await {
            Ok(told) => told.into_iter().for_each(|(request, planned)| {
                let (id, tenant) = (&request.id, &request.tenant);
                say(&match planned {
                    Ok(plan) => format!("{id} {tenant}: plan {} waits for approval", plan.id),
                    Err(problem) => format!("{id} {tenant}: cannot be planned: {problem}"),
                });
            }),
            Err(problem) => tracing::error!("requests for later: {problem}"),
        }
        tokio::time::sleep(LOOK).await;
    }
}
