//! A new account in the cloud: created once, and recognised as ours after a lost reply.

use std::collections::BTreeMap;

use connectors::facts::user;
use connectors::graph::{Call, Path};
use connectors::{Error, Meaning};
use domain::naming;
use domain::planner::Proposal;
use domain::spec::{Change, Effect, Reversal, StepSpec};
use engine::hands::{Applied, Class, Problem, Seen, Task};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::profile::{self, DISPLAY_NAME, EMPLOYEE_ID};
use super::sign_in::{self, SIGN_IN};
use super::{ABOUT, Coming};
use crate::block_sign_in::{ALLOWED, BLOCKED};
use crate::cx::{CREATED, Cx, Tried, applied, is_gone, param, takes_away, text, wanted, who};
use crate::joining::none_done;
use crate::reset_password::password;
use crate::step::change;
use crate::wish::Wish;

/// The property of the account as a whole; its value is the sign-in name.
pub(super) const ACCOUNT: &str = "account";
/// The property of the manager; its value is the manager's sign-in name.
pub(super) const MANAGER: &str = "manager";
/// The property of sign-in on an account that is created before its first day.
const SIGN_IN_AHEAD: &str = "sign-in until the first day";
/// The parameter that says that the account has to be created.
pub(super) const CREATES: &str = "creates";
/// Why a created account does not go by itself.
pub(super) const STAYS: &str =
    "an account that was created is not deleted by taking back: deleting is a plan of its own";

/// Our clock may be this far from the vendor's (DESIGN.md section 6).
const SLACK: SignedDuration = SignedDuration::from_secs(60);

