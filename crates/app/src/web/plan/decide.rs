//! Decisions on a plan as forms send them. What may be decided is said by [`crate::acts::approve`]; here it is carried to and fro.

use axum::extract::State;
use axum::response::IntoResponse as _;
use domain::{PlanId, TenantId};
use serde::Deserialize;

use super::known::Known;
use super::standing::Stands;
use super::{Look, choices, page, phone};
use crate::acts::approve::{self, Decided, Decision, Read, Refusing};
use crate::acts::{begin as beginning, look as looking, request, talk};
use crate::problem::Problem;
use crate::web::answer::{page as answer, see};
use crate::web::extract::Path;
use crate::web::{Answer, Caller, Posted, Web, error};
use crate::wiring::of_store;

/// A decision.
#[derive(Debug, Deserialize)]
pub(super) struct Form {
    /// The full digest of what was read.
    #[serde(default)]
    digest: String,
    /// Lines that are ticked for themselves.
    #[serde(default)]
    line: Vec<String>,
    /// Why it is refused.
    #[serde(default)]
    reason: String,
    /// `phone` when it was sent from the page for phones.
    #[serde(default)]
    from: String,
}

impl Form {
    fn is_phone(&self) -> bool {
        self.from == "phone"
    }
}

/// Where a decision was sent from.
struct Place<'a> {
    web: &'a Web,
    caller: &'a Caller,
    tenant: &'a TenantId,
    plan: &'a PlanId,
    is_phone: bool,
}

impl<'a> Place<'a> {
    /// The plan that is decided on. Whoever may not see it is told what everybody is told of a plan that is not there.
    async fn of(
        web: &'a Web,
        caller: &'a Caller,
        (tenant, plan): (&'a TenantId, &'a PlanId),
        is_phone: bool,
    ) -> Result<Self, Problem> {
        match web.wiring.store.plan(&caller.scope_of(tenant), plan).await {
            Err(store::Error::Missing { .. }) => Err(error::no_page()),
            Err(other) => Err(of_store(other)),
            Ok(_) => Ok(Self {
                web,
                caller,
                tenant,
                plan,
                is_phone,
            }),
        }
    }

    fn address(&self) -> String {
        let foot = if self.is_phone { "/approve" } else { "" };
        format!("/t/{}/plans/{}{foot}", self.tenant, self.plan)
    }

    /// The page again, with what is wrong on top.
    async fn again(&self, problem: Problem) -> Answer {
        let (web, caller) = (self.web, self.caller);
        // A plan that this reader may not see is not there, whatever else is wrong.
        let status = problem.status();
        let hint = problem.hint.unwrap_or_default();
        let page = if self.is_phone {
            let mut page = phone::of(web, caller, self.tenant, self.plan).await?;
            page.wrong = problem.what;
            answer(&page)?
        } else {
            let mut page = page::of(web, caller, self.tenant, self.plan, &Look::default()).await?;
            page.wrong = problem.what;
            page.wrong_hint = hint;
            answer(&page)?
        };
        Ok((status, page).into_response())
    }

    /// The page again for what was refused; everything else is told as what it is.
    async fn refused(&self, problem: Problem) -> Answer {
        if problem.exit == crate::problem::Exit::Refused {
            return self.again(problem).await;
        }
        Err(problem)
    }
}

pub(super) async fn approve(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, plan)): Path<(TenantId, PlanId)>,
    Posted(form): Posted<Form>,
) -> Answer {
    let place = Place::of(&web, &caller, (&tenant, &plan), form.is_phone()).await?;
    let scope = caller.scope_of(&tenant);
    let decision = Decision {
        plan: &plan,
        by: &caller.address,
        read: Read::Whole(&form.digest),
        lines: &form.line,
    };
    let decided = match approve::approve(&web.wiring, &scope, &decision).await {
        Ok(decided) => decided,
        Err(problem) => return place.refused(problem).await,
    };
    match decided {
        Decided::Lines { run, .. } => see(&format!("/t/{tenant}/runs/{run}")),
        Decided::Kept { have, need, .. } if have < need => see(&place.address()),
        // What keeps a run from beginning stands on the plan's page, beside what was approved.
        Decided::Kept { stored, .. } => match beginning::begin(&web.wiring, &stored).await {
            Ok(begun) if !place.is_phone => see(&format!("/t/{tenant}/runs/{}", begun.run)),
            Ok(_) => see(&place.address()),
            Err(problem) => {
                tracing::info!(plan = %plan, code = %problem.code, "approved, and no run began: {problem}");
                see(&place.address())
            }
        },
    }
}

