//! Planning to take back what a run did. Like any plan it is shown, approved and run; nothing is changed here.

use std::collections::BTreeMap;

use domain::plan::StoredPlan;
use domain::request::{Cited, Kind, Origin, PersonHint, Request, When};
use domain::{RequestId, RunId};
use store::TenantScope;

use crate::clock;
use crate::planning;
use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// Makes the plan that takes a run back, now or at a moment.
///
/// # Errors
/// When the run has not ended, and every reason why there is no plan.
pub(crate) async fn undo(
    wiring: &Wiring,
    scope: &TenantScope,
    run: &RunId,
    when: When,
    by: &str,
    channel: &str,
) -> Result<StoredPlan, Problem> {
    let row = wiring.store.run(scope, run).await.map_err(of_store)?;
    if row.outcome().is_none() {
        return Err(
            Problem::refused("not-ended", format!("run {run} has not ended"))
                .hint("wait for it, or stop it"),
        );
    }
    let request = Request {
        id: RequestId::new(clock::short_id('q')),
        tenant: row.tenant,
        kind: Kind::Restore,
        person: PersonHint {
            address: Some(Cited::typed(row.upn)),
            ..PersonHint::default()
        },
        when: Some(Cited::typed(when)),
        fields: BTreeMap::new(),
        switches: BTreeMap::new(),
        origin: Origin {
            channel: channel.to_owned(),
            requester: by.to_owned(),
            reference: Some(run.to_string()),
            received_at: clock::now(),
            subject: None,
            body: None,
        },
        asks: Vec::new(),
        confidential: Vec::new(),
        only: None,
    };
    planning::make(wiring, request, false).await
}
