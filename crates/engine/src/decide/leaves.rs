//! What the ledger keeps of a decision: read off the state before and the state after, so that nothing is forgotten.

use domain::plan::Plan;
use serde_json::json;

use crate::journal::{Leaf, Pending};
use crate::state::{Command, Phase, RunState, Status};

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
        let was = before.findings.get(index);
        if was.is_none() {
            leaves.push(leaf(
                "finding",
                json!({ "run": after.run, "finding": finding }),
            ));
        } else if was.is_some_and(|was| was.closed.is_none())
            && let Some((at_ms, how)) = &finding.closed
        {
            leaves.push(leaf(
                "finding-closed",
                json!({ "run": after.run, "number": finding.number, "at_ms": at_ms, "how": how }),
            ));
        }
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
