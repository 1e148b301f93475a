//! Plans: looking at them, deciding on them, carrying them out.

use axum::extract::State;
use domain::access::Role;
use domain::{PlanId, RunId, TenantId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Page, PlanFilter, PlanLine, PlanStatus};

use super::shapes::PlanShape;
use super::{Api, Asked, At, Doc, Part, Sent, data, list_params};
use crate::acts::approve::{self, Decided, Decision, Read};
use crate::acts::begin::begin;
use crate::problem::Problem;
use crate::web::extract::Path;
use crate::web::{Answer, Caller, Needs, Web};
use crate::wiring::of_store;

const BEGIN: &[&str] = &[
    "busy",
    "has-run",
    "no-policy",
    "policy",
    "protected",
    "refused",
    "superseded",
    "taken-back",
    "unapproved",
];

fn statuses() -> Vec<&'static str> {
    PlanStatus::ALL.iter().map(|one| one.word()).collect()
}

pub(super) fn calls(api: Api) -> Api {
    let there = Needs::There;
    let approving = || json!({ "digest": "1f0c9e3b5a7d2c4e6f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6", "lines": [] });
    let refusing = || json!({ "digest": "1f0c9e3b5a7d2c4e6f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6", "reason": "Her last day is the 30th, not the 28th." });
    let api = api.list(
        ["/api/v1/plans", "/api/v1/tenants/{tenant}/plans"],
        Doc::new("plans", "Plans, the newest first")
            .query(const { &list_params(statuses) })
            .gives::<Page<PlanLine>>(),
        list,
    )
    .get(
        "/api/v1/tenants/{tenant}/plans/{plan}",
        there(Role::Viewer),
        Doc::new("plans", "A plan as it was sealed, with where it stands").gives::<PlanOut>(),
        show,
    )
    .post(
        "/api/v1/tenants/{tenant}/plans/{plan}/approvals",
        there(Role::Approver),
        Doc::new("plans", "Approve exactly this plan; with the last approval that is needed it is carried out")
            .about("Lines that cannot be undone are approved by naming them; while the run waits for one it is approved here too. An approval that is kept answers 200 even where the run cannot begin yet: `held` then says why. An API client decides only where the policy names it, `api:NAME`, and counts as whoever made it.")
            .takes::<Approving>(approving)
            .codes(&["already-approved", "approver", "digest", "drift", "has-run", "line", "people", "refused", "reserved", "superseded"])
            .gives::<Approved>(),
        approve_it,
    )
    .delete(
        "/api/v1/tenants/{tenant}/plans/{plan}/approvals",
        there(Role::Approver),
        Doc::new("plans", "Take your approval back, until the run begins")
            .codes(&["started"])
            .gives::<TakenBack>(),
        take_back,
    )
    .post(
        "/api/v1/tenants/{tenant}/plans/{plan}/refusal",
        there(Role::Approver),
        Doc::new("plans", "Refuse a plan, with the reason")
            .takes::<Refusing>(refusing)
            .codes(&["approver", "digest", "has-run", "reason", "refused", "superseded"])
            .gives::<Refused>(),
        refuse,
    );
    api.post(
        "/api/v1/tenants/{tenant}/plans/{plan}/run",
        there(Role::Approver),
        Doc::new("plans", "Begin the run of an approved plan")
            .codes(BEGIN)
            .gives::<Begun>(),
        run,
    )
}

async fn list(
    State(web): State<Web>,
    caller: Caller,
    tenant: Option<Path<TenantId>>,
    Asked(part): Asked<Part>,
) -> Answer {
    part.check()?;
    let scope = caller.scope_at(tenant.as_deref());
    let filter = PlanFilter {
        status: part.status(PlanStatus::ALL, PlanStatus::word)?,
        kind: part.kind()?,
        upn: part.upn,
    };
    let store = &web.wiring.store;
    let page = store
        .list_plans(&scope, &filter, part.after.as_deref())
        .await;
    data(&page.map_err(of_store)?)
}

/// A plan.
#[derive(Serialize, JsonSchema)]
struct PlanOut {
    /// Its id.
    id: PlanId,
    /// What an approval binds to.
    digest: String,
    /// When it was made.
    made_at: Timestamp,
    /// When the tenant was read for it.
    read_at: Timestamp,
    /// Where it stands.
    line: PlanLine,
    /// The plan as it was sealed.
    #[schemars(with = "PlanShape")]
    plan: domain::plan::Plan,
}

