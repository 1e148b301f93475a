//! Somebody who is in the directory already: what is missing from the profile, the manager, and sign-in where it is blocked.

use domain::plan::Weight;
use domain::planner::Proposal;
use domain::spec::{Change, Effect, StepSpec};
use engine::hands::{Applied, Class, Problem, Seen, Task};
use serde_json::json;

use super::account::{self, MANAGER};
use super::making;
use super::profile::{self, DISPLAY_NAME};
use super::sign_in;
use super::{ABOUT, Coming};
use crate::cx::{Cx, who};
use crate::joining;
use crate::step::{change, names};
use crate::wish::Wish;

/// Names say who somebody is: a request fills in what is missing and renames nobody.
const NAMES: [&str; 3] = [DISPLAY_NAME, "given-name", "family-name"];

pub(super) fn propose(wish: &Wish<'_>, coming: &Coming<'_>, out: &mut Proposal) {
    let person = &wish.facts.person;
    let mut changes: Vec<Change> = Vec::new();
    for written in coming.parts {
        let now = profile::of_person(person, written.part);
        let named = now.is_some() && NAMES.contains(&written.part.name);
        if !named && now.as_deref() != Some(written.text.as_str()) {
            changes.push(change(
                wish.person(),
                written.part.name,
                now,
                written.text.clone(),
            ));
        }
    }
    let current = person.manager.as_ref();
    if let Some(manager) = coming.manager
        && current.is_none_or(|current| current.id != manager.id)
    {
        let now = current.map(|current| current.upn.clone());
        changes.push(change(wish.person(), MANAGER, now, manager.upn.clone()));
    }
    if person.synced {
        on_premises(wish, &changes, out);
        return;
    }
    if !changes.is_empty() {
        let what = names(changes.iter().map(|change| change.property.as_str()));
        out.specs.push(StepSpec {
            params: json!({ "managers": account::managers(wish, coming) }),
            permissions: vec!["User.ReadWrite.All".to_owned()],
            ..ABOUT.spec(
                format!("Complete the profile of {}: {what}", wish.name()),
                changes,
                vec![Effect::ChangesProfile],
            )
        });
    }
    if !person.sign_in_allowed {
        out.specs.push(sign_in::opening(wish, coming.asked.starts));
    }
}

/// What is mastered on premises is changed there, by hand.
fn on_premises(wish: &Wish<'_>, changes: &[Change], out: &mut Proposal) {
    let upn = &wish.facts.person.upn;
    for change in changes {
        let wanted = crate::cx::wanted(change).as_str().unwrap_or_default();
        let now = match change.now.as_str() {
            Some(now) => format!("it is “{now}” now"),
            None => "it is empty now".to_owned(),
        };
        let text = format!(
            "The {} of {upn} is mastered on premises: set it to “{wanted}” there; {now}.",
            change.property
        );
        joining::remark(out, Weight::ByHand, text);
    }
    if !wish.facts.person.sign_in_allowed {
        let text = format!(
            "Sign-in of {upn} is blocked, and the account is mastered on premises: enable it there."
        );
        joining::remark(out, Weight::ByHand, text);
    }
}

pub(super) async fn observe(cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
    let account = account::read(cx, task).await?.ok_or_else(|| Problem {
        class: Class::Missing,
        message: format!(
            "The account {} could not be found. Check whether it still exists.",
            task.plan.upn
        ),
        request_id: None,
    })?;
    let seen = task.spec.changes.iter().map(|change| Seen::Value {
        value: account::seen_of(task, change, &account),
    });
    Ok(seen.collect())
}

pub(super) async fn write(cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
    let person = who(task);
    let is_manager = |index: &&usize| task.spec.changes[**index].property == MANAGER;
    let manager: Vec<usize> = todo.iter().filter(is_manager).copied().collect();
    let rest: Vec<usize> = todo
        .iter()
        .filter(|index| !is_manager(index))
        .copied()
        .collect();
    let (mut done, managed) = futures::future::join(
        making::patch(cx, task, person, &rest),
        making::set_manager(cx, task, person, &manager),
    )
    .await;
    done.calls.extend(managed.calls);
    done.problems.extend(managed.problems);
    done
}
