//! Who gets in at the bot's route, and which cards are ours.

use super::framework::{APP, HOME, Signer, object};
use super::scene::{ROUTE, Scene};
use crate::acts;
use crate::clock;
use crate::web::tests::TestApp;
use axum::http::StatusCode;
use domain::access::Role;
use serde_json::Value;
use serde_json::json;
use store::TenantScope;

#[tokio::test(flavor = "multi_thread")]
async fn no_token_that_is_not_genuine_gets_in() {
    let scene = Scene::new().await;
    let plan = scene.plan().await;
    let seal = scene.seal("ann", &plan).await;
    let call = scene.press("ann", "approve", &seal, &json!({}));
    let now = clock::now().as_second();
    let with = |name: &str, value: Value| {
        let mut claims = scene.service.claims();
        claims[name] = value;
        scene.service.signer.token(&claims)
    };
    let good = scene.service.token();
    let (_, signature) = good.rsplit_once('.').unwrap();
    let (unsigned, _) = with("aud", json!(APP))
        .rsplit_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let tokens = [
        ("audience", with("aud", json!(HOME))),
        ("issuer", with("iss", json!("https://sts.windows.net/x/"))),
        ("expired", with("exp", json!(now - 600))),
        ("not yet", with("nbf", json!(now + 600))),
        (
            "serviceurl",
            with("serviceurl", json!("https://evil.example/teams")),
        ),
        ("no serviceurl", with("serviceurl", Value::Null)),
        (
            "wrong key",
            Signer::new("key-1").token(&scene.service.claims()),
        ),
        (
            "unknown key",
            Signer::new("key-2").token(&scene.service.claims()),
        ),
        ("another's signature", format!("{unsigned}x.{signature}")),
        (
            "none",
            format!(
                "eyJhbGciOiJub25lIn0.{}.",
                unsigned.split('.').nth(1).unwrap()
            ),
        ),
        ("no token", "nothing".to_owned()),
    ];
    for (what, token) in tokens {
        let reply = scene.send(&token, &call).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{what}");
        assert_eq!(reply.text, "", "{what}: nothing is told");
    }
    // A genuine token, and a body that would turn our answers elsewhere.
    let mut turned = call.clone();
    turned["serviceUrl"] = json!("https://evil.example/teams");
    let reply = scene.send(&good, &turned).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    let bare = scene.app.request("POST", ROUTE, None);
    let reply = scene.app.call(bare, call.to_string()).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    scene.is_untouched(&plan).await;
    // The same call with the genuine token does it: nothing else was in the way.
    scene.replaced(&call).await;
    assert_eq!(scene.approvals(&plan).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_does_not_open_the_bots_door_and_its_token_opens_no_other() {
    let scene = Scene::new().await;
    let admin = scene.app.holder(Role::Admin, None).await;
    let reply = scene.app.post(ROUTE, &admin, &[]).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    let token = format!("Bearer {}", scene.service.token());
    let request = scene.app.request("GET", "/api/v1/me", None);
    let reply = scene
        .app
        .call(request.header("authorization", token), String::new())
        .await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_bot_is_configured_there_is_none() {
    let app = TestApp::new().await;
    let request = app.request("POST", ROUTE, None);
    let request = request.header("authorization", "Bearer x.y.z");
    let reply = app.call(request, "{}".to_owned()).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_repeated_does_nothing_again() {
    let scene = Scene::new().await;
    let plan = scene.plan().await;
    let seal = scene.seal("ann", &plan).await;
    let call = scene.press("ann", "approve", &seal, &json!({}));
    scene.replaced(&call).await;
    let wiring = &scene.app.web.wiring;
    let (scope, ann) = (TenantScope::provider(), "ann@provider.example");
    let taken = acts::approve::take_back(wiring, &scope, &plan.id, ann).await;
    taken.unwrap();
    // What was taken back does not come back by sending the old press once more.
    let text = scene.replaced(&call).await;
    assert!(text.contains("It waits for a decision"), "{text}");
    scene.is_untouched(&plan).await;
    // A press that has no id cannot be told from a repeated one.
    let mut nameless = scene.press("ann", "approve", &seal, &json!({}));
    nameless["id"] = json!("");
    scene.replaced(&nameless).await;
    scene.is_untouched(&plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_ours_and_for_whom_it_was_sent_to() {
    let scene = Scene::new().await;
    let plan = scene.plan().await;
    let seal = scene.seal("ann", &plan).await;
    let none = json!({});
    let mut spoilt = seal.clone();
    let other = if seal.as_bytes()[40] == b'A' {
        "B"
    } else {
        "A"
    };
    spoilt.replace_range(40..41, other);
    for (who, seal) in [
        ("ben", seal.as_str()),
        ("ann", ""),
        ("ann", plan.digest.as_str()),
        ("ann", &spoilt),
    ] {
        let call = scene.press(who, "approve", seal, &none);
        let (code, sentence) = scene.refused(&call).await;
        assert_eq!(code, "card", "{who}: {sentence}");
    }
    let call = scene.press("ann", "delete", &seal, &none);
    assert_eq!(scene.refused(&call).await.0, "card");
    scene.is_untouched(&plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_of_another_organisation_or_no_operator_decides_nothing() {
    let scene = Scene::new().await;
    let plan = scene.plan().await;
    let seal = scene.seal("ann", &plan).await;
    let mut call = scene.press("ann", "approve", &seal, &json!({}));
    for place in ["conversation", "channelData"] {
        let id = json!("11111111-1111-4111-8111-111111111111");
        match place {
            "conversation" => call[place]["tenantId"] = id,
            _ => call[place]["tenant"]["id"] = id,
        }
    }
    assert_eq!(scene.refused(&call).await.0, "other-directory");
    let unknown = scene.press("zoe", "approve", &seal, &json!({}));
    assert_eq!(scene.refused(&unknown).await.0, "no-operator");
    // Whoever calls as somebody else than the service says is nobody.
    let mut posing = scene.press("ann", "approve", &seal, &json!({}));
    posing["from"]["aadObjectId"] = json!(object("zoe"));
    assert_eq!(scene.refused(&posing).await.0, "no-operator");
    let mut posing = scene.press("zoe", "approve", &seal, &json!({}));
    posing["from"]["aadObjectId"] = json!(object("ann"));
    assert_eq!(scene.refused(&posing).await.0, "no-operator");
    scene.is_untouched(&plan).await;
}
