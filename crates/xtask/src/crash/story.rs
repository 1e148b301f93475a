//! What is carried while it is struck: somebody leaves, somebody comes, or a leaving is taken back.

use std::fmt;

use super::point::{FULL, FULL_UNDO, SHORT, SHORT_JOINER, SHORT_UNDO, Share};
use super::served::share;

/// One run that is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Story {
    /// The reference leaver, every switch on.
    Leaver,
    /// A person who comes, every switch on.
    Joiner,
    /// The leaver's run is taken back.
    Undo,
    /// A leaver's plan is approved in a browser; `tenure serve` is struck.
    Web,
    /// The same by a program.
    Api,
    /// It is refused, or the approval taken back, while its run begins.
    Race,
    /// A joiner's pass is handed over behind a one-time link.
    Link,
    /// Such a link is opened.
    Press,
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Leaver => "leaver",
            Self::Joiner => "joiner",
            Self::Undo => "undo",
            Self::Web => "web",
            Self::Api => "api",
            Self::Race => "race",
            Self::Link => "link",
            Self::Press => "press",
        })
    }
}

impl Story {
    /// All of them, in the order of the report.
    pub(crate) const ALL: [Self; 8] = [
        Self::Leaver,
        Self::Joiner,
        Self::Undo,
        Self::Web,
        Self::Api,
        Self::Race,
        Self::Link,
        Self::Press,
    ];

    /// Whether it may end before the cloud is asked anything, so that nothing can fail there.
    pub(crate) fn may_ask_nobody(self) -> bool {
        matches!(self, Self::Race | Self::Press)
    }

    /// Whether it is played on several sandboxes.
    pub(crate) fn has_seeds(self) -> bool {
        matches!(self, Self::Leaver | Self::Joiner)
    }

    /// How many points of each class it gets.
    pub(crate) fn share(self, short: bool) -> Share {
        match (self, short) {
            (Self::Leaver, true) => SHORT,
            (Self::Joiner, true) => SHORT_JOINER,
            (Self::Undo, true) => SHORT_UNDO,
            (Self::Leaver | Self::Joiner, false) => FULL,
            (Self::Undo, false) => FULL_UNDO,
            (Self::Web | Self::Api | Self::Race | Self::Link | Self::Press, _) => {
                share::of(self, short)
            }
        }
    }

    /// Whether bugs are planted in it.
    pub(crate) fn has_plants(self, short: bool) -> bool {
        match self {
            Self::Leaver => true,
            Self::Joiner => !short,
            _ => false,
        }
    }
}
