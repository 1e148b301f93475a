//! Cards, by a workflow of Teams.

use connectors::teams::{self, Posted};
use serde_json::Value;
use store::Claimed;

use super::{Fate, Way};
use crate::clock;

/// One attempt.
pub(super) async fn attempt(way: &Way<'_>, delivery: &Claimed) -> Fate {
    let config = &way.wiring.config;
    let Some(workflow) = config.notify.workflow(&delivery.target) else {
        return Fate::never("this workflow is not in [notify] teams of the configuration any more");
    };
    let address = match workflow.address("workflow-url-file", config.server.allow()) {
        Ok(address) => address,
        Err(problem) => return Fate::never(problem.sentence()),
    };
    let card = delivery.body.as_ref();
    let card: Option<Value> = card.and_then(|body| serde_json::from_slice(body.expose()).ok());
    let Some(card) = card else {
        return Fate::never("the card was erased");
    };
    match teams::post(&way.outbound, &address, &card, clock::now()).await {
        Posted::Accepted => Fate::Delivered { status: None },
        Posted::TryAgain { after, why } => Fate::TryAgain { after, why },
        Posted::Refused { why } => Fate::never(why),
    }
}
