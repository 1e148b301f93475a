//! What is carried while it is struck: somebody leaves, somebody comes, or a leaving is taken back.

use std::fmt;

use super::point::{FULL, FULL_UNDO, SHORT, SHORT_JOINER, SHORT_UNDO, Share};

/// One run that is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Story {
    /// The reference leaver, every switch on.
    Leaver,
    /// A person who comes, every switch on.
    Joiner,
    /// The leaver's run is taken back.
    Undo,
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Leaver => "leaver",
            Self::Joiner => "joiner",
            Self::Undo => "undo",
        })
    }
}

impl Story {
    /// All of them, in the order of the report.
    pub(crate) const ALL: [Self; 3] = [Self::Leaver, Self::Joiner, Self::Undo];

    /// How many points of each class it gets.
    pub(crate) fn share(self, short: bool) -> Share {
        match (self, short) {
            (Self::Leaver, true) => SHORT,
            (Self::Joiner, true) => SHORT_JOINER,
            (Self::Undo, true) => SHORT_UNDO,
            (Self::Leaver | Self::Joiner, false) => FULL,
            (Self::Undo, false) => FULL_UNDO,
        }
    }

    /// Whether bugs are planted in it.
    pub(crate) fn has_plants(self, short: bool) -> bool {
        match self {
            Self::Leaver => true,
            Self::Joiner => !short,
            Self::Undo => false,
        }
    }
}
