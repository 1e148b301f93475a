//! `read-block-again`: after the directories have synchronised, sign-in is still blocked.

use std::collections::BTreeMap;

use async_trait::async_trait;
use connectors::facts::user;
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Budget, Change, Effect, Reversal, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use engine::state::DONE;
use jiff::Timestamp;
use serde_json::Value;

use crate::access;
use crate::cx::{Cx, text};
use crate::disable_on_premises;
use crate::settings::{self, NoSettings};
use crate::step::{About, Step, change};
use crate::wish::Wish;

/// Reads the block again after a synchronisation.
pub(crate) struct ReadBlockAgain;

const ABOUT: About = About {
    name: "read-block-again",
    version: 1,
    purpose: "Reads, after the directories have synchronised, that sign-in is still blocked.",
    aliases: &[],
    kinds: &[Kind::Offboard],
    default_on: true,
    fields: &[],
    permissions: &["User.Read.All"],
    schema: settings::schema::<NoSettings>,
    defaults: settings::defaults::<NoSettings>,
    check: settings::check::<NoSettings>,
};

/// Directories synchronise every half hour as a rule.
const SYNCHRONISATION: Budget = Budget {
    converge_ms: 3 * 3_600_000,
    poll_ms: 10_000,
    attempts: 2,
};

const BLOCKED: &str = "blocked";

