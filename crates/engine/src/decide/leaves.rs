//! What the ledger keeps of a decision: read off the state before and the state after, so that nothing is forgotten.

use domain::plan::Plan;
use serde_json::json;

use crate::journal::{Leaf, Pending};
use crate::state::{Command, Finding, Phase, RunState, Status};

fn leaf(kind: &str, payload: serde_json::Value) -> Leaf {
    Leaf {
        kind: kind.to_owned(),
        payload,
    }
}

/// The leaves of the decision that led from one state to the other.
pub(super) fn between(
    plan: &Plan,
    before: &RunState,
    after: &RunState,
    commands: &[Pending],
) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    if before.started_ms.is_none() && after.started_ms.is_some() {
        leaves.push(leaf(
            "run-started",
            json!({
                "run": after.run, "request": plan.request, "digest": after.digest, "approvers": after.approvers,
                "apart": after.apart, "at_ms": after.started_ms,
            }),
        ));
    } else if after.retries > before.retries {
        leaves.push(leaf(
            "run-reopened",
            json!({ "run": after.run, "retries": after.retries, "apart": after.apart }),
        ));
    }
    for pending in commands {
        if let Command::Apply {
            step,
            attempt,
            todo,
        } = &pending.command
        {
            let operation = after.step(step).map(|step| &step.receipt.operation);
            leaves.push(leaf(
                "intent",
                json!({ "run": after.run, "step": step, "operation": operation, "attempt": attempt, "changes": todo }),
            ));
        }
    }
    for (index, (key, step)) in after.steps.iter().enumerate() {
        let was = before.steps.get(index).map(|(_, step)| &step.status);
        let done = matches!(step.status, Status::Verified | Status::Failed);
        if done && was != Some(&step.status) {
            leaves.push(leaf(
                "receipt",
                json!({ "run": after.run, "step": key, "status": step.status, "receipt": step.receipt }),
            ));
        }
    }
    for (index, finding) in after.findings.iter().enumerate() {
        leaves.extend(of_finding(after, before.findings.get(index), finding));
    }
    if before.phase != after.phase
        && let Phase::Ended { outcome } = after.phase
    {
        leaves.push(leaf(
            "run-ended",
            json!({ "run": after.run, "outcome": outcome, "at_ms": after.ended_ms }),
        ));
    }
    leaves
}

/// What became of a finding: opened, closed, open again, or looked at once more.
fn of_finding(after: &RunState, was: Option<&Finding>, is: &Finding) -> Option<Leaf> {
    let run = &after.run;
    let Some(was) = was else {
        return Some(leaf("finding", json!({ "run": run, "finding": is })));
    };
    match (&was.closed, &is.closed) {
        (None, Some((at_ms, how))) => Some(leaf(
            "finding-closed",
            json!({ "run": run, "number": is.number, "at_ms": at_ms, "how": how }),
        )),
        (Some(_), None) => Some(leaf(
            "finding-reopened",
            json!({ "run": run, "number": is.number, "mark": is.marks.last() }),
        )),
        _ if was.marks != is.marks => Some(leaf(
            "finding-looked-at",
            json!({ "run": run, "number": is.number, "mark": is.marks.last() }),
        )),
        _ => None,
    }
}
