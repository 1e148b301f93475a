//! Reads from words whether somebody comes, goes or moves, and whether the words take that back.

use domain::request::Kind;

/// What words say about the kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// Every kind the words speak of, each once.
    pub(super) kinds: Vec<Kind>,
    /// That it is cancelled, moved, or an absence: somebody has to say what shall happen.
    pub(super) doubtful: bool,
    /// That the words ask about the matter instead of for it.
    pub(super) question: bool,
}

impl Said {
    /// The kind, when the words speak of one alone.
    pub(super) fn one(&self) -> Option<Kind> {
        match self.kinds.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }
}

/// Reads a subject, a heading, a label or the value of a `Request type`.
pub(super) fn read(words: &str) -> Said {
    let words: Vec<String> = words
        .to_lowercase()
        .replace("off-board", "offboard")
        .replace("off board", "offboard")
        .replace("on-board", "onboard")
        .replace("on board", "onboard")
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let mut said = Said::default();
    let mut places = Vec::new();
    for at in 0..words.len() {
        if let Some(kind) = kind_at(&words, at) {
            places.push(at);
            if !said.kinds.contains(&kind) {
                said.kinds.push(kind);
            }
        }
    }
    said.doubtful = words.iter().enumerate().any(|(at, word)| {
        let before_one = places.iter().any(|place| *place > at && place - at <= 3);
        is_absence(&words, at)
            || (takes_back(word) && before_one)
            || (is_taken_back(&words, at) && !places.is_empty())
    });
    said.question = words.windows(2).any(|pair| {
        matches!(
            [pair[0].as_str(), pair[1].as_str()],
            ["how", "do" | "to" | "can" | "does"]
                | ["question", "about" | "on" | "regarding"]
                | ["where", "is" | "can" | "do"]
        )
    }) || words.iter().any(|word| {
        matches!(
            word.as_str(),
            "checklist"
                | "documentation"
                | "policy"
                | "training"
                | "webinar"
                | "newsletter"
                | "statistics"
        )
    });
    said
}

fn kind_at(words: &[String], at: usize) -> Option<Kind> {
    let here = Here { words, at };
    if here.goes() {
        Some(Kind::Offboard)
    } else if here.comes() {
        Some(Kind::Onboard)
    } else {
        here.moves().then_some(Kind::Transfer)
    }
}

/// A word with its neighbours.
struct Here<'w> {
    words: &'w [String],
    at: usize,
}

impl Here<'_> {
    fn word(&self, ahead: usize) -> &str {
        self.words.get(self.at + ahead).map_or("", String::as_str)
    }

    fn before(&self) -> &str {
        self.at
            .checked_sub(1)
            .map_or("", |at| self.words[at].as_str())
    }

    fn among(&self, others: &[&str]) -> bool {
        self.words
            .iter()
            .any(|word| others.contains(&word.as_str()))
    }

    fn goes(&self) -> bool {
        const TECHNICAL: &[&str] = &[
            "tls", "ssl", "cable", "line", "circuit", "network", "lease", "session", "process",
            "fibre", "fiber", "resistor",
        ];
        let word = self.word(0);
        let starts = |stem: &str| word.starts_with(stem);
        if starts("offboard") || starts("resign") || starts("deprovision") {
            return true;
        }
        if starts("terminat") {
            return !self.among(TECHNICAL);
        }
        match word {
            "leaver" | "leavers" | "departing" | "departure" | "dismissal" | "dismissed"
            | "redundancy" => true,
            "leaving" | "leaves" => {
                matches!(
                    self.word(1),
                    "the" | "us" | "our" | "employee" | "company" | "form" | "notification" | ""
                ) || matches!(self.before(), "is" | "employee" | "staff" | "are")
            }
            "exit" => {
                matches!(
                    self.word(1),
                    "form" | "process" | "notification" | "request"
                ) || matches!(self.before(), "employee" | "staff" | "user")
            }
            "revoke" => self.word(1) == "all" && self.word(2) == "access",
            "parting" => self.word(1) == "ways",
            "last" => {
                self.word(1) == "day"
                    || (matches!(self.word(1), "working" | "work") && self.word(2) == "day")
            }
            _ => false,
        }
    }

    fn comes(&self) -> bool {
        const THINGS: &[&str] = &["interface", "guide", "manual", "group", "experience"];
        match self.word(0) {
            word if word.starts_with("onboard") => true,
            "joiner" | "joiners" | "rehire" => true,
            "new" => {
                matches!(
                    self.word(1),
                    "starter"
                        | "starters"
                        | "hire"
                        | "hires"
                        | "employee"
                        | "joiner"
                        | "user"
                        | "colleague"
                        | "contractor"
                ) && !self.among(THINGS)
            }
            "starting" => self.word(1) == "with" && self.word(2) == "us",
            "starter" => matches!(self.word(1), "form" | "request" | "notification"),
            _ => false,
        }
    }

    fn moves(&self) -> bool {
        const PLACES: &[&str] = &[
            "employee",
            "staff",
            "department",
            "internal",
            "role",
            "team",
            "position",
        ];
        match self.word(0) {
            "transfer" => self.among(PLACES),
            "internal" => self.word(1) == "move",
            "role" | "department" | "position" => self.word(1) == "change",
            "change" => {
                self.word(1) == "of"
                    && matches!(self.word(2), "role" | "department" | "position" | "manager")
            }
            "mover" => true,
            _ => false,
        }
    }
}

