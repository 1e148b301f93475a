//! New people: their accounts, managers and licences.

use serde_json::{Value, json};
use sim::{Faults, Temper, worlds};
use transport::Method;

use crate::client::{Client, Got, contoso, link, start, wait, world};

const PASSWORD: &str = "nT5#kk2-Zw9!pq";
pub(crate) const E3: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";
const BUSINESS: &str = "f245ecc8-75af-4f8e-b61f-27d8114de5f3";
const POWER_BI: &str = "f8a1db68-be16-40ed-86d5-cb42ce701560";

/// A body that Graph accepts, with some of it replaced; null takes a property out.
pub(crate) fn body(changes: Value) -> Value {
    let mut whole = json!({
        "accountEnabled": true,
        "displayName": "Elif Kaya",
        "mailNickname": "elif.kaya",
        "userPrincipalName": "elif.kaya@contoso.example",
        "passwordProfile": {"password": PASSWORD, "forceChangePasswordNextSignIn": true},
    });
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            whole.as_object_mut().unwrap().remove(name);
        } else {
            whole[name] = value.clone();
        }
    }
    whole
}

pub(crate) async fn made(client: &Client, changes: Value) -> String {
    let got = client.post("/users", body(changes)).await;
    assert_eq!(got.status, 201, "{}", got.message());
    got.body["id"].as_str().unwrap().to_owned()
}

/// Code, target of the details, and text of a refusal.
pub(crate) fn refusal(got: &Got) -> (u16, &str, &str) {
    let target = got.body["error"]["details"][0]["target"].as_str();
    (got.status, target.unwrap_or(""), got.message())
}