#[async_trait]
impl Step for ReadBlockAgain {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn not_alone(&self) -> Option<&'static str> {
        Some("it reads what somebody has done on premises, which disable-on-premises asks for")
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        if !wish.facts.person.synced || !wish.is_on(disable_on_premises::NAME) {
            return;
        }
        out.specs.push(StepSpec {
            budget: SYNCHRONISATION,
            ..ABOUT.spec(
                format!(
                    "Read after the next synchronisation that {} still cannot sign in",
                    wish.name()
                ),
                vec![Change {
                    reversal: Reversal::CannotReturn("it only reads".to_owned()),
                    ..change(wish.person(), "sign-in after sync", Value::Null, BLOCKED)
                }],
                vec![Effect::AwaitsSync, Effect::ReadsBlockAgain],
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let properties = ["accountEnabled", "onPremisesLastSyncDateTime"];
        let path = user(task.plan.person.id.as_str(), &properties);
        let account = cx.get(task, &path).await?;
        Ok(vec![judge(task, &account)])
    }

    /// Nothing to write: what was done on premises comes with the synchronisation.
    async fn apply(&self, _cx: &Cx<'_>, _task: &Task<'_>, _todo: &[usize]) -> Applied {
        Applied::default()
    }
}

/// A synchronisation writes what stands on premises. So one that has carried the account since sign-in was blocked in the cloud, and
/// has left it blocked, shows that it is disabled there. Where this run did not block it, only one after the person's word counts.
fn judge(task: &Task<'_>, account: &Value) -> Seen {
    let synced: Option<Timestamp> = text(account, "onPremisesLastSyncDateTime").parse().ok();
    let done = said_done(task);
    let since = access::well_after(task, &[Effect::ClosesSignIn])
        .filter(|blocked| done.is_some_and(|done| *blocked < done))
        .or(done);
    let later = |than: Option<Timestamp>| matches!((synced, than), (Some(synced), Some(than)) if synced > than);
    match account.get("accountEnabled").and_then(Value::as_bool) {
        Some(false) if done.is_some() && later(since) => Seen::Value {
            value: BLOCKED.into(),
        },
        Some(true) if later(done) => Seen::Impossible {
            because: format!(
                "the account was synchronised at {} and can sign in again, so it is still enabled on premises: disable it in Active Directory, and block sign-in again",
                text(account, "onPremisesLastSyncDateTime")
            ),
        },
        _ => Seen::Value { value: Value::Null },
    }
}

/// When the person who had it to do has said that it is done on premises.
fn said_done(task: &Task<'_>) -> Option<Timestamp> {
    let steps = task.plan.steps.iter();
    let done = steps
        .filter(|spec| spec.has(|effect| *effect == Effect::DisablesOnPremises))
        .filter_map(|spec| task.evidence.get(&spec.key))
        .filter_map(|evidence: &BTreeMap<String, Value>| evidence.get(DONE)?.as_str());
    done.filter_map(|at| at.parse().ok()).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{leaver, propose_on};
    use domain::StepKey;
    use domain::plan::Plan;
    use serde_json::json;

    const ON: &[(&str, &str)] = &[("read-block-again", "{}"), ("disable-on-premises", "{}")];

    #[test]
    fn it_belongs_to_the_step_on_premises() {
        let mut facts = leaver();
        assert_eq!(propose_on(&ReadBlockAgain, &facts, ON), Proposal::default());
        facts.person.synced = true;
        let out = propose_on(&ReadBlockAgain, &facts, ON);
        assert_eq!(
            out.specs[0].effects,
            [Effect::AwaitsSync, Effect::ReadsBlockAgain]
        );
        let out = propose_on(&ReadBlockAgain, &facts, &ON[..1]);
        assert_eq!(out, Proposal::default());
    }

    fn plan() -> Plan {
        let mut facts = leaver();
        facts.person.synced = true;
        let block = propose_on(
            &crate::block_sign_in::BlockSignIn,
            &facts,
            &[("block-sign-in", "{}")],
        );
        let hand = propose_on(&disable_on_premises::DisableOnPremises, &facts, &ON[1..]);
        let read = propose_on(&ReadBlockAgain, &facts, ON);
        let steps: Vec<_> = [block, hand, read]
            .into_iter()
            .flat_map(|out| out.specs)
            .collect();
        serde_json::from_value(json!({
            "format": 1, "tenant": "t", "directory": "d", "request": "r", "kind": "offboard",
            "person": { "kind": "person", "id": "leaver", "name": "Lea Ver" },
            "upn": "leaver@contoso.example", "at": null, "steps": steps, "remarks": [], "policy": "p",
            "requester": "hr", "removals_may_grow": false,
            "approval": { "people": 1, "approvers": [], "because": null, "holds_for_hours": 1 },
        }))
        .unwrap()
    }

    fn read(
        plan: &Plan,
        blocked: Option<&str>,
        done: Option<&str>,
        enabled: bool,
        sync: &str,
    ) -> Seen {
        let mut evidence: BTreeMap<StepKey, BTreeMap<String, Value>> = BTreeMap::new();
        let mut say = |step: &str, name: &str, at: Option<&str>| {
            if let Some(at) = at {
                let entry = evidence.entry(step.into()).or_default();
                entry.insert(name.to_owned(), at.into());
            }
        };
        say("block-sign-in", "answered", blocked);
        say("disable-on-premises", DONE, done);
        let task = Task {
            run: "run",
            operation: "read-block-again",
            attempt: 1,
            intended: None,
            plan,
            spec: plan.steps.last().unwrap(),
            evidence: &evidence,
            outcome: None,
        };
        let account = json!({ "accountEnabled": enabled, "onPremisesLastSyncDateTime": sync });
        judge(&task, &account)
    }

    #[test]
    fn only_a_synchronisation_that_leaves_it_blocked_is_proof() {
        let plan = plan();
        let (blocked, done) = (Some("2026-11-21T10:00:00Z"), Some("2026-11-21T12:00:00Z"));
        let seen = |value: Value| Seen::Value { value };
        let at = |enabled, sync| read(&plan, blocked, done, enabled, sync);
        assert_eq!(at(false, "2026-11-21T12:30:00Z"), seen(BLOCKED.into()));
        // Carried before the person came round to saying so.
        assert_eq!(at(false, "2026-11-21T11:30:00Z"), seen(BLOCKED.into()));
        assert_eq!(at(false, "2026-11-21T09:30:00Z"), seen(Value::Null));
        // Opened again by a synchronisation from before: the next one may close it.
        assert_eq!(at(true, "2026-11-21T11:30:00Z"), seen(Value::Null));
        assert!(matches!(
            at(true, "2026-11-21T12:30:00Z"),
            Seen::Impossible { .. }
        ));
        // Not blocked by this run: who was disabled long ago proves nothing.
        let old = |sync| read(&plan, None, done, false, sync);
        assert_eq!(old("2026-11-21T11:30:00Z"), seen(Value::Null));
        assert_eq!(old("2026-11-21T12:30:00Z"), seen(BLOCKED.into()));
        assert_eq!(
            read(&plan, blocked, None, false, "2026-11-21T12:30:00Z"),
            seen(Value::Null)
        );
    }
}