/// An order that takes back what it stands before.
fn takes_back(word: &str) -> bool {
    [
        "cancel", "withdraw", "rescind", "postpon", "revert", "revok", "undo", "abort",
    ]
    .iter()
    .any(|stem| word.starts_with(stem))
        || matches!(word, "not" | "don't" | "hold" | "stop")
}

/// A report that something was taken back, wherever it stands.
fn is_taken_back(words: &[String], at: usize) -> bool {
    let next = words.get(at + 1).map_or("", String::as_str);
    match words[at].as_str() {
        "cancelled" | "canceled" | "cancellation" | "postponed" | "withdrawn" | "rescinded"
        | "reverted" | "aborted" | "delayed" => true,
        "on" => next == "hold",
        _ => false,
    }
}

/// Whether the words speak of somebody who stays away for a while.
pub(super) fn is_absence(words: &[String], at: usize) -> bool {
    let next = words.get(at + 1).map_or("", String::as_str);
    match words[at].as_str() {
        "maternity" | "paternity" | "parental" | "sabbatical" | "furlough" => true,
        "leave" => next == "of",
        "medical" | "sick" | "unpaid" | "extended" | "family" => next == "leave",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_who_comes_goes_or_moves() {
        let check = |words: &str, expect: &[Kind]| assert_eq!(read(words).kinds, expect, "{words}");
        for words in [
            "Offboarding: Jane Doe",
            "Off-boarding request",
            "LEAVER FORM",
            "Immediate termination",
            "Resignation of J. Doe",
            "Jane is leaving",
            "Employee exit form",
            "last working day",
        ] {
            check(words, &[Kind::Offboard]);
        }
        for words in [
            "New starter",
            "New hire request",
            "Onboarding - J. Doe",
            "On-boarding",
            "Joiner",
        ] {
            check(words, &[Kind::Onboard]);
        }
        check("Internal transfer of an employee", &[Kind::Transfer]);
        check("Leaver and new starter", &[Kind::Offboard, Kind::Onboard]);
        for words in [
            "Printer leaves streaks",
            "TLS termination on the proxy",
            "File transfer fails",
            "Board meeting",
            "New user interface",
            "Emergency exit sign",
        ] {
            check(words, &[]);
        }
    }

    #[test]
    fn what_is_taken_back_or_an_absence_is_doubtful() {
        for words in [
            "Cancel the offboarding of Jane",
            "Offboarding of Jane Doe postponed",
            "Maternity leave",
            "Leave of absence",
            "do not offboard Jane",
        ] {
            assert!(read(words).doubtful, "{words}");
        }
        for words in [
            "Offboarding: Jane Doe, cancel her meetings and stop forwarding please",
            "Leaver",
        ] {
            assert!(!read(words).doubtful, "{words}");
        }
    }
}
