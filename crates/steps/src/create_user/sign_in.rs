//! The moment at which sign-in is opened.

use connectors::facts::user;
use connectors::graph::{Call, Path};
use domain::spec::{Effect, Expect, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ABOUT, ENABLE};
use crate::block_sign_in::{ALLOWED, BLOCKED};
use crate::cx::{Cx, Tried, applied, who};
use crate::step::change;
use crate::wish::Wish;

/// The property of sign-in.
pub(super) const SIGN_IN: &str = "sign-in";

/// What opening and blocking takes.
pub(super) const PERMISSIONS: [&str; 2] = ["User.EnableDisableAccount.All", "User.Read.All"];

/// Sign-in is opened, not before this moment.
pub(super) fn opening(wish: &Wish<'_>, not_before: Option<Timestamp>) -> StepSpec {
    StepSpec {
        key: ABOUT.key(ENABLE),
        not_before,
        permissions: PERMISSIONS.map(str::to_owned).to_vec(),
        ..ABOUT.spec(
            format!("Allow sign-in for {}", wish.name()),
            vec![change(wish.person(), SIGN_IN, BLOCKED, ALLOWED)],
            vec![Effect::OpensSignIn],
        )
    }
}

/// Whether an account as read can sign in.
pub(super) fn state(account: &Value) -> Value {
    match account["accountEnabled"].as_bool() {
        Some(true) => ALLOWED.into(),
        Some(false) => BLOCKED.into(),
        None => Value::Null,
    }
}

pub(super) async fn observe(cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
    let account = cx
        .get(task, &user(who(task), &["id", "accountEnabled"]))
        .await?;
    Ok(vec![Seen::Value {
        value: state(&account),
    }])
}

pub(super) async fn enable(cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
    let opens = task.spec.changes[0].after == Expect::Is(ALLOWED.into());
    let call = Call::patch(
        Path::of(["users", who(task)]),
        json!({ "accountEnabled": opens }),
    );
    let result = cx.write(task, 0, call).await;
    applied(task, [Tried::all(todo, result)])
}
