//! Calls of the Teams bot: a genuine one is read, and every way to forge one is refused.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use connectors::bot::{
    Action, Bot, Framework, Incoming, Place, Somebody, Unauthentic, refuse_action, replace_card,
};
use connectors::card;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use transport::{Failure, Reply, Request, Transport};
use uuid::Uuid;

const APP: &str = "7a1de7b4-1111-4222-8333-123456789abc";
const BY: &str = "c0ffee00-1111-4222-8333-123456789abc";
const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const SERVICE: &str = "https://smba.trafficmanager.net/emea/";
const NOW: i64 = 1_795_000_000;

struct Signer {
    kid: String,
    key: EncodingKey,
    public_der: Vec<u8>,
}

impl Signer {
    fn new(kid: &str) -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let pkcs8 = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            STANDARD.encode(pkcs8.as_ref())
        );
        Self {
            kid: kid.to_owned(),
            key: EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap(),
            public_der: pair.public_key().as_ref().to_vec(),
        }
    }

    fn published(&self, endorsements: &[&str]) -> Value {
        let jwk = Jwk::from_encoding_key(&self.key, Algorithm::RS256).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = json!(self.kid);
        jwk["endorsements"] = json!(endorsements);
        jwk
    }

    fn token(&self, claims: &Value) -> String {
        let header = Header {
            kid: Some(self.kid.clone()),
            ..Header::new(Algorithm::RS256)
        };
        jsonwebtoken::encode(&header, claims, &self.key).unwrap()
    }
}

/// Publishes metadata and keys, and counts how often the keys are read.
struct Publisher {
    keys: Mutex<Vec<Value>>,
    metadata: Value,
    read: AtomicUsize,
    broken: Mutex<bool>,
}

#[async_trait]
impl Transport for Publisher {
    async fn send(&self, request: Request) -> Result<Reply, Failure> {
        let body = match request.url.as_str() {
            "https://login.botframework.com/v1/.well-known/openidconfiguration" => {
                self.metadata.clone()
            }
            "https://login.botframework.com/v1/.well-known/keys" => {
                self.read.fetch_add(1, Ordering::SeqCst);
                if *self.broken.lock().unwrap() {
                    return Err(Failure::NotSent("no route".to_owned()));
                }
                json!({ "keys": *self.keys.lock().unwrap() })
            }
            other => panic!("nobody reads {other}"),
        };
        Ok(Reply {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Bytes::from(body.to_string()),
        })
    }
}

fn metadata() -> Value {
    json!({
        "issuer": "https://api.botframework.com",
        "jwks_uri": "https://login.botframework.com/v1/.well-known/keys",
        "id_token_signing_alg_values_supported": ["RS256"],
    })
}

struct Scene {
    bot: Bot,
    publisher: Arc<Publisher>,
    signer: Signer,
}

fn scene_with(metadata: Value, endorsements: &[&str]) -> Scene {
    let signer = Signer::new("key-1");
    let publisher = Arc::new(Publisher {
        // A key of an unknown kind stands before ours and must not hide it.
        keys: Mutex::new(vec![
            json!({ "kty": "AKP" }),
            signer.published(endorsements),
        ]),
        metadata,
        read: AtomicUsize::new(0),
        broken: Mutex::new(false),
    });
    let transport: Arc<dyn Transport> = Arc::<Publisher>::clone(&publisher);
    let bot = Bot::new(APP.parse().unwrap(), Framework::global(), transport);
    Scene {
        bot,
        publisher,
        signer,
    }
}

fn scene() -> Scene {
    scene_with(metadata(), &["msteams"])
}

fn claims() -> Value {
    json!({
        "iss": "https://api.botframework.com",
        "aud": APP,
        "nbf": NOW - 60,
        "exp": NOW + 3600,
        "serviceurl": SERVICE,
    })
}

fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn activity() -> Value {
    json!({
        "type": "invoke",
        "name": "adaptiveCard/action",
        "id": "f:1",
        "channelId": "msteams",
        "serviceUrl": "https://smba.trafficmanager.net/emea",
        "from": { "id": "29:x", "aadObjectId": BY },
        "conversation": { "id": "a:1", "tenantId": TENANT },
        "channelData": { "tenant": { "id": TENANT } },
        "value": { "action": {
            "type": "Action.Execute",
            "verb": "approve",
            "data": { "tenure": { "digest": "7f3a" }, "irreversible-1": "true", "comment": "as agreed", "n": 1 },
        } },
    })
}

fn place() -> Place {
    Place {
        service: "https://smba.trafficmanager.net/emea".to_owned(),
        conversation: "a:1".to_owned(),
        person: "29:x".to_owned(),
        personal: false,
    }
}

impl Scene {
    async fn at(&self, token: &str, activity: &Value, now: i64) -> Result<Incoming, Unauthentic> {
        let header = format!("Bearer {token}");
        let body = activity.to_string();
        let now = Timestamp::from_second(now).unwrap();
        self.bot.open(Some(&header), body.as_bytes(), now).await
    }

    async fn refuses(&self, token: &str) -> Unauthentic {
        self.at(token, &activity(), NOW).await.unwrap_err()
    }

