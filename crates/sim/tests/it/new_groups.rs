//! Groups that callers make, and the licences that come through them.

use serde_json::{Value, json};

use crate::client::{Client, contoso, link};
use crate::joiners::{E3, made, refusal};

/// A body that Graph accepts, with some of it replaced.
fn of(changes: Value) -> Value {
    let mut group = json!({"displayName": "Starters", "mailEnabled": false, "mailNickname": "starters", "securityEnabled": true});
    for (name, value) in changes.as_object().unwrap() {
        group[name] = value.clone();
    }
    group
}

fn url(id: &str) -> String {
    format!("https://graph.microsoft.com/v1.0/users/{id}")
}

#[tokio::test(start_paused = true)]
async fn what_the_directory_does_not_make_is_refused() {
    let client = Client::calm().await;
    let nora = contoso("user nora.lindqvist");
    for name in [
        "displayName",
        "mailEnabled",
        "mailNickname",
        "securityEnabled",
    ] {
        let got = client.post("/groups", of(json!({name: null}))).await;
        let text = format!("A value is required for property '{name}' of resource 'Group'.");
        assert_eq!(refusal(&got), (400, name, text.as_str()));
    }
    let got = client
        .post("/groups", of(json!({"mailEnabled": true})))
        .await;
    assert_eq!(
        got.message(),
        "Cannot Create a mail-enabled security groups and or distribution list."
    );
    let got = client
        .post("/groups", of(json!({"groupTypes": ["DynamicMembership"]})))
        .await;
    assert_eq!(
        got.message(),
        "A value is required for property 'membershipRule'."
    );
    for wrong in [
        json!({"securityEnabled": false}),
        json!({"mailNickname": "a b"}),
        json!({"groupTypes": ["Other"]}),
        json!({"visibility": "Hidden"}),
        json!({"colour": "red"}),
        json!({"members@odata.bind": vec![url(&nora); 21]}),
        json!({"members@odata.bind": [url(&nora), url(&nora)]}),
    ] {
        assert_eq!(
            client.post("/groups", of(wrong.clone())).await.status,
            400,
            "{wrong}"
        );
    }
    assert!(client.sandbox.log().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_microsoft_365_group_has_its_address_at_once() {
    let client = Client::calm().await;
    let (nora, tomas) = (contoso("user nora.lindqvist"), contoso("user tomas.novak"));
    let unified = of(json!({
        "mailEnabled": true, "securityEnabled": false, "groupTypes": ["Unified"],
        "owners@odata.bind": [url(&nora)], "members@odata.bind": [url(&nora), url(&tomas)],
    }));
    let got = client.post("/groups", unified.clone()).await;
    assert_eq!(got.status, 201, "{}", got.message());
    assert_eq!(
        (&got.body["mail"], &got.body["visibility"]),
        (&json!("starters@contoso.example"), &json!("Public"))
    );
    let group = client.group(got.body["id"].as_str().unwrap());
    assert_eq!(
        (group.members, group.owners),
        ([nora.clone(), tomas].into(), [nora].into())
    );
    let again = client.post("/groups", unified).await;
    assert_eq!(refusal(&again).1, "mailNickname");
    let names = client
        .get("/groups?$filter=groupTypes/any(kind:kind eq 'Unified')&$select=displayName")
        .await
        .column("displayName");
    assert!(names.contains(&"Starters".to_owned()) && !names.contains(&"VPN Users".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_rule_decides_who_is_in() {
    let client = Client::calm().await;
    // A rule decides who is in; nobody else does.
    let rule = json!({
        "groupTypes": ["DynamicMembership"], "displayName": "Sales by rule", "mailNickname": "sales.rule",
        "membershipRule": "user.department -eq \"Sales\"", "membershipRuleProcessingState": "On",
    });
    let got = client.post("/groups", of(rule)).await;
    let id = got.body["id"].as_str().unwrap();
    client.get("/groups").await;
    assert!(
        client
            .group(id)
            .members
            .contains(&contoso("user henrik.dahl"))
    );
    let got = client
        .post(
            &format!("/groups/{id}/members/$ref"),
            link(&contoso("user liam.byrne")),
        )
        .await;
    assert!(got.status == 400 && got.message().contains("DynamicMembership"));
    let found = client
        .get("/groups?$filter=startswith(displayName,'Sales')&$select=id,displayName")
        .await;
    let names = found.column("displayName");
    assert!(names.contains(&"Sales by rule".to_owned()), "{names:?}");
    assert!(
        names.iter().all(|name| name.starts_with("Sales")),
        "{names:?}"
    );
    let expanded = client
        .get(&format!(
            "/groups/{id}?$expand=members($select=id,displayName)"
        ))
        .await;
    assert_eq!(expanded.body["members"][0].as_object().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_licence_group_gives_late_and_without_the_plans_it_disables() {
    let client = Client::calm().await;
    let id = made(&client, json!({"usageLocation": "SE"})).await;
    let group = json!({
        "@odata.type": "#microsoft.graph.group", "displayName": "Licence Starters", "description": "Starters",
        "mailEnabled": false, "mailNickname": "licence.starters", "securityEnabled": true, "groupTypes": [],
    });
    let got = client.post("/groups", group).await;
    assert_eq!(got.status, 201, "{}", got.message());
    let group = got.body["id"].as_str().unwrap().to_owned();
    let plans: Vec<String> = client.truth().skus[E3]
        .plans
        .keys()
        .take(2)
        .cloned()
        .collect();
    let assign = async |plans: &[String]| {
        let wish =
            json!({"addLicenses": [{"skuId": E3, "disabledPlans": plans}], "removeLicenses": []});
        let got = client
            .post(&format!("/groups/{group}/assignLicense"), wish)
            .await;
        assert_eq!(got.status, 202, "{}", got.message());
    };
    let held = async || {
        client.get("/users").await;
        client.truth().users[&id].licences.clone()
    };
    assign(&plans[..1]).await;
    let members = format!("/groups/{group}/members/$ref");
    assert_eq!(client.post(&members, link(&id)).await.status, 204);
    let licences = held().await;
    assert_eq!(
        (licences.len(), &licences[0].disabled_plans),
        (1, &plans[..1].to_vec())
    );
    assert_eq!(licences[0].assigned_by_group.as_ref(), Some(&group));
    assign(&plans[1..]).await;
    let licences = held().await;
    assert_eq!(
        (licences.len(), &licences[0].disabled_plans),
        (1, &plans[1..].to_vec())
    );
    let read = client
        .get(&format!(
            "/groups/{group}?$select=assignedLicenses,licenseProcessingState"
        ))
        .await;
    assert_eq!(
        read.body["assignedLicenses"][0]["disabledPlans"],
        json!(&plans[1..])
    );
    assert_eq!(
        read.body["licenseProcessingState"]["state"],
        "ProcessingComplete"
    );
    let other = client.delete(&format!("/groups/{group}/members/$ref?@id=https://graph.microsoft.com/v1.0/directoryObjects/{id}")).await;
    assert_eq!(other.status, 204, "{}", other.message());
    assert!(held().await.is_empty());
}
