//! A new account that is mastered on premises: a person creates it there, and the run waits until the cloud shows it.

use std::collections::BTreeMap;

use connectors::facts::user;
use domain::drift::short;
use domain::planner::Proposal;
use domain::spec::{
    Budget, ByHand, Change, Edge, Effect, ObjectKind, ObjectRef, Reversal, StepSpec,
};
use engine::hands::{Applied, Class, Problem, Seen, Task};
use serde_json::{Value, json};

use super::account::{self, ACCOUNT, MANAGER, SIGN_IN_AHEAD, STAYS};
use super::profile::HIRE_DATE;
use super::sign_in::SIGN_IN;
use super::{ABOUT, Coming, ENABLE, OPENED, PROFILE, SYNCED};
use crate::block_sign_in::{ALLOWED, BLOCKED};
use crate::cx::{Cx, text, wanted};
use crate::joining::none_done;
use crate::step::{READS_ONLY, change};
use crate::wish::Wish;

/// How long synchronisation may take: a cycle runs every 30 minutes, and may fail a few times.
const SYNC: Budget = Budget {
    converge_ms: 3 * 3_600_000,
    poll_ms: 5_000,
    attempts: 2,
};

/// How often what comes from on premises is compared before it counts as wrong, a minute apart: parts of an account, its manager above
/// all, may come a little after it.
const COMPARED: Budget = Budget {
    converge_ms: 60_000,
    poll_ms: 5_000,
    attempts: 4,
};
/// The wait between two comparisons, in milliseconds.
const BETWEEN_MS: u64 = 60_000;

/// The account on premises, its image in the cloud, and the moment at which it is opened.
pub(super) fn propose(wish: &Wish<'_>, coming: &Coming<'_>, out: &mut Proposal) {
    let (upn, starts) = (&wish.facts.person.upn, coming.asked.starts);
    let ahead = coming.settings.ahead && starts.is_some();
    let there = ObjectRef::new(ObjectKind::Manual, &wish.facts.person.id, wish.name());
    let mut pairs: Vec<(&str, &str)> = vec![("account on premises", upn.as_str())];
    let parts = coming.parts.iter();
    pairs.extend(parts.map(|written| (written.part.name, written.text.as_str())));
    pairs.extend(
        coming
            .manager
            .map(|manager| (MANAGER, manager.upn.as_str())),
    );
    out.specs.push(StepSpec {
        by_hand: Some(by_hand(coming, instructions(coming, &pairs, ahead))),
        permissions: Vec::new(),
        not_before: starts.filter(|_| !coming.settings.ahead),
        ..ABOUT.spec(
            format!("Create the account {upn} for {} on premises", wish.name()),
            pairs
                .iter()
                .map(|(property, value)| lasting(there.clone(), property, value))
                .collect(),
            vec![Effect::CreatesOnPremises],
        )
    });
    out.specs.push(StepSpec {
        key: ABOUT.key(SYNCED),
        budget: SYNC,
        permissions: vec!["User.Read.All".to_owned()],
        ..ABOUT.spec(
            format!("Wait until the account {upn} is synchronised to the cloud"),
            vec![lasting(wish.person(), ACCOUNT, upn)],
            vec![Effect::AwaitsSync, Effect::CreatesPerson],
        )
    });
    let after = Aftermath {
        pairs: &pairs[1..],
        managers: account::managers(wish, coming),
        ahead,
    };
    out.specs.push(after.profile(wish));
    if ahead {
        let open = format!("Enable the account {upn} in the on-premises directory.");
        out.specs.push(StepSpec {
            key: ABOUT.key(ENABLE),
            not_before: starts,
            by_hand: Some(by_hand(coming, vec![open])),
            permissions: Vec::new(),
            ..ABOUT.spec(
                format!("Allow sign-in for {} on premises", wish.name()),
                vec![change(there, SIGN_IN, BLOCKED, ALLOWED)],
                vec![Effect::OpensSignIn],
            )
        });
        out.specs.push(after.opened(wish));
    }
}

/// What the cloud has to show once the account is there. It is read apart from the account's presence, which everything else needs: a
/// wrong department holds nothing up, and is a finding.
struct Aftermath<'a> {
    pairs: &'a [(&'a str, &'a str)],
    managers: BTreeMap<String, String>,
    ahead: bool,
}

