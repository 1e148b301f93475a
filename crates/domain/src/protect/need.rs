//! Who has to decide on a plan, and what the policy has decided beforehand (DESIGN.md section 9).

use super::{BY_POLICY, is_one, listed, one_name};
use crate::plan::{ApprovalNeed, Escalation, Review};
use crate::planner::{Ask, Refusal};
use crate::policy::{Policy, PreApproved};
use crate::request::Kind;
use crate::spec::{Effect, StepSpec};

/// Who has to decide about this person.
#[must_use]
pub fn approval(ask: &Ask<'_>) -> ApprovalNeed {
    let policy = ask.policy;
    let because = second_approver(ask);
    ApprovalNeed {
        people: if because.is_some() {
            policy.approvals.people.max(2)
        } else {
            policy.approvals.people.max(1)
        },
        approvers: policy.approvals.approvers.clone(),
        because,
        holds_for_hours: policy.approvals.holds_for_hours,
        escalation: escalation(policy),
        expires_after_hours: policy.approvals.expires_after_hours,
    }
}

/// Why one approver is not enough, if so.
fn second_approver(ask: &Ask<'_>) -> Option<String> {
    let (policy, facts) = (ask.policy, ask.facts);
    let privileged: Vec<&str> = facts
        .roles
        .iter()
        .filter(|role| role.privileged)
        .map(|role| role.name.as_str())
        .collect();
    let upn = &facts.person.upn;
    if !privileged.is_empty() {
        return Some(format!("the person holds {}", privileged.join(", ")));
    }
    if listed(&policy.protected.vip, upn) {
        return Some("the person is on the VIP list".to_owned());
    }
    if ask
        .around
        .operators
        .iter()
        .any(|operator| is_one(operator, upn))
    {
        return Some("the person is an operator of Tenure".to_owned());
    }
    too_many(ask)
}

/// Why this leaver is one too many for one approver, if so (DESIGN.md section 1, the blast radius).
fn too_many(ask: &Ask<'_>) -> Option<String> {
    let limit = ask.policy.limits.leavers?;
    let leaves = ask.request.kind == Kind::Offboard
        && (ask.request.only.is_none() || ask.around.contain_now);
    let number = ask.around.leavers.saturating_add(1);
    (leaves && number > limit.count).then(|| {
        format!(
            "this is leaver {number} within {} hours, and the policy lets {} go without a second approver",
            limit.within_hours, limit.count
        )
    })
}

/// Whether the policy has approved the closing of access beforehand, and what is looked at afterwards; nothing where nobody asks for it.
///
/// # Errors
/// Every reason why it has to wait for an approver.
pub(crate) fn pre_approval(
    ask: &Ask<'_>,
    need: &ApprovalNeed,
    specs: &[StepSpec],
) -> Result<Option<Review>, Vec<Refusal>> {
    if !ask.around.contain_now {
        return Ok(None);
    }
    let (origin, upn) = (&ask.request.origin, &ask.facts.person.upn);
    let approvals = &ask.policy.approvals;
    let hint = "plan it, and have it approved";
    let mut refusals = Vec::new();
    let mut refuse = |text: String| {
        refusals.push(Refusal::new("not-pre-approved", text, hint));
    };
    match PreApproved::of_channel(&origin.channel) {
        None => refuse(format!(
            "a request that came as {} never closes access by itself: text proves nothing of who wrote it",
            origin.channel
        )),
        Some(from) if !approvals.pre_approved_containment.contains(&from) => refuse(format!(
            "the policy does not approve containment beforehand for “{}”",
            from.word()
        )),
        Some(_) => {}
    }
    if let Some(because) = &need.because {
        refuse(format!("{upn} waits for two approvers: {because}"));
    }
    if ask.at.is_some() {
        refuse(
            "containment that is approved beforehand is for now, and this is for later".to_owned(),
        );
    }
    let closes = |effect: &Effect| {
        matches!(
            effect,
            Effect::ClosesSignIn
                | Effect::ResetsPassword
                | Effect::EndsSessions
                | Effect::EndsSessionsAgain
        )
    };
    for spec in specs.iter().filter(|spec| !spec.effects.iter().all(closes)) {
        refuse(format!(
            "{} does more than close access and waits for an approver",
            spec.key
        ));
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    Ok(Some(Review {
        text: format!(
            "Access of {} ({upn}) was closed under the policy's pre-approval, because {} asked for it; an approver must look at it. Find out whether it was right; plan the rest, or take the run back; then close this with what you found.",
            ask.facts.person.display_name, origin.requester
        ),
        reviewers: approvals.reviewers.clone(),
    }))
}

/// Who has to decide where the policy has decided already: it counts for everybody it would else have asked.
pub(crate) fn needed(need: ApprovalNeed, review: Option<&Review>) -> ApprovalNeed {
    match review {
        Some(_) => ApprovalNeed { people: 1, ..need },
        None => need,
    }
}

/// The name under which a policy approves for whoever asked.
#[must_use]
pub fn by_policy(policy_digest: &str, requester: &str) -> String {
    let short: String = policy_digest.chars().take(12).collect();
    let requester = one_name(requester).unwrap_or_else(|_| requester.trim().to_owned());
    format!("{BY_POLICY}{short} for {requester}")
}

/// Who is asked as well when nobody decides in time.
fn escalation(policy: &Policy) -> Option<Escalation> {
    let after_hours = policy.approvals.escalate_after_hours?;
    Some(Escalation {
        after_hours,
        to: policy.approvals.escalate_to.clone(),
    })
}
