//! Judges an identity token: openidconnect checks signature, issuer, audience and nonce; times, party and the rest are checked here.

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessTokenHash, AdditionalClaims, ClaimsVerificationError, ClientId, EmptyExtraTokenFields,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenClaims, IdTokenFields, IdTokenVerifier,
    IssuerUrl, JsonWebKeySet, Nonce, OAuth2TokenResponse as _, SignatureVerificationError,
    StandardErrorResponse, StandardTokenResponse,
};
use serde::{Deserialize, Serialize};

use super::config::OidcConfig;
use super::known::Known;
use super::pending::Pending;
use super::refusal::Refusal;

/// Seconds that the provider's clock and ours may differ.
const SKEW_S: i64 = 60;
const NO_NONCE: &str = "no nonce";

/// Claims besides the standard's own.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct More {
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    pub(super) tid: Option<String>,
    #[serde(default)]
    pub(super) sid: Option<String>,
}

impl AdditionalClaims for More {}

/// What the token endpoint answers.
pub(super) type Reply = StandardTokenResponse<
    IdTokenFields<
        More,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

/// The client of openidconnect with these claims.
pub(super) type Client = openidconnect::Client<
    More,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Reply,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The claims of a token that was accepted.
pub(super) type Claims = IdTokenClaims<More, CoreGenderClaim>;

/// The claims, when everything about the token holds.
pub(super) fn judge(
    config: &OidcConfig,
    known: &Known,
    reply: &Reply,
    pending: &Pending,
    now_s: i64,
) -> Result<Claims, Refusal> {
    let token = reply.extra_fields().id_token().ok_or(Refusal::NoToken)?;
    let expected = Nonce::new(pending.nonce.clone());
    for issuer in config.issuers(known.metadata.issuer()) {
        let verifier = verifier(config, known, &issuer)?;
        let nonce = |given: Option<&Nonce>| match given {
            None => Err(NO_NONCE.to_owned()),
            given => openidconnect::NonceVerifier::verify(&expected, given),
        };
        let claims = match token.claims(&verifier, nonce) {
            Ok(claims) => claims,
            // Of several directories: the next may be the one.
            Err(ClaimsVerificationError::InvalidIssuer(_)) => continue,
            Err(error) => return Err(refusal(&error)),
        };
        times(claims, now_s)?;
        let party = claims.authorized_party().map(|party| party.as_str());
        if party.is_some_and(|party| party != config.client_id) {
            return Err(Refusal::Party);
        }
        if let Some(told) = claims.access_token_hash() {
            let algorithm = token.signing_alg().map_err(|_| Refusal::Signature)?;
            let key = token
                .signing_key(&verifier)
                .map_err(|_| Refusal::Signature)?;
            let real = AccessTokenHash::from_token(reply.access_token(), algorithm, key)
                .map_err(|_| Refusal::AccessToken)?;
            if real != *told {
                return Err(Refusal::AccessToken);
            }
        }
        let subject = claims.subject().as_str();
        // OpenID Connect Core section 2: at most 255 ASCII characters.
        if subject.is_empty() || subject.len() > 255 || subject.contains(char::is_control) {
            return Err(Refusal::Subject);
        }
        if !config.admits_tenant(claims.additional_claims().tid.as_deref()) {
            return Err(Refusal::Tenant);
        }
        return Ok(claims.clone());
    }
    Err(Refusal::Issuer)
}

fn verifier(
    config: &OidcConfig,
    known: &Known,
    issuer: &str,
) -> Result<IdTokenVerifier<'static, CoreJsonWebKey>, Refusal> {
    let named = IssuerUrl::new(issuer.to_owned()).map_err(|_| Refusal::Issuer)?;
    let serves = |key_issuer: Option<&str>| {
        let mut tenants = config.allowed_tenants.iter();
        OidcConfig::key_serves(key_issuer, issuer, None)
            || tenants.any(|id| OidcConfig::key_serves(key_issuer, issuer, Some(id)))
    };
    let keys = known
        .keys
        .iter()
        .filter(|key| serves(key.issuer.as_deref()));
    let keys = JsonWebKeySet::new(keys.map(|key| key.key.clone()).collect());
    let client = ClientId::new(config.client_id.clone());
    // The verifier of a public client knows no shared secret, so no HMAC passes, whatever it was made with.
    Ok(IdTokenVerifier::new_public_client(client, named, keys)
        .set_allowed_algs([
            CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
            CoreJwsSigningAlgorithm::RsaSsaPssSha256,
            CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        ])
        // It would read a clock of its own and knows no skew; `times` judges with ours.
        .set_time_fn(Default::default))
}

fn times(claims: &Claims, now_s: i64) -> Result<(), Refusal> {
    if claims.expiration().timestamp().saturating_add(SKEW_S) <= now_s {
        return Err(Refusal::Expired);
    }
    let latest = now_s + SKEW_S;
    let early = |from: f64| from > latest as f64;
    if claims.issue_time().timestamp() > latest || claims.additional_claims().nbf.is_some_and(early)
    {
        return Err(Refusal::Future);
    }
    Ok(())
}

fn refusal(error: &ClaimsVerificationError) -> Refusal {
    use ClaimsVerificationError as Claims;
    use SignatureVerificationError as Signature;
    match error {
        Claims::SignatureVerification(Signature::NoMatchingKey) => Refusal::UnknownKey,
        Claims::SignatureVerification(Signature::NoSignature) => Refusal::Unsigned,
        Claims::SignatureVerification(
            Signature::DisallowedAlg(_) | Signature::UnsupportedAlg(_),
        ) => Refusal::Algorithm,
        Claims::SignatureVerification(_) => Refusal::Signature,
        Claims::InvalidIssuer(_) => Refusal::Issuer,
        Claims::InvalidAudience(_) => Refusal::Audience,
        Claims::InvalidNonce(why) if why == NO_NONCE => Refusal::NoNonce,
        Claims::InvalidNonce(_) => Refusal::Nonce,
        Claims::Expired(_) => Refusal::Expired,
        _ => Refusal::Garbled("identity token"),
    }
}
