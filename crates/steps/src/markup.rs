//! Automatic replies are kept as markup: what is sent is made into it, and what is read is bared of it.

pub(crate) use connectors::facts::plain;

/// The text as markup: as written where it is markup already, else with its signs escaped and its lines kept.
pub(crate) fn markup(text: &str) -> String {
    if has_tags(text) {
        return text.to_owned();
    }
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\n', "<br>\n")
}

fn has_tags(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| {
        let after = &text[at + 1..];
        after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') && after.contains('>')
    })
}

#[cfg(test)]
mod tests {
    use super::{markup, plain};

    #[test]
    fn a_text_survives_the_servers_wrapping() {
        for (written, bare) in [
            ("Gone.", "Gone."),
            ("A & B < C", "A & B < C"),
            ("One\ntwo", "One two"),
            ("<p>One</p><p>two</p>", "One two"),
        ] {
            let wrapped = format!(
                "<html>\r\n<body>\r\n{}\r\n</body>\r\n</html>\r\n",
                markup(written)
            );
            assert_eq!(plain(&wrapped), bare);
            assert_eq!(plain(&markup(written)), bare);
        }
    }
}
