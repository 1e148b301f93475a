//! Single ledger entries as a viewer may see them, and what of a ledger is kept from a viewer.

use domain::TenantId;
use sqlx::Row as _;

use crate::lines::{EntryLine, read};
use crate::open::Store;
use crate::sql::{count, int, of_scope, sees, statements};
use crate::{Error, TenantScope};

statements! {
    SELECT_ENTRY = concat!("SELECT r.id, r.tenant, r.seq, r.kind, r.request, r.plan, r.run, r.upn, r.name, r.digest, r.at_ms
        FROM ledger_rows AS r WHERE ", of_scope!("r.tenant"), " AND ", sees!("r"), " AND r.tenant = ?2 AND r.seq = ?3");
    SELECT_HIDDEN = concat!("SELECT r.seq FROM ledger_rows AS r INDEXED BY ledger_rows_t
        WHERE ", of_scope!("r.tenant"), " AND r.tenant = ?2 AND NOT ", sees!("r"), " ORDER BY r.pos DESC, r.id DESC");
}

impl Store {
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

    /// The numbers of a ledger's entries whose content the viewer of the scope may not see, in rising order: what an export for
    /// this viewer leaves out.
    ///
    /// # Errors
    /// Store errors.
    pub async fn hidden_entries(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
    ) -> Result<Vec<u64>, Error> {
        scope.admit(tenant)?;
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_HIDDEN)
            .bind(scope.filter())
            .bind(tenant.as_str())
            .fetch_all(&mut *connection)
            .await?;
        let seq = |row: &sqlx::sqlite::SqliteRow| Ok(count(row.try_get("seq")?));
        rows.iter().map(seq).collect()
    }
}
