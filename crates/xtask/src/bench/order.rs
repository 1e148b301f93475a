//! The shortest that any client can be, by the order rules: the longest chain of round trips that they force.
//!
//! Taken from the rules themselves, not from what Tenure plans: a plan that is slower than its rules has to show.

use serde::Serialize;

use super::journey::Kind;

/// Something that has to be done, and the round trips it takes by itself, one after the other.
struct Act {
    name: &'static str,
    /// Calls in sequence: a write counts one, the read that verifies it another.
    rounds: usize,
    /// What has to be over before it begins.
    after: &'static [&'static str],
}

const fn act(name: &'static str, rounds: usize, after: &'static [&'static str]) -> Act {
    Act {
        name,
        rounds,
        after,
    }
}

/// The reference leaver (a mailbox with nothing special, direct licences, a group with one owner), rule by rule.
const LEAVER: &[Act] = &[
    // No rule, but nothing goes without them: a token, and one read of what the plan is made from.
    act("token", 1, &[]),
    act("facts", 1, &["token"]),
    // Rule 2: block < reset < revoke as separate calls, then one read verifies all three, before anything slow.
    act("block", 1, &["facts"]),
    act("reset", 1, &["block"]),
    act("revoke", 1, &["reset"]),
    act("containment read", 1, &["revoke"]),
    // Drift (section 4): read again before anything but containment is touched; containment does not wait for it.
    act("drift read", 1, &["facts"]),
    // Rule 4: meetings after containment, and verified.
    act("meetings", 2, &["containment read", "drift read"]),
    // Rule 5: licences need the conversion verified.
    act("convert", 2, &["containment read", "drift read"]),
    // Rule 6: what needs a living mailbox comes before the licences.
    act("mailbox settings", 2, &["containment read", "drift read"]),
    // Rule 10: the successor is in place before the owner goes.
    act("new owner", 2, &["containment read", "drift read"]),
    act("old owner", 2, &["new owner"]),
    // Rule 11: the default method last, and none left.
    act("methods", 1, &["containment read", "drift read"]),
    act("default method", 2, &["methods"]),
    act("groups and lists", 2, &["containment read", "drift read"]),
    act("licences", 2, &["convert", "meetings", "mailbox settings"]),
    // Rule 2: sessions are ended once more at the end of the run, and that is read.
    act(
        "revoke again",
        2,
        &[
            "licences",
            "old owner",
            "default method",
            "groups and lists",
        ],
    ),
    // Rule 19: notices last. A draft, its sending, and the read of it (section 4, what cannot be probed).
    act("notice", 3, &["revoke again"]),
];

/// A person who comes: account, manager, licence, mailbox, groups, lists, pass.
const JOINER: &[Act] = &[
    act("token", 1, &[]),
    act("facts", 1, &["token"]),
    // Section 4: before the run any difference voids the approval.
    act("drift read", 1, &["facts"]),
    // Rule 9: everything needs the user.
    act("create", 2, &["drift read"]),
    act("manager", 2, &["create"]),
    act("licence", 2, &["create"]),
    act("groups", 2, &["create"]),
    act("pass", 2, &["create"]),
    // Rule 9: list and mailbox grants need a provisioned mailbox. The vendor's time for it is not counted, one look is.
    act("mailbox", 1, &["licence"]),
    act("lists and grants", 2, &["mailbox"]),
    // Rule 19.
    act(
        "notice",
        3,
        &["lists and grants", "manager", "groups", "pass"],
    ),
];

/// The longest chain that the rules force on a journey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Floor {
    /// Round trips, one after the other.
    pub(super) rounds: usize,
    /// The acts on it, in order.
    pub(super) chain: Vec<&'static str>,
}

/// The floor of a journey.
pub(super) fn floor(kind: Kind) -> Floor {
    longest(match kind {
        Kind::Leaver => LEAVER,
        Kind::Joiner => JOINER,
    })
}

/// The acts stand in an order in which each comes after what it waits for.
fn longest(acts: &[Act]) -> Floor {
    let mut best: Vec<Floor> = Vec::new();
    for act in acts {
        let before = acts
            .iter()
            .zip(&best)
            .filter(|(other, _)| act.after.contains(&other.name))
            .map(|(_, floor)| floor)
            .max_by_key(|floor| floor.rounds);
        let mut chain = before.map_or_else(Vec::new, |floor| floor.chain.clone());
        chain.push(act.name);
        best.push(Floor {
            rounds: before.map_or(0, |floor| floor.rounds) + act.rounds,
            chain,
        });
    }
    best.into_iter()
        .max_by_key(|floor| floor.rounds)
        .unwrap_or(Floor {
            rounds: 0,
            chain: Vec::new(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_name_only_what_stands_before_them() {
        for acts in [LEAVER, JOINER] {
            for (position, act) in acts.iter().enumerate() {
                for name in act.after {
                    let found = acts.iter().position(|other| other.name == *name);
                    assert!(
                        found.is_some_and(|at| at < position),
                        "{}: {name}",
                        act.name
                    );
                }
            }
        }
    }

    #[test]
    fn the_longest_of_two_ways_counts() {
        let acts = [
            act("a", 1, &[]),
            act("b", 5, &["a"]),
            act("c", 2, &["a"]),
            act("d", 1, &["b", "c"]),
        ];
        let floor = longest(&acts);
        assert_eq!((floor.rounds, floor.chain), (7, vec!["a", "b", "d"]));
    }

    #[test]
    fn the_leaver_ends_with_licences_sessions_and_the_notice() {
        let chain = floor(Kind::Leaver).chain;
        assert_eq!(chain[2..5], ["block", "reset", "revoke"]);
        assert_eq!(chain.last(), Some(&"notice"));
    }
}
