//! Everything that is kept about one plan, as one reader may see it.

use domain::approval::{Case, Decision};
use domain::plan::{Approval, Plan, StoredPlan};
use domain::policy::Policy;
use domain::protect::one_name;
use domain::request::Request;
use domain::{PlanId, TenantId};
use engine::state::Phase;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use store::{Approved, Comment, PlanRow, PolicyVersion, Refusal, RunRow, TenantScope};

use crate::acts::judge::{Judge, decisions};
use crate::acts::look::{self, Seen};
use crate::clock;
use crate::guard;
use crate::planning;
use crate::problem::Problem;
use crate::web::{Caller, Web, error, when};
use crate::wiring::of_store;

/// A person as pages call them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Somebody {
    /// The name.
    pub(crate) name: String,
    /// The address under which decisions are kept.
    pub(crate) address: String,
}

/// What is kept about a plan.
pub(crate) struct Known {
    /// The plan.
    pub(crate) stored: StoredPlan,
    /// The request it answers.
    pub(crate) request: Request,
    /// Every plan of the same request, oldest first.
    pub(crate) versions: Vec<PlanRow>,
    /// Its approvals, those taken back as well.
    pub(crate) approvals: Vec<Approved>,
    /// Its refusal.
    pub(crate) refusal: Option<Refusal>,
    /// What was said about it.
    pub(crate) comments: Vec<Comment>,
    /// Its run.
    pub(crate) run: Option<RunRow>,
    /// The policy it was made under.
    pub(crate) policy: Option<(PolicyVersion, Policy)>,
    /// The version of the policy in force.
    pub(crate) in_force: Option<u64>,
    /// What speaks against beginning a run now.
    pub(crate) against: Vec<String>,
    /// Operators of the provider, by name.
    pub(crate) people: Vec<Somebody>,
    /// Who decides, and for whom.
    pub(crate) judge: Judge,
    /// The approvals that were not taken back, and the refusal, as decisions.
    pub(crate) decisions: Vec<Decision>,
    /// What the last look at the tenant saw, and when.
    pub(crate) look: Option<(Timestamp, Seen)>,
    /// Now.
    pub(crate) now: Timestamp,
}

impl Known {
    /// Reads it.
    ///
    /// # Errors
    /// [`error::no_page`] for a plan that is not there for this reader, and store errors.
    pub(crate) async fn read(
        web: &Web,
        caller: &Caller,
        tenant: &TenantId,
        id: &PlanId,
    ) -> Result<Self, Problem> {
        let (store, scope) = (&web.wiring.store, caller.scope_of(tenant));
        let stored = match store.plan(&scope, id).await {
            Err(store::Error::Missing { .. }) => return Err(error::no_page()),
            stored => stored.map_err(of_store)?,
        };
        let request = store.request(&scope, &stored.plan.request).await;
        let request = request.map_err(of_store)?;
        let run = match store.run_of_plan(&scope, id).await.map_err(of_store)? {
            Some(run) => Some(store.run(&scope, &run).await.map_err(of_store)?),
            None => None,
        };
        let plan = &stored.plan;
        let against = match guard::may_begin(&web.wiring, plan).await {
            Ok(()) => Vec::new(),
            Err(problem) => problem.what,
        };
        let approvals = store.approvals(&scope, id).await.map_err(of_store)?;
        let refusal = store.refusal(&scope, id).await.map_err(of_store)?;
        Ok(Self {
            versions: store
                .versions(&scope, &plan.request)
                .await
                .map_err(of_store)?,
            decisions: decisions(&approvals, refusal.as_ref()),
            judge: Judge::read(&web.wiring, clock::now()).await?,
            approvals,
            refusal,
            comments: store.comments(&scope, id).await.map_err(of_store)?,
            policy: policy_of(web, plan).await,
            in_force: planning::version(&web.wiring, tenant)
                .await
                .ok()
                .map(|version| version.version),
            people: people(web).await?,
            look: look::last(&web.wiring, &scope, std::slice::from_ref(id))
                .await?
                .pop()
                .map(|(_, at, seen)| (at, seen)),
            now: clock::now(),
            stored,
            request,
            run,
            against,
        })
    }

    /// The plan.
    pub(crate) fn plan(&self) -> &Plan {
        &self.stored.plan
    }

