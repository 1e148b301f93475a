//! What goes out: webhook endpoints and the outbox.

use domain::{PlanId, TenantId};

use super::{Place, all, at, new_tenant, north, request};
use crate::{About, Channel, NewDelivery, NewEndpoint, Secret, TenantScope};

pub(super) fn endpoint(id: &str, tenant: Option<TenantId>, events: &[&str]) -> NewEndpoint {
    NewEndpoint {
        id: id.to_owned(),
        tenant,
        url: "https://hooks.example/in".to_owned(),
        secret: Secret::new("planted-webhook-secret"),
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        by: "ann".to_owned(),
        at: at(0),
    }
}

pub(super) fn mail(id: &str, about: About) -> NewDelivery {
    NewDelivery {
        id: id.to_owned(),
        channel: Channel::Mail,
        tenant: Some(north()),
        endpoint: None,
        target: "ann@contoso.example".to_owned(),
        event: "approve".to_owned(),
        body: Secret::new("planted-mail-body"),
        about,
        at: at(0),
        due_at: at(10),
    }
}

/// A store with an endpoint for all tenants, `e1`, and one for `north`, `e2`.
async fn with_endpoints() -> Place {
    let place = Place::new().await;
    let store = &place.store;
    let south = new_tenant("south", "D2");
    store.add_tenant(&all(), &south).await.unwrap();
    let wide = endpoint("e1", None, &["request", "plan"]);
    store.add_endpoint(&all(), &wide).await.unwrap();
    let narrow = endpoint("e2", Some(north()), &["approval"]);
    let own = TenantScope::of(&north());
    store.add_endpoint(&own, &narrow).await.unwrap();
    place
}

#[tokio::test]
async fn endpoints_are_told_in_the_transaction_of_what_happened() {
    let place = with_endpoints().await;
    let store = &place.store;
    let own = TenantScope::of(&north());
    assert!(
        store
            .add_endpoint(&own, &endpoint("e3", None, &["plan"]))
            .await
            .is_err()
    );
    assert_eq!(store.endpoints(&own).await.unwrap().len(), 1);
    assert_eq!(store.endpoints(&all()).await.unwrap().len(), 2);
    assert!(store.endpoint_secret(&own, "e1").await.is_err());
    let secret = store.endpoint_secret(&own, "e2").await.unwrap();
    assert_eq!(secret.expose_str(), Some("planted-webhook-secret"));

    place.approved("p1", "ann").await;
    let confidential: Vec<String> = vec!["hr@north.example".to_owned()];
    let quiet = domain::request::Request {
        confidential,
        ..request("r-quiet", "north")
    };
    store.add_request(&all(), &quiet, at(0)).await.unwrap();
    let claim = |after| store.claim_deliveries(Channel::Webhook, at(after), 1_000, 9);
    let mut told = claim(2).await.unwrap();
    told.sort_by(|one, other| one.event.cmp(&other.event));
    let events: Vec<_> = told
        .iter()
        .map(|one| (one.event.as_str(), one.endpoint.as_deref()))
        .collect();
    assert_eq!(
        events,
        [
            ("approval", Some("e2")),
            ("plan", Some("e1")),
            ("request", Some("e1"))
        ]
    );
    assert!(
        told[2]
            .body
            .as_ref()
            .unwrap()
            .expose_str()
            .unwrap()
            .contains("r-p1")
    );
}

