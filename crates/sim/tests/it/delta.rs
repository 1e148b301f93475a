//! Change tracking: everything once, then what changed, and nothing lost in between.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sim::{Faults, Temper, worlds};
use transport::Method;

use crate::client::{Client, Got, contoso, link, start, wait};

/// Follows the pages to the delta link; the items on the way, and the link.
async fn followed(client: &Client, first: &str) -> (Vec<Value>, String, usize) {
    let (mut items, mut next, mut pages) = (Vec::new(), first.to_owned(), 0);
    loop {
        let page = client.get(&next).await;
        assert_eq!(page.status, 200, "{}", page.message());
        pages += 1;
        items.extend(page.body["value"].as_array().unwrap().iter().cloned());
        if let Some(link) = page.body["@odata.deltaLink"].as_str() {
            assert!(page.body.get("@odata.nextLink").is_none());
            return (items, link.to_owned(), pages);
        }
        page.body["@odata.nextLink"]
            .as_str()
            .unwrap()
            .clone_into(&mut next);
    }
}

fn ids(items: &[Value]) -> BTreeSet<String> {
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn everything_once_and_then_what_changed() {
    let client = Client::calm().await;
    // The form that client libraries write.
    let (items, link, pages) = followed(
        &client,
        "/users/delta()?$select=displayName,jobTitle,accountEnabled&$top=5",
    )
    .await;
    let truth: BTreeSet<String> = client.truth().users.keys().cloned().collect();
    assert_eq!((ids(&items), items.len()), (truth.clone(), truth.len()));
    assert!(pages > 2);
    assert!(items[0].get("mail").is_none() && items[0].get("accountEnabled").is_some());
    let (nothing, link, _) = followed(&client, &link).await;
    assert!(nothing.is_empty());
    let (nora, tomas, amira) = (
        contoso("user nora.lindqvist"),
        contoso("user tomas.novak"),
        contoso("user amira.haddad"),
    );
    client
        .patch(&format!("/users/{nora}"), json!({"jobTitle": null}))
        .await;
    // Not tracked, so not told.
    client
        .patch(&format!("/users/{amira}"), json!({"city": "Malmö"}))
        .await;
    client.delete(&format!("/users/{tomas}")).await;
    let (changes, later, _) = followed(&client, &link).await;
    assert_eq!(ids(&changes), [nora.clone(), tomas.clone()].into());
    let of = |id: &str| changes.iter().find(|item| item["id"] == id).unwrap();
    assert_eq!(of(&tomas)["@removed"]["reason"], "changed");
    assert_eq!(of(&nora)["jobTitle"], Value::Null);
    assert!(
        of(&nora).as_object().unwrap().contains_key("jobTitle"),
        "what was emptied is shown"
    );
    assert_eq!(of(&nora)["displayName"], "Nora Lindqvist");
    // The same link again tells the same again.
    assert_eq!(followed(&client, &link).await.0, changes);
    client
        .delete(&format!("/directory/deletedItems/{tomas}"))
        .await;
    let (changes, _, _) = followed(&client, &later).await;
    assert_eq!(
        changes,
        [json!({"id": tomas, "@removed": {"reason": "deleted"}})]
    );
    let prefer = [("prefer", "return=minimal")];
    let minimal: Got = client
        .send(Method::GET, &link, Value::Null, &prefer)
        .await
        .unwrap();
    let shown = minimal.body["value"].as_array().unwrap();
    let shown = shown.iter().find(|item| item["id"] == nora).unwrap();
    assert_eq!(shown, &json!({"id": nora, "jobTitle": null}));
    assert_eq!(minimal.headers["preference-applied"], "return=minimal");
}

#[tokio::test(start_paused = true)]
async fn a_person_who_comes_back_is_told_whole() {
    let client = Client::calm().await;
    let latest = client.get("/users/delta?$deltatoken=latest").await;
    assert_eq!(latest.body["value"], json!([]));
    let link = latest.body["@odata.deltaLink"].as_str().unwrap();
    let tomas = contoso("user tomas.novak");
    client.delete(&format!("/users/{tomas}")).await;
    client
        .post(
            &format!("/directory/deletedItems/{tomas}/restore"),
            Value::Null,
        )
        .await;
    let (changes, _, _) = followed(&client, link).await;
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0]["displayName"], "Tomas Novak");
}