pub(super) async fn refuse(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, plan)): Path<(TenantId, PlanId)>,
    Posted(form): Posted<Form>,
) -> Answer {
    let place = Place::of(&web, &caller, (&tenant, &plan), form.is_phone()).await?;
    let refusing = Refusing {
        plan: &plan,
        by: &caller.address,
        read: Read::Whole(&form.digest),
        reason: &form.reason,
    };
    match approve::refuse(&web.wiring, &caller.scope_of(&tenant), &refusing).await {
        Ok(_) => see(&place.address()),
        Err(problem) => place.refused(problem).await,
    }
}

pub(super) async fn take_back(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, plan)): Path<(TenantId, PlanId)>,
    Posted(form): Posted<Form>,
) -> Answer {
    let place = Place::of(&web, &caller, (&tenant, &plan), form.is_phone()).await?;
    let scope = caller.scope_of(&tenant);
    match approve::take_back(&web.wiring, &scope, &plan, &caller.address).await {
        Ok(_) => see(&place.address()),
        Err(problem) => place.refused(problem).await,
    }
}

/// Begins the run of a plan that has its approvals.
pub(super) async fn begin(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, plan)): Path<(TenantId, PlanId)>,
) -> Answer {
    let place = Place::of(&web, &caller, (&tenant, &plan), false).await?;
    let scope = caller.scope_of(&tenant);
    let stored = web
        .wiring
        .store
        .plan(&scope, &plan)
        .await
        .map_err(of_store)?;
    match beginning::begin(&web.wiring, &stored).await {
        Ok(begun) => see(&format!("/t/{tenant}/runs/{}", begun.run)),
        Err(problem) => place.refused(problem).await,
    }
}

/// Something said about a plan.
#[derive(Debug, Deserialize)]
pub(super) struct Talk {
    #[serde(default)]
    text: String,
}

pub(super) async fn comment(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, plan)): Path<(TenantId, PlanId)>,
    Posted(said): Posted<Talk>,
) -> Answer {
    let place = Place::of(&web, &caller, (&tenant, &plan), false).await?;
    let scope = caller.scope_of(&tenant);
    if let Err(problem) = talk::say(&web.wiring, &scope, &plan, &caller.address, &said.text).await {
        return place.refused(problem).await;
    }
    see(&format!("{}?tab=discussion", place.address()))
}

/// Makes a new version from the tenant as it is now.
pub(super) async fn again(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, plan)): Path<(TenantId, PlanId)>,
) -> Answer {
    let place = Place::of(&web, &caller, (&tenant, &plan), false).await?;
    match request::again(&web.wiring, &caller.scope_of(&tenant), &plan).await {
        Ok(stored) => see(&format!("/t/{tenant}/plans/{}", stored.id)),
        Err(problem) => place.refused(problem).await,
    }
}

/// Reads the tenant again and says beside the plan whether it still fits. Nothing is planned or changed.
pub(super) async fn look(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, plan)): Path<(TenantId, PlanId)>,
) -> Answer {
    let place = Place::of(&web, &caller, (&tenant, &plan), false).await?;
    match looking::look(&web.wiring, &caller.scope_of(&tenant), &plan).await {
        Ok(_) => see(&place.address()),
        Err(problem) => place.refused(problem).await,
    }
}

/// Something decided otherwise.
#[derive(Debug, Deserialize)]
pub(super) struct Chosen {
    #[serde(default)]
    choice: String,
    #[serde(default)]
    pick: String,
}

/// Makes a new version in which something is decided otherwise.
pub(super) async fn choose(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, plan)): Path<(TenantId, PlanId)>,
    Posted(chosen): Posted<Chosen>,
) -> Answer {
    let place = Place::of(&web, &caller, (&tenant, &plan), false).await?;
    let Some(switches) = choices::switches(&chosen.choice, &chosen.pick) else {
        let problem = Problem::refused("choice", "nothing was chosen".to_owned());
        return place
            .refused(problem.hint("choose one of the ways beside the remark"))
            .await;
    };
    let known = Known::read(&web, &caller, &tenant, &plan).await?;
    let mut offered = choices::of(&known, &Stands::of(&known)).into_iter();
    let Some(choice) = offered.find(|one| one.name == chosen.choice) else {
        let problem = Problem::refused("choice", "this is not open on this plan".to_owned());
        return place
            .refused(problem.hint("open the newest version of the plan"))
            .await;
    };
    let mut picks = choice.picks.iter();
    if picks.any(|pick| pick.is_current && pick.value == chosen.pick) {
        return see(&place.address());
    }
    let scope = caller.scope_of(&tenant);
    match request::otherwise(&web.wiring, &scope, &plan, switches).await {
        Ok(stored) => see(&format!("/t/{tenant}/plans/{}?against={plan}", stored.id)),
        Err(problem) => place.refused(problem).await,
    }
}
