//! A plan: what will change, in full, and the decision on exactly that.

mod bar;
pub(crate) mod brief;
mod choices;
mod compare;
mod decide;
mod drift;
mod known;
pub(crate) mod lead;
mod lines;
mod page;
mod phone;
mod rail;
mod rehearsal;
mod standing;
#[cfg(test)]
pub(crate) mod tests;

use axum::extract::State;
use domain::access::Role;
use domain::{PlanId, TenantId};
use serde::Deserialize;

use super::answer::page as answer;
use super::{Answer, Caller, Needs, Routes, Web};
use crate::web::extract::{Path, Query};

pub(crate) use drift::changes;
pub(crate) use known::{Somebody, name_of, people, zone_of};

pub(super) fn routes(routes: Routes) -> Routes {
    let looks = Needs::There(Role::Viewer);
    let asks = Needs::There(Role::Requester);
    let decides = Needs::There(Role::Approver);
    routes
        .get("/t/{tenant}/plans/{plan}", looks, show)
        .get("/t/{tenant}/plans/{plan}/approve", looks, phone::show)
        .post("/t/{tenant}/plans/{plan}/approve", decides, decide::approve)
        .post("/t/{tenant}/plans/{plan}/refuse", decides, decide::refuse)
        .post(
            "/t/{tenant}/plans/{plan}/take-back",
            decides,
            decide::take_back,
        )
        .post("/t/{tenant}/plans/{plan}/begin", decides, decide::begin)
        .post("/t/{tenant}/plans/{plan}/comment", asks, decide::comment)
        .post("/t/{tenant}/plans/{plan}/again", asks, decide::again)
        .post("/t/{tenant}/plans/{plan}/look", asks, decide::look)
        .post("/t/{tenant}/plans/{plan}/choose", asks, decide::choose)
        .get("/t/{tenant}/plans/{plan}/rehearsal", looks, rehearsal::show)
        .post("/t/{tenant}/plans/{plan}/rehearsal", asks, rehearsal::begin)
}

/// Which part of a plan is looked at.
#[derive(Clone, Debug, Default, Deserialize)]
struct Look {
    /// The tab; the changes without one.
    tab: Option<String>,
    /// `order` for the changes by phase.
    by: Option<String>,
    /// Another version to compare with.
    against: Option<PlanId>,
}

async fn show(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, plan)): Path<(TenantId, PlanId)>,
    Query(look): Query<Look>,
) -> Answer {
    answer(&page::of(&web, &caller, &tenant, &plan, &look).await?)
}