#[tokio::test(start_paused = true)]
async fn no_change_is_lost_or_told_twice_while_replicas_lag() {
    let quiet = Faults {
        temper: Temper {
            stray_429: 0.0,
            ..Temper::default()
        },
        ..Faults::default()
    };
    let client = Client::of(worlds::demo(start()), quiet, worlds::CONTOSO).await;
    let (_, mut link, _) = followed(&client, "/users/delta?$select=jobTitle").await;
    let nora = contoso("user nora.lindqvist");
    let mut told = Vec::new();
    for round in 0..12 {
        if round < 6 {
            client
                .patch(
                    &format!("/users/{nora}"),
                    json!({"jobTitle": format!("Title {round}")}),
                )
                .await;
        }
        let (items, next, _) = followed(&client, &link).await;
        link = next;
        if let Some(item) = items.iter().find(|item| item["id"] == nora) {
            told.push(item["jobTitle"].as_str().unwrap().to_owned());
        }
        wait(1).await;
    }
    // The last one is told in the end, and each at most once, in order.
    assert_eq!(told.last().unwrap(), "Title 5");
    assert!(told.is_sorted_by(|left, right| left < right), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn members_of_groups_are_tracked() {
    let client = Client::calm().await;
    let group = contoso("group VPN Users");
    let (items, delta, _) = followed(&client, "/groups/delta?$select=displayName,members").await;
    let vpn = items.iter().find(|item| item["id"] == group).unwrap();
    assert_eq!(vpn["members@delta"].as_array().unwrap().len(), 3);
    let (nora, henrik) = (contoso("user nora.lindqvist"), contoso("user henrik.dahl"));
    client
        .delete(&format!("/groups/{group}/members/{nora}/$ref"))
        .await;
    client
        .post(&format!("/groups/{group}/members/$ref"), link(&henrik))
        .await;
    let (items, _, _) = followed(&client, &delta).await;
    let kind = "#microsoft.graph.user";
    let wanted = json!([
        {"@odata.type": kind, "id": henrik},
        {"@odata.type": kind, "id": nora, "@removed": {"reason": "deleted"}},
    ]);
    assert_eq!((items.len(), &items[0]["members@delta"]), (1, &wanted));
}

#[tokio::test(start_paused = true)]
async fn chosen_people_only_and_no_other_questions() {
    let client = Client::calm().await;
    let (nora, henrik, amira) = (
        contoso("user nora.lindqvist"),
        contoso("user henrik.dahl"),
        contoso("user amira.haddad"),
    );
    let path = format!("/users/delta?$filter=id eq '{nora}' or id eq '{henrik}'");
    let (items, link, _) = followed(&client, &path).await;
    assert_eq!(ids(&items), [nora.clone(), henrik].into());
    for id in [&nora, &amira] {
        client
            .patch(&format!("/users/{id}"), json!({"jobTitle": "Other"}))
            .await;
    }
    assert_eq!(ids(&followed(&client, &link).await.0), [nora].into());
    for query in [
        "$filter=startswith(displayName,'N')",
        "$orderby=displayName",
        "$expand=manager",
        "$count=true",
        "$search=\"displayName:x\"",
    ] {
        let got = client.get(&format!("/users/delta?{query}")).await;
        assert_eq!(
            (got.status, got.code()),
            (400, "Request_UnsupportedQuery"),
            "{query}"
        );
    }
    assert_eq!(
        client.get("/users/delta?$select=shoeSize").await.code(),
        "BadRequest"
    );
    assert_eq!(
        client.get("/users/delta?$deltatoken=nonsense").await.status,
        400
    );
    let foreign = link.replace("/users/", "/groups/");
    assert_eq!(
        client.get(&foreign).await.status,
        400,
        "a token of users is none of groups"
    );
    let narrow = Client::with_roles(&["User.ReadBasic.All"]).await;
    assert_eq!(narrow.get("/users/delta").await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn an_old_link_or_one_of_another_log_begins_anew() {
    let client = Client::calm().await;
    let (_, link, _) = followed(&client, "/users/delta").await;
    wait(8 * 86_400).await;
    let later = Client::on(client.sandbox, worlds::CONTOSO).await;
    let gone = later.get(&link).await;
    assert_eq!((gone.status, gone.code()), (410, "resyncRequired"));
    let location = gone.headers["location"].to_str().unwrap();
    assert!(
        location.ends_with("/users/delta?$deltatoken="),
        "{location}"
    );
    let (items, _, _) = followed(&later, location).await;
    assert!(!items.is_empty());
    // A sandbox that was started again has a new log.
    let restarted = sim::Sandbox::new(
        later.sandbox.world(),
        Faults::calm(),
        11,
        "2026-09-01T09:00:00Z".parse().unwrap(),
    );
    let restarted = Client::on(restarted, worlds::CONTOSO).await;
    assert_eq!(restarted.get(&link).await.status, 410);
}
