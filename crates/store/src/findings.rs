//! Findings and receipts as lists: written with the state they come from, read without opening every run.

use domain::{FindingId, RunId, StepKey, TenantId};
use engine::state::{Finding, Receipt, RunState, Status};
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::open::Store;
use crate::runs::json;
use crate::sql::{of_scope, seen, statements};
use crate::{Error, TenantScope, rows};

statements! {
    UPSERT_FINDING = "INSERT INTO findings (run, tenant, number, body, opened_ms, closed_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (run, number) DO UPDATE SET body = excluded.body, closed_ms = excluded.closed_ms
        WHERE body <> excluded.body";
    UPSERT_RECEIPT = "INSERT INTO receipts (run, tenant, position, step, status, receipt) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (run, position) DO UPDATE SET status = excluded.status, receipt = excluded.receipt
        WHERE status <> excluded.status OR receipt <> excluded.receipt";
    SELECT_OPEN = concat!("SELECT run, tenant, body FROM findings
        WHERE ", of_scope!("tenant"), " AND ", seen!("finding_rows", "finding_rows.id = findings.run || '/' || findings.number"), " AND closed_ms IS NULL ORDER BY opened_ms, run, number");
    SELECT_OF_RUN = concat!("SELECT run, tenant, body FROM findings
        WHERE ", of_scope!("tenant"), " AND ", seen!("run_rows", "run_rows.id = findings.run"), " AND run = ?2 ORDER BY number");
    SELECT_RECEIPTS = concat!("SELECT step, status, receipt FROM receipts
        WHERE ", of_scope!("tenant"), " AND ", seen!("run_rows", "run_rows.id = receipts.run"), " AND run = ?2 ORDER BY position");
}

/// A finding in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingRow {
    /// Its id: the run and the number.
    pub id: FindingId,
    /// The run.
    pub run: RunId,
    /// The tenant.
    pub tenant: TenantId,
    /// The finding.
    pub finding: Finding,
}

/// A receipt in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReceiptRow {
    /// The step.
    pub step: StepKey,
    /// Where it stands.
    pub status: Status,
    /// What it did so far.
    pub receipt: Receipt,
}

impl Store {
    /// All findings that nobody has closed, the oldest first.
    ///
    /// # Errors
    /// Store errors.
    pub async fn open_findings(&self, scope: &TenantScope) -> Result<Vec<FindingRow>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_OPEN)
            .bind(scope.filter())
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(finding).collect()
    }

    /// The findings of a run, in order of opening.
    ///
    /// # Errors
    /// Store errors.
    pub async fn findings(
        &self,
        scope: &TenantScope,
        run: &RunId,
    ) -> Result<Vec<FindingRow>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_OF_RUN)
            .bind(scope.filter())
            .bind(run.as_str())
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(finding).collect()
    }

    /// The receipts of a run, in the plan's order.
    ///
    /// # Errors
    /// Store errors.
    pub async fn receipts(
        &self,
        scope: &TenantScope,
        run: &RunId,
    ) -> Result<Vec<ReceiptRow>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_RECEIPTS)
            .bind(scope.filter())
            .bind(run.as_str())
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(|row| receipt(run, row)).collect()
    }
}

/// Writes what changed of a run's findings and receipts, in the transaction of its state.
pub(crate) async fn write(
    tx: &mut SqliteConnection,
    tenant: &TenantId,
    state: &RunState,
) -> Result<(), Error> {
    for finding in &state.findings {
        let written = sqlx::query(UPSERT_FINDING)
            .bind(state.run.as_str())
            .bind(tenant.as_str())
            .bind(finding.number)
            .bind(json(finding))
            .bind(finding.opened_ms)
            .bind(finding.closed.as_ref().map(|(at_ms, _)| *at_ms))
            .execute(&mut *tx)
            .await?;
        if written.rows_affected() > 0 {
            rows::finding(&mut *tx, state.run.as_str(), finding).await?;
        }
    }
    for (position, (key, step)) in (0_i64..).zip(&state.steps) {
        sqlx::query(UPSERT_RECEIPT)
            .bind(state.run.as_str())
            .bind(tenant.as_str())
            .bind(position)
            .bind(key.as_str())
            .bind(json(&step.status))
            .bind(json(&step.receipt))
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

fn finding(row: &SqliteRow) -> Result<FindingRow, Error> {
    let run: String = row.try_get("run")?;
    let body: &str = row.try_get("body")?;
    let finding: Finding = serde_json::from_str(body)
        .map_err(|error| Error::unreadable("finding of run", run.as_str(), error))?;
    Ok(FindingRow {
        id: FindingId::new(format!("{run}/{}", finding.number)),
        run: RunId::new(run),
        tenant: TenantId::new(row.try_get::<String, _>("tenant")?),
        finding,
    })
}

fn receipt(run: &RunId, row: &SqliteRow) -> Result<ReceiptRow, Error> {
    let unreadable = |error| Error::unreadable("receipt of run", run.as_str(), error);
    let status: &str = row.try_get("status")?;
    let receipt: &str = row.try_get("receipt")?;
    Ok(ReceiptRow {
        step: StepKey::new(row.try_get::<String, _>("step")?),
        status: serde_json::from_str(status).map_err(&unreadable)?,
        receipt: serde_json::from_str(receipt).map_err(unreadable)?,
    })
}
