//! `tenure approve`: a named person's decision on exactly one plan.

use domain::PlanId;
use serde_json::json;
use store::TenantScope;

use super::{Cx, name};
use crate::acts::approve::{self, Decided, Decision, Read, Refusing};
use crate::problem::{Exit, Outcome};
use crate::wiring::of_store;

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
    /// Refuse the plan for good: it can neither be approved nor run
    #[arg(long, requires = "reason", conflicts_with_all = ["lines", "take_back"])]
    refuse: bool,
    /// Why it is refused; whoever asked reads it
    #[arg(long, value_name = "TEXT", requires = "refuse")]
    reason: Option<String>,
}

pub(super) async fn run(cx: &Cx, args: Args) -> Outcome<Exit> {
    let wiring = cx.open().await?;
    let plan = PlanId::new(args.plan.clone());
    let stored = wiring
        .store
        .plan(&TenantScope::provider(), &plan)
        .await
        .map_err(of_store)?;
    let scope = TenantScope::of(&stored.plan.tenant);
    let by = name("--as", &args.by)?;
    let read = args.digest.as_deref().map_or(Read::Unsaid, Read::Typed);
    if args.take_back {
        let cancelled = approve::take_back(&wiring, &scope, &plan, &by).await?;
        let also = cancelled
            .as_ref()
            .map(|run| format!(" Its run {run} is cancelled."))
            .unwrap_or_default();
        cx.show(
            &json!({ "plan": plan, "taken_back_by": by, "cancelled": cancelled }),
            format!("Approval of plan {plan} by {by} is taken back.{also}"),
        );
        return Ok(Exit::Done);
    }
    if args.refuse {
        let refusing = Refusing {
            plan: &plan,
            by: &by,
            read,
            reason: args.reason.as_deref().unwrap_or_default(),
        };
        let stored = approve::refuse(&wiring, &scope, &refusing).await?;
        cx.show(
            &json!({ "plan": plan, "digest": stored.digest, "refused_by": by }),
            format!(
                "{by} refused plan {plan}. Nobody can approve it now; a new one:  tenure plan again {plan}"
            ),
        );
        return Ok(Exit::Done);
    }
    let decision = Decision {
        plan: &plan,
        by: &by,
        read,
        lines: &args.lines,
    };
    let decided = approve::approve(&wiring, &scope, &decision).await?;
    say(cx, &by, &decided);
    Ok(Exit::Done)
}

/// What the decision came to, and what is still needed.
fn say(cx: &Cx, by: &str, decided: &Decided) {
    match decided {
        Decided::Kept { stored, have, need } => {
            let next = if have >= need {
                format!("Carry it out:  tenure run {}", stored.id)
            } else {
                format!(
                    "{} more approval(s) by other people are needed.",
                    need - have
                )
            };
            let digest = stored.digest.short();
            cx.show(
                &json!({ "plan": stored.id, "digest": stored.digest, "by": by, "approvals": have, "needed": need }),
                format!("{by} approved plan {} (digest {digest}). {next}", stored.id),
            );
        }
        Decided::Lines { run, lines } => cx.show(
            &json!({ "run": run, "by": by, "lines": lines }),
            format!(
                "{by} approved {} line(s) of run {run}. Carry on:  tenure runs resume {run} --as {by}",
                lines.len()
            ),
        ),
    }
}
