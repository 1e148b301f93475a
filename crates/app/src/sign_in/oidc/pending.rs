//! A sign-in under way: what the browser carries, sealed, and what comes back with it.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use crate::sign_in::return_to::ReturnTo;
use crate::sign_in::token::same;

/// Seconds that a person has at the provider.
pub(crate) const LIFETIME_S: i64 = 10 * 60;
/// A value sealed for one purpose opens for no other.
const PURPOSE: &[u8] = b"tenure sign-in under way, version 1";
/// Longer answers than this no provider gives.
const QUERY_MAX: usize = 8 * 1024;

/// What must come back, and where the person goes then. Good for one sign-in: drop the cookie when it is opened.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    state_hash: [u8; 32],
    /// What the identity token must repeat.
    pub(super) nonce: String,
    /// What proves to the provider that the code is ours (PKCE, RFC 7636).
    pub(super) verifier: String,
    /// The redirect address that the code was asked for.
    pub(super) redirect_uri: String,
    /// Where the person goes afterwards.
    pub(crate) return_to: ReturnTo,
    expires_s: i64,
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pending([redacted])")
    }
}

/// The parts of a fresh sign-in.
pub(super) struct Parts<'a> {
    /// As sent.
    pub(super) state: &'a str,
    /// As sent.
    pub(super) nonce: &'a str,
    /// Kept; only its hash is sent.
    pub(super) verifier: &'a str,
    /// As sent.
    pub(super) redirect_uri: &'a str,
}

impl Pending {
    pub(super) fn new(parts: &Parts<'_>, return_to: ReturnTo, now_s: i64) -> Self {
        Self {
            state_hash: hash(parts.state),
            nonce: parts.nonce.to_owned(),
            verifier: parts.verifier.to_owned(),
            redirect_uri: parts.redirect_uri.to_owned(),
            return_to,
            expires_s: now_s + LIFETIME_S,
        }
    }

    /// The cookie's value: AES-256-GCM under a key that is used for nothing else.
    ///
    /// # Errors
    /// [`Refusal::Sealing`] when the machine cannot.
    pub(crate) fn seal(&self, key: &[u8; 32]) -> Result<String, Refusal> {
        let mut text = serde_json::to_vec(self).map_err(|_| Refusal::Sealing)?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| Refusal::Sealing)?;
        let nonce = key
            .seal_in_place_append_tag(Aad::from(PURPOSE), &mut text)
            .map_err(|_| Refusal::Sealing)?;
        let whole = [nonce.as_ref().as_slice(), &text].concat();
        Ok(URL_SAFE_NO_PAD.encode(whole))
    }

    /// What was sealed, not older than ten minutes.
    ///
    /// # Errors
    /// [`Refusal::NotBegun`] for everything else.
    pub(crate) fn open(sealed: &str, key: &[u8; 32], now_s: i64) -> Result<Self, Refusal> {
        Self::opened(sealed, key)
            .filter(|pending| now_s < pending.expires_s && pending.expires_s <= now_s + LIFETIME_S)
            .ok_or(Refusal::NotBegun)
    }

    fn opened(sealed: &str, key: &[u8; 32]) -> Option<Self> {
        let whole = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, text) = whole.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, key).ok()?;
        let mut text = text.to_vec();
        let plain = key
            .open_in_place(nonce, Aad::from(PURPOSE), &mut text)
            .ok()?;
        serde_json::from_slice(plain).ok()
    }

    /// The hash of the state: what a caller keeps who wants each sign-in used once even if a cookie were copied.
    pub(crate) fn state_hash(&self) -> &[u8; 32] {
        &self.state_hash
    }

    pub(super) fn fits(&self, state: &str) -> bool {
        same(&hash(state), &self.state_hash)
    }
}

fn hash(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    bytes
}

/// The query with which the browser came back.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) code: Option<String>,
    pub(super) state: Option<String>,
    pub(super) iss: Option<String>,
    pub(super) error: Option<String>,
    pub(super) error_description: Option<String>,
}

impl Answer {
    /// Reads it; nothing may stand there twice (RFC 6749 section 3.1).
    pub(super) fn read(query: &str) -> Result<Self, Refusal> {
        if query.len() > QUERY_MAX {
            return Err(Refusal::Answer);
        }
        let mut answer = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let place = match name.as_ref() {
                "code" => &mut answer.code,
                "state" => &mut answer.state,
                "iss" => &mut answer.iss,
                "error" => &mut answer.error,
                "error_description" => &mut answer.error_description,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(Refusal::Answer);
            }
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn pending() -> Pending {
        let parts = Parts {
            state: "the-state",
            nonce: "the-nonce",
            verifier: "the-verifier",
            redirect_uri: "https://tenure.example/sign-in/back",
        };
        Pending::new(&parts, ReturnTo::wished(Some("/t/contoso/plans")), 1_000)
    }

    #[test]
    fn a_cookie_opens_with_its_key_for_ten_minutes_and_shows_nothing() {
        let sealed = pending().seal(&KEY).unwrap();
        assert_eq!(Pending::open(&sealed, &KEY, 1_599), Ok(pending()));
        assert_eq!(Pending::open(&sealed, &KEY, 1_600), Err(Refusal::NotBegun));
        assert_eq!(Pending::open(&sealed, &KEY, 900), Err(Refusal::NotBegun));
        assert_eq!(
            Pending::open(&sealed, &[8; 32], 1_000),
            Err(Refusal::NotBegun)
        );
        let whole = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        assert!(!whole.windows(9).any(|part| part == b"the-nonce"));
        assert!(!format!("{:?}", pending()).contains("the-"));
        assert_ne!(sealed, pending().seal(&KEY).unwrap());
        assert_eq!(pending().state_hash(), &hash("the-state"));
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 1;
            let bent = URL_SAFE_NO_PAD.encode(bent);
            assert_eq!(Pending::open(&bent, &KEY, 1_000), Err(Refusal::NotBegun));
        }
        for wrong in ["", "AAAA", "not base64!", &sealed[..20]] {
            assert_eq!(Pending::open(wrong, &KEY, 1_000), Err(Refusal::NotBegun));
        }
    }

    #[test]
    fn an_answer_names_each_thing_once() {
        let answer = Answer::read("code=a%20b&state=s&other=1&other=2").unwrap();
        assert_eq!(answer.code.as_deref(), Some("a b"));
        assert!(pending().fits("the-state") && !pending().fits("the-stat"));
        assert!(Answer::read("code=a&code=b").is_err());
        assert!(Answer::read(&"x".repeat(QUERY_MAX + 1)).is_err());
    }
}
