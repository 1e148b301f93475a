//! Words, numbers, addresses and signs of a text, and the sentences they make.

use std::ops::Range;

use crate::language::Grammar;

/// What a token is by its look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Word,
    /// Begins with a digit: `17:00`, `14th`, `05/04/2027`, `365`.
    Number,
    Address,
    Sign,
}

/// A token, by where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) range: Range<usize>,
    pub(crate) shape: Shape,
    /// In lower case, with a straight apostrophe.
    pub(crate) lower: String,
    /// Begins with a capital.
    pub(crate) cap: bool,
    /// Is all capitals, two and more.
    pub(crate) caps: bool,
    /// Has a part that is all capitals beside one that is not: `FIN-Managers`.
    pub(crate) mixed: bool,
}

/// The tokens of a stretch.
pub(crate) fn tokens(text: &str, stretch: Range<usize>, grammar: &Grammar) -> Vec<Token> {
    let mut out = Vec::new();
    let mut at = stretch.start;
    while at < stretch.end {
        let rest = &text[at..stretch.end];
        let Some(first) = rest.chars().next() else {
            break;
        };
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let length = run(rest);
        if length == 0 {
            out.push(token(text, at..at + first.len_utf8(), Shape::Sign));
            at += first.len_utf8();
            continue;
        }
        let range = at..at + length;
        at = range.end;
        let word = &text[range.clone()];
        if word.contains('@') {
            out.push(token(text, range, Shape::Address));
        } else if word.starts_with(|c: char| c.is_ascii_digit()) {
            out.push(token(text, range, Shape::Number));
        } else {
            push_word(text, range, grammar, &mut out);
        }
    }
    out
}

fn token(text: &str, range: Range<usize>, shape: Shape) -> Token {
    let word = &text[range.clone()];
    let letters = word.chars().filter(|c| c.is_alphabetic());
    let caps = letters.clone().count() > 1 && letters.clone().all(char::is_uppercase);
    let is_code = |part: &str| part.chars().count() > 1 && part.chars().all(char::is_uppercase);
    Token {
        mixed: !caps && word.split(['-', '_']).any(is_code),
        shape,
        lower: word.to_lowercase().replace(['’', '‘', '`', '´'], "'"),
        cap: word.starts_with(char::is_uppercase)
            // `d'Hautefeuille`
            || (word.contains(['\'', '’']) && word.chars().any(char::is_uppercase)),
        caps,
        range,
    }
}

/// How far the word, number or address goes that begins here; 0 for a sign.
fn run(rest: &str) -> usize {
    let is_inner = |c: char| c.is_alphanumeric() || is_mark(c);
    let address = rest
        .find(|c: char| !(c.is_alphanumeric() || "@._-+'%".contains(c)))
        .unwrap_or(rest.len());
    let candidate = rest[..address].trim_end_matches(['.', '-', '\'', '_', '%', '+']);
    if let Some(sign) = candidate.find('@')
        && sign > 0
        && candidate[sign + 1..].contains('.')
        && candidate.starts_with(char::is_alphanumeric)
    {
        return candidate.len();
    }
    let mut length = 0;
    let mut chars = rest.char_indices().peekable();
    let numeric = rest.starts_with(|c: char| c.is_ascii_digit());
    // `p.m`, `w.e.f`: single letters between dots.
    let mut since_dot = 0;
    while let Some((at, character)) = chars.next() {
        if is_inner(character) {
            since_dot += 1;
            length = at + character.len_utf8();
            continue;
        }
        let next = chars.peek().map_or(' ', |(_, next)| *next);
        let joins = at > 0
            && match character {
                '\'' | '’' | '-' | '‐' | '‑' | '_' => next.is_alphanumeric(),
                '.' if !numeric && since_dot == 1 && next.is_alphabetic() => {
                    since_dot = 0;
                    let after = rest[at + 1..].chars().nth(1);
                    after.is_none_or(|after| !after.is_alphanumeric())
                }
                '/' | ':' | '.' => numeric && next.is_ascii_digit(),
                _ => false,
            };
        if !joins {
            break;
        }
    }
    length
}

fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}')
}

