//! Parts a ticket into its messages, the newest first, each without greeting and signature; and a chat into what each one said.

use std::ops::Range;

use super::tokens::tokens;
use crate::language::Grammar;
use crate::lines;

/// One message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    /// How far down it stands; 0 for the newest.
    pub(crate) depth: usize,
    pub(crate) lines: Vec<Range<usize>>,
    /// The lines in which the writer signs, and the head that names him.
    pub(crate) signature: Vec<Range<usize>>,
    pub(crate) head: Vec<Range<usize>>,
    /// Who says each line, when it is a chat.
    pub(crate) speakers: Vec<Speaker>,
}

/// Who says a line of a chat.
#[derive(Clone, Debug)]
pub(crate) struct Speaker {
    pub(crate) name: Range<usize>,
    /// Of the desk that is asked.
    pub(crate) desk: bool,
}

/// The messages of a ticket, the newest first.
pub(crate) fn messages(text: &str, end: usize, grammar: &Grammar) -> Vec<Message> {
    let all = all_lines(text, end);
    if let Some(chat) = chat(text, &all, grammar) {
        return vec![chat];
    }
    let mut out: Vec<Message> = Vec::new();
    let mut older = 0;
    let mut at = 0;
    while at < all.len() {
        let (quotes, line) = unquote(text, all[at].clone());
        let content = text[line.clone()].trim();
        let heads = head_length(text, &all[at..], grammar);
        if heads > 0 {
            older += 1;
            let message = message(&mut out, older + quotes);
            message.head.extend(
                all[at..at + heads]
                    .iter()
                    .map(|line| unquote(text, line.clone()).1),
            );
            at += heads;
            continue;
        }
        if is_mark(content, grammar) {
            older += 1;
            at += 1;
            continue;
        }
        // `On Mon, 9 Nov 2026 … wrote:` may be wrapped.
        if let Some(length) = wrote(text, &all[at..], grammar) {
            let next = all
                .get(at + length)
                .map_or(0, |line| unquote(text, line.clone()).0);
            if next == quotes {
                older += 1;
            }
            let depth = older + quotes.max(next);
            message(&mut out, depth)
                .head
                .extend(all[at..at + length].iter().cloned());
            at += length;
            continue;
        }
        message(&mut out, older + quotes).lines.push(line);
        at += 1;
    }
    out.sort_by_key(|message| message.depth);
    for message in &mut out {
        tidy(text, message, grammar);
    }
    out.retain(|message| !message.lines.is_empty() || !message.signature.is_empty());
    out
}

fn message(out: &mut Vec<Message>, depth: usize) -> &mut Message {
    let at = match out.iter().position(|message| message.depth == depth) {
        Some(at) => at,
        None => {
            out.push(Message {
                depth,
                ..Message::default()
            });
            out.len() - 1
        }
    };
    &mut out[at]
}

fn all_lines(text: &str, end: usize) -> Vec<Range<usize>> {
    let mut start = 0;
    text[..end]
        .split('\n')
        .map(|line| {
            let range = start..start + line.len();
            start = range.end + 1;
            range
        })
        .collect()
}

fn unquote(text: &str, line: Range<usize>) -> (usize, Range<usize>) {
    let mut line = lines::trim(text, line, char::is_whitespace);
    let mut depth = 0;
    while text[line.clone()].starts_with('>') {
        line.start += 1;
        line = lines::trim(text, line, char::is_whitespace);
        depth += 1;
    }
    (depth, line)
}

/// How many lines of `From: … Sent: … To: …` stand here; none for fewer than two.
fn head_length(text: &str, all: &[Range<usize>], grammar: &Grammar) -> usize {
    let is_head = |line: &Range<usize>| {
        let (_, line) = unquote(text, line.clone());
        let content = text[line].trim_start_matches(['*', '_']);
        content.split_once(':').is_some_and(|(key, _)| {
            grammar.is(
                "mail-head",
                key.trim_matches(['*', '_', ' ']).to_lowercase().as_str(),
            )
        })
    };
    let first = all.first().is_some_and(|line| {
        let (_, line) = unquote(text, line.clone());
        let content = text[line].to_lowercase();
        content
            .trim_start_matches(['*', '_'])
            .split_once(':')
            .is_some_and(|(key, _)| grammar.is("mail-from", key.trim_matches(['*', '_', ' '])))
    });
    let length = all.iter().take(8).take_while(|line| is_head(line)).count();
    if first && length >= 2 { length } else { 0 }
}

