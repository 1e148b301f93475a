//! The card that takes the place of one that was pressed: who decided and when, or what changed.

use connectors::card::Told;
use domain::approval::{Decision, Says, Standing};
use serde_json::Value;
use store::{Operator, TenantScope};

use super::super::{Web, reading, when};
use crate::acts::judge::{Judge, Matter};
use crate::clock;
use crate::problem::Problem;
use crate::wiring::of_store;

/// Whether something can still be decided.
///
/// # Errors
/// Store errors.
pub(super) async fn is_open(web: &Web, matter: &Matter) -> Result<bool, Problem> {
    let judge = Judge::read(&web.wiring, clock::now()).await?;
    let standing = judge.case(matter).standing();
    Ok(matches!(standing, Standing::Waiting { .. }))
}

/// The card as the plan stands now.
///
/// # Errors
/// Store errors.
pub(super) async fn stands(
    web: &Web,
    scope: &TenantScope,
    matter: Matter,
    reader: &Operator,
    drifted: &[String],
) -> Result<Value, Problem> {
    let judge = Judge::read(&web.wiring, clock::now()).await?;
    let (stored, plan) = (&matter.stored, &matter.stored.plan);
    let run = web.wiring.store.run_of_plan(scope, &stored.id).await;
    let run = run.map_err(of_store)?;
    let sentence = sentence(web, &judge, &matter, reader, drifted, run.is_some());
    let shown = matter.newer.as_ref().unwrap_or(&stored.id);
    let base = format!("{}/t/{}", web.server.origin(), plan.tenant);
    let url = match (&run, &matter.newer) {
        (Some(run), None) => format!("{base}/runs/{run}"),
        _ => format!("{base}/plans/{shown}"),
    };
    let told = Told {
        title: reading::title(plan),
        sentence,
        changes: if run.is_none() {
            drifted.to_vec()
        } else {
            Vec::new()
        },
        url,
        digest: reading::digest_groups(stored.digest.as_str()),
    };
    Ok(told.build())
}

fn sentence(
    web: &Web,
    judge: &Judge,
    matter: &Matter,
    reader: &Operator,
    drifted: &[String],
    runs: bool,
) -> String {
    let here = when::zone(reader.zone.as_deref().unwrap_or(&web.server.zone));
    let short = |at| when::short(at, &here, judge.now);
    let case = judge.case(matter);
    let who = |decision: &Decision| {
        let whose = judge.name_of(&decision.voice);
        let who = decision.through.as_ref().map_or_else(
            || whose.clone(),
            |giver| format!("{} for {whose}", judge.name_of(giver)),
        );
        format!("{who}, {}", short(decision.at))
    };
    let given: Vec<String> = case.approvals().into_iter().map(who).collect();
    let approved = format!("Approved by {}.", given.join("; "));
    match case.standing() {
        Standing::Superseded { .. } => {
            "A newer version took the place of this plan. Read and decide on that.".to_owned()
        }
        Standing::Refused { by, reason } => {
            let mut all = matter.decisions.iter();
            let no = all.find(|one| matches!(one.says, Says::Refused { .. }));
            let who = no.map_or_else(|| judge.name_of(&by), who);
            format!("Refused by {who}: {reason}")
        }
        Standing::Approved if runs => format!("{approved} It is being carried out or waits for its time."),
        _ if !drifted.is_empty() && !runs => {
            "The tenant is not as it was when this was planned, so nobody can approve this version. Plan it again.".to_owned()
        }
        Standing::Approved => approved,
        Standing::Expired { at } => format!("Nobody decided in time: it expired {}. Plan it again.", short(at)),
        Standing::Waiting { have: 0, .. } => "It waits for a decision, on its page.".to_owned(),
        Standing::Waiting { have, need } => {
            let missing = super::super::lists::many(
                usize::try_from(need - have).unwrap_or_default(),
                "more approval",
                "more approvals",
            );
            format!("{approved} It waits for {missing}.")
        }
    }
}
