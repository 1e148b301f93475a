//! A rehearsal: the steps of a plan, carried out on a simulated Microsoft 365 inside this process, on a sample person of a sample company.
//!
//! It is no copy of the tenant. Which steps are on is taken from the plan, and nothing else: no name, no address and no setting leaves it.
//! What it shows is how these steps follow each other, how long they take and what is read back.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::plan::{Approval, Plan, StoredPlan};
use domain::request::{Kind, When};
use domain::{PlanId, RunId, TenantId};
use engine::Silent;
use engine::state::{Outcome, RunState, Status};
use jiff::Timestamp;
use serde_json::Value;
use store::{Credential, NewTenant, Secret, TenantScope};

use super::request::{Wish, hint};
use super::{begin, request};
use crate::clock;
use crate::config::{CloudConfig, Config};
use crate::problem::Problem;
use crate::running::{self, Patience};
use crate::wiring::{Wiring, of_store};

/// The company, and who leaves it.
const COMPANY: &str = "contoso";
/// A person of the sample company with a bit of everything.
pub(crate) const PERSON: &str = "tomas.novak@contoso.example";
const POLICY: &str = include_str!("../../../../examples/policies/cloud-only.toml");
/// Who asks and approves there.
const ASKS: &str = "hr@contoso.example";
const APPROVES: &str = "you@provider.example";
/// How long a rehearsal may take.
const LONGEST: Duration = Duration::from_secs(300);

/// A step as it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Went {
    /// Its key.
    pub(crate) step: String,
    /// What it does, in one sentence about the sample person.
    pub(crate) summary: String,
    /// Whether it was read back and agreed.
    pub(crate) verified: bool,
    /// How long after the run's begin, in milliseconds.
    pub(crate) after_ms: Option<i64>,
}

/// What a rehearsal came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The steps, in the order of the plan made there.
    pub(crate) steps: Vec<Went>,
    /// What a person would have had to look at.
    pub(crate) findings: Vec<String>,
    /// Whether everything was verified; nothing while something waits.
    pub(crate) completed: bool,
    /// How long it took, in milliseconds.
    pub(crate) took_ms: i64,
}

/// Where a rehearsal stands.
#[derive(Clone, Debug)]
pub(crate) enum Rehearsal {
    /// It goes on since.
    Running(Timestamp),
    /// It has ended.
    Over(Told),
    /// It could not be made.
    Failed(Timestamp, String),
}

/// The rehearsals of this process, by plan; nothing of them is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rehearsals(Arc<Mutex<HashMap<PlanId, Rehearsal>>>);

impl Rehearsals {
    /// How the rehearsal of a plan stands.
    pub(crate) fn of(&self, plan: &PlanId) -> Option<Rehearsal> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(plan).cloned()
    }

    fn put(&self, plan: &PlanId, rehearsal: Rehearsal) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(plan.clone(), rehearsal);
    }

    /// Begins the rehearsal of a plan, beside everything else.
    ///
    /// # Errors
    /// For a plan of a kind that cannot be rehearsed, and while another one goes on: each is a whole run.
    pub(crate) fn begin(&self, stored: &StoredPlan) -> Result<(), Problem> {
        if stored.plan.kind != Kind::Offboard {
            return Err(
                Problem::refused("rehearsal", "only a leaver's plan can be rehearsed").hint(
                    "open the sandbox and make the request there, with one of its sample people",
                ),
            );
        }
        {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if all.values().any(|one| matches!(one, Rehearsal::Running(_))) {
                return Err(Problem::refused("rehearsal", "another rehearsal goes on")
                    .hint("wait until it has ended; it takes a few minutes at most"));
            }
            all.insert(stored.id.clone(), Rehearsal::Running(clock::now()));
        }
        let (all, id, plan) = (self.clone(), stored.id.clone(), stored.plan.clone());
        tokio::spawn(async move {
            let told = match tokio::time::timeout(LONGEST, whole(&plan)).await {
                Ok(told) => told,
                Err(_) => Err(Problem::failed(
                    "rehearsal",
                    "it was stopped after five minutes",
                )),
            };
            let over = match told {
                Ok(told) => Rehearsal::Over(told),
                Err(problem) => Rehearsal::Failed(clock::now(), problem.sentence()),
            };
            all.put(&id, over);
        });
        Ok(())
    }
}

/// A folder that goes when the rehearsal is over.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!("the folder of a rehearsal stays: {error}");
        }
    }
}

async fn whole(plan: &Plan) -> Result<Told, Problem> {
    let name = format!("tenure-rehearsal-{}", clock::short_id('x'));
    let folder = Folder(std::env::temp_dir().join(name));
    std::fs::create_dir_all(&folder.0)?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let listener = tokio::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let now = clock::now();
    let world = sim::worlds::demo(now);
    let sandbox = sim::Sandbox::new(world, sim::Faults::unkind(), 1, now);
    tokio::spawn(sim::serve(listener, sandbox, None, async {
        let _ = stopped.await;
    }));
    let told = rehearsed(&config(&folder, &base), plan).await;
    let _ = stop.send(());
    told
}

fn config(folder: &Folder, base: &str) -> Config {
    let mut config = Config::default();
    config.store.url = format!("sqlite:{}", folder.0.join("rehearsal.db").display());
    config.secrets.key = store::Key::generate().expose_str().map(str::to_owned);
    config.server.sandbox = true;
    let cloud = CloudConfig {
        login: format!("{base}/login"),
        graph: format!("{base}/graph"),
        exchange: format!("{base}/exchange"),
        graph_scope: None,
        exchange_scope: None,
    };
    config.clouds.insert("sandbox".to_owned(), cloud);
    config
}

