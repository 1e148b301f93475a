//! Reads are repeated within a short patience, and pages are followed, but never to another host.

use connectors::graph::Path;
use connectors::{Ctx, Listing, Purpose};
use futures::future::join_all;
use serde_json::{Value, json};
use transport::{Class, Failure};

use crate::script::{GRAPH, Script, batch_reply, connection, graph_error, reply, reply_with};

#[tokio::test(start_paused = true)]
async fn a_read_is_repeated_after_anything_that_may_pass() {
    let mut answers = vec![
        Err(Failure::Cut("reset".to_owned())),
        Ok(reply(502, &json!(null))),
        Ok(reply_with(429, &[("retry-after", "2.128")], &json!(null))),
        Ok(reply(200, &json!({ "id": "u" }))),
    ]
    .into_iter();
    let script = Script::new(move |_| answers.next().unwrap());
    let tenant = connection(&script);
    tenant
        .graph
        .get(&Ctx::of(Purpose::Plan), &Path::of(["users", "u"]))
        .await
        .unwrap();
    let calls = script.calls();
    assert_eq!(calls.len(), 4);
    let gap = |n: usize| (calls[n + 1].at - calls[n].at).as_millis();
    // Each wait ends at the next quarter of a second, so that what was refused together goes again together.
    assert!(
        (500..850).contains(&gap(0)),
        "half of the first second: {}",
        gap(0)
    );
    assert!((1000..1350).contains(&gap(1)), "doubled: {}", gap(1));
    assert!(
        (2128..2478).contains(&gap(2)),
        "what the vendor said, decimals included: {}",
        gap(2)
    );
}

#[tokio::test(start_paused = true)]
async fn a_read_that_keeps_failing_or_is_refused_comes_back() {
    let script = Script::new(|_| Ok(reply(504, &json!(null))));
    let tenant = connection(&script);
    let ctx = Ctx::of(Purpose::Plan);
    let error = tenant
        .graph
        .get(&ctx, &Path::of(["users", "u"]))
        .await
        .unwrap_err();
    assert_eq!((error.class, script.calls().len()), (Class::Unknown, 4));

    let script = Script::new(|_| {
        Ok(reply(
            404,
            &graph_error("Request_ResourceNotFound", "Resource 'u' does not exist"),
        ))
    });
    let tenant = connection(&script);
    let error = tenant
        .graph
        .get(&ctx, &Path::of(["users", "u"]))
        .await
        .unwrap_err();
    assert_eq!((error.class, script.calls().len()), (Class::Missing, 1));
    assert_eq!(error.sent.request_id.as_deref(), Some("vendor-inner"));
}

#[tokio::test(start_paused = true)]
async fn only_the_throttled_item_of_a_batch_goes_again() {
    let mut throttle = true;
    let script = Script::new(move |seen| {
        if !seen.is_batch() {
            return Ok(reply(200, &json!({ "id": "again" })));
        }
        batch_reply(seen, |item| match item["url"].as_str() {
            Some("/users/b") if std::mem::take(&mut throttle) => {
                json!({ "status": 429, "headers": { "Retry-After": "3" } })
            }
            _ => json!({ "status": 200, "body": {} }),
        })
    });
    let tenant = connection(&script);
    let ctx = Ctx::of(Purpose::Plan);
    let paths = ["a", "b", "c"].map(|id| Path::of(["users", id]));
    for outcome in join_all(paths.iter().map(|path| tenant.graph.get(&ctx, path))).await {
        outcome.unwrap();
    }
    let calls = script.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[1].url, format!("{GRAPH}/users/b"));
    assert!((calls[1].at - calls[0].at).as_secs_f64() >= 3.0);
}

async fn list(next: &'static str) -> (Result<Listing, connectors::Error>, Vec<String>) {
    let script = Script::new(move |seen| {
        let body = if seen.url.contains("skiptoken") {
            json!({ "value": [{ "id": "2" }] })
        } else {
            json!({ "value": [{ "id": "1" }], "@odata.nextLink": next })
        };
        Ok(reply(200, &body))
    });
    let tenant = connection(&script);
    let path = Path::of(["users", "u", "memberOf"]).select(&["id"]);
    let listing = tenant.graph.list(&Ctx::of(Purpose::Plan), &path).await;
    (
        listing,
        script.calls().into_iter().map(|seen| seen.url).collect(),
    )
}

#[tokio::test(start_paused = true)]
async fn pages_are_followed_as_they_are_on_the_same_host_only() {
    let link =
        "https://graph.microsoft.com/v1.0/users/u/memberOf?$select=id&$skiptoken=RFNw%2BdA%3D%3D";
    let (listing, urls) = list(link).await;
    let ids: Vec<Value> = listing
        .unwrap()
        .entries
        .iter()
        .map(|entry| entry["id"].clone())
        .collect();
    assert_eq!(ids, ["1", "2"]);
    assert_eq!(urls[1], link);

    for elsewhere in [
        "https://graph.microsoft.com.evil.example/v1.0/x?$skiptoken=1",
        "http://graph.microsoft.com/v1.0/x?$skiptoken=1",
        "https://graph.microsoft.com:8443/v1.0/x?$skiptoken=1",
        "https://name@graph.microsoft.com/v1.0/x?$skiptoken=1",
    ] {
        let (listing, urls) = list(elsewhere).await;
        assert_eq!(
            (listing.unwrap_err().class, urls.len()),
            (Class::Invalid, 1),
            "{elsewhere}"
        );
    }
    let (listing, urls) = list("https://graph.microsoft.com/v1.0/users/u/memberOf?page=1").await;
    assert!(listing.is_err());
    assert_eq!(urls.len(), 2, "a link that leads to itself ends");
}

#[tokio::test(start_paused = true)]
async fn ids_and_values_stay_in_their_place() {
    let script = Script::new(|_| Ok(reply(200, &json!({ "value": [] }))));
    let tenant = connection(&script);
    let path = Path::of(["users", "guest#EXT#@x/../y?z", "memberOf", "$count"])
        .filter(&format!(
            "displayName eq {}",
            connectors::graph::quoted("O'Neil & co#1")
        ))
        .eventual();
    tenant
        .graph
        .get(&Ctx::of(Purpose::Plan), &path)
        .await
        .unwrap();
    let call = &script.calls()[0];
    assert_eq!(
        call.url,
        format!(
            "{GRAPH}/users/guest%23EXT%23@x%2F..%2Fy%3Fz/memberOf/$count\
             ?$filter=displayName%20eq%20'O''Neil%20%26%20co%231'&$count=true"
        )
    );
    assert_eq!(call.headers["consistencylevel"], "eventual");
}
