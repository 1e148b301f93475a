//! Who decides for whom for a while.

use axum::extract::State;
use domain::{OperatorId, TenantId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Delegation;

use super::{Api, Doc, Sent, data};
use crate::acts::delegate::{self, Lending};
use crate::problem::Problem;
use crate::web::extract::Path;
use crate::web::{Answer, Caller, Needs, Web};

pub(super) fn calls(api: Api) -> Api {
    let me = Needs::SignedIn;
    api.get(
        "/api/v1/me/delegations",
        me,
        Doc::new("me", "Who decides for you, and for whom you decide")
            .for_people()
            .codes(&["delegate"])
            .gives::<Delegations>(),
        delegations,
    )
    .post(
        "/api/v1/me/delegations",
        me,
        Doc::new("me", "Let another operator decide for you for a while")
            .for_people()
            .takes::<Delegating>(|| {
                json!({
                    "to": "bo@provider.example",
                    "begins": "2026-12-21T00:00:00Z",
                    "ends": "2027-01-04T00:00:00Z",
                    "reason": "On holiday",
                })
            })
            .codes(&["delegate", "date", "reason"])
            .gives::<Lent>(),
        lend,
    )
    .delete(
        "/api/v1/me/delegations/{delegation}",
        me,
        Doc::new("me", "End that somebody decides for you")
            .for_people()
            .codes(&["delegate"])
            .gives::<Ended>(),
        end,
    )
}

/// That somebody decides for somebody else for a while.
#[derive(Serialize, JsonSchema)]
struct Lent {
    /// What it is called.
    id: String,
    /// Whose voice it is, by operator id.
    from: String,
    /// Who decides, by operator id.
    to: String,
    /// In which tenant; absent for all in which the lender approves.
    tenant: Option<String>,
    /// From when, as RFC 3339.
    begins: String,
    /// Until when, as RFC 3339.
    ends: String,
    /// Why.
    reason: String,
}

impl Lent {
    fn of(one: Delegation) -> Self {
        Self {
            id: one.id,
            from: one.from.to_string(),
            to: one.to.to_string(),
            tenant: one.tenant.map(|tenant| tenant.to_string()),
            begins: one.from_at.to_string(),
            ends: one.until.to_string(),
            reason: one.reason,
        }
    }
}

/// Who decides for whom, as far as it concerns whoever calls.
#[derive(Serialize, JsonSchema)]
struct Delegations {
    /// Who decides for you.
    lent: Vec<Lent>,
    /// For whom you decide.
    held: Vec<Lent>,
}

/// A wish to let somebody decide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Delegating {
    /// Who decides: an operator's id or address.
    to: String,
    /// In which tenant; absent for all in which you approve.
    #[serde(default)]
    tenant: Option<String>,
    /// From when, as RFC 3339.
    begins: String,
    /// Until when, as RFC 3339; at most 92 days later.
    ends: String,
    /// Why.
    reason: String,
}

/// What ending came to.
#[derive(Serialize, JsonSchema)]
struct Ended {
    /// What was ended.
    ended: String,
}

/// The operator who calls. A program decides in its own name alone.
fn operator(caller: &Caller) -> Result<OperatorId, Problem> {
    if caller.is_client {
        return Err(
            Problem::refused("delegate", "a program lends no voice and is lent none")
                .hint("sign in as an operator to let somebody decide for you"),
        );
    }
    Ok(OperatorId::from(caller.id.as_str()))
}

async fn delegations(State(web): State<Web>, caller: Caller) -> Answer {
    let (lent, held) = delegate::of(&web.wiring, &operator(&caller)?).await?;
    data(&Delegations {
        lent: lent.into_iter().map(Lent::of).collect(),
        held: held.into_iter().map(Lent::of).collect(),
    })
}

async fn lend(State(web): State<Web>, caller: Caller, Sent(wish): Sent<Delegating>) -> Answer {
    let own = operator(&caller)?;
    let moment = |field: &str, text: &str| -> Result<Timestamp, Problem> {
        text.parse().map_err(|_| {
            Problem::refused("date", format!("{field}: “{text}” is no moment"))
                .hint("write it like 2026-12-24T08:00:00Z")
        })
    };
    let lending = Lending {
        to: wish.to,
        tenant: wish.tenant.map(TenantId::new),
        begins: moment("begins", &wish.begins)?,
        ends: moment("ends", &wish.ends)?,
        reason: wish.reason,
    };
    data(&Lent::of(
        delegate::lend(&web.wiring, &own, &lending).await?,
    ))
}

async fn end(State(web): State<Web>, caller: Caller, Path(delegation): Path<String>) -> Answer {
    if !delegate::end(&web.wiring, &operator(&caller)?, &delegation).await? {
        return Err(
            Problem::refused("not-found", "you let nobody decide under this id")
                .hint("GET /api/v1/me/delegations lists those that hold"),
        );
    }
    data(&Ended { ended: delegation })
}
