//! Users, authentication methods, roles: reads, writes and what is refused.

use serde_json::{Value, json};
use sim::world::{AuthMethod, MethodKind, Tenant};
use sim::{Faults, Temper, worlds};
use transport::Method;

use crate::client::{Client, contoso, link, start, wait, world};

#[tokio::test(start_paused = true)]
async fn a_user_shows_eleven_properties_unless_asked_for_more() {
    let client = Client::calm().await;
    let nora = contoso("user nora.lindqvist");
    let plain = client.get(&format!("/users/{nora}")).await;
    assert_eq!(plain.body["displayName"], "Nora Lindqvist");
    assert!(
        plain.body.get("accountEnabled").is_none() && plain.body.get("usageLocation").is_none()
    );
    let path = "/users/nora.lindqvist@contoso.example?$select=id,accountEnabled,passwordProfile&$expand=manager($select=id,displayName)";
    let chosen = client.get(path).await;
    assert_eq!(chosen.body["accountEnabled"], true);
    assert_eq!(chosen.body["passwordProfile"], Value::Null);
    assert_eq!(chosen.body["manager"]["displayName"], "Henrik Dahl");
    assert!(chosen.body.get("displayName").is_none());
    let wrong = client
        .get(&format!("/users/{nora}?$select=id,shoeSize"))
        .await;
    assert_eq!(
        wrong.message(),
        "Could not find a property named 'shoeSize' on type 'microsoft.graph.user'."
    );
    // An unencoded # cuts the guest's path short.
    let guest = client
        .get("/users/dana.cole_partner.example#EXT#@contoso.onmicrosoft.example")
        .await;
    assert_eq!(guest.status, 404);
    let guest = client
        .get("/users/dana.cole_partner.example%23EXT%23@contoso.onmicrosoft.example")
        .await;
    assert_eq!(guest.status, 200);
}

#[tokio::test(start_paused = true)]
async fn containment_is_read_back() {
    let client = Client::calm().await;
    let nora = contoso("user nora.lindqvist");
    let path = format!("/users/{nora}");
    assert_eq!(
        client
            .patch(&path, json!({"accountEnabled": false}))
            .await
            .status,
        204
    );
    wait(60).await;
    let weak = client
        .patch(&path, json!({"passwordProfile": {"password": "short"}}))
        .await;
    assert_eq!(
        weak.message(),
        "The specified password does not comply with password complexity requirements. Please provide a different password."
    );
    let strong = json!({"passwordProfile": {"password": "nT5#kk2-Zw9!pq", "forceChangePasswordNextSignIn": true}});
    assert_eq!(client.patch(&path, strong).await.status, 204);
    let revoked = client
        .post(&format!("{path}/revokeSignInSessions"), Value::Null)
        .await;
    assert_eq!(
        (revoked.status, &revoked.body["value"]),
        (200, &json!(true))
    );
    let select =
        "$select=accountEnabled,lastPasswordChangeDateTime,signInSessionsValidFromDateTime";
    let read = client.get(&format!("{path}?{select}")).await.body;
    assert_eq!(read["accountEnabled"], false);
    assert_eq!(read["lastPasswordChangeDateTime"], "2026-09-01T08:01:00Z");
    assert_eq!(
        read["signInSessionsValidFromDateTime"],
        "2026-09-01T08:01:00Z"
    );
    let log = serde_json::to_string(&client.sandbox.log()).unwrap();
    assert!(!log.contains("nT5#kk2"));
    // The same again is accepted and changes nothing.
    let before = client.sandbox.log().len();
    assert_eq!(
        client
            .patch(&path, json!({"accountEnabled": false}))
            .await
            .status,
        204
    );
    assert_eq!(client.sandbox.log().len(), before);
}

#[tokio::test(start_paused = true)]
async fn synced_and_privileged_people_are_refused() {
    let client = Client::calm().await;
    let synced = format!("/users/{}", contoso("user sofia.rossi"));
    let got = client
        .patch(&synced, json!({"department": "Elsewhere"}))
        .await;
    assert_eq!(
        got.message(),
        "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration."
    );
    let reset = json!({"passwordProfile": {"password": "nT5#kk2-Zw9!pq"}});
    assert_eq!(client.patch(&synced, reset.clone()).await.status, 400);
    assert_eq!(
        client
            .patch(&synced, json!({"accountEnabled": false}))
            .await
            .status,
        204
    );
    let admin = format!("/users/{}", contoso("user priya.raman"));
    for body in [json!({"accountEnabled": false}), reset] {
        let got = client.patch(&admin, body).await;
        assert_eq!(
            (got.status, got.message()),
            (403, "Insufficient privileges to complete the operation.")
        );
    }
    // With a directory role of its own the application may.
    let world = world(worlds::CONTOSO, |tenant| {
        let app = tenant.apps.get_mut(worlds::CLIENT_ID).unwrap();
        app.directory_roles
            .insert("7be44c8a-adaf-4e2a-84d6-ab2649e08a13".to_owned());
    });
    let client = Client::of(world, Faults::calm(), worlds::CONTOSO).await;
    assert_eq!(
        client
            .patch(&admin, json!({"accountEnabled": false}))
            .await
            .status,
        204
    );
}

