//! The sandbox over real HTTP: lost replies cut the connection for real, and the world outlives the process.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, State};
use axum::serve::{IncomingStream, Listener};
use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use transport::{Request, Transport as _};

use crate::sandbox::Sandbox;

/// The largest body taken.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// Serves the sandbox until `shutdown` is done. With `persist`, the world is written there after every effective change.
///
/// # Errors
/// When the socket fails, or the world cannot be written at the start.
pub async fn serve(
    listener: TcpListener,
    sandbox: Sandbox,
    persist: Option<PathBuf>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    if let Some(file) = &persist {
        save(&sandbox, file)?;
    }
    let shared = Shared {
        sandbox,
        persist,
        saved: Arc::new(tokio::sync::Mutex::new(usize::MAX)),
    };
    let router = Router::new().fallback(answer).with_state(shared);
    let service = router.into_make_service_with_connect_info::<Knife>();
    axum::serve(Cutting(listener), service)
        .with_graceful_shutdown(shutdown)
        .await
}

#[derive(Clone)]
struct Shared {
    sandbox: Sandbox,
    persist: Option<PathBuf>,
    /// How much of the log the file on disk holds.
    saved: Arc<tokio::sync::Mutex<usize>>,
}

async fn answer(
    State(shared): State<Shared>,
    ConnectInfo(knife): ConnectInfo<Knife>,
    request: axum::extract::Request,
) -> axum::response::Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MOST_BYTES).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let host = parts
        .headers
        .get("host")
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost");
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let url = format!("http://{host}{path}");
    // In a task of its own: a caller that hangs up does not stop what it asked for, as in the real cloud.
    let work = tokio::spawn(async move {
        let reply = shared
            .sandbox
            .send(Request {
                method: parts.method,
                url,
                headers: parts.headers,
                body,
            })
            .await;
        let saved = shared.save_if_changed().await;
        (reply, saved)
    });
    match work.await {
        Ok((Ok(reply), Ok(()))) => {
            let mut response = axum::response::Response::new(Body::from(reply.body));
            *response.status_mut() = reply.status;
            *response.headers_mut() = reply.headers;
            response
        }
        Ok((Ok(_), Err(_))) => plain(StatusCode::INSUFFICIENT_STORAGE),
        Ok((Err(_), _)) | Err(_) => {
            knife.cut();
            plain(StatusCode::BAD_GATEWAY)
        }
    }
}

fn plain(status: StatusCode) -> axum::response::Response {
    let mut response = axum::response::Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

impl Shared {
    async fn save_if_changed(&self) -> io::Result<()> {
        let Some(file) = &self.persist else {
            return Ok(());
        };
        let mut saved = self.saved.lock().await;
        let generation = self.sandbox.generation();
        if *saved != generation {
            save(&self.sandbox, file)?;
            *saved = generation;
        }
        Ok(())
    }
}

/// Writes beside the file and renames, so that a kill leaves the old world or the new one.
fn save(sandbox: &Sandbox, file: &Path) -> io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, sandbox.world().to_json())?;
    std::fs::rename(&beside, file)
}

/// Cuts the connection that a request came on.
#[derive(Clone, Debug)]
struct Knife(Arc<AtomicBool>);

impl Knife {
    fn cut(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Connected<IncomingStream<'_, Cutting>> for Knife {
    fn connect_info(stream: IncomingStream<'_, Cutting>) -> Self {
        Self(stream.io().cut.clone())
    }
}

/// A listener whose connections can be cut from inside a handler.
struct Cutting(TcpListener);

impl Listener for Cutting {
    type Io = Cuttable;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        (
            Cuttable {
                stream,
                cut: Arc::default(),
            },
            address,
        )
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

struct Cuttable {
    stream: TcpStream,
    cut: Arc<AtomicBool>,
}

impl Cuttable {
    fn check(&self) -> io::Result<()> {
        if self.cut.load(Ordering::SeqCst) {
            Err(io::ErrorKind::ConnectionReset.into())
        } else {
            Ok(())
        }
    }
}

impl AsyncRead for Cuttable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Cuttable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Err(error) = self.check() {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Err(error) = self.check() {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
