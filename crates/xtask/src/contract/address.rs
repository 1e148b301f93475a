//! Takes a request's URL apart into decoded path segments and query options.

use percent_encoding::percent_decode_str;

/// The part of a URL behind the service root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) segments: Vec<String>,
    pub(crate) options: Vec<(String, String)>,
}

impl Address {
    /// Reads `/users/{id}?$select=a`.
    pub(crate) fn parse(relative: &str) -> Self {
        let (path, query) = relative.split_once('?').unwrap_or((relative, ""));
        Self {
            segments: split_outside(path, '/')
                .into_iter()
                .filter(|part| !part.is_empty())
                .map(decode)
                .collect(),
            options: query
                .split('&')
                .filter(|part| !part.is_empty())
                .map(|part| part.split_once('=').unwrap_or((part, "")))
                .map(|(name, value)| (decode(name), decode(&value.replace('+', " "))))
                .collect(),
        }
    }

    /// The value of a query option.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.options
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The part of an absolute link behind its scheme. The sandbox listens on this machine without TLS, and writes links to
/// itself; anything else is https.
pub(crate) fn absolute(link: &str) -> Option<&str> {
    const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];
    link.strip_prefix("https://").or_else(|| {
        link.strip_prefix("http://")
            .filter(|rest| LOOPBACK.iter().any(|host| rest.starts_with(host)))
    })
}

/// Splits at a mark that stands outside parentheses. Quotes count inside parentheses only: a user name may hold one.
pub(crate) fn split_outside(text: &str, mark: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth, mut quoted) = (0, 0_usize, false);
    for (at, c) in text.char_indices() {
        match c {
            '\'' if depth > 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ if c == mark && !quoted && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_outside_quotes_and_decoded() {
        let address = Address::parse(
            "/users/o'b%40c.example/drive/root:(p='x/y')?$filter=a+eq+'1%2B1'&$top=5",
        );
        assert_eq!(
            address.segments,
            ["users", "o'b@c.example", "drive", "root:(p='x/y')"]
        );
        assert_eq!(address.option("$filter"), Some("a eq '1+1'"));
        assert_eq!(address.option("$top"), Some("5"));
    }

    #[test]
    fn links_are_https_or_stay_on_this_machine() {
        assert_eq!(absolute("https://a.example/x"), Some("a.example/x"));
        assert_eq!(absolute("http://127.0.0.1:9/x"), Some("127.0.0.1:9/x"));
        assert_eq!(absolute("http://a.example/x"), None);
        assert_eq!(absolute("/x"), None);
    }
}
