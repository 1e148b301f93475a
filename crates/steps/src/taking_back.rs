//! Taking back what a run did: its steps in reverse, from what was recorded before, held against the tenant as it is now.

use std::collections::{BTreeMap, BTreeSet};

use domain::RunId;
use domain::StepKey;
use domain::drift::short;
use domain::plan::{Plan, Remark, Weight, is_containment};
use domain::planner::Proposal;
use domain::spec::{ByHand, Change, Edge, Effect, Expect, Reversal, StepSpec};
use engine::hands::{Hands, Problem, Purpose, Seen, Task};
use engine::state::{RunState, operation};
use serde_json::Value;

use crate::find;
use crate::step::{READS_ONLY, Undo};

/// The reverse of everything that this run has done, last first, and what cannot return. Pure.
#[must_use]
pub fn take_back(plan: &Plan, state: &RunState) -> Proposal {
    let mut out = Proposal::default();
    let mut reversed: BTreeMap<StepKey, StepKey> = BTreeMap::new();
    for (planned, (_, run)) in plan.steps.iter().zip(&state.steps).rev() {
        let spec = run.effective(planned);
        if run.receipt.accepted_ms.is_none() || only_reads(spec) {
            continue;
        }
        if let Some(work) = &spec.by_hand {
            reversed.insert(planned.key.clone(), undone(&planned.key));
            out.specs.push(by_hand_again(spec, work));
            continue;
        }
        let Some(step) = find(&spec.step).filter(|step| step.about().version == spec.version)
        else {
            out.remarks.push(Remark::new(
                Weight::Danger,
                format!(
                    "Cannot return: {} (this version of Tenure has no step {} of version {}).",
                    spec.summary, spec.step, spec.version
                ),
            ));
            continue;
        };
        let before = run.receipt.before.as_deref().unwrap_or_default();
        match step.undo(spec, before) {
            Undo::Spec(undo) => {
                out.remarks.extend(what_stays(spec));
                reversed.insert(planned.key.clone(), undo.key.clone());
                out.specs.push(*undo);
            }
            Undo::Cannot(because) => out.remarks.push(Remark::new(
                Weight::Caution,
                format!("Cannot return: {} ({because}).", spec.summary),
            )),
        }
    }
    for (waits, edge) in turned_round(plan, &reversed) {
        // Closing access waits for nothing.
        let mut waiting = out.specs.iter_mut().filter(|spec| !is_containment(spec));
        if let Some(spec) = waiting.find(|spec| spec.key == waits) {
            spec.edges.push(edge);
        }
    }
    out
}

/// What stays of a step that is taken back in part.
fn what_stays(spec: &StepSpec) -> Option<Remark> {
    let because = spec
        .changes
        .iter()
        .find_map(|change| match &change.reversal {
            Reversal::CannotReturn(because) | Reversal::ApprovedApart(because) => Some(because),
            Reversal::Return => None,
        })?;
    let text = format!("Returns only in part: {} ({because}).", spec.summary);
    Some(Remark::new(Weight::Caution, text))
}

/// The key of a step that takes another back.
fn undone(key: &StepKey) -> StepKey {
    StepKey::new(format!("{key}:undo"))
}

/// Whether a step has changed nothing: what was only waited for needs no taking back.
fn only_reads(spec: &StepSpec) -> bool {
    if spec.params[READS_ONLY] == true {
        return true;
    }
    spec.effects.iter().all(|effect| {
        matches!(
            effect,
            Effect::ReadsBlockAgain | Effect::AwaitsSync | Effect::AwaitsMailbox
        )
    }) && !spec.effects.is_empty()
}

/// What was done by hand is taken back by the same hands.
fn by_hand_again(spec: &StepSpec, work: &ByHand) -> StepSpec {
    let changes = spec.changes.iter().map(|change| Change {
        now: match &change.after {
            Expect::Is(after) => after.clone(),
            Expect::Later => Value::Null,
        },
        after: Expect::Is(change.now.clone()),
        ..change.clone()
    });
    StepSpec {
        key: undone(&spec.key),
        summary: format!("Have {} take back by hand: {}", work.assignee, spec.summary),
        changes: changes.collect(),
        effects: vec![Effect::ChangesOnPremises],
        edges: Vec::new(),
        by_hand: Some(ByHand {
            instructions: std::iter::once("Take back what was done by hand:".to_owned())
                .chain(work.instructions.iter().cloned())
                .collect(),
            ..work.clone()
        }),
        ..spec.clone()
    }
}

