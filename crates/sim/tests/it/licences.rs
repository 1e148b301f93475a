//! Licences: direct assignment with its refusals, groups that act late, mailboxes that are lost.

use serde_json::{Value, json};
use sim::world::{Licence, RecipientKind};
use sim::{Faults, Temper, worlds};

use crate::client::{Client, contoso, fabrikam, start, wait, world};

const E3: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";
const POWER_BI: &str = "f8a1db68-be16-40ed-86d5-cb42ce701560";
const TEAMS: &str = "57ff2da0-773e-42df-b2af-ffb7a2317929";

fn wish(add: Value, remove: Value) -> Value {
    json!({"addLicenses": add, "removeLicenses": remove})
}

#[tokio::test(start_paused = true)]
async fn every_refusal_has_its_text() {
    let world = world(worlds::CONTOSO, |tenant| {
        tenant.skus.get_mut(POWER_BI).unwrap().enabled = 1;
        tenant
            .users
            .get_mut(&contoso("user tomas.novak"))
            .unwrap()
            .usage_location = None;
    });
    let client = Client::of(world, Faults::calm(), worlds::CONTOSO).await;
    let assign = async |user: &str, body: Value| {
        client
            .post(
                &format!("/users/{}/assignLicense", contoso(&format!("user {user}"))),
                body,
            )
            .await
    };
    let add = |sku: &str| wish(json!([{"skuId": sku, "disabledPlans": []}]), json!([]));
    for body in [
        json!({"addLicenses": []}),
        json!({"removeLicenses": []}),
        json!({}),
    ] {
        assert_eq!(assign("amira.haddad", body).await.status, 400);
    }
    let got = assign("amira.haddad", add(POWER_BI)).await;
    assert_eq!(
        got.message(),
        format!("Subscription with SKU {POWER_BI} does not have any available licenses.")
    );
    let got = assign("tomas.novak", add(E3)).await;
    assert_eq!(
        got.message(),
        "License assignment cannot be done for user with invalid usage location."
    );
    let got = assign("amira.haddad", wish(json!([]), json!([POWER_BI]))).await;
    assert_eq!(
        (got.status, got.message()),
        (400, "User does not have a corresponding license.")
    );
    let unknown = "00000000-0000-4000-8000-000000000bad";
    let got = assign("amira.haddad", add(unknown)).await;
    assert_eq!(
        got.message(),
        format!("License {unknown} does not correspond to a valid company License.")
    );
    // All or nothing: the good removal is not done with the bad one.
    let got = assign(
        "nora.lindqvist",
        wish(json!([]), json!([POWER_BI, unknown])),
    )
    .await;
    assert_eq!(got.status, 400);
    assert!(client.sandbox.log().is_empty());
}

