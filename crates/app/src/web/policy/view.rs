//! The policy editor in words: what is wrong, what changes, what is void, who changed it before.

use domain::TenantId;
use domain::policy::{self, Policy};
use similar::{ChangeTag, TextDiff};
use store::PolicyVersion;

use crate::acts::policy::{Consequences, Wrong};
use crate::web::lists::many;
use crate::web::when;
use crate::web::zones::Zones;

/// The tabs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tab {
    #[default]
    Edit,
    Diff,
    Try,
    History,
}

impl Tab {
    /// All of them, in their order, with what they are called.
    pub(super) const ALL: [(Self, &'static str); 4] = [
        (Self::Edit, "Edit"),
        (Self::Diff, "Diff against live"),
        (Self::Try, "Try on a person"),
        (Self::History, "History"),
    ];

    /// The tab of this word; the first for any other.
    pub(super) fn of(word: &str) -> Self {
        Self::ALL
            .iter()
            .map(|(tab, _)| *tab)
            .find(|tab| tab.word() == word)
            .unwrap_or_default()
    }

    /// Its word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Diff => "diff",
            Self::Try => "try",
            Self::History => "history",
        }
    }
}

/// A tenant's policy in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PolicyLine {
    pub(super) href: String,
    pub(super) tenant: String,
    pub(super) version: Option<u64>,
    pub(super) by: String,
    pub(super) why: String,
    pub(super) at: String,
    pub(super) iso: String,
}

/// One tenant's policy as a line.
pub(super) fn policy_line(
    tenant: &TenantId,
    version: Option<&PolicyVersion>,
    zones: &Zones,
) -> PolicyLine {
    PolicyLine {
        href: format!("/t/{tenant}/policy"),
        tenant: tenant.to_string(),
        version: version.map(|version| version.version),
        by: version
            .map(|version| version.by.clone())
            .unwrap_or_default(),
        why: version
            .and_then(|version| version.comment.clone())
            .unwrap_or_default(),
        at: version
            .map(|version| when::day(version.at, &zones.here, zones.now))
            .unwrap_or_default(),
        iso: version
            .map(|version| when::machine(version.at))
            .unwrap_or_default(),
    }
}

/// The sentence over the list.
pub(super) fn lead(lines: &[PolicyLine]) -> (String, String) {
    let without = lines.iter().filter(|line| line.version.is_none()).count();
    let bold = match (lines.len(), without) {
        (0, _) => "No tenant is connected yet.".to_owned(),
        (_, 0) => "Every tenant has a policy.".to_owned(),
        (_, without) => many(
            without,
            "tenant has no policy: nothing can be planned there.",
            "tenants have no policy: nothing can be planned there.",
        ),
    };
    (
        bold,
        "A policy says which steps are on, at which sites, and who decides.".to_owned(),
    )
}

/// The sentence over the editor.
pub(super) fn lead_of_one(
    live: Option<&PolicyVersion>,
    base: u64,
    zones: &Zones,
) -> (String, String) {
    match live {
        None => (
            "No policy is in force.".to_owned(),
            "Nothing can be planned until the first version is applied.".to_owned(),
        ),
        Some(live) => {
            let when = when::day(live.at, &zones.here, zones.now);
            let stale = if live.version == base {
                String::new()
            } else {
                format!(" This draft was written over version {base}.")
            };
            (
                format!("Version {} is in force,", live.version),
                format!("applied {when} by {}.{stale}", live.by),
            )
        }
    }
}

/// What a check says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) wrong: Vec<Wrong>,
    pub(super) said: String,
    pub(super) changes: Vec<Sign>,
    pub(super) consequences: String,
    pub(super) stopped: Vec<(String, String)>,
    /// Whether there is anything to apply.
    pub(super) can: bool,
}

/// A line with its sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sign {
    pub(super) sign: &'static str,
    pub(super) text: String,
}

/// A text with errors.
pub(super) fn wrong(wrong: Vec<Wrong>) -> Check {
    Check {
        said: format!(
            "{}. Nothing can be applied.",
            many(wrong.len(), "error", "errors")
        ),
        wrong,
        ..Check::default()
    }
}

