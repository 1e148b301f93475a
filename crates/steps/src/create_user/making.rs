//! The calls that make a new account, take one into possession that may be ours, and complete it.

use connectors::graph::{Call, Path};
use connectors::{Answer, Error, Meaning};
use domain::spec::Change;
use engine::hands::{Applied, Class, Problem, Task};
use serde_json::{Map, Value, json};

use super::account::{ACCOUNT, CREATES, FIRST_PASSWORD, MANAGER, SIGN_IN_AHEAD, read};
use super::ours::{self, ANSWERED, created, held_by, stranger};
use super::profile;
use super::sign_in::SIGN_IN;
use crate::block_sign_in::ALLOWED;
use crate::cx::{CREATED, Cx, Tried, applied, is_gone, param, takes_away, text, wanted, who};
use crate::joining::none_done;
use crate::reset_password::password;

/// The evidence under which stands when an account that bore our marks got another password.
const POSSESSED: &str = "password-replaced";

/// Creates the account with everything but the manager, or completes one that was created before; then sets the manager.
pub(super) async fn create(cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
    let is = |index: &usize, property: &str| task.spec.changes[*index].property == property;
    let any = |property: &str| todo.iter().any(|index| is(index, property));
    let (manager, rest): (Vec<usize>, Vec<usize>) =
        todo.iter().partition(|index| is(index, MANAGER));
    let mut person = who(task).to_owned();
    let mut done = Applied::default();
    if any(ACCOUNT) || any(FIRST_PASSWORD) {
        let made = if any(ACCOUNT) {
            post(cx, task, &rest).await
        } else {
            possess(cx, task, &rest).await
        };
        done = match made {
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
    body.insert("passwordProfile".to_owned(), fresh_password(cx));
    let first = rest.first().copied().unwrap_or_default();
    let call = Call::post(Path::of(["users"]), Value::Object(body));
    let result = cx.write(task, first, call).await;
    if let Ok(answer) = &result {
        let id = text(&answer.body, "id").to_owned();
        let mut done = applied(task, [Tried::all(rest, result)]);
        done.evidence.insert(CREATED.to_owned(), id.clone().into());
        return Ok((done, id));
    }
    let all_answered = ours::answered(task) >= u64::from(task.attempt.saturating_sub(1));
    if !result.as_ref().is_err_and(name_taken) {
        let refused = applied(task, [Tried::all(rest, result)]);
        return Err(if all_answered {
            answered(task, refused)
        } else {
            refused
        });
    }
    // The name is taken: by an earlier call of ours whose reply was lost, or by somebody else.
    let account = match read(cx, task).await {
        Ok(account) => account,
        Err(problem) if all_answered => return Err(answered(task, none_done(rest, &problem))),
        Err(problem) => return Err(none_done(rest, &problem)),
    };
    let Some(account) = account else {
        return Err(taken(task, rest, result, None));
    };
    let id = text(&account, "id").to_owned();
    if created(task) == Some(id.as_str()) {
        let tried = Tried {
            already: true,
            ..Tried::all(rest, result)
        };
        return Ok((applied(task, [tried]), id));
    }
    if !all_answered && stranger(task, &account).is_none() {
        return possess(cx, task, rest).await;
    }
    let refused = taken(task, rest, result, Some(&account));
    Err(if all_answered {
        answered(task, refused)
    } else {
        refused
    })
}

/// Remembers that this call and all before it were answered, and made no account.
fn answered(task: &Task<'_>, mut refused: Applied) -> Applied {
    let lost = |(_, problem): &(usize, Problem)| problem.class == Class::Unknown;
    if !refused.problems.iter().any(lost) {
        refused
            .evidence
            .insert(ANSWERED.to_owned(), task.attempt.into());
    }
    refused
}

/// Somebody else has the name.
fn taken(
    task: &Task<'_>,
    rest: &[usize],
    result: Result<Answer, Error>,
    account: Option<&Value>,
) -> Applied {
    let mut refused = applied(task, [Tried::all(rest, result)]);
    for (_, problem) in &mut refused.problems {
        problem.class = Class::Conflict;
        if let Some(account) = account {
            problem.message = format!(
                "The account was not created: {}. Make a new plan, which chooses another name.",
                held_by(account)
            );
        }
    }
    refused
}

/// Takes an account that bears our marks into possession, then completes it.
///
/// # Errors
/// What was not done: nothing is, unless the password was replaced and the sessions were ended.
async fn possess(
    cx: &Cx<'_>,
    task: &Task<'_>,
    rest: &[usize],
) -> Result<(Applied, String), Applied> {
    let account = match read(cx, task).await {
        Ok(Some(account)) => account,
        Ok(None) => return Err(none_done(rest, &not_there(task))),
        Err(problem) => return Err(none_done(rest, &problem)),
    };
    if let Some(because) = stranger(task, &account) {
        let message = format!("The account was not touched: {because}.");
        return Err(none_done(
            rest,
            &Problem {
                class: Class::Conflict,
                message,
                request_id: None,
            },
        ));
    }
    let id = text(&account, "id").to_owned();
    let (own, rest): (Vec<usize>, Vec<usize>) = rest.iter().partition(|index| {
        let property = task.spec.changes[**index].property.as_str();
        property == ACCOUNT || property == FIRST_PASSWORD
    });
    let profile = json!({ "passwordProfile": fresh_password(cx) });
    let calls = [
        Call::patch(Path::of(["users", &id]), profile),
        // A password before a revocation: a session that is ended first can be begun again.
        Call::post(Path::of(["users", &id, "revokeSignInSessions"]), json!({})),
    ];
    let mut done = Applied::default();
    // Numbered behind the changes: an id belongs to one call, and those of the changes may have been used in this very attempt.
    for (number, call) in (task.spec.changes.len()..).zip(calls) {
        let result = cx.write(task, number, call).await;
        let refused = result.is_err();
        done = join(done, applied(task, [Tried::all(&own, result)]));
        if refused {
            return Err(none_done_after(done, &rest));
        }
    }
    done.evidence.insert(CREATED.to_owned(), id.clone().into());
    done.evidence
        .insert(POSSESSED.to_owned(), cx.now.to_string().into());
    let completed = patch(cx, task, &id, &rest).await;
    Ok((join(done, completed), id))
}

fn not_there(task: &Task<'_>) -> Problem {
    Problem {
        class: Class::Missing,
        message: format!(
            "The account {} is not there any more. Look who deleted it.",
            task.plan.upn
        ),
        request_id: None,
    }
}

/// A password that nobody knows, the vendor aside: the person comes in by a Temporary Access Pass.
fn fresh_password(cx: &Cx<'_>) -> Value {
    json!({ "password": password(cx.random), "forceChangePasswordNextSignIn": true })
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
