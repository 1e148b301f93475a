//! Passes and telephones: given within the policy, the pass shown once and recorded nowhere.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sim::world::{TapPolicy, Tenant};
use sim::{Faults, worlds};

use crate::client::{Client, contoso, start, wait, world};

const OUTSIDE: &str = "Converged UserCredentialPolicy does not allow creating or updating this authentication method. AuthMethodType [TemporaryAccessPass].";
const WIDE: &str = "UserAuthenticationMethod.ReadWrite.All";

fn passes(user: &str) -> String {
    format!(
        "/users/{}/authentication/temporaryAccessPassMethods",
        contoso(&format!("user {user}"))
    )
}

fn phones(user: &str) -> String {
    format!(
        "/users/{}/authentication/phoneMethods",
        contoso(&format!("user {user}"))
    )
}

async fn with_policy(change: impl FnOnce(&mut Tenant)) -> Client {
    Client::of(
        world(worlds::CONTOSO, change),
        Faults::calm(),
        worlds::CONTOSO,
    )
    .await
}

#[tokio::test(start_paused = true)]
async fn a_pass_is_shown_once() {
    let client = Client::calm().await;
    let got = client
        .post(
            &passes("amira.haddad"),
            json!({"lifetimeInMinutes": 60, "isUsableOnce": true}),
        )
        .await;
    assert_eq!(got.status, 201, "{}", got.body);
    let pass = got.body["temporaryAccessPass"].as_str().unwrap().to_owned();
    assert_eq!(pass.chars().count(), 8);
    assert_eq!(
        (
            &got.body["isUsable"],
            &got.body["isUsableOnce"],
            &got.body["lifetimeInMinutes"]
        ),
        (&json!(true), &json!(true), &json!(60))
    );
    let id = got.body["id"].as_str().unwrap().to_owned();
    for path in [
        passes("amira.haddad"),
        format!("{}/{id}", passes("amira.haddad")),
        format!(
            "/users/{}/authentication/methods",
            contoso("user amira.haddad")
        ),
    ] {
        let got = client.get(&path).await;
        assert_eq!(got.status, 200);
        assert!(!got.body.to_string().contains(&pass), "{path}");
    }
    let shown = client.get(&passes("amira.haddad")).await;
    assert_eq!(shown.body["value"][0]["temporaryAccessPass"], Value::Null);
    assert_eq!(
        shown.body["value"][0]["methodUsabilityReason"],
        "EnabledByPolicy"
    );
    // Ground truth knows the pass by its hash alone.
    let kept = &client.truth().users[&contoso("user amira.haddad")].methods[&id];
    let digest: String = Sha256::digest(pass.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(kept.secret_hash, digest);
    let log = serde_json::to_string(&client.sandbox.log()).unwrap();
    assert!(!log.contains(&pass) && !log.contains(&digest));
    wait(3_700).await;
    let fresh = Client::on(client.sandbox.clone(), worlds::CONTOSO).await;
    let shown = fresh.get(&passes("amira.haddad")).await;
    assert_eq!(shown.body["value"][0]["methodUsabilityReason"], "Expired");
    // One that ran out makes room by itself.
    assert_eq!(
        fresh.post(&passes("amira.haddad"), json!({})).await.status,
        201
    );
    assert_eq!(
        fresh.get(&passes("amira.haddad")).await.column("id").len(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_second_pass_is_refused_until_the_first_is_deleted() {
    let client = Client::calm().await;
    let path = passes("amira.haddad");
    let first = client.post(&path, Value::Null).await;
    assert_eq!(first.status, 201, "a body is not needed");
    let got = client.post(&path, json!({})).await;
    assert_eq!((got.status, got.code()), (400, "badRequest"));
    assert!(
        got.message().contains("already exists"),
        "{}",
        got.message()
    );
    let id = first.body["id"].as_str().unwrap();
    assert_eq!(client.delete(&format!("{path}/{id}")).await.status, 204);
    assert_eq!(client.delete(&format!("{path}/{id}")).await.status, 404);
    let second = client.post(&path, json!({})).await;
    assert_eq!(second.status, 201);
    assert_ne!(
        second.body["temporaryAccessPass"],
        first.body["temporaryAccessPass"]
    );
    // Newer versions of the service replace it instead.
    let client = with_policy(|tenant| tenant.tap_policy.replaces = true).await;
    for _ in 0..2 {
        assert_eq!(client.post(&path, json!({})).await.status, 201);
    }
    assert_eq!(client.get(&path).await.column("id").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_policy_has_the_last_word() {
    let client = with_policy(|tenant| {
        tenant.tap_policy = TapPolicy {
            maximum_minutes: 120,
            must_be_one_time: true,
            length: 16,
            target_groups: vec![contoso("group Marketing")],
            ..TapPolicy::default()
        };
    })
    .await;
    let path = passes("elin.sato");
    let later = start().as_second() + 7_200;
    let later = jiff::Timestamp::from_second(later).unwrap().to_string();
    for (body, why) in [
        (json!({"lifetimeInMinutes": 59}), "between 60 and 120"),
        (json!({"lifetimeInMinutes": 121}), "between 60 and 120"),
        (json!({"lifetimeInMinutes": "60"}), "between 60 and 120"),
        (json!({"isUsableOnce": false}), "one-time"),
        (
            json!({"startDateTime": "2026-08-31T08:00:00Z"}),
            "in the past",
        ),
        (json!({"startDateTime": "tomorrow"}), "startDateTime"),
        (
            json!({"temporaryAccessPass": "mine"}),
            "temporaryAccessPass",
        ),
    ] {
        let got = client.post(&path, body.clone()).await;
        assert_eq!((got.status, got.code()), (400, "badRequest"), "{body}");
        assert!(got.message().contains(why), "{body}: {}", got.message());
    }
    let got = client.post(&path, json!({"startDateTime": later})).await;
    assert_eq!(got.status, 201, "{}", got.body);
    assert_eq!(
        (&got.body["methodUsabilityReason"], &got.body["isUsable"]),
        (&json!("NotYetValid"), &json!(false))
    );
    assert_eq!(got.body["temporaryAccessPass"].as_str().unwrap().len(), 16);
    assert_eq!(
        client
            .post(&passes("amira.haddad"), json!({}))
            .await
            .message(),
        OUTSIDE
    );
    let shown = client
        .get("/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/temporaryAccessPass")
        .await;
    assert_eq!(
        (
            &shown.body["state"],
            &shown.body["maximumLifetimeInMinutes"],
            &shown.body["isUsableOnce"]
        ),
        (&json!("enabled"), &json!(120), &json!(true))
    );
}

#[tokio::test(start_paused = true)]
async fn no_pass_where_they_are_off_and_none_for_guests() {
    let client = with_policy(|tenant| tenant.tap_policy.enabled = false).await;
    assert_eq!(
        client
            .post(&passes("amira.haddad"), json!({}))
            .await
            .message(),
        OUTSIDE
    );
    let client = Client::calm().await;
    let guest = format!(
        "/users/{}/authentication/temporaryAccessPassMethods",
        contoso("user dana.cole_partner.example#EXT#")
    );
    let got = client.post(&guest, json!({})).await;
    assert!(
        got.message().contains("external guest"),
        "{}",
        got.message()
    );
}

#[tokio::test(start_paused = true)]
async fn passes_need_their_own_permission() {
    for (roles, status) in [
        (vec!["UserAuthMethod-TAP.ReadWrite.All"], 201),
        (vec![WIDE], 201),
        (vec!["UserAuthMethod-Phone.ReadWrite.All"], 403),
        (
            vec!["UserAuthenticationMethod.Read.All", "User.ReadWrite.All"],
            403,
        ),
    ] {
        let client = Client::with_roles(&roles).await;
        let got = client.post(&passes("amira.haddad"), json!({})).await;
        assert_eq!(got.status, status, "{roles:?}");
    }
    // The narrow permission reads its own kind and no other.
    let client = Client::with_roles(&["UserAuthMethod-TAP.ReadWrite.All"]).await;
    assert_eq!(client.get(&passes("amira.haddad")).await.status, 200);
    assert_eq!(client.get(&phones("amira.haddad")).await.status, 403);
    // Nobody gives a pass to an administrator without a role of their own for that.
    let client = Client::calm().await;
    assert_eq!(
        client.post(&passes("priya.raman"), json!({})).await.status,
        403
    );
}

#[tokio::test(start_paused = true)]
async fn a_recording_never_holds_a_pass() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("traffic.har");
    let client = Client::calm().await;
    client.sandbox.record(&file).unwrap();
    let path = passes("amira.haddad");
    let got = client.post(&path, json!({})).await;
    let pass = got.body["temporaryAccessPass"].as_str().unwrap().to_owned();
    let batch = json!({"requests": [{"id": "1", "method": "POST", "url": passes("tomas.novak"),
        "headers": {"Content-Type": "application/json"}, "body": {}}]});
    let got = client.post("/$batch", batch).await;
    let inner = got.body["responses"][0]["body"]["temporaryAccessPass"].as_str();
    let inner = inner.unwrap().to_owned();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("temporaryAccessPassMethods"));
    assert!(!text.contains(&pass) && !text.contains(&inner));
    // The same holds of the world as the control plane shows it.
    let world = client.sandbox.world().to_json();
    assert!(!world.contains(&pass) && !world.contains(&inner));
}

#[tokio::test(start_paused = true)]
async fn telephones_of_each_type_once() {
    let client = Client::calm().await;
    let path = phones("amira.haddad");
    let phone = |number: &str, kind: &str| json!({"phoneNumber": number, "phoneType": kind});
    let refused = async |body: Value, why: &str| {
        let got = client.post(&path, body.clone()).await;
        assert_eq!((got.status, got.code()), (400, "badRequest"), "{body}");
        assert!(got.message().contains(why), "{body}: {}", got.message());
    };
    for number in [
        "+4915123456789",
        "0151 23456789",
        "+49 151 23456789",
        "+49 ",
        "+49 abc",
        "",
    ] {
        refused(phone(number, "mobile"), "required format").await;
    }
    refused(phone("+49 15123456789", "fax"), "phoneType").await;
    refused(
        phone("+49 15123456789", "alternateMobile"),
        "before a mobile",
    )
    .await;
    let got = client.post(&path, phone("+49 15123456789", "mobile")).await;
    assert_eq!(got.status, 201, "{}", got.body);
    assert_eq!(got.body["id"], "3179e48a-750b-4051-897c-87b9720928f7");
    assert_eq!(got.body["phoneNumber"], "+49 15123456789");
    refused(phone("+49 15123456780", "mobile"), "already exists").await;
    assert_eq!(
        client
            .post(&path, phone("+46 812345678x12", "office"))
            .await
            .status,
        201
    );
    let mobile = format!("{path}/3179e48a-750b-4051-897c-87b9720928f7");
    let got = client.patch(&mobile, json!({"phoneNumber": "+49 1"})).await;
    assert_eq!(got.status, 400);
    let got = client
        .patch(&mobile, phone("+49 15199999999", "office"))
        .await;
    assert_eq!(got.status, 400);
    let got = client
        .patch(&mobile, phone("+49 15199999999", "mobile"))
        .await;
    assert_eq!(got.status, 204);
    assert_eq!(
        client.get(&mobile).await.body["phoneNumber"],
        "+49 15199999999"
    );
    let missing = format!("{path}/b6332ec1-7057-4abe-9331-3d72feddfe41");
    let got = client
        .patch(&missing, json!({"phoneNumber": "+49 15199999999"}))
        .await;
    assert_eq!(got.status, 404);
    // The first telephone is the default and goes last.
    assert_eq!(client.delete(&mobile).await.status, 400);
    let office = format!("{path}/e37fc753-ff3b-4958-9484-eaa9425c82bc");
    assert_eq!(client.delete(&office).await.status, 204);
    assert_eq!(client.delete(&mobile).await.status, 204);
    // Other kinds are not for administrators to add.
    let keys = path.replace("phoneMethods", "fido2Methods");
    assert_eq!(client.post(&keys, json!({})).await.status, 405);
}
