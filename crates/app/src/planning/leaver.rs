//! Plans for people who leave: who is meant, what the standing instructions say, then the live tenant.

use std::collections::BTreeMap;

use connectors::facts::{self, Scan, Wanted, Who};
use connectors::{Connection, Ctx, Purpose};
use domain::facts::{AccountKind, Facts};
use domain::plan::Plan;
use domain::planner::Refusal;
use domain::policy::{self, ForLeaver, Policy};
use domain::request::Request;
use domain::spec::{Effect, StepSpec};
use domain::{ObjectId, TenantId};
use serde_json::Value;
use store::TenantScope;

use super::{Basis, of_facts, refused, start, switches};
use crate::clock;
use crate::problem::Problem;
use crate::wiring::{Wiring, of_call, of_store};

/// Somebody leaves.
pub(super) async fn basis(
    wiring: &Wiring,
    connection: &Connection,
    request: &Request,
    policy: &Policy,
    scan: bool,
) -> Result<Basis, Problem> {
    let scope = TenantScope::of(&request.tenant);
    let switches = switches(policy, request, &request.switches).map_err(refused)?;
    let written = named(request)?;
    let names = steps::names(request, &switches);
    let instructed_to = |name: &str| {
        let mut all = policy.instructions.iter();
        request.only.is_none() && all.any(|instruction| instruction.switches.contains_key(name))
    };
    let scans = "remove-mailbox-permissions";
    let looks = scan && (switches.contains_key(scans) || instructed_to(scans));
    let wanted = Wanted {
        person: Who::Written(&written),
        names: &names,
        scan: if looks { Scan::Everywhere } else { Scan::Skip },
        owned: &[],
        now: clock::now(),
    };
    let mut facts = facts::read(connection, &Ctx::of(Purpose::Plan), wanted)
        .await
        .map_err(|error| of_facts(&request.tenant, error))?;
    if facts.person.kind == AccountKind::SharedMailbox
        && made_shared(wiring, &scope, &facts.person.id).await?
    {
        facts.person.kind = AccountKind::Human;
    }
    let instructed = instructed(policy, request, &facts);
    let switches = with_instructions(policy, request, &instructed).map_err(refused)?;
    let more = steps::names(request, &switches);
    let ctx = Ctx::of(Purpose::Plan);
    look_up(connection, &ctx, &request.tenant, &more, &mut facts).await?;
    let (at, late) = start(policy, request)?;
    let mut proposal = steps::propose(request, policy, &facts, &switches);
    proposal.remarks.extend(late);
    proposal.remarks.extend(instructed.remarks);
    Ok(Basis {
        facts,
        proposal,
        at,
    })
}

/// The person and the switches of a plan, with the tenant read again.
pub(super) async fn again(
    connection: &Connection,
    ctx: &Ctx,
    request: &Request,
    policy: &Policy,
    plan: &Plan,
) -> Result<(Facts, BTreeMap<String, Value>), Problem> {
    let base = switches(policy, request, &request.switches).map_err(refused)?;
    let names = steps::names(request, &base);
    let wanted = Wanted {
        person: Who::Known {
            id: plan.person.id.as_str(),
            upn: &plan.upn,
        },
        names: &names,
        scan: Scan::Known(steps::rights_in(plan)),
        owned: &steps::owned_of(plan),
        now: clock::now(),
    };
    let mut facts = facts::read(connection, ctx, wanted)
        .await
        .map_err(|error| of_facts(&request.tenant, error))?;
    let instructed = instructed(policy, request, &facts);
    let switches = with_instructions(policy, request, &instructed).map_err(refused)?;
    let more = steps::names(request, &switches);
    look_up(connection, ctx, &request.tenant, &more, &mut facts).await?;
    Ok((facts, switches))
}

/// What the standing instructions say of this person's leaving. They say nothing about an action, whose steps are named.
fn instructed(policy: &Policy, request: &Request, facts: &Facts) -> ForLeaver {
    match request.only {
        Some(_) => ForLeaver::default(),
        None => policy::for_leaver(policy, &facts.person),
    }
}

/// Looks up people whom only the standing instructions name.
async fn look_up(
    connection: &Connection,
    ctx: &Ctx,
    tenant: &TenantId,
    names: &[String],
    facts: &mut Facts,
) -> Result<(), Problem> {
    let known = |name: &String| facts.named.iter().any(|named| named.written == *name);
    let more: Vec<String> = names.iter().filter(|name| !known(name)).cloned().collect();
    if more.is_empty() {
        return Ok(());
    }
    let named = facts::named(&connection.graph, ctx, &more).await;
    facts
        .named
        .extend(named.map_err(|error| of_call(tenant, &error))?);
    Ok(())
}

/// The switches with what standing instructions say of this person; the request has the last word.
fn with_instructions(
    policy: &Policy,
    request: &Request,
    instructed: &ForLeaver,
) -> Result<BTreeMap<String, Value>, Vec<Refusal>> {
    let mut set = instructed.switches.clone();
    set.extend(request.switches.clone());
    switches(policy, request, &set)
}

/// The person as written: the address counts more than the name.
fn named(request: &Request) -> Result<String, Problem> {
    let hint = &request.person;
    hint.address
        .as_ref()
        .or(hint.name.as_ref())
        .map(|cited| cited.value.clone())
        .ok_or_else(|| {
            Problem::refused("person", "the request does not say who is meant")
                .hint("give the sign-in name")
        })
}

/// How many of the newest runs are looked through for an earlier conversion.
const RUNS_BACK: u32 = 1_000;

/// Whether a run of ours has made this person's mailbox a shared one: then the account is still the person's, and what an earlier
/// run left open can be planned again.
async fn made_shared(
    wiring: &Wiring,
    scope: &TenantScope,
    person: &ObjectId,
) -> Result<bool, Problem> {
    for row in wiring
        .store
        .runs(scope, RUNS_BACK)
        .await
        .map_err(of_store)?
    {
        let plan = wiring
            .store
            .plan(scope, &row.plan)
            .await
            .map_err(of_store)?
            .plan;
        let converted = |spec: &StepSpec| {
            spec.has(|effect| *effect == Effect::ConvertsMailbox)
                && row
                    .state
                    .step(&spec.key)
                    .is_some_and(|step| step.receipt.effective_ms.is_some())
        };
        if plan.person.id == *person && plan.steps.iter().any(converted) {
            return Ok(true);
        }
    }
    Ok(false)
}
