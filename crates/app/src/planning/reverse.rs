//! Plans that take back what an earlier run did: from its receipts, held against the tenant as it is now.

use std::sync::Arc;

use async_trait::async_trait;
use connectors::facts::{self, Scan, Wanted, Who};
use connectors::{Connection, Ctx, Purpose};
use domain::RunId;
use domain::facts::{AccountKind, Facts};
use domain::plan::Plan;
use domain::planner::Proposal;
use domain::policy::Policy;
use domain::request::Request;
use engine::hands::{Class, Problem as StepProblem};
use steps::{Ground, Source, TenantHands};
use store::TenantScope;

use super::{Basis, of_facts, start};
use crate::clock;
use crate::problem::Problem;
use crate::vault::Sealed;
use crate::wiring::{Wiring, of_store};

/// The run that a request asks to take back, with its plan.
///
/// # Errors
/// When the request names none, or one that is not there.
pub(super) async fn earlier(
    wiring: &Wiring,
    request: &Request,
) -> Result<(Plan, engine::state::RunState), Problem> {
    let scope = TenantScope::of(&request.tenant);
    let run = request.origin.reference.clone().ok_or_else(|| {
        Problem::refused("run", "the request does not say which run is taken back")
            .hint("tenure undo RUN")
    })?;
    let row = wiring
        .store
        .run(&scope, &RunId::new(run))
        .await
        .map_err(of_store)?;
    let stored = wiring
        .store
        .plan(&scope, &row.plan)
        .await
        .map_err(of_store)?;
    Ok((stored.plan, row.state))
}

/// An earlier run is taken back.
pub(super) async fn basis(
    wiring: &Wiring,
    connection: Connection,
    request: &Request,
    policy: &Policy,
) -> Result<Basis, Problem> {
    let facts = person(wiring, &connection, Ctx::of(Purpose::Plan), request).await?;
    let proposal = proposal(wiring, connection, request).await?;
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
pub(super) async fn person(
    wiring: &Wiring,
    connection: &Connection,
    ctx: Ctx,
    request: &Request,
) -> Result<Facts, Problem> {
    let (plan, _) = earlier(wiring, request).await?;
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

/// What is taken back, as far as the tenant is not back already. Only reads.
///
/// # Errors
/// When the earlier run is not there, or the tenant cannot be read.
async fn proposal(
    wiring: &Wiring,
    connection: Connection,
    request: &Request,
) -> Result<Proposal, Problem> {
    let (plan, state) = earlier(wiring, request).await?;
    let hands = TenantHands::new(
        connection,
        Arc::new(Looking),
        Arc::new(clock::now),
        Arc::new(|bytes: &mut [u8]| rand::fill(bytes)),
        Arc::new(Sealed::of(wiring)),
    );
    steps::hold_against(
        &hands,
        request.id.as_str(),
        &plan,
        steps::take_back(&plan, &state),
    )
    .await
    .map_err(|problem| Problem::failed("tenant", problem.message))
}

/// Hands that only look have nothing to be made from again.
struct Looking;

#[async_trait]
impl Source for Looking {
    async fn read(&self, run: &str, _: &Plan) -> Result<Ground, StepProblem> {
        Err(StepProblem {
            class: Class::Invalid,
            message: format!("{run} only looks at the tenant and is no run."),
            request_id: None,
        })
    }
}
