//! `$batch`: each item for itself.

use serde_json::{Value, json};
use sim::{Effect, Faults, Rule, worlds};
use transport::Method;

use crate::client::{Client, contoso, start};

fn get(id: &str, url: &str) -> Value {
    json!({"id": id, "method": "GET", "url": url})
}

fn patch(id: &str, title: &str, depends_on: &[&str]) -> Value {
    json!({
        "id": id, "method": "PATCH", "url": format!("/users/{}", contoso("user nora.lindqvist")),
        "headers": {"Content-Type": "application/json"}, "body": {"jobTitle": title}, "dependsOn": depends_on,
    })
}

fn status(body: &Value, id: &str) -> u64 {
    let responses = body["responses"].as_array().unwrap();
    responses
        .iter()
        .find(|response| response["id"] == id)
        .unwrap()["status"]
        .as_u64()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn answers_come_in_any_order_and_one_by_one() {
    let client = Client::calm().await;
    let requests: Vec<Value> = (0..20)
        .map(|n| get(&n.to_string(), "/organization?$select=id"))
        .collect();
    let got = client.post("/$batch", json!({"requests": requests})).await;
    let ids: Vec<String> = got.body["responses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect();
    let in_order: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    assert_ne!(ids, in_order);
    assert_eq!(
        ids.iter().collect::<std::collections::BTreeSet<_>>().len(),
        20
    );
    let requests = json!([
        get("a", "/organization"),
        get("b", "/users/nobody@contoso.example"),
        get("c", "/nonsense")
    ]);
    let got = client.post("/$batch", json!({"requests": requests})).await;
    assert_eq!(
        ["a", "b", "c"].map(|id| status(&got.body, id)),
        [200, 404, 400]
    );
    assert_eq!(
        client
            .sandbox
            .requests()
            .iter()
            .filter(|seen| seen.part_of.is_none() && seen.path.contains("batch"))
            .count(),
        2
    );
}

#[tokio::test(start_paused = true)]
async fn a_malformed_batch_does_nothing() {
    let client = Client::calm().await;
    let many: Vec<Value> = (0..21)
        .map(|n| get(&n.to_string(), "/organization"))
        .collect();
    let mut bare = patch("2", "x", &[]);
    bare["headers"] = json!({});
    for requests in [
        json!(many),
        json!([patch("1", "x", &[]), get("1", "/organization")]),
        json!([patch("1", "x", &[]), bare]),
        json!([patch("1", "x", &["nowhere"])]),
        json!([]),
    ] {
        let got = client.post("/$batch", json!({"requests": requests})).await;
        assert_eq!(got.status, 400, "{requests}");
    }
    assert!(client.sandbox.log().is_empty());
}

#[tokio::test(start_paused = true)]
async fn dependents_of_a_failure_are_not_executed() {
    let faults = Faults::calm().with(
        Rule::once(Effect::Throttle {
            retry_after_s: Some(2.128),
        })
        .on(&Method::PATCH, "/users/"),
    );
    let client = Client::of(worlds::demo(start()), faults, worlds::CONTOSO).await;
    let requests = json!([
        patch("1", "one", &[]),
        patch("2", "two", &["1"]),
        patch("3", "three", &["2"])
    ]);
    let got = client.post("/$batch", json!({"requests": requests})).await;
    assert_eq!(got.status, 200);
    assert_eq!(
        ["1", "2", "3"].map(|id| status(&got.body, id)),
        [429, 424, 424]
    );
    let throttled = got.body["responses"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == "1")
        .unwrap()
        .clone();
    assert_eq!(throttled["headers"]["Retry-After"], "2.128");
    assert!(client.sandbox.log().is_empty());
    let got = client.post("/$batch", json!({"requests": requests})).await;
    assert_eq!(
        ["1", "2", "3"].map(|id| status(&got.body, id)),
        [204, 204, 204]
    );
    assert_eq!(
        client.truth().users[&contoso("user nora.lindqvist")]
            .job_title
            .as_deref(),
        Some("three")
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_item_cuts_the_whole_connection() {
    let faults = Faults::calm().with(Rule::once(Effect::LoseReply).on(&Method::PATCH, "/users/"));
    let client = Client::of(worlds::demo(start()), faults, worlds::CONTOSO).await;
    let body = json!({"requests": [patch("1", "one", &[]), get("2", "/organization")]});
    let got = client.send(Method::POST, "/$batch", body, &[]).await;
    assert!(matches!(got, Err(transport::Failure::Cut(_))));
    assert_eq!(
        client.truth().users[&contoso("user nora.lindqvist")]
            .job_title
            .as_deref(),
        Some("one")
    );
}