/// `-----Original Message-----`, or a rule that parts two mails.
fn is_mark(content: &str, grammar: &Grammar) -> bool {
    let lower = content.to_lowercase();
    let words = lower.trim_matches(|c: char| !c.is_alphanumeric());
    grammar.is("older-message", words)
}

fn wrote(text: &str, all: &[Range<usize>], grammar: &Grammar) -> Option<usize> {
    let first = all.first()?;
    let begin = text[unquote(text, first.clone()).1].to_lowercase();
    let word = begin.split_whitespace().next()?;
    if !grammar.is("wrote-begin", word) || !begin.chars().any(|c| c.is_ascii_digit()) {
        return None;
    }
    (1..=2).find(|length| {
        all.get(length - 1).is_some_and(|line| {
            let line = text[line.clone()].trim().to_lowercase();
            grammar.entries("wrote-end").any(|end| line.ends_with(end))
        })
    })
}

/// Takes greeting and signature off.
fn tidy(text: &str, message: &mut Message, grammar: &Grammar) {
    let content = |line: &Range<usize>| text[line.clone()].trim().to_owned();
    let mut lines: Vec<Range<usize>> = std::mem::take(&mut message.lines);
    lines.retain(|line| !content(line).is_empty() && !is_rule(&content(line)));
    if lines
        .first()
        .is_some_and(|line| is_greeting(&content(line), grammar))
    {
        lines.remove(0);
    }
    let mut cut = lines.iter().position(|line| content(line) == "--");
    for (at, line) in lines.iter().enumerate() {
        if cut.is_none_or(|cut| at < cut)
            && is_sign_off(&content(line), grammar)
            && lines.len() - at <= 14
        {
            cut = Some(at);
            break;
        }
    }
    let cut = cut.unwrap_or_else(|| trailing_signature(text, &lines, grammar));
    let tail = lines.split_off(cut.min(lines.len()));
    // A postscript is said after the signature, and meant.
    let postscript = tail.iter().position(|line| {
        let lower = content(line).to_lowercase();
        let first = lower
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .trim_end_matches('.')
            .to_owned();
        grammar.is("postscript", &first)
    });
    match postscript {
        Some(at) => {
            message.signature = tail[..at].to_vec();
            lines.extend_from_slice(&tail[at..]);
        }
        None => message.signature = tail,
    }
    message.lines = lines;
}

/// Nothing but dashes and the like.
fn is_rule(content: &str) -> bool {
    content.chars().all(|c| "-=_*~#+.·—–─━ ".contains(c)) && content != "--"
}

fn is_greeting(content: &str, grammar: &Grammar) -> bool {
    let words: Vec<String> = content
        .split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’')
        .filter(|word| !word.is_empty())
        .map(|word| word.to_lowercase().replace('’', "'"))
        .collect();
    let ends = content.ends_with([',', '!', ':', '-', '–', '.']) || words.len() <= 3;
    (1..=5).contains(&words.len()) && ends && words.first().is_some_and(|word| grammar.is("greeting", word))
        // `Service Desk,`
        || (1..=4).contains(&words.len()) && content.ends_with(',')
}

fn is_sign_off(content: &str, grammar: &Grammar) -> bool {
    let words: Vec<String> = content
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let first = words
        .first()
        .is_some_and(|word| grammar.is("sign-off", word));
    let all = words
        .iter()
        .all(|word| grammar.is("sign-off", word) || grammar.is("sign-off-more", word));
    let names_more = content.chars().any(|c| c.is_ascii_digit() || c == '@');
    // `Thanks, Jo`: one word more is the name.
    first
        && !names_more
        && ((1..=7).contains(&words.len()) && (all || words.len() <= 3 && content.contains(','))
            || (words.len() <= 6 && grammar.is("thanks", &words[0])))
}

