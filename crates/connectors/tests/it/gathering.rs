//! Calls that arrive together travel together; calls that must not, do not.

use connectors::graph::{Call, Path};
use connectors::{Ctx, Gather, Purpose};
use futures::future::join_all;
use serde_json::json;
use tokio::time::{Duration, Instant};

use crate::script::{Script, batch_reply, connection, name_of, reply};

fn user(id: &str) -> Path {
    Path::of(["users", id]).select(&["id", "accountEnabled"])
}

#[tokio::test(start_paused = true)]
async fn concurrent_reads_share_a_batch_and_identical_ones_an_item() {
    let script = Script::new(|seen| {
        batch_reply(
            seen,
            |item| json!({ "status": 200, "headers": {}, "body": { "url": item["url"] } }),
        )
    });
    let tenant = connection(&script);
    let (one, two) = (
        Ctx::of_run("run-1", Purpose::Verify),
        Ctx::of_run("run-2", Purpose::Poll),
    );
    let (a, b, c) = (user("a"), user("b"), user("a"));
    let (a, b, c) = tokio::join!(
        tenant.graph.get(&two, &a),
        tenant.graph.get(&one, &b),
        tenant.graph.get(&one, &c),
    );
    let calls = script.calls();
    assert_eq!(calls.len(), 1, "one batch, nothing else");
    assert_eq!(
        calls[0].item_names(),
        [
            "GET /users/a?$select=id,accountEnabled",
            "GET /users/b?$select=id,accountEnabled"
        ]
    );
    let (a, b, c) = (a.unwrap(), b.unwrap(), c.unwrap());
    assert_eq!(a.body["url"], "/users/a?$select=id,accountEnabled");
    assert_eq!(b.body["url"], "/users/b?$select=id,accountEnabled");
    assert_eq!(a.body, c.body);
    assert_ne!(
        a.sent.client_request_id, b.sent.client_request_id,
        "each item has its own id"
    );
    assert_eq!(
        a.sent.vendor_date.unwrap().to_string(),
        "2026-11-20T10:00:00Z"
    );

    let counts = tenant.meter.counts();
    assert_eq!(counts.tokens, 1);
    let verify = counts.of(&[Purpose::Verify]);
    assert_eq!(
        (verify.batches, verify.items, verify.requests()),
        (1, 2, 1),
        "the poll only rode along"
    );
    assert_eq!(counts.of(&[Purpose::Poll]).requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_lone_read_goes_singly_and_soon() {
    let script = Script::new(|_| Ok(reply(200, &json!({ "id": "a" }))));
    let tenant = connection(&script);
    let ctx = Ctx::of(Purpose::Plan);
    tenant.graph.get(&ctx, &user("warm-up")).await.unwrap();
    let before = Instant::now();
    tenant.graph.get(&ctx, &user("a")).await.unwrap();
    let call = &script.calls()[1];
    assert_eq!(
        call.url,
        "https://graph.microsoft.com/v1.0/users/a?$select=id,accountEnabled"
    );
    assert!(call.at - before <= Duration::from_millis(10));
    assert_eq!(tenant.meter.counts().of(&[Purpose::Plan]).reads, 2);
}

#[tokio::test(start_paused = true)]
async fn a_steady_trickle_leaves_within_40_ms_and_twenty_at_a_time() {
    let script = Script::new(|seen| batch_reply(seen, |_| json!({ "status": 200, "body": {} })));
    let tenant = connection(&script);
    let ctx = Ctx::of(Purpose::Plan);
    let started = Instant::now();
    let trickle = (0..20).map(|n| {
        let (graph, ctx) = (tenant.graph.clone(), ctx.clone());
        async move {
            tokio::time::sleep(Duration::from_millis(3 * n)).await;
            graph.get(&ctx, &user(&format!("t{n}"))).await.unwrap();
        }
    });
    join_all(trickle).await;
    let batches = script.calls();
    assert_eq!(batches.len(), 2);
    // The token came first; the batch itself left at the cap.
    assert!(batches[0].at - started <= Duration::from_millis(40 + 40 + 1));

    let ids: Vec<String> = (0..45).map(|n| format!("u{n}")).collect();
    let paths: Vec<Path> = ids.iter().map(|id| user(id)).collect();
    join_all(paths.iter().map(|path| tenant.graph.get(&ctx, path))).await;
    let sizes: Vec<usize> = script.calls()[2..]
        .iter()
        .map(|seen| seen.items().len())
        .collect();
    assert_eq!(sizes, [20, 20, 5]);
}

#[tokio::test(start_paused = true)]
async fn writes_travel_only_with_writes_of_their_own_run() {
    let script = Script::new(|seen| {
        if seen.is_batch() {
            return batch_reply(seen, |_| json!({ "status": 204 }));
        }
        Ok(reply(204, &json!(null)))
    });
    let tenant = connection(&script);
    let disable =
        |id: &str| Call::patch(Path::of(["users", id]), json!({ "accountEnabled": false }));
    let ctx = Ctx::of_run("one", Purpose::Apply);
    let (one, two) = (Gather::Run("one".to_owned()), Gather::Run("two".to_owned()));
    let (a, b, c, d, e) = tokio::join!(
        tenant.graph.write(&ctx, disable("a").gathered(one.clone())),
        tenant.graph.write(&ctx, disable("b").gathered(one)),
        tenant.graph.write(&ctx, disable("c").gathered(two.clone())),
        tenant.graph.write(&ctx, disable("d").gathered(two)),
        tenant.graph.write(&ctx, disable("e")),
    );
    for outcome in [a, b, c, d, e] {
        outcome.unwrap();
    }
    let mut sent: Vec<Vec<String>> = script
        .calls()
        .iter()
        .map(|seen| {
            if seen.is_batch() {
                assert!(
                    seen.items()
                        .iter()
                        .all(|item| item.get("dependsOn").is_none()),
                    "nothing to chain"
                );
                seen.items().iter().map(name_of).collect()
            } else {
                vec![format!("single {}", seen.url)]
            }
        })
        .collect();
    sent.sort();
    assert_eq!(
        sent,
        [
            vec!["PATCH /users/a", "PATCH /users/b"],
            vec!["PATCH /users/c", "PATCH /users/d"],
            vec!["single https://graph.microsoft.com/v1.0/users/e"],
        ]
    );
}
