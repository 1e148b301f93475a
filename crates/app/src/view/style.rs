//! The few styles the terminal views use.

use anstyle::{AnsiColor, Style};

/// A heading.
pub(crate) const HEAD: Style = Style::new().bold();
/// Something secondary.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Something verified.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Something to think about, or to wait for.
pub(crate) const CARE: Style = AnsiColor::Yellow.on_default();
/// Something that failed or cannot return.
pub(crate) const DANGER: Style = AnsiColor::Red.on_default().bold();

/// A text in a style.
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// A text from outside with everything made visible that could move the cursor, clear the screen or turn the reading direction:
/// whoever names a group must not draw on an approver's screen.
pub(crate) fn plain(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars()
        .map(|c| {
            if hidden(c) && c != '\n' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// A text padded to a width, measured in characters.
pub(crate) fn pad(text: &str, width: usize) -> String {
    let text = &plain(text);
    let length = text.chars().count();
    if length > width {
        let cut: String = text.chars().take(width.saturating_sub(1)).collect();
        return format!("{cut}…");
    }
    format!("{text}{}", " ".repeat(width - length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_draw_on_the_screen() {
        let shown = pad("\u{1b}[2JX\u{202e}", 8);
        assert!(
            !shown.contains('\u{1b}') && !shown.contains('\u{202e}'),
            "{shown:?}"
        );
        assert_eq!(shown.chars().count(), 8);
    }
}
