//! The edge as the internet sees it: raw sockets that dribble, wait, crowd and listen.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::get;
use futures::{StreamExt as _, stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::doors::Most;
use super::layered;
use super::listen::{self, Bounds};
use crate::problem::Problem;
use crate::web::tests::TestApp;
use crate::web::{Answer, Needs, Routes};

const SOON: Duration = Duration::from_millis(400);
/// Far more than anything here takes on a busy machine, far less than for ever.
const LATE: Duration = Duration::from_secs(20);

fn bounds() -> Bounds {
    Bounds {
        most: Most {
            all: 300,
            from_one: Some(100),
        },
        head: SOON,
        untaken: LATE,
    }
}

struct Edge {
    at: SocketAddr,
    stop: watch::Sender<bool>,
}

impl Edge {
    async fn open(app: Router, bounds: Bounds) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(listen::serve(listener, layered(app, SOON), bounds, stopped));
        Self { at, stop }
    }

    async fn call(&self) -> TcpStream {
        TcpStream::connect(self.at).await.unwrap()
    }

    /// One request on a connection of its own, and the whole answer.
    async fn ask(&self, head: &str) -> String {
        let mut line = self.call().await;
        let text = format!("{head}\r\nhost: x\r\nconnection: close\r\n\r\n");
        line.write_all(text.as_bytes()).await.unwrap();
        rest(&mut line).await
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// What comes until the other side ends it.
async fn rest(line: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A line that is cut off is an end as well.
    let _ = timeout(LATE, line.read_to_end(&mut text))
        .await
        .expect("it ends");
    String::from_utf8_lossy(&text).into_owned()
}

/// Sends a piece each 20 milliseconds until the other side has had enough; gives how long that took, and what it said.
async fn dribble(line: TcpStream, piece: &'static [u8]) -> (Duration, String) {
    let began = Instant::now();
    let (mut from, mut to) = line.into_split();
    let sends = tokio::spawn(async move {
        while to.write_all(piece).await.is_ok() {
            sleep(Duration::from_millis(20)).await;
        }
    });
    let mut text = Vec::new();
    let _ = timeout(LATE, from.read_to_end(&mut text))
        .await
        .expect("it ends");
    sends.abort();
    (began.elapsed(), String::from_utf8_lossy(&text).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_dribbles_is_cut_off() {
    let app = TestApp::new().await;
    let edge = Edge::open(app.router(), bounds()).await;
    let mut line = edge.call().await;
    line.write_all(b"GET /sign-in HTTP/1.1\r\nhost: x\r\n")
        .await
        .unwrap();
    let (took, said) = dribble(line, b"x: y\r\n").await;
    assert!(took >= SOON / 2, "{took:?}: {said}");
    assert!(edge.ask("GET /sign-in HTTP/1.1").await.contains("200 OK"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_says_nothing_ends_before_and_after_a_request() {
    let app = TestApp::new().await;
    let edge = Edge::open(app.router(), bounds()).await;
    assert_eq!(rest(&mut edge.call().await).await, "");
    let mut line = edge.call().await;
    line.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let said = rest(&mut line).await;
    assert!(said.ends_with("ok\n"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_dribbles_is_answered_and_cut_off() {
    let app = TestApp::new().await;
    let edge = Edge::open(app.router(), bounds()).await;
    let mut line = edge.call().await;
    let head = b"POST /sign-in HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 100000\r\n\r\n";
    line.write_all(head).await.unwrap();
    let (took, said) = dribble(line, b"a").await;
    assert!(took >= SOON / 2, "{took:?}");
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(said.contains("did not arrive in time"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_idle_connections_hold_up_no_page() {
    let app = TestApp::new().await;
    // They would wait for longer than the test does.
    let bounds = Bounds {
        head: LATE * 9,
        ..bounds()
    };
    let edge = Edge::open(app.router(), bounds).await;
    let mut idle = Vec::new();
    for n in 0..1_000_u32 {
        let socket = TcpSocket::new_v4().unwrap();
        // From one address first, then from many.
        let last = if n < 500 {
            2
        } else {
            u8::try_from(n % 200).unwrap() + 3
        };
        let from = SocketAddr::from((IpAddr::from([127, 0, 0, last]), 0));
        socket.bind(from).unwrap();
        let mut line = socket.connect(edge.at).await.unwrap();
        line.write_all(b"GET /sign-in HTTP/1.1\r\n").await.unwrap();
        idle.push(line);
    }
    let began = Instant::now();
    assert!(edge.ask("GET /sign-in HTTP/1.1").await.contains("200 OK"));
    assert!(began.elapsed() < LATE / 2);
    // Those of them for whom there was no room were let go.
    let mut ended = 0;
    for line in &mut idle {
        let mut byte = [0];
        if let Ok(Ok(0) | Err(_)) = timeout(Duration::from_millis(1), line.read(&mut byte)).await {
            ended += 1;
        }
    }
    assert!((700..=702).contains(&ended), "{ended} were closed");
}

/// A page that listens: something each 100 milliseconds, 15 times.
async fn listening() -> Body {
    Body::from_stream(stream::iter(0..15_u8).then(|n| async move {
        sleep(Duration::from_millis(100)).await;
        Ok::<_, std::convert::Infallible>(Bytes::from(format!("data: {n}\n\n")))
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_listens_outlives_every_other_patience() {
    let edge = Edge::open(Router::new().route("/live", get(listening)), bounds()).await;
    let said = edge.ask("GET /live HTTP/1.1").await;
    assert!(said.contains("data: 14"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_is_not_closed_for_another_and_who_finds_no_room_is_told() {
    let most = Most {
        all: 300,
        from_one: Some(2),
    };
    let bounds = Bounds { most, ..bounds() };
    let edge = Edge::open(Router::new().route("/live", get(listening)), bounds).await;
    let mut first = [edge.call().await, edge.call().await];
    for line in &mut first {
        line.write_all(b"GET /live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut byte = [0];
        line.read_exact(&mut byte).await.unwrap();
    }
    let said = rest(&mut edge.call().await).await;
    assert!(
        said.starts_with("HTTP/1.1 503") && said.ends_with("later.\n"),
        "{said}"
    );
    for line in &mut first {
        let said = rest(line).await;
        assert!(said.contains("data: 14"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_takes_is_given_up() {
    let bounds = Bounds {
        untaken: SOON,
        ..bounds()
    };
    let endless = || async {
        Body::from_stream(stream::repeat_with(|| {
            Ok::<_, std::convert::Infallible>(Bytes::from(vec![b'x'; 64 * 1024]))
        }))
    };
    let edge = Edge::open(Router::new().route("/much", get(endless)), bounds).await;
    let mut line = edge.call().await;
    line.write_all(b"GET /much HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    sleep(SOON * 4).await;
    // What lay in between is still there; then it ends, although the answer never would.
    let mut read = 0;
    let mut buffer = vec![0; 1024 * 1024];
    while let Ok(count) = timeout(LATE, line.read(&mut buffer))
        .await
        .expect("it ends")
    {
        if count == 0 {
            break;
        }
        read += count;
        assert!(read < 512 * 1024 * 1024, "it goes on for ever");
    }
}

async fn panics() -> Answer {
    let password = "hunter2 in a panic";
    panic!("cannot go on with {password}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_page_with_a_request_id_and_the_process_goes_on() {
    let app = TestApp::new().await;
    let routes = Routes::default()
        .get("/page", Needs::Nothing, panics)
        .get("/api/v1/call", Needs::Nothing, panics)
        .get("/fine", Needs::Nothing, || async {
            Ok::<_, Problem>("fine")
        });
    let edge = Edge::open(routes.into_router(&app.web), bounds()).await;
    for path in ["/page", "/api/v1/call"] {
        let said = edge.ask(&format!("GET {path} HTTP/1.1")).await;
        assert!(said.starts_with("HTTP/1.1 500"), "{said}");
        assert!(said.contains("a fault in Tenure itself"), "{said}");
        assert!(said.contains("q-"), "{said}");
        assert!(said.contains("content-security-policy"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    assert!(edge.ask("GET /fine HTTP/1.1").await.ends_with("fine"));
    // Outside of every page as well.
    let breaks = || async { if true { panic!("hunter2") } else { "never" } };
    let bare = Router::new().route("/bare", get(breaks));
    let edge = Edge::open(bare, bounds()).await;
    let said = edge.ask("GET /bare HTTP/1.1").await;
    assert!(
        said.starts_with("HTTP/1.1 500") && said.contains("Request q-"),
        "{said}"
    );
    assert!(!said.contains("hunter2"), "{said}");
}
