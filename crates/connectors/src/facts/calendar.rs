//! Future meetings that a person organises and that others are invited to.

use std::collections::BTreeMap;

use domain::ObjectId;
use domain::facts::Meeting;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use serde_json::Value;

use super::{flag, items, text, text_or_empty};
use crate::graph::{Graph, Path};
use crate::{Ctx, Error};

/// How far ahead meetings are looked for. A series counts when one of its meetings falls inside.
const DAYS_AHEAD: i32 = 365;

/// Future meetings, a series once. Times are exact to the hour, so that reading twice in one minute asks the same question.
///
/// # Errors
/// When the calendar cannot be read; a person without a mailbox has none.
pub async fn meetings(
    graph: &Graph,
    ctx: &Ctx,
    id: &str,
    now: Timestamp,
) -> Result<Vec<Meeting>, Error> {
    let from = now.to_zoned(TimeZone::UTC);
    let until = from
        .checked_add(DAYS_AHEAD.days())
        .unwrap_or_else(|_| from.clone());
    let stamp = |at: &jiff::Zoned| at.strftime("%Y-%m-%dT%H:00:00Z").to_string();
    let path = Path::of(["users", id, "calendarView"])
        .param("startDateTime", &stamp(&from))
        .param("endDateTime", &stamp(&until))
        .select(&[
            "id",
            "subject",
            "start",
            "isOrganizer",
            "isCancelled",
            "attendees",
            "seriesMasterId",
        ])
        .top(100);
    let listing = graph.list(ctx, &path).await?;
    let mut found: BTreeMap<String, Meeting> = BTreeMap::new();
    for entry in listing.entries.iter().filter(|entry| is_open(entry)) {
        let id = text(entry, "seriesMasterId").unwrap_or_else(|| text_or_empty(entry, "id"));
        found.entry(id.clone()).or_insert_with(|| Meeting {
            id: ObjectId::new(id),
            subject: text_or_empty(entry, "subject"),
            start: entry
                .get("start")
                .map(|start| text_or_empty(start, "dateTime"))
                .unwrap_or_default(),
            attendees: items(entry, "attendees").len(),
        });
    }
    Ok(found.into_values().collect())
}

fn is_open(entry: &Value) -> bool {
    flag(entry, "isOrganizer")
        && !flag(entry, "isCancelled")
        && !items(entry, "attendees").is_empty()
}
