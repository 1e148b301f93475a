//! Cards, by a workflow of Teams or by our bot.

use connectors::teams::{self, Posted};
use serde_json::Value;
use store::Claimed;

use super::{Fate, Way};
use crate::clock;
use crate::telling::BY_BOT;
use crate::wiring::Wiring;

/// One attempt.
pub(super) async fn attempt(way: &Way<'_>, delivery: &Claimed) -> Fate {
    let card = delivery.body.as_ref();
    let card: Option<Value> = card.and_then(|body| serde_json::from_slice(body.expose()).ok());
    let Some(card) = card else {
        return Fate::never("the card was erased");
    };
    if let Some(operator) = delivery.target.strip_prefix(BY_BOT) {
        return by_bot(way.wiring, operator, &card).await;
    }
    let config = &way.wiring.config;
    let Some(workflow) = config.notify.workflow(&delivery.target) else {
        return Fate::never("this workflow is not in [notify] teams of the configuration any more");
    };
    let address = match workflow.address("workflow-url-file", config.server.allow()) {
        Ok(address) => address,
        Err(problem) => return Fate::never(problem.sentence()),
    };
    fate(teams::post(&way.outbound, &address, &card, clock::now()).await)
}

/// By our bot, into the conversation that it has had with an operator.
async fn by_bot(wiring: &Wiring, operator: &str, card: &Value) -> Fate {
    let Some(bot) = &wiring.bot else {
        return Fate::never("[notify] bot is not in the configuration any more");
    };
    let known = match wiring.store.conversations().await {
        Ok(known) => known,
        Err(error) => {
            return Fate::TryAgain {
                after: None,
                why: error.to_string(),
            };
        }
    };
    let place = known.iter().find(|one| one.operator.as_str() == operator);
    let Some(place) = place else {
        return Fate::never("the bot is in no conversation with this operator any more");
    };
    let (service, conversation) = (&place.service, &place.conversation);
    fate(
        bot.voice
            .post_card(service, conversation, card, clock::now())
            .await,
    )
}

fn fate(posted: Posted) -> Fate {
    match posted {
        Posted::Accepted => Fate::Delivered { status: None },
        Posted::TryAgain { after, why } => Fate::TryAgain { after, why },
        Posted::Refused { why } => Fate::never(why),
    }
}
