//! What a tenant allows: its policy for temporary access passes.

use serde::{Deserialize, Serialize};

use super::Id;

/// The tenant's policy for temporary access passes (microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TapPolicy {
    /// Whether passes may be given at all.
    pub enabled: bool,
    /// Shortest lifetime in minutes.
    pub minimum_minutes: u32,
    /// Longest lifetime in minutes.
    pub maximum_minutes: u32,
    /// Lifetime in minutes where none is asked for.
    pub default_minutes: u32,
    /// Characters of a pass.
    pub length: usize,
    /// Whether every pass must be for one sign-in only.
    pub must_be_one_time: bool,
    /// Whether a new pass replaces one that still stands, as newer versions of the service do, or is refused.
    pub replaces: bool,
    /// Object ids of the groups whose members may get one; empty for everybody.
    pub target_groups: Vec<Id>,
}

/// Microsoft's own defaults, except that the method is switched on.
impl Default for TapPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            minimum_minutes: 60,
            maximum_minutes: 480,
            default_minutes: 60,
            length: 8,
            must_be_one_time: false,
            replaces: false,
            target_groups: Vec::new(),
        }
    }
}