/// A text without errors: what it changes, and what becomes of plans that are there.
pub(super) fn right(
    old: Option<&Policy>,
    new: &Policy,
    same: bool,
    consequences: &Consequences,
) -> Check {
    let changes: Vec<Sign> = old
        .map(|old| policy::diff(old, new))
        .unwrap_or_default()
        .iter()
        .map(|line| sign(line))
        .collect();
    let said = match (old, same, changes.len()) {
        (None, ..) => "No errors. This is the first version.".to_owned(),
        (_, true, _) => "No errors. It is the text in force.".to_owned(),
        (_, _, 0) => {
            "No errors. Only comments or the order of the text differ: the policy means the same."
                .to_owned()
        }
        (_, _, count) => format!(
            "No errors. {} against the version in force.",
            many(count, "change", "changes")
        ),
    };
    Check {
        said,
        consequences: if same {
            String::new()
        } else {
            said_of(consequences)
        },
        stopped: consequences
            .refused
            .iter()
            .filter(|_| !same)
            .map(|stopped| {
                (
                    stopped.plan.to_string(),
                    format!("{}: {}", stopped.name, stopped.because.join("; ")),
                )
            })
            .collect(),
        can: !same,
        changes,
        wrong: Vec::new(),
    }
}

/// What applying does, in a sentence.
fn said_of(consequences: &Consequences) -> String {
    let approved = consequences
        .refused
        .iter()
        .filter(|stopped| stopped.approved)
        .count();
    let refused = consequences.refused.len();
    let mut said = match (refused, approved) {
        (0, _) => "No approval becomes void.".to_owned(),
        (refused, 0) => format!(
            "{} no longer be carried out.",
            many(refused, "plan can", "plans can")
        ),
        (refused, approved) => format!(
            "{} void: {} no longer be carried out.",
            many(approved, "approval becomes", "approvals become"),
            many(refused, "plan can", "plans can")
        ),
    };
    let kept = consequences.open - refused;
    if kept > 0 {
        said.push_str(&format!(
            " {} as made.",
            many(kept, "open plan stays", "open plans stay")
        ));
    }
    said.push_str(" The next plans follow the new version.");
    said
}

fn sign(line: &str) -> Sign {
    let (sign, text) = line.split_once(' ').unwrap_or(("~", line));
    let sign = match sign {
        "+" => "+",
        "-" => "-",
        _ => "~",
    };
    Sign {
        sign,
        text: text.to_owned(),
    }
}

/// A unified diff.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Diff {
    /// Its parts, each with the line where it begins in the draft.
    pub(super) parts: Vec<(usize, Vec<Sign>)>,
    pub(super) added: usize,
    pub(super) removed: usize,
}

/// How many equal lines stand around a change.
const AROUND: usize = 3;

/// The lines that differ, with three lines around each.
pub(super) fn diff(old: &str, new: &str) -> Diff {
    let compared = TextDiff::from_lines(old, new);
    let mut diff = Diff::default();
    for group in compared.grouped_ops(AROUND) {
        let first = group.first().map_or(0, |op| op.new_range().start) + 1;
        let mut lines = Vec::new();
        for change in group.iter().flat_map(|op| compared.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Equal => " ",
                ChangeTag::Insert => {
                    diff.added += 1;
                    "+"
                }
                ChangeTag::Delete => {
                    diff.removed += 1;
                    "-"
                }
            };
            lines.push(Sign {
                sign,
                text: change.value().trim_end_matches('\n').to_owned(),
            });
        }
        diff.parts.push((first, lines));
    }
    diff
}

/// A version of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) version: u64,
    pub(super) by: String,
    pub(super) at: String,
    pub(super) iso: String,
    pub(super) comment: String,
    pub(super) digest: String,
}

/// A version.
pub(super) fn version(version: &PolicyVersion, zones: &Zones) -> Version {
    Version {
        version: version.version,
        by: version.by.clone(),
        at: when::day(version.at, &zones.here, zones.now),
        iso: when::machine(version.at),
        comment: version.comment.clone().unwrap_or_default(),
        digest: version.digest.short().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use domain::PlanId;

    use super::*;
    use crate::acts::policy::Stopped;

    #[test]
    fn a_diff_shows_what_differs_and_three_lines_around() {
        let old: String = (1..=20).map(|n| format!("line {n}\n")).collect();
        let new = old.replace("line 10\n", "line ten\n");
        let diff = diff(&old, &new);
        assert_eq!((diff.added, diff.removed, diff.parts.len()), (1, 1, 1));
        assert_eq!(diff.parts[0].0, 7);
        assert_eq!(diff.parts[0].1.len(), 8);
        assert_eq!(super::diff(&old, &old), Diff::default());
    }

    #[test]
    fn what_becomes_void_is_said_before_it_is_applied() {
        let stopped = |approved| Stopped {
            plan: PlanId::from("p-1"),
            name: "Mara Lindqvist".to_owned(),
            approved,
            because: vec!["pilot".to_owned()],
        };
        let of = |open, refused| said_of(&Consequences { open, refused });
        assert_eq!(
            of(0, vec![]),
            "No approval becomes void. The next plans follow the new version."
        );
        assert_eq!(
            of(3, vec![stopped(true), stopped(false)]),
            "1 approval becomes void: 2 plans can no longer be carried out. 1 open plan stays as made. The next plans follow the new version."
        );
    }
}
