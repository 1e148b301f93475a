//! The hybrid tenant: what is mastered on-premises, what the cloud may still change, and when either meets the other.

use serde_json::{Value, json};
use sim::world::{OnPremisesUser, anchor};
use sim::{Faults, HumanChange, Sandbox, World, worlds};
use transport::{HeaderMap, Method, Request, Transport};

use crate::client::{BASE, Client, link, start, wait, world};
use crate::mailboxes::Exchange;

const SYNCED: &str = "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.";

fn northwind(what: &str) -> String {
    worlds::id(worlds::NORTHWIND, what)
}

/// No lag and no noise; the cycles of the directory stay as they are.
async fn calm(world: World) -> Client {
    Client::of(world, Faults::calm(), worlds::NORTHWIND).await
}

/// One call of the control plane as the on-premises administrator.
async fn control(sandbox: &Sandbox, method: Method, path: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() {
        Vec::new()
    } else {
        body.to_string().into_bytes()
    };
    let request = Request {
        method,
        url: format!("{BASE}/sandbox/on-premises/{}/{path}", worlds::NORTHWIND),
        headers: HeaderMap::new(),
        body: body.into(),
    };
    let reply = sandbox.send(request).await.unwrap();
    let body = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
    (reply.status.as_u16(), body)
}

#[tokio::test(start_paused = true)]
async fn the_demo_directory_and_the_cloud_agree() {
    let client = calm(worlds::demo(start())).await;
    let before = client.truth();
    assert!(before.on_premises.users.len() >= 12);
    assert_eq!(
        World::parse(&client.sandbox.world().to_json()).unwrap(),
        client.sandbox.world()
    );
    let full = HumanChange::SyncDirectory { full: true };
    client.sandbox.human(worlds::NORTHWIND, &full).unwrap();
    let changed: Vec<String> = client
        .sandbox
        .log()
        .into_iter()
        .filter(|change| change.field != "on_premises_last_sync_date_time")
        .map(|change| {
            format!(
                "{} {} {} -> {}",
                change.object, change.field, change.before, change.after
            )
        })
        .collect();
    assert_eq!(
        changed,
        Vec::<String>::new(),
        "a full cycle finds nothing to change"
    );
    // Idle cycles leave no trace, however many pass.
    let entries = client.sandbox.log().len();
    wait(86_400).await;
    let truth = client.truth();
    assert_eq!(client.sandbox.log().len(), entries);
    let late = truth.on_premises.last_sync.unwrap();
    assert!(client.sandbox.now().duration_since(late).as_secs() <= 20);
    let client = Client::on(client.sandbox.clone(), worlds::NORTHWIND).await;
    let greta = northwind("user greta.nilsen");
    let got = client
        .get(&format!(
            "/users/{greta}?$select=onPremisesSyncEnabled,onPremisesImmutableId,onPremisesSamAccountName,onPremisesDistinguishedName,onPremisesDomainName,onPremisesLastSyncDateTime"
        ))
        .await;
    assert_eq!(got.body["onPremisesSamAccountName"], "greta.nilsen");
    assert_eq!(got.body["onPremisesDomainName"], "corp.northwind.example");
    assert_eq!(
        got.body["onPremisesImmutableId"],
        anchor(&northwind("on-premises greta.nilsen"))
    );
    assert!(
        got.body["onPremisesDistinguishedName"]
            .as_str()
            .unwrap()
            .starts_with("CN=Greta Nilsen,OU=Operations")
    );
}