/// The account, and the moment at which it is opened.
pub(super) fn propose(wish: &Wish<'_>, coming: &Coming<'_>, out: &mut Proposal) {
    let (upn, starts) = (&wish.facts.person.upn, coming.asked.starts);
    let ahead = coming.settings.ahead && starts.is_some();
    let (property, state) = if ahead {
        (SIGN_IN_AHEAD, BLOCKED)
    } else {
        (SIGN_IN, ALLOWED)
    };
    let mut pairs: Vec<(&str, String)> = vec![(ACCOUNT, upn.clone()), (property, state.to_owned())];
    let parts = coming.parts.iter();
    pairs.extend(parts.map(|written| (written.part.name, written.text.clone())));
    pairs.extend(coming.manager.map(|manager| (MANAGER, manager.upn.clone())));
    let changes = pairs.into_iter().map(|(property, value)| Change {
        reversal: Reversal::CannotReturn(STAYS.to_owned()),
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
        permissions: vec!["User.ReadWrite.All".to_owned()],
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

/// Why an account of the chosen name is not the one that this run has created; nothing when it is.
///
/// A reply that was lost left no id. Then the account is ours if it was made after the intent and carries the same marks.
fn stranger(task: &Task<'_>, account: &Value) -> Option<String> {
    let own = |evidence: &BTreeMap<String, Value>| {
        let created = evidence.get(CREATED).and_then(Value::as_str)?;
        Some(created.eq_ignore_ascii_case(text(account, "id")))
    };
    let ours = task
        .evidence
        .get(&task.spec.key)
        .and_then(own)
        .unwrap_or_else(|| bears_our_marks(task, account));
    let name = text(account, "userPrincipalName");
    (!ours).then(|| {
        format!(
            "somebody else has the sign-in name {name} by now: {}, created {}",
            text(account, "displayName"),
            text(account, "createdDateTime")
        )
    })
}

fn bears_our_marks(task: &Task<'_>, account: &Value) -> bool {
    let Some(intended) = task
        .intended
        .and_then(|intended| intended.checked_sub(SLACK).ok())
    else {
        // Nothing was written yet, so nothing that is there is ours.
        return false;
    };
    let made: Option<Timestamp> = text(account, "createdDateTime").parse().ok();
    let same = |name: &str, read: &str| text_wanted(task, name) == text(account, read);
    task.attempt > 0
        && made.is_some_and(|made| made >= intended)
        && same(DISPLAY_NAME, "displayName")
        && same(EMPLOYEE_ID, "employeeId")
        && param(task, "nickname").eq_ignore_ascii_case(text(account, "mailNickname"))
}

fn text_wanted<'t>(task: &'t Task<'_>, property: &str) -> &'t str {
    let mut changes = task.spec.changes.iter();
    let change = changes.find(|change| change.property == property);
    change
        .and_then(|change| wanted(change).as_str())
        .unwrap_or_default()
}

/// Creates the account with everything but the manager, or completes one that was created before; then sets the manager.
pub(super) async fn create(cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
    let is = |index: &usize, property: &str| task.spec.changes[*index].property == property;
    let creates = todo.iter().any(|index| is(index, ACCOUNT));
    let (manager, rest): (Vec<usize>, Vec<usize>) =
        todo.iter().partition(|index| is(index, MANAGER));
    let mut person = who(task).to_owned();
    let mut done = Applied::default();
    if creates {
        done = match post(cx, task, &rest).await {
            Ok((applied, id)) => {
                person = id;
                applied
            }
            Err(refused) => return none_done_after(refused, &manager),
        };
    } else if !rest.is_empty() {
        done = patch(cx, task, &person, &rest).await;
    }
    join(done, set_manager(cx, task, &person, &manager).await)
}

/// The manager waits for the account.
fn none_done_after(refused: Applied, manager: &[usize]) -> Applied {
    let because = refused.problems.first().map(|(_, problem)| problem.clone());
    match because {
        Some(problem) => join(refused, none_done(manager, &problem)),
        None => refused,
    }
}

fn join(mut one: Applied, other: Applied) -> Applied {
    one.calls.extend(other.calls);
    one.evidence.extend(other.evidence);
    one.problems.extend(other.problems);
    one
}

/// One call creates the account. Its password is known to nobody: the person comes in by a Temporary Access Pass.
///
/// # Errors
/// What was not done.
async fn post(cx: &Cx<'_>, task: &Task<'_>, rest: &[usize]) -> Result<(Applied, String), Applied> {
    let mut body = Map::new();
    for change in &task.spec.changes {
        put(&mut body, change, wanted(change));
    }
    body.insert("mailNickname".to_owned(), param(task, "nickname").into());
    body.insert(
        "passwordProfile".to_owned(),
        json!({ "password": password(cx.random), "forceChangePasswordNextSignIn": true }),
    );
    let first = rest.first().copied().unwrap_or_default();
    let call = Call::post(Path::of(["users"]), Value::Object(body));
    let result = cx.write(task, first, call).await;
    if let Ok(answer) = &result {
        let id = text(&answer.body, "id").to_owned();
        let mut done = applied(task, [Tried::all(rest, result)]);
        done.evidence.insert(CREATED.to_owned(), id.clone().into());
        return Ok((done, id));
    }
    let taken = result.as_ref().is_err_and(name_taken);
    if !taken {
        return Err(applied(task, [Tried::all(rest, result)]));
    }
    // The name is taken: by an earlier call of ours whose reply was lost, or by somebody else.
    match read(cx, task).await {
        Ok(Some(account)) if stranger(task, &account).is_none() => {
            let id = text(&account, "id").to_owned();
            let tried = Tried {
                already: true,
                ..Tried::all(rest, result)
            };
            let mut done = applied(task, [tried]);
            done.evidence.insert(CREATED.to_owned(), id.clone().into());
            Ok((done, id))
        }
        Ok(account) => {
            let because = account.as_ref().and_then(|account| stranger(task, account));
            let mut refused = applied(task, [Tried::all(rest, result)]);
            for (_, problem) in &mut refused.problems {
                problem.class = Class::Conflict;
                if let Some(because) = &because {
                    problem.message = format!(
                        "The account was not created: {because}. Make a new plan, which chooses another name."
                    );
                }
            }
            Err(refused)
        }
        Err(problem) => Err(none_done(rest, &problem)),
    }
}

fn name_taken(error: &Error) -> bool {
    error.means(Meaning::DuplicateValue) || error.means(Meaning::NameTaken)
}

/// Puts a change into the body of a user; a change of another sort is left out.
fn put(body: &mut Map<String, Value>, change: &Change, value: &Value) {
    match change.property.as_str() {
        ACCOUNT => {
            body.insert("userPrincipalName".to_owned(), value.clone());
        }
        SIGN_IN | SIGN_IN_AHEAD => {
            body.insert("accountEnabled".to_owned(), (value == ALLOWED).into());
        }
        name => {
            if let Some(part) = profile::named(name) {
                profile::write(body, part, value);
            }
        }
    }
}

/// Changes what is not as wanted on an account that is there.
pub(super) async fn patch(cx: &Cx<'_>, task: &Task<'_>, person: &str, todo: &[usize]) -> Applied {
    let Some(&first) = todo.first() else {
        return Applied::default();
    };
    let mut body = Map::new();
    for &index in todo {
        let change = &task.spec.changes[index];
        put(&mut body, change, wanted(change));
    }
    let call = Call::patch(Path::of(["users", person]), Value::Object(body));
    let result = cx.write(task, first, call).await;
    applied(task, [Tried::all(todo, result)])
}

/// Sets or takes the manager.
pub(super) async fn set_manager(
    cx: &Cx<'_>,
    task: &Task<'_>,
    person: &str,
    todo: &[usize],
) -> Applied {
    let Some(&index) = todo.first() else {
        return Applied::default();
    };
    let change = &task.spec.changes[index];
    let path = Path::of(["users", person, "manager", "$ref"]);
    let call = if takes_away(change) {
        Call::delete(path)
    } else {
        let upn = wanted(change).as_str().unwrap_or_default();
        let id = text(&task.spec.params["managers"], upn);
        let id = if id.is_empty() { upn } else { id };
        Call::put(path, cx.connection.graph.reference(&["users", id]))
    };
    let result = cx.write(task, index, call).await;
    // An account that was created a moment ago is not known everywhere yet.
    let early = task.spec.params[CREATES] == true && result.as_ref().is_err_and(is_gone);
    let mut done = applied(task, [Tried::one(task, index, result)]);
    for (_, problem) in &mut done.problems {
        if early {
            problem.class = Class::RetryAfter { after_ms: None };
        }
    }
    done
}
