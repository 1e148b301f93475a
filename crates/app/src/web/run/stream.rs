//! A run as it happens, to however many pages watch it: one pump reads and renders it once for all of them.
//!
//! Each event carries the run's sequence number as its id. A page that connects says the last it has seen, by `Last-Event-ID` or
//! `?after=`, and is first given every line that changed since then; where that is not known, all of them.

mod paint;
mod pump;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use axum_extra::extract::CookieJar;
use domain::access::Role;
use domain::{RunId, TenantId};
use futures::stream;
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use self::paint::Painted;
pub(crate) use self::pump::Pumps;
use crate::web::extract::{Path, Query};
use crate::web::{Answer, Caller, Web, session};
use crate::wiring::of_store;

/// How often something is sent when nothing happens, so that nobody in between takes the line for dead.
const ALIVE: Duration = Duration::from_secs(15);
/// How often it is asked again whether whoever listens still may.
const STANDS: Duration = Duration::from_secs(30);

/// Where a page begins to listen.
#[derive(Deserialize)]
pub(super) struct From {
    #[serde(default)]
    after: Option<u64>,
}

/// `GET /t/{tenant}/runs/{run}/events`.
pub(super) async fn events(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, run)): Path<(TenantId, RunId)>,
    Query(from): Query<From>,
    headers: HeaderMap,
) -> Answer {
    let scope = caller.scope_of(&tenant);
    web.wiring
        .store
        .run_line(&scope, &run)
        .await
        .map_err(of_store)?;
    let last = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.parse().ok());
    let listener = Listener {
        painted: web.pumps.watch(&web, &tenant, &run),
        seen: last.or(from.after),
        alive: every(ALIVE),
        stands: every(STANDS),
        ended: false,
        who: Who {
            web,
            headers,
            tenant,
            run,
        },
    };
    let body = Body::from_stream(stream::unfold(listener, Listener::next));
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Reverse proxies that buffer would hold events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset_at(Instant::now() + period);
    ticks
}

/// One page that listens.
struct Listener {
    painted: watch::Receiver<Option<Arc<Painted>>>,
    seen: Option<u64>,
    alive: Interval,
    stands: Interval,
    ended: bool,
    who: Who,
}

impl Listener {
    /// The next piece for the page; nothing more after the run's end, or when the reader may no longer look.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if self.ended {
            return None;
        }
        loop {
            let painted = self.painted.borrow_and_update().clone();
            if let Some(painted) = painted
                && let Some(message) = painted.since(self.seen)
            {
                self.seen = Some(painted.seq);
                self.ended = painted.ended;
                self.alive.reset();
                return Some((Ok(message), self));
            }
            tokio::select! {
                moved = self.painted.changed() => {
                    // The pump is gone: the page connects again, and finds out why.
                    moved.ok()?;
                }
                _ = self.alive.tick() => return Some((Ok(Bytes::from_static(b": still here\n\n")), self)),
                _ = self.stands.tick() => {
                    if !self.who.may_look().await {
                        return None;
                    }
                }
            }
        }
    }
}

/// Whoever listens, as they came.
struct Who {
    web: Web,
    headers: HeaderMap,
    tenant: TenantId,
    run: RunId,
}

impl Who {
    /// Whether the session still stands, with a role in this tenant, and the run may still be seen.
    async fn may_look(&self) -> bool {
        let jar = CookieJar::from_headers(&self.headers);
        let Ok(Some(caller)) = session::caller(&self.web, &jar, &self.headers).await else {
            return false;
        };
        let scope = caller.scope_of(&self.tenant);
        let line = self.web.wiring.store.run_line(&scope, &self.run).await;
        caller.may(Role::Viewer, &self.tenant) && line.is_ok()
    }
}
