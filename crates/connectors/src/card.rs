//! The approval card for Teams: Adaptive Card 1.4, and 1.5 where it answers, built from plain data, always under 20 KB.
//!
//! What other people wrote (names, remarks) goes into text runs, which know no markdown; a backslash is no help there,
//! because Teams shows it on phones (microsoft/AdaptiveCards issue 5590). Only facts and toggles, which have no such
//! form, are escaped. Sources: Adaptive Cards schema 1.4; "Cards" and "Work with Universal Actions" on Microsoft Learn, which says that
//! `Action.Execute` and `refresh` need version 1.5 in Teams.

use serde_json::{Map, Value, json};

/// The content type of a card.
pub const CONTENT_TYPE: &str = "application/vnd.microsoft.card.adaptive";
/// The card alone; the envelope around it stays under the rest of 20,000 bytes.
const LIMIT_BYTES: usize = 19_500;
/// One line of a card; longer ones are cut, for the page has them whole.
const LINE_CHARS: usize = 200;
/// The name and the value of a fact are shorter still.
const FACT_CHARS: (usize, usize) = (40, 100);
/// More irreversible lines than this are not decided in a card.
const TOGGLES_MAX: usize = 10;
const FACTS_MAX: usize = 6;

/// The verb of the approving button.
pub const APPROVE: &str = "approve";
/// The verb of the refusing button.
pub const REFUSE: &str = "refuse";
/// The verb by which Teams asks by itself, when somebody looks at a card, for how it stands now.
pub const REFRESH: &str = "refresh";
/// The id of the comment that goes with a refusal.
pub const COMMENT: &str = "comment";
/// Under this key our own data comes back, apart from what the person entered.
pub(crate) const OURS: &str = "tenure";

/// What an approver is asked.
#[derive(Clone, Debug)]
pub struct Card {
    /// What it is about: “Offboard Mara Lindqvist”.
    pub title: String,
    /// When it runs, in both zones.
    pub when: String,
    /// Name and value: tenant, asked by, steps, undo.
    pub facts: Vec<(String, String)>,
    /// The plan's remarks.
    pub remarks: Vec<String>,
    /// What can never be undone.
    pub irreversible: Vec<Line>,
    /// The page where it is read and decided.
    pub url: String,
    /// The short code of the plan's digest, for eyes only.
    pub digest: String,
    /// How the card can answer.
    pub mode: Mode,
}

/// A line that has its own tick.
#[derive(Clone, Debug)]
pub struct Line {
    /// The id of its tick, as it comes back among the inputs.
    pub id: String,
    /// The sentence.
    pub text: String,
}

/// How a card can answer.
#[derive(Clone, Debug)]
pub enum Mode {
    /// By Workflows: it can only open the page.
    Workflow,
    /// By our bot: it can be decided in the card.
    Bot {
        /// What comes back with the decision; the full digest belongs here, never only the short code.
        data: Value,
    },
}

impl Card {
    /// The card as Teams takes it. Remarks that do not fit are counted (“and 12 more”).
    ///
    /// With more irreversible lines than a card can show, it cannot be decided in the card, only on the page.
    #[must_use]
    pub fn build(&self) -> Value {
        let sizes: Vec<usize> = self
            .remarks
            .iter()
            .map(|remark| bullet(remark).to_string().len() + 1)
            .collect();
        // Room for the “and n more” line is in the frame that is measured with no remark shown.
        let frame = self.with_remarks(0).to_string().len();
        let mut room = LIMIT_BYTES.saturating_sub(frame);
        let fitting = sizes
            .iter()
            .take_while(|size| {
                let fits = **size <= room;
                room = room.saturating_sub(**size);
                fits
            })
            .count();
        self.with_remarks(fitting)
    }

    fn with_remarks(&self, shown: usize) -> Value {
        let decides = match &self.mode {
            Mode::Bot { data } if self.irreversible.len() <= TOGGLES_MAX => Some(data),
            Mode::Bot { .. } | Mode::Workflow => None,
        };
        let mut body = vec![
            run(&self.title, json!({ "weight": "Bolder", "size": "Medium" })),
            run(&self.when, json!({})),
            facts(&self.facts),
            run(&self.digest, json!({ "fontType": "Monospace" })),
        ];
        if !self.remarks.is_empty() {
            let mut items = vec![run("Remarks", json!({ "weight": "Bolder" }))];
            items.extend(self.remarks.iter().take(shown).map(|remark| bullet(remark)));
            items.extend(more(self.remarks.len() - shown));
            body.push(container("warning", items));
        }
        if !self.irreversible.is_empty() {
            let mut items = vec![run("Cannot be undone", json!({ "weight": "Bolder" }))];
            let lines = self.irreversible.iter().take(TOGGLES_MAX);
            items.extend(lines.map(|line| match decides {
                Some(_) => toggle(line),
                None => bullet(&line.text),
            }));
            items.extend(more(self.irreversible.len().saturating_sub(TOGGLES_MAX)));
            body.push(container("attention", items));
        }
        let open = if decides.is_some() {
            "Open"
        } else {
            "Read and decide"
        };
        let mut actions = decides.map(decisions).unwrap_or_default();
        actions.push(open_url(open, &self.url));
        let mut card = card(body, actions);
        // Also one that is too long to be decided in tells how it was decided.
        if let Mode::Bot { data } = &self.mode {
            card["version"] = json!("1.5");
            card["refresh"] = json!({ "action": execute("Refresh", REFRESH, data) });
        }
        card
    }
}