#[tokio::test]
async fn a_delivery_is_claimed_by_one_and_sent_again_when_asked() {
    let place = with_endpoints().await;
    let store = &place.store;
    let own = TenantScope::of(&north());
    place.approved("p1", "ann").await;
    let claim = |after| store.claim_deliveries(Channel::Webhook, at(after), 1_000, 9);
    let mut told = claim(2).await.unwrap();
    told.sort_by(|one, other| one.event.cmp(&other.event));
    assert!(claim(3).await.unwrap().is_empty(), "they are claimed");
    store
        .delivered(&told[0].id, 1, Some(204), at(4))
        .await
        .unwrap();
    store
        .failed(&told[1].id, 1, Some(500), "server error", Some(at(9_000)))
        .await
        .unwrap();
    store
        .failed(&told[2].id, 1, None, "no answer", None)
        .await
        .unwrap();
    let again = claim(9_000).await.unwrap();
    assert_eq!(
        again
            .iter()
            .map(|one| (one.id.as_str(), one.attempt))
            .collect::<Vec<_>>(),
        [(told[1].id.as_str(), 2)]
    );
    // Whoever claimed it first comes too late.
    store
        .failed(&told[1].id, 1, Some(500), "late", None)
        .await
        .unwrap();
    assert_eq!(claim(10_000).await.unwrap().len(), 1);
    store
        .send_again(&all(), &told[0].id, at(10_001))
        .await
        .unwrap();
    assert_eq!(claim(10_001).await.unwrap().len(), 1);
    let log = store.deliveries(&all(), Some("e1"), None).await.unwrap();
    assert_eq!(log.len(), 2);
    assert_eq!(
        store
            .deliveries(&all(), None, Some(&log[0]))
            .await
            .unwrap()
            .len(),
        1
    );
    store.remove_endpoint(&own, "e2", at(5)).await.unwrap();
    assert!(store.send_again(&all(), &told[0].id, at(6)).await.is_err());
    assert!(
        store
            .change_endpoint(&own, &store.endpoints(&all()).await.unwrap()[0])
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_mail_is_sent_once_and_seen_by_those_who_may() {
    let place = Place::new().await;
    let store = &place.store;
    let made = place.approved("p1", "ann").await;
    let about = About::Plan(made.id.clone());
    assert!(store.enqueue(&mail("m1", about.clone())).await.unwrap());
    assert!(!store.enqueue(&mail("m1", about)).await.unwrap());
    assert!(
        store
            .enqueue(&mail("m2", About::Plan(PlanId::from("p9"))))
            .await
            .is_err()
    );
    assert!(
        store
            .claim_deliveries(Channel::Mail, at(9), 1_000, 9)
            .await
            .unwrap()
            .is_empty()
    );
    let claimed = store
        .claim_deliveries(Channel::Mail, at(10), 1_000, 9)
        .await
        .unwrap();
    assert_eq!(
        claimed[0].body.as_ref().unwrap().expose_str(),
        Some("planted-mail-body")
    );
    store.delivered("m1", 1, None, at(11)).await.unwrap();
    assert!(
        store.send_again(&all(), "m1", at(12)).await.is_err(),
        "its body is erased"
    );
    let own = TenantScope::of(&north());
    assert_eq!(store.deliveries(&own, None, None).await.unwrap().len(), 1);
    let herself = own.seen_by("Ann@north.example");
    assert!(
        store
            .deliveries(&herself, None, None)
            .await
            .unwrap()
            .is_empty()
    );
    let south = TenantScope::of(&TenantId::from("south"));
    assert!(
        store
            .deliveries(&south, None, None)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn what_cannot_be_opened_is_claimed_without_its_text_and_holds_up_no_other() {
    let place = Place::new().await;
    let store = &place.store;
    for id in ["m1", "m2"] {
        let new = mail(id, About::Nobody);
        store.enqueue(&new).await.unwrap();
    }
    let mut tx = store.write().await.unwrap();
    sqlx::raw_sql("UPDATE deliveries SET body = zeroblob(64) WHERE id = 'm1'")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut claimed = store
        .claim_deliveries(Channel::Mail, at(20), 1_000, 9)
        .await
        .unwrap();
    claimed.sort_by(|one, other| one.id.cmp(&other.id));
    let texts: Vec<bool> = claimed.iter().map(|one| one.body.is_some()).collect();
    assert_eq!(texts, [false, true]);
}
