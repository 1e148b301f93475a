//! What a verb said and how it ended.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// What a verb said and how it ended.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// The verb.
    pub(crate) words: String,
    /// The exit status; none when a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output: data.
    pub(crate) out: String,
    /// Standard error: talk.
    pub(crate) err: String,
}

impl Said {
    pub(super) fn of(words: &[&str], command: &mut Command) -> Self {
        Self::new(words, &command.stdin(Stdio::null()).output().unwrap())
    }

    pub(super) fn fed(words: &[&str], command: &mut Command, input: &str) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        Self::new(words, &child.wait_with_output().unwrap())
    }

    pub(crate) fn new(words: &[&str], output: &Output) -> Self {
        Self {
            words: words.join(" "),
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// It ended with this status.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "tenure {}\n--- out\n{}\n--- err\n{}",
            self.words,
            self.out,
            self.err
        );
        self
    }

    /// It is done.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        self.ended(0)
    }

    /// It was refused: one message, with these words in it, and no data.
    #[track_caller]
    pub(crate) fn refused(self, wanted: &[&str]) -> Self {
        let said = self.ended(2).says(wanted);
        said.one("refused: ")
    }

    /// It failed: one message, with these words in it.
    #[track_caller]
    pub(crate) fn failed(self, wanted: &[&str]) -> Self {
        let said = self.ended(1).says(wanted);
        said.one("failed: ")
    }

    /// It said these words on standard error.
    #[track_caller]
    pub(crate) fn says(self, wanted: &[&str]) -> Self {
        for word in wanted {
            assert!(
                self.err.contains(word),
                "tenure {} should speak of “{word}”:\n{}",
                self.words,
                self.err
            );
        }
        self
    }

    /// One message that begins so and says what to do now, nothing of our own insides, and no data.
    #[track_caller]
    fn one(self, begin: &str) -> Self {
        let begins = self.err.lines().filter(|line| line.starts_with(begin));
        assert_eq!(begins.count(), 1, "one message:\n{}", self.err);
        for word in ["panicked", "RUST_BACKTRACE", "sqlx", "Error {", "Some("] {
            assert!(!self.err.contains(word), "speaks of {word}:\n{}", self.err);
        }
        assert!(
            self.err.lines().any(|line| line.starts_with("hint: "))
                || self.err.contains("\n  help: "),
            "tenure {} should say what to do now:\n{}",
            self.words,
            self.err
        );
        assert_eq!(self.out, "", "tenure {} printed data", self.words);
        self
    }

    /// Standard output as JSON: one document and nothing else.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("tenure {}: {error}:\n{}", self.words, self.out))
    }
}
