//! A plan in the words, groups and phases in which pages show it: the same on plan, run, person and certificate.

use domain::plan::{Plan, is_containment};
use domain::request::Kind;
use domain::spec::{Change, Effect, Expect, ObjectKind, Reversal, StepSpec};
use serde_json::Value;

/// What happens to a person, as a title says it: `Offboard Mara Lindqvist`.
pub(crate) fn title(plan: &Plan) -> String {
    let verb = match plan.kind {
        Kind::Onboard => "Onboard",
        Kind::Offboard => "Offboard",
        Kind::Transfer => "Transfer",
        Kind::Restore => "Restore",
    };
    format!("{verb} {}", plan.person.name)
}

/// Part of a run, in the order in which people think of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Phase {
    /// Where it stands, from 1.
    pub(crate) number: usize,
    /// Its name.
    pub(crate) name: &'static str,
}

const LEAVING: [&str; 4] = ["Contain", "Hand over", "Remove", "Close"];
const JOINING: [&str; 4] = ["Account", "Access", "Mailbox", "Welcome"];

/// The phases of a kind of plan.
pub(crate) fn phases(kind: Kind) -> [Phase; 4] {
    let names = match kind {
        Kind::Onboard => JOINING,
        Kind::Offboard | Kind::Transfer | Kind::Restore => LEAVING,
    };
    std::array::from_fn(|at| Phase {
        number: at + 1,
        name: names[at],
    })
}

/// The phase that a step belongs to.
pub(crate) fn phase(kind: Kind, spec: &StepSpec) -> Phase {
    let at = match kind {
        Kind::Onboard => joining(spec),
        Kind::Offboard | Kind::Transfer | Kind::Restore => leaving(spec),
    };
    phases(kind)[at]
}

fn leaving(spec: &StepSpec) -> usize {
    use Effect as E;
    let last = |effect: &Effect| {
        matches!(
            effect,
            E::EndsSessionsAgain | E::ReadsBlockAgain | E::Notifies | E::ClosesTicket
        )
    };
    let contains = |effect: &Effect| {
        matches!(
            effect,
            E::RemovesRole { .. }
                | E::RemovesMethod
                | E::OpensSignIn
                | E::DisablesOnPremises
                | E::ResetsPasswordOnPremises
                | E::AwaitsSync
        )
    };
    let hands_over = |effect: &Effect| {
        matches!(
            effect,
            E::HandsOverApplication { .. }
                | E::CancelsMeetings
                | E::SetsAutoReply
                | E::SetsForwarding
                | E::GrantsMailboxAccess
                | E::HidesFromAddressLists
                | E::ConvertsMailbox
                | E::KeepsMailboxLicense { .. }
                | E::AddsOwner { .. }
                | E::MovesReport
        )
    };
    if spec.has(last) {
        3
    } else if is_containment(spec) || spec.has(contains) {
        0
    } else if spec.has(hands_over) {
        1
    } else {
        2
    }
}

fn joining(spec: &StepSpec) -> usize {
    use Effect as E;
    let welcomes = |effect: &Effect| {
        matches!(
            effect,
            E::Notifies | E::ClosesTicket | E::GivesPass | E::RegistersMethod | E::OpensSignIn
        )
    };
    let mailbox = |effect: &Effect| matches!(effect, E::AwaitsMailbox | E::NeedsMailbox);
    let gives = |effect: &Effect| {
        matches!(
            effect,
            E::AssignsLicense { .. }
                | E::FreesLicense { .. }
                | E::ChangesLicense { .. }
                | E::AddsMembership { .. }
                | E::AddsListMembership { .. }
        )
    };
    if spec.has(|effect| *effect == E::CreatesPerson) {
        0
    } else if spec.has(mailbox) {
        2
    } else if spec.has(gives) {
        1
    } else if spec.has(welcomes) {
        3
    } else {
        0
    }
}

/// The number of a step's phase.
pub(crate) fn phase_number(plan: &Plan, spec: &StepSpec) -> usize {
    phase(plan.kind, spec).number
}

/// A kind of object as a plan groups its changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// The icon's name in the sprite.
    pub(crate) icon: &'static str,
    /// The heading.
    pub(crate) name: &'static str,
}

/// The groups in their fixed order.
pub(crate) const GROUPS: [Group; 10] = [
    Group {
        icon: "person",
        name: "Account",
    },
    Group {
        icon: "mail",
        name: "Mailbox",
    },
    Group {
        icon: "people",
        name: "Groups and lists",
    },
    Group {
        icon: "seats",
        name: "Licences",
    },
    Group {
        icon: "key",
        name: "Roles and sign-in methods",
    },
    Group {
        icon: "phone",
        name: "Numbers",
    },
    Group {
        icon: "device",
        name: "Devices",
    },
    Group {
        icon: "apps",
        name: "Apps",
    },
    Group {
        icon: "requests",
        name: "Messages",
    },
    Group {
        icon: "person",
        name: "By hand",
    },
];

/// Where in [`GROUPS`] an object belongs.
pub(crate) fn group(kind: ObjectKind) -> usize {
    match kind {
        ObjectKind::Person => 0,
        ObjectKind::Mailbox | ObjectKind::Rule | ObjectKind::Meeting => 1,
        ObjectKind::Group | ObjectKind::List => 2,
        ObjectKind::License => 3,
        ObjectKind::Role | ObjectKind::Method => 4,
        ObjectKind::Number => 5,
        ObjectKind::Device => 6,
        ObjectKind::Application => 7,
        ObjectKind::Message => 8,
        ObjectKind::Manual => 9,
    }
}

