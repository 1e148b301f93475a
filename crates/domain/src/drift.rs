//! Drift: what a plan touches, compared with what a fresh reading would propose.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::StepKey;
use crate::plan::is_containment;
use crate::spec::{Expect, Reversal, StepSpec};

/// How the live tenant differs from the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The step of the plan it concerns; absent for something the plan does not have at all.
    pub step: Option<StepKey>,
    /// What sort of difference it is.
    pub kind: DifferenceKind,
    /// What a person has to know: object, then and now.
    pub text: String,
}

/// What sort of difference it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum DifferenceKind {
    /// A removal has more of the same to remove, and policy lets it grow by these changes.
    Growth {
        /// The step as it would be proposed now.
        grown: Box<StepSpec>,
    },
    /// A value is another than the plan was made on.
    Value,
    /// Something the plan touches is not there any more, or is done already.
    Gone,
    /// A step, target or irreversible line the plan does not have.
    New,
}

/// Compares the plan's steps with the steps a fresh reading proposes. Containment is bound to person and moment and is left out.
#[must_use]
pub fn compare(
    planned: &[StepSpec],
    fresh: &[StepSpec],
    removals_may_grow: bool,
) -> Vec<Difference> {
    let fresh_by_key: BTreeMap<&StepKey, &StepSpec> =
        fresh.iter().map(|spec| (&spec.key, spec)).collect();
    let mut differences = Vec::new();
    for spec in planned.iter().filter(|spec| !is_containment(spec)) {
        match fresh_by_key.get(&spec.key) {
            Some(now) => compare_step(spec, now, removals_may_grow, &mut differences),
            None => differences.push(gone(spec)),
        }
    }
    for spec in fresh.iter().filter(|spec| !is_containment(spec)) {
        if !planned.iter().any(|other| other.key == spec.key) {
            differences.push(Difference {
                step: None,
                kind: DifferenceKind::New,
                text: format!("the tenant now also asks for: {}", spec.summary),
            });
        }
    }
    differences
}

fn gone(spec: &StepSpec) -> Difference {
    Difference {
        step: Some(spec.key.clone()),
        kind: DifferenceKind::Gone,
        text: format!("there is nothing left to do for: {}", spec.summary),
    }
}

fn compare_step(
    planned: &StepSpec,
    fresh: &StepSpec,
    removals_may_grow: bool,
    out: &mut Vec<Difference>,
) {
    let step = Some(planned.key.clone());
    for change in &planned.changes {
        let twin = fresh
            .changes
            .iter()
            .find(|c| c.object.id == change.object.id && c.property == change.property);
        match twin {
            None => out.push(Difference {
                step: step.clone(),
                kind: DifferenceKind::Gone,
                text: format!(
                    "{}: {} was {} and is not there any more",
                    change.object,
                    change.property,
                    short(&change.now)
                ),
            }),
            Some(twin) if twin.now != change.now || twin.after != change.after => {
                out.push(Difference {
                    step: step.clone(),
                    kind: DifferenceKind::Value,
                    text: format!(
                        "{}: {} was {} when the plan was made and is {} now",
                        change.object,
                        change.property,
                        short(&change.now),
                        short(&twin.now)
                    ),
                })
            }
            Some(_) => {}
        }
    }
    let added: Vec<_> = fresh
        .changes
        .iter()
        .filter(|c| {
            !planned
                .changes
                .iter()
                .any(|p| p.object.id == c.object.id && p.property == c.property)
        })
        .collect();
    if added.is_empty() {
        return;
    }
    let names: Vec<&str> = added
        .iter()
        .map(|change| change.object.name.as_str())
        .collect();
    let harmless = added.iter().all(|change| {
        change.after == Expect::absent() && !matches!(change.reversal, Reversal::ApprovedApart(_))
    });
    let grows = removals_may_grow && planned.may_grow && harmless;
    out.push(Difference {
        step,
        kind: if grows {
            DifferenceKind::Growth {
                grown: Box::new(fresh.clone()),
            }
        } else {
            DifferenceKind::New
        },
        text: format!("more to remove than the plan shows: {}", names.join(", ")),
    });
}

/// A value as a person would say it, without flooding the line.
#[must_use]
pub fn short(value: &Value) -> String {
    match value {
        Value::Null => "absent".to_owned(),
        Value::Bool(true) => "on".to_owned(),
        Value::Bool(false) => "off".to_owned(),
        Value::String(text) if text.chars().count() > 60 => {
            format!("“{}…”", text.chars().take(57).collect::<String>())
        }
        Value::String(text) => format!("“{text}”"),
        other => other.to_string(),
    }
}
