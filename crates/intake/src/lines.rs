//! Takes a ticket apart into `key: value` pairs and prose: bullets, tables, quotations, signatures, bold marks and all.

use std::ops::Range;

use crate::labels::{Found, Label, find};

/// One `key: value`, by where it stands in the visible text.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    /// The label; absent when it is none that is known.
    pub(crate) found: Option<Found>,
    pub(crate) key: Range<usize>,
    pub(crate) value: Range<usize>,
    /// How often it was quoted: 0 for the newest message.
    pub(crate) depth: usize,
    /// Which stretch between blank lines it belongs to.
    pub(crate) block: usize,
}

/// One line that is no pair.
#[derive(Clone, Debug)]
pub(crate) struct Prose {
    pub(crate) range: Range<usize>,
    pub(crate) depth: usize,
    pub(crate) block: usize,
}

/// A ticket taken apart.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) pairs: Vec<Pair>,
    pub(crate) prose: Vec<Prose>,
}

impl Sheet {
    pub(crate) fn of(text: &str) -> Self {
        let mut reader = Reader {
            text,
            sheet: Self::default(),
            depth: 0,
            older: 0,
            block: 0,
            signature: false,
            pending: None,
            growing: None,
            header: None,
        };
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let end = start + line.trim_end_matches('\n').len();
            reader.line(start..end);
            start += line.len();
        }
        reader.close_table();
        reader.sheet
    }
}

/// A table whose first row holds labels.
struct Header {
    columns: Vec<(Option<Found>, Range<usize>)>,
    rows: u32,
    /// The first pair that came from it.
    first: usize,
}

struct Reader<'t> {
    text: &'t str,
    sheet: Sheet,
    depth: usize,
    /// Messages that stand below a "From: … Sent: …" head are older, though nothing marks their lines.
    older: usize,
    block: usize,
    signature: bool,
    /// A pair whose value may stand on the next line, and how many blank lines came since.
    pending: Option<(usize, usize)>,
    /// A pair whose value goes on over the next lines.
    growing: Option<usize>,
    header: Option<Header>,
}

