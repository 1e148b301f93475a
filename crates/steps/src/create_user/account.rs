//! A new account in the cloud: what is proposed, what is read of it, and how far it is taken back.

use std::collections::BTreeMap;

use connectors::facts::user;
use domain::StepKey;
use domain::naming;
use domain::planner::Proposal;
use domain::spec::{Budget, Change, Effect, Reversal, StepSpec};
use engine::hands::{Problem, Seen, Task};
use serde_json::{Value, json};

use super::ours::{created, stranger};
use super::profile;
use super::sign_in::{self, SIGN_IN};
use super::{ABOUT, Coming};
use crate::block_sign_in::{ALLOWED, BLOCKED};
use crate::cx::{Cx, text, wanted, who};
use crate::step::{Undo, change};
use crate::wish::Wish;

/// The property of the account as a whole; its value is the sign-in name.
pub(super) const ACCOUNT: &str = "account";
/// The property of the manager; its value is the manager's sign-in name.
pub(super) const MANAGER: &str = "manager";
/// The property of sign-in on an account that is created before its first day.
pub(super) const SIGN_IN_AHEAD: &str = "sign-in until the first day";
/// The property of the password that the account is made with.
pub(super) const FIRST_PASSWORD: &str = "first password";
/// What is told of it.
const UNKNOWN: &str = "random, known to nobody";
/// The parameter that says that the account has to be created.
pub(super) const CREATES: &str = "creates";
/// Why a created account does not go by itself.
pub(super) const STAYS: &str =
    "an account that was created is not deleted by taking back: deleting is a plan of its own";

/// What creating takes, and taking into possession after a lost reply.
const PERMISSIONS: [&str; 3] = [
    "User.ReadWrite.All",
    "User-PasswordProfile.ReadWrite.All",
    "User.RevokeSessions.All",
];

/// The account, and the moment at which it is opened.
pub(super) fn propose(wish: &Wish<'_>, coming: &Coming<'_>, out: &mut Proposal) {
    let (upn, starts) = (&wish.facts.person.upn, coming.asked.starts);
    let ahead = coming.settings.ahead && starts.is_some();
    let (property, state) = if ahead {
        (SIGN_IN_AHEAD, BLOCKED)
    } else {
        (SIGN_IN, ALLOWED)
    };
    let mut pairs: Vec<(&str, String)> = vec![
        (ACCOUNT, upn.clone()),
        (FIRST_PASSWORD, UNKNOWN.to_owned()),
        (property, state.to_owned()),
    ];
    let parts = coming.parts.iter();
    pairs.extend(parts.map(|written| (written.part.name, written.text.clone())));
    pairs.extend(coming.manager.map(|manager| (MANAGER, manager.upn.clone())));
    let changes = pairs.into_iter().map(|(property, value)| Change {
        reversal: match property {
            SIGN_IN => Reversal::Return,
            _ => Reversal::CannotReturn(STAYS.to_owned()),
        },
        ..change(wish.person(), property, Value::Null, value)
    });
    let how = match (ahead, starts) {
        (true, _) => ", sign-in blocked until the first moment of work",
        (false, Some(_)) => " at the first moment of work",
        (false, None) => "",
    };
    out.specs.push(StepSpec {
        params: json!({
            CREATES: true,
            "nickname": naming::nickname(upn),
            "managers": managers(wish, coming),
        }),
        permissions: PERMISSIONS.map(str::to_owned).to_vec(),
        not_before: starts.filter(|_| !ahead),
        ..ABOUT.spec(
            format!("Create the account {upn} for {}{how}", wish.name()),
            changes.collect(),
            vec![Effect::CreatesPerson],
        )
    });
    if ahead {
        out.specs.push(sign_in::opening(wish, starts));
    }
}

/// The sign-in names of the managers before and after, with their ids: names change, ids do not.
pub(super) fn managers(wish: &Wish<'_>, coming: &Coming<'_>) -> BTreeMap<String, String> {
    let now = wish.facts.person.manager.as_ref();
    now.into_iter()
        .chain(coming.manager)
        .map(|manager| (manager.upn.clone(), manager.id.as_str().to_owned()))
        .collect()
}

/// Reads the account with everything that a plan shows of it.
pub(super) async fn read(cx: &Cx<'_>, task: &Task<'_>) -> Result<Option<Value>, Problem> {
    let mut properties = vec![
        "id",
        "userPrincipalName",
        "mailNickname",
        "accountEnabled",
        "createdDateTime",
        "onPremisesSyncEnabled",
    ];
    properties.extend(profile::properties());
    let path =
        user(who(task), &properties).expand("manager($select=id,displayName,userPrincipalName)");
    cx.find(task, &path).await
}

pub(super) async fn observe(cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
    let account = read(cx, task).await?;
    let account = account.as_ref();
    let stranger = account.and_then(|account| stranger(task, account));
    let seen = task.spec.changes.iter().map(|change| {
        let value = match (account, &stranger) {
            (None, _) => Value::Null,
            (Some(_), Some(because)) => {
                return Seen::Impossible {
                    because: because.clone(),
                };
            }
            (Some(account), None) => seen_of(task, change, account),
        };
        Seen::Value { value }
    });
    Ok(seen.collect())
}

/// One property of an account.
pub(super) fn seen_of(task: &Task<'_>, change: &Change, account: &Value) -> Value {
    match change.property.as_str() {
        ACCOUNT => match wanted(change).as_str() {
            Some(upn) if upn.eq_ignore_ascii_case(text(account, "userPrincipalName")) => upn.into(),
            _ => text(account, "userPrincipalName").into(),
        },
        SIGN_IN | SIGN_IN_AHEAD => sign_in::state(account),
        FIRST_PASSWORD if created(task).is_some() => UNKNOWN.into(),
        FIRST_PASSWORD => Value::Null,
        MANAGER => manager_of(task, account),
        name => profile::named(name).map_or(Value::Null, |part| profile::of_account(account, part)),
    }
}

/// The manager's sign-in name as the plan knows it.
fn manager_of(task: &Task<'_>, account: &Value) -> Value {
    let manager = &account["manager"];
    if !manager.is_object() {
        return Value::Null;
    }
    let id = text(manager, "id");
    let mut known = task.spec.params["managers"]
        .as_object()
        .into_iter()
        .flatten();
    let planned = known.find(|(_, known)| {
        known
            .as_str()
            .is_some_and(|known| known.eq_ignore_ascii_case(id))
    });
    planned.map_or_else(
        || text(manager, "userPrincipalName").into(),
        |(upn, _)| upn.as_str().into(),
    )
}

/// Sign-in that was opened by creating is blocked again; where it was not, there is nothing to close.
pub(super) fn undo(spec: &StepSpec) -> Undo {
    let mut changes = spec.changes.iter();
    let Some(open) = changes.find(|change| change.property == SIGN_IN) else {
        return Undo::Cannot(STAYS.to_owned());
    };
    let name = &open.object.name;
    Undo::Spec(Box::new(StepSpec {
        key: StepKey::new(format!("{}:undo", spec.key)),
        summary: format!(
            "Block sign-in for {name}; the account itself stays, because deleting it is a plan of its own"
        ),
        params: json!({}),
        changes: vec![change(open.object.clone(), SIGN_IN, ALLOWED, BLOCKED)],
        effects: vec![Effect::ClosesSignIn],
        edges: Vec::new(),
        budget: Budget::DIRECTORY,
        permissions: sign_in::PERMISSIONS.map(str::to_owned).to_vec(),
        not_before: None,
        ..spec.clone()
    }))
}