#[tokio::test(start_paused = true)]
async fn each_property_needs_its_permission() {
    let nora = format!("/users/{}", contoso("user nora.lindqvist"));
    let client = Client::with_roles(&["User.EnableDisableAccount.All", "User.Read.All"]).await;
    assert_eq!(
        client
            .patch(&nora, json!({"accountEnabled": false}))
            .await
            .status,
        204
    );
    assert_eq!(
        client.patch(&nora, json!({"department": "x"})).await.status,
        403
    );
    let revoke = client
        .post(&format!("{nora}/revokeSignInSessions"), Value::Null)
        .await;
    assert_eq!(
        (revoke.status, revoke.code()),
        (403, "Authorization_RequestDenied")
    );
    assert!(
        revoke.body["error"]["innerError"]["date"]
            .as_str()
            .is_some_and(|date| !date.ends_with('Z'))
    );
    assert_eq!(
        client
            .get(&format!("{nora}/authentication/methods"))
            .await
            .status,
        403
    );
    // User.ReadWrite.All alone does not set passwords.
    let world = world(worlds::CONTOSO, |tenant| {
        let app = tenant.apps.get_mut(worlds::CLIENT_ID).unwrap();
        app.graph_roles = ["User.ReadWrite.All".to_owned()].into();
        app.directory_roles.clear();
    });
    let client = Client::of(world, Faults::calm(), worlds::CONTOSO).await;
    let reset = json!({"passwordProfile": {"password": "nT5#kk2-Zw9!pq"}});
    assert_eq!(client.patch(&nora, reset).await.status, 403);
    assert_eq!(
        client.patch(&nora, json!({"department": "x"})).await.status,
        204
    );
}

#[tokio::test(start_paused = true)]
async fn the_default_method_goes_last_and_by_type_only() {
    let nora = contoso("user nora.lindqvist");
    let alternate = "b6332ec1-7057-4abe-9331-3d72feddfe41";
    let mobile = "3179e48a-750b-4051-897c-87b9720928f7";
    let world = world(worlds::CONTOSO, |tenant: &mut Tenant| {
        let phone = AuthMethod {
            kind: MethodKind::Phone,
            phone_type: Some("alternateMobile".to_owned()),
            ..AuthMethod::default()
        };
        tenant
            .users
            .get_mut(&nora)
            .unwrap()
            .methods
            .insert(alternate.to_owned(), phone);
    });
    let client = Client::of(world, Faults::calm(), worlds::CONTOSO).await;
    let base = format!("/users/{nora}/authentication");
    let list = client.get(&format!("{base}/methods")).await;
    assert_eq!(
        list.body["value"].as_array().unwrap().len(),
        5,
        "with the password"
    );
    let app = contoso(&format!("authenticator {nora}"));
    let key = contoso(&format!("key {nora}"));
    assert_eq!(
        client.delete(&format!("{base}/methods/{key}")).await.status,
        404
    );
    let default = client
        .delete(&format!("{base}/microsoftAuthenticatorMethods/{app}"))
        .await;
    assert_eq!((default.status, default.code()), (400, "badRequest"));
    assert!(default.message().contains("default"));
    assert_eq!(
        client
            .delete(&format!("{base}/phoneMethods/{mobile}"))
            .await
            .status,
        400
    );
    for path in [
        format!("phoneMethods/{alternate}"),
        format!("phoneMethods/{mobile}"),
        format!("fido2Methods/{key}"),
        format!("microsoftAuthenticatorMethods/{app}"),
    ] {
        assert_eq!(
            client.delete(&format!("{base}/{path}")).await.status,
            204,
            "{path}"
        );
        assert_eq!(
            client.delete(&format!("{base}/{path}")).await.status,
            404,
            "{path} again"
        );
    }
    let left = client.get(&format!("{base}/methods")).await;
    assert_eq!(
        left.column("@odata.type"),
        ["#microsoft.graph.passwordAuthenticationMethod"]
    );
}

