//! New people: accounts, names that must be free, licences and groups, and the way through the recycle bin.

use serde_json::{Value, json};
use sim::world::Group;
use sim::{Faults, Temper, worlds};
use transport::Method;

use crate::client::{Client, Got, contoso, link, start, wait, world};

const PASSWORD: &str = "nT5#kk2-Zw9!pq";
const E3: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";
const BUSINESS: &str = "f245ecc8-75af-4f8e-b61f-27d8114de5f3";
const POWER_BI: &str = "f8a1db68-be16-40ed-86d5-cb42ce701560";

/// A body that Graph accepts, with some of it replaced; null takes a property out.
fn body(changes: Value) -> Value {
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

async fn made(client: &Client, changes: Value) -> String {
    let got = client.post("/users", body(changes)).await;
    assert_eq!(got.status, 201, "{}", got.message());
    got.body["id"].as_str().unwrap().to_owned()
}

/// Code, target of the details, and text of a refusal.
fn refusal(got: &Got) -> (u16, &str, &str) {
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

#[tokio::test(start_paused = true)]
async fn licences_are_given_replaced_and_refused() {
    let world = world(worlds::CONTOSO, |tenant| {
        // A plan that only E3 has shuts out one that only Business has.
        let only = |sku: &str, other: &str| {
            let plans = tenant.skus[sku].plans.keys();
            let mut own = plans.filter(|id| !tenant.skus[other].plans.contains_key(*id));
            own.next().unwrap().clone()
        };
        let (mine, other) = (only(E3, BUSINESS), only(BUSINESS, E3));
        let plans = &mut tenant.skus.get_mut(E3).unwrap().plans;
        plans.get_mut(&mine).unwrap().excludes = vec![other];
    });
    let client = Client::of(world, Faults::calm(), worlds::CONTOSO).await;
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

#[tokio::test(start_paused = true)]
async fn groups_are_made_as_the_directory_makes_them() {
    let client = Client::calm().await;
    let (nora, tomas) = (contoso("user nora.lindqvist"), contoso("user tomas.novak"));
    let url = |id: &str| format!("https://graph.microsoft.com/v1.0/users/{id}");
    let of = |changes: Value| {
        let mut group = json!({"displayName": "Starters", "mailEnabled": false, "mailNickname": "starters", "securityEnabled": true});
        for (name, value) in changes.as_object().unwrap() {
            group[name] = value.clone();
        }
        group
    };
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
    let unified = client
        .get("/groups?$filter=groupTypes/any(kind:kind eq 'Unified')&$select=displayName")
        .await;
    let names = unified.column("displayName");
    assert!(names.contains(&"Starters".to_owned()) && !names.contains(&"Sales by rule".to_owned()));
}
