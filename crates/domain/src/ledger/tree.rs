//! The hash tree of RFC 6962 section 2.1, its proofs, and their checks as RFC 9162 sections 2.1.3 and 2.1.4 spell them out.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A SHA-256 hash; hex in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Hash([u8; 32]);

impl Hash {
    /// Wraps the bytes of a hash.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = String;

    fn try_from(bytes: &[u8]) -> Result<Self, String> {
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| format!("a hash has 32 bytes, not {}", bytes.len()))
    }
}

impl TryFrom<String> for Hash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bytes = hex::decode(&text).map_err(|error| error.to_string())?;
        Self::try_from(bytes.as_slice())
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The hash of a leaf.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut sha = Sha256::new();
    sha.update([0x00]);
    sha.update(entry);
    Hash(sha.finalize().into())
}

fn node_hash(left: Hash, right: Hash) -> Hash {
    let mut sha = Sha256::new();
    sha.update([0x01]);
    sha.update(left.0);
    sha.update(right.0);
    Hash(sha.finalize().into())
}

/// The right edge of a growing tree: all that is needed to append a leaf or to know the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the complete subtrees, the largest first: one for each bit that is set in `size`.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// A frontier as [`Frontier::peaks`] gave it away; nothing if the two do not belong together.
    #[must_use]
    pub fn restore(size: u64, peaks: &[u8]) -> Option<Self> {
        let hashes: Result<Vec<Hash>, _> = peaks.chunks(32).map(Hash::try_from).collect();
        let peaks = hashes.ok()?;
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// How many leaves there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hashes to keep for [`Frontier::restore`].
    #[must_use]
    pub fn peaks(&self) -> Vec<u8> {
        self.peaks.iter().flat_map(|hash| hash.0).collect()
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self
                .peaks
                .pop()
                .expect("there is a peak for each bit of the size");
            node = node_hash(left, node);
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return Hash(Sha256::digest([]).into());
        };
        peaks.fold(*last, |right, left| node_hash(*left, right))
    }
}

/// The root of the tree over these leaves.
#[must_use]
pub fn root(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    for leaf in leaves {
        frontier.push(*leaf);
    }
    frontier.root()
}

/// The largest power of two below `size`, which is where the tree parts.
fn split(size: usize) -> usize {
    size.next_power_of_two() / 2
}

/// The way from a leaf up to the root of the tree over these leaves.
///
/// # Panics
/// When there is no such leaf.
#[must_use]
pub fn inclusion(leaves: &[Hash], index: usize) -> Vec<Hash> {
    assert!(
        index < leaves.len(),
        "a proof is made for a leaf that is there"
    );
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut path, other) = if index < left.len() {
        (inclusion(left, index), root(right))
    } else {
        (inclusion(right, index - left.len()), root(left))
    };
    path.push(other);
    path
}

/// Shows that the tree over these leaves grew out of the tree over the first `old` of them.
///
/// # Panics
/// When `old` is more than there are.
#[must_use]
pub fn consistency(leaves: &[Hash], old: usize) -> Vec<Hash> {
    assert!(old <= leaves.len(), "a tree grows");
    if old == 0 {
        return Vec::new();
    }
    subproof(leaves, old, true)
}

fn subproof(leaves: &[Hash], old: usize, known: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if known {
            Vec::new()
        } else {
            vec![root(leaves)]
        };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut path, other) = if old <= left.len() {
        (subproof(left, old, known), root(right))
    } else {
        (subproof(right, old - left.len(), false), root(left))
    };
    path.push(other);
    path
}

/// Whether the leaf with this index is in the tree of this size and root.
#[must_use]
pub fn check_inclusion(leaf: Hash, index: u64, size: u64, path: &[Hash], root: Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut node) = (index, size - 1, leaf);
    for hash in path {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            node = node_hash(*hash, node);
            while at.is_multiple_of(2) && at != 0 {
                at /= 2;
                last /= 2;
            }
        } else {
            node = node_hash(node, *hash);
        }
        at /= 2;
        last /= 2;
    }
    last == 0 && node == root
}

/// Whether the tree of the second size and root grew out of the tree of the first.
#[must_use]
pub fn check_consistency(old: (u64, Hash), new: (u64, Hash), path: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return path.is_empty() && old_root == new_root;
    }
    if old_size == 0 {
        return path.is_empty() && old_root == Frontier::default().root();
    }
    let complete = old_size.is_power_of_two().then_some(old_root);
    let mut hashes = complete.into_iter().chain(path.iter().copied());
    let shift = (old_size - 1).trailing_ones();
    let (mut at, mut last) = ((old_size - 1) >> shift, (new_size - 1) >> shift);
    let Some(first) = hashes.next() else {
        return false;
    };
    let (mut old_node, mut new_node) = (first, first);
    for hash in hashes {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            old_node = node_hash(hash, old_node);
            new_node = node_hash(hash, new_node);
            while at.is_multiple_of(2) && at != 0 {
                at /= 2;
                last /= 2;
            }
        } else {
            new_node = node_hash(new_node, hash);
        }
        at /= 2;
        last /= 2;
    }
    last == 0 && old_node == old_root && new_node == new_root
}
