//! `block-sign-in`: the account can no longer be used to sign in.

use async_trait::async_trait;
use connectors::graph::{Call, Path};
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::Effect;
use engine::hands::{Applied, Problem, Seen, Task};
use serde_json::json;

use crate::access;
use crate::cx::{Cx, wanted};
use crate::settings::{self, NoSettings};
use crate::step::{About, Step, change};
use crate::wish::Wish;

/// Blocks sign-in (`accountEnabled`). The first thing a leaver's run does.
pub(crate) struct BlockSignIn;

/// The value while sign-in is allowed.
pub(crate) const ALLOWED: &str = "allowed";
/// The value while it is blocked.
pub(crate) const BLOCKED: &str = "blocked";

const ABOUT: About = About {
    name: "block-sign-in",
    version: 1,
    purpose: "Blocks sign-in, so that the account cannot be used any more.",
    aliases: &[domain::catalogue::Alias {
        name: "DisableSignIn",
        settings: settings::switch,
    }],
    kinds: &[Kind::Offboard],
    default_on: true,
    fields: &[],
    permissions: &["User.EnableDisableAccount.All", "User.Read.All"],
    schema: settings::schema::<NoSettings>,
    defaults: settings::defaults::<NoSettings>,
    check: settings::check::<NoSettings>,
};

#[async_trait]
impl Step for BlockSignIn {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        if !wish.facts.person.sign_in_allowed {
            return;
        }
        out.specs.push(ABOUT.spec(
            format!("Block sign-in for {}", wish.name()),
            vec![change(wish.person(), "sign-in", ALLOWED, BLOCKED)],
            vec![Effect::ClosesSignIn],
        ));
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let account = access::read(cx, task).await?;
        let state = match account
            .get("accountEnabled")
            .and_then(serde_json::Value::as_bool)
        {
            Some(true) => ALLOWED.into(),
            Some(false) => BLOCKED.into(),
            None => serde_json::Value::Null,
        };
        Ok(vec![Seen::Value { value: state }])
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let change = &task.spec.changes[0];
        let allowed = wanted(change) == ALLOWED;
        let call = Call::patch(
            Path::of(["users", change.object.id.as_str()]),
            json!({ "accountEnabled": allowed }),
        );
        let result = cx.write(task, 0, call).await;
        access::answered(cx, task, todo, result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{leaver, propose_one};

    #[test]
    fn a_blocked_account_is_left_alone() {
        let mut facts = leaver();
        let out = propose_one(&BlockSignIn, &facts, "{}");
        assert_eq!(out.specs[0].effects, [Effect::ClosesSignIn]);
        facts.person.sign_in_allowed = false;
        assert_eq!(propose_one(&BlockSignIn, &facts, "{}"), Proposal::default());
    }
}