impl Aftermath<'_> {
    /// The profile, the manager, and sign-in as it was asked for.
    fn profile(&self, wish: &Wish<'_>) -> StepSpec {
        let (property, state) = if self.ahead {
            (SIGN_IN_AHEAD, BLOCKED)
        } else {
            (SIGN_IN, ALLOWED)
        };
        // The day of hire is no attribute that directories on premises hold unless somebody has extended them (Microsoft Learn,
        // “How to synchronize attributes for Lifecycle workflows”).
        let pairs = self.pairs.iter().filter(|(name, _)| *name != HIRE_DATE);
        let pairs = pairs.copied().chain([(property, state)]);
        let changes = pairs.map(|(property, value)| lasting(wish.person(), property, value));
        let summary = format!(
            "Read what came from on premises of {}: profile, manager and sign-in",
            wish.name()
        );
        self.reads(PROFILE, COMPARED, summary, changes.collect())
    }

    /// Sign-in, once it was opened there.
    fn opened(&self, wish: &Wish<'_>) -> StepSpec {
        let opens = Change {
            now: BLOCKED.into(),
            ..lasting(wish.person(), SIGN_IN, ALLOWED)
        };
        let summary = format!("Wait until the cloud lets {} in", wish.name());
        StepSpec {
            edges: vec![Edge::Needs(ABOUT.key(ENABLE))],
            ..self.reads(OPENED, SYNC, summary, vec![opens])
        }
    }

    fn reads(&self, key: &str, budget: Budget, summary: String, changes: Vec<Change>) -> StepSpec {
        StepSpec {
            key: ABOUT.key(key),
            params: json!({ "managers": self.managers, READS_ONLY: true }),
            budget,
            permissions: vec!["User.Read.All".to_owned()],
            ..ABOUT.spec(summary, changes, vec![Effect::ChangesProfile])
        }
    }
}

fn lasting(object: ObjectRef, property: &str, value: &str) -> Change {
    Change {
        reversal: Reversal::CannotReturn(STAYS.to_owned()),
        ..change(object, property, Value::Null, value)
    }
}

fn by_hand(coming: &Coming<'_>, instructions: Vec<String>) -> ByHand {
    ByHand {
        assignee: coming.settings.assignee.trim().to_owned(),
        within_hours: coming.settings.within_hours,
        instructions,
    }
}

/// What has to be done, one line each.
fn instructions(coming: &Coming<'_>, pairs: &[(&str, &str)], ahead: bool) -> Vec<String> {
    let unit = match coming.settings.organizational_unit.trim() {
        "" => String::new(),
        unit => format!(" in {unit}"),
    };
    let mut lines = vec![format!(
        "Create an account in the on-premises directory{unit} with these values:"
    )];
    for (property, value) in pairs {
        let name = if *property == "account on premises" {
            "sign-in name (userPrincipalName)"
        } else {
            property
        };
        lines.push(format!("{name}: {value}"));
    }
    lines.push(if ahead {
        "Leave the account disabled: a further task asks for it to be enabled at the first moment of work.".to_owned()
    } else {
        "Leave the account enabled.".to_owned()
    });
    lines.push(
        "Start a synchronisation cycle or wait for the next one. Then say that this is done (`tenure runs done`): the run goes on from there, and waits until the cloud shows the account."
            .to_owned(),
    );
    lines
}

/// Whether the cloud shows the account, and as one that is mastered on premises.
pub(super) async fn observe(cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
    let change = &task.spec.changes[0];
    let upn = wanted(change).as_str().unwrap_or(task.plan.upn.as_str());
    let properties = [
        "id",
        "userPrincipalName",
        "displayName",
        "onPremisesSyncEnabled",
    ];
    let account = cx.find(task, &user(upn, &properties)).await?;
    let seen = match account {
        None => Seen::Value { value: Value::Null },
        Some(account) if account["onPremisesSyncEnabled"] == true => {
            Seen::Value { value: upn.into() }
        }
        Some(account) => Seen::Impossible {
            because: format!(
                "the sign-in name {upn} belongs to an account of the cloud itself: {}",
                text(&account, "displayName")
            ),
        },
    };
    Ok(vec![seen])
}

/// Reads what came from on premises. What differs is still to come, or wrong there.
pub(super) async fn observe_parts(cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
    let account = account::read(cx, task).await?;
    let seen = task.spec.changes.iter().map(|change| {
        let value = account.as_ref().map_or(Value::Null, |account| {
            account::seen_of(task, change, account)
        });
        if value == *wanted(change) {
            Seen::Value { value }
        } else {
            Seen::Todo { value }
        }
    });
    Ok(seen.collect())
}

/// There is nothing to write: what differs is told, part by part, for whoever corrects it on premises.
pub(super) async fn compare(cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
    let seen = match observe_parts(cx, task).await {
        Ok(seen) => seen,
        Err(problem) => return none_done(todo, &problem),
    };
    let last = task.attempt >= task.spec.budget.attempts;
    let class = if last {
        Class::Invalid
    } else {
        Class::RetryAfter {
            after_ms: Some(BETWEEN_MS),
        }
    };
    let mut out = Applied::default();
    for &index in todo {
        if let Seen::Todo { value } = &seen[index] {
            let change = &task.spec.changes[index];
            let message = format!(
                "The {} of {} was asked for as {}, and the cloud shows it as {}. It is mastered on premises: correct it there, let the directories synchronise, then retry the run.",
                change.property,
                task.plan.upn,
                short(wanted(change)),
                short(value)
            );
            let request_id = None;
            out.problems.push((
                index,
                Problem {
                    class,
                    message,
                    request_id,
                },
            ));
        }
    }
    out
}
