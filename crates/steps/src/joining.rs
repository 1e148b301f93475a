//! What joiner steps share: what the person shall get, which groups that means in this tenant, and who the person is by now.

use domain::facts::{Copied, Facts, Group, GroupNamed, Joiner};
use domain::joiner::{self, Sourced, Wanted, barred, kept_from_contractors, may_copy};
use domain::plan::{Remark, Weight};
use domain::planner::{Proposal, Refusal};
use domain::policy::Policy;
use domain::request::{Kind, Request};
use domain::spec::{Change, Effect};
use engine::hands::{Applied, Problem, Task};
use serde_json::Value;

use crate::cx::Cx;
use crate::membership::{MEMBER, PROPERTY, group_ref};
use crate::step::{change, names};
use crate::wish::Wish;

/// The field that names the colleague whose access is copied.
pub(crate) const COPY_FROM: &str = "copy-from";

/// The source of wishes that stand in the request alone, in the words of [`Sourced::because`].
const REQUEST: &str = "the request";

/// What was read for the person who comes, and what that person shall get; nothing for anybody else.
pub(crate) fn joins<'a>(wish: &Wish<'a>) -> Option<(&'a Joiner, Wanted)> {
    let joiner = wish.facts.joiner.as_ref()?;
    Some((joiner, joiner::wanted(wish.request, wish.policy)))
}

/// Why the account that was found is not taken for the person of the request: it bears another name. An employee id or an address can
/// be mistyped, and the account of a colleague must not be completed and handed over.
pub(crate) fn somebody_else(request: &Request, policy: &Policy, facts: &Facts) -> Option<Refusal> {
    let joiner = facts.joiner.as_ref()?;
    if joiner.new || request.kind != Kind::Onboard {
        return None;
    }
    let (person, asked) = (&facts.person, joiner::wanted(request, policy));
    if joiner::names_agree(&asked, person) {
        return None;
    }
    let id = asked.profile.get("employee-id");
    let by = match (id, &person.employee_id) {
        (Some(id), Some(known)) if id.eq_ignore_ascii_case(known) => format!("employee id {id}"),
        _ => format!(
            "the address {}",
            asked.address.as_deref().unwrap_or(&person.upn)
        ),
    };
    Some(Refusal::new(
        "somebody-else",
        format!(
            "the account {} that has {by} is {}, and the request is about {}",
            person.upn, person.display_name, asked.display_name
        ),
        "correct the employee id or the address in the request; where it is this very person, write the name as the directory has it",
    ))
}

/// Which of the two systems memberships are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// The directory: security and Microsoft 365 groups.
    Directory,
    /// The mail system: distribution lists and mail-enabled security groups.
    Mail,
}

/// A group that the person shall be in, and on whose account.
#[derive(Clone, Debug)]
pub(crate) struct Pick<'a> {
    /// The group.
    pub(crate) group: &'a Group,
    /// On whose account.
    pub(crate) because: String,
}

/// The person becomes a member.
pub(crate) fn join(group: &Group) -> Change {
    change(group_ref(group), PROPERTY, Value::Null, MEMBER)
}

/// The effect of becoming a member.
pub(crate) fn joined(group: &Group) -> Effect {
    if group.is_list() {
        Effect::AddsListMembership {
            list: group.id.clone(),
        }
    } else {
        Effect::AddsMembership {
            group: group.id.clone(),
        }
    }
}

/// Whether the person is a direct member already.
pub(crate) fn is_member(wish: &Wish<'_>, group: &Group) -> bool {
    wish.facts.memberships.iter().any(|own| own.id == group.id)
}

