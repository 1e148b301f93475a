//! Sealing: AES-256-GCM-SIV, bound to tenant and row, with a key that is never in the store.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::Error;

const KEY_LEN: usize = 32;
const ID_LEN: usize = 8;
/// The first byte of everything sealed: this layout, this algorithm.
const VERSION: u8 = 1;

/// Bytes that must not be printed; wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Wraps bytes.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The bytes, for the one who needs them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text; nothing if they are none.
    #[must_use]
    pub fn expose_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The key of a store. It comes from outside: a file, the environment or a command.
#[derive(Clone)]
pub struct Key {
    bytes: Zeroizing<[u8; KEY_LEN]>,
}

impl Key {
    /// A key from its 32 bytes, or from their text in hex or base64 (white space around it is ignored).
    ///
    /// # Errors
    /// [`Error::BadKey`] for anything else.
    pub fn from_bytes(given: &[u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(given)
            .map(str::trim)
            .unwrap_or_default();
        let decoded = if given.len() == KEY_LEN {
            given.to_vec()
        } else if text.len() == 2 * KEY_LEN {
            hex::decode(text).unwrap_or_default()
        } else {
            STANDARD.decode(text).unwrap_or_default()
        };
        let decoded = Zeroizing::new(decoded);
        let bytes = <[u8; KEY_LEN]>::try_from(decoded.as_slice())
            .map_err(|_| Error::BadKey(format!("{} bytes were given", given.len())))?;
        Ok(Self {
            bytes: Zeroizing::new(bytes),
        })
    }

    /// A new random key as text, for a key file.
    #[must_use]
    pub fn generate() -> Secret {
        let bytes = Zeroizing::new(random::<KEY_LEN>());
        Secret::new(hex::encode(bytes.as_slice()))
    }

    /// Which key it is: tells keys apart and says nothing about them.
    #[must_use]
    pub fn id(&self) -> String {
        hex::encode(self.id_bytes())
    }

    fn id_bytes(&self) -> [u8; ID_LEN] {
        let mut sha = Sha256::new();
        sha.update(b"tenure store key\n");
        sha.update(self.bytes.as_slice());
        let hash: [u8; 32] = sha.finalize().into();
        *hash.first_chunk().expect("a hash is longer than an id")
    }

    fn cipher(&self) -> RandomizedNonceKey {
        RandomizedNonceKey::new(&AES_256_GCM_SIV, self.bytes.as_slice())
            .expect("the algorithm takes keys of this length")
    }

    /// Seals bytes for one row: version, key id, nonce, cipher text and tag.
    pub(crate) fn seal(&self, row: Row<'_>, secret: &[u8]) -> Vec<u8> {
        let mut body = secret.to_vec();
        let nonce = self
            .cipher()
            .seal_in_place_append_tag(Aad::from(row.bound()), &mut body)
            .expect("what is sealed is far shorter than the algorithm allows");
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&self.id_bytes());
        sealed.extend_from_slice(nonce.as_ref());
        sealed.append(&mut body);
        sealed
    }

    /// Opens what was sealed for this row.
    pub(crate) fn open(&self, row: Row<'_>, sealed: &[u8]) -> Result<Secret, Error> {
        let broken = || Error::Unsealable(row.name.to_owned());
        let (version, rest) = sealed.split_first().ok_or_else(broken)?;
        let (id, rest) = rest.split_first_chunk::<ID_LEN>().ok_or_else(broken)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or_else(broken)?;
        if *version != VERSION {
            return Err(broken());
        }
        if *id != self.id_bytes() {
            return Err(Error::WrongKey {
                sealed_with: hex::encode(id),
                given: self.id(),
            });
        }
        let mut body = Zeroizing::new(body.to_vec());
        let plain = self
            .cipher()
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(row.bound()),
                &mut body,
            )
            .map_err(|_| broken())?;
        Ok(Secret::new(&*plain))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What a sealed value is bound to: it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    /// The tenant; empty for the provider's own.
    pub(crate) tenant: &'a str,
    /// The row.
    pub(crate) name: &'a str,
}

impl Row<'_> {
    fn bound(&self) -> Vec<u8> {
        // The length keeps tenant and row apart whatever they are called.
        format!(
            "tenure\n{}\n{}\n{}",
            self.tenant.len(),
            self.tenant,
            self.name
        )
        .into_bytes()
    }
}

/// Random bytes from the operating system. Salts, nonces and keys are made here and nowhere else: they must not be
/// predictable, so they are not handed in.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Under which hash a token is kept. Tokens are random, so a plain hash says nothing about them.
pub(crate) fn token_hash(token: &Secret) -> [u8; 32] {
    Sha256::digest(token.expose()).into()
}