async fn show(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, plan)): At<(TenantId, PlanId)>,
) -> Answer {
    let scope = caller.scope_of(&tenant);
    let store = &web.wiring.store;
    let line = store.plan_line(&scope, &plan).await.map_err(of_store)?;
    let stored = store.plan(&scope, &plan).await.map_err(of_store)?;
    data(&PlanOut {
        id: stored.id,
        digest: stored.digest.to_string(),
        made_at: stored.made_at,
        read_at: stored.read_at,
        line,
        plan: stored.plan,
    })
}

/// A decision to approve.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Approving {
    /// The whole digest of the plan that was read: 64 hex digits.
    digest: String,
    /// Irreversible lines that are approved as well, by step key.
    #[serde(default)]
    lines: Vec<String>,
}

/// What an approval came to.
#[derive(Serialize, JsonSchema)]
struct Approved {
    /// Approvals that stand.
    approvals: usize,
    /// Approvals that are needed.
    needed: usize,
    /// The run that began or waits for its time, once nothing is missing.
    run: Option<RunId>,
    /// What keeps the run from beginning although the plan has its approvals.
    held: Option<Held>,
}

/// What keeps a run from beginning.
#[derive(Serialize, JsonSchema)]
struct Held {
    /// The code, explained under /docs/errors.
    code: String,
    /// What it is.
    detail: String,
    /// What to do now; then begin the run.
    hint: Option<String>,
}

async fn approve_it(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, plan)): At<(TenantId, PlanId)>,
    Sent(approving): Sent<Approving>,
) -> Answer {
    let decision = Decision {
        plan: &plan,
        by: &caller.address,
        read: Read::Whole(&approving.digest),
        lines: &approving.lines,
    };
    let decided = approve::approve(&web.wiring, &caller.scope_of(&tenant), &decision).await?;
    let mut approved = Approved {
        approvals: 1,
        needed: 1,
        run: None,
        held: None,
    };
    match decided {
        Decided::Lines { run, .. } => approved.run = Some(run),
        Decided::Kept { stored, have, need } => {
            (approved.approvals, approved.needed) = (have, need);
            if have >= need {
                // The approval is kept whatever keeps the run from beginning: that is said beside it.
                match begin(&web.wiring, &stored).await {
                    Ok(begun) => approved.run = Some(begun.run),
                    Err(problem) => approved.held = Some(held(&plan, problem)),
                }
            }
        }
    }
    data(&approved)
}

fn held(plan: &PlanId, problem: Problem) -> Held {
    tracing::info!(plan = %plan, code = %problem.code, "approved, and no run began: {problem}");
    Held {
        detail: problem.what.join("\n"),
        code: problem.code,
        hint: problem.hint,
    }
}

/// What taking back came to.
#[derive(Serialize, JsonSchema)]
struct TakenBack {
    /// The run that was cancelled by it.
    cancelled: Option<RunId>,
}

async fn take_back(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, plan)): At<(TenantId, PlanId)>,
) -> Answer {
    let scope = caller.scope_of(&tenant);
    let cancelled = approve::take_back(&web.wiring, &scope, &plan, &caller.address).await?;
    data(&TakenBack { cancelled })
}

/// A decision to refuse.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Refusing {
    /// The whole digest of the plan that was read.
    digest: String,
    /// Why, for whoever asked.
    reason: String,
}

/// A refusal as kept.
#[derive(Serialize, JsonSchema)]
struct Refused {
    /// The plan.
    plan: PlanId,
    /// By whom.
    by: String,
}

async fn refuse(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, plan)): At<(TenantId, PlanId)>,
    Sent(refusing): Sent<Refusing>,
) -> Answer {
    let refusal = approve::Refusing {
        plan: &plan,
        by: &caller.address,
        read: Read::Whole(&refusing.digest),
        reason: &refusing.reason,
    };
    approve::refuse(&web.wiring, &caller.scope_of(&tenant), &refusal).await?;
    data(&Refused {
        plan,
        by: caller.address,
    })
}

/// A run that was begun.
#[derive(Serialize, JsonSchema)]
struct Begun {
    /// The run.
    run: RunId,
    /// Whether it is new; otherwise it was begun before.
    new: bool,
}

async fn run(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, plan)): At<(TenantId, PlanId)>,
) -> Answer {
    let store = &web.wiring.store;
    let stored = store.plan(&caller.scope_of(&tenant), &plan).await;
    let begun = begin(&web.wiring, &stored.map_err(of_store)?).await?;
    data(&Begun {
        run: begun.run,
        new: begun.new,
    })
}
