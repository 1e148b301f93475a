//! The planner: request, policy and facts, with the steps' proposals, become an ordered plan or a refusal with its reasons. Pure.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::StepKey;
use crate::facts::Facts;
use crate::joiner;
use crate::plan::{
    ApprovalNeed, FORMAT, FollowUp, Plan, Remark, Reserve, ReserveKind, Weight, is_containment,
};
use crate::policy::Policy;
use crate::protect;
use crate::request::{Kind, Request};
use crate::rules::{self, Ground};
use crate::spec::{Effect, ObjectKind, ObjectRef, Reversal, StepSpec};

/// What the steps propose, before it is ordered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proposal {
    /// The steps.
    pub specs: Vec<StepSpec>,
    /// What the steps want the approver to know.
    pub remarks: Vec<Remark>,
    /// Why there can be no plan.
    pub refusals: Vec<Refusal>,
}

/// Why there is no plan. Several are told at once, so that nobody has to find them one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// A word for machines: `protected`, `rule-13`, `unknown-person`, `ambiguous-person`, `pilot`, `not-allowed`, `incomplete`, …
    pub code: String,
    /// What is refused and why.
    pub text: String,
    /// What to do now.
    pub hint: String,
}

impl Refusal {
    /// A refusal from its parts.
    pub fn new(code: impl Into<String>, text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            text: text.into(),
            hint: hint.into(),
        }
    }
}

/// What a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The request.
    pub request: &'a Request,
    /// The tenant's directory id.
    pub directory: &'a str,
    /// The policy.
    pub policy: &'a Policy,
    /// The digest of the policy's text.
    pub policy_digest: &'a str,
    /// The facts.
    pub facts: &'a Facts,
    /// The start, resolved from the request at the person's site; absent for as soon as approved.
    pub at: Option<Timestamp>,
    /// What is to be known besides the tenant.
    pub around: Around<'a>,
}

/// What is to be known besides request, policy and tenant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around<'a> {
    /// How many others leave this tenant within the time that the policy's limit looks back over: planned or being carried out.
    pub leavers: u32,
    /// Tenure's own operators, by address.
    pub operators: &'a [String],
    /// Whether access is to be closed at once, under an approval that the policy has given beforehand.
    pub contain_now: bool,
}

