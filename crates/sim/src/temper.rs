//! How unkind the cloud is: lags, delays and noise. The default is unkind; calm is for unit tests of other crates.

use serde::{Deserialize, Serialize};

/// Delays as `[least, most]` in milliseconds, drawn from the seed; probabilities from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Temper {
    /// How far a replica lags behind a write.
    pub lag_ms: [u64; 2],
    /// How much further the index behind `$filter` and `$search` lags.
    pub index_lag_ms: u64,
    /// How long a mailbox conversion takes.
    pub conversion_ms: u64,
    /// When licence groups act after a change.
    pub licence_group_ms: [u64; 2],
    /// When dynamic groups are evaluated after a change.
    pub dynamic_group_ms: [u64; 2],
    /// When a licensed person gets a mailbox (in reality minutes to a day).
    pub mailbox_creation_ms: [u64; 2],
    /// When the directory learns of a mailbox's addresses.
    pub address_ms: [u64; 2],
    /// When an unlicensed mailbox is lost or locked.
    pub mailbox_loss_ms: [u64; 2],
    /// When queued work on a mailbox (cancelled meetings, sent mail) is done.
    pub queue_ms: [u64; 2],
    /// How long one request takes.
    pub latency_ms: [u64; 2],
    /// Whether the published budgets are enforced.
    pub budgets: bool,
    /// Probability of a 429 although the budget is not spent.
    pub stray_429: f64,
    /// Probability that a 429 comes without `Retry-After`.
    pub silent_429: f64,
}

impl Default for Temper {
    fn default() -> Self {
        Self {
            lag_ms: [0, 3_000],
            index_lag_ms: 2_000,
            conversion_ms: 8_000,
            licence_group_ms: [4_000, 12_000],
            dynamic_group_ms: [5_000, 15_000],
            mailbox_creation_ms: [10_000, 25_000],
            address_ms: [500, 3_000],
            mailbox_loss_ms: [3_000, 8_000],
            queue_ms: [500, 4_000],
            latency_ms: [5, 40],
            budgets: true,
            stray_429: 0.02,
            silent_429: 0.5,
        }
    }
}

impl Temper {
    /// No lag, no delay, no noise: for unit tests that look at something else. The published budgets stay.
    #[must_use]
    pub fn calm() -> Self {
        Self {
            lag_ms: [0, 0],
            index_lag_ms: 0,
            conversion_ms: 0,
            licence_group_ms: [0, 0],
            dynamic_group_ms: [0, 0],
            mailbox_creation_ms: [0, 0],
            address_ms: [0, 0],
            mailbox_loss_ms: [0, 0],
            queue_ms: [0, 0],
            latency_ms: [0, 0],
            budgets: true,
            stray_429: 0.0,
            silent_429: 0.5,
        }
    }
}
