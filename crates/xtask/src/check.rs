//! What is checked before each commit: formatting and lints. Tidiness is a test of this crate.

use crate::run;

/// Runs the formatter and the linter; warnings are errors here and nowhere else.
pub(crate) fn run() -> anyhow::Result<()> {
    run::cargo(&["fmt", "--all", "--check"])?;
    run::cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ])
}
