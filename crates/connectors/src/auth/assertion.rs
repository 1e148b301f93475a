//! A certificate and its key, and the signed assertion that proves possession of both.
//!
//! Source: Microsoft identity platform, "Microsoft identity platform application authentication certificate
//! credentials" (PS256 with `x5t#S256`); RFC 7515 for the form.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PSS_SHA256};
use aws_lc_rs::{digest, rsa};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::error::{Error, SetupError};

/// How long an assertion is good for; it is used at once.
const LIFETIME_S: i64 = 120;

/// A registered certificate's thumbprint with its private key.
pub struct Certificate {
    thumbprint: String,
    key: KeyPair,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("thumbprint", &self.thumbprint)
            .field("key", &"[redacted]")
            .finish()
    }
}

impl Certificate {
    pub(super) fn read(certificate_pem: &str, key_pem: &SecretString) -> Result<Self, SetupError> {
        let der = pem_block(certificate_pem, "CERTIFICATE").ok_or_else(|| {
            SetupError::field("certificate", "holds no PEM block 'BEGIN CERTIFICATE'")
        })?;
        let key = read_key(key_pem.expose_secret())?;
        // The certificate carries the public key's DER unchanged, so a search is enough to see that both belong together.
        let public = key.public_key().as_ref();
        if !der.windows(public.len()).any(|window| window == public) {
            return Err(SetupError::field(
                "key",
                "does not belong to the certificate",
            ));
        }
        Ok(Self {
            thumbprint: URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &der)),
            key,
        })
    }

    /// The SHA-256 thumbprint as it stands in the assertion's header.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    pub(super) fn assertion(
        &self,
        audience: &str,
        client_id: &str,
        id: &str,
        now: Timestamp,
    ) -> Result<String, Error> {
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint });
        let claims = json!({
            "aud": audience,
            "iss": client_id,
            "sub": client_id,
            "jti": id,
            "nbf": now.as_second(),
            "exp": now.as_second() + LIFETIME_S,
        });
        let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PSS_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .map_err(|_| Error::refused("the certificate's key could not sign"))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn read_key(pem: &str) -> Result<KeyPair, SetupError> {
    let unusable = |_| {
        SetupError::field(
            "key",
            "is no usable RSA key: use an unencrypted RSA key of 2048 bits or more",
        )
    };
    if let Some(der) = pem_block(pem, "PRIVATE KEY") {
        return rsa::KeyPair::from_pkcs8(&der).map_err(unusable);
    }
    if let Some(der) = pem_block(pem, "RSA PRIVATE KEY") {
        return rsa::KeyPair::from_der(&der).map_err(unusable);
    }
    let reason = if pem.contains("BEGIN ENCRYPTED PRIVATE KEY") {
        "is encrypted: store it without a pass phrase, readable by Tenure alone"
    } else {
        "holds no PEM block 'BEGIN PRIVATE KEY' or 'BEGIN RSA PRIVATE KEY'"
    };
    Err(SetupError::field("key", reason))
}

fn pem_block(pem: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    STANDARD
        .decode(body.split_whitespace().collect::<String>())
        .ok()
}
