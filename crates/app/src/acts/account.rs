//! One's own account: the time zone one lives in, and the sessions that are open.

use domain::OperatorId;
use store::Session;

use crate::clock;
use crate::problem::Problem;
use crate::web::Caller;
use crate::wiring::{Wiring, of_store};

fn own(caller: &Caller) -> OperatorId {
    OperatorId::from(caller.id.as_str())
}

/// The caller's open sessions.
///
/// # Errors
/// Store errors.
pub(crate) async fn sessions(wiring: &Wiring, caller: &Caller) -> Result<Vec<Session>, Problem> {
    let sessions = wiring.store.sessions(&own(caller), clock::now()).await;
    sessions.map_err(of_store)
}

/// Ends one of the caller's sessions.
///
/// # Errors
/// `not-found` for a session that is none of theirs, and store errors.
pub(crate) async fn end(wiring: &Wiring, caller: &Caller, session: &str) -> Result<(), Problem> {
    let ended = wiring.store.revoke_session(&own(caller), session).await;
    if ended.map_err(of_store)? {
        return Ok(());
    }
    Err(
        Problem::refused("not-found", "there is no such session, or it is not yours")
            .hint("look at the list of your sessions"),
    )
}

/// Ends all of the caller's sessions but the one that asks.
///
/// # Errors
/// Store errors.
pub(crate) async fn end_others(wiring: &Wiring, caller: &Caller) -> Result<(), Problem> {
    let but = caller.session.as_deref();
    let ended = wiring.store.revoke_sessions(&own(caller), but).await;
    ended.map(drop).map_err(of_store)
}

/// Sets the caller's time zone; an empty one is the provider's.
///
/// # Errors
/// `zone` for one that is not known, and store errors.
pub(crate) async fn set_zone(wiring: &Wiring, caller: &Caller, zone: &str) -> Result<(), Problem> {
    let zone = zone.trim();
    if !zone.is_empty() && jiff::tz::TimeZone::get(zone).is_err() {
        return Err(
            Problem::refused("zone", format!("Time zone: there is no zone “{zone}”"))
                .hint("name one like Europe/London; leave it empty for the provider's"),
        );
    }
    let zone = Some(zone).filter(|zone| !zone.is_empty());
    let set = wiring.store.set_zone(&own(caller), zone).await;
    set.map_err(of_store)
}