/// A word, with an ending that is a word of its own apart.
fn push_word(text: &str, range: Range<usize>, grammar: &Grammar, out: &mut Vec<Token>) {
    let whole = token(text, range.clone(), Shape::Word);
    for (ending, word) in grammar.language.endings {
        let Some(stem) = whole
            .lower
            .strip_suffix(ending)
            .filter(|stem| !stem.is_empty())
        else {
            continue;
        };
        let cut = text[range.clone()]
            .char_indices()
            .rev()
            .nth(ending.chars().count() - 1)
            .map_or(range.end, |(at, _)| range.start + at);
        let mut head = token(text, range.start..cut, Shape::Word);
        stem.clone_into(&mut head.lower);
        let mut tail = token(text, cut..range.end, Shape::Word);
        (*word).clone_into(&mut tail.lower);
        tail.cap = false;
        tail.caps = false;
        out.push(head);
        out.push(tail);
        return;
    }
    out.push(whole);
}

/// A sentence: a stretch of tokens.
#[derive(Clone, Debug)]
pub(crate) struct Sentence {
    pub(crate) tokens: Vec<Token>,
    /// Begins an item of a list.
    pub(crate) bullet: bool,
    /// Which line of the message it begins on.
    pub(crate) line: usize,
}

/// The sentences of a message's lines. Lines that were wrapped are one; short ones stand for themselves.
pub(crate) fn sentences(text: &str, lines: &[Range<usize>], grammar: &Grammar) -> Vec<Sentence> {
    let mut out: Vec<Sentence> = Vec::new();
    let mut open = false;
    let mut previous_end = 0;
    for (index, line) in lines.iter().enumerate() {
        let bullet = is_bullet(&text[line.clone()]);
        let inner = strip_bullet(text, line.clone());
        let gap = previous_end > 0 && text[previous_end..line.start].matches('\n').count() > 1;
        if bullet || gap {
            open = false;
        }
        previous_end = line.end;
        let all = tokens(text, inner.clone(), grammar);
        let count = all.len();
        let last = text[line.clone()].trim_end().chars().last().unwrap_or('.');
        let mut first = true;
        for part in cut(&all, grammar) {
            if part.is_empty() {
                continue;
            }
            match out.last_mut().filter(|_| open && first) {
                Some(sentence) => sentence.tokens.extend_from_slice(part),
                None => out.push(Sentence {
                    tokens: part.to_vec(),
                    bullet: bullet && first,
                    line: index,
                }),
            }
            first = false;
        }
        // A long line that does not end a sentence was wrapped.
        open = count > 0 && text[line.clone()].chars().count() >= 50 && !".!?:;".contains(last);
        open |= count > 0 && last == ',' && text[line.clone()].chars().count() >= 30;
    }
    out
}

fn cut<'t>(tokens: &'t [Token], grammar: &Grammar) -> Vec<&'t [Token]> {
    let mut out = Vec::new();
    let mut start = 0;
    for (at, token) in tokens.iter().enumerate() {
        let ends = match token.lower.as_str() {
            "!" | "?" | "…" => true,
            "." => {
                let before = at.checked_sub(1).map(|at| &tokens[at]);
                let short = before.is_some_and(|before| {
                    before.range.end == token.range.start
                        && (grammar.is("short", &before.lower)
                            || (before.lower.chars().count() == 1 && before.cap))
                });
                let glued = tokens
                    .get(at + 1)
                    .is_some_and(|next| next.range.start == token.range.end);
                !short && !glued
            }
            _ => false,
        };
        if ends {
            out.push(&tokens[start..=at]);
            start = at + 1;
        }
    }
    out.push(&tokens[start..]);
    out
}

fn is_bullet(line: &str) -> bool {
    let line = line.trim_start();
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = (1..=2).contains(&(line.len() - digits.len()))
        && (digits.starts_with(") ") || digits.starts_with(". "));
    let signed = [
        "- ", "* ", "• ", "– ", "— ", "· ", "▪ ", "◦ ", "‣ ", "+ ", "o ",
    ]
    .iter()
    .any(|sign| line.starts_with(sign));
    numbered || signed
}

fn strip_bullet(text: &str, line: Range<usize>) -> Range<usize> {
    let content = &text[line.clone()];
    if !is_bullet(content) {
        return line;
    }
    let rest = content
        .trim_start()
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .trim_start_matches([
            '-', '*', '•', '–', '—', '·', '▪', '◦', '‣', '+', ')', '.', 'o',
        ]);
    line.end - rest.len()..line.end
}
