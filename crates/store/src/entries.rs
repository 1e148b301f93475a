//! Single ledger entries as a viewer may see them.

use domain::{StepKey, TenantId};
use sqlx::Row as _;

use crate::lines::{EntryLine, read};
use crate::open::Store;
use crate::runs::RunRow;
use crate::scope::folded;
use crate::sql::{count, int, of_scope, sees, statements};
use crate::{Error, TenantScope};

statements! {
    SELECT_ENTRY = concat!("SELECT r.id, r.tenant, r.seq, r.kind, r.request, r.plan, r.run, r.upn, r.name, r.digest, r.at_ms
        FROM ledger_rows AS r WHERE ", of_scope!("r.tenant"), " AND ", sees!("r"), " AND r.tenant = ?2 AND r.seq = ?3");
    SELECT_OF_RUN = concat!("SELECT r.seq, json_extract(p.payload, '$.step') AS step
        FROM ledger_rows AS r INDEXED BY ledger_rows_tw JOIN ledger_payloads AS p ON p.tenant = r.tenant AND p.seq = r.seq
        WHERE ", of_scope!("r.tenant"), " AND ", sees!("r"), " AND r.tenant = ?2 AND r.who = ?3 AND r.kind = ?4 AND r.run = ?5
        ORDER BY r.pos DESC, r.id DESC");
}

/// A ledger entry of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEntry {
    /// Its place in the tenant's ledger, counted from 1.
    pub seq: u64,
    /// The step it is about, if any.
    pub step: Option<StepKey>,
}

impl Store {
    /// The ledger entries of one kind that a run has made, the first first: its `receipt`s, or its `run-ended`.
    ///
    /// # Errors
    /// Store errors.
    pub async fn entries_of_run(
        &self,
        scope: &TenantScope,
        run: &RunRow,
        kind: &str,
    ) -> Result<Vec<RunEntry>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_OF_RUN)
            .bind(scope.filter())
            .bind(run.tenant.as_str())
            .bind(folded(&run.upn))
            .bind(kind)
            .bind(run.run.as_str())
            .fetch_all(&mut *connection)
            .await?;
        rows.iter()
            .map(|row| {
                let step: Option<String> = row.try_get("step")?;
                Ok(RunEntry {
                    seq: count(row.try_get("seq")?),
                    step: step.map(StepKey::new),
                })
            })
            .collect()
    }

    /// One entry's line.
    ///
    /// # Errors
    /// [`Error::Missing`], also for what the viewer may not see, and store errors.
    pub async fn entry_line(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
        seq: u64,
    ) -> Result<EntryLine, Error> {
        let mut connection = self.read().await?;
        let row = sqlx::query(SELECT_ENTRY)
            .bind(scope.filter())
            .bind(tenant.as_str())
            .bind(int(seq))
            .fetch_optional(&mut *connection)
            .await?
            .ok_or_else(|| Error::missing("ledger entry", seq.to_string()))?;
        read::entry(&row)
    }
}
