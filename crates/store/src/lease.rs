//! The lease: one driver to a store, and an epoch that every commit is held against.

use serde::Serialize;
use sqlx::{Row as _, SqliteConnection};

use crate::Error;
use crate::open::Store;
use crate::sql::{count, int, statements};

statements! {
    SELECT = "SELECT driver, epoch, until_ms FROM lease WHERE id = 1";
    UPSERT = "INSERT INTO lease (id, driver, epoch, until_ms) VALUES (1, ?1, ?2, ?3)
        ON CONFLICT (id) DO UPDATE SET driver = excluded.driver, epoch = excluded.epoch, until_ms = excluded.until_ms";
}

/// Who drives the store, or did last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// The driver's name.
    pub driver: String,
    /// Its epoch.
    pub epoch: u64,
    /// Until when, epoch milliseconds.
    pub until_ms: i64,
}

impl Store {
    /// Who drives the store, or did last; the lease holds while [`Holder::until_ms`] is not reached.
    ///
    /// # Errors
    /// Store errors.
    pub async fn lease_holder(&self) -> Result<Option<Holder>, Error> {
        let mut connection = self.read().await?;
        holder(&mut connection).await
    }

    /// Takes, renews or (for 0 ms) gives back the lease; nothing while another driver holds it.
    pub(crate) async fn take_lease(
        &self,
        driver: &str,
        now_ms: i64,
        lasts_ms: i64,
    ) -> Result<Option<u64>, Error> {
        let mut tx = self.write().await?;
        let held = holder(&mut tx).await?;
        let epoch = match &held {
            // Nobody took over in between, so nothing can have been done under another epoch.
            Some(held) if held.driver == driver => held.epoch,
            Some(held) if held.until_ms > now_ms || lasts_ms <= 0 => return Ok(None),
            Some(held) => held.epoch + 1,
            None => 1,
        };
        sqlx::query(UPSERT)
            .bind(driver)
            .bind(int(epoch))
            .bind(now_ms + lasts_ms)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Some(epoch))
    }
}

/// The lease as it stands, also inside a transaction.
pub(crate) async fn holder(connection: &mut SqliteConnection) -> Result<Option<Holder>, Error> {
    let row = sqlx::query(SELECT).fetch_optional(connection).await?;
    row.map(|row| {
        Ok(Holder {
            driver: row.try_get("driver")?,
            epoch: count(row.try_get("epoch")?),
            until_ms: row.try_get("until_ms")?,
        })
    })
    .transpose()
}
