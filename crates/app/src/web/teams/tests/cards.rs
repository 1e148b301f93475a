//! Cards on their way: who is sent one, and what it says when it is looked at again.

use super::framework::APP;
use super::scene::{Scene, WIPE};
use crate::delivering;
use crate::telling;
use axum::http::StatusCode;
use domain::StepKey;
use serde_json::Value;
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn the_bot_remembers_operators_who_opened_it_until_they_take_it_away() {
    let scene = Scene::new().await;
    let store = &scene.app.web.wiring.store;
    let heard = async |call: Value| {
        let reply = scene.send(&scene.service.token(), &call).await;
        assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, ""));
        store.conversations().await.unwrap()
    };
    // Nobody that we know, a group, another organisation.
    assert!(heard(scene.call("zoe", "message")).await.is_empty());
    let mut group = scene.call("ann", "message");
    group["conversation"]["conversationType"] = json!("groupChat");
    assert!(heard(group).await.is_empty());
    let mut other = scene.call("ann", "message");
    other["conversation"] = json!({ "id": "a:ann", "conversationType": "personal" });
    other["channelData"]["tenant"]["id"] = json!(APP);
    assert!(heard(other).await.is_empty());
    let known = heard(scene.call("ann", "installationUpdate")).await;
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].operator, scene.id("ann").await);
    assert_eq!(known[0].conversation, "a:ann");
    heard(scene.call("ann", "message")).await;
    let mut gone = scene.call("ann", "installationUpdate");
    gone["action"] = json!("remove");
    assert!(heard(gone).await.is_empty());
}

/// The seal in the data of a card's approving button.
fn seal_of(card: &Value) -> String {
    let data = &card["actions"][0]["data"]["tenure"]["seal"];
    data.as_str().unwrap_or_else(|| panic!("{card}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_opened_the_bot_is_sent_a_card_once_and_decides_in_it() {
    let scene = Scene::new().await;
    for name in ["ann", "cyd"] {
        scene
            .send(&scene.service.token(), &scene.call(name, "message"))
            .await;
    }
    let plan = scene.plan().await;
    let wiring = &scene.app.web.wiring;
    let arrived = async {
        while scene.service.posted.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // Time for another one, which must not come.
        tokio::time::sleep(Duration::from_secs(3)).await;
    };
    let both = futures::future::join(telling::go_on(wiring), delivering::go_on(wiring));
    tokio::select! {
        _ = both => unreachable!("they go on for ever"),
        arrived = tokio::time::timeout(Duration::from_secs(30), arrived) => arrived.unwrap(),
    }
    // Ann approves; Cyd only reads; Ben has never opened the bot.
    let posted = scene.service.posted.lock().unwrap().clone();
    assert_eq!(posted.len(), 1, "{posted:?}");
    let (conversation, card) = &posted[0];
    assert_eq!(conversation, "a:ann");
    let text = card.to_string();
    assert!(text.contains("Offboard Nora Lindqvist"), "{text}");
    assert!(
        text.contains("\"Input.Toggle\"") && text.contains(WIPE),
        "{text}"
    );
    assert!(text.contains("\"isRequired\":true"), "{text}");
    let call = scene.press("ann", "approve", &seal_of(card), &json!({ WIPE: "true" }));
    let text = scene.replaced(&call).await;
    assert!(text.contains("Approved by ann, "), "{text}");
    assert_eq!(
        scene.approvals(&plan).await[0].approval.apart,
        [StepKey::from(WIPE)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_at_a_card_again_sees_how_it_stands() {
    let scene = Scene::new().await;
    let plan = scene.plan().await;
    let (ann, ben) = (
        scene.seal("ann", &plan).await,
        scene.seal("ben", &plan).await,
    );
    // It still waits: the same buttons, and nothing was decided by looking.
    let look = scene.press("ben", "refresh", &ben, &json!({ WIPE: "true" }));
    for _ in 0..2 {
        let answer = scene.answer(&look).await;
        assert_eq!(answer["statusCode"], 200, "{answer}");
        let card = &answer["value"];
        assert_eq!(card["refresh"]["action"]["verb"], "refresh", "{card}");
        let again = scene.press("ben", "refresh", &seal_of(card), &json!({}));
        assert_eq!(scene.answer(&again).await["statusCode"], 200);
    }
    scene.is_untouched(&plan).await;
    // Somebody else's card is not looked at.
    let other = scene.press("ben", "refresh", &ann, &json!({}));
    assert_eq!(scene.refused(&other).await.0, "card");
    let press = scene.press("ann", "approve", &ann, &json!({}));
    scene.replaced(&press).await;
    let text = scene.replaced(&look).await;
    assert!(text.contains("Approved by ann, "), "{text}");
}
