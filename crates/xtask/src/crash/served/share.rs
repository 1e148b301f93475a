//! How many points of each class the stories of the web process get.

use super::super::point::Share;
use super::super::story::Story;

/// Each of the transactions of a request is struck; what the run does afterwards is struck elsewhere.
pub(crate) fn of(story: Story, short: bool) -> Share {
    match (story, short) {
        (Story::Web, true) => &[
            ("before-write", 2),
            ("after-write", 2),
            ("before-answer", 1),
            ("answered", 1),
            ("delivering", 1),
            ("random", 1),
        ],
        (Story::Api, true) => &[
            ("before-write", 1),
            ("after-write", 4),
            ("before-answer", 1),
        ],
        (Story::Race, true) => &[("after-write", 3), ("random", 2)],
        (Story::Link, true) => &[("after-write", 1), ("no-reply", 1), ("random", 1)],
        (Story::Press, true) => &[
            ("before-write", 1),
            ("after-write", 1),
            ("before-answer", 1),
            ("answered", 1),
            ("random", 2),
        ],
        (Story::Web | Story::Api, false) => &[
            ("before-write", 12),
            ("after-write", 12),
            ("before-answer", 1),
            ("answered", 1),
            ("in-flight", 3),
            ("no-reply", 3),
            ("delivering", 3),
            ("random", 8),
        ],
        (Story::Race, false) => &[
            ("before-write", 8),
            ("after-write", 8),
            ("before-answer", 4),
            ("random", 12),
        ],
        (Story::Link, false) => &[
            ("before-write", 8),
            ("after-write", 8),
            ("in-flight", 6),
            ("no-reply", 6),
            ("random", 8),
        ],
        (Story::Press, false) => &[
            ("before-write", 1),
            ("after-write", 1),
            ("before-answer", 1),
            ("answered", 1),
            ("random", 30),
        ],
        _ => &[],
    }
}