#[tokio::test(start_paused = true)]
async fn a_block_in_the_cloud_stands_until_a_cycle_carries_the_account() {
    let client = calm(worlds::demo(start())).await;
    let ivan = northwind("user ivan.koroma");
    let enabled = || client.truth().users[&ivan].account_enabled;
    let got = client
        .patch(&format!("/users/{ivan}"), json!({"accountEnabled": false}))
        .await;
    assert_eq!(got.status, 204, "{}", got.message());
    wait(65).await;
    assert!(!enabled(), "cycles without this account leave it alone");
    let (status, _) = control(
        &client.sandbox,
        Method::PATCH,
        "users/ivan.koroma",
        json!({"job_title": "Shift Manager"}),
    )
    .await;
    assert_eq!(status, 204);
    assert!(!enabled(), "not before the next cycle");
    wait(20).await;
    assert!(enabled(), "the cycle carries the whole account");
    assert_eq!(
        client.truth().users[&ivan].job_title.as_deref(),
        Some("Shift Manager")
    );
    // Disabled where it is mastered, it stays blocked, whatever the cloud is told.
    let (status, _) = control(
        &client.sandbox,
        Method::PATCH,
        "users/ivan.koroma",
        json!({"enabled": false, "password": "Sommer-Regen-77"}),
    )
    .await;
    assert_eq!(status, 204);
    let before = client.truth().users[&ivan].last_password_change_date_time;
    wait(20).await;
    let user = client.truth().users[&ivan].clone();
    assert!(!user.account_enabled && user.last_password_change_date_time > before);
    let log = serde_json::to_string(&client.sandbox.log()).unwrap();
    assert!(!log.contains("Sommer-Regen-77") && !log.contains(&user.password_hash));
    let got = client
        .patch(&format!("/users/{ivan}"), json!({"accountEnabled": true}))
        .await;
    assert_eq!(got.status, 204);
    let (_, body) = control(&client.sandbox, Method::POST, "sync", json!({"full": true})).await;
    assert_eq!(body["errors"], json!({}));
    assert!(!enabled(), "a full cycle carries everybody");
}

#[tokio::test(start_paused = true)]
async fn the_cloud_refuses_what_is_mastered_elsewhere() {
    let client = calm(worlds::demo(start())).await;
    let ivan = northwind("user ivan.koroma");
    let user = format!("/users/{ivan}");
    for body in [
        json!({"department": "Sales"}),
        json!({"displayName": "Ivan K."}),
        json!({"mobilePhone": "+46 700000009"}),
        json!({"userPrincipalName": "ivan@northwind.example"}),
        json!({"accountEnabled": false, "jobTitle": "None"}),
        json!({"passwordProfile": {"password": "Sommer-Regen-77", "forceChangePasswordNextSignIn": true}}),
    ] {
        let got = client.patch(&user, body.clone()).await;
        assert_eq!((got.status, got.message()), (400, SYNCED), "{body}");
    }
    assert_eq!(
        client
            .patch(&user, json!({"usageLocation": "DE"}))
            .await
            .status,
        204
    );
    let lena = northwind("user lena.fischer");
    let got = client
        .send(
            Method::PUT,
            &format!("{user}/manager/$ref"),
            link(&lena),
            &[],
        )
        .await
        .unwrap();
    assert_eq!((got.status, got.message()), (400, SYNCED));
    let group = northwind("group Finance Share");
    let got = client
        .post(&format!("/groups/{group}/members/$ref"), link(&ivan))
        .await;
    assert_eq!(got.status, 400);
    assert!(
        got.message().contains("on-premises mastered"),
        "{}",
        got.message()
    );
    let marcus = northwind("user marcus.dean");
    let got = client
        .delete(&format!("/groups/{group}/members/{marcus}/$ref"))
        .await;
    assert_eq!(got.status, 400);
    sessions_and_cloud_groups_stay_the_clouds_own(&client, &ivan).await;
    // Where it is mastered, it can be done.
    change_where_it_is_mastered(&client, &ivan, [&group, &marcus]).await;
}

async fn sessions_and_cloud_groups_stay_the_clouds_own(client: &Client, ivan: &str) {
    let got = client
        .post(&format!("/users/{ivan}/revokeSignInSessions"), Value::Null)
        .await;
    assert_eq!(got.status, 200);
    let team = northwind("group Operations Team");
    assert_eq!(
        client
            .delete(&format!("/groups/{team}/members/{ivan}/$ref"))
            .await
            .status,
        204
    );
    let exchange = Exchange::on(&client.sandbox, worlds::NORTHWIND).await;
    let text = exchange
        .refusal(
            "Set-Mailbox",
            json!({"Identity": ivan, "HiddenFromAddressListsEnabled": true}),
        )
        .await;
    assert!(
        text.contains("synchronized from your on-premises"),
        "{text}"
    );
}

async fn change_where_it_is_mastered(client: &Client, ivan: &str, [group, marcus]: [&str; 2]) {
    let change = json!({"hidden_from_address_lists": true});
    assert_eq!(
        control(&client.sandbox, Method::PATCH, "users/ivan.koroma", change)
            .await
            .0,
        204
    );
    let change = json!({"remove": ["marcus.dean"], "add": ["ivan.koroma"]});
    assert_eq!(
        control(
            &client.sandbox,
            Method::PATCH,
            "groups/Finance%20Share",
            change
        )
        .await
        .0,
        204
    );
    wait(20).await;
    let truth = client.truth();
    assert!(truth.mailboxes[ivan].hidden);
    let members = &truth.groups[group].members;
    assert!(members.contains(ivan) && !members.contains(marcus));
}

