//! Letting a colleague decide for a while in one's own name.

use domain::access::{Role, role_in};
use domain::{OperatorId, TenantId};
use jiff::{SignedDuration, Timestamp};
use store::{Delegation, TenantScope};

use crate::clock;
use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// The longest time for which somebody lets another decide, in days: whoever is away for longer gives up the role.
const LONGEST_DAYS: i64 = 92;
/// The shortest and the longest reason, in characters.
const REASON: (usize, usize) = (3, 400);

/// Whom somebody lets decide.
#[derive(Clone, Debug)]
pub(crate) struct Lending {
    /// Who decides: an operator's id or address.
    pub(crate) to: String,
    /// In which tenant; none for all in which the lender approves.
    pub(crate) tenant: Option<TenantId>,
    /// From when.
    pub(crate) begins: Timestamp,
    /// Until when.
    pub(crate) ends: Timestamp,
    /// Why.
    pub(crate) reason: String,
}

/// Lets somebody decide in this operator's name.
///
/// # Errors
/// When the operator holds no voice of their own to lend there, the other may not come in, the time is none, and store errors.
pub(crate) async fn lend(
    wiring: &Wiring,
    from: &OperatorId,
    lending: &Lending,
) -> Result<Delegation, Problem> {
    let (store, now) = (&wiring.store, clock::now());
    let lender = store.operator(from).await.map_err(of_store)?;
    if !lends(&lender, lending.tenant.as_ref()) {
        let place = lending
            .tenant
            .as_ref()
            .map_or("any tenant", TenantId::as_str);
        let what = format!(
            "{} is no approver of {place}, so there is nothing to lend",
            lender.email
        );
        return Err(Problem::refused("delegate", what)
            .hint("what was lent to you cannot be lent on; an admin gives roles under Settings, Operators"));
    }
    let all = store.operators().await.map_err(of_store)?;
    let wanted = lending.to.trim();
    let to = all.into_iter().find(|one| {
        !one.disabled
            && one.id != lender.id
            && (one.id.as_str() == wanted || one.email.eq_ignore_ascii_case(wanted))
    });
    let Some(to) = to else {
        let what = format!("“{wanted}” is no other operator who may come in");
        return Err(Problem::refused("delegate", what)
            .hint("choose one of those under Settings, Operators"));
    };
    time(lending, now)?;
    let reason = lending.reason.trim();
    let said = reason.chars().count();
    if said < REASON.0 || said > REASON.1 {
        let what = format!(
            "the reason has {said} characters; it takes {} to {}",
            REASON.0, REASON.1
        );
        return Err(
            Problem::refused("reason", what).hint("say why in a few words, like “on holiday”")
        );
    }
    let delegation = Delegation {
        id: clock::short_id('d'),
        from: lender.id,
        to: to.id,
        tenant: lending.tenant.clone(),
        from_at: lending.begins,
        until: lending.ends,
        by: lender.email,
        reason: reason.to_owned(),
    };
    let scope = TenantScope::provider();
    let added = store.add_delegation(&scope, &delegation, now).await;
    added.map_err(of_store)?;
    wiring.forget_waits();
    Ok(delegation)
}

/// Whether this operator has a voice of their own to lend there.
pub(crate) fn lends(lender: &store::Operator, tenant: Option<&TenantId>) -> bool {
    let approves = |role: Role| role.includes(Role::Approver);
    !lender.disabled
        && match tenant {
            Some(tenant) => role_in(&lender.grants, tenant).is_some_and(approves),
            None => lender.grants.iter().any(|grant| approves(grant.role)),
        }
}

fn time(lending: &Lending, now: Timestamp) -> Result<(), Problem> {
    let refused = |what: String| {
        Err(Problem::refused("date", what)
            .hint("give a first and a last day; somebody who is away for longer gives up the role"))
    };
    if lending.ends <= lending.begins {
        return refused("it ends before it begins".to_owned());
    }
    if lending.ends <= now {
        return refused("it ends in the past".to_owned());
    }
    let longest = SignedDuration::from_hours(24 * LONGEST_DAYS);
    if lending.ends.duration_since(lending.begins) > longest {
        return refused(format!("it lasts longer than {LONGEST_DAYS} days"));
    }
    Ok(())
}

/// What this operator has lent, and what was lent to them, as far as it has not ended.
///
/// # Errors
/// Store errors.
pub(crate) async fn of(
    wiring: &Wiring,
    own: &OperatorId,
) -> Result<(Vec<Delegation>, Vec<Delegation>), Problem> {
    let scope = TenantScope::provider();
    let all = wiring.store.delegations(&scope, clock::now()).await;
    let all = all.map_err(of_store)?;
    let lent = all.iter().filter(|one| one.from == *own).cloned();
    let held = all.iter().filter(|one| one.to == *own).cloned();
    Ok((lent.collect(), held.collect()))
}

/// Ends one of this operator's own; says whether there was one.
///
/// # Errors
/// Store errors.
pub(crate) async fn end(wiring: &Wiring, own: &OperatorId, id: &str) -> Result<bool, Problem> {
    let (lent, _) = of(wiring, own).await?;
    if !lent.iter().any(|one| one.id == id) {
        return Ok(false);
    }
    let ended = wiring.store.end_delegation(id, clock::now()).await;
    wiring.forget_waits();
    ended.map_err(of_store)
}