/// Where a signature without a sign-off begins: short last lines, the first of which is a name.
fn trailing_signature(text: &str, lines: &[Range<usize>], grammar: &Grammar) -> usize {
    let mut start = lines.len();
    while start > 0 && lines.len() - start < 6 {
        let content = text[lines[start - 1].clone()].trim();
        let short = content.chars().count() <= 70 && !content.ends_with(['.', '!', '?', ':', ';']);
        let plain = short
            && !content.starts_with(['-', '*', '•'])
            && content.split_whitespace().count() <= 9;
        if !plain {
            break;
        }
        start -= 1;
    }
    if start == 0 {
        return lines.len();
    }
    let parted = |at: usize| {
        text[lines[at - 1].end..lines[at].start]
            .matches('\n')
            .count()
            > 1
    };
    (start..lines.len())
        .find(|at| parted(*at) && is_name_line(&text[lines[*at].clone()], grammar))
        .unwrap_or(lines.len())
}

/// A line that begins with a name: capitalised words, none of them of the language.
fn is_name_line(line: &str, grammar: &Grammar) -> bool {
    let head = line.split(['|', ',', '-', '–', '(']).next().unwrap_or(line);
    let head = if line.contains('-') && !line.contains(" - ") {
        line.split(['|', ',', '(']).next().unwrap_or(line)
    } else {
        head
    };
    let words: Vec<&str> = head.split_whitespace().collect();
    (1..=4).contains(&words.len())
        && words.iter().all(|word| {
            let lower = word.to_lowercase();
            grammar.is("particle", &lower)
                || (word.starts_with(char::is_uppercase)
                    && !grammar.knows(lower.trim_end_matches('.')))
        })
}

/// A chat: lines that begin with who says them, one of them twice.
fn chat(text: &str, all: &[Range<usize>], grammar: &Grammar) -> Option<Message> {
    let mut message = Message::default();
    let mut names: Vec<String> = Vec::new();
    let mut others = 0;
    for line in all {
        let line = lines::trim(text, line.clone(), char::is_whitespace);
        if line.is_empty() {
            continue;
        }
        match speaker(text, line.clone(), grammar) {
            Some((name, said)) => {
                let key = text[name.clone()].to_lowercase();
                let desk = tokens(text, name.clone(), grammar)
                    .iter()
                    .any(|token| grammar.is("desk", &token.lower));
                names.push(key);
                message.lines.push(said);
                message.speakers.push(Speaker { name, desk });
            }
            None if message.speakers.is_empty() => others += 1,
            None => {
                // More of what the last one said.
                let last = message.speakers.last()?.clone();
                message.lines.push(line);
                message.speakers.push(last);
            }
        }
    }
    let twice = names
        .iter()
        .any(|name| names.iter().filter(|other| *other == name).count() > 1);
    let desk = message.speakers.iter().any(|speaker| speaker.desk);
    let people = names
        .iter()
        .collect::<std::collections::BTreeSet<_>>()
        .len();
    (names.len() > 1 && others <= 1 && people <= 4 && (twice || (desk && people > 1)))
        .then_some(message)
}

/// `[09:12] Jo Doe: …`, `Jo Doe (09:12): …`
fn speaker(
    text: &str,
    line: Range<usize>,
    grammar: &Grammar,
) -> Option<(Range<usize>, Range<usize>)> {
    let mut start = line.start;
    let content = &text[line.clone()];
    if let Some(rest) = content.strip_prefix(['[', '(']) {
        let (stamp, _) = rest.split_once([']', ')'])?;
        if !stamp.chars().any(|c| c.is_ascii_digit()) {
            return None;
        }
        start += stamp.len() + 2;
    } else {
        let stamp = content.len()
            - content
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == ':')
                .len();
        if stamp >= 4 {
            start += stamp;
        }
    }
    let rest = lines::trim(text, start..line.end, |c| c.is_whitespace() || c == '-');
    let colon = text[rest.clone()].match_indices(':').find_map(|(at, _)| {
        let after = &text[rest.start + at + 1..rest.end];
        (after.starts_with(char::is_whitespace) || after.is_empty()).then_some(rest.start + at)
    })?;
    let mut name = rest.start..colon;
    if let Some(bracket) = text[name.clone()].find(['(', '[']) {
        name.end = name.start + bracket;
    }
    let name = lines::trim(text, name, |c| c.is_whitespace() || c == '*');
    let words: Vec<&str> = text[name.clone()].split_whitespace().collect();
    let is_name = (1..=4).contains(&words.len())
        && words
            .iter()
            .all(|word| word.starts_with(char::is_uppercase) || grammar.is("particle", word))
        && crate::labels::find(&text[name.clone()]).is_none();
    is_name.then(|| {
        (
            name,
            lines::trim(text, colon + 1..rest.end, char::is_whitespace),
        )
    })
}