#[tokio::test(start_paused = true)]
async fn a_joiner_is_made_on_premises_and_licensed_in_the_cloud() {
    let client = calm(worlds::demo(start())).await;
    let new = json!({"sam_account_name": "noor.vance", "user_principal_name": "noor.vance@northwind.example",
        "display_name": "Noor Vance", "given_name": "Noor", "surname": "Vance", "department": "Sales", "enabled": true,
        "manager": "farid.nasser", "password": "Winter-Licht-31"});
    let (status, body) = control(&client.sandbox, Method::POST, "users", new.clone()).await;
    assert_eq!(status, 201, "{body}");
    assert_eq!(
        (&body["cloud_id"], &body["password_hash"]),
        (&Value::Null, &Value::Null)
    );
    let (status, body) = control(&client.sandbox, Method::POST, "users", new).await;
    assert!(
        status == 400
            && body["error"]
                .as_str()
                .unwrap()
                .contains("same sAMAccountName"),
        "{body}"
    );
    assert_eq!(
        client
            .get("/users/noor.vance@northwind.example")
            .await
            .status,
        404
    );
    let add = json!({"add": ["noor.vance"]});
    assert_eq!(
        control(&client.sandbox, Method::PATCH, "groups/Sales%20Share", add)
            .await
            .0,
        204
    );
    wait(20).await;
    let select = "?$select=id,usageLocation,onPremisesSyncEnabled,department";
    let got = client
        .get(&format!("/users/noor.vance@northwind.example{select}"))
        .await;
    assert_eq!(got.status, 200);
    assert_eq!(
        (
            &got.body["usageLocation"],
            &got.body["onPremisesSyncEnabled"]
        ),
        (&Value::Null, &json!(true))
    );
    let id = got.body["id"].as_str().unwrap().to_owned();
    let truth = client.truth();
    assert_eq!(
        truth.users[&id].manager,
        Some(northwind("user farid.nasser"))
    );
    assert!(
        truth.groups[&northwind("group Sales Share")]
            .members
            .contains(&id)
    );
    let (_, body) = control(
        &client.sandbox,
        Method::GET,
        "users/noor.vance",
        Value::Null,
    )
    .await;
    assert_eq!(body["cloud_id"], json!(id));
    license(&client, &id).await;
}

/// The location is the cloud's to set, and the licence needs it.
async fn license(client: &Client, id: &str) {
    let e3 = json!({"addLicenses": [{"skuId": "05e9a617-0261-4cee-bb44-138d3ef5d965", "disabledPlans": []}], "removeLicenses": []});
    let path = format!("/users/{id}/assignLicense");
    assert_eq!(client.post(&path, e3.clone()).await.status, 400);
    let got = client
        .patch(&format!("/users/{id}"), json!({"usageLocation": "SE"}))
        .await;
    assert_eq!(got.status, 204);
    assert_eq!(client.post(&path, e3).await.status, 200);
    assert_eq!(
        client.truth().mailboxes[id].primary_smtp_address,
        "noor.vance@northwind.example"
    );
    wait(40).await;
    let user = client.truth().users[id].clone();
    assert_eq!(
        (user.usage_location.as_deref(), user.mail.as_deref()),
        (Some("SE"), Some("noor.vance@northwind.example"))
    );
}

#[tokio::test(start_paused = true)]
async fn removed_accounts_go_and_come_back_with_their_anchor() {
    let client = calm(worlds::demo(start())).await;
    let carla = northwind("user carla.reyes");
    let (_, shown) = control(
        &client.sandbox,
        Method::GET,
        "users/carla.reyes",
        Value::Null,
    )
    .await;
    assert_eq!(shown["cloud_id"], json!(carla));
    let kept = client.truth().on_premises.users[&northwind("on-premises carla.reyes")].clone();
    assert_eq!(
        control(
            &client.sandbox,
            Method::DELETE,
            "users/carla.reyes",
            Value::Null
        )
        .await
        .0,
        204
    );
    assert!(
        client.truth().users.contains_key(&carla),
        "not before the next cycle"
    );
    wait(20).await;
    let truth = client.truth();
    assert!(!truth.users.contains_key(&carla) && truth.deleted_users.contains_key(&carla));
    assert!(
        !truth.groups[&northwind("group Warehouse Access")]
            .members
            .contains(&carla)
    );
    // Back from the directory's own recycle bin: the same objectGUID, so the same person.
    let mut world = client.sandbox.world();
    let directory = &mut world
        .tenants
        .get_mut(worlds::NORTHWIND)
        .unwrap()
        .on_premises;
    let back = OnPremisesUser {
        pending: true,
        ..kept
    };
    directory
        .users
        .insert(northwind("on-premises carla.reyes"), back);
    let client = calm(world).await;
    let sync = HumanChange::SyncDirectory { full: false };
    client.sandbox.human(worlds::NORTHWIND, &sync).unwrap();
    let truth = client.truth();
    assert!(truth.users.contains_key(&carla) && truth.mailboxes.contains_key(&carla));
    assert!(!truth.deleted_users.contains_key(&carla));
}

