//! Calls of Teams to our bot: somebody opened it, took it away, or pressed a button of a card.
//!
//! Nothing in a call is believed before its token is proved, and then only who pressed and where. What the card carried is believed only
//! as far as our own seal goes. Then the same judge decides as for the pages.

mod cards;
#[cfg(test)]
mod tests;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use connectors::bot::{Action, Incoming, Somebody, Unauthentic, refuse_action, replace_card};
use connectors::card::{APPROVE, COMMENT, REFRESH, REFUSE};
use domain::PlanId;
use domain::access::{Role, role_in};
use domain::plan::Digest;
use engine::state::Phase;
use serde_json::Value;
use store::{Conversation, Operator, TenantScope};

use super::{Answer, Needs, Routes, Web, error};
use crate::acts::approve::{self, Decided, Decision, Read, Refusing};
use crate::acts::judge::{self, Matter};
use crate::acts::{begin, look};
use crate::bot::TeamsBot;
use crate::clock;
use crate::problem::{Exit, Problem};
use crate::telling::{self, Carried};
use crate::wiring::of_store;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.post("/api/teams/messages", Needs::OwnProof, messages)
}

async fn messages(State(web): State<Web>, headers: HeaderMap, body: Bytes) -> Answer {
    let Some(bot) = &web.wiring.bot else {
        return Err(error::no_page());
    };
    let given = headers.get(header::AUTHORIZATION);
    let given = given.and_then(|value| value.to_str().ok());
    let incoming = match bot.ear.open(given, &body, clock::now()).await {
        Ok(incoming) => incoming,
        Err(why) => {
            tracing::warn!("a call of the Teams bot is refused: {why}");
            let status = match why {
                Unauthentic::NoKeys(_) => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::UNAUTHORIZED,
            };
            return Ok(status.into_response());
        }
    };
    match incoming {
        Incoming::Other { from, removed, .. } => {
            if let Some(from) = from.filter(|from| from.tenant == bot.tenant) {
                meet(&web, bot, &from, removed).await?;
            }
            Ok(StatusCode::OK.into_response())
        }
        Incoming::Action(action) => pressed(&web, bot, &action).await,
    }
}

/// Remembers where somebody is reached, or that they are not any more.
async fn meet(web: &Web, bot: &TeamsBot, from: &Somebody, removed: bool) -> Result<(), Problem> {
    let (directory, object) = (from.tenant.to_string(), from.by.to_string());
    let store = &web.wiring.store;
    if removed {
        let dropped = store.drop_conversation(&directory, &object).await;
        return dropped.map(drop).map_err(of_store);
    }
    if !from.place.personal {
        return Ok(());
    }
    let Some(operator) = who(web, bot, from).await? else {
        tracing::info!("somebody of {directory} who is no operator has opened the Teams bot");
        return Ok(());
    };
    let conversation = Conversation {
        operator: operator.id,
        directory,
        object,
        service: from.place.service.clone(),
        conversation: from.place.conversation.clone(),
    };
    let kept = store.put_conversation(&conversation, clock::now()).await;
    kept.map_err(of_store)
}

/// The operator that somebody of Teams is: the one known by the object id, else the one whose address is the sign-in name that the service
/// itself tells us.
async fn who(web: &Web, bot: &TeamsBot, from: &Somebody) -> Result<Option<Operator>, Problem> {
    let store = &web.wiring.store;
    let (directory, object) = (from.tenant.to_string(), from.by.to_string());
    let known = store.conversation_of(&directory, &object).await;
    let operator = match known.map_err(of_store)? {
        Some(known) => Some(store.operator(&known.operator).await.map_err(of_store)?),
        None => match bot.voice.member(&from.place).await {
            Ok(member)
                if member.aad_object_id == Some(from.by)
                    && member.tenant_id.is_none_or(|of| of == from.tenant) =>
            {
                let found = store.operator_by_email(&member.user_principal_name).await;
                found.map_err(of_store)?
            }
            Ok(_) => None,
            Err(why) => return Err(unknown(&why)),
        },
    };
    Ok(operator.filter(|operator| !operator.disabled))
}

fn unknown(why: &str) -> Problem {
    Problem::failed(
        "teams",
        format!("the bot cannot learn from Teams who somebody is: {why}"),
    )
    .hint("check [notify] bot and that its secret has not ended")
}

async fn pressed(web: &Web, bot: &TeamsBot, action: &Action) -> Answer {
    let answer = match decide(web, bot, action).await {
        Ok(card) => replace_card(&card),
        // The card stays, and a sentence stands under it.
        Err(problem) if problem.exit == Exit::Refused => {
            refuse_action(&problem.code, &problem.sentence())
        }
        Err(problem) => {
            tracing::error!("a press of a Teams card: {problem}");
            let sentence = "Tenure could not do this now. Open the page and decide there.";
            refuse_action("failed", sentence)
        }
    };
    Ok::<Response, Problem>(Json(answer).into_response())
}