    /// The plan that took its place.
    pub(crate) fn newer(&self) -> Option<&PlanId> {
        let own = self.versions.iter().find(|row| row.id == self.stored.id)?;
        own.superseded_by.as_ref()
    }

    /// Which version of how many, counted from 1.
    pub(crate) fn version(&self) -> (usize, usize) {
        let own = self
            .versions
            .iter()
            .position(|row| row.id == self.stored.id);
        (own.map_or(1, |at| at + 1), self.versions.len().max(1))
    }

    /// The approvals that hold: not taken back, of this digest, not run out.
    pub(crate) fn holding(&self) -> Vec<&Approved> {
        let hours = i64::from(self.plan().approval.holds_for_hours);
        let holds = |approved: &&Approved| {
            let until = approved.approval.at + jiff::SignedDuration::from_hours(hours);
            approved.taken_back.is_none()
                && approved.approval.digest == self.stored.digest
                && self.now < until
        };
        self.approvals.iter().filter(holds).collect()
    }

    /// The plan as a case to be decided on.
    pub(crate) fn case(&self) -> Case<'_> {
        Case {
            stored: &self.stored,
            operators: &self.judge.operators,
            delegations: &self.judge.delegations,
            decisions: &self.decisions,
            superseded_by: self.newer(),
            now: self.now,
        }
    }

    /// When nobody can decide any more.
    pub(crate) fn expires(&self) -> Option<Timestamp> {
        self.case().expires_at()
    }

    /// What the last look saw, where the tenant does not fit the plan any more and nothing has been carried out yet.
    pub(crate) fn drift(&self) -> Option<(Timestamp, &Seen)> {
        let (at, seen) = self.look.as_ref()?;
        let waits = |row: &RunRow| matches!(row.state.phase, Phase::Scheduled { .. });
        (seen.voids && self.run.as_ref().is_none_or(waits)).then_some((*at, seen))
    }

    /// The zone of the person's site: what the request names, else the policy's default.
    pub(crate) fn site(&self) -> TimeZone {
        let Some((_, policy)) = &self.policy else {
            return TimeZone::UTC;
        };
        zone_of(
            policy,
            self.request
                .field("site")
                .or_else(|| self.request.field("office")),
        )
    }

    /// Who gave an approval: `Bo Berg for Ada Admin` where it was given in somebody's name.
    pub(crate) fn given_by(&self, approval: &Approval) -> String {
        let whose = self.name_of(&approval.by);
        let giver = approval.through.as_ref();
        giver.map_or_else(
            || whose.clone(),
            |giver| format!("{} for {whose}", self.name_of(giver)),
        )
    }

    /// The name under which people know whoever has this address.
    pub(crate) fn name_of(&self, address: &str) -> String {
        name_of(&self.people, address)
    }
}

/// The zone of a site as a request writes it; the default site's where there is none of that name.
pub(crate) fn zone_of(policy: &Policy, written: Option<&str>) -> TimeZone {
    let named = written.and_then(|written| domain::joiner::find_site(policy, written));
    let site = named
        .map(|(_, site)| site)
        .or_else(|| policy.default_site());
    site.map_or(TimeZone::UTC, |site| when::zone(&site.time_zone))
}

/// The name of whoever has this address; the address itself for somebody who is no operator.
pub(crate) fn name_of(people: &[Somebody], address: &str) -> String {
    let wanted = one_name(address).ok();
    let found = people
        .iter()
        .find(|one| wanted.is_some() && one_name(&one.address).ok() == wanted);
    found.map_or_else(|| address.to_owned(), |one| one.name.clone())
}

/// The policy a plan was made under; none when it cannot be found or read by this version.
async fn policy_of(web: &Web, plan: &Plan) -> Option<(PolicyVersion, Policy)> {
    let scope = TenantScope::of(&plan.tenant);
    let version = web
        .wiring
        .store
        .policy_of(&scope, &plan.tenant, &plan.policy)
        .await
        .ok()?;
    let policy = planning::parsed(&version).ok()?;
    Some((version, policy))
}

/// The provider's operators, by name and address.
///
/// # Errors
/// Store errors.
pub(crate) async fn people(web: &Web) -> Result<Vec<Somebody>, Problem> {
    let operators = web.wiring.store.operators().await.map_err(of_store)?;
    let named = operators.into_iter().map(|operator| Somebody {
        name: operator.name,
        address: operator.email,
    });
    Ok(named.collect())
}