async fn rehearsed(config: &Config, plan: &Plan) -> Result<Told, Problem> {
    let wiring = Arc::new(Wiring::open(config).await?);
    let (tenant, all) = (TenantId::from(COMPANY), TenantScope::provider());
    let new = NewTenant {
        name: tenant.clone(),
        directory: sim::worlds::CONTOSO.to_owned(),
        cloud: "sandbox".to_owned(),
        client: sim::worlds::CLIENT_ID.to_owned(),
        credential: Credential::Secret(Secret::new(sim::worlds::CLIENT_SECRET)),
        at: clock::now(),
    };
    let store = &wiring.store;
    store.add_tenant(&all, &new).await.map_err(of_store)?;
    let applied = store.apply_policy(&all, &tenant, POLICY, APPROVES, clock::now());
    applied.await.map_err(of_store)?;
    let stored = request::make(&wiring, wish(tenant, plan), false).await?;
    for by in [APPROVES, "colleague2@provider.example"]
        .into_iter()
        .take(stored.plan.approval.people.max(1) as usize)
    {
        let apart = stored
            .plan
            .steps
            .iter()
            .filter(|spec| spec.approved_apart());
        let approval = Approval {
            plan: stored.id.clone(),
            digest: stored.digest.clone(),
            by: by.to_owned(),
            at: clock::now(),
            through: None,
            apart: apart.map(|spec| spec.key.clone()).collect(),
        };
        store.approve(&all, &approval).await.map_err(of_store)?;
    }
    let begun = begin::begin(&wiring, &stored).await?;
    let state = carried(&wiring, &begun.run).await?;
    Ok(told(&stored.plan, &state))
}

async fn carried(wiring: &Arc<Wiring>, run: &RunId) -> Result<RunState, Problem> {
    running::to_its_end(wiring, run, Patience::WhileItMoves, Arc::new(Silent)).await
}

/// The same steps, and no setting of theirs: those may name people and groups of the tenant.
fn wish(tenant: TenantId, plan: &Plan) -> Wish {
    let is_in = |name: &str| plan.steps.iter().any(|spec| spec.step == name);
    let entries = steps::catalogue().entries.into_iter();
    let switches: BTreeMap<String, Value> = entries
        .filter(|entry| entry.kinds.contains(&Kind::Offboard))
        .map(|entry| (entry.name.to_owned(), Value::Bool(is_in(entry.name))))
        .collect();
    Wish {
        tenant,
        kind: Kind::Offboard,
        person: hint(PERSON),
        when: When::Now,
        fields: BTreeMap::new(),
        switches: if plan.only.is_some() {
            BTreeMap::new()
        } else {
            switches
        },
        only: plan.only.clone(),
        confidential: Vec::new(),
        channel: "form",
        requester: ASKS.to_owned(),
        reference: None,
    }
}

fn told(plan: &Plan, state: &RunState) -> Told {
    let began = state.started_ms.or(state.ended_ms).unwrap_or_default();
    let steps = plan
        .steps
        .iter()
        .zip(&state.steps)
        .map(|(spec, (_, step))| Went {
            step: spec.step.clone(),
            summary: spec.summary.clone(),
            verified: step.status == Status::Verified,
            after_ms: step.receipt.verified_ms.map(|at| at - began),
        });
    let open = state.findings.iter().filter(|one| one.closed.is_none());
    Told {
        steps: steps.collect(),
        findings: open.map(|one| one.text.clone()).collect(),
        completed: state.outcome() == Some(Outcome::Completed),
        took_ms: state.ended_ms.map_or(0, |ended| ended - began),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::plan::tests::plan;

    #[test]
    fn nothing_of_the_tenant_goes_into_a_rehearsal_but_which_steps_are_on() {
        let plan = plan("hr@halden.example");
        let wish = wish(TenantId::from(COMPANY), &plan);
        assert_eq!(wish.requester, ASKS);
        assert!(wish.fields.is_empty() && wish.reference.is_none());
        assert!(wish.switches.values().all(Value::is_boolean));
        assert_eq!(wish.switches["block-sign-in"], Value::Bool(true));
        assert_eq!(wish.switches["set-forwarding"], Value::Bool(false));
        assert_eq!(wish.person, hint(PERSON));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_leavers_steps_are_carried_out_and_read_back_in_the_sandbox() {
        let mut small = plan("hr@contoso.example");
        // Two steps that close access: enough to see a whole run.
        small.steps.truncate(2);
        let told = whole(&small).await.unwrap();
        let steps: Vec<&str> = told.steps.iter().map(|went| went.step.as_str()).collect();
        assert!(steps.contains(&"block-sign-in") && steps.contains(&"revoke-sessions"));
        assert!(told.completed, "{told:?}");
        assert!(
            told.steps
                .iter()
                .all(|went| went.verified && went.after_ms.is_some())
        );
    }

    #[tokio::test]
    async fn one_rehearsal_goes_on_at_a_time_and_of_leavers_alone() {
        let all = Rehearsals::default();
        let mut other = plan("hr@contoso.example");
        let seal = |plan: &Plan, id: &str| {
            StoredPlan::seal(PlanId::from(id), plan.clone(), clock::now(), clock::now())
        };
        all.put(&PlanId::from("p-1"), Rehearsal::Running(clock::now()));
        let busy = all.begin(&seal(&other, "p-2")).unwrap_err();
        assert!(busy.what[0].contains("goes on"));
        other.kind = Kind::Onboard;
        let kind = all.begin(&seal(&other, "p-3")).unwrap_err();
        assert!(kind.what[0].contains("leaver"));
    }
}
