//! `tenure serve`, from the listening socket to the last answer: the app, the API and the worker in one process.

mod doors;
mod listen;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::{RequestBodyDeadlineLayer, RequestBodyTimeoutLayer};

use self::doors::Most;
use self::listen::Bounds;
use super::Web;
use crate::background;

/// How long a body may pause while it arrives.
const PAUSE: Duration = Duration::from_secs(10);
/// How long a body may take in all: the longest thing anybody sends, on a slow line.
const BODY: Duration = Duration::from_secs(60);
/// How long the head of a request may take, and how long a connection may wait for its next one.
const HEAD: Duration = Duration::from_secs(30);
/// How long an answer may lie untaken. A page that listens is sent something each 15 seconds.
const UNTAKEN: Duration = Duration::from_secs(60);
/// How many connections there may be.
const MOST: usize = 2_048;
/// How many of them from one network: an office behind one address, each with a few pages that listen.
const FROM_ONE: usize = 512;
/// How long open answers may take once the process is asked to stop.
const LAST: Duration = Duration::from_secs(5);

/// Serves until asked to stop. Runs go on where they stood when it is started again.
pub(crate) async fn serve(
    web: Web,
    listener: TcpListener,
    say: fn(&str),
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let (told, stopped) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        stop.await;
        told.send_replace(true);
    });
    let server = async {
        let mut late = stopped.clone();
        tokio::select! {
            () = listen::serve(listener, layered(super::app(&web), BODY), bounds(&web), stopped.clone()) => {},
            // A page that listens to a run would hold the process for hours.
            () = async { let _ = late.wait_for(|stop| *stop).await; tokio::time::sleep(LAST).await } => {},
        }
    };
    let observer = Arc::new(web.live.clone());
    let worker = background::beside(&web.wiring, observer, say, stopped.clone());
    tokio::join!(server, worker);
}

/// The bounds of this process: fewer connections than it may have files open.
fn bounds(web: &Web) -> Bounds {
    /// For the store, the tenants, and whatever else is open.
    const OTHERS: usize = 192;
    Bounds {
        most: Most {
            all: files().saturating_sub(OTHERS).clamp(64, MOST),
            from_one: (web.server.proxies == 0).then_some(FROM_ONE),
        },
        head: HEAD,
        untaken: UNTAKEN,
    }
}

/// How many files this process may have open, after it has asked for as many as it needs.
#[cfg(unix)]
fn files() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(u64::MAX).min(4_096);
    let raised = Rlimit {
        current: Some(wanted),
        maximum: limit.maximum,
    };
    let has = limit.current.unwrap_or(u64::MAX);
    let may = if has < wanted && setrlimit(Resource::Nofile, raised).is_ok() {
        wanted
    } else {
        has
    };
    usize::try_from(may).unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
fn files() -> usize {
    usize::MAX
}

/// The app with what stands around every answer.
fn layered(app: Router, body: Duration) -> Router {
    #[cfg(feature = "crash-points")]
    let app = app.layer(axum::middleware::from_fn(strike));
    app.layer(CompressionLayer::new().gzip(true))
        .layer(RequestBodyTimeoutLayer::new(PAUSE))
        .layer(RequestBodyDeadlineLayer::new(body))
        .layer(CatchPanicLayer::custom(outermost))
}

/// A panic in what writes the answers themselves: a page's own panic was caught before, and became a page.
/// What it says stays unread: nobody knows what is in it.
fn outermost(_: Box<dyn Any + Send>) -> Response {
    let id = crate::clock::short_id('q');
    tracing::error!(request = %id, "an answer could not be written");
    let kind = (header::CONTENT_TYPE, "text/plain; charset=utf-8");
    let text = format!("Tenure failed while it answered. Request {id}\n");
    (StatusCode::INTERNAL_SERVER_ERROR, [kind], text).into_response()
}

/// Whatever panics, its place is logged and its text is not: the text may hold what a handler worked on.
pub(crate) fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let at = panic
            .location()
            .map_or_else(String::new, ToString::to_string);
        tracing::error!(%at, "a fault of Tenure itself: something could not go on");
    }));
}

/// Arms the crash point that a request names, to be counted from here on: so the harness strikes what this request does.
#[cfg(feature = "crash-points")]
async fn strike(
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> axum::response::Response {
    let armed = request.headers().get("x-tenure-crash").cloned();
    let armed = armed.as_ref().and_then(|point| point.to_str().ok());
    if let Some(Err(wrong)) = armed.map(engine::crash::arm_from) {
        tracing::error!("{wrong}");
    }
    let response = next.run(request).await;
    if armed.is_some() {
        engine::crash::point("before-answer");
    }
    response
}
