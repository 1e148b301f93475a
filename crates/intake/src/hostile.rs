//! Finds passages that speak to the reader instead of about a person. They are shown to people and read as nothing.
//!
//! Safety does not rest on this list: text can only fill the fields of a draft, whatever it says. The list keeps such words out of those
//! fields as well, and tells the approver that somebody tried.

use std::ops::Range;

use crate::lines::Sheet;

/// A passage of the visible text, and what it tries.
#[derive(Clone, Debug)]
pub(crate) struct Hostile {
    pub(crate) range: Range<usize>,
    pub(crate) why: &'static str,
}

const ORDERS: &str = "gives orders to the reader of tickets";
const APPROVAL: &str = "tries to go round the approval";
const SCOPE: &str = "names further people or everybody";
const POWER: &str = "asks for power or secrets";
const TRACES: &str = "tries to leave no trace";

/// Words in a row; `a|b` either of them, `*` up to three others, `@` any address.
const PATTERNS: &[(&str, &str)] = &[
    (
        "ignore|disregard|forget|override|bypass * previous|prior|above|earlier|all|any|your|other * instructions|instruction|rules|prompt|guidelines|policy|policies|directives|commands|safeguards",
        ORDERS,
    ),
    (
        "ignore|disregard|forget everything|anything * above|before|previously",
        ORDERS,
    ),
    (
        "overrides|override|supersedes|supersede anything|everything|all|any",
        ORDERS,
    ),
    (
        "new|updated|following instructions for|to * assistant|ai|bot|model|system|automation|agent",
        ORDERS,
    ),
    ("system prompt|override|message|instruction", ORDERS),
    (
        "developer|maintenance|admin|debug|god|unrestricted|root mode",
        ORDERS,
    ),
    (
        "you are now|an|a|the * ai|assistant|bot|model|administrator|mode|agent",
        ORDERS,
    ),
    (
        "act|behave as|like * ai|assistant|administrator|admin|bot|root",
        ORDERS,
    ),
    (
        "dear|attention|hey|hello|note|message * ai|assistant|bot|llm|gpt|copilot|chatbot|automation",
        ORDERS,
    ),
    ("respond|reply|answer only with", ORDERS),
    (
        "approve|approved|approves|authorise|authorize|authorised|authorized|accept * automatically",
        APPROVAL,
    ),
    (
        "automatically|auto approve|approved|approves|approval|authorise|authorize",
        APPROVAL,
    ),
    (
        "without|skip|skips|bypass|waive|omit|ignore * approval|approvals|approver|approvers|authorisation|authorization|review",
        APPROVAL,
    ),
    (
        "no|needs|requires no|need|requires|further|more * approval|approvals|approver|confirmation|authorisation|authorization",
        APPROVAL,
    ),
    ("no approval|approvals|approver", APPROVAL),
    (
        "approval|confirmation|authorisation|authorization|review is|was|has|are|not|already|been|no * needed|required|necessary|granted|given|waived",
        APPROVAL,
    ),
    (
        "already|pre|fully approved|preapproved|authorised|authorized",
        APPROVAL,
    ),
    ("preapproved|autoapprove", APPROVAL),
    (
        "do|dont|don't|never not|ask|wait|wait|request * approval|confirmation|approver",
        APPROVAL,
    ),
    (
        "set|change|mark * status|state|plan|request|ticket to|as * approved|completed|confirmed",
        APPROVAL,
    ),
    (
        "disable|delete|offboard|block|wipe|terminate|deactivate|remove|revoke|lock|reset|erase * all|every|everyone|everybody * users|user|employees|employee|admins|admin|administrators|administrator|members|member|staff|tenants|people",
        SCOPE,
    ),
    (
        "disable|delete|offboard|block|wipe|terminate|deactivate|lock everyone|everybody",
        SCOPE,
    ),
    (
        "also|additionally|then|furthermore|moreover|likewise|plus * disable|delete|offboard|block|wipe|terminate|deactivate|remove|revoke|lock|reset|enable|create|unblock * @",
        SCOPE,
    ),
    (
        "disable|delete|offboard|block|terminate|deactivate|wipe|lock|enable|unblock * @ as|too well|instead",
        SCOPE,
    ),
    (
        "grant|give|assign|make|add|promote|elevate|escalate * administrator|administrators|admin|admins|root|superuser",
        POWER,
    ),
    ("privileged role", POWER),
    ("client|app|application secret|secrets|credentials", POWER),
    (
        "export|dump|exfiltrate|leak|reveal|print|show * secrets|secret|credentials|passwords|tokens|keys",
        POWER,
    ),
    ("exclude|exempt|remove|add * conditional access", POWER),
    (
        "disable|bypass|remove|deactivate|off * mfa|2fa|defender|dlp|conditional|auditing",
        POWER,
    ),
    ("break|breakglass glass|account|user", POWER),
    (
        "do|never not|be * log|record|audit|logged|recorded|audited",
        TRACES,
    ),
    (
        "delete|erase|clear|disable|purge|remove * log|logs|audit|auditing|ledger|receipts|evidence|trail",
        TRACES,
    ),
    (
        "hide|conceal * from * approver|approvers|log|audit|admin|admins|security",
        TRACES,
    ),
];