/// What came first is taken back last: each edge of the plan turned round, also through steps that cannot return.
fn turned_round(plan: &Plan, reversed: &BTreeMap<StepKey, StepKey>) -> Vec<(StepKey, Edge)> {
    let mut edges = Vec::new();
    for spec in &plan.steps {
        let Some(first) = reversed.get(&spec.key) else {
            continue;
        };
        let direct: BTreeSet<&StepKey> = spec
            .edges
            .iter()
            .filter(|edge| matches!(edge, Edge::Needs(_)))
            .map(Edge::key)
            .collect();
        for earlier in ancestors(plan, &spec.key) {
            let Some(then) = reversed.get(earlier) else {
                continue;
            };
            let edge = if direct.contains(earlier) {
                Edge::Needs(first.clone())
            } else {
                Edge::After(first.clone())
            };
            edges.push((then.clone(), edge));
        }
    }
    edges
}

/// Every step that this one comes after, directly or through others.
fn ancestors<'a>(plan: &'a Plan, key: &StepKey) -> BTreeSet<&'a StepKey> {
    let mut found: BTreeSet<&StepKey> = BTreeSet::new();
    let mut open = vec![key.clone()];
    while let Some(key) = open.pop() {
        let edges = plan.step(&key).map_or(&[] as &[Edge], |spec| &spec.edges);
        for edge in edges {
            if found.insert(edge.key()) {
                open.push(edge.key().clone());
            }
        }
    }
    found
}

/// Holds a reverse proposal against the live tenant: what is back already is left out, and what somebody has changed since is said.
///
/// # Errors
/// When the tenant could not be read.
pub async fn hold_against(
    hands: &dyn Hands,
    run: &str,
    plan: &Plan,
    proposal: Proposal,
) -> Result<Proposal, Problem> {
    let Proposal {
        specs,
        mut remarks,
        refusals,
    } = proposal;
    let (by_hand, specs): (Vec<StepSpec>, Vec<StepSpec>) =
        specs.into_iter().partition(|spec| spec.by_hand.is_some());
    let looked = futures::future::join_all(specs.iter().map(|spec| async move {
        let operation = operation(&RunId::from(run), &spec.key);
        let evidence = BTreeMap::new();
        let task = Task {
            run,
            operation: &operation,
            attempt: 0,
            intended: None,
            plan,
            spec,
            evidence: &evidence,
            outcome: None,
        };
        hands.observe(task, Purpose::Probe).await
    }))
    .await;
    let mut kept = by_hand;
    for (spec, seen) in specs.into_iter().zip(looked) {
        if let Some(spec) = still_to_do(spec, &seen?, &mut remarks) {
            kept.push(spec);
        }
    }
    Ok(Proposal {
        specs: kept,
        remarks,
        refusals,
    })
}

fn still_to_do(mut spec: StepSpec, seen: &[Seen], remarks: &mut Vec<Remark>) -> Option<StepSpec> {
    let mut changes = Vec::with_capacity(spec.changes.len());
    for (mut change, seen) in std::mem::take(&mut spec.changes).into_iter().zip(seen) {
        match seen {
            Seen::Done { .. } => continue,
            Seen::Impossible { because } => {
                remarks.push(Remark::new(
                    Weight::Caution,
                    format!(
                        "Cannot return: {} of {} ({because}).",
                        change.property, change.object
                    ),
                ));
                continue;
            }
            Seen::Todo { .. } => {}
            Seen::Value { value } => {
                if change.after == Expect::Is(value.clone()) {
                    continue;
                }
                if *value != change.now {
                    remarks.push(Remark::new(
                        Weight::Caution,
                        format!(
                            "{}: {} was left as {} and is {} now: somebody changed it since.",
                            change.object,
                            change.property,
                            short(&change.now),
                            short(value)
                        ),
                    ));
                    change.now = value.clone();
                }
            }
        }
        changes.push(change);
    }
    spec.changes = changes;
    (!spec.changes.is_empty()).then_some(spec)
}
