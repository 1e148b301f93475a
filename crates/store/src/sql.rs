//! Names statements, so that a test can prepare each of them on a real database.

/// Declares the statements of a file as constants, and lists them for the test.
macro_rules! statements {
    ($($name:ident = $text:expr;)+) => {
        $(const $name: &str = $text;)+

        #[cfg(test)]
        pub(crate) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $text)),+];
    };
}

/// What holds a statement to the tenants of its scope, bound as `?1`. The column is named with its table where there are several.
macro_rules! of_scope {
    ($column:literal) => {
        concat!(
            "(?1 ->> '$.tenants' IS NULL OR ",
            $column,
            " IN (SELECT value FROM json_each(?1, '$.tenants')))"
        )
    };
}

/// What holds a row of the read model to the viewer of its scope, bound as `?1`: nobody sees what is about himself, and what is
/// confidential is seen by the named alone.
macro_rules! sees {
    ($table:literal) => {
        concat!(
            "(?1 ->> '$.viewer' IS NULL OR ((",
            $table,
            ".about IS NULL OR ",
            $table,
            ".about <> ?1 ->> '$.viewer') AND (",
            $table,
            ".seen_by IS NULL OR EXISTS (SELECT 1 FROM json_each(",
            $table,
            ".seen_by) WHERE value = ?1 ->> '$.viewer'))))"
        )
    };
}

/// As `sees!`, for a row whose place in the read model is found by this condition.
macro_rules! seen {
    ($table:literal, $joined:literal) => {
        concat!(
            "(?1 ->> '$.viewer' IS NULL OR EXISTS (SELECT 1 FROM ",
            $table,
            " WHERE ",
            $joined,
            " AND ",
            $crate::sql::sees!($table),
            "))"
        )
    };
}

pub(crate) use {of_scope, seen, sees, statements};

/// A count as SQLite keeps it. What is larger than anything it keeps was typed by somebody, and finds nothing.
pub(crate) fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count as SQLite gives it back.
pub(crate) fn count(stored: i64) -> u64 {
    u64::try_from(stored).expect("only counts are stored in this column")
}
