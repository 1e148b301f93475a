//! Chance that repeats: every draw follows from the seed and the name of what is drawn, never from order or time.

use sha2::{Digest, Sha256};

/// A source of draws for one seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chance {
    seed: u64,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    fn digest(self, name: &[&str]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        for part in name {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.finalize().into()
    }

    fn word(self, name: &[&str]) -> u64 {
        let digest = self.digest(name);
        u64::from_be_bytes(digest[..8].try_into().expect("eight of thirty-two bytes"))
    }

    /// A whole number from `low` to `high`, both included.
    pub(crate) fn between(self, name: &[&str], low: u64, high: u64) -> u64 {
        if high <= low {
            low
        } else {
            low + self.word(name) % (high - low + 1)
        }
    }

    /// Whether something of this probability happens.
    pub(crate) fn happens(self, name: &[&str], probability: f64) -> bool {
        let unit = (self.word(name) >> 11) as f64 / (1_u64 << 53) as f64;
        unit < probability
    }

    /// An id that looks random.
    pub(crate) fn id(self, name: &[&str]) -> String {
        let digest = self.digest(name);
        let bytes: [u8; 16] = digest[..16]
            .try_into()
            .expect("sixteen of thirty-two bytes");
        uuid::Builder::from_random_bytes(bytes)
            .into_uuid()
            .to_string()
    }

    /// The items in an order drawn for this name.
    pub(crate) fn shuffle<T>(self, name: &[&str], mut items: Vec<T>) -> Vec<T> {
        for end in (1..items.len()).rev() {
            let at = self.between(&[name, &[&end.to_string()]].concat(), 0, end as u64);
            items.swap(end, usize::try_from(at).expect("an index below the length"));
        }
        items
    }
}
