//! The opaque tokens in delta links: everything the next call needs, the options of the first one included.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::cloud::Visit;
use crate::world::Id;

/// How long a token of directory objects is good (delta-query-overview page, token duration).
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// One round of tracking: a listing of everything, or of what changed in a stretch of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Round {
    /// Where in the log the stretch begins; none when everything is listed.
    pub(super) since: Option<u64>,
    /// Where it ends, and the next round begins.
    pub(super) position: u64,
    /// The moment at which everything is shown.
    pub(super) moment: Timestamp,
    /// The last object already shown in this round.
    pub(super) cursor: Option<Id>,
    /// `$select` of the first call.
    pub(super) select: Option<String>,
    /// The objects that `$filter` of the first call named; empty for all.
    pub(super) ids: Vec<Id>,
    /// `$top` of the first call.
    pub(super) top: Option<usize>,
}

/// A round as it travels in a link.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Token {
    pub(super) kind: String,
    pub(super) tenant: Id,
    /// When the log began that the positions count in.
    started: Timestamp,
    issued: Timestamp,
    round: Round,
}

impl Token {
    pub(super) fn seal(round: Round, kind: &str, visit: &Visit<'_>) -> Self {
        Self {
            kind: kind.to_owned(),
            tenant: visit.tenant_id().to_owned(),
            started: visit.started(),
            issued: visit.now(),
            round,
        }
    }

    pub(super) fn written(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }

    /// Whether the log it counts in is still this one, and the token not too old.
    pub(super) fn is_good(&self, started: Timestamp, now: Timestamp, position: u64) -> bool {
        self.started == started
            && self.round.position <= position
            && now.duration_since(self.issued) < GOOD_FOR
    }

    /// The round that it asks for: the rest of one under way, or the next one up to a position and its moment.
    pub(super) fn round(self, (position, moment): (u64, Timestamp)) -> Round {
        match self.round.cursor {
            Some(_) => self.round,
            None => Round {
                position,
                moment,
                ..self.round
            },
        }
    }
}