/// Keys that open a message in transcripts of assistants; a person's form has none of them.
const SPEAKERS: &[&str] = &[
    "system",
    "assistant",
    "developer",
    "ai",
    "bot",
    "prompt",
    "tool",
    "user prompt",
    "system prompt",
];

/// Every such passage, in order, none touching another.
pub(crate) fn find(text: &str, sheet: &Sheet) -> Vec<Hostile> {
    let words = words(text);
    let mut found: Vec<Hostile> = Vec::new();
    for pair in sheet.pairs.iter().filter(|pair| pair.found.is_none()) {
        let key = text[pair.key.clone()].to_lowercase();
        let key = key.trim_matches(|c: char| !c.is_alphanumeric());
        if SPEAKERS.contains(&key) {
            let end = block_end(sheet, pair.block, pair.value.end.max(pair.key.end));
            found.push(Hostile {
                range: closed(text, pair.key.start..end),
                why: ORDERS,
            });
        }
    }
    for start in 0..words.len() {
        for (pattern, why) in PATTERNS {
            if let Some(end) = matches(text, &words, start, pattern) {
                let hit = words[start].0.start..words[end - 1].0.end;
                found.push(Hostile {
                    range: closed(text, extent(text, sheet, &words, start, hit)),
                    why,
                });
            }
        }
    }
    found.sort_by_key(|hostile| (hostile.range.start, usize::MAX - hostile.range.end));
    let mut apart: Vec<Hostile> = Vec::new();
    for hostile in found {
        match apart.last_mut() {
            Some(last) if hostile.range.start <= last.range.end => {
                last.range.end = last.range.end.max(hostile.range.end);
            }
            _ => apart.push(hostile),
        }
    }
    apart
}

/// What of a value stands before the first such passage in it.
pub(crate) fn spared(hostile: &[Hostile], range: Range<usize>) -> Range<usize> {
    let end = hostile
        .iter()
        .filter(|hostile| hostile.range.start < range.end && hostile.range.end > range.start)
        .map(|hostile| hostile.range.start.max(range.start))
        .min()
        .unwrap_or(range.end);
    range.start..end
}

/// Whether anything of this stretch belongs to such a passage.
pub(crate) fn touches(hostile: &[Hostile], range: &Range<usize>) -> bool {
    hostile
        .iter()
        .any(|hostile| hostile.range.start < range.end && hostile.range.end > range.start)
}

/// In a subject, where nothing needs a place.
pub(crate) fn in_subject(subject: &str) -> Option<&'static str> {
    let words = words(subject);
    (0..words.len()).find_map(|start| {
        PATTERNS
            .iter()
            .find(|(pattern, _)| matches(subject, &words, start, pattern).is_some())
            .map(|(_, why)| *why)
    })
}

type Word = (Range<usize>, String);

fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let is_part = |c: char| c.is_alphanumeric() || "@._-'+’".contains(c);
    let mut start = None;
    let mut push = |range: Range<usize>| {
        let run = &text[range.clone()];
        if run.contains('@') {
            words.push((range, run.to_lowercase()));
            return;
        }
        let mut at = range.start;
        for piece in run.split(['.', '_', '-']) {
            if !piece.is_empty() {
                words.push((at..at + piece.len(), piece.to_lowercase().replace('’', "'")));
            }
            at += piece.len() + 1;
        }
    };
    for (at, character) in text.char_indices() {
        match (is_part(character), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        push(from..text.len());
    }
    words
}

/// Where the pattern ends when it begins at this word.
fn matches(text: &str, words: &[Word], start: usize, pattern: &str) -> Option<usize> {
    let mut at = start;
    let mut gap = 0;
    for slot in pattern.split(' ') {
        if slot == "*" {
            gap = 3;
            continue;
        }
        let reach = (at + gap + 1).min(words.len());
        let hit = (at..reach).find(|index| fits(slot, &words[*index].1))?;
        // A blank line parts what does not belong together.
        let before = words[start].0.end;
        if hit > start && text[before..words[hit].0.start].contains("\n\n") {
            return None;
        }
        at = hit + 1;
        gap = 0;
    }
    Some(at)
}