/// The one group meant by a wish. A policy's name that means none or several is a refusal, a request's is left out with a remark.
pub(crate) fn group_of<'a>(
    joiner: &'a Joiner,
    wish: &Sourced<String>,
    out: &mut Proposal,
) -> Option<&'a Group> {
    let named = |entry: &&GroupNamed| entry.written.eq_ignore_ascii_case(&wish.wish);
    let entry = joiner.groups.iter().find(named);
    let found = entry.map_or(&[] as &[Group], |entry| entry.found.as_slice());
    let because = match found {
        [one] => return Some(one),
        [] => "there is no group or list of that name in the tenant".to_owned(),
        several => {
            let all: Vec<String> = several
                .iter()
                .map(|group| format!("{} ({})", group.name, group.id))
                .collect();
            format!("that can be any of {}", all.join(", "))
        }
    };
    let (text, because_of) = (&wish.wish, &wish.because);
    if *because_of == REQUEST {
        remark(
            out,
            Weight::Caution,
            format!("The request asks for “{text}”, and it is left out: {because}."),
        );
    } else {
        refuse(
            out,
            Refusal::new(
                "unknown-group",
                format!("{because_of} gives “{text}”, and {because}"),
                "correct the name in the policy, or create or rename the group",
            ),
        );
    }
    None
}

/// The groups, or the lists, that the person shall be in and is not yet.
pub(crate) fn picks<'a>(
    wish: &Wish<'a>,
    joiner: &'a Joiner,
    wanted: &Wanted,
    kept: Kept,
    out: &mut Proposal,
) -> Vec<Pick<'a>> {
    let ours = |group: &Group| group.is_list() == (kept == Kept::Mail);
    let mut picks: Vec<Pick<'a>> = Vec::new();
    for one in &wanted.groups {
        let Some(group) = group_of(joiner, one, out).filter(|group| ours(group)) else {
            continue;
        };
        let pick = Pick {
            group,
            because: one.because.clone(),
        };
        let doubled = picks.iter().any(|other| other.group.id == group.id);
        if !doubled && !is_member(wish, group) && is_open(wish, wanted, &pick, &one.wish, out) {
            picks.push(pick);
        }
    }
    let Some(copied) = copied(wish, joiner, wanted, out) else {
        return picks;
    };
    let mut left: Vec<String> = Vec::new();
    for group in copied.memberships.iter().filter(|group| ours(group)) {
        let doubled = picks.iter().any(|other| other.group.id == group.id);
        if doubled || is_member(wish, group) {
            continue;
        }
        match copies(wish, wanted, group) {
            Ok(()) => picks.push(Pick {
                group,
                because: format!("copied from {}", copied.person.display_name),
            }),
            Err(because) => left.push(format!("{} ({because})", group.name)),
        }
    }
    if !left.is_empty() {
        remark(
            out,
            Weight::Note,
            format!(
                "Not copied from {}: {}.",
                copied.person.display_name,
                left.join(", ")
            ),
        );
    }
    picks
}

/// Whether membership can and may be given from here; tells the approver where not.
fn is_open(
    wish: &Wish<'_>,
    wanted: &Wanted,
    pick: &Pick<'_>,
    written: &str,
    out: &mut Proposal,
) -> bool {
    let (group, because) = (pick.group, &pick.because);
    let person = wish.name();
    if let Some((weight, text)) = unwritable(group, person) {
        remark(out, weight, text);
        return false;
    }
    if is_kept_back(wish, wanted, pick, written, out) {
        return false;
    }
    if !group.licenses.is_empty() {
        remark(
            out,
            Weight::Caution,
            format!(
                "{} gives licences and is left out here ({because}): groups that give licences are listed under `licence-groups`.",
                group.name
            ),
        );
        return false;
    }
    if group.role_assignable {
        if *because == REQUEST {
            remark(
                out,
                Weight::Caution,
                format!(
                    "{} is left out: admin roles can be assigned to it, and such groups are never given on request.",
                    group.name
                ),
            );
            return false;
        }
        remark(
            out,
            Weight::Danger,
            format!(
                "{} is a group that admin roles can be assigned to; {person} gets it by {because}.",
                group.name
            ),
        );
    }
    true
}

