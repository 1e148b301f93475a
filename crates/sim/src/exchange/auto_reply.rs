//! Out of office. The server wraps texts in HTML, so what is read back differs from what was sent.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::json;

use super::cmdlets::Context;
use super::errors::Refusal;
use super::identity::{self, Kind};
use super::output::{Output, time};
use super::parameters::Parameters;
use crate::world::Tenant;

const STATE: &str = "Microsoft.Exchange.Data.Storage.OofState";
const AUDIENCE: &str = "Microsoft.Exchange.Data.Storage.ExternalAudience";

/// `Get-MailboxAutoReplyConfiguration`.
pub(super) fn get(
    tenant: &Tenant,
    context: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let found = identity::mailbox(tenant, parameters.required("Identity")?)?;
    let Kind::Mailbox(mailbox, _) = found.kind else {
        return Err(Refusal::not_found(found.id));
    };
    let reply = &mailbox.auto_reply;
    let (start, end) = window(context.now, reply.start, reply.end);
    Ok(Output::rows([json!({
        "AutoReplyState": reply.state,
        "AutoDeclineFutureRequestsWhenOOF": false,
        "CreateOOFEvent": false,
        "DeclineAllEventsForScheduledOOF": false,
        "DeclineEventsForScheduledOOF": false,
        "DeclineMeetingMessage": "",
        "ExternalAudience": reply.external_audience,
        "ExternalMessage": reply.external_message,
        "InternalMessage": reply.internal_message,
        "OOFEventSubject": "",
        "StartTime": time(start),
        "EndTime": time(end),
        "MailboxOwnerId": found.name(),
        "Identity": found.name(),
        "IsValid": true,
        "ObjectState": "Unchanged",
    })]))
}

/// The window shown: the stored one, else the full hour that began last and the day after it.
fn window(
    now: Timestamp,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
) -> (Timestamp, Timestamp) {
    let hour = now
        .round(
            jiff::TimestampRound::new()
                .smallest(Unit::Hour)
                .mode(jiff::RoundMode::Trunc),
        )
        .unwrap_or(now);
    let start = start.unwrap_or(hour);
    let day_later = start
        .saturating_add(SignedDuration::from_hours(24))
        .unwrap_or(Timestamp::MAX);
    (start, end.unwrap_or(day_later))
}

/// `Set-MailboxAutoReplyConfiguration`.
pub(super) fn set(
    tenant: &mut Tenant,
    context: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let (_, mailbox) = identity::mailbox_mut(tenant, parameters.required("Identity")?)?;
    let reply = &mut mailbox.auto_reply;
    if let Some(state) = parameters.one_of(
        "AutoReplyState",
        STATE,
        &["Disabled", "Enabled", "Scheduled"],
    )? {
        state.clone_into(&mut reply.state);
    }
    if let Some(audience) =
        parameters.one_of("ExternalAudience", AUDIENCE, &["None", "Known", "All"])?
    {
        audience.clone_into(&mut reply.external_audience);
    }
    for (parameter, field) in [
        ("InternalMessage", &mut reply.internal_message),
        ("ExternalMessage", &mut reply.external_message),
    ] {
        if parameters.has(parameter) {
            *field = parameters.text(parameter)?.map(wrapped).unwrap_or_default();
        }
    }
    for (parameter, field) in [("StartTime", &mut reply.start), ("EndTime", &mut reply.end)] {
        if let Some(text) = parameters.text(parameter)? {
            *field = Some(moment(parameter, text)?);
        }
    }
    let (start, end) = window(context.now, reply.start, reply.end);
    if reply.state == "Scheduled" {
        if end <= start {
            return Err(Refusal::task(
                "The end time of the automatic reply must be later than its start time.",
            ));
        }
        (reply.start, reply.end) = (Some(start), Some(end));
    }
    Ok(Output::default())
}

/// The text as the server keeps it.
fn wrapped(text: &str) -> String {
    if text.trim_start().to_lowercase().starts_with("<html") {
        return text.to_owned();
    }
    format!("<html>\n<body>\n{text}\n</body>\n</html>\n")
}

/// A moment in ISO form, or a date with or without time in the service's own (US, UTC) form.
pub(super) fn moment(parameter: &str, text: &str) -> Result<Timestamp, Refusal> {
    let civil = || {
        let formats = ["%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M %p"];
        let with_time = formats
            .iter()
            .find_map(|format| DateTime::strptime(format, text).ok());
        let date = || {
            jiff::civil::Date::strptime("%m/%d/%Y", text)
                .ok()
                .map(|date| date.at(0, 0, 0, 0))
        };
        with_time.or_else(|| text.parse().ok()).or_else(date)
    };
    let found = text.parse().ok().or_else(|| {
        civil()?
            .to_zoned(TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp())
    });
    found.ok_or_else(|| Refusal::wrong_type(parameter, &json!(text), "System.DateTime"))
}