impl Reader<'_> {
    fn line(&mut self, range: Range<usize>) {
        let (quotes, range) = self.unquote(range);
        let depth = quotes + self.older;
        if depth != self.depth {
            self.depth = depth;
            self.signature = false;
            self.end_block();
        }
        let range = trim(self.text, range, char::is_whitespace);
        let content = &self.text[range.clone()];
        if content == "--" {
            self.signature = true;
            return self.end_block();
        }
        if is_divider(content) {
            if content.contains(['|', '+']) && self.header.is_some() {
                return;
            }
            let pending = self.pending.map(|(pair, blanks)| (pair, blanks + 1));
            self.end_block();
            self.pending = pending.filter(|(_, blanks)| *blanks < 2);
            return;
        }
        if is_older_message(content) {
            self.older += 1;
            return self.end_block();
        }
        if is_sign_off(content) {
            self.signature = true;
            self.prose(range);
            return self.end_block();
        }
        let range = unbullet(self.text, range);
        if self.cells(&range) || self.pairs(range.clone()) {
            return;
        }
        self.prose(range);
    }

    fn end_block(&mut self) {
        self.block += 1;
        self.pending = None;
        self.growing = None;
        self.close_table();
    }

    fn unquote(&self, mut range: Range<usize>) -> (usize, Range<usize>) {
        let mut depth = 0;
        loop {
            range = trim_start(self.text, range, char::is_whitespace);
            if !self.text[range.clone()].starts_with('>') {
                return (depth, range);
            }
            range.start += 1;
            depth += 1;
        }
    }

    /// A line of prose: the awaited value, more of the last value, or just prose.
    fn prose(&mut self, range: Range<usize>) {
        if self.text[range.clone()].is_empty() {
            return;
        }
        if let Some((pair, _)) = self.pending.take() {
            self.sheet.pairs[pair].value = clean(self.text, range);
            return;
        }
        if let Some(pair) = self.growing {
            let value = &mut self.sheet.pairs[pair].value;
            value.end = range.end.max(value.end);
            return;
        }
        self.sheet.prose.push(Prose {
            range,
            depth: self.depth,
            block: self.block,
        });
    }

    fn add(&mut self, found: Option<Found>, key: Range<usize>, value: Range<usize>) {
        let key = clean(self.text, key);
        if self.is_of_signature(found, &key) {
            return;
        }
        if found.is_some() {
            self.signature = false;
        }
        let value = clean(self.text, value);
        let index = self.sheet.pairs.len();
        let grows =
            found.is_some_and(|found| matches!(found.label, Label::Note | Label::AutoReply));
        self.pending = (value.is_empty() && found.is_some()).then_some((index, 0));
        self.growing = grows.then_some(index);
        self.sheet.pairs.push(Pair {
            found,
            key,
            value,
            depth: self.depth,
            block: self.block,
        });
    }

    /// Below a sign-off, `Email: …` is the sender's. A label that no signature has ends the signature.
    fn is_of_signature(&self, found: Option<Found>, key: &Range<usize>) -> bool {
        let Some(found) = found.filter(|_| self.signature) else {
            return false;
        };
        match found.label {
            Label::Email
            | Label::Phone
            | Label::Mobile
            | Label::Office
            | Label::Department
            | Label::JobTitle
            | Label::Requester
            | Label::MailHead
            | Label::Time => true,
            Label::Who => self.text[key.clone()].eq_ignore_ascii_case("name"),
            _ => false,
        }
    }

    /// Reads a line that is parted into cells; says whether it was one.
    fn cells(&mut self, line: &Range<usize>) -> bool {
        let mut cells = split(self.text, line.clone(), &['|', '\t']);
        if cells.len() < 2 {
            self.close_table();
            return false;
        }
        if self.text[cells[0].clone()].is_empty() {
            cells.remove(0);
        }
        if cells
            .last()
            .is_some_and(|cell| self.text[cell.clone()].is_empty())
        {
            cells.pop();
        }
        if cells.iter().all(|cell| is_head(&self.text[cell.clone()])) {
            return true;
        }
        let whole: Vec<Option<Found>> = cells.iter().map(|cell| self.label(cell)).collect();
        let known = whole.iter().flatten().count();
        // `| Type | Termination |` looks like two labels as well; the row below tells a head from a pair.
        let heads = known >= 2 && known == cells.len();
        if heads
            && self
                .below(line.end)
                .is_some_and(|first| self.label(&first).is_none())
        {
            self.close_table();
            self.header = Some(Header {
                columns: whole.into_iter().zip(cells).collect(),
                rows: 0,
                first: self.sheet.pairs.len(),
            });
            return true;
        }
        if self.row(&cells) {
            return true;
        }
        self.cells_as_pairs(&cells, &whole)
    }

    /// The first cell of the row below.
    fn below(&self, end: usize) -> Option<Range<usize>> {
        let mut start = self.text[end..].find('\n').map(|at| end + at + 1)?;
        for line in self.text[start..].split('\n') {
            let range = start..start + line.len();
            start = range.end + 1;
            let (_, range) = self.unquote(range);
            let content = &self.text[range.clone()];
            if content.contains(['|', '\t']) && is_divider(content) && content.contains('-') {
                continue;
            }
            return split(self.text, range, &['|', '\t'])
                .into_iter()
                .find(|cell| !self.text[cell.clone()].is_empty());
        }
        None
    }

    fn row(&mut self, cells: &[Range<usize>]) -> bool {
        let Some(mut header) = self.header.take() else {
            return false;
        };
        header.rows += 1;
        for ((found, key), cell) in header.columns.iter().zip(cells) {
            let found = found.map(|found| Found {
                number: Some(header.rows),
                ..found
            });
            self.add(found, key.clone(), cell.clone());
        }
        self.pending = None;
        self.growing = None;
        self.header = Some(header);
        true
    }

    /// `| Key | Value |`, `| Key | Value | Key | Value |`, `Key: value | Key: value`.
    fn cells_as_pairs(&mut self, cells: &[Range<usize>], whole: &[Option<Found>]) -> bool {
        let alternate =
            cells.len().is_multiple_of(2) && whole.iter().step_by(2).all(Option::is_some);
        if alternate {
            for (pair, found) in cells.chunks(2).zip(whole.iter().step_by(2)) {
                self.add(*found, pair[0].clone(), pair[1].clone());
            }
            self.pending = None;
            return true;
        }
        let pairs: Option<Vec<_>> = cells
            .iter()
            .map(|cell| part(self.text, cell.clone()).filter(|(found, _, _)| found.is_some()))
            .collect();
        if let Some(pairs) = pairs {
            for (found, key, value) in pairs {
                self.add(found, key, value);
            }
            return true;
        }
        if let [key, value] = cells
            && whole[0].is_none()
            && part(self.text, key.clone()).is_none()
            && is_key(&self.text[key.clone()])
        {
            self.add(None, key.clone(), value.clone());
            return true;
        }
        if let [only] = cells {
            return self.pairs(only.clone());
        }
        false
    }

    fn label(&self, cell: &Range<usize>) -> Option<Found> {
        let words = self.text[cell.clone()].trim_end_matches([':', '=', ' ', '*', '_']);
        find(words)
    }

    /// A table with one row is one person's: its number means nothing.
    fn close_table(&mut self) {
        if let Some(header) = self.header.take()
            && header.rows == 1
        {
            for pair in &mut self.sheet.pairs[header.first..] {
                if let Some(found) = &mut pair.found {
                    found.number = None;
                }
            }
        }
    }

    /// Reads `key: value`; says whether it was one. Columns that are parted by wide gaps may hold several.
    fn pairs(&mut self, range: Range<usize>) -> bool {
        let Some((found, key, value)) = part(self.text, range) else {
            return false;
        };
        let next = gaps(self.text, &value).find(|gap| {
            part(self.text, gap.end..value.end)
                .is_some_and(|(found, key, _)| found.is_some() && key.start == gap.end)
        });
        match next.filter(|_| found.is_some()) {
            Some(gap) => {
                self.add(found, key, value.start..gap.start);
                self.pending = None;
                self.growing = None;
                self.pairs(gap.end..value.end);
            }
            None => self.add(found, key, value),
        }
        true
    }
}

