//! Certificate assertions: a JWT signed with the key of a registered certificate.
//!
//! Source: learn.microsoft.com, Microsoft identity platform application authentication certificate credentials.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;

use super::{Refusal, der};
use crate::world::App;

/// Clock skew that Entra forgives.
const SKEW_SECONDS: i64 = 300;

/// Checks an assertion for a tenant's token path.
pub(super) fn check(
    app: &App,
    client_id: &str,
    [tenant_id, path]: [&str; 2],
    assertion: &str,
    now: Timestamp,
) -> Result<(), Refusal> {
    let broken = || Refusal::client(50_027, "JWT token is invalid or malformed.".to_owned());
    let (message, signed) = assertion.rsplit_once('.').ok_or_else(broken)?;
    let (header, claims) = message.split_once('.').ok_or_else(broken)?;
    let (header, claims) = (
        part(header).ok_or_else(broken)?,
        part(claims).ok_or_else(broken)?,
    );
    let signed = URL_SAFE_NO_PAD.decode(signed).map_err(|_| broken())?;
    let (algorithm, thumbprint): (&dyn VerificationAlgorithm, _) = match header["alg"].as_str() {
        Some("PS256") => (&signature::RSA_PSS_2048_8192_SHA256, "x5t#S256"),
        Some("RS256") => (&signature::RSA_PKCS1_2048_8192_SHA256, "x5t"),
        _ => return Err(broken()),
    };
    let named = header[thumbprint].as_str().unwrap_or_default();
    let key = app
        .certificates
        .iter()
        .filter(|known| known.expires.is_none_or(|end| end > now))
        .find_map(|known| {
            let (label, bytes) = der::pem(&known.pem)?;
            if label == "PUBLIC KEY" {
                return Some(bytes);
            }
            (fingerprint(&bytes, thumbprint) == named)
                .then(|| der::public_key(&bytes).map(<[u8]>::to_vec))?
        });
    let unregistered = || {
        let text = format!(
            "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '{named}'] Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '{client_id}'."
        );
        Refusal::client(700_027, text)
    };
    let key = key.ok_or_else(unregistered)?;
    UnparsedPublicKey::new(algorithm, key)
        .verify(message.as_bytes(), &signed)
        .map_err(|_| unregistered())?;
    check_claims(&claims, client_id, [tenant_id, path], now)
}

fn check_claims(
    claims: &Value,
    client_id: &str,
    [tenant_id, path]: [&str; 2],
    now: Timestamp,
) -> Result<(), Refusal> {
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    if !text("iss").eq_ignore_ascii_case(client_id) || !text("sub").eq_ignore_ascii_case(client_id)
    {
        let text = "Client assertion contains an invalid issuer or subject. The Issuer identifier and the Subject identifier must be the client_id.";
        return Err(Refusal::client(700_021, text.to_owned()));
    }
    let audience = text("aud");
    let right = audience.ends_with(path)
        || audience.ends_with(&format!("/{tenant_id}/v2.0"))
        || audience.ends_with(&format!("/{tenant_id}/oauth2/v2.0/token"));
    if !right {
        let text = format!(
            "Client assertion audience claim does not match Realm issuer. Audience: '{audience}'."
        );
        return Err(Refusal::client(700_023, text));
    }
    let (now, from) = (now.as_second(), claims["nbf"].as_i64().unwrap_or(0));
    let end = claims["exp"].as_i64().unwrap_or(0);
    if now + SKEW_SECONDS < from || now - SKEW_SECONDS > end {
        let text = format!(
            "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {from}, expiry time of assertion {end}."
        );
        return Err(Refusal::client(700_024, text));
    }
    Ok(())
}

fn part(text: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

fn fingerprint(certificate: &[u8], name: &str) -> String {
    let algorithm = if name == "x5t" {
        &digest::SHA1_FOR_LEGACY_USE_ONLY
    } else {
        &digest::SHA256
    };
    URL_SAFE_NO_PAD.encode(digest::digest(algorithm, certificate))
}
