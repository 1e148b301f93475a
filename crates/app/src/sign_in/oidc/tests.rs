//! A hostile provider against the client: each lie is refused by a sentence of its own.

mod admission;
mod hostile;
mod transport;

use std::collections::HashMap;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use secrecy::SecretString;
use serde_json::{Value, json};

use self::hostile::{Hostile, Signer, Token, base64url, half_hash, hs256, unsigned};
use super::*;

const NOW: i64 = 1_790_000_000;
const BACK: &str = "http://127.0.0.1:8080/sign-in/back";
const ACCESS: &str = "an-access-token";

fn config(issuer: &str) -> OidcConfig {
    OidcConfig {
        issuer: issuer.to_owned(),
        client_id: "tenure".to_owned(),
        client_secret_file: None,
        client_secret_env: None,
        client_secret: Some(SecretString::from("the-client-secret")),
        scopes: vec!["profile".to_owned(), "email".to_owned()],
        allowed_domains: Vec::new(),
        allowed_tenants: Vec::new(),
        trust_addresses: false,
    }
}

fn bounds() -> Bounds {
    Bounds {
        time: Duration::from_millis(1_500),
        bytes: 256 * 1024,
    }
}

/// A provider, its key, and us.
struct World {
    hostile: Hostile,
    signer: Signer,
    provider: Provider,
}

/// A sign-in that waits for its answer.
struct Begun {
    pending: Pending,
    sent: HashMap<String, String>,
}

impl World {
    async fn of(signer: Signer) -> Self {
        let hostile = Hostile::start(&[signer.jwk("first")]).await;
        let provider = Provider::new(config(&hostile.issuer), bounds()).unwrap();
        Self {
            hostile,
            signer,
            provider,
        }
    }

    async fn new() -> Self {
        Self::of(Signer::ec()).await
    }

    /// The same provider with another configuration.
    fn configured(mut self, change: impl FnOnce(&mut OidcConfig)) -> Self {
        let mut config = config(&self.hostile.issuer);
        change(&mut config);
        self.provider = Provider::new(config, bounds()).unwrap();
        self
    }

    async fn begin(&self) -> Begun {
        let return_to = ReturnTo::wished(Some("/t/contoso/plans"));
        let (url, pending) = self.provider.begin(BACK, return_to, NOW).await.unwrap();
        let sent = url.query_pairs().into_owned().collect();
        Begun { pending, sent }
    }

    fn header(&self) -> Value {
        let alg = match self.signer {
            Signer::Ec(_) => "ES256",
            Signer::Rsa(_) => "RS256",
        };
        json!({"alg": alg, "kid": "first", "typ": "JWT"})
    }

    fn claims(&self, begun: &Begun) -> Value {
        json!({
            "iss": self.hostile.issuer, "sub": "subject-1", "aud": "tenure",
            "exp": NOW + 300, "iat": NOW, "nonce": begun.sent["nonce"],
            "email": "Ann.Lee@contoso.example", "email_verified": true, "name": "Ann Lee", "sid": "s-1",
        })
    }

    /// The provider answers with this identity token.
    fn answers(&self, id_token: &str) {
        let reply = json!({"access_token": ACCESS, "token_type": "Bearer", "id_token": id_token});
        self.hostile
            .with(|script| script.token = Token::Reply(reply));
    }

    async fn back(&self, begun: &Begun, now_s: i64) -> Result<Identity, Refusal> {
        let query = format!("code=code-1&state={}", begun.sent["state"]);
        self.provider.finish(&query, &begun.pending, now_s).await
    }

    /// A sign-in with claims changed.
    async fn sign_in(&self, change: impl FnOnce(&mut Value)) -> Result<Identity, Refusal> {
        let begun = self.begin().await;
        let mut claims = self.claims(&begun);
        change(&mut claims);
        self.answers(&self.signer.sign(&self.header(), &claims));
        self.back(&begun, NOW).await
    }

    /// A sign-in whose token is made by `forge` from the claims of a good one.
    async fn forged(&self, forge: impl FnOnce(&Value) -> String) -> Result<Identity, Refusal> {
        let begun = self.begin().await;
        let claims = self.claims(&begun);
        self.answers(&forge(&claims));
        self.back(&begun, NOW).await
    }
}

