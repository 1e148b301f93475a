//! Where somebody goes after signing in: one of our own paths, or the first page. Never another site.

use percent_encoding::percent_decode_str;
use reqwest::Url;
use serde::{Deserialize, Serialize};

/// Longer than any path of ours with its filters.
const LENGTH_MAX: usize = 512;

/// A path of our own that was judged; the first page where the wish was not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub(crate) struct ReturnTo(String);

impl ReturnTo {
    /// The wish when it is safe, else the first page: a bad link must not keep anybody from signing in.
    pub(crate) fn wished(wish: Option<&str>) -> Self {
        Self(wish.and_then(safe_return).unwrap_or("/").to_owned())
    }

    /// The path, to be sent as `Location`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for ReturnTo {
    fn from(wish: String) -> Self {
        Self::wished(Some(&wish))
    }
}

impl From<ReturnTo> for String {
    fn from(path: ReturnTo) -> Self {
        path.0
    }
}

/// The path as it came, when every browser takes it for one of ours; `None` for everything else.
///
/// Browsers read `\` as `/`, drop tabs and line ends, and take `//host` for another site (WHATWG URL). So what is not plainly
/// a path of ours is refused rather than cleaned.
pub(crate) fn safe_return(wish: &str) -> Option<&str> {
    if wish.len() > LENGTH_MAX || !wish.starts_with('/') {
        return None;
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/?=&%+,:@".contains(&byte);
    if !wish.bytes().all(plain) {
        return None;
    }
    let path = wish.split_once('?').map_or(wish, |(path, _)| path);
    if path.contains("//") || !decodes_plainly(path, b"/\\%.:@") {
        return None;
    }
    if !decodes_plainly(wish, b"\\%") {
        return None;
    }
    if path.split('/').any(|part| part == "." || part == "..") {
        return None;
    }
    // The last word is a parser's: it must neither leave our site nor read the path differently.
    let here = Url::parse("https://tenure.invalid").ok()?;
    let there = here.join(wish).ok()?;
    (there.origin() == here.origin() && there.path() == path).then_some(wish)
}

/// Whether each `%` begins an encoded byte that is no control character and none of `never`, and the text is UTF-8.
fn decodes_plainly(text: &str, never: &[u8]) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let Some(byte) = rest
            .get(at + 1..at + 3)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
        else {
            return false;
        };
        if byte.is_ascii_control() || never.contains(&byte) {
            return false;
        }
        rest = &rest[at + 3..];
    }
    percent_decode_str(text).decode_utf8().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_paths_stay_as_they_are() {
        for path in [
            "/",
            "/t/contoso/plans",
            "/t/contoso/plans?state=waiting&before=2026-11-03T10:00:00Z",
            "/runs/r-7k2m9x4q",
            "/people/a.schmidt@contoso.example",
            "/people/Anna%20Schmidt",
            "/people?name=M%C3%BCller",
            "/plans?next=%2Ft%2Fx",
        ] {
            assert_eq!(safe_return(path), Some(path));
            assert_eq!(ReturnTo::wished(Some(path)).as_str(), path);
        }
    }

    #[test]
    fn nothing_leads_to_another_site() {
        for wish in [
            "",
            "plans",
            "//evil.example",
            "///evil.example",
            "////evil.example/plans",
            "/\\evil.example",
            "\\\\evil.example",
            "/\\/evil.example",
            "/plans//evil.example",
            "https://evil.example",
            "https:/evil.example",
            "HTTPS:evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            " /plans",
            "/plans\r\nLocation: https://evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/\u{0}/evil.example",
            "/%2Fevil.example",
            "/%2fevil.example",
            "/%5Cevil.example",
            "/%5c%5cevil.example",
            "/%252Fevil.example",
            "/%09/evil.example",
            "/plans%0d%0aLocation:%20https:%2f%2fevil.example",
            "/..//evil.example",
            "/../plans",
            "/a/../..//evil.example",
            "/%2e%2e/evil.example",
            "/%2E%2E%2Fevil.example",
            "/.//evil.example",
            "/plans%",
            "/plans%2",
            "/plans%+1",
            "/plans%zz",
            "/plans%ff",
            "/plans#//evil.example",
            "/@evil.example\\",
            "/\u{ff0f}evil.example",
            "/\u{2215}evil.example",
            "/<script>",
            "/plans?next=%0a",
        ] {
            assert_eq!(safe_return(wish), None, "{wish:?}");
            assert_eq!(ReturnTo::wished(Some(wish)).as_str(), "/");
        }
        assert_eq!(safe_return(&format!("/{}", "a".repeat(600))), None);
        assert_eq!(ReturnTo::wished(None).as_str(), "/");
    }

    #[test]
    fn what_was_kept_is_judged_again_when_it_is_read() {
        let read: ReturnTo = serde_json::from_str("\"//evil.example\"").unwrap();
        assert_eq!(read.as_str(), "/");
    }
}
