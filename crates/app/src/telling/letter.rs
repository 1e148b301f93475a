//! A mail as it waits in the outbox.

use serde::{Deserialize, Serialize};

/// What a mail says; to which address it goes stands beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Letter {
    /// The name of whom it goes to; may be empty.
    pub(crate) name: String,
    /// The subject.
    pub(crate) subject: String,
    /// The text, for every reader.
    pub(crate) text: String,
    /// The same as HTML.
    pub(crate) html: String,
}

/// Text that other people wrote, as one line: no line end that would begin a header or a line of ours, and nothing that
/// turns the reading direction round.
pub(super) fn line(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let kept = text.replace(hidden, " ");
    // The thin space between a number and its unit stays.
    kept.split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The same, cut to so many characters.
pub(super) fn short(text: &str, longest: usize) -> String {
    let text = line(text);
    if text.chars().count() <= longest {
        return text;
    }
    let kept: String = text.chars().take(longest - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_stays_on_one_line() {
        assert_eq!(
            line("Mara\r\nBcc: all@contoso.example\u{2028}x"),
            "Mara Bcc: all@contoso.example x"
        );
        assert_eq!(line("Mara\u{202e}nigol"), "Mara nigol");
        assert_eq!(line("18\u{202f}s"), "18\u{202f}s");
        assert_eq!(short("Mara Lindqvist", 6), "Mara…");
    }
}