/// Makes an on-premises account.
async fn add(client: &Client, sam: &str, upn: &str) -> (u16, Value) {
    let body = json!({"sam_account_name": sam, "user_principal_name": upn, "display_name": sam, "enabled": true});
    control(&client.sandbox, Method::POST, "users", body).await
}

#[tokio::test(start_paused = true)]
async fn matching_takes_over_cloud_accounts_but_no_administrators() {
    let client = calm(worlds::demo(start())).await;
    assert_eq!(
        add(&client, "karin.moe", "karin.moe@northwind.example")
            .await
            .0,
        201
    );
    assert_eq!(
        add(&client, "shifts", "shifts@northwind.example").await.0,
        201
    );
    assert_eq!(
        add(&client, "stray", "stray@corp.northwind.example")
            .await
            .0,
        201
    );
    let (_, body) = control(&client.sandbox, Method::POST, "sync", Value::Null).await;
    let errors = body["errors"].as_object().unwrap();
    assert_eq!(errors.len(), 1, "{body}");
    assert!(
        errors
            .values()
            .all(|why| why.as_str().unwrap().contains("administrator role")),
        "{body}"
    );
    let truth = client.truth();
    assert_eq!(
        truth.users[&northwind("user karin.moe")].on_premises_sync_enabled,
        None
    );
    assert_eq!(
        truth.users[&northwind("user shifts")].on_premises_sync_enabled,
        Some(true)
    );
    assert!(
        truth.user("stray@northwind.onmicrosoft.example").is_some(),
        "an unverified suffix gives way"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_directory_does_not_take_is_said() {
    let client = calm(worlds::demo(start())).await;
    for (sam, why) in [
        ("far.too.long.for.windows", "1 to 20 characters"),
        ("a/b", "1 to 20 characters"),
    ] {
        let (status, body) = add(&client, sam, "x@northwind.example").await;
        assert!(
            status == 400 && body["error"].as_str().unwrap().contains(why),
            "{body}"
        );
    }
    let (status, _) = control(
        &client.sandbox,
        Method::PATCH,
        "users/nobody",
        json!({"enabled": false}),
    )
    .await;
    assert_eq!(status, 400);
    let (status, body) = control(
        &client.sandbox,
        Method::PATCH,
        "users/ivan.koroma",
        json!({"colour": "red"}),
    )
    .await;
    assert!(
        status == 400 && body["error"].as_str().unwrap().contains("colour"),
        "{body}"
    );
    let (status, _) = control(
        &client.sandbox,
        Method::PATCH,
        "users/ivan.koroma",
        json!({"pending": false}),
    )
    .await;
    assert_eq!(status, 400);
    assert_eq!(
        control(&client.sandbox, Method::GET, "printers", Value::Null)
            .await
            .0,
        404
    );
}

#[tokio::test(start_paused = true)]
async fn a_tenant_without_a_directory_has_no_cycles() {
    let world = world(worlds::NORTHWIND, |tenant| {
        tenant.on_premises.sync_every_s = 0
    });
    let client = calm(world).await;
    let change = json!({"department": "Sales"});
    assert_eq!(
        control(&client.sandbox, Method::PATCH, "users/ivan.koroma", change)
            .await
            .0,
        204
    );
    wait(7_200).await;
    let ivan = northwind("user ivan.koroma");
    assert_eq!(
        client.truth().users[&ivan].department.as_deref(),
        Some("Operations")
    );
    let sync = HumanChange::SyncDirectory { full: false };
    client.sandbox.human(worlds::NORTHWIND, &sync).unwrap();
    assert_eq!(
        client.truth().users[&ivan].department.as_deref(),
        Some("Sales")
    );
    assert!(client.sandbox.human(worlds::CONTOSO, &sync).is_err());
}
