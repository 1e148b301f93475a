//! The store's own examination: the file, its references, and every tenant's ledger.

use domain::ledger::{Frontier, Hash, verify};
use jiff::Timestamp;
use sqlx::Row as _;

use crate::ledger::Ed25519;
use crate::open::Store;
use crate::sql::{count, statements};
use crate::{Error, TenantScope};

statements! {
    INTEGRITY = "PRAGMA integrity_check";
    FOREIGN_KEYS = "PRAGMA foreign_key_check";
    SELECT_LEAVES = "SELECT leaf FROM ledger_entries WHERE tenant = ?1 ORDER BY seq";
    SELECT_SIZE = "SELECT size, peaks FROM ledgers WHERE tenant = ?1";
}

impl Store {
    /// Examines the whole store, and returns what is wrong with it, in words; nothing when all is well.
    ///
    /// # Errors
    /// Store errors.
    pub async fn check(&self, at: Timestamp) -> Result<Vec<String>, Error> {
        let mut wrong = Vec::new();
        {
            let mut connection = self.read().await?;
            for row in sqlx::query(INTEGRITY).fetch_all(&mut *connection).await? {
                let said: String = row.try_get(0)?;
                if said != "ok" {
                    wrong.push(format!("the file is damaged: {said}"));
                }
            }
            for row in sqlx::query(FOREIGN_KEYS)
                .fetch_all(&mut *connection)
                .await?
            {
                let table: String = row.try_get(0)?;
                wrong.push(format!(
                    "a row of {table} refers to something that is not there"
                ));
            }
        }
        let provider = TenantScope::provider();
        for tenant in self.tenants(&provider).await? {
            let export = self.export_ledger(&provider, &tenant.name, at).await?;
            let report = verify(export.as_bytes(), None, &Ed25519);
            if let Some(fault) = &report.fault {
                wrong.push(format!("the ledger of tenant {}: {fault}", tenant.name));
            }
            for seq in report.erased_unrecorded {
                wrong.push(format!(
                    "the ledger of tenant {}: the payload of entry {seq} is gone, and no entry tells of its erasure",
                    tenant.name
                ));
            }
            if !self.grows_from(tenant.name.as_str()).await? {
                wrong.push(format!(
                    "the ledger of tenant {}: its tree is damaged",
                    tenant.name
                ));
            }
        }
        Ok(wrong)
    }

    /// Whether what new entries are appended to is what the entries come to.
    async fn grows_from(&self, tenant: &str) -> Result<bool, Error> {
        let mut tx = self.snapshot().await?;
        let mut tree = Frontier::default();
        for row in sqlx::query(SELECT_LEAVES)
            .bind(tenant)
            .fetch_all(&mut *tx)
            .await?
        {
            match Hash::try_from(row.try_get::<&[u8], _>("leaf")?) {
                Ok(leaf) => tree.push(leaf),
                Err(_) => return Ok(false),
            }
        }
        let row = sqlx::query(SELECT_SIZE)
            .bind(tenant)
            .fetch_one(&mut *tx)
            .await?;
        let peaks: &[u8] = row.try_get("peaks")?;
        Ok(Frontier::restore(count(row.try_get("size")?), peaks) == Some(tree))
    }
}
