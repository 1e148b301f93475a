//! `revoke-sessions`: sessions that are open now end, and once more when everything else is settled.

use async_trait::async_trait;
use connectors::graph::{Call, Path};
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Change, Effect, Expect, Reversal, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use serde_json::Value;
use serde_json::json;

use crate::access;
use crate::cx::Cx;
use crate::settings::{self, NoSettings};
use crate::step::{About, Step};
use crate::wish::Wish;

/// Ends all sessions, directly after the block and again at the end of the run.
pub(crate) struct RevokeSessions;

/// What sets the second spec apart.
const AGAIN: &str = "again";

const ABOUT: About = About {
    name: "revoke-sessions",
    version: 1,
    purpose: "Ends every open session, right after the block and once more at the end of the run.",
    aliases: &[domain::catalogue::Alias {
        name: "RevokeSessions",
        settings: settings::switch,
    }],
    kinds: &[Kind::Offboard],
    default_on: true,
    fields: &[],
    permissions: &["User.RevokeSessions.All", "User.Read.All"],
    schema: settings::schema::<NoSettings>,
    defaults: settings::defaults::<NoSettings>,
    check: settings::check::<NoSettings>,
};

#[async_trait]
impl Step for RevokeSessions {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let before = wish
            .facts
            .person
            .sessions_valid_from
            .clone()
            .map_or(Value::Null, Value::String);
        let ends = |now: Value, property: &str| Change {
            object: wish.person(),
            property: property.to_owned(),
            now,
            after: Expect::Later,
            reversal: Reversal::CannotReturn(
                "a session that has ended does not come back; signing in begins a new one"
                    .to_owned(),
            ),
        };
        out.specs.push(ABOUT.spec(
            format!("End every open session of {}", wish.name()),
            vec![ends(before, "sessions valid from")],
            vec![Effect::EndsSessions],
        ));
        // The second one has no value of its own to start from: the first one sets it.
        out.specs.push(StepSpec {
            key: ABOUT.key(AGAIN),
            ..ABOUT.spec(
                format!(
                    "End every session of {} once more, when everything else is settled",
                    wish.name()
                ),
                vec![ends(Value::Null, "sessions valid from, at the end")],
                vec![Effect::EndsSessionsAgain],
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let account = access::read(cx, task).await?;
        let again = task.spec.has(|effect| *effect == Effect::EndsSessionsAgain);
        let instead = if again {
            access::well_after(task, &[Effect::EndsSessions])
        } else {
            access::after(task, &[Effect::ClosesSignIn, Effect::ResetsPassword])
        };
        Ok(vec![access::later(
            task,
            &account["signInSessionsValidFromDateTime"],
            instead,
        )])
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let user = task.spec.changes[0].object.id.as_str();
        let call = Call::post(Path::of(["users", user, "revokeSignInSessions"]), json!({}));
        let result = cx.write(task, 0, call).await;
        access::answered(cx, task, todo, result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{leaver, propose_one};

    #[test]
    fn sessions_end_twice_and_the_second_does_not_depend_on_what_was_read() {
        let mut facts = leaver();
        let first = propose_one(&RevokeSessions, &facts, "{}");
        facts.person.sessions_valid_from = Some("2030-01-01T00:00:00Z".to_owned());
        let later = propose_one(&RevokeSessions, &facts, "{}");
        assert_eq!(first.specs[0].effects, [Effect::EndsSessions]);
        assert_eq!(first.specs[1].effects, [Effect::EndsSessionsAgain]);
        assert_ne!(first.specs[0], later.specs[0]);
        assert_eq!(first.specs[1], later.specs[1]);
    }
}
