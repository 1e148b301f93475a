//! The token endpoint and what a token opens.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_SHA256, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sim::world::{AppCertificate, AppSecret};
use sim::{Faults, Sandbox, worlds};

use crate::client::{
    BASE, Client, GRAPH_SCOPE, Got, contoso, form_post, start, token, wait, world,
};

fn sandbox() -> Sandbox {
    Sandbox::new(worlds::demo(start()), Faults::calm(), 1, start())
}

fn claims(got: &Got) -> Value {
    let token = got.body["access_token"].as_str().unwrap();
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn refusals_carry_their_numbers() {
    let expired = world(worlds::CONTOSO, |tenant| {
        let secret = AppSecret {
            value: "old".to_owned(),
            expires: Some("2026-08-01T00:00:00Z".parse().unwrap()),
        };
        tenant
            .apps
            .get_mut(worlds::CLIENT_ID)
            .unwrap()
            .secrets
            .push(secret);
    });
    let sandbox = Sandbox::new(expired, Faults::calm(), 1, start());
    let (id, secret) = (worlds::CLIENT_ID, worlds::CLIENT_SECRET);
    let stranger = "11111111-2222-4333-8444-555555555555";
    for (tenant, client, secret, scope, status, number) in [
        (worlds::CONTOSO, id, "wrong", GRAPH_SCOPE, 401, 7_000_215),
        (worlds::CONTOSO, id, "old", GRAPH_SCOPE, 401, 7_000_222),
        (worlds::CONTOSO, stranger, secret, GRAPH_SCOPE, 400, 700_016),
        (stranger, id, secret, GRAPH_SCOPE, 400, 90_002),
        ("not-a-tenant", id, secret, GRAPH_SCOPE, 400, 900_023),
        (
            worlds::CONTOSO,
            id,
            secret,
            "https://graph.microsoft.com/User.Read",
            400,
            1_002_012,
        ),
        (
            worlds::CONTOSO,
            id,
            secret,
            "https://elsewhere.example/.default",
            400,
            500_011,
        ),
    ] {
        let got = token(&sandbox, tenant, client, secret, scope).await;
        assert_eq!(
            (got.status, &got.body["error_codes"]),
            (status, &json!([number])),
            "{:?}",
            got.body
        );
        assert!(
            got.body["error_description"]
                .as_str()
                .unwrap()
                .starts_with(&format!("AADSTS{number}: "))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_names_its_roles_and_opens_its_resource_only() {
    let sandbox = sandbox();
    let got = token(
        &sandbox,
        worlds::CONTOSO,
        worlds::CLIENT_ID,
        worlds::CLIENT_SECRET,
        GRAPH_SCOPE,
    )
    .await;
    let graph = claims(&got);
    assert_eq!(
        (&graph["tid"], &graph["appid"]),
        (&json!(worlds::CONTOSO), &json!(worlds::CLIENT_ID))
    );
    assert_eq!(graph["aud"], "https://graph.microsoft.com");
    assert!(
        graph["roles"]
            .as_array()
            .unwrap()
            .contains(&json!("User.RevokeSessions.All"))
    );
    let scope = "https://outlook.office365.com/.default";
    let got = token(
        &sandbox,
        worlds::CONTOSO,
        worlds::CLIENT_ID,
        worlds::CLIENT_SECRET,
        scope,
    )
    .await;
    assert_eq!(claims(&got)["roles"], json!(["Exchange.ManageAsApp"]));
    // An Exchange token does not open Graph.
    let request = transport::Request {
        method: transport::Method::GET,
        url: format!("{BASE}/graph/v1.0/users"),
        headers: [(
            transport::HeaderName::from_static("authorization"),
            format!("Bearer {}", got.body["access_token"].as_str().unwrap())
                .parse()
                .unwrap(),
        )]
        .into_iter()
        .collect(),
        body: Default::default(),
    };
    let refused: Got = transport::Transport::send(&sandbox, request)
        .await
        .unwrap()
        .into();
    assert_eq!(
        (refused.status, refused.code()),
        (401, "InvalidAuthenticationToken")
    );
}

#[tokio::test(start_paused = true)]
async fn the_published_key_verifies_the_token() {
    let sandbox = sandbox();
    let get = async |path: String| -> Got {
        let request = transport::Request {
            method: transport::Method::GET,
            url: path,
            headers: transport::HeaderMap::new(),
            body: Default::default(),
        };
        transport::Transport::send(&sandbox, request)
            .await
            .unwrap()
            .into()
    };
    let discovery = get(format!(
        "{BASE}/login/{}/v2.0/.well-known/openid-configuration",
        worlds::CONTOSO
    ))
    .await;
    let keys = get(discovery.body["jwks_uri"].as_str().unwrap().to_owned()).await;
    let number = |name: &str| {
        URL_SAFE_NO_PAD
            .decode(keys.body["keys"][0][name].as_str().unwrap())
            .unwrap()
    };
    let got = token(
        &sandbox,
        worlds::CONTOSO,
        worlds::CLIENT_ID,
        worlds::CLIENT_SECRET,
        GRAPH_SCOPE,
    )
    .await;
    let token = got.body["access_token"].as_str().unwrap();
    let (message, signed) = token.rsplit_once('.').unwrap();
    let key = RsaPublicKeyComponents {
        n: number("n"),
        e: number("e"),
    };
    let signed = URL_SAFE_NO_PAD.decode(signed).unwrap();
    key.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signed)
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_token_ends_and_another_tenant_is_out_of_reach() {
    let client = Client::calm().await;
    assert_eq!(
        client.get("/organization").await.body["value"][0]["displayName"],
        "Contoso"
    );
    // The token decides the tenant: a user of the other one is not there.
    let maria = worlds::id(worlds::FABRIKAM, "user maria.sandoval");
    assert_eq!(client.get(&format!("/users/{maria}")).await.status, 404);
    wait(3_600).await;
    let got = client.get("/organization").await;
    assert_eq!(
        (got.status, got.message()),
        (401, "Lifetime validation failed, the token is expired.")
    );
    let early = Faults {
        token_dies_after_s: Some(60),
        ..Faults::calm()
    };
    let client = Client::of(worlds::demo(start()), early, worlds::CONTOSO).await;
    wait(61).await;
    assert_eq!(client.get("/organization").await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn without_consent_a_token_has_no_roles() {
    let client = Client::with_roles(&[]).await;
    let got = client
        .get(&format!("/users/{}", contoso("user nora.lindqvist")))
        .await;
    assert_eq!(
        (got.status, got.code()),
        (403, "Authorization_RequestDenied")
    );
    let got = token(
        &client.sandbox,
        worlds::CONTOSO,
        worlds::CLIENT_ID,
        worlds::CLIENT_SECRET,
        GRAPH_SCOPE,
    )
    .await;
    assert!(claims(&got).get("roles").is_none());
}

/// A DER element.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        length if length < 128 => out.push(length as u8),
        length => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend(content);
    out
}

/// The frame of a certificate around a public key; nobody checks its signature.
fn certificate(public_key: &[u8]) -> Vec<u8> {
    let empty = der(0x30, &[]);
    let version = der(0xa0, &der(0x02, &[2]));
    let fields = [
        version,
        der(0x02, &[1]),
        empty.clone(),
        empty.clone(),
        empty.clone(),
        empty.clone(),
        public_key.to_vec(),
    ];
    der(
        0x30,
        &[der(0x30, &fields.concat()), empty, der(0x03, &[0])].concat(),
    )
}

fn assertion(key: &KeyPair, thumbprint: &str, audience: &str, end: i64) -> String {
    let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint});
    let claims = json!({"aud": audience, "iss": worlds::CLIENT_ID, "sub": worlds::CLIENT_ID, "jti": "1", "nbf": end - 120, "exp": end});
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let mut signed = vec![0; key.public_modulus_len()];
    key.sign(
        &RSA_PSS_SHA256,
        &SystemRandom::new(),
        message.as_bytes(),
        &mut signed,
    )
    .unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signed))
}

#[tokio::test(start_paused = true)]
async fn a_certificate_assertion_is_checked_in_all_parts() {
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let public: Vec<u8> = key.public_key().as_der().unwrap().as_ref().to_vec();
    let certificate = certificate(&public);
    let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, &certificate));
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        STANDARD.encode(&certificate)
    );
    let world = world(worlds::CONTOSO, |tenant| {
        tenant
            .apps
            .get_mut(worlds::CLIENT_ID)
            .unwrap()
            .certificates
            .push(AppCertificate { pem, expires: None });
    });
    let sandbox = Sandbox::new(world, Faults::calm(), 1, start());
    let now = start().as_second();
    let right = format!(
        "https://login.microsoftonline.com/{}/oauth2/v2.0/token",
        worlds::CONTOSO
    );
    let other = KeyPair::generate(KeySize::Rsa2048).unwrap();
    for (key, thumbprint, audience, end, expected) in [
        (&key, thumbprint.as_str(), right.as_str(), now + 120, None),
        (
            &other,
            thumbprint.as_str(),
            right.as_str(),
            now + 120,
            Some(700_027),
        ),
        (&key, "AAAA", right.as_str(), now + 120, Some(700_027)),
        (
            &key,
            thumbprint.as_str(),
            "https://elsewhere.example/token",
            now + 120,
            Some(700_023),
        ),
        (
            &key,
            thumbprint.as_str(),
            right.as_str(),
            now - 3_600,
            Some(700_024),
        ),
    ] {
        let form = format!(
            "client_id={}&grant_type=client_credentials&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={}",
            worlds::CLIENT_ID,
            assertion(key, thumbprint, audience, end)
        );
        let got = form_post(&sandbox, worlds::CONTOSO, form).await;
        assert_eq!(
            got.body["error_codes"][0].as_i64(),
            expected,
            "{:?}",
            got.body
        );
        assert_eq!(got.body["access_token"].is_string(), expected.is_none());
    }
}
