//! From a request to a stored plan: policy, switches, facts, proposals, order, digest. Nothing is changed in the tenant.

pub(crate) mod dated;
mod joiner;
mod reverse;

use std::collections::BTreeMap;

use connectors::facts::{self, FactsError, Scan, Wanted, Who};
use connectors::{Connection, Ctx, Purpose};
use domain::facts::{AccountKind, Facts};
use domain::plan::{Plan, Remark, StoredPlan, Weight};
use domain::planner::{self, Ask, Proposal, Refusal};
use domain::policy::{self, ForLeaver, Policy};
use domain::request::{Kind, Request, When};
use domain::spec::{Effect, StepSpec};
use domain::{ObjectId, PlanId, RequestId, TenantId};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use steps::Ground;
use store::{PolicyVersion, TenantScope};

use crate::clock;
use crate::problem::{Exit, Problem};
use crate::wiring::{Wiring, of_call, of_store};

/// The tenant's policy in force, parsed.
///
/// # Errors
/// `no-policy` when none was applied.
pub(crate) async fn policy(
    wiring: &Wiring,
    tenant: &TenantId,
) -> Result<(PolicyVersion, Policy), Problem> {
    let version = version(wiring, tenant).await?;
    let policy = parsed(&version)?;
    Ok((version, policy))
}

/// The tenant's policy in force, as it was applied.
///
/// # Errors
/// `no-policy` when none was, and when there is no such tenant.
pub(crate) async fn version(wiring: &Wiring, tenant: &TenantId) -> Result<PolicyVersion, Problem> {
    let scope = TenantScope::of(tenant);
    match wiring.store.policy(&scope, tenant).await {
        Err(store::Error::Missing { .. }) => {
            wiring.tenant(tenant.as_str()).await?;
            Err(Problem::refused("no-policy", format!("tenant {tenant} has no policy yet"))
                .hint(format!("tenure policy init {tenant} > {tenant}.toml, edit it, then tenure policy apply {tenant} {tenant}.toml --as YOU")))
        }
        version => version.map_err(of_store),
    }
}

/// A stored policy, read by this version of Tenure.
pub(crate) fn parsed(version: &PolicyVersion) -> Result<Policy, Problem> {
    policy::parse(&version.text, &steps::catalogue()).map_err(|errors| {
        crate::cli::policy_errors(
            &format!("policy {} version {}", version.tenant, version.version),
            &version.text,
            &errors,
        )
    })
}

/// Makes a plan for a request and keeps both.
///
/// # Errors
/// Every reason why there is no plan: each as one line, nothing changed, the request kept as a draft where it only needs an answer.
pub(crate) async fn make(
    wiring: &Wiring,
    request: Request,
    scan: bool,
) -> Result<StoredPlan, Problem> {
    let stored = plan(wiring, &request, scan).await?;
    let scope = TenantScope::of(&request.tenant);
    wiring
        .store
        .add_request_with_plan(&scope, &request, &stored, clock::now())
        .await
        .map_err(of_store)?;
    Ok(stored)
}

/// Makes a plan for the same request again, from the tenant as it is now. It takes the place of the old one.
///
/// # Errors
/// As [`make`], and when the old plan is being carried out.
pub(crate) async fn again(wiring: &Wiring, id: &PlanId, scan: bool) -> Result<StoredPlan, Problem> {
    let all = TenantScope::provider();
    let old = wiring.store.plan(&all, id).await.map_err(of_store)?;
    let scope = TenantScope::of(&old.plan.tenant);
    if let Some(run) = wiring
        .store
        .run_of_plan(&scope, id)
        .await
        .map_err(of_store)?
    {
        let row = wiring.store.run(&scope, &run).await.map_err(of_store)?;
        if row.outcome().is_none() {
            return Err(Problem::refused(
                "has-run",
                format!("plan {id} is being carried out by run {run}"),
            )
            .hint(format!(
                "wait for it, or stop it: tenure runs cancel {run} --as NAME"
            )));
        }
    }
    let request = wiring
        .store
        .request(&scope, &old.plan.request)
        .await
        .map_err(of_store)?;
    let stored = plan(wiring, &request, scan).await?;
    wiring
        .store
        .add_plan(&scope, &stored)
        .await
        .map_err(of_store)?;
    Ok(stored)
}

