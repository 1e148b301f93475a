//! Who is to be told what. Pure: plan, request, operators and decisions are handed in.

use domain::access::role_in;
use domain::approval::{Case, Standing};
use domain::plan::Plan;
use domain::protect::{is_one, one_name};
use domain::request::Request;
use store::Operator;

/// Somebody who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reader {
    /// The name; empty where it is not known.
    pub(super) name: String,
    /// The mail address.
    pub(super) address: String,
    /// The time zone, where it is known.
    pub(super) zone: Option<String>,
}

impl Reader {
    pub(super) fn of(operator: &Operator) -> Self {
        Self {
            name: operator.name.clone(),
            address: operator.email.clone(),
            zone: operator.zone.clone(),
        }
    }
}

/// The operators who are to decide on a plan: those who may still do so now, may see it, and are not whom it concerns.
pub(super) fn to_ask<'a>(
    case: &Case<'_>,
    request: &Request,
    operators: &'a [Operator],
) -> Vec<&'a Operator> {
    if !matches!(case.standing(), Standing::Waiting { .. }) {
        return Vec::new();
    }
    let plan = &case.stored.plan;
    let asked = |operator: &&Operator| {
        !operator.disabled
            && may_know(plan, request, &operator.email)
            && case.may_decide(&operator.email).is_ok()
    };
    operators.iter().filter(asked).collect()
}

/// Those whom the policy names and who have no account here, as far as they may decide now.
pub(super) fn strangers(
    case: &Case<'_>,
    request: &Request,
    named: &[String],
    operators: &[Operator],
) -> Vec<Reader> {
    let mut strangers: Vec<Reader> = Vec::new();
    for written in named {
        let is_known = operators.iter().any(|one| is_one(&one.email, written))
            || strangers.iter().any(|one| is_one(&one.address, written));
        let may = may_know(&case.stored.plan, request, written) && case.may_decide(written).is_ok();
        if may && !is_known {
            strangers.extend(by_mail(written));
        }
    }
    strangers
}

/// Whoever has to do a step by hand: an operator, by address or name, or somebody else by address.
pub(super) fn assignee(
    written: &str,
    plan: &Plan,
    request: &Request,
    operators: &[Operator],
) -> Option<Reader> {
    let is_called = |one: &&Operator| {
        is_one(&one.email, written) || one.name.trim().eq_ignore_ascii_case(written.trim())
    };
    let called: Vec<&Operator> = operators.iter().filter(is_called).collect();
    let reader = match called.as_slice() {
        [] => by_mail(written)?,
        [one] if !one.disabled && role_in(&one.grants, &plan.tenant).is_some() => Reader::of(one),
        // Two of one name: nobody knows who is meant.
        _ => return None,
    };
    may_know(plan, request, &reader.address).then_some(reader)
}

/// Somebody of whom nothing but the address is known.
fn by_mail(written: &str) -> Option<Reader> {
    let address = one_name(written).ok().filter(|name| is_address(name))?;
    Some(Reader {
        name: String::new(),
        address,
        zone: None,
    })
}

/// Who learns how a plan ended: whoever asked, and who approved; everybody once, and nobody who holds nothing in the tenant any more.
pub(super) fn to_tell(
    plan: &Plan,
    request: &Request,
    approvers: &[String],
    operators: &[Operator],
) -> Vec<Reader> {
    let mut told: Vec<Reader> = Vec::new();
    for written in std::iter::once(&plan.requester).chain(approvers) {
        let operator = operators
            .iter()
            .find(|operator| is_one(&operator.email, written));
        let reader = match operator {
            Some(one) if one.disabled || role_in(&one.grants, &plan.tenant).is_none() => continue,
            Some(one) => Reader::of(one),
            None => {
                let Some(reader) = by_mail(written) else {
                    continue;
                };
                reader
            }
        };
        let is_new = !told.iter().any(|one| is_one(&one.address, &reader.address));
        if is_new && may_know(plan, request, &reader.address) {
            told.push(reader);
        }
    }
    told
}

/// Whether this person may learn of the plan at all: a confidential one is for the named, and nobody is told about himself.
fn may_know(plan: &Plan, request: &Request, address: &str) -> bool {
    let hinted = request.person.address.as_ref();
    let concerned = is_one(address, &plan.upn)
        || is_one(address, &plan.person.name)
        || hinted.is_some_and(|hinted| is_one(address, &hinted.value));
    !concerned && request.is_visible_to(address)
}

/// Whether a name is one to which mail can go; `policy:…` and the names of channels are not.
fn is_address(name: &str) -> bool {
    let parts = name.split_once('@');
    let whole = |part: &str| !part.is_empty() && !part.contains([' ', ':', ',', ';', '@']);
    parts.is_some_and(|(local, host)| whole(local) && whole(host) && host.contains('.'))
}
