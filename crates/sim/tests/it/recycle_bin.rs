//! The recycle bin: names in it are free, and who comes back must find them free.

use serde_json::{Value, json};
use sim::world::Group;
use sim::{Faults, worlds};

use crate::client::{Client, contoso, wait, world};
use crate::joiners::{body, made, refusal};

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_conflicts_and_one_in_the_bin_does_not() {
    let sales = contoso("group Sales Team");
    let nora = contoso("user nora.lindqvist");
    let world = world(worlds::CONTOSO, |tenant| {
        let user = tenant.users.get_mut(&nora).unwrap();
        user.proxy_addresses
            .push("smtp:nora.old@contoso.example".to_owned());
        let group: &mut Group = tenant.groups.get_mut(&sales).unwrap();
        group.mail = Some("sales.team@contoso.example".to_owned());
    });
    let client = Client::of(world, Faults::calm(), worlds::CONTOSO).await;
    let named = |upn: &str| body(json!({"userPrincipalName": upn}));
    for (upn, property) in [
        ("Nora.Lindqvist@Contoso.example", "userPrincipalName"),
        ("nora.old@contoso.example", "proxyAddresses"),
        ("sales.team@contoso.example", "proxyAddresses"),
    ] {
        let got = client.post("/users", named(upn)).await;
        let text =
            format!("Another object with the same value for property {property} already exists.");
        assert_eq!(refusal(&got), (400, property, text.as_str()), "{upn}");
        assert_eq!(got.body["error"]["details"][0]["code"], "ObjectConflict");
    }
    let id = made(&client, json!({})).await;
    let again = client.post("/users", body(json!({}))).await;
    assert_eq!(refusal(&again).1, "userPrincipalName");
    let path = format!("/users/{id}");
    let renamed = client
        .patch(
            &path,
            json!({"userPrincipalName": "nora.old@contoso.example"}),
        )
        .await;
    assert_eq!(refusal(&renamed).1, "proxyAddresses");
    let own = client
        .patch(
            &path,
            json!({"userPrincipalName": "Elif.Kaya@contoso.example"}),
        )
        .await;
    assert_eq!(
        own.status, 204,
        "one's own name in other letters is no conflict"
    );
    // A deleted person holds no name, and cannot come back to one that is taken.
    assert_eq!(client.delete(&path).await.status, 204);
    let heir = made(&client, json!({})).await;
    let restore = format!("/directory/deletedItems/{id}/restore");
    let got = client.post(&restore, Value::Null).await;
    assert_eq!(refusal(&got).1, "userPrincipalName");
    assert_eq!(client.delete(&format!("/users/{heir}")).await.status, 204);
    assert_eq!(
        client
            .post(&restore, json!({"newUserPrincipalName": "x"}))
            .await
            .status,
        400
    );
    assert_eq!(client.post(&restore, json!({})).await.status, 200);
    assert!(client.truth().users.contains_key(&id));
}

#[tokio::test(start_paused = true)]
async fn nobody_comes_back_to_an_address_that_was_given_away() {
    let client = Client::calm().await;
    let tomas = contoso("user tomas.novak");
    let address = "tomas.novak@contoso.example";
    assert_eq!(client.delete(&format!("/users/{tomas}")).await.status, 204);
    let group = json!({
        "displayName": "Tomas fans", "mailEnabled": true, "mailNickname": "tomas.novak",
        "securityEnabled": false, "groupTypes": ["Unified"],
    });
    let got = client.post("/groups", group).await;
    assert_eq!((got.status, &got.body["mail"]), (201, &json!(address)));
    let got = client
        .post(
            &format!("/directory/deletedItems/{tomas}/restore"),
            Value::Null,
        )
        .await;
    assert_eq!(refusal(&got).1, "proxyAddresses");
    // Gone for good after thirty days, or at once when asked.
    wait(30 * 86_400).await;
    let client = Client::on(client.sandbox, worlds::CONTOSO).await;
    assert_eq!(
        client
            .get(&format!("/directory/deletedItems/{tomas}"))
            .await
            .status,
        404
    );
    let henrik = contoso("user henrik.dahl");
    assert_eq!(client.delete(&format!("/users/{henrik}")).await.status, 204);
    let item = format!("/directory/deletedItems/{henrik}");
    let filter = "/directory/deletedItems/microsoft.graph.user?$select=id&$filter=displayName eq 'Henrik Dahl'";
    assert_eq!(
        client.get(filter).await.column("id"),
        std::slice::from_ref(&henrik)
    );
    assert_eq!(client.delete(&item).await.status, 204);
    assert_eq!(client.delete(&item).await.status, 404);
    assert!(client.get(filter).await.column("id").is_empty());
}