/// Makes a plan for a request that is kept already, such as the end of a contract.
///
/// # Errors
/// As [`make`], and when there is no such request.
pub(crate) async fn kept(
    wiring: &Wiring,
    id: &RequestId,
    scan: bool,
) -> Result<StoredPlan, Problem> {
    let all = TenantScope::provider();
    let request = wiring.store.request(&all, id).await.map_err(of_store)?;
    let stored = plan(wiring, &request, scan).await?;
    wiring
        .store
        .add_plan(&TenantScope::of(&request.tenant), &stored)
        .await
        .map_err(of_store)?;
    Ok(stored)
}

/// What a plan is made from, besides the request and the policy.
struct Basis {
    facts: Facts,
    proposal: Proposal,
    at: Option<Timestamp>,
}

/// The plan for a request, not kept yet.
async fn plan(wiring: &Wiring, request: &Request, scan: bool) -> Result<StoredPlan, Problem> {
    let scope = TenantScope::of(&request.tenant);
    let tenant = wiring
        .store
        .tenant(&scope, &request.tenant)
        .await
        .map_err(of_store)?;
    let (version, policy) = policy(wiring, &request.tenant).await?;
    authorised(&policy, request)?;
    let connection = wiring.connection(&tenant).await?;
    let basis = match request.kind {
        Kind::Onboard => joins(wiring, &connection, request, &policy).await?,
        Kind::Restore => returns(wiring, connection, request, &policy).await?,
        Kind::Offboard | Kind::Transfer => {
            leaves(wiring, &connection, request, &policy, scan).await?
        }
    };
    let ask = Ask {
        request,
        directory: &tenant.directory,
        policy: &policy,
        policy_digest: version.digest.as_str(),
        facts: &basis.facts,
        at: basis.at,
    };
    let plan = planner::plan(&ask, basis.proposal).map_err(refused)?;
    Ok(StoredPlan::seal(
        PlanId::new(clock::short_id('p')),
        plan,
        clock::now(),
        basis.facts.read_at,
    ))
}

/// Somebody leaves.
async fn leaves(
    wiring: &Wiring,
    connection: &Connection,
    request: &Request,
    policy: &Policy,
    scan: bool,
) -> Result<Basis, Problem> {
    let scope = TenantScope::of(&request.tenant);
    let switches = switches(policy, request.kind, &request.switches).map_err(refused)?;
    let written = named(request)?;
    let names = steps::names(request, &switches);
    let instructed = |name: &str| {
        let mut all = policy.instructions.iter();
        all.any(|instruction| instruction.switches.contains_key(name))
    };
    let scans = "remove-mailbox-permissions";
    let looks = scan && (switches.contains_key(scans) || instructed(scans));
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
    let instructed = policy::for_leaver(policy, &facts.person);
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
    switches(policy, request.kind, &set)
}

/// Somebody comes. Where steps wait for the first day by themselves, everything else is done as soon as it is approved.
async fn joins(
    wiring: &Wiring,
    connection: &Connection,
    request: &Request,
    policy: &Policy,
) -> Result<Basis, Problem> {
    let (wanted, set) = joiner::wanted(policy, request);
    let switches = switches(policy, request.kind, &set).map_err(refused)?;
    let reading = joiner::Reading {
        connection,
        ctx: Ctx::of(Purpose::Plan),
        policy,
        request,
        wanted: &wanted,
        names: steps::names(request, &switches),
        plan: None,
    };
    let facts = joiner::read(wiring, reading).await?;
    let mut proposal = steps::propose(request, policy, &facts, &switches);
    proposal
        .refusals
        .extend(joiner::over(&wanted, clock::now()));
    proposal.remarks.extend(wanted.remarks);
    proposal.refusals.extend(wanted.refusals);
    let leaving = joiner::leaving(wiring, request, &facts).await?;
    proposal.remarks.extend(leaving);
    let ahead = proposal.specs.iter().any(|spec| spec.not_before.is_some());
    let (at, late) = not_past(wanted.starts);
    proposal.remarks.extend(late);
    Ok(Basis {
        facts,
        proposal,
        at: at.filter(|_| !ahead),
    })
}

