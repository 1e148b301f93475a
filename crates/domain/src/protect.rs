//! Who is protected, and who has to decide (DESIGN.md section 9). Checked at planning and again before the first write.

mod need;

use crate::facts::{AccountKind, Facts};
use crate::plan::{Plan, Remark, Weight};
use crate::planner::Refusal;
use crate::policy::Policy;
use crate::request::{Kind, Request};
use crate::spec::{Effect, StepSpec};

pub use need::{approval, by_policy};
pub(crate) use need::{needed, pre_approval};

/// Whether a list of sign-in names holds this one; case does not matter.
#[must_use]
pub fn listed(list: &[String], upn: &str) -> bool {
    list.iter().any(|entry| entry.eq_ignore_ascii_case(upn))
}

/// Every reason of section 9 why this plan must not be.
#[must_use]
pub fn refusals(
    request: &Request,
    policy: &Policy,
    facts: &Facts,
    specs: &[StepSpec],
) -> Vec<Refusal> {
    let mut refusals = protected(policy, facts);
    refusals.extend(last_administrators(facts, specs));
    refusals.extend(limits(policy, facts, specs));
    let person = &facts.person;
    if request.kind == Kind::Offboard && request.origin.requester.eq_ignore_ascii_case(&person.upn)
    {
        let what = match request.only {
            None => "his own offboarding",
            Some(_) => "an action on himself",
        };
        refusals.push(Refusal::new(
            "about-himself",
            format!("{} asks for {what}", person.upn),
            "have the manager or HR ask",
        ));
    }
    refusals.dedup();
    refusals
}

/// Accounts that are never touched.
fn protected(policy: &Policy, facts: &Facts) -> Vec<Refusal> {
    let person = &facts.person;
    let mut refusals = Vec::new();
    let hint = "nobody can override this from a ticket, the command line or the API; change the policy if the person is listed by mistake";
    if listed(&policy.protected.break_glass, &person.upn) {
        let text = format!(
            "{} is an emergency account of this tenant and is never touched",
            person.upn
        );
        refusals.push(Refusal::new("protected", text, hint));
    }
    if listed(&policy.protected.service_accounts, &person.upn) {
        let text = format!(
            "{} is listed as a service account and is never touched",
            person.upn
        );
        refusals.push(Refusal::new("protected", text, hint));
    }
    let kind = match person.kind {
        AccountKind::Human => None,
        AccountKind::SharedMailbox => Some("the account of a shared mailbox"),
        AccountKind::Resource => Some("the account of a room or a piece of equipment"),
        AccountKind::Service => Some("a service account"),
        AccountKind::Sync => Some("the account of directory synchronisation"),
    };
    if let Some(kind) = kind {
        let text = format!("{} is {kind} and is never touched", person.upn);
        refusals.push(Refusal::new("protected", text, "name the person instead"));
    }
    if person.guest {
        let text = format!(
            "{} is a guest; guests have a playbook of their own",
            person.upn
        );
        let hint = "remove the guest in the tenant until that playbook exists";
        refusals.push(Refusal::new("guest", text, hint));
    }
    refusals
}

/// At least two Global Administrators must stay.
fn last_administrators(facts: &Facts, specs: &[StepSpec]) -> Option<Refusal> {
    let person = &facts.person;
    let administrators = &facts.tenant.global_administrators;
    let others = administrators.iter().filter(|id| **id != person.id).count();
    let takes = specs.iter().any(|spec| {
        spec.has(|e| {
            matches!(
                e,
                Effect::ClosesSignIn | Effect::RemovesRole { .. } | Effect::DeletesPerson
            )
        })
    });
    (administrators.contains(&person.id) && takes && others < 2).then(|| {
        Refusal::new(
            "global-administrators",
            format!("without {} the tenant would have {others} Global Administrator(s) left; at least two must stay", person.upn),
            "give the role to somebody else first, then plan again",
        )
    })
}

/// Pilot mode and the tenant's list of steps.
fn limits(policy: &Policy, facts: &Facts, specs: &[StepSpec]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if policy.pilot.on && !listed(&policy.pilot.persons, &facts.person.upn) {
        refusals.push(Refusal::new(
            "pilot",
            format!(
                "this tenant is in pilot mode, and {} is not one of its test persons",
                facts.person.upn
            ),
            "add the person to [pilot] persons, or end the pilot",
        ));
    }
    if let Some(allowed) = &policy.steps.allowed {
        for spec in specs.iter().filter(|spec| !allowed.contains(&spec.step)) {
            refusals.push(Refusal::new(
                "not-allowed",
                format!(
                    "{} is not on this tenant's list of allowed steps",
                    spec.step
                ),
                "switch it off, or add it to [steps] allowed",
            ));
        }
    }
    refusals
}

