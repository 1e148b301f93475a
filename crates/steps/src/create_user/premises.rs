//! A new account that is mastered on premises: a person creates it there, and the run waits until the cloud shows it.

use connectors::facts::user;
use domain::planner::Proposal;
use domain::spec::{Budget, ByHand, Change, Effect, ObjectKind, ObjectRef, Reversal, StepSpec};
use engine::hands::{Problem, Seen, Task};
use serde_json::Value;

use super::account::{ACCOUNT, MANAGER, STAYS};
use super::sign_in::SIGN_IN;
use super::{ABOUT, Coming, ENABLE, SYNCED};
use crate::block_sign_in::{ALLOWED, BLOCKED};
use crate::cx::{Cx, text, wanted};
use crate::step::change;
use crate::wish::Wish;

/// How long synchronisation may take: a cycle runs every 30 minutes, and may fail a few times.
const SYNC: Budget = Budget {
    converge_ms: 3 * 3_600_000,
    poll_ms: 5_000,
    attempts: 2,
};

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
    let lasting = |object: ObjectRef, property: &str, value: &str| Change {
        reversal: Reversal::CannotReturn(STAYS.to_owned()),
        ..change(object, property, Value::Null, value)
    };
    out.specs.push(StepSpec {
        by_hand: Some(by_hand(coming, instructions(coming, &pairs, ahead))),
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
    if ahead {
        let open = format!("Enable the account {upn} in the on-premises directory.");
        out.specs.push(StepSpec {
            key: ABOUT.key(ENABLE),
            not_before: starts,
            by_hand: Some(by_hand(coming, vec![open])),
            ..ABOUT.spec(
                format!("Allow sign-in for {} on premises", wish.name()),
                vec![change(there, SIGN_IN, BLOCKED, ALLOWED)],
                vec![Effect::OpensSignIn],
            )
        });
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
        "Start a synchronisation cycle or wait for the next one: the run goes on by itself when the cloud shows the account."
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