/// An earlier run is taken back.
async fn returns(
    wiring: &Wiring,
    connection: Connection,
    request: &Request,
    policy: &Policy,
) -> Result<Basis, Problem> {
    let facts = of_earlier(wiring, &connection, Ctx::of(Purpose::Plan), request).await?;
    let proposal = reverse::proposal(wiring, connection, request).await?;
    let (at, late) = start(policy, request)?;
    let mut proposal = proposal;
    proposal.remarks.extend(late);
    Ok(Basis {
        facts,
        proposal,
        at,
    })
}

/// The person of the run that a request asks to take back, as the tenant has them now.
async fn of_earlier(
    wiring: &Wiring,
    connection: &Connection,
    ctx: Ctx,
    request: &Request,
) -> Result<Facts, Problem> {
    let (plan, _) = reverse::earlier(wiring, request).await?;
    let wanted = Wanted {
        person: Who::Known {
            id: plan.person.id.as_str(),
            upn: &plan.upn,
        },
        names: &[],
        scan: Scan::Skip,
        owned: &[],
        now: clock::now(),
    };
    let mut facts = facts::read(connection, &ctx, wanted)
        .await
        .map_err(|error| of_facts(&request.tenant, error))?;
    if facts.person.kind == AccountKind::SharedMailbox {
        // The run that is taken back has made it one, or the mailbox would not have been the person's.
        facts.person.kind = AccountKind::Human;
    }
    // A reverse plan comes from receipts; what was not read for it was not asked for either.
    facts.unchecked.clear();
    Ok(facts)
}

