//! Writing the read model of a store that is older than it, from what the store holds.

use domain::ledger::Entry;
use domain::request::Request;
use domain::{PlanId, TenantId};
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::rows::{self, NewEntry, On, Subject};
use crate::runs::read_state;
use crate::sql::{count, statements};
use crate::{Error, TenantScope, plans};

statements! {
    SELECT_REQUESTS = "SELECT id, body, at_ms, 0 AS draft FROM requests UNION ALL SELECT id, body, at_ms, 1 FROM drafts";
    SELECT_PLANS = "SELECT id FROM plans ORDER BY made_ms, rowid";
    SELECT_RUNS = "SELECT id, tenant, plan, created_ms FROM runs ORDER BY created_ms, rowid";
    SELECT_STATE = "SELECT state FROM runs WHERE id = ?1";
    SELECT_ENTRIES = "SELECT ledger_entries.tenant, ledger_entries.seq, ledger_entries.entry, ledger_payloads.payload
        FROM ledger_entries LEFT JOIN ledger_payloads
            ON ledger_payloads.tenant = ledger_entries.tenant AND ledger_payloads.seq = ledger_entries.seq";
}

/// Writes all rows. What this version cannot read is in no list, as before.
pub(crate) async fn all(tx: &mut SqliteConnection) -> Result<(), Error> {
    for row in sqlx::query(SELECT_REQUESTS).fetch_all(&mut *tx).await? {
        let Ok(request) = serde_json::from_str::<Request>(row.try_get("body")?) else {
            continue;
        };
        rows::request(
            &mut *tx,
            &request,
            row.try_get("draft")?,
            row.try_get("at_ms")?,
        )
        .await?;
    }
    // A request's own entry names the person as the source did, before a plan looked them up.
    entries(&mut *tx, |kind| kind == "request").await?;
    for row in sqlx::query(SELECT_PLANS).fetch_all(&mut *tx).await? {
        let id = PlanId::new(row.try_get::<String, _>("id")?);
        // The row itself is what a viewer is held against, so that it is looked for without one.
        if let Some(kept) = readable(plans::load(&mut *tx, &TenantScope::provider(), &id).await)? {
            readable(rows::plan(&mut *tx, &kept.plan).await)?;
        }
    }
    for row in sqlx::query(SELECT_RUNS).fetch_all(&mut *tx).await? {
        run(&mut *tx, &row).await?;
    }
    entries(&mut *tx, |kind| kind != "request").await
}

/// Nothing for what this version cannot read; other errors stay.
fn readable<T>(read: Result<T, Error>) -> Result<Option<T>, Error> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(Error::Unreadable { .. } | Error::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn run(tx: &mut SqliteConnection, row: &SqliteRow) -> Result<(), Error> {
    let id: String = row.try_get("id")?;
    let tenant = TenantId::new(row.try_get::<String, _>("tenant")?);
    let plan = PlanId::new(row.try_get::<String, _>("plan")?);
    let kept = sqlx::query(SELECT_STATE)
        .bind(&id)
        .fetch_one(&mut *tx)
        .await?;
    let Some(state) = readable(read_state(&id, kept.try_get("state")?))? else {
        return Ok(());
    };
    if readable(Subject::of_plan(&mut *tx, plan.as_str()).await)?.is_none() {
        return Ok(());
    }
    rows::begun(&mut *tx, &tenant, &plan, &state, row.try_get("created_ms")?).await?;
    for finding in &state.findings {
        rows::finding(&mut *tx, &id, finding).await?;
    }
    Ok(())
}

/// Writes the rows of the ledger's entries of some kinds.
async fn entries(tx: &mut SqliteConnection, of: impl Fn(&str) -> bool) -> Result<(), Error> {
    for row in sqlx::query(SELECT_ENTRIES).fetch_all(&mut *tx).await? {
        let read = serde_json::from_str::<Entry>(row.try_get("entry")?);
        if let Some(read) = read.ok().filter(|entry| of(&entry.kind)) {
            entry(&mut *tx, &row, &read).await?;
        }
    }
    Ok(())
}

async fn entry(tx: &mut SqliteConnection, row: &SqliteRow, entry: &Entry) -> Result<(), Error> {
    let tenant = TenantId::new(row.try_get::<String, _>("tenant")?);
    let payload: Option<&str> = row.try_get("payload")?;
    let payload: Value = payload
        .and_then(|payload| serde_json::from_str(payload).ok())
        .unwrap_or_default();
    let on = match (entry.kind.as_str(), &payload["run"], &payload["plan"]) {
        ("request", ..) => payload["id"].as_str().map(On::Request),
        (_, Value::String(run), _) => Some(On::Run(run)),
        (_, _, Value::String(plan)) => Some(On::Plan(plan)),
        _ => None,
    };
    let subject = readable(Subject::of(&mut *tx, on.unwrap_or(On::Nobody)).await)?;
    let new = NewEntry {
        tenant: &tenant,
        seq: count(row.try_get("seq")?),
        kind: &entry.kind,
        at_ms: entry.at,
    };
    rows::entry(&mut *tx, &new, &subject.unwrap_or_default()).await
}