/// Whether policy keeps the group from this person; tells the approver. The policy names groups in one way, the request perhaps in
/// another: every name and address counts.
pub(crate) fn is_kept_back(
    wish: &Wish<'_>,
    wanted: &Wanted,
    pick: &Pick<'_>,
    written: &str,
    out: &mut Proposal,
) -> bool {
    let (group, because) = (pick.group, &pick.because);
    let names: Vec<&str> = std::iter::once(written).chain(group.names()).collect();
    let (rule, how) = if because == REQUEST {
        let rule = barred(wish.policy, wanted.contractor, &names);
        (
            rule,
            "is asked for and not allowed by policy, so it".to_owned(),
        )
    } else {
        let rule = kept_from_contractors(wish.policy, wanted.contractor, &names);
        (rule, format!("comes with {because} and"))
    };
    let Some(rule) = rule else {
        return false;
    };
    remark(
        out,
        Weight::Caution,
        format!("{} {how} is not given: {rule}.", group.name),
    );
    true
}

/// Why membership is not written from here, and how much that matters.
pub(crate) fn unwritable(group: &Group, person: &str) -> Option<(Weight, String)> {
    if group.synced {
        Some((
            Weight::ByHand,
            format!(
                "{} is mastered on premises: add {person} there.",
                group.name
            ),
        ))
    } else if group.rule.is_some() {
        Some((
            Weight::Note,
            format!(
                "{} takes its members from a rule: {person} is in it when the rule matches, and not by this plan.",
                group.name
            ),
        ))
    } else {
        None
    }
}

/// Whether a colleague's membership is copied, or why not.
fn copies(wish: &Wish<'_>, wanted: &Wanted, group: &Group) -> Result<(), String> {
    may_copy(wish.policy, wanted.contractor, group)?;
    if !group.licenses.is_empty() {
        return Err("it gives licences, which are never copied".to_owned());
    }
    if group.synced {
        return Err("it is mastered on premises".to_owned());
    }
    if group.rule.is_some() {
        return Err("its members follow from a rule".to_owned());
    }
    Ok(())
}

/// The colleague whose access is copied; a refusal where it is not clear who is meant.
fn copied<'a>(
    wish: &Wish<'a>,
    joiner: &'a Joiner,
    wanted: &Wanted,
    out: &mut Proposal,
) -> Option<&'a Copied> {
    let written = wanted.copy_from.as_deref()?;
    if let Some(copied) = &joiner.copied {
        return Some(copied);
    }
    let named = &wish.facts.named;
    let entry = named
        .iter()
        .find(|named| named.written.eq_ignore_ascii_case(written));
    let found = entry.map_or(&[] as &[_], |entry| entry.found.as_slice());
    let refusal = if let [_, _, ..] = found {
        let upns: Vec<&str> = found.iter().map(|one| one.upn.as_str()).collect();
        Refusal::new(
            "ambiguous-person",
            format!(
                "access is copied from “{written}”, and that can be any of {}",
                upns.join(", ")
            ),
            "give the sign-in name of the one who is meant",
        )
    } else {
        Refusal::new(
            "unknown-person",
            format!("access is copied from “{written}”, and nobody of that name is in the tenant"),
            "give the sign-in name as it stands in the directory, or leave it out",
        )
    };
    refuse(out, refusal);
    None
}

/// The names of what is picked, as a sentence holds them.
pub(crate) fn picked(picks: &[Pick<'_>]) -> String {
    names(picks.iter().map(|pick| pick.group.name.as_str()))
}

/// A refusal, unless another step has said the same.
pub(crate) fn refuse(out: &mut Proposal, refusal: Refusal) {
    if !out.refusals.contains(&refusal) {
        out.refusals.push(refusal);
    }
}

/// A remark, unless another step has said the same.
pub(crate) fn remark(out: &mut Proposal, weight: Weight, text: String) {
    let remark = Remark::new(weight, text);
    if !out.remarks.contains(&remark) {
        out.remarks.push(remark);
    }
}

/// The person's object id, for calls that take no sign-in name.
///
/// # Errors
/// The same problem for everything that was to be done.
pub(crate) async fn person(
    cx: &Cx<'_>,
    task: &Task<'_>,
    todo: &[usize],
) -> Result<String, Applied> {
    cx.person_id(task)
        .await
        .map_err(|problem| none_done(todo, &problem))
}

/// Nothing was done, for this reason.
pub(crate) fn none_done(todo: &[usize], problem: &Problem) -> Applied {
    Applied {
        problems: todo.iter().map(|&index| (index, problem.clone())).collect(),
        ..Applied::default()
    }
}
