//! Names statements, so that a test can prepare each of them on a real database.

/// Declares the statements of a file as constants, and lists them for the test.
macro_rules! statements {
    ($($name:ident = $text:literal;)+) => {
        $(const $name: &str = $text;)+

        #[cfg(test)]
        pub(crate) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $text)),+];
    };
}

pub(crate) use statements;

/// A count as SQLite keeps it.
pub(crate) fn int(count: u64) -> i64 {
    i64::try_from(count).expect("counts stay far below 2^63")
}

/// A count as SQLite gives it back.
pub(crate) fn count(stored: i64) -> u64 {
    u64::try_from(stored).expect("only counts are stored in this column")
}
