//! A signed head: a checkpoint (C2SP tlog-checkpoint) in a signed note (C2SP signed-note), so that other people's tools read it.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::Hash;
use crate::TenantId;

/// The type byte of Ed25519 in signed-note's keys.
const ED25519: u8 = 0x01;

/// Signs with the provider's Ed25519 key.
pub trait Signer {
    /// The public key.
    fn public_key(&self) -> [u8; 32];

    /// The signature over the message.
    fn sign(&self, message: &[u8]) -> [u8; 64];
}

/// Checks Ed25519 signatures.
pub trait Verifier {
    /// Whether the signature over the message was made with this key.
    fn verify(&self, public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool;
}

/// The name of a tenant's log: `tenure/<tenant>`, with everything but letters, digits, `.`, `_` and `-` percent-encoded,
/// because a key name has neither spaces nor `+`.
#[must_use]
pub fn origin(tenant: &TenantId) -> String {
    let mut text = "tenure/".to_owned();
    for byte in tenant.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// The public key of a log under its name; shown as `name+id+key`, signed-note's verifier key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The log's name.
    pub name: String,
    /// The Ed25519 public key.
    pub public: [u8; 32],
}

impl Key {
    /// Reads a verifier key; nothing unless it is exactly as [`Key`] shows itself.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '+');
        let (name, _, key) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = STANDARD.decode(key).ok()?;
        let (ED25519, public) = bytes.split_first().map(|(kind, rest)| (*kind, rest))? else {
            return None;
        };
        let key = Self {
            name: name.to_owned(),
            public: public.try_into().ok()?,
        };
        (key.to_string() == text).then_some(key)
    }

    fn id(&self) -> [u8; 4] {
        let mut sha = Sha256::new();
        sha.update(self.name.as_bytes());
        sha.update([b'\n', ED25519]);
        sha.update(self.public);
        let hash = sha.finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    fn signature_line(&self, signature: &[u8; 64]) -> String {
        let bytes = [self.id().as_slice(), signature].concat();
        format!("\u{2014} {} {}\n", self.name, STANDARD.encode(bytes))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [[ED25519].as_slice(), &self.public].concat();
        let id = hex::encode(self.id());
        write!(f, "{}+{id}+{}", self.name, STANDARD.encode(bytes))
    }
}

/// What a signed head says: this log, at this time, had this many entries and this root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The log's name, see [`origin`].
    pub origin: String,
    /// How many entries it had.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
    /// When it was signed.
    pub time: Timestamp,
}

/// Why a head is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadFault {
    /// It is no checkpoint.
    #[error("it cannot be read as a signed checkpoint")]
    Unreadable,
    /// It has no signature by the key.
    #[error("it is not signed with this ledger's key")]
    OtherKey,
    /// The signature does not belong to the text.
    #[error("its signature does not fit its text: the head was changed")]
    BadSignature,
}

impl Head {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\ntime {}\n",
            self.origin,
            self.size,
            STANDARD.encode(self.root.bytes()),
            self.time
        )
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let head = Self {
            origin: lines.next()?.to_owned(),
            size: lines.next()?.parse().ok()?,
            root: Hash::try_from(STANDARD.decode(lines.next()?).ok()?.as_slice()).ok()?,
            time: lines.next()?.strip_prefix("time ")?.parse().ok()?,
        };
        (head.text() == text).then_some(head)
    }

    /// The signed note.
    #[must_use]
    pub fn sign(&self, signer: &dyn Signer) -> String {
        let key = Key {
            name: self.origin.clone(),
            public: signer.public_key(),
        };
        let text = self.text();
        let signature = signer.sign(text.as_bytes());
        format!("{text}\n{}", key.signature_line(&signature))
    }

    /// Reads a note signed with this key. Further signatures (of witnesses) may stand beside ours.
    ///
    /// # Errors
    /// Says why the head is not to be believed.
    pub fn open(note: &str, key: &Key, verifier: &dyn Verifier) -> Result<Self, HeadFault> {
        let (text, signatures) = note.split_once("\n\n").ok_or(HeadFault::Unreadable)?;
        let text = format!("{text}\n");
        let head = Self::parse(&text).ok_or(HeadFault::Unreadable)?;
        let prefix = format!("\u{2014} {} ", key.name);
        let mut fault = HeadFault::OtherKey;
        for line in signatures.lines() {
            let Some(encoded) = line.strip_prefix(&prefix) else {
                continue;
            };
            let bytes = STANDARD.decode(encoded).unwrap_or_default();
            let Some((id, rest)) = bytes.split_first_chunk::<4>() else {
                continue;
            };
            let Ok(signature) = <&[u8; 64]>::try_from(rest) else {
                continue;
            };
            if *id != key.id() {
                continue;
            }
            if verifier.verify(&key.public, text.as_bytes(), signature) {
                return Ok(head);
            }
            fault = HeadFault::BadSignature;
        }
        Err(fault)
    }
}
