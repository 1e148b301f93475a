//! From a request to a stored plan: policy, switches, facts, proposals, order, digest. Nothing is changed in the tenant.

mod contain;
pub(crate) mod dated;
mod joiner;
mod leaver;
mod reverse;

use std::collections::BTreeMap;
use std::sync::Arc;

use connectors::facts::FactsError;
use connectors::{Connection, Ctx, Purpose};
use domain::facts::Facts;
use domain::plan::{Plan, Remark, StoredPlan, Weight};
use domain::planner::{self, Around, Ask, Proposal, Refusal};
use domain::policy::{self, Policy};
use domain::request::{Kind, Request, When};
use domain::{PlanId, RequestId, TenantId};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use steps::Ground;
use store::{PolicyVersion, TenantScope};

use crate::acts::look;
use crate::clock;
use crate::problem::{Exit, Problem};
use crate::wiring::{Wiring, of_call, of_store};

pub(crate) use contain::contain_now;

/// The tenant's policy in force, parsed.
///
/// # Errors
/// `no-policy` when none was applied.
pub(crate) async fn policy(
    wiring: &Wiring,
    tenant: &TenantId,
) -> Result<(PolicyVersion, Arc<Policy>), Problem> {
    let version = version(wiring, tenant).await?;
    let policy = wiring.policy(&version, parsed)?;
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
    let made = plan(wiring, &request, scan, Haste::None).await?;
    let scope = TenantScope::of(&request.tenant);
    wiring
        .store
        .add_request_with_plan(&scope, &request, &made.stored, clock::now())
        .await
        .map_err(of_store)?;
    made.seen(wiring, &scope).await
}

/// Makes a plan for the same request again, from the tenant as it is now. It takes the place of the old one.
///
/// # Errors
/// As [`make`], and when the old plan is being carried out.
pub(crate) async fn again(wiring: &Wiring, id: &PlanId, scan: bool) -> Result<StoredPlan, Problem> {
    let (scope, request) = answered(wiring, id).await?;
    let made = plan(wiring, &request, scan, Haste::None).await?;
    wiring
        .store
        .add_plan(&scope, &made.stored)
        .await
        .map_err(of_store)?;
    made.seen(wiring, &scope).await
}

/// Makes a plan for the same request with other switches: what was decided otherwise than asked for. The request keeps them.
///
/// # Errors
/// As [`again`], and when a run has begun for the request.
pub(crate) async fn otherwise(
    wiring: &Wiring,
    id: &PlanId,
    switches: BTreeMap<String, Value>,
) -> Result<StoredPlan, Problem> {
    let (scope, mut request) = answered(wiring, id).await?;
    let catalogue = steps::catalogue();
    let name = |switch: &str| {
        let step = switch.split('.').next().unwrap_or(switch);
        catalogue
            .find(step)
            .map_or_else(|| step.to_owned(), |entry| entry.name.to_owned())
    };
    // What was said of these steps before, under whatever name, gives way.
    request
        .switches
        .retain(|switch, _| switches.keys().all(|new| name(new) != name(switch)));
    request.switches.extend(switches);
    let made = plan(wiring, &request, true, Haste::None).await?;
    let kept = wiring
        .store
        .amend_request_with_plan(&scope, &request, &made.stored, clock::now());
    kept.await.map_err(|error| match error {
        store::Error::Missing { .. } => Problem::refused(
            "has-run",
            format!("a run has begun for request {}", request.id),
        )
        .hint("make a new request for what is left"),
        other => of_store(other),
    })?;
    made.seen(wiring, &scope).await
}

/// The request that a plan answers, where no run carries the plan out now.
async fn answered(wiring: &Wiring, id: &PlanId) -> Result<(TenantScope, Request), Problem> {
    let all = TenantScope::provider();
    let old = wiring.store.plan(&all, id).await.map_err(of_store)?;
    let scope = TenantScope::of(&old.plan.tenant);
    let run = wiring.store.run_of_plan(&scope, id).await;
    if let Some(run) = run.map_err(of_store)? {
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
    let request = wiring.store.request(&scope, &old.plan.request).await;
    Ok((scope, request.map_err(of_store)?))
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
    let made = plan(wiring, &request, scan, Haste::None).await?;
    let scope = TenantScope::of(&request.tenant);
    wiring
        .store
        .add_plan(&scope, &made.stored)
        .await
        .map_err(of_store)?;
    made.seen(wiring, &scope).await
}

/// How much of a hurry there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Haste {
    /// It waits for its approvers.
    None,
    /// Access is closed at once, if the policy has approved that beforehand.
    ContainNow,
}

/// A plan with what was read for it.
struct Made {
    stored: StoredPlan,
    facts: Facts,
    connection: Connection,
}

