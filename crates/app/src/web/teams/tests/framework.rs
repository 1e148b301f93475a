//! A Bot Framework on this machine: it publishes the keys of its real RS256 tokens, says who is in a conversation, and takes cards.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::clock;

/// The bot's application id.
pub(super) const APP: &str = "7a1de7b4-1111-4222-8333-123456789abc";
/// The provider's own tenant, in which the bot is registered.
pub(super) const HOME: &str = "99999999-2222-4333-8444-555555555555";
/// The token that the service wants to see when the bot speaks.
const TOKEN: &str = "a token of the login service";

/// A key that signs.
pub(super) struct Signer {
    pair: KeyPair,
    kid: &'static str,
}

impl Signer {
    pub(super) fn new(kid: &'static str) -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        Self { pair, kid }
    }

    fn published(&self) -> Value {
        // PKCS #1 of 2,048 bits: two heads of 4 and 5 bytes, the modulus of 256, the head of the exponent of 2, and the exponent.
        let der = self.pair.public_key().as_ref();
        json!({
            "kty": "RSA", "use": "sig", "kid": self.kid, "endorsements": ["msteams"],
            "n": URL_SAFE_NO_PAD.encode(&der[9..265]), "e": URL_SAFE_NO_PAD.encode(&der[267..]),
        })
    }

    /// A token with these claims.
    pub(super) fn token(&self, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = json!({ "alg": "RS256", "typ": "JWT", "kid": self.kid });
        let text = format!("{}.{}", part(&head), part(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        let signed = self
            .pair
            .sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature);
        signed.unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The stand-in.
pub(super) struct Service {
    pub(super) at: SocketAddr,
    pub(super) signer: Signer,
    /// The cards that arrived, with the conversation.
    pub(super) posted: Mutex<Vec<(String, Value)>>,
}

impl Service {
    pub(super) async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = Arc::new(Self {
            at: listener.local_addr().unwrap(),
            signer: Signer::new("key-1"),
            posted: Mutex::default(),
        });
        let router = Router::new()
            .route("/metadata", get(metadata))
            .route("/keys", get(keys))
            .route("/login/{tenant}/oauth2/v2.0/token", post(token))
            .route("/teams/v3/conversations/{id}/activities", post(activities))
            .route("/teams/v3/conversations/{id}/members/{member}", get(member))
            .with_state(Arc::clone(&service));
        tokio::spawn(async move { axum::serve(listener, router).await });
        service
    }

    /// What calls name as the service that carries the conversation.
    pub(super) fn url(&self) -> String {
        format!("http://{}/teams", self.at)
    }

    /// The claims of a genuine token.
    pub(super) fn claims(&self) -> Value {
        let now = clock::now().as_second();
        json!({
            "iss": "https://api.botframework.com",
            "aud": APP,
            "nbf": now - 60,
            "exp": now + 3600,
            "serviceurl": self.url(),
        })
    }

    /// A genuine token.
    pub(super) fn token(&self) -> String {
        self.signer.token(&self.claims())
    }
}

/// The object id of somebody who is called this.
pub(super) fn object(name: &str) -> String {
    let digits: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("c0ffee00-1111-4222-8333-{digits:0>12.12}")
}

async fn metadata(State(service): State<Arc<Service>>) -> Json<Value> {
    Json(json!({
        "issuer": "https://api.botframework.com",
        "jwks_uri": format!("http://{}/keys", service.at),
        "id_token_signing_alg_values_supported": ["RS256"],
    }))
}

async fn keys(State(service): State<Arc<Service>>) -> Json<Value> {
    Json(json!({ "keys": [service.signer.published()] }))
}

async fn token(Path(tenant): Path<String>, form: String) -> Response {
    let given = |name: &str| {
        let mut fields = url::form_urlencoded::parse(form.as_bytes());
        let found = fields.find(|(field, _)| field == name);
        found
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    let is_ours = tenant == HOME
        && given("client_id") == APP
        && given("client_secret") == "not-a-real-one"
        && given("scope") == "https://api.botframework.com/.default";
    if !is_ours {
        return StatusCode::BAD_REQUEST.into_response();
    }
    Json(json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN }))
        .into_response()
}

fn is_bot(headers: &HeaderMap) -> bool {
    let given = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    given == Some(&format!("Bearer {TOKEN}"))
}

/// People's ids in a conversation are `29:NAME`; `guest` is of another organisation.
async fn member(headers: HeaderMap, Path((_, member)): Path<(String, String)>) -> Response {
    let Some(name) = member.strip_prefix("29:").filter(|_| is_bot(&headers)) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    Json(json!({
        "id": member,
        "aadObjectId": object(name),
        "tenantId": HOME,
        "name": "Ann, whatever she calls herself",
        "userPrincipalName": format!("{name}@provider.example"),
    }))
    .into_response()
}

async fn activities(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(activity): Json<Value>,
) -> Response {
    if !is_bot(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let card = activity["attachments"][0]["content"].clone();
    service.posted.lock().unwrap().push((id, card));
    (StatusCode::CREATED, Json(json!({ "id": "1:posted" }))).into_response()
}