/// What replaces a card once it is decided, void or expired.
#[derive(Clone, Debug)]
pub struct Told {
    /// What it was about.
    pub title: String,
    /// Who decided and when, or why it can no longer be decided.
    pub sentence: String,
    /// What changed meanwhile, one line each.
    pub changes: Vec<String>,
    /// The page with the whole of it.
    pub url: String,
    /// The short code of the plan's digest.
    pub digest: String,
}

impl Told {
    /// The card as Teams takes it.
    #[must_use]
    pub fn build(&self) -> Value {
        let mut body = vec![
            run(&self.title, json!({ "weight": "Bolder", "size": "Medium" })),
            run(&self.sentence, json!({})),
        ];
        if !self.changes.is_empty() {
            let shown = self.changes.len().min(20);
            let mut items: Vec<Value> =
                self.changes.iter().take(shown).map(|c| bullet(c)).collect();
            items.extend(more(self.changes.len() - shown));
            body.push(container("warning", items));
        }
        body.push(run(&self.digest, json!({ "fontType": "Monospace" })));
        card(body, vec![open_url("Open", &self.url)])
    }
}

fn card(body: Vec<Value>, actions: Vec<Value>) -> Value {
    json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": actions,
    })
}

fn container(style: &str, items: Vec<Value>) -> Value {
    json!({ "type": "Container", "style": style, "bleed": true, "items": items })
}

/// Text without markdown, in the given form.
fn run(text: &str, form: Value) -> Value {
    let mut run = Map::new();
    run.insert("type".to_owned(), json!("TextRun"));
    run.insert("text".to_owned(), json!(line(text, LINE_CHARS)));
    if let Value::Object(form) = form {
        run.extend(form);
    }
    json!({ "type": "RichTextBlock", "inlines": [run] })
}

fn bullet(text: &str) -> Value {
    run(&format!("• {text}"), json!({}))
}

fn more(hidden: usize) -> Option<Value> {
    (hidden > 0).then(|| run(&format!("and {hidden} more"), json!({ "isSubtle": true })))
}

fn facts(facts: &[(String, String)]) -> Value {
    let facts: Vec<Value> = facts
        .iter()
        .take(FACTS_MAX)
        .map(|(name, value)| json!({ "title": escape(name, FACT_CHARS.0), "value": escape(value, FACT_CHARS.1) }))
        .collect();
    json!({ "type": "FactSet", "facts": facts })
}

fn toggle(irreversible: &Line) -> Value {
    json!({
        "type": "Input.Toggle",
        "id": irreversible.id,
        "title": escape(&irreversible.text, LINE_CHARS),
        "value": "false",
        "valueOn": "true",
        "valueOff": "false",
        "wrap": true,
    })
}

/// Refuse has a card of its own inside the card: a required comment there does not stand in the way of Approve.
fn decisions(data: &Value) -> Vec<Value> {
    let comment = json!({
        "type": "Input.Text",
        "id": COMMENT,
        "label": "Why",
        "isMultiline": true,
        "isRequired": true,
        "maxLength": 1000,
        "errorMessage": "A refusal needs a reason.",
    });
    vec![
        execute("Approve", APPROVE, data),
        json!({
            "type": "Action.ShowCard",
            "title": "Refuse",
            "card": {
                "type": "AdaptiveCard",
                "body": [comment],
                "actions": [execute("Refuse", REFUSE, data)],
            },
        }),
    ]
}

fn execute(title: &str, verb: &str, data: &Value) -> Value {
    json!({ "type": "Action.Execute", "title": title, "verb": verb, "data": { OURS: data } })
}

fn open_url(title: &str, url: &str) -> Value {
    json!({ "type": "Action.OpenUrl", "title": title, "url": url })
}

/// One line, cut to its length, in which no date function (`{{DATE(…)}}`) begins.
fn line(text: &str, chars: usize) -> String {
    let visible = |c: &char| !c.is_control() && !is_direction(*c);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut text: String = text.chars().filter(visible).collect();
    if let Some((at, _)) = text.char_indices().nth(chars) {
        text.truncate(at);
        text.push('…');
    }
    text.replace("{{", "{\u{200b}{")
}

/// Marks that turn the direction of writing, by which a line can be made to read otherwise than it is.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A line in which markdown finds nothing to format.
fn escape(text: &str, chars: usize) -> String {
    let mut escaped = String::new();
    for c in line(text, chars).chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '<' | '>' | '#' | '~' | '!' | '|'
        ) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    // At the beginning, “- x”, “+ x” and “1. x” are lists.
    let digits = escaped.chars().take_while(char::is_ascii_digit).count();
    if escaped.starts_with(['-', '+']) {
        escaped.insert(0, '\\');
    } else if digits > 0 && escaped[digits..].starts_with('.') {
        escaped.insert(digits, '\\');
    }
    escaped
}