/// What the approver must know about the protection itself.
#[must_use]
pub fn remarks(policy: &Policy) -> Vec<Remark> {
    if policy.protected.break_glass_confirmed {
        return Vec::new();
    }
    vec![Remark::new(
        Weight::Danger,
        "The tenant's emergency accounts are not confirmed yet: no run starts before [protected] break-glass-confirmed is true.",
    )]
}

/// Whether two written names are one person.
#[must_use]
pub fn is_one(one: &str, other: &str) -> bool {
    matches!((one_name(one), one_name(other)), (Ok(one), Ok(other)) if one == other)
}

/// One person's name as separation of duties compares it: the bare address of `Name <address>`, folded to lower case. Two spellings
/// of one person must not count as two people.
///
/// # Errors
/// The sentence to show, for a name that is empty or holds characters nobody can see.
pub fn one_name(written: &str) -> Result<String, String> {
    let inside = match (written.rfind('<'), written.rfind('>')) {
        (Some(open), Some(close)) if open < close => &written[open + 1..close],
        _ => written,
    };
    let bare = inside
        .trim()
        .trim_start_matches("mailto:")
        .trim_matches(['"', '\'', ' ', '.', ',', ';']);
    let folded = bare.to_lowercase();
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    if folded.is_empty() {
        return Err("a name is empty".to_owned());
    }
    if written.chars().any(hidden) {
        return Err(format!(
            "the name {} holds characters that nobody can see",
            written.escape_unicode()
        ));
    }
    if folded.contains('@') && !folded.is_ascii() {
        return Err(format!(
            "the address {folded} has letters that only look like others; write it plainly"
        ));
    }
    Ok(folded)
}

/// What stands before the name under which a policy has approved: no person decides under such a name.
pub const BY_POLICY: &str = "policy:";

/// Whether this person may decide on this plan; the reason when not. Whether it is still to be decided on is not asked here: see
/// [`crate::approval`].
///
/// # Errors
/// The sentence to show.
pub fn may_approve(plan: &Plan, by: &str) -> Result<(), String> {
    may(plan, by, &plan.approval.approvers)
}

/// Whether this person may look at what the policy of this plan approved beforehand; the reason when not.
///
/// # Errors
/// The sentence to show.
pub fn may_review(plan: &Plan, by: &str) -> Result<(), String> {
    let named = plan.review.as_ref().map(|review| &review.reviewers);
    may(
        plan,
        by,
        named
            .filter(|named| !named.is_empty())
            .unwrap_or(&plan.approval.approvers),
    )
}

/// Whether this person may decide where these people may; everybody where the list is empty.
pub(crate) fn may(plan: &Plan, by: &str, approvers: &[String]) -> Result<(), String> {
    let name = one_name(by)?;
    if by.trim().to_lowercase().starts_with(BY_POLICY) {
        return Err(format!(
            "{by} is no person: a policy decides under such a name"
        ));
    }
    let is = |other: &str| one_name(other).is_ok_and(|other| other == name);
    if is(&plan.requester) {
        return Err(format!(
            "{by} asked for this plan and cannot approve it; somebody else has to"
        ));
    }
    if is(&plan.upn) || is(&plan.person.name) {
        return Err(format!(
            "{by} is the person this plan is about and cannot approve it"
        ));
    }
    if !approvers.is_empty() && !approvers.iter().any(|approver| is(approver)) {
        return Err(format!(
            "{by} is not an approver of this tenant; approvers are {}",
            approvers.join(", ")
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::one_name;

    #[test]
    fn one_person_has_one_name_however_it_is_written() {
        let spellings = [
            "hr@contoso.example",
            "HR@Contoso.Example",
            "Human Resources <hr@contoso.example>",
            "<hr@contoso.example>",
            "\"hr@contoso.example\"",
            "mailto:hr@contoso.example",
            " hr@contoso.example. ",
        ];
        for spelling in spellings {
            assert_eq!(
                one_name(spelling).as_deref(),
                Ok("hr@contoso.example"),
                "{spelling}"
            );
        }
        for hidden in [
            "hr@contoso.example\u{200b}",
            "h\u{202e}r@contoso.example",
            "",
            "hr@\u{217d}ontoso.example",
        ] {
            assert!(one_name(hidden).is_err(), "{hidden:?}");
        }
        assert_eq!(one_name("Jörg").as_deref(), Ok("jörg"));
    }
}