/// Whoever pressed, as far as they may look at what their card is about; then what they pressed.
async fn decide(web: &Web, bot: &TeamsBot, action: &Action) -> Result<Value, Problem> {
    if action.tenant != bot.tenant {
        return Err(Problem::refused(
            "other-directory",
            "this bot is for people of another organisation",
        )
        .hint("open the page and decide there"));
    }
    let from = Somebody {
        by: action.by,
        tenant: action.tenant,
        place: action.place.clone(),
    };
    let operator = who(web, bot, &from).await?.ok_or_else(|| {
        Problem::refused("no-operator", "you are no operator of Tenure").hint(
            "have an admin invite you under Settings, Operators, with the name you sign in to Teams with",
        )
    })?;
    let seal = action.data.get("seal").and_then(Value::as_str);
    let carried = seal.and_then(|seal| Carried::open(&web.wiring.store, seal));
    let carried = carried.ok_or_else(|| {
        Problem::refused("card", "this card is not one that Tenure has sent")
            .hint("open the page and decide there")
    })?;
    if carried.operator != operator.id {
        return Err(
            Problem::refused("card", "this card was sent to somebody else")
                .hint("open the page and decide in your own name"),
        );
    }
    let mut grants = operator.grants.clone();
    grants.extend(judge::lent(&web.wiring, &operator.id, clock::now()).await?);
    let role = role_in(&grants, &carried.tenant);
    if !role.is_some_and(|role| role.includes(Role::Approver)) {
        let what = format!("this needs the role approver in {}", carried.tenant);
        return Err(
            Problem::refused("role", what).hint("an admin gives roles under Settings, Operators")
        );
    }
    act(web, action, &carried, &operator).await
}

/// Does what the button says, once, and answers with the card as it stands then.
async fn act(
    web: &Web,
    action: &Action,
    carried: &Carried,
    operator: &Operator,
) -> Result<Value, Problem> {
    let (wiring, plan) = (&web.wiring, &carried.plan);
    let scope = TenantScope::of(&carried.tenant).seen_by(&operator.email);
    let before = Matter::read(wiring, &scope, plan).await?;
    let drifted = drifted(web, &scope, plan).await?;
    let card = |matter: Matter| cards::stands(web, &scope, matter, operator, &drifted);
    let is_void =
        before.newer.is_some() || before.stored.digest != carried.digest || !drifted.is_empty();
    if action.verb == REFRESH {
        let asks = if is_void {
            None
        } else {
            telling::still_asks(wiring, &scope, &before, operator).await?
        };
        return match asks {
            Some(asks) => Ok(asks),
            None => card(before).await,
        };
    }
    if is_void || action.activity.is_empty() || !first(web, action).await? {
        return card(before).await;
    }
    let done = match action.verb.as_str() {
        APPROVE => approved(web, &scope, action, carried, operator).await,
        REFUSE => refused(web, &scope, action, carried, operator).await,
        _ => Err(Problem::refused("card", "this card has no such button")
            .hint("open the page and decide there")),
    };
    let after = Matter::read(wiring, &scope, plan).await?;
    match done {
        // Whoever presses too late is told how it was decided.
        Err(problem) if problem.exit == Exit::Refused && !cards::is_open(web, &after).await? => {
            tracing::info!(plan = %plan, code = %problem.code, "a press of a Teams card came too late");
        }
        done => done?,
    }
    card(after).await
}

/// What the last look saw to differ, as long as that keeps a run from beginning: the rule of the plan's page.
async fn drifted(web: &Web, scope: &TenantScope, plan: &PlanId) -> Result<Vec<String>, Problem> {
    let store = &web.wiring.store;
    if let Some(run) = store.run_of_plan(scope, plan).await.map_err(of_store)? {
        let row = store.run(scope, &run).await.map_err(of_store)?;
        if !matches!(row.state.phase, Phase::Scheduled { .. }) {
            return Ok(Vec::new());
        }
    }
    let looks = look::last(&web.wiring, scope, std::slice::from_ref(plan)).await?;
    let seen = looks.into_iter().find(|(_, _, seen)| seen.voids);
    Ok(seen.map_or_else(Vec::new, |(_, _, seen)| super::plan::changes(&seen.drifted)))
}

/// Whether this press is heard for the first time: Teams repeats calls, and whoever has listened may repeat them as well.
async fn first(web: &Web, action: &Action) -> Result<bool, Problem> {
    let parts = format!(
        "{}\n{}\n{}",
        action.tenant, action.place.conversation, action.activity
    );
    let id = Digest::of(parts.as_bytes());
    let heard = web.wiring.store.hear_press(id.as_str(), clock::now()).await;
    heard.map_err(of_store)
}

async fn approved(
    web: &Web,
    scope: &TenantScope,
    action: &Action,
    carried: &Carried,
    operator: &Operator,
) -> Result<(), Problem> {
    let ticked = action.inputs.iter().filter(|(_, value)| *value == "true");
    let lines: Vec<String> = ticked.map(|(id, _)| id.clone()).collect();
    let decision = Decision {
        plan: &carried.plan,
        by: &operator.email,
        read: Read::Whole(carried.digest.as_str()),
        lines: &lines,
    };
    let decided = approve::approve(&web.wiring, scope, &decision).await?;
    if let Decided::Kept { stored, have, need } = decided
        && have >= need
        && let Err(problem) = begin::begin(&web.wiring, &stored).await
    {
        // What keeps it from beginning stands on the plan's page.
        tracing::info!(plan = %stored.id, code = %problem.code, "approved, and no run began: {problem}");
    }
    Ok(())
}

async fn refused(
    web: &Web,
    scope: &TenantScope,
    action: &Action,
    carried: &Carried,
    operator: &Operator,
) -> Result<(), Problem> {
    let refusing = Refusing {
        plan: &carried.plan,
        by: &operator.email,
        read: Read::Whole(carried.digest.as_str()),
        reason: action.inputs.get(COMMENT).map_or("", String::as_str),
    };
    approve::refuse(&web.wiring, scope, &refusing)
        .await
        .map(drop)
}