#[tokio::test]
async fn an_honest_provider_signs_in() {
    let world = World::new().await;
    let begun = world.begin().await;
    assert_eq!(begun.sent["response_type"], "code");
    assert_eq!(begun.sent["scope"], "openid profile email");
    assert_eq!(begun.sent["redirect_uri"], BACK);
    assert_eq!(begun.sent["code_challenge_method"], "S256");
    assert!(begun.sent["state"].len() >= 43 && begun.sent["nonce"].len() >= 43);
    assert_eq!(begun.pending.return_to.as_str(), "/t/contoso/plans");
    let mut claims = world.claims(&begun);
    claims["at_hash"] = json!(half_hash(ACCESS));
    claims["azp"] = json!("tenure");
    world.answers(&world.signer.sign(&world.header(), &claims));
    let identity = world.back(&begun, NOW).await.unwrap();
    let expected = Identity {
        issuer: world.hostile.issuer.clone(),
        subject: "subject-1".to_owned(),
        email: Some("ann.lee@contoso.example".to_owned()),
        email_verified: true,
        addresses_trusted: false,
        name: Some("Ann Lee".to_owned()),
        sid: Some("s-1".to_owned()),
    };
    assert_eq!(identity, expected);
    let form: HashMap<String, String> = world
        .hostile
        .with(|script| script.forms.remove(0))
        .into_iter()
        .collect();
    let proof = digest(&SHA256, form["code_verifier"].as_bytes());
    assert_eq!(base64url(proof.as_ref()), begun.sent["code_challenge"]);
    assert_eq!(form["redirect_uri"], BACK);
}

