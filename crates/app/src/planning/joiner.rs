//! Plans for people who come: what request and policy want, then the tenant as far as that concerns it.

use std::collections::BTreeMap;

use connectors::facts::{self, JoinerWanted};
use connectors::{Connection, Ctx, Purpose};
use domain::facts::Facts;
use domain::joiner::{self, Wanted};
use domain::plan::{Plan, Remark, Weight};
use domain::planner::{Proposal, Refusal};
use domain::policy::{MailboxWish, Policy};
use domain::request::Request;
use domain::spec::Effect;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use store::{Reserved, TenantScope};

use super::{Basis, not_past, of_facts, refused, switches};
use crate::clock;
use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// What the joiner shall get, and the switches that hold for it: the company's instructions first, then the request's own.
fn wanted_by(policy: &Policy, request: &Request) -> (Wanted, BTreeMap<String, Value>) {
    let wanted = joiner::wanted(request, policy);
    let mut switches = wanted.switches.clone();
    switches.extend(request.switches.clone());
    (wanted, switches)
}

/// Somebody comes. Where steps wait for the first day by themselves, everything else is done as soon as it is approved.
pub(super) async fn basis(
    wiring: &Wiring,
    connection: &Connection,
    request: &Request,
    policy: &Policy,
) -> Result<Basis, Problem> {
    let (wanted, set) = wanted_by(policy, request);
    let switches = switches(policy, request, &set).map_err(refused)?;
    let reading = Reading {
        connection,
        ctx: Ctx::of(Purpose::Plan),
        policy,
        request,
        wanted: &wanted,
        names: steps::names(request, &switches),
        plan: None,
    };
    let facts = read(wiring, reading).await?;
    let mut proposal = steps::propose(request, policy, &facts, &switches);
    proposal.refusals.extend(over(&wanted, clock::now()));
    proposal.remarks.extend(wanted.remarks);
    proposal.refusals.extend(wanted.refusals);
    let leaving = leaving(wiring, request, &facts).await?;
    proposal.remarks.extend(leaving);
    if is_refused(&facts, &switches, &proposal) {
        // What needs the account says nothing more than why there is none.
        proposal.specs.clear();
    }
    let ahead = proposal.specs.iter().any(|spec| spec.not_before.is_some());
    let (at, late) = not_past(wanted.starts);
    proposal.remarks.extend(late);
    Ok(Basis {
        facts,
        proposal,
        at: at.filter(|_| !ahead),
    })
}

/// The person and the switches of a plan, with the tenant read again.
pub(super) async fn again(
    wiring: &Wiring,
    connection: &Connection,
    ctx: Ctx,
    request: &Request,
    policy: &Policy,
    plan: &Plan,
) -> Result<(Facts, BTreeMap<String, Value>), Problem> {
    let (wanted, set) = wanted_by(policy, request);
    let switches = switches(policy, request, &set).map_err(refused)?;
    let reading = Reading {
        connection,
        ctx,
        policy,
        request,
        wanted: &wanted,
        names: steps::names(request, &switches),
        plan: Some(plan),
    };
    Ok((read(wiring, reading).await?, switches))
}

/// Everything to be read for a joiner.
struct Reading<'a> {
    /// The tenant.
    connection: &'a Connection,
    /// Whose calls these are.
    ctx: Ctx,
    /// The policy.
    policy: &'a Policy,
    /// The request.
    request: &'a Request,
    /// What the joiner shall get.
    wanted: &'a Wanted,
    /// Other people that steps want to know.
    names: Vec<String>,
    /// The plan that is looked at again, whose sign-in name stands.
    plan: Option<&'a Plan>,
}

