//! Plans: looking at them, deciding on them, carrying them out.

use axum::extract::State;
use domain::access::Role;
use domain::{PlanId, RunId, TenantId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Page, PlanFilter, PlanLine, PlanStatus};

use super::{Api, Doc, PART, Part, Sent, data, kind, word};
use crate::acts::approve::{self, Decided, Decision, Read};
use crate::acts::begin::begin;
use crate::web::extract::{Path, Query};
use crate::web::{Answer, Caller, Needs, Web};
use crate::wiring::of_store;

pub(super) fn calls(api: Api) -> Api {
    let there = Needs::There;
    api.list(
        ["/api/v1/plans", "/api/v1/tenants/{tenant}/plans"],
        Doc::new("plans", "Plans, the newest first")
            .query(PART)
            .gives::<Page<PlanLine>>(),
        list,
    )
    .get(
        "/api/v1/tenants/{tenant}/plans/{plan}",
        there(Role::Viewer),
        Doc::new("plans", "A plan as it was sealed, with where it stands").gives::<Value>(),
        show,
    )
    .post(
        "/api/v1/tenants/{tenant}/plans/{plan}/approvals",
        there(Role::Approver),
        Doc::new(
            "plans",
            "Approve exactly this plan; with the last approval that is needed it is carried out",
        )
        .takes::<Approving>()
        .gives::<Approved>(),
        approve_it,
    )
    .delete(
        "/api/v1/tenants/{tenant}/plans/{plan}/approvals",
        there(Role::Approver),
        Doc::new("plans", "Take your approval back, until the run begins").gives::<TakenBack>(),
        take_back,
    )
    .post(
        "/api/v1/tenants/{tenant}/plans/{plan}/refusal",
        there(Role::Approver),
        Doc::new("plans", "Refuse a plan, with the reason")
            .takes::<Refusing>()
            .gives::<Refused>(),
        refuse,
    )
    .post(
        "/api/v1/tenants/{tenant}/plans/{plan}/run",
        there(Role::Approver),
        Doc::new("plans", "Begin the run of an approved plan").gives::<Begun>(),
        run,
    )
}

async fn list(
    State(web): State<Web>,
    caller: Caller,
    tenant: Option<Path<TenantId>>,
    Query(part): Query<Part>,
) -> Answer {
    let scope = caller.scope_at(tenant.as_deref());
    let filter = PlanFilter {
        status: word(
            "status",
            part.status.as_deref(),
            PlanStatus::ALL,
            PlanStatus::word,
        )?,
        kind: kind(part.kind.as_deref())?,
        upn: part.upn,
    };
    let page = web
        .wiring
        .store
        .list_plans(&scope, &filter, part.after.as_deref())
        .await;
    data(&page.map_err(of_store)?)
}

async fn show(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, plan)): Path<(TenantId, PlanId)>,
) -> Answer {
    let scope = caller.scope_of(&tenant);
    let store = &web.wiring.store;
    let line = store.plan_line(&scope, &plan).await.map_err(of_store)?;
    let stored = store.plan(&scope, &plan).await.map_err(of_store)?;
    data(&json!({
        "id": stored.id,
        "digest": stored.digest,
        "made_at": stored.made_at,
        "read_at": stored.read_at,
        "line": line,
        "plan": stored.plan,
    }))
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
}

async fn approve_it(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, plan)): Path<(TenantId, PlanId)>,
    Sent(approving): Sent<Approving>,
) -> Answer {
    let decision = Decision {
        plan: &plan,
        by: &caller.address,
        read: Read::Whole(&approving.digest),
        lines: &approving.lines,
    };
    let decided = approve::approve(&web.wiring, &caller.scope_of(&tenant), &decision).await?;
    let approved = match decided {
        Decided::Lines { run, .. } => Approved {
            approvals: 1,
            needed: 1,
            run: Some(run),
        },
        Decided::Kept { stored, have, need } => Approved {
            approvals: have,
            needed: need,
            run: if have >= need {
                Some(begin(&web.wiring, &stored).await?.run)
            } else {
                None
            },
        },
    };
    data(&approved)
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
    Path((tenant, plan)): Path<(TenantId, PlanId)>,
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
    Path((tenant, plan)): Path<(TenantId, PlanId)>,
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
    Path((tenant, plan)): Path<(TenantId, PlanId)>,
) -> Answer {
    let stored = web
        .wiring
        .store
        .plan(&caller.scope_of(&tenant), &plan)
        .await;
    let begun = begin(&web.wiring, &stored.map_err(of_store)?).await?;
    data(&Begun {
        run: begun.run,
        new: begun.new,
    })
}
