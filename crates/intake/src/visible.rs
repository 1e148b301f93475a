//! The text a person would see, with the way back to the bytes it came from: markup, entities and invisible characters are gone.

use std::ops::Range;

use domain::request::Span;

/// More than any ticket needs; what lies behind it is not read.
const LENGTH_MAX: usize = 256 * 1024;

/// Longer than any tag that is one.
const TAG_MAX: usize = 2000;

/// What is visible of a body.
pub(crate) struct Visible<'b> {
    /// Line feeds end lines, tabs part cells.
    pub(crate) text: String,
    /// For each byte of the text, the bytes of the body it stands for.
    sources: Vec<(usize, usize)>,
    body: &'b str,
    /// How much of the body was left out at its end.
    pub(crate) cut: usize,
}

impl<'b> Visible<'b> {
    pub(crate) fn of(body: &'b str) -> Self {
        let mut end = body.len().min(LENGTH_MAX);
        while !body.is_char_boundary(end) {
            end -= 1;
        }
        let mut visible = Self {
            text: String::with_capacity(end),
            sources: Vec::with_capacity(end),
            body,
            cut: body.len() - end,
        };
        let marked_up = is_marked_up(&body[..end]);
        let mut at = 0;
        while at < end {
            at = visible.next(at, end, marked_up);
        }
        visible
    }

    /// Where a stretch of the visible text stands in the body.
    pub(crate) fn span(&self, range: Range<usize>) -> Span {
        let start = self.sources.get(range.start).map_or(0, |source| source.0);
        let end = match range
            .end
            .checked_sub(1)
            .and_then(|last| self.sources.get(last))
        {
            Some(source) if range.end > range.start => source.1,
            _ => start,
        };
        Span {
            start,
            end,
            text: self.body[start..end].to_owned(),
        }
    }

    /// Takes in what stands at this byte and says where the next thing begins.
    fn next(&mut self, at: usize, end: usize, marked_up: bool) -> usize {
        let rest = &self.body[at..end];
        if marked_up && let Some((length, shown)) = tag(rest) {
            if let Some(shown) = shown {
                self.push(shown, at, at + length);
            }
            return at + length;
        }
        if let Some((length, shown)) = entity(rest) {
            self.push(plain(shown), at, at + length);
            return at + length;
        }
        let Some(character) = rest.chars().next() else {
            return end;
        };
        let next = at + character.len_utf8();
        match character {
            '\r' if rest.starts_with("\r\n") => {}
            '\r' => self.push('\n', at, next),
            // In markup a line feed is only a blank.
            '\n' if marked_up => self.push(' ', at, next),
            _ if is_invisible(character) => {}
            _ => self.push(plain(character), at, next),
        }
        next
    }

    fn push(&mut self, character: char, start: usize, end: usize) {
        self.text.push(character);
        self.sources
            .extend(std::iter::repeat_n((start, end), character.len_utf8()));
    }
}

/// Blanks of all widths are blanks, and full-width signs are their plain ones.
fn plain(character: char) -> char {
    match character {
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        '\u{2028}' | '\u{2029}' | '\u{85}' => '\n',
        '：' => ':',
        '＝' => '=',
        '｜' => '|',
        '＠' => '@',
        other => other,
    }
}

/// Characters that a reader cannot see and that would make two equal words differ.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || (character.is_control() && !matches!(character, '\n' | '\r' | '\t' | '\u{85}'))
}

fn is_marked_up(body: &str) -> bool {
    let lower = body.to_ascii_lowercase();
    [
        "<br", "<p>", "<p ", "<div", "<td", "<html", "<li>", "<table",
    ]
    .iter()
    .any(|tag| lower.contains(tag))
}

/// The length of the tag that stands here, and what it shows as.
fn tag(rest: &str) -> Option<(usize, Option<char>)> {
    let inside = rest.strip_prefix('<')?;
    if let Some(comment) = inside.strip_prefix("!--") {
        return Some((comment.find("-->").map_or(rest.len(), |at| at + 7), None));
    }
    let closing = inside.starts_with('/');
    let name: String = inside
        .trim_start_matches('/')
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if name.is_empty() && !inside.starts_with('!') {
        return None;
    }
    let length = rest.bytes().take(TAG_MAX).position(|byte| byte == b'>')? + 1;
    // `<jo@contoso.example>` is an address, not a tag.
    if rest[..length].contains('@') && !rest[..length].contains('=') {
        return None;
    }
    if matches!(name.as_str(), "style" | "script" | "head") && !closing {
        let close = format!("</{name}");
        let body_end = rest
            .as_bytes()
            .windows(close.len())
            .position(|window| window.eq_ignore_ascii_case(close.as_bytes()))
            .unwrap_or(rest.len());
        let tail = rest[body_end..]
            .find('>')
            .map_or(rest.len(), |at| body_end + at + 1);
        return Some((tail.max(length), None));
    }
    let shown = match name.as_str() {
        "br" | "hr" => Some('\n'),
        "p" | "div" | "li" | "tr" | "table" | "h1" | "h2" | "h3" | "h4" | "ul" | "ol" => Some('\n'),
        "td" | "th" if closing => Some('\t'),
        _ => None,
    };
    Some((length, shown))
}

/// The length of the entity that stands here, and its character.
fn entity(rest: &str) -> Option<(usize, char)> {
    let inside = rest.strip_prefix('&')?;
    let end = inside.bytes().take(10).position(|byte| byte == b';')?;
    let name = &inside[..end];
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" | "ldquo" | "rdquo" => '"',
        "apos" | "lsquo" | "rsquo" => '\'',
        "nbsp" => ' ',
        "ndash" | "mdash" => '–',
        "auml" => 'ä',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "Auml" => 'Ä',
        "Ouml" => 'Ö',
        "Uuml" => 'Ü',
        "szlig" => 'ß',
        "eacute" => 'é',
        "egrave" => 'è',
        "aacute" => 'á',
        "ntilde" => 'ñ',
        "ccedil" => 'ç',
        "oslash" => 'ø',
        "aring" => 'å',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|c| !c.is_control() && !is_invisible(*c))?
        }
    };
    Some((end + 2, character))
}