type Parted = (Option<Found>, Range<usize>, Range<usize>);

/// Parts a stretch into key and value: at the first sign that leaves a known label before it, else at the first colon.
fn part(text: &str, range: Range<usize>) -> Option<Parted> {
    let content = &text[range.clone()];
    let mut unknown = None;
    for (at, sign) in content.match_indices([':', '=', '?']).take(3) {
        let key = range.start..range.start + at;
        let value = range.start + at + sign.len()..range.end;
        if let Some(found) = find(&text[key.clone()]) {
            return Some((Some(found), key, value));
        }
        let is_address = content[at..].starts_with("://");
        if sign != "?" && unknown.is_none() && !is_address && is_key(&text[key.clone()]) {
            unknown = Some((None, key, value));
        }
    }
    for dash in [" - ", " – ", " — ", " -> ", " → "] {
        if let Some(at) = content.find(dash) {
            let key = range.start..range.start + at;
            if let Some(found) = find(&text[key.clone()]) {
                return Some((Some(found), key, range.start + at + dash.len()..range.end));
            }
        }
    }
    unknown
}

/// Whether words can be the key of a form: few, and no sentence.
fn is_key(words: &str) -> bool {
    words.len() <= 60
        && words.split_whitespace().count() <= 6
        && words.chars().any(char::is_alphabetic)
        && !words.contains(". ")
        && !words.contains('@')
}

/// Gaps of two blanks and more.
fn gaps<'t>(text: &'t str, range: &Range<usize>) -> impl Iterator<Item = Range<usize>> + use<'t> {
    let offset = range.start;
    let content = &text[range.clone()];
    content.match_indices("  ").map(move |(at, _)| {
        let blanks = content[at..].len() - content[at..].trim_start_matches(' ').len();
        offset + at..offset + at + blanks
    })
}

