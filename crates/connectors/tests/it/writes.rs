//! A write is repeated only when nothing was done, and keeps its place in the order.

use std::sync::Arc;

use connectors::graph::{Call, Path};
use connectors::{Answer, Connection, Ctx, Error, Gather, Meaning, Purpose};
use futures::future::join_all;
use serde_json::{Value, json};
use transport::{Class, Failure};

use crate::script::{Script, batch_reply, connection, graph_error, name_of, reply, reply_with};

/// Block, reset, revoke, and a removal elsewhere: four writes of one run, three of them on one person.
async fn contain(tenant: &Connection) -> Vec<Result<Answer, Error>> {
    let ctx = Ctx::of_run("run", Purpose::Apply);
    let run = Gather::Run("run".to_owned());
    let user = |rest: &[&str]| Path::of(["users", "u"].iter().chain(rest));
    let calls = [
        Call::patch(user(&[]), json!({ "accountEnabled": false })),
        Call::patch(
            user(&[]),
            json!({ "passwordProfile": { "password": "Hunter2!" } }),
        ),
        Call::post(user(&["revokeSignInSessions"]), json!({})),
        Call::delete(Path::of(["groups", "g", "members", "u", "$ref"])),
    ];
    let calls = calls.map(|call| tenant.graph.write(&ctx, call.gathered(run.clone())));
    join_all(calls).await
}

fn names(script: &Arc<Script>) -> Vec<Vec<String>> {
    let calls = script.calls();
    let of_call = |seen: &crate::script::Seen| {
        if seen.is_batch() {
            seen.item_names()
        } else {
            vec![format!(
                "{} {}",
                seen.method,
                seen.url.trim_start_matches(crate::script::GRAPH)
            )]
        }
    };
    calls.iter().map(of_call).collect()
}

const BLOCK: &str = "PATCH /users/u";
const RESET: &str = "PATCH /users/u";
const REVOKE: &str = "POST /users/u/revokeSignInSessions";
const REMOVE: &str = "DELETE /groups/g/members/u/$ref";

