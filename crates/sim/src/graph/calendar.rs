//! Calendars: organised meetings, views with every instance of a series, cancelling one.
//!
//! Source: Graph user-list-events, calendar-list-calendarview, event-cancel.

use jiff::Timestamp;
use jiff::ToSpan;
use serde_json::{Value, json};

use super::mail::{address, mailbox_of};
use super::query::{self, Rules};
use super::users::time;
use super::{Ask, Outcome, error, schema};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::world::{Event, Id, Tenant};

const RULES: Rules<'static> = Rules {
    context: "users/events",
    known: schema::EVENT,
    default: &[],
    kind: "microsoft.graph.event",
    page: [10, 1_000],
};

/// Instances of one series that a view shows at most.
const MOST_INSTANCES: usize = 500;

fn zoned(moment: Timestamp) -> Value {
    json!({"dateTime": moment.strftime("%Y-%m-%dT%H:%M:%S.0000000").to_string(), "timeZone": "UTC"})
}

fn event_value(tenant: &Tenant, id: &str, event: &Event) -> Value {
    let attendees: Vec<Value> = event
        .attendees
        .iter()
        .map(|mail| {
            let mut attendee = address(tenant, mail);
            attendee["type"] = json!("required");
            attendee["status"] = json!({"response": "none", "time": "0001-01-01T00:00:00Z"});
            attendee
        })
        .collect();
    let recurrence = event.weekly_until.map(|until| {
        let day = event.start.strftime("%A").to_string().to_lowercase();
        json!({
            "pattern": {"type": "weekly", "interval": 1, "month": 0, "dayOfMonth": 0, "daysOfWeek": [day], "firstDayOfWeek": "sunday", "index": "first"},
            "range": {"type": "endDate", "startDate": event.start.strftime("%Y-%m-%d").to_string(), "endDate": until.strftime("%Y-%m-%d").to_string(), "recurrenceTimeZone": "UTC", "numberOfOccurrences": 0},
        })
    });
    json!({
        "id": id,
        "iCalUId": event.ical_uid,
        "subject": event.subject,
        "bodyPreview": "",
        "isAllDay": false,
        "isCancelled": event.is_cancelled,
        "isOrganizer": event.is_organizer,
        "isDraft": false,
        "type": if event.weekly_until.is_some() { "seriesMaster" } else { "singleInstance" },
        "seriesMasterId": null,
        "showAs": "busy",
        "start": zoned(event.start),
        "end": zoned(event.end),
        "organizer": address(tenant, &event.organizer),
        "attendees": attendees,
        "recurrence": recurrence,
        "responseStatus": {"response": if event.is_organizer { "organizer" } else { "accepted" }, "time": "0001-01-01T00:00:00Z"},
    })
}

fn of_mailbox<'t>(
    tenant: &'t Tenant,
    mailbox: &'t str,
) -> impl Iterator<Item = (&'t Id, &'t Event)> {
    tenant
        .events
        .iter()
        .filter(move |(_, event)| event.mailbox == mailbox)
}

pub(super) fn events(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let (mailbox, _) = mailbox_of(tenant, ask.id(0))?;
    let items = of_mailbox(tenant, mailbox)
        .map(|(id, event)| event_value(tenant, id, event))
        .collect();
    query::list(ask, items, &RULES)
}

pub(super) fn view(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let moment = |name: &str| {
        let text = ask.call.option(name)?;
        text.parse::<Timestamp>()
            .or_else(|_| format!("{text}Z").parse())
            .ok()
    };
    let (Some(from), Some(until)) = (moment("startDateTime"), moment("endDateTime")) else {
        return Err(error(
            400,
            "ErrorInvalidParameter",
            "This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.",
        ));
    };
    let tenant = visit.seen();
    let (mailbox, _) = mailbox_of(tenant, ask.id(0))?;
    let mut items = Vec::new();
    for (id, event) in of_mailbox(tenant, mailbox) {
        let length = event.end.duration_since(event.start);
        let mut start = event.start;
        for n in 0..MOST_INSTANCES {
            if start >= until || start > event.weekly_until.unwrap_or(event.start) {
                break;
            }
            let end = start.saturating_add(length).unwrap_or(Timestamp::MAX);
            if end > from {
                let mut item = event_value(tenant, id, event);
                item["start"] = zoned(start);
                item["end"] = zoned(end);
                if event.weekly_until.is_some() {
                    item["id"] = json!(format!("{id}.{n}"));
                    item["type"] = json!("occurrence");
                    item["seriesMasterId"] = json!(id);
                    item["recurrence"] = Value::Null;
                }
                items.push(item);
            }
            start = start.saturating_add(168.hours()).unwrap_or(Timestamp::MAX);
        }
    }
    items.sort_by_key(|item| item["start"]["dateTime"].as_str().map(str::to_owned));
    query::list(
        ask,
        items,
        &Rules {
            context: "users/calendarView",
            ..RULES
        },
    )
}

fn missing() -> Answer {
    error(
        404,
        "ErrorItemNotFound",
        "The specified object was not found in the store.",
    )
}

pub(super) fn event(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let (mailbox, _) = mailbox_of(tenant, ask.id(0))?;
    let (id, found) = of_mailbox(tenant, mailbox)
        .find(|(id, _)| *id == ask.id(1))
        .ok_or_else(missing)?;
    query::single(ask, event_value(tenant, id, found), &RULES)
}

/// Calls a meeting off: it leaves the organiser's calendar, and each attendee's copy shows it as cancelled.
pub(super) fn cancel(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let mailbox = mailbox_of(visit.primary(), ask.id(0))?.0.clone();
    visit.change("POST /users/{id}/events/{id}/cancel", |tenant| {
        let found = tenant
            .events
            .get(ask.id(1))
            .filter(|event| event.mailbox == mailbox)
            .ok_or_else(missing)?;
        if !found.is_organizer {
            return Err(error(
                400,
                "ErrorCalendarCannotCancelNotOrganizer",
                "You need to be the organizer to cancel a meeting.",
            ));
        }
        let uid = found.ical_uid.clone();
        tenant.events.remove(ask.id(1));
        for copy in tenant
            .events
            .values_mut()
            .filter(|event| event.ical_uid == uid)
        {
            copy.is_cancelled = true;
        }
        Ok(())
    })?;
    Ok(Answer::empty(202))
}

/// Deleting a meeting as its organiser cancels it as well.
pub(super) fn delete(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let mailbox = mailbox_of(visit.primary(), ask.id(0))?.0.clone();
    visit.change("DELETE /users/{id}/events/{id}", |tenant| {
        let found = tenant
            .events
            .get(ask.id(1))
            .filter(|event| event.mailbox == mailbox)
            .ok_or_else(missing)?;
        let uid = found.is_organizer.then(|| found.ical_uid.clone());
        tenant.events.remove(ask.id(1));
        for copy in tenant
            .events
            .values_mut()
            .filter(|event| Some(&event.ical_uid) == uid.as_ref())
        {
            copy.is_cancelled = true;
        }
        Ok::<_, Answer>(())
    })?;
    Ok(Answer::empty(204))
}

/// A time as mail items show it.
pub(super) fn stamp(moment: Timestamp) -> String {
    time(moment)
}