    fn read(&self) -> usize {
        self.publisher.read.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_genuine_press_of_a_button_is_read() {
    let scene = scene();
    let token = scene.signer.token(&claims());
    let Incoming::Action(action) = scene.at(&token, &activity(), NOW).await.unwrap() else {
        panic!("it is an action");
    };
    let inputs = [("irreversible-1", "true"), ("comment", "as agreed")];
    assert_eq!(
        *action,
        Action {
            activity: "f:1".to_owned(),
            verb: card::APPROVE.to_owned(),
            data: json!({ "digest": "7f3a" }),
            inputs: inputs
                .map(|(id, value)| (id.to_owned(), value.to_owned()))
                .into(),
            by: BY.parse().unwrap(),
            tenant: TENANT.parse().unwrap(),
            place: place(),
        }
    );
    // Other calls are genuine too, and harmless.
    let mut message = activity();
    message["type"] = json!("message");
    let other = scene.at(&token, &message, NOW).await.unwrap();
    assert_eq!(
        other,
        Incoming::Other {
            kind: "message".to_owned(),
            from: Some(Somebody {
                by: BY.parse().unwrap(),
                tenant: TENANT.parse().unwrap(),
                place: place(),
            }),
            removed: false,
        }
    );
    assert_eq!(scene.read(), 1);
}

#[tokio::test]
async fn a_token_without_a_genuine_signature_is_refused() {
    let scene = scene();
    let body = activity().to_string();
    let now = Timestamp::from_second(NOW).unwrap();
    for header in [None, Some(""), Some("Bearer "), Some("Basic abc")] {
        let answer = scene.bot.open(header, body.as_bytes(), now).await;
        assert_eq!(answer.unwrap_err(), Unauthentic::NoToken);
    }
    assert_eq!(scene.refuses("a.b.c").await, Unauthentic::NotRs256);

    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    for alg in ["none", "None", "NONE", ""] {
        let header = part(&json!({ "alg": alg, "typ": "JWT", "kid": "key-1" }));
        for end in ["", "AAAA"] {
            let token = format!("{header}.{}.{end}", part(&claims()));
            assert_eq!(scene.refuses(&token).await, Unauthentic::NotRs256, "{alg}");
        }
    }
    // The public key, which everybody has, used as the secret of another algorithm.
    let n = scene.signer.published(&[])["n"]
        .as_str()
        .unwrap()
        .to_owned();
    let pem = format!(
        "-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----\n",
        STANDARD.encode(&scene.signer.public_der)
    );
    for secret in [
        scene.signer.public_der.as_slice(),
        pem.as_bytes(),
        n.as_bytes(),
    ] {
        let header = Header {
            kid: Some("key-1".to_owned()),
            ..Header::new(Algorithm::HS256)
        };
        let key = EncodingKey::from_secret(secret);
        let token = jsonwebtoken::encode(&header, &claims(), &key).unwrap();
        assert_eq!(scene.refuses(&token).await, Unauthentic::NotRs256);
    }
    // Another RSA algorithm, with the right key.
    let header = Header {
        kid: Some("key-1".to_owned()),
        ..Header::new(Algorithm::RS512)
    };
    let token = jsonwebtoken::encode(&header, &claims(), &scene.signer.key).unwrap();
    assert_eq!(scene.refuses(&token).await, Unauthentic::NotRs256);

    let token = Signer::new("key-1").token(&claims());
    assert_eq!(scene.refuses(&token).await, Unauthentic::Signature);
    let good = scene.signer.token(&claims());
    let mut parts: Vec<&str> = good.split('.').collect();
    let other = part(&claims_with("aud", json!("another")));
    parts[1] = &other;
    assert_eq!(
        scene.refuses(&parts.join(".")).await,
        Unauthentic::Signature
    );
}

#[tokio::test]
async fn every_claim_must_be_right() {
    let scene = scene();
    let cases = [
        (
            "iss",
            json!("https://sts.windows.net/x/"),
            Unauthentic::Issuer,
        ),
        (
            "iss",
            json!("https://api.botframework.com/"),
            Unauthentic::Issuer,
        ),
        ("aud", json!(BY), Unauthentic::Audience),
        ("aud", json!([APP]), Unauthentic::Claims),
        ("exp", json!(NOW - 301), Unauthentic::Expired),
        ("nbf", json!(NOW + 301), Unauthentic::NotYet),
        ("exp", Value::Null, Unauthentic::Claims),
        ("nbf", Value::Null, Unauthentic::Claims),
        ("serviceurl", Value::Null, Unauthentic::Claims),
        ("serviceurl", json!(""), Unauthentic::ServiceUrl),
        (
            "serviceurl",
            json!("https://evil.example/"),
            Unauthentic::ServiceUrl,
        ),
        (
            "serviceurl",
            json!("https://smba.trafficmanager.net/amer/"),
            Unauthentic::ServiceUrl,
        ),
    ];
    for (name, value, expected) in cases {
        let token = scene.signer.token(&claims_with(name, value.clone()));
        assert_eq!(scene.refuses(&token).await, expected, "{name} {value}");
    }
    for (name, value) in [("exp", NOW - 300), ("nbf", NOW + 300)] {
        let token = scene.signer.token(&claims_with(name, json!(value)));
        scene.at(&token, &activity(), NOW).await.unwrap();
    }
    let token = scene.signer.token(&claims());
    let mut turned = activity();
    turned["serviceUrl"] = json!("https://evil.example/");
    let answer = scene.at(&token, &turned, NOW).await;
    assert_eq!(answer.unwrap_err(), Unauthentic::ServiceUrl);
}

#[tokio::test]
async fn a_key_that_is_not_endorsed_for_teams_does_not_speak_for_it() {
    for endorsements in [&[][..], &["webchat", "skype"]] {
        let scene = scene_with(metadata(), endorsements);
        let token = scene.signer.token(&claims());
        assert_eq!(scene.refuses(&token).await, Unauthentic::Endorsement);
    }
    // Nor does a key of web chat let its bearer say that it is web chat.
    let scene = scene_with(metadata(), &["webchat"]);
    let token = scene.signer.token(&claims());
    let mut webchat = activity();
    webchat["channelId"] = json!("webchat");
    let answer = scene.at(&token, &webchat, NOW).await.unwrap_err();
    assert!(matches!(answer, Unauthentic::Activity(_)));
}

#[tokio::test]
async fn a_rotated_key_is_found_by_one_reading_and_an_unknown_one_cannot_make_us_read_on() {
    let scene = scene();
    let token = scene.signer.token(&claims());
    scene.at(&token, &activity(), NOW).await.unwrap();
    let next = Signer::new("key-2");
    let rotated = next.token(&claims_with("exp", json!(NOW + 200_000)));
    // Not published yet, and asked for moments after the keys were read: not read again.
    for _ in 0..5 {
        assert_eq!(scene.refuses(&rotated).await, Unauthentic::UnknownKey);
    }
    assert_eq!(scene.read(), 1);
    *scene.publisher.keys.lock().unwrap() = vec![next.published(&["msteams"])];
    scene.at(&rotated, &activity(), NOW + 301).await.unwrap();
    assert_eq!(scene.read(), 2);
    // The old key went with the rotation.
    let answer = scene.at(&token, &activity(), NOW + 302).await;
    assert_eq!(answer.unwrap_err(), Unauthentic::UnknownKey);
    // Within a day the keys are kept, after it they are read anew.
    let day = NOW + 301 + 24 * 3600;
    scene.at(&rotated, &activity(), day - 1).await.unwrap();
    assert_eq!(scene.read(), 2);
    scene.at(&rotated, &activity(), day).await.unwrap();
    assert_eq!(scene.read(), 3);
}

#[tokio::test]
async fn without_keys_nothing_is_believed() {
    let scene = scene();
    *scene.publisher.broken.lock().unwrap() = true;
    let token = scene.signer.token(&claims());
    for _ in 0..3 {
        let answer = scene.refuses(&token).await;
        assert!(matches!(answer, Unauthentic::NoKeys(_)), "{answer}");
    }
    assert_eq!(scene.read(), 1, "a failure stands for a while");
    *scene.publisher.broken.lock().unwrap() = false;
    scene.at(&token, &activity(), NOW + 30).await.unwrap();

    for (name, value) in [
        ("issuer", json!("https://api.botframework.us")),
        ("id_token_signing_alg_values_supported", json!(["HS256"])),
    ] {
        let mut other = metadata();
        other[name] = value;
        let scene = scene_with(other, &["msteams"]);
        let answer = scene.refuses(&scene.signer.token(&claims())).await;
        assert!(matches!(answer, Unauthentic::NoKeys(_)), "{answer}");
    }
}

#[tokio::test]
async fn an_action_says_who_pressed_and_in_which_tenant() {
    let scene = scene();
    let token = scene.signer.token(&claims());
    let other = Uuid::nil();
    let spoilt: [fn(&mut Value, Uuid); 6] = [
        |activity, _| activity["from"] = json!({}),
        |activity, other| activity["conversation"]["tenantId"] = json!(other),
        |activity, _| {
            activity["conversation"] = json!({});
            activity["channelData"] = json!({});
        },
        |activity, _| activity["value"] = json!({}),
        |activity, _| activity["value"]["action"]["type"] = json!("Action.Submit"),
        |activity, _| activity["channelId"] = json!("directline"),
    ];
    for (index, spoil) in spoilt.iter().enumerate() {
        let mut activity = activity();
        spoil(&mut activity, other);
        let answer = scene.at(&token, &activity, NOW).await.unwrap_err();
        assert!(
            matches!(answer, Unauthentic::Activity(_)),
            "{index}: {answer}"
        );
    }
}

#[test]
fn answers_have_the_form_that_teams_takes() {
    let card = json!({ "type": "AdaptiveCard" });
    assert_eq!(
        replace_card(&card),
        json!({ "statusCode": 200, "type": "application/vnd.microsoft.card.adaptive", "value": card })
    );
    assert_eq!(
        refuse_action(
            "NotAllowed",
            "You asked for this, so another approver must decide."
        ),
        json!({
            "statusCode": 400,
            "type": "application/vnd.microsoft.error",
            "value": { "code": "NotAllowed", "message": "You asked for this, so another approver must decide." },
        })
    );
}