/// The sign before a line, with the word that a listener hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sign {
    /// `+`, `−` or `~`.
    pub(crate) sign: &'static str,
    /// `added`, `removed` or `changed`.
    pub(crate) word: &'static str,
}

/// Whether something comes, goes or changes.
pub(crate) fn sign(change: &Change) -> Sign {
    let gone = matches!(&change.after, Expect::Is(Value::Null));
    if gone {
        Sign {
            sign: "−",
            word: "removed",
        }
    } else if change.now.is_null() {
        Sign {
            sign: "+",
            word: "added",
        }
    } else {
        Sign {
            sign: "~",
            word: "changed",
        }
    }
}

/// The value that was read.
pub(crate) fn now(change: &Change) -> String {
    if change.now.is_null() {
        return "none".to_owned();
    }
    say(&change.now)
}

/// The value that shall be read afterwards.
pub(crate) fn after(change: &Change) -> String {
    match &change.after {
        Expect::Later => "renewed".to_owned(),
        Expect::Is(Value::Null) => "none".to_owned(),
        Expect::Is(value) => say(value),
    }
}

/// The longest value that stands in a line; the whole of it stands in the opened line.
const LONGEST: usize = 80;

/// A value as a line shows it.
pub(crate) fn say(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.trim().is_empty() => "empty".to_owned(),
        Value::String(text) => match text.parse::<jiff::Timestamp>() {
            Ok(at) => at.strftime("%-d %b %Y %H:%M UTC").to_string(),
            Err(_) => cut(&plainly(text)),
        },
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => cut(&items.iter().map(say).collect::<Vec<_>>().join(", ")),
        Value::Object(parts) => {
            let parts: Vec<String> = parts
                .iter()
                .map(|(name, value)| format!("{name}: {}", say(value)))
                .collect();
            cut(&parts.join(", "))
        }
    }
}

/// A vendor's word as people say it, and a time without a zone, where a text begins with one.
fn plainly(text: &str) -> String {
    let word = match text {
        "UserMailbox" => "user mailbox",
        "SharedMailbox" => "shared mailbox",
        "Enabled" => "on",
        "Disabled" => "off",
        _ => "",
    };
    if !word.is_empty() {
        return word.to_owned();
    }
    let (first, rest) = text.split_once(',').unwrap_or((text, ""));
    match first.parse::<jiff::civil::DateTime>() {
        Ok(at) if first.contains('T') && rest.is_empty() => {
            at.strftime("%-d %b %Y %H:%M").to_string()
        }
        Ok(at) if first.contains('T') => format!("{},{rest}", at.strftime("%-d %b %Y %H:%M")),
        _ => text.to_owned(),
    }
}

fn cut(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    format!("{}…", line.chars().take(LONGEST - 1).collect::<String>())
}

/// Whether a change can be taken back: the word, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Undo {
    /// `undo`, `partly` or `never`.
    pub(crate) word: &'static str,
    /// Why it cannot return; empty when it can.
    pub(crate) because: String,
}

/// Whether a change can be taken back.
pub(crate) fn undo(change: &Change) -> Undo {
    match &change.reversal {
        Reversal::Return => Undo {
            word: "undo",
            because: String::new(),
        },
        Reversal::CannotReturn(because) => Undo {
            word: "partly",
            because: because.clone(),
        },
        Reversal::ApprovedApart(because) => Undo {
            word: "never",
            because: because.clone(),
        },
    }
}

/// A property as people say it: `sign-in` as `Sign-in`, `display-name` as `Display name`.
pub(crate) fn property(name: &str) -> String {
    const AS_WRITTEN: [&str; 3] = ["sign-in", "set-up", "follow-up"];
    let words = if AS_WRITTEN.contains(&name) {
        name.to_owned()
    } else {
        name.replace(['-', '_'], " ")
    };
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// The first twelve digits of a digest in three groups, for eyes only.
pub(crate) fn digest_groups(digest: &str) -> String {
    let short: Vec<char> = digest.chars().take(12).collect();
    short
        .chunks(4)
        .map(|group| group.iter().collect::<String>())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_reads_as_a_person_would_say_it() {
        let check = |value: Value, expect: &str| assert_eq!(say(&value), expect);
        check(json!(null), "none");
        check(json!(true), "yes");
        check(json!([]), "none");
        check(json!(["a", "b"]), "a, b");
        check(json!("2026-11-20T17:00:00Z"), "20 Nov 2026 17:00 UTC");
        check(
            json!("2026-12-08T11:38:35.0000000, 2 attendees"),
            "8 Dec 2026 11:38, 2 attendees",
        );
        check(json!("SharedMailbox"), "shared mailbox");
        check(json!("x".repeat(200)), &format!("{}…", "x".repeat(79)));
    }

    #[test]
    fn a_digest_is_three_groups_of_four() {
        assert_eq!(digest_groups("7f3ac21e9b04aaaa"), "7f3a c21e 9b04");
    }

    #[test]
    fn properties_are_words() {
        assert_eq!(property("sign-in"), "Sign-in");
        assert_eq!(property("display-name"), "Display name");
    }
}
