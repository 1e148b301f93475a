//! A draft tried on a person: the plan that the policy in force makes beside the one that the draft makes. Both are dry.

use std::collections::BTreeMap;

use domain::plan::Plan;
use domain::policy::Policy;
use domain::request::{Cited, Kind, Origin, PersonHint, Request, When};
use domain::{RequestId, TenantId};
use schemars::JsonSchema;
use serde::Serialize;
use store::PolicyVersion;

use crate::clock;
use crate::planning;
use crate::problem::Problem;
use crate::web::lists::many;
use crate::web::{Caller, Web};

/// Both plans.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Tried {
    pub(super) name: String,
    pub(super) said: String,
    pub(super) lines: Vec<Line>,
    pub(super) remarks: Vec<(&'static str, String)>,
}

/// A step in either plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "TriedLine")]
pub(crate) struct Line {
    pub(super) step: String,
    /// What the policy in force plans; empty where it does not.
    pub(super) before: String,
    /// What the draft plans; empty where it does not.
    pub(super) after: String,
    /// Whether they differ.
    pub(super) differs: bool,
}

/// Plans that this person leaves, now, under both.
///
/// # Errors
/// Why there is no plan under either: as planning says it.
pub(crate) async fn tried(
    web: &Web,
    caller: &Caller,
    tenant: &TenantId,
    live: &PolicyVersion,
    draft: &Policy,
    person: &str,
) -> Result<Tried, Problem> {
    let request = request(caller, tenant, person);
    let old = planning::parsed(live)?;
    let before = planning::under(&web.wiring, &request, &old, live.digest.as_str(), false).await?;
    let after = planning::under(&web.wiring, &request, draft, "draft", false).await?;
    Ok(compared(&before.plan, &after.plan))
}

fn request(caller: &Caller, tenant: &TenantId, person: &str) -> Request {
    Request {
        id: RequestId::new(clock::short_id('q')),
        tenant: tenant.clone(),
        kind: Kind::Offboard,
        person: PersonHint {
            address: Some(Cited::typed(person.to_owned())),
            ..PersonHint::default()
        },
        when: Some(Cited::typed(When::Now)),
        fields: BTreeMap::new(),
        switches: BTreeMap::new(),
        origin: Origin {
            channel: "web".to_owned(),
            requester: caller.address.clone(),
            reference: None,
            received_at: clock::now(),
            subject: None,
            body: None,
        },
        asks: Vec::new(),
        confidential: Vec::new(),
        only: None,
    }
}

fn compared(before: &Plan, after: &Plan) -> Tried {
    let said = |plan: &Plan| -> BTreeMap<String, (usize, String, String)> {
        let steps = plan.steps.iter().enumerate();
        steps
            .map(|(at, spec)| {
                (
                    spec.key.to_string(),
                    (at, spec.step.clone(), spec.summary.clone()),
                )
            })
            .collect()
    };
    let (old, new) = (said(before), said(after));
    let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
    keys.sort_by_key(|key| new.get(*key).or_else(|| old.get(*key)).map(|(at, ..)| *at));
    keys.dedup();
    let text = |side: Option<&(usize, String, String)>| {
        side.map(|(_, _, text)| text.clone()).unwrap_or_default()
    };
    let lines: Vec<Line> = keys
        .into_iter()
        .map(|key| {
            let (left, right) = (old.get(key), new.get(key));
            let step = left
                .or(right)
                .map_or_else(String::new, |(_, step, _)| step.clone());
            let (before, after) = (text(left), text(right));
            Line {
                step,
                differs: before != after,
                before,
                after,
            }
        })
        .collect();
    let differ = lines.iter().filter(|line| line.differs).count();
    let texts = |plan: &Plan| {
        plan.remarks
            .iter()
            .map(|remark| remark.text.clone())
            .collect::<Vec<_>>()
    };
    let (old, new) = (texts(before), texts(after));
    let gone = old
        .iter()
        .filter(|text| !new.contains(text))
        .map(|text| ("-", text.clone()));
    let come = new
        .iter()
        .filter(|text| !old.contains(text))
        .map(|text| ("+", text.clone()));
    Tried {
        name: after.person.name.clone(),
        said: if differ == 0 {
            format!(
                "The plan stays the same: {}.",
                many(lines.len(), "step", "steps")
            )
        } else {
            format!(
                "{} of {} differ.",
                differ,
                many(lines.len(), "step", "steps")
            )
        },
        remarks: gone.chain(come).collect(),
        lines,
    }
}