/// What a plan was made from, with the tenant read again: the same request, under the policy the plan was made under.
///
/// # Errors
/// When facts cannot be read, or what was stored cannot be found.
pub(crate) async fn ground(wiring: &Wiring, run: &str, plan: &Plan) -> Result<Ground, Problem> {
    let scope = TenantScope::of(&plan.tenant);
    let tenant = wiring
        .store
        .tenant(&scope, &plan.tenant)
        .await
        .map_err(of_store)?;
    let request = wiring
        .store
        .request(&scope, &plan.request)
        .await
        .map_err(of_store)?;
    let version = wiring
        .store
        .policy_of(&scope, &plan.tenant, &plan.policy)
        .await
        .map_err(of_store)?;
    let policy = parsed(&version)?;
    let connection = wiring.connection(&tenant).await?;
    let ctx = Ctx::of_run(run, Purpose::Drift);
    let mut reverse = None;
    let (facts, switches) = match request.kind {
        Kind::Onboard => {
            let (wanted, set) = joiner::wanted(&policy, &request);
            let switches = switches(&policy, request.kind, &set).map_err(refused)?;
            let reading = joiner::Reading {
                connection: &connection,
                ctx,
                policy: &policy,
                request: &request,
                wanted: &wanted,
                names: steps::names(&request, &switches),
                plan: Some(plan),
            };
            (joiner::read(wiring, reading).await?, switches)
        }
        Kind::Restore => {
            let (earlier, state) = reverse::earlier(wiring, &request).await?;
            reverse = Some(steps::take_back(&earlier, &state));
            let facts = of_earlier(wiring, &connection, ctx, &request).await?;
            (facts, BTreeMap::new())
        }
        Kind::Offboard | Kind::Transfer => {
            let switches = switches(&policy, request.kind, &request.switches).map_err(refused)?;
            let names = steps::names(&request, &switches);
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
            let mut facts = facts::read(&connection, &ctx, wanted)
                .await
                .map_err(|error| of_facts(&tenant.name, error))?;
            let instructed = policy::for_leaver(&policy, &facts.person);
            let switches = with_instructions(&policy, &request, &instructed).map_err(refused)?;
            let more = steps::names(&request, &switches);
            look_up(&connection, &ctx, &tenant.name, &more, &mut facts).await?;
            (facts, switches)
        }
    };
    Ok(Ground {
        request,
        policy,
        switches,
        facts,
        reverse,
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

/// A ticket's sender must be somebody whom the policy lets ask; operators at the command line are.
fn authorised(policy: &Policy, request: &Request) -> Result<(), Problem> {
    if request.origin.channel != "ticket"
        || policy::requesters::may_ask(policy, &request.origin.requester)
    {
        return Ok(());
    }
    Err(Problem::refused(
        "requester",
        format!(
            "{} may not ask for this: the address is not among [requesters] of {}",
            request.origin.requester, request.tenant
        ),
    )
    .hint("ask an authorised requester to confirm, or add the address to the policy"))
}

/// The steps that are on, with their settings.
fn switches(
    policy: &Policy,
    kind: Kind,
    set: &BTreeMap<String, Value>,
) -> Result<BTreeMap<String, Value>, Vec<Refusal>> {
    let resolved = policy::resolve(policy, kind, set, &steps::catalogue())?;
    Ok(resolved
        .into_iter()
        .filter(|(_, step)| step.on)
        .map(|(name, step)| (name, step.settings))
        .collect())
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

/// When the run shall start; a moment that has passed means at once, and the approver is told.
fn start(
    policy: &Policy,
    request: &Request,
) -> Result<(Option<Timestamp>, Option<Remark>), Problem> {
    let site = policy.default_site();
    let at = match request.when.as_ref().map(|cited| &cited.value) {
        None | Some(When::Now) => return Ok((None, None)),
        Some(When::At(at)) => *at,
        Some(When::On(date)) => {
            let site = site.ok_or_else(|| {
                Problem::refused(
                    "site",
                    "the policy has no site, so the end of the day is unknown",
                )
            })?;
            let zone = TimeZone::get(&site.time_zone)
                .map_err(|error| Problem::refused("site", error.to_string()))?;
            let time: jiff::civil::Time = site.end_of_day.parse().map_err(|_| {
                Problem::refused(
                    "site",
                    format!("end-of-day “{}” is no time", site.end_of_day),
                )
            })?;
            date.to_datetime(time)
                .to_zoned(zone)
                .map_err(|error| Problem::refused("date", error.to_string()))?
                .timestamp()
        }
    };
    Ok(not_past(Some(at)))
}

/// A moment that lies ahead; of one that has passed the approver is told.
fn not_past(at: Option<Timestamp>) -> (Option<Timestamp>, Option<Remark>) {
    let Some(passed) = at.filter(|at| *at <= clock::now()) else {
        return (at, None);
    };
    let text = format!(
        "The moment asked for, {passed}, has passed: the run starts as soon as it is approved."
    );
    (None, Some(Remark::new(Weight::Caution, text)))
}

fn refused(refusals: Vec<Refusal>) -> Problem {
    let code = refusals
        .first()
        .map_or_else(|| "refused".to_owned(), |refusal| refusal.code.clone());
    let mut hints: Vec<String> = refusals
        .iter()
        .map(|refusal| refusal.hint.clone())
        .collect();
    hints.dedup();
    Problem {
        code,
        what: refusals.into_iter().map(|refusal| refusal.text).collect(),
        hint: Some(hints.join("; ")),
        exit: Exit::Refused,
    }
}

fn of_facts(tenant: &TenantId, error: FactsError) -> Problem {
    match error {
        FactsError::Call(error) => of_call(tenant, &error),
        FactsError::Nobody { .. } => Problem::refused("unknown-person", error.to_string())
            .hint("check the spelling, or give the sign-in name"),
        FactsError::Several { .. } => Problem::refused("ambiguous-person", error.to_string())
            .hint("give the sign-in name of the one who is meant"),
    }
}