fn fits(slot: &str, word: &str) -> bool {
    slot.split('|').any(|one| match one {
        "@" => word.contains('@'),
        _ => one == word,
    })
}

/// Where the stretch of lines ends that a passage stands in; known fields are not part of it.
fn block_end(sheet: &Sheet, block: usize, from: usize) -> usize {
    let fields = sheet.pairs.iter().filter(|pair| pair.found.is_some());
    let next = fields
        .filter(|pair| pair.block == block && pair.key.start >= from)
        .map(|pair| pair.key.start)
        .min()
        .unwrap_or(usize::MAX);
    let pairs = sheet
        .pairs
        .iter()
        .filter(|pair| pair.found.is_none() && pair.block == block)
        .map(|pair| pair.value.end.max(pair.key.end));
    let prose = sheet
        .prose
        .iter()
        .filter(|prose| prose.block == block)
        .map(|prose| prose.range.end);
    pairs
        .chain(prose)
        .filter(|end| *end < next)
        .max()
        .unwrap_or(from)
        .max(from)
}

/// The passage up to the sign that closes the quotation or bracket it begins in, also over blank lines.
fn closed(text: &str, range: Range<usize>) -> Range<usize> {
    const REACH: usize = 3000;
    const MARKS: &[(char, char)] = &[('"', '"'), ('“', '”'), ('[', ']'), ('{', '}'), ('«', '»')];
    let line = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let passage = &text[line..range.end];
    let mut end = range.end;
    for (open, close) in MARKS {
        let opened = passage.matches(*open).count();
        let done = if open == close {
            opened.is_multiple_of(2)
        } else {
            opened <= passage.matches(*close).count()
        };
        if done {
            continue;
        }
        let mut limit = (range.end + REACH).min(text.len());
        while !text.is_char_boundary(limit) {
            limit -= 1;
        }
        if let Some(at) = text[range.end..limit].find(*close) {
            end = end.max(range.end + at + close.len_utf8());
        }
    }
    range.start..end
}

/// How far the passage reaches: in a field from the hit to its end, in prose from the sentence's beginning to the paragraph's end.
fn extent(
    text: &str,
    sheet: &Sheet,
    words: &[Word],
    first: usize,
    hit: Range<usize>,
) -> Range<usize> {
    const JOINTS: &[&str] = &[
        "and",
        "also",
        "then",
        "please",
        "additionally",
        "plus",
        "but",
        "you",
        "must",
        "should",
        "note",
        "furthermore",
        "moreover",
    ];
    let pair = sheet
        .pairs
        .iter()
        .find(|pair| hit.start >= pair.key.start && hit.start < pair.value.end.max(pair.key.end));
    if let Some(pair) = pair.filter(|pair| pair.found.is_none()) {
        // No field of a form: a sentence with a colon in it, which goes on like any other.
        let end = block_end(sheet, pair.block, hit.end.max(pair.value.end));
        return pair.key.start..end;
    }
    if let Some(pair) = pair {
        if hit.start < pair.value.start {
            return pair.key.start..hit.end.max(pair.value.end);
        }
        let mut start = hit.start;
        for (range, word) in words[..first].iter().rev() {
            if range.start < pair.value.start || !JOINTS.contains(&word.as_str()) {
                break;
            }
            start = range.start;
        }
        return start..hit.end.max(pair.value.end);
    }
    let Some(line) = sheet
        .prose
        .iter()
        .position(|prose| prose.range.contains(&hit.start))
    else {
        return hit;
    };
    let prose = &sheet.prose[line];
    let before = &text[prose.range.start..hit.start];
    let sentence = before
        .rfind(['.', '!', '?', '"', '“', '[', '{', '<', '('])
        .map_or(prose.range.start, |at| {
            prose.range.start + at + before[at..].chars().next().map_or(1, char::len_utf8)
        });
    // A quotation or bracket that is open here belongs to it as a whole.
    let opened = before
        .find(['"', '“', '[', '{', '<'])
        .map_or(sentence, |at| prose.range.start + at);
    let end = sheet.prose[line..]
        .iter()
        .take_while(|next| next.block == prose.block)
        .map(|next| next.range.end)
        .max()
        .unwrap_or(hit.end);
    opened.min(sentence)..hit.end.max(end)
}
