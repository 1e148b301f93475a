//! The key that signs access tokens: one per process, so a restarted sandbox rejects old tokens as a key roll would.

use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{self, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Claims, der};

const KEY_ID: &str = "tenure-sandbox-1";

fn pair() -> &'static KeyPair {
    static PAIR: OnceLock<KeyPair> = OnceLock::new();
    PAIR.get_or_init(|| KeyPair::generate(KeySize::Rsa2048).expect("the system gives entropy"))
}

/// A signed token (RS256).
pub(super) fn sign(claims: &Claims) -> String {
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": KEY_ID, "x5t": KEY_ID}).to_string();
    let claims = serde_json::to_string(claims).expect("claims are plain values");
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let mut signed = vec![0; pair().public_modulus_len()];
    pair()
        .sign(
            &signature::RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            message.as_bytes(),
            &mut signed,
        )
        .expect("a 2048 bit key signs a SHA-256 digest");
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signed))
}

/// The claims of a token that this process signed.
pub(super) fn verify(token: &str) -> Option<Claims> {
    let (message, signed) = token.rsplit_once('.')?;
    let signed = URL_SAFE_NO_PAD.decode(signed).ok()?;
    UnparsedPublicKey::new(
        &signature::RSA_PKCS1_2048_8192_SHA256,
        pair().public_key().as_ref(),
    )
    .verify(message.as_bytes(), &signed)
    .ok()?;
    let (_, claims) = message.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

/// The public key as a JWK set.
pub(super) fn jwks() -> Value {
    let [modulus, exponent] =
        der::rsa_numbers(pair().public_key().as_ref()).expect("the library writes an RSAPublicKey");
    json!({"keys": [{
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": KEY_ID,
        "n": URL_SAFE_NO_PAD.encode(modulus),
        "e": URL_SAFE_NO_PAD.encode(exponent),
    }]})
}
