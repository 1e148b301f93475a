//! The way from an entry up to the root, drawn as nested brackets.

use domain::ledger::Hash;

/// A level of the way up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Level {
    /// The entries below this node.
    pub(super) entries: String,
    /// How many there are.
    pub(super) count: u64,
    /// The neighbour's hash, its beginning; empty for the entry itself.
    pub(super) beside: String,
    /// Which entries the neighbour stands for.
    pub(super) theirs: String,
    /// Whether the neighbour stands before.
    pub(super) before: bool,
    /// How deep the bracket is: the entry is deepest.
    pub(super) depth: usize,
}

/// The levels from the root down to the entry: at each, which entries the node covers and the hash that stands beside. `seq` counts
/// from 1; the tree parts at the largest power of two below its size (RFC 6962, section 2.1).
pub(super) fn levels(seq: u64, size: u64, path: &[Hash]) -> Vec<Level> {
    let (mut first, mut last) = (1, size);
    let mut levels = Vec::new();
    for (depth, hash) in path.iter().rev().enumerate() {
        let count = last - first + 1;
        let left = count.next_power_of_two() / 2;
        let middle = first + left;
        let is_left = seq < middle;
        let (theirs, own) = if is_left {
            ((middle, last), (first, middle - 1))
        } else {
            ((first, middle - 1), (middle, last))
        };
        levels.push(Level {
            entries: span(first, last),
            count,
            beside: hash.to_string().chars().take(12).collect(),
            theirs: span(theirs.0, theirs.1),
            before: !is_left,
            depth,
        });
        (first, last) = own;
    }
    levels
}

fn span(first: u64, last: u64) -> String {
    if first == last {
        first.to_string()
    } else {
        format!("{first} to {last}")
    }
}

#[cfg(test)]
mod tests {
    use domain::ledger::{check_inclusion, inclusion, leaf_hash, root};

    use super::*;

    #[test]
    fn the_brackets_are_the_path_that_verifies() {
        for size in 1..=33_usize {
            let leaves: Vec<Hash> = (0..size)
                .map(|n| leaf_hash(&[u8::try_from(n).unwrap()]))
                .collect();
            for index in 0..size {
                let path = inclusion(&leaves, index);
                assert!(check_inclusion(
                    leaves[index],
                    index as u64,
                    size as u64,
                    &path,
                    root(&leaves)
                ));
                let levels = levels(index as u64 + 1, size as u64, &path);
                assert_eq!(levels.len(), path.len());
                if let Some(top) = levels.first() {
                    assert_eq!(top.count, size as u64);
                }
                // Each level's neighbour is the root over exactly the entries that are named.
                for (level, hash) in levels.iter().zip(path.iter().rev()) {
                    let mut ends = level
                        .theirs
                        .split(" to ")
                        .map(|end| end.parse::<usize>().unwrap());
                    let first = ends.next().unwrap();
                    let last = ends.next().unwrap_or(first);
                    assert_eq!(
                        root(&leaves[first - 1..last]),
                        *hash,
                        "size {size}, entry {}",
                        index + 1
                    );
                }
            }
        }
    }
}