#[tokio::test]
async fn rsa_signs_by_both_paddings() {
    let world = World::of(Signer::rsa()).await;
    assert!(world.sign_in(|_| ()).await.is_ok());
    let pss = json!({"alg": "PS256", "kid": "first"});
    world.hostile.with(|script| script.used.clear());
    assert!(
        world
            .forged(|claims| world.signer.sign(&pss, claims))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn an_unsigned_token_is_refused() {
    let world = World::new().await;
    for alg in ["none", "None"] {
        let forged = |claims: &Value| {
            format!(
                "{}.",
                unsigned(&json!({"alg": alg, "kid": "first"}), claims)
            )
        };
        let refused = world.forged(forged).await.unwrap_err();
        let garbled = Refusal::Garbled("answer of the token endpoint");
        assert_eq!(
            refused,
            if alg == "none" {
                Refusal::Unsigned
            } else {
                garbled
            }
        );
        world.hostile.with(|script| script.used.clear());
    }
}

#[tokio::test]
async fn a_shared_secret_never_signs() {
    let world = World::of(Signer::rsa()).await;
    let pem_lines = |der: &[u8]| {
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        let lines: Vec<_> = text
            .as_bytes()
            .chunks(64)
            .map(String::from_utf8_lossy)
            .collect();
        format!(
            "-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----\n",
            lines.join("\n")
        )
    };
    let der = world.signer.public().to_vec();
    let secrets = [
        der.clone(),
        pem_lines(&der).into_bytes(),
        b"the-client-secret".to_vec(),
    ];
    for secret in secrets {
        for header in [
            json!({"alg": "HS256", "kid": "first"}),
            json!({"alg": "HS256"}),
        ] {
            let refused = world.forged(|claims| hs256(&secret, &header, claims)).await;
            assert_eq!(refused, Err(Refusal::Algorithm));
            world.hostile.with(|script| script.used.clear());
        }
    }
}

#[tokio::test]
async fn each_wrong_claim_is_refused_by_its_own_sentence() {
    type Change = fn(&mut Value);
    let cases: [(Change, Refusal); 18] = [
        (|c| c["aud"] = json!("other"), Refusal::Audience),
        (|c| c["aud"] = json!([]), Refusal::Audience),
        (|c| c["aud"] = json!(["tenure", "other"]), Refusal::Audience),
        (|c| c["azp"] = json!("other"), Refusal::Party),
        (
            |c| c["iss"] = json!("https://evil.example"),
            Refusal::Issuer,
        ),
        (
            |c| c["iss"] = json!(format!("{}/", c["iss"].as_str().unwrap())),
            Refusal::Issuer,
        ),
        (|c| c["nonce"] = json!("another"), Refusal::Nonce),
        (|c| c["nonce"] = Value::Null, Refusal::NoNonce),
        (
            |c| drop(c.as_object_mut().unwrap().remove("nonce")),
            Refusal::NoNonce,
        ),
        (|c| c["exp"] = json!(NOW - 60), Refusal::Expired),
        (|c| c["exp"] = json!(-1), Refusal::Expired),
        (|c| c["iat"] = json!(NOW + 61), Refusal::Future),
        (|c| c["nbf"] = json!(NOW + 61), Refusal::Future),
        (|c| c["nbf"] = json!(NOW as f64 + 61.5), Refusal::Future),
        (
            |c| c["at_hash"] = json!(half_hash("another token")),
            Refusal::AccessToken,
        ),
        (|c| c["at_hash"] = json!(""), Refusal::AccessToken),
        (|c| c["sub"] = json!(""), Refusal::Subject),
        (|c| c["sub"] = json!("a\u{0}b"), Refusal::Subject),
    ];
    let world = World::new().await;
    let mut sentences = Vec::new();
    for (change, expected) in cases {
        world.hostile.with(|script| script.used.clear());
        let refused = world.sign_in(change).await.unwrap_err();
        assert_eq!(refused, expected);
        sentences.push(refused.to_string());
    }
    sentences.sort();
    sentences.dedup();
    assert_eq!(sentences.len(), 9, "{sentences:#?}");
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute() {
    let world = World::new().await;
    let change = |c: &mut Value| {
        c["exp"] = json!(NOW - 59);
        c["iat"] = json!(NOW + 60);
        c["nbf"] = json!(NOW + 60);
    };
    assert!(world.sign_in(change).await.is_ok());
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_a_rotated_one_is_read_once() {
    let world = World::new().await;
    let other = Signer::ec();
    // The right name, another key.
    let forged = world
        .forged(|claims| other.sign(&world.header(), claims))
        .await;
    assert_eq!(forged, Err(Refusal::Signature));
    // A name that the provider does not publish: read again once, and not again for a minute.
    let header = json!({"alg": "ES256", "kid": "second"});
    for reads in [2, 2] {
        world.hostile.with(|script| script.used.clear());
        let refused = world.forged(|claims| other.sign(&header, claims)).await;
        assert_eq!(refused, Err(Refusal::UnknownKey));
        assert_eq!(world.hostile.with(|script| script.keys_read), reads);
    }
    // Now it does publish it.
    let keys = json!({"keys": [world.signer.jwk("first"), other.jwk("second")]});
    world.hostile.with(|script| script.keys = keys);
    let begun = world.begin().await;
    world.answers(&other.sign(&header, &world.claims(&begun)));
    world.hostile.with(|script| script.used.clear());
    assert_eq!(world.back(&begun, NOW + 59).await, Err(Refusal::UnknownKey));
    world.hostile.with(|script| script.used.clear());
    assert!(world.back(&begun, NOW + 60).await.is_ok());
    assert_eq!(world.hostile.with(|script| script.keys_read), 3);
}

#[tokio::test]
async fn a_first_rotation_is_accepted_at_once_and_the_old_key_is_dropped() {
    let world = World::new().await;
    assert!(world.sign_in(|_| ()).await.is_ok());
    let next = Signer::ec();
    world
        .hostile
        .with(|script| script.keys = json!({"keys": [next.jwk("next")]}));
    world.hostile.with(|script| script.used.clear());
    let header = json!({"alg": "ES256", "kid": "next"});
    assert!(
        world
            .forged(|claims| next.sign(&header, claims))
            .await
            .is_ok()
    );
    world.hostile.with(|script| script.used.clear());
    assert_eq!(world.sign_in(|_| ()).await, Err(Refusal::UnknownKey));
}

#[tokio::test]
async fn a_code_works_once_and_an_answer_only_for_its_own_sign_in() {
    let world = World::new().await;
    let begun = world.begin().await;
    world.answers(&world.signer.sign(&world.header(), &world.claims(&begun)));
    assert!(world.back(&begun, NOW).await.is_ok());
    assert_eq!(world.back(&begun, NOW).await, Err(Refusal::Code));
    let another = world.begin().await;
    let query = format!("code=code-2&state={}", begun.sent["state"]);
    let asked = world.hostile.with(|script| script.forms.len());
    let finish = |query: String| {
        let (world, another) = (&world, &another);
        async move { world.provider.finish(&query, &another.pending, NOW).await }
    };
    assert_eq!(finish(query).await, Err(Refusal::State));
    assert_eq!(finish("code=code-2".to_owned()).await, Err(Refusal::Answer));
    assert_eq!(
        finish("code=code-2&state=".to_owned()).await,
        Err(Refusal::State)
    );
    let state = &another.sent["state"];
    assert_eq!(finish(format!("state={state}")).await, Err(Refusal::Answer));
    assert_eq!(
        finish(format!("code=a&code=b&state={state}")).await,
        Err(Refusal::Answer)
    );
    // Words of a stranger reach nobody without the state.
    let words = "error=access_denied&error_description=call+0900".to_owned();
    assert_eq!(finish(words.clone()).await, Err(Refusal::Answer));
    let refused = finish(format!("{words}&state={state}"))
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("cancelled") && refused.ends_with("(it said: “call 0900”)"));
    assert_eq!(
        world.hostile.with(|script| script.forms.len()),
        asked,
        "no code was redeemed"
    );
}
