//! `tenure serve`, from the listening socket to the last answer: the app, the API and the worker in one process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use super::Web;
use crate::background;
use crate::problem::Problem;

/// How long a body may pause while it arrives.
const BODY: Duration = Duration::from_secs(10);
/// How long open answers may take once the process is asked to stop.
const LAST: Duration = Duration::from_secs(5);

/// Serves until asked to stop. Runs go on where they stood when it is started again.
///
/// # Errors
/// When another process drives the store, or the socket fails.
pub(crate) async fn serve(
    web: Web,
    listener: TcpListener,
    say: fn(&str),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Problem> {
    let (told, stopped) = tokio::sync::watch::channel(false);
    let mut ending = stopped.clone();
    tokio::spawn(async move {
        stop.await;
        told.send_replace(true);
    });
    let app = super::app(&web)
        .layer(CompressionLayer::new().gzip(true))
        .layer(RequestBodyTimeoutLayer::new(BODY))
        .layer(CatchPanicLayer::new())
        .into_make_service_with_connect_info::<SocketAddr>();
    let mut closing = stopped.clone();
    let server = axum::serve(listener, app).with_graceful_shutdown(async move {
        let _ = closing.wait_for(|stop| *stop).await;
    });
    let server = async {
        let mut late = stopped.clone();
        tokio::select! {
            served = server => served,
            // A page that listens to a run would hold the process for hours.
            () = async { let _ = late.wait_for(|stop| *stop).await; tokio::time::sleep(LAST).await } => Ok(()),
        }
    };
    let observer = Arc::new(web.live.clone());
    let worker = background::go_on(&web.wiring, observer, say, async move {
        let _ = ending.wait_for(|stop| *stop).await;
    });
    let (served, worked) = tokio::join!(server, worker);
    served?;
    worked
}