#[tokio::test(start_paused = true)]
async fn writes_on_one_object_are_chained_in_the_order_of_arrival() {
    let script = Script::new(|seen| batch_reply(seen, |_| json!({ "status": 204 })));
    let tenant = connection(&script);
    for outcome in contain(&tenant).await {
        outcome.unwrap();
    }
    let calls = script.calls();
    assert_eq!(calls.len(), 1);
    let chain: Vec<Value> = calls[0]
        .items()
        .iter()
        .map(|item| item["dependsOn"].clone())
        .collect();
    assert_eq!(
        chain,
        [Value::Null, json!(["1"]), json!(["2"]), json!(["3"])]
    );
    assert_eq!(
        calls[0].items()[0]["body"],
        json!({ "accountEnabled": false })
    );
    let headers = &calls[0].items()[0]["headers"];
    assert_eq!(headers["Content-Type"], "application/json");
    let ids: std::collections::HashSet<String> = calls[0]
        .items()
        .iter()
        .map(|item| item["headers"]["client-request-id"].to_string())
        .collect();
    assert_eq!(ids.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_stood_behind_a_failure_was_not_done_and_goes_again_without_it() {
    let mut first = true;
    let script = Script::new(move |seen| {
        let is_first = std::mem::take(&mut first);
        batch_reply(seen, |item| match item["id"].as_str() {
            Some("1") if is_first => json!({ "status": 204 }),
            Some("2") if is_first => {
                json!({ "status": 400, "body": graph_error("Request_BadRequest",
                "The specified password does not comply with password complexity requirements. Hunter2! was bad") })
            }
            _ if is_first => json!({ "status": 424, "body": graph_error("FailedDependency", "") }),
            _ => json!({ "status": 204 }),
        })
    });
    let outcomes = contain(&connection(&script)).await;
    assert_eq!(
        names(&script),
        [vec![BLOCK, RESET, REVOKE, REMOVE], vec![REVOKE, REMOVE]]
    );
    assert!(
        script.calls()[1]
            .items()
            .iter()
            .all(|item| item.get("dependsOn").is_none())
    );
    let refused = outcomes[1].as_ref().unwrap_err();
    assert_eq!(
        (refused.class, refused.meaning),
        (Class::Invalid, Some(Meaning::WeakPassword))
    );
    assert!(
        !refused.message.contains("Hunter2!"),
        "a secret of the body is struck out: {}",
        refused.message
    );
    assert!([0, 2, 3].iter().all(|at| outcomes[*at].is_ok()));
}

#[tokio::test(start_paused = true)]
async fn a_throttled_item_waits_its_own_time_and_stays_in_front() {
    let mut first = true;
    let script = Script::new(move |seen| {
        let is_first = std::mem::take(&mut first);
        batch_reply(seen, |item| match item["id"].as_str() {
            Some("1") if is_first => {
                json!({ "status": 429, "headers": { "Retry-After": "7" }, "body": graph_error("TooManyRequests", "") })
            }
            _ if is_first => json!({ "status": 424 }),
            _ => json!({ "status": 204 }),
        })
    });
    for outcome in contain(&connection(&script)).await {
        outcome.unwrap();
    }
    let all = vec![BLOCK, RESET, REVOKE, REMOVE];
    assert_eq!(names(&script), [all.clone(), all]);
    let calls = script.calls();
    let gap = (calls[1].at - calls[0].at).as_secs_f64();
    assert!((7.0..7.5).contains(&gap), "waited {gap} s");
}

#[tokio::test(start_paused = true)]
async fn a_cut_connection_leaves_every_write_unknown_and_none_is_repeated() {
    let script = Script::new(|_| Err(Failure::Cut("reset".to_owned())));
    for outcome in contain(&connection(&script)).await {
        let error = outcome.unwrap_err();
        assert_eq!(error.class, Class::Unknown);
        assert!(error.sent.client_request_id.is_some());
    }
    assert_eq!(script.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_batch_refused_as_a_whole_goes_again_one_by_one_in_order() {
    let script = Script::new(|seen| {
        if seen.is_batch() {
            return Ok(reply(
                400,
                &graph_error("BadRequest", "Invalid batch payload format."),
            ));
        }
        Ok(reply(204, &json!(null)))
    });
    for outcome in contain(&connection(&script)).await {
        outcome.unwrap();
    }
    let singles: Vec<String> = names(&script)[1..].iter().flatten().cloned().collect();
    assert_eq!(singles, [BLOCK, RESET, REVOKE, REMOVE]);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_the_good_outer_reply_leaves_out_is_unknown() {
    let script = Script::new(|seen| {
        let kept: Vec<Value> = seen.items()[..3]
            .iter()
            .map(|item| json!({ "id": item["id"], "status": 204 }))
            .collect();
        Ok(reply(200, &json!({ "responses": kept })))
    });
    let outcomes = contain(&connection(&script)).await;
    assert!(outcomes[..3].iter().all(Result::is_ok));
    assert_eq!(outcomes[3].as_ref().unwrap_err().class, Class::Unknown);
    assert_eq!(script.calls().len(), 1);
}

/// One lone write against a sequence of answers: what it came to, and how many requests it took.
async fn lone(answers: Vec<Result<transport::Reply, Failure>>) -> (Result<Answer, Error>, usize) {
    let mut answers = answers.into_iter();
    let script = Script::new(move |_| answers.next().unwrap());
    let tenant = connection(&script);
    let call = Call::patch(Path::of(["users", "u"]), json!({ "accountEnabled": false }));
    let outcome = tenant.graph.write(&Ctx::of(Purpose::Apply), call).await;
    (outcome, script.calls().len())
}

#[tokio::test(start_paused = true)]
async fn a_write_is_repeated_only_on_certain_non_execution() {
    let done = || Ok(reply(204, &json!(null)));
    let not_sent = || Err(Failure::NotSent("refused".to_owned()));
    let busy = || Ok(reply_with(503, &[("retry-after", "2")], &json!(null)));
    let expired = || {
        Ok(reply(
            401,
            &graph_error("InvalidAuthenticationToken", "Access token has expired."),
        ))
    };

    for answers in [
        vec![not_sent(), done()],
        vec![busy(), done()],
        vec![expired(), done()],
    ] {
        let (outcome, requests) = lone(answers).await;
        assert!(outcome.is_ok());
        assert_eq!(requests, 2);
    }
    for status in [500, 502, 503, 504] {
        let (outcome, requests) = lone(vec![Ok(reply(status, &json!(null)))]).await;
        assert_eq!(
            (outcome.unwrap_err().class, requests),
            (Class::Unknown, 1),
            "status {status}"
        );
    }
    let (outcome, requests) = lone(vec![expired(), expired()]).await;
    assert_eq!((outcome.unwrap_err().class, requests), (Class::Denied, 2));
    let (outcome, requests) = lone(vec![not_sent(), not_sent(), not_sent(), not_sent()]).await;
    assert_eq!(
        (outcome.unwrap_err().class, requests),
        (Class::RetryAfter { after_ms: None }, 4)
    );
    let long = Ok(reply_with(429, &[("retry-after", "120")], &json!(null)));
    let (outcome, requests) = lone(vec![long]).await;
    assert_eq!(
        outcome.unwrap_err().retry_after_ms(),
        Some(120_000),
        "a long wait is the engine's"
    );
    assert_eq!(requests, 1);
}

#[tokio::test(start_paused = true)]
async fn writes_on_one_object_never_overlap_even_when_they_go_alone() {
    let script = Script::new(|_| Ok(reply(204, &json!(null))));
    let tenant = connection(&script);
    let ctx = Ctx::of(Purpose::Apply);
    let write = |id: &str, name: &str| {
        tenant.graph.write(
            &ctx,
            Call::patch(Path::of(["users", id]), json!({ "displayName": name })),
        )
    };
    let (a, b, c) = tokio::join!(
        write("u", "first"),
        write("u", "second"),
        write("other", "third")
    );
    a.and(b).and(c).unwrap();
    let calls = script.calls();
    let at = |name: &str| {
        calls
            .iter()
            .find(|seen| seen.json()["displayName"] == name)
            .unwrap()
            .at
    };
    assert!(
        at("second") - at("first") >= std::time::Duration::from_millis(40),
        "after the first was answered"
    );
    assert!(at("third") < at("second"), "another object does not wait");
}

#[tokio::test(start_paused = true)]
async fn a_batch_waits_for_a_write_on_the_same_object() {
    let script = Script::new(|seen| {
        if seen.is_batch() {
            return batch_reply(
                seen,
                |item| json!({ "status": 200, "body": { "did": name_of(item) } }),
            );
        }
        Ok(reply(204, &json!(null)))
    });
    let tenant = connection(&script);
    let ctx = Ctx::of(Purpose::Apply);
    let alone = tenant.graph.write(
        &ctx,
        Call::patch(Path::of(["users", "U"]), json!({ "mail": "x" })),
    );
    let (alone, batch) = tokio::join!(alone, contain(&tenant));
    alone.unwrap();
    assert!(batch.iter().all(Result::is_ok));
    let calls = script.calls();
    assert!(!calls[0].is_batch() && calls[1].is_batch());
    assert!(calls[1].at - calls[0].at >= std::time::Duration::from_millis(40));
}
