//! The one way out for everything that goes wrong: a code, what happened, what to do now, and the exit status.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

/// How a command ended, as its exit status says (DESIGN.md section 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Something failed; trying again may help.
    Failed,
    /// Refused, or the input is bad: nothing was changed.
    Refused,
    /// Carried out, and a human must look at something.
    NeedsReview,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Refused => 2,
            Exit::NeedsReview => 3,
        })
    }
}

/// A problem as a person sees it.
#[derive(Debug)]
pub(crate) struct Problem {
    /// A stable word for scripts.
    pub(crate) code: String,
    /// What happened, to which object; one line per thing.
    pub(crate) what: Vec<String>,
    /// What to do now.
    pub(crate) hint: Option<String>,
    /// The exit status.
    pub(crate) exit: Exit,
}

impl Problem {
    /// Bad input or a refusal: nothing was changed.
    pub(crate) fn refused(code: &str, what: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            what: vec![what.into()],
            hint: None,
            exit: Exit::Refused,
        }
    }

    /// Something did not work.
    pub(crate) fn failed(code: &str, what: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            what: vec![what.into()],
            hint: None,
            exit: Exit::Failed,
        }
    }

    /// Adds what to do now.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A file that was named and cannot be read.
    pub(crate) fn unreadable(what: &str, file: &Path, error: &std::io::Error) -> Self {
        let what = if what.is_empty() {
            String::new()
        } else {
            format!("the {what} ")
        };
        Self::refused(
            "file",
            format!("{what}{} cannot be read: {error}", file.display()),
        )
        .hint("check the path, and that you may read the file")
    }

    /// The problem on one line, for a finding.
    pub(crate) fn sentence(&self) -> String {
        let what = self.what.join("; ");
        match &self.hint {
            Some(hint) => format!("{what}: {hint}."),
            None => format!("{what}."),
        }
    }

    /// The problem as data, for `--json`.
    pub(crate) fn to_json(&self) -> Value {
        json!({ "error": { "code": self.code, "what": self.what, "hint": self.hint } })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what.as_slice() {
            [one] => write!(f, "{one}")?,
            several => {
                for (index, line) in several.iter().enumerate() {
                    let newline = if index == 0 { "" } else { "\n" };
                    write!(f, "{newline}· {line}")?;
                }
            }
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// What a command returns.
pub(crate) type Outcome<T = Exit> = Result<T, Problem>;

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        Self::failed("io", format!("reading or writing failed: {error}"))
            .hint("check the disk and the permissions, then try again")
    }
}