/// Makes the plan.
///
/// # Errors
/// Every reason why there can be none.
pub fn plan(ask: &Ask<'_>, proposal: Proposal) -> Result<Plan, Vec<Refusal>> {
    let Proposal {
        mut specs,
        mut remarks,
        mut refusals,
    } = proposal;
    if let Some(only) = &ask.request.only {
        specs.retain(|spec| only.contains(&spec.step));
        remarks.extend(action(only));
    }
    refusals.extend(incomplete(ask.request));
    refusals.extend(protect::refusals(
        ask.request,
        ask.policy,
        ask.facts,
        &specs,
    ));
    let ground = Ground {
        kind: ask.request.kind,
        specs: &specs,
        facts: ask.facts,
    };
    remarks.extend(general_remarks(&ground, ask.request));
    remarks.extend(protect::remarks(ask.policy));
    let asked = rules::edges(&ground);
    let specs = match order(specs.clone(), asked) {
        Ok(specs) => specs,
        Err(circle) => {
            refusals.push(circular(&circle));
            return Err(refusals);
        }
    };
    refusals.extend(broken_rules(ask, &specs));
    let approval = protect::approval(ask);
    let review = match protect::pre_approval(ask, &approval, &specs) {
        Ok(review) => review,
        Err(reasons) => {
            refusals.extend(reasons);
            None
        }
    };
    if specs.is_empty() && refusals.is_empty() {
        refusals.push(nothing_to_do(ask.facts));
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let approval = protect::needed(approval, review.as_ref());
    Ok(Plan {
        review,
        ..made(ask, specs, remarks, approval)
    })
}

/// The plan, when nothing speaks against it.
fn made(
    ask: &Ask<'_>,
    steps: Vec<StepSpec>,
    mut remarks: Vec<Remark>,
    approval: ApprovalNeed,
) -> Plan {
    let (reserves, follow_up) = (reserves(&steps, ask.facts), follow_up(ask));
    if let Some(later) = &follow_up {
        let text = format!(
            "On {} {}: the run makes an offboarding request for that day, which is planned and approved like any other.",
            later.on, later.because
        );
        remarks.push(Remark::new(Weight::Note, text));
    }
    remarks.sort();
    remarks.dedup();
    let person = &ask.facts.person;
    Plan {
        format: FORMAT,
        tenant: ask.request.tenant.clone(),
        directory: ask.directory.to_owned(),
        request: ask.request.id.clone(),
        kind: ask.request.kind,
        person: ObjectRef::new(ObjectKind::Person, &person.id, &person.display_name),
        upn: person.upn.clone(),
        at: ask.at,
        approval,
        steps,
        remarks,
        policy: ask.policy_digest.to_owned(),
        requester: ask.request.origin.requester.clone(),
        removals_may_grow: ask.policy.drift.removals_may_grow,
        reserves,
        follow_up,
        only: ask.request.only.clone(),
        review: None,
    }
}

/// What the steps will take of which there is only so much: sign-in names and seats.
fn reserves(specs: &[StepSpec], facts: &Facts) -> Vec<Reserve> {
    let mut reserves: Vec<Reserve> = Vec::new();
    for spec in specs {
        for effect in &spec.effects {
            let (kind, key) = match effect {
                Effect::CreatesPerson => (ReserveKind::Name, facts.person.upn.clone()),
                Effect::AssignsLicense { sku, .. } => {
                    let bought = facts.tenant.skus.iter().find(|bought| bought.id == *sku);
                    let Some(bought) = bought else { continue };
                    let free = bought.seats - bought.used;
                    (ReserveKind::Seat { free }, sku.as_str().to_owned())
                }
                _ => continue,
            };
            let step = spec.key.clone();
            if !reserves.iter().any(|other| other.key == key) {
                reserves.push(Reserve { kind, key, step });
            }
        }
    }
    reserves
}

/// The offboarding that follows from the end of a contract.
fn follow_up(ask: &Ask<'_>) -> Option<FollowUp> {
    if ask.request.kind != Kind::Onboard {
        return None;
    }
    let on = joiner::wanted(ask.request, ask.policy).contract_end?;
    Some(FollowUp {
        kind: Kind::Offboard,
        on,
        because: format!("the contract of {} ends", ask.facts.person.upn),
    })
}

fn circular(circle: &[StepKey]) -> Refusal {
    let keys: Vec<&str> = circle.iter().map(StepKey::as_str).collect();
    Refusal::new(
        "order",
        format!(
            "these steps wait for each other and can be put in no order: {}",
            keys.join(", ")
        ),
        "switch one of them off",
    )
}

fn nothing_to_do(facts: &Facts) -> Refusal {
    Refusal::new(
        "nothing-to-do",
        format!(
            "there is nothing to do for {}: every step that is switched on is done already",
            facts.person.upn
        ),
        "check the switches, or look at the person's earlier runs",
    )
}

fn broken_rules(ask: &Ask<'_>, specs: &[StepSpec]) -> Vec<Refusal> {
    let ground = Ground {
        kind: ask.request.kind,
        specs,
        facts: ask.facts,
    };
    rules::check(&ground)
        .into_iter()
        .map(|violation| {
            Refusal::new(
                format!("rule-{}", violation.rule),
                violation.text,
                format!(
                    "order rule {}: change the switches of this request or of the policy",
                    violation.rule
                ),
            )
        })
        .collect()
}

fn incomplete(request: &Request) -> impl Iterator<Item = Refusal> {
    request.asks.iter().map(|ask| {
        Refusal::new(
            "incomplete",
            format!("{} is missing: {}", ask.field, ask.question),
            "answer the question and plan again",
        )
    })
}

/// Puts steps in an order that respects all edges: containment first, then as early as edges allow, in the order proposed.
///
/// # Errors
/// The keys of a circle.
fn order(
    mut specs: Vec<StepSpec>,
    asked: Vec<(StepKey, crate::spec::Edge)>,
) -> Result<Vec<StepSpec>, Vec<StepKey>> {
    for (waits, edge) in asked {
        if let Some(spec) = specs.iter_mut().find(|spec| spec.key == waits) {
            spec.edges.push(edge);
        }
    }
    let keys: BTreeSet<StepKey> = specs.iter().map(|spec| spec.key.clone()).collect();
    for spec in &mut specs {
        // An edge to a step that is switched off asks for nothing.
        spec.edges.retain(|edge| keys.contains(edge.key()));
        spec.edges
            .sort_by(|a, b| a.key().cmp(b.key()).then(b.cmp(a)));
        spec.edges
            .dedup_by(|weaker, stronger| weaker.key() == stronger.key());
    }
    let mut placed: BTreeMap<StepKey, ()> = BTreeMap::new();
    let mut ordered = Vec::with_capacity(specs.len());
    while !specs.is_empty() {
        let ready = specs.iter().position(|spec| {
            spec.edges
                .iter()
                .all(|edge| placed.contains_key(edge.key()))
        });
        let Some(index) = ready else {
            return Err(specs.into_iter().map(|spec| spec.key).collect());
        };
        let spec = specs.remove(index);
        placed.insert(spec.key.clone(), ());
        ordered.push(spec);
    }
    Ok(ordered)
}

/// What an action is, so that nobody takes it for the whole playbook.
fn action(only: &[String]) -> Option<Remark> {
    let steps = match only {
        [] => return None,
        [one] => format!("an action of 1 step: {one}"),
        several => format!(
            "an action of {} steps: {}",
            several.len(),
            several.join(", ")
        ),
    };
    let text = format!("This is {steps}. Nothing else of a playbook is done.");
    Some(Remark::new(Weight::Note, text))
}

fn general_remarks(ground: &Ground<'_>, request: &Request) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let person = &ground.facts.person;
    let closes = ground.any(|e| *e == Effect::ClosesSignIn);
    // An action leaves open what it leaves open; only somebody's leaving asks for everything to be closed.
    let leaves = ground.kind == Kind::Offboard && request.only.is_none();
    if leaves && person.sign_in_allowed && !closes {
        remarks.push(Remark::new(
            Weight::Danger,
            format!(
                "{} can still sign in after this plan: block-sign-in is switched off.",
                person.upn
            ),
        ));
    }
    if closes {
        remarks.push(Remark::new(
            Weight::Note,
            "Access tokens already handed out can work for up to about an hour after sessions are revoked.",
        ));
    }
    let asked = ground.any(|e| *e == Effect::DisablesOnPremises);
    if person.synced && ground.kind == Kind::Offboard && (leaves || closes) && !asked {
        remarks.push(Remark::new(
            Weight::Danger,
            format!("{} is mastered on premises: disable the account and reset the password there too, or the next sync may undo the block.", person.upn),
        ));
    }
    let owned = ground.facts.owned_applications.iter();
    for owned in owned.filter(|_| request.only.is_none()) {
        let handed = ground.any(|e| matches!(e, Effect::HandsOverApplication { application } if *application == owned.id));
        if !handed && owned.owners.iter().all(|owner| *owner == person.id) {
            remarks.push(Remark::new(
                Weight::Caution,
                format!(
                    "{} has no other owner and gets none by this plan.",
                    owned.name
                ),
            ));
        }
    }
    for name in rules::touchy_licence_groups(ground) {
        remarks.push(Remark::new(
            Weight::Danger,
            format!("{name} gives licences by a rule that reads what this plan changes: it may take the licence by itself, which is why the mailbox is converted directly after containment where it is converted at all."),
        ));
    }
    for unchecked in &ground.facts.unchecked {
        remarks.push(Remark::new(
            Weight::Caution,
            format!("Not checked: {} ({}).", unchecked.what, unchecked.because),
        ));
    }
    for spec in ground.specs.iter().filter(|spec| !is_containment(spec)) {
        for change in &spec.changes {
            if let Reversal::ApprovedApart(because) = &change.reversal {
                remarks.push(Remark::new(
                    Weight::Danger,
                    format!("{}: {because}.", spec.summary),
                ));
            }
        }
    }
    remarks
}
