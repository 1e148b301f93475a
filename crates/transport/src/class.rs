//! Failure classes: the only thing about a failure that the engine acts on.

use serde::{Deserialize, Serialize};

/// What a failed call means for whoever asked for it (DESIGN.md section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "class", rename_all = "kebab-case")]
pub enum Class {
    /// Not done; worth asking again after this long, or after a jittered back-off where the vendor named no time.
    RetryAfter {
        /// The vendor's own wait in milliseconds, if it gave one.
        after_ms: Option<u64>,
    },
    /// Not done; a permission or a credential is missing.
    Denied,
    /// Not done; the object is not there (or not there yet).
    Missing,
    /// Not done; the object's state forbids it.
    Conflict,
    /// Not done; the request itself was wrong.
    Invalid,
    /// It may have happened: probe before any second write.
    Unknown,
}

/// Statuses that say "not now", whatever the vendor.
pub const RETRYABLE_STATUSES: [u16; 2] = [429, 503];

/// The class of an HTTP status where no message text says better.
///
/// `500`, `502` and `504` are [`Class::Unknown`]: a gateway that gave up says nothing about the write behind it.
#[must_use]
pub fn class_of_status(status: u16, after_ms: Option<u64>) -> Class {
    match status {
        429 | 503 => Class::RetryAfter { after_ms },
        401 | 403 => Class::Denied,
        404 | 410 => Class::Missing,
        409 | 412 => Class::Conflict,
        400 | 405 | 406 | 411 | 413..=417 | 422 | 424 => Class::Invalid,
        _ => Class::Unknown,
    }
}
