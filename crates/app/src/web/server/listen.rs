//! The accept loop: `axum::serve` sets no timer on a connection, so a head that dribbles would hold one for ever
//! (tokio-rs/axum issue 2741). This is hyper's own loop with its timer, and with a bound on how many connections there are.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tower::ServiceExt as _;

use super::doors::{Doors, Most, Place};

/// The most that a request's head may be long, in bytes.
const HEAD: usize = 64 * 1024;
/// What somebody reads for whom there is no room.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain\r\ncontent-length: 48\r\nretry-after: 5\r\nconnection: close\r\n\r\nToo many connections are open. Try again later.\n";

/// What a connection may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How many there are at once.
    pub(super) most: Most,
    /// How long one may take for the head of a request, counted from when it could send one: the end of an idle one too.
    pub(super) head: Duration,
    /// How long an answer may lie untaken.
    pub(super) untaken: Duration,
}

/// Serves until told to stop; then lets what is under way end.
pub(super) async fn serve(
    listener: TcpListener,
    app: Router,
    bounds: Bounds,
    mut stop: watch::Receiver<bool>,
) {
    let doors = Doors::default();
    let (open, ended) = watch::channel(());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                wait_out(&error).await;
                continue;
            }
        };
        let Some(place) = doors.enter(peer.ip(), bounds.most) else {
            // Whoever does not take it at once is not waited for.
            let _ = stream.try_write(FULL);
            continue;
        };
        let (app, stop, ended) = (app.clone(), stop.clone(), ended.clone());
        tokio::spawn(async move {
            carry(stream, peer, app, bounds, &place, stop).await;
            drop((place, ended));
        });
    }
    drop((listener, ended));
    open.closed().await;
}

/// One connection, to its end.
async fn carry(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    bounds: Bounds,
    place: &Place,
    mut stop: watch::Receiver<bool>,
) {
    let door = Arc::clone(&place.door);
    let service = service_fn(move |request: Request<Incoming>| {
        let (app, busy) = (app.clone(), door.begin());
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            let answer = app.oneshot(request).await?;
            Ok::<_, Infallible>(answer.map(|body| busy.with(body)))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut looks = interval(bounds.untaken / 4);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_stopping = false;
    loop {
        tokio::select! {
            _ = connection.as_mut() => return,
            () = place.door.closes() => return,
            _ = looks.tick() => if place.door.is_stuck(bounds.untaken) {
                return;
            },
            _ = stop.wait_for(|stop| *stop), if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// A connection that broke before it was there is nobody's concern; a process without descriptors waits for some.
async fn wait_out(error: &io::Error) {
    let is_theirs = matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    );
    if !is_theirs {
        tracing::error!("no connection can be taken: {error}");
        sleep(Duration::from_millis(200)).await;
    }
}
