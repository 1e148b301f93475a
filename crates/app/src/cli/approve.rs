//! `tenure approve`: a named person's decision on exactly one plan.

use domain::plan::{Approval, StoredPlan};
use domain::protect;
use domain::{PlanId, StepKey};
use engine::state::Event;
use serde_json::json;
use store::TenantScope;

use super::{Cx, name};
use crate::clock;
use crate::problem::{Exit, Outcome, Problem};
use crate::wiring::{Wiring, of_store};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The plan
    plan: String,
    /// Who decides
    #[arg(long = "as", value_name = "NAME")]
    by: String,
    /// The digest that was read, whole or its beginning; the approval is refused when the plan has another
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    /// An irreversible line that is approved as well; without it that line waits
    #[arg(long = "line", value_name = "STEP")]
    lines: Vec<String>,
    /// Take the approval back: possible until the run starts
    #[arg(long, conflicts_with_all = ["digest", "lines"])]
    take_back: bool,
}

pub(super) async fn run(cx: &Cx, args: Args) -> Outcome<Exit> {
    let wiring = cx.open().await?;
    let stored = wiring
        .store
        .plan(&TenantScope::provider(), &PlanId::new(args.plan.clone()))
        .await
        .map_err(of_store)?;
    let scope = TenantScope::of(&stored.plan.tenant);
    let by = name("--as", &args.by)?;
    if args.take_back {
        return take_back(cx, &wiring, &scope, &stored, &by).await;
    }
    let plan = &stored.plan;
    protect::may_approve(plan, &by).map_err(|why| {
        Problem::refused("approver", why).hint(format!(
            "have an approver of {} look at the plan and decide",
            plan.tenant
        ))
    })?;
    if let Some(digest) = args
        .digest
        .as_deref()
        .filter(|digest| digest.len() < 8 || !stored.digest.as_str().starts_with(*digest))
    {
        return Err(Problem::refused(
            "digest",
            format!(
                "plan {} has the digest {}, not {digest}",
                stored.id,
                stored.digest.short()
            ),
        )
        .hint("look at the plan again before approving it"));
    }
    let apart = lines(plan, &args.lines)?;
    if let Some(run) = wiring
        .store
        .run_of_plan(&scope, &stored.id)
        .await
        .map_err(of_store)?
    {
        if plan.approval.people > 1 && !apart.is_empty() {
            return Err(Problem::refused(
                "people",
                format!(
                    "run {run} goes on already, and an irreversible line of this plan needs {} people",
                    plan.approval.people
                ),
            )
            .hint("plan what is left anew, and have it approved with its line by as many people"));
        }
        return later_lines(cx, &wiring, &scope, &run, &by, apart).await;
    }
    decide(cx, &wiring, &scope, &stored, &by, apart).await
}

async fn take_back(
    cx: &Cx,
    wiring: &Wiring,
    scope: &TenantScope,
    stored: &StoredPlan,
    by: &str,
) -> Outcome<Exit> {
    let cancelled = wiring
        .store
        .take_back(scope, &stored.id, by, clock::now())
        .await
        .map_err(of_store)?;
    let also = cancelled
        .as_ref()
        .map(|run| format!(" Its run {run} is cancelled."))
        .unwrap_or_default();
    cx.show(
        &json!({ "plan": stored.id, "taken_back_by": by, "cancelled": cancelled }),
        format!(
            "Approval of plan {} by {by} is taken back.{also}",
            stored.id
        ),
    );
    Ok(Exit::Done)
}

/// Keeps the decision, and says what is still needed.
async fn decide(
    cx: &Cx,
    wiring: &Wiring,
    scope: &TenantScope,
    stored: &StoredPlan,
    by: &str,
    apart: Vec<StepKey>,
) -> Outcome<Exit> {
    let approval = Approval {
        plan: stored.id.clone(),
        digest: stored.digest.clone(),
        by: by.to_owned(),
        at: clock::now(),
        apart,
    };
    wiring
        .store
        .approve(scope, &approval)
        .await
        .map_err(of_store)?;
    let kept = wiring
        .store
        .approvals(scope, &stored.id)
        .await
        .map_err(of_store)?;
    let have = kept.iter().filter(|kept| kept.taken_back.is_none()).count();
    let need = stored.plan.approval.people as usize;
    let next = if have >= need {
        format!("Carry it out:  tenure run {}", stored.id)
    } else {
        format!(
            "{} more approval(s) by other people are needed.",
            need - have
        )
    };
    cx.show(
        &json!({ "plan": stored.id, "digest": stored.digest, "by": by, "approvals": have, "needed": need }),
        format!("{by} approved plan {} (digest {}). {next}", stored.id, stored.digest.short()),
    );
    Ok(Exit::Done)
}

/// The irreversible lines named, each of which must be one of the plan.
fn lines(plan: &domain::plan::Plan, named: &[String]) -> Result<Vec<StepKey>, Problem> {
    let all: Vec<&StepKey> = plan
        .steps
        .iter()
        .filter(|spec| spec.approved_apart())
        .map(|spec| &spec.key)
        .collect();
    named
        .iter()
        .map(|line| {
            all.iter()
                .find(|key| key.as_str() == line)
                .map(|key| (*key).clone())
                .ok_or_else(|| {
                    let names: Vec<&str> = all.iter().map(|key| key.as_str()).collect();
                    let has = if names.is_empty() {
                        "none".to_owned()
                    } else {
                        names.join(", ")
                    };
                    Problem::refused(
                        "line",
                        format!("{line} is no line that is approved apart; this plan has {has}"),
                    )
                    .hint("leave --line out, or name one of those")
                })
        })
        .collect()
}

/// Lines approved while the run waits for them.
async fn later_lines(
    cx: &Cx,
    wiring: &Wiring,
    scope: &TenantScope,
    run: &domain::RunId,
    by: &str,
    lines: Vec<StepKey>,
) -> Outcome<Exit> {
    if lines.is_empty() {
        return Err(Problem::refused(
            "has-run",
            format!("the plan is carried out by run {run} already"),
        )
        .hint("to approve an irreversible line that the run waits for, name it with --line"));
    }
    for step in &lines {
        let event = Event::ApprovedApart {
            by: by.to_owned(),
            step: step.clone(),
        };
        wiring
            .store
            .submit(scope, run, &event, clock::now())
            .await
            .map_err(of_store)?;
    }
    cx.show(
        &json!({ "run": run, "by": by, "lines": lines }),
        format!(
            "{by} approved {} line(s) of run {run}. Carry on:  tenure runs resume {run} --as {by}",
            lines.len()
        ),
    );
    Ok(Exit::Done)
}
