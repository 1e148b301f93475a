//! Calling off the meetings that a mailbox organises: queued, and done some seconds later.

use jiff::SignedDuration;
use serde_json::json;

use super::auto_reply::moment;
use super::cmdlets::Context;
use super::errors::Refusal;
use super::identity::{self, Kind};
use super::output::Output;
use super::parameters::Parameters;
use crate::world::{Due, RecipientKind, Tenant, Work, has_exchange_plan};

/// The widest window (cmdlet reference: five years).
const MAX_DAYS: i64 = 1825;

/// `Remove-CalendarEvents`.
pub(super) fn remove(
    tenant: &mut Tenant,
    context: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let found = identity::mailbox(tenant, parameters.required("Identity")?)?;
    let Kind::Mailbox(mailbox, _) = found.kind else {
        return Err(Refusal::not_found(found.id));
    };
    let days = parameters.number("QueryWindowInDays")?.unwrap_or(0);
    if !(1..=MAX_DAYS).contains(&days) {
        let kind = format!("a window between 1 and {MAX_DAYS} days");
        return Err(Refusal::wrong_type(
            "QueryWindowInDays",
            &json!(days),
            &kind,
        ));
    }
    let start = match parameters.text("QueryStartDate")? {
        Some(text) => moment("QueryStartDate", text)?,
        None => context.now,
    };
    let until = start
        .saturating_add(SignedDuration::from_hours(days * 24))
        .unwrap_or(jiff::Timestamp::MAX);
    let licensed =
        mailbox.kind != RecipientKind::UserMailbox || has_exchange_plan(tenant, found.id);
    if mailbox.locked || !licensed {
        return Err(Refusal::cannot_send(&found.name()));
    }
    // Only meetings still to come are called off, wherever the window begins.
    let work = Work::CancelMeetings {
        mailbox: found.id.to_owned(),
        from: start.max(context.now),
        until,
    };
    let queued = Output::warned(Some(format!(
        "The meeting cancellation request for mailbox '{}' has been queued.",
        found.name()
    )));
    if parameters.switch("CancelOrganizedMeetings") && !parameters.switch("PreviewOnly") {
        tenant.due.push(Due {
            at: context.queue_done_at,
            work,
        });
    }
    Ok(queued)
}