fn split(text: &str, range: Range<usize>, signs: &[char]) -> Vec<Range<usize>> {
    let mut cells = Vec::new();
    let mut start = range.start;
    for (at, sign) in text[range.clone()].match_indices(signs) {
        cells.push(start..range.start + at);
        start = range.start + at + sign.len();
    }
    cells.push(start..range.end);
    cells
        .into_iter()
        .map(|cell| {
            trim(text, cell, |c| {
                c.is_whitespace() || matches!(c, '*' | '_' | '`')
            })
        })
        .collect()
}

/// What stands above the columns of a table of labels and values.
fn is_head(cell: &str) -> bool {
    let cell = cell.to_ascii_lowercase();
    matches!(
        cell.as_str(),
        "" | "field"
            | "value"
            | "item"
            | "question"
            | "answer"
            | "response"
            | "label"
            | "property"
            | "entry"
    )
}

/// Nothing but rules and frames, or nothing at all.
fn is_divider(content: &str) -> bool {
    content
        .chars()
        .all(|c| c.is_whitespace() || "-=_*~#+|:.·—–─━".contains(c))
}

fn is_older_message(content: &str) -> bool {
    let lower = content.to_ascii_lowercase();
    let words = lower.trim_matches(|c: char| !c.is_alphanumeric());
    (matches!(
        words,
        "original message" | "forwarded message" | "begin forwarded message"
    ) && lower != words)
        || words == "begin forwarded message"
        || (lower.starts_with("on ") && lower.ends_with("wrote:"))
}

fn is_sign_off(content: &str) -> bool {
    let words: Vec<String> = content
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    (1..=5).contains(&words.len())
        && matches!(
            words.join(" ").as_str(),
            "regards"
                | "kind regards"
                | "best regards"
                | "warm regards"
                | "with kind regards"
                | "many thanks"
                | "thanks"
                | "thank you"
                | "thanks and regards"
                | "thanks in advance"
                | "cheers"
                | "best"
                | "best wishes"
                | "sincerely"
                | "yours sincerely"
                | "thx"
                | "br"
                | "kr"
                | "thank you and regards"
                | "thanks kind regards"
                | "many thanks and regards"
                | "yours faithfully"
                | "all the best"
                | "kindest regards"
        )
}

/// Leaves out what begins an item of a list.
fn unbullet(text: &str, range: Range<usize>) -> Range<usize> {
    let mut range = trim_start(text, range, |c| {
        c.is_whitespace() || "-*•·–—▪◦‣►▶→☐☑☒✓✔+#_`".contains(c)
    });
    let content = &text[range.clone()];
    for mark in ["[x]", "[X]", "[ ]", "[]"] {
        if content.starts_with(mark) {
            range.start += mark.len();
            return trim_start(text, range, char::is_whitespace);
        }
    }
    let digits = content.len()
        - content
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .len();
    if (1..=2).contains(&digits)
        && let Some(rest) = content[digits..].strip_prefix(['.', ')'])
        && rest.starts_with(' ')
    {
        range.start = range.end - rest.len();
        range = trim_start(text, range, |c| c.is_whitespace() || matches!(c, '*' | '_'));
    }
    range
}

/// A key or value without blanks, bold marks and what is left of the sign between them.
pub(crate) fn clean(text: &str, range: Range<usize>) -> Range<usize> {
    let range = trim(text, range, |c| {
        c.is_whitespace() || matches!(c, '*' | '_' | '`')
    });
    let range = trim_start(text, range, |c| {
        c.is_whitespace() || matches!(c, ':' | '=' | '>' | '*' | '_' | '`')
    });
    trim(text, range, |c| c.is_whitespace() || c == '|')
}

pub(crate) fn trim(text: &str, range: Range<usize>, drop: impl Fn(char) -> bool) -> Range<usize> {
    let range = trim_start(text, range, &drop);
    let kept = text[range.clone()].trim_end_matches(&drop).len();
    range.start..range.start + kept
}

fn trim_start(text: &str, range: Range<usize>, drop: impl Fn(char) -> bool) -> Range<usize> {
    let kept = text[range.clone()].trim_start_matches(drop).len();
    range.end - kept..range.end
}