/// Reads the tenant for a joiner. What other approved plans have reserved counts as taken.
async fn read(wiring: &Wiring, reading: Reading<'_>) -> Result<Facts, Problem> {
    let Reading {
        connection,
        ctx,
        policy,
        request,
        wanted,
        mut names,
        plan,
    } = reading;
    let scope = TenantScope::of(&request.tenant);
    let reserved = wiring
        .store
        .reserved(&scope, &request.tenant, &request.id, clock::now())
        .await
        .map_err(of_store)?;
    names.extend(wanted.manager.clone());
    names.sort();
    names.dedup();
    let groups = written(wanted);
    let mailboxes: Vec<String> = wanted
        .mailboxes
        .iter()
        .map(|mailbox| MailboxWish::address(&mailbox.wish).to_owned())
        .collect();
    let asked = JoinerWanted {
        candidates: &wanted.candidates,
        domain: policy.naming.domain.as_deref(),
        address: wanted.address.as_deref(),
        reserved: &reserved.names,
        employee_id: wanted.profile.get("employee-id").map(String::as_str),
        display_name: &wanted.display_name,
        groups: &groups,
        mailboxes: &mailboxes,
        copy_from: wanted.copy_from.as_deref(),
        names: &names,
        chosen: plan.map(|plan| plan.upn.as_str()),
        now: clock::now(),
    };
    let mut facts = facts::read_joiner(connection, &ctx, asked)
        .await
        .map_err(|error| of_facts(&request.tenant, error))?;
    seats(&mut facts, &reserved);
    if let Some(plan) = plan
        && plan.upn.eq_ignore_ascii_case(&facts.person.upn)
    {
        // The plan knows a person whom its own run creates by the sign-in name, also once there is an object id.
        facts.person.id = plan.person.id.clone();
    }
    Ok(facts)
}

/// Groups and lists by name or address, each once.
fn written(wanted: &Wanted) -> Vec<String> {
    let all = wanted.groups.iter().chain(&wanted.licence_groups);
    let mut names: Vec<String> = all.map(|group| group.wish.clone()).collect();
    names.sort();
    names.dedup();
    names
}

fn seats(facts: &mut Facts, reserved: &Reserved) {
    for sku in &mut facts.tenant.skus {
        sku.reserved = reserved.seats.get(sku.id.as_str()).copied().unwrap_or(0);
    }
}

/// What the approver has to know about people who are named here and leave by a plan of ours.
async fn leaving(
    wiring: &Wiring,
    request: &Request,
    facts: &Facts,
) -> Result<Vec<Remark>, Problem> {
    let scope = TenantScope::of(&request.tenant);
    let leaving = wiring
        .store
        .leaving(&scope, &request.tenant)
        .await
        .map_err(of_store)?;
    let copied = facts
        .joiner
        .iter()
        .filter_map(|joiner| joiner.copied.as_ref());
    let named = facts.named.iter().flat_map(|named| &named.found);
    let mut remarks = Vec::new();
    for person in named.chain(copied.map(|copied| &copied.person)) {
        if let Some((upn, plan)) = leaving
            .iter()
            .find(|(upn, _)| upn.eq_ignore_ascii_case(&person.upn))
        {
            let text = format!(
                "{upn}, whom this request names, is leaving: plan {plan}. Decide who takes that place before you approve."
            );
            remarks.push(Remark::new(Weight::Danger, text));
        }
    }
    Ok(remarks)
}

/// A contract that has ended already is no reason to make an account.
fn over(wanted: &Wanted, now: Timestamp) -> Option<Refusal> {
    let end = wanted.contract_end?;
    let zone = wanted.site.as_ref().map_or(TimeZone::UTC, |site| {
        TimeZone::get(&site.time_zone).unwrap_or(TimeZone::UTC)
    });
    let today = now.to_zoned(zone).date();
    (end < today).then(|| {
        Refusal::new(
            "contract-end",
            format!(
                "the contract of {} ended on {end}, before today",
                wanted.display_name
            ),
            "correct the end of the contract, or leave the request",
        )
    })
}

/// Whether somebody new gets no account though it was asked for, and the reason is told.
fn is_refused(facts: &Facts, switches: &BTreeMap<String, Value>, proposal: &Proposal) -> bool {
    let new = facts.joiner.as_ref().is_some_and(|joiner| joiner.new);
    let mut specs = proposal.specs.iter();
    let made = specs.any(|spec| spec.has(|effect| *effect == Effect::CreatesPerson));
    new && !made && !proposal.refusals.is_empty() && switches.contains_key("create-user")
}