#[tokio::test(start_paused = true)]
async fn a_full_profile_is_kept_and_read_back() {
    let client = Client::calm().await;
    let profile = json!({
        "@odata.type": "#microsoft.graph.user",
        "givenName": "Elif", "surname": "Kaya", "department": "Finance", "jobTitle": "Analyst",
        "companyName": "Contoso", "officeLocation": "Stockholm", "employeeId": "C9001",
        "employeeType": "Employee", "employeeHireDate": "2026-10-01T00:00:00Z",
        "employeeOrgData": {"division": "Nordics", "costCenter": "4711"},
        "usageLocation": "SE", "preferredLanguage": "sv-SE", "mobilePhone": "+46 70 000 00 00",
        "businessPhones": ["+46 8 000 00 00"], "otherMails": ["elif@private.example"],
        "city": "Stockholm", "country": "Sweden", "state": "Stockholm", "streetAddress": "Hamngatan 1",
        "postalCode": "111 47", "onPremisesExtensionAttributes": {"extensionAttribute1": "ticket 7"},
    });
    let got = client.post("/users", body(profile.clone())).await;
    assert_eq!(got.status, 201, "{}", got.message());
    let id = got.body["id"].as_str().unwrap();
    assert!(got.headers["location"].to_str().unwrap().contains(id));
    assert!(got.body.get("accountEnabled").is_none(), "{}", got.body);
    let names: Vec<&str> = profile
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .filter(|name| !name.starts_with('@') && *name != "onPremisesExtensionAttributes")
        .collect();
    let path = format!("/users/{id}?$select={}", names.join(","));
    let read = client.get(&path).await;
    for name in names {
        assert_eq!(read.body[name], profile[name], "{name}");
    }
    let path = format!(
        "/users/{id}?$select=accountEnabled,createdDateTime,mail,proxyAddresses,onPremisesExtensionAttributes,userType,passwordProfile"
    );
    let read = client.get(&path).await.body;
    assert_eq!(read["createdDateTime"], "2026-09-01T08:00:00Z");
    assert_eq!(read["userType"], "Member");
    assert_eq!(
        read["onPremisesExtensionAttributes"]["extensionAttribute1"],
        "ticket 7"
    );
    // Addresses come with the mailbox; the password never comes back.
    assert_eq!(
        (&read["mail"], &read["proxyAddresses"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(read["passwordProfile"], Value::Null);
    let log = serde_json::to_string(&client.sandbox.log()).unwrap();
    assert!(!log.contains(PASSWORD));
    assert!(!log.contains(&client.truth().users[id].password_hash));
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_or_malformed_is_named() {
    let client = Client::calm().await;
    for name in [
        "accountEnabled",
        "displayName",
        "mailNickname",
        "userPrincipalName",
    ] {
        let got = client.post("/users", body(json!({name: null}))).await;
        let text = format!("Property {name} value is required but is empty or missing.");
        assert_eq!(refusal(&got), (400, name, text.as_str()));
    }
    let got = client
        .post("/users", body(json!({"passwordProfile": null})))
        .await;
    assert_eq!(
        got.message(),
        "A password must be specified to create a new user."
    );
    let weak = json!({"passwordProfile": {"password": "alllowercase"}});
    let got = client.post("/users", body(weak.clone())).await;
    assert_eq!(
        got.message(),
        "The specified password does not comply with password complexity requirements. Please provide a different password."
    );
    for upn in [
        "élif@contoso.example",
        "elif kaya@contoso.example",
        "elif.@contoso.example",
        "elif",
        "@contoso.example",
    ] {
        let got = client
            .post("/users", body(json!({"userPrincipalName": upn})))
            .await;
        let wanted = (
            400,
            "userPrincipalName",
            "Property userPrincipalName is invalid.",
        );
        assert_eq!(refusal(&got), wanted, "{upn}");
    }
    assert!(
        client.sandbox.log().is_empty(),
        "a refused call changes nothing"
    );
    // A policy that waives the strength is taken before the password.
    let mut waived = weak;
    waived["passwordPolicies"] = json!("DisableStrongPassword");
    made(&client, waived).await;
}

#[tokio::test(start_paused = true)]
async fn each_property_takes_only_what_it_may_hold() {
    let client = Client::calm().await;
    let strange = json!({"userPrincipalName": "elif.kaya@elsewhere.example"});
    let got = client.post("/users", body(strange)).await;
    assert!(
        got.message()
            .starts_with("The domain portion of the userPrincipalName")
    );
    for (name, value) in [
        ("mailNickname", json!("elif kaya")),
        ("mailNickname", json!("elif,kaya")),
        ("mailNickname", json!("élif")),
        ("usageLocation", json!("XX")),
        ("usageLocation", json!("Sweden")),
        ("employeeHireDate", json!("2026-10-01")),
        ("employeeId", json!("12345678901234567")),
        ("preferredLanguage", json!("Swedish please")),
        ("businessPhones", json!(["1", "2"])),
        ("otherMails", json!(["nobody"])),
        ("givenName", json!("")),
        ("accountEnabled", json!("yes")),
        ("passwordPolicies", json!("Whatever")),
        (
            "onPremisesExtensionAttributes",
            json!({"extensionAttribute16": "x"}),
        ),
    ] {
        let got = client.post("/users", body(json!({name: value}))).await;
        let text = format!("Invalid value specified for property '{name}' of resource 'User'.");
        assert_eq!(refusal(&got), (400, name, text.as_str()), "{value}");
    }
    assert!(client.sandbox.log().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_nobody_may_write_is_refused() {
    let client = Client::calm().await;
    for name in ["mail", "proxyAddresses", "assignedLicenses"] {
        let got = client
            .post("/users", body(json!({name: "x@contoso.example"})))
            .await;
        let text = format!("Property '{name}' is read-only and cannot be set.");
        assert_eq!(refusal(&got), (400, name, text.as_str()));
    }
    let got = client.post("/users", body(json!({"shoeSize": 41}))).await;
    assert!(
        got.message()
            .contains("does not exist as a declared property")
    );
    let got = client.post("/users", body(json!({"aboutMe": "x"}))).await;
    assert_eq!(
        got.message(),
        "The request is currently not supported on the targeted entity set"
    );
    let got = client
        .post(
            "/users",
            body(json!({"@odata.type": "#microsoft.graph.group"})),
        )
        .await;
    assert_eq!(got.status, 400);
    assert!(client.sandbox.log().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_new_user_is_not_everywhere_at_once() {
    let quiet = Faults {
        temper: Temper {
            stray_429: 0.0,
            ..Temper::default()
        },
        ..Faults::default()
    };
    let client = Client::of(worlds::demo(start()), quiet, worlds::CONTOSO).await;
    let id = made(&client, json!({})).await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..30 {
        seen.insert(client.get(&format!("/users/{id}")).await.status);
    }
    assert!(seen.contains(&404), "{seen:?}");
    // Writes go to the primary.
    let patch = client
        .patch(&format!("/users/{id}"), json!({"jobTitle": "Analyst"}))
        .await;
    assert_eq!(patch.status, 204);
    wait(4).await;
    for _ in 0..10 {
        assert_eq!(
            client.get(&format!("/users/{id}")).await.body["jobTitle"],
            "Analyst"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn creation_needs_its_permissions() {
    let client = Client::with_roles(&["User.Read.All", "User.EnableDisableAccount.All"]).await;
    let got = client.post("/users", body(json!({}))).await;
    assert_eq!(
        (got.status, got.code()),
        (403, "Authorization_RequestDenied")
    );
    let group = json!({"displayName": "X", "mailEnabled": false, "mailNickname": "x", "securityEnabled": true});
    assert_eq!(client.post("/groups", group.clone()).await.status, 403);
    let client = Client::with_roles(&["User.ReadWrite.All", "Group.Create"]).await;
    made(&client, json!({})).await;
    assert_eq!(client.post("/groups", group.clone()).await.status, 201);
    let leave = json!({"userPrincipalName": "b@contoso.example", "employeeLeaveDateTime": "2026-12-31T00:00:00Z"});
    assert_eq!(client.post("/users", body(leave)).await.status, 403);
    let mut assignable = group;
    assignable["isAssignableToRole"] = json!(true);
    assert_eq!(client.post("/groups", assignable).await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn a_federated_domain_asks_for_the_anchor() {
    let world = world(worlds::CONTOSO, |tenant| tenant.domains[0].federated = true);
    let client = Client::of(world, Faults::calm(), worlds::CONTOSO).await;
    let got = client.post("/users", body(json!({}))).await;
    assert_eq!(refusal(&got).1, "onPremisesImmutableId");
    made(
        &client,
        json!({"onPremisesImmutableId": "q83vEjRWeJCrze8SNFZ4kB=="}),
    )
    .await;
    let same = json!({"userPrincipalName": "b@contoso.example", "onPremisesImmutableId": "q83vEjRWeJCrze8SNFZ4kB=="});
    let got = client.post("/users", body(same)).await;
    assert_eq!(refusal(&got), (400, "onPremisesImmutableId", got.message()));
}

#[tokio::test(start_paused = true)]
async fn a_manager_is_replaced_expanded_and_refused() {
    let client = Client::calm().await;
    let id = made(&client, json!({})).await;
    let path = format!("/users/{id}/manager/$ref");
    let put = async |target: Value| client.send(Method::PUT, &path, target, &[]).await.unwrap();
    let users = |who: &str| json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/users/{}", contoso(who))});
    assert_eq!(put(users("user nora.lindqvist")).await.status, 204);
    assert_eq!(put(users("user henrik.dahl")).await.status, 204);
    assert_eq!(
        put(link("00000000-0000-4000-8000-00000000dead"))
            .await
            .status,
        404
    );
    assert_eq!(put(link(&id)).await.status, 400);
    assert_eq!(put(json!({"@odata.id": "nonsense"})).await.status, 400);
    let listed = client
        .get("/users?$filter=displayName eq 'Elif Kaya'&$expand=manager($select=displayName)&$select=id")
        .await;
    assert_eq!(
        listed.body["value"][0]["manager"]["displayName"],
        "Henrik Dahl"
    );
    let got = client.get(&format!("/users/{id}?$expand=memberOf")).await;
    assert!(
        got.message()
            .starts_with("Parsing OData Select and Expand failed")
    );
}

/// The demo world, in which a plan that only E3 has shuts out one that only Business has.
fn rivals() -> sim::World {
    world(worlds::CONTOSO, |tenant| {
        // A plan that only E3 has shuts out one that only Business has.
        let only = |sku: &str, other: &str| {
            let plans = tenant.skus[sku].plans.keys();
            let mut own = plans.filter(|id| !tenant.skus[other].plans.contains_key(*id));
            own.next().unwrap().clone()
        };
        let (mine, other) = (only(E3, BUSINESS), only(BUSINESS, E3));
        let plans = &mut tenant.skus.get_mut(E3).unwrap().plans;
        plans.get_mut(&mine).unwrap().excludes = vec![other];
    })
}

#[tokio::test(start_paused = true)]
async fn licences_are_given_replaced_and_refused() {
    let client = Client::of(rivals(), Faults::calm(), worlds::CONTOSO).await;
    let id = made(&client, json!({})).await;
    let path = format!("/users/{id}/assignLicense");
    let wish = |add: &[&str], remove: &[&str]| {
        let add: Vec<Value> = add.iter().map(|sku| json!({"skuId": sku})).collect();
        json!({"addLicenses": add, "removeLicenses": remove})
    };
    let got = client.post(&path, wish(&[BUSINESS], &[])).await;
    assert_eq!(
        got.message(),
        "License assignment cannot be done for user with invalid usage location."
    );
    client
        .patch(&format!("/users/{id}"), json!({"usageLocation": "SE"}))
        .await;
    let seats = async || {
        let skus = client.get("/subscribedSkus").await;
        let skus = skus.body["value"].as_array().unwrap().clone();
        [BUSINESS, E3].map(|id| {
            skus.iter().find(|sku| sku["skuId"] == id).unwrap()["consumedUnits"]
                .as_u64()
                .unwrap()
        })
    };
    let before = seats().await;
    assert_eq!(client.post(&path, wish(&[BUSINESS], &[])).await.status, 200);
    let got = client.post(&path, wish(&[E3], &[])).await;
    assert!(
        got.message()
            .starts_with("License assignment failed because service plans ")
            && got.message().ends_with(" are mutually exclusive."),
        "{}",
        got.message()
    );
    // Both in one call is a replacement.
    let got = client.post(&path, wish(&[E3], &[BUSINESS])).await;
    assert_eq!(got.status, 200, "{}", got.message());
    assert_eq!(seats().await, [before[0], before[1] + 1]);
    let select = "assignedLicenses,assignedPlans,provisionedPlans,licenseAssignmentStates";
    let read = client
        .get(&format!("/users/{id}?$select={select}"))
        .await
        .body;
    assert_eq!(read["assignedLicenses"][0]["skuId"], E3);
    let state = &read["licenseAssignmentStates"][0];
    assert_eq!(
        (&state["state"], &state["assignedByGroup"]),
        (&json!("Active"), &Value::Null)
    );
    assert!(
        read["assignedPlans"]
            .as_array()
            .unwrap()
            .iter()
            .any(|plan| plan["service"] == "exchange")
    );
    assert!(
        read["provisionedPlans"]
            .as_array()
            .unwrap()
            .iter()
            .any(|plan| plan["service"] == "exchange")
    );
    let mut more = wish(&[], &[]);
    more["usageLocation"] = json!("SE");
    assert_eq!(client.post(&path, more).await.status, 400);
    let strange =
        json!({"addLicenses": [{"skuId": E3, "disabledPlans": [POWER_BI]}], "removeLicenses": []});
    assert_eq!(client.post(&path, strange).await.status, 400);
}