#[tokio::test(start_paused = true)]
async fn roles_are_read_and_taken_away() {
    let client = Client::calm().await;
    let liam = contoso("user liam.byrne");
    let path = format!(
        "/roleManagement/directory/roleAssignments?$filter=principalId eq '{liam}'&$expand=roleDefinition"
    );
    let active = client.get(&path).await;
    assert_eq!(
        active.body["value"][0]["roleDefinition"]["displayName"],
        "Helpdesk Administrator"
    );
    let id = active.column("id")[0].clone();
    let delete = format!("/roleManagement/directory/roleAssignments/{id}");
    assert_eq!(client.delete(&delete).await.status, 204);
    assert_eq!(client.delete(&delete).await.status, 404);
    let path = format!(
        "/roleManagement/directory/roleEligibilitySchedules?$filter=principalId eq '{liam}'"
    );
    let eligible = client.get(&path).await;
    let role = eligible.column("roleDefinitionId")[0].clone();
    let ask = json!({"action": "adminRemove", "principalId": liam, "roleDefinitionId": role, "directoryScopeId": "/"});
    let requests = "/roleManagement/directory/roleEligibilityScheduleRequests";
    let done = client.post(requests, ask.clone()).await;
    assert_eq!(
        (done.status, &done.body["status"]),
        (201, &json!("Revoked"))
    );
    assert_eq!(
        client.post(requests, ask).await.code(),
        "RoleAssignmentDoesNotExist"
    );
    assert!(!client.truth().is_privileged(&liam));
}

#[tokio::test(start_paused = true)]
async fn a_manager_is_set_and_missed() {
    let client = Client::calm().await;
    let amira = format!("/users/{}/manager", contoso("user amira.haddad"));
    let henrik = contoso("user henrik.dahl");
    let set = client
        .send(Method::PUT, &format!("{amira}/$ref"), link(&henrik), &[])
        .await
        .unwrap();
    assert_eq!(set.status, 204);
    assert_eq!(client.get(&amira).await.body["displayName"], "Henrik Dahl");
    assert_eq!(client.delete(&format!("{amira}/$ref")).await.status, 204);
    let again = client.delete(&format!("{amira}/$ref")).await;
    assert!(
        again.status == 404
            && again
                .message()
                .starts_with("Resource 'manager' does not exist")
    );
}

#[tokio::test(start_paused = true)]
async fn a_deleted_user_comes_back_with_groups_and_mailbox() {
    let client = Client::calm().await;
    let tomas = contoso("user tomas.novak");
    assert_eq!(client.delete(&format!("/users/{tomas}")).await.status, 204);
    assert_eq!(client.get(&format!("/users/{tomas}")).await.status, 404);
    let bin = client
        .get("/directory/deletedItems/microsoft.graph.user?$select=id,userPrincipalName")
        .await;
    let bin = bin.body["value"].as_array().unwrap();
    let lying = bin.iter().find(|item| item["id"] == tomas).unwrap();
    let name = lying["userPrincipalName"].as_str().unwrap();
    assert!(name.starts_with(&tomas.replace('-', "")));
    let restore = format!("/directory/deletedItems/{tomas}/restore");
    assert_eq!(client.post(&restore, Value::Null).await.status, 200);
    assert_eq!(client.post(&restore, Value::Null).await.status, 404);
    let truth = client.truth();
    assert!(truth.mailboxes.contains_key(&tomas));
    assert!(
        truth.groups[&contoso("group VPN Users")]
            .members
            .contains(&tomas)
    );
}

#[tokio::test(start_paused = true)]
async fn reads_lag_and_disagree_and_agree_in_the_end() {
    let quiet = Faults {
        temper: Temper {
            stray_429: 0.0,
            ..Temper::default()
        },
        ..Faults::default()
    };
    let client = Client::of(worlds::demo(start()), quiet, worlds::CONTOSO).await;
    let path = format!("/users/{}", contoso("user nora.lindqvist"));
    client.patch(&path, json!({"jobTitle": "Former"})).await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..30 {
        seen.insert(client.get(&path).await.body["jobTitle"].to_string());
    }
    assert!(
        seen.len() > 1 || seen.contains("\"Account Executive\""),
        "{seen:?}"
    );
    wait(4).await;
    for _ in 0..10 {
        assert_eq!(client.get(&path).await.body["jobTitle"], "Former");
    }
}

#[tokio::test(start_paused = true)]
async fn the_demo_world_rests_until_somebody_touches_it() {
    for tenant in [worlds::CONTOSO, worlds::FABRIKAM] {
        let client = Client::of(worlds::demo(start()), Faults::default(), tenant).await;
        wait(120).await;
        assert_eq!(client.truth(), worlds::demo(start()).tenants[tenant]);
        assert!(client.sandbox.log().is_empty());
    }
}
