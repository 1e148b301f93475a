//! The licences of a tenant, and which of their seats people hold who left.

use connectors::facts::{self, Seats};
use connectors::{Connection, Ctx, Purpose};
use domain::request::Kind;
use store::{RunFilter, RunStatus, Tenant, TenantScope};

use crate::problem::Problem;
use crate::wiring::{Wiring, of_call, of_store};

/// The most people who left that are asked for.
const LEFT: usize = 100;

/// Who left, by the directory's ids: those for whom an offboarding ended, the newest ones.
///
/// # Errors
/// Store errors.
pub(crate) async fn left(wiring: &Wiring, scope: &TenantScope) -> Result<Vec<String>, Problem> {
    let mut people = Vec::new();
    for status in [RunStatus::Completed, RunStatus::NeedsReview] {
        let filter = RunFilter {
            status: Some(status),
            kind: Some(Kind::Offboard),
            upn: None,
        };
        let runs = wiring.store.list_runs(scope, &filter, None).await;
        let lines = runs.map_err(of_store)?.lines.into_iter();
        people.extend(lines.map(|run| run.person));
    }
    people.sort();
    people.dedup();
    people.truncate(LEFT);
    Ok(people)
}

/// Every licence of the tenant, with the seats that these people hold although their sign-in is blocked.
///
/// # Errors
/// What the tenant refuses.
pub(crate) async fn of(
    connection: &Connection,
    tenant: &Tenant,
    people: &[String],
) -> Result<Vec<Seats>, Problem> {
    let seats = facts::seats(&connection.graph, &Ctx::of(Purpose::Plan), people).await;
    seats.map_err(|error| of_call(&tenant.name, &error))
}
