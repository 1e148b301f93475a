//! Generated secrets: sealed before the call that needs them, erased after hand-over.

use domain::TenantId;
use jiff::Timestamp;
use sqlx::Row as _;

use crate::open::Store;
use crate::seal::{Row, Secret};
use crate::sql::{of_scope, statements};
use crate::{Error, TenantScope};

statements! {
    UPSERT = "INSERT INTO secrets (tenant, name, sealed, created_ms) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (tenant, name) DO UPDATE SET sealed = excluded.sealed, created_ms = excluded.created_ms";
    SELECT = concat!("SELECT sealed FROM secrets WHERE ", of_scope!("tenant"), " AND tenant = ?2 AND name = ?3");
    DELETE = concat!("DELETE FROM secrets WHERE ", of_scope!("tenant"), " AND tenant = ?2 AND name = ?3");
}

impl Store {
    /// Seals a secret under this name, in place of an older one.
    ///
    /// # Errors
    /// Store errors.
    pub async fn put_secret(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
        name: &str,
        secret: &Secret,
        at: Timestamp,
    ) -> Result<(), Error> {
        scope.admit(tenant)?;
        let sealed = self.key().seal(place(tenant, name).row(), secret.expose());
        let mut tx = self.write().await?;
        sqlx::query(UPSERT)
            .bind(tenant.as_str())
            .bind(name)
            .bind(sealed)
            .bind(at.as_millisecond())
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// The secret of this name, opened; nothing once it is erased.
    ///
    /// # Errors
    /// [`Error::Unsealable`] and store errors.
    pub async fn secret(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
        name: &str,
    ) -> Result<Option<Secret>, Error> {
        let mut connection = self.read().await?;
        let row = sqlx::query(SELECT)
            .bind(scope.filter())
            .bind(tenant.as_str())
            .bind(name)
            .fetch_optional(&mut *connection)
            .await?;
        row.map(|row| {
            self.key()
                .open(place(tenant, name).row(), row.try_get("sealed")?)
        })
        .transpose()
    }

    /// Erases a secret; says whether there was one.
    ///
    /// # Errors
    /// Store errors.
    pub async fn erase_secret(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
        name: &str,
    ) -> Result<bool, Error> {
        let mut tx = self.write().await?;
        let erased = sqlx::query(DELETE)
            .bind(scope.filter())
            .bind(tenant.as_str())
            .bind(name)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(erased.rows_affected() > 0)
    }
}

/// Where a secret is bound to. The prefix keeps it apart from a tenant's credential whatever it is called.
struct Place<'a> {
    tenant: &'a TenantId,
    name: String,
}

fn place<'a>(tenant: &'a TenantId, name: &str) -> Place<'a> {
    let name = format!("secret {name}");
    Place { tenant, name }
}

impl Place<'_> {
    fn row(&self) -> Row<'_> {
        Row {
            tenant: self.tenant.as_str(),
            name: &self.name,
        }
    }
}