impl Made {
    /// The plan, with what was seen kept beside it. That a look could not be kept is no reason to have no plan.
    async fn seen(self, wiring: &Wiring, scope: &TenantScope) -> Result<StoredPlan, Problem> {
        let kept = look::of_new(wiring, scope, &self.stored, &self.facts, &self.connection).await;
        if let Err(problem) = kept {
            tracing::warn!(plan = %self.stored.id, "what was seen is not kept: {problem}");
        }
        Ok(self.stored)
    }
}

/// What a plan is made from, besides the request and the policy.
struct Basis {
    facts: Facts,
    proposal: Proposal,
    at: Option<Timestamp>,
}

/// The plan for a request, not kept yet.
async fn plan(
    wiring: &Wiring,
    request: &Request,
    scan: bool,
    haste: Haste,
) -> Result<Made, Problem> {
    let (version, policy) = policy(wiring, &request.tenant).await?;
    let under = Under {
        policy: &policy,
        digest: version.digest.as_str(),
    };
    made(wiring, request, &under, scan, haste).await
}

/// The plan for a request under this policy, from the tenant as it is now. Nothing is kept: to see what a policy would do.
///
/// # Errors
/// As [`make`].
pub(crate) async fn under(
    wiring: &Wiring,
    request: &Request,
    policy: &Policy,
    policy_digest: &str,
    scan: bool,
) -> Result<StoredPlan, Problem> {
    let under = Under {
        policy,
        digest: policy_digest,
    };
    let made = made(wiring, request, &under, scan, Haste::None).await?;
    Ok(made.stored)
}

/// A policy, and the digest of its text.
struct Under<'a> {
    policy: &'a Policy,
    digest: &'a str,
}

async fn made(
    wiring: &Wiring,
    request: &Request,
    under: &Under<'_>,
    scan: bool,
    haste: Haste,
) -> Result<Made, Problem> {
    let policy = under.policy;
    let scope = TenantScope::of(&request.tenant);
    let tenant = wiring
        .store
        .tenant(&scope, &request.tenant)
        .await
        .map_err(of_store)?;
    authorised(policy, request)?;
    let connection = wiring.connection(&tenant).await?;
    let basis = match request.kind {
        Kind::Onboard => joiner::basis(wiring, &connection, request, policy).await?,
        Kind::Restore => reverse::basis(wiring, connection.clone(), request, policy).await?,
        Kind::Offboard | Kind::Transfer => {
            leaver::basis(wiring, &connection, request, policy, scan).await?
        }
    };
    let operators = wiring.store.operators().await.map_err(of_store)?;
    let operators: Vec<String> = operators.into_iter().map(|one| one.email).collect();
    let around = Around {
        leavers: contain::leavers(wiring, policy, request).await?,
        operators: &operators,
        contain_now: haste == Haste::ContainNow,
    };
    let ask = Ask {
        request,
        directory: &tenant.directory,
        policy,
        policy_digest: under.digest,
        facts: &basis.facts,
        at: basis.at,
        around,
    };
    let plan = planner::plan(&ask, basis.proposal).map_err(refused)?;
    let stored = StoredPlan::seal(
        PlanId::new(clock::short_id('p')),
        plan,
        clock::now(),
        basis.facts.read_at,
    );
    Ok(Made {
        stored,
        facts: basis.facts,
        connection,
    })
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
        Kind::Onboard => joiner::again(wiring, &connection, ctx, &request, &policy, plan).await?,
        Kind::Restore => {
            let (earlier, state) = reverse::earlier(wiring, &request).await?;
            reverse = Some(steps::take_back(&earlier, &state));
            let facts = reverse::person(wiring, &connection, ctx, &request).await?;
            (facts, BTreeMap::new())
        }
        Kind::Offboard | Kind::Transfer => {
            leaver::again(&connection, &ctx, &request, &policy, plan).await?
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

/// The steps that are on, with their settings: those of an action alone, or those of the playbook.
fn switches(
    policy: &Policy,
    request: &Request,
    set: &BTreeMap<String, Value>,
) -> Result<BTreeMap<String, Value>, Vec<Refusal>> {
    let (kind, catalogue) = (request.kind, steps::catalogue());
    let resolved = match &request.only {
        Some(only) => policy::resolve_only(policy, kind, only, set, &catalogue)?,
        None => policy::resolve(policy, kind, set, &catalogue)?,
    };
    Ok(steps::switched_on(&resolved))
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

pub(crate) fn of_facts(tenant: &TenantId, error: FactsError) -> Problem {
    match error {
        FactsError::Call(error) => of_call(tenant, &error),
        FactsError::Nobody { .. } => Problem::refused("unknown-person", error.to_string())
            .hint("check the spelling, or give the sign-in name"),
        FactsError::Several { .. } => Problem::refused("ambiguous-person", error.to_string())
            .hint("give the sign-in name of the one who is meant"),
    }
}
