//! Whether a token of the Bot Framework is genuine: pure, over keys and a time that are handed in.
//!
//! Source: Microsoft Learn, "Authentication with the Bot Connector API", section "Connector to Bot".

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

/// The skew that both clocks are granted, in seconds.
const SKEW_S: i64 = 5 * 60;

/// Why a call of the bot is not believed. The caller gets none of this, only 401; it is for the operator's log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unauthentic {
    /// No `Authorization: Bearer`.
    #[error("the call carries no bearer token")]
    NoToken,
    /// The text is no JWT, or uses another algorithm than RS256.
    #[error("the token is not a JWT signed with RS256")]
    NotRs256,
    /// No key of the metadata has this id.
    #[error("the token was signed with a key that the Bot Framework does not publish")]
    UnknownKey,
    /// The signature does not fit the key.
    #[error("the token's signature does not fit its key")]
    Signature,
    /// A claim is missing or of the wrong form.
    #[error("the token lacks a claim that every Bot Framework token has")]
    Claims,
    /// Somebody else issued it.
    #[error("the token was issued by somebody else than the Bot Framework")]
    Issuer,
    /// It is for another bot.
    #[error(
        "the token is for another bot; compare the application id in the settings with the bot's registration"
    )]
    Audience,
    /// It has ended.
    #[error("the token has expired; if this repeats, this machine's clock is ahead")]
    Expired,
    /// It has not begun.
    #[error("the token is not yet valid; if this repeats, this machine's clock is behind")]
    NotYet,
    /// The key may not speak for Teams.
    #[error("the token's key is not endorsed for Microsoft Teams")]
    Endorsement,
    /// The token was made for another service than the activity names.
    #[error("the activity names another service address than the token")]
    ServiceUrl,
    /// The activity itself is not as Teams sends it.
    #[error("the activity is not as Teams sends it: {0}")]
    Activity(&'static str),
    /// The keys could not be had, so nothing can be believed now.
    #[error("the keys of the Bot Framework could not be read: {0}")]
    NoKeys(String),
}

/// One public key of the Bot Framework.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Key {
    kid: String,
    kty: String,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
    #[serde(default)]
    endorsements: Vec<String>,
}

impl Key {
    pub(super) fn endorses(&self, channel: &str) -> bool {
        self.endorsements.iter().any(|one| one == channel)
    }
}

/// What a genuine token says.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    iss: String,
    aud: String,
    exp: i64,
    nbf: i64,
    pub(super) serviceurl: String,
}

/// Whom the token must come from and be for.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
}

/// The key id of a token that names RS256 and nothing else.
pub(super) fn key_id(token: &str) -> Result<String, Unauthentic> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| Unauthentic::NotRs256)?;
    if header.alg != Algorithm::RS256 {
        return Err(Unauthentic::NotRs256);
    }
    header.kid.ok_or(Unauthentic::UnknownKey)
}

/// The key with this id.
pub(super) fn find<'a>(keys: &'a [Key], kid: &str) -> Option<&'a Key> {
    keys.iter().find(|key| key.kid == kid && key.kty == "RSA")
}

/// Checks signature, issuer, audience and time.
pub(super) fn check(
    token: &str,
    key: &Key,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<Claims, Unauthentic> {
    let public = DecodingKey::from_rsa_components(&key.n, &key.e)
        .map_err(|_| Unauthentic::NoKeys("a published key is damaged".to_owned()))?;
    // The library would read the machine's clock; time is ours to hand in, so claims are checked below.
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Claims>(token, &public, &validation)
        .map_err(|error| match error.kind() {
            jsonwebtoken::errors::ErrorKind::Json(_) => Unauthentic::Claims,
            jsonwebtoken::errors::ErrorKind::InvalidAlgorithm => Unauthentic::NotRs256,
            _ => Unauthentic::Signature,
        })?
        .claims;
    if claims.iss != expected.issuer {
        return Err(Unauthentic::Issuer);
    }
    if claims.aud != expected.audience {
        return Err(Unauthentic::Audience);
    }
    let now = now.as_second();
    if now > claims.exp.saturating_add(SKEW_S) {
        return Err(Unauthentic::Expired);
    }
    if now < claims.nbf.saturating_sub(SKEW_S) {
        return Err(Unauthentic::NotYet);
    }
    Ok(claims)
}
