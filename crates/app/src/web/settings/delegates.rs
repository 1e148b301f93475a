//! Who decides for you while you are away, and for whom you decide.

use axum::extract::State;
use domain::{OperatorId, TenantId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use store::Delegation;

use super::own;
use crate::acts::delegate::{self, Lending};
use crate::clock;
use crate::problem::{Exit, Problem};
use crate::web::answer::see;
use crate::web::extract::Path;
use crate::web::{Answer, Caller, Needs, Posted, Routes, Web, when};
use crate::wiring::of_store;

pub(super) fn routes(routes: Routes) -> Routes {
    let path = "/settings/account/delegations";
    routes.post(path, Needs::SignedIn, lend).post(
        "/settings/account/delegations/{delegation}/end",
        Needs::SignedIn,
        end,
    )
}

/// One that holds, or will.
pub(super) struct Line {
    pub(super) id: String,
    /// The other one.
    pub(super) who: String,
    pub(super) tenant: String,
    pub(super) from: String,
    pub(super) until: String,
    pub(super) reason: String,
    pub(super) holds: bool,
}

/// What the page says of deciding for others.
#[derive(Default)]
pub(super) struct Delegates {
    /// Who decides for the reader.
    pub(super) lent: Vec<Line>,
    /// For whom the reader decides.
    pub(super) held: Vec<Line>,
    /// Whether the reader has a voice to lend.
    pub(super) lends: bool,
    /// Colleagues: id, and name with address.
    pub(super) colleagues: Vec<(String, String)>,
    /// What the form holds.
    pub(super) form: Form,
    /// What is wrong with it.
    pub(super) wrong: String,
}

/// A wish to let somebody decide. Days are the reader's own.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Form {
    #[serde(default)]
    pub(super) to: String,
    #[serde(default)]
    pub(super) tenant: String,
    #[serde(default)]
    pub(super) first: String,
    #[serde(default)]
    pub(super) last: String,
    #[serde(default)]
    pub(super) reason: String,
}

/// What the page says.
///
/// # Errors
/// Store errors.
pub(super) async fn read(web: &Web, caller: &Caller) -> Result<Delegates, Problem> {
    let own = OperatorId::from(caller.id.as_str());
    let (lent, held) = delegate::of(&web.wiring, &own).await?;
    let all = web.wiring.store.operators().await.map_err(of_store)?;
    let (now, here) = (clock::now(), caller.here(web));
    let line = |one: &Delegation, other: &OperatorId| {
        let other = all.iter().find(|known| known.id == *other);
        let tenant = one.tenant.as_ref();
        Line {
            id: one.id.clone(),
            who: other.map_or_else(String::new, |other| other.name.clone()),
            tenant: tenant.map_or_else(|| "all tenants".to_owned(), TenantId::to_string),
            from: when::short(one.from_at, &here, now),
            until: when::short(one.until, &here, now),
            reason: one.reason.clone(),
            holds: one.holds(now),
        }
    };
    let lender = all.iter().find(|one| one.id == own);
    Ok(Delegates {
        lent: lent.iter().map(|one| line(one, &one.to)).collect(),
        held: held.iter().map(|one| line(one, &one.from)).collect(),
        lends: lender.is_some_and(|lender| delegate::lends(lender, None)),
        colleagues: all
            .iter()
            .filter(|one| !one.disabled && one.id != own)
            .map(|one| (one.id.to_string(), format!("{}, {}", one.name, one.email)))
            .collect(),
        form: Form {
            first: now.to_zoned(here).date().to_string(),
            ..Form::default()
        },
        wrong: String::new(),
    })
}

async fn lend(State(web): State<Web>, caller: Caller, Posted(form): Posted<Form>) -> Answer {
    own::people_only(&caller)?;
    let own = OperatorId::from(caller.id.as_str());
    let lent = match lending(&form, &caller.here(&web)) {
        Ok(lending) => delegate::lend(&web.wiring, &own, &lending).await,
        Err(problem) => Err(problem),
    };
    match lent {
        Ok(_) => see(own::HERE),
        Err(problem) if problem.exit == Exit::Refused => {
            own::again(&web, caller, form, &problem).await
        }
        Err(problem) => Err(problem),
    }
}

/// From the beginning of the first day to the end of the last.
fn lending(form: &Form, here: &TimeZone) -> Result<Lending, Problem> {
    let midnight = |field: &str, date: Date| -> Result<Timestamp, Problem> {
        let zoned = date.to_zoned(here.clone());
        zoned
            .map(|zoned| zoned.timestamp())
            .map_err(|_| no_day(field, &date.to_string()))
    };
    let day = |field: &str, text: &str| -> Result<Date, Problem> {
        text.trim().parse().map_err(|_| no_day(field, text))
    };
    let last = day("Last day", &form.last)?;
    let after = last
        .tomorrow()
        .map_err(|_| no_day("Last day", &form.last))?;
    Ok(Lending {
        to: form.to.clone(),
        tenant: Some(form.tenant.trim())
            .filter(|tenant| !tenant.is_empty())
            .map(TenantId::from),
        begins: midnight("First day", day("First day", &form.first)?)?,
        ends: midnight("Last day", after)?,
        reason: form.reason.clone(),
    })
}

fn no_day(field: &str, text: &str) -> Problem {
    Problem::refused("date", format!("{field}: “{}” is no day", text.trim()))
        .hint("write it like 2026-12-24")
}

async fn end(State(web): State<Web>, caller: Caller, Path(delegation): Path<String>) -> Answer {
    own::people_only(&caller)?;
    let own = OperatorId::from(caller.id.as_str());
    if !delegate::end(&web.wiring, &own, &delegation).await? {
        return Err(crate::web::error::no_page());
    }
    see(own::HERE)
}
