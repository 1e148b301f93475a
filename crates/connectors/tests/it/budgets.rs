//! What one tenant may be asked at a time, whoever asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connectors::exchange::{Anchor, Invocation};
use connectors::graph::{Call, Path};
use connectors::{Cloud, Ctx, Purpose, connect};
use futures::future::join_all;
use serde_json::{Map, json};
use tokio::time::Instant;
use transport::{Class, Failure, Reply, Request, Transport};

use crate::script::{Script, account, connection, reply, reply_with, sources, token_body};

/// Takes two seconds for each request and remembers how many there were at once.
#[derive(Default)]
struct Slow {
    now: AtomicUsize,
    most: AtomicUsize,
}

#[async_trait]
impl Transport for Slow {
    async fn send(&self, request: Request) -> Result<Reply, Failure> {
        if request.url.ends_with("/token") {
            return Ok(reply(200, &token_body("t", 3599)));
        }
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(2)).await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        let mut answer = reply(200, &json!({ "value": [] }));
        if request.url.ends_with("$batch") {
            answer.body = Bytes::from_static(b"{\"responses\":[]}");
        }
        Ok(answer)
    }
}

#[tokio::test(start_paused = true)]
async fn exchange_is_asked_three_at_a_time_and_changed_twice_a_second() {
    let slow = Arc::new(Slow::default());
    let transport: Arc<dyn Transport> = Arc::<Slow>::clone(&slow);
    let tenant = connect(
        &Cloud::known("global").unwrap(),
        account(),
        transport,
        sources(),
    )
    .unwrap();
    let ctx = Ctx::of(Purpose::Apply);
    let started = Instant::now();
    let writes = (0..12).map(|n| {
        let anchor = Anchor::Mailbox(format!("m{n}@x.example"));
        tenant
            .exchange
            .write(&ctx, Invocation::new("Set-Mailbox", Map::new(), anchor))
    });
    for outcome in join_all(writes).await {
        outcome.unwrap();
    }
    assert_eq!(slow.most.load(Ordering::SeqCst), 3);
    // Two at once, then ten more at two a second, three at a time with two seconds each: at least eight seconds.
    assert!(
        started.elapsed() >= Duration::from_secs(8),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn outlook_is_asked_four_at_a_time_per_mailbox() {
    let slow = Arc::new(Slow::default());
    let transport: Arc<dyn Transport> = Arc::<Slow>::clone(&slow);
    let tenant = connect(
        &Cloud::known("global").unwrap(),
        account(),
        transport,
        sources(),
    )
    .unwrap();
    let ctx = Ctx::of(Purpose::Apply);
    let writes = (0..7).map(|n| {
        let call = Call::post(Path::of(["users", "u", "sendMail"]), json!({ "n": n }));
        tenant.graph.write(&ctx, call.serial(format!("mail {n}")))
    });
    for outcome in join_all(writes).await {
        outcome.unwrap();
    }
    assert_eq!(slow.most.load(Ordering::SeqCst), 4);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_tenant_holds_everybody_and_gives_long_waits_back() {
    let mut answers = vec![
        reply_with(429, &[("retry-after", "100")], &json!(null)),
        reply(200, &json!({ "id": "later" })),
    ]
    .into_iter();
    let script = Script::new(move |_| Ok(answers.next().unwrap()));
    let tenant = connection(&script);
    let ctx = Ctx::of(Purpose::Plan);
    let first = tenant
        .graph
        .get(&ctx, &Path::of(["users", "a"]))
        .await
        .unwrap_err();
    assert_eq!(
        first.class,
        Class::RetryAfter {
            after_ms: Some(100_000)
        }
    );
    let second = tenant
        .graph
        .get(&ctx, &Path::of(["users", "b"]))
        .await
        .unwrap_err();
    assert_eq!(second.code, "held");
    assert!(
        second
            .retry_after_ms()
            .is_some_and(|ms| (99_000..100_000).contains(&ms))
    );
    assert_eq!(script.calls().len(), 1, "nothing was sent while held");
    tokio::time::sleep(Duration::from_secs(75)).await;
    tenant
        .graph
        .get(&ctx, &Path::of(["users", "b"]))
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_vendors_gauge_slows_us_down_before_it_throttles() {
    let script = Script::new(|_| {
        Ok(reply_with(
            200,
            &[("x-ms-throttle-limit-percentage", "1.2")],
            &json!({}),
        ))
    });
    let tenant = connection(&script);
    let ctx = Ctx::of(Purpose::Plan);
    tenant
        .graph
        .get(&ctx, &Path::of(["users", "a"]))
        .await
        .unwrap();
    let before = Instant::now();
    tenant
        .graph
        .get(&ctx, &Path::of(["users", "b"]))
        .await
        .unwrap();
    assert!(
        before.elapsed() >= Duration::from_secs(2),
        "{:?}",
        before.elapsed()
    );
}
