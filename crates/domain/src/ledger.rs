//! The ledger's mathematics: what an entry is, the tree over the entries, signed heads, and a check that needs no server.
//!
//! One log per tenant, hashed as RFC 6962 has it. An entry holds a commitment to a payload, and the payload lies apart
//! with its salt: a payload can be erased, and the log still verifies. Keys stay outside: signing and checking a
//! signature are handed in.

mod head;
mod tree;
mod verify;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::TenantId;

pub use head::{Head, HeadFault, Key, Signer, Verifier, origin};
pub use tree::{
    Frontier, Hash, check_consistency, check_inclusion, consistency, inclusion, leaf_hash, root,
};
pub use verify::{End, Fault, Place, Report, verify};

/// The format of an exported ledger.
pub const FORMAT: u32 = 1;

/// The kind of the entry that records the erasure of an earlier entry's payload; its payload names it as `seq`.
pub const ERASED: &str = "payload-erased";

/// The random bytes that keep a commitment from being guessed.
pub type Salt = [u8; 32];

/// What the tree is built over: one thing that happened, without saying what.
///
/// Its canonical bytes are JSON with the fields in this (alphabetical) order and no white space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// When it happened, epoch milliseconds.
    pub at: i64,
    /// SHA-256 over the salt and the payload's bytes.
    pub commitment: Hash,
    /// What sort of thing happened: `request`, `plan`, `approval`, `receipt`, …
    pub kind: String,
    /// Its place in the log; the first entry has 1.
    pub seq: u64,
    /// The tenant.
    pub tenant: TenantId,
}

impl Entry {
    /// The bytes that are hashed.
    ///
    /// # Panics
    /// Never: an entry consists of numbers and text.
    #[must_use]
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).expect("an entry consists of numbers and text")
    }

    /// The hash of this entry as a leaf of the tree.
    #[must_use]
    pub fn leaf(&self) -> Hash {
        leaf_hash(self.canonical().as_bytes())
    }
}

/// What an entry says of its payload without giving it away.
#[must_use]
pub fn commitment(salt: &Salt, payload: &str) -> Hash {
    let mut sha = Sha256::new();
    sha.update(salt);
    sha.update(payload.as_bytes());
    Hash::new(sha.finalize().into())
}

/// The first line of an exported ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// How many entries follow.
    pub entries: u64,
    /// [`FORMAT`].
    pub format: u32,
    /// How many heads follow the entries.
    pub heads: u64,
    /// The key of the heads, as a verifier key of a signed note: `name+id+key`.
    pub key: String,
    /// The tenant.
    pub tenant: TenantId,
}

/// A line of an exported ledger: an entry, the leaf as it was recorded, and the payload unless it was erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The entry.
    pub entry: Entry,
    /// The hash under which it was recorded.
    pub leaf: Hash,
    /// The payload's bytes as text; absent once erased.
    pub payload: Option<String>,
    /// The salt in lower-case hex; absent once the payload is erased.
    pub salt: Option<String>,
}

/// A line of an exported ledger: a signed head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadRow {
    /// Its number; the first head has 1.
    pub head: u64,
    /// The signed note.
    pub note: String,
}

/// Writes a line of an export.
///
/// # Panics
/// Never: the lines consist of numbers and text.
#[must_use]
pub fn line<T: Serialize>(row: &T) -> String {
    let mut text = serde_json::to_string(row).expect("a line consists of numbers and text");
    text.push('\n');
    text
}

/// Shows that one entry is in the log under a signed head, without the other entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The key of the head, as in [`Header::key`].
    pub key: String,
    /// The signed note of the head.
    pub note: String,
    /// The hashes from the leaf up to the root.
    pub path: Vec<Hash>,
    /// The entry, with its payload unless it was erased.
    pub row: Row,
}

impl Proof {
    /// Checks the signature, the way up to the root and the payload, and returns the head.
    ///
    /// # Errors
    /// Says what does not hold.
    pub fn check(&self, verifier: &dyn Verifier) -> Result<Head, String> {
        let key = Key::parse(&self.key).ok_or("the proof names no key that can be read")?;
        let head = Head::open(&self.note, &key, verifier).map_err(|fault| fault.to_string())?;
        let entry = &self.row.entry;
        if head.origin != origin(&entry.tenant) {
            return Err("the head belongs to another tenant's ledger".to_owned());
        }
        verify::check_payload(&self.row)?;
        let index = entry.seq.checked_sub(1).ok_or("entries count from 1")?;
        if check_inclusion(entry.leaf(), index, head.size, &self.path, head.root) {
            Ok(head)
        } else {
            Err(format!(
                "entry {} is not in the ledger that the head signs",
                entry.seq
            ))
        }
    }
}

#[cfg(test)]
mod tests;
