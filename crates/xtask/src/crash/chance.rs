//! Chance that repeats: the same seed and name give the same draws.

/// A stream of draws (splitmix64, as published by Sebastiano Vigna).
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The stream of this seed and name.
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        // FNV-1a spreads the name over the state.
        let named = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(seed ^ named)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A whole number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high.saturating_sub(low) + 1)
    }

    /// The `index`th of `of` slices of 1 to `hits`, and a number drawn from it: draws that are spread over the whole.
    pub(crate) fn spread(&mut self, index: u64, of: u64, hits: u64) -> u64 {
        let low = 1 + index * hits / of;
        let high = ((index + 1) * hits / of).max(low);
        self.between(low, high.min(hits.max(1)))
    }
}
