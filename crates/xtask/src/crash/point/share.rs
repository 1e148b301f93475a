//! How many points of each class the stories of a command get.

/// How many points of each class.
pub(crate) type Share = &'static [(&'static str, u64)];

/// 13 points and 6 random instants.
pub(crate) const SHORT: Share = &[
    ("before-commit", 2),
    ("after-commit", 2),
    ("before-apply", 1),
    ("in-flight", 1),
    ("no-reply", 1),
    ("reply-before-commit", 1),
    ("timer", 1),
    ("before-sign", 1),
    ("after-sign", 1),
    ("recovery", 2),
    ("random", 6),
];

/// Replies are lost where something is made that must be there once; 14 points and 6 random instants.
pub(crate) const SHORT_JOINER: Share = &[
    ("before-commit", 1),
    ("after-commit", 1),
    ("before-apply", 1),
    ("in-flight", 2),
    ("no-reply", 3),
    ("reply-before-commit", 1),
    ("timer", 1),
    ("before-sign", 1),
    ("after-sign", 1),
    ("recovery", 2),
    ("random", 6),
];

/// What is taken back goes through the same engine: 4 points and 2 random instants.
pub(crate) const SHORT_UNDO: Share = &[
    ("before-commit", 0),
    ("after-commit", 1),
    ("before-apply", 0),
    ("in-flight", 1),
    ("no-reply", 1),
    ("reply-before-commit", 0),
    ("timer", 0),
    ("before-sign", 0),
    ("after-sign", 0),
    ("recovery", 1),
    ("random", 2),
];

/// 274 points for the leaver and as many for the joiner.
pub(crate) const FULL: Share = &[
    ("before-commit", 45),
    ("after-commit", 45),
    ("before-apply", 25),
    ("in-flight", 22),
    ("no-reply", 22),
    ("reply-before-commit", 30),
    ("timer", 15),
    ("before-sign", 8),
    ("after-sign", 8),
    ("recovery", 30),
    ("random", 24),
];

/// 44 points, so that 500 kills are left of all when some come too late in their run.
pub(crate) const FULL_UNDO: Share = &[
    ("before-commit", 6),
    ("after-commit", 6),
    ("before-apply", 4),
    ("in-flight", 6),
    ("no-reply", 6),
    ("reply-before-commit", 4),
    ("timer", 2),
    ("before-sign", 1),
    ("after-sign", 1),
    ("recovery", 4),
    ("random", 4),
];
