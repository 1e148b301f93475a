//! A provider that does what it is told, good or bad, on a free port of this machine.

use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaKeyPair,
};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// What the token endpoint does.
#[derive(Clone, Debug)]
pub(super) enum Token {
    /// Answers so, once per code.
    Reply(Value),
    /// Answers with this error.
    Error(StatusCode, Value),
    /// A body without end.
    Huge,
    /// Headers, and then nothing.
    Slow,
}

/// What the provider does next, and what was asked of it.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) discovery: Value,
    pub(super) keys: Value,
    pub(super) keys_redirect: bool,
    pub(super) keys_read: usize,
    pub(super) token: Token,
    pub(super) used: Vec<String>,
    pub(super) forms: Vec<Vec<(String, String)>>,
    pub(super) user: Value,
}

/// The provider.
#[derive(Clone)]
pub(super) struct Hostile {
    pub(super) issuer: String,
    script: Arc<Mutex<Script>>,
}

impl Hostile {
    /// Starts one that is as it should be, with these keys.
    pub(super) async fn start(keys: &[Value]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let discovery = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "userinfo_endpoint": format!("{issuer}/user"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "none", "HS256"],
        });
        let script = Script {
            discovery,
            keys: json!({ "keys": keys }),
            keys_redirect: false,
            keys_read: 0,
            token: Token::Error(StatusCode::BAD_REQUEST, json!({"error": "invalid_grant"})),
            used: Vec::new(),
            forms: Vec::new(),
            user: json!({}),
        };
        let hostile = Self {
            issuer,
            script: Arc::new(Mutex::new(script)),
        };
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery_document))
            .route(
                "/organizations/v2.0/.well-known/openid-configuration",
                get(discovery_document),
            )
            .route("/keys", get(keys_document))
            .route("/elsewhere", get(elsewhere))
            .route("/token", post(token))
            .route("/user", get(user))
            .with_state(hostile.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        hostile
    }

    /// Changes or reads what it does.
    pub(super) fn with<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.script.lock().unwrap())
    }
}

fn answer(value: &Value) -> Response {
    ([("content-type", "application/json")], value.to_string()).into_response()
}

async fn discovery_document(State(hostile): State<Hostile>) -> Response {
    answer(&hostile.with(|script| script.discovery.clone()))
}

async fn keys_document(State(hostile): State<Hostile>) -> Response {
    hostile.with(|script| {
        script.keys_read += 1;
        if script.keys_redirect {
            return Redirect::temporary("/elsewhere").into_response();
        }
        answer(&script.keys)
    })
}

async fn elsewhere(State(hostile): State<Hostile>) -> Response {
    answer(&hostile.with(|script| script.keys.clone()))
}

async fn user(State(hostile): State<Hostile>) -> Response {
    answer(&hostile.with(|script| script.user.clone()))
}

async fn token(State(hostile): State<Hostile>, body: Bytes) -> Response {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
    let code = form
        .iter()
        .find(|(name, _)| name == "code")
        .unwrap()
        .1
        .clone();
    let token = hostile.with(|script| {
        script.forms.push(form);
        let used = script.used.contains(&code);
        script.used.push(code);
        if used {
            Token::Error(StatusCode::BAD_REQUEST, json!({"error": "invalid_grant"}))
        } else {
            script.token.clone()
        }
    });
    match token {
        Token::Reply(value) => answer(&value),
        Token::Error(status, value) => (status, answer(&value)).into_response(),
        Token::Huge => {
            let chunk = || Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 64 * 1024]));
            Body::from_stream(futures::stream::repeat_with(chunk)).into_response()
        }
        Token::Slow => {
            let nothing = futures::stream::pending::<Result<Bytes, std::io::Error>>();
            Body::from_stream(nothing).into_response()
        }
    }
}

/// A key that signs, as providers have it.
pub(super) enum Signer {
    /// ES256.
    Ec(EcdsaKeyPair),
    /// RS256 and PS256.
    Rsa(RsaKeyPair),
}

impl Signer {
    pub(super) fn ec() -> Self {
        Self::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub(super) fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    /// The public key as a JWK.
    pub(super) fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Ec(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = point[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "use": "sig", "kid": kid, "x": base64url(x), "y": base64url(y)})
            }
            Self::Rsa(_) => {
                let n = &self.public()[9..265];
                json!({"kty": "RSA", "use": "sig", "kid": kid, "n": base64url(n), "e": "AQAB"})
            }
        }
    }

    /// The public key in DER (of RSA with 2048 bits: PKCS #1, whose modulus stands at 9).
    pub(super) fn public(&self) -> &[u8] {
        match self {
            Self::Ec(pair) => pair.public_key().as_ref(),
            Self::Rsa(pair) => {
                let der = pair.public_key().as_ref();
                assert_eq!(der.len(), 270);
                der
            }
        }
    }

    /// A compact JWS with this header over these claims.
    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        let text = unsigned(header, claims);
        let random = SystemRandom::new();
        let signature = match self {
            Self::Ec(pair) => pair
                .sign(&random, text.as_bytes())
                .unwrap()
                .as_ref()
                .to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; 256];
                let how: &'static dyn aws_lc_rs::signature::RsaEncoding =
                    if header["alg"] == "PS256" {
                        &RSA_PSS_SHA256
                    } else {
                        &RSA_PKCS1_SHA256
                    };
                pair.sign(how, &random, text.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
        };
        format!("{text}.{}", base64url(&signature))
    }
}

/// Header and claims, as they are signed.
pub(super) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| base64url(value.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

/// A JWS with HMAC under this secret.
pub(super) fn hs256(secret: &[u8], header: &Value, claims: &Value) -> String {
    let text = unsigned(header, claims);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    format!(
        "{text}.{}",
        base64url(hmac::sign(&key, text.as_bytes()).as_ref())
    )
}

/// The left half of the hash, as `at_hash` wants it.
pub(super) fn half_hash(token: &str) -> String {
    base64url(&digest(&SHA256, token.as_bytes()).as_ref()[..16])
}

pub(super) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
