//! Where the crash harness may strike. Without the feature `crash-points` nothing of this is compiled in.

/// Passes a crash point.
macro_rules! point {
    ($class:literal) => {
        #[cfg(feature = "crash-points")]
        $crate::crash::point($class);
    };
}

pub(super) use point;