#[tokio::test(start_paused = true)]
async fn disabled_plans_are_replaced_as_a_whole() {
    let client = Client::calm().await;
    let nora = contoso("user nora.lindqvist");
    let path = format!("/users/{nora}/assignLicense");
    for plans in [
        json!([TEAMS]),
        json!(["5dbe027f-2339-4123-9542-606e4d348a72"]),
    ] {
        let got = client
            .post(
                &path,
                wish(json!([{"skuId": E3, "disabledPlans": plans}]), json!([])),
            )
            .await;
        assert_eq!(got.status, 200);
        let read = client
            .get(&format!("/users/{nora}?$select=assignedLicenses"))
            .await;
        let entries = read.body["assignedLicenses"].as_array().unwrap().clone();
        assert_eq!(
            entries.iter().find(|entry| entry["skuId"] == E3).unwrap()["disabledPlans"],
            plans
        );
    }
    let before = client.sandbox.log().len();
    client
        .post(
            &path,
            wish(
                json!([{"skuId": E3, "disabledPlans": ["5dbe027f-2339-4123-9542-606e4d348a72"]}]),
                json!([]),
            ),
        )
        .await;
    assert_eq!(
        client.sandbox.log().len(),
        before,
        "the same again changes nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn licence_groups_act_late() {
    let quiet = Faults {
        temper: Temper {
            stray_429: 0.0,
            ..Temper::default()
        },
        ..Faults::default()
    };
    let client = Client::of(worlds::demo(start()), quiet, worlds::FABRIKAM).await;
    let (group, maria) = (
        fabrikam("group Licence Microsoft 365 E3"),
        fabrikam("user maria.sandoval"),
    );
    let got = client
        .post(
            &format!("/users/{maria}/assignLicense"),
            wish(json!([]), json!([E3])),
        )
        .await;
    assert_eq!(
        got.message(),
        "User license is inherited from a group membership and it cannot be removed directly from the user."
    );
    assert_eq!(
        client
            .delete(&format!("/groups/{group}/members/{maria}/$ref"))
            .await
            .status,
        204
    );
    let holds = |client: &Client| {
        client.truth().users[&maria]
            .licences
            .iter()
            .any(|licence| licence.sku_id == E3)
    };
    wait(3).await;
    assert!(holds(&client), "not yet");
    wait(10).await;
    assert!(!holds(&client));
}

#[tokio::test(start_paused = true)]
async fn a_licence_group_without_seats_puts_the_error_on_the_person() {
    let world = world(worlds::FABRIKAM, |tenant| {
        tenant.skus.get_mut(POWER_BI).unwrap().enabled = 3
    });
    let quiet = Faults {
        temper: Temper {
            stray_429: 0.0,
            ..Temper::default()
        },
        ..Faults::default()
    };
    let client = Client::of(world, quiet, worlds::FABRIKAM).await;
    let ines = fabrikam("user ines.costa");
    assert_eq!(
        client
            .patch(
                &format!("/users/{ines}"),
                json!({"department": "Engineering"})
            )
            .await
            .status,
        204
    );
    wait(30).await;
    client.truth();
    wait(5).await;
    let states = client
        .get(&format!("/users/{ines}?$select=licenseAssignmentStates"))
        .await;
    let states = states.body["licenseAssignmentStates"]
        .as_array()
        .unwrap()
        .clone();
    let power_bi = states
        .iter()
        .find(|state| state["skuId"] == POWER_BI)
        .unwrap();
    assert_eq!(
        (&power_bi["state"], &power_bi["error"]),
        (&json!("Error"), &json!("CountViolation"))
    );
    assert_eq!(
        power_bi["assignedByGroup"],
        json!(fabrikam("group Licence Power BI Pro"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_is_lost_when_its_licence_goes_first() {
    let quiet = Faults {
        temper: Temper {
            stray_429: 0.0,
            ..Temper::default()
        },
        ..Faults::default()
    };
    let client = Client::of(worlds::demo(start()), quiet, worlds::CONTOSO).await;
    let nora = contoso("user nora.lindqvist");
    let path = format!("/users/{nora}/assignLicense");
    assert_eq!(
        client
            .post(&path, wish(json!([]), json!([E3])))
            .await
            .status,
        200
    );
    assert!(client.truth().mailboxes[&nora].is_alive());
    wait(9).await;
    assert!(!client.truth().mailboxes[&nora].is_alive());
    wait(4).await;
    let got = client.get(&format!("/users/{nora}/mailboxSettings")).await;
    assert_eq!(
        (got.status, got.code()),
        (404, "MailboxNotEnabledForRESTAPI")
    );
    // A licence within 30 days brings it back.
    client
        .post(
            &path,
            wish(json!([{"skuId": E3, "disabledPlans": []}]), json!([])),
        )
        .await;
    wait(9).await;
    assert!(client.truth().mailboxes[&nora].is_alive());
}

#[tokio::test(start_paused = true)]
async fn a_shared_mailbox_over_the_limit_is_locked_without_plan_2() {
    let viktor = contoso("user viktor.petrov");
    let world = world(worlds::CONTOSO, |tenant| {
        tenant.mailboxes.get_mut(&viktor).unwrap().kind = RecipientKind::SharedMailbox;
    });
    let client = Client::of(world, Faults::calm(), worlds::CONTOSO).await;
    client
        .post(
            &format!("/users/{viktor}/assignLicense"),
            wish(json!([]), json!([E3])),
        )
        .await;
    let mailbox = client.truth().mailboxes[&viktor].clone();
    assert!(mailbox.is_alive() && mailbox.locked);
}

#[tokio::test(start_paused = true)]
async fn one_seat_is_taken_however_often_a_licence_comes() {
    let maria = fabrikam("user maria.sandoval");
    let world = world(worlds::FABRIKAM, |tenant| {
        tenant
            .users
            .get_mut(&maria)
            .unwrap()
            .licences
            .push(Licence::direct(E3, start()));
    });
    let client = Client::of(world, Faults::calm(), worlds::FABRIKAM).await;
    let skus = client
        .get("/subscribedSkus?$select=skuId,consumedUnits,prepaidUnits")
        .await;
    let e3 = skus.body["value"]
        .as_array()
        .unwrap()
        .iter()
        .find(|sku| sku["skuId"] == E3)
        .cloned()
        .unwrap();
    assert_eq!(e3["consumedUnits"], json!(11));
    let details = client
        .get(&format!(
            "/users/{maria}?$select=assignedLicenses,licenseAssignmentStates"
        ))
        .await;
    assert_eq!(
        details.body["assignedLicenses"].as_array().unwrap().len(),
        2
    );
    assert_eq!(
        details.body["licenseAssignmentStates"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}
