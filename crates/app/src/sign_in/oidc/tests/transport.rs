//! A provider that is slow, huge, elsewhere or somebody else.

use axum::http::StatusCode;

use super::*;

async fn cannot_begin(world: &World) -> Refusal {
    let begun = world
        .provider
        .begin(BACK, ReturnTo::wished(None), NOW)
        .await;
    begun.map(drop).unwrap_err()
}

fn unread(what: &'static str, why: Failure) -> Refusal {
    Refusal::Unread { what, why }
}

#[tokio::test]
async fn the_token_endpoint_may_take_neither_memory_nor_time() {
    let world = World::new().await;
    for (does, why) in [(Token::Huge, Failure::Large), (Token::Slow, Failure::Slow)] {
        let begun = world.begin().await;
        world.hostile.with(|script| {
            script.used.clear();
            script.token = does;
        });
        let refused = world.back(&begun, NOW).await;
        assert_eq!(refused, Err(unread("token endpoint", why)));
    }
}

#[tokio::test]
async fn errors_of_the_token_endpoint_say_who_must_act() {
    let world = World::new().await;
    let cases = [
        (json!({"error": "invalid_client"}), Refusal::Client),
        (json!({"error": "invalid_grant"}), Refusal::Code),
        (
            json!({"no": "error"}),
            Refusal::Garbled("answer of the token endpoint"),
        ),
    ];
    for (answer, expected) in cases {
        let begun = world.begin().await;
        world.hostile.with(|script| {
            script.used.clear();
            script.token = Token::Error(StatusCode::BAD_REQUEST, answer);
        });
        assert_eq!(world.back(&begun, NOW).await, Err(expected));
    }
    let begun = world.begin().await;
    let reply = json!({"access_token": ACCESS, "token_type": "Bearer"});
    world.hostile.with(|script| {
        script.used.clear();
        script.token = Token::Reply(reply);
    });
    assert_eq!(world.back(&begun, NOW).await, Err(Refusal::NoToken));
}

#[tokio::test]
async fn discovery_that_names_another_issuer_is_refused() {
    for other in ["https://evil.example", "http://127.0.0.1:1/"] {
        let world = World::new().await;
        world
            .hostile
            .with(|script| script.discovery["issuer"] = json!(other));
        assert_eq!(cannot_begin(&world).await, Refusal::OtherDiscovery);
    }
}

#[tokio::test]
async fn nothing_is_followed_and_nothing_goes_without_https() {
    let world = World::new().await;
    world.hostile.with(|script| script.keys_redirect = true);
    assert_eq!(
        cannot_begin(&world).await,
        unread("keys", Failure::Redirect)
    );
    for endpoint in ["authorization_endpoint", "token_endpoint"] {
        let world = World::new().await;
        world
            .hostile
            .with(|script| script.discovery[endpoint] = json!("http://idp.contoso.example/x"));
        assert_eq!(cannot_begin(&world).await, Refusal::PlainEndpoint);
    }
    let world = World::new().await;
    world
        .hostile
        .with(|script| script.discovery["jwks_uri"] = json!("http://169.254.169.254/latest"));
    assert_eq!(cannot_begin(&world).await, unread("keys", Failure::Plain));
    for issuer in [
        "http://idp.contoso.example",
        "ftp://idp.contoso.example",
        "https://a:b@idp.contoso.example",
        "https://idp.contoso.example/?x",
        "idp",
    ] {
        let refused = Provider::new(config(issuer), bounds()).unwrap_err();
        assert!(matches!(refused, Refusal::Configuration(_)), "{issuer}");
    }
    let world = World::new().await;
    for back in ["http://tenure.contoso.example/back", "javascript:x", "back"] {
        let refused = world
            .provider
            .begin(back, ReturnTo::wished(None), NOW)
            .await;
        assert!(matches!(refused, Err(Refusal::Configuration(_))), "{back}");
    }
}

#[tokio::test]
async fn a_provider_that_is_down_is_not_asked_by_everybody() {
    let world = World::new().await;
    world.hostile.with(|script| script.keys_redirect = true);
    for _ in 0..5 {
        cannot_begin(&world).await;
    }
    assert_eq!(world.hostile.with(|script| script.keys_read), 1);
    world.hostile.with(|script| script.keys_redirect = false);
    let later = world
        .provider
        .begin(BACK, ReturnTo::wished(None), NOW + 5)
        .await;
    assert!(later.is_ok());
}

#[tokio::test]
async fn an_access_token_that_no_header_takes_does_no_harm() {
    let world = World::new().await;
    let begun = world.begin().await;
    let mut claims = world.claims(&begun);
    claims["email"] = Value::Null;
    let id_token = world.signer.sign(&world.header(), &claims);
    let reply = json!({"access_token": "a\r\nb", "token_type": "Bearer", "id_token": id_token});
    world
        .hostile
        .with(|script| script.token = Token::Reply(reply));
    assert_eq!(
        world.back(&begun, NOW).await,
        Err(unread("user info", Failure::Connection))
    );
}

#[tokio::test]
async fn an_answer_of_another_provider_is_not_mixed_in() {
    let world = World::new().await;
    let begun = world.begin().await;
    world.answers(&world.signer.sign(&world.header(), &world.claims(&begun)));
    let state = &begun.sent["state"];
    let query = format!("code=c&state={state}&iss=https%3A%2F%2Fevil.example");
    let mixed = world.provider.finish(&query, &begun.pending, NOW).await;
    assert_eq!(mixed, Err(Refusal::Mixed));
    // A provider that announces `iss` always sends it.
    world.hostile.with(|script| {
        script.discovery["authorization_response_iss_parameter_supported"] = json!(true);
    });
    let world = world.configured(|_| ());
    assert_eq!(world.back(&begun, NOW).await, Err(Refusal::Mixed));
    let query = format!("code=c&state={state}&iss={}", world.hostile.issuer);
    assert!(
        world
            .provider
            .finish(&query, &begun.pending, NOW)
            .await
            .is_ok()
    );
}
